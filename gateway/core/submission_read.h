/*
 * submission_read.h - referrals and steps from a local request's fields.
 * Anything unknown, missing or of the wrong form ends the reply with an error
 * that names the field and what to write.
 */
#ifndef CORE_SUBMISSION_READ_H
#define CORE_SUBMISSION_READ_H

#include "core/local.h"
#include "core/local_reply.h"
#include "core/referral.h"
#include "core/work.h"

/* A field that a request or record may have. */
struct field_rule {
    const char *name;
    enum local_value_type type;
    bool required;
};

/* True when exactly the fields of the rules are there, each at most once. */
bool fields_check(struct local_answer *answer, const char *where,
    const struct local_field *fields, size_t count,
    const struct field_rule *rules, size_t rule_count);

/* Text of a field, empty when absent. */
struct slice field_text(
    const struct local_field *fields, size_t count, const char *name);
/* Number of a field, or that default when absent. */
int64_t field_number(const struct local_field *fields, size_t count,
    const char *name, int64_t absent);

/* A referral handed over: the event SEND without seq, mou and referral id
 * unless they were given. */
struct submitted {
    struct referral_event event;
    struct referral_request request;
    struct slice to; /* agency id */
    bool has_id;
    bool has_mou;
    bool has_thread;
};
bool submitted_read(struct work *work, const struct local_request *request,
    struct submitted *submitted, struct local_answer *answer);

/* A step: type, actor, role, details, elements; and whose. */
bool step_read(struct work *work, const struct local_request *request,
    struct referral_event *event, struct local_answer *answer);

#endif
