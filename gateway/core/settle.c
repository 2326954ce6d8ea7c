#include "core/settle.h"

#include "core/agreement.h"
#include "core/collected.h"
#include "core/conflict.h"
#include "core/generation.h"
#include "core/node_state.h"
#include "core/output.h"
#include "core/refill.h"
#include "core/revoke.h"
#include "core/signatory.h"

#include <string.h>

/* ---- Our view ----------------------------------------------------------- */

static void fence_issue(struct work *work, struct ledger *ledger)
{
    if (ledger->fence_count == LEDGER_FENCE_COUNT_MAX) {
        /* the oldest may be in use: what goes is the first never used */
        memmove(ledger->fences[1], ledger->fences[2],
            (LEDGER_FENCE_COUNT_MAX - 2) * FENCE_SIZE);
        ledger->fence_count--;
    }
    work_draw(work, ledger->fences[ledger->fence_count++], FENCE_SIZE);
    ledger->changed = true;
}

bool settle_fence_admits(struct ledger *ledger, struct slice fence)
{
    for (int i = 0; i < ledger->fence_count; i++) {
        if (!slice_equal(fence, SLICE_ARRAY(ledger->fences[i])))
            continue;
        if (i > 0) {
            memmove(ledger->fences[0], ledger->fences[i],
                (size_t)(ledger->fence_count - i) * FENCE_SIZE);
            ledger->fence_count = (uint8_t)(ledger->fence_count - i);
            ledger->changed = true;
        }
        return true;
    }
    return false;
}

/* The newest note of ours that the peer cosigned, of whatever generation. */
static struct slice cosigned_note(struct work *work, struct ledger *out)
{
    const struct ledger *before =
        out->note.size > 0 ? NULL : generation_find(work, out, out->previous);
    return before == NULL ? out->note : before->note;
}

/* What left before the author asked is over; and a store that came back may
 * hold fences that it had retired. */
static bool retires_fences(
    const struct node *node, const struct peer *peer, bool is_reply)
{
    return is_reply || (node->loss != LOSS_NONE && !peer->has_given);
}

struct slice settle_head(struct work *work, struct peer *peer, bool is_reply)
{
    struct node *node = work->node;
    struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    struct ledger *in = peer_ledger(work, peer, LEDGER_IN);
    if (retires_fences(node, peer, is_reply))
        in->fence_count = 0;
    fence_issue(work, in);
    memcpy(peer->fence_given, in->fences[in->fence_count - 1], FENCE_SIZE);
    peer->has_given = true;
    peer->given_out_size = out->cosigned;
    struct conflict conflict = { 0 };
    bool is_shut = conflict_is_shut(in) && conflict_notes(work, in, &conflict);
    bool offers = out->offered.size > 0;
    struct slice shown = offers ? out->offered : out->note;
    struct slice cosigned = cosigned_note(work, out);
    struct ledger_view views[] = {
        {
            .authored = true,
            .lane = LANE_MAIN,
            .generation = out->generation,
            .size = offers ? out->frontier.size : out->cosigned,
            .note = shown,
            .collected = out->collected,
            .cosigned = slice_equal(shown, cosigned) ? SLICE_NONE : cosigned,
        },
        {
            .authored = false,
            .lane = LANE_MAIN,
            .generation = in->generation,
            .size = in->frontier.size,
            .note = in->note,
            .fence = SLICE_ARRAY(in->fences[in->fence_count - 1]),
            .collected = in->collected,
            .has_conflict = is_shut,
            .conflict = conflict,
        },
    };
    struct head head = {
        .ledgers = views,
        .ledger_count = 2,
        .card = node->own_card,
        .sheet = node->own_sheet,
        .card_serial = peer->card_serial,
        .sheet_serial = peer->sheet_serial,
        .revocation = node->own_revocation,
        .epoch = node->feed_epoch,
        .echo = out->fence_count > 0 ? SLICE_ARRAY(out->fences[0]) : SLICE_NONE,
    };
    struct slice bytes = head_write(&head, work->arena);
    if (bytes.bytes == NULL)
        work_exhausted(work);
    return bytes;
}

/* ---- Theirs ------------------------------------------------------------- */

void settle_trouble(struct work *work, struct peer *peer, struct ledger *ledger,
    enum ledger_trouble trouble)
{
    if (ledger->trouble == trouble)
        return;
    ledger->trouble = trouble;
    ledger->changed = true;
    if (trouble == LEDGER_NONE)
        return;
    OUTPUT_LOG(work, LOG_LEDGER_TROUBLED, log_agency("peer", &peer->agency),
        log_code("direction", ledger->direction == LEDGER_OUT ? "out" : "in"),
        log_code("code", ledger_trouble_name(trouble)));
}

/* A note of this ledger at the size that the view claims. */
static bool is_note_of(struct work *work, const struct peer *peer,
    const struct ledger_view *view, struct note *note)
{
    if (note_parse(view->note, note) != ERR_NONE)
        return false;
    return note->size == view->size &&
           note->origin.generation == view->generation &&
           note->origin.lane == LANE_MAIN &&
           agency_id_equal(&note->origin.author, &work->node->self) &&
           agency_id_equal(&note->origin.recipient, &peer->agency);
}

/* True when the note that we hold ourselves is of that size and root. */
static bool is_same(struct slice held, const struct note *shown)
{
    struct note note;
    return note_parse(held, &note) == ERR_NONE && note.size == shown->size &&
           memcmp(note.root, shown->root, HASH_SIZE) == 0;
}

/* The peer shows a generation of ours that is not the present one. */
static enum ledger_trouble compare_other(
    struct work *work, struct ledger *out, const struct note *shown)
{
    const struct ledger *closed =
        generation_find(work, out, shown->origin.generation);
    if (closed == NULL)
        return LEDGER_AUTHOR_SHORTER;
    /* it had gone on from there */
    if (out->cosigned > 0 || closed->generation != out->previous)
        return LEDGER_RECIPIENT_SHORTER;
    if (shown->size != closed->cosigned)
        return shown->size > closed->cosigned ? LEDGER_AUTHOR_SHORTER
                                              : LEDGER_RECIPIENT_SHORTER;
    return is_same(closed->note, shown) ? LEDGER_NONE : LEDGER_CONFLICT;
}

/* What is wrong between our outgoing ledger and the peer's view of it. */
static enum ledger_trouble compare_out(struct work *work,
    const struct peer *peer, struct ledger *out, const struct ledger_view *view,
    struct note *shown)
{
    if (view->size == 0)
        return out->cosigned > 0 || out->previous != 0
                   ? LEDGER_RECIPIENT_SHORTER
                   : LEDGER_NONE;
    if (!is_note_of(work, peer, view, shown))
        return LEDGER_UNPROVED;
    /* what we hold ourselves needs no proof: its key may have been followed by
     * another since */
    if (view->generation == out->generation && view->size == out->cosigned &&
        is_same(out->note, shown))
        return LEDGER_NONE;
    if (!signatory_is_us(work, shown))
        return LEDGER_UNPROVED;
    if (view->generation != out->generation)
        return compare_other(work, out, shown);
    if (view->size == out->cosigned)
        return LEDGER_CONFLICT;
    if (view->size < out->cosigned)
        return LEDGER_RECIPIENT_SHORTER;
    if (view->size == out->frontier.size && out->offered.size > 0) {
        /* in a generation that ends, it is fetched instead of signed for */
        if (generation_is_spent(work, out))
            return LEDGER_AUTHOR_SHORTER;
        return is_same(out->offered, shown) ? LEDGER_NONE : LEDGER_CONFLICT;
    }
    return LEDGER_AUTHOR_SHORTER;
}

/* The note of ours that the peer's cannot be beside. */
static struct slice contradicted(
    struct work *work, struct ledger *out, const struct ledger_view *view)
{
    const struct ledger *at = generation_find(work, out, view->generation);
    if (at == out && view->size != out->cosigned)
        return out->offered;
    return at == NULL ? SLICE_NONE : at->note;
}

static void out_troubled(struct work *work, struct peer *peer,
    struct ledger *out, const struct ledger_view *view,
    enum ledger_trouble trouble, const struct note *shown)
{
    if (trouble == LEDGER_AUTHOR_SHORTER)
        refill_begin(work, peer, LEDGER_OUT, shown);
    else if (trouble == LEDGER_CONFLICT)
        conflict_stop(
            work, peer, out, contradicted(work, out, view), view->note);
    else
        settle_trouble(work, peer, out, trouble);
}

static void fence_take(struct ledger *out, const struct ledger_view *view)
{
    memcpy(out->fences[0], view->fence.bytes, FENCE_SIZE);
    out->fence_count = 1;
    out->changed = true;
}

static void out_settled(struct work *work, struct peer *peer,
    struct ledger *out, const struct ledger_view *view)
{
    settle_trouble(work, peer, out, LEDGER_NONE);
    bool is_unproved =
        out->offered.size == 0 && generation_is_unproved(out, peer->epoch);
    if (is_unproved || generation_is_spent(work, out)) {
        generation_renew(work, out, peer->epoch);
        agreement_greet(work, peer); /* what was told may be lost */
        OUTPUT_LOG(work, LOG_LEDGER_RENEWED, log_agency("peer", &peer->agency),
            log_code("direction", "out"));
    }
    if (out->generation == 0)
        out->epoch = peer->epoch; /* in which the first begins */
    fence_take(out, view);
    out->changed = true;
    if (!peer->settled_out) {
        OUTPUT_LOG(work, LOG_LEDGER_SETTLED, log_agency("peer", &peer->agency),
            log_code("direction", "out"),
            log_number("size", (int64_t)out->cosigned));
        peer_progressed(work, peer); /* what it declined may pass now */
    }
    peer->settled_out = true;
    peer->wants_head = false;
    peer->compared_steady_ms = work->steady_ms;
}

/* True when the view is fresh and there is nothing wrong with it. */
static bool settle_out(struct work *work, struct peer *peer, struct ledger *out,
    const struct ledger_view *view, bool is_fresh)
{
    struct note shown;
    if (view->has_conflict)
        conflict_shown(work, peer, out, &view->conflict);
    /* it only rises: that the view may be old does no harm */
    collected_take(work, peer, view->generation, view->collected);
    if (out->trouble == LEDGER_CONFLICT) {
        peer->is_whole |= is_fresh;
        if (is_fresh) /* who cannot be asked hears that we heard it */
            fence_take(out, view);
        return false; /* only a new generation leads out of that */
    }
    enum ledger_trouble trouble = compare_out(work, peer, out, view, &shown);
    if (work_failed(work))
        return false;
    if (!is_fresh && trouble == LEDGER_NONE) {
        /* may be from before we lost something: proves nothing */
        if (out->trouble != LEDGER_NONE)
            peer_ask_anew(peer);
        return false;
    }
    bool is_lost = trouble == LEDGER_AUTHOR_SHORTER;
    peer->is_whole = !is_lost && (peer->is_whole || is_fresh);
    if (is_fresh && !is_lost)
        refill_end(peer, LEDGER_OUT);
    if (trouble != LEDGER_NONE) {
        peer->settled_out = false;
        peer->wants_head = true;
        if (is_fresh) /* as above */
            fence_take(out, view);
        /* a signature of ours is no older than itself; all else may be: ask */
        if (is_fresh || is_lost)
            out_troubled(work, peer, out, view, trouble, &shown);
        return false;
    }
    peer->held_generation = view->generation;
    peer->held_size = view->size;
    if (out->refills) { /* once all is taken up; but who cannot be asked has to
                         * hear that we heard it, or offers nothing */
        fence_take(out, view);
        return true;
    }
    out_settled(work, peer, out, view);
    return true;
}

/* The newest note in the author's view that we cosigned. */
static bool cosigned_shown(struct work *work, struct peer *peer,
    const struct ledger_view *view, struct note *note)
{
    struct slice bytes = view->cosigned.size > 0 ? view->cosigned : view->note;
    return note_parse(bytes, note) == ERR_NONE && note->has_cosignature &&
           note->origin.lane == LANE_MAIN &&
           agency_id_equal(&note->origin.author, &peer->agency) &&
           agency_id_equal(&note->origin.recipient, &work->node->self) &&
           signatory_was_author(work, peer, note) &&
           signatory_is_our_witness(work, note);
}

/* What we signed for and do not hold any more. */
static bool is_lost(
    struct work *work, struct ledger *in, const struct note *cosigned)
{
    const struct ledger *held =
        generation_find(work, in, cosigned->origin.generation);
    return held == NULL || (held == in && cosigned->size > in->frontier.size);
}

/* What is wrong with the author's view of a ledger of which we hold `held`
 * entries at least since it was asked. */
static enum ledger_trouble compare_in(struct work *work, struct ledger *in,
    const struct ledger_view *view, uint64_t held)
{
    if (held == 0)
        return LEDGER_NONE;
    if (view->generation == in->generation)
        return view->size < held ? LEDGER_AUTHOR_SHORTER : LEDGER_NONE;
    /* one that is new to us has to follow on ours: custody.h */
    return view->generation == 0 ||
                   generation_find(work, in, view->generation) != NULL
               ? LEDGER_AUTHOR_SHORTER
               : LEDGER_NONE;
}

/* Parcels may have come since the reply was made. */
static uint64_t held_since(
    const struct peer *peer, const struct ledger *in, bool is_reply)
{
    if (!is_reply)
        return in->frontier.size;
    return peer->asked_in_generation == in->generation ? peer->asked_in_size
                                                       : 0;
}

/* True when nothing is wrong with the view, and it is no old one. */
static bool settle_in(struct work *work, struct peer *peer, struct ledger *in,
    const struct ledger_view *view, bool is_reply, bool is_fresh)
{
    struct note cosigned;
    if (is_fresh) {
        peer->coming_generation = view->generation;
        peer->coming_size = view->size;
    }
    if (in->trouble == LEDGER_CONFLICT)
        return false;
    /* a signature of ours is no older than itself: nobody has to be asked */
    if (cosigned_shown(work, peer, view, &cosigned) &&
        is_lost(work, in, &cosigned)) {
        refill_begin(work, peer, LEDGER_IN, &cosigned);
        return false;
    }
    /* it may have lost since what it showed before; who cannot be asked says so
     * by a request */
    if (is_reply || is_fresh)
        refill_end(peer, LEDGER_IN);
    enum ledger_trouble trouble =
        compare_in(work, in, view, held_since(peer, in, is_reply));
    if (work_failed(work))
        return false;
    bool is_news = in->trouble != LEDGER_NONE && !is_fresh;
    if (!is_reply && (trouble != LEDGER_NONE || is_news)) {
        if (trouble == LEDGER_NONE)
            peer_ask_anew(peer);
        peer->wants_head = true; /* may be old: ask ourselves */
        return false;
    }
    settle_trouble(work, peer, in, trouble);
    const struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    /* what comes is not judged on forgotten state */
    peer->settled_in = trouble == LEDGER_NONE &&
                       (!out->refills || peer->awaits) && peer->is_whole;
    return trouble == LEDGER_NONE && is_fresh;
}

/* The sender's view of its own ledger, or of ours; NULL when it has none. */
static const struct ledger_view *view_of(const struct head *head, bool authored)
{
    for (size_t i = 0; i < head->ledger_count; i++)
        if (head->ledgers[i].lane == LANE_MAIN &&
            head->ledgers[i].authored == authored)
            return &head->ledgers[i];
    return NULL;
}

/* A request is fresh too when it shows a fence that we gave since we started:
 * from agencies that only dial out nothing else comes. It was then made after
 * the fence left, but what was cosigned since may have overtaken it. */
static bool is_echo(const struct peer *peer, const struct ledger *out,
    struct slice echo, const struct ledger_view *ours)
{
    bool overtaken =
        ours->size >= peer->given_out_size && ours->size < out->cosigned;
    return peer->has_given && !overtaken &&
           slice_equal(echo, SLICE_ARRAY(peer->fence_given));
}

/* What shows that we forgot something may be lost over there, too: then nothing
 * new is signed before that is known. A request may be old, and only asks. */
static void epoch_take(struct peer *peer, uint64_t epoch, bool is_fresh)
{
    if (is_fresh) {
        peer->epoch = epoch;
    } else if (peer->settled_out && epoch != peer->epoch) {
        peer->settled_out = false;
        peer->wants_head = true;
    }
}

enum err settle_with(struct work *work, struct peer *peer,
    struct slice head_bytes, bool is_reply)
{
    struct head head;
    enum err err = head_read(head_bytes, work->scratch, &head);
    if (err != ERR_NONE)
        return err;
    /* one of somebody else, or that does not verify, says nothing */
    struct closing closing;
    if (head.revocation.size > 0 &&
        revoke_peer(work, peer, head.revocation, &closing) == ERR_NONE)
        return work->txn->err;
    /* a card or sheet that does not verify is logged and not taken */
    if (head.card.size > 0)
        (void)peer_offer_card(work, peer, head.card);
    if (head.sheet.size > 0)
        (void)peer_offer_sheet(work, peer, head.sheet);
    struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    struct ledger *in = peer_ledger(work, peer, LEDGER_IN);
    const struct ledger_view *ours = view_of(&head, false);
    const struct ledger_view *theirs = view_of(&head, true);
    bool is_fresh =
        ours != NULL && (is_reply || is_echo(peer, out, head.echo, ours));
    epoch_take(peer, head.epoch, is_fresh);
    /* ours first: what it leads to, theirs may add to */
    bool is_well = ours != NULL && settle_out(work, peer, out, ours, is_fresh);
    is_well &=
        theirs != NULL && settle_in(work, peer, in, theirs, is_reply, is_fresh);
    /* begun before a restart, and nothing is missing any more */
    if (is_well && out->refills && !refill_is_wanted(peer))
        peer->refill_ready = true;
    return work->txn->err;
}
