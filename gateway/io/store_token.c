#include "io/store_token.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/aead_openssl.h"
#include "io/apart.h"
#include "io/openssl.h"
#include "io/passphrase.h"
#include "io/token_file.h"
#include "io/token_p11kit.h"

/* What RSA must have to be worth it. */
#define MODULUS_SIZE_MIN 256u

static const uint8_t nonce[AEAD_NONCE_SIZE];

/* ---- The token ---------------------------------------------------------- */

static enum err out_of_memory(struct keys_problem *problem)
{
    ERR_clear_error();
    keys_problem_set(
        problem, "the key of the store cannot be used: out of memory");
    return ERR_NO_MEMORY;
}

/* The first that is named. A credential is shown to the gateway's user by an
 * access list, which looks like a right of the group. */
static enum err pin_read(const struct store_slot *slot,
    char text[KEY_PASSPHRASE_SIZE_MAX + 1], const char **pin,
    struct keys_problem *problem)
{
    struct token_uri uri;
    char credential[PRIVATE_PATH_SIZE];
    enum private_file_kind kind = PRIVATE_FILE_SECRET;
    enum err err = token_uri_read(slot->token, &uri, problem);
    const char *from = slot->pin_path;
    *pin = NULL;
    if (err != ERR_NONE)
        return err;
    if (from == NULL && uri.pin_source[0] != '\0')
        from = uri.pin_source;
    if (from == NULL && slot->credentials != NULL &&
        private_path(slot->credentials, STORE_SLOT_PIN_CREDENTIAL, credential,
            problem) == ERR_NONE &&
        access(credential, F_OK) == 0) {
        from = credential;
        kind = PRIVATE_FILE_PUBLIC;
    }
    if (from == NULL)
        from = slot->passphrase_path;
    if (from == NULL)
        return ERR_NONE; /* it is said that one is needed */
    err = passphrase_read(from, kind, text, problem);
    if (err == ERR_NONE)
        *pin = text;
    return err;
}

static enum err token_enter(const struct store_slot *slot, struct token **token,
    struct keys_problem *problem)
{
    char text[KEY_PASSPHRASE_SIZE_MAX + 1];
    const char *pin = NULL;
    *token = NULL;
    if (slot->token == NULL || slot->token[0] == '\0') {
        keys_problem_set(problem,
            "the key of the store is for a token, and none is named; set "
            "store_token in referd.yaml");
        return ERR_INVALID;
    }
    enum err err = token_find(slot->token, token, problem);
    if (err == ERR_NONE && token_wants_pin(*token))
        err = pin_read(slot, text, &pin, problem);
    if (err == ERR_NONE)
        err = token_login(*token, pin, problem);
    OPENSSL_cleanse(text, sizeof text);
    if (err == ERR_NONE)
        return ERR_NONE;
    token_close(*token);
    *token = NULL;
    return err;
}

/* ---- In a process of their own ------------------------------------------ */

/* What is to be done with the token, and what came of it. */
struct order {
    const struct store_slot *slot;
    const char *path;      /* of the file; for what is told */
    struct slice bytes;    /* of the file, where it is to be opened */
    const uint8_t *secret; /* where it is to be made */
    const uint8_t *key;    /* where one is to be destroyed */
};

struct outcome {
    uint8_t secret[KEY_SIZE];
    uint8_t file[TOKEN_FILE_SIZE_MAX];
    size_t file_size;
    char name[64];
};

/* A reader with keys of its own is waited for; nobody waits for ever. */
#define TOKEN_MS_MAX 60000

static enum err token_do(apart_work *work, const struct order *order,
    struct outcome *outcome, struct keys_problem *problem)
{
    *outcome = (struct outcome){ .file_size = 0 };
    return apart_run(work, order, outcome, sizeof *outcome, TOKEN_MS_MAX,
        "the token of store_token", problem);
}

/* ---- Finding ------------------------------------------------------------ */

static enum err look_do(
    const void *user, void *result, struct keys_problem *problem)
{
    const struct order *order = user;
    struct outcome *outcome = result;
    struct token *token;
    enum err err = token_find(order->slot->token, &token, problem);
    if (err == ERR_NONE)
        (void)snprintf(
            outcome->name, sizeof outcome->name, "%s", token_name(token));
    token_close(token);
    return err;
}

enum err store_token_look(
    const struct store_slot *slot, char name[64], struct keys_problem *problem)
{
    const struct order order = { .slot = slot };
    struct outcome outcome;
    enum err err = token_do(look_do, &order, &outcome, problem);
    memcpy(name, outcome.name, sizeof outcome.name);
    return err;
}

static bool key_hash(const struct token_key *key, uint8_t hash[HASH_SIZE])
{
    return key->modulus_size > 0 &&
           EVP_Q_digest(NULL, "SHA256", NULL, key->modulus, key->modulus_size,
               hash, NULL) == 1;
}

/* A token that does not tell its modulus is believed when it has one key. */
static enum err key_find(const struct token *token, const uint8_t *wanted,
    size_t *index, struct keys_problem *problem)
{
    size_t count = token_key_count(token);
    for (*index = 0; *index < count; ++*index) {
        uint8_t hash[HASH_SIZE];
        const struct token_key *key = token_key_at(token, *index);
        bool is_known = key_hash(key, hash);
        bool is_only = count == 1 && (wanted == NULL || !is_known);
        if (is_only || (is_known && wanted != NULL &&
                           memcmp(hash, wanted, HASH_SIZE) == 0))
            return ERR_NONE;
    }
    if (wanted == NULL) {
        keys_problem_set(problem,
            "token %s: store_token means %zu of its keys; name one by object "
            "or id",
            token_name(token), count);
        return ERR_KEY;
    }
    keys_problem_set(problem,
        "token %s: the key that opens the store's is not there; use the token "
        "that it was made for, or correct object or id in store_token",
        token_name(token));
    return ERR_NOT_FOUND;
}

/* ---- Reading ------------------------------------------------------------ */

static enum err file_load(const char *path, uint8_t bytes[TOKEN_FILE_SIZE_MAX],
    struct slice *whole, struct token_file *file, struct slice *aad,
    struct keys_problem *problem)
{
    size_t size = 0;
    enum err err = private_file_read(
        path, PRIVATE_FILE_SECRET, bytes, TOKEN_FILE_SIZE_MAX, &size, problem);
    if (err != ERR_NONE)
        return err;
    *whole = slice_of(bytes, size);
    err = token_file_read(*whole, file, aad);
    if (err != ERR_NONE)
        keys_problem_set(problem,
            "%s: is not what a token opens (%s); restore it from the backup of "
            "the keys",
            path, err_text(err));
    return err;
}

static enum err file_open(const char *path, struct token *token, size_t index,
    const struct token_file *file, struct slice aad, uint8_t secret[KEY_SIZE],
    struct keys_problem *problem)
{
    uint8_t key[KEY_SIZE];
    size_t size = 0;
    struct aead aead = { 0 };
    enum err err = token_decrypt(token, index, file->scheme, file->wrapped, key,
        sizeof key, &size, problem);
    if (err != ERR_NONE)
        return err;
    if (aead_init(&aead, "AES-256-GCM") != ERR_NONE)
        err = out_of_memory(problem);
    else if (size != sizeof key ||
             aead_open(&aead, key, nonce, aad,
                 slice_of(file->sealed, sizeof file->sealed),
                 secret) != ERR_NONE) {
        keys_problem_set(problem,
            "%s: is damaged, or not for this key of the token; restore it from "
            "the backup of the keys",
            path);
        err = ERR_MALFORMED;
    }
    aead_release(&aead);
    OPENSSL_cleanse(key, sizeof key);
    return err;
}

static enum err read_do(
    const void *user, void *result, struct keys_problem *problem)
{
    const struct order *order = user;
    struct outcome *outcome = result;
    struct token_file file;
    struct slice aad;
    struct token *token = NULL;
    size_t index = 0;
    enum err err = token_file_read(order->bytes, &file, &aad);
    if (err == ERR_NONE)
        err = token_enter(order->slot, &token, problem);
    if (err == ERR_NONE)
        err = key_find(token, file.key, &index, problem);
    if (err == ERR_NONE)
        err = file_open(
            order->path, token, index, &file, aad, outcome->secret, problem);
    token_close(token);
    return err;
}

enum err store_token_read(const struct store_slot *slot, const char *path,
    uint8_t secret[KEY_SIZE], struct keys_problem *problem)
{
    uint8_t bytes[TOKEN_FILE_SIZE_MAX];
    struct order order = { .slot = slot, .path = path };
    struct outcome outcome = { .file_size = 0 };
    struct token_file file;
    struct slice aad;
    enum err err = file_load(path, bytes, &order.bytes, &file, &aad, problem);
    if (err == ERR_NONE)
        err = token_do(read_do, &order, &outcome, problem);
    if (err == ERR_NONE)
        memcpy(secret, outcome.secret, KEY_SIZE);
    OPENSSL_cleanse(&outcome, sizeof outcome);
    return err;
}

enum err store_token_key(
    const char *path, uint8_t key[HASH_SIZE], struct keys_problem *problem)
{
    uint8_t bytes[TOKEN_FILE_SIZE_MAX];
    struct token_file file = { .wrapped = SLICE_NONE };
    struct slice whole;
    struct slice aad;
    enum err err = file_load(path, bytes, &whole, &file, &aad, problem);
    memcpy(key, file.key, HASH_SIZE);
    return err;
}

/* ---- Making ------------------------------------------------------------- */

static enum err key_judge(const struct token *token,
    const struct token_key *key, struct keys_problem *problem)
{
    const char *what = NULL;
    if (key->may_leave)
        what = "the token would give this key out (CKA_EXTRACTABLE); make one "
               "that never leaves it";
    else if (!key->may_decrypt)
        what = "this key may not decrypt (CKA_DECRYPT); make one that may";
    else if (key->modulus_size == 0 || key->exponent_size == 0)
        what = "it does not tell the public half of this key; put that beside "
               "it, with the same id";
    else if (key->modulus_size < MODULUS_SIZE_MIN)
        what = "this key is too short; make one of 2048 bits at least";
    if (what == NULL)
        return ERR_NONE;
    keys_problem_set(problem, "token %s: %s", token_name(token), what);
    return ERR_KEY;
}

static EVP_PKEY *public_half(const struct token_key *key)
{
    EVP_PKEY *made = NULL;
    OSSL_PARAM *params = NULL;
    BIGNUM *n = BN_bin2bn(key->modulus, (int)key->modulus_size, NULL);
    BIGNUM *e = BN_bin2bn(key->exponent, (int)key->exponent_size, NULL);
    OSSL_PARAM_BLD *building = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *making = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    if (n != NULL && e != NULL && building != NULL && making != NULL &&
        OSSL_PARAM_BLD_push_BN(building, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(building, OSSL_PKEY_PARAM_RSA_E, e) == 1)
        params = OSSL_PARAM_BLD_to_param(building);
    if (params == NULL || EVP_PKEY_fromdata_init(making) != 1 ||
        EVP_PKEY_fromdata(making, &made, EVP_PKEY_PUBLIC_KEY, params) != 1)
        made = NULL;
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(building);
    EVP_PKEY_CTX_free(making);
    BN_free(n);
    BN_free(e);
    return made;
}

static bool scheme_set(EVP_PKEY_CTX *encrypting, enum token_scheme scheme)
{
    const EVP_MD *hash =
        scheme == TOKEN_OAEP_SHA256 ? EVP_sha256() : EVP_sha1();
    if (scheme == TOKEN_PKCS1)
        return EVP_PKEY_CTX_set_rsa_padding(encrypting, RSA_PKCS1_PADDING) == 1;
    return EVP_PKEY_CTX_set_rsa_padding(encrypting, RSA_PKCS1_OAEP_PADDING) ==
               1 &&
           EVP_PKEY_CTX_set_rsa_oaep_md(encrypting, hash) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(encrypting, hash) == 1;
}

static bool encrypt(EVP_PKEY *half, enum token_scheme scheme,
    const uint8_t key[KEY_SIZE], uint8_t wrapped[TOKEN_MODULUS_SIZE_MAX],
    size_t *size)
{
    *size = TOKEN_MODULUS_SIZE_MAX;
    EVP_PKEY_CTX *encrypting = EVP_PKEY_CTX_new_from_pkey(NULL, half, NULL);
    bool done = encrypting != NULL && EVP_PKEY_encrypt_init(encrypting) == 1 &&
                scheme_set(encrypting, scheme) &&
                EVP_PKEY_encrypt(encrypting, wrapped, size, key, KEY_SIZE) == 1;
    EVP_PKEY_CTX_free(encrypting);
    return done;
}

/* The bytes of a file; their number in *size. */
static enum err file_make(const struct token_key *of, EVP_PKEY *half,
    enum token_scheme scheme, const uint8_t secret[KEY_SIZE],
    uint8_t bytes[TOKEN_FILE_SIZE_MAX], size_t *size,
    struct keys_problem *problem)
{
    uint8_t key[KEY_SIZE];
    uint8_t wrapped[TOKEN_MODULUS_SIZE_MAX];
    struct token_file file = { .scheme = scheme, .wrapped.bytes = wrapped };
    struct aead aead = { 0 };
    bool done = aead_init(&aead, "AES-256-GCM") == ERR_NONE &&
                key_hash(of, file.key) &&
                RAND_priv_bytes(key, sizeof key) == 1 &&
                encrypt(half, scheme, key, wrapped, &file.wrapped.size);
    if (done) {
        *size = token_file_begin(&file, bytes);
        done = aead_seal(&aead, key, nonce, slice_of(bytes, *size),
                   slice_of(secret, KEY_SIZE), file.sealed) == ERR_NONE;
        *size = token_file_end(&file, *size, bytes);
    }
    aead_release(&aead);
    OPENSSL_cleanse(key, sizeof key);
    return done ? ERR_NONE : out_of_memory(problem);
}

/* The first scheme that the token undoes. */
static enum err wrap(struct token *token, size_t index, EVP_PKEY *half,
    const uint8_t secret[KEY_SIZE], uint8_t bytes[TOKEN_FILE_SIZE_MAX],
    size_t *size, struct keys_problem *problem)
{
    enum err err = ERR_KEY;
    for (int i = TOKEN_OAEP_SHA256; i < TOKEN_SCHEME_END; i++) {
        uint8_t again[KEY_SIZE] = { 0 };
        struct token_file file;
        struct slice aad;
        err = file_make(token_key_at(token, index), half, (enum token_scheme)i,
            secret, bytes, size, problem);
        if (err != ERR_NONE)
            return err;
        err = token_file_read(slice_of(bytes, *size), &file, &aad);
        if (err == ERR_NONE)
            err = file_open(
                token_name(token), token, index, &file, aad, again, problem);
        bool is_same = CRYPTO_memcmp(again, secret, KEY_SIZE) == 0;
        OPENSSL_cleanse(again, sizeof again);
        if (err == ERR_NONE && is_same)
            return ERR_NONE;
    }
    return ERR_KEY; /* *problem is that of the last */
}

static enum err create_do(
    const void *user, void *result, struct keys_problem *problem)
{
    const struct order *order = user;
    struct outcome *outcome = result;
    size_t index = 0;
    struct token *token = NULL;
    EVP_PKEY *half = NULL;
    enum err err = token_enter(order->slot, &token, problem);
    if (err == ERR_NONE)
        err = key_find(token, NULL, &index, problem);
    if (err == ERR_NONE)
        err = key_judge(token, token_key_at(token, index), problem);
    if (err == ERR_NONE) {
        half = public_half(token_key_at(token, index));
        err = half == NULL ? out_of_memory(problem)
                           : wrap(token, index, half, order->secret,
                                 outcome->file, &outcome->file_size, problem);
    }
    EVP_PKEY_free(half);
    token_close(token);
    return err;
}

enum err store_token_create(const struct store_slot *slot, const char *path,
    const uint8_t secret[KEY_SIZE], struct keys_problem *problem)
{
    const struct order order = { .slot = slot, .path = path, .secret = secret };
    struct outcome outcome;
    enum err err = token_do(create_do, &order, &outcome, problem);
    return err == ERR_NONE
               ? private_file_create(
                     path, slice_of(outcome.file, outcome.file_size), problem)
               : err;
}

/* ---- Destroying --------------------------------------------------------- */

static enum err destroy_do(
    const void *user, void *result, struct keys_problem *problem)
{
    const struct order *order = user;
    struct token *token = NULL;
    size_t index = 0;
    (void)result;
    enum err err = token_enter(order->slot, &token, problem);
    if (err == ERR_NONE)
        err = key_find(token, order->key, &index, problem);
    if (err == ERR_NONE)
        err = token_key_destroy(token, index, problem);
    token_close(token);
    return err;
}

enum err store_token_destroy(const struct store_slot *slot, const uint8_t *key,
    struct keys_problem *problem)
{
    const struct order order = { .slot = slot, .key = key };
    struct outcome outcome;
    return token_do(destroy_do, &order, &outcome, problem);
}
