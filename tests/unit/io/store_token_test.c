/* Is the store's key in a file that one key of a token opens, and no other? */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "io/apart.h"
#include "io/keys_file.h"
#include "io/panic_file.h"
#include "io/store_key.h"
#include "io/store_token.h"
#include "io/token_file.h"
#include "support/scratch.h"
#include "support/token_fake.h"

#define URI "pkcs11:token=fake%20one;object=store?module-path=" TOKEN_FAKE

static struct token_fake *fake;
static const uint8_t secret[KEY_SIZE] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };

struct bench {
    struct scratch scratch;
    char pin[400];
    char path[400];
    struct store_slot slot;
    struct keys_problem problem;
};

static void write_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0600), 0);
}

static void bench_open(struct bench *bench)
{
    memset(bench, 0, sizeof *bench);
    scratch_open(&bench->scratch);
    (void)snprintf(bench->pin, sizeof bench->pin, "%s",
        scratch_path(&bench->scratch, "pin"));
    (void)snprintf(bench->path, sizeof bench->path, "%s",
        scratch_path(&bench->scratch, "store-1.token"));
    write_file(bench->pin, "4711\nmore\n", 10);
    bench->slot = (struct store_slot){
        .keys = bench->scratch.path, .token = URI, .pin_path = bench->pin
    };
    fake = token_fake_open(TOKEN_FAKE);
    assert_non_null(fake);
    /* both are made here, before any other process needs one */
    fake->keys[1] = fake->keys[0];
    fake->keys[1].pair = 1;
    fake->keys[1].id = 2;
}

/* One RSA key a process would be another in each. */
static void pairs_make(void)
{
    struct token *token;
    struct keys_problem problem;
    fake->key_count = 2;
    assert_int_equal(token_find(URI, &token, &problem), ERR_NONE);
    assert_int_equal(token_login(token, "4711", &problem), ERR_NONE);
    token_close(token);
    fake->key_count = 1;
}

static void create(struct bench *bench)
{
    if (store_token_create(
            &bench->slot, bench->path, secret, &bench->problem) != ERR_NONE)
        fail_msg("%s", bench->problem.text);
}

static void opens(struct bench *bench)
{
    uint8_t read[KEY_SIZE] = { 0 };
    if (store_token_read(&bench->slot, bench->path, read, &bench->problem) !=
        ERR_NONE)
        fail_msg("%s", bench->problem.text);
    assert_memory_equal(read, secret, KEY_SIZE);
}

static void refuses(struct bench *bench, enum err expected, const char *says)
{
    uint8_t read[KEY_SIZE] = { 0 };
    static const uint8_t none[KEY_SIZE];
    assert_int_equal(
        store_token_read(&bench->slot, bench->path, read, &bench->problem),
        expected);
    assert_memory_equal(read, none, KEY_SIZE);
    if (strstr(bench->problem.text, says) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", bench->problem.text, says);
}

static size_t bytes_of(const char *path, uint8_t bytes[TOKEN_FILE_SIZE_MAX])
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t size = fread(bytes, 1, TOKEN_FILE_SIZE_MAX, file);
    assert_int_equal(fclose(file), 0);
    return size;
}

/* ---- Cases -------------------------------------------------------------- */

static void what_a_token_can_is_found_by_trying(void **state)
{
    static const struct {
        bool does_oaep_sha256;
        bool does_oaep_sha1;
        bool does_pkcs1;
        bool answers_damage;
        enum token_scheme scheme;
    } rows[] = {
        { true, true, true, false, TOKEN_OAEP_SHA256 },
        { false, true, true, false, TOKEN_OAEP_SHA1 },
        { false, false, true, false, TOKEN_PKCS1 },
        { false, false, true, true, TOKEN_PKCS1 },
    };
    struct bench bench;
    (void)state;
    bench_open(&bench);
    pairs_make();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t bytes[TOKEN_FILE_SIZE_MAX];
        struct token_file file;
        struct slice aad;
        fake->does_oaep_sha256 = rows[i].does_oaep_sha256;
        fake->does_oaep_sha1 = rows[i].does_oaep_sha1;
        fake->does_pkcs1 = rows[i].does_pkcs1;
        fake->answers_damage = rows[i].answers_damage;
        create(&bench);
        opens(&bench);
        size_t size = bytes_of(bench.path, bytes);
        assert_int_equal(
            token_file_read(slice_of(bytes, size), &file, &aad), ERR_NONE);
        assert_int_equal(file.scheme, rows[i].scheme);
        /* the secret is not in it */
        for (size_t at = 0; at + 8 <= size; at++)
            assert_memory_not_equal(bytes + at, secret, 8);
        assert_int_equal(unlink(bench.path), 0);
    }
    fake->does_pkcs1 = false;
    assert_int_equal(
        store_token_create(&bench.slot, bench.path, secret, &bench.problem),
        ERR_KEY);
    assert_non_null(strstr(bench.problem.text, "does not decrypt"));
    assert_int_not_equal(access(bench.path, F_OK), 0);
    scratch_close(&bench.scratch);
}

static void the_file_is_for_one_key(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench);
    pairs_make();
    create(&bench);
    fake->key_count = 2;
    opens(&bench); /* the right one of two */
    assert_int_equal(
        store_token_create(&bench.slot, bench.path, secret, &bench.problem),
        ERR_KEY);
    assert_non_null(strstr(bench.problem.text, "means 2 of its keys"));
    fake->keys[0].is_gone = true;
    refuses(&bench, ERR_NOT_FOUND, "opens the store's is not there");
    fake->keys[0].is_gone = false;
    fake->key_count = 1;
    fake->keys[0].pair = 1;
    refuses(&bench, ERR_NOT_FOUND, "opens the store's is not there");
    /* one that tells nothing of itself is tried, and found out */
    fake->keys[0].hides_modulus = true;
    fake->keys[0].has_no_public_half = true;
    refuses(&bench, ERR_IO, "may be another than before");
    fake->answers_damage = true;
    refuses(&bench, ERR_MALFORMED, "or not for this key");
    fake->answers_damage = false;
    fake->keys[0].pair = 0;
    opens(&bench);
    scratch_close(&bench.scratch);
}

static void a_key_that_is_not_fit_is_not_used(void **state)
{
    static const struct {
        struct token_fake_key key;
        const char *says;
    } rows[] = {
        { { .may_decrypt = true, .may_leave = true }, "CKA_EXTRACTABLE" },
        { { .may_leave = false }, "CKA_DECRYPT" },
        { { .may_decrypt = true,
              .hides_modulus = true,
              .has_no_public_half = true },
            "public half" },
        { { .may_decrypt = true, .is_large = true }, "public half" },
    };
    struct bench bench;
    (void)state;
    bench_open(&bench);
    pairs_make();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fake->keys[0] = rows[i].key;
        fake->keys[0].label = "store";
        assert_int_equal(
            store_token_create(&bench.slot, bench.path, secret, &bench.problem),
            ERR_KEY);
        if (strstr(bench.problem.text, rows[i].says) == NULL)
            fail_msg("%zu: %s", i, bench.problem.text);
    }
    scratch_close(&bench.scratch);
}

static void a_key_that_wants_the_pin_each_time_gets_it(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench);
    pairs_make();
    fake->keys[0].wants_pin_again = true;
    create(&bench);
    opens(&bench);
    scratch_close(&bench.scratch);
}

static void every_damaged_bit_is_noticed(void **state)
{
    struct bench bench;
    uint8_t bytes[TOKEN_FILE_SIZE_MAX];
    struct token_file file;
    struct slice aad;
    (void)state;
    bench_open(&bench);
    pairs_make();
    create(&bench);
    size_t size = bytes_of(bench.path, bytes);
    /* one of each part; the key is a name alone, and told as another's */
    static const struct {
        size_t at;
        enum err err;
    } rows[] = {
        { 0, ERR_MALFORMED },        /* what it is */
        { 8, ERR_VERSION },          /* version */
        { 9, ERR_IO },               /* scheme: of the others */
        { 10, ERR_NOT_FOUND },       /* key */
        { 42, ERR_MALFORMED },       /* size */
        { 60, ERR_IO },              /* wrapped */
        { SIZE_MAX, ERR_MALFORMED }, /* sealed: the last */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t at = rows[i].at == SIZE_MAX ? size - 1 : rows[i].at;
        bytes[at] ^= 3;
        assert_int_equal(unlink(bench.path), 0);
        write_file(bench.path, bytes, size);
        refuses(&bench, rows[i].err, "");
        bytes[at] ^= 3;
    }
    for (size_t cut = 0; cut < size; cut++)
        assert_int_not_equal(
            token_file_read(slice_of(bytes, cut), &file, &aad), ERR_NONE);
    scratch_close(&bench.scratch);
}

static void a_pin_comes_from_the_first_place_that_is_named(void **state)
{
    struct bench bench;
    char uri[1000];
    char wrong[400];
    (void)state;
    bench_open(&bench);
    pairs_make();
    create(&bench);
    (void)snprintf(
        wrong, sizeof wrong, "%s", scratch_path(&bench.scratch, "wrong"));
    write_file(wrong, "0000\n", 5);
    /* the environment's way, last */
    bench.slot.pin_path = NULL;
    refuses(&bench, ERR_KEY, "it wants a PIN");
    bench.slot.passphrase_path = bench.pin;
    opens(&bench);
    /* a credential, which its group may read */
    bench.slot.passphrase_path = wrong;
    bench.slot.credentials = bench.scratch.path;
    const char *credential =
        scratch_path(&bench.scratch, STORE_SLOT_PIN_CREDENTIAL);
    write_file(credential, "4711\n", 5);
    assert_int_equal(chmod(credential, 0640), 0);
    opens(&bench);
    /* what the URI says, which is for its owner alone */
    (void)snprintf(uri, sizeof uri, "%s&pin-source=%s", URI, wrong);
    bench.slot.token = uri;
    refuses(&bench, ERR_KEY, "PIN is wrong");
    assert_int_equal(chmod(wrong, 0640), 0);
    refuses(&bench, ERR_KEY, "chmod 600");
    assert_int_equal(unlink(wrong), 0);
    refuses(&bench, ERR_NOT_FOUND, "wrong: cannot open it");
    bench.slot.pin_path = bench.pin;
    opens(&bench);
    scratch_close(&bench.scratch);
}

static void a_module_that_dies_takes_nobody_with_it(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench);
    pairs_make();
    create(&bench);
    fake->dies = true;
    refuses(&bench, ERR_IO, "ended without a word");
    fake->dies = false;
    opens(&bench);
    scratch_close(&bench.scratch);
}

static enum err wait_for_ever(
    const void *order, void *result, struct keys_problem *problem)
{
    (void)order;
    (void)result;
    (void)problem;
    while (pause() < 0)
        continue;
    return ERR_NONE;
}

static void one_that_hangs_is_ended(void **state)
{
    struct keys_problem problem = { "" };
    uint8_t result[4] = { 0 };
    (void)state;
    assert_int_equal(apart_run(wait_for_ever, NULL, result, sizeof result, 1,
                         "it", &problem),
        ERR_TIMEOUT);
    assert_non_null(strstr(problem.text, "it: gave no answer"));
}

static void a_token_is_looked_at_without_its_pin(void **state)
{
    struct bench bench;
    char name[64];
    (void)state;
    bench_open(&bench);
    fake->login_code = CKR_PIN_LOCKED;
    assert_int_equal(
        store_token_look(&bench.slot, name, &bench.problem), ERR_NONE);
    assert_string_equal(name, "fake_one");
    fake->token_count = 0;
    assert_int_equal(
        store_token_look(&bench.slot, name, &bench.problem), ERR_NOT_FOUND);
    scratch_close(&bench.scratch);
}

static void the_key_is_destroyed_that_the_file_is_for(void **state)
{
    struct bench bench;
    uint8_t key[HASH_SIZE];
    (void)state;
    bench_open(&bench);
    pairs_make();
    create(&bench);
    assert_int_equal(
        store_token_key(bench.path, key, &bench.problem), ERR_NONE);
    fake->destroy_code = CKR_ACTION_PROHIBITED;
    assert_int_equal(
        store_token_destroy(&bench.slot, key, &bench.problem), ERR_IO);
    fake->destroy_code = CKR_OK;
    fake->key_count = 2; /* not just any */
    assert_int_equal(
        store_token_destroy(&bench.slot, NULL, &bench.problem), ERR_KEY);
    assert_int_equal(
        store_token_destroy(&bench.slot, key, &bench.problem), ERR_NONE);
    key[0] ^= 1;
    assert_int_equal(
        store_token_destroy(&bench.slot, key, &bench.problem), ERR_NOT_FOUND);
    bench.slot.token = "";
    assert_int_equal(
        store_token_destroy(&bench.slot, key, &bench.problem), ERR_INVALID);
    assert_non_null(strstr(bench.problem.text, "set store_token"));
    scratch_close(&bench.scratch);
}

/* ---- With the other places ---------------------------------------------- */

static void the_key_moves_between_file_and_token(void **state)
{
    struct bench bench;
    struct store_keys first;
    struct store_keys again;
    char keys[400];
    char pem[500];
    char file[500];
    (void)state;
    bench_open(&bench);
    pairs_make();
    (void)snprintf(keys, sizeof keys, "%s/keys", bench.scratch.path);
    (void)snprintf(pem, sizeof pem, "%s/" STORE_KEY_NAME, keys);
    (void)snprintf(file, sizeof file, "%s/" STORE_TOKEN_NAME, keys);
    assert_int_equal(keys_create(keys, NULL, &bench.problem), ERR_NONE);
    bench.slot.keys = keys;
    assert_int_equal(
        store_keys_load(&bench.slot, &first, &bench.problem), ERR_NONE);
    /* a token that refuses changes nothing */
    fake->token_count = 0;
    assert_int_equal(
        store_key_to_token(&bench.slot, &bench.problem), ERR_NOT_FOUND);
    assert_int_equal(store_slot_find(&bench.slot), STORE_SLOT_FILE);
    fake->token_count = 1;
    for (int turn = 0; turn < 2; turn++) { /* and once more where it is */
        assert_int_equal(
            store_key_to_token(&bench.slot, &bench.problem), ERR_NONE);
        assert_int_equal(store_slot_find(&bench.slot), STORE_SLOT_TOKEN);
        assert_int_not_equal(access(pem, F_OK), 0);
        assert_int_equal(
            store_keys_load(&bench.slot, &again, &bench.problem), ERR_NONE);
        assert_memory_equal(&again, &first, sizeof first);
    }
    assert_string_equal(store_slot_kind_name(STORE_SLOT_TOKEN), "token");
    assert_int_equal(store_key_make(&bench.slot, &bench.problem), ERR_EXISTS);
    assert_int_equal(
        store_key_reseal(&bench.slot, NULL, &bench.problem), ERR_NONE);
    assert_int_equal(store_slot_find(&bench.slot), STORE_SLOT_FILE);
    assert_int_not_equal(access(file, F_OK), 0);
    assert_int_equal(
        store_keys_load(&bench.slot, &again, &bench.problem), ERR_NONE);
    assert_memory_equal(&again, &first, sizeof first);
    scratch_close(&bench.scratch);
}

static void a_new_key_for_a_token_is_in_no_file_and_a_panic_ends_it(
    void **state)
{
    struct bench bench;
    struct store_keys first;
    struct store_keys again;
    (void)state;
    bench_open(&bench);
    pairs_make();
    assert_int_equal(store_key_make(&bench.slot, &bench.problem), ERR_NONE);
    assert_int_equal(store_slot_find(&bench.slot), STORE_SLOT_TOKEN);
    assert_int_not_equal(
        access(scratch_path(&bench.scratch, STORE_KEY_NAME), F_OK), 0);
    assert_int_equal(
        store_keys_load(&bench.slot, &first, &bench.problem), ERR_NONE);
    assert_int_equal(panic_file_destroy(bench.scratch.path, bench.scratch.path,
                         &bench.problem),
        ERR_NONE);
    assert_int_equal(store_slot_find(&bench.slot), STORE_SLOT_NONE);
    assert_int_equal(store_key_make(&bench.slot, &bench.problem), ERR_NONE);
    assert_int_equal(
        store_keys_load(&bench.slot, &again, &bench.problem), ERR_NONE);
    assert_memory_not_equal(&again, &first, sizeof first);
    scratch_close(&bench.scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_token_can_is_found_by_trying),
        cmocka_unit_test(the_file_is_for_one_key),
        cmocka_unit_test(a_key_that_is_not_fit_is_not_used),
        cmocka_unit_test(a_key_that_wants_the_pin_each_time_gets_it),
        cmocka_unit_test(every_damaged_bit_is_noticed),
        cmocka_unit_test(a_pin_comes_from_the_first_place_that_is_named),
        cmocka_unit_test(a_module_that_dies_takes_nobody_with_it),
        cmocka_unit_test(one_that_hangs_is_ended),
        cmocka_unit_test(a_token_is_looked_at_without_its_pin),
        cmocka_unit_test(the_key_is_destroyed_that_the_file_is_for),
        cmocka_unit_test(the_key_moves_between_file_and_token),
        cmocka_unit_test(
            a_new_key_for_a_token_is_in_no_file_and_a_panic_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
