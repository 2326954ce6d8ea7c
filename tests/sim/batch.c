#include "sim/batch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "core/node_state.h"
#include "core/note.h"
#include "core/scrub_patrol.h"
#include "sim/agency.h"
#include "sim/borrower.h"
#include "sim/claimer.h"
#include "sim/disk.h"
#include "sim/flooder.h"
#include "sim/forger.h"
#include "sim/garbler.h"
#include "sim/rehearsal.h"
#include "sim/rotation.h"
#include "sim/stale.h"
#include "sim/withholder.h"
#include "sim/world.h"
#include "support/open_copy.h"

struct batch {
    struct world *world;
    struct gateway *gateway;
    struct store_txn *txn; /* NULL: no step was taken yet, or it is over */
    struct slice asked;    /* batch_ask: the reply */
    bool is_ask;
    bool is_full;       /* for new referrals */
    uint64_t submitted; /* before it */
    uint64_t epoch;     /* of the feed, before it */
    bool has_replied;   /* planted: peers have their replies already */
    bool is_unknown;    /* its commit is said to have failed, and did not */
};

#define ASK_CLIENT UINT64_MAX

/* ---- Inputs ------------------------------------------------------------- */

static void begin(struct batch *batch)
{
    struct gateway *gateway = batch->gateway;
    struct store_usage usage;
    if (gateway->store->ops->begin(gateway->store, true, &batch->txn) !=
        ERR_NONE)
        abort();
    gateway->store->ops->usage(gateway->store, &usage);
    node_begin(gateway->node, batch->txn, &usage);
    batch->is_full =
        usage.used / (usage.capacity / 100 + 1) >= STORE_INTAKE_PERCENT_MAX;
    batch->epoch = gateway->node->feed_epoch;
    batch->submitted = gateway->node->counters.referrals_submitted;
    TALLY(batch->world, batches);
}

static enum err step(struct batch *batch, struct node_input *input)
{
    struct world *world = batch->world;
    struct gateway *gateway = batch->gateway;
    input->now = gateway_now(world, gateway);
    input->steady_ms = gateway_steady_ms(world, gateway);
    world_fill(world, input->entropy, SEED_SIZE);
    if (batch->txn == NULL) {
        rehearsal(world, gateway, input);
        begin(batch);
    }
    return node_step(gateway->node, input);
}

/* The operation key of an agency that was accepted here. */
static bool key_find(void *user, const struct agency_id *agency,
    uint64_t key_id, uint8_t key[KEY_SIZE])
{
    struct batch *batch = user;
    size_t index = gateway_find(batch->world, agency);
    if (index == batch->world->gateway_count)
        return false;
    const struct contact *entry = gateway_contact(batch->gateway, index);
    for (size_t i = 0; entry->is_known && i < entry->operation_key_count; i++)
        if (crypto_key_id(batch->gateway->crypto, entry->operation_keys[i]) ==
            key_id) {
            memcpy(key, entry->operation_keys[i], KEY_SIZE);
            return true;
        }
    return false;
}

/* What cannot be opened gets a hint in the clear, which may be lost. */
static void turn_away(
    struct batch *batch, const struct letter *letter, enum err err)
{
    struct world *world = batch->world;
    struct gateway *gateway = batch->gateway;
    TALLY(world, requests_unopened);
    if (err == ERR_KEY)
        TALLY(world, requests_rekeyed);
    else if (!world->is_calm && world_below(world, STREAM_turn, 2) == 0)
        return;
    struct slice frame =
        err == ERR_KEY
            ? reply_plain(
                  PLAIN_REKEY, node_sheet(gateway->node), 0, &world->wire)
            : reply_plain(PLAIN_REFUSED, SLICE_NONE, 0, &world->wire);
    network_reply(world, gateway->index, letter->from, letter->id, frame);
    arena_reset(&world->wire);
}

/* A free place; the places move. */
static struct served *served_new(struct gateway *gateway, size_t *handle)
{
    for (*handle = 0; *handle < gateway->served_capacity; ++*handle)
        if (!gateway->served[*handle].is_used)
            return &gateway->served[*handle];
    size_t more = gateway->served_capacity == 0 ? 16 : gateway->served_capacity;
    gateway->served = realloc(gateway->served,
        (gateway->served_capacity + more) * sizeof *gateway->served);
    if (gateway->served == NULL)
        abort();
    memset(gateway->served + gateway->served_capacity, 0,
        more * sizeof *gateway->served);
    gateway->served_capacity += more;
    return &gateway->served[*handle];
}

/* With which fence a parcel came. */
static void fence_note(
    struct world *world, struct slice body, uint8_t fence[FENCE_SIZE])
{
    struct deliver deliver;
    size_t used = world->wire.used;
    if (deliver_read(body, &world->wire, &deliver) == ERR_NONE &&
        deliver.fence.size == FENCE_SIZE)
        memcpy(fence, deliver.fence.bytes, FENCE_SIZE);
    arena_rewind(&world->wire, used);
}

static enum err feed_request(struct batch *batch, const struct letter *letter)
{
    struct world *world = batch->world;
    struct gateway *gateway = batch->gateway;
    struct request request;
    struct request_secret secret;
    size_t handle;
    enum err err = request_open_copy(gateway->crypto, &gateway->agency,
        letter_slice(letter), &world->opened, key_find, batch, &secret,
        &request);
    if (err != ERR_NONE) {
        borrower_pass_on(world, gateway, letter);
        turn_away(batch, letter, err);
        return ERR_NONE;
    }
    newer_opened(world, gateway->index, letter->id, letter_slice(letter));
    if (request.kind == REQUEST_HEAD)
        gateway_contact(gateway, letter->from)->has_compared = true;
    borrower_opened(world, gateway->index, letter->from, &request.sender);
    forger_request_believed(world, gateway->index, letter->from, &request);
    struct served *served = served_new(gateway, &handle);
    *served = (struct served){ .from = letter->from,
        .id = letter->id,
        .secret = secret,
        .is_collect = request.kind == REQUEST_COLLECT };
    if (request.kind == REQUEST_DELIVER)
        fence_note(world, request.body, served->fence);
    struct node_input input = { .type = NODE_PEER_REQUEST };
    input.of.request.handle = handle;
    input.of.request.request = &request;
    err = step(batch, &input);
    served->is_used = err == ERR_NONE;
    if (err == ERR_NONE)
        rogue_pass_on(world, gateway, &request);
    return err;
}

/* Whose request it is that the letter is about; NULL when it came too late. */
static struct waiting *waiting_for(const struct world *world,
    struct gateway *gateway, uint64_t id, struct contact **contact)
{
    for (size_t i = 0; id != 0 && i < world->gateway_count; i++) {
        *contact = gateway->contacts[i];
        for (size_t k = 0; *contact != NULL && k < WAITING_COUNT_MAX; k++)
            if ((*contact)->waiting[k].id == id)
                return &(*contact)->waiting[k];
    }
    return NULL;
}

/* What the next Collect may carry a receipt for. */
static void parcel_note(
    struct world *world, struct contact *contact, const struct reply *reply)
{
    struct deliver deliver;
    struct note note;
    size_t used = world->wire.used;
    if (reply->plain != 0 || reply->kind != REPLY_PARCEL)
        return;
    contact->size_fed = 0;
    if (reply->body.size > 0 &&
        deliver_read(reply->body, &world->wire, &deliver) == ERR_NONE &&
        note_parse(deliver.parcel.note, &note) == ERR_NONE) {
        contact->size_fed = note.size;
        memcpy(contact->fence_fed, deliver.fence.bytes, FENCE_SIZE);
    }
    arena_rewind(&world->wire, used);
}

static enum err feed_reply(struct batch *batch, const struct letter *letter)
{
    struct world *world = batch->world;
    struct gateway *gateway = batch->gateway;
    struct reply reply;
    struct contact *contact;
    struct waiting *waiting = waiting_for(world, gateway, letter->id, &contact);
    if (waiting == NULL)
        return ERR_NONE;
    struct node_input input = { .type = NODE_PEER_REPLY };
    input.of.reply.token = waiting->token;
    input.of.reply.err = letter->err;
    if (letter->kind == LETTER_REPLY) {
        input.of.reply.err = reply_open_copy(gateway->crypto, &waiting->secret,
            &(struct replier){
                (const uint8_t(*)[KEY_SIZE])contact->operation_keys,
                contact->operation_key_count, contact->card_serial },
            letter_slice(letter), &world->opened, &reply);
        if (input.of.reply.err == ERR_NONE) {
            input.of.reply.reply = &reply;
            newer_told(world, letter->id, &reply);
        } else {
            TALLY(world, replies_unopened);
        }
    }
    enum err err = step(batch, &input);
    if (err != ERR_NONE)
        return err;
    waiting->id = 0;
    if (input.of.reply.reply != NULL) {
        contact->has_compared |= reply.kind == REPLY_HEAD;
        parcel_note(world, contact, &reply);
    }
    return ERR_NONE;
}

static enum err feed_sheet(struct batch *batch)
{
    struct gateway *gateway = batch->gateway;
    struct sealing_key keys[AGENCY_DAY_COUNT];
    struct node_input input = { .type = NODE_SHEET };
    gateway->sheet_day = agency_day(gateway_now(batch->world, gateway));
    agency_sheet(gateway, gateway->sheet_day, keys);
    borrower_sheet(batch->world, gateway, keys, AGENCY_DAY_COUNT);
    input.of.sheet.keys = keys;
    input.of.sheet.count = AGENCY_DAY_COUNT;
    return step(batch, &input);
}

static enum err feed_card(struct batch *batch)
{
    struct node_input input = { .type = NODE_CARD };
    rotation_make(batch->world, batch->gateway);
    input.of.card.card = batch->gateway->card;
    enum err err = step(batch, &input);
    return err == ERR_NONE ? feed_sheet(batch) : err;
}

static enum err feed(struct batch *batch, const struct letter *letter)
{
    struct node_input input = { .type = NODE_TIME };
    switch (letter->kind) {
    case LETTER_REQUEST:
        return feed_request(batch, letter);
    case LETTER_REPLY:
    case LETTER_FAILURE:
        return feed_reply(batch, letter);
    case LETTER_SHEET:
        return feed_sheet(batch);
    case LETTER_CARD:
        return feed_card(batch);
    case LETTER_CLIENT:
    case LETTER_GONE:
        input.type =
            letter->kind == LETTER_GONE ? NODE_CLIENT_GONE : NODE_CLIENT;
        input.of.client.client = letter->id;
        input.of.client.rights = letter->rights;
        input.of.client.uid = letter->uid;
        input.of.client.frame = letter_slice(letter);
        break;
    case LETTER_REVIEW:
        input.type = NODE_REVIEW;
        input.of.review.clock_is_trusted =
            gateway_clock_is_right(batch->gateway);
        break;
    case LETTER_TIME:
        break;
    }
    return step(batch, &input);
}

/* ---- Outputs ------------------------------------------------------------ */

/* There will be no reply, if there was none yet. */
static void give_out(
    struct world *world, struct gateway *gateway, uint64_t id, enum err err)
{
    struct contact *contact;
    if (waiting_for(world, gateway, id, &contact) == NULL)
        return;
    TALLY(world, timeouts);
    struct letter *letter =
        letter_new(&world->letters, LETTER_FAILURE, SLICE_NONE);
    letter->id = id;
    letter->err = err;
    gateway_queue(world, gateway, letter);
}

static void timeout(struct world *world, void *subject, uint64_t id)
{
    give_out(world, subject, id, ERR_TIMEOUT);
}

static bool is_held(const struct gateway *holder, size_t from, uint64_t id)
{
    for (size_t i = 0; i < holder->served_capacity; i++)
        if (holder->served[i].is_used && holder->served[i].from == from &&
            holder->served[i].id == id)
            return true;
    return false;
}

/* A connection on which a Collect waits is probed, as the transport does: who
 * forgot it has closed it. */
static void probe(struct world *world, void *subject, uint64_t id)
{
    struct gateway *gateway = subject;
    struct contact *contact;
    struct waiting *waiting = waiting_for(world, gateway, id, &contact);
    if (waiting == NULL)
        return;
    size_t peer = gateway_find(world, &waiting->secret.recipient);
    if (!is_held(&world->gateways[peer], gateway->index, id))
        give_out(world, gateway, id, ERR_UNREACHABLE);
    else if (world->scheduler.now_ms - waiting->asked_ms >=
             COLLECT_WAIT_MS + REQUEST_TIMEOUT_MS)
        give_out(world, gateway, id, ERR_TIMEOUT);
    else
        scheduler_add(
            &world->scheduler, CONNECTION_IDLE_MS_MAX, probe, gateway, id);
}

/* The dial failed. */
static void unreachable(struct world *world, void *subject, uint64_t id)
{
    struct gateway *gateway = subject;
    struct letter *letter =
        letter_new(&world->letters, LETTER_FAILURE, SLICE_NONE);
    letter->id = id;
    letter->err = ERR_UNREACHABLE;
    gateway_queue(world, gateway, letter);
}

static struct waiting *waiting_new(
    struct batch *batch, size_t peer, enum request_kind kind)
{
    struct contact *contact = gateway_contact(batch->gateway, peer);
    bool collects = kind == REQUEST_COLLECT || kind == REQUEST_FETCHED;
    struct waiting *waiting = &contact->waiting[collects];
    if (waiting->id != 0)
        world_fail(batch->world, "delivery.twice", batch->gateway->index);
    waiting->id = batch->world->id_next++;
    waiting->asked_ms = batch->world->scheduler.now_ms;
    return waiting;
}

static void carry_request(struct batch *batch, const struct node_output *output)
{
    struct world *world = batch->world;
    struct gateway *gateway = batch->gateway;
    size_t peer = gateway_find(world, &output->of.send.agency);
    enum request_kind kind = output->of.send.kind;
    const struct slice said =
        claimer_request(world, gateway, kind, output->of.send.body);
    struct slice body = said;
    uint8_t seed[SEED_SIZE];
    struct slice frame;
    assert(peer < world->gateway_count);
    struct waiting *waiting = waiting_new(batch, peer, kind);
    gateway->asked_count++;
    watch_request(world, gateway->index, peer, kind, body);
    world_fill(world, seed, sizeof seed);
    waiting->token = output->of.send.token;
    if (kind == REQUEST_HEAD)
        body = withholder_head(
            world, gateway, rogue_head(world, gateway, peer, body));
    else if (kind == REQUEST_COLLECT)
        body = withholder_collect(world, gateway, body);
    else if (kind == REQUEST_DELIVER)
        body = forger_deliver(world, gateway, peer, waiting->id, body);
    body = stale_request(world, gateway, kind, body);
    body = newer_request(world, gateway, waiting->id, &kind, body);
    if (request_seal(gateway->crypto, &gateway->agency, &output->of.send.agency,
            output->of.send.sealing_key, kind, claimer_now(world, gateway),
            body, seed, &world->wire, &waiting->secret, &frame) != ERR_NONE) {
        world_fail(world, "request.unsealed", gateway->index);
        return;
    }
    world_say(world, "agency %zu asks %zu, kind %d, %zu bytes", gateway->index,
        peer, (int)kind, output->of.send.body.size);
    bool is_as_said = !newer_frame(world, waiting->id, frame) &&
                      body.bytes == said.bytes && kind == output->of.send.kind;
    if (!is_as_said) /* a script put it otherwise: it may be refused */
        watch_disturbed(world, gateway->index, peer);
    watch_frame(world, gateway->index, frame);
    if (!network_request(world, gateway->index, peer, waiting->id, frame))
        scheduler_add(&world->scheduler,
            1 + world_below(world, STREAM_turn, 3000), unreachable, gateway,
            waiting->id);
    else if (output->of.send.kind == REQUEST_COLLECT)
        scheduler_add(&world->scheduler, CONNECTION_IDLE_MS_MAX, probe, gateway,
            waiting->id);
    else
        scheduler_add(&world->scheduler, REQUEST_TIMEOUT_MS, timeout, gateway,
            waiting->id);
    flooder_repeat(world, gateway, peer, output->of.send.kind, said);
    arena_reset(&world->wire);
}

static void carry_reply(struct batch *batch, const struct node_output *output)
{
    struct world *world = batch->world;
    struct gateway *gateway = batch->gateway;
    uint8_t seed[SEED_SIZE];
    struct slice frame;
    assert(output->of.reply.handle < gateway->served_capacity);
    struct served *served = &gateway->served[output->of.reply.handle];
    if (!served->is_used)
        world_fail(world, "request.answered-twice", gateway->index);
    enum reply_kind kind = output->of.reply.kind;
    const struct slice said =
        claimer_reply(world, gateway, kind, output->of.reply.body);
    struct slice body = said;
    served->is_used = false;
    world->tally->replies[output->of.reply.kind]++;
    forger_reply_seen(world, gateway->index, served, output->of.reply.kind,
        output->of.reply.body);
    newer_answered(world, gateway->index, served, output->of.reply.kind,
        output->of.reply.body);
    watch_reply(world, gateway->index, served, output->of.reply.kind, body);
    if (withholder_keeps(world, gateway, output->of.reply.kind))
        return;
    world_fill(world, seed, sizeof seed);
    if (output->of.reply.kind == REPLY_HEAD)
        body = withholder_head(
            world, gateway, rogue_head(world, gateway, served->from, body));
    else if (output->of.reply.kind == REPLY_COSIGNED)
        body = forger_cosigned(world, gateway, body);
    body = stale_reply(world, gateway, kind, body);
    body = newer_reply(world, gateway, &kind, body);
    if (body.bytes != said.bytes || kind != output->of.reply.kind)
        watch_disturbed(world, gateway->index, served->from);
    if (reply_seal(gateway->crypto, &served->secret, kind,
            claimer_now(world, gateway), body, seed, &world->wire,
            &frame) != ERR_NONE) {
        world_fail(world, "reply.unsealed", gateway->index);
        return;
    }
    world_say(world, "agency %zu answers %zu, kind %d", gateway->index,
        served->from, (int)output->of.reply.kind);
    watch_frame(world, gateway->index, frame);
    network_reply(world, gateway->index, served->from, served->id, frame);
    arena_reset(&world->wire);
}

static void carry_directory(
    struct batch *batch, const struct node_directory *directory)
{
    size_t peer = gateway_find(batch->world, &directory->agency);
    assert(peer < batch->world->gateway_count);
    struct contact *entry = gateway_contact(batch->gateway, peer);
    stale_directory(batch->world, batch->gateway->index, peer, directory);
    entry->is_known = directory->accepted;
    entry->operation_key_count = directory->operation_key_count;
    entry->card_serial = directory->card_serial;
    for (size_t i = 0; i < directory->operation_key_count; i++)
        memcpy(
            entry->operation_keys[i], directory->operation_keys[i], KEY_SIZE);
}

static void carry_log(struct batch *batch, const struct log_entry *entry)
{
    char line[512];
    (void)log_format(entry, line, sizeof line);
    world_say(batch->world, "agency %zu: %s", batch->gateway->index, line);
    watch_log(batch->world, batch->gateway->index, entry);
    if (entry->event == LOG_STORE_LOST && batch->gateway->node->has_lost &&
        batch->gateway->node->feed_epoch == batch->epoch)
        world_fail(batch->world, "feed.survived", batch->gateway->index);
    world_trace(batch->world, line, strlen(line));
}

static void carry_out(struct batch *batch, const struct node_output *output)
{
    struct world *world = batch->world;
    struct gateway *gateway = batch->gateway;
    world_trace_number(world, (uint64_t)output->type << 32 | gateway->index);
    world_trace_number(world, (uint64_t)world->scheduler.now_ms);
    switch (output->type) {
    case NODE_SEND:
        world_trace(
            world, output->of.send.body.bytes, output->of.send.body.size);
        carry_request(batch, output);
        break;
    case NODE_REPLY:
        world_trace(
            world, output->of.reply.body.bytes, output->of.reply.body.size);
        carry_reply(batch, output);
        break;
    case NODE_CLIENT_REPLY:
        world_trace(
            world, output->of.client.frame.bytes, output->of.client.frame.size);
        if (output->of.client.client == ASK_CLIENT)
            batch->asked = arena_copy(&world->talk, output->of.client.frame);
        else
            program_reply(world, gateway, output->of.client.client,
                output->of.client.frame);
        break;
    case NODE_DIRECTORY:
        carry_directory(batch, &output->of.directory);
        break;
    case NODE_RELOAD:
        break; /* nothing here has files */
    case NODE_LOG:
        carry_log(batch, &output->of.log);
        break;
    }
}

/* What was committed, and the machine stopped before it was said. */
static void leave_unsaid(struct batch *batch, size_t from)
{
    size_t count;
    const struct node_output *outputs =
        node_outputs(batch->gateway->node, &count);
    for (size_t i = from; i < count; i++)
        if (outputs[i].type == NODE_LOG)
            apart_unsaid(
                batch->world, batch->gateway->index, &outputs[i].of.log);
}

/* All of them, or those before the machine stops. */
static void carry_all(struct batch *batch, size_t count_max)
{
    size_t count;
    const struct node_output *outputs =
        node_outputs(batch->gateway->node, &count);
    for (size_t i = 0; i < count && i < count_max; i++)
        if (!batch->has_replied || outputs[i].type != NODE_REPLY)
            carry_out(batch, &outputs[i]);
    if (count_max < count) {
        leave_unsaid(batch, count_max);
        return;
    }
    const struct gateway *gateway = batch->gateway;
    for (size_t i = 0; i < gateway->served_capacity; i++)
        if (gateway->served[i].is_used && !gateway->served[i].is_collect)
            world_fail(batch->world, "request.unanswered", gateway->index);
}

/* ---- Planted ------------------------------------------------------------ */

static void replies_hurry(struct batch *batch)
{
    size_t count;
    const struct node_output *outputs =
        node_outputs(batch->gateway->node, &count);
    for (size_t i = 0; i < count; i++)
        if (outputs[i].type == NODE_REPLY)
            carry_out(batch, &outputs[i]);
    batch->has_replied = true;
}

static void mistakes_before_commit(struct batch *batch)
{
    const struct sim_plant *plant = &batch->world->plant;
    if (plant->outputs_before_commit)
        carry_all(batch, SIZE_MAX);
    if (plant->receipts_before_commit)
        replies_hurry(batch);
}

static void mistakes_after_failure(struct batch *batch)
{
    if (!batch->world->plant.commit_failure_ignored)
        return;
    store_memory_crash(batch->gateway->disk);
    carry_all(batch, SIZE_MAX);
}

/* ---- The whole ---------------------------------------------------------- */

enum ending {
    ENDING_WELL,
    ENDING_BEFORE_COMMIT,
    ENDING_AFTER_COMMIT,
    ENDING_AMONG_OUTPUTS,
};

static enum ending ending_draw(struct batch *batch)
{
    struct world *world = batch->world;
    if (batch->is_ask)
        return ENDING_WELL;
    bool is_nth = (int64_t)++batch->gateway->commit_count ==
                      world->options.commit_fail_nth &&
                  !world->is_calm;
    if (is_nth || CHANCE_OF_BATCH(world, commit_fail_permille)) {
        bool unknown = world_below(world, STREAM_commit_fail_permille, 2) == 0;
        store_memory_fail_commit(batch->gateway->disk, 1,
            unknown ? STORE_MEMORY_FAIL_AFTER : STORE_MEMORY_FAIL_BEFORE);
        batch->is_unknown = unknown;
        if (unknown)
            TALLY(world, commits_unknown);
        else
            TALLY(world, commits_refused);
    }
    bool crashes = CHANCE_OF_BATCH(world, crash_permille);
    if (gateway_has_lost(world, batch->gateway->index))
        crashes |= CHANCE(world, crash_lost_permille);
    if (!crashes)
        return ENDING_WELL;
    switch (world_below(world, STREAM_crash_permille, 3)) {
    case 0:
        TALLY(world, crashes_before_commit);
        return ENDING_BEFORE_COMMIT;
    case 1:
        TALLY(world, crashes_after_commit);
        return ENDING_AFTER_COMMIT;
    default:
        TALLY(world, crashes_among_outputs);
        return ENDING_AMONG_OUTPUTS;
    }
}

static void wake(struct world *world, void *subject, uint64_t life)
{
    struct gateway *gateway = subject;
    if (gateway->life != life || !gateway->is_up ||
        gateway->wake_steady_ms > gateway_steady_ms(world, gateway))
        return;
    gateway->wake_steady_ms = INT64_MAX;
    gateway_queue(
        world, gateway, letter_new(&world->letters, LETTER_TIME, SLICE_NONE));
}

static void wake_plan(struct world *world, struct gateway *gateway)
{
    int64_t due_ms = node_wake_steady_ms(gateway->node);
    int64_t now_ms = gateway_steady_ms(world, gateway);
    if (due_ms == INT64_MAX || due_ms == gateway->wake_steady_ms)
        return;
    gateway->wake_steady_ms = due_ms;
    scheduler_add(&world->scheduler, due_ms > now_ms ? due_ms - now_ms : 0,
        wake, gateway, gateway->life);
}

static void lose(struct batch *batch)
{
    if (batch->txn != NULL)
        batch->gateway->store->ops->abort(batch->txn);
    arena_reset(&batch->world->batch);
    arena_reset(&batch->world->scratch);
    gateway_crash(batch->world, batch->gateway);
}

/* The store or memory failed a step: the process ends. */
static void give_up(struct batch *batch, enum err err)
{
    struct world *world = batch->world;
    struct gateway *gateway = batch->gateway;
    world_say(world, "agency %zu: %s", gateway->index, err_text(err));
    if (err == ERR_CORRUPT && disk_is_wrong(gateway))
        world_say(world, "agency %zu found a wrong bit", gateway->index);
    else if (err == ERR_CORRUPT && gateway->rotted > 0 &&
             node_met_damage(gateway->node)) {
        if (++gateway->rot_deaths > gateway->rotted)
            world_fail(world, "node.loops", gateway->index);
    } else if (err != ERR_FULL || !gateway->is_filled)
        world_fail(world, "node.failed", gateway->index);
    else if (++gateway->full_count > 3)
        world_fail(world, "store.full-for-ever", gateway->index);
    if (batch->txn != NULL)
        gateway->store->ops->abort(batch->txn);
    batch->txn = NULL;
    if (node_met_damage(gateway->node))
        patrol_note_damage(gateway->store);
    lose(batch);
}

static void end(struct batch *batch)
{
    struct world *world = batch->world;
    struct gateway *gateway = batch->gateway;
    enum ending ending = ending_draw(batch);
    if (ending == ENDING_BEFORE_COMMIT) {
        lose(batch);
        return;
    }
    mistakes_before_commit(batch);
    struct store_txn *txn = batch->txn;
    batch->txn = NULL;
    if (gateway->store->ops->commit(txn) != ERR_NONE) {
        mistakes_after_failure(batch);
        if (batch->is_unknown)
            leave_unsaid(batch, 0);
        lose(batch);
        return;
    }
    gateway->full_count = 0;
    if (batch->is_full &&
        gateway->node->counters.referrals_submitted > batch->submitted)
        world_fail(world, "intake.full", gateway->index);
    gateway_committed(world, gateway);
    if (ending != ENDING_AFTER_COMMIT)
        gateway_mark(world, gateway, false);
    /* a machine that stops here does it when it starts again */
    if (ending != ENDING_AFTER_COMMIT &&
        node_committed(gateway->node) != ERR_NONE)
        abort();
    if (ending == ENDING_AFTER_COMMIT)
        leave_unsaid(batch, 0);
    else if (!world->plant.outputs_before_commit)
        carry_all(
            batch, ending == ENDING_AMONG_OUTPUTS
                       ? (size_t)world_below(world, STREAM_crash_permille, 4)
                       : SIZE_MAX);
    if (ending != ENDING_WELL) {
        lose(batch);
        return;
    }
    if (gateway->owes_notice)
        world_fail(world, "loss.unnoticed", gateway->index);
    wake_plan(world, gateway);
    node_release(gateway->node);
}

static void finish(struct batch *batch, enum err err)
{
    if (batch->txn == NULL)
        begin(batch);
    if (err == ERR_NONE || err == ERR_LIMIT)
        err = node_finish(batch->gateway->node);
    if (err == ERR_NONE)
        end(batch);
    else
        give_up(batch, err);
}

/* What the last agency writes into its ledgers beside what it is asked to. */
static void scripts_tell(struct world *world, struct gateway *gateway)
{
    stale_tell(world, gateway);
    claimer_tell(world, gateway);
    flooder_tell(world, gateway);
    twofold_tell(world, gateway);
    garbler_tell(world, gateway);
    usurper_tell(world, gateway);
}

void batch_run(struct world *world, struct gateway *gateway)
{
    struct batch batch = { .world = world, .gateway = gateway };
    int64_t limit =
        1 + world_below(world, STREAM_turn, world->options.batch_max);
    int64_t count = 0;
    enum err err = ERR_NONE;
    arena_reset(&world->opened);
    while (err == ERR_NONE && count < limit && gateway->first != NULL) {
        struct letter *letter = gateway->first;
        err = feed(&batch, letter);
        if (err == ERR_LIMIT)
            break;
        gateway->first = letter->next_queued;
        if (gateway->first == NULL)
            gateway->last = NULL;
        gateway->queue_count--;
        letter_free(&world->letters, letter);
        count++;
    }
    if (count > 1)
        TALLY(world, batches_of_many);
    if (batch.txn != NULL && (err == ERR_NONE || err == ERR_LIMIT))
        scripts_tell(world, gateway);
    finish(&batch, err);
}

void batch_start(struct world *world, struct gateway *gateway)
{
    struct batch batch = { .world = world, .gateway = gateway };
    struct node_input input = { .type = NODE_START };
    arena_reset(&world->opened);
    input.of.start.card = gateway->card;
    input.of.start.mark = &gateway->mark;
    gateway->life_before = gateway->mark.life;
    enum err err = step(&batch, &input);
    if (err == ERR_NONE)
        err = feed_sheet(&batch);
    finish(&batch, err);
    if (gateway->has_just_lost && gateway->is_up) {
        gateway->has_just_lost = false;
        watch_lost(world, gateway->index);
    }
}

struct slice batch_ask(
    struct world *world, struct gateway *gateway, struct slice frame)
{
    struct batch batch = { .world = world, .gateway = gateway, .is_ask = true };
    struct node_input input = { .type = NODE_CLIENT };
    arena_reset(&world->opened);
    input.of.client.client = ASK_CLIENT;
    input.of.client.rights = UINT32_MAX;
    input.of.client.frame = frame;
    finish(&batch, step(&batch, &input));
    return batch.asked;
}
