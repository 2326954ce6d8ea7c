/* ask.h - questions to whoever sits at the terminal; never in scripts. */
#ifndef REFERCTL_ASK_H
#define REFERCTL_ASK_H

#include "referctl/session.h"

/* There is a keyboard, and the question would be seen. */
bool ask_is_possible(const struct session *session);

/* Prints the question and reads a line; true when it is "yes". */
bool ask_yes(struct session *session, const char *question);

#endif
