/* Does the copy of a vault follow it, and does what was destroyed go? */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "io/vault_copy.h"
#include "support/scratch.h"

static const uint8_t secret[KEY_SIZE] = { 9 };

struct bench {
    struct scratch scratch;
    char vault_path[400];
    char copy_path[400];
    struct vault *vault;
    uint8_t sealed[2][64];
};

static struct slice words(void)
{
    return SLICE_LITERAL("CANARY");
}

static void path_in(const struct bench *bench, const char *name, char path[400])
{
    int size = snprintf(path, 400, "%s/%s", bench->scratch.path, name);
    assert_in_range(size, 1, 399);
}

static void bench_open(struct bench *bench)
{
    struct keys_problem problem;
    scratch_open(&bench->scratch);
    path_in(bench, "vault", bench->vault_path);
    path_in(bench, "copy", bench->copy_path);
    assert_int_equal(vault_file_open(bench->vault_path, secret, true,
                         &bench->vault, &problem),
        ERR_NONE);
    assert_int_equal(bench->vault->ops->reserve(bench->vault, 2), ERR_NONE);
    for (uint64_t i = 0; i < 2; i++)
        assert_int_equal(bench->vault->ops->seal(bench->vault, i, SLICE_NONE,
                             words(), bench->sealed[i]),
            ERR_NONE);
}

static void bench_close(struct bench *bench)
{
    bench->vault->ops->close(bench->vault);
    scratch_close(&bench->scratch);
}

static void renew(struct bench *bench)
{
    struct keys_problem problem;
    assert_int_equal(
        vault_copy_renew(bench->vault_path, bench->copy_path, &problem),
        ERR_NONE);
}

/* Of what was sealed in the vault, with the copy and the slot. */
static enum err opens(struct bench *bench, uint64_t entry)
{
    struct keys_problem problem;
    struct vault *copy;
    uint8_t plain[64];
    assert_int_equal(
        vault_file_open(bench->copy_path, secret, false, &copy, &problem),
        ERR_NONE);
    enum err err = copy->ops->open(copy, entry, SLICE_NONE,
        slice_of(bench->sealed[entry], words().size + VAULT_OVERHEAD), plain);
    copy->ops->close(copy);
    return err;
}

static void a_copy_opens_what_the_vault_does(void **state)
{
    struct bench bench;
    struct vault_look look;
    struct keys_problem problem;
    (void)state;
    bench_open(&bench);
    renew(&bench);
    assert_int_equal(opens(&bench, 0), ERR_NONE);
    assert_int_equal(opens(&bench, 1), ERR_NONE);
    assert_int_equal(
        bench.vault->ops->reserve(bench.vault, VAULT_FILE_STEP + 1), ERR_NONE);
    renew(&bench);
    assert_int_equal(
        vault_file_look(bench.copy_path, &look, &problem), ERR_NONE);
    assert_int_equal(look.count, 2 * VAULT_FILE_STEP);
    assert_int_equal(opens(&bench, 1), ERR_NONE);
    bench_close(&bench);
}

static void what_was_destroyed_goes_from_the_copy(void **state)
{
    const uint64_t entry = 1;
    struct bench bench;
    struct stat before;
    struct stat after;
    (void)state;
    bench_open(&bench);
    renew(&bench);
    assert_int_equal(stat(bench.copy_path, &before), 0);
    assert_int_equal(
        bench.vault->ops->destroy(bench.vault, &entry, 1), ERR_NONE);
    assert_int_equal(opens(&bench, 1), ERR_NONE); /* until it is renewed */
    renew(&bench);
    assert_int_equal(opens(&bench, 1), ERR_NOT_FOUND);
    assert_int_equal(opens(&bench, 0), ERR_NONE);
    assert_int_equal(stat(bench.copy_path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino); /* overwritten in place */
    bench_close(&bench);
}

static void the_copy_of_another_vault_stays(void **state)
{
    struct bench bench;
    struct vault *other;
    struct keys_problem problem;
    (void)state;
    bench_open(&bench);
    renew(&bench);
    const char *path = scratch_path(&bench.scratch, "other");
    assert_int_equal(
        vault_file_open(path, secret, true, &other, &problem), ERR_NONE);
    assert_int_equal(
        vault_copy_renew(path, bench.copy_path, &problem), ERR_EXISTS);
    assert_non_null(strstr(problem.text, bench.copy_path));
    other->ops->close(other);
    assert_int_equal(opens(&bench, 0), ERR_NONE);
    assert_int_equal(
        vault_copy_renew("/nowhere/vault", bench.copy_path, &problem),
        ERR_NOT_FOUND);
    assert_int_equal(
        vault_copy_renew(bench.vault_path, "/nowhere/copy", &problem), ERR_IO);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_opens_what_the_vault_does),
        cmocka_unit_test(what_was_destroyed_goes_from_the_copy),
        cmocka_unit_test(the_copy_of_another_vault_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
