/*
 * local_client.h - one connection of a local client: what is read of its next
 * frame, and the replies that wait to be written. Part of local_socket.c,
 * which holds the lock that the queue needs.
 */
#ifndef IO_LOCAL_CLIENT_H
#define IO_LOCAL_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "io/frame.h"

/* A reply with its head, and how much of it is out. */
struct local_frame {
    struct local_frame *next;
    size_t size;
    size_t sent;
    uint8_t bytes[];
};

struct local_client {
    /* the thread's alone; fd is -1 in a free place */
    int fd;
    uid_t uid;
    uint32_t rights;
    struct frame_reader reader;
    bool is_held;    /* a whole frame that nobody took yet */
    bool is_waiting; /* to read a large frame, for room */
    size_t reserved; /* for the frame that is read; 0 for a small one */
    int64_t reading_since_ms;
    int64_t writing_since_ms;
    /* under the lock */
    uint64_t id; /* 0 in a free place */
    struct local_frame *first;
    struct local_frame *last;
    bool is_writing; /* the thread is: the first frame is not to be touched */
    size_t backlog_size;
    uint64_t
        read_at; /* turns of local_socket.read_serial; see local_unread.c */
    size_t outstanding_count;
    bool is_doomed; /* a reply could not be queued */
    int doom;       /* enum local_socket_refusal */
};

/* Milliseconds of the machine's steady clock, never 0. */
int64_t local_steady_ms(void);

/* The kernel's word on who is at the other end. */
MUST_USE enum err local_peer_uid(int fd, uid_t *uid);

/* A frame with its head; NULL for want of memory. */
struct local_frame *local_frame_new(const uint8_t *bytes, size_t size);
/* It and those behind it, wiped. */
void local_frame_free(struct local_frame *frame);

/*
 * Reads what is there of one frame, a turn's worth; *complete says that it is
 * whole. Takes no byte behind it, so that whoever is not to be read has nothing
 * left here.
 *   ERR_EARLY        nothing more now
 *   ERR_NOT_FOUND    the client is gone
 *   ERR_BUSY         a large frame begins, and nothing is reserved for it
 *   ERR_LIMIT, ERR_MALFORMED, ERR_NO_MEMORY  of frame_reader_feed()
 */
MUST_USE enum err local_client_read(
    struct local_client *client, bool *complete);

/* Writes what goes of the frame. ERR_EARLY: no more goes now; ERR_NOT_FOUND:
 * the client is gone. */
MUST_USE enum err local_frame_write(struct local_frame *frame, int fd);

#endif
