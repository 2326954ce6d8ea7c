/* referctl ledger export, ledger witness: two agencies compare what each was
 * shown of a ledger. */
#include "referctl/command.h"

#include <string.h>

#include "core/contradiction.h"
#include "referctl/display.h"
#include "referctl/file.h"
#include "referctl/ledger_copy.h"
#include "referctl/resolve.h"

/* Both ledgers' newest checkpoints. */
#define WITNESS_FILE_SIZE_MAX                                                  \
    (4 * LEDGER_COPY_NOTE_COUNT_MAX * (NOTE_SIZE_MAX + 1))

/* ---- export -------------------------------------------------------------- */

struct text {
    char *bytes;
    size_t size;
    size_t capacity;
};

static void add(struct session *session, struct text *text, struct slice part)
{
    for (size_t i = 0; i < part.size; i++) {
        text->bytes = pool_grow(
            session->pool, text->bytes, text->size, &text->capacity, 1);
        text->bytes[text->size++] = (char)part.bytes[i];
    }
}

static void add_note(
    struct session *session, struct text *text, const struct note *note)
{
    char printed[NOTE_SIZE_MAX];
    add(session, text, note_print(note, printed));
    add(session, text, SLICE_LITERAL("\n"));
}

/* The newest co-signed checkpoint may be of no parcel that is kept here. */
static size_t add_copy(
    struct session *session, const struct ledger_copy *copy, struct text *text)
{
    size_t count = ledger_copy_note_count(copy);
    for (size_t i = 0; i < count; i++)
        add_note(session, text, ledger_copy_note(copy, i));
    if (!copy->has_note ||
        (count > 0 &&
            ledger_copy_note(copy, count - 1)->size >= copy->note.size))
        return count;
    add_note(session, text, &copy->note);
    return count + 1;
}

static enum exit_code export_to(struct session *session,
    struct offline *offline, const char *agency, const char *path)
{
    static const char *const directions[] = { "out", "in" };
    const struct ledger_wish wish = { .notes = true };
    struct text text = { 0 };
    size_t count = 0;
    for (size_t i = 0; i < 2; i++) {
        struct ledger_copies copies;
        enum exit_code code = ledger_copy_read(
            session, offline, agency, directions[i], &wish, &copies);
        if (code != EXIT_CODE_DONE)
            return code;
        for (size_t k = 0; k < copies.count; k++)
            count += add_copy(session, &copies.items[k], &text);
    }
    if (count == 0)
        return session_fail(session, EXIT_CODE_NOT_FOUND,
            "try again when something was delivered: referctl ledger list",
            "nothing is co-signed with this agency yet");
    enum exit_code code =
        file_write(session, path, text.bytes, text.size, 0600, false);
    if (code == EXIT_CODE_DONE)
        display_note(session, "%zu checkpoints written to %s\n", count, path);
    return code;
}

enum exit_code run_ledger_export(
    struct session *session, const struct arguments *arguments)
{
    struct offline offline;
    const char *path = arguments_option(arguments, "output");
    const char *agency = NULL;
    if (path == NULL)
        return session_fail(session, EXIT_CODE_USAGE,
            "referctl ledger export AGENCY -o FILE",
            "say where to: -o FILE, which must not exist yet");
    enum exit_code code =
        resolve_agency(session, arguments->values[0], &agency);
    if (code != EXIT_CODE_DONE)
        return code;
    code = offline_open(session, &offline);
    if (code == EXIT_CODE_DONE)
        code = export_to(session, &offline, agency, path);
    offline_close(&offline);
    return code;
}

/* ---- witness: what we hold ----------------------------------------------- */

struct witness {
    struct session *session;
    struct offline *offline;
    struct agency_id self;
    const char *proof_path; /* NULL: none is wanted */
    bool is_proof_written;
    struct ledger_copies *ledgers; /* those that were needed so far */
    size_t ledger_count;
    size_t ledger_capacity;
    struct card *cards;
    size_t card_count;
    size_t card_capacity;
    struct records findings;
    size_t bad_count;
};

/* Every card of an agency that this gateway ever held; NULL: our own. */
static enum exit_code cards_read(struct witness *witness, const char *agency)
{
    struct session *session = witness->session;
    struct request request = { .operation = "card.list" };
    struct reply reply = { 0 };
    if (agency != NULL)
        record_put_text(session->pool, &request.fields, "agency", agency);
    enum exit_code code = session_ask(session, &request, &reply);
    for (size_t i = 0; i < reply.records.count && code == EXIT_CODE_DONE; i++) {
        struct value data = record_get(&reply.records.items[i], "data");
        struct card card;
        code = offline_read_card(
            session, witness->offline, slice_of(data.bytes, data.size), &card);
        witness->cards = pool_grow(session->pool, witness->cards,
            witness->card_count, &witness->card_capacity, sizeof card);
        witness->cards[witness->card_count++] = card;
    }
    return code;
}

static enum exit_code self_read(struct witness *witness)
{
    enum exit_code code = cards_read(witness, NULL);
    if (code != EXIT_CODE_DONE)
        return code;
    if (witness->card_count == 0)
        return offline_fail(
            witness->session, ERR_NOT_FOUND, "find our own card");
    witness->self = witness->cards[0].agency;
    return EXIT_CODE_DONE;
}

/* By a key of any card of that agency. */
static bool is_signed_by(const struct witness *witness, const struct note *note,
    const struct agency_id *agency, enum key_purpose purpose)
{
    struct crypto *crypto = witness->offline->crypto;
    for (size_t i = 0; i < witness->card_count; i++) {
        const struct card *card = &witness->cards[i];
        if (!agency_id_equal(&card->agency, agency))
            continue;
        for (size_t k = 0; k < card->key_count; k++)
            if (card->keys[k].purpose == purpose &&
                (purpose == KEY_LOG
                        ? note_verify(crypto, note, card->keys[k].key)
                        : note_verify_cosignature(crypto, note, agency,
                              card->keys[k].key)) == ERR_NONE)
                return true;
    }
    return false;
}

/* All generations of it; NULL with *code when the gateway did not say. */
static const struct ledger_copies *ledger_of(
    struct witness *witness, const struct origin *origin, enum exit_code *code)
{
    const struct ledger_wish wish = { .notes = false };
    struct session *session = witness->session;
    bool is_out = agency_id_equal(&origin->author, &witness->self);
    const char *direction = is_out ? "out" : "in";
    const char *peer = pool_text(
        session->pool, is_out ? origin->recipient.text : origin->author.text);
    for (size_t i = 0; i < witness->ledger_count; i++)
        if (strcmp(witness->ledgers[i].items[0].peer, peer) == 0 &&
            strcmp(witness->ledgers[i].items[0].direction, direction) == 0)
            return &witness->ledgers[i];
    *code = cards_read(witness, peer);
    if (*code != EXIT_CODE_DONE)
        return NULL;
    witness->ledgers =
        pool_grow(session->pool, witness->ledgers, witness->ledger_count,
            &witness->ledger_capacity, sizeof *witness->ledgers);
    struct ledger_copies *ledger = &witness->ledgers[witness->ledger_count];
    *code = ledger_copy_read(
        session, witness->offline, peer, direction, &wish, ledger);
    if (*code != EXIT_CODE_DONE)
        return NULL;
    witness->ledger_count++;
    return ledger;
}

/* NULL: that generation is not held. */
static const struct ledger_copy *copy_of(
    const struct ledger_copies *ledger, const struct origin *origin)
{
    char text[ORIGIN_TEXT_SIZE + 1];
    origin_print(origin, text);
    for (size_t i = 0; i < ledger->count; i++)
        if (strcmp(strrchr(text, '/') + 1, ledger->items[i].generation) == 0)
            return &ledger->items[i];
    return NULL;
}

/* ---- witness: judging ---------------------------------------------------- */

/*
 * The file of PROTOCOL.md section 15.1: at that size the tree of our own note,
 * which its author signed too, has another root.
 */
static enum exit_code proof_write(struct witness *witness,
    const struct ledger_copy *copy, const struct note *shown)
{
    struct session *session = witness->session;
    struct contradiction proof = { .first = *shown };
    char text[CONTRADICTION_SIZE_MAX];
    if (witness->proof_path == NULL || witness->is_proof_written ||
        !copy->has_note || copy->note.size < shown->size)
        return EXIT_CODE_DONE;
    proof.second = copy->note;
    tree_root(&copy->tree, shown->size, &proof.root);
    enum err err = tree_prove_consistency(
        &copy->tree, shown->size, copy->note.size, &proof.path);
    if (err != ERR_NONE)
        return offline_fail(session, err, "prove a contradiction");
    struct slice bytes = contradiction_print(&proof, text);
    enum exit_code code = file_write(
        session, witness->proof_path, bytes.bytes, bytes.size, 0600, false);
    witness->is_proof_written = code == EXIT_CODE_DONE;
    return code;
}

/* Whether we ourselves signed it: then we held what it covers. */
static bool is_ours(const struct witness *witness, const struct note *note)
{
    return agency_id_equal(&note->origin.author, &witness->self) ||
           note->has_cosignature;
}

/* A verdict, and whether somebody has to do something about it. */
static const char *verdict_on(const struct witness *witness,
    const struct ledger_copy *copy, const struct note *note, bool *is_bad)
{
    struct merkle_hash root;
    *is_bad = true;
    if (!is_signed_by(witness, note, &note->origin.author, KEY_LOG) ||
        (note->has_cosignature &&
            !is_signed_by(witness, note, &note->origin.recipient, KEY_WITNESS)))
        return "not_signed";
    if (copy == NULL || note->size > copy->size) {
        *is_bad = is_ours(witness, note);
        return *is_bad ? "lost_here" : "ahead";
    }
    tree_root(&copy->tree, note->size, &root);
    *is_bad = memcmp(root.bytes, note->root, HASH_SIZE) != 0;
    return *is_bad ? "contradicts" : "agrees";
}

static enum exit_code judge_note(
    struct witness *witness, const struct note *note)
{
    struct pool *pool = witness->session->pool;
    const struct origin *origin = &note->origin;
    const char *verdict = "not_ours";
    bool is_bad = false;
    enum exit_code code = EXIT_CODE_DONE;
    bool is_out = agency_id_equal(&origin->author, &witness->self);
    if (is_out || agency_id_equal(&origin->recipient, &witness->self)) {
        const struct ledger_copies *ledger = ledger_of(witness, origin, &code);
        if (ledger == NULL)
            return code;
        const struct ledger_copy *copy = copy_of(ledger, origin);
        verdict = verdict_on(witness, copy, note, &is_bad);
        if (strcmp(verdict, "contradicts") == 0)
            code = proof_write(witness, copy, note);
    }
    struct record *record = records_add(pool, &witness->findings, "checkpoint");
    record_put_text(pool, record, "author", origin->author.text);
    record_put_text(pool, record, "recipient", origin->recipient.text);
    record_put_number(pool, record, "size", (int64_t)note->size);
    if (note->has_cosignature)
        record_put_number(
            pool, record, "cosigned_ms", (int64_t)note->cosigned_s * 1000);
    record_put_text(pool, record, "verdict", verdict);
    witness->bad_count += is_bad;
    return code;
}

static enum exit_code conclude(const struct witness *witness)
{
    static const struct column columns[] = {
        { "author", "author", 0 },
        { "recipient", "recipient", 0 },
        { "size", "entries", 0 },
        { "cosigned_ms", "cosigned", COLUMN_TIME },
        { "verdict", "verdict", COLUMN_STATE },
    };
    struct session *session = witness->session;
    if (session->json)
        display_json_list(session, &witness->findings, "checkpoint");
    else
        display_table(session, &witness->findings, "checkpoint", columns,
            DISPLAY_COUNT(columns), "No checkpoint in this file.");
    if (witness->is_proof_written)
        display_note(session,
            "%s proves to anybody with the author's card that the author "
            "shows two histories.\n",
            witness->proof_path);
    if (witness->bad_count == 0)
        return EXIT_CODE_DONE;
    return session_fail(session, EXIT_CODE_REFUSED,
        "keep the file and the store as they are, and call the other agency's "
        "point person",
        "%zu checkpoints are not of the ledgers that are held here",
        witness->bad_count);
}

static enum exit_code judge_file(struct witness *witness, struct slice rest)
{
    enum exit_code code = self_read(witness);
    while (code == EXIT_CODE_DONE && rest.size > 0) {
        struct note note;
        if (note_take(&rest, &note) != ERR_NONE)
            return session_fail(witness->session, EXIT_CODE_LOCAL,
                "give a file that `referctl ledger export` wrote, unchanged",
                "the file holds something else than checkpoints");
        code = judge_note(witness, &note);
    }
    return code == EXIT_CODE_DONE ? conclude(witness) : code;
}

enum exit_code run_ledger_witness(
    struct session *session, const struct arguments *arguments)
{
    struct offline offline;
    struct witness witness = { .session = session,
        .offline = &offline,
        .proof_path = arguments_option(arguments, "output") };
    const char *bytes = NULL;
    size_t size = 0;
    enum exit_code code = file_read(
        session, arguments->values[0], WITNESS_FILE_SIZE_MAX, &bytes, &size);
    if (code != EXIT_CODE_DONE)
        return code;
    code = offline_open(session, &offline);
    if (code == EXIT_CODE_DONE)
        code = judge_file(&witness, slice_of(bytes, size));
    offline_close(&offline);
    return code;
}
