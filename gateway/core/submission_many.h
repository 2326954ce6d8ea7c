/*
 * submission_many.h - many referrals handed over in one request: one commit,
 * an answer for each. Each is a request "submit" of its own, byte for byte, so
 * that its key is the same whichever way it comes.
 */
#ifndef CORE_SUBMISSION_MANY_H
#define CORE_SUBMISSION_MANY_H

#include "core/local.h"
#include "core/local_reply.h"
#include "core/work.h"

/* "submit.many": one record of the answer for each of the request, in order.
 * What is wrong with one is that one's answer. An error of the whole means
 * that none was looked at. */
void submission_many(struct work *work, uint32_t uid,
    const struct local_request *request, struct local_answer *answer);

#endif
