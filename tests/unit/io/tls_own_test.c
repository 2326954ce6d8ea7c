#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* OpenSSL has a type of the name of one of our error codes. */
#define ERR_STATE OPENSSL_ERR_STATE
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#undef ERR_STATE

#include "io/tls_own.h"
#include "io/tls_spki.h"
#include "support/tls_certificate.h"

/* What a handshake begun now would show. */
static void shown_by(struct tls_own *own, uint8_t spki[TLS_OWN_SPKI_SIZE])
{
    SSL_CTX *context = SSL_CTX_new(TLS_method());
    assert_non_null(context);
    SSL *ssl = SSL_new(context);
    assert_non_null(ssl);
    assert_true(tls_own_show(own, ssl));
    assert_int_equal(SSL_check_private_key(ssl), 1);
    assert_int_equal(tls_own_spki(SSL_get_certificate(ssl), spki), ERR_NONE);
    SSL_free(ssl);
    SSL_CTX_free(context);
}

static bool shows(struct tls_own *own, const struct tls_certificate *made)
{
    uint8_t spki[TLS_OWN_SPKI_SIZE];
    shown_by(own, spki);
    return memcmp(spki, made->spki, sizeof spki) == 0;
}

static struct tls_own *open_own(const struct tls_certificate *made)
{
    struct tls_own *own;
    assert_int_equal(
        tls_own_open(made->certificate_path, made->key_path, &own), ERR_NONE);
    return own;
}

static void what_is_set_is_shown_from_then_on(void **state)
{
    static const enum tls_certificate_kind kinds[] = { TLS_CERTIFICATE_ED25519,
        TLS_CERTIFICATE_P256, TLS_CERTIFICATE_ED25519 };
    struct tls_certificate made[3];
    (void)state;
    for (int i = 0; i < 3; i++)
        tls_certificate_make(&made[i], kinds[i]);
    struct tls_own *own = open_own(&made[0]);
    assert_true(shows(own, &made[0]));
    for (int i = 1; i < 3; i++) {
        assert_int_equal(
            tls_own_set(own, made[i].certificate_path, made[i].key_path),
            ERR_NONE);
        assert_true(shows(own, &made[i]));
        assert_false(shows(own, &made[i - 1]));
    }
    tls_own_release(own);
    for (int i = 0; i < 3; i++)
        tls_certificate_remove(&made[i]);
}

static void after_an_error_all_is_as_it_was(void **state)
{
    struct tls_certificate ours, other, rsa;
    (void)state;
    tls_certificate_make(&ours, TLS_CERTIFICATE_ED25519);
    tls_certificate_make(&other, TLS_CERTIFICATE_ED25519);
    tls_certificate_make(&rsa, TLS_CERTIFICATE_RSA);
    const struct {
        const char *certificate_path;
        const char *key_path;
        enum err want;
    } rows[] = {
        { "/nonexistent", other.key_path, ERR_NOT_FOUND },
        { other.certificate_path, "/nonexistent", ERR_NOT_FOUND },
        { "/", other.key_path, ERR_NOT_FOUND },
        { other.certificate_path, ours.key_path, ERR_KEY },
        { ours.certificate_path, other.key_path, ERR_KEY },
        { other.key_path, other.certificate_path, ERR_KEY },
        { rsa.certificate_path, rsa.key_path, ERR_KEY },
        { "/dev/null", other.key_path, ERR_KEY },
    };
    struct tls_own *own = open_own(&ours);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tls_own *none = own;
        assert_int_equal(
            tls_own_set(own, rows[i].certificate_path, rows[i].key_path),
            rows[i].want);
        assert_true(shows(own, &ours));
        assert_int_equal(
            tls_own_open(rows[i].certificate_path, rows[i].key_path, &none),
            rows[i].want);
        assert_null(none);
    }
    tls_own_release(own);
    tls_certificate_remove(&ours);
    tls_certificate_remove(&other);
    tls_certificate_remove(&rsa);
}

/* Nobody is there to be asked for a passphrase. */
static void an_encrypted_key_is_refused(void **state)
{
    static const char text[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                               "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEF\n"
                               "-----END ENCRYPTED PRIVATE KEY-----\n";
    struct tls_certificate made;
    struct tls_own *own;
    (void)state;
    tls_certificate_make(&made, TLS_CERTIFICATE_ED25519);
    FILE *file = fopen(made.key_path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(
        tls_own_open(made.certificate_path, made.key_path, &own), ERR_KEY);
    tls_certificate_remove(&made);
}

static void the_last_holder_releases_it(void **state)
{
    struct tls_certificate made;
    (void)state;
    tls_certificate_make(&made, TLS_CERTIFICATE_P256);
    struct tls_own *own = open_own(&made);
    assert_ptr_equal(tls_own_hold(own), own);
    assert_ptr_equal(tls_own_hold(own), own);
    tls_own_release(own);
    assert_true(shows(own, &made));
    tls_own_release(own);
    assert_true(shows(own, &made));
    tls_own_release(own); /* the sanitizer tells of what stays */
    tls_own_release(NULL);
    tls_certificate_remove(&made);
}

static void a_file_says_what_peers_pin(void **state)
{
    struct tls_certificate made;
    uint8_t spki[TLS_OWN_SPKI_SIZE];
    (void)state;
    tls_certificate_make(&made, TLS_CERTIFICATE_P256);
    assert_int_equal(
        tls_own_spki_of_file(made.certificate_path, spki), ERR_NONE);
    assert_memory_equal(spki, made.spki, sizeof spki);
    assert_int_equal(tls_own_spki_of_file(made.key_path, spki), ERR_KEY);
    tls_certificate_remove(&made);
}

/* ---- While others begin handshakes ---- */

#define TURN_COUNT 200

struct race {
    struct tls_own *own;
    const struct tls_certificate *made; /* two */
    atomic_bool is_over;
};

static void *change(void *user)
{
    struct race *race = user;
    for (int i = 0; i < TURN_COUNT; i++) {
        const struct tls_certificate *made = &race->made[i % 2];
        if (tls_own_set(race->own, made->certificate_path, made->key_path) !=
            ERR_NONE)
            abort();
    }
    atomic_store(&race->is_over, true);
    return NULL;
}

/* Certificate and key are always of one pair, whenever it is asked. */
static void what_is_shown_meanwhile_is_whole(void **state)
{
    struct tls_certificate made[2];
    pthread_t thread;
    (void)state;
    tls_certificate_make(&made[0], TLS_CERTIFICATE_ED25519);
    tls_certificate_make(&made[1], TLS_CERTIFICATE_P256);
    struct race race = { .own = open_own(&made[0]), .made = made };
    assert_int_equal(pthread_create(&thread, NULL, change, &race), 0);
    do {
        uint8_t spki[TLS_OWN_SPKI_SIZE];
        shown_by(race.own, spki);
        assert_true(memcmp(spki, made[0].spki, sizeof spki) == 0 ||
                    memcmp(spki, made[1].spki, sizeof spki) == 0);
    } while (!atomic_load(&race.is_over));
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(shows(race.own, &made[(TURN_COUNT - 1) % 2]));
    tls_own_release(race.own);
    tls_certificate_remove(&made[0]);
    tls_certificate_remove(&made[1]);
}

/* OpenSSL reads the certificate all the same, and has no key for it then. */
static void a_point_off_the_curve_is_no_key(void **state)
{
    const uint8_t before[] = { 0x03, 0x42, 0x00, 0x04 }; /* its coordinates */
    struct tls_certificate made;
    uint8_t spki[TLS_OWN_SPKI_SIZE];
    uint8_t der[2048];
    (void)state;
    tls_certificate_make(&made, TLS_CERTIFICATE_P256);
    FILE *file = fopen(made.certificate_path, "re");
    assert_non_null(file);
    X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(tls_own_spki(certificate, spki), ERR_NONE);
    uint8_t *end = der;
    int size = i2d_X509(certificate, &end);
    assert_in_range(size, 1, sizeof der);
    X509_free(certificate);
    uint8_t *point = der;
    while (memcmp(point, before, sizeof before) != 0)
        assert_true(++point < end - sizeof before);
    point[sizeof before + 63] ^= 1;
    const uint8_t *at = der;
    certificate = d2i_X509(NULL, &at, size);
    assert_non_null(certificate);
    assert_int_equal(tls_own_spki(certificate, spki), ERR_KEY);
    assert_int_equal(ERR_peek_error(), 0);
    X509_free(certificate);
    tls_certificate_remove(&made);
}

/* ---- Kinds of keys and files ---- */

static void hex(const char *text, uint8_t *bytes, size_t *size)
{
    unsigned byte;
    for (*size = 0; sscanf(text, "%2x", &byte) == 1; text += 2)
        bytes[(*size)++] = (uint8_t)byte;
}

#define ED "302a300506032b6570032100"
#define P256 "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
#define ZERO_30 "000000000000000000000000000000000000000000000000000000000000"
#define FF_30 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define SOME_32                                                                \
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"

/* clang-format off */
static const struct {
    const char *it;
    const char *der;
    bool want;
} keys[] = {
    { "Ed25519 (RFC 8032, test 1)",      ED SOME_32,                    true },
    { "Ed25519, a byte short",           ED ZERO_30 "11",               false },
    { "Ed25519, a byte more",            ED SOME_32 "00",               false },
    { "Ed448's identifier",              "302a300506032b6571032100" SOME_32, false },
    { "P-256",                           P256 SOME_32 SOME_32,          true },
    { "P-256, a byte short",             P256 SOME_32 ZERO_30 "11",     false },
    { "P-384's identifier",
      "3059301306072a8648ce3d020106082a8648ce3d04010703420004" SOME_32 SOME_32, false },
    { "nothing",                         "",                            false },
    { "order 4, y = 0",                  ED "00" ZERO_30 "00",          false },
    { "order 4, y = 0, sign",            ED "00" ZERO_30 "80",          false },
    { "order 1, y = 1",                  ED "01" ZERO_30 "00",          false },
    { "order 1, y = 1, sign",            ED "01" ZERO_30 "80",          false },
    { "order 2, y = p - 1",              ED "ec" FF_30 "7f",            false },
    { "order 2, y = p - 1, sign",        ED "ec" FF_30 "ff",            false },
    { "y = p",                           ED "ed" FF_30 "7f",            false },
    { "y = p, sign",                     ED "ed" FF_30 "ff",            false },
    { "y = p + 1",                       ED "ee" FF_30 "7f",            false },
    { "y = p + 1, sign",                 ED "ee" FF_30 "ff",            false },
    { "order 8",
      ED "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", false },
    { "order 8, sign",
      ED "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa", false },
    { "order 8, the other",
      ED "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", false },
    { "order 8, the other, sign",
      ED "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85", false },
};
/* clang-format on */

static void only_two_kinds_of_key_are_spoken(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        uint8_t der[128];
        size_t size;
        hex(keys[i].der, der, &size);
        if (tls_spki_is_spoken(slice_of(der, size)) != keys[i].want)
            fail_msg("%s", keys[i].it);
    }
}

static enum err open_of(const char *certificate_path, const char *key_path)
{
    struct tls_own *own = NULL;
    enum err err = tls_own_open(certificate_path, key_path, &own);
    assert_true((err == ERR_NONE) == (own != NULL));
    tls_own_release(own);
    return err;
}

static void a_certificate_of_each_kind_is_judged(void **unused)
{
    static const struct {
        enum tls_certificate_kind kind;
        enum err want;
    } kinds[] = {
        { TLS_CERTIFICATE_ED25519, ERR_NONE },
        { TLS_CERTIFICATE_P256, ERR_NONE },
        { TLS_CERTIFICATE_P384, ERR_KEY },
        { TLS_CERTIFICATE_RSA, ERR_KEY },
    };
    (void)unused;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct tls_certificate made;
        uint8_t spki[TLS_OWN_SPKI_SIZE];
        tls_certificate_make(&made, kinds[i].kind);
        assert_int_equal(
            open_of(made.certificate_path, made.key_path), kinds[i].want);
        assert_int_equal(
            tls_own_spki_of_file(made.certificate_path, spki), kinds[i].want);
        if (kinds[i].want == ERR_NONE)
            assert_memory_equal(spki, made.spki, sizeof spki);
        tls_certificate_remove(&made);
    }
}

static void a_key_of_another_certificate_is_refused(void **unused)
{
    struct tls_certificate one, other;
    (void)unused;
    tls_certificate_make(&one, TLS_CERTIFICATE_ED25519);
    tls_certificate_make(&other, TLS_CERTIFICATE_ED25519);
    assert_int_equal(open_of(one.certificate_path, other.key_path), ERR_KEY);
    tls_certificate_remove(&one);
    tls_certificate_remove(&other);
}

static void what_is_in_no_file_is_not_found(void **unused)
{
    struct tls_certificate made;
    uint8_t spki[TLS_OWN_SPKI_SIZE];
    (void)unused;
    tls_certificate_make(&made, TLS_CERTIFICATE_ED25519);
    assert_int_equal(open_of("/nonexistent", made.key_path), ERR_NOT_FOUND);
    assert_int_equal(
        open_of(made.certificate_path, "/nonexistent"), ERR_NOT_FOUND);
    assert_int_equal(tls_own_spki_of_file("/nonexistent", spki), ERR_NOT_FOUND);
    tls_certificate_remove(&made);
}

/* Replaces the certificate by what is written. */
static enum err open_with(const char *text, size_t size)
{
    struct tls_certificate made;
    tls_certificate_make(&made, TLS_CERTIFICATE_ED25519);
    FILE *file = fopen(made.certificate_path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    enum err err = open_of(made.certificate_path, made.key_path);
    tls_certificate_remove(&made);
    return err;
}

static void files_that_hold_no_certificate_are_refused(void **unused)
{
    static char large[64 * 1024];
    (void)unused;
    memset(large, 'x', sizeof large);
    assert_int_equal(open_with("", 0), ERR_KEY);
    assert_int_equal(open_with("text", 4), ERR_KEY);
    assert_int_equal(open_with("te\0xt", 5), ERR_KEY);
    assert_int_equal(open_with(large, sizeof large), ERR_KEY);
}

static void a_chain_of_two_is_refused(void **unused)
{
    struct tls_certificate made;
    char text[8192];
    (void)unused;
    tls_certificate_make(&made, TLS_CERTIFICATE_ED25519);
    FILE *file = fopen(made.certificate_path, "r+e");
    assert_non_null(file);
    size_t size = fread(text, 1, sizeof text, file);
    assert_true(size > 0 && size < sizeof text);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(open_of(made.certificate_path, made.key_path), ERR_KEY);
    tls_certificate_remove(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_set_is_shown_from_then_on),
        cmocka_unit_test(after_an_error_all_is_as_it_was),
        cmocka_unit_test(an_encrypted_key_is_refused),
        cmocka_unit_test(the_last_holder_releases_it),
        cmocka_unit_test(a_file_says_what_peers_pin),
        cmocka_unit_test(a_point_off_the_curve_is_no_key),
        cmocka_unit_test(what_is_shown_meanwhile_is_whole),
        cmocka_unit_test(only_two_kinds_of_key_are_spoken),
        cmocka_unit_test(a_certificate_of_each_kind_is_judged),
        cmocka_unit_test(a_key_of_another_certificate_is_refused),
        cmocka_unit_test(what_is_in_no_file_is_not_found),
        cmocka_unit_test(files_that_hold_no_certificate_are_refused),
        cmocka_unit_test(a_chain_of_two_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
