/*
 * Dialing: a round tries the endpoints of a peer in order; when all fail, so
 * do the requests that wait. When to try again is for the caller.
 */
#include "io/peers_nng_state.h"

#include <stdlib.h>
#include <string.h>

/* ---- Endpoints --------------------------------------------------------- */

static void endpoints_free(struct link *link)
{
    for (size_t i = 0; i < link->endpoint_count; i++) {
        if (link->endpoints[i].dialer != NULL)
            nng_stream_dialer_free(link->endpoints[i].dialer);
        free(link->endpoints[i].url);
        link->endpoints[i] = (struct endpoint){ .url = NULL };
    }
    link->endpoint_count = 0;
}

static void wanted_free(struct link *link)
{
    for (size_t i = 0; i < link->wanted_count; i++)
        free(link->wanted[i]);
    link->wanted_count = 0;
    link->wanted_differs = false;
}

void link_endpoints_free(struct link *link)
{
    endpoints_free(link);
    wanted_free(link);
}

/* Between two rounds nothing dials, so dialers may go. */
static void endpoints_renew(struct link *link)
{
    if (!link->wanted_differs)
        return;
    endpoints_free(link);
    for (size_t i = 0; i < link->wanted_count; i++)
        link->endpoints[i].url = link->wanted[i];
    link->endpoint_count = link->wanted_count;
    link->wanted_count = 0;
    link->wanted_differs = false;
}

static const char *newest_url(const struct link *link, size_t index)
{
    return link->wanted_differs ? link->wanted[index]
                                : link->endpoints[index].url;
}

static bool has_endpoints(
    const struct link *link, const struct peers_address *address)
{
    size_t count =
        link->wanted_differs ? link->wanted_count : link->endpoint_count;
    if (count != address->endpoint_count)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(newest_url(link, i), address->endpoints[i]) != 0)
            return false;
    }
    return true;
}

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);
    if (copy != NULL)
        memcpy(copy, text, size);
    return copy;
}

static enum err set_endpoints(
    struct link *link, const struct peers_address *address)
{
    if (has_endpoints(link, address))
        return ERR_NONE;
    wanted_free(link);
    for (size_t i = 0; i < address->endpoint_count; i++) {
        link->wanted[i] = copy_text(address->endpoints[i]);
        if (link->wanted[i] == NULL) {
            wanted_free(link);
            return ERR_NO_MEMORY;
        }
        link->wanted_count++;
    }
    link->wanted_differs = true;
    return ERR_NONE;
}

enum err link_set_address(
    struct link *link, const struct peers_address *address)
{
    enum err err = set_endpoints(link, address);
    if (err != ERR_NONE)
        return err;
    memcpy(link->keys, address->spki, address->spki_count * PEERS_SPKI_SIZE);
    link->key_count = address->spki_count;
    if (link->state != LINK_OPEN)
        return ERR_NONE;
    for (size_t i = 0; i < link->key_count; i++) {
        if (memcmp(link->keys[i], link->connection->identity.spki,
                PEERS_SPKI_SIZE) == 0)
            return ERR_NONE;
    }
    connection_fail(link->connection, PEERS_REASON_UNPINNED);
    return ERR_NONE;
}

/* NULL for a URL that is none of ours: cards come from outside, and nng knows
 * many schemes. It dials TCP; TLS is a matter of sessions. */
static nng_stream_dialer *endpoint_dialer(struct endpoint *endpoint)
{
    if (endpoint->dialer != NULL)
        return endpoint->dialer;
    if (strncmp(endpoint->url, "tls+tcp://", 10) != 0)
        return NULL;
    nng_stream_dialer *dialer;
    if (nng_stream_dialer_alloc(&dialer, endpoint->url + TLS_SIZE) != 0)
        return NULL;
    if (nng_stream_dialer_set_bool(dialer, NNG_OPT_TCP_KEEPALIVE, true) != 0 ||
        nng_stream_dialer_set_bool(dialer, NNG_OPT_TCP_NODELAY, true) != 0) {
        nng_stream_dialer_free(dialer);
        return NULL;
    }
    endpoint->dialer = dialer;
    return dialer;
}

/* ---- A round of dials -------------------------------------------------- */

/* Dials the next endpoint that can be; else the round has failed. */
static void dial_next(struct link *link)
{
    struct peers *peers = link->peers;
    for (; link->endpoint_index < link->endpoint_count && !peers->stopping;
         link->endpoint_index++) {
        nng_stream_dialer *dialer =
            endpoint_dialer(&link->endpoints[link->endpoint_index]);
        if (dialer == NULL) {
            peers->counters.dial_failed++;
            continue;
        }
        link->state = LINK_DIALING;
        nng_aio_set_timeout(
            link->dial_aio, (nng_duration)peers->options.handshake_ms_max);
        nng_stream_dialer_dial(dialer, link->dial_aio);
        return;
    }
    link->state = LINK_IDLE;
    link_fail(link, link->wrong_key ? ERR_KEY : ERR_UNREACHABLE);
}

void link_dial(struct link *link)
{
    endpoints_renew(link);
    link->endpoint_index = 0;
    link->wrong_key = false;
    dial_next(link);
}

void link_dial_next(struct link *link)
{
    link->endpoint_index++;
    dial_next(link);
}

/* A TCP connection: who is it? */
static struct connection *dial_take(struct link *link, nng_stream *stream)
{
    struct peers *peers = link->peers;
    peers->counters.dialed++;
    struct connection *connection =
        peers->stopping ? NULL : connection_take(peers, stream, link);
    if (connection == NULL)
        return NULL;
    memcpy(connection->keys, link->keys, sizeof link->keys);
    connection->key_count = link->key_count;
    link->connection = connection;
    link->state = LINK_HANDSHAKE;
    return connection;
}

void link_dial_done(void *argument)
{
    struct link *link = argument;
    struct peers *peers = link->peers;
    int code = nng_aio_result(link->dial_aio);
    nng_stream *stream = NULL;
    if (code == 0)
        stream = nng_aio_get_output(link->dial_aio, 0);

    peers_lock(&peers->lock);
    struct connection *connection =
        stream != NULL ? dial_take(link, stream) : NULL;
    if (stream == NULL) {
        peers->counters.dial_failed++;
        link_dial_next(link);
    } else if (connection == NULL) {
        link->state = LINK_IDLE;
        link_fail(link, ERR_BUSY);
    }
    peers_unlock(&peers->lock);
    if (connection != NULL)
        connection_start(connection);
    else if (stream != NULL)
        nng_stream_free(stream);
}
