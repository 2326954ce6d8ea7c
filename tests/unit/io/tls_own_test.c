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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
