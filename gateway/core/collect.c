#include "core/collect.h"

#include "core/collected.h"
#include "core/custody.h"
#include "core/delivery.h"
#include "core/fetch.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "core/output.h"
#include "core/revoke.h"
#include "core/wanted.h"

/* ---- Being asked -------------------------------------------------------- */

static void answer(struct work *work, struct peer *peer, enum reply_kind kind,
    struct slice body)
{
    struct node_output *output = output_add(work, NODE_REPLY);
    output->of.reply.handle = peer->collect_handle;
    output->of.reply.kind = kind;
    output->of.reply.body = body;
    peer->collect_waits = false;
}

bool collect_take(
    struct work *work, struct peer *peer, struct slice body, uint64_t handle)
{
    struct collect collect;
    if (collect_read(body, work->scratch, &collect) != ERR_NONE)
        return false;
    if (peer->collect_waits) /* it gave the one before up */
        answer(work, peer, REPLY_PARCEL, SLICE_NONE);
    struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    if (out->offered.size > 0 && collect.cosigned.size > 0) {
        struct cosigned cosigned = { collect.cosigned, collect.collected };
        /* not of this parcel: then it has not got it, and gets it again */
        (void)delivery_cosigned(work, peer, &cosigned);
    }
    struct note note;
    if (note_parse(collect.cosigned, &note) == ERR_NONE)
        collected_take(work, peer, note.origin.generation, collect.collected);
    uint32_t wait_ms = collect.wait_ms < COLLECT_WAIT_MS_MAX
                           ? collect.wait_ms
                           : COLLECT_WAIT_MS_MAX;
    peer->collect_handle = handle;
    peer->collect_waits = true;
    peer->collect_until_steady_ms = work->steady_ms + wait_ms;
    peer->touched = true;
    return true;
}

/* A greeting would bring something. But our own ledger, once it is in conflict,
 * waits for people. */
static bool has_to_greet(const struct peer *peer, const struct ledger *out)
{
    if (out->trouble == LEDGER_CONFLICT)
        return !peer->settled_in;
    return !peer->settled_out || out->trouble != LEDGER_NONE;
}

void collect_serve(struct work *work, struct peer *peer)
{
    struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    if (!peer->collect_waits)
        return;
    if (peer->state != PEER_ACCEPTED) {
        answer(work, peer, REPLY_REFUSED,
            refusal_write(REFUSAL_CLOSED, work->arena));
    } else if (wanted_is_any(peer) && !peer->reachable) {
        /* it cannot be dialled: it brings what we lost */
        answer(work, peer, REPLY_FETCH_WANTED, wanted_ask(work, peer));
    } else if (has_to_greet(peer, out)) {
        struct behind hint = { BEHIND_UNSETTLED, 0 };
        answer(work, peer, REPLY_BEHIND, behind_write(&hint, work->arena));
    } else if (delivery_has_parcel(peer, out)) {
        if (!delivery_has_room(work)) {
            peer->has_due = true; /* in the next batch */
            return;
        }
        struct slice body = delivery_parcel(work, peer);
        if (body.size > 0)
            answer(work, peer, REPLY_PARCEL, body);
    }
    if (peer->collect_waits && work->steady_ms >= peer->collect_until_steady_ms)
        answer(work, peer, REPLY_PARCEL, SLICE_NONE);
}

void collect_fetched(struct work *work, struct peer *peer, struct slice body,
    struct custody_reply *reply)
{
    struct behind hint = { BEHIND_UNSETTLED, 0 };
    const char *problem = wanted_take(work, peer, body);
    if (work_failed(work))
        return;
    peer->touched = true;
    if (problem != NULL)
        *reply = (struct custody_reply){ .kind = REPLY_REFUSED,
            .body = refusal_write(REFUSAL_MALFORMED, work->arena),
            .refused = problem };
    else if (wanted_is_any(peer))
        *reply = (struct custody_reply){ .kind = REPLY_FETCH_WANTED,
            .body = wanted_ask(work, peer) };
    else /* all is here: compare anew */
        *reply = (struct custody_reply){ .kind = REPLY_BEHIND,
            .body = behind_write(&hint, work->arena) };
    if (reply->body.bytes == NULL)
        work_exhausted(work);
}

/* ---- Asking ------------------------------------------------------------- */

/* The peer lost something that is held here, and cannot dial us: it says what
 * it wants in reply to our request. */
static bool may_help(const struct ledger *out, const struct ledger *in)
{
    return out->trouble == LEDGER_RECIPIENT_SHORTER ||
           in->trouble == LEDGER_AUTHOR_SHORTER;
}

/* Steady time of its next try; see collect_due. */
static int64_t try_steady_ms(const struct peer *peer)
{
    return peer->collect_rest_steady_ms > peer->next_try_steady_ms
               ? peer->collect_rest_steady_ms
               : peer->next_try_steady_ms;
}

/* A greeting that shows what the peer lost failed, and is to be followed late:
 * but not by what brings it back. */
static bool is_time(const struct work *work, const struct peer *peer,
    const struct ledger *out, const struct ledger *in)
{
    bool helps = may_help(out, in) && peer->declined == REQUEST_HEAD;
    return work->steady_ms >=
           (helps ? peer->collect_rest_steady_ms : try_steady_ms(peer));
}

/* Until a greeting is answered there may be nothing to ask for: what overtakes
 * it is a stumble that makes the next one late. But not for ever: beside one
 * that brought nothing, as where our ledger is in trouble, it goes. */
static bool greets(const struct peer *peer)
{
    bool is_head =
        peer->token == 0 ? peer->wants_head : peer->token_kind == REQUEST_HEAD;
    return is_head && !peer->head_failed;
}

void collect_go_on(struct work *work, struct peer *peer)
{
    struct ledger *in = peer_ledger(work, peer, LEDGER_IN);
    const struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    peer->collect_due = false;
    if (revoke_is_own(work->node) || !work->node->dials_only ||
        !peer->reachable || peer->state != PEER_ACCEPTED ||
        peer->collect_token != 0 ||
        !(may_help(out, in) ||
            (peer->settled_in && in->trouble == LEDGER_NONE)))
        return;
    if (work->node->store_percent < STORE_RECEIVE_PERCENT_MAX)
        peer->collect_rest_steady_ms = 0; /* there is room by now */
    if (!is_time(work, peer, out, in)) {
        peer->collect_due = true;
        return;
    }
    if (greets(peer))
        return;
    struct collect collect = { COLLECT_WAIT_MS, in->note, in->collected };
    struct slice body = collect_write(&collect, work->arena);
    if (body.bytes == NULL)
        work_exhausted(work);
    else
        peer->collect_token = delivery_send(work, peer, REQUEST_COLLECT, body);
    peer->collect_asked_steady_ms = work->steady_ms;
}

/* What our own custody says of the parcel: the next request carries it. */
static const char *take_parcel(
    struct work *work, struct peer *peer, struct slice body)
{
    struct custody_reply reply = { 0 };
    if (body.size == 0) { /* nothing for us in all that time */
        if (work->steady_ms - peer->collect_asked_steady_ms <
            work->node->options->retry_delay_ms_min)
            return "impatient";
        peer->stumble_count = 0;
        return NULL;
    }
    custody_take(work, peer, body, &reply);
    if (work_failed(work))
        return NULL;
    if (reply.kind == REPLY_COSIGNED) {
        peer->stumble_count = 0;
        /* it would bring the same for each receipt that it does not take */
        return reply.is_again ? "unheard" : NULL;
    }
    if (reply.kind == REPLY_REFUSED) {
        OUTPUT_LOG(work, LOG_PEER_REFUSED, log_agency("peer", &peer->agency),
            log_code("code", reply.refused));
        return reply.refused;
    }
    if (reply.kind == REPLY_BUSY) {
        /* whatever ends the backoff, the parcel comes for nothing until then */
        peer->collect_rest_steady_ms = work->steady_ms + RETRY_DELAY_MS_MAX;
        return reply.refused == NULL ? "store_full" : reply.refused;
    }
    peer->settled_in = false; /* behind, or in conflict */
    peer_wants_head(peer);
    return ++peer->stumble_count > PEER_STUMBLE_COUNT_MAX ? "behind" : NULL;
}

/* What it lost goes there in a request of ours, within its budget. */
static const char *give(struct work *work, struct peer *peer, struct slice body)
{
    struct custody_reply reply = { 0 };
    fetch_serve(work, peer, body, &reply);
    if (work_failed(work))
        return NULL;
    if (reply.kind == REPLY_FETCHED) {
        peer->stumble_count = 0;
        peer->collect_token =
            delivery_send(work, peer, REQUEST_FETCHED, reply.body);
        return NULL;
    }
    peer_wants_head(peer); /* it may want something else by now */
    return reply.kind == REPLY_BUSY ? "busy" : reply.refused;
}

static const char *on_reply(
    struct work *work, struct peer *peer, const struct reply *reply)
{
    if (reply->plain != 0)
        return delivery_plain(work, peer, reply);
    peer->rekey_count = 0;
    if (reply->kind == REPLY_FETCH_WANTED)
        return give(work, peer, reply->body);
    if (reply->kind == REPLY_PARCEL)
        return take_parcel(work, peer, reply->body);
    if (reply->kind == REPLY_BEHIND) {
        peer->settled_in = false;
        peer->has_echoed = false;
        peer_wants_head(peer);
        return ++peer->stumble_count > PEER_STUMBLE_COUNT_MAX ? "unsettled"
                                                              : NULL;
    }
    if (reply->kind != REPLY_REFUSED)
        return "reply_malformed";
    enum refusal_code code;
    if (refusal_read(reply->body, work->scratch, &code) == ERR_NONE &&
        code == REFUSAL_REVOKED)
        peer_wants_head(peer);
    return "refused";
}

void collect_reply(struct work *work, struct peer *peer, enum err err,
    const struct reply *reply)
{
    peer->collect_token = 0;
    peer->touched = true;
    if (peer->state != PEER_ACCEPTED)
        return; /* closed meanwhile: not taken, so offered again */
    if (err == ERR_SIGNATURE)
        peer_wants_head(peer); /* by a key of a newer card, maybe */
    const char *problem = err != ERR_NONE ? delivery_failure(peer, err)
                                          : on_reply(work, peer, reply);
    if (work_failed(work))
        return;
    if (problem == NULL) {
        peer_progressed(work, peer);
        return;
    }
    peer_failed(work, peer, problem);
    if (err == ERR_NONE)
        peer->declined = REQUEST_COLLECT;
}

int64_t collect_due_steady_ms(const struct peer *peer)
{
    int64_t due = INT64_MAX;
    if (peer->collect_waits)
        due = peer->collect_until_steady_ms;
    if (peer->collect_due && try_steady_ms(peer) < due)
        due = try_steady_ms(peer);
    return due;
}
