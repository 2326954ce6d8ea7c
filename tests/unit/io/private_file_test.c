#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "io/private_file.h"
#include "support/scratch.h"

static const char content[] = "one, two, three";

static unsigned mode_of(const char *path)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return (unsigned)(status.st_mode & 07777);
}

static void content_expect(const char *path, const char *want)
{
    struct keys_problem problem;
    uint8_t bytes[64];
    size_t size = 0;
    assert_int_equal(private_file_read(path, PRIVATE_FILE_SECRET, bytes,
                         sizeof bytes, &size, &problem),
        ERR_NONE);
    assert_true(slice_is(slice_of(bytes, size), want));
}

static void problem_names(
    const struct keys_problem *problem, const char *path, const char *remedy)
{
    if (strstr(problem->text, path) == NULL ||
        strstr(problem->text, remedy) == NULL)
        fail_msg("\"%s\" lacks %s or %s", problem->text, path, remedy);
}

static void a_file_is_0600_whatever_the_umask(void **state)
{
    static const mode_t masks[] = { 0, 022, 077, 0777 };
    struct scratch scratch;
    struct keys_problem problem;
    (void)state;
    scratch_open(&scratch);
    for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) {
        char name[] = "0";
        name[0] = (char)('0' + i);
        const char *path = scratch_path(&scratch, name);
        mode_t before = umask(masks[i]);
        enum err err =
            private_file_create(path, slice_of_text(content), &problem);
        (void)umask(before);
        assert_int_equal(err, ERR_NONE);
        assert_int_equal(mode_of(path), 0600);
        content_expect(path, content);
    }
    scratch_close(&scratch);
}

static void a_file_is_never_overwritten(void **state)
{
    struct scratch scratch;
    struct keys_problem problem;
    (void)state;
    scratch_open(&scratch);
    const char *path = scratch_path(&scratch, "key");
    assert_int_equal(
        private_file_create(path, slice_of_text(content), &problem), ERR_NONE);
    assert_int_equal(
        private_file_create(path, SLICE_LITERAL("other"), &problem),
        ERR_EXISTS);
    problem_names(&problem, path, "never overwritten");
    content_expect(path, content);
    assert_int_equal(access(scratch_path(&scratch, "key.new"), F_OK), -1);
    scratch_close(&scratch);
}

/* A crash before the name was given, or right after. */
static void remnants_of_a_crash_do_no_harm(void **state)
{
    struct scratch scratch;
    struct keys_problem problem;
    (void)state;
    scratch_open(&scratch);
    const char *path = scratch_path(&scratch, "key");
    const char *remnant = scratch_path(&scratch, "key.new");
    assert_int_equal(
        private_file_create(remnant, SLICE_LITERAL("torn"), &problem),
        ERR_NONE);
    assert_int_equal(
        private_file_create(path, slice_of_text(content), &problem), ERR_NONE);
    assert_int_equal(access(remnant, F_OK), -1);
    assert_int_equal(link(path, remnant), 0);
    assert_int_equal(
        private_file_create(path, SLICE_LITERAL("other"), &problem),
        ERR_EXISTS);
    content_expect(path, content);
    scratch_close(&scratch);
}

static void a_link_planted_in_the_way_is_not_followed(void **state)
{
    struct scratch scratch;
    struct keys_problem problem;
    (void)state;
    scratch_open(&scratch);
    const char *victim = scratch_path(&scratch, "victim");
    assert_int_equal(
        private_file_create(victim, slice_of_text(content), &problem),
        ERR_NONE);
    assert_int_equal(symlink(victim, scratch_path(&scratch, "key.new")), 0);
    assert_int_equal(private_file_create(scratch_path(&scratch, "key"),
                         SLICE_LITERAL("other"), &problem),
        ERR_NONE);
    content_expect(scratch_path(&scratch, "victim"), content);
    scratch_close(&scratch);
}

static void a_full_disk_leaves_no_name(void **state)
{
    struct scratch scratch;
    struct keys_problem problem;
    struct rlimit before;
    (void)state;
    scratch_open(&scratch);
    const char *path = scratch_path(&scratch, "key");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit none = { .rlim_cur = 4, .rlim_max = before.rlim_max };
    const struct sigaction ignore = { .sa_handler = SIG_IGN };
    struct sigaction handler;
    assert_int_equal(sigaction(SIGXFSZ, &ignore, &handler), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    enum err err = private_file_create(path, slice_of_text(content), &problem);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(sigaction(SIGXFSZ, &handler, NULL), 0);
    assert_int_equal(err, ERR_IO);
    problem_names(&problem, path, "see to the disk");
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(access(scratch_path(&scratch, "key.new"), F_OK), -1);
    scratch_close(&scratch);
}

static void a_missing_directory_is_an_error(void **state)
{
    struct scratch scratch;
    struct keys_problem problem;
    (void)state;
    scratch_open(&scratch);
    assert_int_equal(private_file_create(scratch_path(&scratch, "no/key"),
                         slice_of_text(content), &problem),
        ERR_IO);
    problem_names(&problem, "no/key", "No such file or directory");
    scratch_close(&scratch);
}

static void every_right_of_others_is_refused(void **state)
{
    struct scratch scratch;
    struct keys_problem problem;
    uint8_t bytes[64];
    size_t size = 0;
    (void)state;
    scratch_open(&scratch);
    const char *path = scratch_path(&scratch, "key");
    assert_int_equal(
        private_file_create(path, slice_of_text(content), &problem), ERR_NONE);
    for (unsigned bit = 0; bit < 6; bit++) {
        assert_int_equal(chmod(path, 0600 | 1u << bit), 0);
        assert_int_equal(private_file_read(path, PRIVATE_FILE_SECRET, bytes,
                             sizeof bytes, &size, &problem),
            ERR_KEY);
        assert_int_equal(size, 0);
        problem_names(&problem, path, "chmod 600");
        assert_int_equal(private_file_read(path, PRIVATE_FILE_PUBLIC, bytes,
                             sizeof bytes, &size, &problem),
            ERR_NONE);
    }
    assert_int_equal(chmod(path, 0400), 0);
    content_expect(path, content);
    scratch_close(&scratch);
}

static void what_is_no_file_is_refused_without_waiting(void **state)
{
    struct scratch scratch;
    struct keys_problem problem;
    uint8_t bytes[64];
    size_t size = 0;
    (void)state;
    scratch_open(&scratch);
    const char *path = scratch_path(&scratch, "pipe");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(private_file_read(path, PRIVATE_FILE_SECRET, bytes,
                         sizeof bytes, &size, &problem),
        ERR_IO);
    problem_names(&problem, path, "no regular file");
    assert_int_equal(private_file_read(scratch.path, PRIVATE_FILE_SECRET, bytes,
                         sizeof bytes, &size, &problem),
        ERR_IO);
    path = scratch_path(&scratch, "missing");
    assert_int_equal(private_file_read(path, PRIVATE_FILE_SECRET, bytes,
                         sizeof bytes, &size, &problem),
        ERR_NOT_FOUND);
    problem_names(&problem, path, "restore it from the backup");
    scratch_close(&scratch);
}

static void a_file_fits_exactly_or_not_at_all(void **state)
{
    struct scratch scratch;
    struct keys_problem problem;
    uint8_t bytes[sizeof content - 1];
    size_t size = 0;
    (void)state;
    scratch_open(&scratch);
    const char *path = scratch_path(&scratch, "key");
    assert_int_equal(
        private_file_create(path, slice_of_text(content), &problem), ERR_NONE);
    assert_int_equal(private_file_read(path, PRIVATE_FILE_SECRET, bytes,
                         sizeof bytes, &size, &problem),
        ERR_NONE);
    assert_int_equal(size, sizeof bytes);
    assert_int_equal(private_file_read(path, PRIVATE_FILE_SECRET, bytes,
                         sizeof bytes - 1, &size, &problem),
        ERR_LIMIT);
    scratch_close(&scratch);
}

static void a_destroyed_file_was_overwritten_first(void **state)
{
    static const uint8_t zeros[2000];
    uint8_t bytes[sizeof zeros];
    struct scratch scratch;
    struct keys_problem problem;
    (void)state;
    scratch_open(&scratch);
    const char *path = scratch_path(&scratch, "key");
    memset(bytes, 'x', sizeof bytes);
    assert_int_equal(
        private_file_create(path, SLICE_ARRAY(bytes), &problem), ERR_NONE);
    int file = open(path, O_RDONLY);
    assert_true(file >= 0);
    assert_int_equal(private_file_destroy(path, &problem), ERR_NONE);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(read(file, bytes, sizeof bytes), sizeof bytes);
    assert_memory_equal(bytes, zeros, sizeof bytes);
    assert_int_equal(close(file), 0);
    assert_int_equal(private_file_destroy(path, &problem), ERR_NONE);
    scratch_close(&scratch);
}

static void destroying_follows_no_link(void **state)
{
    struct scratch scratch;
    struct keys_problem problem;
    (void)state;
    scratch_open(&scratch);
    const char *victim = scratch_path(&scratch, "victim");
    assert_int_equal(
        private_file_create(victim, slice_of_text(content), &problem),
        ERR_NONE);
    const char *path = scratch_path(&scratch, "key");
    assert_int_equal(symlink(victim, path), 0);
    assert_int_equal(private_file_destroy(path, &problem), ERR_IO);
    problem_names(&problem, path, "by hand");
    content_expect(victim, content);
    scratch_close(&scratch);
}

static void directories_are_0700_or_refused(void **state)
{
    struct scratch scratch;
    struct keys_problem problem;
    (void)state;
    scratch_open(&scratch);
    const char *path = scratch_path(&scratch, "dir");
    assert_int_equal(private_dir_check(path, &problem), ERR_NOT_FOUND);
    mode_t before = umask(0777);
    enum err err = private_dir_make(path, &problem);
    (void)umask(before);
    assert_int_equal(err, ERR_NONE);
    assert_int_equal(mode_of(path), 0700);
    assert_int_equal(private_dir_make(path, &problem), ERR_NONE);
    assert_int_equal(chmod(path, 0750), 0);
    assert_int_equal(private_dir_make(path, &problem), ERR_KEY);
    problem_names(&problem, path, "chmod 700");
    assert_int_equal(
        private_dir_make(scratch_path(&scratch, "no/dir"), &problem), ERR_IO);
    scratch_close(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_0600_whatever_the_umask),
        cmocka_unit_test(a_file_is_never_overwritten),
        cmocka_unit_test(remnants_of_a_crash_do_no_harm),
        cmocka_unit_test(a_link_planted_in_the_way_is_not_followed),
        cmocka_unit_test(a_full_disk_leaves_no_name),
        cmocka_unit_test(a_missing_directory_is_an_error),
        cmocka_unit_test(every_right_of_others_is_refused),
        cmocka_unit_test(what_is_no_file_is_refused_without_waiting),
        cmocka_unit_test(a_file_fits_exactly_or_not_at_all),
        cmocka_unit_test(a_destroyed_file_was_overwritten_first),
        cmocka_unit_test(destroying_follows_no_link),
        cmocka_unit_test(directories_are_0700_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
