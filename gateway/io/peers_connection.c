/*
 * One connection: its watch in the handshake, the pool, its end. What flows
 * through it is in peers_receive.c and peers_send.c.
 */
#include "io/peers_nng_state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- The watch: in the handshake, with session_lock held ---------------- */

static struct connection *watch_of(struct tls_watch *watch)
{
    return (struct connection *)(void *)watch; /* its first member */
}

static bool is_expected(
    const struct connection *connection, const uint8_t spki[PEERS_SPKI_SIZE])
{
    for (size_t i = 0; i < connection->key_count; i++) {
        if (memcmp(connection->keys[i], spki, PEERS_SPKI_SIZE) == 0)
            return true;
    }
    return false;
}

static bool watch_admit(
    struct tls_watch *watch, const uint8_t spki[PEERS_SPKI_SIZE])
{
    struct connection *connection = watch_of(watch);
    struct peers *peers = connection->peers;
    bool admitted;
    if (connection->link != NULL) {
        admitted = is_expected(connection, spki);
    } else {
        peers_lock(&peers->pins_lock);
        admitted =
            peers->options.strangers_allowed || peers_is_pinned(peers, spki);
        peers_unlock(&peers->pins_lock);
    }
    connection->refused = !admitted;
    return admitted;
}

static void watch_authenticated(
    struct tls_watch *watch, const struct tls_identity *identity)
{
    struct connection *connection = watch_of(watch);
    struct peers *peers = connection->peers;
    /* one step with the look-up, or a change of pins could miss us */
    peers_lock(&peers->pins_lock);
    connection->identity = *identity;
    connection->pinned = peers_is_pinned(peers, identity->spki);
    connection->stranger = connection->link == NULL && !connection->pinned;
    atomic_store(&connection->authenticated, true);
    peers_unlock(&peers->pins_lock);
    peers_work(peers, connection);
}

/* ---- The pool ---------------------------------------------------------- */

static struct connection *connection_new(struct peers *peers)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL)
        return NULL;
    connection->peers = peers;
    connection->watch.admit = watch_admit;
    connection->watch.authenticated = watch_authenticated;
    if (pthread_mutex_init(&connection->lock, NULL) != 0) {
        free(connection);
        return NULL;
    }
    if (pthread_mutex_init(&connection->session_lock, NULL) != 0) {
        (void)pthread_mutex_destroy(&connection->lock);
        free(connection);
        return NULL;
    }
    if (nng_aio_alloc(&connection->receive_aio, connection_receive_done,
            connection) != 0 ||
        nng_aio_alloc(
            &connection->send_aio, connection_send_done, connection) != 0) {
        connection_free(connection);
        return NULL;
    }
    nng_aio_set_timeout(connection->receive_aio, NNG_DURATION_INFINITE);
    nng_aio_set_timeout(connection->send_aio, NNG_DURATION_INFINITE);
    return connection;
}

void connection_free(struct connection *connection)
{
    assert(connection->stream == NULL);
    if (connection->receive_aio != NULL)
        nng_aio_free(connection->receive_aio);
    if (connection->send_aio != NULL)
        nng_aio_free(connection->send_aio);
    (void)pthread_mutex_destroy(&connection->session_lock);
    (void)pthread_mutex_destroy(&connection->lock);
    free(connection);
}

static struct connection *pool_take(struct peers *peers)
{
    struct connection *connection = peers->free_list;
    if (connection != NULL) {
        peers->free_list = connection->free_next;
        return connection;
    }
    if (peers->slot_count == peers->slot_capacity)
        return NULL;
    connection = connection_new(peers);
    if (connection == NULL)
        return NULL;
    connection->slot = peers->slot_count;
    peers->slots[peers->slot_count++] = connection;
    return connection;
}

struct connection *connection_take(
    struct peers *peers, nng_stream *stream, struct link *link)
{
    uint8_t *buffer = malloc(RECEIVE_SIZE);
    if (buffer == NULL)
        return NULL;
    struct connection *connection = pool_take(peers);
    if (connection == NULL) {
        free(buffer);
        return NULL;
    }
    peers->used_count++;
    int64_t now = peers_now_ms(peers);
    frame_reader_init(&connection->reader, NUMBER_SIZE,
        peers->options.frame_size_max + NUMBER_SIZE);
    peers_lock(&connection->lock);
    connection->id = ++peers->generation << SLOT_BITS | connection->slot;
    connection->stream = stream;
    connection->link = link;
    connection->reading = true;
    connection->receive_buffer = buffer;
    connection->receive_capacity = RECEIVE_SIZE;
    connection->opened_ms = now;
    connection->active_ms = now;
    peers_unlock(&connection->lock);
    return connection;
}

void connection_give(struct connection *connection)
{
    struct peers *peers = connection->peers;
    assert(!connection->half_open && !connection->counted);
    nng_stream_free(connection->stream);
    frame_reader_release(&connection->reader);
    peers_drop(peers, connection->reader_held);
    connection_receive_free(connection);
    tls_session_free(connection->session);
    peers_lock(&connection->lock);
    free(connection->out);
    peers_drop(peers, connection->out_capacity);
    free(connection->records.bytes);
    connection->session = NULL;
    connection->id = 0;
    connection->stream = NULL;
    connection->link = NULL;
    connection->key_count = 0;
    connection->refused = false;
    connection->pinned = false;
    connection->stranger = false;
    atomic_store(&connection->authenticated, false);
    memset(&connection->identity, 0, sizeof connection->identity);
    connection->frame_ready = false;
    connection->reader_held = 0;
    connection->receive_filled = false;
    connection->received = 0;
    connection->promoted = false;
    connection->closing = false;
    connection->closed = false;
    connection->paused = false;
    connection->lost_ms = 0;
    connection->frame_ms = 0;
    connection->heard_count = 0;
    connection->asked_count = 0;
    connection->number_last = 0;
    connection->number_count = 0;
    connection->out = NULL;
    connection->out_start = 0;
    connection->out_size = 0;
    connection->out_capacity = 0;
    connection->out_total = 0;
    connection->out_done = 0;
    connection->out_mark = 0;
    connection->out_deadline_ms = 0;
    connection->records = (struct tls_records){ .bytes = NULL };
    connection->records_sent = 0;
    connection->records_taken = 0;
    peers_unlock(&connection->lock);
    connection->free_next = peers->free_list;
    peers->free_list = connection;
    peers->used_count--;
}

/* ---- Ending ------------------------------------------------------------ */

void connection_fail_locked(
    struct connection *connection, enum peers_reason reason)
{
    if (connection->id == 0 || connection->closing)
        return;
    connection->closing = true;
    connection->closing_ms = peers_now_ms(connection->peers);
    connection->reason = reason;
    peers_work(connection->peers, connection);
}

void connection_fail(struct connection *connection, enum peers_reason reason)
{
    peers_lock(&connection->lock);
    connection_fail_locked(connection, reason);
    peers_unlock(&connection->lock);
}

static enum peers_reason left(const struct connection *connection)
{
    return atomic_load(&connection->authenticated)
               ? PEERS_REASON_CLOSED_BY_PEER
               : PEERS_REASON_HANDSHAKE_ABANDONED;
}

enum peers_reason connection_reason(
    const struct connection *connection, int code)
{
    if (code == NNG_ECONNSHUT || code == NNG_ECLOSED ||
        !atomic_load(&connection->authenticated))
        return left(connection);
    return PEERS_REASON_LOST;
}

enum peers_reason connection_reason_tls(
    const struct connection *connection, enum tls_progress end)
{
    switch (end) {
    case TLS_UNWANTED:
        if (!connection->refused)
            return PEERS_REASON_CERTIFICATE;
        return connection->link != NULL ? PEERS_REASON_WRONG_KEY
                                        : PEERS_REASON_STRANGER;
    case TLS_REFUSED_BY_PEER:
        return PEERS_REASON_REFUSED_BY_PEER;
    case TLS_BROKEN:
        return PEERS_REASON_TLS;
    case TLS_GOES_ON:
    case TLS_ENDED:
        break;
    }
    return left(connection);
}
