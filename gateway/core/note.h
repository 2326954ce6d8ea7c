/*
 * note.h - checkpoints of ledgers as signed notes: C2SP signed-note,
 * tlog-checkpoint and tlog-cosignature (c2sp.org), Ed25519 forms.
 *
 *     refer.v1/<author id>/<recipient id>/<main|bulk>/<generation>
 *     <size>
 *     <base64 of the root>
 *
 *     — <the origin line> <base64 of key id, signature>
 *     — refer.v1/<recipient id> <base64 of key id, time, signature>
 *
 * Ours are stricter than C2SP: no extension lines, at most these two signature
 * lines, at least one, in this order. So a note has one spelling; what is read
 * prints again byte for byte, and a struct note may stand for its text.
 *
 * A parsed note is a claim until one of the verify functions has returned
 * ERR_NONE for it with a key that the caller found by other means. Key ids
 * select a key among several; they prove nothing.
 */
#ifndef CORE_NOTE_H
#define CORE_NOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "base/slice.h"
#include "core/limits.h"
#include "core/port.h"

/* ---- Origins: which ledger ---- */

/* On disk and on the wire (ledger.proto Lane): never renumber. */
enum lane {
    LANE_MAIN = 1,
    LANE_BULK = 2, /* attachment chunks */
};

struct origin {
    struct agency_id author;
    struct agency_id recipient;
    enum lane lane;
    uint64_t generation; /* of random bits; another one after a loss */
};

/* refer.v1/ two ids of 26, main or bulk, 16 digits, three slashes */
#define ORIGIN_TEXT_SIZE 84

/* Zero-terminated, always ORIGIN_TEXT_SIZE characters. */
void origin_print(const struct origin *origin, char text[ORIGIN_TEXT_SIZE + 1]);

/* ERR_MALFORMED leaves *origin alone. */
MUST_USE enum err origin_parse(struct slice text, struct origin *origin);

bool origin_equal(const struct origin *a, const struct origin *b);

/* ---- Notes ---- */

/* Signature types of C2SP signed-note. */
#define NOTE_TYPE_AUTHOR 0x01u      /* Ed25519 over the note text */
#define NOTE_TYPE_COSIGNATURE 0x04u /* cosignature/v1 */

#define NOTE_KEY_ID_SIZE 4

/* Three lines: origin, 20 digits at most, 44 characters. */
#define NOTE_TEXT_SIZE_MAX (ORIGIN_TEXT_SIZE + 1 + 20 + 1 + 44 + 1)

struct note {
    struct origin origin;
    uint64_t size;           /* entries covered */
    uint8_t root[HASH_SIZE]; /* of the tree over them */

    bool has_signature; /* the author's */
    uint8_t signature_key_id[NOTE_KEY_ID_SIZE];
    uint8_t signature[SIGNATURE_SIZE];

    bool has_cosignature; /* the recipient's */
    uint8_t cosignature_key_id[NOTE_KEY_ID_SIZE];
    uint64_t cosigned_s; /* Unix time in seconds, below 2^63; a claim */
    uint8_t cosignature[SIGNATURE_SIZE];
};

/*
 * The note text (what is signed): the three lines with their line feeds, zero-
 * terminated. Returns a slice of `text`.
 */
struct slice note_text(
    const struct note *note, char text[NOTE_TEXT_SIZE_MAX + 1]);

/* All of the note, zero-terminated. Returns a slice of `text`. */
struct slice note_print(const struct note *note, char text[NOTE_SIZE_MAX]);

/*
 * ERR_MALFORMED when the bytes are not what note_print makes of some note that
 * has a signature line; *note is then left alone. No signature is verified.
 */
MUST_USE enum err note_parse(struct slice text, struct note *note);

/*
 * The first of notes that stand one after the other, each with an empty line
 * behind it, off the front of *rest. ERR_MALFORMED leaves both alone.
 */
MUST_USE enum err note_take(struct slice *rest, struct note *note);

/* Same ledger, size and root; signatures are not looked at. */
bool note_is_same_checkpoint(const struct note *a, const struct note *b);

/* Signs as the author with CRYPTO_SIGNER_LOG and replaces the author's line;
 * the cosignature line goes. ERR_KEY: no such key, nothing changed. */
MUST_USE enum err note_sign(struct crypto *crypto, struct note *note);

/*
 * Signs as the recipient with CRYPTO_SIGNER_WITNESS at `unix_s` and replaces
 * the cosignature line. Errors change nothing:
 *
 *   ERR_STATE    the author's line is missing
 *   ERR_INVALID  unix_s is 2^63 or more
 *   ERR_KEY      no such key
 */
MUST_USE enum err note_cosign(
    struct crypto *crypto, uint64_t unix_s, struct note *note);

/*
 * The author's signature under this log key.
 *
 *   ERR_NOT_FOUND  there is no such line
 *   ERR_KEY        the line names another key
 *   ERR_SIGNATURE  it does not verify
 */
MUST_USE enum err note_verify(struct crypto *crypto, const struct note *note,
    const uint8_t key[KEY_SIZE]);

/*
 * The cosignature of agency `recipient` under this witness key. Errors as
 * above, and ERR_ADDRESS: the ledger has another recipient.
 */
MUST_USE enum err note_verify_cosignature(struct crypto *crypto,
    const struct note *note, const struct agency_id *recipient,
    const uint8_t key[KEY_SIZE]);

/* ---- Keys as others see them ---- */

/* The hint of a key: SHA-256(name || 0x0a || type || key), 4 bytes. */
void note_key_id(struct crypto *crypto, struct slice name, uint8_t type,
    const uint8_t key[KEY_SIZE], uint8_t id[NOTE_KEY_ID_SIZE]);

/* Name, 8 digits, 44 characters of base64, two plus signs. */
#define NOTE_VKEY_SIZE_MAX (ORIGIN_TEXT_SIZE + 1 + 8 + 1 + 44)

/* `name+key id+base64(type || key)` for the author of one ledger; zero-
 * terminated. Returns a slice of `text`. */
struct slice note_author_vkey(struct crypto *crypto,
    const struct origin *origin, const uint8_t key[KEY_SIZE],
    char text[NOTE_VKEY_SIZE_MAX + 1]);

/* The same for the cosignatures of an agency, on all ledgers it receives. */
struct slice note_witness_vkey(struct crypto *crypto,
    const struct agency_id *recipient, const uint8_t key[KEY_SIZE],
    char text[NOTE_VKEY_SIZE_MAX + 1]);

#endif
