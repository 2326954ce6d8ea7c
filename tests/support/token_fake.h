/*
 * token_fake.h - a PKCS#11 module that is loaded as any other, and does what
 * the test that has loaded it before says: token_fake_open() gives its state.
 */
#ifndef SUPPORT_TOKEN_FAKE_H
#define SUPPORT_TOKEN_FAKE_H

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdbool.h>
#include <stddef.h>

#define TOKEN_FAKE_KEY_COUNT_MAX 20

struct token_fake_key {
    const char *label;
    unsigned char id; /* 0: it has none */
    CK_KEY_TYPE type;
    bool may_decrypt;
    bool may_leave;
    bool wants_pin_again;
    bool hides_modulus; /* in the private half; the public one tells */
    bool has_no_public_half;
    bool is_large; /* of 8,200 bits: it tells no modulus that fits */
    unsigned pair; /* which of the RSA keys it is: 0 or 1 */
    bool is_gone;
};

struct token_fake {
    size_t token_count; /* alike, in slots of their own */
    CK_FLAGS flags;
    char pin[32];
    struct token_fake_key keys[TOKEN_FAKE_KEY_COUNT_MAX];
    size_t key_count;
    bool does_oaep_sha256;
    bool does_oaep_sha1;
    bool does_pkcs1;
    bool answers_damage; /* with random bytes, in PKCS #1 v1.5 */
    bool gives_one_at_a_time;
    bool hangs; /* when it is asked to decrypt */
    bool dies;  /* then */
    CK_RV initialize_code;
    CK_RV slots_code;
    CK_RV session_code;
    CK_RV login_code; /* CKR_OK: as the PIN is */
    CK_RV find_code;
    CK_RV decrypt_code; /* CKR_OK: as it can */
    CK_RV destroy_code;
    /* what was done */
    unsigned login_count;
    unsigned again_count; /* of CKU_CONTEXT_SPECIFIC */
    unsigned wrong_count;
    unsigned destroy_count;
    int session_count; /* open now */
    int begun_count;
};

/* Of a token that was begun, and asks for its PIN. */
#define TOKEN_FAKE_FLAGS                                                       \
    (CKF_TOKEN_INITIALIZED | CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED)

/* One token with one RSA key, "store", id 1; its PIN is 4711. NULL: it cannot
 * be loaded. It stays until the end. */
static inline struct token_fake *token_fake_open(const char *path)
{
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    struct token_fake *fake =
        module == NULL ? NULL : dlsym(module, "token_fake");
    if (fake != NULL)
        *fake = (struct token_fake){ .token_count = 1,
            .flags = TOKEN_FAKE_FLAGS,
            .pin = "4711",
            .keys = { { .label = "store",
                .id = 1,
                .type = CKK_RSA,
                .may_decrypt = true } },
            .key_count = 1,
            .does_oaep_sha256 = true };
    return fake;
}

#endif
