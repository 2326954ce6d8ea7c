#include "support/bench_loss.h"

#include <string.h>

#include "base/prng.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "core/referral.h"
#include "io/store_memory.h"
#include "support/bench_papers.h"
#include "support/bench_state.h"
#include "support/crypto_fake.h"
#include "support/must.h"
#include "support/open_copy.h"
#include "support/trouble.h"
#include "support/vault_plain.h"

#define SHEET_DAY_COUNT 14
#define HELD_DAYS_BACK 7
#define RUN_COUNT_MAX 20000 /* more: two nodes that never come to rest */
#define WORK_SIZE (16u * 1024 * 1024) /* a message opened, one sealed */
#define BENCH_MEMORY_SIZE (1u * 1024 * 1024)
#define STORE_CAPACITY (64u * 1024 * 1024)
#define DIRECT_HANDLE UINT64_MAX

static const struct node_options options = { RETRY_DELAY_MS_MIN,
    RETRY_DELAY_MS_MAX, "0.1.0", 0, .repeat_run_count = 8,
    .store_key = "file" };

static size_t agency_of(
    const struct federation *federation, const struct agency_id *id)
{
    for (size_t i = 0; i < federation->count; i++)
        if (agency_id_equal(&federation->agencies[i].id, id))
            return i;
    MUST(false && "an agency of this federation");
    return 0;
}

struct instant federation_now(const struct federation *federation)
{
    return (struct instant){ FEDERATION_START_MS + federation->elapsed_ms };
}

int64_t federation_steady_ms(const struct federation *federation)
{
    return federation->elapsed_ms;
}

static uint32_t today(const struct federation *federation)
{
    return (uint32_t)(federation_now(federation).unix_ms / FEDERATION_DAY_MS);
}

/* ---- The line ------------------------------------------------------------ */

static struct message *message_add(struct federation *federation)
{
    MUST(federation->message_count < MESSAGE_COUNT_MAX);
    struct message *message = &federation->messages[federation->message_count];
    federation->message_count++;
    *message = (struct message){ .token = 0 };
    return message;
}

static struct message message_take(struct federation *federation, size_t index)
{
    MUST(index < federation->message_count);
    struct message message = federation->messages[index];
    federation->message_count--;
    memmove(&federation->messages[index], &federation->messages[index + 1],
        (federation->message_count - index) * sizeof message);
    return message;
}

static void message_free(struct message *message)
{
    disown(&message->shown.body);
    disown(&message->envelope);
}

static void carry_send(struct federation *federation, size_t from,
    const struct node_output *output)
{
    struct agency *agency = &federation->agencies[from];
    struct message *message = message_add(federation);
    uint8_t seed[SEED_SIZE];
    struct slice envelope;
    size_t used = federation->work.used;
    prng_fill(&federation->prng, seed, sizeof seed);
    message->shown = (struct bench_message){
        .from = from,
        .to = agency_of(federation, &output->of.send.agency),
        .kind = output->of.send.kind,
        .body = owned(output->of.send.body),
    };
    message->token = output->of.send.token;
    message->life = agency->life;
    MUST(request_seal(agency->crypto, &agency->id, &output->of.send.agency,
             output->of.send.sealing_key, output->of.send.kind,
             federation_now(federation), output->of.send.body, seed,
             &federation->work, &message->secret, &envelope) == ERR_NONE);
    message->envelope = owned(envelope);
    arena_rewind(&federation->work, used);
}

/* The reply on its way back along the line. */
static struct message *message_back(
    struct federation *federation, const struct message *request)
{
    struct message *message = message_add(federation);
    message->shown = (struct bench_message){
        .from = request->shown.to,
        .to = request->shown.from,
        .is_reply = true,
        .kind = request->shown.kind,
    };
    message->token = request->token;
    message->life = request->life;
    message->secret = request->secret;
    return message;
}

static void carry_reply(struct federation *federation, size_t from,
    const struct node_output *output)
{
    struct agency *agency = &federation->agencies[from];
    if (output->of.reply.handle == DIRECT_HANDLE) {
        MUST(federation->direct != NULL);
        disown(&federation->direct_body);
        federation->direct_body = owned(output->of.reply.body);
        *federation->direct = (struct bench_reply){ output->of.reply.kind,
            federation->direct_body };
        return;
    }
    uint8_t seed[SEED_SIZE];
    struct slice envelope;
    MUST(output->of.reply.handle < SERVED_COUNT_MAX);
    struct served *served = &federation->served[output->of.reply.handle];
    MUST(served->open);
    served->open = false;
    struct message *message = message_back(federation, &served->request);
    prng_fill(&federation->prng, seed, sizeof seed);
    message->shown.reply = output->of.reply.kind;
    message->shown.body = owned(output->of.reply.body);
    MUST(reply_seal(agency->crypto, &served->secret, output->of.reply.kind,
             federation_now(federation), output->of.reply.body, seed,
             &federation->work, &envelope) == ERR_NONE);
    message->envelope = owned(envelope);
}

static void carry_plain(struct federation *federation,
    const struct message *request, enum plain_kind kind, struct slice sheet)
{
    struct message *message = message_back(federation, request);
    struct slice envelope = reply_plain(kind, sheet, 0, &federation->work);
    MUST(envelope.bytes != NULL);
    message->envelope = owned(envelope);
    message->shown.body = owned(SLICE_NONE);
}

static void carry_directory(
    struct federation *federation, size_t at, const struct node_output *output)
{
    const struct node_directory *directory = &output->of.directory;
    size_t other = agency_of(federation, &directory->agency);
    struct known *known = &federation->agencies[at].known[other];
    MUST(directory->operation_key_count <= 8);
    known->accepted = directory->accepted;
    known->operation_key_count = directory->operation_key_count;
    known->card_serial = directory->card_serial;
    memcpy(known->operation_keys, directory->operation_keys,
        directory->operation_key_count * KEY_SIZE);
}

static void carry(
    struct federation *federation, size_t at, const struct node_output *output)
{
    struct agency *agency = &federation->agencies[at];
    switch (output->type) {
    case NODE_SEND:
        carry_send(federation, at, output);
        break;
    case NODE_REPLY:
        carry_reply(federation, at, output);
        break;
    case NODE_CLIENT_REPLY:
        MUST(agency->reply_count < REPLY_COUNT_MAX);
        agency->replies[agency->reply_count++] = owned(output->of.client.frame);
        break;
    case NODE_DIRECTORY:
        carry_directory(federation, at, output);
        break;
    case NODE_RELOAD: /* nothing here has files */
        break;
    case NODE_LOG:
        agency->logged[output->of.log.event]++;
        (void)log_format(&output->of.log,
            agency->log_lines[output->of.log.event], LOG_LINE_SIZE);
        break;
    }
}

/* ---- Batches ------------------------------------------------------------- */

struct store_usage federation_usage(
    const struct federation *federation, size_t at)
{
    const struct agency *agency = &federation->agencies[at];
    struct store_usage usage;
    agency->store->ops->usage(agency->store, &usage);
    usage.used += agency->ballast;
    usage.capacity += agency->ballast;
    return usage;
}

void federation_ballast(struct federation *federation, size_t at, uint64_t size)
{
    struct agency *agency = &federation->agencies[at];
    MUST(size < STORE_CAPACITY);
    agency->ballast = size;
    store_memory_set_capacity(agency->store, STORE_CAPACITY - size);
}

static void batch_open(struct federation *federation, size_t at)
{
    struct agency *agency = &federation->agencies[at];
    struct store_usage usage = federation_usage(federation, at);
    MUST(agency->txn == NULL);
    MUST(agency->store->ops->begin(agency->store, true, &agency->txn) ==
         ERR_NONE);
    node_begin(agency->node, agency->txn, &usage);
}

static enum err batch_close(
    struct federation *federation, size_t at, enum err err)
{
    struct agency *agency = &federation->agencies[at];
    struct store_txn *txn = agency->txn;
    size_t count;
    if (err == ERR_NONE)
        err = node_finish(agency->node);
    agency->txn = NULL;
    if (err != ERR_NONE) {
        agency->store->ops->abort(txn);
    } else if ((err = agency->store->ops->commit(txn)) == ERR_NONE &&
               (err = node_committed(agency->node)) == ERR_NONE) {
        const struct node_output *outputs = node_outputs(agency->node, &count);
        federation_mark_write(agency->mark, agency->node, agency->store);
        for (size_t i = 0; i < count; i++)
            carry(federation, at, &outputs[i]);
    }
    node_release(agency->node);
    return err;
}

static void rehearse(
    struct federation *federation, size_t at, const struct node_input *input)
{
    struct agency *agency = &federation->agencies[at];
    const struct trouble_subject subject = { agency->node, agency->store,
        &agency->memory, &agency->batch, &agency->scratch };
    trouble_rehearse(&subject, input);
}

enum err federation_step(
    struct federation *federation, size_t agency, struct node_input *input)
{
    input->now = federation_now(federation);
    input->steady_ms = federation->elapsed_ms;
    prng_fill(&federation->prng, input->entropy, SEED_SIZE);
    if (trouble_is_wanted(federation->sets_up))
        rehearse(federation, agency, input);
    batch_open(federation, agency);
    return batch_close(federation, agency,
        node_step(federation->agencies[agency].node, input));
}

bool federation_take(
    struct federation *federation, size_t at, struct node_input *input)
{
    enum err err = federation_step(federation, at, input);
    if (err == ERR_IO && federation->agencies[at].disk_fails) {
        federation_crash(federation, at);
        return false;
    }
    MUST(err == ERR_NONE);
    return true;
}

struct work *federation_begin(struct federation *federation, size_t agency)
{
    batch_open(federation, agency);
    struct work *work = &federation->agencies[agency].node->work;
    work->now = federation_now(federation);
    work->steady_ms = federation->elapsed_ms;
    prng_fill(&federation->prng, work->entropy, SEED_SIZE);
    return work;
}

enum err federation_end(struct federation *federation, size_t agency)
{
    return batch_close(
        federation, agency, federation->agencies[agency].txn->err);
}

/* ---- Starting ------------------------------------------------------------ */

static void agency_start(struct federation *federation, size_t at)
{
    struct agency *agency = &federation->agencies[at];
    arena_reset(&agency->memory);
    arena_reset(&agency->batch);
    arena_reset(&agency->scratch);
    memset(agency->known, 0, sizeof agency->known);
    agency->life++;
    agency->node = node_new(&options, agency->crypto, agency->vault,
        &agency->memory, &agency->batch, &agency->scratch);
    MUST(agency->node != NULL);
    struct node_input start = { .type = NODE_START };
    start.of.start.card = agency->card;
    start.of.start.mark = agency->mark;
    MUST(federation_step(federation, at, &start) == ERR_NONE);
    federation_sheet(federation, at);
}

static void agency_open(struct federation *federation, size_t at)
{
    struct agency *agency = &federation->agencies[at];
    const struct store_memory_options store = { .capacity = STORE_CAPACITY };
    uint8_t root[KEY_SIZE];
    agency->crypto = crypto_fake_new(at + 1, today(federation) - HELD_DAYS_BACK,
        HELD_DAYS_BACK + SHEET_DAY_COUNT);
    crypto_fake_root_public(agency->crypto, root);
    agency_id_of(agency->crypto, root, &agency->id);
    agency->card = federation_card_new(federation, at, 1,
        (struct instant){ FEDERATION_START_MS + 60 * FEDERATION_DAY_MS });
    MUST(store_memory_open(&store, &agency->store) == ERR_NONE);
    agency->vault = vault_plain_new();
    MUST(arena_init(&agency->memory, BENCH_MEMORY_SIZE) == ERR_NONE);
    MUST(arena_init(&agency->batch, BATCH_ARENA_SIZE) == ERR_NONE);
    MUST(arena_init(&agency->scratch, DECODE_ARENA_SIZE) == ERR_NONE);
    agency_start(federation, at);
}

void federation_keep_mark(
    struct federation *federation, size_t agency, struct instance_mark *mark)
{
    federation->agencies[agency].mark = mark;
}

struct federation *federation_new(size_t count)
{
    struct federation *federation = calloc(1, sizeof *federation);
    MUST(federation != NULL && count <= FEDERATION_COUNT_MAX);
    federation->count = count;
    federation->prng = prng_from_seed(count);
    MUST(arena_init(&federation->papers, 1u << 20) == ERR_NONE);
    MUST(arena_init(&federation->work, WORK_SIZE) == ERR_NONE);
    for (int i = 0; i < 2; i++)
        MUST(arena_init(&federation->call[i], DECODE_ARENA_SIZE) == ERR_NONE);
    federation->sets_up = true;
    for (size_t i = 0; i < count; i++)
        agency_open(federation, i);
    federation->sets_up = false;
    return federation;
}

static void agency_mark_free(struct agency_mark *mark)
{
    store_memory_snapshot_free(mark->store);
    if (mark->vault != NULL)
        mark->vault->ops->close(mark->vault);
    disown(&mark->memory);
    *mark = (struct agency_mark){ 0 };
}

void federation_free(struct federation *federation)
{
    for (size_t i = 0; i < federation->message_count; i++)
        message_free(&federation->messages[i]);
    for (size_t i = 0; i < federation->count; i++) {
        struct agency *agency = &federation->agencies[i];
        for (size_t k = 0; k < agency->reply_count; k++)
            disown(&agency->replies[k]);
        agency_mark_free(&federation->mark.agencies[i]);
        agency->store->ops->close(agency->store);
        agency->vault->ops->close(agency->vault);
        crypto_fake_free(agency->crypto);
        arena_release(&agency->memory);
        arena_release(&agency->batch);
        arena_release(&agency->scratch);
    }
    disown(&federation->direct_body);
    arena_release(&federation->papers);
    arena_release(&federation->work);
    arena_release(&federation->call[0]);
    arena_release(&federation->call[1]);
    free(federation);
}

static void days_hold(struct agency *agency, uint32_t day)
{
    agency->day = day;
    crypto_fake_days_hold(
        agency->crypto, day - HELD_DAYS_BACK, HELD_DAYS_BACK + SHEET_DAY_COUNT);
}

void federation_sheet(struct federation *federation, size_t agency)
{
    struct crypto *crypto = federation->agencies[agency].crypto;
    struct sealing_key keys[SHEET_DAY_COUNT] = { 0 };
    struct node_input input = { .type = NODE_SHEET };
    uint32_t day = today(federation);
    days_hold(&federation->agencies[agency], day);
    papers_days(crypto, day, SHEET_DAY_COUNT, keys);
    input.of.sheet.keys = keys;
    input.of.sheet.count = SHEET_DAY_COUNT;
    (void)federation_take(federation, agency, &input);
}

void federation_card_set(
    struct federation *federation, size_t agency, struct slice card)
{
    federation->agencies[agency].card = card;
}

void federation_crash(struct federation *federation, size_t at)
{
    for (size_t i = 0; i < SERVED_COUNT_MAX; i++)
        if (federation->served[i].request.shown.to == at)
            federation->served[i].open = false; /* forgotten */
    struct agency *agency = &federation->agencies[at];
    store_memory_crash(agency->store);
    agency->disk_fails = false;
    for (size_t i = 0; i < agency->reply_count; i++)
        disown(&agency->replies[i]);
    agency->reply_count = 0;
    for (size_t i = 0; i < federation->message_count;) {
        const struct message *message = &federation->messages[i];
        if (message->shown.is_reply && message->shown.to == at) {
            struct message gone = message_take(federation, i);
            message_free(&gone);
        } else {
            i++;
        }
    }
    agency_start(federation, at);
}

void federation_fail_commit(struct federation *federation, size_t agency,
    uint64_t nth, enum store_memory_fault fault)
{
    federation->agencies[agency].disk_fails = nth > 0;
    store_memory_fail_commit(federation->agencies[agency].store, nth, fault);
}

static void agency_mark_take(
    const struct agency *agency, struct agency_mark *mark)
{
    MUST(agency->batch.used == 0 && agency->scratch.used == 0);
    MUST(agency->reply_count == 0);
    agency_mark_free(mark);
    MUST(store_memory_snapshot_take(agency->store, &mark->store) == ERR_NONE);
    mark->vault = vault_plain_new();
    vault_plain_become(mark->vault, agency->vault);
    mark->memory = owned(slice_of(agency->memory.block, agency->memory.used));
    mark->node = agency->node;
    mark->card = agency->card;
    memcpy(mark->cards, agency->cards, sizeof mark->cards);
    memcpy(mark->known, agency->known, sizeof mark->known);
    mark->life = agency->life;
    mark->day = agency->day;
}

/* The node's memory is where it was, so that what points into it still does. */
static void agency_restore(
    struct agency *agency, const struct agency_mark *mark)
{
    store_memory_restore(agency->store, mark->store);
    vault_plain_become(agency->vault, mark->vault);
    arena_rewind(&agency->memory, mark->memory.size);
    memcpy(agency->memory.block, mark->memory.bytes, mark->memory.size);
    agency->memory.used = mark->memory.size;
    agency->node = mark->node;
    agency->card = mark->card;
    memcpy(agency->cards, mark->cards, sizeof mark->cards);
    memcpy(agency->known, mark->known, sizeof mark->known);
    agency->life = mark->life;
    if (agency->day != mark->day)
        days_hold(agency, mark->day);
    memset(agency->logged, 0, sizeof agency->logged);
    while (agency->reply_count > 0)
        disown(&agency->replies[--agency->reply_count]);
}

void federation_mark(struct federation *federation)
{
    struct mark *mark = &federation->mark;
    MUST(federation->message_count == 0);
    for (size_t i = 0; i < federation->count; i++)
        agency_mark_take(&federation->agencies[i], &mark->agencies[i]);
    mark->prng = federation->prng;
    mark->papers_used = federation->papers.used;
    mark->elapsed_ms = federation->elapsed_ms;
    memcpy(mark->served, federation->served, sizeof mark->served);
}

void federation_return(struct federation *federation)
{
    const struct mark *mark = &federation->mark;
    while (federation->message_count > 0) {
        struct message gone = message_take(federation, 0);
        message_free(&gone);
    }
    federation->prng = mark->prng;
    arena_rewind(&federation->papers, mark->papers_used);
    federation->elapsed_ms = mark->elapsed_ms;
    memcpy(federation->served, mark->served, sizeof mark->served);
    for (size_t i = 0; i < federation->count; i++)
        agency_restore(&federation->agencies[i], &mark->agencies[i]);
    for (size_t i = 0; i < federation->count; i++)
        federation_ballast(federation, i, 0);
}

/* ---- Messages arrive ----------------------------------------------------- */

struct finder {
    const struct federation *federation;
    size_t at;
};

static bool key_find(void *user, const struct agency_id *agency,
    uint64_t key_id, uint8_t key[KEY_SIZE])
{
    const struct finder *finder = user;
    const struct federation *federation = finder->federation;
    const struct agency *here = &federation->agencies[finder->at];
    const struct known *known = &here->known[agency_of(federation, agency)];
    for (size_t i = 0; known->accepted && i < known->operation_key_count; i++)
        if (crypto_key_id(here->crypto, known->operation_keys[i]) == key_id) {
            memcpy(key, known->operation_keys[i], KEY_SIZE);
            return true;
        }
    return false;
}

static void reply_arrives(
    struct federation *federation, const struct message *message, enum err err)
{
    struct agency *agency = &federation->agencies[message->shown.to];
    const struct known *known = &agency->known[message->shown.from];
    struct node_input input = { .type = NODE_PEER_REPLY };
    struct reply reply = { .kind = 0 };
    if (message->life != agency->life)
        return; /* who asked has died since */
    if (err == ERR_NONE)
        err = reply_open_copy(agency->crypto, &message->secret,
            &(struct replier){
                (const uint8_t(*)[KEY_SIZE])known->operation_keys,
                known->operation_key_count, known->card_serial },
            message->envelope, &federation->work, &reply);
    input.of.reply.token = message->token;
    input.of.reply.err = err;
    input.of.reply.reply = err == ERR_NONE ? &reply : NULL;
    (void)federation_take(federation, message->shown.to, &input);
}

/* Its sender is told that nothing comes of it. */
static void request_fails(
    struct federation *federation, const struct message *request)
{
    struct message failed = *request;
    failed.shown.to = request->shown.from;
    failed.shown.is_reply = true;
    reply_arrives(federation, &failed, ERR_TIMEOUT);
}

static void request_arrives(
    struct federation *federation, const struct message *message)
{
    struct agency *agency = &federation->agencies[message->shown.to];
    struct finder finder = { federation, message->shown.to };
    struct request_secret secret;
    struct request request;
    enum err err =
        request_open_copy(agency->crypto, &agency->id, message->envelope,
            &federation->work, key_find, &finder, &secret, &request);
    if (err != ERR_NONE) {
        carry_plain(federation, message,
            err == ERR_KEY ? PLAIN_REKEY : PLAIN_REFUSED,
            err == ERR_KEY ? node_sheet(agency->node) : SLICE_NONE);
        return;
    }
    struct node_input input = { .type = NODE_PEER_REQUEST };
    size_t handle = 0;
    while (handle < SERVED_COUNT_MAX && federation->served[handle].open)
        handle++;
    MUST(handle < SERVED_COUNT_MAX);
    federation->served[handle] = (struct served){ true, *message, secret };
    input.of.request.handle = handle;
    input.of.request.request = &request;
    if (!federation_take(federation, message->shown.to, &input))
        request_fails(federation, message);
}

static void arrives(
    struct federation *federation, const struct message *message)
{
    if (message->shown.is_reply)
        reply_arrives(federation, message, ERR_NONE);
    else
        request_arrives(federation, message);
    arena_reset(&federation->work);
}

void federation_deliver(struct federation *federation, size_t index)
{
    struct message message = message_take(federation, index);
    arrives(federation, &message);
    message_free(&message);
}

void federation_repeat(struct federation *federation, size_t index)
{
    MUST(index < federation->message_count);
    struct message message = federation->messages[index];
    message.shown.body = owned(message.shown.body);
    message.envelope = owned(message.envelope);
    arrives(federation, &message);
    message_free(&message);
}

void federation_corrupt(struct federation *federation, size_t index, size_t bit)
{
    MUST(index < federation->message_count);
    const struct slice *envelope = &federation->messages[index].envelope;
    bit %= 8 * envelope->size;
    /* cast: it is ours, slices only lend */
    ((uint8_t *)(uintptr_t)envelope->bytes)[bit / 8] ^=
        (uint8_t)(1u << (bit % 8));
    federation_deliver(federation, index);
}

void federation_lose(struct federation *federation, size_t index)
{
    struct message message = message_take(federation, index);
    if (message.shown.is_reply)
        reply_arrives(federation, &message, ERR_TIMEOUT);
    else
        request_fails(federation, &message);
    message_free(&message);
}

void federation_answer(struct federation *federation, size_t index,
    const struct reply *reply, enum err err)
{
    struct message message = message_take(federation, index);
    struct node_input input = { .type = NODE_PEER_REPLY };
    MUST(!message.shown.is_reply);
    MUST(message.life == federation->agencies[message.shown.from].life);
    input.of.reply.token = message.token;
    input.of.reply.err = err;
    input.of.reply.reply = err == ERR_NONE ? reply : NULL;
    MUST(federation_step(federation, message.shown.from, &input) == ERR_NONE);
    message_free(&message);
}

size_t federation_message_count(const struct federation *federation)
{
    return federation->message_count;
}

const struct bench_message *federation_message(
    const struct federation *federation, size_t index)
{
    return index < federation->message_count
               ? &federation->messages[index].shown
               : NULL;
}

/* Wakes the nodes whose time has come; true when there was one. */
static bool wake(struct federation *federation)
{
    bool woken = false;
    for (size_t i = 0; i < federation->count; i++) {
        struct node_input time = { .type = NODE_TIME };
        if (node_wake_steady_ms(federation->agencies[i].node) >
            federation->elapsed_ms)
            continue;
        (void)federation_take(federation, i, &time);
        woken = true;
    }
    return woken;
}

void federation_run(struct federation *federation)
{
    unsigned moves = 0;
    while (federation->message_count > 0 || wake(federation)) {
        if (federation->message_count > 0)
            federation_deliver(federation, 0);
        MUST(++moves < RUN_COUNT_MAX);
    }
}

void federation_wait(struct federation *federation, int64_t ms)
{
    federation->elapsed_ms += ms;
    (void)wake(federation);
    federation_run(federation);
}

void federation_wait_until(struct federation *federation, int64_t steady_ms)
{
    MUST(steady_ms >= federation->elapsed_ms);
    federation->elapsed_ms = steady_ms;
}

void federation_request_under(struct federation *federation, size_t from,
    size_t to, enum request_kind kind, struct slice body,
    enum crypto_opener opener, struct bench_reply *reply)
{
    struct request request = {
        .sender = federation->agencies[from].id,
        .kind = kind,
        .at = federation_now(federation),
        .body = body,
        .opener = opener,
    };
    struct node_input input = { .type = NODE_PEER_REQUEST };
    input.of.request.handle = DIRECT_HANDLE;
    input.of.request.request = &request;
    *reply = (struct bench_reply){ .kind = 0 };
    federation->direct = reply;
    MUST(federation_step(federation, to, &input) == ERR_NONE);
    federation->direct = NULL;
}

void federation_request(struct federation *federation, size_t from, size_t to,
    enum request_kind kind, struct slice body, struct bench_reply *reply)
{
    federation_request_under(
        federation, from, to, kind, body, CRYPTO_OPENER_DAY, reply);
}

/* ---- Beneath ------------------------------------------------------------- */

struct crypto *federation_crypto(struct federation *federation, size_t agency)
{
    return federation->agencies[agency].crypto;
}

struct store *federation_store(struct federation *federation, size_t agency)
{
    return federation->agencies[agency].store;
}

struct node *federation_node(struct federation *federation, size_t agency)
{
    return federation->agencies[agency].node;
}

const struct agency_id *federation_id(
    const struct federation *federation, size_t agency)
{
    return &federation->agencies[agency].id;
}

struct slice federation_card(const struct federation *federation, size_t agency)
{
    return federation->agencies[agency].card;
}

struct slice federation_card_new(struct federation *federation, size_t agency,
    uint64_t serial, struct instant keys_until)
{
    struct agency *of = &federation->agencies[agency];
    MUST(serial > 0 && serial < CARD_COUNT_MAX);
    struct slice previous = of->cards[serial - 1];
    return of->cards[serial] = papers_card(of->crypto, agency, serial,
               previous.size == 0 ? of->cards[1] : previous,
               (struct instant){ FEDERATION_START_MS }, keys_until,
               &federation->papers);
}

struct peer *federation_peer(
    struct federation *federation, size_t agency, size_t other)
{
    return peer_find(
        federation->agencies[agency].node, &federation->agencies[other].id);
}

uint64_t federation_logged(
    const struct federation *federation, size_t agency, enum log_event event)
{
    return federation->agencies[agency].logged[event];
}

const char *federation_log_line(
    const struct federation *federation, size_t agency, enum log_event event)
{
    return federation->agencies[agency].log_lines[event];
}

bool federation_is_announced(
    const struct federation *federation, size_t agency, size_t other)
{
    return federation->agencies[agency].known[other].accepted;
}
