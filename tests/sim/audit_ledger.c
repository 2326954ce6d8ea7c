#include "sim/audit_ledger.h"

#include <string.h>

#include "sim/say.h"
#include "sim/world.h"

/* One end of a ledger, as the gateway tells it. */
struct end {
    bool is_there;
    int64_t size;
    int64_t cosigned;
    char root[65];
    char generation[17];
};

struct ends {
    struct end out[AGENCY_COUNT_MAX][AGENCY_COUNT_MAX]; /* author, recipient */
    struct end in[AGENCY_COUNT_MAX][AGENCY_COUNT_MAX];  /* author, recipient */
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
    struct end *end = is_out ? &ends->out[at][other] : &ends->in[other][at];
    end->is_there = true;
    end->size = heard_number(record, "size");
    end->cosigned = heard_number(record, "cosigned");
    text_copy(end->root, sizeof end->root, heard_text(record, "root"));
    text_copy(end->generation, sizeof end->generation,
        heard_text(record, "generation"));
    if (heard_number(record, "intact") == 0)
        world_fail(world, "ledger.damaged", at);
    if (!slice_is(heard_text(record, "state"), "settled"))
        world_fail(world, "ledger.unsettled", at);
}

static void ends_read(struct world *world, size_t at, struct ends *ends)
{
    struct say say;
    struct local_reply reply;
    say_begin(&say, world, "ledger.verify");
    if (local_reply_read(
            gateway_ask(world, &world->gateways[at], say_end(&say)),
            &world->talk, &reply) != ERR_NONE ||
        reply.err != ERR_NONE)
        world_fail(world, "local.malformed", at);
    else
        for (size_t i = 0; i < reply.record_count; i++)
            end_read(world, at, &reply.records[i], ends);
    arena_reset(&world->talk);
}

static void queues_check(struct world *world, size_t at)
{
    struct say say;
    struct local_reply reply;
    say_begin(&say, world, "peer.list");
    if (local_reply_read(
            gateway_ask(world, &world->gateways[at], say_end(&say)),
            &world->talk, &reply) != ERR_NONE ||
        reply.record_count + 1 != world->gateway_count)
        world_fail(world, "local.malformed", at);
    else
        for (size_t i = 0; i < reply.record_count; i++)
            if (heard_number(&reply.records[i], "queued") != 0)
                world_fail(world, "ledger.queued", at);
    arena_reset(&world->talk);
}

void audit_ledgers(struct world *world)
{
    struct ends ends = { 0 };
    for (size_t i = 0; i < world->gateway_count; i++) {
        ends_read(world, i, &ends);
        queues_check(world, i);
    }
    for (size_t i = 0; i < world->gateway_count; i++)
        for (size_t k = 0; k < world->gateway_count; k++) {
            const struct end *out = &ends.out[i][k];
            const struct end *in = &ends.in[i][k];
            if (i == k)
                continue;
            if (!out->is_there || !in->is_there || out->size != in->size ||
                out->cosigned != out->size || in->cosigned != in->size ||
                strcmp(out->root, in->root) != 0 ||
                strcmp(out->generation, in->generation) != 0)
                world_fail(world, "ledger.differs", k);
        }
}
