/*
 * invitation.h - one-time codes by which an agency that nobody here knows yet
 * may leave its card. Only a hash of a code is stored.
 */
#ifndef CORE_INVITATION_H
#define CORE_INVITATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/instant.h"
#include "base/slice.h"
#include "core/limits.h"
#include "core/work.h"

/* Makes a code that holds until then. False at INVITATION_COUNT_MAX open
 * ones; those that are over are forgotten first. */
bool invitation_make(
    struct work *work, struct instant until, char code[INVITATION_SIZE + 1]);

/* True when the code is open; it is used up then. */
bool invitation_use(struct work *work, struct slice code);

#endif
