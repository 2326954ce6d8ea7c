#include "core/step.h"

#include <assert.h>

#include "core/limits.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- Code lists --------------------------------------------------------- */

/* clang-format off */
static const char *const decline_codes[] = {
    "NO_CAPACITY", "SERVICE_PAUSED", "NOT_OFFERED_HERE", "OUTSIDE_AREA",
    "ELIGIBILITY", "AGE_RANGE", "OTHER_SERVICE_FIRST", "CANNOT_KEEP_SAFE",
    "LANGUAGE_NOT_AVAILABLE", "ALREADY_WITH_US", "INFO_NOT_ENOUGH",
    "CONSENT_TOO_NARROW", "STAFF_CONFLICT", "REFERRER_ASKED_WRONG_SERVICE",
    NULL,
};

static const char *const cancel_codes[] = {
    "NEED_MET_ELSEWHERE", "NEED_CHANGED", "SENT_BY_MISTAKE", "REPLACED_BY",
    "AGENCY_CANNOT_FOLLOW", "PERSON_MOVED", "PERSON_DIED",
    NULL,
};

static const char *const outcome_codes[] = {
    "SERVICE_GIVEN", "SERVICE_STARTED_ONGOING", "PARTLY_GIVEN",
    "ASSESSED_NOT_NEEDED", "ASSESSED_OTHER_NEED", "PERSON_CHOSE_OTHERWISE",
    "AGENCY_ENDED", "NOT_CONNECTED", "MOVED", "IN_CUSTODY", "IN_HOSPITAL",
    "DIED",
    NULL,
};

static const char *const problem_codes[] = {
#define X(symbol, number) #symbol,
    PROBLEM_LIST(X)
#undef X
    NULL,
};

static const char *const barrier_codes[] = {
    "ASKED_FOR_PAPERS", "ASKED_FOR_INSURANCE", "ASKED_TO_STOP_USING_FIRST",
    "TURNED_AWAY", "LONG_WAIT", "NOT_SAFE", "DISRESPECT", "PRIVACY", "COST",
    "DISTANCE", "HOURS", "LANGUAGE", "GENDER", "POLICE_NEARBY",
    "MEDICINE_STOPPED",
    NULL,
};

static const char *const feedback_codes[] = { "invited", "declined", NULL };
static const char *const mistake_codes[]  = { "person", "place", NULL };
static const char *const no_codes[]       = { NULL };

static const char *const *const lists[] = {
    [CODES_NONE]     = no_codes,
    [CODES_DECLINE]  = decline_codes,
    [CODES_CANCEL]   = cancel_codes,
    [CODES_OUTCOME]  = outcome_codes,
    [CODES_PROBLEM]  = problem_codes + 1, /* the first is NONE */
    [CODES_BARRIER]  = barrier_codes,
    [CODES_FEEDBACK] = feedback_codes,
    [CODES_MISTAKE]  = mistake_codes,
};
_Static_assert(COUNT(lists) == CODE_LIST_COUNT, "code lists");

static const char *const judgements[] = {
    "current_use", "relapse", "no_document", "no_insurance",
    "missed_earlier_visit", "past_behaviour",
};

/* ---- Details ------------------------------------------------------------ */

/* The last but one column is what ask_back must let back at least. */
#define TEXT(name, need, help)                                                 \
    { name, DETAIL_##need, DETAIL_TEXT, CODES_NONE, VALUE_SIZE_MAX,            \
      ASK_BACK_NONE, help }
#define LINE(name, need, help)                                                 \
    { name, DETAIL_##need, DETAIL_TEXT, CODES_NONE, NAME_SIZE_MAX,             \
      ASK_BACK_NONE, help }
#define CODE(name, need, list, help)                                           \
    { name, DETAIL_##need, DETAIL_CODE, CODES_##list, CODE_SIZE_MAX,           \
      ASK_BACK_NONE, help }
#define ITEM(name, need, kind, help)                                           \
    { name, DETAIL_##need, DETAIL_##kind, CODES_NONE, VALUE_SIZE_MAX,          \
      ASK_BACK_NONE, help }
#define BACK(name, need, kind, list, back, help)                               \
    { name, DETAIL_##need, DETAIL_##kind, CODES_##list, VALUE_SIZE_MAX,        \
      ASK_BACK_##back, help }

#define OFFER(need)                                                            \
    TEXT("offer", need, "a walk-in window or other way in, in words"),         \
    ITEM("slot", need, TIMES, "times to choose from")
#define NOTE(need)                                                             \
    BACK("note", need, TEXT, NONE, SHORT_NOTE, "what the referrer should know")
#define PLAN                                                                   \
    TEXT("continuity_plan", REQUIRED,                                          \
        "who gives which medicine and support until when")
#define AGENCY_REASON(back)                                                    \
    BACK("agency_reason", OPTIONAL, CODE, DECLINE, back,                       \
        "with AGENCY_ENDED: why, from the decline reasons")
#define QUESTION                                                               \
    TEXT("question", REQUIRED, "the question, in plain words")

static const struct step_detail policy_refusal[] = {
    CODE("problem", REQUIRED, PROBLEM, "the gateway's problem code"),
};
static const struct step_detail ask[] = {
    QUESTION,
    ITEM("elements", OPTIONAL, ELEMENTS, "the element codes asked for"),
};
static const struct step_detail answer[] = {
    TEXT("answer", CONDITIONAL, "the answer in words, or else elements"),
};
static const struct step_detail offer[] = {
    OFFER(ONE_OF),
};
static const struct step_detail waitlist[] = {
    ITEM("expected_date", REQUIRED, DATE, "when a place is expected"),
    TEXT("interim_support", REQUIRED, "what the person can have until then"),
};
static const struct step_detail decline[] = {
    CODE("reason", REQUIRED, DECLINE, "why the service cannot help"),
    TEXT("next_option", REQUIRED, "where else the person can go"),
    LINE("rule", OPTIONAL, "with ELIGIBILITY: the rule's id in the MOU"),
    LINE("area", OPTIONAL, "with OUTSIDE_AREA: the area that is served"),
    LINE("service", OPTIONAL, "with OTHER_SERVICE_FIRST: which service"),
    TEXT("missing", OPTIONAL, "with CANNOT_KEEP_SAFE: what we lack"),
    ITEM("elements", OPTIONAL, ELEMENTS,
        "with CONSENT_TOO_NARROW: which elements"),
    TEXT("why", OPTIONAL, "with CONSENT_TOO_NARROW: why they are needed"),
};
static const struct step_detail redirect[] = {
    ITEM("person_agreed", REQUIRED, YES, "the person agreed to it"),
    ITEM("child", REQUIRED, UUID, "the id of the new referral"),
    LINE("to", REQUIRED, "the agency that it goes to"),
};
static const struct step_detail choose_time[] = {
    ITEM("time", ONE_OF, TIME, "the time that the person chose"),
    ITEM("walk_in", ONE_OF, YES, "the person comes without a time"),
};
static const struct step_detail move_time[] = {
    OFFER(OPTIONAL),
};
static const struct step_detail not_connected[] = {
    ITEM("tries", OPTIONAL, NUMBER, "how many times it was tried"),
};
static const struct step_detail start[] = {
    ITEM("wait_minutes", OPTIONAL, NUMBER, "minutes waited on site"),
};
static const struct step_detail left_before_seen[] = {
    TEXT("offer", CONDITIONAL, "from staff: a way in that is soon enough"),
    ITEM("slot", CONDITIONAL, TIMES, "from staff: times to choose from"),
    ITEM("wait_minutes", OPTIONAL, NUMBER, "minutes waited on site"),
};
static const struct step_detail turned_away[] = {
    CODE("barrier", REQUIRED, BARRIER, "what stood in the way"),
    TEXT("words", OPTIONAL, "what happened, as told"),
};
static const struct step_detail interim_note[] = {
    NOTE(REQUIRED),
};
static const struct step_detail finish[] = {
    BACK("outcome", CONDITIONAL, CODE, OUTCOME, OUTCOME_CODE,
        "what came of it, when ask_back lets an outcome back"),
    BACK("attended", OPTIONAL, FLAG, NONE, ATTENDED_ONLY,
        "whether the person came"),
    NOTE(OPTIONAL),
    AGENCY_REASON(OUTCOME_CODE),
};
static const struct step_detail end_early[] = {
    CODE("reason", REQUIRED, OUTCOME, "why it ended before its goal"),
    PLAN,
    NOTE(OPTIONAL),
    AGENCY_REASON(NONE),
};
static const struct step_detail pause[] = {
    PLAN,
};
static const struct step_detail acknowledge[] = {
    CODE("feedback", REQUIRED, FEEDBACK,
        "whether the person was invited to give feedback"),
};
static const struct step_detail query_outcome[] = {
    QUESTION,
};
static const struct step_detail cancel[] = {
    CODE("reason", REQUIRED, CANCEL, "why it is called off"),
    ITEM("person_told", CONDITIONAL, YES, "the person was told"),
    ITEM("replaced_by", OPTIONAL, UUID, "with REPLACED_BY: the other referral"),
};
static const struct step_detail wrong_person_or_place[] = {
    CODE("what", REQUIRED, MISTAKE, "what was wrong"),
};
static const struct step_detail amend[] = {
    TEXT("reason", OPTIONAL, "why it is changed"),
};

#define DETAILS(rows) .details = (rows), .count = COUNT(rows)

/* A step that is not here takes nothing: withdraw above all. */
static const struct step {
    const struct step_detail *details;
    size_t count;
    bool takes_elements;
} steps[EVENT_TYPE_COUNT] = {
    [EVENT_SEND]             = { .takes_elements = true },
    [EVENT_POLICY_REFUSAL]   = { DETAILS(policy_refusal) },
    [EVENT_ASK]              = { DETAILS(ask) },
    [EVENT_ANSWER]           = { DETAILS(answer), .takes_elements = true },
    [EVENT_ACCEPT]           = { DETAILS(offer) },
    [EVENT_WAITLIST]         = { DETAILS(waitlist) },
    [EVENT_DECLINE]          = { DETAILS(decline) },
    [EVENT_REDIRECT]         = { DETAILS(redirect) },
    [EVENT_PLACE_FOUND]      = { DETAILS(offer) },
    [EVENT_CHOOSE_TIME]      = { DETAILS(choose_time) },
    [EVENT_MOVE_TIME]        = { DETAILS(move_time) },
    [EVENT_DID_NOT_MEET]     = { DETAILS(offer) },
    [EVENT_NOT_CONNECTED]    = { DETAILS(not_connected) },
    [EVENT_START]            = { DETAILS(start) },
    [EVENT_LEFT_BEFORE_SEEN] = { DETAILS(left_before_seen) },
    [EVENT_TURNED_AWAY]      = { DETAILS(turned_away) },
    [EVENT_INTERIM_NOTE]     = { DETAILS(interim_note), .takes_elements = true },
    [EVENT_FINISH]           = { DETAILS(finish), .takes_elements = true },
    [EVENT_END_EARLY]        = { DETAILS(end_early), .takes_elements = true },
    [EVENT_PAUSE]            = { DETAILS(pause) },
    [EVENT_ACKNOWLEDGE]      = { DETAILS(acknowledge) },
    [EVENT_QUERY_OUTCOME]    = { DETAILS(query_outcome) },
    [EVENT_CANCEL]           = { DETAILS(cancel) },
    [EVENT_WRONG_PERSON_OR_PLACE] = { DETAILS(wrong_person_or_place) },
    [EVENT_AMEND]            = { DETAILS(amend), .takes_elements = true },
};

static const char *const forms[] = {
    [DETAIL_TEXT]     = "text that can be read, of no more than its size",
    [DETAIL_CODE]     = "one of its codes",
    [DETAIL_DATE]     = "YYYY-MM-DD",
    [DETAIL_TIME]     = "2027-01-31T09:00:00+01:00",
    [DETAIL_TIMES]    = "2027-01-31T09:00:00+01:00, one space between several",
    [DETAIL_UUID]     = "urn:uuid:... in lower case",
    [DETAIL_YES]      = "yes, when it is so",
    [DETAIL_FLAG]     = "yes or no",
    [DETAIL_NUMBER]   = "a number in digits",
    [DETAIL_ELEMENTS] = "element codes, one space between several",
};
/* clang-format on */
_Static_assert(COUNT(forms) == DETAIL_KIND_COUNT, "forms");

const struct step_detail *step_details(
    enum referral_event_type type, size_t *count)
{
    assert((size_t)type < EVENT_TYPE_COUNT);
    *count = steps[type].count;
    return steps[type].details;
}

const struct step_detail *step_detail_named(
    enum referral_event_type type, struct slice name)
{
    size_t count;
    const struct step_detail *details = step_details(type, &count);
    for (size_t i = 0; i < count; i++)
        if (slice_is(name, details[i].name))
            return &details[i];
    return NULL;
}

bool step_takes_elements(enum referral_event_type type)
{
    assert((size_t)type < EVENT_TYPE_COUNT);
    return steps[type].takes_elements;
}

const char *detail_kind_form(enum detail_kind kind)
{
    return (size_t)kind < DETAIL_KIND_COUNT ? forms[kind] : "?";
}

const char *code_list_at(enum code_list list, size_t index)
{
    assert((size_t)list < CODE_LIST_COUNT);
    for (size_t i = 0; lists[list][i] != NULL; i++)
        if (i == index)
            return lists[list][i];
    return NULL;
}

bool code_list_has(enum code_list list, struct slice code)
{
    const char *known;
    for (size_t i = 0; (known = code_list_at(list, i)) != NULL; i++)
        if (slice_is(code, known))
            return true;
    return false;
}

static uint8_t lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte - 'A' + 'a') : byte;
}

bool code_is_judgement(struct slice code)
{
    for (size_t i = 0; i < COUNT(judgements); i++) {
        size_t size = strlen(judgements[i]);
        size_t same = 0;
        while (same < size && same < code.size &&
               lower(code.bytes[same]) == (uint8_t)judgements[i][same])
            same++;
        if (same == size && size == code.size)
            return true;
    }
    return false;
}

struct slice step_offer(const struct referral_event *event)
{
    struct slice words = event_detail(event, "offer");
    return words.bytes != NULL ? words : event_detail(event, "slot");
}
