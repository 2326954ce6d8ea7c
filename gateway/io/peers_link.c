/*
 * One link for each peer that is dialed: the requests to it, and one
 * connection at most.
 */
#include "io/peers_nng_state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- Requests ---------------------------------------------------------- */

static void request_drop_frame(struct peers *peers, struct request *request)
{
    if (request->frame == NULL)
        return;
    peers_drop(peers, ROOM_SIZE + request->size);
    free(request->frame);
    request->frame = NULL;
}

void request_free(struct peers *peers, struct request *request)
{
    request_drop_frame(peers, request);
    free(request);
}

void request_fail(struct peers *peers, struct request *request, enum err err)
{
    request_drop_frame(peers, request);
    request->err = err;
    request->next = NULL;
    *peers->failed_end = request;
    peers->failed_end = &request->next;
    peers->request_count--;
    peers_work(peers, NULL);
}

/* Takes *at out of the list. */
static struct request *link_unlink(struct link *link, struct request **at)
{
    struct request *request = *at;
    *at = request->next;
    if (link->requests_end == &request->next)
        link->requests_end = at;
    link->request_count--;
    if (request->connection == 0)
        link->waiting_size -= request->size;
    return request;
}

struct request *link_take(
    struct link *link, uint64_t connection, uint32_t number)
{
    if (link == NULL)
        return NULL;
    for (struct request **at = &link->requests; *at != NULL;
         at = &(*at)->next) {
        if ((*at)->connection == connection && (*at)->number == number) {
            link->used_ms = peers_now_ms(link->peers);
            link->peers->request_count--;
            return link_unlink(link, at);
        }
    }
    return NULL;
}

void link_fail(struct link *link, enum err err)
{
    while (link->requests != NULL)
        request_fail(link->peers, link_unlink(link, &link->requests), err);
}

static void link_fail_sent(struct link *link, enum err err)
{
    struct request **at = &link->requests;
    while (*at != NULL) {
        if ((*at)->connection != 0)
            request_fail(link->peers, link_unlink(link, at), err);
        else
            at = &(*at)->next;
    }
}

/* Hands a waiting request to the open connection. ERR_STATE when that one is
 * about to end: the request waits for the next. */
static enum err push(struct link *link, struct request *request)
{
    struct connection *connection = link->connection;
    peers_lock(&connection->lock);
    enum err err = ERR_STATE;
    uint32_t number = connection->number_last + 1;
    if (!connection->closing)
        err = connection_append_frame(
            connection, number, &request->frame, request->size);
    if (err == ERR_NONE) {
        connection->number_last = number;
        if (connection->number_count < UINT32_MAX)
            connection->number_count++;
        connection->active_ms = peers_now_ms(link->peers);
        request->heard_count = connection->heard_count;
        request->connection = connection->id;
        request->number = number;
    }
    peers_unlock(&connection->lock);
    if (err != ERR_NONE)
        return err;
    link->waiting_size -= request->size;
    request_drop_frame(link->peers, request);
    return ERR_NONE;
}

/* ---- Links ------------------------------------------------------------- */

static size_t bucket_of(const uint8_t *spki)
{
    uint32_t start = (uint32_t)spki[0] << 8 | spki[1];
    return start % LINK_BUCKET_COUNT;
}

static bool is_evictable(const struct link *link)
{
    return link->state == LINK_IDLE && link->requests == NULL;
}

static void link_remove(struct peers *peers, struct link *link)
{
    struct link **at = &peers->buckets[bucket_of(link->keys[0])];
    while (*at != link)
        at = &(*at)->bucket_next;
    *at = link->bucket_next;
    at = &peers->links;
    while (*at != link)
        at = &(*at)->next;
    *at = link->next;
    peers->link_count--;
}

/* Peers change their keys, and each first key makes a link. */
static bool evict_oldest(struct peers *peers)
{
    struct link *oldest = NULL;
    for (struct link *link = peers->links; link != NULL; link = link->next) {
        if (is_evictable(link) &&
            (oldest == NULL || link->used_ms < oldest->used_ms))
            oldest = link;
    }
    if (oldest == NULL)
        return false;
    link_remove(peers, oldest);
    link_free(oldest);
    return true;
}

static struct link *link_new(struct peers *peers, const uint8_t *spki)
{
    struct link *link = calloc(1, sizeof *link);
    if (link == NULL)
        return NULL;
    if (nng_aio_alloc(&link->dial_aio, link_dial_done, link) != 0) {
        free(link);
        return NULL;
    }
    link->peers = peers;
    link->requests_end = &link->requests;
    memcpy(link->keys[0], spki, PEERS_SPKI_SIZE);
    link->key_count = 1;
    link->bucket_next = peers->buckets[bucket_of(spki)];
    peers->buckets[bucket_of(spki)] = link;
    link->next = peers->links;
    peers->links = link;
    peers->link_count++;
    return link;
}

struct link *link_get(struct peers *peers, const struct peers_address *address)
{
    const uint8_t *spki = address->spki[0];
    struct link *link = peers->buckets[bucket_of(spki)];
    while (link != NULL && memcmp(link->keys[0], spki, PEERS_SPKI_SIZE) != 0)
        link = link->bucket_next;
    if (link == NULL) {
        if (peers->link_count >= peers->options.peer_count_max &&
            !evict_oldest(peers))
            return NULL;
        link = link_new(peers, spki);
    }
    if (link != NULL)
        link->used_ms = peers_now_ms(peers);
    return link;
}

void link_stop(struct link *link)
{
    nng_aio_stop(link->dial_aio);
}

void link_free(struct link *link)
{
    assert(link->connection == NULL && link->requests == NULL);
    nng_aio_free(link->dial_aio);
    link_endpoints_free(link);
    free(link);
}

void link_add(
    struct link *link, struct request *request, struct connection **kick)
{
    struct peers *peers = link->peers;
    if (link->request_count >= peers->options.request_count_max ||
        (link->waiting_size > 0 &&
            link->waiting_size + request->size > CONNECTION_QUEUE_SIZE_MAX)) {
        request_fail(peers, request, ERR_BUSY);
        return;
    }
    request->next = NULL;
    *link->requests_end = request;
    link->requests_end = &request->next;
    link->request_count++;
    link->waiting_size += request->size;

    if (link->state == LINK_IDLE) {
        link_dial(link);
    } else if (link->state == LINK_OPEN) {
        enum err err = push(link, request);
        if (err == ERR_NONE) {
            *kick = link->connection;
        } else if (err != ERR_STATE) {
            struct request **at = &link->requests;
            while (*at != request)
                at = &(*at)->next;
            request_fail(peers, link_unlink(link, at), err);
        }
    }
}

void link_opened(struct link *link)
{
    struct request **at = &link->requests;
    link->state = LINK_OPEN;
    while (*at != NULL) {
        struct request *request = *at;
        enum err err =
            request->connection == 0 ? push(link, request) : ERR_NONE;
        if (err == ERR_STATE)
            break; /* they wait for the next connection */
        if (err != ERR_NONE)
            request_fail(link->peers, link_unlink(link, at), err);
        else
            at = &request->next;
    }
    connection_kick(link->connection);
}

void link_lost(struct link *link, enum peers_reason reason)
{
    bool was_open = link->state == LINK_OPEN;
    link->connection = NULL;
    link->used_ms = peers_now_ms(link->peers);
    if (!was_open) {
        if (reason == PEERS_REASON_WRONG_KEY)
            link->wrong_key = true;
        link_dial_next(link);
        return;
    }
    link->state = LINK_IDLE;
    link_fail_sent(link, ERR_UNREACHABLE);
    if (link->requests != NULL)
        link_dial(link);
}

/* ---- Deadlines --------------------------------------------------------- */

/* Overdue requests fail. Returns whether one of them was met by silence: since
 * it was sent nothing has been heard. */
static bool scan_requests(
    struct link *link, uint64_t heard_count, int64_t now_ms)
{
    struct request **at = &link->requests;
    bool mute = false;
    while (*at != NULL) {
        struct request *request = *at;
        if (now_ms < request->deadline_ms) {
            at = &request->next;
            continue;
        }
        mute |= request->connection != 0 && request->heard_count == heard_count;
        request_fail(link->peers, link_unlink(link, at), ERR_TIMEOUT);
    }
    return mute;
}

void link_scan(struct link *link, int64_t now_ms)
{
    struct connection *connection = link->connection;
    uint64_t heard_count = 0;
    if (connection != NULL) {
        peers_lock(&connection->lock);
        heard_count = connection->heard_count;
        peers_unlock(&connection->lock);
    }
    bool mute = scan_requests(link, heard_count, now_ms);
    if (link->state != LINK_OPEN)
        return;
    /* a line that died without a word: the next request needs another one */
    if (mute)
        connection_fail(connection, PEERS_REASON_REPLY_TIMEOUT);
    if (link->requests != NULL)
        return;
    /* earlier than the listener would, so that no request meets its end */
    int64_t idle_ms_max = (int64_t)link->peers->options.idle_ms_max * 3 / 4;
    peers_lock(&connection->lock);
    if (now_ms - connection->active_ms > idle_ms_max)
        connection_fail_locked(connection, PEERS_REASON_IDLE);
    peers_unlock(&connection->lock);
}
