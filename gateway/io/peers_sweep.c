/*
 * The sweeper: the one thread that closes connections and gives them back,
 * looks at deadlines, and tells of requests that failed.
 */
#include "io/peers_nng_state.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- Accepted connections that became known ---------------------------- */

static void uncount(struct connection *connection)
{
    if (connection->counted)
        connection->peers->known_count--;
    connection->counted = false;
}

/* The oldest of that peer's that owes no reply, else the oldest; NULL while
 * they are not too many. */
static struct connection *surplus_of(struct peers *peers, const uint8_t *spki)
{
    struct connection *idle = NULL, *oldest = NULL;
    uint32_t count = 0;
    for (uint32_t i = 0; i < peers->slot_count; i++) {
        struct connection *c = peers->slots[i];
        if (!c->counted || memcmp(c->identity.spki, spki, PEERS_SPKI_SIZE) != 0)
            continue;
        count++;
        if (oldest == NULL || c->id < oldest->id)
            oldest = c;
        peers_lock(&c->lock);
        bool owes = c->asked_count > 0;
        peers_unlock(&c->lock);
        if (!owes && (idle == NULL || c->id < idle->id))
            idle = c;
    }
    if (count <= peers->options.connection_per_peer_count_max)
        return NULL;
    return idle != NULL ? idle : oldest;
}

/* Newest wins: an older one may be dead without anyone having noticed. */
static void promote_accepted(struct connection *connection)
{
    struct peers *peers = connection->peers;
    if (connection->stranger) {
        /* stays among the half-open ones, whose number is small */
        if (!peers->options.strangers_allowed)
            connection_fail(connection, PEERS_REASON_STRANGER);
        return;
    }
    half_open_remove(connection);
    connection->promoted = true;
    connection->counted = true;
    peers->known_count++;
    struct connection *surplus = surplus_of(peers, connection->identity.spki);
    if (surplus != NULL) {
        uncount(surplus);
        connection_fail(surplus, PEERS_REASON_REPLACED);
    } else if (peers->known_count > peers->options.connection_count_max) {
        uncount(connection);
        connection_fail(connection, PEERS_REASON_CONNECTION_LIMIT);
    }
}

static void promote(struct connection *connection)
{
    if (connection->link == NULL) {
        if (connection->half_open)
            promote_accepted(connection);
    } else if (!connection->promoted) {
        connection->promoted = true;
        link_opened(connection->link);
    }
}

/* ---- One connection ---------------------------------------------------- */

/* What the sweeper must do about a connection now. */
struct chore {
    bool open;  /* not closing */
    bool close; /* for the first time */
    bool give;  /* nothing runs on it any more */
    bool resume;
    enum peers_reason reason;
    nng_stream *stream;
};

/* What is being sent has a moment to leave, so that last words can follow. */
static bool may_close(const struct connection *connection)
{
    struct peers *peers = connection->peers;
    return !connection->sending ||
           peers_now_ms(peers) - connection->closing_ms >= peers->tick_ms;
}

static struct chore chore_of(struct connection *connection)
{
    struct chore chore = { .reason = PEERS_REASON_LOST };
    peers_lock(&connection->lock);
    chore.stream = connection->stream;
    chore.reason = connection->reason;
    if (connection->id == 0) {
        /* in the pool */
    } else if (!connection->closing) {
        chore.open = true;
        chore.resume = connection->paused;
    } else if (!connection->closed) {
        chore.close = may_close(connection);
        connection->closed = chore.close;
    } else {
        chore.give = !connection->receiving && !connection->reading &&
                     !connection->sending;
    }
    peers_unlock(&connection->lock);
    return chore;
}

/* The key to tell of with its end. */
static bool known_key(
    const struct connection *connection, uint8_t spki[PEERS_SPKI_SIZE])
{
    if (connection->link != NULL)
        memcpy(spki, connection->keys[0], PEERS_SPKI_SIZE);
    else if (atomic_load(&connection->authenticated))
        memcpy(spki, connection->identity.spki, PEERS_SPKI_SIZE);
    else
        return false;
    return true;
}

static void close_connection(
    struct connection *connection, const struct chore *chore)
{
    struct peers *peers = connection->peers;
    uint8_t spki[PEERS_SPKI_SIZE];
    bool known = known_key(connection, spki);

    peers_lock(&connection->lock);
    connection_farewell(connection);
    peers_unlock(&connection->lock);
    nng_stream_close(chore->stream); /* both aios end now, if they run */
    peers_lock(&peers->lock);
    half_open_remove(connection);
    uncount(connection);
    if (connection->link != NULL)
        link_lost(connection->link, chore->reason);
    peers_unlock(&peers->lock);
    peers_told_closed(peers, chore->reason, known ? spki : NULL);
    peers_work(peers, connection); /* perhaps nothing runs on it already */
}

static void sweep_connection(struct connection *connection)
{
    struct peers *peers = connection->peers;
    struct chore chore = chore_of(connection);
    if (chore.open && atomic_load(&connection->authenticated)) {
        peers_lock(&peers->lock);
        promote(connection);
        peers_unlock(&peers->lock);
    }
    if (chore.resume)
        connection_resume(connection);
    if (chore.close)
        close_connection(connection, &chore);
    if (chore.give) {
        peers_lock(&peers->lock);
        connection_give(connection);
        peers_unlock(&peers->lock);
    }
}

/* ---- Deadlines --------------------------------------------------------- */

/* Requests that our side never answered: their places are needed. */
static void scan_asked(struct connection *connection, int64_t now_ms)
{
    struct peers *peers = connection->peers;
    for (size_t i = connection->asked_count; i > 0; i--) {
        struct asked *asked = &connection->asked[i - 1];
        if (now_ms - asked->at_ms <= peers->options.reply_ms_max)
            continue;
        *asked = connection->asked[--connection->asked_count];
        peers->counters.unanswered++;
    }
    if (connection->paused &&
        connection->asked_count < peers->options.request_count_max)
        peers_work(peers, connection);
}

static void scan_locked(struct connection *connection, int64_t now_ms)
{
    const struct peers_options *options = &connection->peers->options;
    int64_t age_ms = now_ms - connection->opened_ms;
    if (!atomic_load(&connection->authenticated)) {
        if (age_ms > options->handshake_ms_max)
            connection_fail_locked(connection, PEERS_REASON_HANDSHAKE_TIMEOUT);
        return;
    }
    if (connection->link == NULL)
        scan_asked(connection, now_ms);
    if (connection->frame_ms != 0 &&
        now_ms - connection->frame_ms > options->idle_ms_max)
        connection_fail_locked(connection, PEERS_REASON_FRAME_TIMEOUT);
    else if (connection->out_deadline_ms != 0 &&
             now_ms > connection->out_deadline_ms)
        connection_fail_locked(connection, PEERS_REASON_SEND_TIMEOUT);
    else if (connection->link == NULL && connection->asked_count == 0 &&
             now_ms - connection->active_ms > options->idle_ms_max)
        connection_fail_locked(connection, PEERS_REASON_IDLE);
    else if (connection->lost_ms != 0 &&
             now_ms - connection->lost_ms >= connection->peers->tick_ms)
        connection_fail_locked(connection, connection->lost_reason);
    else if (connection->stranger &&
             age_ms > (int64_t)options->handshake_ms_max + options->idle_ms_max)
        connection_fail_locked(connection, PEERS_REASON_IDLE);
}

static void scan(struct peers *peers, int64_t now_ms)
{
    peers_lock(&peers->lock);
    for (uint32_t i = 0; i < peers->slot_count; i++) {
        struct connection *connection = peers->slots[i];
        peers_lock(&connection->lock);
        if (connection->id != 0 && !connection->closing)
            scan_locked(connection, now_ms);
        else if (connection->id != 0 && !connection->closed)
            peers_work(peers, connection);
        peers_unlock(&connection->lock);
    }
    for (struct link *link = peers->links; link != NULL; link = link->next)
        link_scan(link, now_ms);
    for (size_t i = 0; i < peers->listener_count; i++)
        listener_retry(&peers->listeners[i], now_ms);
    peers_unlock(&peers->lock);
}

/* ---- The thread -------------------------------------------------------- */

static void tell_failed(struct peers *peers)
{
    peers_lock(&peers->lock);
    struct request *request = peers->failed;
    peers->failed = NULL;
    peers->failed_end = &peers->failed;
    peers_unlock(&peers->lock);
    while (request != NULL) {
        struct request *next = request->next;
        peers->events.on_reply(peers->events.user, request->token, request->err,
            (struct peers_body){ .size = 0 });
        request_free(peers, request);
        request = next;
    }
}

/* Waits for work until then; the list of connections to look at. */
static struct connection *wait_for_work(struct peers *peers, int64_t until_ms)
{
    struct timespec until = {
        .tv_sec = (time_t)(until_ms / 1000),
        .tv_nsec = (long)(until_ms % 1000) * 1000000,
    };
    int result = 0;
    peers_lock(&peers->work_lock);
    while (!peers->work_waits && result != ETIMEDOUT) {
        result = pthread_cond_timedwait(
            &peers->work_ready, &peers->work_lock, &until);
        assert(result == 0 || result == ETIMEDOUT);
    }
    peers->work_waits = false;
    struct connection *work = peers->work;
    peers->work = NULL;
    peers_unlock(&peers->work_lock);
    return work;
}

/* From here on it can be queued again. */
static struct connection *unqueue(struct connection *connection)
{
    struct peers *peers = connection->peers;
    peers_lock(&peers->work_lock);
    struct connection *next = connection->work_next;
    connection->work_next = NULL;
    connection->work_queued = false;
    peers_unlock(&peers->work_lock);
    return next;
}

static bool is_done(struct peers *peers)
{
    peers_lock(&peers->lock);
    bool done =
        peers->last_told && peers->used_count == 0 && peers->failed == NULL;
    peers_unlock(&peers->lock);
    return done;
}

void *peers_sweep(void *argument)
{
    struct peers *peers = argument;
    /* how often it looks is by the machine's clock, what it sees by the one it
     * was given */
    int64_t scan_ms = peers_machine_ms() + peers->tick_ms;
    while (!is_done(peers)) {
        struct connection *work = wait_for_work(peers, scan_ms);
        while (work != NULL) {
            struct connection *next = unqueue(work);
            sweep_connection(work);
            work = next;
        }
        int64_t now = peers_machine_ms();
        if (now >= scan_ms) {
            scan(peers, peers_now_ms(peers));
            scan_ms = now + peers->tick_ms;
        }
        tell_failed(peers);
    }
    return NULL;
}
