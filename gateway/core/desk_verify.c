/*
 * Verifying ledgers: every digest, every tree, the last note. A ledger can be
 * long, so that one request looks at a part, and the answer says where the next
 * goes on; all else has its turn in between.
 */
#include "core/desk.h"

#include "base/text.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "core/problem.h"
#include "core/signatory.h"
#include "core/submission_read.h"

#include <string.h>

/* ---- Where it goes on --------------------------------------------------- */

/* The entry that is looked at next; of another generation than the present
 * one it is the present one's first. */
struct place {
    size_t peer; /* index of node->peers */
    enum ledger_direction direction;
    uint64_t generation;
    uint64_t index;
};

/* As text: agency, "o" or "i", generation and index as 16 digits each. */
#define PLACE_SIZE (AGENCY_ID_SIZE + 1 + 2 * 16)

static void more(
    struct work *work, const struct place *place, struct local_answer *answer)
{
    uint8_t numbers[16];
    char text[PLACE_SIZE + 1];
    struct packer out = pack_into(numbers, sizeof numbers);
    pack_u64(&out, place->generation);
    pack_u64(&out, place->index);
    memcpy(text, work->node->peers[place->peer]->agency.text, AGENCY_ID_SIZE);
    text[AGENCY_ID_SIZE] = place->direction == LEDGER_OUT ? 'o' : 'i';
    (void)text_hex_encode(
        SLICE_ARRAY(numbers), text + AGENCY_ID_SIZE + 1, 2 * 16 + 1);
    answer_record(answer, "more");
    answer_slice(answer, "after", slice_of(text, PLACE_SIZE));
}

static bool place_read(struct work *work, const struct local_request *request,
    struct place *place, struct local_answer *answer)
{
    uint8_t numbers[16];
    size_t size = 0;
    struct slice after =
        field_text(request->fields, request->field_count, "after");
    *place = (struct place){ .direction = LEDGER_OUT };
    if (after.size == 0)
        return true;
    const char *text = (const char *)after.bytes;
    char way = after.size == PLACE_SIZE ? text[AGENCY_ID_SIZE] : '\0';
    if ((way != 'o' && way != 'i') ||
        text_hex_decode(slice_of(after.bytes + AGENCY_ID_SIZE + 1, 2 * 16),
            numbers, sizeof numbers, &size) != ERR_NONE) {
        answer_error(answer, ERR_INVALID, PROBLEM_FORMAT, "ledger.after",
            "give what \"more\" of the answer before says");
        return false;
    }
    const struct peer *peer =
        desk_peer(work, slice_of(after.bytes, AGENCY_ID_SIZE), answer);
    if (peer == NULL)
        return false;
    while (work->node->peers[place->peer] != peer)
        place->peer++;
    place->direction = way == 'o' ? LEDGER_OUT : LEDGER_IN;
    struct unpacker in = unpack_from(SLICE_ARRAY(numbers));
    place->generation = unpack_u64(&in);
    place->index = unpack_u64(&in);
    return true;
}

/* ---- What is wrong ------------------------------------------------------ */

struct look {
    struct work *work;
    struct local_answer *answer;
    struct place place;
    uint64_t effort; /* so far */
};

static bool is_enough(const struct look *look)
{
    return look->effort >= VERIFY_EFFORT_MAX || answer_is_full(look->answer);
}

/* What is wrong with one stored entry; NULL: nothing. */
static const char *entry_problem(
    struct look *look, const struct ledger_entry *entry)
{
    struct work *work = look->work;
    struct entry_header header;
    uint8_t digest[HASH_SIZE];
    look->effort++;
    if (entry_header_read(entry->header, work->scratch, &header) != ERR_NONE)
        return "header";
    if (!entry->attached)
        return NULL;
    struct slice salt;
    struct slice content;
    enum err err = content_try_salted(work->contents, work->txn, work->scratch,
        entry->content, &salt, &content);
    if (err != ERR_NONE)
        return "content";
    if (content.bytes == NULL)
        return NULL; /* erased */
    look->effort += content.size / VERIFY_SIZE_OF_EFFORT;
    entry_digest(work->crypto, salt, content, digest);
    return memcmp(digest, header.digest, HASH_SIZE) == 0 ? NULL : "digest";
}

static bool note_holds(struct work *work, struct peer *peer,
    const struct ledger *ledger, const struct note *note)
{
    return ledger->direction == LEDGER_OUT
               ? signatory_is_us(work, note) &&
                     signatory_is_witness(work, peer, note)
               : signatory_was_author(work, peer, note) &&
                     signatory_is_our_witness(work, note);
}

/* From the place on, until it is enough: then *is_over is false. NULL: all is
 * well so far. */
static const char *entries_problem(
    struct look *look, const struct ledger *ledger, bool *is_over)
{
    struct work *work = look->work;
    const char *problem = NULL;
    uint64_t *index = &look->place.index;
    while (
        problem == NULL && *index < ledger->frontier.size && !is_enough(look)) {
        struct ledger_parcel parcel;
        size_t arena_used = work->arena->used;
        size_t scratch_used = work->scratch->used;
        if (!ledger_parcel_at(work, ledger, *index, &parcel))
            problem = "entries";
        for (size_t i = 0; problem == NULL && i < parcel.count; i++)
            problem = entry_problem(look, &parcel.entries[i]);
        if (problem == NULL)
            *index = parcel.first_index + parcel.count;
        arena_rewind(work->arena, arena_used);
        arena_rewind(work->scratch, scratch_used);
    }
    *is_over = problem != NULL || *index >= ledger->frontier.size;
    return problem;
}

/* Of what both signed last: the tree, and the signatures. */
static const char *note_problem(
    struct work *work, struct peer *peer, const struct ledger *ledger)
{
    struct merkle_hash root;
    struct note note;
    if (ledger->cosigned == 0)
        return NULL;
    if (note_parse(ledger->note, &note) != ERR_NONE ||
        note.size != ledger->cosigned ||
        !ledger_root_at(work, ledger, note.size, &root) ||
        memcmp(root.bytes, note.root, HASH_SIZE) != 0)
        return "root";
    return note_holds(work, peer, ledger, &note) ? NULL : "signature";
}

/* False: it was enough before its end, which is then the place. */
static bool verify_one(struct look *look, struct peer *peer)
{
    struct work *work = look->work;
    struct ledger *ledger = peer_ledger(work, peer, look->place.direction);
    const struct card *card = peer_card(work, peer); /* before any rewind */
    bool is_over;
    if (card == NULL)
        return true;
    if (look->place.generation != ledger->generation)
        look->place.index = 0;
    look->place.generation = ledger->generation;
    const char *problem = entries_problem(look, ledger, &is_over);
    if (!is_over)
        return false;
    if (problem == NULL)
        problem = note_problem(work, peer, ledger);
    look->effort += VERIFY_EFFORT_OF_NOTE;
    desk_ledger_record(work, peer, ledger, look->answer);
    answer_flag(look->answer, "intact", problem == NULL);
    answer_text(look->answer, "damage", problem == NULL ? "" : problem);
    return true;
}

static void place_next(struct place *place)
{
    *place = place->direction == LEDGER_OUT
                 ? (struct place){ place->peer, LEDGER_IN, 0, 0 }
                 : (struct place){ place->peer + 1, LEDGER_OUT, 0, 0 };
}

void desk_ledger_verify(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    static const struct field_rule rules[] = {
        { "peer", LOCAL_TEXT, false },
        { "direction", LOCAL_TEXT, false },
        { "after", LOCAL_TEXT, false },
    };
    const struct local_field *fields = request->fields;
    size_t count = request->field_count;
    struct node *node = work->node;
    struct look look = { .work = work, .answer = answer };
    struct peer *only = NULL;
    (void)caller;
    if (!fields_check(answer, "ledger", fields, count, rules, 3) ||
        !place_read(work, request, &look.place, answer))
        return;
    struct slice peer = field_text(fields, count, "peer");
    struct slice direction = field_text(fields, count, "direction");
    if (peer.size > 0 && (only = desk_peer(work, peer, answer)) == NULL)
        return;
    for (; look.place.peer < node->peer_count; place_next(&look.place)) {
        struct peer *next = node->peers[look.place.peer];
        bool is_out = look.place.direction == LEDGER_OUT;
        if ((only != NULL && next != only) ||
            slice_is(direction, is_out ? "in" : "out"))
            continue;
        if (is_enough(&look) || !verify_one(&look, next)) {
            more(work, &look.place, answer);
            return;
        }
        if (work_failed(work))
            return;
    }
}
