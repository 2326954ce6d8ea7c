#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/tls_openssl.h"
#include "io/tls_spki.h"
#include "support/tls_certificate.h"

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

static enum err config_of(const char *certificate_path, const char *key_path)
{
    struct tls_own *own = NULL;
    nng_tls_config *config = NULL;
    enum err err = tls_own_open(certificate_path, key_path, &own);
    if (err != ERR_NONE) {
        assert_null(own);
        return err;
    }
    assert_int_equal(
        tls_openssl_config_new(NNG_TLS_MODE_SERVER, own, &config), ERR_NONE);
    nng_tls_config_free(config);
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
        uint8_t spki[TLS_SPKI_SIZE];
        tls_certificate_make(&made, kinds[i].kind);
        assert_int_equal(
            config_of(made.certificate_path, made.key_path), kinds[i].want);
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
    assert_int_equal(config_of(one.certificate_path, other.key_path), ERR_KEY);
    tls_certificate_remove(&one);
    tls_certificate_remove(&other);
}

static void what_is_in_no_file_is_not_found(void **unused)
{
    struct tls_certificate made;
    uint8_t spki[TLS_SPKI_SIZE];
    (void)unused;
    tls_certificate_make(&made, TLS_CERTIFICATE_ED25519);
    assert_int_equal(config_of("/nonexistent", made.key_path), ERR_NOT_FOUND);
    assert_int_equal(
        config_of(made.certificate_path, "/nonexistent"), ERR_NOT_FOUND);
    assert_int_equal(tls_own_spki_of_file("/nonexistent", spki), ERR_NOT_FOUND);
    tls_certificate_remove(&made);
}

/* Replaces the certificate by what is written. */
static enum err config_with(const char *text, size_t size)
{
    struct tls_certificate made;
    tls_certificate_make(&made, TLS_CERTIFICATE_ED25519);
    FILE *file = fopen(made.certificate_path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    enum err err = config_of(made.certificate_path, made.key_path);
    tls_certificate_remove(&made);
    return err;
}

static void files_that_hold_no_certificate_are_refused(void **unused)
{
    static char large[64 * 1024];
    (void)unused;
    memset(large, 'x', sizeof large);
    assert_int_equal(config_with("", 0), ERR_KEY);
    assert_int_equal(config_with("text", 4), ERR_KEY);
    assert_int_equal(config_with("te\0xt", 5), ERR_KEY);
    assert_int_equal(config_with(large, sizeof large), ERR_KEY);
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
    assert_int_equal(config_of(made.certificate_path, made.key_path), ERR_KEY);
    tls_certificate_remove(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_two_kinds_of_key_are_spoken),
        cmocka_unit_test(a_certificate_of_each_kind_is_judged),
        cmocka_unit_test(a_key_of_another_certificate_is_refused),
        cmocka_unit_test(what_is_in_no_file_is_not_found),
        cmocka_unit_test(files_that_hold_no_certificate_are_refused),
        cmocka_unit_test(a_chain_of_two_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
