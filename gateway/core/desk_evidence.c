/* What proves things to others: leaves of ledgers, entries as they are, the
 * cards under which they were signed. Read in spans, so that a ledger of
 * millions holds nobody up; who asks puts proofs together (referctl). */
#include "core/desk.h"

#include <string.h>

#include "base/text.h"
#include "core/card_book.h"
#include "core/generation.h"
#include "core/ledger.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "core/output.h"
#include "core/peer.h"
#include "core/submission_read.h"

/* ---- Cards --------------------------------------------------------------- */

static void answer_card(struct work *work, const char *agency, uint64_t serial,
    struct slice data, struct local_answer *answer)
{
    if (data.bytes == NULL || work_failed(work))
        return;
    answer_record(answer, "card");
    answer_text(answer, "agency", agency);
    answer_number(answer, "serial", (int64_t)serial);
    answer_data(answer, "data", data);
}

static void answer_book(struct work *work, uint32_t peer, const char *agency,
    uint64_t below, struct local_answer *answer)
{
    struct card card = { .serial = below };
    size_t used = work->scratch->used;
    while (!answer_is_full(answer) &&
           card_book_before(work, peer, card.serial, &card)) {
        answer_card(work, agency, card.serial,
            card_book_get(work, peer, card.serial), answer);
        arena_rewind(work->scratch, used);
    }
}

void desk_card_list(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    static const struct field_rule rules[] = {
        { "agency", LOCAL_TEXT, false },
        { "below", LOCAL_NUMBER, false },
    };
    const struct local_field *fields = request->fields;
    size_t count = request->field_count;
    (void)caller;
    if (!fields_check(answer, "card", fields, count, rules, 2))
        return;
    int64_t below = field_number(fields, count, "below", INT64_MAX);
    if (below < 0) {
        answer_error(answer, ERR_INVALID, PROBLEM_FORMAT, "card.below",
            "give a serial, from 0");
        return;
    }
    struct slice agency = field_text(fields, count, "agency");
    const char *self = work->node->self.text;
    if (agency.size == 0 || slice_is(agency, self)) {
        answer_book(work, CARD_BOOK_SELF, self, (uint64_t)below, answer);
        return;
    }
    struct peer *peer = desk_peer(work, agency, answer);
    if (peer == NULL)
        return;
    if (peer->card_serial < (uint64_t)below)
        answer_card(work, peer->agency.text, peer->card_serial,
            peer_card_bytes(work, peer), answer);
    /* what is held is above the book: an old serial counts once */
    answer_book(work, peer->number, peer->agency.text,
        (uint64_t)below < peer->card_serial ? (uint64_t)below
                                            : peer->card_serial,
        answer);
}

/* ---- Spans of a ledger --------------------------------------------------- */

/* What is asked for. */
struct wish {
    uint64_t first;
    uint64_t count;
    bool has_referral;
    struct uuid referral;
    bool has_about;
    uint64_t about;
    bool notes;
};

static bool invalid(
    struct local_answer *answer, const char *clause, const char *remedy)
{
    answer_error(answer, ERR_INVALID, PROBLEM_FORMAT, clause, remedy);
    return false;
}

static bool wish_read(const struct local_request *request, struct wish *wish,
    struct local_answer *answer)
{
    const struct local_field *fields = request->fields;
    size_t field_count = request->field_count;
    struct slice referral = field_text(fields, field_count, "referral");
    int64_t after = field_number(fields, field_count, "after", -1);
    int64_t count =
        field_number(fields, field_count, "count", EVIDENCE_SPAN_COUNT_MAX);
    int64_t about = field_number(fields, field_count, "about", 0);
    if (after < -1 || after == INT64_MAX || about < 0)
        return invalid(
            answer, "evidence.after", "give an index of the ledger, from 0");
    if (count < 1 || count > EVIDENCE_SPAN_COUNT_MAX)
        return invalid(
            answer, "evidence.count", "ask for 1 to 4096 entries at a time");
    *wish = (struct wish){ .first = (uint64_t)(after + 1),
        .count = (uint64_t)count,
        .has_referral = referral.size > 0,
        .has_about = local_field_get(fields, field_count, "about") != NULL,
        .about = (uint64_t)about,
        .notes = field_number(fields, field_count, "notes", 0) != 0 };
    if (wish->has_referral && uuid_parse(referral, &wish->referral) != ERR_NONE)
        return invalid(answer, "evidence.referral",
            "give the id of a referral, as referctl referral list does");
    return true;
}

/* The generation that is asked for, closed or not; by default the present
 * one. NULL with an error in the reply. */
static struct ledger *generation_of(struct work *work,
    const struct local_request *request, struct ledger *present,
    struct local_answer *answer)
{
    struct slice text =
        field_text(request->fields, request->field_count, "generation");
    uint8_t bytes[8] = { 0 };
    uint64_t generation = 0;
    size_t size = 0;
    if (text.size == 0)
        return present;
    if (text_hex_decode(text, bytes, sizeof bytes, &size) != ERR_NONE ||
        size != sizeof bytes) {
        (void)invalid(answer, "evidence.generation",
            "give 16 hexadecimal digits, as referctl ledger list --json does");
        return NULL;
    }
    for (size_t i = 0; i < size; i++)
        generation = generation << 8 | bytes[i];
    struct ledger *found = generation_find(work, present, generation);
    if (found != NULL || work_failed(work))
        return found;
    answer_error(answer, ERR_NOT_FOUND, PROBLEM_NONE, "evidence.generation",
        "use a generation of referctl ledger list --json");
    return NULL;
}

/* What the entry says, where it is held. */
static struct slice content_of(
    struct work *work, const struct ledger_entry *entry)
{
    return entry->attached ? content_get(work->contents, work->txn,
                                 work->scratch, entry->content)
                           : SLICE_NONE;
}

static bool speaks_of(struct work *work, const struct ledger_entry *entry,
    enum entry_kind kind, uint64_t about)
{
    struct answer answer;
    struct slice content =
        kind == ENTRY_ANSWER ? content_of(work, entry) : SLICE_NONE;
    if (content.bytes == NULL ||
        answer_read(content, work->scratch, &answer) != ERR_NONE)
        return false;
    for (size_t i = 0; i < answer.item_count; i++)
        if (about >= answer.items[i].index &&
            about - answer.items[i].index < answer.items[i].count)
            return true;
    return false;
}

static void answer_entry(struct work *work, uint64_t index,
    const struct ledger_entry *entry, struct local_answer *answer)
{
    struct slice salt = SLICE_NONE;
    struct slice content = entry->attached
                               ? content_get_salted(work->contents, work->txn,
                                     work->scratch, entry->content, &salt)
                               : SLICE_NONE;
    answer_record(answer, "entry");
    answer_number(answer, "index", (int64_t)index);
    answer_data(answer, "header", entry->header);
    answer_flag(answer, "attached", content.bytes != NULL);
    if (content.bytes == NULL)
        return;
    answer_data(answer, "salt", salt);
    answer_data(answer, "content", content);
}

static void entry_look(struct work *work, const struct wish *wish,
    uint64_t index, const struct ledger_entry *entry,
    struct local_answer *answer)
{
    struct entry_header header;
    size_t used = work->scratch->used;
    ledger_header(work, work->scratch, entry, &header);
    if ((wish->has_referral && entry->has_referral &&
            uuid_equal(&entry->referral, &wish->referral)) ||
        (wish->has_about && speaks_of(work, entry, header.kind, wish->about)))
        answer_entry(work, index, entry, answer);
    arena_rewind(work->scratch, used);
}

static void answer_note(const struct ledger_parcel *parcel, uint64_t end,
    struct local_answer *answer)
{
    if (parcel->first_index + parcel->count != end || parcel->note.size == 0)
        return;
    answer_record(answer, "note");
    answer_number(answer, "size", (int64_t)end);
    answer_slice(answer, "note", parcel->note);
}

/* One parcel after the other; returns how many entries were looked at. */
static uint64_t span_read(struct work *work, const struct ledger *ledger,
    const struct wish *wish, struct merkle_hash *leaves,
    struct local_answer *answer)
{
    uint64_t size = ledger->frontier.size;
    uint64_t left = wish->first < size ? size - wish->first : 0;
    uint64_t end = wish->first + (left < wish->count ? left : wish->count);
    uint64_t index = wish->first;
    while (index < end && !answer_is_full(answer) && !work_failed(work)) {
        struct ledger_parcel parcel;
        size_t used = work->scratch->used;
        if (!ledger_parcel_load(work, work->scratch, ledger, index, &parcel)) {
            work_corrupt(work);
            break;
        }
        while (index < end && index - parcel.first_index < parcel.count &&
               !answer_is_full(answer) && !work_failed(work)) {
            const struct ledger_entry *entry =
                &parcel.entries[index - parcel.first_index];
            merkle_leaf_hash(
                work->crypto, entry->header, &leaves[index - wish->first]);
            entry_look(work, wish, index, entry, answer);
            index++;
        }
        if (wish->notes)
            answer_note(&parcel, index, answer);
        arena_rewind(work->scratch, used);
    }
    return index > wish->first ? index - wish->first : 0;
}

void desk_evidence_read(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    static const struct field_rule rules[] = {
        { "peer", LOCAL_TEXT, true },
        { "direction", LOCAL_TEXT, true },
        { "generation", LOCAL_TEXT, false },
        { "after", LOCAL_NUMBER, false },
        { "count", LOCAL_NUMBER, false },
        { "referral", LOCAL_TEXT, false },
        { "about", LOCAL_NUMBER, false },
        { "notes", LOCAL_FLAG, false },
    };
    struct peer *peer;
    struct wish wish;
    if (!fields_check(answer, "evidence", request->fields, request->field_count,
            rules, sizeof rules / sizeof *rules) ||
        !wish_read(request, &wish, answer))
        return;
    struct ledger *ledger = desk_ledger_named(work, request, &peer, answer);
    if (ledger != NULL)
        ledger = generation_of(work, request, ledger, answer);
    if (ledger == NULL)
        return;
    if (answer_is_full(answer)) { /* others in this batch took the room */
        answer_error(
            answer, ERR_BUSY, PROBLEM_NONE, "evidence.count", "ask again");
        return;
    }
    struct merkle_hash *leaves =
        arena_take_array(work->scratch, (size_t)wish.count, sizeof *leaves);
    if (leaves == NULL) {
        work_exhausted(work);
        return;
    }
    desk_ledger_record(work, peer, ledger, answer);
    uint64_t count = span_read(work, ledger, &wish, leaves, answer);
    answer_record(answer, "span");
    answer_number(answer, "first", (int64_t)wish.first);
    answer_number(answer, "count", (int64_t)count);
    answer_data(
        answer, "leaves", slice_of(leaves, (size_t)count * sizeof *leaves));
    if (wish.has_referral && wish.first == 0)
        OUTPUT_LOG(work, LOG_EVIDENCE_READ,
            log_uuid("referral", &wish.referral),
            log_agency("peer", &peer->agency), log_number("uid", caller->uid));
}
