#include "sdk/fake/step.h"

#include <stdio.h>
#include <string.h>

bool fake_list_has(const char *list, const char *word)
{
    size_t size = strlen(word);
    for (const char *next = list; size > 0; next++) {
        if (strncmp(next, word, size) == 0 &&
            (next[size] == ' ' || next[size] == 0))
            return true;
        next = strchr(next, ' ');
        if (next == NULL)
            return false;
    }
    return false;
}

/* ---- Transitions ------------------------------------------------------- */

/* clang-format off */
static const char *const names[] = {
    "send", "receipt", "policy_refusal", "delivery_timeout", "opened",
    "auto_accept", "ask", "answer", "accept", "waitlist", "decline",
    "redirect", "place_found", "choose_time", "walk_in", "move_time",
    "arrive", "did_not_meet", "not_connected", "start", "left_before_seen",
    "turned_away", "interim_note", "finish", "end_early", "pause", "resume",
    "acknowledge", "query_outcome", "close_timeout", "decision_timeout",
    "withdraw", "cancel", "wrong_person_or_place", "info_timeout", "amend",
    "consent_revoked",
};

#define TO_SCHEDULED                                                           \
    "sent undeliverable delivered seen info_needed waitlisted accepted "       \
    "scheduled"
#define TO_PAUSED TO_SCHEDULED " arrived in_service paused"
#define SAME NULL  /* it stays where it is */
#define EVERY NULL /* from wherever it is */

/* The first row of that step and state decides. */
static const struct {
    const char *step;
    const char *from;
    const char *to;
    const char *by;
} transitions[] = {
    { "send",             "draft",                 "sent",           "S" },
    { "receipt",          "sent undeliverable",    "delivered",      "r" },
    { "policy_refusal",   "sent delivered undeliverable",
                                              "refused_by_policy",   "rs" },
    { "delivery_timeout", "sent",                  "undeliverable",  "s" },
    { "opened",           "delivered",             "seen",           "R" },
    { "auto_accept",      "delivered",             "accepted",       "r" },
    { "ask",              "seen",                  "info_needed",    "R" },
    { "answer",           "info_needed",           "seen",           "SCN" },
    { "accept",           "seen",                  "accepted",       "R" },
    { "waitlist",         "seen",                  "waitlisted",     "R" },
    { "decline",          "seen waitlisted",       "declined",       "R" },
    { "redirect",         "seen waitlisted",       "redirected",     "R" },
    { "place_found",      "waitlisted",            "accepted",       "R" },
    { "choose_time",      "accepted",              "scheduled",      "CNS" },
    { "walk_in",          "accepted",              "arrived",        "RC" },
    { "move_time",        "scheduled",             "accepted",       "CNRS" },
    { "arrive",           "scheduled",             "arrived",        "RCN" },
    { "did_not_meet",     "scheduled",             "accepted",       "R" },
    { "not_connected",    "scheduled",             "not_connected",  "R" },
    { "start",            "arrived",               "in_service",     "R" },
    { "left_before_seen", "arrived",               "accepted",       "RCN" },
    { "turned_away",      "arrived",               "accepted",       "CNS" },
    { "interim_note",     "in_service",            SAME,             "R" },
    { "finish",           "in_service",            "handed_back",    "R" },
    { "end_early",        "in_service paused",     "ended_early",    "RC" },
    { "pause",            "in_service",            "paused",         "R" },
    { "resume",           "paused",                "in_service",     "R" },
    { "redirect",         "paused",                "redirected",     "RS" },
    { "acknowledge",      "handed_back",           "closed",         "S" },
    { "query_outcome",    "handed_back",           "in_service",     "SC" },
    { "close_timeout",    "handed_back",           "closed_unacked", "r" },
    { "decision_timeout", "delivered seen waitlisted accepted",
                                                   "expired",        "r" },
    { "withdraw",         TO_PAUSED " handed_back", "withdrawn",     "C" },
    { "cancel",           TO_SCHEDULED,            "cancelled",      "S" },
    { "wrong_person_or_place", TO_PAUSED,          "void",           "SR" },
    { "info_timeout",     "info_needed",           "seen",           "r" },
    { "amend",            "delivered seen info_needed waitlisted accepted "
                          "scheduled",             SAME,             "SC" },
    { "consent_revoked",  EVERY,                   SAME,             "CN" },
};

/* ---- Details ----------------------------------------------------------- */

#define DECLINE                                                                \
    "NO_CAPACITY SERVICE_PAUSED NOT_OFFERED_HERE OUTSIDE_AREA ELIGIBILITY "    \
    "AGE_RANGE OTHER_SERVICE_FIRST CANNOT_KEEP_SAFE LANGUAGE_NOT_AVAILABLE "   \
    "ALREADY_WITH_US INFO_NOT_ENOUGH CONSENT_TOO_NARROW STAFF_CONFLICT "       \
    "REFERRER_ASKED_WRONG_SERVICE"
#define CANCEL                                                                 \
    "NEED_MET_ELSEWHERE NEED_CHANGED SENT_BY_MISTAKE REPLACED_BY "             \
    "AGENCY_CANNOT_FOLLOW PERSON_MOVED PERSON_DIED"
#define OUTCOME                                                                \
    "SERVICE_GIVEN SERVICE_STARTED_ONGOING PARTLY_GIVEN ASSESSED_NOT_NEEDED "  \
    "ASSESSED_OTHER_NEED PERSON_CHOSE_OTHERWISE AGENCY_ENDED NOT_CONNECTED "   \
    "MOVED IN_CUSTODY IN_HOSPITAL DIED"
#define BARRIER                                                                \
    "ASKED_FOR_PAPERS ASKED_FOR_INSURANCE ASKED_TO_STOP_USING_FIRST "          \
    "TURNED_AWAY LONG_WAIT NOT_SAFE DISRESPECT PRIVACY COST DISTANCE HOURS "   \
    "LANGUAGE GENDER POLICE_NEARBY MEDICINE_STOPPED"

static const struct fake_detail details[] = {
    { "ask", "question", FAKE_REQUIRED, NULL, 0 },
    { "ask", "elements", FAKE_OPTIONAL, NULL, 0 },
    { "answer", "answer", FAKE_OPTIONAL, NULL, 0 },
    { "accept", "offer", FAKE_ONE_OF, NULL, 0 },
    { "accept", "slot", FAKE_ONE_OF, NULL, 0 },
    { "waitlist", "expected_date", FAKE_REQUIRED, NULL, 0 },
    { "waitlist", "interim_support", FAKE_REQUIRED, NULL, 0 },
    { "decline", "reason", FAKE_REQUIRED, DECLINE, 0 },
    { "decline", "next_option", FAKE_REQUIRED, NULL, 0 },
    { "decline", "rule", FAKE_OPTIONAL, NULL, 0 },
    { "decline", "area", FAKE_OPTIONAL, NULL, 0 },
    { "decline", "service", FAKE_OPTIONAL, NULL, 0 },
    { "decline", "missing", FAKE_OPTIONAL, NULL, 0 },
    { "decline", "elements", FAKE_OPTIONAL, NULL, 0 },
    { "decline", "why", FAKE_OPTIONAL, NULL, 0 },
    { "redirect", "person_agreed", FAKE_REQUIRED, "yes", 0 },
    { "redirect", "child", FAKE_REQUIRED, NULL, 0 },
    { "redirect", "to", FAKE_REQUIRED, NULL, 0 },
    { "place_found", "offer", FAKE_ONE_OF, NULL, 0 },
    { "place_found", "slot", FAKE_ONE_OF, NULL, 0 },
    { "choose_time", "time", FAKE_ONE_OF, NULL, 0 },
    { "choose_time", "walk_in", FAKE_ONE_OF, "yes", 0 },
    { "move_time", "offer", FAKE_OPTIONAL, NULL, 0 },
    { "move_time", "slot", FAKE_OPTIONAL, NULL, 0 },
    { "did_not_meet", "offer", FAKE_ONE_OF, NULL, 0 },
    { "did_not_meet", "slot", FAKE_ONE_OF, NULL, 0 },
    { "not_connected", "tries", FAKE_OPTIONAL, NULL, 0 },
    { "start", "wait_minutes", FAKE_OPTIONAL, NULL, 0 },
    { "left_before_seen", "offer", FAKE_OPTIONAL, NULL, 0 },
    { "left_before_seen", "slot", FAKE_OPTIONAL, NULL, 0 },
    { "left_before_seen", "wait_minutes", FAKE_OPTIONAL, NULL, 0 },
    { "turned_away", "barrier", FAKE_REQUIRED, BARRIER, 0 },
    { "turned_away", "words", FAKE_OPTIONAL, NULL, 0 },
    { "interim_note", "note", FAKE_REQUIRED, NULL, 3 },
    { "finish", "outcome", FAKE_OPTIONAL, OUTCOME, 2 },
    { "finish", "attended", FAKE_OPTIONAL, "yes no", 1 },
    { "finish", "note", FAKE_OPTIONAL, NULL, 3 },
    { "finish", "agency_reason", FAKE_OPTIONAL, DECLINE, 2 },
    { "end_early", "reason", FAKE_REQUIRED, OUTCOME, 0 },
    { "end_early", "continuity_plan", FAKE_REQUIRED, NULL, 0 },
    { "end_early", "note", FAKE_OPTIONAL, NULL, 3 },
    { "end_early", "agency_reason", FAKE_OPTIONAL, DECLINE, 0 },
    { "pause", "continuity_plan", FAKE_REQUIRED, NULL, 0 },
    { "acknowledge", "feedback", FAKE_REQUIRED, "invited declined", 0 },
    { "query_outcome", "question", FAKE_REQUIRED, NULL, 0 },
    { "cancel", "reason", FAKE_REQUIRED, CANCEL, 0 },
    { "cancel", "person_told", FAKE_OPTIONAL, "yes", 0 },
    { "cancel", "replaced_by", FAKE_OPTIONAL, NULL, 0 },
    { "wrong_person_or_place", "what", FAKE_REQUIRED, "person place", 0 },
    { "amend", "reason", FAKE_OPTIONAL, NULL, 0 },
};
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof *(array))

const char *fake_step_name(size_t i)
{
    return i < COUNT(names) ? names[i] : NULL;
}

bool fake_step_is_known(const char *step)
{
    for (size_t i = 0; i < COUNT(names); i++)
        if (strcmp(names[i], step) == 0)
            return true;
    return false;
}

static bool is_row(size_t i, const char *state, const char *step)
{
    return strcmp(transitions[i].step, step) == 0 &&
           (transitions[i].from == EVERY ||
               fake_list_has(transitions[i].from, state));
}

refer_status fake_step_next(
    const char *state, const char *step, char party, const char **next)
{
    for (size_t i = 0; i < COUNT(transitions); i++) {
        if (!is_row(i, state, step))
            continue;
        if (strchr(transitions[i].by, party) == NULL)
            return REFER_DENIED;
        *next = transitions[i].to == SAME ? state : transitions[i].to;
        return REFER_OK;
    }
    return REFER_CONFLICT;
}

bool fake_step_is_open(const char *state, const char *step, const char *parties)
{
    for (size_t i = 0; i < COUNT(transitions); i++)
        if (is_row(i, state, step) &&
            strpbrk(transitions[i].by, parties) != NULL)
            return true;
    return false;
}

void fake_steps_print(const char *state, const char *parties,
    const char *between, char *text, size_t size)
{
    const char *name;
    size_t used = 0;
    text[0] = 0;
    for (size_t i = 0; (name = fake_step_name(i)) != NULL && used < size; i++)
        if (fake_step_is_open(state, name, parties))
            used += (size_t)snprintf(text + used, size - used, "%s%s",
                used == 0 ? "" : between, name);
}

bool fake_state_is_final(const char *state)
{
    for (size_t i = 0; i < COUNT(transitions); i++)
        if (transitions[i].from != EVERY &&
            fake_list_has(transitions[i].from, state))
            return false;
    return true;
}

bool fake_step_is_exempt(const char *step)
{
    return fake_list_has(
        "withdraw consent_revoked wrong_person_or_place", step);
}

bool fake_step_takes_elements(const char *step)
{
    return fake_list_has(
        "send answer interim_note finish end_early amend", step);
}

const struct fake_detail *fake_step_detail(const char *step, size_t i)
{
    for (size_t k = 0; k < COUNT(details); k++)
        if (strcmp(details[k].step, step) == 0 && i-- == 0)
            return &details[k];
    return NULL;
}

const struct fake_detail *fake_step_detail_named(
    const char *step, const char *name)
{
    for (size_t k = 0; k < COUNT(details); k++)
        if (strcmp(details[k].step, step) == 0 &&
            strcmp(details[k].name, name) == 0)
            return &details[k];
    return NULL;
}

int fake_ask_back_rank(const char *name)
{
    static const char *const ranks[] = { "none", "attended_only",
        "outcome_code", "short_note", "full" };
    for (size_t i = 0; i < COUNT(ranks); i++)
        if (strcmp(ranks[i], name) == 0)
            return (int)i;
    return -1;
}
