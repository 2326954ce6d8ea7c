/*
 * submission.h - what programs of this agency do to referrals: hand one over,
 * try it dry, take a step. Each write carries the program's own key; the same
 * key again gives the same answer and does nothing twice.
 */
#ifndef CORE_SUBMISSION_H
#define CORE_SUBMISSION_H

#include "core/local.h"
#include "core/local_reply.h"
#include "core/work.h"

void submission_submit(struct work *work, uint32_t uid,
    const struct local_request *request, struct local_answer *answer);
void submission_explain(struct work *work, uint32_t uid,
    const struct local_request *request, struct local_answer *answer);
void submission_act(struct work *work, uint32_t uid,
    const struct local_request *request, struct local_answer *answer);

#endif
