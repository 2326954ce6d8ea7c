#include "sim/stale.h"

#include <stdlib.h>

#include "sim/smuggler.h"
#include "sim/world.h"

static bool is_stale(const struct world *world, const struct gateway *gateway)
{
    return world->options.stale_permille > 0 &&
           gateway->index + 1 == world->gateway_count;
}

/* ---- What was shown ------------------------------------------------------ */

static void keep(struct gateway *gateway, struct slice *kept, size_t *count,
    struct slice shown)
{
    for (size_t i = 0; i < *count; i++)
        if (slice_equal(kept[i], shown))
            return;
    if (shown.size == 0 || *count == STALE_COUNT)
        return;
    kept[*count] = arena_copy(&gateway->kept, shown);
    if (kept[(*count)++].bytes == NULL)
        abort();
}

/* Any but the newest. */
static struct slice older(
    struct world *world, const struct slice *kept, size_t count)
{
    if (count < 2)
        return SLICE_NONE;
    return kept[world_below(world, STREAM_stale_permille, (int64_t)count - 1)];
}

/* ---- What is shown ------------------------------------------------------- */

static struct slice head_of(
    struct world *world, struct gateway *gateway, struct slice body)
{
    struct stale *stale = &world->stale;
    struct head head;
    if (head_read(body, &world->wire, &head) != ERR_NONE)
        return body;
    keep(gateway, stale->cards, &stale->card_count, head.card);
    keep(gateway, stale->sheets, &stale->sheet_count, head.sheet);
    if (!CHANCE(world, stale_permille))
        return body;
    struct slice card = older(world, stale->cards, stale->card_count);
    struct slice sheet = older(world, stale->sheets, stale->sheet_count);
    int64_t way = world_below(world, STREAM_stale_permille, 3);
    if (way != 0 && card.size > 0)
        head.card = card;
    if (way != 1 && sheet.size > 0)
        head.sheet = sheet;
    if (card.size > 0 || sheet.size > 0)
        TALLY(world, cards_stale);
    return head_write(&head, &world->wire);
}

static struct slice introduction_of(struct world *world, struct slice body)
{
    const struct stale *stale = &world->stale;
    struct introduce introduce;
    struct slice card = older(world, stale->cards, stale->card_count);
    if (!CHANCE(world, stale_permille) || card.size == 0 ||
        introduce_read(body, &world->wire, &introduce) != ERR_NONE)
        return body;
    introduce.card = card;
    TALLY(world, cards_stale);
    return introduce_write(&introduce, &world->wire);
}

struct slice stale_request(struct world *world, struct gateway *gateway,
    enum request_kind kind, struct slice body)
{
    if (!is_stale(world, gateway))
        return body;
    if (kind == REQUEST_HEAD)
        return head_of(world, gateway, body);
    return kind == REQUEST_INTRODUCE ? introduction_of(world, body) : body;
}

struct slice stale_reply(struct world *world, struct gateway *gateway,
    enum reply_kind kind, struct slice body)
{
    bool is_shown = kind == REPLY_HEAD && is_stale(world, gateway);
    return is_shown ? head_of(world, gateway, body) : body;
}

void stale_tell(struct world *world, struct gateway *gateway)
{
    const struct stale *stale = &world->stale;
    if (!is_stale(world, gateway) || !smuggler_may(world, gateway) ||
        !CHANCE(world, stale_permille))
        return;
    struct slice card = older(world, stale->cards, stale->card_count);
    size_t to = smuggler_choose(world, gateway, STREAM_stale_permille);
    if (card.size > 0 && to < world->gateway_count &&
        smuggler_tell(
            world, gateway, to, ENTRY_CARD, gateway_now(world, gateway), card))
        TALLY(world, cards_stale);
}

/* ---- Checkers ------------------------------------------------------------ */

void stale_directory(struct world *world, size_t at, size_t of,
    const struct node_directory *directory)
{
    const struct contact *held = gateway_contact(&world->gateways[at], of);
    if (directory->card_serial < held->card_serial)
        world_fail(world, "card.went-back", at);
}
