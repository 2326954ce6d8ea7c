/* agreements.h - every agreement of the gateway, with who has signed it. */
#ifndef REFERCTL_AGREEMENTS_H
#define REFERCTL_AGREEMENTS_H

#include "referctl/session.h"

/* Each "mou" with its "signature" records right behind it, as mou.show gives
 * them; *self is our own agency id. */
enum exit_code agreements_ask(
    struct session *session, struct records *all, const char **self);

/* The signature record of an agency in the agreement at `index`; NULL when it
 * is no party, or when no agreement stands there. */
const struct record *agreement_party(
    const struct records *all, size_t index, const char *agency);

#endif
