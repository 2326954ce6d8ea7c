#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "io/file_view.h"
#include "support/folder.h"

#define SIZE (300u * 1000)

/* ---- A kernel that knows no way to bring pages in, and signals ----------- */

static bool kernel_is_old;
static unsigned read_count; /* of those that are cut short */

int __real_madvise(void *at, size_t size, int advice);
int __wrap_madvise(void *at, size_t size, int advice);
int __wrap_madvise(void *at, size_t size, int advice)
{
    if (!kernel_is_old)
        return __real_madvise(at, size, advice);
    errno = EINVAL;
    return -1;
}

ssize_t __real_pread(int fd, void *bytes, size_t size, off_t offset);
ssize_t __wrap_pread(int fd, void *bytes, size_t size, off_t offset);
ssize_t __wrap_pread(int fd, void *bytes, size_t size, off_t offset)
{
    if (++read_count % 2 == 1) {
        errno = EINTR;
        return -1;
    }
    return __real_pread(fd, bytes, size > 1000 ? 1000 : size, offset);
}

struct sample {
    char folder[FOLDER_PATH_SIZE];
    char path[FOLDER_PATH_SIZE + 8];
    int fd;
};

static uint8_t byte_at(size_t offset)
{
    return (uint8_t)(offset * 7 + offset / 251);
}

static void sample_make(struct sample *sample)
{
    uint8_t *bytes = malloc(SIZE);
    assert_non_null(bytes);
    folder_make(sample->folder);
    (void)snprintf(
        sample->path, sizeof sample->path, "%s/file", sample->folder);
    sample->fd = open(sample->path, O_RDWR | O_CREAT, 0600);
    assert_true(sample->fd >= 0);
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = byte_at(i);
    assert_int_equal(write(sample->fd, bytes, SIZE), SIZE);
    free(bytes);
}

static void sample_remove(struct sample *sample)
{
    close(sample->fd);
    folder_remove(sample->folder);
}

static void all_of_it_is_there_to_see(void **state)
{
    static const size_t sizes[] = { 1, 16, 4096, 65536, 65537, 131072 };
    struct sample sample;
    struct file_view view;
    const uint8_t *bytes;
    (void)state;
    sample_make(&sample);
    assert_int_equal(file_view_open(sample.fd, SIZE, &view), ERR_NONE);
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
        for (size_t at = 0; at + sizes[k] <= SIZE; at += 4099) {
            assert_int_equal(
                file_view_at(&view, at, sizes[k], &bytes), ERR_NONE);
            assert_int_equal(bytes[0], byte_at(at));
            assert_int_equal(bytes[sizes[k] - 1], byte_at(at + sizes[k] - 1));
        }
    assert_int_equal(file_view_at(&view, SIZE - 1, 1, &bytes), ERR_NONE);
    assert_int_equal(*bytes, byte_at(SIZE - 1));
    file_view_close(&view);
    sample_remove(&sample);
}

struct look {
    struct file_view *view;
    size_t step;
    unsigned wrong_count;
};

static void *look_everywhere(void *argument)
{
    const uint8_t *bytes;
    struct look *look = argument;
    for (size_t at = 0; at < SIZE; at += look->step)
        if (file_view_at(look->view, at, 1, &bytes) != ERR_NONE ||
            *bytes != byte_at(at))
            look->wrong_count++;
    return NULL;
}

static void threads_share_it(void **state)
{
    struct sample sample;
    struct file_view view;
    struct look looks[] = { { &view, 4099, 0 }, { &view, 1021, 0 } };
    pthread_t thread;
    (void)state;
    sample_make(&sample);
    assert_int_equal(file_view_open(sample.fd, SIZE, &view), ERR_NONE);
    assert_int_equal(
        pthread_create(&thread, NULL, look_everywhere, &looks[0]), 0);
    (void)look_everywhere(&looks[1]);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(looks[0].wrong_count + looks[1].wrong_count, 0);
    file_view_close(&view);
    sample_remove(&sample);
}

/* As a bad sector: who looked there would be ended by a signal. */
static void what_cannot_be_brought_in_is_an_error(void **state)
{
    struct sample sample;
    struct file_view view;
    const uint8_t *bytes;
    (void)state;
    sample_make(&sample);
    assert_int_equal(file_view_open(sample.fd, SIZE, &view), ERR_NONE);
    assert_int_equal(ftruncate(sample.fd, 100), 0);
    assert_int_equal(file_view_at(&view, SIZE - 10, 10, &bytes), ERR_IO);
    file_view_close(&view);
    sample_remove(&sample);
}

static void a_read_goes_on_where_a_signal_ended_it(void **state)
{
    struct sample sample;
    struct file_view view;
    const uint8_t *bytes;
    (void)state;
    sample_make(&sample);
    kernel_is_old = true;
    read_count = 0;
    assert_int_equal(file_view_open(sample.fd, SIZE, &view), ERR_NONE);
    assert_int_equal(file_view_at(&view, 0, 1, &bytes), ERR_NONE);
    assert_int_equal(*bytes, byte_at(0));
    assert_int_equal(read_count, 2 * 66); /* 64 KiB by 1000 bytes */
    file_view_close(&view);
    kernel_is_old = false;
    sample_remove(&sample);
}

static void what_is_no_file_cannot_be_seen(void **state)
{
    struct file_view view;
    (void)state;
    assert_int_equal(file_view_open(-1, SIZE, &view), ERR_IO);
    file_view_close(&view);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_it_is_there_to_see),
        cmocka_unit_test(threads_share_it),
        cmocka_unit_test(what_cannot_be_brought_in_is_an_error),
        cmocka_unit_test(a_read_goes_on_where_a_signal_ended_it),
        cmocka_unit_test(what_is_no_file_cannot_be_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
