#include "core/settle.h"

#include "core/node_state.h"
#include "core/output.h"
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

struct slice settle_head(struct work *work, struct peer *peer, bool is_reply)
{
    struct node *node = work->node;
    struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    struct ledger *in = peer_ledger(work, peer, LEDGER_IN);
    if (out == NULL || in == NULL)
        return SLICE_NONE;
    if (is_reply)
        in->fence_count = 0; /* what left before the author asked is over */
    fence_issue(work, in);
    memcpy(peer->fence_given, in->fences[in->fence_count - 1], FENCE_SIZE);
    peer->has_given = true;
    peer->given_out_size = out->cosigned;
    bool offers = out->offered.size > 0;
    struct ledger_view views[] = {
        {
            .authored = true,
            .lane = LANE_MAIN,
            .generation = out->generation,
            .size = offers ? out->frontier.size : out->cosigned,
            .note = offers ? out->offered : out->note,
            .collected = out->collected,
        },
        {
            .authored = false,
            .lane = LANE_MAIN,
            .generation = in->generation,
            .size = in->frontier.size,
            .note = in->note,
            .fence = SLICE_ARRAY(in->fences[in->fence_count - 1]),
            .collected = in->collected,
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

/* What is wrong between our outgoing ledger and the peer's view of it. */
static enum ledger_trouble compare_out(struct work *work,
    const struct peer *peer, const struct ledger *out,
    const struct ledger_view *view)
{
    struct note shown;
    if (view->size == 0)
        return out->cosigned > 0 ? LEDGER_RECIPIENT_SHORTER : LEDGER_NONE;
    if (!is_note_of(work, peer, view, &shown))
        return LEDGER_UNPROVED;
    /* what we hold ourselves needs no proof */
    if (view->generation == out->generation && view->size == out->cosigned &&
        is_same(out->note, &shown))
        return LEDGER_NONE;
    if (!signatory_is_us(work, &shown))
        return LEDGER_UNPROVED;
    if (out->generation == 0)
        return LEDGER_AUTHOR_SHORTER;
    if (view->generation != out->generation)
        return LEDGER_GENERATION;
    if (view->size == out->cosigned)
        return LEDGER_CONFLICT;
    if (view->size < out->cosigned)
        return LEDGER_RECIPIENT_SHORTER;
    if (view->size == out->frontier.size && out->offered.size > 0)
        return is_same(out->offered, &shown) ? LEDGER_NONE : LEDGER_CONFLICT;
    return LEDGER_AUTHOR_SHORTER;
}

static void keep_evidence(struct work *work, struct ledger *ledger,
    struct slice held, struct slice shown)
{
    uint8_t *bytes = arena_take(work->arena, held.size + shown.size);
    if (bytes == NULL) {
        work_exhausted(work);
        return;
    }
    if (held.size > 0)
        memcpy(bytes, held.bytes, held.size);
    if (shown.size > 0)
        memcpy(bytes + held.size, shown.bytes, shown.size);
    ledger->evidence = slice_of(bytes, held.size + shown.size);
    ledger->changed = true;
}

static void settle_out(struct work *work, struct peer *peer, struct ledger *out,
    const struct ledger_view *view, bool is_fresh)
{
    if (out->trouble == LEDGER_CONFLICT)
        return; /* only a new generation leads out of that */
    enum ledger_trouble trouble = compare_out(work, peer, out, view);
    if (!is_fresh && trouble == LEDGER_NONE)
        return; /* may be from before we lost something: proves nothing */
    if (trouble != LEDGER_NONE) {
        peer->settled_out = false;
        peer->wants_head = true;
        if (!is_fresh)
            return; /* may be old: ask ourselves */
        if (trouble == LEDGER_CONFLICT)
            keep_evidence(work, out,
                view->size == out->cosigned ? out->note : out->offered,
                view->note);
        settle_trouble(work, peer, out, trouble);
        return;
    }
    settle_trouble(work, peer, out, LEDGER_NONE);
    memcpy(out->fences[0], view->fence.bytes, FENCE_SIZE);
    out->fence_count = 1;
    if (view->collected > out->collected && view->collected <= out->cosigned)
        out->collected = view->collected;
    out->changed = true;
    if (!peer->settled_out) {
        OUTPUT_LOG(work, LOG_LEDGER_SETTLED, log_agency("peer", &peer->agency),
            log_code("direction", "out"),
            log_number("size", (int64_t)out->cosigned));
        peer_progressed(work, peer); /* what it declined may pass now */
    }
    peer->settled_out = true;
    peer->wants_head = false;
}

/* What is wrong with the author's view of a ledger of which we hold `held`
 * entries at least since it was asked. */
static enum ledger_trouble compare_in(
    const struct ledger *in, const struct ledger_view *view, uint64_t held)
{
    if (held == 0)
        return LEDGER_NONE;
    if (view->generation == 0 || view->size < held)
        return LEDGER_AUTHOR_SHORTER;
    return view->generation == in->generation ? LEDGER_NONE : LEDGER_GENERATION;
}

static void settle_in(struct work *work, struct peer *peer, struct ledger *in,
    const struct ledger_view *view, bool is_reply)
{
    if (in->trouble == LEDGER_CONFLICT)
        return;
    /* parcels may have come since the reply was made */
    uint64_t held = is_reply ? peer->asked_in_size : in->frontier.size;
    enum ledger_trouble trouble = compare_in(in, view, held);
    if (!is_reply && (trouble != LEDGER_NONE || in->trouble != LEDGER_NONE)) {
        peer->wants_head = true; /* may be old: ask ourselves */
        return;
    }
    settle_trouble(work, peer, in, trouble);
    peer->settled_in = trouble == LEDGER_NONE;
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
    if (out == NULL || in == NULL)
        return work->txn->err;
    const struct ledger_view *ours = view_of(&head, false);
    const struct ledger_view *theirs = view_of(&head, true);
    /* ours first: what it leads to, theirs may add to */
    if (ours != NULL)
        settle_out(work, peer, out, ours,
            is_reply || is_echo(peer, out, head.echo, ours));
    if (theirs != NULL)
        settle_in(work, peer, in, theirs, is_reply);
    return work->txn->err;
}
