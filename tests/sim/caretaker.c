#include "sim/caretaker.h"

#include <stdlib.h>
#include <string.h>

#include "sim/say.h"
#include "sim/truth.h"
#include "sim/world.h"

#define PATIENCE_MS 60000
/* What others hold is back by then: PATROL_AGAIN_MS. */
#define ROUND_MS 75000

static void look(struct world *world, void *subject, uint64_t ticket);
static void erase_next(struct world *world, struct program *program);

static void list_add(struct caretaker_list *list, const struct uuid *uuid)
{
    for (size_t i = 0; i < list->count; i++)
        if (uuid_equal(&list->items[i], uuid))
            return;
    if (list->count < CARETAKER_COUNT_MAX)
        list->items[list->count++] = *uuid;
}

static void on_erased(struct world *world, struct program *program,
    const struct local_reply *reply)
{
    const struct uuid *erased = &program->of.caretaker.erased;
    size_t at = program->gateway->index;
    char id[UUID_URN_SIZE + 1];
    uuid_format(erased, id);
    world_say(
        world, "caretaker %zu erases %s: %s", at, id, err_text(reply->err));
    if (reply->err == ERR_NONE) {
        truth_erase_all(&world->truth, truth_find(&world->truth, erased), at,
            world->scheduler.now_ms);
        TALLY(world, words_given_up);
    } else if (reply->err != ERR_BUSY && !gateway_has_lost(world, at)) {
        world_fail(world, "erase.refused", at);
    }
    erase_next(world, program);
}

/* One that was damaged a round ago as well; then the next round. */
static void erase_next(struct world *world, struct program *program)
{
    struct caretaker *caretaker = &program->of.caretaker;
    struct say say;
    char id[UUID_URN_SIZE + 1];
    while (caretaker->before.count > 0) {
        caretaker->erased = caretaker->before.items[--caretaker->before.count];
        for (size_t i = 0; i < caretaker->found.count; i++) {
            if (!uuid_equal(&caretaker->found.items[i], &caretaker->erased))
                continue;
            uuid_format(&caretaker->erased, id);
            say_begin(&say, world, "erase");
            say_text(&say, "id", id);
            say_text(&say, "reason", "person_asked");
            program_call(world, program, &say, PATIENCE_MS, on_erased);
            return;
        }
    }
    *caretaker = (struct caretaker){ .before = caretaker->found };
    program_later(world, program, ROUND_MS, look);
}

static void found_note(
    struct caretaker *caretaker, const struct local_reply *reply)
{
    for (size_t i = 0; i < reply->record_count; i++) {
        const struct local_record *record = &reply->records[i];
        struct uuid uuid;
        if (slice_is(record->type, "damage") &&
            slice_is(heard_text(record, "problem"), "content") &&
            uuid_parse(heard_text(record, "referral"), &uuid) == ERR_NONE)
            list_add(&caretaker->found, &uuid);
    }
}

static void on_looked(struct world *world, struct program *program,
    const struct local_reply *reply)
{
    struct caretaker *caretaker = &program->of.caretaker;
    const struct local_record *check = heard_record(reply, "check");
    if (reply->err != ERR_NONE || check == NULL) {
        *caretaker = (struct caretaker){ 0 };
        program_later(world, program, ROUND_MS, look);
        return;
    }
    found_note(caretaker, reply);
    struct slice state = heard_text(check, "state");
    bool is_done = heard_number(check, "done") != 0;
    if (state.size > sizeof caretaker->state)
        abort();
    memcpy(caretaker->state, state.bytes, state.size);
    caretaker->state_size = state.size;
    if (is_done)
        erase_next(world, program);
    else
        program_later(world, program, 10, look);
}

static void look(struct world *world, void *subject, uint64_t ticket)
{
    struct program *program = subject;
    struct caretaker *caretaker = &program->of.caretaker;
    struct say say;
    if (program->ticket != ticket)
        return;
    say_begin(&say, world, "store.check");
    if (caretaker->state_size > 0)
        say_data(
            &say, "state", slice_of(caretaker->state, caretaker->state_size));
    program_call(world, program, &say, PATIENCE_MS, on_looked);
    arena_reset(&world->talk);
}

void caretaker_begin(struct world *world, struct program *program)
{
    program_later(world, program, ROUND_MS, look);
}
