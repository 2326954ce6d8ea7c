/* The transport's outside: opening, closing, pins, replies, counters. */
#include "io/peers_nng.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "io/peers_nng_state.h"

_Static_assert(PEERS_SPKI_SIZE == TLS_SPKI_SIZE, "one kind of hash");
_Static_assert(offsetof(struct connection, watch) == 0, "see watch_of");

#define TICK_MS_MIN 5
#define TICK_MS_MAX 250

/* Above every cap together, so that ending ones find a place. */
#define SLOT_SLACK 64u

static const char *const reason_names[] = {
#define X(symbol, number, name) [PEERS_REASON_##symbol] = name,
    PEERS_REASON_LIST(X)
#undef X
};
_Static_assert(sizeof reason_names / sizeof *reason_names == PEERS_REASON_COUNT,
    "reasons");

const char *peers_reason_name(enum peers_reason reason)
{
    return (size_t)reason < PEERS_REASON_COUNT ? reason_names[reason] : "?";
}

int64_t peers_machine_ms(void)
{
    struct timespec now;
    int result = clock_gettime(CLOCK_MONOTONIC, &now);
    assert(result == 0);
    (void)result;
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t peers_now_ms(const struct peers *peers)
{
    return peers->options.steady_ms();
}

bool peers_place_take(atomic_uint *count, unsigned count_max)
{
    if (atomic_fetch_add(count, 1) < count_max)
        return true;
    (void)atomic_fetch_sub(count, 1);
    return false;
}

void peers_lock(pthread_mutex_t *lock)
{
    int result = pthread_mutex_lock(lock);
    assert(result == 0);
    (void)result;
}

void peers_unlock(pthread_mutex_t *lock)
{
    int result = pthread_mutex_unlock(lock);
    assert(result == 0);
    (void)result;
}

/* ---- Memory of frames -------------------------------------------------- */

bool peers_hold(struct peers *peers, size_t size)
{
    size_t before = atomic_fetch_add(&peers->memory, size);
    return before <= peers->options.memory_size_max &&
           size <= peers->options.memory_size_max - before;
}

void peers_drop(struct peers *peers, size_t size)
{
    size_t before = atomic_fetch_sub(&peers->memory, size);
    assert(before >= size);
    (void)before;
}

/* ---- Pins -------------------------------------------------------------- */

static int compare_spki(const void *a, const void *b)
{
    return memcmp(a, b, PEERS_SPKI_SIZE);
}

/* Under pins_lock. */
bool peers_is_pinned(struct peers *peers, const uint8_t *spki)
{
    return peers->pin_count > 0 &&
           bsearch(spki, peers->pins, peers->pin_count, sizeof *peers->pins,
               compare_spki) != NULL;
}

/* A stranger that is known now comes again, as itself. */
static void close_if_changed(struct peers *peers, struct connection *connection)
{
    peers_lock(&connection->lock);
    if (connection->id != 0 && atomic_load(&connection->authenticated) &&
        (connection->pinned || connection->stranger)) {
        peers_lock(&peers->pins_lock);
        bool pinned = peers_is_pinned(peers, connection->identity.spki);
        peers_unlock(&peers->pins_lock);
        if (pinned != connection->pinned)
            connection_fail_locked(connection,
                pinned ? PEERS_REASON_PINNED : PEERS_REASON_UNPINNED);
    }
    peers_unlock(&connection->lock);
}

enum err peers_set_pins(
    struct peers *peers, const uint8_t (*spki)[PEERS_SPKI_SIZE], size_t count)
{
    uint8_t(*pins)[PEERS_SPKI_SIZE] = NULL;
    if (count > 0) {
        pins = calloc(count, sizeof *pins);
        if (pins == NULL)
            return ERR_NO_MEMORY;
        memcpy(pins, spki, count * sizeof *pins);
        qsort(pins, count, sizeof *pins, compare_spki);
    }
    peers_lock(&peers->pins_lock);
    uint8_t(*old)[PEERS_SPKI_SIZE] = peers->pins;
    peers->pins = pins;
    peers->pin_count = count;
    peers_unlock(&peers->pins_lock);
    free(old);

    /* who is authenticated from here on has been looked up in the new set */
    peers_lock(&peers->lock);
    for (uint32_t i = 0; i < peers->slot_count; i++)
        close_if_changed(peers, peers->slots[i]);
    peers_unlock(&peers->lock);
    return ERR_NONE;
}

enum err peers_set_own(
    struct peers *peers, const char *certificate_path, const char *key_path)
{
    return tls_own_set(peers->own, certificate_path, key_path);
}

/* ---- The sweeper's work ------------------------------------------------ */

void peers_work(struct peers *peers, struct connection *connection)
{
    peers_lock(&peers->work_lock);
    if (connection != NULL && !connection->work_queued) {
        connection->work_queued = true;
        connection->work_next = peers->work;
        peers->work = connection;
    }
    peers->work_waits = true;
    int result = pthread_cond_signal(&peers->work_ready);
    assert(result == 0);
    (void)result;
    peers_unlock(&peers->work_lock);
}

void peers_told_closed(
    struct peers *peers, enum peers_reason reason, const uint8_t *spki)
{
    peers_lock(&peers->lock);
    peers->counters.closed[reason]++;
    peers_unlock(&peers->lock);
    peers->events.on_closed(peers->events.user, reason, spki);
}

/* ---- Opening ----------------------------------------------------------- */

struct peers_options peers_options_default(void)
{
    return (struct peers_options){
        .handshake_ms_max = HANDSHAKE_MS_MAX,
        .idle_ms_max = CONNECTION_IDLE_MS_MAX,
        .reply_ms_max = REPLY_MS_MAX,
        .connection_count_max = CONNECTION_COUNT_MAX,
        .peer_count_max = DIALED_COUNT_MAX,
        .half_open_count_max = HALF_OPEN_COUNT_MAX,
        .half_open_per_address_count_max = HALF_OPEN_PER_ADDRESS_COUNT_MAX,
        .connection_per_peer_count_max = CONNECTION_PER_PEER_COUNT_MAX,
        .request_count_max = CONNECTION_REQUEST_COUNT_MAX,
        .frame_size_max = FRAME_SIZE_MAX,
        .stranger_frame_size_max = STRANGER_FRAME_SIZE_MAX,
        .memory_size_max = TRANSPORT_MEMORY_SIZE_MAX,
    };
}

static bool options_are_sound(const struct peers_options *options)
{
    const uint32_t count_max = (1u << SLOT_BITS) / 8;
    return options->handshake_ms_max > 0 && options->idle_ms_max > 0 &&
           options->reply_ms_max > 0 &&
           options->handshake_ms_max <= INT32_MAX &&
           options->idle_ms_max <= INT32_MAX &&
           options->reply_ms_max <= INT32_MAX &&
           options->connection_count_max > 0 &&
           options->connection_count_max <= count_max &&
           options->peer_count_max > 0 &&
           options->peer_count_max <= count_max &&
           options->half_open_count_max > 0 &&
           options->half_open_count_max <= count_max &&
           options->half_open_per_address_count_max > 0 &&
           options->connection_per_peer_count_max > 0 &&
           options->request_count_max > 0 &&
           options->request_count_max <= CONNECTION_REQUEST_COUNT_MAX &&
           options->frame_size_max > 0 &&
           options->frame_size_max <= UINT32_MAX - NUMBER_SIZE &&
           options->stranger_frame_size_max <= options->frame_size_max &&
           options->certificate_path != NULL && options->key_path != NULL;
}

static int64_t tick_of(const struct peers_options *options)
{
    uint32_t shortest = options->handshake_ms_max;
    if (options->idle_ms_max < shortest)
        shortest = options->idle_ms_max;
    if (options->reply_ms_max < shortest)
        shortest = options->reply_ms_max;
    int64_t tick = shortest / 8;
    if (tick < TICK_MS_MIN)
        return TICK_MS_MIN;
    return tick > TICK_MS_MAX ? TICK_MS_MAX : tick;
}

static enum err init_locks(struct peers *peers)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0)
        return ERR_NO_MEMORY;
    int failed = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    failed |= pthread_cond_init(&peers->work_ready, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    failed |= pthread_mutex_init(&peers->lock, NULL);
    failed |= pthread_mutex_init(&peers->pins_lock, NULL);
    failed |= pthread_mutex_init(&peers->work_lock, NULL);
    return failed == 0 ? ERR_NONE : ERR_NO_MEMORY;
}

static enum err open_tls(struct peers *peers,
    const struct peers_options *options, struct peers_problem *problem)
{
    enum err err =
        tls_own_open(options->certificate_path, options->key_path, &peers->own);
    if (err == ERR_NONE)
        err = tls_context_new(TLS_SERVER, peers->own, &peers->server_context);
    if (err == ERR_NONE)
        err = tls_context_new(TLS_CLIENT, peers->own, &peers->client_context);
    if (err == ERR_NOT_FOUND)
        problem->what = "the TLS certificate or its key cannot be read";
    else if (err == ERR_KEY)
        problem->what = "the TLS certificate and key must be one self-signed "
                        "certificate, Ed25519 or P-256, and its key, not "
                        "encrypted";
    else if (err != ERR_NONE)
        problem->what = "TLS cannot be set up";
    return err;
}

static enum err open_listeners(struct peers *peers,
    const struct peers_options *options, struct peers_problem *problem)
{
    if (options->listen_count == 0)
        return ERR_NONE;
    peers->listeners = calloc(options->listen_count, sizeof *peers->listeners);
    if (peers->listeners == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < options->listen_count; i++) {
        problem->listen_index = i;
        peers->listener_count++; /* closed even when half open */
        enum err err = listener_open(
            &peers->listeners[i], peers, options->listen_urls[i], problem);
        if (err != ERR_NONE)
            return err;
    }
    problem->listen_index = SIZE_MAX;
    return ERR_NONE;
}

/* The daemon's signals are for its own threads. */
static enum err start_sweeper(struct peers *peers)
{
    sigset_t all, before;
    if (sigfillset(&all) != 0 ||
        pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
        return ERR_IO;
    int failed = pthread_create(&peers->sweeper, NULL, peers_sweep, peers);
    if (pthread_sigmask(SIG_SETMASK, &before, NULL) != 0)
        abort();
    peers->sweeper_runs = failed == 0;
    return failed == 0 ? ERR_NONE : ERR_NO_MEMORY;
}

static enum err open_all(struct peers *peers,
    const struct peers_options *options, struct peers_problem *problem)
{
    enum err err = open_tls(peers, options, problem);
    if (err != ERR_NONE)
        return err;
    peers->slot_capacity = options->connection_count_max +
                           options->half_open_count_max +
                           options->peer_count_max + SLOT_SLACK;
    peers->slots = calloc(peers->slot_capacity, sizeof *peers->slots);
    if (peers->slots == NULL)
        return ERR_NO_MEMORY;
    err = open_listeners(peers, options, problem);
    if (err == ERR_NONE)
        err = start_sweeper(peers);
    if (err != ERR_NONE)
        return err;
    for (size_t i = 0; i < peers->listener_count; i++)
        listener_start(&peers->listeners[i]);
    return ERR_NONE;
}

enum err peers_open(const struct peers_options *options,
    const struct peers_events *events, struct peers **peers,
    struct peers_problem *problem)
{
    *peers = NULL;
    *problem = (struct peers_problem){ .what = "out of memory",
        .listen_index = SIZE_MAX };
    if (!options_are_sound(options)) {
        problem->what = "an option of the transport is out of range";
        return ERR_INVALID;
    }
    struct peers *made = calloc(1, sizeof *made);
    if (made == NULL)
        return ERR_NO_MEMORY;
    made->options = *options;
    made->options.listen_urls = NULL;
    made->options.certificate_path = NULL;
    made->options.key_path = NULL;
    if (options->steady_ms == NULL)
        made->options.steady_ms = peers_machine_ms;
    made->events = *events;
    made->tick_ms = tick_of(options);
    made->failed_end = &made->failed;
    if (init_locks(made) != ERR_NONE) {
        free(made);
        return ERR_NO_MEMORY;
    }
    enum err err = open_all(made, options, problem);
    if (err != ERR_NONE) {
        peers_close(made);
        return err;
    }
    *peers = made;
    return ERR_NONE;
}

uint16_t peers_port(struct peers *peers, size_t index)
{
    return index < peers->listener_count ? peers->listeners[index].port : 0;
}

/* ---- Closing ----------------------------------------------------------- */

static void stop(struct peers *peers)
{
    peers_lock(&peers->lock);
    peers->stopping = true;
    struct link *links = peers->links; /* none is made or freed any more */
    peers_unlock(&peers->lock);

    for (size_t i = 0; i < peers->listener_count; i++)
        listener_close(&peers->listeners[i]);
    for (struct link *link = links; link != NULL; link = link->next)
        link_stop(link);

    peers_lock(&peers->lock);
    for (uint32_t i = 0; i < peers->slot_count; i++)
        connection_fail(peers->slots[i], PEERS_REASON_SHUTDOWN);
    for (struct link *link = links; link != NULL; link = link->next)
        link_fail(link, ERR_UNREACHABLE);
    peers->last_told = true;
    peers_unlock(&peers->lock);
    if (peers->sweeper_runs) {
        peers_work(peers, NULL);
        int result = pthread_join(peers->sweeper, NULL);
        assert(result == 0);
        (void)result;
    }
}

void peers_close(struct peers *peers)
{
    if (peers == NULL)
        return;
    stop(peers);
    while (peers->links != NULL) {
        struct link *link = peers->links;
        peers->links = link->next;
        link_free(link);
    }
    for (uint32_t i = 0; i < peers->slot_count; i++)
        connection_free(peers->slots[i]);
    assert(atomic_load(&peers->memory) == 0);
    assert(atomic_load(&peers->receive_large_count) == 0);
    assert(atomic_load(&peers->send_large_count) == 0);
    free(peers->slots);
    free(peers->listeners);
    free(peers->pins);
    tls_context_free(peers->server_context);
    tls_context_free(peers->client_context);
    tls_own_release(peers->own);
    (void)pthread_cond_destroy(&peers->work_ready);
    (void)pthread_mutex_destroy(&peers->work_lock);
    (void)pthread_mutex_destroy(&peers->pins_lock);
    (void)pthread_mutex_destroy(&peers->lock);
    free(peers);
}

/* ---- Requests and replies ---------------------------------------------- */

static bool address_is_sound(const struct peers_address *address)
{
    return address->spki_count > 0 &&
           address->spki_count <= PEER_TLS_KEY_COUNT_MAX &&
           address->endpoint_count <= CARD_ENDPOINT_COUNT_MAX;
}

static struct request *request_new(struct peers *peers, uint64_t token,
    const uint8_t *body, size_t size, uint32_t timeout_ms)
{
    struct request *request = calloc(1, sizeof *request);
    uint8_t *frame = malloc(ROOM_SIZE + size);
    if (request == NULL || frame == NULL) {
        free(request);
        free(frame);
        return NULL;
    }
    if (size > 0)
        memcpy(frame + ROOM_SIZE, body, size);
    if (timeout_ms > peers->options.reply_ms_max)
        timeout_ms = peers->options.reply_ms_max;
    request->token = token;
    request->deadline_ms = peers_now_ms(peers) + timeout_ms;
    request->frame = frame;
    request->size = size;
    if (!peers_hold(peers, ROOM_SIZE + size))
        request->err = ERR_BUSY;
    return request;
}

enum err peers_request(struct peers *peers, const struct peers_address *address,
    uint64_t token, const uint8_t *body, size_t size, uint32_t timeout_ms)
{
    if (!address_is_sound(address) || timeout_ms == 0)
        return ERR_INVALID;
    if (size > peers->options.frame_size_max)
        return ERR_LIMIT;
    struct request *request = request_new(peers, token, body, size, timeout_ms);
    if (request == NULL)
        return ERR_NO_MEMORY;

    struct connection *kick = NULL;
    enum err err = ERR_NONE;
    peers_lock(&peers->lock);
    struct link *link = NULL;
    if (peers->stopping) {
        err = ERR_STATE;
    } else if (request->err == ERR_NONE) {
        link = link_get(peers, address);
        if (link == NULL)
            request->err = ERR_BUSY;
        else
            err = link_set_address(link, address);
    }
    if (err == ERR_NONE) {
        peers->request_count++;
        if (request->err != ERR_NONE)
            request_fail(peers, request, request->err);
        else
            link_add(link, request, &kick);
    }
    peers_unlock(&peers->lock);
    if (err != ERR_NONE)
        request_free(peers, request);
    if (kick != NULL)
        connection_kick(kick);
    return err;
}

/* Takes the number out of what the peer waits for. Under its lock. */
static bool asked_take(struct connection *connection, uint32_t number)
{
    for (size_t i = 0; i < connection->asked_count; i++) {
        if (connection->asked[i].number != number)
            continue;
        connection->asked[i] = connection->asked[--connection->asked_count];
        return true;
    }
    return false;
}

static enum err reply_locked(struct connection *connection, uint64_t id,
    uint32_t number, const uint8_t *body, size_t size)
{
    if (connection->id != id || connection->closing || connection->link != NULL)
        return ERR_NOT_FOUND;
    if (!asked_take(connection, number))
        return ERR_NOT_FOUND;
    enum err err = connection_append(connection, number, body, size);
    if (err != ERR_NONE) {
        /* just taken out, so there is room */
        connection->asked[connection->asked_count++] = (struct asked){
            .number = number,
            .at_ms = peers_now_ms(connection->peers),
        };
        return err;
    }
    connection->active_ms = peers_now_ms(connection->peers);
    connection_kick_locked(connection);
    if (connection->paused)
        peers_work(connection->peers, connection);
    return ERR_NONE;
}

enum err peers_reply(struct peers *peers, uint64_t id, uint32_t number,
    const uint8_t *body, size_t size)
{
    if (size > peers->options.frame_size_max)
        return ERR_LIMIT;
    uint64_t slot = id & ((1u << SLOT_BITS) - 1);
    struct connection *connection = NULL;
    peers_lock(&peers->lock);
    if (id != 0 && slot < peers->slot_count)
        connection = peers->slots[slot];
    peers_unlock(&peers->lock);
    if (connection == NULL)
        return ERR_NOT_FOUND;
    peers_lock(&connection->lock);
    enum err err = reply_locked(connection, id, number, body, size);
    peers_unlock(&connection->lock);
    return err;
}

/* ---- Counters ---------------------------------------------------------- */

void peers_counters(struct peers *peers, struct peers_counters *counters)
{
    peers_lock(&peers->lock);
    *counters = peers->counters;
    counters->request = peers->request_count;
    counters->memory = atomic_load(&peers->memory);
    for (uint32_t i = 0; i < peers->slot_count; i++) {
        struct connection *connection = peers->slots[i];
        peers_lock(&connection->lock);
        if (connection->id == 0) {
            /* in the pool */
        } else if (connection->closing) {
            counters->ending++;
        } else if (connection->half_open) {
            counters->half_open++;
        } else if (connection->promoted) {
            counters->open++;
        }
        peers_unlock(&connection->lock);
    }
    peers_unlock(&peers->lock);
}
