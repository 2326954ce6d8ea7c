#include "core/delivery.h"

#include "core/answers.h"
#include "core/bare.h"
#include "core/collected.h"
#include "core/conflict.h"
#include "core/feed.h"
#include "core/generation.h"
#include "core/introduction.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "core/outbox.h"
#include "core/output.h"
#include "core/refill.h"
#include "core/revoke.h"
#include "core/scrub_patrol.h"
#include "core/settle.h"
#include "core/shipment.h"
#include "core/signatory.h"
#include "core/wanted.h"

#include <assert.h>
#include <string.h>

bool delivery_tell(
    struct work *work, struct peer *peer, const struct tell *tell)
{
    struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    if (tell->content.bytes == NULL || tell->content.size > CONTENT_SIZE_MAX)
        return false;
    struct content_ref held = tell->held;
    if (content_is_none(held))
        held = work_say(work, VAULT_ENTRY_COMMON, tell->content);
    if (content_is_none(held))
        return false;
    struct intent intent = {
        .kind = tell->kind,
        .at = work->now,
        .content = held,
        .content_size = (uint32_t)tell->content.size,
        .has_referral = tell->has_referral,
        .referral = tell->referral,
        .event_type = tell->event_type,
        .seq = tell->seq,
        .state = tell->state,
        .feed_position = tell->feed_position,
    };
    outbox_put(work, out, &intent);
    return !work_failed(work);
}

/* ---- Sending ------------------------------------------------------------ */

/* The key to seal with, by what is to be sent; NULL when there is none. */
static const uint8_t *sealing_key_for(
    struct work *work, struct peer *peer, enum request_kind kind)
{
    const struct key_sheet *sheet = peer_sheet(work, peer);
    const struct sealing_key *day = sheet == NULL || peer->is_rekeyed
                                        ? NULL
                                        : key_sheet_at(sheet, work->now);
    if (day != NULL)
        return day->key;
    const struct card *card = peer_card(work, peer);
    if (card == NULL || (kind != REQUEST_HEAD && kind != REQUEST_INTRODUCE))
        return NULL;
    const struct card_key *last = card_last_resort(card, work->now);
    return last == NULL ? NULL : last->key;
}

uint64_t delivery_send(struct work *work, struct peer *peer,
    enum request_kind kind, struct slice body)
{
    const uint8_t *key = sealing_key_for(work, peer, kind);
    if (work_failed(work))
        return 0;
    if (key == NULL) {
        peer_failed(work, peer, "no_sealing_key");
        peer->wants_head = true;
        peer->has_due = true;
        return 0;
    }
    struct node_output *output = output_add(work, NODE_SEND);
    output->of.send.token = work->node->token_next++;
    output->of.send.agency = peer->agency;
    memcpy(output->of.send.sealing_key, key, KEY_SIZE);
    output->of.send.kind = kind;
    output->of.send.is_all =
        peer_ledger(work, peer, LEDGER_OUT)->intent_count == 0;
    output->of.send.body = body;
    return output->of.send.token;
}

static void send_head(struct work *work, struct peer *peer)
{
    struct slice body = settle_head(work, peer, false);
    if (work_failed(work))
        return;
    struct ledger *in = peer_ledger(work, peer, LEDGER_IN);
    peer->asked_in_size = in->frontier.size;
    peer->asked_in_generation = in->generation;
    peer->head_is_old = false;
    work->node->counters.heads_sent++;
    peer->token = delivery_send(work, peer, REQUEST_HEAD, body);
    peer->token_kind = REQUEST_HEAD;
}

/* ---- What is due ------------------------------------------------------- */

/* A parcel as loaded, packed and listed; see BATCH_ARENA_SIZE. */
#define PARCEL_ARENA_MIN (8u * 1024 * 1024)

bool delivery_has_parcel(const struct peer *peer, const struct ledger *out)
{
    return peer->settled_out && out->trouble == LEDGER_NONE &&
           (out->offered.size > 0 || shipment_is_due(out));
}

bool delivery_has_room(const struct work *work)
{
    return work_room(work) >= PARCEL_ARENA_MIN;
}

/* Nobody else has it: it waits for an operator, and with it what comes after it
 * in this ledger. */
static void stand_still(struct work *work, struct peer *peer)
{
    peer_failed(work, peer, "damaged_here");
    peer->has_due = true;
    patrol_hasten(work);
}

void delivery_unblock(struct peer *peer)
{
    if (strcmp(peer->problem, "damaged_here") != 0)
        return;
    peer->next_try_steady_ms = 0;
    peer->refill_rest_steady_ms = 0;
    peer->touched = true;
}

static bool ship(struct work *work, struct peer *peer, struct ledger *out,
    struct shipment *shipment)
{
    return out->offered.size == 0 ? shipment_make(work, peer, out, shipment)
                                  : signatory_renew(work, out) &&
                                        shipment_load(work, out, shipment);
}

struct slice delivery_parcel(struct work *work, struct peer *peer)
{
    struct shipment shipment = { .is_damaged = false };
    struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    if (out->offered.size == 0)
        peer->parcel_due_steady_ms =
            work->steady_ms + work->node->options->parcel_gap_ms;
    bool is_there = ship(work, peer, out, &shipment);
    if (!is_there && shipment.is_damaged && bare_turn_unread(work, out)) {
        shipment = (struct shipment){ .is_damaged = false };
        is_there = ship(work, peer, out, &shipment);
    }
    if (!is_there && shipment.is_damaged)
        stand_still(work, peer);
    if (!is_there)
        return SLICE_NONE;
    struct slice body = shipment_body(work, peer, out, &shipment);
    peer->parcel_size = body.size;
    pace_begin(&peer->parcel_pace, work->steady_ms);
    return body;
}

/* Whatever is in a parcel, it costs both sides signatures and commits: what
 * comes soon after one waits for more. */
static bool gathers(
    const struct work *work, const struct peer *peer, const struct ledger *out)
{
    return out->offered.size == 0 && out->intent_count < PARCEL_SMALL_COUNT &&
           work->steady_ms < peer->parcel_due_steady_ms;
}

/* Our ledger is in trouble, which a greeting has not ended: what else goes on
 * with the peer, as its parcels that we collect, is no reason for another. */
static bool head_rests(
    const struct work *work, const struct peer *peer, const struct ledger *out)
{
    return out->trouble != LEDGER_NONE && peer->settled_in &&
           work->steady_ms < peer->head_rest_steady_ms;
}

void delivery_go_on(struct work *work, struct peer *peer)
{
    struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    peer->has_due = false;
    peer->rests = false;
    peer->gathers = false;
    peer->wants_head |= revoke_is_own(work->node); /* which carries it */
    /* one that only dials out comes by itself: collect.h */
    if (peer->state != PEER_ACCEPTED || !peer->reachable || peer->token != 0 ||
        !(peer->introduces || peer->wants_head || wanted_is_any(peer) ||
            delivery_has_parcel(peer, out)))
        return;
    if (work->steady_ms < peer->next_try_steady_ms ||
        !delivery_has_room(work)) {
        peer->has_due = true; /* later, or in the next batch */
        return;
    }
    if (peer->introduces) {
        struct slice card = introduction_body(work, peer);
        peer->token = delivery_send(work, peer, REQUEST_INTRODUCE, card);
        peer->token_kind = REQUEST_INTRODUCE;
        return;
    }
    bool has_key = sealing_key_for(work, peer, REQUEST_DELIVER) != NULL;
    bool fetches = wanted_is_any(peer);
    if (head_rests(work, peer, out)) {
        peer->has_due = true;
        peer->rests = true;
        if (!fetches || !has_key)
            return;
    } else if (peer->wants_head || !has_key) {
        send_head(work, peer); /* its reply brings a key sheet too */
        return;
    }
    if (!fetches && gathers(work, peer, out)) {
        peer->has_due = true;
        peer->gathers = true;
        return;
    }
    struct slice body =
        fetches ? wanted_ask(work, peer) : delivery_parcel(work, peer);
    if (body.size > 0) {
        peer->token_kind = fetches ? REQUEST_FETCH : REQUEST_DELIVER;
        peer->token = delivery_send(work, peer, peer->token_kind, body);
    }
}

/* A peer that was there all the time and said no says no again: two of them
 * would call each other without end. A greeting may mean that things changed,
 * unless it was a greeting that it declined. */
static bool may_pass(const struct peer *peer, enum request_kind heard)
{
    return peer->declined == 0 ||
           (heard == REQUEST_HEAD && peer->declined != REQUEST_HEAD);
}

void delivery_heard(
    struct work *work, struct peer *peer, enum request_kind heard)
{
    const struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    peer->last_heard_wall_ms = work->now.unix_ms;
    if (out->trouble == LEDGER_NONE && may_pass(peer, heard) &&
        peer->stumble_count <= PEER_STUMBLE_COUNT_MAX &&
        peer->rekey_count <= PEER_STUMBLE_COUNT_MAX &&
        sealing_key_for(work, peer, REQUEST_DELIVER) != NULL)
        peer_heard(work, peer);
}

int64_t delivery_due_steady_ms(const struct peer *peer)
{
    if (peer->state != PEER_ACCEPTED || peer->token != 0 || !peer->has_due)
        return INT64_MAX;
    if (peer->gathers)
        return peer->parcel_due_steady_ms;
    return peer->rests && peer->head_rest_steady_ms > peer->next_try_steady_ms
               ? peer->head_rest_steady_ms
               : peer->next_try_steady_ms;
}

/* ---- Replies ------------------------------------------------------------ */

const char *delivery_cosigned(
    struct work *work, struct peer *peer, const struct cosigned *cosigned)
{
    struct note note;
    struct note offered;
    struct ledger_parcel parcel;
    struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    if (note_parse(cosigned->note, &note) != ERR_NONE ||
        note_parse(out->offered, &offered) != ERR_NONE ||
        !note_is_same_checkpoint(&note, &offered) ||
        (memcmp(note.signature, offered.signature, SIGNATURE_SIZE) != 0 &&
            !signatory_is_us(work, &note)))
        return "reply_malformed";
    if (!signatory_is_witness(work, peer, &note))
        return "cosignature_bad";
    if (!ledger_parcel_at(work, out, out->cosigned, &parcel)) {
        work_corrupt(work);
        return NULL;
    }
    out->cosigned = note.size;
    out->note = arena_copy(work->arena, cosigned->note);
    out->offered = SLICE_NONE;
    /* a peer that loses its disk gets its own signature back with it */
    ledger_entries_write(
        work, out, parcel.first_index, parcel.entries, parcel.count, out->note);
    out->changed = true;
    pace_arrived(&peer->parcel_pace, peer->parcel_size, work->steady_ms);
    collected_take(work, peer, out->generation, cosigned->collected);
    peer->stumble_count = 0;
    work->node->counters.parcels_cosigned++;
    OUTPUT_LOG(work, LOG_PARCEL_COSIGNED, log_agency("peer", &peer->agency),
        log_number("size", (int64_t)note.size));
    for (size_t i = 0; i < parcel.count; i++) {
        if (!parcel.entries[i].has_referral)
            continue;
        feed_place(work, parcel.entries[i].feed_position, out->generation,
            parcel.first_index + i);
        answers_cosigned(work, peer, &parcel.entries[i]);
    }
    answers_pass_unowed(work, out);
    if (generation_is_unproved(out, peer->epoch)) {
        peer->settled_out = false; /* what follows is of another one */
        peer->wants_head = true;
    }
    return NULL;
}

static const char *on_cosigned(
    struct work *work, struct peer *peer, struct slice body)
{
    struct cosigned cosigned;
    if (cosigned_read(body, work->scratch, &cosigned) != ERR_NONE)
        return "reply_malformed";
    return delivery_cosigned(work, peer, &cosigned);
}

static const char *on_conflict(
    struct work *work, struct peer *peer, struct slice body)
{
    struct conflict conflict;
    struct note note;
    struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    if (conflict_read(body, work->scratch, &conflict) != ERR_NONE)
        return "reply_malformed";
    /* the operator over there has to agree before it takes anything */
    if (generation_is_spent(work, out))
        return "conflict";
    if (note_parse(conflict.held, &note) == ERR_NONE &&
        note.size > out->frontier.size &&
        conflict_is_ours(work, peer, out, &note))
        refill_begin(work, peer, LEDGER_OUT, &note);
    else
        conflict_shown(work, peer, out, &conflict);
    return refill_is_wanted(peer) || out->trouble == LEDGER_CONFLICT
               ? NULL
               : "conflict_unproved";
}

/* What it holds is not what we think: compare, at once the first time. */
static const char *on_behind(
    struct work *work, struct peer *peer, struct slice body)
{
    struct behind behind;
    if (behind_read(body, work->scratch, &behind) != ERR_NONE)
        return "reply_malformed";
    OUTPUT_LOG(work, LOG_LEDGER_UNSETTLED, log_agency("peer", &peer->agency),
        log_code("code", behind_reason_name(behind.reason)));
    peer->settled_out = false;
    peer->has_echoed = false;
    peer->wants_head = true;
    return ++peer->stumble_count > PEER_STUMBLE_COUNT_MAX
               ? behind_reason_name(behind.reason)
               : NULL;
}

static const char *on_head(
    struct work *work, struct peer *peer, struct slice body)
{
    struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    if (peer->token_kind == REQUEST_INTRODUCE)
        return introduction_done(work, peer, body);
    if (settle_with(work, peer, body, true) != ERR_NONE)
        return "reply_malformed";
    if (peer->state == PEER_REVOKED)
        return NULL;
    if (out->refills) { /* it goes on with Fetch */
        peer->wants_head =
            !refill_is_wanted(peer) && !peer->refill_ready && !peer->awaits;
        if (peer->wants_head)
            return out->trouble == LEDGER_NONE
                       ? "reply_malformed"
                       : ledger_trouble_name(out->trouble);
        return sealing_key_for(work, peer, REQUEST_DELIVER) == NULL
                   ? "no_sealing_key"
                   : NULL;
    }
    bool is_heard = !work->node->dials_only || peer->has_echoed;
    if (out->trouble != LEDGER_NONE && is_heard)
        return ledger_trouble_name(out->trouble);
    if (out->trouble == LEDGER_NONE && !peer->settled_out)
        return "reply_malformed"; /* it says nothing of our ledger */
    if (!is_heard) { /* its own ledger waits for that, whatever ours does */
        peer->has_echoed = true;
        peer->wants_head = true;
        return NULL;
    }
    /* asking again at once would bring the same */
    bool needs_key = work->node->dials_only || wanted_is_any(peer) ||
                     delivery_has_parcel(peer, out);
    if (needs_key && sealing_key_for(work, peer, REQUEST_DELIVER) == NULL)
        return "no_sealing_key";
    return NULL;
}

static const char *on_fetched(
    struct work *work, struct peer *peer, struct slice body)
{
    return wanted_take(work, peer, body);
}

static const char *on_refused(
    struct work *work, struct peer *peer, struct slice body)
{
    enum refusal_code code;
    if (refusal_read(body, work->scratch, &code) != ERR_NONE)
        return "reply_malformed";
    if (peer->token_kind == REQUEST_FETCH && wanted_refused(peer)) {
        peer_wants_head(peer); /* it may not hold any more what it showed */
        peer->stumble_count++; /* and a greeting alone is no progress */
    }
    if (code == REFUSAL_STRANGER && peer->token_kind != REQUEST_INTRODUCE) {
        peer->introduces = true; /* it does not know us yet */
        return introduction_pending(peer);
    }
    /* it lacks our newest card, or we its; or its last word is to be had */
    if (code == REFUSAL_SIGNATURE)
        peer->wants_head = true;
    if (code == REFUSAL_REVOKED && revoke_is_own(work->node)) {
        peer->introduces = false;
        return NULL; /* it knows */
    }
    peer->wants_head |= code == REFUSAL_REVOKED;
    work->node->counters.requests_refused++;
    return refusal_code_name(code);
}

static const char *on_busy(
    struct work *work, struct peer *peer, struct slice body)
{
    uint32_t retry_after_ms;
    if (busy_read(body, work->scratch, &retry_after_ms) != ERR_NONE)
        return "reply_malformed";
    /* what is to be mended is asked for later, and holds up nothing */
    if (peer->token_kind == REQUEST_FETCH && !wanted_refused(peer))
        return NULL;
    return "busy";
}

const char *delivery_plain(
    struct work *work, struct peer *peer, const struct reply *reply)
{
    if (reply->plain == PLAIN_REKEY && reply->sheet.size > 0) {
        enum err err = peer_offer_sheet(work, peer, reply->sheet);
        if (err == ERR_NONE && ++peer->rekey_count <= PEER_STUMBLE_COUNT_MAX)
            return NULL;
        /* by a key of a newer card: that comes with a greeting alone */
        peer->is_rekeyed = err == ERR_KEY;
    }
    if (reply->plain == PLAIN_REFUSED && peer->token_kind == REQUEST_HEAD) {
        peer->introduces = true; /* us, or our newest card, it may not know */
        return introduction_pending(peer);
    }
    if (reply->plain == PLAIN_REFUSED)
        peer->wants_head = true;
    if (reply->plain == PLAIN_REKEY)
        return "rekey";
    return reply->plain == PLAIN_BUSY ? "busy" : "refused";
}

/* A problem's code, or NULL when all is well. */
typedef const char *reply_handler(
    struct work *work, struct peer *peer, struct slice body);

static const struct {
    reply_handler *handle;
    enum request_kind to; /* 0: to any request */
} handlers[REPLY_KIND_COUNT] = {
    [REPLY_COSIGNED] = { on_cosigned, REQUEST_DELIVER },
    [REPLY_BEHIND] = { on_behind, REQUEST_DELIVER },
    [REPLY_BUSY] = { on_busy, 0 },
    [REPLY_CONFLICT] = { on_conflict, REQUEST_DELIVER },
    [REPLY_HEAD] = { on_head, REQUEST_HEAD },
    [REPLY_REFUSED] = { on_refused, 0 },
    [REPLY_FETCHED] = { on_fetched, REQUEST_FETCH },
};

const char *delivery_failure(struct peer *peer, enum err err)
{
    if ((err == ERR_UNREACHABLE || err == ERR_TIMEOUT) &&
        peer->failure_count >= PEER_AWAY_FAILURE_COUNT) {
        peer->stumble_count = 0;
        peer->rekey_count = 0;
    }
    switch ((int)err) {
    case ERR_UNREACHABLE:
        return "unreachable";
    case ERR_TIMEOUT:
        return "timeout";
    case ERR_KEY:
        return "wrong_key";
    case ERR_SIGNATURE:
        return "reply_signature";
    case ERR_BUSY:
    case ERR_LIMIT:
        return "busy_here";
    default:
        return "reply_malformed";
    }
}

static struct pace *pace_of(struct peer *peer, enum request_kind kind)
{
    if (kind == REQUEST_DELIVER)
        return &peer->parcel_pace;
    return kind == REQUEST_FETCH ? &peer->refill_pace : NULL;
}

/* A good reply says that it heard how our card ended. */
static bool was_told(const struct node *node, const struct peer *peer,
    enum request_kind asked, const struct reply *reply)
{
    return revoke_is_own(node) && !peer->head_is_old && reply->plain == 0 &&
           (asked == REQUEST_HEAD || reply->kind == REPLY_REFUSED);
}

/* What it asks is answered with it, and brings nothing more. */
static void tell_again(const struct work *work, struct peer *peer)
{
    peer->declined = REQUEST_HEAD;
    peer->next_try_steady_ms = work->steady_ms + REVOCATION_AGAIN_MS;
}

void delivery_reply(struct work *work, struct peer *peer, enum err err,
    const struct reply *reply)
{
    enum request_kind asked = peer->token_kind;
    const char *problem = NULL;
    peer->token = 0;
    peer->touched = true;
    /* closed since it was sent: a receipt is still one, all else is past */
    if (peer->state != PEER_ACCEPTED &&
        (err != ERR_NONE || reply->plain != 0 || reply->kind != REPLY_COSIGNED))
        return;
    if (asked == REQUEST_HEAD)
        peer->head_failed = true; /* unless its reply says something */
    if (err != ERR_NONE) {
        if (err == ERR_SIGNATURE)
            peer->wants_head = true; /* by a key of a newer card, maybe */
        struct pace *pace = pace_of(peer, asked);
        if (err == ERR_TIMEOUT && pace != NULL)
            pace_timed_out(pace);
        peer_failed(work, peer, delivery_failure(peer, err));
        return;
    }
    if (reply->plain != 0) {
        problem = delivery_plain(work, peer, reply);
    } else {
        if (asked != REQUEST_HEAD) /* which may go to the last resort */
            peer->rekey_count = 0;
        reply_handler *handle = handlers[reply->kind].handle;
        enum request_kind to = handlers[reply->kind].to;
        if (asked == REQUEST_INTRODUCE && to == REQUEST_HEAD)
            to = asked;
        if (handle == NULL || (to != 0 && to != asked))
            problem = "reply_malformed";
        else
            problem = handle(work, peer, reply->body);
    }
    if (work_failed(work))
        return;
    bool has_heard = was_told(work->node, peer, asked, reply);
    peer->wants_head |= peer->head_is_old;
    peer->head_is_old = false;
    if (problem == NULL) {
        peer->head_failed &= asked != REQUEST_HEAD;
        peer_progressed(work, peer);
        if (has_heard)
            tell_again(work, peer);
    } else {
        peer_failed(work, peer, problem);
        /* who waits for an operator is told by a greeting */
        peer->declined = peer->introduces ? 0 : asked;
        if (asked == REQUEST_HEAD &&
            peer_ledger(work, peer, LEDGER_OUT)->trouble != LEDGER_NONE)
            peer_head_rests(work, peer);
    }
}
