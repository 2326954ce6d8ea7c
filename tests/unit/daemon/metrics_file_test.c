#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/metrics_file.h"
#include "support/folder.h"
#include "support/said.h"

struct place {
    char folder[FOLDER_PATH_SIZE];
    char path[FOLDER_PATH_SIZE + 16];
    char scratch[FOLDER_PATH_SIZE + 24];
};

static void place_make(struct place *place)
{
    folder_make(place->folder);
    (void)snprintf(
        place->path, sizeof place->path, "%s/referd.prom", place->folder);
    (void)snprintf(place->scratch, sizeof place->scratch, "%s/referd.prom.new",
        place->folder);
}

static bool reads(const char *path, const char *wanted)
{
    char text[4096];
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return false;
    size_t size = fread(text, 1, sizeof text - 1, file);
    assert_int_equal(fclose(file), 0);
    text[size] = '\0';
    return strcmp(text, wanted) == 0;
}

static const struct metric some = { "refer_some", "", "", METRIC_GAUGE,
    "some" };
#define SOME "# HELP refer_some some\n# TYPE refer_some gauge\nrefer_some "

static void a_file_is_replaced_whole_and_may_be_read_by_all(void **state)
{
    struct place place;
    struct stat status;
    (void)state;
    place_make(&place);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            metrics_file_replace(place.path, SLICE_LITERAL("one\n")), ERR_NONE);
        assert_true(reads(place.path, "one\n"));
        assert_int_equal(
            metrics_file_replace(place.path, SLICE_NONE), ERR_NONE);
        assert_true(reads(place.path, ""));
    }
    assert_int_equal(stat(place.path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0644);
    assert_int_equal(access(place.scratch, F_OK), -1);
    folder_remove(place.folder);
}

static void a_link_at_the_scratch_name_is_not_followed(void **state)
{
    struct place place;
    char victim[FOLDER_PATH_SIZE + 16];
    (void)state;
    place_make(&place);
    (void)snprintf(victim, sizeof victim, "%s/victim", place.folder);
    assert_int_equal(
        metrics_file_replace(victim, SLICE_LITERAL("mine")), ERR_NONE);
    assert_int_equal(symlink(victim, place.scratch), 0);
    assert_int_equal(
        metrics_file_replace(place.path, SLICE_LITERAL("new")), ERR_NONE);
    assert_true(reads(victim, "mine"));
    assert_true(reads(place.path, "new"));
    folder_remove(place.folder);
}

static void what_cannot_be_replaced_stays(void **state)
{
    struct place place;
    char long_path[METRICS_FILE_PATH_SIZE + 64];
    (void)state;
    place_make(&place);
    assert_int_equal(mkdir(place.path, 0700), 0);
    assert_int_equal(
        metrics_file_replace(place.path, SLICE_LITERAL("x")), ERR_IO);
    assert_int_equal(errno, EISDIR);
    assert_int_equal(access(place.scratch, F_OK), -1);
    assert_int_equal(rmdir(place.path), 0);
    assert_int_equal(mkdir(place.scratch, 0700), 0);
    assert_int_equal(
        metrics_file_replace(place.path, SLICE_LITERAL("x")), ERR_IO);
    folder_remove(place.folder);
    assert_int_equal(
        metrics_file_replace(place.path, SLICE_LITERAL("x")), ERR_IO);
    assert_int_equal(errno, ENOENT);
    memset(long_path, 'x', sizeof long_path);
    long_path[sizeof long_path - 1] = '\0';
    assert_int_equal(
        metrics_file_replace(long_path, SLICE_LITERAL("x")), ERR_LIMIT);
}

/* The thread writes what was offered last. */
static void what_is_offered_is_written_and_gone_at_the_end(void **state)
{
    struct place place;
    struct metrics_file *file;
    (void)state;
    place_make(&place);
    assert_int_equal(metrics_file_open(place.path, &file), ERR_NONE);
    for (int64_t i = 1; i <= 3; i++)
        metrics_file_offer(file, &(struct metric_value){ &some, i }, 1);
    while (!reads(place.path, SOME "3\n"))
        assert_int_equal(sched_yield(), 0);
    metrics_file_offer(file, NULL, 0);
    while (!reads(place.path, ""))
        assert_int_equal(sched_yield(), 0);
    metrics_file_close(file);
    assert_int_equal(access(place.path, F_OK), -1);
    assert_int_equal(access(place.scratch, F_OK), -1);
    metrics_file_close(NULL);
    folder_remove(place.folder);
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    while ((text = strstr(text, part)) != NULL) {
        count++;
        text += strlen(part);
    }
    return count;
}

/* What was offered is written before the end. */
static void a_failure_is_told(void **state)
{
    static struct said said;
    struct place place;
    struct metrics_file *file;
    (void)state;
    place_make(&place);
    folder_remove(place.folder);
    said_begin(&said);
    assert_int_equal(metrics_file_open(place.path, &file), ERR_NONE);
    metrics_file_offer(file, &(struct metric_value){ &some, 1 }, 1);
    metrics_file_close(file);
    const char *text = said_end(&said);
    assert_int_equal(count_of(text, "warning metrics.failed code=ERR_IO"), 1);
}

static void a_path_too_long_is_refused_at_once(void **state)
{
    char path[METRICS_FILE_PATH_SIZE + 1];
    struct metrics_file *file;
    (void)state;
    memset(path, 'x', sizeof path);
    path[sizeof path - 1] = '\0';
    assert_int_equal(metrics_file_open(path, &file), ERR_LIMIT);
    assert_null(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_replaced_whole_and_may_be_read_by_all),
        cmocka_unit_test(a_link_at_the_scratch_name_is_not_followed),
        cmocka_unit_test(what_cannot_be_replaced_stays),
        cmocka_unit_test(what_is_offered_is_written_and_gone_at_the_end),
        cmocka_unit_test(a_failure_is_told),
        cmocka_unit_test(a_path_too_long_is_refused_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
