#include "core/refill.h"

#include "core/agreement.h"
#include "core/answers.h"
#include "core/conflict.h"
#include "core/fold.h"
#include "core/generation.h"
#include "core/limits.h"
#include "core/loss.h"
#include "core/mention.h"
#include "core/node_state.h"
#include "core/output.h"
#include "core/reconsider.h"
#include "core/register.h"
#include "core/scrub_patrol.h"
#include "core/settle.h"
#include "core/signatory.h"

#include <string.h>

/* ---- What is missing ----------------------------------------------------- */

static struct refill_goal *goal_of(
    struct peer *peer, enum ledger_direction direction)
{
    return &peer->goals[direction == LEDGER_OUT ? 0 : 1];
}

static const char *direction_name(enum ledger_direction direction)
{
    return direction == LEDGER_OUT ? "out" : "in";
}

static void goal_set(struct refill_goal *goal, const struct note *proof)
{
    *goal = (struct refill_goal){ .wanted = true,
        .proof = *proof,
        .last = {
            .generation = proof->origin.generation, .size = proof->size } };
    memcpy(goal->last.root, proof->root, HASH_SIZE);
    goal->next = goal->last;
}

void refill_begin(struct work *work, struct peer *peer,
    enum ledger_direction direction, const struct note *proof)
{
    struct refill_goal *goal = goal_of(peer, direction);
    struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    struct ledger *present = peer_ledger(work, peer, direction);
    if (goal->wanted && goal->last.generation == proof->origin.generation &&
        goal->last.size >= proof->size)
        return;
    /* in a ledger that has not gone on since, it is the loss that is known */
    if (work->node->loss == LOSS_NONE || out->losses == work->node->losses)
        loss_begin(work, LOSS_SHOWN);
    goal_set(goal, proof);
    peer->refill_ready = false;
    peer->awaits = false;
    peer->settled_out = false;
    peer->settled_in = false;
    peer->is_whole = false;
    if (!out->refills) {
        out->refills = true;
        out->refill++;
        out->changed = true;
    }
    if (direction == LEDGER_OUT)
        generation_take_back(work, out);
    settle_trouble(work, peer, present, LEDGER_NONE);
    OUTPUT_LOG(work, LOG_LEDGER_RECOVERING, log_agency("from", &peer->agency),
        log_code("direction", direction_name(direction)),
        log_number("held", (int64_t)present->cosigned),
        log_number("size", (int64_t)proof->size));
}

void refill_end(struct peer *peer, enum ledger_direction direction)
{
    goal_of(peer, direction)->wanted = false;
}

bool refill_is_wanted(const struct peer *peer)
{
    return peer->goals[0].wanted || peer->goals[1].wanted;
}

bool refill_takes_up(struct work *work, const struct referral *begun)
{
    struct peer *peer = peer_numbered(work->node, begun->peer);
    return peer_ledger(work, peer, LEDGER_OUT)->refills;
}

bool refill_progress(struct work *work, struct peer *peer,
    enum ledger_direction direction, uint64_t *held, uint64_t *goal)
{
    const struct refill_goal *set = goal_of(peer, direction);
    const struct ledger *present = peer_ledger(work, peer, direction);
    if (!set->wanted && present->unfolded == 0)
        return false;
    *held = set->wanted && present->generation != set->next.generation
                ? 0
                : present->cosigned;
    *goal = set->wanted ? set->next.size : present->cosigned;
    return true;
}

/* ---- Asking -------------------------------------------------------------- */

/* Our own ledger first: what the peer wrote is understood with it. */
static enum ledger_direction direction_next(const struct peer *peer)
{
    return peer->goals[0].wanted ? LEDGER_OUT : LEDGER_IN;
}

struct slice refill_ask(struct work *work, struct peer *peer)
{
    enum ledger_direction direction = direction_next(peer);
    const struct refill_goal *goal = goal_of(peer, direction);
    const struct ledger *present = peer_ledger(work, peer, direction);
    struct fetch fetch = {
        .authored = direction == LEDGER_OUT,
        .generation = goal->next.generation,
        .first_index = present->generation == goal->next.generation
                           ? present->cosigned
                           : 0,
        .size_max = (uint32_t)pace_size(&peer->refill_pace),
    };
    pace_begin(&peer->refill_pace, work->steady_ms);
    struct slice body = fetch_write(&fetch, work->arena);
    if (body.bytes == NULL)
        work_exhausted(work);
    return body;
}

/* ---- Believing ----------------------------------------------------------- */

/* One parcel that came, and the ledger it belongs to. */
struct arrival {
    struct work *work;
    struct peer *peer;
    enum ledger_direction direction;
    struct refill_goal *goal;
    struct ledger *present;
    const struct parcel *parcel;
    struct note note;
    struct entry_header *headers;
    struct merkle_frontier frontier; /* with it */
    const char *problem;
};

/* What it holds and what is held here are two histories, neither of which can
 * be shown to be false: an operator has to look. */
static bool parts(struct arrival *arrival)
{
    settle_trouble(
        arrival->work, arrival->peer, arrival->present, LEDGER_GENERATION);
    arrival->goal->wanted = false;
    arrival->problem = ledger_trouble_name(LEDGER_GENERATION);
    return false;
}

static bool fails(struct arrival *arrival, const char *problem)
{
    arrival->problem = problem;
    return false;
}

/* Of the generation asked for, signed by both ends. */
static bool note_holds(struct arrival *arrival)
{
    struct work *work = arrival->work;
    struct note *note = &arrival->note;
    const struct parcel *parcel = arrival->parcel;
    bool out = arrival->direction == LEDGER_OUT;
    struct origin origin = ledger_origin(
        arrival->present, &work->node->self, &arrival->peer->agency);
    origin.generation = arrival->goal->next.generation;
    if (note_parse(parcel->note, note) != ERR_NONE || !note->has_cosignature ||
        !origin_equal(&note->origin, &origin) ||
        note->size != parcel->first_index + parcel->entry_count)
        return fails(arrival, "fetched_other");
    bool signed_by_both =
        out ? signatory_is_us(work, note) &&
                  signatory_is_witness(work, arrival->peer, note)
            : signatory_was_author(work, arrival->peer, note) &&
                  signatory_is_our_witness(work, note);
    if (!signed_by_both)
        return fails(arrival, "fetched_signature");
    return true;
}

static bool entries_hold(struct arrival *arrival)
{
    struct work *work = arrival->work;
    const struct parcel *parcel = arrival->parcel;
    arrival->headers = arena_take_array(
        work->scratch, parcel->entry_count, sizeof *arrival->headers);
    if (arrival->headers == NULL)
        return fails(arrival, "fetched_large");
    for (size_t i = 0; i < parcel->entry_count; i++) {
        const struct entry *fetched = &parcel->entries[i];
        struct entry_header *header = &arrival->headers[i];
        uint8_t digest[HASH_SIZE];
        if (entry_header_read(fetched->header, work->scratch, header) !=
                ERR_NONE ||
            (fetched->mention != NULL && header->kind != ENTRY_REFERRAL_EVENT))
            return fails(arrival, "fetched_malformed");
        if (fetched->salt.size == 0)
            continue;
        entry_digest(work->crypto, fetched->salt, fetched->content, digest);
        if (memcmp(digest, header->digest, HASH_SIZE) != 0)
            return fails(arrival, "fetched_digest");
    }
    return true;
}

static bool root_holds(struct arrival *arrival)
{
    struct work *work = arrival->work;
    const struct parcel *parcel = arrival->parcel;
    struct merkle_hash root;
    for (size_t i = 0; i < parcel->entry_count; i++) {
        struct merkle_hash leaf;
        merkle_leaf_hash(work->crypto, parcel->entries[i].header, &leaf);
        merkle_append(work->crypto, &arrival->frontier, &leaf);
    }
    merkle_root(work->crypto, &arrival->frontier, &root);
    if (memcmp(root.bytes, arrival->note.root, HASH_SIZE) != 0)
        return fails(arrival, "fetched_root");
    return true;
}

/* ---- Where it goes ------------------------------------------------------- */

/* Entry 0 names the generation before; false: it is the ledger's first. */
static bool end_read(
    const struct arrival *arrival, struct generation_end *end, bool *is_sound)
{
    const struct entry *first = &arrival->parcel->entries[0];
    *is_sound = true;
    if (arrival->headers[0].kind != ENTRY_GENERATION)
        return false;
    *is_sound =
        first->salt.size > 0 && generation_end_read(first->content,
                                    arrival->work->scratch, end) == ERR_NONE;
    return *is_sound;
}

static bool ends_there(struct work *work, const struct ledger *present,
    const struct generation_end *end)
{
    struct merkle_hash root;
    merkle_root(work->crypto, &present->frontier, &root);
    return present->generation == end->generation &&
           present->cosigned == end->size &&
           memcmp(root.bytes, end->root, HASH_SIZE) == 0;
}

/* A generation that is not the present one: it follows on what is held, or what
 * comes before it has to be fetched first. True: it is the present one now. */
static bool turn(struct arrival *arrival)
{
    struct work *work = arrival->work;
    struct ledger *present = arrival->present;
    struct generation_end end;
    bool is_sound;
    if (!end_read(arrival, &end, &is_sound)) {
        if (!is_sound)
            return fails(arrival, "fetched_malformed");
        if (present->generation != 0)
            return parts(arrival);
        present->generation = arrival->note.origin.generation;
        return true;
    }
    if (ends_there(work, present, &end)) {
        generation_close(work, present);
        present->generation = arrival->note.origin.generation;
        return true;
    }
    /* the present one is older than it, and not whole, or unknown here */
    if (present->generation == end.generation && present->cosigned >= end.size)
        return parts(arrival);
    arrival->goal->next =
        (struct refill_point){ .generation = end.generation, .size = end.size };
    memcpy(arrival->goal->next.root, end.root, HASH_SIZE);
    return false;
}

/* ---- Storing ------------------------------------------------------------- */

/* The vault's entry for an event. A referral that is not known yet gets a row
 * for its entries; what comes after an erasure is not erased with it. */
static uint64_t vault_entry(
    struct work *work, const struct peer *peer, const struct ledger_entry *to)
{
    enum referral_event_type type = (enum referral_event_type)to->event_type;
    struct referral *referral = register_get(work, &to->referral);
    if (work_failed(work))
        return VAULT_ENTRY_COMMON;
    if (referral == NULL) {
        referral = arena_take(work->scratch, sizeof *referral);
        if (referral == NULL) {
            work_exhausted(work);
            return VAULT_ENTRY_COMMON;
        }
        referral->uuid = to->referral;
        referral->peer = peer->number;
        referral->state = REFERRAL_DRAFT;
        register_entries_take(work, referral);
    }
    if (register_is_begun(referral)) {
        referral->erased |= event_erases(type) || type == EVENT_CONSENT_REVOKED;
        register_put(work, referral);
    }
    uint64_t before = referral->entry;
    uint64_t entry = register_entry(work, referral, type);
    if (referral->entry != before)
        register_put(work, referral);
    return entry;
}

/* What it is about: from its words, or what the peer says in their place. */
static void mention_fill(struct work *work, enum entry_kind kind,
    const struct entry *from, struct ledger_entry *to)
{
    struct referral_event event;
    size_t used = work->scratch->used;
    mention_keep(from->mention, to);
    if (kind == ENTRY_REFERRAL_EVENT && from->salt.size > 0 &&
        referral_event_read(from->content, work->scratch, &event) == ERR_NONE) {
        to->has_referral = true;
        to->referral = event.referral;
        to->event_type = (uint8_t)event.type;
        to->seq = event.seq;
        to->state = (uint8_t)event.state;
    }
    struct erasure_notice notice;
    if (kind == ENTRY_ERASURE_NOTICE && from->salt.size > 0 &&
        erasure_notice_read(from->content, work->scratch, &notice) ==
            ERR_NONE) {
        to->has_referral = true;
        to->referral = notice.referral;
    }
    arena_rewind(work->scratch, used);
}

/* Staff erased it before it was taken up. */
static bool is_unwanted(struct work *work, const struct ledger_entry *entry)
{
    size_t used = work->scratch->used;
    const struct referral *referral = register_get(work, &entry->referral);
    bool is_erased =
        referral != NULL && register_is_begun(referral) &&
        referral->erasure.reason != ERASURE_NONE &&
        !event_is_exempt((enum referral_event_type)entry->event_type);
    arena_rewind(work->scratch, used);
    return is_erased;
}

static void entry_store(struct work *work, const struct peer *peer,
    enum entry_kind kind, const struct entry *from, struct ledger_entry *to)
{
    uint64_t entry = VAULT_ENTRY_COMMON;
    *to = (struct ledger_entry){ .header = from->header,
        .attached = from->salt.size > 0 };
    mention_fill(work, kind, from, to);
    if (to->has_referral && kind == ENTRY_REFERRAL_EVENT &&
        is_unwanted(work, to))
        to->attached = false;
    if (!to->attached)
        return;
    size_t used = work->scratch->used;
    if (to->has_referral && kind == ENTRY_REFERRAL_EVENT)
        entry = vault_entry(work, peer, to);
    arena_rewind(work->scratch, used);
    to->content = content_put(
        work->contents, work->arena, entry, from->salt, from->content);
    if (content_is_none(to->content))
        work_exhausted(work);
}

static void store(struct arrival *arrival)
{
    struct work *work = arrival->work;
    struct ledger *present = arrival->present;
    const struct parcel *parcel = arrival->parcel;
    struct ledger_entry *entries =
        arena_take_array(work->arena, parcel->entry_count, sizeof *entries);
    if (entries == NULL) {
        work_exhausted(work);
        return;
    }
    for (size_t i = 0; i < parcel->entry_count && !work_failed(work); i++)
        entry_store(work, arrival->peer, arrival->headers[i].kind,
            &parcel->entries[i], &entries[i]);
    present->frontier = arrival->frontier;
    present->cosigned = arrival->note.size;
    present->unfolded += parcel->entry_count;
    present->note = arena_copy(work->arena, parcel->note);
    present->changed = true;
    if (present->direction == LEDGER_OUT)
        present->renews = true; /* whatever else of it was signed and lost */
    if (present->note.bytes == NULL)
        work_exhausted(work);
    ledger_entries_write(work, present, parcel->first_index, entries,
        parcel->entry_count, present->note);
}

void refill_keep(struct work *work, struct peer *peer,
    const struct entry *entries, const struct entry_header *headers,
    struct ledger_entry *stored, size_t count)
{
    struct ledger *in = peer_ledger(work, peer, LEDGER_IN);
    for (size_t i = 0; i < count; i++) {
        struct entry from = entries[i];
        from.header = arena_copy(work->arena, entries[i].header);
        if (from.header.bytes == NULL)
            work_exhausted(work);
        entry_store(work, peer, headers[i].kind, &from, &stored[i]);
    }
    in->unfolded += count;
    peer->refill_ready = true;
}

/* Two notes of one signer for one size: a proof that he had two histories. */
static void conflict(struct arrival *arrival)
{
    char text[NOTE_SIZE_MAX];
    conflict_stop(arrival->work, arrival->peer, arrival->present,
        arrival->present->note, note_print(&arrival->goal->proof, text));
    arrival->goal->wanted = false;
    arrival->problem = ledger_trouble_name(LEDGER_CONFLICT);
}

static void advance(struct arrival *arrival)
{
    struct refill_goal *goal = arrival->goal;
    const struct refill_point *next = &goal->next;
    if (arrival->note.size < next->size)
        return;
    if (arrival->note.size == next->size &&
        memcmp(arrival->note.root, next->root, HASH_SIZE) != 0)
        conflict(arrival);
    else if (next->generation == goal->last.generation)
        goal->wanted = false;
    else
        goal->next = goal->last;
}

/* False when no more of this reply is of use: see arrival->problem. */
static bool take(struct arrival *arrival)
{
    struct work *work = arrival->work;
    struct ledger *present = arrival->present;
    if (!arrival->goal->wanted || !note_holds(arrival))
        return false;
    bool follows = present->generation == arrival->note.origin.generation;
    arrival->frontier =
        follows ? present->frontier : (struct merkle_frontier){ 0 };
    if (arrival->parcel->first_index != arrival->frontier.size)
        return fails(arrival, "fetched_other");
    if (!entries_hold(arrival) || !root_holds(arrival) ||
        (!follows && !turn(arrival)))
        return false;
    store(arrival);
    advance(arrival);
    arrival->peer->stumble_count = 0;
    return !work_failed(work) && arrival->problem == NULL;
}

/* Which ledger it is of: what is asked for next may be another since. */
static enum ledger_direction direction_of(
    const struct peer *peer, const struct fetched *fetched)
{
    struct note note;
    if (note_parse(fetched->parcels[0].note, &note) != ERR_NONE)
        return direction_next(peer);
    return agency_id_equal(&note.origin.author, &peer->agency) ? LEDGER_IN
                                                               : LEDGER_OUT;
}

const char *refill_take(struct work *work, struct peer *peer, struct slice body)
{
    struct fetched fetched;
    if (!refill_is_wanted(peer))
        return NULL;
    if (fetched_read(body, work->scratch, &fetched) != ERR_NONE)
        return "reply_malformed";
    if (fetched.parcel_count == 0)
        return "fetched_nothing";
    pace_arrived(&peer->refill_pace, body.size, work->steady_ms);
    enum ledger_direction direction = direction_of(peer, &fetched);
    struct arrival arrival = { .work = work,
        .peer = peer,
        .direction = direction,
        .goal = goal_of(peer, direction) };
    arrival.present = peer_ledger(work, peer, direction);
    if (!arrival.goal->wanted)
        return NULL;
    for (size_t i = 0; i < fetched.parcel_count; i++) {
        size_t used = work->scratch->used;
        arrival.parcel = &fetched.parcels[i];
        bool goes_on = take(&arrival);
        arena_rewind(work->scratch, used);
        if (!goes_on)
            break;
    }
    bool is_done = !refill_is_wanted(peer) && arrival.problem == NULL;
    /* what it says of our own ledger is not so, or not known to us: what we
     * said ourselves may be missing, and nothing is judged without that */
    bool is_doubtful =
        peer_ledger(work, peer, LEDGER_OUT)->trouble == LEDGER_UNPROVED;
    peer->refill_ready = is_done && !is_doubtful;
    if (is_done && is_doubtful)
        peer_wants_head(peer);
    return arrival.problem;
}

/* ---- Taking up ----------------------------------------------------------- */

static void finish(struct work *work, struct peer *peer, struct ledger *out)
{
    peer->refill_ready = false;
    peer->awaits = false;
    out->refills = false;
    out->changed = true;
    answers_pass_unowed(work, out);
    reconsider_intents(work, peer);
    /* no new generation comes, with which it would be told */
    if (!generation_is_spent(work, out))
        agreement_greet(work, peer);
    peer_ask_anew(peer);
    const struct ledger *in = peer_ledger(work, peer, LEDGER_IN);
    OUTPUT_LOG(work, LOG_LEDGER_RECOVERED, log_agency("from", &peer->agency),
        log_number("out", (int64_t)out->cosigned),
        log_number("in", (int64_t)in->cosigned));
}

/* Its author offers it again once it hears that the ledger is settled. */
static void await(struct work *work, struct peer *peer)
{
    const struct ledger *in = peer_ledger(work, peer, LEDGER_IN);
    peer->refill_ready = false;
    if (peer->awaits)
        return;
    peer->awaits = true;
    peer->settled_in = peer->is_whole && in->trouble == LEDGER_NONE;
    peer_ask_anew(peer);
    OUTPUT_LOG(work, LOG_LEDGER_AWAITS, log_agency("from", &peer->agency),
        log_number("held", (int64_t)in->cosigned),
        log_number("size", (int64_t)peer->coming_size));
}

/* Until what is damaged is back, or somebody erased it. */
static void rest(struct work *work, struct peer *peer)
{
    peer->refill_rest_steady_ms = work->steady_ms + PATROL_AGAIN_MS;
    peer->problem = "damaged_here";
    patrol_hasten(work);
    OUTPUT_LOG(work, LOG_LEDGER_RESTS, log_agency("from", &peer->agency));
}

void refill_go_on(struct work *work, struct peer *peer)
{
    struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    if (!peer->refill_ready || work->steady_ms < peer->refill_rest_steady_ms)
        return;
    if (!out->refills) {
        peer->refill_ready = false;
        return;
    }
    enum fold_left left = fold_piece(work, peer);
    if (work_failed(work))
        return;
    if (left == FOLD_NOTHING)
        finish(work, peer, out);
    else if (left == FOLD_AWAITS)
        await(work, peer);
    else if (left == FOLD_DAMAGED)
        rest(work, peer);
}
