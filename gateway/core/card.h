/*
 * card.h - who an agency is: keys, endpoints, point persons, validity; the key
 * sheet with its sealing keys; the safety number that two people compare.
 *
 * A card is believed when its root key's hash is the agency id that an
 * operator accepted, the root signature verifies over the exact bytes, every
 * Ed25519 key in it is sound, and its serial is above that of the card held.
 * Pure; read structures borrow from the bytes and the arena they came from.
 */
#ifndef CORE_CARD_H
#define CORE_CARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/instant.h"
#include "base/slice.h"
#include "core/limits.h"
#include "core/port.h"

/* Numbers of refer.v1.KeyPurpose. */
enum key_purpose {
    KEY_LOG = 1,
    KEY_WITNESS = 2,
    KEY_OPERATION = 3,
    KEY_LAST_RESORT = 4,
    KEY_TLS = 5, /* the key is the SHA-256 of the certificate's SPKI */
    KEY_PURPOSE_COUNT
};

struct card_key {
    enum key_purpose purpose;
    uint8_t key[KEY_SIZE];
    struct instant from;  /* inclusive */
    struct instant until; /* exclusive */
};

struct card_contact {
    struct slice role;
    struct slice name;
    struct slice phone;
    struct slice hours;
};

struct card {
    uint8_t root_key[KEY_SIZE];
    uint64_t serial;       /* from 1 */
    struct slice previous; /* SHA-256 of the card before, or empty */
    struct slice name;
    const struct slice *endpoints; /* tls+tcp://HOST:PORT */
    size_t endpoint_count;
    const struct card_key *keys;
    size_t key_count;
    const struct card_contact *contacts;
    size_t contact_count;
    struct instant issued;
    struct instant valid_until;
    struct agency_id agency; /* derived from the root key by card_read */
};

struct sealing_key {
    uint8_t key[KEY_SIZE];
    uint32_t day; /* days since 1970-01-01 */
    struct instant from;
    struct instant until;
};

struct key_sheet {
    struct agency_id agency;
    uint64_t serial;
    struct instant issued;
    const struct sealing_key *keys;
    size_t key_count;
};

/* What is wrong with a foreign document: a path in it and a reason, both
 * static storage, free of its contents. */
struct card_problem {
    const char *where;
    const char *what;
};

/* The agency id of a root key. */
void agency_id_of(struct crypto *crypto, const uint8_t root_key[KEY_SIZE],
    struct agency_id *id);

/*
 * Reads and verifies a SignedCard: signature, sound Ed25519 keys, no key that
 * stands twice, order of times, limits. Does not look at the clock: validity is
 * the caller's question. Which purposes have a key is not asked either: see
 * card_key_at. *problem says why on an error.
 *   ERR_MALFORMED, ERR_LIMIT, ERR_KEY (an unsound key), ERR_SIGNATURE
 */
MUST_USE enum err card_read(struct crypto *crypto, struct slice signed_card,
    struct arena *arena, struct card *card, struct card_problem *problem);

/* The bytes of a Card to sign; `agency` is ignored. SLICE_NONE at a limit. */
struct slice card_bytes(const struct card *card, struct arena *arena);

/* A domain and what follows it, in one piece: what is signed. SLICE_NONE when
 * the arena is full. */
struct slice card_domain_join(
    struct slice domain, struct slice bytes, struct arena *arena);

/* What the root key signs for these bytes. */
struct slice card_statement(struct slice card_bytes, struct arena *arena);

/* A SignedCard from the bytes and their signature. */
struct slice card_assemble(struct slice card_bytes,
    const uint8_t signature[SIGNATURE_SIZE], struct arena *arena);

/* The key of that purpose valid at `now` with the latest start; NULL: none. */
const struct card_key *card_key_at(
    const struct card *card, enum key_purpose purpose, struct instant now);

/* The last-resort key to greet with: valid at `now`, else the one that ended
 * last, which who was apart for a season may hold still; NULL: none. */
const struct card_key *card_last_resort(
    const struct card *card, struct instant now);

/* The key of that purpose and id, valid or not; NULL when there is none. */
const struct card_key *card_key_find(struct crypto *crypto,
    const struct card *card, enum key_purpose purpose, uint64_t key_id);

/* Reads a SignedKeySheet and verifies it with an operation key of the card
 * that was valid when it was issued. Its keys stand in the order of their days,
 * one a day. Errors as card_read, and ERR_ADDRESS when it is another agency's;
 * ERR_KEY when the card has no such operation key. */
MUST_USE enum err key_sheet_read(struct crypto *crypto, const struct card *card,
    struct slice signed_sheet, struct arena *arena, struct key_sheet *sheet);

/* Makes and signs a SignedKeySheet with our operation key; its keys must stand
 * in the order of their days. ERR_KEY when we have none, ERR_LIMIT. */
MUST_USE enum err key_sheet_sign(struct crypto *crypto,
    const struct key_sheet *sheet, struct arena *arena,
    struct slice *signed_sheet);

/* The key to seal with at `now`: of today, else the nearest valid; or NULL. */
const struct sealing_key *key_sheet_at(
    const struct key_sheet *sheet, struct instant now);

/*
 * 12 groups of 5 digits with spaces between, the same for (a, b) and (b, a).
 * With low and high the 26 characters of the two ids in byte order:
 *
 *   state = SHA-256("refer.v1 safety number" || low || high)
 *   5,200 times: state = SHA-256(state || low || high)
 *   block[n] = SHA-256("refer.v1 safety number" || state || n), n one byte 0, 1
 *
 * Groups 0 to 5 are bytes 0-4, 5-9, ... 25-29 of block[0], each as a
 * big-endian number modulo 100,000 with leading zeros; 6 to 11 those of
 * block[1]. The rounds make each guess at a likeness cost as much again.
 */
#define SAFETY_NUMBER_SIZE 72
void safety_number(struct crypto *crypto, const struct agency_id *a,
    const struct agency_id *b, char text[SAFETY_NUMBER_SIZE]);

#endif
