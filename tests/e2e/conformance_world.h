/*
 * conformance_world.h - two agencies for conformance.c: ours, whose gateway is
 * looked at, and another, which a fake plays or which has a gateway as well.
 */
#ifndef E2E_CONFORMANCE_WORLD_H
#define E2E_CONFORMANCE_WORLD_H

#include <refer/fake.h>

#define WAIT_MS 20000
#define DAY_MS INT64_C(86400000)
#define GRANTED "pairwise_id call_name contact_route language"

struct world {
    const char *socket;
    char us[27];
    char other[27];
    refer_client *client;
    refer_client *there; /* NULL with a fake */
    refer_cursor *cursor_there;
    refer_fake *fake; /* NULL with a real gateway */
    refer_cursor *cursor;
};

struct wanted {
    const char *type;
    const char *step;
    const char *by;
    const char *actor;
    const char *state;
    const char *status;
};

/* One line of TAP; returns what it was given. */
__attribute__((format(printf, 2, 3))) int check(
    int holds, const char *format, ...);
/* Nothing that follows would make sense. */
void need(refer_status status, const struct world *world, const char *what);
void expect_text(const char *name, const char *got, const char *wanted);
/* The last call's status, problem and clause; and that there is a remedy. */
void expect_refusal(const struct world *world, const char *name,
    refer_status got, refer_status status, const char *problem,
    const char *clause);
/* The next event; yours. It is acknowledged. */
refer_event *next_event(const struct world *world, const char *what);
/* What an event has to say, in parts. */
void expect_says(const struct world *world, const refer_event *event,
    const char *id, const struct wanted *wanted);
/* The next event, which says that; yours. */
refer_event *expect_event(
    const struct world *world, const char *id, const struct wanted *wanted);
void expect_events(const struct world *world, const char *id,
    const struct wanted *wanted, size_t count);
/* The i-th record has these fields and no others. */
void expect_fields(const char *name, const refer_listing *listing, uint32_t i,
    const char *const *fields);

int64_t now_ms(void);
/* The setters, which cannot fail here. */
void set(refer_referral *referral, const char *field, const char *value);
void set_number(refer_referral *referral, const char *field, int64_t number);
void set_element(refer_referral *referral, const char *code, const char *value);
void set_grant(refer_referral *referral, const char *to, const char *purpose,
    const char *elements, int64_t until_ms);
/* A referral that the agreement lets through, but for its grant. */
refer_referral *ungranted(
    const char *to, const char *service, const char *purpose);
/* The same with it. */
refer_referral *outgoing(const struct world *world);
/* The other agency refers a person to us. */
void they_send(const struct world *world, char *id);
/* Waits until the other agency knows that it is in that state. */
void they_hear(const struct world *world, const char *id, const char *state);
/* Details of a step: a role, and up to two by name. */
refer_referral *said(const char *role, const char *name, const char *value,
    const char *name2, const char *value2);
refer_referral *by(const char *actor);
void they_step(const struct world *world, const char *id, const char *step,
    refer_referral *details);
/* Takes a step, which leaves it pending or not, in that state. */
void we_step(const struct world *world, const char *id, const char *step,
    refer_referral *details, const char *pending, const char *state);
void expect_step_refused(const struct world *world, const char *id,
    const char *step, refer_referral *details, refer_status status,
    const char *problem, const char *clause);

/* How many checks there were, and how many failed. */
extern int test_count, failed_count;

#endif
