/* What the gateway holds about a referral, as files of evidence. */
#include "referctl/evidence.h"

#include <string.h>

#include "core/armor.h"
#include "core/mou.h"
#include "core/proof.h"
#include "referctl/ledger_copy.h"
#include "referctl/mou.h"

static const char readme[] = EVIDENCE_FIRST_LINE
    "\n"
    "What two agencies told each other about one referral, with what proves "
    "it.\n"
    "\n"
    "    referctl evidence verify FOLDER      without a gateway, without a "
    "network\n"
    "    sha256sum -c SHA256SUMS              only: are the files unchanged?\n"
    "\n"
    "Each folder in entries/ is an entry of a ledger from one agency to the "
    "other:\n"
    "its header (kind, time, digest), the proof that the header is in the "
    "ledger\n"
    "(c2sp.org/tlog-proof@v1, with a checkpoint that both agencies signed), "
    "and,\n"
    "where shown, salt and content, whose digest stands in the header. cards/ "
    "holds\n"
    "the keys, signed by each agency's root key; an agency's id is a hash of "
    "that\n"
    "key. PROTOCOL.md section 15 and refer-evidence(5) say how to check it by "
    "hand.\n"
    "\n"
    "The files cannot tell that an id belongs to the agency whose name it "
    "bears:\n"
    "ask the agencies for their ids. A signature says that a gateway received "
    "an\n"
    "entry, and an answer what it did with it; not that a person read it.\n"
    "\n"
    "What is in here may be about a person. Give it to nobody who need not "
    "know.\n";

/* ---- Entries ------------------------------------------------------------- */

struct collector {
    struct session *session;
    struct offline *offline;
    struct evidence_draft *draft;
    bool with_content;
};

static void part_add(struct collector *collector,
    const struct evidence_place *place, enum evidence_part part,
    struct slice bytes)
{
    char path[EVIDENCE_PATH_SIZE];
    evidence_files_add(collector->session, &collector->draft->files,
        evidence_entry_path(place, part, path), bytes);
}

static enum exit_code entry_add(struct collector *collector,
    const struct ledger_copy *copy, const struct copied_entry *entry)
{
    struct pool *pool = collector->session->pool;
    const struct origin *origin = &copy->note.origin;
    struct evidence_place place = { origin->author, origin->generation,
        entry->index };
    struct proof proof = { .index = entry->index, .note = copy->note };
    char text[PROOF_SIZE_MAX];
    enum err err = tree_prove_inclusion(
        &copy->tree, entry->index, copy->note.size, &proof.path);
    if (err != ERR_NONE)
        return offline_fail(collector->session, err, "prove where an entry is");
    struct slice printed = proof_print(&proof, text);
    part_add(collector, &place, EVIDENCE_HEADER, entry->header);
    part_add(collector, &place, EVIDENCE_PROOF,
        slice_of(pool_copy(pool, printed.bytes, printed.size), printed.size));
    if (!collector->with_content || !entry->is_attached)
        return EXIT_CODE_DONE;
    part_add(collector, &place, EVIDENCE_SALT, entry->salt);
    part_add(collector, &place, EVIDENCE_CONTENT, entry->content);
    return EXIT_CODE_DONE;
}

/* Where the search for answers stands: they come in the order of what they
 * answer, from one generation to the next. */
struct search {
    const struct ledger_copies *answers;
    size_t generation;
    uint64_t from;
    bool is_known; /* the answer at `from` was added */
};

/* What the other agency answers to one event, unless it was added before. */
static enum exit_code answer_add(struct collector *collector,
    const struct ledger_copy *events, uint64_t about, struct search *search)
{
    enum exit_code code = EXIT_CODE_DONE;
    while (
        code == EXIT_CODE_DONE && search->generation < search->answers->count) {
        const struct ledger_copy *copy =
            &search->answers->items[search->generation];
        struct copied_entry answer = { 0 };
        uint64_t known = search->from;
        bool found = false;
        code = ledger_copy_answer(collector->session, collector->offline, copy,
            events->note.origin.generation, about, &search->from, &answer,
            &found);
        if (code == EXIT_CODE_DONE && found) {
            if (search->is_known && known == answer.index)
                return EXIT_CODE_DONE;
            search->is_known = true;
            return entry_add(collector, copy, &answer);
        }
        search->generation++;
        search->from = 0;
        search->is_known = false;
    }
    return code;
}

static enum exit_code events_add(struct collector *collector,
    const struct ledger_copies *events, const struct ledger_copies *answers)
{
    enum exit_code code = EXIT_CODE_DONE;
    for (size_t i = 0; i < events->count; i++) {
        const struct ledger_copy *copy = &events->items[i];
        struct search search = { .answers = answers };
        collector->draft->early_count += copy->early_count;
        for (size_t k = 0; k < copy->entry_count && code == EXIT_CODE_DONE;
             k++) {
            const struct copied_entry *event = &copy->entries[k];
            collector->draft->event_count++;
            code = entry_add(collector, copy, event);
            if (code == EXIT_CODE_DONE && collector->with_content)
                code = answer_add(collector, copy, event->index, &search);
        }
    }
    return code;
}

static enum exit_code ledgers_add(
    struct collector *collector, const char *peer, const char *referral)
{
    struct ledger_copies out, in;
    struct ledger_wish wish = { .referral = referral };
    enum exit_code code = ledger_copy_read(
        collector->session, collector->offline, peer, "out", &wish, &out);
    if (code == EXIT_CODE_DONE)
        code = ledger_copy_read(
            collector->session, collector->offline, peer, "in", &wish, &in);
    if (code == EXIT_CODE_DONE)
        code = events_add(collector, &out, &in);
    if (code == EXIT_CODE_DONE)
        code = events_add(collector, &in, &out);
    return code;
}

/* ---- Cards and the agreement --------------------------------------------- */

static enum exit_code card_add(
    struct collector *collector, const struct record *record)
{
    struct session *session = collector->session;
    struct arena *arena = &collector->offline->arena;
    struct value data = record_get(record, "data");
    size_t used = arena->used;
    char path[EVIDENCE_PATH_SIZE];
    struct agency_id agency;
    if (agency_id_parse(
            slice_of_text(record_text(record, "agency")), &agency) != ERR_NONE)
        return offline_fail(session, ERR_MALFORMED, "read a card's record");
    struct slice text =
        armor_write(ARMOR_CARD, slice_of(data.bytes, data.size), arena);
    if (text.bytes == NULL)
        return offline_fail(session, ERR_LIMIT, "armour a card");
    uint64_t serial = (uint64_t)record_number(record, "serial");
    evidence_files_add(session, &collector->draft->files,
        evidence_card_path(&agency, serial, path),
        slice_of(pool_copy(session->pool, text.bytes, text.size), text.size));
    arena_rewind(arena, used);
    return EXIT_CODE_DONE;
}

/* Every card that the agency ever had; NULL: ours. */
static enum exit_code cards_add(struct collector *collector, const char *agency)
{
    struct session *session = collector->session;
    int64_t below = INT64_MAX;
    for (;;) {
        struct request request = { .operation = "card.list" };
        struct reply reply = { 0 };
        if (agency != NULL)
            record_put_text(session->pool, &request.fields, "agency", agency);
        record_put_number(session->pool, &request.fields, "below", below);
        enum exit_code code = session_ask(session, &request, &reply);
        int64_t before = below;
        for (size_t i = 0; i < reply.records.count && code == EXIT_CODE_DONE;
             i++) {
            code = card_add(collector, &reply.records.items[i]);
            below = record_number(&reply.records.items[i], "serial");
        }
        if (code != EXIT_CODE_DONE || below >= before)
            return code; /* no card below the last one */
    }
}

static enum exit_code agreement_add(struct collector *collector, const char *id)
{
    struct session *session = collector->session;
    struct held_mou held = { .reply = { 0 } };
    struct mou_signature *signatures = NULL;
    size_t count = 0, capacity = 0;
    enum exit_code code = mou_ask(session, collector->offline, id, &held);
    if (code != EXIT_CODE_DONE)
        return code;
    for (size_t i = 0; i < held.reply.records.count; i++) {
        const struct record *record = &held.reply.records.items[i];
        struct value bytes = record_get(record, "signature");
        struct mou_signature signature;
        if (!record_is(record, "signature") || bytes.size != SIGNATURE_SIZE ||
            agency_id_parse(slice_of_text(record_text(record, "agency")),
                &signature.agency) != ERR_NONE)
            continue;
        memcpy(signature.signature, bytes.bytes, SIGNATURE_SIZE);
        signatures = pool_grow(
            session->pool, signatures, count, &capacity, sizeof *signatures);
        signatures[count++] = signature;
    }
    struct mou_bundle bundle = { held.id, held.bytes, signatures, count };
    struct slice offer = mou_offer_write(&bundle, &collector->offline->arena);
    if (offer.bytes == NULL)
        return offline_fail(session, ERR_LIMIT, "write the agreement");
    evidence_files_add(session, &collector->draft->files,
        SLICE_LITERAL(EVIDENCE_AGREEMENT),
        slice_of(
            pool_copy(session->pool, offer.bytes, offer.size), offer.size));
    return EXIT_CODE_DONE;
}

/* ---- All of it ----------------------------------------------------------- */

enum exit_code evidence_collect(struct session *session,
    struct offline *offline, const char *referral, bool with_content,
    struct evidence_draft *draft)
{
    struct collector collector = { session, offline, draft, with_content };
    struct request request = { .operation = "get" };
    struct reply reply = { 0 };
    *draft = (struct evidence_draft){ 0 };
    record_put_text(session->pool, &request.fields, "id", referral);
    record_put_flag(session->pool, &request.fields, "content", false);
    enum exit_code code = session_ask(session, &request, &reply);
    if (code != EXIT_CODE_DONE)
        return code;
    const struct record *record = records_first(&reply.records, "referral");
    if (record == NULL)
        return offline_fail(session, ERR_NOT_FOUND, "find the referral");
    const char *peer = record_text(record, "peer");
    code = ledgers_add(&collector, peer, referral);
    if (code == EXIT_CODE_DONE)
        code = cards_add(&collector, NULL);
    if (code == EXIT_CODE_DONE)
        code = cards_add(&collector, peer);
    if (code == EXIT_CODE_DONE && with_content)
        code = agreement_add(&collector, record_text(record, "mou"));
    if (code != EXIT_CODE_DONE)
        return code;
    evidence_files_add(session, &draft->files, SLICE_LITERAL(EVIDENCE_README),
        slice_of(readme, sizeof readme - 1));
    return evidence_files_close(session, offline, &draft->files);
}
