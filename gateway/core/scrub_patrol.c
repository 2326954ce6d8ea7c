#include "core/scrub_patrol.h"

#include "core/keys.h"
#include "core/node_state.h"
#include "core/output.h"
#include "core/scrub_mend.h"

#include <string.h>

/* One piece of the check. */
struct piece {
    struct work *work;
    struct patrol *patrol;
    struct key nobodys[SCRUB_ROW_COUNT]; /* damaged, and not spoken of */
    size_t nobodys_count;
};

/* ---- What is seen -------------------------------------------------------- */

static const char *table_name(char wanted)
{
    const char *name = "?";
    char letter;
    for (uint32_t i = 0; scrub_table_at(i, &letter, &name); i++)
        if (letter == wanted)
            return name;
    return "?";
}

static bool is_missed(const struct patrol *patrol, uint64_t segment)
{
    for (size_t i = 0; i < patrol->missed_count; i++)
        if (patrol->missed[i] == segment)
            return true;
    return false;
}

/* All that could speak of it was looked at before it, and did not. */
static bool is_nobodys(
    const struct piece *piece, const struct scrub_finding *finding)
{
    return finding->fault == SCRUB_DAMAGED && finding->key.bytes[0] == 'c' &&
           finding->key.size == 9 && !piece->patrol->is_blind &&
           !is_missed(piece->patrol, key_number(finding->key)) &&
           piece->nobodys_count < SCRUB_ROW_COUNT;
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
    if (is_nobodys(piece, finding)) {
        struct key *key = &piece->nobodys[piece->nobodys_count++];
        memcpy(key->bytes, finding->key.bytes, finding->key.size);
        key->size = finding->key.size;
        return;
    }
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

static void on_lost(
    void *user, const struct ledger *ledger, uint64_t first_index)
{
    struct patrol *patrol = ((struct piece *)user)->patrol;
    const struct patrol_loss loss = { ledger->peer, (uint8_t)ledger->direction,
        ledger->generation, first_index };
    const struct patrol_loss *last =
        patrol->loss_count == 0 ? NULL
                                : &patrol->losses[patrol->loss_count - 1];
    if (last != NULL && last->peer == loss.peer &&
        last->direction == loss.direction &&
        last->generation == loss.generation &&
        last->first_index == loss.first_index)
        return;                              /* another of the same parcel */
    if (patrol->loss_count < MEND_COUNT_MAX) /* the rest by the next check */
        patrol->losses[patrol->loss_count++] = loss;
}

/* ---- A check ------------------------------------------------------------- */

static int64_t period_ms(const struct node *node)
{
    return (int64_t)node->options->check_period_ms;
}

void patrol_begin(struct work *work)
{
    struct node *node = work->node;
    int64_t first_ms =
        period_ms(node) < PATROL_FIRST_MS ? period_ms(node) : PATROL_FIRST_MS;
    node->patrol =
        (struct patrol){ .due_steady_ms = period_ms(node) == 0
                                              ? INT64_MAX
                                              : work->steady_ms + first_ms };
}

static void check_begin(struct patrol *patrol)
{
    patrol->is_under_way = true;
    patrol->scrub = (struct scrub){ 0 };
    patrol->found = 0;
    patrol->told = 0;
    patrol->is_blind = false;
    patrol->missed_count = 0;
    patrol->loss_count = 0;
    patrol->mended_before = patrol->mended;
}

static void check_end(struct work *work, struct patrol *patrol)
{
    patrol->is_under_way = false;
    patrol->damage = patrol->found;
    patrol->checks++;
    patrol->due_steady_ms = period_ms(work->node) == 0
                                ? INT64_MAX
                                : work->steady_ms + period_ms(work->node);
    OUTPUT_LOG(work, LOG_STORE_CHECKED,
        log_number("rows", (int64_t)patrol->scrub.rows),
        log_number("damaged", (int64_t)patrol->damage));
}

static void nobodys_remove(struct work *work, const struct piece *piece)
{
    for (size_t i = 0; i < piece->nobodys_count; i++)
        store_del(work->txn, key_slice(&piece->nobodys[i]));
}

static void piece_look(struct work *work, struct patrol *patrol)
{
    struct piece *piece = arena_take(work->arena, sizeof *piece);
    const struct scrub_watch watch = {
        .user = piece, .found = on_found, .missed = on_missed, .lost = on_lost
    };
    if (piece == NULL)
        return; /* the batch is full: in the next */
    *piece = (struct piece){ .work = work, .patrol = patrol };
    scrub_go_on(work, &patrol->scrub, &watch);
    nobodys_remove(work, piece);
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
    }
    if (!patrol->is_under_way && patrol->loss_count > 0)
        losses_hand_out(work, patrol);
    /* is it whole now? */
    int64_t again_ms = work->steady_ms + PATROL_AGAIN_MS;
    if (!patrol->is_under_way && patrol->mended > patrol->mended_before &&
        again_ms < patrol->due_steady_ms)
        patrol->due_steady_ms = again_ms;
}

void patrol_hasten(struct work *work)
{
    struct patrol *patrol = &work->node->patrol;
    if (!patrol->is_under_way)
        patrol->due_steady_ms = work->steady_ms;
}

int64_t patrol_due_steady_ms(const struct node *node)
{
    return node->patrol.due_steady_ms;
}
