/*
 * person.h - the referrals that name a person by their pairwise id, which is
 * read from a file: command lines are for everybody to see. The gateway opens
 * contents piece by piece to find them; nothing of it is kept.
 */
#ifndef REFERCTL_PERSON_H
#define REFERCTL_PERSON_H

#include "referctl/session.h"

/* Adds records "referral" with their "id"; `operation` is one of those that
 * answer as erase.find does. */
enum exit_code person_find(struct session *session, const char *operation,
    const char *path, struct records *referrals);

#endif
