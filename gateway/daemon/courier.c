#include "daemon/courier.h"

#include "core/limits.h"
#include "core/patience.h"
#include "daemon/clock.h"
#include "daemon/job_queue.h"
#include "daemon/journal.h"
#include "io/crypto_openssl.h"
#include "io/random_openssl.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BUSY_RETRY_MS 1000u

/* A request of a peer, from its opening to our reply. */
struct exchange {
    uint64_t connection;
    uint32_t number;
    bool stranger; /* its TLS key is on no card that was accepted */
    struct request_secret secret;
};

/* A request of ours, from its sealing to the reply. */
struct flight {
    struct courier *courier;
    uint64_t token; /* the node's */
    bool is_all;    /* nothing waits for the reply to go on */
    struct agency_id agency;
    struct request_secret secret;
};

struct job {
    struct queued queued; /* first, so that either is the other */
    struct exchange *exchange;
    struct flight *flight;
    uint8_t sealing_key[KEY_SIZE];
    int kind;       /* enum request_kind or reply_kind */
    enum err err;   /* there is nothing to seal or open */
    uint64_t batch; /* it was taken in: see await_release() */
    struct peers_body body;
};

struct worker {
    struct courier *courier;
    struct crypto *crypto;
    struct arena arena;
    pthread_t thread;
};

struct courier {
    struct courier_options options;
    struct peers *peers;
    struct worker *workers;
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct job_queue queue;
    pthread_cond_t released;
    uint64_t batch; /* whose sends and replies are being taken */
    uint8_t *sheet;
    size_t sheet_size;
};

/* ---- Jobs --------------------------------------------------------------- */

/* The block is the job's from now on; without memory it stays the caller's. */
static struct job *job_new(enum job_type type, struct peers_body body)
{
    struct job *job = malloc(sizeof *job);
    if (job != NULL)
        *job = (struct job){ .queued = { .type = type, .size = body.size },
            .body = body };
    return job;
}

static void job_free(struct job *job)
{
    if (job != NULL)
        free(job->body.block);
    free(job);
}

static bool body_copy(struct slice bytes, struct peers_body *body)
{
    uint8_t *block = malloc(bytes.size + 1);
    if (block == NULL)
        return false;
    if (bytes.size > 0)
        memcpy(block, bytes.bytes, bytes.size);
    *body = (struct peers_body){ block, block, bytes.size };
    return true;
}

/* False, and the job stays the caller's, when there is no room for it. */
static bool job_put(struct courier *courier, struct job *job)
{
    (void)pthread_mutex_lock(&courier->lock);
    bool has_room = job_queue_put(&courier->queue, &job->queued);
    if (has_room)
        (void)pthread_cond_signal(&courier->filled);
    (void)pthread_mutex_unlock(&courier->lock);
    return has_room;
}

/* The same where somebody waits for what becomes of it: without room it says
 * "busy", and its bytes are gone. */
static void job_put_or_busy(struct courier *courier, struct job *job)
{
    if (job_put(courier, job))
        return;
    free(job->body.block);
    job->body = (struct peers_body){ .size = 0 };
    job->queued.size = 0;
    job->err = ERR_BUSY;
    bool is_put = job_put(courier, job);
    assert(is_put); /* nothing has room always */
    (void)is_put;
}

static struct job *job_take(struct courier *courier)
{
    struct queued *queued;
    (void)pthread_mutex_lock(&courier->lock);
    while ((queued = job_queue_take(&courier->queue)) == NULL)
        (void)pthread_cond_wait(&courier->filled, &courier->lock);
    (void)pthread_mutex_unlock(&courier->lock);
    return (struct job *)(void *)queued;
}

static void job_end(struct courier *courier, struct job *job)
{
    (void)pthread_mutex_lock(&courier->lock);
    job_queue_done(&courier->queue, &job->queued);
    (void)pthread_mutex_unlock(&courier->lock);
    job_free(job);
}

/* Sealed or not, nothing that the store might not hold is said to anyone. */
static void await_release(struct courier *courier, const struct job *job)
{
    (void)pthread_mutex_lock(&courier->lock);
    while (job->batch == courier->batch)
        (void)pthread_cond_wait(&courier->released, &courier->lock);
    (void)pthread_mutex_unlock(&courier->lock);
}

static struct slice job_bytes(const struct job *job)
{
    return slice_of(job->body.bytes, job->body.size);
}

/* ---- Replies that need no node ------------------------------------------ */

static void send_reply(struct worker *worker, uint64_t connection,
    uint32_t number, struct slice bytes)
{
    /* a peer that is gone, or does not read, asks again */
    if (bytes.bytes != NULL && peers_reply(worker->courier->peers, connection,
                                   number, bytes.bytes, bytes.size) != ERR_NONE)
        JOURNAL(
            LOG_CONNECTION_REFUSED, log_code("code", "reply_undeliverable"));
}

static void reply_plainly(
    struct worker *worker, const struct exchange *exchange, enum err err)
{
    struct courier *courier = worker->courier;
    struct slice sheet = SLICE_NONE;
    enum plain_kind kind = err == ERR_KEY ? PLAIN_REKEY : PLAIN_REFUSED;
    if (kind == PLAIN_REKEY) {
        (void)pthread_mutex_lock(&courier->lock);
        sheet = arena_copy(
            &worker->arena, slice_of(courier->sheet, courier->sheet_size));
        (void)pthread_mutex_unlock(&courier->lock);
    }
    send_reply(worker, exchange->connection, exchange->number,
        reply_plain(kind, sheet, 0, &worker->arena));
    JOURNAL(LOG_PEER_REFUSED, log_code("code", err_name(err)));
}

/* ---- What workers do ---------------------------------------------------- */

/* An item of that agency, with the block of the job: what was opened in it. */
static struct inbox_item *item_new(
    enum node_input_type type, const struct agency_id *from, struct job *job)
{
    struct inbox_item *item = calloc(1, sizeof *item);
    if (item == NULL)
        return NULL;
    item->block = job->body.block;
    item->size = job->body.size;
    job->body.block = NULL;
    item->input.type = type;
    memcpy(item->turn.origin, from->text, AGENCY_ID_SIZE);
    return item;
}

static void open_request(struct worker *worker, struct job *job)
{
    struct courier *courier = worker->courier;
    struct request request;
    struct inbox_item *item = NULL;
    uint32_t wait_ms = 0;
    enum err err =
        request_open(worker->crypto, &courier->options.self, job->body.bytes,
            job->body.size, &worker->arena, directory_operation_key,
            courier->options.directory, &job->exchange->secret, &request);
    if (err == ERR_NONE && job->exchange->stranger &&
        request.kind != REQUEST_INTRODUCE)
        err = ERR_FORBIDDEN;
    if (err == ERR_NONE) {
        wait_ms = patience_with_request(&request, &worker->arena);
        item = item_new(NODE_PEER_REQUEST, &request.sender, job);
        if (item == NULL)
            err = ERR_NO_MEMORY;
    }
    if (err != ERR_NONE) {
        reply_plainly(worker, job->exchange, err);
        free(job->exchange);
        return;
    }
    item->wait_ms = wait_ms;
    item->request = request;
    item->input.of.request.request = &item->request;
    item->input.of.request.handle = (uint64_t)(uintptr_t)job->exchange;
    inbox_put(courier->options.inbox, item);
}

static void seal_reply(struct worker *worker, struct job *job)
{
    uint8_t seed[SEED_SIZE];
    struct slice envelope = SLICE_NONE;
    struct exchange *exchange = job->exchange;
    enum err err = job->err;
    if (err == ERR_BUSY)
        envelope =
            reply_plain(PLAIN_BUSY, SLICE_NONE, BUSY_RETRY_MS, &worker->arena);
    if (err == ERR_NONE)
        err = random_fill(seed, sizeof seed);
    if (err == ERR_NONE)
        err = reply_seal(worker->crypto, &exchange->secret,
            (enum reply_kind)job->kind, clock_wall(), job_bytes(job), seed,
            &worker->arena, &envelope);
    await_release(worker->courier, job);
    if (err == ERR_NONE || err == ERR_BUSY)
        send_reply(worker, exchange->connection, exchange->number, envelope);
    else
        JOURNAL(LOG_PEER_REFUSED, log_code("code", err_name(err)));
    free(exchange);
}

/* Instead of what was opened in place. */
static void item_hold(struct inbox_item *item, struct peers_body body)
{
    free(item->block);
    item->block = body.block;
    item->size = body.size;
}

static void flight_end(struct job *job, enum err err, const struct reply *reply)
{
    struct flight *flight = job->flight;
    struct peers_body sheet = { .size = 0 };
    struct inbox_item *item = item_new(NODE_PEER_REPLY, &flight->agency, job);
    bool is_plain = reply != NULL && reply->plain != 0;
    if (item == NULL || (is_plain && !body_copy(reply->sheet, &sheet)))
        abort(); /* the node waits for this for ever: begin anew instead */
    if (reply == NULL || is_plain)
        item_hold(item, sheet);
    if (reply != NULL) {
        item->wait_ms = patience_with_reply(reply, flight->is_all);
        item->reply = *reply;
        if (is_plain)
            item->reply.sheet = slice_of(sheet.bytes, sheet.size);
        item->input.of.reply.reply = &item->reply;
    }
    item->input.of.reply.token = flight->token;
    item->input.of.reply.err = err;
    inbox_put(flight->courier->options.inbox, item);
    free(flight);
}

static enum err launch_to(struct worker *worker, struct job *job,
    const struct node_directory *entry, struct slice envelope)
{
    const char *endpoints[CARD_ENDPOINT_COUNT_MAX];
    struct peers_address address = {
        .endpoints = endpoints,
        .endpoint_count = entry->endpoint_count,
        .spki = entry->pins,
        .spki_count = entry->pin_count,
    };
    if (entry->endpoint_count == 0 || entry->pin_count == 0)
        return ERR_UNREACHABLE;
    if (address.endpoint_count > CARD_ENDPOINT_COUNT_MAX)
        address.endpoint_count = CARD_ENDPOINT_COUNT_MAX;
    if (address.spki_count > PEER_TLS_KEY_COUNT_MAX)
        address.spki_count = PEER_TLS_KEY_COUNT_MAX;
    for (size_t i = 0; i < address.endpoint_count; i++)
        endpoints[i] = (const char *)entry->endpoints[i].bytes;
    /* a Collect is meant to wait */
    uint32_t wait_ms = job->kind == REQUEST_COLLECT ? COLLECT_WAIT_MS : 0;
    return peers_request(worker->courier->peers, &address,
        (uint64_t)(uintptr_t)job->flight, envelope.bytes, envelope.size,
        wait_ms + REQUEST_TIMEOUT_MS);
}

/* Where it goes is known when the batch is carried out. */
static enum err launch(
    struct worker *worker, struct job *job, struct slice envelope)
{
    struct node_directory *entry =
        directory_get(worker->courier->options.directory, &job->flight->agency);
    enum err err = entry == NULL ? ERR_UNREACHABLE
                                 : launch_to(worker, job, entry, envelope);
    free(entry);
    return err;
}

static void seal_request(struct worker *worker, struct job *job)
{
    struct courier *courier = worker->courier;
    uint8_t seed[SEED_SIZE];
    struct slice envelope = SLICE_NONE;
    enum err err = job->err;
    if (err == ERR_NONE)
        err = random_fill(seed, sizeof seed);
    if (err == ERR_NONE)
        err = request_seal(worker->crypto, &courier->options.self,
            &job->flight->agency, job->sealing_key,
            (enum request_kind)job->kind, clock_wall(), job_bytes(job), seed,
            &worker->arena, &job->flight->secret, &envelope);
    await_release(courier, job);
    if (err == ERR_NONE)
        err = launch(worker, job, envelope);
    if (err != ERR_NONE)
        flight_end(job, err, NULL);
}

static void open_reply(struct worker *worker, struct job *job)
{
    struct courier *courier = worker->courier;
    struct flight *flight = job->flight;
    struct reply reply;
    enum err err = job->err;
    if (err == ERR_NONE) {
        struct node_directory *entry =
            directory_get(courier->options.directory, &flight->agency);
        struct replier replier = { 0 };
        if (entry != NULL)
            replier = (struct replier){ entry->operation_keys,
                entry->operation_key_count, entry->card_serial };
        err = entry == NULL ? ERR_UNREACHABLE
                            : reply_open(worker->crypto, &flight->secret,
                                  &replier, job->body.bytes, job->body.size,
                                  &worker->arena, &reply);
        free(entry);
    }
    flight_end(job, err, err == ERR_NONE ? &reply : NULL);
}

__attribute__((noreturn)) static void *work(void *argument)
{
    struct worker *worker = argument;
    static void (*const handlers[JOB_TYPE_COUNT])(
        struct worker *, struct job *) = {
        [JOB_OPEN_REQUEST] = open_request,
        [JOB_SEAL_REPLY] = seal_reply,
        [JOB_SEAL_REQUEST] = seal_request,
        [JOB_OPEN_REPLY] = open_reply,
    };
    for (;;) {
        struct job *job = job_take(worker->courier);
        enum err err = crypto_openssl_refresh(worker->crypto);
        if (err != ERR_NONE) /* each signature fails, and is tried again */
            JOURNAL(LOG_KEYS_FAILED, log_code("code", err_name(err)));
        handlers[job->queued.type](worker, job);
        arena_reset(&worker->arena);
        job_end(worker->courier, job);
    }
}

/* ---- Events of the transport -------------------------------------------- */

static void on_request(void *user, uint64_t connection, uint32_t number,
    const uint8_t spki[PEERS_SPKI_SIZE], bool stranger, struct peers_body body)
{
    struct courier *courier = user;
    struct job *job = job_new(JOB_OPEN_REQUEST, body);
    if (job == NULL)
        free(body.block);
    if (job != NULL && !stranger) /* who are one: keys cost nothing */
        memcpy(job->queued.turn.origin, spki, PEERS_SPKI_SIZE);
    if (job != NULL)
        job->exchange = calloc(1, sizeof *job->exchange);
    if (job != NULL && job->exchange != NULL) {
        job->exchange->connection = connection;
        job->exchange->number = number;
        job->exchange->stranger = stranger;
        if (job_put(courier, job))
            return;
        free(job->exchange);
    }
    job_free(job);
    /* version 1, plain { busy, retry_after_ms }: made without an arena's
     * memory, which this thread has none of */
    uint8_t space[512] = { 0 };
    struct arena arena = { .block = space, .capacity = sizeof space };
    struct slice busy =
        reply_plain(PLAIN_BUSY, SLICE_NONE, BUSY_RETRY_MS, &arena);
    if (busy.bytes != NULL && peers_reply(courier->peers, connection, number,
                                  busy.bytes, busy.size) == ERR_NONE)
        return;
    JOURNAL(LOG_CONNECTION_REFUSED, log_code("code", "reply_undeliverable"));
}

static void on_reply(
    void *user, uint64_t token, enum err err, struct peers_body body)
{
    struct courier *courier = user;
    struct job *job = job_new(JOB_OPEN_REPLY, body);
    if (job == NULL)
        abort(); /* as in flight_end */
    job->flight = (struct flight *)(uintptr_t)token;
    job->err = err;
    job_put_or_busy(courier, job);
}

static const char *const reasons[] = {
#define X(symbol, number, name) [number] = name,
    PEERS_REASON_LIST(X)
#undef X
};

static void on_closed(void *user, enum peers_reason reason, const uint8_t *spki)
{
    (void)user;
    (void)spki;
    if (reason == PEERS_REASON_CLOSED_BY_PEER || reason == PEERS_REASON_IDLE ||
        reason == PEERS_REASON_SHUTDOWN)
        return;
    JOURNAL(LOG_CONNECTION_REFUSED, log_code("code", reasons[reason]));
}

/* ---- Opening ------------------------------------------------------------ */

static enum err workers_start(struct courier *courier)
{
    unsigned count = courier->options.worker_count;
    courier->workers = calloc(count, sizeof *courier->workers);
    if (courier->workers == NULL)
        return ERR_NO_MEMORY;
    for (unsigned i = 0; i < count; i++) {
        struct worker *worker = &courier->workers[i];
        worker->courier = courier;
        enum err err = arena_init(&worker->arena, WORKER_ARENA_SIZE);
        if (err == ERR_NONE)
            err = crypto_openssl_new(courier->options.keyring, &worker->crypto);
        if (err == ERR_NONE &&
            pthread_create(&worker->thread, NULL, work, worker) != 0)
            err = ERR_IO;
        if (err != ERR_NONE)
            return err;
    }
    return ERR_NONE;
}

enum err courier_open(const struct courier_options *options,
    const struct peers_options *peers_options, struct courier **out,
    struct peers_problem *problem)
{
    struct courier *courier = calloc(1, sizeof *courier);
    struct peers_events events = { courier, on_request, on_reply, on_closed };
    *problem = (struct peers_problem){ "the workers cannot be started", NULL,
        SIZE_MAX };
    if (courier == NULL)
        return ERR_NO_MEMORY;
    courier->options = *options;
    job_queue_init(&courier->queue);
    if (pthread_mutex_init(&courier->lock, NULL) != 0 ||
        pthread_cond_init(&courier->filled, NULL) != 0 ||
        pthread_cond_init(&courier->released, NULL) != 0) {
        free(courier);
        return ERR_NO_MEMORY;
    }
    /* the workers touch the transport only for jobs, and jobs come from it or
     * from courier_take: so they may start first. A failure ends the process:
     * what was started is not taken down again. */
    enum err err = workers_start(courier);
    if (err == ERR_NONE)
        err = peers_open(peers_options, &events, &courier->peers, problem);
    *out = err == ERR_NONE ? courier : NULL;
    return err;
}

/* ---- From the core thread ----------------------------------------------- */

bool courier_take(struct courier *courier, const struct node_output *output)
{
    bool sends = output->type == NODE_SEND;
    struct peers_body body;
    if (!body_copy(sends ? output->of.send.body : output->of.reply.body, &body))
        return false;
    struct job *job = job_new(sends ? JOB_SEAL_REQUEST : JOB_SEAL_REPLY, body);
    if (job == NULL) {
        free(body.block);
        return false;
    }
    job->batch = courier->batch; /* only this thread ever changes it */
    if (!sends) {
        job->exchange = (struct exchange *)(uintptr_t)output->of.reply.handle;
        memcpy(job->queued.turn.origin, &job->exchange->connection,
            sizeof job->exchange->connection);
        job->kind = (int)output->of.reply.kind;
        job_put_or_busy(courier, job);
        return true;
    }
    job->flight = calloc(1, sizeof *job->flight);
    if (job->flight == NULL) {
        job_free(job);
        return false;
    }
    job->flight->courier = courier;
    job->flight->token = output->of.send.token;
    job->flight->is_all = output->of.send.is_all;
    job->flight->agency = output->of.send.agency;
    job->kind = (int)output->of.send.kind;
    memcpy(job->sealing_key, output->of.send.sealing_key, KEY_SIZE);
    job_put_or_busy(courier, job);
    return true;
}

void courier_release(struct courier *courier)
{
    (void)pthread_mutex_lock(&courier->lock);
    courier->batch++;
    (void)pthread_cond_broadcast(&courier->released);
    (void)pthread_mutex_unlock(&courier->lock);
}

void courier_set_sheet(struct courier *courier, struct slice sheet)
{
    uint8_t *copy = malloc(sheet.size + 1);
    if (copy == NULL)
        return; /* Rekey shows the one before; Head carries this one */
    if (sheet.size > 0)
        memcpy(copy, sheet.bytes, sheet.size);
    (void)pthread_mutex_lock(&courier->lock);
    free(courier->sheet);
    courier->sheet = copy;
    courier->sheet_size = sheet.size;
    (void)pthread_mutex_unlock(&courier->lock);
}

enum err courier_set_pins(struct courier *courier)
{
    size_t count;
    uint8_t(*pins)[HASH_SIZE] =
        directory_pins(courier->options.directory, &count);
    if (pins == NULL)
        return ERR_NO_MEMORY;
    enum err err = peers_set_pins(
        courier->peers, (const uint8_t(*)[PEERS_SPKI_SIZE])pins, count);
    free(pins);
    return err;
}

enum err courier_set_own(
    struct courier *courier, const char *certificate_path, const char *key_path)
{
    return peers_set_own(courier->peers, certificate_path, key_path);
}

void courier_counters(struct courier *courier, struct peers_counters *counters)
{
    peers_counters(courier->peers, counters);
}

uint16_t courier_port(struct courier *courier, size_t listen_index)
{
    return peers_port(courier->peers, listen_index);
}
