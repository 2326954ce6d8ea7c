/*
 * keyring.h - the keys of a running gateway, in memory: what signs, what opens,
 * what TLS shows. Read from a directory as keys_file.h lays it out; the root
 * key is not among them. It also gives every day its sealing key and destroys
 * those whose time is over, which is what makes old messages unreadable.
 *
 * One keyring serves all threads. Exactly one of them may refresh days and
 * choose keys; the others may sign, open messages and list keys meanwhile.
 * Close it when no thread and no struct crypto uses it any more.
 */
#ifndef IO_KEYRING_H
#define IO_KEYRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/instant.h"
#include "core/card.h"
#include "core/port.h"
#include "io/private_file.h"

struct evp_pkey_st; /* OpenSSL's EVP_PKEY */

/* Today and the 13 days that follow have keys. */
#define SEALING_DAYS_AHEAD 14
/* The key of a day is destroyed when so many whole days have followed it. */
#define SEALING_DAYS_KEPT 7
/* More only after clock jumps with destruction off; ERR_LIMIT. */
#define KEYRING_DAY_COUNT_MAX 128
/* Of one purpose: the one before, the one in use, the next, and a margin. */
#define KEYRING_SIGNER_COUNT_MAX 16
/* A private key that signed is destroyed so many days after its end. */
#define SIGNER_DAYS_KEPT 7
#define KEYRING_LAST_RESORT_COUNT_MAX 16
/* The last day that five digits can name. */
#define KEYRING_DAY_MAX 99999

struct keyring;

/*
 * Reads all but the root key, and makes a missing day directory. Every error
 * sets *problem.
 *   ERR_NOT_FOUND  no such directory, or a key is missing
 *   ERR_KEY        others have a right to a key or the directory; a file holds
 *                  a key of another kind
 *   ERR_MALFORMED  a file holds no key
 *   ERR_LIMIT, ERR_INVALID, ERR_IO, ERR_NO_MEMORY
 */
MUST_USE enum err keyring_open(
    const char *dir, struct keyring **keyring, struct keys_problem *problem);
/* Accepts NULL. Files stay. */
void keyring_close(struct keyring *keyring);

/*
 * Of each purpose the key to use at `now`: one that is on our card, by its
 * dates there the newest that has begun and is not over; where a clock or a
 * forgotten card leaves none, the newest that had begun: nothing stops by
 * itself. Until the first call the highest numbers are used. *changed: another
 * than before. The refreshing thread alone may call it.
 *   ERR_KEY  a purpose has no key that is on the card; nothing changed
 */
MUST_USE enum err keyring_use(struct keyring *keyring, const struct card *card,
    struct instant now, bool *changed, struct keys_problem *problem);

/* Reads keys of higher numbers that were made since. The refreshing thread.
 * Errors of keyring_open(). */
MUST_USE enum err keyring_rescan(
    struct keyring *keyring, struct keys_problem *problem);

/*
 * Destroys private keys of lower numbers than the one in use that our card does
 * not show, or whose end there is SIGNER_DAYS_KEPT days past. Not while the
 * clock is in doubt. *count: how many. The refreshing thread. ERR_IO: what
 * could be done is done; call again.
 */
MUST_USE enum err keyring_retire(struct keyring *keyring,
    const struct card *card, struct instant now, size_t *count,
    struct keys_problem *problem);

/* Counts the changes of keys in use. */
uint64_t keyring_version(struct keyring *keyring);

/*
 * Makes the keys that days from `now_ms` (Unix time) on lack; destroys, only
 * where `may_destroy`, those of days that ended more than SEALING_DAYS_KEPT
 * days ago. Pass false while the clock is in doubt. A new key is on disk before
 * it is listed. *changed: a new key sheet is due, also after an error. Call at
 * the start, every hour, and after the clock was set.
 *   ERR_INVALID    now_ms is before 1970 or after 2243
 *   ERR_LIMIT      KEYRING_DAY_COUNT_MAX is reached
 *   ERR_IO, ERR_NO_MEMORY, errors of key_file_load(): what could be done is
 *                  done; call again
 */
MUST_USE enum err keyring_refresh_days(struct keyring *keyring, int64_t now_ms,
    bool may_destroy, bool *changed, struct keys_problem *problem);

struct keyring_day_key {
    uint32_t day; /* since 1970-01-01 */
    uint8_t public_key[KEY_SIZE];
};

/* Keys of `day_first` and later, ascending, at most `capacity`; how many. */
size_t keyring_day_keys(struct keyring *keyring, uint32_t day_first,
    struct keyring_day_key *keys, size_t capacity);

/* Of the key in use. */
void keyring_last_resort_public(
    struct keyring *keyring, uint8_t public_key[KEY_SIZE]);
void keyring_signer_public(struct keyring *keyring, enum crypto_signer signer,
    uint8_t public_key[KEY_SIZE]);

/* Is there a private key for that entry of a card? */
bool keyring_has(struct keyring *keyring, const struct card_key *key);

/* Files of the TLS key and certificate in use; the texts belong to the keyring
 * and change with keyring_use(). */
void keyring_tls_paths(const struct keyring *keyring, const char **key_path,
    const char **certificate_path);
/* SHA-256 of the certificate's SubjectPublicKeyInfo, what peers pin. */
void keyring_tls_spki_hash(struct keyring *keyring, uint8_t hash[HASH_SIZE]);

/* For crypto_openssl: the signing key in use and its public half; the X25519
 * key of that crypto_key_id(), NULL when unknown. The caller frees them. */
struct evp_pkey_st *keyring_take_signer(struct keyring *keyring,
    enum crypto_signer signer, uint8_t public_key[KEY_SIZE]);
struct evp_pkey_st *keyring_take_opener(
    struct keyring *keyring, uint64_t key_id, enum crypto_opener *opener);

#endif
