#include "core/fold.h"

#include "core/agreement.h"
#include "core/answers.h"
#include "core/casework.h"
#include "core/damage.h"
#include "core/erase.h"
#include "core/erasure.h"
#include "core/feed.h"
#include "core/generation.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "core/outbox.h"
#include "core/register.h"

#include <string.h>

/* How far one direction is taken up: in its oldest generation that is not. */
struct side {
    struct ledger *present;
    struct ledger *ledger; /* NULL: all of it is taken up */
    struct ledger_parcel parcel;
    struct entry_header *headers; /* of its entries */
    bool parcel_changed;
};

struct fold {
    struct work *work;
    struct peer *peer;
    struct side out;
    struct side in;
    size_t left;     /* entries of this piece */
    bool is_damaged; /* what comes next needs words that are damaged here */
};

/* ---- Where each side stands ---------------------------------------------- */

static uint64_t place(const struct side *side)
{
    return side->ledger->frontier.size - side->ledger->unfolded;
}

/* Generations are taken up in their order: those that are stand first. */
static void side_find(struct work *work, struct side *side)
{
    struct ledger *at = side->present;
    side->ledger = NULL;
    side->parcel = (struct ledger_parcel){ 0 };
    while (at != NULL) {
        if (at->unfolded > 0)
            side->ledger = at;
        at = at->unfolded < at->frontier.size
                 ? NULL
                 : generation_before(work, side->present, at);
    }
}

static void parcel_put(struct work *work, struct side *side)
{
    if (side->parcel_changed)
        ledger_entries_write(work, side->ledger, side->parcel.first_index,
            side->parcel.entries, side->parcel.count, side->parcel.note);
    side->parcel_changed = false;
}

static bool parcel_get(struct work *work, struct side *side)
{
    uint64_t index = place(side);
    struct ledger_parcel *parcel = &side->parcel;
    if (index - parcel->first_index < parcel->count)
        return true;
    parcel_put(work, side);
    if (!ledger_parcel_at(work, side->ledger, index, parcel)) {
        work_corrupt(work);
        return false;
    }
    side->headers =
        arena_take_array(work->arena, parcel->count, sizeof *side->headers);
    if (side->headers == NULL) {
        work_exhausted(work);
        return false;
    }
    for (size_t i = 0; i < parcel->count; i++)
        ledger_header(
            work, work->arena, &parcel->entries[i], &side->headers[i]);
    return !work_failed(work);
}

/* The header of that side's next entry; NULL when there is none. */
static const struct entry_header *side_header(
    struct fold *fold, struct side *side)
{
    if (side->ledger == NULL || work_failed(fold->work) ||
        !parcel_get(fold->work, side))
        return NULL;
    return &side->headers[place(side) - side->parcel.first_index];
}

/* The next entry of that side, with its content; false when there is none. */
static bool side_entry(
    struct fold *fold, struct side *side, struct folded *folded)
{
    struct work *work = fold->work;
    const struct entry_header *header = side_header(fold, side);
    if (header == NULL)
        return false;
    struct ledger_entry *entry =
        &side->parcel.entries[place(side) - side->parcel.first_index];
    *folded = (struct folded){
        .work = work,
        .peer = fold->peer,
        .generation = side->ledger->generation,
        .index = place(side),
        .kind = header->kind,
        .at = header->at,
        .entry = entry,
    };
    if (entry->attached)
        folded->content = content_get_salted(work->contents, work->txn,
            work->scratch, entry->content, &folded->salt);
    return !work_failed(work);
}

static void side_pass(struct fold *fold, struct side *side, size_t count)
{
    struct work *work = fold->work;
    side->ledger->unfolded -= count;
    fold->left -= count < fold->left ? count : fold->left;
    if (side->ledger->unfolded > 0) {
        side->present->changed = true;
        return;
    }
    parcel_put(work, side);
    generation_save(work, side->ledger);
    side_find(work, side);
}

/* ---- The peer's entries -------------------------------------------------- */

static void fold_mou(struct folded *folded, struct peer *from)
{
    struct work *work = folded->work;
    struct verdict why = { .problem = PROBLEM_NONE };
    struct mou_bundle bundle;
    struct mou_id id;
    if (folded->kind == ENTRY_MOU_OFFER) {
        if (mou_offer_read(work->crypto, folded->content, work->scratch,
                &bundle) == ERR_NONE)
            agreement_offer(work, from, &bundle, &why);
    } else if (folded->kind == ENTRY_MOU_SIGNATURES) {
        if (mou_signatures_read(folded->content, work->scratch, &bundle) ==
            ERR_NONE)
            agreement_sign(work, from, &bundle.id, bundle.signatures,
                bundle.signature_count, &why);
    } else if (from != NULL && mou_in_force_read(folded->content, work->scratch,
                                   &id) == ERR_NONE) {
        agreement_in_force(work, from, &id, &why);
    }
}

static bool is_mou(enum entry_kind kind)
{
    return kind == ENTRY_MOU_OFFER || kind == ENTRY_MOU_SIGNATURES ||
           kind == ENTRY_MOU_IN_FORCE;
}

void fold_let_go(struct folded *folded)
{
    if (!folded->entry->attached)
        return;
    content_erase(folded->work->contents, folded->work->txn,
        folded->work->arena, folded->entry->content);
    folded->entry->attached = false;
    folded->changed = true;
}

/* It marks entries of ours, as they are in the store. */
static void fold_their_answer(struct fold *fold, struct slice content)
{
    parcel_put(fold->work, &fold->out);
    fold->out.parcel.count = 0;
    (void)casework_answer(fold->work, fold->peer, content);
}

/* What was erased stays so, and what was kept is not given back. */
static void fold_erasure(
    struct folded *folded, const struct answer_item *answer)
{
    struct work *work = folded->work;
    struct verdict why = { .problem = PROBLEM_NONE };
    struct erasure_notice notice;
    if (erasure_notice_read(folded->content, work->scratch, &notice) !=
        ERR_NONE)
        return;
    if (answer == NULL)
        erase_told(work, folded->peer, &notice);
    else
        erase_taken(work, folded->peer, &notice,
            answer->verdict == ANSWER_APPLIED ? ERASE_FOLLOW : ERASE_REFUSE,
            &why);
}

/* The peer's next entry, with our answer to it, or NULL where none is owed. */
static void fold_in(struct fold *fold, const struct answer_item *answer)
{
    struct folded folded;
    size_t used = fold->work->scratch->used;
    if (!side_entry(fold, &fold->in, &folded))
        return;
    if (answer != NULL && answer->verdict != ANSWER_APPLIED &&
        answer->problem != PROBLEM_KEPT)
        fold_let_go(&folded);
    if (folded.kind == ENTRY_REFERRAL_EVENT && answer != NULL)
        fold_their_event(&folded, answer);
    else if (folded.content.bytes == NULL)
        ;
    else if (folded.kind == ENTRY_ERASURE_NOTICE && answer != NULL)
        fold_erasure(&folded, answer);
    else if (folded.kind == ENTRY_ANSWER)
        fold_their_answer(fold, folded.content);
    else if (folded.kind == ENTRY_CARD)
        (void)peer_offer_card(fold->work, fold->peer, folded.content);
    else if (is_mou(folded.kind))
        fold_mou(&folded, fold->peer);
    fold->in.parcel_changed |= folded.changed;
    if (!work_failed(fold->work))
        side_pass(fold, &fold->in, 1);
    arena_rewind(fold->work->scratch, used);
}

/* ---- What was never answered --------------------------------------------- */

/* Nothing of it came to be known: no referral has those keys. */
static void row_forget(struct work *work, const struct ledger_entry *entry)
{
    const struct referral *referral =
        entry->has_referral ? register_get(work, &entry->referral) : NULL;
    if (referral == NULL || !register_is_begun(referral))
        return;
    erasure_doom(work, referral->entry);
    register_delete(work, referral);
}

/* What is judged follows on what was taken up, and counts as that: steps of
 * ours that wait are decided after it. */
static void row_turn(
    struct fold *fold, const struct ledger_entry *entry, bool is_judged)
{
    struct referral *referral =
        entry->has_referral ? register_get(fold->work, &entry->referral) : NULL;
    if (referral == NULL || referral->taken_up == REFERRAL_UNKNOWN ||
        referral->refill != fold->out.present->refill)
        return;
    if (is_judged)
        referral->taken_up = referral->state;
    else
        referral->state = referral->taken_up;
    register_put(fold->work, referral);
}

/* As it is taken from a parcel that comes now; what is kept of it is put where
 * its content was. */
static void judge(struct fold *fold)
{
    struct work *work = fold->work;
    struct side *side = &fold->in;
    struct folded folded;
    size_t used = work->scratch->used;
    if (!side_entry(fold, side, &folded))
        return;
    struct entry entry = { .header = folded.entry->header,
        .salt = folded.salt,
        .content = folded.content };
    size_t slot = (size_t)(folded.index - side->parcel.first_index);
    if (damage_is_met(work, fold->peer, &entry, &side->headers[slot], 1)) {
        fold->is_damaged = true;
        arena_rewind(work->scratch, used);
        return;
    }
    fold_found_event(&folded);
    fold_let_go(&folded);
    row_turn(fold, folded.entry, false);
    work->node->folds = false;
    casework_take(work, fold->peer,
        &(struct casework_parcel){ .generation = folded.generation,
            .first_index = folded.index,
            .entries = &entry,
            .headers = &side->headers[slot],
            .stored = folded.entry,
            .count = 1 });
    row_turn(fold, folded.entry, true);
    row_forget(work, folded.entry);
    work->node->folds = true;
    side->parcel_changed = true;
    side_pass(fold, side, 1);
    arena_rewind(work->scratch, used);
}

static bool is_owed(struct fold *fold)
{
    const struct entry_header *header = side_header(fold, &fold->in);
    return header != NULL && entry_kind_is_answered(header->kind);
}

/* ---- Our own entries ----------------------------------------------------- */

/* Our answers: what they speak of is taken up with them. */
static void fold_answers(struct fold *fold, const struct answer *answer)
{
    struct side *in = &fold->in;
    for (size_t i = 0; i < answer->item_count; i++) {
        const struct answer_item *item = &answer->items[i];
        while (in->ledger != NULL && !work_failed(fold->work) &&
               !fold->is_damaged &&
               in->ledger->generation == answer->generation &&
               place(in) < item->index + item->count) {
            bool owed = is_owed(fold);
            if (owed && place(in) < item->index)
                judge(fold); /* answers come in order: it never was */
            else
                fold_in(fold, owed ? item : NULL);
        }
    }
}

/* It speaks of a parcel that its author has on its way, and we do not hold. */
static bool awaits(struct fold *fold, const struct answer *answer)
{
    const struct ledger *in = fold->in.present;
    const struct peer *peer = fold->peer;
    uint64_t end = 0;
    for (size_t i = 0; i < answer->item_count; i++)
        end = answer->items[i].index + answer->items[i].count;
    const struct ledger *held =
        generation_find(fold->work, fold->in.present, answer->generation);
    return (held == NULL || (held == in && end > in->frontier.size)) &&
           peer->coming_generation == answer->generation &&
           end <= peer->coming_size;
}

/* False when it has to wait. */
static bool fold_out(struct fold *fold)
{
    struct work *work = fold->work;
    struct side *out = &fold->out;
    struct folded folded;
    struct answer answer;
    size_t used = work->scratch->used;
    if (!side_entry(fold, out, &folded))
        return false;
    bool is_answer =
        folded.kind == ENTRY_ANSWER && folded.content.bytes != NULL &&
        answer_read(folded.content, work->scratch, &answer) == ERR_NONE;
    if (is_answer && awaits(fold, &answer)) {
        arena_rewind(work->scratch, used);
        return false;
    }
    bool is_known = fold_known(&folded, out->present);
    if (!is_known && fold->in.ledger != NULL &&
        fold_heard(&folded, fold->in.ledger, place(&fold->in)))
        is_known = fold_known(&folded, out->present);
    if (folded.kind == ENTRY_REFERRAL_EVENT && !is_known)
        fold_own_event(&folded);
    else if (folded.content.bytes == NULL || is_known)
        ;
    else if (folded.kind == ENTRY_ERASURE_NOTICE)
        fold_erasure(&folded, NULL);
    else if (is_answer)
        fold_answers(fold, &answer);
    else if (is_mou(folded.kind))
        fold_mou(&folded, NULL);
    out->parcel_changed |= folded.changed;
    if (!work_failed(work) && !fold->is_damaged)
        side_pass(fold, out, 1);
    arena_rewind(work->scratch, used);
    return true;
}

/* ---- The order ----------------------------------------------------------- */

/* All that this answer speaks of, in our ledger, is taken up. */
static bool is_ripe(struct fold *fold, const struct answer *answer)
{
    struct side *out = &fold->out;
    if (out->ledger == NULL)
        return true;
    if (out->ledger->generation != answer->generation) {
        const struct ledger *other =
            generation_find(fold->work, out->present, answer->generation);
        return other == NULL || other->unfolded == 0;
    }
    for (size_t i = 0; i < answer->item_count; i++)
        if (answer->items[i].index + answer->items[i].count > place(out))
            return false;
    return true;
}

/* The peer's next entry can be taken up by itself, now. */
static bool in_is_ripe(struct fold *fold)
{
    struct folded folded;
    struct answer answer;
    size_t used = fold->work->scratch->used;
    const struct entry_header *header = side_header(fold, &fold->in);
    if (header == NULL || entry_kind_is_answered(header->kind))
        return false;
    if (header->kind != ENTRY_ANSWER)
        return true;
    bool ripe = side_entry(fold, &fold->in, &folded) &&
                (folded.content.bytes == NULL ||
                    answer_read(folded.content, fold->work->scratch, &answer) !=
                        ERR_NONE ||
                    is_ripe(fold, &answer));
    arena_rewind(fold->work->scratch, used);
    return ripe;
}

/* False when what is next has to wait. */
static bool next(struct fold *fold)
{
    if (in_is_ripe(fold))
        fold_in(fold, NULL);
    else if (fold->out.ledger != NULL)
        return fold_out(fold);
    else if (is_owed(fold))
        judge(fold);
    else
        fold_in(fold, NULL);
    return true;
}

static bool step(struct fold *fold)
{
    struct damage_trial trial = damage_trial_begin(fold->work);
    bool goes_on = next(fold);
    fold->is_damaged |= damage_trial_failed(fold->work, &trial);
    return goes_on && !fold->is_damaged;
}

/* A piece may take as much of the batch's memory as a step. */
#define FOLD_ROOM_MIN (12u * 1024 * 1024)

enum fold_left fold_piece(struct work *work, struct peer *peer)
{
    bool goes_on = true;
    struct fold fold = {
        .work = work,
        .peer = peer,
        .out = { .present = peer_ledger(work, peer, LEDGER_OUT) },
        .in = { .present = peer_ledger(work, peer, LEDGER_IN) },
        .left = FOLD_ENTRY_COUNT,
    };
    work->node->folds = true;
    side_find(work, &fold.out);
    side_find(work, &fold.in);
    while (goes_on && (fold.out.ledger != NULL || fold.in.ledger != NULL) &&
           fold.left > 0 && !work_failed(work) &&
           work_room(work) > FOLD_ROOM_MIN)
        goes_on = step(&fold);
    struct side *sides[] = { &fold.out, &fold.in };
    for (int i = 0; i < 2; i++)
        if (sides[i]->ledger != NULL && !work_failed(work)) {
            parcel_put(work, sides[i]);
            generation_save(work, sides[i]->ledger);
        }
    work->node->folds = false;
    if (fold.out.ledger == NULL && fold.in.ledger == NULL)
        return FOLD_NOTHING;
    if (fold.is_damaged)
        return FOLD_DAMAGED;
    return goes_on ? FOLD_MORE : FOLD_AWAITS;
}
