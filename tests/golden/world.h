/*
 * world.h - two agencies with keys that anybody can type, for golden vectors:
 * each private key is one byte, 32 times, as in the examples of PROTOCOL.md.
 * Real cryptography (crypto_openssl) over key files of these keys, so that
 * what was sealed for them can be opened.
 */
#ifndef GOLDEN_WORLD_H
#define GOLDEN_WORLD_H

#include "base/arena.h"
#include "base/id.h"
#include "core/entry.h"
#include "core/message.h"
#include "core/mou.h"
#include "core/note.h"
#include "core/referral.h"
#include "core/port.h"
#include "support/scratch.h"

#define START_MS INT64_C(1767225600000) /* 2026-01-01 */
#define END_MS INT64_C(1830297600000)   /* 2028-01-01 */
#define START_DAY 20454u
#define GENERATION UINT64_C(0x0123456789abcdef)

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

struct slice world_bytes(struct world *world, uint8_t byte, size_t size);
void world_root_sign(const struct place *place, struct slice message,
    uint8_t signature[SIGNATURE_SIZE]);

/* ---- The papers, as structures made of fixed words ---- */

struct slice make_card(struct world *world, const struct place *place);
struct slice make_sheet(struct world *world);
struct slice make_mou(struct world *world);
struct slice make_mou_offer(struct world *world);
struct slice make_send(struct world *world);
struct slice make_decline(struct world *world);
struct slice make_entry_header(struct world *world);
struct slice make_answer(struct world *world);
/* A parcel of a SEND, a detached entry and padding. */
struct slice make_deliver(struct world *world);
struct slice make_note(struct world *world);
struct slice make_cosigned_note(struct world *world);
struct slice make_head(struct world *world);
/* The Deliver in an envelope, and a Cosigned in reply. */
struct slice make_request(struct world *world);
struct slice make_reply(struct world *world);

#endif
