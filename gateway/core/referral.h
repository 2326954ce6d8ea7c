/*
 * referral.h - the life of one referral: which event, by which party, moves it
 * where, and what must be said for the step to be taken. Pure tables and
 * functions of their arguments, used alike at both ends.
 *
 * The table is that of the design's state machine: 24 states, 40 transitions.
 */
#ifndef CORE_REFERRAL_H
#define CORE_REFERRAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/instant.h"
#include "base/slice.h"
#include "core/limits.h"
#include "core/problem.h"

/* Numbers of refer.v1.ReferralState, on disk and on the wire: append only. */
/* clang-format off */
#define REFERRAL_STATE_LIST(X)                                                 \
    X(UNKNOWN, 0, "unknown")             X(DRAFT, 1, "draft")                  \
    X(SENT, 2, "sent")                   X(DELIVERED, 3, "delivered")          \
    X(SEEN, 4, "seen")                   X(INFO_NEEDED, 5, "info_needed")      \
    X(WAITLISTED, 6, "waitlisted")       X(ACCEPTED, 7, "accepted")            \
    X(SCHEDULED, 8, "scheduled")         X(ARRIVED, 9, "arrived")              \
    X(IN_SERVICE, 10, "in_service")      X(PAUSED, 11, "paused")               \
    X(HANDED_BACK, 12, "handed_back")    X(CLOSED, 13, "closed")               \
    X(CLOSED_UNACKED, 14, "closed_unacked")                                    \
    X(DECLINED, 15, "declined")          X(REDIRECTED, 16, "redirected")       \
    X(WITHDRAWN, 17, "withdrawn")        X(CANCELLED, 18, "cancelled")         \
    X(NOT_CONNECTED, 19, "not_connected")                                      \
    X(ENDED_EARLY, 20, "ended_early")    X(EXPIRED, 21, "expired")             \
    X(REFUSED_BY_POLICY, 22, "refused_by_policy")                              \
    X(UNDELIVERABLE, 23, "undeliverable") X(VOID, 24, "void")

/* Numbers of refer.v1.EventType. */
#define REFERRAL_EVENT_LIST(X)                                                 \
    X(NONE, 0, "none")                   X(SEND, 1, "send")                    \
    X(RECEIPT, 2, "receipt")             X(POLICY_REFUSAL, 3, "policy_refusal")\
    X(DELIVERY_TIMEOUT, 4, "delivery_timeout")                                 \
    X(OPENED, 5, "opened")               X(AUTO_ACCEPT, 6, "auto_accept")      \
    X(ASK, 7, "ask")                     X(ANSWER, 8, "answer")                \
    X(ACCEPT, 9, "accept")               X(WAITLIST, 10, "waitlist")           \
    X(DECLINE, 11, "decline")            X(REDIRECT, 12, "redirect")           \
    X(PLACE_FOUND, 13, "place_found")    X(CHOOSE_TIME, 14, "choose_time")     \
    X(WALK_IN, 15, "walk_in")            X(MOVE_TIME, 16, "move_time")         \
    X(ARRIVE, 17, "arrive")              X(DID_NOT_MEET, 18, "did_not_meet")   \
    X(NOT_CONNECTED, 19, "not_connected") X(START, 20, "start")                \
    X(LEFT_BEFORE_SEEN, 21, "left_before_seen")                                \
    X(TURNED_AWAY, 22, "turned_away")    X(INTERIM_NOTE, 23, "interim_note")   \
    X(FINISH, 24, "finish")              X(END_EARLY, 25, "end_early")         \
    X(PAUSE, 26, "pause")                X(RESUME, 27, "resume")               \
    X(ACKNOWLEDGE, 28, "acknowledge")    X(QUERY_OUTCOME, 29, "query_outcome") \
    X(CLOSE_TIMEOUT, 30, "close_timeout")                                      \
    X(DECISION_TIMEOUT, 31, "decision_timeout")                                \
    X(WITHDRAW, 32, "withdraw")          X(CANCEL, 33, "cancel")               \
    X(WRONG_PERSON_OR_PLACE, 34, "wrong_person_or_place")                      \
    X(INFO_TIMEOUT, 35, "info_timeout")  X(AMEND, 36, "amend")                 \
    X(CONSENT_REVOKED, 37, "consent_revoked")
/* clang-format on */

enum referral_state {
#define X(symbol, number, text) REFERRAL_##symbol = (number),
    REFERRAL_STATE_LIST(X)
#undef X
        REFERRAL_STATE_COUNT
};

enum referral_event_type {
#define X(symbol, number, text) EVENT_##symbol = (number),
    REFERRAL_EVENT_LIST(X)
#undef X
        EVENT_TYPE_COUNT
};

/* Who acts. A set, so that one row of the table can admit several. */
enum referral_party {
    PARTY_REFERRER = 1u << 0,         /* S: staff of the referring agency */
    PARTY_RECEIVER = 1u << 1,         /* R: staff of the receiving agency */
    PARTY_PERSON = 1u << 2,           /* C: recorded by either agency */
    PARTY_COMPANION = 1u << 3,        /* N: recorded by either agency */
    PARTY_REFERRER_GATEWAY = 1u << 4, /* GS */
    PARTY_RECEIVER_GATEWAY = 1u << 5, /* GR */
};

/* Numbers of refer.v1.ActorKind. */
enum actor_kind {
    ACTOR_STAFF = 1,
    ACTOR_PERSON = 2,
    ACTOR_COMPANION = 3,
    ACTOR_GATEWAY = 4,
    ACTOR_KIND_COUNT
};

enum urgency { /* refer.v1.Urgency */
    URGENCY_IMMEDIATE = 1,
    URGENCY_SAME_DAY = 2,
    URGENCY_SOON = 3,
    URGENCY_ROUTINE = 4,
    URGENCY_COUNT
};

enum choice { /* refer.v1.Choice */
    CHOICE_CHOSEN = 1,
    CHOICE_AGREED = 2,
    CHOICE_ADVISED = 3,
    CHOICE_REQUIRED = 4,
    CHOICE_COUNT
};

enum ask_back { /* refer.v1.AskBack; each lets back what those before do */
    ASK_BACK_NONE = 1,
    ASK_BACK_ATTENDED_ONLY = 2,
    ASK_BACK_OUTCOME_CODE = 3,
    ASK_BACK_SHORT_NOTE = 4,
    ASK_BACK_FULL = 5,
    ASK_BACK_COUNT
};

/* A named value: an element (about the person) or a detail (about a step). */
struct named_value {
    struct slice name;
    struct slice value;
};

struct grant {
    struct agency_id to;
    struct slice purpose;
    const struct slice *elements; /* codes */
    size_t element_count;
    struct instant until; /* exclusive */
};

struct referral_request {
    struct slice service;
    struct slice purpose;
    enum urgency urgency;
    enum choice choice;
    enum ask_back ask_back;
    struct slice reason_plain;
    struct uuid thread;
    bool has_parent;
    struct uuid parent;
    uint32_t hop;
    struct instant consent_at;
    const struct grant *grants;
    size_t grant_count;
};

struct referral_event {
    struct uuid referral;
    struct mou_id mou;
    enum referral_event_type type;
    uint32_t seq;  /* from 1 */
    uint32_t seen; /* events of the other side applied by its author */
    enum actor_kind actor;
    struct slice role; /* of the actor, such as "intake_nurse" */
    struct instant at;
    struct slice key;                       /* the client's idempotency key */
    const struct referral_request *request; /* in SEND only, else NULL */
    const struct named_value *details;
    size_t detail_count;
    const struct named_value *elements;
    size_t element_count;
    enum referral_state state; /* stated by the receiver; UNKNOWN otherwise */
};

/* ---- Names -------------------------------------------------------------- */

/* Lower-case English, static storage; "?" out of range. */
const char *referral_state_name(enum referral_state state);
const char *event_type_name(enum referral_event_type type);
/* The number for a name; UNKNOWN / NONE when there is none. */
enum referral_state referral_state_named(struct slice name);
enum referral_event_type event_type_named(struct slice name);
const char *urgency_name(enum urgency urgency);
const char *choice_name(enum choice choice);
const char *ask_back_name(enum ask_back ask_back);
const char *actor_kind_name(enum actor_kind actor);
/* 0 when unknown. */
int urgency_named(struct slice name);
int choice_named(struct slice name);
int ask_back_named(struct slice name);
int actor_kind_named(struct slice name);

/* ---- Life --------------------------------------------------------------- */

/* The one party that an actor of that kind is, when the referring (or else the
 * receiving) agency recorded it. */
enum referral_party referral_party_of(enum actor_kind actor, bool by_referrer);

/*
 * Where `event` by `party` leads from `state`.
 *   ERR_STATE      the state knows no such event
 *   ERR_FORBIDDEN  it does, but not from this party
 * CONSENT_REVOKED and AMEND lead to the same state.
 */
MUST_USE enum err referral_next(enum referral_state state,
    enum referral_event_type event, enum referral_party party,
    enum referral_state *next);

/* Nothing but CONSENT_REVOKED is legal any more. */
bool referral_is_terminal(enum referral_state state);

/* The steps that this party may take from that state, as a set of bits
 * 1 << enum referral_event_type (fits 64). For help texts and listings. */
uint64_t referral_steps(enum referral_state state, uint32_t parties);

/* True for events after which content is erased at both ends (VOID). */
bool event_erases(enum referral_event_type type);

/* True for events that are exempt from MOU and date checks: WITHDRAW,
 * CONSENT_REVOKED, WRONG_PERSON_OR_PLACE. */
bool event_is_exempt(enum referral_event_type type);

/* What a guard needs to know beside the event. */
struct guard_context {
    const struct referral_request *request; /* the referral's own */
    bool walk_in;     /* the service takes people without a time */
    bool may_forward; /* the pathway's forward clause */
    /* "offer" of the newest accept or place_found, empty when none */
    struct slice offer;
    /* elements that the MOU's purpose lists, required or allowed */
    const struct slice *purpose_elements;
    size_t purpose_element_count;
};

/*
 * Whether the event says what its step needs (a table of required details per
 * event, closed code lists 2.6a to c, and the few checks that are more than
 * presence). Also refuses details that the step does not know. Fills *verdict
 * with PROBLEM_GUARD or PROBLEM_UNKNOWN_FIELD and says what to add.
 */
void referral_guard(const struct referral_event *event,
    const struct guard_context *context, struct verdict *verdict);

/* Format of an event by itself: sizes, UTF-8 and codes, a request exactly in
 * SEND, element codes in the registry, no name twice. */
void referral_check(
    const struct referral_event *event, struct verdict *verdict);

/* Content of an entry (refer/v1/referral.proto). SLICE_NONE at a limit. */
struct slice referral_event_write(
    const struct referral_event *event, struct arena *arena);
/* ERR_MALFORMED, ERR_LIMIT. Strict: unknown fields are refused. */
MUST_USE enum err referral_event_read(
    struct slice bytes, struct arena *arena, struct referral_event *event);

/* A detail's value, empty slice with bytes NULL when absent. */
struct slice event_detail(const struct referral_event *event, const char *name);

#endif
