/* received.h - the requests that came, for the test to take. */
#ifndef FAKE_RECEIVED_H
#define FAKE_RECEIVED_H

#include "sdk/fake/state.h"

/* True for operations that are kept: those that a program chose to ask for. */
bool fake_received_keeps(const char *operation);
/* A copy, not among the others yet; NULL for want of memory. */
refer_fake_request *fake_received_new(const struct fake_request *request);
/* Keeps it, and wakes who waits for it. */
void fake_received_keep(struct refer_fake *fake, refer_fake_request *received);

#endif
