/*
 * Foreign test vectors, where they are there: Wycheproof and RFC 9180's
 * appendix A in $REFER_VECTORS or beside the project. What they expect and we
 * do otherwise is named here.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "io/crypto_openssl.h"
#include "io/hkdf_openssl.h"
#include "io/hpke_openssl.h"
#include "io/openssl.h"
#include "io/raw_key_openssl.h"
#include "support/hex.h"

#define BYTES_MAX 16384

struct buffer {
    uint8_t bytes[BYTES_MAX];
};

/* The file, or NULL and a word about it. One that is there must parse. */
static json_t *vectors_load(const char *name)
{
    char path[1024];
    json_error_t error;
    const char *root = getenv("REFER_VECTORS");
    int size = root != NULL ? snprintf(path, sizeof path, "%s/%s", root, name)
                            : snprintf(path, sizeof path,
                                  SOURCE_DIR "/../shared/vectors/%s", name);
    assert_true(size > 0 && (size_t)size < sizeof path);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        print_message("skip: no %s\n", path);
        return NULL;
    }
    json_t *root_value = json_loadf(file, 0, &error);
    assert_int_equal(fclose(file), 0);
    if (root_value == NULL)
        fail_msg("%s:%d: %s", path, error.line, error.text);
    return root_value;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    if (text == NULL)
        fail_msg("a vector lacks %s", name);
    return text;
}

static struct slice bytes_of(
    const json_t *object, const char *name, struct buffer *buffer)
{
    return hex(text_of(object, name), buffer->bytes, sizeof buffer->bytes);
}

static long long number_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

static bool has_flag(const json_t *test, const char *flag)
{
    size_t index = 0;
    const json_t *value = NULL;
    json_array_foreach(json_object_get(test, "flags"), index,
        value) if (strcmp(json_string_value(value), flag) == 0) return true;
    return false;
}

/* Counts, so that a file read wrongly cannot pass. */
typedef bool check_run(
    struct crypto *crypto, const json_t *group, const json_t *test);

static void wycheproof_run(const char *name, check_run *check, size_t count_min)
{
    struct crypto *crypto = NULL;
    size_t group_index = 0;
    size_t checked_count = 0;
    const json_t *group = NULL;
    json_t *root = vectors_load(name);
    if (root == NULL)
        skip();
    assert_int_equal(crypto_openssl_new(NULL, &crypto), ERR_NONE);
    json_array_foreach(json_object_get(root, "testGroups"), group_index, group)
    {
        size_t index = 0;
        const json_t *test = NULL;
        json_array_foreach(json_object_get(group, "tests"), index, test)
        {
            if (!check(crypto, group, test))
                fail_msg("%s: test %lld", name, number_of(test, "tcId"));
            if (ERR_peek_error() != 0)
                fail_msg("%s: test %lld leaves an error in the queue", name,
                    number_of(test, "tcId"));
            checked_count++;
        }
    }
    print_message("%s: %zu checked\n", name, checked_count);
    assert_true(checked_count >= count_min);
    crypto_openssl_free(crypto);
    json_decref(root);
}

static bool ed25519_agrees(
    struct crypto *crypto, const json_t *group, const json_t *test)
{
    static struct buffer key;
    static struct buffer message;
    static struct buffer signature;
    bool is_valid = strcmp(text_of(test, "result"), "valid") == 0;
    struct slice key_slice =
        bytes_of(json_object_get(group, "publicKey"), "pk", &key);
    struct slice signature_slice = bytes_of(test, "sig", &signature);
    assert_int_equal(key_slice.size, KEY_SIZE);
    /* our signatures have their size by type: others never get here */
    if (signature_slice.size != SIGNATURE_SIZE)
        return !is_valid;
    return crypto->ops->verify(crypto, key_slice.bytes,
               bytes_of(test, "msg", &message),
               signature_slice.bytes) == is_valid;
}

static void ed25519_agrees_with_wycheproof(void **state)
{
    (void)state;
    wycheproof_run("wycheproof/ed25519_test.json", ed25519_agrees, 100);
}

static bool chacha_agrees(
    struct crypto *crypto, const json_t *group, const json_t *test)
{
    static struct buffer key;
    static struct buffer nonce;
    static struct buffer aad;
    static struct buffer plain;
    static struct buffer want;
    static struct buffer tag;
    static struct buffer out;
    bool is_valid = strcmp(text_of(test, "result"), "valid") == 0;
    struct slice nonce_slice = bytes_of(test, "iv", &nonce);
    struct slice key_slice = bytes_of(test, "key", &key);
    struct slice aad_slice = bytes_of(test, "aad", &aad);
    struct slice plain_slice = bytes_of(test, "msg", &plain);
    struct slice want_slice = bytes_of(test, "ct", &want);
    struct slice tag_slice = bytes_of(test, "tag", &tag);
    (void)group;
    /* our nonces have their size by type */
    if (nonce_slice.size != AEAD_NONCE_SIZE)
        return !is_valid;
    assert_int_equal(key_slice.size, KEY_SIZE);
    assert_int_equal(tag_slice.size, AEAD_TAG_SIZE);
    memcpy(want.bytes + want_slice.size, tag.bytes, AEAD_TAG_SIZE);
    want_slice.size += AEAD_TAG_SIZE;
    enum err err = crypto->ops->aead_open(
        crypto, key.bytes, nonce.bytes, aad_slice, want_slice, out.bytes);
    if (!is_valid)
        return err == ERR_SIGNATURE;
    if (err != ERR_NONE ||
        !slice_equal(slice_of(out.bytes, plain_slice.size), plain_slice))
        return false;
    return crypto->ops->aead_seal(crypto, key.bytes, nonce.bytes, aad_slice,
               plain_slice, out.bytes) == ERR_NONE &&
           slice_equal(slice_of(out.bytes, want_slice.size), want_slice);
}

static void chacha20_poly1305_agrees_with_wycheproof(void **state)
{
    (void)state;
    wycheproof_run(
        "wycheproof/chacha20_poly1305_test.json", chacha_agrees, 300);
}

static bool hkdf_agrees(
    struct crypto *crypto, const json_t *group, const json_t *test)
{
    static struct buffer secret;
    static struct buffer salt;
    static struct buffer info;
    static struct buffer want;
    static struct buffer out;
    size_t size = (size_t)number_of(test, "size");
    (void)group;
    /* 8161 bytes are the programmer's mistake, which ends the process */
    if (size > HKDF_SIZE_MAX)
        return strcmp(text_of(test, "result"), "valid") != 0;
    crypto->ops->derive(crypto, bytes_of(test, "salt", &salt),
        bytes_of(test, "ikm", &secret), bytes_of(test, "info", &info),
        out.bytes, size);
    return slice_equal(slice_of(out.bytes, size), bytes_of(test, "okm", &want));
}

static void hkdf_agrees_with_wycheproof(void **state)
{
    (void)state;
    wycheproof_run("wycheproof/hkdf_sha256_test.json", hkdf_agrees, 80);
}

/* HKDF-Extract is HMAC of its parts under the salt (RFC 5869, 2.2). */
static bool hmac_agrees(
    struct crypto *crypto, const json_t *group, const json_t *test)
{
    static struct buffer key;
    static struct buffer message;
    static struct buffer tag;
    uint8_t code[HASH_SIZE];
    struct hkdf hkdf;
    bool is_valid = strcmp(text_of(test, "result"), "valid") == 0;
    struct slice key_slice = bytes_of(test, "key", &key);
    struct slice message_slice = bytes_of(test, "msg", &message);
    struct slice tag_slice = bytes_of(test, "tag", &tag);
    (void)crypto;
    assert_int_equal(tag_slice.size * 8, number_of(group, "tagSize"));
    assert_in_range(tag_slice.size, 1, HASH_SIZE);
    assert_int_equal(hkdf_init(&hkdf), ERR_NONE);
    hkdf_extract(&hkdf, key_slice, &message_slice, 1, code);
    hkdf_release(&hkdf);
    return slice_equal(slice_of(code, tag_slice.size), tag_slice) == is_valid;
}

static void hmac_agrees_with_wycheproof(void **state)
{
    (void)state;
    wycheproof_run("wycheproof/hmac_sha256_test.json", hmac_agrees, 170);
}

static bool x25519_agrees(
    struct crypto *crypto, const json_t *group, const json_t *test)
{
    static struct buffer own_bytes;
    static struct buffer peer;
    static struct buffer want;
    uint8_t shared[KEY_SIZE];
    struct hpke_suite suite;
    (void)crypto;
    (void)group;
    assert_int_equal(hpke_init(&suite), ERR_NONE);
    assert_int_equal(bytes_of(test, "private", &own_bytes).size, KEY_SIZE);
    assert_int_equal(bytes_of(test, "public", &peer).size, KEY_SIZE);
    EVP_PKEY *own = raw_key_private(suite.x25519, own_bytes.bytes);
    assert_non_null(own);
    enum err err = hpke_agree(&suite, own, peer.bytes, shared);
    EVP_PKEY_free(own);
    hpke_release(&suite);
    /* "acceptable" to Wycheproof, refused by us */
    if (has_flag(test, "ZeroSharedSecret"))
        return err == ERR_KEY;
    return err == ERR_NONE &&
           slice_equal(SLICE_ARRAY(shared), bytes_of(test, "shared", &want));
}

static void x25519_agrees_with_wycheproof(void **state)
{
    (void)state;
    wycheproof_run("wycheproof/x25519_test.json", x25519_agrees, 500);
}

static void messages_agree(
    struct crypto *crypto, const struct hpke *hpke, const json_t *vector)
{
    static struct buffer plain;
    static struct buffer aad;
    static struct buffer want;
    static struct buffer out;
    size_t index = 0;
    const json_t *row = NULL;
    json_array_foreach(json_object_get(vector, "encryptions"), index, row)
    {
        static struct buffer nonce;
        struct slice plain_slice = bytes_of(row, "pt", &plain);
        assert_int_equal(bytes_of(row, "nonce", &nonce).size, AEAD_NONCE_SIZE);
        assert_int_equal(
            crypto->ops->aead_seal(crypto, hpke->key, nonce.bytes,
                bytes_of(row, "aad", &aad), plain_slice, out.bytes),
            ERR_NONE);
        assert_true(
            slice_equal(slice_of(out.bytes, plain_slice.size + AEAD_TAG_SIZE),
                bytes_of(row, "ct", &want)));
    }
    json_array_foreach(json_object_get(vector, "exports"), index, row)
    {
        struct slice want_slice = bytes_of(row, "exported_value", &want);
        crypto->ops->export_secret(crypto, hpke,
            bytes_of(row, "exporter_context", &aad), out.bytes,
            want_slice.size);
        assert_true(
            slice_equal(slice_of(out.bytes, want_slice.size), want_slice));
    }
}

static void hpke_agree_with(struct crypto *crypto, const json_t *vector)
{
    static struct buffer info;
    static struct buffer seed;
    static struct buffer recipient;
    static struct buffer want;
    struct hpke_suite suite;
    struct hpke sender;
    struct hpke receiver;
    uint8_t enc[KEY_SIZE];
    EVP_PKEY *own = NULL;
    struct slice info_slice = bytes_of(vector, "info", &info);
    assert_int_equal(bytes_of(vector, "ikmE", &seed).size, SEED_SIZE);
    assert_int_equal(bytes_of(vector, "pkRm", &recipient).size, KEY_SIZE);
    assert_int_equal(crypto->ops->encapsulate(crypto, recipient.bytes,
                         info_slice, seed.bytes, enc, &sender),
        ERR_NONE);
    assert_true(slice_equal(SLICE_ARRAY(enc), bytes_of(vector, "enc", &want)));
    assert_true(
        slice_equal(SLICE_ARRAY(sender.key), bytes_of(vector, "key", &want)));

    assert_int_equal(hpke_init(&suite), ERR_NONE);
    assert_int_equal(
        hpke_derive_key_pair(&suite, bytes_of(vector, "ikmR", &seed), &own),
        ERR_NONE);
    assert_int_equal(
        hpke_decapsulate(&suite, own, enc, info_slice, &receiver), ERR_NONE);
    assert_memory_equal(&sender, &receiver, sizeof sender);
    EVP_PKEY_free(own);
    hpke_release(&suite);
    messages_agree(crypto, &sender, vector);
}

static void hpke_agrees_with_rfc_9180(void **state)
{
    struct crypto *crypto = NULL;
    size_t index = 0;
    size_t checked_count = 0;
    const json_t *vector = NULL;
    json_t *root = vectors_load("hpke/rfc9180_appendixA.json");
    (void)state;
    if (root == NULL)
        skip();
    assert_int_equal(crypto_openssl_new(NULL, &crypto), ERR_NONE);
    json_array_foreach(root, index, vector)
    {
        /* our one suite, base mode */
        if (number_of(vector, "kem_id") != 32 ||
            number_of(vector, "kdf_id") != 1 ||
            number_of(vector, "aead_id") != 3 || number_of(vector, "mode") != 0)
            continue;
        hpke_agree_with(crypto, vector);
        checked_count++;
    }
    assert_int_equal(checked_count, 1);
    crypto_openssl_free(crypto);
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ed25519_agrees_with_wycheproof),
        cmocka_unit_test(chacha20_poly1305_agrees_with_wycheproof),
        cmocka_unit_test(hkdf_agrees_with_wycheproof),
        cmocka_unit_test(hmac_agrees_with_wycheproof),
        cmocka_unit_test(x25519_agrees_with_wycheproof),
        cmocka_unit_test(hpke_agrees_with_rfc_9180),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
