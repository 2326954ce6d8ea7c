#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "io/crypto_openssl.h"
#include "io/key_file.h"
#include "io/keys_file.h"
#include "io/openssl.h"
#include "support/hex.h"
#include "support/scratch.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* RFC 8032 7.1 test 2. */
static const char rfc8032_key[] =
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
static const char rfc8032_signature[] =
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";

static const char *const names[] = { "root.pem", "root.pub", "log-1.pem",
    "witness-1.pem", "operation-1.pem", "last-resort-1.pem", "tls-1.pem",
    "tls-1.crt" };

static unsigned mode_of(const char *path)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return (unsigned)(status.st_mode & 07777);
}

static void problem_names(
    const struct keys_problem *problem, const char *path, const char *remedy)
{
    if (strstr(problem->text, path) == NULL ||
        strstr(problem->text, remedy) == NULL)
        fail_msg("\"%s\" lacks %s or %s", problem->text, path, remedy);
}

static struct slice file_read(const char *path, uint8_t bytes[4096])
{
    struct keys_problem problem;
    size_t size = 0;
    assert_int_equal(private_file_read(path, PRIVATE_FILE_SECRET, bytes, 4096,
                         &size, &problem),
        ERR_NONE);
    return slice_of(bytes, size);
}

static bool contains(struct slice bytes, struct slice part)
{
    for (size_t i = 0; i + part.size <= bytes.size; i++)
        if (memcmp(bytes.bytes + i, part.bytes, part.size) == 0)
            return true;
    return false;
}

static void every_file_is_there_and_private(void **state)
{
    struct scratch scratch;
    struct keys_problem problem;
    (void)state;
    scratch_open(&scratch);
    const char *dir = scratch_path(&scratch, "keys");
    mode_t before = umask(0);
    enum err err = keys_create(dir, NULL, &problem);
    (void)umask(before);
    assert_int_equal(err, ERR_NONE);
    assert_int_equal(mode_of(dir), 0700);
    for (size_t i = 0; i < COUNT(names); i++) {
        char path[1024];
        (void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        assert_int_equal(mode_of(path), 0600);
    }
    assert_int_equal(mode_of(scratch_path(&scratch, "keys/day")), 0700);
    scratch_close(&scratch);
}

static void a_second_creation_is_refused_and_changes_nothing(void **state)
{
    struct scratch scratch;
    struct keys_problem problem;
    uint8_t before[4096];
    uint8_t after[4096];
    (void)state;
    scratch_open(&scratch);
    assert_int_equal(
        keys_create(scratch_path(&scratch, "keys"), NULL, &problem), ERR_NONE);
    struct slice first =
        file_read(scratch_path(&scratch, "keys/root.pem"), before);
    assert_int_equal(
        keys_create(scratch_path(&scratch, "keys"), NULL, &problem),
        ERR_EXISTS);
    problem_names(&problem, scratch.path, "never overwritten");
    assert_true(slice_equal(
        first, file_read(scratch_path(&scratch, "keys/root.pem"), after)));
    scratch_close(&scratch);
}

static void only_an_empty_private_directory_is_taken(void **state)
{
    struct scratch scratch;
    struct keys_problem problem;
    (void)state;
    scratch_open(&scratch);
    const char *dir = scratch_path(&scratch, "keys");
    const char *other = scratch_path(&scratch, "keys/other");
    assert_int_equal(mkdir(dir, 0755), 0);
    assert_int_equal(chmod(dir, 0755), 0);
    assert_int_equal(keys_create(dir, NULL, &problem), ERR_KEY);
    problem_names(&problem, dir, "chmod 700");
    assert_int_equal(chmod(dir, 0700), 0);
    assert_int_equal(
        private_file_create(other, SLICE_LITERAL("x"), &problem), ERR_NONE);
    assert_int_equal(keys_create(dir, NULL, &problem), ERR_EXISTS);
    problem_names(&problem, dir, "holds other already");
    assert_int_equal(unlink(other), 0);
    assert_int_equal(keys_create(dir, NULL, &problem), ERR_NONE);
    scratch_close(&scratch);
}

static void directory_expect_empty(const char *dir)
{
    /* rmdir takes empty ones only */
    assert_int_equal(rmdir(dir), 0);
}

static void a_failed_creation_leaves_no_key(void **state)
{
    struct scratch scratch;
    struct keys_problem problem;
    struct rlimit before;
    (void)state;
    scratch_open(&scratch);
    const char *dir = scratch_path(&scratch, "keys");
    assert_int_equal(keys_create(dir, "", &problem), ERR_INVALID);
    directory_expect_empty(dir);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct sigaction ignore = { .sa_handler = SIG_IGN };
    struct sigaction handler;
    assert_int_equal(sigaction(SIGXFSZ, &ignore, &handler), 0);
    /* enough for keys, too little for the certificate, which comes last */
    struct rlimit some = { .rlim_cur = 200, .rlim_max = before.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &some), 0);
    enum err err = keys_create(dir, NULL, &problem);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(sigaction(SIGXFSZ, &handler, NULL), 0);
    assert_int_equal(err, ERR_IO);
    problem_names(&problem, "tls-1.crt", "see to the disk");
    directory_expect_empty(dir);
    scratch_close(&scratch);
}

/* The key of RFC 8032 7.1 test 2, encrypted by openssl-pkcs8(1), few rounds. */
static void the_root_key_opens_with_its_passphrase_only(void **state)
{
    static const uint8_t none[SIGNATURE_SIZE];
    static const char pem[] =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
        "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhaZ54Gt5u0bgICA+gw\n"
        "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEED2Bu/UcjEwSD0cDJANircYEQCS6\n"
        "SA05hkSjbTl+AS9g+O9NMiji0Ts/HBvriZQoM3ks3PtSfs+pB+VnAtoMUd4Yp/Br\n"
        "IfYj2ClSwbKwMoJMZUw=\n"
        "-----END ENCRYPTED PRIVATE KEY-----\n";
    struct scratch scratch;
    struct keys_problem problem;
    uint8_t signature[SIGNATURE_SIZE];
    uint8_t key[KEY_SIZE];
    uint8_t message[] = { 0x72 };
    (void)state;
    scratch_open(&scratch);
    const char *path = scratch_path(&scratch, "root.pem");
    assert_int_equal(
        private_file_create(path, slice_of_text(pem), &problem), ERR_NONE);
    assert_int_equal(root_sign(path, "correct horse battery",
                         SLICE_ARRAY(message), signature, key, &problem),
        ERR_NONE);
    assert_hex_equal(key, sizeof key, rfc8032_key);
    assert_hex_equal(signature, sizeof signature, rfc8032_signature);

    assert_int_equal(root_sign(path, "correct horse batterx",
                         SLICE_ARRAY(message), signature, key, &problem),
        ERR_KEY);
    problem_names(&problem, path, "passphrase is wrong");
    assert_memory_equal(signature, none, sizeof signature);
    assert_memory_equal(key, none, sizeof key);
    assert_int_equal(
        root_sign(path, NULL, SLICE_ARRAY(message), signature, key, &problem),
        ERR_KEY);
    problem_names(&problem, path, "give the passphrase");
    assert_int_equal(ERR_peek_error(), 0);
    scratch_close(&scratch);
}

/* What the root key signs verifies under root.pub. */
static void signer_expect(
    const char *dir, const char *path, const char *passphrase)
{
    struct keys_problem problem;
    struct crypto *crypto = NULL;
    uint8_t signature[SIGNATURE_SIZE];
    uint8_t key[KEY_SIZE];
    uint8_t published[KEY_SIZE];
    struct slice message = SLICE_LITERAL("refer.v1 card and more");
    assert_int_equal(
        root_sign(path, passphrase, message, signature, key, &problem),
        ERR_NONE);
    assert_int_equal(root_public(dir, published, &problem), ERR_NONE);
    assert_memory_equal(published, key, sizeof key);
    assert_int_equal(crypto_openssl_new(NULL, &crypto), ERR_NONE);
    assert_true(crypto->ops->verify(crypto, key, message, signature));
    crypto_openssl_free(crypto);
}

/* PBES2 with PBKDF2 of 600,000 rounds, HMAC-SHA256, AES-256-CBC, by their
 * object identifiers in the DER. */
static void the_root_key_is_encrypted_expensively(void **state)
{
    static const uint8_t pbkdf2[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
        0x05, 0x0c };
    static const uint8_t rounds[] = { 0x02, 0x03, 0x09, 0x27, 0xc0 };
    static const uint8_t hmac_sha256[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d,
        0x02, 0x09 };
    static const uint8_t aes_256_cbc[] = { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03,
        0x04, 0x01, 0x2a };
    struct scratch scratch;
    struct keys_problem problem;
    uint8_t pem[4096];
    char *name = NULL;
    char *header = NULL;
    uint8_t *bytes = NULL;
    long size = 0;
    (void)state;
    scratch_open(&scratch);
    assert_int_equal(
        keys_create(scratch_path(&scratch, "keys"), "passphrase", &problem),
        ERR_NONE);
    signer_expect(scratch_path(&scratch, "keys"),
        scratch_path(&scratch, "keys/root.pem"), "passphrase");
    struct slice text = file_read(scratch_path(&scratch, "keys/root.pem"), pem);
    BIO *bio = BIO_new_mem_buf(text.bytes, (int)text.size);
    assert_non_null(bio);
    assert_int_equal(PEM_read_bio(bio, &name, &header, &bytes, &size), 1);
    assert_string_equal(name, "ENCRYPTED PRIVATE KEY");
    struct slice der = slice_of(bytes, (size_t)size);
    assert_true(contains(der, SLICE_ARRAY(pbkdf2)));
    assert_true(contains(der, SLICE_ARRAY(rounds)));
    assert_true(contains(der, SLICE_ARRAY(hmac_sha256)));
    assert_true(contains(der, SLICE_ARRAY(aes_256_cbc)));
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(bytes);
    BIO_free(bio);
    scratch_close(&scratch);
}

/* RFC 8032 7.1 test 2 in the PKCS#8 of RFC 8410. */
static void root_signs_as_rfc_8032_has_it(void **state)
{
    static const char pem[] =
        "-----BEGIN PRIVATE KEY-----\n"
        "MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
        "-----END PRIVATE KEY-----\n";
    struct scratch scratch;
    struct keys_problem problem;
    uint8_t signature[SIGNATURE_SIZE];
    uint8_t key[KEY_SIZE];
    uint8_t message[] = { 0x72 };
    (void)state;
    scratch_open(&scratch);
    const char *path = scratch_path(&scratch, "root.pem");
    assert_int_equal(
        private_file_create(path, slice_of_text(pem), &problem), ERR_NONE);
    assert_int_equal(
        root_sign(path, NULL, SLICE_ARRAY(message), signature, key, &problem),
        ERR_NONE);
    assert_hex_equal(key, sizeof key, rfc8032_key);
    assert_hex_equal(signature, sizeof signature, rfc8032_signature);
    /* one that needs no passphrase takes any */
    assert_int_equal(root_sign(path, "needless", SLICE_ARRAY(message),
                         signature, key, &problem),
        ERR_NONE);
    scratch_close(&scratch);
}

static void what_is_no_root_key_does_not_sign(void **state)
{
    struct scratch scratch;
    struct keys_problem problem;
    uint8_t signature[SIGNATURE_SIZE];
    uint8_t key[KEY_SIZE];
    (void)state;
    scratch_open(&scratch);
    assert_int_equal(
        keys_create(scratch_path(&scratch, "keys"), NULL, &problem), ERR_NONE);
    const char *path = scratch_path(&scratch, "keys/last-resort-1.pem");
    assert_int_equal(
        root_sign(path, NULL, SLICE_NONE, signature, key, &problem), ERR_KEY);
    problem_names(&problem, path, "none for ED25519");
    path = scratch_path(&scratch, "keys/tls-1.crt");
    assert_int_equal(
        root_sign(path, NULL, SLICE_NONE, signature, key, &problem),
        ERR_MALFORMED);
    problem_names(&problem, path, "no private key");
    path = scratch_path(&scratch, "keys/missing.pem");
    assert_int_equal(
        root_sign(path, NULL, SLICE_NONE, signature, key, &problem),
        ERR_NOT_FOUND);
    path = scratch_path(&scratch, "keys/root.pem");
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(
        root_sign(path, NULL, SLICE_NONE, signature, key, &problem), ERR_KEY);
    problem_names(&problem, path, "chmod 600");
    assert_int_equal(
        root_public(scratch_path(&scratch, "nowhere"), key, &problem),
        ERR_NOT_FOUND);
    scratch_close(&scratch);
}

static void the_certificate_names_nobody(void **state)
{
    struct scratch scratch;
    struct keys_problem problem;
    uint8_t pem[4096];
    char subject[64];
    int days = 0;
    int seconds = 0;
    (void)state;
    scratch_open(&scratch);
    assert_int_equal(
        keys_create(scratch_path(&scratch, "keys"), NULL, &problem), ERR_NONE);
    struct slice text =
        file_read(scratch_path(&scratch, "keys/tls-1.crt"), pem);
    BIO *bio = BIO_new_mem_buf(text.bytes, (int)text.size);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(certificate);
    assert_int_equal(X509_get_version(certificate), X509_VERSION_3);
    assert_non_null(X509_NAME_oneline(
        X509_get_subject_name(certificate), subject, sizeof subject));
    assert_string_equal(subject, "/CN=refer");
    assert_int_equal(X509_NAME_cmp(X509_get_subject_name(certificate),
                         X509_get_issuer_name(certificate)),
        0);
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    assert_int_equal(EVP_PKEY_is_a(key, "ED25519"), 1);
    assert_int_equal(X509_verify(certificate, key), 1);
    assert_int_equal(
        ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(certificate),
            X509_get0_notAfter(certificate)),
        1);
    assert_true(days > 365 * 1000);
    X509_free(certificate);
    scratch_close(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_is_there_and_private),
        cmocka_unit_test(a_second_creation_is_refused_and_changes_nothing),
        cmocka_unit_test(only_an_empty_private_directory_is_taken),
        cmocka_unit_test(a_failed_creation_leaves_no_key),
        cmocka_unit_test(the_root_key_opens_with_its_passphrase_only),
        cmocka_unit_test(the_root_key_is_encrypted_expensively),
        cmocka_unit_test(root_signs_as_rfc_8032_has_it),
        cmocka_unit_test(what_is_no_root_key_does_not_sign),
        cmocka_unit_test(the_certificate_names_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
