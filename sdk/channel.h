/*
 * channel.h - one connection to the gateway: frames of 4 bytes big-endian size
 * and a message, over a Unix stream socket that never blocks. Waiting is
 * poll() against a deadline; an interrupt ends any wait.
 */
#ifndef SDK_CHANNEL_H
#define SDK_CHANNEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "refer/refer.h"

#define SDK_FRAME_HEADER_SIZE 4u
/* Of a message, without the 4 bytes; the gateway has the same limit. */
#define SDK_MESSAGE_SIZE_MAX (2u * 1024 * 1024)

/* Of a message that carries many. */
#define SDK_BATCH_SIZE_MAX REFER_BATCH_SIZE_MAX

/* An instant of the steady clock. */
struct sdk_deadline {
    int64_t at_ms;
    bool is_never;
};

/* timeout_ms from now; negative: never. */
struct sdk_deadline sdk_deadline_in(int32_t timeout_ms);
/* 0 when it has passed; -1 when it never will. At most INT32_MAX. */
int sdk_deadline_left_ms(struct sdk_deadline deadline);

struct sdk_channel {
    int fd;                     /* -1: no connection */
    int interrupt[2];           /* a pipe: a byte in it ends a wait */
    atomic_bool is_interrupted; /* then: no call has to ask the pipe */
    uint8_t *in;                /* kept as long as the connection */
    size_t in_size;
    size_t in_capacity;
};

/* REFER_BUSY: no descriptor left. */
refer_status sdk_channel_init(struct sdk_channel *channel);
void sdk_channel_release(struct sdk_channel *channel);

/*
 *   REFER_INVALID       the path is longer than a socket's may be
 *   REFER_DISCONNECTED  nobody listens there
 *   REFER_DENIED        this user may not open it
 *   REFER_BUSY          no descriptor left
 *   REFER_TIMEOUT, REFER_INTERRUPTED
 */
refer_status sdk_channel_connect(struct sdk_channel *channel, const char *path,
    struct sdk_deadline deadline);
void sdk_channel_disconnect(struct sdk_channel *channel);

/* All of the frame, or an error after which the connection is of no use. */
refer_status sdk_channel_send(struct sdk_channel *channel, const uint8_t *frame,
    size_t size, struct sdk_deadline deadline);
/* Waits until a whole frame is there and gives its message, valid until
 * sdk_channel_consume(). After REFER_TIMEOUT and REFER_INTERRUPTED the
 * connection is sound and the call may be repeated.
 *   REFER_PROTOCOL  larger than SDK_MESSAGE_SIZE_MAX
 *   REFER_DISCONNECTED, REFER_NO_MEMORY */
refer_status sdk_channel_receive(struct sdk_channel *channel,
    struct sdk_deadline deadline, const uint8_t **message, size_t *size);
/* Drops the frame that sdk_channel_receive() gave. */
void sdk_channel_consume(struct sdk_channel *channel);
/* False when the other end closed and no whole frame is left. Waits for
 * nothing. */
bool sdk_channel_is_open(struct sdk_channel *channel);

/* Safe in a signal handler and in another thread. */
void sdk_channel_interrupt(struct sdk_channel *channel);
/* True when there was an interrupt since the last time; takes it away. */
bool sdk_channel_take_interrupt(struct sdk_channel *channel);

#endif
