#include "sim/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "sim/say.h"
#include "sim/world.h"

#define WAIT_MS 60000
#define PATIENCE_MS 90000

static void open_cursor(struct world *world, void *subject, uint64_t ticket);
static void next_say(struct world *world, struct program *program);

/* ---- Its database ------------------------------------------------------- */

static struct followed *follow(struct reader *reader, const struct uuid *uuid)
{
    for (size_t i = 0; i < reader->followed_count; i++)
        if (uuid_equal(&reader->followed[i].uuid, uuid))
            return &reader->followed[i];
    if (reader->followed_count == reader->followed_capacity) {
        reader->followed_capacity =
            reader->followed_capacity == 0 ? 64 : reader->followed_capacity * 2;
        reader->followed = realloc(reader->followed,
            reader->followed_capacity * sizeof *reader->followed);
        if (reader->followed == NULL)
            abort();
    }
    struct followed *fresh = &reader->followed[reader->followed_count++];
    *fresh = (struct followed){ .uuid = *uuid };
    return fresh;
}

/* Of what never changes about an event; its contents may be erased. */
static uint64_t digest_of(const struct local_record *event)
{
    static const char *const names[] = { "type", "step", "by", "referral",
        "state", "status", "problem" };
    uint64_t digest = 1;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        digest = checksum(digest, heard_text(event, names[i]));
    return digest;
}

static void digest_check(struct world *world, struct program *program,
    int64_t position, const struct local_record *event)
{
    struct reader *reader = &program->of.reader;
    size_t at = (size_t)position;
    while (at >= reader->digest_capacity) {
        size_t old = reader->digest_capacity;
        reader->digest_capacity = old == 0 ? 256 : old * 2;
        reader->digests = realloc(
            reader->digests, reader->digest_capacity * sizeof *reader->digests);
        if (reader->digests == NULL)
            abort();
        memset(reader->digests + old, 0,
            (reader->digest_capacity - old) * sizeof *reader->digests);
    }
    uint64_t digest = digest_of(event);
    if (reader->digests[at] != 0 && reader->digests[at] != digest)
        world_fail(world, "feed.changed", program->gateway->index);
    reader->digests[at] = digest;
}

/* The receiving agency decides, so its steps are those of the table. The
 * referring one follows, and may learn of several at once. */
static void state_check(struct world *world, const struct program *program,
    struct followed *followed, enum referral_state state)
{
    bool jumps =
        followed->state != REFERRAL_UNKNOWN &&
        (followed->is_outgoing ? truth_is_final(followed->state) &&
                                     !truth_may_follow(followed->state, state)
                               : !truth_may_follow(followed->state, state));
    if (jumps) {
        world_say(world, "from %s to %s", referral_state_name(followed->state),
            referral_state_name(state));
        world_fail(world, "referral.jump", program->gateway->index);
    }
    followed->state = state;
}

static void event_take(struct world *world, struct program *program,
    const struct local_record *event)
{
    struct reader *reader = &program->of.reader;
    struct uuid uuid;
    if (uuid_parse(heard_text(event, "referral"), &uuid) != ERR_NONE) {
        world_fail(world, "local.malformed", program->gateway->index);
        return;
    }
    struct followed *followed = follow(reader, &uuid);
    enum referral_state state =
        referral_state_named(heard_text(event, "state"));
    followed->is_outgoing = slice_is(heard_text(event, "direction"), "out");
    state_check(world, program, followed, state);
    if (slice_is(heard_text(event, "type"), "referral.received") &&
        ++followed->received_count > 1)
        world_fail(world, "referral.twice", program->gateway->index);
    world->tally->states[state]++;
    if (slice_is(heard_text(event, "status"), "applied"))
        world->tally->steps[event_type_named(heard_text(event, "step"))]++;
}

static void event_check(struct world *world, struct program *program,
    const struct local_record *event)
{
    struct reader *reader = &program->of.reader;
    int64_t position = heard_number(event, "position");
    if (position != reader->position + 1)
        world_fail(world, "feed.gap", program->gateway->index);
    reader->position = position;
    digest_check(world, program, position, event);
    if (position <= reader->seen) {
        TALLY(world, events_again);
        return;
    }
    if (position != reader->seen + 1)
        world_fail(world, "feed.gap", program->gateway->index);
    TALLY(world, events_read);
    event_take(world, program, event);
    reader->seen = position;
}

/* ---- Its calls ---------------------------------------------------------- */

static void on_acknowledged(struct world *world, struct program *program,
    const struct local_reply *reply)
{
    if (reply->err != ERR_NONE)
        world_fail(world, "cursor.refused", program->gateway->index);
    else
        next_say(world, program);
}

static void acknowledge_say(struct world *world, struct program *program)
{
    struct say say;
    say_begin(&say, world, "cursor.ack");
    say_text(&say, "name", program->of.reader.cursor);
    say_number(&say, "epoch", program->of.reader.epoch);
    say_number(&say, "position", program->of.reader.position);
    program_call(world, program, say_end(&say), PATIENCE_MS, on_acknowledged);
}

static void on_events(struct world *world, struct program *program,
    const struct local_reply *reply)
{
    size_t count = 0;
    if (reply->err != ERR_NONE) {
        world_fail(world, "cursor.refused", program->gateway->index);
        return;
    }
    for (size_t i = 0; i < reply->record_count; i++)
        if (slice_is(reply->records[i].type, "event")) {
            event_check(world, program, &reply->records[i]);
            count++;
        }
    /* not each time: what is not acknowledged comes again */
    if (count > 0 && world_below(world, 3) > 0)
        acknowledge_say(world, program);
    else
        next_say(world, program);
}

static void next_say(struct world *world, struct program *program)
{
    struct say say;
    say_begin(&say, world, "cursor.next");
    say_text(&say, "name", program->of.reader.cursor);
    say_number(&say, "wait_ms", WAIT_MS);
    say_number(&say, "count", 1 + world_below(world, 20));
    program_call(world, program, say_end(&say), PATIENCE_MS, on_events);
}

static void on_opened(struct world *world, struct program *program,
    const struct local_reply *reply)
{
    const struct local_record *cursor = heard_record(reply, "cursor");
    if (reply->err == ERR_CONFLICT) { /* our last connection still has it */
        program_later(world, program, 500, open_cursor);
        return;
    }
    if (reply->err != ERR_NONE || cursor == NULL) {
        world_fail(world, "cursor.refused", program->gateway->index);
        return;
    }
    program->of.reader.epoch = heard_number(cursor, "epoch");
    program->of.reader.position = heard_number(cursor, "position");
    if (program->of.reader.position > program->of.reader.seen)
        world_fail(world, "feed.gap", program->gateway->index);
    next_say(world, program);
}

static void open_cursor(struct world *world, void *subject, uint64_t ticket)
{
    struct program *program = subject;
    struct say say;
    if (program->ticket != ticket)
        return;
    say_begin(&say, world, "cursor.open");
    say_text(&say, "name", program->of.reader.cursor);
    program_call(world, program, say_end(&say), PATIENCE_MS, on_opened);
    arena_reset(&world->talk);
}

void reader_begin(struct world *world, struct program *program)
{
    (void)snprintf(program->of.reader.cursor, sizeof program->of.reader.cursor,
        "reader.%zu", program->index);
    program->on_lost = open_cursor;
    program_later(world, program, world_below(world, 1000), open_cursor);
}

void reader_release(struct reader *reader)
{
    free(reader->digests);
    free(reader->followed);
}
