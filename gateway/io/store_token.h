/*
 * store_token.h - the secret of the store in a file that only a token's key
 * opens (token_file.h). Tokens give no secret out; what they hold is the key
 * that this file is for, and it never leaves them.
 *
 * Why RSA, and encrypted here: cards and sticks, HSMs and TPMs have in common
 * that they decrypt with an RSA key; few cards hold AES keys, or agree on
 * curves. OAEP is asked for first. With which hash a token does it, it does
 * not tell (SoftHSM 2.6: SHA-1 alone, which is sound in OAEP), and some, such
 * as OpenPGP cards, do PKCS #1 v1.5 alone: so each is tried, and what the token
 * has opened once is what is kept. Nobody can ask it for the padding of
 * v1.5 who could not ask it to decrypt.
 *
 * The token's own software runs in another process, which ends before any of
 * these returns (apart.h: one thread): the gateway keeps neither its code nor a
 * line to the token, and does not care when that is pulled out. Beside what is
 * said below, all of them: ERR_TIMEOUT after a minute, ERR_IO.
 */
#ifndef IO_STORE_TOKEN_H
#define IO_STORE_TOKEN_H

#include "base/err.h"
#include "core/port.h"
#include "io/private_file.h"
#include "io/store_slot.h"

/*
 * `secret` in a new file at `path`, which the token has opened once.
 *   ERR_KEY    also: no key there is fit, or several are
 *   else as token_find(), token_login() and private_file_create()
 */
MUST_USE enum err store_token_create(const struct store_slot *slot,
    const char *path, const uint8_t secret[KEY_SIZE],
    struct keys_problem *problem);

/*
 * What the file holds. The caller wipes.
 *   ERR_NOT_FOUND  also: no file; the key it is for is not there
 *   ERR_MALFORMED  the file is damaged
 *   ERR_INVALID    no token is named
 *   else as token_find() and token_login()
 */
MUST_USE enum err store_token_read(const struct store_slot *slot,
    const char *path, uint8_t secret[KEY_SIZE], struct keys_problem *problem);

/* Which of the token's keys the file is for. ERR_NOT_FOUND, ERR_MALFORMED. */
MUST_USE enum err store_token_key(
    const char *path, uint8_t key[HASH_SIZE], struct keys_problem *problem);

/*
 * That key goes from the token; `key` NULL: the only one that is meant.
 * ERR_IO: it does not allow that.
 */
MUST_USE enum err store_token_destroy(const struct store_slot *slot,
    const uint8_t *key, struct keys_problem *problem);

/* Whether the token is there; nobody logs in. `name` is its own. */
MUST_USE enum err store_token_look(
    const struct store_slot *slot, char name[64], struct keys_problem *problem);

#endif
