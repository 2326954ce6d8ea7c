/* feed.h - the events of a fake, and the cursors over them. */
#ifndef FAKE_FEED_H
#define FAKE_FEED_H

#include "sdk/fake/state.h"

/* What an event says; NULL is "". Names are static storage. */
struct fake_note {
    const char *type;
    const char *step;
    const char *by; /* "us", "them" */
    const char *actor;
    const char *role;
    const char *state;
    const char *status;
    const char *problem;
    const char *clause;
    const char *remedy;
    const struct sdk_records *said; /* its details and elements go with it */
};

/* Not in the feed yet. `of` may be NULL. NULL for want of memory. */
struct fake_event *fake_event_new(
    const struct fake_case *of, const struct fake_note *note);
/* Accepts NULL; of one that is not in the feed. */
void fake_event_free(struct fake_event *event);
/* Puts it at the end, which cannot fail; returns its position. */
uint64_t fake_event_append(
    struct refer_fake *fake, struct fake_case *of, struct fake_event *event);
/* Adds it with what was said to a reply. REFER_NO_MEMORY. */
refer_status fake_event_answer(const struct refer_fake *fake,
    const struct fake_event *event, uint32_t redeliveries,
    struct sdk_reply *reply);
/* Contents of the referral's events, but of those that end or erase. */
void fake_events_erase(struct refer_fake *fake, const struct fake_case *of);

/* ---- Cursors ----------------------------------------------------------- */

/* Operations: false when the answer comes later. */
bool fake_cursor_open(struct refer_fake *fake, struct fake_request *request,
    struct sdk_reply *reply);
bool fake_cursor_next(struct refer_fake *fake, struct fake_request *request,
    struct sdk_reply *reply);
bool fake_cursor_ack(struct refer_fake *fake, struct fake_request *request,
    struct sdk_reply *reply);
bool fake_cursor_rewind(struct refer_fake *fake, struct fake_request *request,
    struct sdk_reply *reply);
bool fake_cursor_delete(struct refer_fake *fake, struct fake_request *request,
    struct sdk_reply *reply);
bool fake_cursor_list(struct refer_fake *fake, struct fake_request *request,
    struct sdk_reply *reply);

/* Answers those that wait and have something, or waited long enough. */
void fake_cursors_wake(struct refer_fake *fake);
/* When the next one has waited long enough; INT64_MAX: none waits. */
int64_t fake_cursors_due_ms(const struct refer_fake *fake);
/* A connection ended: its cursors are free, its waiting is over. */
void fake_cursors_gone(struct refer_fake *fake, uint64_t link);
/* NULL when there is none of that name. */
struct fake_cursor *fake_cursor_named(
    struct refer_fake *fake, const char *name);

#endif
