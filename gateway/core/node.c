#include "core/node.h"

#include "core/agreement.h"
#include "core/alarm.h"
#include "core/collect.h"
#include "core/collected.h"
#include "core/custody.h"
#include "core/delivery.h"
#include "core/desk.h"
#include "core/expiry.h"
#include "core/fetch.h"
#include "core/hold.h"
#include "core/introduction.h"
#include "core/keys.h"
#include "core/limits.h"
#include "core/loss.h"
#include "core/node_state.h"
#include "core/output.h"
#include "core/own_card.h"
#include "core/referral_erase.h"
#include "core/refill.h"
#include "core/retention.h"
#include "core/revoke.h"
#include "core/scrub_patrol.h"
#include "core/settle.h"

#include <assert.h>
#include <string.h>

#define ROW_VERSION 5
#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)

/* What a step may take of the batch's arena: a parcel as stored and answered,
 * or a full local reply, or one to a batch: some 4 KiB for each referral. */
#define STEP_ARENA_MIN (12u * 1024 * 1024)
#define BATCH_ANSWER_SIZE_MAX (LOCAL_BATCH_COUNT_MAX * 4096u)
/* ... and of what a batch carries: as contents, again as what the store gets of
 * them, and what is said in the log. */
#define BATCH_FACTOR 3u
_Static_assert(STEP_ARENA_MIN + BATCH_ANSWER_SIZE_MAX +
                       BATCH_FACTOR * LOCAL_BATCH_SIZE_MAX <=
                   BATCH_ARENA_SIZE,
    "a batch of its own takes the largest input");

struct node *node_new(const struct node_options *options, struct crypto *crypto,
    struct vault *vault, struct arena *memory, struct arena *batch,
    struct arena *scratch)
{
    struct node *node = arena_take(memory, sizeof *node);
    if (node == NULL)
        return NULL;
    node->options = options;
    node->crypto = crypto;
    node->vault = vault;
    node->memory = memory;
    node->arena = batch;
    node->scratch = scratch;
    node->token_next = 1;
    content_recent_init(
        &node->recent, memory, memory->capacity / CONTENT_RECENT_PART);
    node->wake_steady_ms = INT64_MAX;
    if (!repeat_rows_init(&node->repeats, memory, options->repeat_run_count))
        return NULL;
    return node;
}

/* ---- The node's row ----------------------------------------------------- */

static bool row_load(struct node *node, struct store_txn *txn)
{
    struct key key = key_node();
    struct slice row = store_get(txn, key_slice(&key));
    if (row.bytes == NULL)
        return false;
    struct unpacker in = unpack_from(row);
    if (unpack_u8(&in) != ROW_VERSION)
        in.err = ERR_CORRUPT;
    unpack_fixed(&in, node->self.text, AGENCY_ID_SIZE);
    node->self.text[AGENCY_ID_SIZE] = '\0';
    node->feed_epoch = unpack_u64(&in);
    node->feed_position_next = unpack_u64(&in);
    node->segment_next = unpack_u64(&in);
    node->entry_next = unpack_u64(&in);
    node->vault_changes = unpack_u64(&in);
    unpack_fixed(&in, node->secret, sizeof node->secret);
    node->ledger_next = unpack_u32(&in);
    node->peer_next = unpack_u32(&in);
    node->own_sheet_serial = unpack_u64(&in);
    node->losses = unpack_u32(&in);
    node->loss = (enum loss_cause)unpack_u8(&in);
    node->lost_at.unix_ms = (int64_t)unpack_u64(&in);
    node->life = unpack_u64(&in);
    node->life_before = unpack_u64(&in);
    if (node->loss >= LOSS_CAUSE_COUNT)
        in.err = ERR_CORRUPT;
    if (unpack_end(&in) != ERR_NONE)
        txn->err = ERR_CORRUPT;
    return txn->err == ERR_NONE;
}

static void row_save(struct node *node, struct store_txn *txn)
{
    uint8_t bytes[1 + AGENCY_ID_SIZE + 5 * 8 + HASH_SIZE + 2 * 4 + 8 + 4 + 1 +
                  3 * 8];
    struct packer out = pack_into(bytes, sizeof bytes);
    struct key key = key_node();
    pack_u8(&out, ROW_VERSION);
    pack_fixed(&out, node->self.text, AGENCY_ID_SIZE);
    pack_u64(&out, node->feed_epoch);
    pack_u64(&out, node->feed_position_next);
    pack_u64(&out, node->segment_next);
    pack_u64(&out, node->entry_next);
    pack_u64(&out, node->vault_changes);
    pack_fixed(&out, node->secret, sizeof node->secret);
    pack_u32(&out, node->ledger_next);
    pack_u32(&out, node->peer_next);
    pack_u64(&out, node->own_sheet_serial);
    pack_u32(&out, node->losses);
    pack_u8(&out, (uint8_t)node->loss);
    pack_u64(&out, (uint64_t)node->lost_at.unix_ms);
    pack_u64(&out, node->life);
    pack_u64(&out, node->life_before);
    assert(out.err == ERR_NONE);
    store_put(txn, key_slice(&key), packed(&out));
}

/* ---- Starting ----------------------------------------------------------- */

/* Is the store the one that the mark is of? From here on it is in another
 * life. */
static void instance_begin(struct work *work, const struct instance_mark *mark)
{
    struct node *node = work->node;
    const struct instance store = { .life = node->life,
        .life_before = node->life_before,
        .commits = node->usage.commit_count };
    if (mark == NULL)
        return;
    enum loss_cause cause = instance_judge(mark, &store);
    /* the one on file: its place may be taken long after, or never */
    node->life_before = mark->life;
    work_draw(work, &node->life, sizeof node->life);
    node->life += node->life == 0; /* which stands for none */
    /* a first start that ended before its mark has nothing to lose */
    bool is_known = cause != LOSS_UNMARKED || node->peer_count > 0;
    if (cause != LOSS_NONE && is_known)
        loss_begin(work, cause);
    else
        loss_tell(work);
}

/* Another store's opens nothing; one that is older lacks entries, and has those
 * that were destroyed since. */
static bool vault_fits(struct work *work)
{
    struct node *node = work->node;
    return node->vault->ops->changes(node->vault) >= node->vault_changes &&
           content_vault_fits(&node->contents, work->txn, work->scratch);
}

static enum err start(struct work *work, const struct node_input *input)
{
    struct node *node = work->node;
    bool is_new = !row_load(node, work->txn);
    if (work_failed(work))
        return work->txn->err;
    content_begin(
        &node->contents, node->vault, &node->recent, node->segment_next);
    /* a tool that looks for damage goes on with it */
    if (!is_new && input->of.start.mark != NULL && !vault_fits(work))
        return work_failed(work) ? work->txn->err : ERR_STATE;
    enum err err = own_card_keep(work, input->of.start.card,
        input->of.start.earlier, input->of.start.earlier_count);
    if (err != ERR_NONE)
        return err;
    if (is_new) {
        work_draw(work, &node->feed_epoch, sizeof node->feed_epoch);
        node->feed_epoch >>= 1; /* clients have it as a signed number */
        node->feed_position_next = 1;
        work_draw(work, node->secret, sizeof node->secret);
        node->segment_next = 1;
        node->entry_next = VAULT_ENTRY_COMMON + 1;
        node->ledger_next = 1;
        node->peer_next = 1;
    }
    node->changed = true;
    content_begin(
        &node->contents, node->vault, &node->recent, node->segment_next);
    erasure_load(work);
    repeat_rows_load(work);
    peers_load(work);
    revoke_load(work);
    instance_begin(work, input->of.start.mark);
    for (size_t i = 0; i < node->peer_count; i++) {
        struct peer *peer = node->peers[i];
        peer->touched = true;
        if (peer_is_pinned(peer))
            peer_announce(work, peer);
    }
    own_card_tell_if_new(work);
    patrol_begin(work);
    node->started = true;
    OUTPUT_LOG(work, LOG_GATEWAY_STARTED, log_agency("agency", &node->self),
        log_number("peers", (int64_t)node->peer_count),
        log_number("feed_head", (int64_t)node->feed_position_next - 1));
    return work->txn->err;
}

/* Keys stand in the order of their days. */
static void note_days(
    struct node *node, const struct sealing_key *keys, size_t count)
{
    node->own_days_from.unix_ms = count == 0 ? 0 : keys[0].day * DAY_MS;
    node->own_days_until.unix_ms =
        count == 0 ? 0 : (keys[count - 1].day + 1) * DAY_MS;
}

/* A sheet of the keys that there are now, with the next serial. Peers get it
 * with the next Head, or when they use a key that is gone. */
static enum err take_sheet(struct work *work, const struct node_input *input)
{
    struct node *node = work->node;
    struct slice signed_sheet;
    struct key_sheet sheet = {
        .agency = node->self,
        .serial = ++node->own_sheet_serial,
        .issued = work->now,
        .keys = input->of.sheet.keys,
        .key_count = input->of.sheet.count,
    };
    enum err err =
        key_sheet_sign(work->crypto, &sheet, work->scratch, &signed_sheet);
    if (err != ERR_NONE)
        return err;
    node->changed = true;
    node->own_sheet = own_paper_keep(node, &node->own_sheet_room, signed_sheet);
    if (node->own_sheet.bytes == NULL)
        return ERR_NO_MEMORY;
    note_days(node, sheet.keys, sheet.key_count);
    OUTPUT_LOG(work, LOG_KEYS_CHANGED,
        log_number("serial", (int64_t)sheet.serial),
        log_number("keys", (int64_t)sheet.key_count));
    return ERR_NONE;
}

/* ---- Peers -------------------------------------------------------------- */

static void reply_to(
    struct work *work, uint64_t handle, enum reply_kind kind, struct slice body)
{
    struct node_output *output = output_add(work, NODE_REPLY);
    output->of.reply.handle = handle;
    output->of.reply.kind = kind;
    output->of.reply.body = body;
}

static void refuse(struct work *work, const struct request *request,
    uint64_t handle, enum refusal_code code)
{
    work->node->counters.requests_refused++;
    OUTPUT_LOG(work, LOG_PEER_REFUSED, log_agency("peer", &request->sender),
        log_code("code", refusal_code_name(code)));
    reply_to(work, handle, REPLY_REFUSED, refusal_write(code, work->arena));
}

static void take_head(struct work *work, struct peer *peer,
    const struct request *request, uint64_t handle)
{
    work->node->counters.heads_received++;
    if (settle_with(work, peer, request->body, false) != ERR_NONE) {
        refuse(work, request, handle, REFUSAL_MALFORMED);
        return;
    }
    if (peer->state == PEER_REVOKED) {
        refuse(work, request, handle, REFUSAL_REVOKED);
        return;
    }
    reply_to(work, handle, REPLY_HEAD, settle_head(work, peer, true));
}

/* A Deliver, a Fetch or a Fetched. */
static void take_parcels(struct work *work, struct peer *peer,
    const struct request *request, uint64_t handle)
{
    struct custody_reply reply = { 0 };
    if (request->kind == REQUEST_DELIVER)
        custody_take(work, peer, request->body, &reply);
    else if (request->kind == REQUEST_FETCHED)
        collect_fetched(work, peer, request->body, &reply);
    else
        fetch_serve(work, peer, request->body, &reply);
    if (work_failed(work))
        return;
    if (reply.refused != NULL) {
        work->node->counters.requests_refused++;
        OUTPUT_LOG(work, LOG_PEER_REFUSED, log_agency("peer", &peer->agency),
            log_code("code", reply.refused));
    }
    reply_to(work, handle, reply.kind, reply.body);
}

static void take_request(struct work *work, const struct node_input *input)
{
    const struct request *request = input->of.request.request;
    uint64_t handle = input->of.request.handle;
    if (request->kind == REQUEST_INTRODUCE) {
        introduction_take(work, request, handle);
        return;
    }
    struct peer *peer = peer_find(work->node, &request->sender);
    if (peer == NULL || peer->state != PEER_ACCEPTED) {
        refuse(work, request, handle,
            peer == NULL                  ? REFUSAL_STRANGER
            : peer->state == PEER_REVOKED ? REFUSAL_REVOKED
            : peer->state == PEER_CLOSED  ? REFUSAL_CLOSED
                                          : REFUSAL_STRANGER);
        return;
    }
    if (revoke_is_own(work->node) && request->kind != REQUEST_HEAD) {
        refuse(work, request, handle, REFUSAL_REVOKED);
        return;
    }
    if (request->opener == CRYPTO_OPENER_LAST_RESORT &&
        request->kind != REQUEST_HEAD) {
        refuse(work, request, handle, REFUSAL_LAST_RESORT);
        return;
    }
    if (request->kind == REQUEST_HEAD)
        take_head(work, peer, request, handle);
    else if (request->kind != REQUEST_COLLECT)
        take_parcels(work, peer, request, handle);
    else if (!collect_take(work, peer, request->body, handle))
        refuse(work, request, handle, REFUSAL_MALFORMED);
    delivery_heard(work, peer, request->kind);
}

static void take_reply(struct work *work, const struct node_input *input)
{
    struct node *node = work->node;
    for (size_t i = 0; i < node->peer_count; i++) {
        struct peer *peer = node->peers[i];
        if (peer->token != 0 && peer->token == input->of.reply.token) {
            delivery_reply(
                work, peer, input->of.reply.err, input->of.reply.reply);
            return;
        }
        if (peer->collect_token != 0 &&
            peer->collect_token == input->of.reply.token) {
            collect_reply(
                work, peer, input->of.reply.err, input->of.reply.reply);
            return;
        }
    }
}

/* ---- Steps -------------------------------------------------------------- */

void node_begin(
    struct node *node, struct store_txn *txn, const struct store_usage *usage)
{
    assert(!node->in_batch);
    node->in_batch = true;
    node->feed_grew = false;
    node->agreements = NULL;
    node->choice.found = NULL;
    node->agreements_size = 0;
    node->outputs = (struct output_list){ 0 };
    node->erases = (struct erase_list){ 0 };
    content_begin(
        &node->contents, node->vault, &node->recent, node->segment_next);
    node->usage = *usage;
    node->input_count = 0;
    node->store_percent =
        usage->capacity == 0
            ? 0
            : (unsigned)(usage->used / (usage->capacity / 100 + 1));
    node->work = (struct work){
        .node = node,
        .txn = txn,
        .crypto = node->crypto,
        .arena = node->arena,
        .scratch = node->scratch,
        .contents = &node->contents,
    };
    erasure_begin(&node->work);
}

/* When something is to be done about that peer, if nothing comes before. */
static int64_t peer_due_steady_ms(const struct peer *peer)
{
    int64_t delivery = delivery_due_steady_ms(peer);
    int64_t collect = collect_due_steady_ms(peer);
    int64_t due = delivery < collect ? delivery : collect;
    if (peer->refill_ready && peer->refill_rest_steady_ms < due)
        due = peer->refill_rest_steady_ms; /* or in the next batch */
    return peer->alarm_due_steady_ms < due ? peer->alarm_due_steady_ms : due;
}

static enum err serve(struct work *work, const struct node_input *input)
{
    struct node *node = work->node;
    struct caller caller = { input->of.client.client, input->of.client.rights,
        input->of.client.uid };
    switch (input->type) {
    case NODE_START:
        assert(!node->started);
        return start(work, input);
    case NODE_SHEET:
        return take_sheet(work, input);
    case NODE_CARD:
        return own_card_take(work, input->of.card.card);
    case NODE_REVIEW:
        expiry_review(work);
        retention_review(work, input->of.review.clock_is_trusted);
        hold_review(work, input->of.review.clock_is_trusted);
        break;
    case NODE_PEER_REQUEST:
        take_request(work, input);
        break;
    case NODE_PEER_REPLY:
        take_reply(work, input);
        break;
    case NODE_CLIENT:
        desk_serve(work, &caller, input->of.client.frame);
        break;
    case NODE_CLIENT_GONE:
        desk_gone(work, caller.client);
        break;
    case NODE_TIME:
        for (size_t i = 0; i < node->peer_count; i++)
            if (peer_due_steady_ms(node->peers[i]) <= work->steady_ms)
                node->peers[i]->touched = true;
        break;
    }
    return work->txn->err;
}

static size_t room_needed(const struct node_input *input)
{
    size_t size = input->type == NODE_CLIENT ? input->of.client.frame.size : 0;
    /* a record of a batch is a good deal more than 16 bytes */
    size_t answer = size / 16 * 4096;
    if (answer > BATCH_ANSWER_SIZE_MAX)
        answer = BATCH_ANSWER_SIZE_MAX;
    return STEP_ARENA_MIN + answer + BATCH_FACTOR * size;
}

enum err node_step(struct node *node, const struct node_input *input)
{
    struct work *work = &node->work;
    assert(node->in_batch);
    assert(node->started || input->type == NODE_START);
    if (work_room(work) < room_needed(input) ||
        (node->input_count > 0 && work_is_heavy(work)))
        return ERR_LIMIT;
    work->now = input->now;
    work->steady_ms = input->steady_ms;
    memcpy(work->entropy, input->entropy, SEED_SIZE);
    work->draw_count = 0;
    enum err err = serve(work, input);
    referral_erase_carry_out(work);
    node->input_count++;
    arena_reset(node->scratch);
    if (err == ERR_NONE)
        err = work->txn->err;
    /* only what was said above means that nothing happened */
    return err == ERR_LIMIT ? ERR_NO_MEMORY : err;
}

enum err node_finish(struct node *node)
{
    struct work *work = &node->work;
    assert(node->in_batch);
    desk_wake(work);
    node->wake_steady_ms = desk_due_steady_ms(node);
    /* before any is flushed: what one takes up is told to others */
    for (size_t i = 0; i < node->peer_count && !work_failed(work); i++)
        if (node->peers[i]->touched)
            refill_go_on(work, node->peers[i]);
    collected_begin(work);
    retention_go_on(work);
    hold_go_on(work);
    referral_erase_carry_out(work);
    patrol_go_on(work);
    if (patrol_due_steady_ms(node) < node->wake_steady_ms)
        node->wake_steady_ms = patrol_due_steady_ms(node);
    bool has_rest = retention_is_due(node) || hold_is_due(node);
    if (has_rest)
        node->wake_steady_ms = 0; /* the rest goes in the next batch */
    node->leaves_rest =
        has_rest && node->input_count > 0 && work_is_heavy(work);
    for (size_t i = 0; i < node->peer_count && !work_failed(work); i++) {
        struct peer *peer = node->peers[i];
        if (peer->touched) {
            collected_look(work, peer);
            delivery_go_on(work, peer);
            collect_go_on(work, peer);
            collect_serve(work, peer);
            alarm_look(work, peer);
            peer_flush(work, peer);
            alarm_plan(work, peer);
        }
        int64_t due = peer_due_steady_ms(peer);
        if (due < node->wake_steady_ms)
            node->wake_steady_ms = due;
    }
    loss_review(work);
    if (erasure_go_on(work))
        node->wake_steady_ms = 0; /* the rest, in the next batch */
    size_t written = content_flush(&node->contents, work->txn, node->arena);
    node->segment_next += written;
    uint64_t vault_changes = node->vault->ops->changes(node->vault);
    node->changed |= written > 0 || vault_changes != node->vault_changes;
    node->vault_changes = vault_changes;
    repeat_rows_flush(work);
    if (node->changed)
        row_save(node, work->txn);
    node->changed = false;
    arena_reset(node->scratch);
    return work->txn->err;
}

enum err node_committed(struct node *node)
{
    assert(node->in_batch);
    return erasure_carry_out(&node->erasure, node->vault);
}

const struct node_output *node_outputs(const struct node *node, size_t *count)
{
    *count = node->outputs.count;
    return node->outputs.items;
}

void node_release(struct node *node)
{
    assert(node->in_batch);
    node->in_batch = false;
    node->counters.commits++;
    node->counters.inputs += node->input_count;
    node->outputs = (struct output_list){ 0 };
    node->agreements = NULL;
    node->choice.found = NULL;
    /* what it points to is wiped; what is counted are refs to come */
    content_begin(
        &node->contents, node->vault, &node->recent, node->segment_next);
    node->erasure.entries = NULL;
    node->erasure.capacity = 0;
    arena_reset(node->arena);
}

bool node_leaves_rest(const struct node *node)
{
    return node->leaves_rest;
}

int64_t node_wake_steady_ms(const struct node *node)
{
    return node->wake_steady_ms;
}

void node_set_surroundings(
    struct node *node, const struct node_surroundings *surroundings)
{
    node->surroundings = *surroundings;
}

bool node_met_damage(const struct node *node)
{
    return node->contents.is_damaged;
}

uint64_t node_life(const struct node *node)
{
    return node->life;
}

const struct agency_id *node_agency(const struct node *node)
{
    return &node->self;
}

struct slice node_sheet(const struct node *node)
{
    return node->own_sheet;
}
