#include "sim/withholder.h"

#include <string.h>

#include "sim/agency.h"
#include "sim/apart.h"
#include "sim/say.h"
#include "sim/world.h"

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)
#define ALWAYS 1000

bool withholder_is(const struct world *world, size_t at)
{
    return world->options.withhold_permille > 0 &&
           at + 1 == world->gateway_count;
}

static bool withholds(struct world *world, const struct gateway *gateway)
{
    bool is_for_ever = world->options.withhold_for_ever != 0;
    return withholder_is(world, gateway->index) && world->is_agreed &&
           (is_for_ever || CHANCE(world, withhold_permille));
}

bool withholder_is_between(const struct world *world, size_t a, size_t b)
{
    return world->options.withhold_for_ever != 0 &&
           (withholder_is(world, a) || withholder_is(world, b));
}

/* ---- What leaves --------------------------------------------------------- */

bool withholder_keeps(
    struct world *world, const struct gateway *gateway, enum reply_kind kind)
{
    if (kind != REPLY_COSIGNED || !withholds(world, gateway))
        return false;
    TALLY(world, receipts_withheld);
    return true;
}

struct slice withholder_collect(
    struct world *world, const struct gateway *gateway, struct slice body)
{
    struct collect collect;
    if (!withholder_is(world, gateway->index) ||
        collect_read(body, &world->wire, &collect) != ERR_NONE ||
        collect.cosigned.size == 0 || !withholds(world, gateway))
        return body;
    collect.cosigned = SLICE_NONE;
    collect.collected = 0;
    TALLY(world, receipts_withheld);
    return collect_write(&collect, &world->wire);
}

/* The author's line alone. */
static struct slice bare(struct world *world, struct slice text)
{
    struct note note;
    char bytes[NOTE_SIZE_MAX];
    if (text.size == 0 || note_parse(text, &note) != ERR_NONE)
        return text;
    note.has_cosignature = false;
    return arena_copy(&world->wire, note_print(&note, bytes));
}

struct slice withholder_head(
    struct world *world, const struct gateway *gateway, struct slice body)
{
    struct head head;
    struct ledger_view views[8];
    if (!withholder_is(world, gateway->index) ||
        head_read(body, &world->wire, &head) != ERR_NONE ||
        head.ledger_count > sizeof views / sizeof *views ||
        !withholds(world, gateway))
        return body;
    memcpy(views, head.ledgers, head.ledger_count * sizeof *views);
    for (size_t i = 0; i < head.ledger_count; i++)
        if (!views[i].authored)
            views[i].note = bare(world, views[i].note);
    head.ledgers = views;
    return head_write(&head, &world->wire);
}

/* ---- What its peers make of it ------------------------------------------- */

/* It was never on its way: there is nothing to be signed for. */
static bool is_over(struct slice state)
{
    return slice_is(state, "withdrawn") || slice_is(state, "cancelled") ||
           slice_is(state, "void") || slice_is(state, "refused_by_policy");
}

/* Taken a day ago, it had no receipt: its author knows that, and has it. */
static bool waits(struct world *world, const struct affair *affair)
{
    struct local_reply reply;
    gateway_get(world, &world->gateways[affair->from], &affair->uuid, &reply);
    const struct local_record *row = heard_record(&reply, "referral");
    struct slice state = row == NULL ? SLICE_NONE : heard_text(row, "state");
    bool is_gone =
        row == NULL || is_over(state) || heard_number(row, "erased_ms") != 0;
    if (!is_gone && heard_record(&reply, "element") == NULL)
        world_fail(world, "withheld.forgotten", affair->from);
    arena_reset(&world->talk);
    return !is_gone;
}

/* By the wall clock of its author, which may have been another. */
static bool is_old(const struct world *world, const struct affair *affair)
{
    return world->options.clock_per_hour == 0 &&
           affair->outcome == OUTCOME_DONE && affair->is_named &&
           withholder_is(world, affair->to) &&
           affair->stored_ms <= world->scheduler.now_ms - DAY_MS - HOUR_MS &&
           agency_is_linked(world, affair->from, affair->to);
}

static void look(struct world *world, void *subject, uint64_t argument)
{
    const struct truth *truth = &world->truth;
    (void)subject;
    (void)argument;
    for (size_t i = 0; i < truth->affair_count && !world->failed; i++) {
        const struct affair *affair = &truth->affairs[i];
        if (!is_old(world, affair) || !world->gateways[affair->from].is_up ||
            gateway_has_lost(world, affair->from) || !waits(world, affair))
            continue;
        TALLY(world, receipts_missed);
        if (!apart_alarm_stands(world, affair->from, affair->to))
            world_fail(world, "alarm.missing", affair->from);
    }
}

void withholder_begin(struct world *world)
{
    if (world->options.withhold_permille == ALWAYS)
        scheduler_add(&world->scheduler, world->options.minutes * 60000 - 1,
            look, NULL, 0);
}

void withholder_check(struct world *world, size_t at)
{
    size_t last = world->gateway_count - 1;
    if (!withholder_is(world, last) || at == last ||
        !agency_is_linked(world, at, last))
        return;
    if (world->options.withhold_for_ever != 0)
        look(world, NULL, 0);
    else if (!rogue_is_for_good(world, at, last) &&
             apart_alarm_stands(world, at, last))
        world_fail(world, "alarm.stays", at);
}
