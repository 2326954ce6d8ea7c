/*
 * Receiving: bytes to plaintext to frames to events. One at a time reads: a
 * callback of the receive aio or, after a pause, the sweeper; meanwhile the aio
 * may run into a buffer of its own.
 */
#include "io/peers_nng_state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- Buffers ----------------------------------------------------------- */

static void buffer_free(struct connection *connection)
{
    if (connection->receive_capacity == RECEIVE_SIZE_LARGE)
        (void)atomic_fetch_sub(&connection->peers->receive_large_count, 1);
    free(connection->receive_buffer);
    connection->receive_buffer = NULL;
    connection->receive_capacity = 0;
}

void connection_receive_free(struct connection *connection)
{
    buffer_free(connection);
    free(connection->unread);
    connection->unread = NULL;
}

/* In place of the present one. Without memory all stays as it is. */
static void buffer_change(struct connection *connection, size_t capacity)
{
    uint8_t *buffer = malloc(capacity);
    if (buffer == NULL)
        return;
    buffer_free(connection);
    connection->receive_buffer = buffer;
    connection->receive_capacity = capacity;
}

/* Large where a full buffer came and more than another is to come. */
static void buffer_fit(struct connection *connection)
{
    atomic_uint *count = &connection->peers->receive_large_count;
    bool is_large = connection->receive_capacity == RECEIVE_SIZE_LARGE;
    size_t missing = frame_reader_missing(&connection->reader);
    if (is_large && missing <= RECEIVE_SIZE)
        buffer_change(connection, RECEIVE_SIZE);
    if (is_large || missing <= RECEIVE_SIZE || !connection->receive_filled)
        return;
    if (!peers_place_take(count, RECEIVE_LARGE_COUNT_MAX))
        return;
    buffer_change(connection, RECEIVE_SIZE_LARGE);
    if (connection->receive_capacity != RECEIVE_SIZE_LARGE)
        (void)atomic_fetch_sub(count, 1);
}

/* Under the connection's lock. */
static void post_receive(struct connection *connection)
{
    nng_iov iov = { .iov_buf = connection->receive_buffer,
        .iov_len = connection->receive_capacity };
    int code = nng_aio_set_iov(connection->receive_aio, 1, &iov);
    assert(code == 0);
    (void)code;
    connection->receiving = true;
    nng_stream_recv(connection->stream, connection->receive_aio);
}

/* ---- Frames ------------------------------------------------------------ */

enum reading { READING_ON, READING_PAUSED, READING_FAILED };

static uint32_t number_of(struct slice frame)
{
    return (uint32_t)frame.bytes[0] << 24 | (uint32_t)frame.bytes[1] << 16 |
           (uint32_t)frame.bytes[2] << 8 | (uint32_t)frame.bytes[3];
}

/* Counts what the reader holds now. False above the limit. */
static bool count_reader(struct connection *connection)
{
    size_t held = frame_reader_held(&connection->reader);
    size_t before = connection->reader_held;
    connection->reader_held = held;
    if (held > before)
        return peers_hold(connection->peers, held - before);
    peers_drop(connection->peers, before - held);
    return true;
}

/* The frame that is ready, without its number. */
static struct peers_body body_take(struct connection *connection)
{
    size_t size = frame_reader_frame(&connection->reader).size;
    uint8_t *block = frame_reader_take(&connection->reader);
    connection->frame_ready = false;
    (void)count_reader(connection); /* it only fell */
    return (struct peers_body){
        .block = block,
        .bytes = block + NUMBER_SIZE,
        .size = size - NUMBER_SIZE,
    };
}

static enum reading deliver_request(
    struct connection *connection, uint32_t number, enum peers_reason *reason)
{
    struct peers *peers = connection->peers;
    enum reading reading = READING_ON;

    peers_lock(&connection->lock);
    uint64_t id = connection->id;
    if (connection->asked_count >= peers->options.request_count_max)
        reading = READING_PAUSED;
    for (size_t i = 0; i < connection->asked_count; i++) {
        if (connection->asked[i].number == number)
            reading = READING_FAILED;
    }
    if (reading == READING_ON)
        connection->asked[connection->asked_count++] = (struct asked){
            .number = number,
            .at_ms = peers_now_ms(peers),
        };
    peers_unlock(&connection->lock);
    if (reading == READING_FAILED)
        *reason = PEERS_REASON_MALFORMED;
    if (reading == READING_ON)
        peers->events.on_request(peers->events.user, id, number,
            connection->identity.spki, connection->stranger,
            body_take(connection));
    return reading;
}

/* Was a request of that number ever sent here? */
static bool was_asked(const struct connection *connection, uint32_t number)
{
    return (uint32_t)(connection->number_last - number) <
           connection->number_count;
}

static enum reading deliver_reply(
    struct connection *connection, uint32_t number, enum peers_reason *reason)
{
    struct peers *peers = connection->peers;

    peers_lock(&peers->lock);
    peers_lock(&connection->lock);
    bool asked = was_asked(connection, number);
    connection->heard_count++;
    uint64_t id = connection->id;
    peers_unlock(&connection->lock);
    struct request *request =
        asked ? link_take(connection->link, id, number) : NULL;
    if (asked && request == NULL)
        peers->counters.late_reply++;
    peers_unlock(&peers->lock);
    if (!asked) {
        *reason = PEERS_REASON_MALFORMED;
        return READING_FAILED;
    }
    struct peers_body body = body_take(connection);
    if (request == NULL) {
        free(body.block);
        return READING_ON;
    }
    peers->events.on_reply(peers->events.user, request->token, ERR_NONE, body);
    request_free(peers, request);
    return READING_ON;
}

/* The first bytes of a peer: what may it send? */
static bool may_speak(struct connection *connection)
{
    const struct peers_options *options = &connection->peers->options;
    if (!atomic_load(&connection->authenticated))
        return false;
    if (!connection->stranger)
        return true;
    frame_reader_limit(
        &connection->reader, options->stranger_frame_size_max + NUMBER_SIZE);
    return options->strangers_allowed; /* pinned no more since admitted */
}

static enum reading read_failed(enum err err, enum peers_reason *reason)
{
    *reason = err == ERR_LIMIT       ? PEERS_REASON_OVERSIZE
              : err == ERR_MALFORMED ? PEERS_REASON_MALFORMED
                                     : PEERS_REASON_MEMORY;
    return READING_FAILED;
}

/* Plaintext, to where it belongs. *count 0: there is no more. */
static enum reading read_some(
    struct connection *connection, size_t *count, enum peers_reason *reason)
{
    uint8_t *bytes;
    size_t size;
    *count = 0;
    enum err err = frame_reader_room(&connection->reader, &bytes, &size);
    if (!count_reader(connection))
        err = ERR_NO_MEMORY;
    if (err != ERR_NONE)
        return read_failed(err, reason);
    peers_lock(&connection->session_lock);
    enum tls_progress progress =
        tls_session_read(connection->session, bytes, size, count);
    peers_unlock(&connection->session_lock);
    if (progress != TLS_GOES_ON) {
        *reason = connection_reason_tls(connection, progress);
        return READING_FAILED;
    }
    if (*count == 0)
        return READING_ON;
    if (!may_speak(connection)) {
        *reason = PEERS_REASON_STRANGER;
        return READING_FAILED;
    }
    err = frame_reader_filled(
        &connection->reader, *count, &connection->frame_ready);
    return err == ERR_NONE ? READING_ON : read_failed(err, reason);
}

static enum reading deliver(
    struct connection *connection, enum peers_reason *reason)
{
    uint32_t number = number_of(frame_reader_frame(&connection->reader));
    return connection->link != NULL
               ? deliver_reply(connection, number, reason)
               : deliver_request(connection, number, reason);
}

/* Cuts what was received into frames and hands them out. */
static enum reading read_frames(
    struct connection *connection, enum peers_reason *reason, bool *completed)
{
    enum reading reading = READING_ON;
    size_t count = 1;
    *completed = false;
    while (reading == READING_ON && (connection->frame_ready || count > 0)) {
        if (connection->frame_ready) {
            reading = deliver(connection, reason);
            *completed |= reading == READING_ON;
        } else {
            reading = read_some(connection, &count, reason);
        }
    }
    return reading;
}

/* ---- Reading ----------------------------------------------------------- */

static size_t unread(struct connection *connection)
{
    peers_lock(&connection->session_lock);
    size_t size = tls_session_unread(connection->session);
    peers_unlock(&connection->session_lock);
    return size;
}

/* Hands what was received to the session, once that has read what it had. */
static void feed(struct connection *connection)
{
    if (unread(connection) > 0)
        return;
    free(connection->unread);
    connection->unread = NULL;
    peers_lock(&connection->lock);
    size_t size = connection->received;
    connection->received = 0;
    peers_unlock(&connection->lock);
    if (size == 0)
        return;
    connection->receive_filled = size == connection->receive_capacity;
    peers_lock(&connection->session_lock);
    tls_session_feed(
        connection->session, slice_of(connection->receive_buffer, size));
    peers_unlock(&connection->session_lock);
}

/* Receives while nothing is read, to hear of an end. What has not been read
 * keeps its buffer. Under the lock. */
static void hold_back(struct connection *connection)
{
    connection->paused = true;
    if (connection->receiving || connection->received > 0)
        return;
    if (connection->unread == NULL && unread(connection) > 0) {
        uint8_t *fresh = malloc(RECEIVE_SIZE);
        if (fresh == NULL)
            return;
        connection->unread = connection->receive_buffer;
        connection->receive_buffer = NULL;
        buffer_free(connection);
        connection->receive_buffer = fresh;
        connection->receive_capacity = RECEIVE_SIZE;
    }
    post_receive(connection);
}

/* Nothing more could be read. Whether to go on after all. Under the lock. */
static bool read_ended(struct connection *connection, enum reading reading)
{
    const struct peers_options *options = &connection->peers->options;
    if (!connection->closing) {
        /* a reply may have made room meanwhile */
        if (reading == READING_PAUSED &&
            connection->asked_count < options->request_count_max)
            return true;
        if (reading == READING_ON && connection->received > 0)
            return true;
    }
    connection->reading = false;
    if (connection->closing) {
        peers_work(connection->peers, connection);
    } else if (reading == READING_PAUSED) {
        hold_back(connection);
    } else if (!connection->receiving) {
        buffer_fit(connection);
        post_receive(connection);
    }
    return false;
}

/* By who reads, without a lock. */
static void connection_read(struct connection *connection)
{
    bool goes_on;
    do {
        enum peers_reason reason = PEERS_REASON_LOST;
        bool completed;
        /* it came now, however long it takes to hand it out */
        int64_t now = peers_now_ms(connection->peers);
        feed(connection);
        enum reading reading = read_frames(connection, &reason, &completed);

        peers_lock(&connection->lock);
        if (completed)
            connection->active_ms = now;
        if (frame_reader_is_idle(&connection->reader) ||
            connection->frame_ready)
            connection->frame_ms = 0;
        else if (completed || connection->frame_ms == 0)
            connection->frame_ms = now;
        if (reading == READING_FAILED)
            connection_fail_locked(connection, reason);
        connection_kick_locked(connection); /* what the session has to say */
        goes_on = read_ended(connection, reading);
        peers_unlock(&connection->lock);
    } while (goes_on);
}

void connection_start(struct connection *connection)
{
    struct peers *peers = connection->peers;
    struct tls_session *session;
    enum err err =
        tls_session_new(connection->link != NULL ? peers->client_context
                                                 : peers->server_context,
            &connection->watch, &session);
    peers_lock(&connection->lock);
    connection->session = session;
    if (err != ERR_NONE) {
        connection->reading = false;
        connection_fail_locked(connection, PEERS_REASON_MEMORY);
        peers_work(peers, connection);
    }
    peers_unlock(&connection->lock);
    if (err == ERR_NONE)
        connection_read(connection);
}

void connection_resume(struct connection *connection)
{
    peers_lock(&connection->lock);
    bool resume =
        connection->paused && !connection->closing &&
        connection->asked_count < connection->peers->options.request_count_max;
    if (resume) {
        connection->paused = false;
        connection->lost_ms = 0; /* the next receive says it again */
        connection->reading = true;
    }
    peers_unlock(&connection->lock);
    if (resume)
        connection_read(connection);
}

void connection_receive_done(void *argument)
{
    struct connection *connection = argument;
    int code = nng_aio_result(connection->receive_aio);
    size_t size = nng_aio_count(connection->receive_aio);

    peers_lock(&connection->lock);
    connection->receiving = false;
    connection->received = code == 0 ? size : 0;
    if (code != 0 && connection->paused) {
        /* what came before it is read first, if that is soon */
        connection->lost_ms = peers_now_ms(connection->peers);
        connection->lost_reason = connection_reason(connection, code);
    } else if (code != 0) {
        connection_fail_locked(connection, connection_reason(connection, code));
    }
    if (connection->closing)
        peers_work(connection->peers, connection);
    bool read =
        !connection->closing && !connection->paused && !connection->reading;
    if (read)
        connection->reading = true;
    peers_unlock(&connection->lock);
    if (read)
        connection_read(connection);
}
