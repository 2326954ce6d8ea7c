/*
 * Accepting. Whoever comes gets a place among the half-open ones. When those
 * are too many, in all or of one address, the oldest goes, so that who holds
 * places without speaking keeps nobody out; but each has a grace, or a crowd
 * that returns after an outage would push itself out for ever. The loop
 * survives any error of accept.
 */
#include "io/peers_nng_state.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Of the time for a handshake, what nobody is pushed out of. */
#define GRACE_SHARE 10

/* Errors in a row before accept waits for the sweeper's next look. */
#define ERROR_COUNT_MAX 16u

/* ---- Half-open connections --------------------------------------------- */

static void half_open_add(struct connection *connection)
{
    struct peers *peers = connection->peers;
    connection->half_open = true;
    connection->half_previous = peers->half_last;
    connection->half_next = NULL;
    if (peers->half_last != NULL)
        peers->half_last->half_next = connection;
    else
        peers->half_first = connection;
    peers->half_last = connection;
}

void half_open_remove(struct connection *connection)
{
    struct peers *peers = connection->peers;
    if (!connection->half_open)
        return;
    connection->half_open = false;
    if (connection->half_previous != NULL)
        connection->half_previous->half_next = connection->half_next;
    else
        peers->half_first = connection->half_next;
    if (connection->half_next != NULL)
        connection->half_next->half_previous = connection->half_previous;
    else
        peers->half_last = connection->half_previous;
}

static bool same_origin(const struct origin *a, const struct origin *b)
{
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

/* Whether the oldest has had its chance and made room. */
static bool give_way(struct connection *oldest, enum peers_reason reason)
{
    struct peers *peers = oldest->peers;
    int64_t age_ms = peers_now_ms(peers) - oldest->opened_ms;
    if (age_ms < peers->options.handshake_ms_max / GRACE_SHARE)
        return false;
    half_open_remove(oldest);
    connection_fail(oldest, reason);
    return true;
}

/* Is there room for one more from there? Sets the reason when not. */
static bool half_open_make_room(
    struct peers *peers, const struct origin *origin, enum peers_reason *reason)
{
    uint32_t count = 0, near_count = 0;
    struct connection *oldest_near = NULL;
    for (struct connection *c = peers->half_first; c != NULL;
         c = c->half_next) {
        count++;
        if (!same_origin(&c->origin, origin))
            continue;
        near_count++;
        if (oldest_near == NULL)
            oldest_near = c;
    }
    if (near_count >= peers->options.half_open_per_address_count_max) {
        *reason = PEERS_REASON_ADDRESS_LIMIT;
        return give_way(oldest_near, *reason);
    }
    if (count >= peers->options.half_open_count_max) {
        *reason = PEERS_REASON_HALF_OPEN_LIMIT;
        return give_way(peers->half_first, *reason);
    }
    return true;
}

/* False when the other end is gone already. */
static bool origin_of(nng_stream *stream, struct origin *origin)
{
    static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff,
        0xff };
    nng_sockaddr address;
    *origin = (struct origin){ .size = 0 };
    if (nng_stream_get_addr(stream, NNG_OPT_REMADDR, &address) != 0)
        return false;
    if (address.s_family == NNG_AF_INET) {
        origin->size = 4;
        memcpy(origin->bytes, &address.s_in.sa_addr, 4);
    } else if (address.s_family == NNG_AF_INET6) {
        const uint8_t *bytes = address.s_in6.sa_addr;
        bool is_mapped = memcmp(bytes, mapped, sizeof mapped) == 0;
        origin->size = is_mapped ? 4 : 8; /* a /64 is one subscriber */
        memcpy(origin->bytes, is_mapped ? bytes + sizeof mapped : bytes,
            origin->size);
    }
    return true;
}

/* ---- Accepting --------------------------------------------------------- */

static void accept_stream(struct peers *peers, nng_stream *stream)
{
    struct origin origin;
    struct connection *connection = NULL;
    enum peers_reason reason = PEERS_REASON_SHUTDOWN;

    if (!origin_of(stream, &origin)) {
        nng_stream_free(stream);
        peers_told_closed(peers, PEERS_REASON_HANDSHAKE_ABANDONED, NULL);
        return;
    }
    peers_lock(&peers->lock);
    peers->counters.accepted++;
    if (!peers->stopping && half_open_make_room(peers, &origin, &reason)) {
        reason = PEERS_REASON_CONNECTION_LIMIT;
        connection = connection_take(peers, stream, NULL);
    }
    if (connection != NULL) {
        connection->origin = origin;
        half_open_add(connection);
    }
    peers_unlock(&peers->lock);
    if (connection != NULL) {
        connection_start(connection);
    } else {
        nng_stream_free(stream);
        peers_told_closed(peers, reason, NULL);
    }
}

static bool is_shortage(int code)
{
    return code == NNG_ENOMEM || code == NNG_ENOFILES || code == NNG_ENOSPC;
}

static void accept_done(void *argument)
{
    struct listener *listener = argument;
    struct peers *peers = listener->peers;
    int code = nng_aio_result(listener->aio);
    if (code == 0)
        accept_stream(peers, nng_aio_get_output(listener->aio, 0));

    peers_lock(&peers->lock);
    listener->error_count = code == 0 ? 0 : listener->error_count + 1;
    if (code != 0)
        peers->counters.accept_failed++;
    if (peers->stopping) {
        /* the last one */
    } else if (is_shortage(code) || listener->error_count > ERROR_COUNT_MAX) {
        listener->retry_ms = peers_now_ms(peers) + peers->tick_ms;
    } else {
        nng_stream_listener_accept(listener->listener, listener->aio);
    }
    peers_unlock(&peers->lock);
}

void listener_retry(struct listener *listener, int64_t now_ms)
{
    if (listener->retry_ms == 0 || now_ms < listener->retry_ms ||
        listener->peers->stopping)
        return;
    listener->retry_ms = 0;
    nng_stream_listener_accept(listener->listener, listener->aio);
}

void listener_start(struct listener *listener)
{
    nng_stream_listener_accept(listener->listener, listener->aio);
}

/* ---- Opening and closing ----------------------------------------------- */

static enum err failed(
    struct peers_problem *problem, int code, const char *what, enum err err)
{
    problem->what = what;
    problem->detail = nng_strerror(code);
    return code == NNG_ENOMEM ? ERR_NO_MEMORY : err;
}

enum err listener_open(struct listener *listener, struct peers *peers,
    const char *url, struct peers_problem *problem)
{
    listener->peers = peers;
    if (strncmp(url, "tls+tcp://", 10) != 0 &&
        strncmp(url, "tls+tcp4://", 11) != 0 &&
        strncmp(url, "tls+tcp6://", 11) != 0)
        return failed(problem, NNG_EADDRINVAL,
            "an address to listen on must start with tls+tcp://", ERR_INVALID);
    int code = nng_aio_alloc(&listener->aio, accept_done, listener);
    if (code != 0)
        return failed(problem, code, "no memory to listen", ERR_NO_MEMORY);
    nng_aio_set_timeout(listener->aio, NNG_DURATION_INFINITE);
    code = nng_stream_listener_alloc(&listener->listener, url + TLS_SIZE);
    if (code != 0)
        return failed(
            problem, code, "an address to listen on is not one", ERR_INVALID);
    code = nng_stream_listener_set_bool(
        listener->listener, NNG_OPT_TCP_KEEPALIVE, true);
    /* nng waits for more to send unless told not to; we gather by ourselves */
    if (code == 0)
        code = nng_stream_listener_set_bool(
            listener->listener, NNG_OPT_TCP_NODELAY, true);
    if (code != 0)
        return failed(
            problem, code, "a listening address takes no options", ERR_IO);
    code = nng_stream_listener_listen(listener->listener);
    int port = 0;
    if (code == 0)
        code = nng_stream_listener_get_int(
            listener->listener, NNG_OPT_TCP_BOUND_PORT, &port);
    if (code != 0)
        return failed(
            problem, code, "an address cannot be listened on", ERR_UNREACHABLE);
    listener->port = (uint16_t)port;
    return ERR_NONE;
}

void listener_close(struct listener *listener)
{
    if (listener->listener != NULL)
        nng_stream_listener_close(listener->listener);
    if (listener->aio != NULL) {
        nng_aio_stop(listener->aio);
        nng_aio_free(listener->aio);
    }
    if (listener->listener != NULL)
        nng_stream_listener_free(listener->listener);
    listener->aio = NULL;
    listener->listener = NULL;
}
