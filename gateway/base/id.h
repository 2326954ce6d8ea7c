/*
 * id.h - the names that things have on the wire: agencies, referrals, MOU
 * versions, codes. Plain values; equality and order are of the bytes.
 */
#ifndef BASE_ID_H
#define BASE_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/* ---- Agencies: 130 bits of a hash of the root key, as base32 ---- */

#define AGENCY_ID_SIZE 26

struct agency_id {
    char text[AGENCY_ID_SIZE + 1];
};

/* The id that begins the base32 of SHA-256("refer.v1 agency" || root key). */
struct agency_id agency_id_of_digest(const uint8_t digest[32]);

/* Exactly 26 of [a-z2-7]; ERR_MALFORMED leaves *id alone. */
MUST_USE enum err agency_id_parse(struct slice text, struct agency_id *id);

int agency_id_compare(const struct agency_id *a, const struct agency_id *b);

static inline bool agency_id_equal(
    const struct agency_id *a, const struct agency_id *b)
{
    return agency_id_compare(a, b) == 0;
}

/* The 26 characters; borrows from *id. */
static inline struct slice agency_id_slice(const struct agency_id *id)
{
    return slice_of(id->text, AGENCY_ID_SIZE);
}

/* ---- UUIDs (RFC 9562): referrals, threads, devices' own things ---- */

#define UUID_BARE_SIZE 36
#define UUID_URN_SIZE 45 /* with urn:uuid: before it */

struct uuid {
    uint8_t bytes[16];
};

/*
 * A version 7 UUID: `ms` since 1970 (its low 48 bits) and 74 of the random
 * bits. Ids made in one millisecond are in no order.
 */
struct uuid uuid_from(uint64_t ms, const uint8_t random[10]);

/*
 * `urn:uuid:8-4-4-4-12` or `8-4-4-4-12`, any version; hexadecimal digits in
 * either case, as RFC 9562 section 4 asks of readers. ERR_MALFORMED leaves
 * *uuid alone.
 */
MUST_USE enum err uuid_parse(struct slice text, struct uuid *uuid);

/* The urn form in lower case. */
void uuid_format(const struct uuid *uuid, char text[UUID_URN_SIZE + 1]);

int uuid_compare(const struct uuid *a, const struct uuid *b);

/* Turns it into the one that follows in that order; false at the last. */
bool uuid_next(struct uuid *uuid);

static inline bool uuid_equal(const struct uuid *a, const struct uuid *b)
{
    return uuid_compare(a, b) == 0;
}

/* ---- MOU versions: the hash of the agreement's bytes ---- */

#define MOU_ID_TEXT_SIZE 64

struct mou_id {
    uint8_t bytes[32];
};

/* 64 lower-case hexadecimal digits; ERR_MALFORMED leaves *id alone. */
MUST_USE enum err mou_id_parse(struct slice text, struct mou_id *id);

void mou_id_format(const struct mou_id *id, char text[MOU_ID_TEXT_SIZE + 1]);

int mou_id_compare(const struct mou_id *a, const struct mou_id *b);

static inline bool mou_id_equal(const struct mou_id *a, const struct mou_id *b)
{
    return mou_id_compare(a, b) == 0;
}

/* All zeros: that of no agreement. */
bool mou_id_is_none(const struct mou_id *id);

/* ---- Codes ---- */

/* True for a code of the protocol or of an MOU: [a-z0-9_.-]{1,64}. */
bool code_is_valid(struct slice text);

#endif
