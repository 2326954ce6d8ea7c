#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "io/crypto_openssl.h"
#include "io/hkdf_openssl.h"
#include "io/openssl.h"
#include "io/random_openssl.h"
#include "support/hex.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static struct crypto *crypto_without_keys(void)
{
    struct crypto *crypto = NULL;
    assert_int_equal(crypto_openssl_new(NULL, &crypto), ERR_NONE);
    return crypto;
}

/* ---- Hash and HKDF ---- */

static void hash_is_sha256_of_all_parts(void **state)
{
    struct crypto *crypto = crypto_without_keys();
    uint8_t digest[HASH_SIZE];
    const char *abc =
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    struct slice parts[] = { SLICE_LITERAL("a"), SLICE_NONE,
        SLICE_LITERAL("bc") };
    (void)state;
    crypto_hash(crypto, parts, 3, digest);
    assert_hex_equal(digest, sizeof digest, abc);
    crypto_hash(crypto, NULL, 0, digest);
    assert_hex_equal(digest, sizeof digest,
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    crypto_hash(crypto, parts, 3, digest);
    assert_hex_equal(digest, sizeof digest, abc);
    crypto_openssl_free(crypto);
}

static void key_ids_are_the_first_bytes_of_a_prefixed_hash(void **state)
{
    struct crypto *crypto = crypto_without_keys();
    uint8_t key[KEY_SIZE];
    (void)state;
    hex_exactly(
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", key,
        sizeof key);
    assert_int_equal(crypto_key_id(crypto, key), UINT64_C(0x32dc2b5b3ffa99f6));
    crypto_openssl_free(crypto);
}

/* clang-format off */

static const struct {
    const char *it;
    const char *secret;
    const char *salt;
    const char *info;
    const char *out;
} hkdf_rows[] = {
    { "RFC 5869 A.1",
      "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
      "000102030405060708090a0b0c",
      "f0f1f2f3f4f5f6f7f8f9",
      "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
      "34007208d5b887185865" },
    { "RFC 5869 A.2",
      "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
      "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
      "404142434445464748494a4b4c4d4e4f",
      "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f"
      "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
      "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
      "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecf"
      "d0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeef"
      "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
      "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
      "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
      "cc30c58179ec3e87c14c01d5c1f3434f1d87" },
    { "RFC 5869 A.3, no salt, no info",
      "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
      "",
      "",
      "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
      "9d201395faa4b61a96c8" },
};

/* clang-format on */

static void derive_is_hkdf_sha256(void **state)
{
    struct crypto *crypto = crypto_without_keys();
    (void)state;
    for (size_t i = 0; i < COUNT(hkdf_rows); i++) {
        uint8_t secret[128];
        uint8_t salt[128];
        uint8_t info[128];
        uint8_t out[128];
        size_t size = strlen(hkdf_rows[i].out) / 2;
        crypto->ops->derive(crypto, hex(hkdf_rows[i].salt, salt, sizeof salt),
            hex(hkdf_rows[i].secret, secret, sizeof secret),
            hex(hkdf_rows[i].info, info, sizeof info), out, size);
        assert_hex_equal(out, size, hkdf_rows[i].out);
    }
    crypto_openssl_free(crypto);
}

static void derive_fills_up_to_255_blocks(void **state)
{
    static uint8_t out[HKDF_SIZE_MAX];
    struct crypto *crypto = crypto_without_keys();
    struct slice whole = SLICE_ARRAY(out);
    uint8_t digest[HASH_SIZE];
    uint8_t none = 0x5a;
    (void)state;
    crypto->ops->derive(crypto, SLICE_LITERAL("salt"), SLICE_LITERAL("secret"),
        SLICE_LITERAL("info"), out, sizeof out);
    crypto_hash(crypto, &whole, 1, digest);
    assert_hex_equal(digest, sizeof digest,
        "cba3a942d3923adc5281096393efb90cd7a388796af48ea75b7c469458c8e6e2");
    crypto->ops->derive(crypto, SLICE_NONE, SLICE_NONE, SLICE_NONE, &none, 0);
    assert_int_equal(none, 0x5a);
    crypto_openssl_free(crypto);
}

/* ---- Signatures ---- */

/* clang-format off */

static const struct {
    const char *it;
    const char *key;
    const char *message;
    const char *signature;
} rfc8032_rows[] = {
    { "test 1",
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
      "",
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
      "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b" },
    { "test 2",
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
      "72",
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
      "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00" },
    { "test 3",
      "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
      "af82",
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
      "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a" },
    { "test SHA(abc)",
      "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
      "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
      "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
      "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704" },
};

/* clang-format on */

static void rfc_8032_signatures_verify(void **state)
{
    struct crypto *crypto = crypto_without_keys();
    (void)state;
    for (size_t i = 0; i < COUNT(rfc8032_rows); i++) {
        uint8_t key[KEY_SIZE];
        uint8_t bytes[64];
        uint8_t signature[SIGNATURE_SIZE];
        struct slice message =
            hex(rfc8032_rows[i].message, bytes, sizeof bytes);
        hex_exactly(rfc8032_rows[i].key, key, sizeof key);
        hex_exactly(rfc8032_rows[i].signature, signature, sizeof signature);
        assert_true(crypto->ops->verify(crypto, key, message, signature));
    }
    crypto_openssl_free(crypto);
}

/* A context of OpenSSL 3.0 that is not reset keeps the key it had first. */
static void a_signature_verifies_under_its_own_key_only(void **state)
{
    struct crypto *crypto = crypto_without_keys();
    (void)state;
    for (size_t i = 0; i < COUNT(rfc8032_rows); i++)
        for (size_t j = 0; j < COUNT(rfc8032_rows); j++) {
            uint8_t key[KEY_SIZE];
            uint8_t bytes[64];
            uint8_t signature[SIGNATURE_SIZE];
            struct slice message =
                hex(rfc8032_rows[i].message, bytes, sizeof bytes);
            hex_exactly(rfc8032_rows[j].key, key, sizeof key);
            hex_exactly(rfc8032_rows[i].signature, signature, sizeof signature);
            assert_int_equal(
                crypto->ops->verify(crypto, key, message, signature), i == j);
            assert_int_equal(ERR_peek_error(), 0);
        }
    crypto_openssl_free(crypto);
}

static void no_flipped_bit_of_a_signature_verifies(void **state)
{
    struct crypto *crypto = crypto_without_keys();
    uint8_t key[KEY_SIZE];
    uint8_t message[] = { 0xaf, 0x82 };
    uint8_t signature[SIGNATURE_SIZE];
    (void)state;
    hex_exactly(rfc8032_rows[2].key, key, sizeof key);
    hex_exactly(rfc8032_rows[2].signature, signature, sizeof signature);
    for (size_t bit = 0; bit < 8 * sizeof signature; bit++) {
        signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(
            crypto->ops->verify(crypto, key, SLICE_ARRAY(message), signature));
        signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(
        crypto->ops->verify(crypto, key, SLICE_ARRAY(message), signature));
    crypto_openssl_free(crypto);
}

static void without_a_keyring_there_are_no_own_keys(void **state)
{
    struct crypto *crypto = crypto_without_keys();
    uint8_t bytes[SIGNATURE_SIZE] = { 0 };
    enum crypto_opener opener = CRYPTO_OPENER_DAY;
    struct hpke hpke;
    struct hpke none = { 0 };
    (void)state;
    for (int i = 0; i < CRYPTO_SIGNER_COUNT; i++) {
        assert_int_equal(crypto->ops->sign(crypto, (enum crypto_signer)i,
                             SLICE_LITERAL("text"), bytes),
            ERR_KEY);
        assert_int_equal(
            crypto->ops->signer_public(crypto, (enum crypto_signer)i, bytes),
            ERR_KEY);
    }
    memset(&hpke, 0xff, sizeof hpke);
    assert_int_equal(
        crypto->ops->decapsulate(crypto, 1, bytes, SLICE_NONE, &opener, &hpke),
        ERR_KEY);
    assert_memory_equal(&hpke, &none, sizeof hpke);
    crypto_openssl_free(crypto);
}

/* ---- AEAD ---- */

/* RFC 8439, 2.8.2. */
static const char aead_key[] =
    "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f";
static const char aead_nonce[] = "070000004041424344454647";
static const char aead_aad[] = "50515253c0c1c2c3c4c5c6c7";
static const char aead_plain[] =
    "Ladies and Gentlemen of the class of '99: If I could offer you only one "
    "tip for the future, sunscreen would be it.";
static const char aead_sealed[] =
    "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
    "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
    "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
    "3ff4def08e4b7a9de576d26586cec64b6116"
    "1ae10b594f09e26a7e902ecbd0600691";

#define AEAD_PLAIN_SIZE (sizeof aead_plain - 1)
#define AEAD_SEALED_SIZE (AEAD_PLAIN_SIZE + AEAD_TAG_SIZE)

/* Everything that goes into opening, in one row of bytes. */
struct aead_case {
    uint8_t key[KEY_SIZE];
    uint8_t nonce[AEAD_NONCE_SIZE];
    uint8_t aad[12];
    uint8_t sealed[AEAD_SEALED_SIZE];
};

static struct aead_case rfc_8439(void)
{
    struct aead_case it;
    hex_exactly(aead_key, it.key, sizeof it.key);
    hex_exactly(aead_nonce, it.nonce, sizeof it.nonce);
    hex_exactly(aead_aad, it.aad, sizeof it.aad);
    hex_exactly(aead_sealed, it.sealed, sizeof it.sealed);
    return it;
}

static void rfc_8439_seals_and_opens(void **state)
{
    struct crypto *crypto = crypto_without_keys();
    struct aead_case it = rfc_8439();
    uint8_t sealed[AEAD_SEALED_SIZE];
    uint8_t plain[AEAD_PLAIN_SIZE];
    (void)state;
    for (int round = 0; round < 2; round++) {
        assert_int_equal(
            crypto->ops->aead_seal(crypto, it.key, it.nonce,
                SLICE_ARRAY(it.aad), slice_of_text(aead_plain), sealed),
            ERR_NONE);
        assert_memory_equal(sealed, it.sealed, sizeof sealed);
        assert_int_equal(
            crypto->ops->aead_open(crypto, it.key, it.nonce,
                SLICE_ARRAY(it.aad), SLICE_ARRAY(it.sealed), plain),
            ERR_NONE);
        assert_memory_equal(plain, aead_plain, sizeof plain);
    }
    crypto_openssl_free(crypto);
}

static void no_flipped_bit_opens_and_nothing_unauthentic_is_shown(void **state)
{
    static const uint8_t zeros[AEAD_PLAIN_SIZE];
    struct crypto *crypto = crypto_without_keys();
    struct aead_case it = rfc_8439();
    uint8_t *bytes = (uint8_t *)&it;
    uint8_t plain[AEAD_PLAIN_SIZE];
    (void)state;
    for (size_t bit = 0; bit < 8 * sizeof it; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        memset(plain, 0xff, sizeof plain);
        assert_int_equal(
            crypto->ops->aead_open(crypto, it.key, it.nonce,
                SLICE_ARRAY(it.aad), SLICE_ARRAY(it.sealed), plain),
            ERR_SIGNATURE);
        assert_memory_equal(plain, zeros, sizeof plain);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(ERR_peek_error(), 0);
    crypto_openssl_free(crypto);
}

static void no_cut_text_opens(void **state)
{
    struct crypto *crypto = crypto_without_keys();
    struct aead_case it = rfc_8439();
    uint8_t plain[AEAD_PLAIN_SIZE];
    (void)state;
    for (size_t size = 0; size < sizeof it.sealed; size++) {
        assert_int_equal(
            crypto->ops->aead_open(crypto, it.key, it.nonce,
                SLICE_ARRAY(it.aad), slice_of(it.sealed, size), plain),
            ERR_SIGNATURE);
        assert_int_equal(crypto->ops->aead_open(crypto, it.key, it.nonce,
                             slice_of(it.aad, size % sizeof it.aad),
                             SLICE_ARRAY(it.sealed), plain),
            ERR_SIGNATURE);
    }
    crypto_openssl_free(crypto);
}

static void nothing_at_all_can_be_sealed(void **state)
{
    struct crypto *crypto = crypto_without_keys();
    struct aead_case it = rfc_8439();
    uint8_t tag[AEAD_TAG_SIZE];
    uint8_t none = 0;
    (void)state;
    assert_int_equal(crypto->ops->aead_seal(
                         crypto, it.key, it.nonce, SLICE_NONE, SLICE_NONE, tag),
        ERR_NONE);
    assert_int_equal(crypto->ops->aead_open(crypto, it.key, it.nonce,
                         SLICE_NONE, SLICE_ARRAY(tag), &none),
        ERR_NONE);
    tag[0] ^= 1;
    assert_int_equal(crypto->ops->aead_open(crypto, it.key, it.nonce,
                         SLICE_NONE, SLICE_ARRAY(tag), &none),
        ERR_SIGNATURE);
    crypto_openssl_free(crypto);
}

/* ---- Randomness ---- */

static void random_bytes_differ(void **state)
{
    uint8_t first[64] = { 0 };
    uint8_t second[64] = { 0 };
    (void)state;
    assert_int_equal(random_fill(first, sizeof first), ERR_NONE);
    assert_int_equal(random_fill(second, sizeof second), ERR_NONE);
    assert_memory_not_equal(first, second, sizeof first);
    assert_int_equal(random_fill(first, 0), ERR_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_is_sha256_of_all_parts),
        cmocka_unit_test(key_ids_are_the_first_bytes_of_a_prefixed_hash),
        cmocka_unit_test(derive_is_hkdf_sha256),
        cmocka_unit_test(derive_fills_up_to_255_blocks),
        cmocka_unit_test(rfc_8032_signatures_verify),
        cmocka_unit_test(a_signature_verifies_under_its_own_key_only),
        cmocka_unit_test(no_flipped_bit_of_a_signature_verifies),
        cmocka_unit_test(without_a_keyring_there_are_no_own_keys),
        cmocka_unit_test(rfc_8439_seals_and_opens),
        cmocka_unit_test(no_flipped_bit_opens_and_nothing_unauthentic_is_shown),
        cmocka_unit_test(no_cut_text_opens),
        cmocka_unit_test(nothing_at_all_can_be_sealed),
        cmocka_unit_test(random_bytes_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
