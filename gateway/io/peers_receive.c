/*
 * Receiving: bytes to frames to events. One at a time owns the receive side of
 * a connection: the aio, its callback, or, after a pause, the sweeper.
 */
#include "io/peers_nng_state.h"

#include <assert.h>
#include <string.h>

/* Under the connection's lock. */
static void post_receive(struct connection *connection)
{
    nng_iov iov = { .iov_buf = connection->receive_buffer,
        .iov_len = RECEIVE_SIZE_MAX };
    int code = nng_aio_set_iov(connection->receive_aio, 1, &iov);
    assert(code == 0);
    (void)code;
    connection->receiving = true;
    nng_stream_recv(connection->stream, connection->receive_aio);
}

/*
 * nng 1.5.2 closes the socket but tells nobody when an error comes while no
 * receive is posted. A closed socket has no peer, though.
 */
void connection_probe(struct connection *connection, int64_t now_ms)
{
    nng_sockaddr address;
    connection->probed_ms = now_ms;
    if (nng_stream_get_addr(connection->stream, NNG_OPT_REMADDR, &address) != 0)
        connection_fail_locked(connection, PEERS_REASON_LOST);
}

void connection_start(struct connection *connection)
{
    peers_lock(&connection->lock);
    if (!connection->closing &&
        tls_openssl_watch(connection->stream, &connection->watch) != ERR_NONE)
        connection_fail_locked(connection, PEERS_REASON_TLS);
    if (connection->closing) {
        connection->receiving = false;
        peers_work(connection->peers, connection);
    } else {
        post_receive(connection); /* drives the handshake */
    }
    peers_unlock(&connection->lock);
}

enum reading { READING_ON, READING_PAUSED, READING_FAILED };

static uint32_t number_of(struct slice frame)
{
    return (uint32_t)frame.bytes[0] << 24 | (uint32_t)frame.bytes[1] << 16 |
           (uint32_t)frame.bytes[2] << 8 | (uint32_t)frame.bytes[3];
}

static enum reading deliver_request(struct connection *connection,
    struct slice frame, enum peers_reason *reason)
{
    struct peers *peers = connection->peers;
    uint32_t number = number_of(frame);
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
            .at_ms = peers_now_ms(),
        };
    peers_unlock(&connection->lock);
    if (reading == READING_FAILED)
        *reason = PEERS_REASON_MALFORMED;
    if (reading == READING_ON)
        peers->events.on_request(peers->events.user, id, number,
            connection->identity.spki, connection->stranger,
            frame.bytes + NUMBER_SIZE, frame.size - NUMBER_SIZE);
    return reading;
}

/* Was a request of that number ever sent here? */
static bool was_asked(const struct connection *connection, uint32_t number)
{
    return (uint32_t)(connection->number_last - number) <
           connection->number_count;
}

static enum reading deliver_reply(struct connection *connection,
    struct slice frame, enum peers_reason *reason)
{
    struct peers *peers = connection->peers;
    uint32_t number = number_of(frame);

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
    if (request == NULL)
        return READING_ON;
    peers->events.on_reply(peers->events.user, request->token, ERR_NONE,
        frame.bytes + NUMBER_SIZE, frame.size - NUMBER_SIZE);
    request_free(peers, request);
    return READING_ON;
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

static enum reading read_frame(
    struct connection *connection, enum peers_reason *reason)
{
    struct slice rest =
        slice_of(connection->receive_buffer + connection->receive_used,
            connection->receive_size - connection->receive_used);
    enum err err =
        frame_reader_feed(&connection->reader, &rest, &connection->frame_ready);
    connection->receive_used = connection->receive_size - rest.size;
    bool held = count_reader(connection);
    if (err == ERR_NONE && held)
        return READING_ON;
    *reason = err == ERR_LIMIT       ? PEERS_REASON_OVERSIZE
              : err == ERR_MALFORMED ? PEERS_REASON_MALFORMED
                                     : PEERS_REASON_MEMORY;
    connection->frame_ready = false;
    return READING_FAILED;
}

/* Cuts what was received into frames and hands them out. */
static enum reading read_frames(
    struct connection *connection, enum peers_reason *reason, bool *completed)
{
    *completed = false;
    while (connection->frame_ready ||
           connection->receive_used < connection->receive_size) {
        enum reading reading = READING_ON;
        if (!connection->frame_ready)
            reading = read_frame(connection, reason);
        if (reading != READING_ON)
            return reading;
        if (!connection->frame_ready)
            break;
        struct slice frame = frame_reader_frame(&connection->reader);
        reading = connection->link != NULL
                      ? deliver_reply(connection, frame, reason)
                      : deliver_request(connection, frame, reason);
        if (reading != READING_ON)
            return reading;
        *completed = true;
        connection->frame_ready = false;
        frame_reader_next(&connection->reader);
        (void)count_reader(connection); /* it only fell */
    }
    return READING_ON;
}

/* By the owner of the receive side, without a lock. */
static void connection_read(struct connection *connection)
{
    struct peers *peers = connection->peers;
    enum peers_reason reason = PEERS_REASON_LOST;
    bool completed;
    enum reading reading = read_frames(connection, &reason, &completed);
    int64_t now = peers_now_ms();

    peers_lock(&connection->lock);
    if (completed)
        connection->active_ms = now;
    if (frame_reader_is_idle(&connection->reader) || connection->frame_ready)
        connection->frame_ms = 0;
    else if (completed || connection->frame_ms == 0)
        connection->frame_ms = now;
    if (reading == READING_FAILED)
        connection_fail_locked(connection, reason);
    if (connection->closing) {
        connection->receiving = false;
        peers_work(peers, connection);
    } else if (reading == READING_PAUSED) {
        connection->receiving = false;
        connection->paused = true;
        /* a reply may have made room before `paused` could be seen */
        if (connection->asked_count < peers->options.request_count_max)
            peers_work(peers, connection);
    } else {
        post_receive(connection);
        /* a farewell may have come with the last bytes, and be forgotten */
        connection_probe(connection, now);
    }
    peers_unlock(&connection->lock);
}

void connection_resume(struct connection *connection)
{
    peers_lock(&connection->lock);
    bool resume =
        connection->paused && !connection->closing &&
        connection->asked_count < connection->peers->options.request_count_max;
    if (resume) {
        connection->paused = false;
        connection->receiving = true;
    }
    peers_unlock(&connection->lock);
    if (resume)
        connection_read(connection);
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

void connection_receive_done(void *argument)
{
    struct connection *connection = argument;
    int code = nng_aio_result(connection->receive_aio);
    if (code == 0 && may_speak(connection)) {
        connection->receive_size = nng_aio_count(connection->receive_aio);
        connection->receive_used = 0;
        connection_read(connection);
        return;
    }
    enum peers_reason reason =
        code != 0 ? connection_reason(connection, code) : PEERS_REASON_STRANGER;
    peers_lock(&connection->lock);
    connection->receiving = false;
    connection_fail_locked(connection, reason);
    peers_work(connection->peers, connection);
    peers_unlock(&connection->lock);
}
