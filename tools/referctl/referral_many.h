/*
 * referral_many.h - referctl referral send --many: a file of thousands of
 * referrals, one JSON object a line, handed over as few batches. Each line
 * stands for itself, and has a key that is the same the next time.
 */
#ifndef REFERCTL_REFERRAL_MANY_H
#define REFERCTL_REFERRAL_MANY_H

#include "referctl/arguments.h"
#include "referctl/session.h"

/* EXIT_CODE_REFUSED when all was looked at and some were refused. */
enum exit_code referral_many_send(
    struct session *session, const struct arguments *arguments);

#endif
