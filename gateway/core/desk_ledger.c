#include "core/desk.h"

#include "base/text.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "core/problem.h"
#include "core/refill.h"
#include "core/signatory.h"
#include "core/submission_read.h"

#include <string.h>

static void answer_hash(struct local_answer *answer, const char *name,
    const uint8_t hash[HASH_SIZE])
{
    char text[2 * HASH_SIZE + 1];
    size_t size = text_hex_encode(slice_of(hash, HASH_SIZE), text, sizeof text);
    answer_slice(answer, name, slice_of(text, size));
}

void desk_ledger_record(struct work *work, struct peer *peer,
    const struct ledger *ledger, struct local_answer *answer)
{
    struct merkle_hash root;
    bool out = ledger->direction == LEDGER_OUT;
    const struct card *card = peer_card(work, peer);
    merkle_root(work->crypto, &ledger->frontier, &root);
    answer_record(answer, "ledger");
    answer_text(answer, "peer", peer->agency.text);
    answer_slice(answer, "peer_name", card == NULL ? SLICE_NONE : card->name);
    answer_text(answer, "direction", out ? "out" : "in");
    answer_text(answer, "lane", "main");
    answer_generation(answer, "generation", ledger->generation);
    answer_generation(answer, "previous", ledger->previous);
    answer_number(answer, "size", (int64_t)ledger->frontier.size);
    answer_number(answer, "cosigned", (int64_t)ledger->cosigned);
    answer_number(answer, "collected", (int64_t)ledger->collected);
    answer_number(answer, "collected_ms", ledger->collected_ms);
    answer_hash(answer, "root", root.bytes);
    uint64_t held;
    uint64_t goal;
    bool recovers = !ledger->closed && refill_progress(work, peer,
                                           ledger->direction, &held, &goal);
    answer_text(answer, "state",
        ledger->closed                                 ? "closed"
        : recovers                                     ? "recovering"
        : ledger->trouble != LEDGER_NONE               ? "stopped"
        : (out ? peer->settled_out : peer->settled_in) ? "settled"
                                                       : "unsettled");
    answer_text(answer, "problem", ledger_trouble_name(ledger->trouble));
    answer_slice(answer, "note", ledger->note);
}

struct ledger *desk_ledger_named(struct work *work,
    const struct local_request *request, struct peer **peer,
    struct local_answer *answer)
{
    const struct local_field *fields = request->fields;
    size_t count = request->field_count;
    struct slice direction = field_text(fields, count, "direction");
    if (!slice_is(direction, "out") && !slice_is(direction, "in")) {
        answer_error(answer, ERR_INVALID, PROBLEM_FORMAT, "ledger.direction",
            "use out or in");
        return NULL;
    }
    *peer = desk_peer(work, field_text(fields, count, "peer"), answer);
    return *peer == NULL
               ? NULL
               : peer_ledger(work, *peer,
                     slice_is(direction, "out") ? LEDGER_OUT : LEDGER_IN);
}

void desk_ledger_list(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    static const struct field_rule rules[] = { { "after", LOCAL_TEXT, false } };
    struct node *node = work->node;
    size_t i;
    (void)caller;
    if (!fields_check(answer, "ledger", request->fields, request->field_count,
            rules, 1) ||
        !desk_page_begin(work, request, &i, answer))
        return;
    for (; i < node->peer_count && !answer_is_full(answer); i++) {
        struct peer *peer = node->peers[i];
        struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
        struct ledger *in = peer_ledger(work, peer, LEDGER_IN);
        desk_ledger_record(work, peer, out, answer);
        desk_ledger_record(work, peer, in, answer);
    }
    desk_page_end(work, i, answer);
}

/* ---- Entries ------------------------------------------------------------ */

/* An answer's first refusal says what an operator wants to see at once. */
static void answer_verdict(
    struct work *work, struct slice content, struct local_answer *answer)
{
    struct answer parsed;
    if (answer_read(content, work->scratch, &parsed) != ERR_NONE)
        return;
    const struct answer_item *item = &parsed.items[0];
    for (size_t i = 0; i < parsed.item_count; i++)
        if (parsed.items[i].verdict != ANSWER_APPLIED) {
            item = &parsed.items[i];
            break;
        }
    answer_number(answer, "about", (int64_t)item->index);
    answer_text(answer, "verdict",
        item->verdict == ANSWER_APPLIED   ? "applied"
        : item->verdict == ANSWER_REFUSED ? "refused"
                                          : "absent");
    answer_text(answer, "problem", problem_name(item->problem));
    answer_slice(answer, "clause", item->clause);
    answer_slice(answer, "remedy", item->remedy);
}

static void answer_entry(struct work *work, uint64_t index,
    const struct ledger_entry *entry, struct local_answer *answer)
{
    struct entry_header header;
    size_t used = work->scratch->used;
    struct slice content =
        content_get(work->contents, work->txn, work->scratch, entry->content);
    ledger_header(work, work->scratch, entry, &header);
    if (work_failed(work))
        return;
    answer_record(answer, "entry");
    answer_number(answer, "index", (int64_t)index);
    answer_text(answer, "kind", entry_kind_name(header.kind));
    answer_number(answer, "at_ms", header.at.unix_ms);
    answer_hash(answer, "digest", header.digest);
    answer_number(answer, "size", (int64_t)content.size);
    answer_flag(answer, "content", entry->attached && content.bytes != NULL);
    if (header.kind == ENTRY_ANSWER && content.bytes != NULL)
        answer_verdict(work, content, answer);
    arena_rewind(work->scratch, used);
}

void desk_ledger_show(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    static const struct field_rule rules[] = {
        { "peer", LOCAL_TEXT, true },
        { "direction", LOCAL_TEXT, true },
        { "after", LOCAL_NUMBER, false },
        { "count", LOCAL_NUMBER, false },
    };
    const struct local_field *fields = request->fields;
    size_t count = request->field_count;
    struct peer *peer;
    struct ledger_parcel parcel = { 0 };
    (void)caller;
    if (!fields_check(answer, "ledger", fields, count, rules, 4))
        return;
    struct ledger *ledger = desk_ledger_named(work, request, &peer, answer);
    if (ledger == NULL)
        return;
    int64_t after = field_number(fields, count, "after", -1);
    int64_t limit = field_number(fields, count, "count", LOCAL_PAGE_COUNT_MAX);
    if (after < -1 || limit < 1 || limit > LOCAL_PAGE_COUNT_MAX) {
        answer_error(answer, ERR_INVALID, PROBLEM_FORMAT, "ledger.count",
            "ask for 1 to 256 entries, after an index from 0");
        return;
    }
    desk_ledger_record(work, peer, ledger, answer);
    uint64_t index = (uint64_t)after + 1; /* -1 is none */
    for (;
         limit > 0 && index < ledger->frontier.size && !answer_is_full(answer);
         limit--, index++) {
        if (index - parcel.first_index >= parcel.count &&
            !ledger_parcel_at(work, ledger, index, &parcel)) {
            work_corrupt(work);
            return;
        }
        answer_entry(
            work, index, &parcel.entries[index - parcel.first_index], answer);
    }
}
