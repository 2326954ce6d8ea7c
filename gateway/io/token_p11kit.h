/*
 * token_p11kit.h - a PKCS#11 token, and the RSA keys in it that a URI means,
 * through p11-kit. Foreign code is loaded, from the one file that the URI
 * names, and not all of it can be unloaded: so this is for a process that ends
 * soon after (apart.h).
 *
 * A wrong PIN is told to a token once. Tokens count, and lock.
 *
 * One token at a time in a process; belongs to one thread.
 */
#ifndef IO_TOKEN_P11KIT_H
#define IO_TOKEN_P11KIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "io/token_uri_p11kit.h"

#define TOKEN_PIN_SIZE_MAX 255u
/* RSA of 8,192 bits. */
#define TOKEN_MODULUS_SIZE_MAX 1024u
/* More keys than that no URI should mean. */
#define TOKEN_KEY_COUNT_MAX 16u

/* How something is encrypted for a key. Numbers are in files. */
enum token_scheme {
    TOKEN_OAEP_SHA256 = 1, /* and MGF1 with the same hash */
    TOKEN_OAEP_SHA1 = 2,
    TOKEN_PKCS1 = 3, /* RSAES-PKCS1-v1_5 */
    TOKEN_SCHEME_END
};

struct token;

/* One key, as far as the token tells. */
struct token_key {
    uint8_t modulus[TOKEN_MODULUS_SIZE_MAX]; /* without leading zeros */
    size_t modulus_size;                     /* 0: it is not told */
    uint8_t exponent[8];
    size_t exponent_size; /* 0: it is not told */
    bool may_decrypt;
    bool may_leave; /* the token would give it out */
};

/*
 * Loads the module and finds the token; no PIN is needed yet.
 *   ERR_INVALID    as token_uri_read()
 *   ERR_NOT_FOUND  no such module, or no such token
 *   ERR_CONFLICT   several tokens are meant: a PIN must not be told to another
 *   ERR_IO         the module cannot be used
 *   ERR_NO_MEMORY
 */
MUST_USE enum err token_find(
    const char *uri, struct token **token, struct keys_problem *problem);
void token_close(struct token *token); /* accepts NULL */

/* As it calls itself; printable. */
const char *token_name(const struct token *token);

/* Whether token_login() needs a PIN from us. */
bool token_wants_pin(const struct token *token);

/*
 * Logs in, where the token wants that, and finds the keys. `pin` NULL: there is
 * none.
 *   ERR_KEY        the PIN is missing, wrong, locked, or would be locked by one
 *                  more mistake: then it was not tried
 *   ERR_NOT_FOUND  no private RSA key there is meant
 *   ERR_LIMIT      too many are
 *   ERR_IO         the token refuses, or is gone
 */
MUST_USE enum err token_login(
    struct token *token, const char *pin, struct keys_problem *problem);

size_t token_key_count(const struct token *token);
const struct token_key *token_key_at(const struct token *token, size_t index);

/*
 * What was encrypted for that key. *size is at most `capacity`.
 *   ERR_IO     the token does not do it
 *   ERR_LIMIT  it is more than that
 */
MUST_USE enum err token_decrypt(struct token *token, size_t index,
    enum token_scheme scheme, struct slice sealed, uint8_t *plain,
    size_t capacity, size_t *size, struct keys_problem *problem);

/* The key goes from the token, with its public half. ERR_IO: it does not allow
 * that, and the key is still there. */
MUST_USE enum err token_key_destroy(
    struct token *token, size_t index, struct keys_problem *problem);

#endif
