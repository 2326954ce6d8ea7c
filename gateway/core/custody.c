#include "core/custody.h"

#include "core/casework.h"
#include "core/collected.h"
#include "core/conflict.h"
#include "core/damage.h"
#include "core/generation.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "core/output.h"
#include "core/refill.h"
#include "core/settle.h"
#include "core/signatory.h"

#include <string.h>

/* Everything about the parcel in hand. */
struct intake {
    struct work *work;
    struct peer *peer;
    struct ledger *in;
    struct deliver deliver;
    struct note note;
    bool turns; /* it begins another generation than the one held */
    struct custody_reply *reply;
};

static void answer_with(
    struct intake *intake, enum reply_kind kind, struct slice body)
{
    if (body.bytes == NULL)
        work_exhausted(intake->work);
    *intake->reply = (struct custody_reply){ .kind = kind, .body = body };
}

static bool refuse(struct intake *intake, enum refusal_code code)
{
    answer_with(
        intake, REPLY_REFUSED, refusal_write(code, intake->work->arena));
    intake->reply->refused = refusal_code_name(code);
    return false;
}

static bool behind(struct intake *intake, enum behind_reason reason)
{
    struct behind hint = { reason, intake->in->frontier.size };
    answer_with(intake, REPLY_BEHIND, behind_write(&hint, intake->work->arena));
    return false;
}

/* Both notes, so that its operator is told as well. */
static bool show_conflict(struct intake *intake)
{
    struct work *work = intake->work;
    struct conflict proof;
    if (conflict_notes(work, intake->in, &proof))
        answer_with(
            intake, REPLY_CONFLICT, conflict_write(&proof, work->arena));
    return false;
}

static bool conflict(struct intake *intake, struct slice held)
{
    conflict_stop(intake->work, intake->peer, intake->in, held,
        intake->deliver.parcel.note);
    return show_conflict(intake);
}

/* Of a ledger that is stopped, or that an operator agreed to close. True: the
 * parcel is of another generation, and may be what is waited for. */
static bool shut_check(struct intake *intake)
{
    struct note note;
    if (note_parse(intake->deliver.parcel.note, &note) == ERR_NONE &&
        note.origin.generation == intake->in->generation)
        return show_conflict(intake);
    if (intake->in->trouble == LEDGER_CONFLICT)
        return refuse(intake, REFUSAL_CLOSED);
    return true;
}

/* ---- Checks ------------------------------------------------------------- */

static bool note_check(struct intake *intake)
{
    const struct note *note = &intake->note;
    const struct parcel *parcel = &intake->deliver.parcel;
    if (note_parse(parcel->note, &intake->note) != ERR_NONE ||
        note->has_cosignature ||
        note->size != parcel->first_index + parcel->entry_count)
        return refuse(intake, REFUSAL_MALFORMED);
    if (!agency_id_equal(&note->origin.author, &intake->peer->agency) ||
        !agency_id_equal(&note->origin.recipient, &intake->work->node->self) ||
        note->origin.lane != LANE_MAIN)
        return refuse(intake, REFUSAL_ADDRESS);
    intake->turns = intake->in->generation != 0 &&
                    note->origin.generation != intake->in->generation;
    if (note->origin.generation == 0 ||
        (intake->turns && parcel->first_index > 0) ||
        (intake->turns && generation_find(intake->work, intake->in,
                              note->origin.generation) != NULL))
        return refuse(intake, REFUSAL_GENERATION);
    if (!signatory_is_author(intake->work, intake->peer, note)) {
        peer_wants_head(intake->peer); /* there may be a newer card */
        return refuse(intake, REFUSAL_SIGNATURE);
    }
    return true;
}

/* The author's note with our line; empty: the store or memory failed. */
static struct slice cosign(struct intake *intake)
{
    char text[NOTE_SIZE_MAX];
    struct work *work = intake->work;
    int64_t now_ms = work->now.unix_ms > 0 ? work->now.unix_ms : 0;
    if (note_cosign(work->crypto, (uint64_t)now_ms / 1000, &intake->note) !=
        ERR_NONE) {
        work_fail(work, ERR_KEY);
        return SLICE_NONE;
    }
    struct slice note =
        arena_copy(work->arena, note_print(&intake->note, text));
    if (note.bytes == NULL)
        work_exhausted(work);
    return work_failed(work) ? SLICE_NONE : note;
}

/* Under a key that our card has no room for any more: who missed the card that
 * had it would never believe the receipt. */
static bool cosign_again(struct intake *intake, struct ledger_parcel *held)
{
    struct ledger *in = intake->in;
    held->note = cosign(intake);
    if (held->note.size == 0)
        return false;
    ledger_entries_write(intake->work, in, held->first_index, held->entries,
        held->count, held->note);
    if (intake->note.size == in->cosigned) {
        in->note = held->note;
        in->changed = true;
    }
    return !work_failed(intake->work);
}

/* Ends at or below what is held: the stored receipt, or proof of a fork. */
static bool repeat(struct intake *intake)
{
    struct ledger_parcel held;
    struct note note;
    struct work *work = intake->work;
    if (!ledger_parcel_at(work, intake->in, intake->note.size - 1, &held))
        return behind(intake, BEHIND_BOUNDARY);
    if (held.first_index + held.count != intake->note.size ||
        note_parse(held.note, &note) != ERR_NONE)
        return behind(intake, BEHIND_BOUNDARY);
    if (memcmp(note.root, intake->note.root, HASH_SIZE) != 0)
        return conflict(intake, held.note);
    if (!signatory_is_shown_witness(work, &note) &&
        !cosign_again(intake, &held))
        return false;
    struct cosigned cosigned = { held.note, intake->in->collected };
    work->node->counters.parcels_again++;
    answer_with(intake, REPLY_COSIGNED, cosigned_write(&cosigned, work->arena));
    intake->reply->is_again = true;
    return false;
}

/* Entries are not those that are held; its note must say so, too. */
static bool parted(struct intake *intake)
{
    struct contradiction proof;
    struct note held;
    if (note_parse(intake->in->note, &held) != ERR_NONE ||
        !conflict_prove(intake->work, intake->in, &intake->deliver.parcel,
            &held, &intake->note, &proof))
        return refuse(intake, REFUSAL_MALFORMED);
    conflict_stop_proved(intake->work, intake->peer, intake->in, &proof);
    return show_conflict(intake);
}

/* Entries that are held already must be the same; *skip counts them. */
static bool overlap(struct intake *intake, size_t *skip)
{
    const struct parcel *parcel = &intake->deliver.parcel;
    struct ledger *in = intake->in;
    uint64_t index = parcel->first_index;
    *skip = 0;
    while (!intake->turns && index < in->frontier.size) {
        struct ledger_parcel held;
        if (!ledger_parcel_at(intake->work, in, index, &held)) {
            work_corrupt(intake->work);
            return false;
        }
        for (uint64_t end = held.first_index + held.count; index < end;
             index++) {
            struct slice header = held.entries[index - held.first_index].header;
            if (!slice_equal(header, parcel->entries[*skip].header))
                return parted(intake);
            (*skip)++;
        }
    }
    return true;
}

/* Entry 0 of a later generation, of which nothing is held, follows on exactly
 * what is: there is no other way that an author goes on. */
static bool turn_check(struct intake *intake, const struct entry_header *first)
{
    struct work *work = intake->work;
    const struct ledger *in = intake->in;
    const struct parcel *parcel = &intake->deliver.parcel;
    struct generation_end end;
    struct merkle_hash root;
    bool begins = parcel->first_index == 0 && first->kind == ENTRY_GENERATION;
    if (!begins && intake->turns)
        return refuse(intake, REFUSAL_GENERATION);
    if (!begins)
        return true;
    if (parcel->entries[0].salt.size == 0 ||
        generation_end_read(parcel->entries[0].content, work->scratch, &end) !=
            ERR_NONE)
        return refuse(intake, REFUSAL_MALFORMED);
    if (end.generation != in->generation || end.size != in->frontier.size)
        return behind(intake, BEHIND_GENERATION);
    merkle_root(work->crypto, &in->frontier, &root);
    if (memcmp(root.bytes, end.root, HASH_SIZE) != 0)
        return conflict(intake, in->note);
    return true;
}

/* Headers decode and contents are what the headers say. */
static bool entries_check(
    struct intake *intake, size_t skip, struct entry_header *headers)
{
    const struct parcel *parcel = &intake->deliver.parcel;
    struct work *work = intake->work;
    for (size_t i = skip; i < parcel->entry_count; i++) {
        const struct entry *entry = &parcel->entries[i];
        uint8_t digest[HASH_SIZE];
        if (entry_header_read(entry->header, work->scratch, &headers[i]) !=
            ERR_NONE)
            return refuse(intake, REFUSAL_MALFORMED);
        if ((headers[i].kind == ENTRY_GENERATION &&
                parcel->first_index + i > 0) ||
            (entry->mention != NULL && headers[i].kind != ENTRY_REFERRAL_EVENT))
            return refuse(intake, REFUSAL_MALFORMED);
        if (entry->salt.size == 0)
            continue;
        entry_digest(work->crypto, entry->salt, entry->content, digest);
        if (memcmp(digest, headers[i].digest, HASH_SIZE) != 0)
            return refuse(intake, REFUSAL_MALFORMED);
    }
    return true;
}

/* The tree with the new leaves has the root that the author signed. */
static bool root_check(
    struct intake *intake, size_t skip, struct merkle_frontier *frontier)
{
    const struct parcel *parcel = &intake->deliver.parcel;
    struct work *work = intake->work;
    struct merkle_hash root;
    *frontier =
        intake->turns ? (struct merkle_frontier){ 0 } : intake->in->frontier;
    for (size_t i = skip; i < parcel->entry_count; i++) {
        struct merkle_hash leaf;
        merkle_leaf_hash(work->crypto, parcel->entries[i].header, &leaf);
        merkle_append(work->crypto, frontier, &leaf);
    }
    merkle_root(work->crypto, frontier, &root);
    if (memcmp(root.bytes, intake->note.root, HASH_SIZE) != 0)
        return refuse(intake, REFUSAL_MALFORMED);
    return true;
}

/* ---- Taking it ---------------------------------------------------------- */

static void take(struct intake *intake, size_t skip,
    const struct entry_header *headers, const struct merkle_frontier *frontier)
{
    const struct parcel *parcel = &intake->deliver.parcel;
    struct work *work = intake->work;
    struct ledger *in = intake->in;
    if (intake->turns) {
        generation_close(work, in);
        OUTPUT_LOG(work, LOG_LEDGER_RENEWED,
            log_agency("peer", &intake->peer->agency),
            log_code("direction", "in"));
    }
    uint64_t first_index = in->frontier.size;
    size_t count = parcel->entry_count - skip;
    struct ledger_entry *stored =
        arena_take_array(work->arena, count, sizeof *stored);
    struct slice note = cosign(intake);
    if (stored == NULL)
        work_exhausted(work);
    if (work_failed(work))
        return;
    in->note = note;
    in->generation = intake->note.origin.generation;
    in->frontier = *frontier;
    in->cosigned = frontier->size;
    in->changed = true;
    const struct ledger *out = peer_ledger(work, intake->peer, LEDGER_OUT);
    if (out->refills)
        refill_keep(work, intake->peer, parcel->entries + skip, headers + skip,
            stored, count);
    else
        casework_take(work, intake->peer,
            &(struct casework_parcel){ in->generation, first_index,
                parcel->entries + skip, headers + skip, stored, count });
    ledger_entries_write(work, in, first_index, stored, count, in->note);
    work->node->counters.parcels_received++;
    work->node->counters.entries_received += count;
    OUTPUT_LOG(work, LOG_PARCEL_RECEIVED,
        log_agency("peer", &intake->peer->agency),
        log_number("first", (int64_t)first_index),
        log_number("entries", (int64_t)count));
    struct cosigned cosigned = { in->note, in->collected };
    answer_with(intake, REPLY_COSIGNED, cosigned_write(&cosigned, work->arena));
}

static bool can_judge(
    struct intake *intake, size_t skip, const struct entry_header *headers)
{
    struct work *work = intake->work;
    const struct parcel *parcel = &intake->deliver.parcel;
    if (!damage_is_met(work, intake->peer, parcel->entries + skip,
            headers + skip, parcel->entry_count - skip))
        return !work_failed(work);
    answer_with(
        intake, REPLY_BUSY, busy_write(RETRY_DELAY_MS_MAX, work->arena));
    intake->reply->refused = "damaged_here";
    return false;
}

static bool may_take(struct intake *intake)
{
    if (conflict_is_shut(intake->in) && !shut_check(intake))
        return false;
    if (!intake->peer->settled_in)
        return behind(intake, BEHIND_UNSETTLED);
    if (!settle_fence_admits(intake->in, intake->deliver.fence))
        return behind(intake, BEHIND_FENCE);
    return note_check(intake);
}

void custody_take(struct work *work, struct peer *peer, struct slice body,
    struct custody_reply *reply)
{
    struct intake intake = { .work = work, .peer = peer, .reply = reply };
    struct merkle_frontier frontier;
    size_t skip = 0;
    intake.in = peer_ledger(work, peer, LEDGER_IN);
    if (body.size > DELIVER_SIZE_MAX ||
        deliver_read(body, work->scratch, &intake.deliver) != ERR_NONE) {
        (void)refuse(&intake, REFUSAL_MALFORMED);
        return;
    }
    if (!may_take(&intake))
        return;
    collected_take(work, peer, intake.deliver.collected_generation,
        intake.deliver.collected);
    const struct parcel *parcel = &intake.deliver.parcel;
    uint64_t held = intake.turns ? 0 : intake.in->frontier.size;
    if (intake.note.size <= held) {
        (void)repeat(&intake);
        return;
    }
    if (parcel->first_index > held) {
        (void)behind(&intake, BEHIND_GAP);
        return;
    }
    if (work->node->store_percent >= STORE_RECEIVE_PERCENT_MAX) {
        answer_with(
            &intake, REPLY_BUSY, busy_write(RETRY_DELAY_MS_MAX, work->arena));
        return;
    }
    struct entry_header *headers =
        arena_take_array(work->scratch, parcel->entry_count, sizeof *headers);
    if (headers == NULL) {
        (void)refuse(&intake, REFUSAL_TOO_LARGE);
        return;
    }
    if (overlap(&intake, &skip) && entries_check(&intake, skip, headers) &&
        (skip > 0 || turn_check(&intake, &headers[0])) &&
        root_check(&intake, skip, &frontier) &&
        can_judge(&intake, skip, headers))
        take(&intake, skip, headers, &frontier);
}
