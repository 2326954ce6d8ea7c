#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "io/local_client.h"
#include "io/local_socket.h"
#include "support/local_door.h"

#define LARGE_SIZE (100u * 1024)

/* ---- Round trips ------------------------------------------------------- */

static void a_request_is_answered(void **state)
{
    (void)state;
    struct door door;
    door_open(&door, (struct local_socket_options){ 0 });
    int fd = door_dial(&door);
    door_put_frame(fd, 'q', 1);
    door_assert_frame(fd, 'q', 1);
    assert_int_equal(door_last(&door).rights, DOOR_RIGHTS);
    assert_int_equal(door_last(&door).uid, getuid());
    door_put_frame(fd, 'r', 2u * 1024 * 1024);
    door_assert_frame(fd, 'r', 2u * 1024 * 1024);
    (void)close(fd);
    door_await(&door, &door.log.gone_count, 1);
    door_close(&door);
}

static void a_frame_may_come_byte_by_byte(void **state)
{
    (void)state;
    struct door door;
    door_open(&door, (struct local_socket_options){ 0 });
    int fd = door_dial(&door);
    for (int i = 0; i < 3; i++) {
        static const char frame[] = "\0\0\0\4aaaa";
        for (size_t k = 0; k < 8; k++)
            door_put(fd, frame + k, 1);
        door_assert_frame(fd, 'a', 4);
    }
    (void)close(fd);
    door_close(&door);
}

static void many_clients_are_told_apart(void **state)
{
    (void)state;
    struct door door;
    int fds[20];
    door_open(&door, (struct local_socket_options){ 0 });
    for (int i = 0; i < 20; i++)
        fds[i] = door_dial(&door);
    for (int i = 0; i < 20; i++)
        door_put_frame(fds[i], (char)('a' + i), (size_t)i + 1);
    for (int i = 19; i >= 0; i--)
        door_assert_frame(fds[i], (char)('a' + i), (size_t)i + 1);
    for (int i = 0; i < 20; i++)
        (void)close(fds[i]);
    door_await(&door, &door.log.gone_count, 20);
    door_close(&door);
}

static void a_reply_to_who_is_gone_is_not_found(void **state)
{
    (void)state;
    struct door door;
    door_open(&door, (struct local_socket_options){ 0 });
    int fd = door_dial(&door);
    door_assert_answers(fd);
    uint64_t client = door_last(&door).client;
    (void)close(fd);
    door_await(&door, &door.log.gone_count, 1);
    fd = door_dial(&door);
    door_assert_answers(fd);
    /* the place is taken again, the number is not */
    assert_true(door_last(&door).client != client);
    assert_int_equal(
        local_socket_reply(door.local, client, (const uint8_t *)"x", 1),
        ERR_NOT_FOUND);
    assert_int_equal(local_socket_reply(door.local, 0, (const uint8_t *)"x", 1),
        ERR_NOT_FOUND);
    door_assert_answers(fd);
    (void)close(fd);
    door_close(&door);
}

/* ---- Caps -------------------------------------------------------------- */

static void one_client_too_many_is_closed(void **state)
{
    (void)state;
    struct door door;
    door_open(&door, (struct local_socket_options){ .client_count_max = 2 });
    int first = door_dial(&door);
    int second = door_dial(&door);
    door_assert_answers(first);
    door_assert_answers(second);
    door_assert_closed(door_dial(&door));
    door_await(&door, &door.log.refusal_counts[LOCAL_REFUSAL_CLIENTS], 1);
    (void)close(second);
    door_await(&door, &door.log.gone_count, 1);
    second = door_dial(&door);
    door_assert_answers(second);
    door_assert_answers(first);
    (void)close(first);
    (void)close(second);
    door_close(&door);
}

static void one_user_has_but_a_share(void **state)
{
    (void)state;
    struct door door;
    door_open(
        &door, (struct local_socket_options){ .client_count_max_per_user = 1 });
    int fd = door_dial(&door);
    door_assert_answers(fd);
    door_assert_closed(door_dial(&door));
    door_await(&door, &door.log.refusal_counts[LOCAL_REFUSAL_SHARE], 1);
    door_assert_answers(fd);
    (void)close(fd);
    door_close(&door);
}

static void frames_too_large_or_empty_cost_the_connection(void **state)
{
    (void)state;
    static const char *const heads[] = { "\0\0\0\x11", "\xff\xff\xff\xff",
        "\0\0\0\0" };
    struct door door;
    door_open(&door, (struct local_socket_options){ .frame_size_max = 16 });
    int fd = door_dial(&door);
    door_put_frame(fd, 'a', 16);
    door_assert_frame(fd, 'a', 16);
    for (size_t i = 0; i < 3; i++) {
        int other = door_dial(&door);
        door_put(other, heads[i], 4);
        door_assert_closed(other);
    }
    door_await(&door, &door.log.refusal_counts[LOCAL_REFUSAL_FRAME_SIZE], 3);
    door_assert_answers(fd);
    (void)close(fd);
    door_close(&door);
}

/* All but the last byte of a large frame. */
static void put_most(int fd, char byte)
{
    static uint8_t frame[LARGE_SIZE + 4];
    memset(frame, byte, sizeof frame);
    frame[0] = 0;
    frame[1] = LARGE_SIZE >> 16 & 0xff;
    frame[2] = LARGE_SIZE >> 8 & 0xff;
    frame[3] = LARGE_SIZE & 0xff;
    door_put(fd, frame, sizeof frame - 1);
}

static size_t count_of(struct door *door)
{
    pthread_mutex_lock(&door->log.lock);
    size_t count = door->log.request_count;
    pthread_mutex_unlock(&door->log.lock);
    return count;
}

static void large_frames_wait_for_room_and_small_ones_do_not(void **state)
{
    (void)state;
    struct door door;
    door_open(&door, (struct local_socket_options){
                         .reading_size_max_per_user = 2 * LARGE_SIZE });
    int fds[4];
    for (size_t i = 0; i < 4; i++)
        fds[i] = door_dial(&door);
    int small = door_dial(&door);
    put_most(fds[0], 'a');
    put_most(fds[1], 'b');
    /* has its turn when one of those is done: whole, in the kernel */
    put_most(fds[2], 'c');
    door_put(fds[2], "c", 1);
    for (int i = 0; i < 8; i++)
        door_assert_answers(small);
    assert_int_equal(count_of(&door), 8);
    door_put(fds[0], "a", 1);
    door_assert_frame(fds[0], 'a', LARGE_SIZE);
    door_assert_frame(fds[2], 'c', LARGE_SIZE);
    /* one that goes leaves its room to others */
    put_most(fds[0], 'a');
    put_most(fds[3], 'd');
    door_put(fds[3], "d", 1);
    for (int i = 0; i < 8; i++)
        door_assert_answers(small);
    assert_int_equal(count_of(&door), 18);
    (void)close(fds[1]);
    door_assert_frame(fds[3], 'd', LARGE_SIZE);
    for (size_t i = 0; i < 4; i++)
        if (i != 1)
            (void)close(fds[i]);
    (void)close(small);
    door_close(&door);
}

static void who_waits_for_room_is_not_late(void **state)
{
    (void)state;
    struct door door;
    door_open(&door, (struct local_socket_options){
                         .reading_size_max = LARGE_SIZE, .frame_ms_max = 200 });
    int first = door_dial(&door);
    int second = door_dial(&door);
    put_most(first, 'a');
    put_most(second, 'b');
    door_put(second, "b", 1);
    /* the first never ends, and costs only itself */
    door_assert_closed(first);
    door_assert_frame(second, 'b', LARGE_SIZE);
    door_await(&door, &door.log.refusal_counts[LOCAL_REFUSAL_FRAME_SLOW], 1);
    (void)close(second);
    door_close(&door);
}

static void a_reply_has_a_limit_of_its_own(void **state)
{
    (void)state;
    struct door door;
    door_open(&door, (struct local_socket_options){ .reply_size_max = 16 });
    int fd = door_dial(&door);
    door_put_frame(fd, 'a', 17); /* which it would echo */
    door_assert_closed(fd);
    door_close(&door);
}

static void half_a_frame_is_closed_in_time(void **state)
{
    (void)state;
    struct door door;
    door_open(&door, (struct local_socket_options){ .frame_ms_max = 1 });
    int idle = door_dial(&door);
    door_assert_answers(idle);
    int half = door_dial(&door);
    door_put(half, "\0\0\0\4ab", 6);
    door_assert_closed(half);
    half = door_dial(&door);
    door_put(half, "\0", 1);
    door_assert_closed(half);
    door_await(&door, &door.log.refusal_counts[LOCAL_REFUSAL_FRAME_SLOW], 2);
    /* who has begun nothing may take any time */
    door_assert_answers(idle);
    (void)close(idle);
    door_close(&door);
}

/* Else one who hands over as fast as it is read keeps all others waiting. */
static void a_turn_reads_no_more_than_its_share(void **state)
{
    (void)state;
    static const uint8_t bytes[4096] = { 0, 16, 0, 0 };
    struct local_client client = { .reserved = 1 };
    size_t there = 0;
    int ends[2];
    bool complete;
    assert_int_equal(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    client.fd = ends[0];
    frame_reader_init(&client.reader, 1, SIZE_MAX);
    while (send(ends[1], bytes, sizeof bytes, MSG_NOSIGNAL) == sizeof bytes)
        there += sizeof bytes;
    assert_int_equal(local_client_read(&client, &complete), ERR_EARLY);
    assert_true(client.reader.received > 0);
    assert_true(client.reader.received < there - 4);
    size_t before;
    do {
        before = client.reader.received;
        assert_int_equal(local_client_read(&client, &complete), ERR_EARLY);
    } while (client.reader.received > before);
    assert_int_equal(client.reader.received, there - 4);
    frame_reader_release(&client.reader);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

/* A clock that goes on when the test says so. */
static _Atomic int64_t hand_ms;

static int64_t clock_by_hand(void)
{
    return hand_ms;
}

static size_t refused_count(
    struct door *door, enum local_socket_refusal refusal)
{
    pthread_mutex_lock(&door->log.lock);
    size_t count = door->log.refusal_counts[refusal];
    pthread_mutex_unlock(&door->log.lock);
    return count;
}

/* All its bytes take as long as the frame may, and none of them does. */
static void who_drips_a_frame_has_no_more_time(void **state)
{
    enum { FRAME_MS = 1000, BYTE_MS = 100 };
    (void)state;
    struct door door;
    hand_ms = 1;
    door_open(&door, (struct local_socket_options){ .frame_ms_max = FRAME_MS,
                         .steady_ms = clock_by_hand });
    int slow = door_dial(&door);
    int next = door_dial(&door); /* has its turn after it, each time */
    door_put(slow, "\0\0\1\0", 4);
    for (int64_t ms = 0; ms <= FRAME_MS; ms += BYTE_MS) {
        hand_ms = 1 + ms;
        door_put(slow, "x", 1);
        door_assert_answers(next);
        assert_int_equal(
            refused_count(&door, LOCAL_REFUSAL_FRAME_SLOW), ms == FRAME_MS);
    }
    door_assert_closed(slow);
    (void)close(next);
    door_close(&door);
}

static void who_asks_too_much_is_not_read_until_answered(void **state)
{
    (void)state;
    struct door door;
    door_init(&door);
    door.log.echoes = false;
    assert_int_equal(
        door_open_with(
            &door, (struct local_socket_options){ .outstanding_count_max = 2 }),
        ERR_NONE);
    int fd = door_dial(&door);
    int other = door_dial(&door);
    for (int i = 0; i < 3; i++)
        door_put_frame(fd, (char)('a' + i), 1);
    door_await(&door, &door.log.request_count, 2);
    /* another's request went through meanwhile, the third did not */
    door_put_frame(other, 'z', 1);
    door_await(&door, &door.log.request_count, 3);
    assert_int_equal(door_last(&door).first_byte, 'z');
    door_put_frame(other, 'y', 1);
    door_await(&door, &door.log.request_count, 4);
    assert_int_equal(door_last(&door).first_byte, 'y');
    (void)close(other);
    door_await(&door, &door.log.gone_count, 1);
    door_close(&door);
    (void)close(fd);
}

static void replies_that_wait_for_each_other_all_come(void **state)
{
    (void)state;
    struct door door;
    int fds[2];
    uint64_t clients[2];
    door_init(&door);
    door.log.echoes = false;
    assert_int_equal(
        door_open_with(&door, (struct local_socket_options){ 0 }), ERR_NONE);
    for (size_t i = 0; i < 2; i++) {
        fds[i] = door_dial(&door);
        door_put_frame(fds[i], 'q', 1);
        door_await(&door, &door.log.request_count, i + 1);
        clients[i] = door_last(&door).client;
    }
    for (int round = 0; round < 3; round++) {
        local_socket_hold(door.local);
        for (size_t i = 0; i < 2; i++)
            assert_int_equal(local_socket_reply(door.local, clients[i],
                                 (const uint8_t *)"r", 1),
                ERR_NONE);
        local_socket_release(door.local);
        for (size_t i = 0; i < 2; i++)
            door_assert_frame(fds[i], 'r', 1);
    }
    for (size_t i = 0; i < 2; i++)
        (void)close(fds[i]);
    door_close(&door);
}

static void an_answer_lets_the_next_request_in(void **state)
{
    (void)state;
    struct door door;
    door_init(&door);
    door.log.echoes = false;
    assert_int_equal(
        door_open_with(
            &door, (struct local_socket_options){ .outstanding_count_max = 1 }),
        ERR_NONE);
    int fd = door_dial(&door);
    for (int i = 0; i < 5; i++)
        door_put_frame(fd, (char)('a' + i), 1);
    for (size_t i = 0; i < 5; i++) {
        door_await(&door, &door.log.request_count, i + 1);
        assert_int_equal(door_last(&door).first_byte, 'a' + i);
        assert_int_equal(local_socket_reply(door.local, door_last(&door).client,
                             (const uint8_t *)"r", 1),
            ERR_NONE);
        door_assert_frame(fd, 'r', 1);
    }
    (void)close(fd);
    door_close(&door);
}

static void a_full_queue_gives_the_same_request_again(void **state)
{
    (void)state;
    struct door door;
    door_init(&door);
    door.log.room = 1;
    assert_int_equal(
        door_open_with(&door, (struct local_socket_options){ 0 }), ERR_NONE);
    int fd = door_dial(&door);
    int other = door_dial(&door);
    door_put_frame(fd, 'a', 1);
    door_assert_frame(fd, 'a', 1);
    door_put_frame(fd, 'b', 1);
    door_put_frame(other, 'c', 1);
    door_await(&door, &door.log.refused_room_count, 1);
    /* still none: both stay held */
    local_socket_resume(door.local);
    door_await(&door, &door.log.refused_room_count, 2);
    assert_int_equal(door_last(&door).request_count, 1);
    pthread_mutex_lock(&door.log.lock);
    door.log.room = SIZE_MAX;
    pthread_mutex_unlock(&door.log.lock);
    local_socket_resume(door.local);
    door_assert_frame(fd, 'b', 1);
    door_assert_frame(other, 'c', 1);
    door_assert_answers(fd);
    (void)close(fd);
    (void)close(other);
    door_close(&door);
}

static void who_does_not_read_is_closed(void **state)
{
    (void)state;
    static uint8_t bytes[256 * 1024];
    struct door door;
    door_open(&door,
        (struct local_socket_options){ .backlog_size_max = 2 * sizeof bytes });
    int idle = door_dial(&door);
    int slow = door_dial(&door);
    door_assert_answers(slow);
    uint64_t client = door_last(&door).client;
    door_assert_answers(idle);
    enum err err = ERR_NONE;
    /* what the kernel takes, then what we keep, then no more */
    for (int i = 0; i < 1000 && err == ERR_NONE; i++)
        err = local_socket_reply(door.local, client, bytes, sizeof bytes);
    assert_int_equal(err, ERR_LIMIT);
    door_await(&door, &door.log.refusal_counts[LOCAL_REFUSAL_READ_SLOW], 1);
    door_await(&door, &door.log.gone_count, 1);
    door_assert_closed(slow);
    door_assert_answers(idle);
    (void)close(idle);
    door_close(&door);
}

/* Replies until so many bytes wait here, behind what the kernel took. */
static void leave_unread(
    struct door *door, int fd, char byte, size_t size, size_t waiting)
{
    uint8_t *bytes = malloc(size);
    size_t kernel_size = 0;
    socklen_t option_size = sizeof(int);
    int buffer = 0;
    assert_non_null(bytes);
    memset(bytes, byte, size);
    door_assert_answers(fd);
    assert_int_equal(
        getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, &option_size), 0);
    /* it counts more than the bytes, so what it has room for waits nowhere */
    while (kernel_size < (size_t)buffer + waiting) {
        assert_int_equal(local_socket_reply(
                             door->local, door_last(door).client, bytes, size),
            ERR_NONE);
        kernel_size += size;
    }
    free(bytes);
}

/* The frames before are whole; how many bytes came until the end. */
static size_t drain(int fd)
{
    uint8_t bytes[4096];
    size_t total = 0;
    size_t got;
    while ((got = door_get(fd, bytes, sizeof bytes)) > 0)
        total += got;
    (void)close(fd);
    return total;
}

static void who_read_longest_ago_goes_where_all_leave_too_much(void **state)
{
    (void)state;
    enum { MIB = 1024 * 1024 };
    struct door door;
    door_open(&door, (struct local_socket_options){ .unread_size_max = 7 * MIB,
                         .frame_ms_max = UINT32_MAX });
    int small = door_dial(&door);
    int reader = door_dial(&door);
    int silent = door_dial(&door);
    leave_unread(&door, small, 's', 1024, 0);
    leave_unread(&door, reader, 'a', MIB, 2 * MIB);
    leave_unread(&door, silent, 'b', MIB, 2 * MIB);
    door_assert_frame(reader, 'a', MIB);
    int next = door_dial(&door);
    leave_unread(&door, next, 'c', MIB, 2 * MIB);
    door_await(&door, &door.log.refusal_counts[LOCAL_REFUSAL_READ_SLOW], 1);
    door_await(&door, &door.log.gone_count, 1);
    assert_true(drain(silent) < 2 * MIB);
    /* who waited longer than it, and read or left little, is told all */
    door_assert_frame(small, 's', 1024);
    for (int i = 0; i < 2; i++)
        door_assert_frame(reader, 'a', MIB);
    for (int i = 0; i < 3; i++)
        door_assert_frame(next, 'c', MIB);
    (void)close(small);
    (void)close(reader);
    (void)close(next);
    door_close(&door);
}

static void who_reads_too_slowly_is_closed(void **state)
{
    (void)state;
    static uint8_t bytes[1024 * 1024];
    struct door door;
    door_open(&door, (struct local_socket_options){ .frame_ms_max = 1 });
    int slow = door_dial(&door);
    door_assert_answers(slow);
    assert_int_equal(local_socket_reply(door.local, door_last(&door).client,
                         bytes, sizeof bytes),
        ERR_NONE);
    door_await(&door, &door.log.refusal_counts[LOCAL_REFUSAL_READ_SLOW], 1);
    door_assert_closed(slow);
    door_close(&door);
}

static void a_storm_of_connections_leaves_the_door_open(void **state)
{
    (void)state;
    struct door door;
    door_open(&door, (struct local_socket_options){ 0 });
    int steady = door_dial(&door);
    door_assert_answers(steady);
    for (int i = 0; i < 1000; i++) {
        int fd = door_dial(&door);
        if (i % 3 == 1)
            (void)send(fd, "\0\0", 2, MSG_NOSIGNAL);
        if (i % 3 == 2)
            (void)send(fd, "\0\0\0\1x", 5, MSG_NOSIGNAL);
        (void)close(fd);
    }
    door_assert_answers(steady);
    int late = door_dial(&door);
    door_assert_answers(late);
    (void)close(late);
    (void)close(steady);
    door_close(&door);
}

static void every_refusal_has_a_name(void **state)
{
    (void)state;
    for (int i = 0; i < LOCAL_REFUSAL_COUNT; i++)
        assert_string_not_equal(
            local_socket_refusal_name((enum local_socket_refusal)i), "?");
    assert_string_equal(local_socket_refusal_name(LOCAL_REFUSAL_COUNT), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_answered),
        cmocka_unit_test(a_frame_may_come_byte_by_byte),
        cmocka_unit_test(many_clients_are_told_apart),
        cmocka_unit_test(a_reply_to_who_is_gone_is_not_found),
        cmocka_unit_test(one_client_too_many_is_closed),
        cmocka_unit_test(one_user_has_but_a_share),
        cmocka_unit_test(frames_too_large_or_empty_cost_the_connection),
        cmocka_unit_test(large_frames_wait_for_room_and_small_ones_do_not),
        cmocka_unit_test(who_waits_for_room_is_not_late),
        cmocka_unit_test(a_reply_has_a_limit_of_its_own),
        cmocka_unit_test(half_a_frame_is_closed_in_time),
        cmocka_unit_test(a_turn_reads_no_more_than_its_share),
        cmocka_unit_test(who_drips_a_frame_has_no_more_time),
        cmocka_unit_test(who_asks_too_much_is_not_read_until_answered),
        cmocka_unit_test(replies_that_wait_for_each_other_all_come),
        cmocka_unit_test(an_answer_lets_the_next_request_in),
        cmocka_unit_test(a_full_queue_gives_the_same_request_again),
        cmocka_unit_test(who_does_not_read_is_closed),
        cmocka_unit_test(who_read_longest_ago_goes_where_all_leave_too_much),
        cmocka_unit_test(who_reads_too_slowly_is_closed),
        cmocka_unit_test(a_storm_of_connections_leaves_the_door_open),
        cmocka_unit_test(every_refusal_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
