/*
 * key.h - writes that must happen once: each has a key, and the same key again
 * does nothing twice. Whoever chose none gets one, and is told it, so that a
 * command whose outcome is unknown can be repeated safely.
 */
#ifndef REFERCTL_KEY_H
#define REFERCTL_KEY_H

#include "referctl/session.h"

/* --key, or 128 random bits. EXIT_CODE_USAGE, EXIT_CODE_LOCAL. */
enum exit_code key_choose(struct session *session,
    const struct arguments *arguments, const char **key);

/* As session_ask(); when the outcome is unknown the remedy names the key. */
enum exit_code key_ask(struct session *session, const struct request *request,
    const char *key, struct reply *reply);

/* Prints the referral of the reply: id, state, whether the other agency's
 * gateway has yet to decide, and the key. */
enum exit_code key_print(
    struct session *session, const struct reply *reply, const char *key);

#endif
