/* struct ucred, what SO_PEERCRED fills in, is outside POSIX. */
#define _GNU_SOURCE 1 /* NOLINT(bugprone-reserved-identifier) */

#include "io/local_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "core/limits.h"

/* One system call's worth of a large frame. */
#define READ_SIZE_MAX (64u * 1024)
/* Of them in one turn: then others have theirs, however fast more comes. */
#define READ_COUNT_MAX 3

int64_t local_steady_ms(void)
{
    struct timespec now = { 0, 0 };
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + 1;
}

enum err local_peer_uid(int fd, uid_t *uid)
{
    struct ucred credentials;
    socklen_t size = sizeof credentials;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0 ||
        size != sizeof credentials)
        return ERR_IO;
    *uid = credentials.uid;
    return ERR_NONE;
}

struct local_frame *local_frame_new(const uint8_t *bytes, size_t size)
{
    struct local_frame *frame = malloc(sizeof *frame + FRAME_HEAD_SIZE + size);
    if (frame == NULL)
        return NULL;
    *frame = (struct local_frame){ .size = FRAME_HEAD_SIZE + size };
    frame_head(frame->bytes, size);
    memcpy(frame->bytes + FRAME_HEAD_SIZE, bytes, size);
    return frame;
}

void local_frame_free(struct local_frame *frame)
{
    while (frame != NULL) {
        struct local_frame *next = frame->next;
        explicit_bzero(frame->bytes, frame->size);
        free(frame);
        frame = next;
    }
}

/* Bytes up to the end of the head, or else of the frame. */
static size_t bytes_wanted(const struct frame_reader *reader)
{
    if (reader->head_size < FRAME_HEAD_SIZE)
        return FRAME_HEAD_SIZE - reader->head_size;
    size_t wanted = reader->size - reader->received;
    return wanted < READ_SIZE_MAX ? wanted : READ_SIZE_MAX;
}

static bool needs_room(const struct local_client *client)
{
    return client->reader.head_size == FRAME_HEAD_SIZE &&
           client->reader.size > LOCAL_LARGE_SIZE_MIN && client->reserved == 0;
}

enum err local_client_read(struct local_client *client, bool *complete)
{
    uint8_t bytes[READ_SIZE_MAX];
    enum err err = ERR_NONE;
    *complete = false;
    for (int i = 0; i < READ_COUNT_MAX && err == ERR_NONE && !*complete; i++) {
        if (needs_room(client))
            return ERR_BUSY;
        ssize_t size =
            recv(client->fd, bytes, bytes_wanted(&client->reader), 0);
        if (size == 0)
            return ERR_NOT_FOUND;
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK ? ERR_EARLY
                                                           : ERR_NOT_FOUND;
        struct slice input = slice_of(bytes, (size_t)size);
        err = frame_reader_feed(&client->reader, &input, complete);
        explicit_bzero(bytes, (size_t)size);
    }
    return err == ERR_NONE && !*complete ? ERR_EARLY : err;
}

enum err local_frame_write(struct local_frame *frame, int fd)
{
    while (frame->sent < frame->size) {
        ssize_t sent = send(fd, frame->bytes + frame->sent,
            frame->size - frame->sent, MSG_NOSIGNAL);
        if (sent >= 0)
            frame->sent += (size_t)sent;
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            return ERR_EARLY;
        else if (errno != EINTR)
            return ERR_NOT_FOUND;
    }
    return ERR_NONE;
}
