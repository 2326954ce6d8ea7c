#include "sim/program.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/world.h"

static struct program *running;

/* ---- Its stack ---------------------------------------------------------- */

struct program *program_running(void)
{
    return running;
}

static void resume(struct program *program)
{
    program->is_waiting = false;
    running = program;
    fiber_resume(program->fiber);
    running = NULL;
}

static void wake_now(struct world *world, void *subject, uint64_t wait)
{
    struct program *program = subject;
    (void)world;
    if (program->is_waiting && program->wait == wait)
        resume(program);
}

static void wake(struct world *world, struct program *program)
{
    if (program->is_waiting)
        scheduler_add(&world->scheduler, 0, wake_now, program, program->wait);
}

void program_wait(struct program *program, int64_t until_ms)
{
    struct scheduler *scheduler = &program->world->scheduler;
    if (program->world->is_over)
        return;
    program->wait++;
    program->is_waiting = true;
    if (until_ms >= 0)
        scheduler_add(scheduler,
            until_ms > scheduler->now_ms ? until_ms - scheduler->now_ms : 0,
            wake_now, program, program->wait);
    fiber_yield();
}

void program_pause(struct program *program, int64_t pause_ms)
{
    int64_t until_ms = program->world->scheduler.now_ms + pause_ms;
    while (
        !program->world->is_over && program->world->scheduler.now_ms < until_ms)
        program_wait(program, until_ms);
}

/* ---- Its connection ----------------------------------------------------- */

/* The index is part of it, so that it is found by it. */
#define INDEX_BITS 16

static struct program *connected(struct world *world, uint64_t client)
{
    size_t index = (size_t)(client & ((1u << INDEX_BITS) - 1));
    return index < world->program_count &&
                   world->programs[index].client == client
               ? &world->programs[index]
               : NULL;
}

bool program_connect(struct program *program)
{
    if (!program->gateway->is_up)
        return false;
    program->client =
        ++program->connection_count << INDEX_BITS | program->index;
    return true;
}

static void replies_drop(struct program *program)
{
    while (program->first != NULL) {
        struct letter *letter = program->first;
        program->first = letter->next_queued;
        letter_free(&program->world->letters, letter);
    }
    program->last = NULL;
}

void program_disconnect(struct program *program)
{
    if (program->client != 0 && program->gateway->is_up &&
        !program->world->is_over) {
        struct letter *letter =
            letter_new(&program->world->letters, LETTER_GONE, SLICE_NONE);
        letter->id = program->client;
        gateway_queue(program->world, program->gateway, letter);
    }
    program->client = 0;
    replies_drop(program);
}

bool program_send(struct program *program, struct slice message)
{
    struct world *world = program->world;
    if (program->client == 0 || world->is_over)
        return false;
    struct letter *letter = letter_new(&world->letters, LETTER_CLIENT, message);
    letter->id = program->client;
    letter->rights = program->rights;
    letter->uid = program->uid;
    gateway_queue(world, program->gateway, letter);
    return true;
}

/* The other end closed; what came before can still be read. */
static void cut(struct world *world, struct program *program)
{
    if (program->client != 0 && program->gateway->is_up) {
        struct letter *letter =
            letter_new(&world->letters, LETTER_GONE, SLICE_NONE);
        letter->id = program->client;
        gateway_queue(world, program->gateway, letter);
    }
    program->client = 0;
    wake(world, program);
}

void programs_cut_off(struct world *world, struct gateway *gateway)
{
    for (size_t i = 0; i < world->program_count; i++)
        if (world->programs[i].gateway == gateway)
            cut(world, &world->programs[i]);
}

/* ---- Replies ------------------------------------------------------------ */

static void arrive(struct world *world, void *subject, uint64_t argument)
{
    struct letter *letter = subject;
    struct program *program = connected(world, letter->id);
    (void)argument;
    if (program == NULL) {
        letter_free(&world->letters, letter);
        return;
    }
    if (CHANCE(world, program_permille)) {
        TALLY(world, program_losses);
        program->is_killed =
            world_below(world, STREAM_program_permille, 2) == 0;
        letter_free(&world->letters, letter);
        cut(world, program);
        return;
    }
    letter->next_queued = NULL;
    if (program->last != NULL)
        program->last->next_queued = letter;
    else
        program->first = letter;
    program->last = letter;
    wake(world, program);
}

/* What the gateway says is stored must be in its store by now. */
static void stored_check(struct world *world, struct program *program,
    const struct local_reply *reply)
{
    struct uuid uuid;
    for (size_t i = 0; i < reply->record_count; i++) {
        const struct local_record *record = &reply->records[i];
        const struct local_field *id =
            local_field_get(record->fields, record->field_count, "id");
        if (!slice_is(record->type, "referral") || id == NULL)
            continue;
        if (uuid_parse(id->bytes, &uuid) != ERR_NONE) {
            world_fail(world, "local.malformed", program->gateway->index);
            return;
        }
        watch_stored(world, program->gateway->index, &uuid);
        clerk_stored(world, program, &uuid);
    }
}

void program_reply(struct world *world, struct gateway *gateway,
    uint64_t client, struct slice frame)
{
    struct program *program = connected(world, client);
    struct local_reply reply;
    size_t used = world->talk.used;
    if (program == NULL)
        return;
    if (local_reply_read(frame, &world->talk, &reply) != ERR_NONE)
        world_fail(world, "local.malformed", gateway->index);
    else if (reply.err == ERR_NONE)
        stored_check(world, program, &reply);
    arena_rewind(&world->talk, used);
    struct letter *letter = letter_new(&world->letters, LETTER_CLIENT, frame);
    letter->id = client;
    scheduler_add(&world->scheduler, world_below(world, STREAM_turn, 4), arrive,
        letter, 0);
}

/* ---- The caller's loop -------------------------------------------------- */

static void library_open(struct program *program)
{
    char path[32];
    (void)snprintf(path, sizeof path, "program.%zu", program->index);
    if (refer_client_new(&program->library) != REFER_OK ||
        refer_client_set(program->library, "socket", path) != REFER_OK)
        abort();
}

bool program_is_reborn(struct program *program)
{
    if (!program->is_killed)
        return false;
    program->is_killed = false;
    TALLY(program->world, program_deaths);
    refer_client_free(program->library);
    library_open(program);
    return true;
}

/* ---- Batches ------------------------------------------------------------ */

/* Twice under one key: that is once. */
static void batch_fill(struct program *program)
{
    for (int i = 0; i < 2; i++)
        if (refer_batch_add(program->batch, program->referral, program->key) !=
            REFER_OK)
            abort();
}

static void batch_begin(struct program *program, const struct say *say)
{
    TALLY(program->world, submits_in_batches);
    program->referral = say_referral(say);
    if (refer_batch_new(&program->batch) != REFER_OK)
        abort();
    batch_fill(program);
}

static void batch_end(struct program *program)
{
    refer_referral_free(program->referral);
    refer_batch_free(program->batch);
    program->referral = NULL;
    program->batch = NULL;
}

static refer_status batch_submit(struct program *program)
{
    const refer_batch *batch = program->batch;
    refer_status status = refer_batch_submit(
        program->library, program->batch, (int32_t)program->patience_ms);
    if (status != REFER_OK)
        return status;
    status = refer_batch_status(batch, 0);
    if (refer_batch_status(batch, 1) != status ||
        strcmp(refer_batch_id(batch, 0), refer_batch_id(batch, 1)) != 0)
        world_fail(program->world, "batch.differs", program->gateway->index);
    return status;
}

/* A caller that has forgotten which key it used would do it twice: planted, to
 * see that this is found. */
static void key_forget(struct program *program)
{
    if (!program->world->plant.key_forgotten || program->key[0] == '\0')
        return;
    program->key[4]++;
    if (refer_query_set(program->query, "key", program->key) != REFER_OK)
        abort();
    if (program->batch == NULL)
        return;
    refer_batch_clear(program->batch);
    batch_fill(program);
}

static int64_t pause_after(struct world *world, refer_status status)
{
    if (status == REFER_BUSY) {
        TALLY(world, intake_refusals);
        return 5000 + world_below(world, STREAM_work, 20000);
    }
    if (status == REFER_TIMEOUT)
        TALLY(world, program_timeouts);
    return 20 + world_below(world, STREAM_work, 3000);
}

static enum err err_of(refer_status status)
{
    switch (status) {
    case REFER_OK:
        return ERR_NONE;
    case REFER_NOT_FOUND:
        return ERR_NOT_FOUND;
    case REFER_CONFLICT:
        return ERR_CONFLICT;
    default:
        return ERR_POLICY;
    }
}

static void answer(
    struct program *program, refer_status status, const refer_listing *listing)
{
    struct world *world = program->world;
    struct local_reply reply = { .err = err_of(status) };
    arena_reset(&world->talk);
    const char *clause = program->batch != NULL
                             ? refer_batch_clause(program->batch, 0)
                             : refer_client_clause(program->library);
    reply.clause = arena_copy(&world->talk, slice_of_text(clause));
    batch_end(program);
    heard_listing(listing, &world->talk, &reply);
    refer_query_free(program->query);
    program->query = NULL;
    program->on_reply(world, program, &reply);
    arena_reset(&world->talk);
}

/* One call, however often it must be made. */
static void call(struct program *program)
{
    struct world *world = program->world;
    refer_listing *listing = NULL;
    refer_status status;
    for (;;) {
        status =
            program->batch != NULL
                ? batch_submit(program)
                : refer_call(program->library, program->operation,
                      program->query, (int32_t)program->patience_ms, &listing);
        if (world->is_over) {
            refer_listing_free(listing);
            return;
        }
        if (!program_is_reborn(program) && !refer_status_is_retryable(status))
            break;
        refer_listing_free(listing);
        TALLY(world, program_retries);
        program_pause(program, pause_after(world, status));
        key_forget(program);
    }
    answer(program, status, listing);
    refer_listing_free(listing);
}

static void live(void *argument)
{
    struct program *program = argument;
    library_open(program);
    while (!program->world->is_over) {
        (void)program_is_reborn(program);
        if (program->is_reader)
            reader_live(program->world, program);
        else if (program->query != NULL)
            call(program);
        else
            program_wait(program, -1);
    }
    refer_client_free(program->library);
}

void program_begin(struct world *world, struct program *program)
{
    program->fiber = fiber_new(live, program);
    program->is_waiting = true;
    wake(world, program);
}

void program_call(struct world *world, struct program *program,
    const struct say *say, int64_t patience_ms, reply_handler *on_reply)
{
    assert(program->query == NULL);
    program->query = say_query(say);
    (void)snprintf(program->operation, sizeof program->operation, "%.*s",
        (int)say->request.operation.size,
        (const char *)say->request.operation.bytes);
    struct slice key = say_key(say);
    (void)snprintf(program->key, sizeof program->key, "%.*s", (int)key.size,
        key.size > 0 ? (const char *)key.bytes : "");
    if (slice_is(say->request.operation, "submit") &&
        world_below(world, STREAM_work, 3) == 0)
        batch_begin(program, say);
    program->patience_ms = patience_ms;
    program->on_reply = on_reply;
    program->ticket++;
    wake(world, program);
}

void program_later(struct world *world, struct program *program,
    int64_t delay_ms, event_handler *handle)
{
    assert(program->query == NULL);
    scheduler_add(
        &world->scheduler, delay_ms, handle, program, ++program->ticket);
}

void program_release(struct program *program)
{
    assert(program->world->is_over);
    if (program->fiber != NULL) {
        while (!fiber_is_over(program->fiber))
            resume(program);
        fiber_free(program->fiber);
    }
    batch_end(program);
    refer_query_free(program->query);
    if (program->is_reader)
        reader_release(&program->of.reader);
}
