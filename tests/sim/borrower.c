#include "sim/borrower.h"

#include <string.h>

#include "sim/letter.h"
#include "sim/world.h"
#include "support/crypto_fake.h"

#define FROM 0
#define DAYS_TOO 2
#define SHEET_MS 60000

static bool is_borrower(const struct world *world, size_t at)
{
    return world->options.borrow_keys > 0 && at != FROM &&
           at + 1 == world->gateway_count;
}

size_t borrower_card(const struct world *world, struct gateway *gateway,
    struct card_key *keys, size_t count)
{
    struct card held;
    struct card_problem problem;
    const struct gateway *owner = &world->gateways[FROM];
    struct arena *arena = &gateway->kept;
    size_t used = arena->used;
    if (!is_borrower(world, gateway->index) ||
        card_read(owner->crypto, owner->card, arena, &held, &problem) !=
            ERR_NONE)
        return count;
    for (size_t i = 0; i < held.key_count; i++) {
        keys[count] = held.keys[i];
        keys[count++].from.unix_ms--; /* its own come first */
    }
    arena_rewind(arena, used);
    return count;
}

void borrower_sheet(struct world *world, const struct gateway *gateway,
    struct sealing_key *keys, size_t count)
{
    if (!is_borrower(world, gateway->index) || world->is_calm ||
        !world->is_agreed || world->options.borrow_keys < DAYS_TOO)
        return;
    for (size_t i = 0; i < count; i++)
        if (world_below(world, STREAM_borrow_keys, 2) == 0)
            crypto_fake_day_public(
                world->gateways[FROM].crypto, keys[i].day, keys[i].key);
    TALLY(world, sheets_borrowed);
}

/* Another sheet; when it is calm, once more and one of its own. */
static void sheet_change(struct world *world, void *subject, uint64_t argument)
{
    struct gateway *last = subject;
    bool was_calm = world->is_calm;
    (void)argument;
    if (last->is_up)
        gateway_queue(
            world, last, letter_new(&world->letters, LETTER_SHEET, SLICE_NONE));
    if (!was_calm)
        scheduler_add(&world->scheduler, SHEET_MS, sheet_change, last, 0);
}

void borrower_begin(struct world *world)
{
    struct gateway *last = &world->gateways[world->gateway_count - 1];
    if (is_borrower(world, last->index) &&
        world->options.borrow_keys == DAYS_TOO)
        sheet_change(world, last, 0);
}

void borrower_pass_on(struct world *world, const struct gateway *gateway,
    const struct letter *letter)
{
    if (!is_borrower(world, gateway->index) || letter->from == FROM)
        return;
    TALLY(world, frames_borrowed);
    (void)network_request(world, gateway->index, FROM, 0, letter_slice(letter));
}

void borrower_opened(
    struct world *world, size_t at, size_t from, const struct agency_id *sender)
{
    if (at == FROM && is_borrower(world, from) &&
        gateway_find(world, sender) != from)
        world_fail(world, "frame.borrowed", at);
}
