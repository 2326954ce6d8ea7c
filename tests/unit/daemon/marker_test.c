/* Is the mark beside the keys written when it must be, and not more often? */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "daemon/marker.h"
#include "io/instance_file.h"
#include "io/store_memory.h"
#include "support/said.h"
#include "support/scratch.h"

struct bench {
    struct scratch scratch;
    struct store *store;
    struct marker marker;
};

static void commit(struct bench *bench)
{
    struct store_txn *txn;
    assert_int_equal(
        bench->store->ops->begin(bench->store, true, &txn), ERR_NONE);
    store_put(txn, SLICE_LITERAL("a"), SLICE_LITERAL("b"));
    assert_int_equal(bench->store->ops->commit(txn), ERR_NONE);
}

static struct instance_mark on_disk(struct bench *bench)
{
    struct instance_mark mark;
    struct keys_problem problem;
    assert_int_equal(
        instance_file_read(bench->scratch.path, &mark, &problem), ERR_NONE);
    return mark;
}

static void bench_open(struct bench *bench)
{
    const struct store_memory_options options = { .capacity = 1u << 20 };
    memset(bench, 0, sizeof *bench);
    scratch_open(&bench->scratch);
    assert_int_equal(store_memory_open(&options, &bench->store), ERR_NONE);
    bench->marker.keys_dir = bench->scratch.path;
    assert_false(on_disk(bench).is_there);
    commit(bench);
}

static void bench_close(struct bench *bench)
{
    bench->store->ops->close(bench->store);
    scratch_close(&bench->scratch);
}

static void a_life_is_marked_at_once_and_commits_now_and_then(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench);
    marker_keep(&bench.marker, bench.store, 7, 1000);
    struct instance_mark mark = on_disk(&bench);
    assert_true(mark.is_there && mark.life == 7 && mark.commits == 1);
    commit(&bench);
    marker_keep(&bench.marker, bench.store, 7, 1000 + MARKER_MS - 1);
    assert_int_equal(on_disk(&bench).commits, 1);
    marker_keep(&bench.marker, bench.store, 7, 1000 + MARKER_MS);
    assert_int_equal(on_disk(&bench).commits, 2);
    bench_close(&bench);
}

static void nothing_is_written_while_nothing_happens(void **state)
{
    struct bench bench;
    struct stat first;
    struct stat second;
    (void)state;
    bench_open(&bench);
    const char *path = scratch_path(&bench.scratch, INSTANCE_FILE_NAME);
    marker_keep(&bench.marker, bench.store, 7, 0);
    assert_int_equal(stat(path, &first), 0);
    assert_int_equal(first.st_mode & 0777, 0600);
    marker_keep(&bench.marker, bench.store, 7, 10 * MARKER_MS);
    assert_int_equal(stat(path, &second), 0);
    assert_int_equal(first.st_ino, second.st_ino);
    bench_close(&bench);
}

static void an_end_as_asked_is_marked(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench);
    marker_end(&bench.marker, bench.store); /* it never began */
    assert_false(on_disk(&bench).is_there);
    marker_keep(&bench.marker, bench.store, 7, 0);
    commit(&bench);
    marker_end(&bench.marker, bench.store);
    struct instance_mark mark = on_disk(&bench);
    assert_true(mark.life == 7 && mark.commits == 2);
    bench_close(&bench);
}

static void a_mark_that_cannot_be_written_is_told_and_tried_again(void **state)
{
    struct bench bench;
    struct said said;
    (void)state;
    bench_open(&bench);
    const char *folder = scratch_path(&bench.scratch, "keys");
    bench.marker.keys_dir = folder;
    said_begin(&said);
    marker_keep(&bench.marker, bench.store, 7, 0);
    marker_keep(&bench.marker, bench.store, 7, 1);
    (void)said_end(&said);
    const char *first = strstr(said.text, "instance.failed code=");
    assert_non_null(first);
    assert_null(strstr(first + 1, "instance.failed"));
    assert_int_equal(mkdir(folder, 0700), 0);
    marker_keep(&bench.marker, bench.store, 7, MARKER_MS);
    struct instance_mark mark;
    struct keys_problem problem;
    assert_int_equal(instance_file_read(folder, &mark, &problem), ERR_NONE);
    assert_int_equal(mark.life, 7);
    bench_close(&bench);
}

static void a_file_that_is_no_mark_counts_as_none(void **state)
{
    struct bench bench;
    struct keys_problem problem;
    char large[1000];
    (void)state;
    bench_open(&bench);
    const char *path = scratch_path(&bench.scratch, INSTANCE_FILE_NAME);
    memset(large, 'x', sizeof large);
    for (size_t size = 0; size <= sizeof large; size += 500) {
        assert_int_equal(
            private_file_replace(path, slice_of(large, size), &problem),
            ERR_NONE);
        assert_false(on_disk(&bench).is_there);
    }
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_life_is_marked_at_once_and_commits_now_and_then),
        cmocka_unit_test(nothing_is_written_while_nothing_happens),
        cmocka_unit_test(an_end_as_asked_is_marked),
        cmocka_unit_test(a_mark_that_cannot_be_written_is_told_and_tried_again),
        cmocka_unit_test(a_file_that_is_no_mark_counts_as_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
