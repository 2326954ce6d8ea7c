#include "sim/program.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/world.h"

/* ---- Sending ------------------------------------------------------------ */

static void again(struct world *world, void *subject, uint64_t ticket);
static void impatient(struct world *world, void *subject, uint64_t ticket);

static void send(struct world *world, struct program *program)
{
    uint64_t ticket = ++program->ticket;
    if (!program->gateway->is_up) {
        program->client = 0;
        scheduler_add(&world->scheduler, 50 + world_below(world, 3000), again,
            program, ticket);
        return;
    }
    if (program->client == 0)
        program->client = world->id_next++;
    struct letter *letter = letter_new(&world->letters, LETTER_CLIENT,
        slice_of(program->frame, program->frame_size));
    letter->id = program->client;
    letter->rights = program->rights;
    letter->uid = program->uid;
    gateway_queue(world, program->gateway, letter);
    scheduler_add(
        &world->scheduler, program->patience_ms, impatient, program, ticket);
}

/* Another try at what is under way. A caller that has forgotten which key it
 * used would do it twice: planted, to see that this is found. */
static void key_forget(struct program *program)
{
    static const char mark[] = "key-";
    for (size_t i = 0; i + sizeof mark < program->frame_size; i++)
        if (memcmp(program->frame + i, mark, sizeof mark - 1) == 0)
            program->frame[i + sizeof mark - 1]++;
}

static void again(struct world *world, void *subject, uint64_t ticket)
{
    struct program *program = subject;
    if (program->ticket != ticket)
        return;
    if (program->frame == NULL) {
        program->on_lost(world, program, ticket);
        return;
    }
    TALLY(world, program_retries);
    if (world->plant.key_forgotten)
        key_forget(program);
    send(world, program);
}

static void call_end(struct program *program)
{
    free(program->frame);
    program->frame = NULL;
}

/* The connection ends, for whatever reason; the program tries again. */
static void lose(struct world *world, struct program *program)
{
    if (program->client != 0 && program->gateway->is_up) {
        struct letter *letter =
            letter_new(&world->letters, LETTER_GONE, SLICE_NONE);
        letter->id = program->client;
        gateway_queue(world, program->gateway, letter);
    }
    program->client = 0;
    if (program->frame == NULL && program->on_lost == NULL)
        return; /* it has nothing under way */
    if (program->on_lost != NULL)
        call_end(program);
    scheduler_add(&world->scheduler, 20 + world_below(world, 2000), again,
        program, ++program->ticket);
}

static void impatient(struct world *world, void *subject, uint64_t ticket)
{
    struct program *program = subject;
    if (program->ticket != ticket || program->frame == NULL)
        return;
    TALLY(world, program_timeouts);
    lose(world, program);
}

void program_call(struct world *world, struct program *program,
    struct slice frame, int64_t patience_ms, reply_handler *on_reply)
{
    assert(program->frame == NULL && frame.size > 0);
    program->frame = malloc(frame.size);
    if (program->frame == NULL)
        abort();
    memcpy(program->frame, frame.bytes, frame.size);
    program->frame_size = frame.size;
    program->patience_ms = patience_ms;
    program->on_reply = on_reply;
    send(world, program);
}

void program_later(struct world *world, struct program *program,
    int64_t delay_ms, event_handler *handle)
{
    assert(program->frame == NULL);
    scheduler_add(
        &world->scheduler, delay_ms, handle, program, ++program->ticket);
}

void programs_cut_off(struct world *world, struct gateway *gateway)
{
    for (size_t i = 0; i < world->program_count; i++)
        if (world->programs[i].gateway == gateway)
            lose(world, &world->programs[i]);
}

/* ---- Replies ------------------------------------------------------------ */

static void hand_over(
    struct world *world, struct program *program, const struct letter *letter)
{
    struct local_reply reply;
    if (local_reply_read(letter_slice(letter), &world->talk, &reply) !=
        ERR_NONE) {
        world_fail(world, "local.malformed", program->gateway->index);
        return;
    }
    if (reply.err == ERR_FULL || reply.err == ERR_BUSY) {
        TALLY(world, intake_refusals);
        scheduler_add(&world->scheduler, 5000 + world_below(world, 20000),
            again, program, ++program->ticket);
        return;
    }
    ++program->ticket;
    call_end(program);
    program->on_reply(world, program, &reply);
}

static struct program *connected(struct world *world, uint64_t client)
{
    for (size_t i = 0; i < world->program_count; i++)
        if (world->programs[i].client == client)
            return &world->programs[i];
    return NULL;
}

static void arrive(struct world *world, void *subject, uint64_t argument)
{
    struct letter *letter = subject;
    struct program *program = connected(world, letter->id);
    (void)argument;
    /* a reply to what was given up since is read and thrown away */
    if (program != NULL && program->frame != NULL) {
        if (world_chance(world, world->options.program_permille)) {
            TALLY(world, program_losses);
            lose(world, program); /* it dies before it has read it */
        } else {
            hand_over(world, program, letter);
            arena_reset(&world->talk);
        }
    }
    letter_free(&world->letters, letter);
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
    scheduler_add(&world->scheduler, world_below(world, 4), arrive, letter, 0);
}

void program_release(struct program *program)
{
    call_end(program);
}
