#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "io/crypto_openssl.h"
#include "io/hpke_openssl.h"
#include "io/openssl.h"
#include "io/raw_key_openssl.h"
#include "support/hex.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* RFC 9180 A.2.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305,
 * base mode. */
static const char info_text[] = "4f6465206f6e2061204772656369616e2055726e";
static const char seed_text[] =
    "909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b";
static const char enc_text[] =
    "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a";
static const char recipient_seed_text[] =
    "1ac01f181fdf9f352797655161c58b75c656a6cc2716dcb66372da835542e1df";
static const char recipient_text[] =
    "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a";
static const char key_text[] =
    "ad2744de8e17f4ebba575b3f5f5a8fa1f69c2a07f6e7500bc60ca6e3e3ec1c91";
static const char nonce_text[] = "5c4d98150661b848853b547f";
static const char exporter_text[] =
    "a3b010d4994890e2c6968a36f64470d3c824c8f5029942feb11e7a74b2921922";
static const char plain_text[] =
    "4265617574792069732074727574682c20747275746820626561757479";

/* clang-format off */

static const struct {
    uint32_t sequence;
    const char *aad;
    const char *sealed;
} encryptions[] = {
    { 0, "436f756e742d30",
      "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db"
      "21993c62ce81883d2dd1b51a28" },
    { 1, "436f756e742d31",
      "6b53c051e4199c518de79594e1c4ab18b96f081549d45ce015be002090bb119e"
      "85285337cc95ba5f59992dc98c" },
    { 2, "436f756e742d32",
      "71146bd6795ccc9c49ce25dda112a48f202ad220559502cef1f34271e0cb4b02"
      "b4f10ecac6f48c32f878fae86b" },
    { 4, "436f756e742d34",
      "63357a2aa291f5a4e5f27db6baa2af8cf77427c7c1a909e0b37214dd47db122b"
      "b153495ff0b02e9e54a50dbe16" },
    { 255, "436f756e742d323535",
      "18ab939d63ddec9f6ac2b60d61d36a7375d2070c9b683861110757062c52b888"
      "0a5f6b3936da9cd6c23ef2a95c" },
    { 256, "436f756e742d323536",
      "7a4a13e9ef23978e2c520fd4d2e757514ae160cd0cd05e556ef692370ca53076"
      "214c0c40d4c728d6ed9e727a5b" },
};

static const struct {
    const char *context;
    const char *value;
} exports[] = {
    { "",
      "4bbd6243b8bb54cec311fac9df81841b6fd61f56538a775e7c80a9f40160606e" },
    { "00",
      "8c1df14732580e5501b00f82b10a1647b40713191b7c1240ac80e2b68808ba69" },
    { "54657374436f6e74657874",
      "5acb09211139c43b3090489a9da433e8a30ee7188ba8b0a9a1ccf0c229283e53" },
};

/* Public keys with which every X25519 secret is zero. */
static const char *const low_order[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000080",
};

/* clang-format on */

struct fixture {
    struct hpke_suite suite;
    EVP_PKEY *own;
    uint8_t info_bytes[32];
    size_t info_size;
    uint8_t recipient[KEY_SIZE];
    uint8_t seed[SEED_SIZE];
    uint8_t enc[KEY_SIZE];
};

static struct fixture fixture_of_rfc_9180(void)
{
    struct fixture it;
    uint8_t recipient_seed[SEED_SIZE];
    assert_int_equal(hpke_init(&it.suite), ERR_NONE);
    hex_exactly(recipient_seed_text, recipient_seed, sizeof recipient_seed);
    assert_int_equal(
        hpke_derive_key_pair(&it.suite, SLICE_ARRAY(recipient_seed), &it.own),
        ERR_NONE);
    hex_exactly(recipient_text, it.recipient, sizeof it.recipient);
    hex_exactly(seed_text, it.seed, sizeof it.seed);
    hex_exactly(enc_text, it.enc, sizeof it.enc);
    it.info_size = hex(info_text, it.info_bytes, sizeof it.info_bytes).size;
    return it;
}

static struct slice info_of(const struct fixture *it)
{
    return slice_of(it->info_bytes, it->info_size);
}

static void fixture_release(struct fixture *it)
{
    EVP_PKEY_free(it->own);
    hpke_release(&it->suite);
}

static void context_expect(const struct hpke *hpke)
{
    assert_hex_equal(hpke->key, sizeof hpke->key, key_text);
    assert_hex_equal(hpke->nonce, sizeof hpke->nonce, nonce_text);
    assert_hex_equal(
        hpke->exporter_secret, sizeof hpke->exporter_secret, exporter_text);
}

static void both_ends_have_the_context_of_rfc_9180(void **state)
{
    struct fixture it = fixture_of_rfc_9180();
    uint8_t bytes[KEY_SIZE];
    struct hpke hpke;
    (void)state;
    assert_true(raw_key_get_public(it.own, bytes));
    assert_memory_equal(bytes, it.recipient, sizeof bytes);
    assert_int_equal(hpke_encapsulate(&it.suite, it.recipient, info_of(&it),
                         it.seed, bytes, &hpke),
        ERR_NONE);
    assert_hex_equal(bytes, sizeof bytes, enc_text);
    context_expect(&hpke);
    assert_int_equal(
        hpke_decapsulate(&it.suite, it.own, it.enc, info_of(&it), &hpke),
        ERR_NONE);
    context_expect(&hpke);
    fixture_release(&it);
}

static void ciphertexts_are_those_of_rfc_9180(void **state)
{
    struct fixture it = fixture_of_rfc_9180();
    struct crypto *crypto = NULL;
    struct hpke hpke;
    uint8_t plain_bytes[64];
    struct slice plain = hex(plain_text, plain_bytes, sizeof plain_bytes);
    uint8_t enc[KEY_SIZE];
    (void)state;
    assert_int_equal(crypto_openssl_new(NULL, &crypto), ERR_NONE);
    assert_int_equal(crypto->ops->encapsulate(crypto, it.recipient,
                         info_of(&it), it.seed, enc, &hpke),
        ERR_NONE);
    for (size_t i = 0; i < COUNT(encryptions); i++) {
        uint8_t aad[32];
        uint8_t sealed[128];
        uint8_t nonce[AEAD_NONCE_SIZE];
        /* RFC 9180 5.2, to have more than one message checked */
        memcpy(nonce, hpke.nonce, sizeof nonce);
        nonce[11] ^= (uint8_t)encryptions[i].sequence;
        nonce[10] ^= (uint8_t)(encryptions[i].sequence >> 8);
        assert_int_equal(
            crypto->ops->aead_seal(crypto, hpke.key, nonce,
                hex(encryptions[i].aad, aad, sizeof aad), plain, sealed),
            ERR_NONE);
        assert_hex_equal(
            sealed, plain.size + AEAD_TAG_SIZE, encryptions[i].sealed);
    }
    crypto_openssl_free(crypto);
    fixture_release(&it);
}

static void exports_are_those_of_rfc_9180(void **state)
{
    struct crypto *crypto = NULL;
    struct hpke hpke = { 0 };
    (void)state;
    assert_int_equal(crypto_openssl_new(NULL, &crypto), ERR_NONE);
    hex_exactly(
        exporter_text, hpke.exporter_secret, sizeof hpke.exporter_secret);
    for (size_t i = 0; i < COUNT(exports); i++) {
        uint8_t context[32];
        uint8_t value[32];
        crypto->ops->export_secret(crypto, &hpke,
            hex(exports[i].context, context, sizeof context), value,
            sizeof value);
        assert_hex_equal(value, sizeof value, exports[i].value);
    }
    crypto_openssl_free(crypto);
}

static void keys_with_a_zero_secret_are_refused(void **state)
{
    static const struct hpke none;
    struct fixture it = fixture_of_rfc_9180();
    (void)state;
    for (size_t i = 0; i < COUNT(low_order); i++) {
        uint8_t key[KEY_SIZE];
        uint8_t enc[KEY_SIZE];
        struct hpke hpke;
        hex_exactly(low_order[i], key, sizeof key);
        memset(&hpke, 0xff, sizeof hpke);
        assert_int_equal(
            hpke_encapsulate(&it.suite, key, info_of(&it), it.seed, enc, &hpke),
            ERR_KEY);
        assert_memory_equal(&hpke, &none, sizeof hpke);
        memset(&hpke, 0xff, sizeof hpke);
        assert_int_equal(
            hpke_decapsulate(&it.suite, it.own, key, info_of(&it), &hpke),
            ERR_KEY);
        assert_memory_equal(&hpke, &none, sizeof hpke);
        assert_int_equal(ERR_peek_error(), 0);
    }
    fixture_release(&it);
}

/* Info, recipient and encapsulated key are all bound: another of any gives
 * another context, and then nothing opens. */
static void another_info_or_enc_gives_another_context(void **state)
{
    struct fixture it = fixture_of_rfc_9180();
    struct hpke want;
    struct hpke hpke;
    (void)state;
    assert_int_equal(
        hpke_decapsulate(&it.suite, it.own, it.enc, info_of(&it), &want),
        ERR_NONE);
    it.info_bytes[0] ^= 1;
    assert_int_equal(
        hpke_decapsulate(&it.suite, it.own, it.enc, info_of(&it), &hpke),
        ERR_NONE);
    assert_memory_not_equal(hpke.key, want.key, KEY_SIZE);
    it.info_bytes[0] ^= 1;
    /* the top bit does not change the X25519 secret, yet it is bound */
    it.enc[31] ^= 0x80;
    assert_int_equal(
        hpke_decapsulate(&it.suite, it.own, it.enc, info_of(&it), &hpke),
        ERR_NONE);
    assert_memory_not_equal(hpke.key, want.key, KEY_SIZE);
    assert_memory_not_equal(
        hpke.exporter_secret, want.exporter_secret, HASH_SIZE);
    fixture_release(&it);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_have_the_context_of_rfc_9180),
        cmocka_unit_test(ciphertexts_are_those_of_rfc_9180),
        cmocka_unit_test(exports_are_those_of_rfc_9180),
        cmocka_unit_test(keys_with_a_zero_secret_are_refused),
        cmocka_unit_test(another_info_or_enc_gives_another_context),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
