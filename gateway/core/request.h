/*
 * request.h - requests sealed to one gateway and signed by another, and the
 * replies to them: HPKE inside an envelope, a signature inside HPKE, padding
 * inside both (PROTOCOL.md, "Requests and replies").
 *
 * Pure and without the store, so that workers beside the core thread open and
 * seal. Nothing of a request is believed before its signature verified; the
 * sender named inside is then the peer, whatever the connection says.
 */
#ifndef CORE_REQUEST_H
#define CORE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/instant.h"
#include "base/slice.h"
#include "core/message.h"
#include "core/port.h"

#define REFER_PROTOCOL_VERSION 1

/* What both ends keep of a request until its reply; secret. */
struct request_secret {
    struct agency_id sender;    /* of the request */
    struct agency_id recipient; /* of the request */
    uint8_t enc[KEY_SIZE];
    struct hpke hpke;
};

struct request {
    struct agency_id sender;
    enum request_kind kind;
    struct instant at; /* a claim */
    struct slice body;
    enum crypto_opener opener;
};

/*
 * Seals and signs. `seed` must be fresh for every call, retries too.
 *   ERR_KEY    the recipient's key is unusable, or we have no operation key
 *   ERR_LIMIT  the body is over MESSAGE_SIZE_MAX, or the arena is full
 */
MUST_USE enum err request_seal(struct crypto *crypto,
    const struct agency_id *sender, const struct agency_id *recipient,
    const uint8_t sealing_key[KEY_SIZE], enum request_kind kind,
    struct instant now, struct slice body, const uint8_t seed[SEED_SIZE],
    struct arena *arena, struct request_secret *secret, struct slice *envelope);

/*
 * Finds the operation key of that id on the newest card held of an agency that
 * was accepted. False: there is none.
 */
typedef bool request_key_find(void *user, const struct agency_id *agency,
    uint64_t key_id, uint8_t key[KEY_SIZE]);

/*
 * Opens and verifies what arrived for agency `self`, in place: the request's
 * parts point into the envelope's bytes and the arena. An Introduce is verified
 * with the card that it brings, where no card is held: `request` then says who
 * it is, and nothing yet that it may do more.
 *   ERR_MALFORMED  no envelope, or nonsense inside it
 *   ERR_VERSION    another protocol version
 *   ERR_ADDRESS    for another agency
 *   ERR_KEY        sealed to a key that we do not (any longer) have: Rekey
 *   ERR_SIGNATURE  it does not open, or its signature does not verify
 *   ERR_NOT_FOUND  of a sender whose card nobody here accepted
 *   ERR_LIMIT      larger than allowed
 */
MUST_USE enum err request_open(struct crypto *crypto,
    const struct agency_id *self, uint8_t *envelope, size_t size,
    struct arena *arena, request_key_find *find, void *user,
    struct request_secret *secret, struct request *request);

/* A signed, sealed reply to that request. ERR_KEY, ERR_LIMIT. */
MUST_USE enum err reply_seal(struct crypto *crypto,
    const struct request_secret *secret, enum reply_kind kind,
    struct instant now, struct slice body, const uint8_t seed[SEED_SIZE],
    struct arena *arena, struct slice *envelope);

/* An unsealed hint, where no request could be opened. The sheet may be empty.
 * SLICE_NONE when the arena is full. */
struct slice reply_plain(enum plain_kind kind, struct slice sheet,
    uint32_t retry_after_ms, struct arena *arena);

struct reply {
    enum reply_kind kind; /* 0 when it is plain */
    struct instant at;
    struct slice body;
    enum plain_kind plain; /* 0 when it is sealed */
    struct slice sheet;    /* of PLAIN_REKEY */
    uint32_t retry_after_ms;
};

/* What is held of who replies. */
struct replier {
    const uint8_t (*operation_keys)[KEY_SIZE]; /* not over yet */
    size_t operation_key_count;
    uint64_t card_serial; /* of the card that they are on */
};

/*
 * Opens a reply, in place too, and verifies it with one of the peer's operation
 * keys: those held, or, of a HEAD, those of the newer card of the same agency
 * in it: who was apart while the keys were followed by others learns them so.
 * ERR_MALFORMED, ERR_VERSION, ERR_SIGNATURE, ERR_LIMIT.
 */
MUST_USE enum err reply_open(struct crypto *crypto,
    const struct request_secret *secret, const struct replier *replier,
    uint8_t *envelope, size_t size, struct arena *arena, struct reply *reply);

#endif
