#include "sim/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "core/node_state.h"
#include "sim/again.h"
#include "sim/agency.h"
#include "sim/audit_accord.h"
#include "sim/audit_content.h"
#include "sim/audit_ledger.h"
#include "sim/keeping.h"
#include "sim/say.h"
#include "sim/withholder.h"
#include "sim/world.h"
#include "sim/rot.h"

#define PAGE 200

/* ---- What each agency has in its register ------------------------------- */

struct row {
    struct uuid uuid;
    bool is_outgoing;
    size_t peer;
    enum referral_state state;
};

struct rows {
    struct row *items;
    size_t count;
};

static void row_add(
    struct world *world, struct rows *rows, const struct local_record *record)
{
    struct agency_id peer;
    rows->items = realloc(rows->items, (rows->count + 1) * sizeof(struct row));
    if (rows->items == NULL)
        abort();
    struct row *row = &rows->items[rows->count++];
    *row = (struct row){
        .is_outgoing = slice_is(heard_text(record, "direction"), "out"),
        .state = referral_state_named(heard_text(record, "state")),
    };
    if (uuid_parse(heard_text(record, "id"), &row->uuid) != ERR_NONE ||
        agency_id_parse(heard_text(record, "peer"), &peer) != ERR_NONE)
        world_fail(world, "local.malformed", 0);
    else
        row->peer = gateway_find(world, &peer);
}

static void rows_read(
    struct world *world, struct gateway *gateway, struct rows *rows)
{
    size_t before;
    do {
        struct say say;
        struct local_reply reply;
        char after[UUID_URN_SIZE + 1];
        before = rows->count;
        say_begin(&say, world, "list");
        say_number(&say, "count", PAGE);
        if (before > 0) {
            uuid_format(&rows->items[before - 1].uuid, after);
            say_text(&say, "after", after);
        }
        if (local_reply_read(gateway_ask(world, gateway, say_end(&say)),
                &world->talk, &reply) != ERR_NONE ||
            reply.err != ERR_NONE) {
            world_fail(world, "local.malformed", gateway->index);
            return;
        }
        for (size_t i = 0; i < reply.record_count; i++)
            row_add(world, rows, &reply.records[i]);
        arena_reset(&world->talk);
    } while (rows->count > before);
}

static const struct row *row_find(
    const struct rows *rows, const struct uuid *uuid)
{
    for (size_t i = 0; i < rows->count; i++)
        if (uuid_equal(&rows->items[i].uuid, uuid))
            return &rows->items[i];
    return NULL;
}

/* ---- What was said of one ------------------------------------------------ */

/* How often a step of a referral stands in one agency's feed. */
struct counts {
    unsigned ours[EVENT_TYPE_COUNT];
    unsigned theirs[EVENT_TYPE_COUNT];
    unsigned refused[EVENT_TYPE_COUNT];  /* ours, by them */
    unsigned returned[EVENT_TYPE_COUNT]; /* ours, told to nobody */
    unsigned answered[EVENT_TYPE_COUNT]; /* ours, one way or the other */
    unsigned again[EVENT_TYPE_COUNT];    /* of these, after it was returned */
    int64_t pending;
    bool is_erased; /* words about the person are gone */
    bool is_cut;    /* or some of them */
};

static void event_count(struct counts *counts, const struct local_record *event)
{
    enum referral_event_type step = event_type_named(heard_text(event, "step"));
    bool by_us = slice_is(heard_text(event, "by"), "us");
    counts->is_cut |= event_erases(step) || step == EVENT_CONSENT_REVOKED;
    if (slice_is(heard_text(event, "type"), "referral.step"))
        (by_us ? counts->ours : counts->theirs)[step]++;
    else if (slice_is(heard_text(event, "type"), "referral.refused") && by_us)
        counts->refused[step]++;
    else if (slice_is(heard_text(event, "type"), "referral.returned"))
        counts->returned[step]++;
    bool answers =
        by_us && (slice_is(heard_text(event, "type"), "referral.answered") ||
                     slice_is(heard_text(event, "type"), "referral.refused"));
    counts->answered[step] += answers;
    counts->again[step] +=
        answers && counts->again[step] < counts->returned[step];
}

static void counts_read(struct world *world, struct gateway *gateway,
    const struct uuid *uuid, struct counts *counts)
{
    struct local_reply reply;
    *counts = (struct counts){ 0 };
    gateway_get(world, gateway, uuid, &reply);
    for (size_t i = 0; i < reply.record_count; i++) {
        if (slice_is(reply.records[i].type, "event"))
            event_count(counts, &reply.records[i]);
        else if (slice_is(reply.records[i].type, "referral")) {
            counts->pending = heard_number(&reply.records[i], "pending");
            counts->is_erased =
                heard_number(&reply.records[i], "frozen") != 0 ||
                slice_is(heard_text(&reply.records[i], "state"), "void");
            counts->is_cut |= heard_number(&reply.records[i], "erased_ms") != 0;
        }
    }
    arena_reset(&world->talk);
}

/* ---- Referrals ---------------------------------------------------------- */

/* States of a referral of which the other agency need not know. */
static bool may_be_unheard(enum referral_state state)
{
    return state == REFERRAL_WITHDRAWN || state == REFERRAL_CANCELLED ||
           state == REFERRAL_VOID;
}

/* What its gateway lost before anybody else had it is gone. */
static bool may_be_lost(
    const struct world *world, size_t agency, int64_t stored_ms)
{
    return world->gateways[agency].lost_ms >= stored_ms;
}

static void lost_fail(struct world *world, const struct uuid *uuid, size_t at)
{
    char id[UUID_URN_SIZE + 1];
    uuid_format(uuid, id);
    world_say(world, "%s is not known at agency %zu", id, at);
    world_fail(world, "referral.lost", at);
}

static void ends_check(
    struct world *world, const struct row *row, const struct rows *there)
{
    const struct row *other = row_find(there, &row->uuid);
    if (other == NULL && may_be_unheard(row->state))
        return;
    if (other == NULL) {
        lost_fail(world, &row->uuid, row->peer);
        return;
    }
    if (other->is_outgoing)
        world_fail(world, "referral.twice", row->peer);
    if (other->state != row->state) {
        char id[UUID_URN_SIZE + 1];
        uuid_format(&row->uuid, id);
        world_say(world, "%s is %s, but %s at agency %zu", id,
            referral_state_name(row->state), referral_state_name(other->state),
            row->peer);
        world_fail(world, "referral.differs", row->peer);
    }
}

/* Its operator closed the line before it went: it waits with staff. */
static bool is_back(struct world *world, const struct affair *affair)
{
    struct counts counts;
    if (!closer_was_at(world, affair->from, affair->to))
        return false;
    counts_read(world, &world->gateways[affair->from], &affair->uuid, &counts);
    return counts.pending == 0 && counts.returned[EVENT_SEND] > 0;
}

/* What it lost may be held where a ledger stands still for good: "try again",
 * it says of what it does not know. */
static bool is_put_off(const struct world *world, size_t at)
{
    const struct node *node = world->gateways[at].node;
    return world->options.renew == 0 && rogue_is_at(world, at) &&
           node != NULL && node->loss != LOSS_NONE;
}

static void affair_check(
    struct world *world, const struct affair *affair, const struct rows *rows)
{
    if (affair->outcome == OUTCOME_OPEN) {
        if (!is_put_off(world, affair->from))
            world_fail(world, "program.unanswered", affair->from);
        return;
    }
    if (affair->outcome == OUTCOME_REFUSED)
        return;
    const struct row *row =
        affair->is_named ? row_find(&rows[affair->from], &affair->uuid) : NULL;
    if (row == NULL && may_be_lost(world, affair->from, affair->stored_ms) &&
        (!affair->is_named ||
            row_find(&rows[affair->to], &affair->uuid) == NULL))
        return;
    if (row == NULL || !row->is_outgoing || row->peer != affair->to) {
        lost_fail(world, &affair->uuid, affair->from);
        return;
    }
    if (!agency_is_linked(world, affair->from, affair->to) ||
        rogue_is_for_good(world, affair->from, affair->to))
        return; /* it waits for a way */
    if (row->state == REFERRAL_SENT && is_back(world, affair))
        return;
    if (row->state == REFERRAL_SENT || row->state == REFERRAL_UNDELIVERABLE)
        world_fail(world, "referral.stuck", affair->from);
    if (affair->is_forbidden && row->state != REFERRAL_REFUSED_BY_POLICY &&
        !may_be_unheard(row->state))
        world_fail(world, "policy.passed", affair->to);
    if (!affair->is_forbidden && !world->is_amnesiac &&
        row->state == REFERRAL_REFUSED_BY_POLICY)
        world_fail(world, "policy.refused", affair->to);
    ends_check(world, row, &rows[affair->to]);
}

/* Which of them nobody meant, for people. */
static void twice_say(
    struct world *world, size_t at, const struct rows *rows, size_t expected)
{
    const struct truth *truth = &world->truth;
    world_say(world, "agency %zu should have %zu of its own", at, expected);
    for (size_t k = 0; k < rows->count; k++) {
        char id[UUID_URN_SIZE + 1];
        size_t affair = truth_find(truth, &rows->items[k].uuid);
        uuid_format(&rows->items[k].uuid, id);
        if (rows->items[k].is_outgoing &&
            (affair == truth->affair_count ||
                truth->affairs[affair].outcome != OUTCOME_DONE))
            world_say(world, "%s is %s", id,
                referral_state_name(rows->items[k].state));
    }
}

static void unheard_find(struct world *world, const struct rows *rows)
{
    for (size_t i = 0; i < world->gateway_count; i++)
        for (size_t k = 0; k < rows[i].count; k++)
            if (rows[i].items[k].is_outgoing &&
                !twofold_has(world, &rows[i].items[k].uuid))
                again_unheard(
                    world, i, rows[i].items[k].peer, &rows[i].items[k].uuid);
}

static void register_check(struct world *world, const struct rows *rows)
{
    size_t *expected = calloc(world->gateway_count, sizeof *expected);
    size_t *in_doubt = calloc(world->gateway_count, sizeof *in_doubt);
    if (expected == NULL || in_doubt == NULL)
        abort();
    unheard_find(world, rows);
    const struct truth *truth = &world->truth;
    for (size_t i = 0; i < truth->affair_count; i++) {
        affair_check(world, &truth->affairs[i], rows);
        const struct affair *affair = &truth->affairs[i];
        /* a try may have been stored and lost, and the next refused, or not */
        bool is_open_to_doubt =
            may_be_lost(world, affair->from, affair->stored_ms) ||
            (affair->outcome == OUTCOME_REFUSED &&
                gateway_has_lost(world, affair->from) &&
                !may_be_lost(world, affair->from, affair->stored_ms));
        bool is_there = affair->is_named &&
                        row_find(&rows[affair->from], &affair->uuid) != NULL;
        expected[affair->from] +=
            is_open_to_doubt ? is_there : affair->outcome == OUTCOME_DONE;
        expected[affair->from] += affair->tries != TRIES_ONE;
        in_doubt[affair->from] += affair->may_be_done;
    }
    for (size_t i = 0; i < world->gateway_count; i++) {
        size_t outgoing = 0;
        for (size_t k = 0; k < rows[i].count; k++) {
            bool is_untrue = twofold_has(world, &rows[i].items[k].uuid) ||
                             usurper_took(world, i, &rows[i].items[k].uuid);
            outgoing += rows[i].items[k].is_outgoing && !is_untrue;
            if (!rows[i].items[k].is_outgoing && !is_untrue &&
                row_find(&rows[rows[i].items[k].peer],
                    &rows[i].items[k].uuid) == NULL)
                lost_fail(world, &rows[i].items[k].uuid, rows[i].items[k].peer);
        }
        if (outgoing - expected[i] > in_doubt[i]) {
            twice_say(world, i, &rows[i], expected[i]);
            world_fail(world, "referral.twice", i);
        }
    }
    free(in_doubt);
    free(expected);
}

/* ---- Steps -------------------------------------------------------------- */

static void step_fail(struct world *world, const char *what, size_t at,
    const struct uuid *uuid, unsigned step)
{
    char id[UUID_URN_SIZE + 1];
    if (world->failed)
        return;
    uuid_format(uuid, id);
    world_say(
        world, "%s of %s", event_type_name((enum referral_event_type)step), id);
    world_fail(world, what, at);
}

static int deed_compare(const void *a, const void *b)
{
    const struct deed *first = a;
    const struct deed *second = b;
    return memcmp(&first->referral, &second->referral, sizeof first->referral);
}

/* They stand in the order of their referrals by now. */
static size_t first_deed(const struct truth *truth, const struct uuid *uuid)
{
    size_t from = 0;
    size_t to = truth->deed_count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (memcmp(&truth->deeds[middle].referral, uuid, sizeof *uuid) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

/* The steps of a referral that programs of one agency took. */
struct taken {
    unsigned done[EVENT_TYPE_COUNT];
    unsigned gone[EVENT_TYPE_COUNT];    /* of these, maybe: before a loss */
    unsigned doubted[EVENT_TYPE_COUNT]; /* refused, maybe when tried again */
};

static void taken_add(struct world *world, size_t here, const struct uuid *uuid,
    struct taken *taken)
{
    const struct truth *truth = &world->truth;
    for (size_t i = first_deed(truth, uuid);
         i < truth->deed_count && uuid_equal(&truth->deeds[i].referral, uuid);
         i++) {
        const struct deed *deed = &truth->deeds[i];
        bool is_old = may_be_lost(world, here, deed->stored_ms);
        if (deed->agency != here)
            continue;
        if (deed->outcome == OUTCOME_OPEN && !is_put_off(world, here))
            world_fail(world, "program.unanswered", here);
        taken->done[deed->step] += deed->outcome == OUTCOME_DONE;
        taken->gone[deed->step] += deed->outcome == OUTCOME_DONE && is_old;
        taken->doubted[deed->step] +=
            deed->outcome == OUTCOME_REFUSED &&
            (deed->may_be_done || (gateway_has_lost(world, here) && !is_old));
    }
}

/* The referral of the same intention of which steps may be this one's: it is
 * back with staff, or had ended before this one came back. */
static const struct uuid *other_of(
    const struct truth *truth, const struct uuid *uuid)
{
    size_t at = truth_find(truth, uuid);
    if (at != truth->affair_count)
        return truth->affairs[at].tries == TRIES_BACK
                   ? &truth->affairs[at].other
                   : NULL;
    for (size_t i = 0; i < truth->affair_count; i++)
        if (truth->affairs[i].tries == TRIES_BOTH &&
            uuid_equal(&truth->affairs[i].other, uuid))
            return &truth->affairs[i].uuid;
    return NULL;
}

/* What was done to the other is a step of this one, or back as well; that it
 * was erased, or its consent ended, withdrew it before it was told. */
static void taken_count(struct world *world, size_t here,
    const struct uuid *uuid, struct taken *taken)
{
    const struct uuid *other = other_of(&world->truth, uuid);
    struct taken second = { 0 };
    taken_add(world, here, uuid, taken);
    if (other == NULL)
        return;
    taken_add(world, here, other, &second);
    for (unsigned step = 0; step < EVENT_TYPE_COUNT; step++)
        taken->doubted[step] += second.done[step] + second.doubted[step];
    taken->doubted[EVENT_WITHDRAW]++;
}

/* What was decided before all was taken back may be decided again, and what
 * waits for an agency that is closed: it is then with staff, who were told,
 * instead of the other agency. */
static bool may_return(const struct world *world, size_t here, size_t there,
    const struct counts *counts)
{
    /* or it lost its words on its way: the other heard of none */
    return counts->is_erased || counts->is_cut ||
           gateway_has_lost(world, here) ||
           rogue_is_between(world, here, there) ||
           closer_was_at(world, here, there);
}

/* Every step taken here stands here once, and there or refused. */
static void steps_check(struct world *world, size_t here, size_t there,
    const struct uuid *uuid, const struct counts *counts, bool is_heard,
    bool refers)
{
    struct taken taken = { 0 };
    bool may = may_return(world, here, there, &counts[0]);
    /* who had heard of a step, said so and lost that, while its author erased
     * it before the receipt came, gets it without a word of what it was */
    bool is_wordless = gateway_has_lost(world, there) &&
                       (counts[0].is_erased || counts[1].is_erased);
    /* and where both lost it, the referrer, which has no words left to send it
     * anew, says that it is withdrawn; so it does of what it erased before it
     * knew again that it had sent it */
    bool may_end = refers && gateway_has_lost(world, here) &&
                   (is_wordless || counts[0].is_erased);
    taken_count(world, here, uuid, &taken);
    for (unsigned step = EVENT_SEND + 1; step < EVENT_TYPE_COUNT; step++) {
        unsigned ours = counts[0].ours[step];
        unsigned heard = counts[1].theirs[step];
        unsigned refused = counts[0].refused[step];
        unsigned returned = counts[0].returned[step];
        unsigned most = taken.done[step] + taken.doubted[step];
        /* it comes back without words, so that it is not known again */
        most += gateway_has_lost(world, here) ? refused : 0;
        /* dropped before it was known that it had been told, in a life that was
         * lost: staff hear of it, and of the answer */
        unsigned back =
            gateway_has_lost(world, here) ? counts[0].again[step] : 0;
        if (ours > most)
            step_fail(world, "step.twice", here, uuid, step);
        if (ours + taken.gone[step] < taken.done[step])
            step_fail(world, "step.lost", here, uuid, step);
        if (returned > 0 && !may)
            step_fail(world, "step.returned", here, uuid, step);
        if (is_heard && !is_wordless && heard + refused + returned < ours)
            step_fail(world, "step.lost", there, uuid, step);
        unsigned most_heard = most + (may_end && step == EVENT_WITHDRAW);
        if (heard > most_heard || counts[0].answered[step] > most)
            step_fail(world, "step.twice", there, uuid, step);
        /* the receiver decides: what it refused did not happen there */
        if (refers && heard + refused > most_heard)
            step_fail(world, "step.refused", there, uuid, step);
        if (heard + returned > most_heard + back &&
            !closer_was_at(world, here, there))
            step_fail(world, "step.returned", there, uuid, step);
    }
}

static void steps_of_all(struct world *world, const struct rows *rows)
{
    if (world->truth.deed_count > 0)
        qsort(world->truth.deeds, world->truth.deed_count, sizeof(struct deed),
            deed_compare);
    for (size_t i = 0; i < world->gateway_count && !world->failed; i++)
        for (size_t k = 0; k < rows[i].count; k++) {
            const struct row *row = &rows[i].items[k];
            struct counts both[2];
            struct counts swapped[2];
            if (!row->is_outgoing || !agency_is_linked(world, i, row->peer) ||
                rogue_is_for_good(world, i, row->peer) ||
                usurper_took(world, i, &row->uuid) ||
                twofold_has(world, &row->uuid))
                continue;
            counts_read(world, &world->gateways[i], &row->uuid, &both[0]);
            bool is_heard = row_find(&rows[row->peer], &row->uuid) != NULL;
            both[1] = (struct counts){ 0 };
            if (is_heard)
                counts_read(
                    world, &world->gateways[row->peer], &row->uuid, &both[1]);
            if (both[0].pending != 0)
                world_fail(world, "referral.stuck", i);
            swapped[0] = both[1];
            swapped[1] = both[0];
            steps_check(world, i, row->peer, &row->uuid, both, is_heard, true);
            if (is_heard)
                steps_check(
                    world, row->peer, i, &row->uuid, swapped, true, false);
        }
}

/* ---- Programs ----------------------------------------------------------- */

/* Where the feed was numbered anew and nothing came since, the reader has yet
 * to hear of it: its cursor, too, says what it was told. */
static void head_check(struct world *world, const struct program *program,
    const struct local_record *cursor)
{
    const struct reader *reader = &program->of.reader;
    int64_t head = heard_number(cursor, "head");
    bool is_unheard =
        (uint64_t)heard_number(cursor, "epoch") != reader->epoch &&
        heard_number(cursor, "position") == head;
    if (head == reader->seen || is_unheard ||
        (reader_may_be_again(program) && head < reader->seen))
        return;
    world_say(world, "seen to %lld of %lld", (long long)reader->seen,
        (long long)head);
    world_fail(world, "feed.missed", program->gateway->index);
}

static void readers_check(struct world *world)
{
    for (size_t i = 0; i < world->program_count; i++) {
        struct program *program = &world->programs[i];
        struct say say;
        struct local_reply reply;
        if (!program->is_reader)
            continue;
        say_begin(&say, world, "cursor.list");
        if (local_reply_read(
                gateway_ask(world, program->gateway, say_end(&say)),
                &world->talk, &reply) != ERR_NONE ||
            reply.record_count == 0)
            world_fail(world, "local.malformed", program->gateway->index);
        else
            head_check(world, program, &reply.records[0]);
        arena_reset(&world->talk);
    }
}

/* ---- Quiet -------------------------------------------------------------- */

/* Who has no receipt asks again, and what else it hears ends its backoff. */
#define UNSIGNED_COUNT_MAX (SIM_IDLE_MS / REQUEST_TIMEOUT_MS + 1)

/* A member that only dials out keeps one Collect waiting at each peer; nobody
 * else has a reason to ask, but once a day how far programs over there are. */
static void quiet_check(struct world *world, size_t at)
{
    const struct gateway *gateway = &world->gateways[at];
    uint64_t most = 0;
    for (size_t i = 0; i < world->gateway_count; i++)
        if (agency_dials_only(world, at) && agency_is_linked(world, at, i))
            most += SIM_IDLE_MS / COLLECT_WAIT_MS + 1;
    for (size_t i = 0; i < world->gateway_count; i++)
        if (world->scheduler.now_ms >= MARK_ASK_MS && i != at &&
            agency_is_linked(world, at, i) && !agency_dials_only(world, i))
            most++;
    for (size_t i = 0; i < world->gateway_count; i++)
        if (i != at && withholder_is_between(world, at, i))
            most += UNSIGNED_COUNT_MAX;
    uint64_t count = gateway->asked_count - gateway->asked_before_end;
    world->tally->idle_requests += count;
    if (count > most && !(rogue_is_at(world, at) && world->options.renew == 0))
        world_fail(world, "gateway.restless", at);
}

/* Of the hub's memory that a member may take, for as long as it is known. */
#define STAR_MEMBER_SIZE_MAX 2048

/* And of any gateway's, for what is its own: card, sheet, revocation. */
#define OWN_SIZE_MAX (3 * (SIGNED_CARD_SIZE_MAX + 64))

/* What a gateway remembers follows from whom it knows, not from what it did. */
void audit_memory(struct world *world, size_t at)
{
    const struct gateway *gateway = &world->gateways[at];
    size_t most = OWN_SIZE_MAX + world->gateway_count * STAR_MEMBER_SIZE_MAX;
    if (gateway->memory.used - gateway->memory_empty > most)
        world_fail(world, "memory.grows", at);
}

static void star_say(struct world *world)
{
    size_t count = world->gateway_count - 1;
    uint64_t asked = 0;
    for (size_t i = 1; i <= count; i++)
        asked += world->gateways[i].asked_count -
                 world->gateways[i].asked_before_end;
    const struct gateway *hub = &world->gateways[0];
    size_t each = (hub->memory.used - hub->memory_empty) / count;
    printf("refer-sim: %zu members, each %.1f requests in an idle hour, %zu "
           "bytes of "
           "the hub's memory\n",
        count, (double)asked * 3600000 / SIM_IDLE_MS / (double)count, each);
    if (count >= 100 && each > STAR_MEMBER_SIZE_MAX)
        world_fail(world, "star.heavy", 0);
}

/* Every member of a star referred somebody, and was referred somebody. */
static void star_check(struct world *world)
{
    const struct truth *truth = &world->truth;
    for (size_t i = 1; i < world->gateway_count; i++) {
        bool both[2] = { false, false };
        for (size_t k = 0; k < truth->affair_count; k++)
            if (truth->affairs[k].outcome == OUTCOME_DONE) {
                both[0] |= truth->affairs[k].from == i;
                both[1] |= truth->affairs[k].to == i;
            }
        if (!both[0] || !both[1])
            world_fail(world, "star.unserved", i);
    }
    star_say(world);
}

void audit_run(struct world *world)
{
    struct rows *rows = calloc(world->gateway_count, sizeof *rows);
    if (rows == NULL)
        abort();
    for (size_t i = 0; i < world->gateway_count; i++)
        if (!world->gateways[i].is_up)
            world_fail(world, "node.down", i);
    if (!world->is_agreed)
        world_fail(world, "agreement.stuck", 0);
    for (size_t i = 0; i < world->gateway_count; i++) {
        quiet_check(world, i);
        audit_memory(world, i);
    }
    if (world->options.star != 0)
        star_check(world);
    for (size_t i = 0; i < world->gateway_count && !world->failed; i++)
        rot_check(world, i);
    for (size_t i = 0; i < world->gateway_count && !world->failed; i++)
        apart_check(world, i);
    for (size_t i = 0; i < world->gateway_count && !world->failed; i++)
        withholder_check(world, i);
    if (!world->failed)
        audit_ledgers(world);
    if (!world->failed)
        audit_accords(world);
    if (!world->failed)
        twofold_check(world);
    if (!world->failed)
        usurper_check(world);
    for (size_t i = 0; i < world->gateway_count && !world->failed; i++)
        rows_read(world, &world->gateways[i], &rows[i]);
    if (!world->failed)
        again_find(world);
    if (!world->failed)
        register_check(world, rows);
    if (!world->failed)
        steps_of_all(world, rows);
    if (!world->failed)
        readers_check(world);
    if (!world->failed)
        model_check(world);
    if (!world->failed)
        audit_contents(world);
    if (!world->failed)
        keeping_end(world);
    for (size_t i = 0; i < world->gateway_count; i++)
        free(rows[i].items);
    free(rows);
}
