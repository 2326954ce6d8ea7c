#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/local_door.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static bool on_request(void *user, uint64_t client, uint32_t rights, uid_t uid,
    const uint8_t *frame, size_t size)
{
    struct door_log *log = user;
    pthread_mutex_lock(&log->lock);
    bool has_room = log->room > 0;
    struct local_socket *local = log->local;
    bool echoes = log->echoes;
    if (has_room) {
        log->room--;
        log->seen = (struct door_seen){ client, rights, uid, frame[0],
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
    struct door_log *log = user;
    (void)client;
    pthread_mutex_lock(&log->lock);
    log->gone_count++;
    pthread_cond_broadcast(&log->changed);
    pthread_mutex_unlock(&log->lock);
}

static void on_refused(void *user, uid_t uid, enum local_socket_refusal refusal)
{
    struct door_log *log = user;
    (void)uid;
    pthread_mutex_lock(&log->lock);
    log->refusal_counts[refusal]++;
    pthread_cond_broadcast(&log->changed);
    pthread_mutex_unlock(&log->lock);
}

void door_await(struct door *door, const size_t *count, size_t at)
{
    struct timespec until;
    int error = 0;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += DOOR_PATIENCE_MS / 1000;
    pthread_mutex_lock(&door->log.lock);
    while (*count < at && error == 0)
        error =
            pthread_cond_timedwait(&door->log.changed, &door->log.lock, &until);
    pthread_mutex_unlock(&door->log.lock);
    assert_int_equal(error, 0);
}

struct door_seen door_last(struct door *door)
{
    pthread_mutex_lock(&door->log.lock);
    struct door_seen seen = door->log.seen;
    pthread_mutex_unlock(&door->log.lock);
    return seen;
}

void door_init(struct door *door)
{
    *door = (struct door){ .folder = "/tmp/refer-test-XXXXXX" };
    assert_non_null(mkdtemp(door->folder));
    (void)snprintf(
        door->path, sizeof door->path, "%s/local.sock", door->folder);
    assert_int_equal(pthread_mutex_init(&door->log.lock, NULL), 0);
    assert_int_equal(pthread_cond_init(&door->log.changed, NULL), 0);
    door->log.room = SIZE_MAX;
    door->log.echoes = true;
}

enum err door_open_with(struct door *door, struct local_socket_options options)
{
    struct local_problem problem;
    struct local_socket_user self = { getuid(), DOOR_RIGHTS };
    struct local_socket_events events = { &door->log, on_request, on_gone,
        on_refused };
    options.path = door->path;
    if (options.users == NULL) {
        options.users = &self;
        options.user_count = 1;
    }
    enum err err = local_socket_open(&options, &events, &door->local, &problem);
    pthread_mutex_lock(&door->log.lock);
    door->log.local = door->local;
    pthread_mutex_unlock(&door->log.lock);
    assert_int_equal(err == ERR_NONE, problem.what[0] == 0);
    return err;
}

void door_open(struct door *door, struct local_socket_options options)
{
    door_init(door);
    assert_int_equal(door_open_with(door, options), ERR_NONE);
}

void door_close(struct door *door)
{
    struct stat status;
    local_socket_close(door->local);
    assert_int_not_equal(lstat(door->path, &status), 0);
    assert_int_equal(rmdir(door->folder), 0);
    (void)pthread_cond_destroy(&door->log.changed);
    (void)pthread_mutex_destroy(&door->log.lock);
}

/* ---- The other end ----------------------------------------------------- */

int door_dial(const struct door *door)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    memcpy(address.sun_path, door->path, strlen(door->path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(
        connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

void door_put(int fd, const void *bytes, size_t size)
{
    const uint8_t *next = bytes;
    while (size > 0) {
        ssize_t sent = send(fd, next, size, MSG_NOSIGNAL);
        assert_true(sent > 0);
        next += sent;
        size -= (size_t)sent;
    }
}

void door_put_frame(int fd, char byte, size_t size)
{
    uint8_t *frame = malloc(size + 4);
    assert_non_null(frame);
    frame[0] = (uint8_t)(size >> 24);
    frame[1] = (uint8_t)(size >> 16);
    frame[2] = (uint8_t)(size >> 8);
    frame[3] = (uint8_t)size;
    memset(frame + 4, byte, size);
    door_put(fd, frame, size + 4);
    free(frame);
}

size_t door_get(int fd, uint8_t *bytes, size_t size)
{
    size_t total = 0;
    while (total < size) {
        struct pollfd polled = { fd, POLLIN, 0 };
        assert_int_equal(poll(&polled, 1, DOOR_PATIENCE_MS), 1);
        ssize_t got = recv(fd, bytes + total, size - total, 0);
        if (got <= 0)
            break;
        total += (size_t)got;
    }
    return total;
}

void door_assert_frame(int fd, char byte, size_t size)
{
    uint8_t *frame = malloc(size + 4);
    assert_non_null(frame);
    assert_int_equal(door_get(fd, frame, size + 4), size + 4);
    assert_int_equal((size_t)frame[0] << 24 | (size_t)frame[1] << 16 |
                         (size_t)frame[2] << 8 | (size_t)frame[3],
        size);
    for (size_t i = 0; i < size; i++)
        if (frame[4 + i] != (uint8_t)byte)
            fail_msg("byte %zu", i);
    free(frame);
}

void door_assert_closed(int fd)
{
    uint8_t bytes[4096];
    while (door_get(fd, bytes, sizeof bytes) == sizeof bytes)
        ;
    (void)close(fd);
}

void door_assert_answers(int fd)
{
    door_put_frame(fd, 'a', 3);
    door_assert_frame(fd, 'a', 3);
}
