#include "io/key_renewal.h"

#include <string.h>

#include "io/key_file.h"
#include "io/key_names.h"
#include "io/openssl.h"
#include "io/raw_key_openssl.h"
#include "io/tls_certificate.h"

#define NUMBER_COUNT_MAX 256

static const char *algorithm_of(enum key_purpose purpose)
{
    return purpose == KEY_LAST_RESORT ? "X25519" : "ED25519";
}

/* The certificate of a TLS key, made where it lacks; its SPKI's hash. */
static enum err certificate_have(const char *dir, uint32_t number,
    EVP_PKEY *key, uint8_t hash[HASH_SIZE], struct keys_problem *problem)
{
    char path[PRIVATE_PATH_SIZE];
    enum err err =
        key_name_path(dir, &key_name_certificate, number, path, problem);
    if (err == ERR_NONE)
        err = tls_certificate_create(path, key, problem);
    if (err == ERR_EXISTS)
        err = ERR_NONE;
    return err == ERR_NONE ? tls_certificate_spki_hash(path, key, hash, problem)
                           : err;
}

/* What a card shows of the key of that number. */
static enum err public_of(const char *dir, enum key_purpose purpose,
    uint32_t number, uint8_t public_key[KEY_SIZE], struct keys_problem *problem)
{
    char path[PRIVATE_PATH_SIZE];
    EVP_PKEY *key = NULL;
    enum err err =
        key_name_path(dir, &key_name_of[purpose], number, path, problem);
    if (err == ERR_NONE)
        err = key_file_load(path,
            purpose == KEY_TLS ? NULL : algorithm_of(purpose), NULL, &key,
            problem);
    if (err == ERR_NONE && purpose == KEY_TLS) {
        err = certificate_have(dir, number, key, public_key, problem);
    } else if (err == ERR_NONE && !raw_key_get_public(key, public_key)) {
        keys_problem_set(
            problem, "%s: the key cannot be used: out of memory", path);
        err = ERR_NO_MEMORY;
    }
    EVP_PKEY_free(key);
    return err;
}

static enum err make(const char *dir, enum key_purpose purpose, uint32_t number,
    struct keys_problem *problem)
{
    char path[PRIVATE_PATH_SIZE];
    enum err err =
        key_name_path(dir, &key_name_of[purpose], number, path, problem);
    if (err != ERR_NONE)
        return err;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, algorithm_of(purpose));
    if (key == NULL) {
        ERR_clear_error();
        keys_problem_set(
            problem, "%s: the key cannot be made: no randomness", path);
        return ERR_NO_MEMORY;
    }
    err = key_file_create(path, key, NULL, problem);
    EVP_PKEY_free(key);
    return err;
}

static bool is_shown(const struct card *card, const uint8_t key[KEY_SIZE])
{
    for (size_t i = 0; i < card->key_count; i++)
        if (memcmp(card->keys[i].key, key, KEY_SIZE) == 0)
            return true;
    return false;
}

/* The newest key, when no card shows it yet; else a new one. */
static enum err fresh_have(const char *dir, enum key_purpose purpose,
    const struct card *held, uint8_t public_key[KEY_SIZE],
    struct keys_problem *problem)
{
    uint32_t numbers[NUMBER_COUNT_MAX];
    size_t count = 0;
    uint32_t newest = 0;
    enum err err = key_name_list(
        dir, &key_name_of[purpose], numbers, NUMBER_COUNT_MAX, &count, problem);
    if (err == ERR_NONE && count > 0) {
        newest = numbers[count - 1];
        err = public_of(dir, purpose, newest, public_key, problem);
        if (err == ERR_NONE && !is_shown(held, public_key))
            return ERR_NONE;
    }
    if (err == ERR_NONE)
        err = make(dir, purpose, newest + 1, problem);
    return err == ERR_NONE
               ? public_of(dir, purpose, newest + 1, public_key, problem)
               : err;
}

enum err key_renewal_draft(struct crypto *crypto, const char *keys_dir,
    const struct card *held, struct slice held_bytes,
    const struct key_renewal *renewal, struct arena *arena, struct card *draft,
    struct keys_problem *problem)
{
    struct card_key fresh[KEY_PURPOSE_COUNT];
    struct card_renewal plan = { .now = renewal->now,
        .valid_until = { renewal->now.unix_ms + renewal->card_life_ms },
        .fresh = fresh,
        .at_once = renewal->at_once };
    for (int i = KEY_LOG; i < KEY_PURPOSE_COUNT; i++) {
        struct card_key *key = &fresh[plan.fresh_count];
        if (!renewal->purposes[i])
            continue;
        *key = (struct card_key){ .purpose = (enum key_purpose)i,
            .from = { renewal->from.unix_ms - KEY_EARLY_MS },
            .until = { renewal->from.unix_ms + renewal->key_life_ms } };
        if (i == KEY_TLS)
            key->until = plan.valid_until;
        enum err err =
            fresh_have(keys_dir, key->purpose, held, key->key, problem);
        if (err != ERR_NONE)
            return err;
        plan.fresh_count++;
    }
    enum err err = card_renew(crypto, held, held_bytes, &plan, arena, draft);
    if (err != ERR_NONE)
        keys_problem_set(
            problem, "the card has no room for more keys: %s", err_text(err));
    return err;
}
