/*
 * open_copy.h - opens a copy of what arrived, which is opened in place: for
 * tests that look at it again. ERR_LIMIT when the arena has no room for it.
 */
#ifndef SUPPORT_OPEN_COPY_H
#define SUPPORT_OPEN_COPY_H

#include "core/request.h"

static inline enum err request_open_copy(struct crypto *crypto,
    const struct agency_id *self, struct slice envelope, struct arena *arena,
    request_key_find *find, void *user, struct request_secret *secret,
    struct request *request)
{
    uint8_t *copy = (uint8_t *)arena_text(arena, envelope);
    return copy == NULL ? ERR_LIMIT
                        : request_open(crypto, self, copy, envelope.size, arena,
                              find, user, secret, request);
}

static inline enum err reply_open_copy(struct crypto *crypto,
    const struct request_secret *secret, const struct replier *replier,
    struct slice envelope, struct arena *arena, struct reply *reply)
{
    uint8_t *copy = (uint8_t *)arena_text(arena, envelope);
    return copy == NULL ? ERR_LIMIT
                        : reply_open(crypto, secret, replier, copy,
                              envelope.size, arena, reply);
}

#endif
