#include "core/scrub_patrol.h"

#include <assert.h>

#include "core/keys.h"
#include "core/node_state.h"
#include "core/output.h"
#include "core/scrub_again.h"
#include "core/scrub_mend.h"
#include "core/scrub_row.h"

#include <string.h>

/* One piece of the check. */
struct piece {
    struct work *work;
    struct patrol *patrol;
    struct key nobodys[SCRUB_ROW_COUNT]; /* damaged, and not spoken of */
    size_t nobodys_count;
    struct key agains[SCRUB_ROW_COUNT]; /* to be written again by their keys */
    size_t again_count;
};

/* ---- What is seen -------------------------------------------------------- */

static const char *table_name(char wanted)
{
    const char *name = "?";
    char letter = '\0';
    for (uint32_t i = 0; letter != wanted; i++) {
        bool is_there = scrub_table_at(i, &letter, &name);
        assert(is_there);
        (void)is_there;
    }
    return name;
}

static bool is_missed(const struct patrol *patrol, uint64_t segment)
{
    for (size_t i = 0; i < patrol->missed_count; i++)
        if (patrol->missed[i] == segment)
            return true;
    return false;
}

static void key_note(struct key *key, struct slice bytes)
{
    memcpy(key->bytes, bytes.bytes, bytes.size);
    key->size = bytes.size;
}

static struct patrol_suspect *suspect_find(
    struct patrol *patrol, uint64_t segment)
{
    for (size_t i = 0; i < patrol->suspect_count; i++)
        if (patrol->suspects[i].segment == segment)
            return &patrol->suspects[i];
    return NULL;
}

/* All that could speak of it was looked at before it, and missed nothing. But
 * it may have been sound then, and be so again: it goes when it was damaged in
 * the check before as well, and nothing spoke of it in this one. True: that is
 * all that there is to say of it now. */
static bool sets_aside(struct piece *piece, const struct scrub_finding *finding)
{
    struct patrol *patrol = piece->patrol;
    if (finding->fault != SCRUB_DAMAGED || finding->key.bytes[0] != 'c' ||
        finding->key.size != 9 || patrol->is_blind)
        return false;
    uint64_t segment = key_number(finding->key);
    if (is_missed(patrol, segment))
        return false;
    const struct patrol_suspect *suspect = suspect_find(patrol, segment);
    if (suspect == NULL) {
        bool has_room = patrol->damaged_count < PATROL_SEGMENT_COUNT_MAX;
        if (has_room)
            patrol->damaged[patrol->damaged_count++] = segment;
        return has_room;
    }
    if (suspect->is_spoken_of)
        return false;
    assert(piece->nobodys_count < SCRUB_ROW_COUNT);
    key_note(&piece->nobodys[piece->nobodys_count++], finding->key);
    return true;
}

static void tell(
    struct work *work, struct patrol *patrol, const struct scrub_finding *found)
{
    if (patrol->told >= PATROL_TOLD_COUNT_MAX)
        return;
    patrol->told++;
    OUTPUT_LOG(work, LOG_STORE_DAMAGED,
        log_code("code", scrub_fault_name(found->fault)),
        log_code("table", table_name((char)found->key.bytes[0])));
}

static void on_found(void *user, const struct scrub_finding *finding)
{
    struct piece *piece = user;
    struct patrol *patrol = piece->patrol;
    if (sets_aside(piece, finding))
        return;
    bool is_unread =
        finding->fault == SCRUB_DAMAGED || finding->fault == SCRUB_MALFORMED;
    if (is_unread && again_is_known(finding->key) &&
        piece->again_count < SCRUB_ROW_COUNT)
        key_note(&piece->agains[piece->again_count++], finding->key);
    /* a row that cannot be read may be the one that speaks of a content */
    patrol->is_blind |= finding->fault != SCRUB_CONTENT;
    patrol->found++;
    tell(piece->work, patrol, finding);
}

static void on_missed(void *user, struct content_ref ref)
{
    struct patrol *patrol = ((struct piece *)user)->patrol;
    if (is_missed(patrol, ref.segment))
        return;
    if (patrol->missed_count < PATROL_SEGMENT_COUNT_MAX)
        patrol->missed[patrol->missed_count++] = ref.segment;
    else
        patrol->is_blind = true;
}

static void on_refers(void *user, struct content_ref ref)
{
    struct patrol *patrol = ((struct piece *)user)->patrol;
    struct patrol_suspect *suspect = suspect_find(patrol, ref.segment);
    if (suspect != NULL)
        suspect->is_spoken_of = true;
}

/* On its way, and nobody else has it as far as we know: a receipt may have been
 * lost. */
static bool is_in_flight(
    struct work *work, const struct ledger *ledger, uint64_t first_index)
{
    const struct peer *peer = peer_numbered(work->node, ledger->peer);
    return ledger->direction == LEDGER_OUT && first_index >= ledger->cosigned &&
           (peer == NULL || peer->held_generation != ledger->generation ||
               peer->held_size <= first_index);
}

static void on_lost(
    void *user, const struct ledger *ledger, uint64_t first_index)
{
    struct piece *piece = user;
    struct patrol *patrol = piece->patrol;
    const struct patrol_loss loss = { ledger->peer, (uint8_t)ledger->direction,
        ledger->generation, first_index };
    const struct patrol_loss *last =
        patrol->loss_count == 0 ? NULL
                                : &patrol->losses[patrol->loss_count - 1];
    if (is_in_flight(piece->work, ledger, first_index))
        return;
    if (last != NULL && last->peer == loss.peer &&
        last->direction == loss.direction &&
        last->generation == loss.generation &&
        last->first_index == loss.first_index)
        return;                              /* another of the same parcel */
    if (patrol->loss_count < MEND_COUNT_MAX) /* the rest by the next check */
        patrol->losses[patrol->loss_count++] = loss;
}

/* ---- Kept ---------------------------------------------------------------- */

#define ROW_VERSION 1
#define ROW_SIZE_MAX (1 + 3 * 8 + 4 + SCRUB_STATE_SIZE_MAX)

/* With how far the check under way is, where that is all there is to know. */
static void row_put(struct store_txn *txn, const struct patrol *patrol)
{
    uint8_t bytes[ROW_SIZE_MAX];
    uint8_t state[SCRUB_STATE_SIZE_MAX];
    struct packer inner = pack_into(state, sizeof state);
    struct packer out = pack_into(bytes, sizeof bytes);
    struct key key = key_patrol();
    if (patrol->is_under_way)
        scrub_pack(&patrol->scrub, &inner);
    pack_u8(&out, ROW_VERSION);
    pack_u64(&out, (uint64_t)patrol->ended_ms);
    pack_u64(&out, patrol->damage);
    pack_bytes(&out, packed(&inner));
    assert(inner.err == ERR_NONE && out.err == ERR_NONE);
    store_put(txn, key_slice(&key), packed(&out));
}

void patrol_note_damage(struct store *store)
{
    const struct patrol patrol = { .damage = 1 };
    struct store_txn *txn;
    if (store->ops->begin(store, true, &txn) == ERR_NONE) {
        row_put(txn, &patrol);
        (void)!store->ops->commit(txn);
    }
}

static enum err row_read(struct slice row, struct patrol *patrol)
{
    struct unpacker in = unpack_from(row);
    uint8_t version = unpack_u8(&in);
    int64_t ended_ms = (int64_t)unpack_u64(&in);
    uint64_t damage = unpack_u64(&in);
    struct slice state = unpack_bytes(&in);
    struct scrub scrub = { 0 };
    enum err err = unpack_end(&in);
    if (err == ERR_NONE && version != ROW_VERSION)
        err = ERR_MALFORMED;
    if (err == ERR_NONE && state.size > 0)
        err = scrub_unpack(state, &scrub);
    if (err != ERR_NONE)
        return err;
    patrol->ended_ms = ended_ms;
    patrol->damage = damage;
    patrol->is_under_way = state.size > 0;
    patrol->scrub = scrub;
    return ERR_NONE;
}

/* What cannot be read is as if no check had been. */
static void row_get(struct work *work, struct patrol *patrol)
{
    struct key wanted = key_patrol();
    struct slice key = key_slice(&wanted);
    struct slice row;
    enum err err =
        work->txn->ops->probe(work->txn, wanted.size, &key, &row, false);
    if (err == ERR_NONE)
        (void)!row_read(row, patrol);
    else if (err != ERR_NOT_FOUND && err != ERR_CORRUPT)
        work_fail(work, err);
}

void scrub_patrol_row(struct scrub_row *row)
{
    struct patrol patrol;
    if (row->key.size != key_patrol().size)
        scrub_tell(row, SCRUB_UNKNOWN);
    else if (row_read(row->value, &patrol) != ERR_NONE)
        scrub_tell(row, SCRUB_MALFORMED);
}

/* ---- A check ------------------------------------------------------------- */

static int64_t period_ms(const struct node *node)
{
    return (int64_t)node->options->check_period_ms;
}

void patrol_begin(struct work *work)
{
    struct patrol *patrol = &work->node->patrol;
    int64_t period = period_ms(work->node);
    int64_t wait_ms = period < PATROL_FIRST_MS ? period : PATROL_FIRST_MS;
    *patrol = (struct patrol){ .due_steady_ms = INT64_MAX };
    row_get(work, patrol);
    if (period == 0) {
        patrol->is_under_way = false;
        return;
    }
    /* by a clock that was put back the last one may not have been yet */
    int64_t ago_ms = work->now.unix_ms - patrol->ended_ms;
    bool is_recent = patrol->ended_ms != 0 && ago_ms >= 0 && ago_ms < period;
    if (is_recent && !patrol->is_under_way && patrol->damage == 0 &&
        period - ago_ms > wait_ms)
        wait_ms = period - ago_ms;
    patrol->due_steady_ms = work->steady_ms + wait_ms;
}

static void check_begin(struct patrol *patrol)
{
    patrol->is_under_way = true;
    patrol->scrub = (struct scrub){ 0 };
    patrol->found = 0;
    patrol->told = 0;
    patrol->is_blind = false;
    patrol->missed_count = 0;
    patrol->suspect_count = patrol->damaged_count;
    for (size_t i = 0; i < patrol->damaged_count; i++)
        patrol->suspects[i] =
            (struct patrol_suspect){ .segment = patrol->damaged[i] };
    patrol->damaged_count = 0;
    patrol->loss_count = 0;
    patrol->mended_before = patrol->mended;
}

static void check_end(struct work *work, struct patrol *patrol)
{
    patrol->is_under_way = false;
    patrol->damage = patrol->found;
    patrol->ended_ms = work->now.unix_ms;
    patrol->checks++;
    patrol->rests_until_steady_ms = work->steady_ms + PATROL_AGAIN_MS;
    row_put(work->txn, patrol);
    patrol->due_steady_ms = period_ms(work->node) == 0
                                ? INT64_MAX
                                : work->steady_ms + period_ms(work->node);
    OUTPUT_LOG(work, LOG_STORE_CHECKED,
        log_number("rows", (int64_t)patrol->scrub.rows),
        log_number("damaged", (int64_t)patrol->damage));
}

/* One that has found something is begun anew after a restart. */
static void keep(struct work *work, struct patrol *patrol)
{
    bool is_clean = patrol->found == 0 && patrol->missed_count == 0 &&
                    patrol->damaged_count == 0 && patrol->loss_count == 0;
    if (++patrol->piece_count % PATROL_KEEP_COUNT == 0 && is_clean)
        row_put(work->txn, patrol);
}

static void nobodys_remove(struct work *work, const struct piece *piece)
{
    for (size_t i = 0; i < piece->nobodys_count; i++)
        store_del(work->txn, key_slice(&piece->nobodys[i]));
}

/* They count as damage of this check, and the next finds them whole. */
static void agains_write(struct work *work, const struct piece *piece)
{
    size_t count = 0;
    for (size_t i = 0; i < piece->again_count && !work_failed(work); i++)
        count += again_write(work, &piece->agains[i]);
    piece->patrol->mended += count;
    if (count > 0)
        OUTPUT_LOG(work, LOG_STORE_MENDED,
            log_agency("from", &work->node->self),
            log_number("contents", (int64_t)count));
}

static void piece_look(struct work *work, struct patrol *patrol)
{
    struct piece *piece = arena_take(work->arena, sizeof *piece);
    const struct scrub_watch watch = {
        .user = piece,
        .found = on_found,
        .refers = on_refers,
        .missed = on_missed,
        .lost = on_lost,
    };
    if (piece == NULL)
        return; /* the batch is full: in the next */
    *piece = (struct piece){ .work = work, .patrol = patrol };
    scrub_go_on(work, &patrol->scrub, &watch);
    nobodys_remove(work, piece);
    agains_write(work, piece);
}

/* To each peer one at a time. */
static void losses_hand_out(struct work *work, struct patrol *patrol)
{
    for (size_t i = 0; i < patrol->loss_count; i++) {
        const struct patrol_loss loss = patrol->losses[i];
        struct peer *peer = peer_numbered(work->node, loss.peer);
        if (peer != NULL && mend_is_wanted(peer))
            continue;
        patrol->losses[i--] = patrol->losses[--patrol->loss_count];
        if (peer == NULL || peer->state != PEER_ACCEPTED)
            continue;
        mend_begin(peer, (enum ledger_direction)loss.direction, loss.generation,
            loss.first_index);
        peer->touched = true;
    }
}

void patrol_go_on(struct work *work)
{
    struct patrol *patrol = &work->node->patrol;
    if (work->steady_ms >= patrol->due_steady_ms && !work_failed(work)) {
        if (!patrol->is_under_way)
            check_begin(patrol);
        piece_look(work, patrol);
        patrol->due_steady_ms = work->steady_ms + PATROL_PAUSE_MS;
        if (patrol->scrub.is_over)
            check_end(work, patrol);
        else
            keep(work, patrol);
    }
    if (!patrol->is_under_way && patrol->loss_count > 0)
        losses_hand_out(work, patrol);
    /* is it whole now? */
    int64_t again_ms = work->steady_ms + PATROL_AGAIN_MS;
    bool has_more =
        patrol->mended > patrol->mended_before || patrol->damaged_count > 0;
    if (!patrol->is_under_way && has_more && again_ms < patrol->due_steady_ms)
        patrol->due_steady_ms = again_ms;
}

static void begin_by(struct patrol *patrol, int64_t steady_ms)
{
    if (!patrol->is_under_way && steady_ms < patrol->due_steady_ms)
        patrol->due_steady_ms = steady_ms;
}

void patrol_begin_now(struct work *work)
{
    begin_by(&work->node->patrol, work->steady_ms);
}

void patrol_hasten(struct work *work)
{
    struct patrol *patrol = &work->node->patrol;
    begin_by(patrol, patrol->rests_until_steady_ms > work->steady_ms
                         ? patrol->rests_until_steady_ms
                         : work->steady_ms);
}

int64_t patrol_due_steady_ms(const struct node *node)
{
    return node->patrol.due_steady_ms;
}
