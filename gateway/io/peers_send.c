/*
 * Sending: frames are appended to one buffer; what has gathered there leaves in
 * full records, many at once, and stays, counted, until it has left.
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

static void write_room(uint8_t room[ROOM_SIZE], uint32_t number, size_t size)
{
    frame_head(room, NUMBER_SIZE + size);
    frame_head(room + FRAME_HEAD_SIZE, number);
}

/* There are `size` bytes more at its end. */
static void note_appended(struct connection *connection, size_t size)
{
    connection->out_size += size;
    connection->out_total += size;
    if (connection->out_deadline_ms == 0) {
        connection->out_mark = connection->out_total;
        connection->out_deadline_ms = peers_now_ms(connection->peers) +
                                      connection->peers->options.idle_ms_max;
    }
}

enum err connection_append(struct connection *connection, uint32_t number,
    const uint8_t *body, size_t size)
{
    size_t total = ROOM_SIZE + size;
    /* one frame always has room, however large frames may be */
    if (connection->out_size > 0 &&
        connection->out_size + total > CONNECTION_QUEUE_SIZE_MAX)
        return ERR_BUSY;
    enum err err = out_reserve(connection, total);
    if (err != ERR_NONE)
        return err;
    uint8_t *end =
        connection->out + connection->out_start + connection->out_size;
    write_room(end, number, size);
    if (size > 0)
        memcpy(end + ROOM_SIZE, body, size);
    note_appended(connection, total);
    return ERR_NONE;
}

enum err connection_append_frame(struct connection *connection, uint32_t number,
    uint8_t **frame, size_t size)
{
    if (connection->out != NULL)
        return connection_append(connection, number, *frame + ROOM_SIZE, size);
    write_room(*frame, number, size);
    connection->out = *frame;
    connection->out_capacity = ROOM_SIZE + size;
    *frame = NULL;
    note_appended(connection, ROOM_SIZE + size);
    return ERR_NONE;
}

/* ---- Records ----------------------------------------------------------- */

/* Under the connection's lock, which it keeps. */
static void post_send(struct connection *connection)
{
    nng_iov iov = {
        .iov_buf = connection->records.bytes + connection->records_sent,
        .iov_len = connection->records.size - connection->records_sent,
    };
    int code = nng_aio_set_iov(connection->send_aio, 1, &iov);
    assert(code == 0);
    (void)code;
    connection->sending = true;
    nng_stream_send(connection->stream, connection->send_aio);
}

/* How much of what waits is to be sent at once. */
static size_t share_take(struct connection *connection)
{
    size_t size = connection->out_size;
    if (size <= SEND_SIZE)
        return size;
    connection->records_large = peers_place_take(
        &connection->peers->send_large_count, SEND_LARGE_COUNT_MAX);
    return connection->records_large ? size : SEND_SIZE;
}

static void share_give(struct connection *connection)
{
    if (connection->records_large)
        (void)atomic_fetch_sub(&connection->peers->send_large_count, 1);
    connection->records_large = false;
}

void connection_records_free(struct connection *connection)
{
    share_give(connection);
    free(connection->records.bytes);
    connection->records = (struct tls_records){ .bytes = NULL };
    connection->records_sent = 0;
    connection->records_taken = 0;
}

/* Makes records of what waits, behind what the session has to say itself. */
static void make_records(struct connection *connection)
{
    struct slice waiting = slice_of(NULL, 0);
    size_t share = share_take(connection);
    if (connection->out != NULL)
        waiting = slice_of(connection->out + connection->out_start, share);
    peers_lock(&connection->session_lock);
    enum tls_progress progress =
        tls_session_write(connection->session, &waiting);
    if (progress == TLS_GOES_ON)
        connection->records = tls_session_take(connection->session);
    peers_unlock(&connection->session_lock);
    connection->records_sent = 0;
    connection->records_taken = share - waiting.size;
    if (connection->records_taken == 0)
        share_give(connection);
    if (progress != TLS_GOES_ON)
        connection_fail_locked(
            connection, connection_reason_tls(connection, progress));
}

void connection_kick_locked(struct connection *connection)
{
    if (connection->id == 0 || connection->closing || connection->sending)
        return;
    make_records(connection);
    if (connection->records.size > 0)
        post_send(connection);
}

void connection_kick(struct connection *connection)
{
    peers_lock(&connection->lock);
    connection_kick_locked(connection);
    peers_unlock(&connection->lock);
}

/* Behind half a record nothing else makes sense. */
void connection_farewell(struct connection *connection)
{
    if (connection->sending || connection->session == NULL ||
        connection->records_sent < connection->records.size)
        return;
    peers_lock(&connection->session_lock);
    tls_session_close(connection->session);
    free(connection->records.bytes);
    connection->records = tls_session_take(connection->session);
    peers_unlock(&connection->session_lock);
    connection->records_sent = 0;
    if (connection->records.size > 0)
        post_send(connection);
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
        connection->out_deadline_ms = peers_now_ms(connection->peers) +
                                      connection->peers->options.idle_ms_max;
    }
}

static void out_drop(struct connection *connection, size_t size)
{
    connection->out_start += size;
    connection->out_size -= size;
    if (connection->out_size > 0)
        return;
    free(connection->out);
    peers_drop(connection->peers, connection->out_capacity);
    connection->out = NULL;
    connection->out_start = 0;
    connection->out_capacity = 0;
}

/* All records have left. */
static void records_done(struct connection *connection)
{
    note_sent(connection, connection->records_taken);
    out_drop(connection, connection->records_taken);
    peers_lock(&connection->session_lock);
    tls_session_give(connection->session, &connection->records);
    peers_unlock(&connection->session_lock);
    connection_records_free(connection);
}

void connection_send_done(void *argument)
{
    struct connection *connection = argument;
    int code = nng_aio_result(connection->send_aio);
    size_t count = nng_aio_count(connection->send_aio);

    peers_lock(&connection->lock);
    connection->sending = false;
    if (code != 0)
        connection_fail_locked(connection, connection_reason(connection, code));
    else
        connection->records_sent += count;
    if (connection->closing) {
        peers_work(connection->peers, connection);
    } else if (connection->records_sent < connection->records.size) {
        post_send(connection);
    } else {
        records_done(connection);
        connection_kick_locked(connection);
    }
    peers_unlock(&connection->lock);
}
