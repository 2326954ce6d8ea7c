/*
 * Sending: frames are appended to one buffer, and leave in records of what has
 * gathered there.
 */
#include "io/peers_nng_state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Room for `size` more bytes at the end of what waits. */
static enum err out_reserve(struct connection *connection, size_t size)
{
    struct peers *peers = connection->peers;
    size_t needed = connection->out_size + size;
    if (connection->out_start + needed <= connection->out_capacity)
        return ERR_NONE;
    if (needed <= connection->out_capacity) {
        memmove(connection->out, connection->out + connection->out_start,
            connection->out_size);
        connection->out_start = 0;
        return ERR_NONE;
    }
    size_t capacity = needed > 2 * connection->out_capacity
                          ? needed
                          : 2 * connection->out_capacity;
    uint8_t *out = NULL;
    bool held = peers_hold(peers, capacity);
    if (held)
        out = malloc(capacity);
    if (out == NULL) {
        peers_drop(peers, capacity);
        return held ? ERR_NO_MEMORY : ERR_BUSY;
    }
    if (connection->out_size > 0)
        memcpy(
            out, connection->out + connection->out_start, connection->out_size);
    free(connection->out);
    peers_drop(peers, connection->out_capacity);
    connection->out = out;
    connection->out_start = 0;
    connection->out_capacity = capacity;
    return ERR_NONE;
}

enum err connection_append(struct connection *connection, uint32_t number,
    const uint8_t *body, size_t size)
{
    uint8_t head[FRAME_HEAD_SIZE + NUMBER_SIZE];
    /* one frame always has room, however large frames may be */
    if (connection->out_size > 0 &&
        connection->out_size + sizeof head + size > CONNECTION_QUEUE_SIZE_MAX)
        return ERR_BUSY;
    enum err err = out_reserve(connection, sizeof head + size);
    if (err != ERR_NONE)
        return err;
    frame_head(head, NUMBER_SIZE + size);
    frame_head(head + FRAME_HEAD_SIZE, number);
    uint8_t *end =
        connection->out + connection->out_start + connection->out_size;
    memcpy(end, head, sizeof head);
    if (size > 0)
        memcpy(end + sizeof head, body, size);
    connection->out_size += sizeof head + size;
    connection->out_total += sizeof head + size;
    if (connection->out_deadline_ms == 0) {
        connection->out_mark = connection->out_total;
        connection->out_deadline_ms =
            peers_now_ms() + connection->peers->options.idle_ms_max;
    }
    return ERR_NONE;
}

/* Under the connection's lock, which it keeps. */
static void post_send(struct connection *connection)
{
    nng_iov iov = { .iov_buf = connection->record + connection->record_sent,
        .iov_len = connection->record_size - connection->record_sent };
    int code = nng_aio_set_iov(connection->send_aio, 1, &iov);
    assert(code == 0);
    (void)code;
    connection->sending = true;
    nng_stream_send(connection->stream, connection->send_aio);
}

static void out_release(struct connection *connection)
{
    free(connection->out);
    peers_drop(connection->peers, connection->out_capacity);
    connection->out = NULL;
    connection->out_start = 0;
    connection->out_capacity = 0;
}

void connection_kick_locked(struct connection *connection)
{
    if (connection->id == 0 || connection->closing || connection->sending ||
        connection->out_size == 0)
        return;
    if (connection->record == NULL) {
        connection->record = malloc(RECORD_SIZE_MAX);
        if (connection->record == NULL) {
            connection_fail_locked(connection, PEERS_REASON_MEMORY);
            return;
        }
    }
    size_t size = connection->out_size < RECORD_SIZE_MAX ? connection->out_size
                                                         : RECORD_SIZE_MAX;
    memcpy(connection->record, connection->out + connection->out_start, size);
    connection->record_size = size;
    connection->record_sent = 0;
    connection->out_start += size;
    connection->out_size -= size;
    if (connection->out_size == 0)
        out_release(connection);
    post_send(connection);
}

void connection_kick(struct connection *connection)
{
    peers_lock(&connection->lock);
    connection_kick_locked(connection);
    peers_unlock(&connection->lock);
}

/* What was sent moves the deadline, but only for what waited when it was set:
 * a peer that reads a byte a minute does not keep us. */
static void note_sent(struct connection *connection, size_t size)
{
    connection->out_done += size;
    if (connection->out_done == connection->out_total) {
        connection->out_deadline_ms = 0;
    } else if (connection->out_done >= connection->out_mark) {
        connection->out_mark = connection->out_total;
        connection->out_deadline_ms =
            peers_now_ms() + connection->peers->options.idle_ms_max;
    }
}

void connection_send_done(void *argument)
{
    struct connection *connection = argument;
    int code = nng_aio_result(connection->send_aio);
    size_t count = nng_aio_count(connection->send_aio);

    peers_lock(&connection->lock);
    connection->sending = false;
    if (code != 0) {
        connection_fail_locked(connection, connection_reason(connection, code));
    } else {
        connection->record_sent += count;
        note_sent(connection, count);
    }
    if (connection->closing) {
        peers_work(connection->peers, connection);
    } else if (connection->record_sent < connection->record_size) {
        post_send(connection);
    } else if (connection->out_size > 0) {
        connection_kick_locked(connection);
    } else {
        free(connection->record);
        connection->record = NULL;
    }
    peers_unlock(&connection->lock);
}
