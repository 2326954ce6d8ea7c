#include "core/referral.h"

#include <assert.h>

/* ---- Names -------------------------------------------------------------- */

/* clang-format off */
static const char *const state_names[] = {
#define X(symbol, number, text) [REFERRAL_##symbol] = text,
    REFERRAL_STATE_LIST(X)
#undef X
};

static const char *const event_names[] = {
#define X(symbol, number, text) [EVENT_##symbol] = text,
    REFERRAL_EVENT_LIST(X)
#undef X
};

static const char *const urgency_names[] = {
    [URGENCY_IMMEDIATE] = "immediate",
    [URGENCY_SAME_DAY]  = "same_day",
    [URGENCY_SOON]      = "soon",
    [URGENCY_ROUTINE]   = "routine",
};

static const char *const choice_names[] = {
    [CHOICE_CHOSEN]   = "chosen",
    [CHOICE_AGREED]   = "agreed",
    [CHOICE_ADVISED]  = "advised",
    [CHOICE_REQUIRED] = "required",
};

static const char *const ask_back_names[] = {
    [ASK_BACK_NONE]          = "none",
    [ASK_BACK_ATTENDED_ONLY] = "attended_only",
    [ASK_BACK_OUTCOME_CODE]  = "outcome_code",
    [ASK_BACK_SHORT_NOTE]    = "short_note",
    [ASK_BACK_FULL]          = "full",
};

static const char *const actor_names[] = {
    [ACTOR_STAFF]     = "staff",
    [ACTOR_PERSON]    = "person",
    [ACTOR_COMPANION] = "companion",
    [ACTOR_GATEWAY]   = "gateway",
};
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof *(array))

_Static_assert(COUNT(state_names) == REFERRAL_STATE_COUNT, "states");
_Static_assert(COUNT(event_names) == EVENT_TYPE_COUNT, "events");
_Static_assert(COUNT(urgency_names) == URGENCY_COUNT, "urgencies");
_Static_assert(COUNT(choice_names) == CHOICE_COUNT, "choices");
_Static_assert(COUNT(ask_back_names) == ASK_BACK_COUNT, "ask back");
_Static_assert(COUNT(actor_names) == ACTOR_KIND_COUNT, "actors");

static const char *name_of(
    const char *const *names, size_t count, size_t number)
{
    return number < count && names[number] != NULL ? names[number] : "?";
}

/* 0 when there is no such name. */
static int number_of(const char *const *names, size_t count, struct slice name)
{
    for (size_t i = 0; i < count; i++)
        if (names[i] != NULL && slice_is(name, names[i]))
            return (int)i;
    return 0;
}

const char *referral_state_name(enum referral_state state)
{
    return name_of(state_names, COUNT(state_names), (size_t)state);
}

const char *event_type_name(enum referral_event_type type)
{
    return name_of(event_names, COUNT(event_names), (size_t)type);
}

const char *urgency_name(enum urgency urgency)
{
    return name_of(urgency_names, COUNT(urgency_names), (size_t)urgency);
}

const char *choice_name(enum choice choice)
{
    return name_of(choice_names, COUNT(choice_names), (size_t)choice);
}

const char *ask_back_name(enum ask_back ask_back)
{
    return name_of(ask_back_names, COUNT(ask_back_names), (size_t)ask_back);
}

const char *actor_kind_name(enum actor_kind actor)
{
    return name_of(actor_names, COUNT(actor_names), (size_t)actor);
}

enum referral_state referral_state_named(struct slice name)
{
    return (enum referral_state)number_of(
        state_names, COUNT(state_names), name);
}

enum referral_event_type event_type_named(struct slice name)
{
    return (enum referral_event_type)number_of(
        event_names, COUNT(event_names), name);
}

int urgency_named(struct slice name)
{
    return number_of(urgency_names, COUNT(urgency_names), name);
}

int choice_named(struct slice name)
{
    return number_of(choice_names, COUNT(choice_names), name);
}

int ask_back_named(struct slice name)
{
    return number_of(ask_back_names, COUNT(ask_back_names), name);
}

int actor_kind_named(struct slice name)
{
    return number_of(actor_names, COUNT(actor_names), name);
}

/* ---- Life --------------------------------------------------------------- */

/* clang-format off */
#define IN(state) (1u << REFERRAL_##state)

#define S  PARTY_REFERRER
#define R  PARTY_RECEIVER
#define C  PARTY_PERSON
#define N  PARTY_COMPANION
#define GS PARTY_REFERRER_GATEWAY
#define GR PARTY_RECEIVER_GATEWAY

#define SAME REFERRAL_UNKNOWN /* as a target: the referral stays where it is */

#define FIRST_TO_SCHEDULED                                                     \
    (IN(SENT) | IN(UNDELIVERABLE) | IN(DELIVERED) | IN(SEEN) |                 \
     IN(INFO_NEEDED) | IN(WAITLISTED) | IN(ACCEPTED) | IN(SCHEDULED))
#define FIRST_TO_PAUSED                                                        \
    (FIRST_TO_SCHEDULED | IN(ARRIVED) | IN(IN_SERVICE) | IN(PAUSED))
#define EVERY_STATE ((1u << REFERRAL_STATE_COUNT) - 1 - IN(UNKNOWN))

_Static_assert(REFERRAL_STATE_COUNT < 32, "a set of states fits a word");

static const struct transition {
    uint32_t from; /* set of states */
    uint16_t to;   /* enum referral_state */
    uint8_t event; /* enum referral_event_type */
    uint8_t by;    /* set of parties */
} transitions[] = {
    /* T01 */ { IN(DRAFT),       REFERRAL_SENT,           EVENT_SEND,             S },
    /* T02 */ { IN(SENT) | IN(UNDELIVERABLE),
                                 REFERRAL_DELIVERED,      EVENT_RECEIPT,          GR },
    /* T03 */ { IN(SENT) | IN(DELIVERED) | IN(UNDELIVERABLE),
                                 REFERRAL_REFUSED_BY_POLICY, EVENT_POLICY_REFUSAL, GR | GS },
    /* T04, T34, T35, T39: what makes them due is the timers' business. */
    /* T04 */ { IN(SENT),        REFERRAL_UNDELIVERABLE,  EVENT_DELIVERY_TIMEOUT, GS },
    /* T05 */ { IN(DELIVERED),   REFERRAL_SEEN,           EVENT_OPENED,           R },
    /* T06: no MOU can say auto_accept yet; until then its guard refuses. */
    /* T06 */ { IN(DELIVERED),   REFERRAL_ACCEPTED,       EVENT_AUTO_ACCEPT,      GR },
    /* T07 */ { IN(SEEN),        REFERRAL_INFO_NEEDED,    EVENT_ASK,              R },
    /* T08 */ { IN(INFO_NEEDED), REFERRAL_SEEN,           EVENT_ANSWER,           S | C | N },
    /* T09 */ { IN(SEEN),        REFERRAL_ACCEPTED,       EVENT_ACCEPT,           R },
    /* T10 */ { IN(SEEN),        REFERRAL_WAITLISTED,     EVENT_WAITLIST,         R },
    /* T11 */ { IN(SEEN),        REFERRAL_DECLINED,       EVENT_DECLINE,          R },
    /* T12 */ { IN(SEEN),        REFERRAL_REDIRECTED,     EVENT_REDIRECT,         R },
    /* T13 */ { IN(WAITLISTED),  REFERRAL_ACCEPTED,       EVENT_PLACE_FOUND,      R },
    /* T14 */ { IN(WAITLISTED),  REFERRAL_DECLINED,       EVENT_DECLINE,          R },
    /* T15 */ { IN(WAITLISTED),  REFERRAL_REDIRECTED,     EVENT_REDIRECT,         R },
    /* T16 */ { IN(ACCEPTED),    REFERRAL_SCHEDULED,      EVENT_CHOOSE_TIME,      C | N | S },
    /* T17 */ { IN(ACCEPTED),    REFERRAL_ARRIVED,        EVENT_WALK_IN,          R | C },
    /* T18 */ { IN(SCHEDULED),   REFERRAL_ACCEPTED,       EVENT_MOVE_TIME,        C | N | R | S },
    /* T19 */ { IN(SCHEDULED),   REFERRAL_ARRIVED,        EVENT_ARRIVE,           R | C | N },
    /* T20, T21: nobody counts the attempts yet; staff decide which it is. */
    /* T20 */ { IN(SCHEDULED),   REFERRAL_ACCEPTED,       EVENT_DID_NOT_MEET,     R },
    /* T21 */ { IN(SCHEDULED),   REFERRAL_NOT_CONNECTED,  EVENT_NOT_CONNECTED,    R },
    /* T22 */ { IN(ARRIVED),     REFERRAL_IN_SERVICE,     EVENT_START,            R },
    /* T23 */ { IN(ARRIVED),     REFERRAL_ACCEPTED,       EVENT_LEFT_BEFORE_SEEN, R | C | N },
    /* T24 */ { IN(ARRIVED),     REFERRAL_ACCEPTED,       EVENT_TURNED_AWAY,      C | N | S },
    /* T25 */ { IN(IN_SERVICE),  SAME,                    EVENT_INTERIM_NOTE,     R },
    /* T26 */ { IN(IN_SERVICE),  REFERRAL_HANDED_BACK,    EVENT_FINISH,           R },
    /* T27 */ { IN(IN_SERVICE),  REFERRAL_ENDED_EARLY,    EVENT_END_EARLY,        R | C },
    /* T28 */ { IN(IN_SERVICE),  REFERRAL_PAUSED,         EVENT_PAUSE,            R },
    /* T29 */ { IN(PAUSED),      REFERRAL_IN_SERVICE,     EVENT_RESUME,           R },
    /* T30 */ { IN(PAUSED),      REFERRAL_ENDED_EARLY,    EVENT_END_EARLY,        R | C },
    /* T31 */ { IN(PAUSED),      REFERRAL_REDIRECTED,     EVENT_REDIRECT,         R | S },
    /* T32 */ { IN(HANDED_BACK), REFERRAL_CLOSED,         EVENT_ACKNOWLEDGE,      S },
    /* T33 */ { IN(HANDED_BACK), REFERRAL_IN_SERVICE,     EVENT_QUERY_OUTCOME,    S | C },
    /* T34 */ { IN(HANDED_BACK), REFERRAL_CLOSED_UNACKED, EVENT_CLOSE_TIMEOUT,    GR },
    /* T35 */ { IN(DELIVERED) | IN(SEEN) | IN(WAITLISTED) | IN(ACCEPTED),
                                 REFERRAL_EXPIRED,        EVENT_DECISION_TIMEOUT, GR },
    /* T36 */ { FIRST_TO_PAUSED | IN(HANDED_BACK),
                                 REFERRAL_WITHDRAWN,      EVENT_WITHDRAW,         C },
    /* T37 */ { FIRST_TO_SCHEDULED,
                                 REFERRAL_CANCELLED,      EVENT_CANCEL,           S },
    /* T38 */ { FIRST_TO_PAUSED, REFERRAL_VOID,           EVENT_WRONG_PERSON_OR_PLACE, S | R },
    /* T39 */ { IN(INFO_NEEDED), REFERRAL_SEEN,           EVENT_INFO_TIMEOUT,     GR },
    /* T40 */ { IN(DELIVERED) | IN(SEEN) | IN(INFO_NEEDED) | IN(WAITLISTED) |
                IN(ACCEPTED) | IN(SCHEDULED),
                                 SAME,                    EVENT_AMEND,            S | C },
    /* Agreement can be taken back wherever the referral stands. */
              { EVERY_STATE,     SAME,                    EVENT_CONSENT_REVOKED,  C | N },
};
/* clang-format on */

_Static_assert(COUNT(transitions) == 40 + 1, "transitions");
_Static_assert(EVENT_TYPE_COUNT <= 64, "a set of events fits 64 bits");

enum referral_party referral_party_of(enum actor_kind actor, bool by_referrer)
{
    switch (actor) {
    case ACTOR_STAFF:
        return by_referrer ? PARTY_REFERRER : PARTY_RECEIVER;
    case ACTOR_PERSON:
        return PARTY_PERSON;
    case ACTOR_COMPANION:
        return PARTY_COMPANION;
    case ACTOR_GATEWAY:
        return by_referrer ? PARTY_REFERRER_GATEWAY : PARTY_RECEIVER_GATEWAY;
    case ACTOR_KIND_COUNT:
        break;
    }
    assert(false && "an actor that referral_check refuses");
    return (enum referral_party)0;
}

static bool is_from(const struct transition *row, enum referral_state state)
{
    return (row->from & (1u << (unsigned)state)) != 0;
}

enum err referral_next(enum referral_state state,
    enum referral_event_type event, enum referral_party party,
    enum referral_state *next)
{
    assert((size_t)state < REFERRAL_STATE_COUNT);
    assert((size_t)event < EVENT_TYPE_COUNT);
    for (size_t i = 0; i < COUNT(transitions); i++) {
        const struct transition *row = &transitions[i];
        if (row->event != event || !is_from(row, state))
            continue;
        if ((row->by & party) == 0)
            return ERR_FORBIDDEN;
        *next = row->to == SAME ? state : (enum referral_state)row->to;
        return ERR_NONE;
    }
    return ERR_STATE;
}

bool referral_is_terminal(enum referral_state state)
{
    uint64_t revoked = UINT64_C(1) << EVENT_CONSENT_REVOKED;
    return referral_steps(state, UINT32_MAX) == revoked;
}

uint64_t referral_steps(enum referral_state state, uint32_t parties)
{
    uint64_t steps = 0;
    assert((size_t)state < REFERRAL_STATE_COUNT);
    for (size_t i = 0; i < COUNT(transitions); i++)
        if (is_from(&transitions[i], state) &&
            (transitions[i].by & parties) != 0)
            steps |= UINT64_C(1) << transitions[i].event;
    return steps;
}

bool event_erases(enum referral_event_type type)
{
    return type == EVENT_WRONG_PERSON_OR_PLACE;
}

bool event_is_exempt(enum referral_event_type type)
{
    return type == EVENT_WITHDRAW || type == EVENT_CONSENT_REVOKED ||
           type == EVENT_WRONG_PERSON_OR_PLACE;
}
