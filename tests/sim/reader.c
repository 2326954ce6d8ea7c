#include "sim/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "sim/say.h"
#include "sim/world.h"

#define WAIT_MS 60000
#define PATIENCE_MS 90000

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

bool reader_may_be_again(const struct program *program)
{
    return program->gateway->hides_loss && !program->of.reader.begins_anew;
}

/* Of what never changes about an event; its contents may be erased, and where
 * it leads may be decided again once all is taken back. */
static uint64_t digest_of(const refer_event *event, bool begins_anew)
{
    static const char *const names[] = { "type", "step", "by", "referral",
        "status", "problem" };
    uint64_t digest = 1;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        digest =
            checksum(digest, slice_of_text(refer_event_get(event, names[i])));
    return begins_anew ? digest
                       : checksum(digest,
                             slice_of_text(refer_event_get(event, "state")));
}

static void digest_check(struct world *world, struct program *program,
    int64_t position, const refer_event *event)
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
    uint64_t digest = digest_of(event, reader->begins_anew);
    if (reader->digests[at] != 0 && reader->digests[at] != digest &&
        !reader_may_be_again(program))
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

static void event_take(
    struct world *world, struct program *program, const refer_event *event)
{
    struct reader *reader = &program->of.reader;
    struct slice id = slice_of_text(refer_event_referral_id(event));
    struct slice type = slice_of_text(refer_event_type(event));
    struct slice status = slice_of_text(refer_event_get(event, "status"));
    struct slice direction = slice_of_text(refer_event_get(event, "direction"));
    struct slice step = slice_of_text(refer_event_step(event));
    struct uuid uuid;
    if (uuid_parse(id, &uuid) != ERR_NONE) {
        world_fail(world, "local.malformed", program->gateway->index);
        return;
    }
    struct followed *followed = follow(reader, &uuid);
    enum referral_state state =
        referral_state_named(slice_of_text(refer_event_state(event)));
    followed->is_outgoing = slice_is(direction, "out");
    size_t at = program->gateway->index;
    bool again = gateway_has_lost(world, at) || rogue_is_at(world, at);
    if (again)
        followed->state = state;
    else
        state_check(world, program, followed, state);
    if (slice_is(type, "referral.received") && ++followed->received_count > 1 &&
        !again)
        world_fail(world, "referral.twice", program->gateway->index);
    model_event(world, at, &uuid, type,
        slice_is(slice_of_text(refer_event_get(event, "by")), "us"),
        event_type_named(step));
    world->tally->states[state]++;
    if (slice_is(status, "applied"))
        world->tally->steps[event_type_named(step)]++;
}

static void told_add(
    const struct world *world, struct reader *reader, int64_t position)
{
    size_t count = reader->told_count;
    if (count > 0 && reader->told[count - 1].position >= position)
        return;
    if (count == reader->told_capacity) {
        reader->told_capacity = count == 0 ? 256 : count * 2;
        reader->told =
            realloc(reader->told, reader->told_capacity * sizeof *reader->told);
        if (reader->told == NULL)
            abort();
    }
    reader->told[reader->told_count++] =
        (struct told){ world->scheduler.now_ms, position };
}

/* The gateway numbers its events anew: it lost some. What comes is compared
 * with nothing, but that it is about what is known. */
static void epoch_check(struct world *world, struct program *program,
    uint64_t epoch, int64_t before)
{
    struct reader *reader = &program->of.reader;
    if (reader->epoch == epoch)
        return;
    size_t at = program->gateway->index;
    if (reader->epoch != 0 && !gateway_has_lost(world, at) &&
        !rogue_is_at(world, at))
        world_fail(world, "feed.epoch", at);
    if (reader->epoch != 0)
        TALLY(world, feed_epochs);
    reader->begins_anew = gateway_has_lost(world, at);
    reader->epoch = epoch;
    reader->position = before;
    reader->seen = before;
    reader->asked = before;
    reader->acknowledged = before;
    reader->told_count = 0;
    told_add(world, reader, before);
    if (reader->digest_capacity > 0)
        memset(reader->digests, 0,
            reader->digest_capacity * sizeof *reader->digests);
}

/* From one handle they come in order, each once; from another those come again
 * that were not acknowledged, and from one that had handed out nothing, those
 * that were, where that is lost. */
static void event_check(
    struct world *world, struct program *program, const refer_event *event)
{
    struct reader *reader = &program->of.reader;
    int64_t position = (int64_t)refer_event_position(event);
    epoch_check(world, program, refer_event_epoch(event), position - 1);
    if (position <= reader->position && reader_may_be_again(program))
        reader->position = position - 1;
    if (position <= reader->position)
        world_fail(world, "feed.again", program->gateway->index);
    else if (position != reader->position + 1)
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

/* What may be tried again is, by whoever calls next; all else is wrong. */
static bool is_well(
    struct world *world, struct program *program, refer_status status)
{
    if (status == REFER_OK)
        return true;
    if (world->is_over || program->is_killed)
        return false;
    if (!refer_status_is_retryable(status)) {
        world_say(world, "reader %zu: %s", program->gateway->index,
            refer_client_error(program->library));
        world_fail(world, "cursor.refused", program->gateway->index);
    }
    if (status != REFER_TIMEOUT)
        program_pause(program, 20 + world_below(world, STREAM_work, 2000));
    return false;
}

/* The feed was numbered anew after the event came. */
static bool may_be_past(const struct world *world,
    const struct program *program, refer_status status)
{
    size_t at = program->gateway->index;
    return status == REFER_CONFLICT &&
           (gateway_has_lost(world, at) || rogue_is_at(world, at));
}

static void acknowledge(struct world *world, struct program *program,
    refer_cursor *cursor, const refer_event *event)
{
    struct reader *reader = &program->of.reader;
    uint64_t epoch = reader->epoch;
    reader->asked = reader->position;
    told_add(world, reader, reader->position);
    refer_status status = refer_cursor_ack(cursor, event, PATIENCE_MS);
    if (!may_be_past(world, program, status) &&
        is_well(world, program, status) && reader->epoch == epoch)
        reader->acknowledged = reader->position;
}

/* Where weeks are days long it looks in from time to time. */
#define LOOK_MS 600000

static void rest(const struct world *world, struct program *program)
{
    if (world->options.hours_each > 0 && !world->is_calm)
        program_pause(program, LOOK_MS);
}

/* Handles events until the program dies. */
static void follow_feed(
    struct world *world, struct program *program, refer_cursor *cursor)
{
    refer_event *event;
    while (!world->is_over && !program->is_killed) {
        refer_status status = refer_cursor_next(cursor, WAIT_MS, &event);
        if (status == REFER_TIMEOUT)
            rest(world, program);
        if (!is_well(world, program, status))
            continue;
        event_check(world, program, event);
        /* not each time: what is not acknowledged comes again */
        if (world_below(world, STREAM_work, 3) > 0 || world->is_calm)
            acknowledge(world, program, cursor, event);
        refer_event_free(event);
    }
}

void reader_live(struct world *world, struct program *program)
{
    struct reader *reader = &program->of.reader;
    refer_cursor *cursor;
    refer_status status = refer_cursor_open(
        program->library, reader->cursor, PATIENCE_MS, &cursor);
    if (status == REFER_CONFLICT) { /* our last connection still has it */
        program_pause(program, 500);
        return;
    }
    if (!is_well(world, program, status))
        return;
    reader->position = (int64_t)refer_cursor_position(cursor);
    epoch_check(world, program, refer_cursor_epoch(cursor), reader->position);
    if (reader->position > reader->seen)
        world_fail(world, "feed.gap", program->gateway->index);
    follow_feed(world, program, cursor);
    refer_cursor_free(cursor);
}

void reader_begin(struct program *program)
{
    (void)snprintf(program->of.reader.cursor, sizeof program->of.reader.cursor,
        "reader.%zu", program->index);
    program->is_reader = true;
}

void reader_release(struct reader *reader)
{
    free(reader->digests);
    free(reader->told);
    free(reader->followed);
}
