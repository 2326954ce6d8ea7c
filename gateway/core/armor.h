/*
 * armor.h - bytes as text that survives mail: a BEGIN line, base64 (RFC 4648)
 * in lines of 64, an END line. It protects nothing: what is inside is signed.
 */
#ifndef CORE_ARMOR_H
#define CORE_ARMOR_H

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

#define ARMOR_LINE_SIZE 64
#define ARMOR_CARD "REFER CARD" /* a SignedCard */
#define ARMOR_CARD_REQUEST "REFER CARD REQUEST"
#define ARMOR_MOU "REFER AGREEMENT"         /* a MouOffer */
#define ARMOR_REVOCATION "REFER REVOCATION" /* a SignedRevocation */

/*
 * "-----BEGIN LABEL-----", lines, "-----END LABEL-----", each with a line
 * feed. `label` is upper-case English. SLICE_NONE when the arena is full.
 */
struct slice armor_write(
    const char *label, struct slice bytes, struct arena *arena);

/*
 * The bytes of exactly one block with that label. Lines may end in CR LF and
 * in blanks, and blank lines may stand before and after; all else is refused:
 * other text, a line that is not full before the last, an empty block.
 *   ERR_MALFORMED
 *   ERR_LIMIT      the arena is full
 */
MUST_USE enum err armor_read(const char *label, struct slice text,
    struct arena *arena, struct slice *bytes);

#endif
