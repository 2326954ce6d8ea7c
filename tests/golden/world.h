/*
 * world.h - the two agencies of vectors.h as whole gateways' keys. Real
 * cryptography (crypto_openssl) over key files of these keys, so that
 * what was sealed for them can be opened.
 */
#ifndef GOLDEN_WORLD_H
#define GOLDEN_WORLD_H

#include "base/arena.h"
#include "base/id.h"
#include "core/port.h"
#include "support/scratch.h"

/* One agency; its keys begin with `byte`: 0xa0 its root, 0xa1 log, 0xa2
 * witness, 0xa3 operation, 0xa4 last resort, 0xa5 sealing, or 0xb0... */
struct place {
    uint8_t byte;
    const char *name;
    struct scratch scratch;
    struct keyring *keyring;
    struct crypto *crypto;
    uint8_t root[KEY_SIZE];
    struct agency_id id;
};

struct world {
    struct arena arena;
    struct place opendoor; /* the author: 0xa0 */
    struct place hospital; /* the recipient: 0xb0 */
};

void world_open(struct world *world);
void world_close(struct world *world);

#endif
