#include "sim/audit_ledger.h"

#include <stdlib.h>
#include <string.h>

#include "sim/agency.h"
#include "sim/marks.h"
#include "sim/say.h"
#include "sim/world.h"

#define AFTER_SIZE 128 /* where an answer says that it goes on */

/* One end of a ledger, as the gateway tells it. */
struct end {
    bool is_there;
    int64_t size;
    int64_t cosigned;
    int64_t collected;
    char root[65];
    char generation[17];
};

/* Of what one gateway has with each other. */
struct ends {
    struct end *out; /* by peer */
    struct end *in;
};

static void text_copy(char *text, size_t capacity, struct slice from)
{
    size_t size = from.size < capacity - 1 ? from.size : capacity - 1;
    memcpy(text, from.bytes, size);
    text[size] = '\0';
}

static void end_read(struct world *world, size_t at,
    const struct local_record *record, struct ends *ends)
{
    struct agency_id peer;
    if (agency_id_parse(heard_text(record, "peer"), &peer) != ERR_NONE) {
        world_fail(world, "local.malformed", at);
        return;
    }
    size_t other = gateway_find(world, &peer);
    bool is_out = slice_is(heard_text(record, "direction"), "out");
    struct end *end = is_out ? &ends[at].out[other] : &ends[at].in[other];
    end->is_there = true;
    end->size = heard_number(record, "size");
    end->cosigned = heard_number(record, "cosigned");
    end->collected = heard_number(record, "collected");
    text_copy(end->root, sizeof end->root, heard_text(record, "root"));
    text_copy(end->generation, sizeof end->generation,
        heard_text(record, "generation"));
    if (heard_number(record, "intact") == 0)
        world_fail(world, "ledger.damaged", at);
    /* beside one that stands still the other may have nothing to compare for */
    if (!slice_is(heard_text(record, "state"), "settled") &&
        !rogue_is_for_good(world, at, other))
        world_fail(world, "ledger.unsettled", at);
}

/* One answer; where it goes on, copied, else false. */
static bool page_read(struct world *world, size_t at, size_t peer,
    char after[AFTER_SIZE], struct ends *ends)
{
    struct say say;
    struct local_reply reply;
    bool goes_on = false;
    say_begin(&say, world, "ledger.verify");
    say_text(&say, "peer", world->gateways[peer].agency.text);
    if (after[0] != '\0')
        say_text(&say, "after", after);
    if (local_reply_read(
            gateway_ask(world, &world->gateways[at], say_end(&say)),
            &world->talk, &reply) != ERR_NONE ||
        reply.err != ERR_NONE)
        world_fail(world, "local.malformed", at);
    else
        for (size_t i = 0; i < reply.record_count; i++) {
            const struct local_record *record = &reply.records[i];
            struct slice text = heard_text(record, "after");
            if (!slice_is(record->type, "more")) {
                end_read(world, at, record, ends);
            } else {
                text_copy(after, AFTER_SIZE, text);
                goes_on = true;
            }
        }
    arena_reset(&world->talk);
    return goes_on;
}

/* Peer by peer: one reply does not hold thousands. */
static void ends_read(
    struct world *world, size_t at, size_t peer, struct ends *ends)
{
    char after[AFTER_SIZE] = "";
    while (page_read(world, at, peer, after, ends))
        continue;
}

static size_t met_count(const struct world *world, size_t at)
{
    size_t count = 0;
    for (size_t i = 0; i < world->gateway_count; i++)
        count += agency_is_met(world, at, i);
    return count;
}

static void queue_check(
    struct world *world, size_t at, const struct local_record *record)
{
    struct agency_id peer;
    if (agency_id_parse(heard_text(record, "agency"), &peer) != ERR_NONE)
        world_fail(world, "local.malformed", at);
    else if (heard_number(record, "queued") != 0 &&
             agency_is_linked(world, at, gateway_find(world, &peer)) &&
             !rogue_is_stopped(world, at, gateway_find(world, &peer)))
        world_fail(world, "ledger.queued", at);
}

static void queues_check(struct world *world, size_t at)
{
    struct say say;
    struct local_reply reply;
    say_begin(&say, world, "peer.list");
    if (local_reply_read(
            gateway_ask(world, &world->gateways[at], say_end(&say)),
            &world->talk, &reply) != ERR_NONE ||
        reply.record_count != met_count(world, at))
        world_fail(world, "local.malformed", at);
    else
        for (size_t i = 0; i < reply.record_count; i++)
            queue_check(world, at, &reply.records[i]);
    arena_reset(&world->talk);
}

/* A second history that goes on from the first contradicts nothing before its
 * author speaks again: they compare at a start, and when something is said. */
static bool is_longer_by_a_fork(struct world *world, size_t author,
    size_t recipient, const struct end *out, const struct end *in)
{
    return watched_of(&world->watch, author, recipient)->is_forked &&
           strcmp(out->generation, in->generation) == 0 &&
           in->size == out->size + 1 && in->cosigned == in->size &&
           out->cosigned == out->size;
}

static void pair_check(struct world *world, const struct ends *ends,
    size_t author, size_t recipient)
{
    const struct end *out = &ends[author].out[recipient];
    const struct end *in = &ends[recipient].in[author];
    if (is_longer_by_a_fork(world, author, recipient, out, in))
        return;
    if (!out->is_there || !in->is_there || out->size != in->size ||
        out->cosigned != out->size || in->cosigned != in->size ||
        strcmp(out->root, in->root) != 0 ||
        strcmp(out->generation, in->generation) != 0) {
        world_say(world, "of %zu: %lld/%lld in %s there, %lld/%lld in %s here",
            author, (long long)out->cosigned, (long long)out->size,
            out->generation, (long long)in->cosigned, (long long)in->size,
            in->generation);
        world_fail(world, "ledger.differs", recipient);
    }
    marks_end(
        world, author, recipient, in->size, out->collected, in->collected);
}

static struct ends *ends_new(size_t count)
{
    struct ends *ends = calloc(count, sizeof *ends);
    if (ends == NULL)
        abort();
    for (size_t i = 0; i < count; i++) {
        ends[i].out = calloc(count, sizeof *ends[i].out);
        ends[i].in = calloc(count, sizeof *ends[i].in);
        if (ends[i].out == NULL || ends[i].in == NULL)
            abort();
    }
    return ends;
}

static void ends_free(struct ends *ends, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(ends[i].out);
        free(ends[i].in);
    }
    free(ends);
}

void audit_ledgers(struct world *world)
{
    size_t count = world->gateway_count;
    struct ends *ends = ends_new(count);
    for (size_t i = 0; i < count && !world->failed; i++) {
        for (size_t k = 0; k < count; k++)
            if (agency_is_linked(world, i, k))
                ends_read(world, i, k, ends);
        queues_check(world, i);
    }
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < count; k++)
            if (agency_is_linked(world, i, k) && !rogue_is_stopped(world, i, k))
                pair_check(world, ends, i, k);
    ends_free(ends, count);
}
