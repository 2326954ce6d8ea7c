/*
 * Do vaults keep the contract of core/port.h? Every case but the last ones
 * runs on the file and on the one that tests use.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "io/vault_file.h"
#include "support/scratch.h"
#include "support/vault_plain.h"

#define SEALED_MAX 256

static const uint8_t secret[KEY_SIZE] = { 9 };
static const uint8_t other_secret[KEY_SIZE] = { 8 };

static struct slice words(void)
{
    return SLICE_LITERAL("CANARY of a person");
}

static struct slice place(void)
{
    return SLICE_LITERAL("segment and slot");
}

struct bench {
    struct scratch scratch;
    const char *path;
    struct vault *vault;
};

static enum err open_file(struct bench *bench, const uint8_t key[KEY_SIZE])
{
    struct keys_problem problem = { "" };
    enum err err =
        vault_file_open(bench->path, key, false, &bench->vault, &problem);
    assert_int_equal(err == ERR_NONE, bench->vault != NULL);
    if (err != ERR_NONE)
        assert_non_null(strstr(problem.text, bench->path));
    return err;
}

static void bench_open(struct bench *bench, bool is_file)
{
    struct keys_problem problem;
    scratch_open(&bench->scratch);
    bench->path = scratch_path(&bench->scratch, "vault");
    if (is_file)
        assert_int_equal(
            vault_file_open(bench->path, secret, true, &bench->vault, &problem),
            ERR_NONE);
    else
        bench->vault = vault_plain_new();
}

static void bench_close(struct bench *bench)
{
    if (bench->vault != NULL)
        bench->vault->ops->close(bench->vault);
    scratch_close(&bench->scratch);
}

static enum err seal(
    struct bench *bench, uint64_t entry, uint8_t sealed[SEALED_MAX])
{
    return bench->vault->ops->seal(
        bench->vault, entry, place(), words(), sealed);
}

static enum err open_at(struct bench *bench, uint64_t entry, struct slice where,
    const uint8_t *sealed)
{
    uint8_t plain[SEALED_MAX];
    enum err err = bench->vault->ops->open(bench->vault, entry, where,
        slice_of(sealed, words().size + VAULT_OVERHEAD), plain);
    if (err == ERR_NONE)
        assert_memory_equal(plain, words().bytes, words().size);
    return err;
}

static void reserve(struct bench *bench, uint64_t count)
{
    assert_int_equal(bench->vault->ops->reserve(bench->vault, count), ERR_NONE);
}

static void destroy(struct bench *bench, uint64_t entry)
{
    assert_int_equal(
        bench->vault->ops->destroy(bench->vault, &entry, 1), ERR_NONE);
}

/* ---- Every vault -------------------------------------------------------- */

static void what_was_sealed_opens_with_its_entry_in_its_place(void **state)
{
    struct bench bench;
    uint8_t sealed[SEALED_MAX];
    bench_open(&bench, *(bool *)*state);
    assert_int_equal(seal(&bench, 0, sealed), ERR_NOT_FOUND);
    reserve(&bench, 3);
    assert_int_equal(seal(&bench, 2, sealed), ERR_NONE);
    assert_int_equal(open_at(&bench, 2, place(), sealed), ERR_NONE);
    assert_int_equal(open_at(&bench, 1, place(), sealed), ERR_CORRUPT);
    assert_int_equal(
        open_at(&bench, 2, SLICE_LITERAL("elsewhere"), sealed), ERR_CORRUPT);
    assert_int_equal(
        open_at(&bench, UINT64_MAX / 64, place(), sealed), ERR_NOT_FOUND);
    bench_close(&bench);
}

static void every_flipped_bit_is_found(void **state)
{
    struct bench bench;
    uint8_t sealed[SEALED_MAX];
    bench_open(&bench, *(bool *)*state);
    reserve(&bench, 1);
    assert_int_equal(seal(&bench, 0, sealed), ERR_NONE);
    size_t size = words().size + VAULT_OVERHEAD;
    for (size_t bit = 0; bit < 8 * size; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(open_at(&bench, 0, place(), sealed), ERR_CORRUPT);
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t plain[SEALED_MAX];
        assert_int_equal(bench.vault->ops->open(bench.vault, 0, place(),
                             slice_of(sealed, cut), plain),
            ERR_CORRUPT);
    }
    bench_close(&bench);
}

static void destroyed_is_for_ever_and_for_no_other_entry(void **state)
{
    struct bench bench;
    uint8_t first[SEALED_MAX];
    uint8_t second[SEALED_MAX];
    bench_open(&bench, *(bool *)*state);
    reserve(&bench, 2);
    assert_int_equal(seal(&bench, 0, first), ERR_NONE);
    assert_int_equal(seal(&bench, 1, second), ERR_NONE);
    destroy(&bench, 0);
    destroy(&bench, 0);          /* again is no error */
    destroy(&bench, UINT64_MAX); /* nor what never was */
    const struct vault_ops *ops = bench.vault->ops;
    assert_true(ops->is_destroyed(bench.vault, 0));
    assert_true(ops->count(bench.vault) > 1);
    assert_false(ops->is_destroyed(bench.vault, 1));
    assert_false(ops->is_destroyed(bench.vault, UINT64_MAX));
    assert_int_equal(open_at(&bench, 0, place(), first), ERR_NOT_FOUND);
    assert_int_equal(seal(&bench, 0, first), ERR_NOT_FOUND);
    assert_int_equal(open_at(&bench, 1, place(), second), ERR_NONE);
    reserve(&bench, 100000);
    assert_int_equal(open_at(&bench, 0, place(), first), ERR_NOT_FOUND);
    assert_int_equal(open_at(&bench, 1, place(), second), ERR_NONE);
    bench_close(&bench);
}

static void a_copy_of_before_has_fewer_changes(void **state)
{
    struct bench bench;
    uint8_t sealed[SEALED_MAX];
    bench_open(&bench, *(bool *)*state);
    const struct vault_ops *ops = bench.vault->ops;
    uint64_t made = ops->changes(bench.vault);
    reserve(&bench, 3);
    uint64_t used = ops->changes(bench.vault);
    assert_true(used > made);
    reserve(&bench, 2); /* there already */
    assert_int_equal(seal(&bench, 2, sealed), ERR_NONE);
    assert_int_equal(ops->changes(bench.vault), used);
    destroy(&bench, 2);
    assert_true(ops->changes(bench.vault) > used);
    used = ops->changes(bench.vault);
    assert_int_equal(ops->destroy(bench.vault, NULL, 0), ERR_NONE);
    assert_int_equal(ops->changes(bench.vault), used);
    bench_close(&bench);
}

static void an_empty_content_is_sealed_too(void **state)
{
    struct bench bench;
    uint8_t sealed[SEALED_MAX];
    uint8_t plain[1];
    bench_open(&bench, *(bool *)*state);
    reserve(&bench, 1);
    assert_int_equal(bench.vault->ops->seal(
                         bench.vault, 0, place(), SLICE_LITERAL(""), sealed),
        ERR_NONE);
    assert_int_equal(bench.vault->ops->open(bench.vault, 0, place(),
                         slice_of(sealed, VAULT_OVERHEAD), plain),
        ERR_NONE);
    bench_close(&bench);
}

/* ---- The file ----------------------------------------------------------- */

static void it_is_the_same_vault_after_a_restart(void **state)
{
    struct bench bench;
    uint8_t kept[SEALED_MAX];
    uint8_t gone[SEALED_MAX];
    (void)state;
    bench_open(&bench, true);
    reserve(&bench, VAULT_FILE_STEP + 1);
    assert_int_equal(seal(&bench, VAULT_FILE_STEP, kept), ERR_NONE);
    assert_int_equal(seal(&bench, 5, gone), ERR_NONE);
    destroy(&bench, 5);
    uint64_t changes = bench.vault->ops->changes(bench.vault);
    bench.vault->ops->close(bench.vault);
    assert_int_equal(open_file(&bench, secret), ERR_NONE);
    assert_int_equal(bench.vault->ops->changes(bench.vault), changes);
    assert_int_equal(open_at(&bench, VAULT_FILE_STEP, place(), kept), ERR_NONE);
    assert_int_equal(open_at(&bench, 5, place(), gone), ERR_NOT_FOUND);
    bench_close(&bench);
}

static void another_secret_opens_nothing(void **state)
{
    struct bench bench;
    uint8_t sealed[SEALED_MAX];
    (void)state;
    bench_open(&bench, true);
    reserve(&bench, 1);
    assert_int_equal(seal(&bench, 0, sealed), ERR_NONE);
    bench.vault->ops->close(bench.vault);
    assert_int_equal(open_file(&bench, other_secret), ERR_NONE);
    assert_int_equal(open_at(&bench, 0, place(), sealed), ERR_CORRUPT);
    bench_close(&bench);
}

/* What a copy of the file from before shows. */
static void a_destroyed_entry_is_overwritten_where_it_was(void **state)
{
    static uint8_t before[64 + 32 * VAULT_FILE_STEP];
    static uint8_t after[sizeof before];
    static const uint8_t zeroes[32];
    struct bench bench;
    size_t changed = 0;
    (void)state;
    bench_open(&bench, true);
    reserve(&bench, 1);
    int file = open(bench.path, O_RDONLY);
    assert_int_equal(pread(file, before, sizeof before, 0), sizeof before);
    destroy(&bench, 7);
    assert_int_equal(pread(file, after, sizeof after, 0), sizeof after);
    (void)close(file);
    for (size_t at = 64; at < sizeof before; at += 32) /* behind the head */
        if (memcmp(before + at, after + at, 32) != 0) {
            assert_int_equal(at, 64 + 7 * 32);
            assert_memory_equal(after + at, zeroes, 32);
            changed++;
        }
    assert_int_equal(changed, 1);
    bench_close(&bench);
}

/* A crash while entries were added leaves bytes that nobody counts. */
static void entries_that_were_not_counted_are_made_anew(void **state)
{
    static const uint8_t torn[100];
    struct bench bench;
    uint8_t sealed[SEALED_MAX];
    (void)state;
    bench_open(&bench, true);
    bench.vault->ops->close(bench.vault);
    int file = open(bench.path, O_WRONLY | O_APPEND);
    assert_int_equal(write(file, torn, sizeof torn), sizeof torn);
    (void)close(file);
    assert_int_equal(open_file(&bench, secret), ERR_NONE);
    assert_int_equal(seal(&bench, 0, sealed), ERR_NOT_FOUND);
    reserve(&bench, 1);
    assert_int_equal(seal(&bench, 0, sealed), ERR_NONE);
    bench_close(&bench);
}

static void a_file_that_is_damaged_loose_or_gone_is_refused(void **state)
{
    struct bench bench;
    struct stat status;
    (void)state;
    bench_open(&bench, true);
    reserve(&bench, 1);
    bench.vault->ops->close(bench.vault);
    assert_int_equal(stat(bench.path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);

    int file = open(bench.path, O_RDWR);
    for (off_t at = 0; at < 64; at++) {
        uint8_t byte;
        assert_int_equal(pread(file, &byte, 1, at), 1);
        byte ^= 0x40;
        assert_int_equal(pwrite(file, &byte, 1, at), 1);
        assert_int_equal(open_file(&bench, secret), ERR_CORRUPT);
        byte ^= 0x40;
        assert_int_equal(pwrite(file, &byte, 1, at), 1);
    }
    assert_int_equal(ftruncate(file, status.st_size - 1), 0);
    assert_int_equal(open_file(&bench, secret), ERR_CORRUPT);
    assert_int_equal(ftruncate(file, 10), 0);
    assert_int_equal(open_file(&bench, secret), ERR_CORRUPT);
    (void)close(file);
    assert_int_equal(chmod(bench.path, 0640), 0);
    assert_int_equal(open_file(&bench, secret), ERR_KEY);
    assert_int_equal(unlink(bench.path), 0);
    assert_int_equal(open_file(&bench, secret), ERR_NOT_FOUND);
    bench_close(&bench);
}

/* clang-format off */
#define CASE(name)                                                             \
    { "file: " #name, name, NULL, NULL, &is_file },                            \
    { "plain: " #name, name, NULL, NULL, &is_plain }
/* clang-format on */

int main(void)
{
    bool is_file = true;
    bool is_plain = false;
    const struct CMUnitTest tests[] = {
        CASE(what_was_sealed_opens_with_its_entry_in_its_place),
        CASE(every_flipped_bit_is_found),
        CASE(destroyed_is_for_ever_and_for_no_other_entry),
        CASE(a_copy_of_before_has_fewer_changes),
        CASE(an_empty_content_is_sealed_too),
        cmocka_unit_test(it_is_the_same_vault_after_a_restart),
        cmocka_unit_test(another_secret_opens_nothing),
        cmocka_unit_test(a_destroyed_entry_is_overwritten_where_it_was),
        cmocka_unit_test(entries_that_were_not_counted_are_made_anew),
        cmocka_unit_test(a_file_that_is_damaged_loose_or_gone_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
