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

#define PATIENCE_MS 30000
#define RIGHTS 5u
#define NOBODY 65534
#define LARGE_SIZE (100u * 1024)

/* The last request, and how many there were. */
struct seen {
    uint64_t client;
    uint32_t rights;
    uid_t uid;
    uint8_t first_byte;
    size_t request_count;
};

/* What the socket's thread told, for the test to wait for. */
struct log {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct local_socket *local;
    bool echoes; /* replies at once, on the socket's thread */
    size_t room; /* requests taken before "no" */
    size_t request_count;
    size_t refused_room_count;
    size_t gone_count;
    size_t refusal_counts[LOCAL_REFUSAL_COUNT];
    struct seen seen;
};

struct fixture {
    char folder[32];
    char path[64];
    struct log log;
    struct local_socket *local;
};

static bool on_request(void *user, uint64_t client, uint32_t rights, uid_t uid,
    const uint8_t *frame, size_t size)
{
    struct log *log = user;
    pthread_mutex_lock(&log->lock);
    bool has_room = log->room > 0;
    struct local_socket *local = log->local;
    bool echoes = log->echoes;
    if (has_room) {
        log->room--;
        log->seen = (struct seen){ client, rights, uid, frame[0],
            ++log->request_count };
    } else {
        log->refused_room_count++;
    }
    pthread_cond_broadcast(&log->changed);
    pthread_mutex_unlock(&log->lock);
    if (has_room && echoes && local != NULL) {
        enum err err = local_socket_reply(local, client, frame, size);
        (void)err; /* the client may be gone */
    }
    return has_room;
}

static void on_gone(void *user, uint64_t client)
{
    struct log *log = user;
    (void)client;
    pthread_mutex_lock(&log->lock);
    log->gone_count++;
    pthread_cond_broadcast(&log->changed);
    pthread_mutex_unlock(&log->lock);
}

static void on_refused(void *user, uid_t uid, enum local_socket_refusal refusal)
{
    struct log *log = user;
    (void)uid;
    pthread_mutex_lock(&log->lock);
    log->refusal_counts[refusal]++;
    pthread_cond_broadcast(&log->changed);
    pthread_mutex_unlock(&log->lock);
}

/* Waits until the number is reached; never for ever. */
static void await_count(struct fixture *fixture, const size_t *count, size_t at)
{
    struct timespec until;
    int error = 0;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_MS / 1000;
    pthread_mutex_lock(&fixture->log.lock);
    while (*count < at && error == 0)
        error = pthread_cond_timedwait(
            &fixture->log.changed, &fixture->log.lock, &until);
    pthread_mutex_unlock(&fixture->log.lock);
    assert_int_equal(error, 0);
}

static struct seen last(struct fixture *fixture)
{
    pthread_mutex_lock(&fixture->log.lock);
    struct seen seen = fixture->log.seen;
    pthread_mutex_unlock(&fixture->log.lock);
    return seen;
}

static void fixture_init(struct fixture *fixture)
{
    *fixture = (struct fixture){ .folder = "/tmp/refer-test-XXXXXX" };
    assert_non_null(mkdtemp(fixture->folder));
    (void)snprintf(
        fixture->path, sizeof fixture->path, "%s/local.sock", fixture->folder);
    assert_int_equal(pthread_mutex_init(&fixture->log.lock, NULL), 0);
    assert_int_equal(pthread_cond_init(&fixture->log.changed, NULL), 0);
    fixture->log.room = SIZE_MAX;
    fixture->log.echoes = true;
}

static enum err open_with(
    struct fixture *fixture, struct local_socket_options options)
{
    struct local_problem problem;
    struct local_socket_user self = { getuid(), RIGHTS };
    struct local_socket_events events = { &fixture->log, on_request, on_gone,
        on_refused };
    options.path = fixture->path;
    if (options.users == NULL) {
        options.users = &self;
        options.user_count = 1;
    }
    enum err err =
        local_socket_open(&options, &events, &fixture->local, &problem);
    pthread_mutex_lock(&fixture->log.lock);
    fixture->log.local = fixture->local;
    pthread_mutex_unlock(&fixture->log.lock);
    assert_int_equal(err == ERR_NONE, problem.what[0] == 0);
    return err;
}

static void start(struct fixture *fixture, struct local_socket_options options)
{
    fixture_init(fixture);
    assert_int_equal(open_with(fixture, options), ERR_NONE);
}

static void fixture_release(struct fixture *fixture)
{
    struct stat status;
    local_socket_close(fixture->local);
    assert_int_not_equal(lstat(fixture->path, &status), 0);
    assert_int_equal(rmdir(fixture->folder), 0);
    (void)pthread_cond_destroy(&fixture->log.changed);
    (void)pthread_mutex_destroy(&fixture->log.lock);
}

/* ---- The other end ----------------------------------------------------- */

static int dial(const struct fixture *fixture)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    memcpy(address.sun_path, fixture->path, strlen(fixture->path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(
        connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void put(int fd, const void *bytes, size_t size)
{
    const uint8_t *next = bytes;
    while (size > 0) {
        ssize_t sent = send(fd, next, size, MSG_NOSIGNAL);
        assert_true(sent > 0);
        next += sent;
        size -= (size_t)sent;
    }
}

/* A frame of that many bytes, all the same. */
static void put_frame(int fd, char byte, size_t size)
{
    uint8_t *frame = malloc(size + 4);
    assert_non_null(frame);
    frame[0] = (uint8_t)(size >> 24);
    frame[1] = (uint8_t)(size >> 16);
    frame[2] = (uint8_t)(size >> 8);
    frame[3] = (uint8_t)size;
    memset(frame + 4, byte, size);
    put(fd, frame, size + 4);
    free(frame);
}

/* Reads up to that many bytes; fewer when the other end closes. */
static size_t get(int fd, uint8_t *bytes, size_t size)
{
    size_t total = 0;
    while (total < size) {
        struct pollfd polled = { fd, POLLIN, 0 };
        assert_int_equal(poll(&polled, 1, PATIENCE_MS), 1);
        ssize_t got = recv(fd, bytes + total, size - total, 0);
        if (got <= 0)
            break;
        total += (size_t)got;
    }
    return total;
}

static void assert_frame(int fd, char byte, size_t size)
{
    uint8_t *frame = malloc(size + 4);
    assert_non_null(frame);
    assert_int_equal(get(fd, frame, size + 4), size + 4);
    assert_int_equal((size_t)frame[0] << 24 | (size_t)frame[1] << 16 |
                         (size_t)frame[2] << 8 | (size_t)frame[3],
        size);
    for (size_t i = 0; i < size; i++)
        if (frame[4 + i] != (uint8_t)byte)
            fail_msg("byte %zu", i);
    free(frame);
}

/* Everything that comes until the end, thrown away. */
static void assert_closed(int fd)
{
    uint8_t bytes[4096];
    while (get(fd, bytes, sizeof bytes) == sizeof bytes)
        ;
    (void)close(fd);
}

static void assert_answers(int fd)
{
    put_frame(fd, 'a', 3);
    assert_frame(fd, 'a', 3);
}

/* ---- Round trips ------------------------------------------------------- */

static void a_request_is_answered(void **state)
{
    (void)state;
    struct fixture fixture;
    start(&fixture, (struct local_socket_options){ 0 });
    int fd = dial(&fixture);
    put_frame(fd, 'q', 1);
    assert_frame(fd, 'q', 1);
    assert_int_equal(last(&fixture).rights, RIGHTS);
    assert_int_equal(last(&fixture).uid, getuid());
    put_frame(fd, 'r', 2u * 1024 * 1024);
    assert_frame(fd, 'r', 2u * 1024 * 1024);
    (void)close(fd);
    await_count(&fixture, &fixture.log.gone_count, 1);
    fixture_release(&fixture);
}

static void a_frame_may_come_byte_by_byte(void **state)
{
    (void)state;
    struct fixture fixture;
    start(&fixture, (struct local_socket_options){ 0 });
    int fd = dial(&fixture);
    for (int i = 0; i < 3; i++) {
        static const char frame[] = "\0\0\0\4aaaa";
        for (size_t k = 0; k < 8; k++)
            put(fd, frame + k, 1);
        assert_frame(fd, 'a', 4);
    }
    (void)close(fd);
    fixture_release(&fixture);
}

static void many_clients_are_told_apart(void **state)
{
    (void)state;
    struct fixture fixture;
    int fds[20];
    start(&fixture, (struct local_socket_options){ 0 });
    for (int i = 0; i < 20; i++)
        fds[i] = dial(&fixture);
    for (int i = 0; i < 20; i++)
        put_frame(fds[i], (char)('a' + i), (size_t)i + 1);
    for (int i = 19; i >= 0; i--)
        assert_frame(fds[i], (char)('a' + i), (size_t)i + 1);
    for (int i = 0; i < 20; i++)
        (void)close(fds[i]);
    await_count(&fixture, &fixture.log.gone_count, 20);
    fixture_release(&fixture);
}

static void a_reply_to_who_is_gone_is_not_found(void **state)
{
    (void)state;
    struct fixture fixture;
    start(&fixture, (struct local_socket_options){ 0 });
    int fd = dial(&fixture);
    assert_answers(fd);
    uint64_t client = last(&fixture).client;
    (void)close(fd);
    await_count(&fixture, &fixture.log.gone_count, 1);
    fd = dial(&fixture);
    assert_answers(fd);
    /* the place is taken again, the number is not */
    assert_true(last(&fixture).client != client);
    assert_int_equal(
        local_socket_reply(fixture.local, client, (const uint8_t *)"x", 1),
        ERR_NOT_FOUND);
    assert_int_equal(
        local_socket_reply(fixture.local, 0, (const uint8_t *)"x", 1),
        ERR_NOT_FOUND);
    assert_answers(fd);
    (void)close(fd);
    fixture_release(&fixture);
}

/* ---- Caps -------------------------------------------------------------- */

static void one_client_too_many_is_closed(void **state)
{
    (void)state;
    struct fixture fixture;
    start(&fixture, (struct local_socket_options){ .client_count_max = 2 });
    int first = dial(&fixture);
    int second = dial(&fixture);
    assert_answers(first);
    assert_answers(second);
    assert_closed(dial(&fixture));
    await_count(
        &fixture, &fixture.log.refusal_counts[LOCAL_REFUSAL_CLIENTS], 1);
    (void)close(second);
    await_count(&fixture, &fixture.log.gone_count, 1);
    second = dial(&fixture);
    assert_answers(second);
    assert_answers(first);
    (void)close(first);
    (void)close(second);
    fixture_release(&fixture);
}

static void one_user_has_but_a_share(void **state)
{
    (void)state;
    struct fixture fixture;
    start(&fixture,
        (struct local_socket_options){ .client_count_max_per_user = 1 });
    int fd = dial(&fixture);
    assert_answers(fd);
    assert_closed(dial(&fixture));
    await_count(&fixture, &fixture.log.refusal_counts[LOCAL_REFUSAL_SHARE], 1);
    assert_answers(fd);
    (void)close(fd);
    fixture_release(&fixture);
}

static void frames_too_large_or_empty_cost_the_connection(void **state)
{
    (void)state;
    static const char *const heads[] = { "\0\0\0\x11", "\xff\xff\xff\xff",
        "\0\0\0\0" };
    struct fixture fixture;
    start(&fixture, (struct local_socket_options){ .frame_size_max = 16 });
    int fd = dial(&fixture);
    put_frame(fd, 'a', 16);
    assert_frame(fd, 'a', 16);
    for (size_t i = 0; i < 3; i++) {
        int other = dial(&fixture);
        put(other, heads[i], 4);
        assert_closed(other);
    }
    await_count(
        &fixture, &fixture.log.refusal_counts[LOCAL_REFUSAL_FRAME_SIZE], 3);
    assert_answers(fd);
    (void)close(fd);
    fixture_release(&fixture);
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
    put(fd, frame, sizeof frame - 1);
}

static size_t count_of(struct fixture *fixture)
{
    pthread_mutex_lock(&fixture->log.lock);
    size_t count = fixture->log.request_count;
    pthread_mutex_unlock(&fixture->log.lock);
    return count;
}

static void large_frames_wait_for_room_and_small_ones_do_not(void **state)
{
    (void)state;
    struct fixture fixture;
    start(&fixture, (struct local_socket_options){
                        .reading_size_max_per_user = 2 * LARGE_SIZE });
    int fds[4];
    for (size_t i = 0; i < 4; i++)
        fds[i] = dial(&fixture);
    int small = dial(&fixture);
    put_most(fds[0], 'a');
    put_most(fds[1], 'b');
    /* has its turn when one of those is done: whole, in the kernel */
    put_most(fds[2], 'c');
    put(fds[2], "c", 1);
    for (int i = 0; i < 8; i++)
        assert_answers(small);
    assert_int_equal(count_of(&fixture), 8);
    put(fds[0], "a", 1);
    assert_frame(fds[0], 'a', LARGE_SIZE);
    assert_frame(fds[2], 'c', LARGE_SIZE);
    /* one that goes leaves its room to others */
    put_most(fds[0], 'a');
    put_most(fds[3], 'd');
    put(fds[3], "d", 1);
    for (int i = 0; i < 8; i++)
        assert_answers(small);
    assert_int_equal(count_of(&fixture), 18);
    (void)close(fds[1]);
    assert_frame(fds[3], 'd', LARGE_SIZE);
    for (size_t i = 0; i < 4; i++)
        if (i != 1)
            (void)close(fds[i]);
    (void)close(small);
    fixture_release(&fixture);
}

static void who_waits_for_room_is_not_late(void **state)
{
    (void)state;
    struct fixture fixture;
    start(&fixture, (struct local_socket_options){
                        .reading_size_max = LARGE_SIZE, .frame_ms_max = 200 });
    int first = dial(&fixture);
    int second = dial(&fixture);
    put_most(first, 'a');
    put_most(second, 'b');
    put(second, "b", 1);
    /* the first never ends, and costs only itself */
    assert_closed(first);
    assert_frame(second, 'b', LARGE_SIZE);
    await_count(
        &fixture, &fixture.log.refusal_counts[LOCAL_REFUSAL_FRAME_SLOW], 1);
    (void)close(second);
    fixture_release(&fixture);
}

static void a_reply_has_a_limit_of_its_own(void **state)
{
    (void)state;
    struct fixture fixture;
    start(&fixture, (struct local_socket_options){ .reply_size_max = 16 });
    int fd = dial(&fixture);
    put_frame(fd, 'a', 17); /* which it would echo */
    assert_closed(fd);
    fixture_release(&fixture);
}

static void half_a_frame_is_closed_in_time(void **state)
{
    (void)state;
    struct fixture fixture;
    start(&fixture, (struct local_socket_options){ .frame_ms_max = 1 });
    int idle = dial(&fixture);
    assert_answers(idle);
    int half = dial(&fixture);
    put(half, "\0\0\0\4ab", 6);
    assert_closed(half);
    half = dial(&fixture);
    put(half, "\0", 1);
    assert_closed(half);
    await_count(
        &fixture, &fixture.log.refusal_counts[LOCAL_REFUSAL_FRAME_SLOW], 2);
    /* who has begun nothing may take any time */
    assert_answers(idle);
    (void)close(idle);
    fixture_release(&fixture);
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
    struct fixture *fixture, enum local_socket_refusal refusal)
{
    pthread_mutex_lock(&fixture->log.lock);
    size_t count = fixture->log.refusal_counts[refusal];
    pthread_mutex_unlock(&fixture->log.lock);
    return count;
}

/* All its bytes take as long as the frame may, and none of them does. */
static void who_drips_a_frame_has_no_more_time(void **state)
{
    enum { FRAME_MS = 1000, BYTE_MS = 100 };
    (void)state;
    struct fixture fixture;
    hand_ms = 1;
    start(&fixture, (struct local_socket_options){
                        .frame_ms_max = FRAME_MS, .steady_ms = clock_by_hand });
    int slow = dial(&fixture);
    int next = dial(&fixture); /* has its turn after it, each time */
    put(slow, "\0\0\1\0", 4);
    for (int64_t ms = 0; ms <= FRAME_MS; ms += BYTE_MS) {
        hand_ms = 1 + ms;
        put(slow, "x", 1);
        assert_answers(next);
        assert_int_equal(
            refused_count(&fixture, LOCAL_REFUSAL_FRAME_SLOW), ms == FRAME_MS);
    }
    assert_closed(slow);
    (void)close(next);
    fixture_release(&fixture);
}

static void who_asks_too_much_is_not_read_until_answered(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture.log.echoes = false;
    assert_int_equal(
        open_with(&fixture,
            (struct local_socket_options){ .outstanding_count_max = 2 }),
        ERR_NONE);
    int fd = dial(&fixture);
    int other = dial(&fixture);
    for (int i = 0; i < 3; i++)
        put_frame(fd, (char)('a' + i), 1);
    await_count(&fixture, &fixture.log.request_count, 2);
    /* another's request went through meanwhile, the third did not */
    put_frame(other, 'z', 1);
    await_count(&fixture, &fixture.log.request_count, 3);
    assert_int_equal(last(&fixture).first_byte, 'z');
    put_frame(other, 'y', 1);
    await_count(&fixture, &fixture.log.request_count, 4);
    assert_int_equal(last(&fixture).first_byte, 'y');
    (void)close(other);
    await_count(&fixture, &fixture.log.gone_count, 1);
    fixture_release(&fixture);
    (void)close(fd);
}

static void replies_that_wait_for_each_other_all_come(void **state)
{
    (void)state;
    struct fixture fixture;
    int fds[2];
    uint64_t clients[2];
    fixture_init(&fixture);
    fixture.log.echoes = false;
    assert_int_equal(
        open_with(&fixture, (struct local_socket_options){ 0 }), ERR_NONE);
    for (size_t i = 0; i < 2; i++) {
        fds[i] = dial(&fixture);
        put_frame(fds[i], 'q', 1);
        await_count(&fixture, &fixture.log.request_count, i + 1);
        clients[i] = last(&fixture).client;
    }
    for (int round = 0; round < 3; round++) {
        local_socket_hold(fixture.local);
        for (size_t i = 0; i < 2; i++)
            assert_int_equal(local_socket_reply(fixture.local, clients[i],
                                 (const uint8_t *)"r", 1),
                ERR_NONE);
        local_socket_release(fixture.local);
        for (size_t i = 0; i < 2; i++)
            assert_frame(fds[i], 'r', 1);
    }
    for (size_t i = 0; i < 2; i++)
        (void)close(fds[i]);
    fixture_release(&fixture);
}

static void an_answer_lets_the_next_request_in(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture.log.echoes = false;
    assert_int_equal(
        open_with(&fixture,
            (struct local_socket_options){ .outstanding_count_max = 1 }),
        ERR_NONE);
    int fd = dial(&fixture);
    for (int i = 0; i < 5; i++)
        put_frame(fd, (char)('a' + i), 1);
    for (size_t i = 0; i < 5; i++) {
        await_count(&fixture, &fixture.log.request_count, i + 1);
        assert_int_equal(last(&fixture).first_byte, 'a' + i);
        assert_int_equal(local_socket_reply(fixture.local,
                             last(&fixture).client, (const uint8_t *)"r", 1),
            ERR_NONE);
        assert_frame(fd, 'r', 1);
    }
    (void)close(fd);
    fixture_release(&fixture);
}

static void a_full_queue_gives_the_same_request_again(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture.log.room = 1;
    assert_int_equal(
        open_with(&fixture, (struct local_socket_options){ 0 }), ERR_NONE);
    int fd = dial(&fixture);
    int other = dial(&fixture);
    put_frame(fd, 'a', 1);
    assert_frame(fd, 'a', 1);
    put_frame(fd, 'b', 1);
    put_frame(other, 'c', 1);
    await_count(&fixture, &fixture.log.refused_room_count, 1);
    /* still none: both stay held */
    local_socket_resume(fixture.local);
    await_count(&fixture, &fixture.log.refused_room_count, 2);
    assert_int_equal(last(&fixture).request_count, 1);
    pthread_mutex_lock(&fixture.log.lock);
    fixture.log.room = SIZE_MAX;
    pthread_mutex_unlock(&fixture.log.lock);
    local_socket_resume(fixture.local);
    assert_frame(fd, 'b', 1);
    assert_frame(other, 'c', 1);
    assert_answers(fd);
    (void)close(fd);
    (void)close(other);
    fixture_release(&fixture);
}

static void who_does_not_read_is_closed(void **state)
{
    (void)state;
    static uint8_t bytes[256 * 1024];
    struct fixture fixture;
    start(&fixture,
        (struct local_socket_options){ .backlog_size_max = 2 * sizeof bytes });
    int idle = dial(&fixture);
    int slow = dial(&fixture);
    assert_answers(slow);
    uint64_t client = last(&fixture).client;
    assert_answers(idle);
    enum err err = ERR_NONE;
    /* what the kernel takes, then what we keep, then no more */
    for (int i = 0; i < 1000 && err == ERR_NONE; i++)
        err = local_socket_reply(fixture.local, client, bytes, sizeof bytes);
    assert_int_equal(err, ERR_LIMIT);
    await_count(
        &fixture, &fixture.log.refusal_counts[LOCAL_REFUSAL_READ_SLOW], 1);
    await_count(&fixture, &fixture.log.gone_count, 1);
    assert_closed(slow);
    assert_answers(idle);
    (void)close(idle);
    fixture_release(&fixture);
}

/* Replies until so many bytes wait here, behind what the kernel took. */
static void leave_unread(
    struct fixture *fixture, int fd, char byte, size_t size, size_t waiting)
{
    uint8_t *bytes = malloc(size);
    size_t kernel_size = 0;
    socklen_t option_size = sizeof(int);
    int buffer = 0;
    assert_non_null(bytes);
    memset(bytes, byte, size);
    assert_answers(fd);
    assert_int_equal(
        getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, &option_size), 0);
    /* it counts more than the bytes, so what it has room for waits nowhere */
    while (kernel_size < (size_t)buffer + waiting) {
        assert_int_equal(local_socket_reply(
                             fixture->local, last(fixture).client, bytes, size),
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
    while ((got = get(fd, bytes, sizeof bytes)) > 0)
        total += got;
    (void)close(fd);
    return total;
}

static void who_read_longest_ago_goes_where_all_leave_too_much(void **state)
{
    (void)state;
    enum { MIB = 1024 * 1024 };
    struct fixture fixture;
    start(&fixture, (struct local_socket_options){ .unread_size_max = 7 * MIB,
                        .frame_ms_max = UINT32_MAX });
    int small = dial(&fixture);
    int reader = dial(&fixture);
    int silent = dial(&fixture);
    leave_unread(&fixture, small, 's', 1024, 0);
    leave_unread(&fixture, reader, 'a', MIB, 2 * MIB);
    leave_unread(&fixture, silent, 'b', MIB, 2 * MIB);
    assert_frame(reader, 'a', MIB);
    int next = dial(&fixture);
    leave_unread(&fixture, next, 'c', MIB, 2 * MIB);
    await_count(
        &fixture, &fixture.log.refusal_counts[LOCAL_REFUSAL_READ_SLOW], 1);
    await_count(&fixture, &fixture.log.gone_count, 1);
    assert_true(drain(silent) < 2 * MIB);
    /* who waited longer than it, and read or left little, is told all */
    assert_frame(small, 's', 1024);
    for (int i = 0; i < 2; i++)
        assert_frame(reader, 'a', MIB);
    for (int i = 0; i < 3; i++)
        assert_frame(next, 'c', MIB);
    (void)close(small);
    (void)close(reader);
    (void)close(next);
    fixture_release(&fixture);
}

static void who_reads_too_slowly_is_closed(void **state)
{
    (void)state;
    static uint8_t bytes[1024 * 1024];
    struct fixture fixture;
    start(&fixture, (struct local_socket_options){ .frame_ms_max = 1 });
    int slow = dial(&fixture);
    assert_answers(slow);
    assert_int_equal(local_socket_reply(fixture.local, last(&fixture).client,
                         bytes, sizeof bytes),
        ERR_NONE);
    await_count(
        &fixture, &fixture.log.refusal_counts[LOCAL_REFUSAL_READ_SLOW], 1);
    assert_closed(slow);
    fixture_release(&fixture);
}

static void a_storm_of_connections_leaves_the_door_open(void **state)
{
    (void)state;
    struct fixture fixture;
    start(&fixture, (struct local_socket_options){ 0 });
    int steady = dial(&fixture);
    assert_answers(steady);
    for (int i = 0; i < 1000; i++) {
        int fd = dial(&fixture);
        if (i % 3 == 1)
            (void)send(fd, "\0\0", 2, MSG_NOSIGNAL);
        if (i % 3 == 2)
            (void)send(fd, "\0\0\0\1x", 5, MSG_NOSIGNAL);
        (void)close(fd);
    }
    assert_answers(steady);
    int late = dial(&fixture);
    assert_answers(late);
    (void)close(late);
    (void)close(steady);
    fixture_release(&fixture);
}

/* ---- Users ------------------------------------------------------------- */

static void who_is_not_in_the_table_is_refused(void **state)
{
    (void)state;
    struct fixture fixture;
    struct local_socket_user other = { getuid() + 1, RIGHTS };
    start(&fixture,
        (struct local_socket_options){ .users = &other, .user_count = 1 });
    assert_closed(dial(&fixture));
    await_count(&fixture, &fixture.log.refusal_counts[LOCAL_REFUSAL_USER], 1);
    assert_int_equal(fixture.log.gone_count, 0);
    fixture_release(&fixture);
}

static void a_new_table_is_for_those_who_are_there_too(void **state)
{
    (void)state;
    struct fixture fixture;
    struct local_socket_user self = { getuid(), RIGHTS + 1 };
    start(&fixture, (struct local_socket_options){ 0 });
    int fd = dial(&fixture);
    assert_answers(fd);
    assert_int_equal(last(&fixture).rights, RIGHTS);
    assert_int_equal(
        local_socket_set_clients(fixture.local, &self, 1), ERR_NONE);
    assert_answers(fd);
    assert_int_equal(last(&fixture).rights, RIGHTS + 1);
    assert_int_equal(
        local_socket_set_clients(fixture.local, NULL, 0), ERR_NONE);
    assert_closed(fd);
    await_count(&fixture, &fixture.log.refusal_counts[LOCAL_REFUSAL_USER], 1);
    await_count(&fixture, &fixture.log.gone_count, 1);
    fixture_release(&fixture);
}

/* In a child: 0 when answered, 1 when closed. */
static int ask_as(const struct fixture *fixture, uid_t uid)
{
    uint8_t frame[5];
    if (setuid(uid) != 0)
        return 2;
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    memcpy(address.sun_path, fixture->path, strlen(fixture->path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0)
        return 3;
    (void)send(fd, "\0\0\0\1x", 5, MSG_NOSIGNAL);
    return recv(fd, frame, sizeof frame, MSG_WAITALL) == 5 ? 0 : 1;
}

static int status_of_child(const struct fixture *fixture, uid_t uid)
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(ask_as(fixture, uid));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void the_kernel_says_who_is_calling(void **state)
{
    (void)state;
    struct fixture fixture;
    struct local_socket_user nobody[] = { { 0, 1 }, { NOBODY, 2 } };
    if (getuid() != 0) {
        print_message("skipped: only root can call as another user\n");
        skip();
    }
    start(&fixture, (struct local_socket_options){ 0 });
    assert_int_equal(chmod(fixture.folder, 0755), 0);
    assert_int_equal(status_of_child(&fixture, NOBODY), 1);
    await_count(&fixture, &fixture.log.refusal_counts[LOCAL_REFUSAL_USER], 1);
    assert_int_equal(
        local_socket_set_clients(fixture.local, nobody, 2), ERR_NONE);
    assert_int_equal(status_of_child(&fixture, NOBODY), 0);
    assert_int_equal(last(&fixture).uid, NOBODY);
    assert_int_equal(last(&fixture).rights, 2);
    fixture_release(&fixture);
}

/* ---- The path ---------------------------------------------------------- */

static void a_living_gateway_is_left_alone(void **state)
{
    (void)state;
    struct fixture fixture;
    start(&fixture, (struct local_socket_options){ 0 });
    struct local_socket *first = fixture.local;
    assert_int_equal(
        open_with(&fixture, (struct local_socket_options){ 0 }), ERR_BUSY);
    assert_null(fixture.local);
    fixture.local = first;
    fixture.log.local = first;
    int fd = dial(&fixture);
    assert_answers(fd);
    (void)close(fd);
    fixture_release(&fixture);
}

static void the_file_of_a_dead_gateway_is_replaced(void **state)
{
    (void)state;
    struct fixture fixture;
    struct stat status;
    fixture_init(&fixture);
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    memcpy(address.sun_path, fixture.path, strlen(fixture.path) + 1);
    int dead = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(
        bind(dead, (const struct sockaddr *)&address, sizeof address), 0);
    (void)close(dead);
    mode_t before = umask(077);
    assert_int_equal(
        open_with(&fixture, (struct local_socket_options){ 0 }), ERR_NONE);
    (void)umask(before);
    assert_int_equal(lstat(fixture.path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0666);
    int fd = dial(&fixture);
    assert_answers(fd);
    (void)close(fd);
    fixture_release(&fixture);
}

static void what_is_no_socket_is_never_removed(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    FILE *file = fopen(fixture.path, "w");
    assert_non_null(file);
    (void)fclose(file);
    assert_int_equal(
        open_with(&fixture, (struct local_socket_options){ 0 }), ERR_EXISTS);
    assert_int_equal(unlink(fixture.path), 0);
    fixture_release(&fixture);
}

static void a_successors_file_is_not_removed(void **state)
{
    (void)state;
    struct fixture fixture;
    struct stat status;
    start(&fixture, (struct local_socket_options){ 0 });
    assert_int_equal(unlink(fixture.path), 0);
    int keeps_inode = open(fixture.path, O_CREAT | O_WRONLY, 0600);
    assert_true(keeps_inode >= 0);
    local_socket_close(fixture.local);
    fixture.local = NULL;
    assert_int_equal(lstat(fixture.path, &status), 0);
    (void)close(keeps_inode);
    assert_int_equal(unlink(fixture.path), 0);
    fixture_release(&fixture);
}

static void paths_that_cannot_be_are_refused(void **state)
{
    (void)state;
    struct fixture fixture;
    char path[110];
    struct local_problem problem;
    struct local_socket_options options = { .path = path };
    fixture_init(&fixture);
    struct local_socket_events events = { &fixture.log, on_request, on_gone,
        on_refused };
    memset(path, 'p', sizeof path);
    path[108] = 0;
    assert_int_equal(
        local_socket_open(&options, &events, &fixture.local, &problem),
        ERR_INVALID);
    path[0] = 0;
    assert_int_equal(
        local_socket_open(&options, &events, &fixture.local, &problem),
        ERR_INVALID);
    options.path = "/nowhere/at/all";
    assert_int_equal(
        local_socket_open(&options, &events, &fixture.local, &problem), ERR_IO);
    assert_int_equal(problem.error, ENOENT);
    local_socket_close(NULL);
    fixture_release(&fixture);
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
        cmocka_unit_test(who_is_not_in_the_table_is_refused),
        cmocka_unit_test(a_new_table_is_for_those_who_are_there_too),
        cmocka_unit_test(the_kernel_says_who_is_calling),
        cmocka_unit_test(a_living_gateway_is_left_alone),
        cmocka_unit_test(the_file_of_a_dead_gateway_is_replaced),
        cmocka_unit_test(what_is_no_socket_is_never_removed),
        cmocka_unit_test(a_successors_file_is_not_removed),
        cmocka_unit_test(paths_that_cannot_be_are_refused),
        cmocka_unit_test(every_refusal_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
