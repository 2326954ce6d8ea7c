/* What entries prove: whose they are, when they were received, what they say
 * and what was answered. */
#include "core/evidence_judge.h"

#include <string.h>

#include "core/entry.h"
#include "core/proof.h"
#include "core/verdict.h"

/* ---- Checkpoints --------------------------------------------------------- */

/* The key of the agency's cards that made that line of the note; NULL: none. */
static const struct card_key *signer_of(const struct judge *judge,
    const struct note *note, const struct agency_id *agency,
    enum key_purpose purpose)
{
    for (size_t i = 0; i < judge->card_count; i++) {
        const struct card *card = &judge->cards[i].card;
        if (!agency_id_equal(&card->agency, agency))
            continue;
        for (size_t k = 0; k < card->key_count; k++) {
            const struct card_key *key = &card->keys[k];
            if (key->purpose != purpose)
                continue;
            enum err err = purpose == KEY_LOG
                               ? note_verify(judge->crypto, note, key->key)
                               : note_verify_cosignature(
                                     judge->crypto, note, agency, key->key);
            if (err == ERR_NONE)
                return key;
        }
    }
    return NULL;
}

/* A claimed time outside a key's dates proves nothing, and may be a clock. */
static void dates_check(struct judge *judge, struct slice path,
    const struct card_key *key, uint64_t cosigned_s, const char *what)
{
    /* never before 1970: a card that was read has no such dates */
    uint64_t from_s = (uint64_t)key->from.unix_ms / 1000;
    uint64_t until_s = (uint64_t)key->until.unix_ms / 1000;
    if (cosigned_s < from_s || cosigned_s >= until_s)
        evidence_finding(judge, path, false, what,
            "ask that agency whether the clock was wrong or the key stolen");
}

static bool note_equal(const struct note *a, const struct note *b)
{
    char first[NOTE_SIZE_MAX], second[NOTE_SIZE_MAX];
    return slice_equal(note_print(a, first), note_print(b, second));
}

/* Both signatures; the same note was looked at before as often as not. */
static bool note_check(
    struct judge *judge, struct slice path, const struct note *note)
{
    const struct origin *origin = &note->origin;
    for (size_t i = 0; i < judge->note_count; i++)
        if (note_equal(&judge->notes[i], note))
            return true;
    const struct card_key *author =
        signer_of(judge, note, &origin->author, KEY_LOG);
    const struct card_key *witness =
        signer_of(judge, note, &origin->recipient, KEY_WITNESS);
    if (author == NULL)
        evidence_fail(judge, path,
            "its checkpoint is signed by no log key of its author's cards");
    if (witness == NULL)
        evidence_fail(judge, path,
            "its checkpoint is cosigned by no witness key of the other "
            "agency's cards");
    if (author == NULL || witness == NULL)
        return false;
    for (size_t i = 0; i < judge->note_count; i++)
        if (origin_equal(&judge->notes[i].origin, origin) &&
            judge->notes[i].size == note->size &&
            memcmp(judge->notes[i].root, note->root, HASH_SIZE) != 0)
            evidence_finding(judge, path, true,
                "its checkpoint and another one, both signed, give one size "
                "two roots: its author shows two histories",
                "keep both; each alone would verify, together they convict");
    dates_check(judge, path, author, note->cosigned_s,
        "its checkpoint was cosigned outside the dates of the author's key");
    dates_check(judge, path, witness, note->cosigned_s,
        "its checkpoint was cosigned outside the dates of the witness key");
    if (judge->note_count < KNOWN_NOTE_COUNT_MAX)
        judge->notes[judge->note_count++] = *note;
    return true;
}

/* ---- Entries ------------------------------------------------------------- */

/* The files of one entry. */
struct entry_files {
    struct evidence_place place;
    const struct evidence_file *parts[EVIDENCE_PART_COUNT];
};

static struct slice part_bytes(
    const struct entry_files *entry, enum evidence_part part)
{
    return entry->parts[part] == NULL ? SLICE_NONE : entry->parts[part]->bytes;
}

static struct slice part_path(struct judge *judge,
    const struct entry_files *entry, enum evidence_part part)
{
    char path[EVIDENCE_PATH_SIZE];
    if (entry->parts[part] != NULL)
        return entry->parts[part]->path;
    return arena_copy(
        judge->arena, evidence_entry_path(&entry->place, part, path));
}

/* Where the entry is, and that both signed for it. */
static bool proof_check(
    struct judge *judge, const struct entry_files *entry, struct proof *proof)
{
    struct slice path = part_path(judge, entry, EVIDENCE_PROOF);
    const struct evidence_place *place = &entry->place;
    const struct origin *origin = &proof->note.origin;
    if (entry->parts[EVIDENCE_PROOF] == NULL) {
        evidence_fail(judge, path, "is missing");
        return false;
    }
    if (proof_parse(part_bytes(entry, EVIDENCE_PROOF), proof) != ERR_NONE) {
        evidence_fail(
            judge, path, "is no c2sp.org/tlog-proof@v1 over a checkpoint");
        return false;
    }
    if (!agency_id_equal(&origin->author, &place->author) ||
        origin->generation != place->generation || origin->lane != LANE_MAIN ||
        proof->index != place->index) {
        evidence_fail(
            judge, path, "proves another entry than the folder's name says");
        return false;
    }
    if (agency_id_equal(&origin->author, &origin->recipient)) {
        evidence_fail(judge, path, "is of a ledger from an agency to itself");
        return false;
    }
    if (!note_check(judge, path, &proof->note))
        return false;
    if (!proof_holds(
            judge->crypto, proof, part_bytes(entry, EVIDENCE_HEADER))) {
        evidence_fail(
            judge, path, "does not lead from the header to the signed root");
        return false;
    }
    return true;
}

/* True unless what is shown is not what was signed. */
static bool content_check(struct judge *judge, const struct entry_files *entry,
    const struct entry_header *header, bool *is_shown)
{
    struct slice salt = part_bytes(entry, EVIDENCE_SALT);
    uint8_t digest[HASH_SIZE];
    *is_shown = entry->parts[EVIDENCE_CONTENT] != NULL;
    if (*is_shown != (entry->parts[EVIDENCE_SALT] != NULL)) {
        evidence_fail(judge,
            part_path(
                judge, entry, *is_shown ? EVIDENCE_SALT : EVIDENCE_CONTENT),
            "is missing: salt and content go together");
        return false;
    }
    if (!*is_shown)
        return true;
    entry_digest(
        judge->crypto, salt, part_bytes(entry, EVIDENCE_CONTENT), digest);
    if (salt.size == SALT_SIZE &&
        memcmp(digest, header->digest, HASH_SIZE) == 0)
        return true;
    evidence_fail(judge, part_path(judge, entry, EVIDENCE_CONTENT),
        "is, with this salt, not the content that the header covers");
    return false;
}

/* All that is shown is of one referral. */
static void same_referral_check(
    struct judge *judge, struct slice path, const struct uuid *referral)
{
    struct evidence_report *report = judge->report;
    if (report->has_referral && !uuid_equal(&report->referral, referral))
        evidence_fail(
            judge, path, "speaks of another referral than the others");
    report->has_referral = true;
    report->referral = *referral;
}

/* "a b c" */
static struct slice codes_join(
    struct judge *judge, const struct erasure_notice *notice)
{
    size_t size = 0;
    for (size_t i = 0; i < notice->element_count; i++)
        size += notice->elements[i].size + 1;
    uint8_t *text = arena_take(judge->arena, size + 1);
    struct slice joined = slice_of(text, size == 0 ? 0 : size - 1);
    if (text == NULL)
        return SLICE_NONE;
    for (size_t i = 0; i < notice->element_count; i++) {
        memcpy(text, notice->elements[i].bytes, notice->elements[i].size);
        text += notice->elements[i].size;
        *text++ = ' ';
    }
    return joined;
}

/* Why, and of what, something was erased. */
static void notice_read(struct judge *judge, const struct entry_files *entry,
    struct evidence_event *event)
{
    struct erasure_notice notice;
    struct verdict why = { .problem = PROBLEM_NONE };
    struct slice path = part_path(judge, entry, EVIDENCE_CONTENT);
    bool is_read = erasure_notice_read(part_bytes(entry, EVIDENCE_CONTENT),
                       judge->scratch, &notice) == ERR_NONE;
    if (is_read)
        erasure_notice_check(&notice, &why);
    if (!is_read || !verdict_allows(&why)) {
        evidence_finding(judge, path, false, "is in no form that a notice has",
            "look for the refusal: the other agency had to refuse it");
        return;
    }
    event->actor = notice.actor;
    event->reason = notice.reason;
    event->elements = codes_join(judge, &notice);
    same_referral_check(judge, path, &notice.referral);
}

/* What an event that is shown says: which referral, under which agreement. */
static void event_read(struct judge *judge, const struct entry_files *entry,
    struct evidence_event *event)
{
    struct referral_event said;
    struct slice path = part_path(judge, entry, EVIDENCE_CONTENT);
    if (referral_event_read(part_bytes(entry, EVIDENCE_CONTENT), judge->scratch,
            &said) != ERR_NONE) {
        evidence_finding(judge, path, false, "is in no form that an event has",
            "look for the refusal: the other agency had to refuse it");
        return;
    }
    event->type = said.type;
    event->actor = said.actor;
    same_referral_check(judge, path, &said.referral);
    if (!judge->has_mou)
        judge->mou = said.mou;
    else if (!mou_id_equal(&judge->mou, &said.mou))
        evidence_finding(judge, path, false,
            "names another agreement than the first event",
            "look for the refusal: the other agency had to refuse it");
    judge->has_mou = true;
}

static void event_take(struct judge *judge, const struct entry_files *entry,
    const struct entry_header *header, const struct note *note, bool is_shown)
{
    struct evidence_report *report = judge->report;
    struct evidence_event event = { .place = entry->place,
        .recipient = note->origin.recipient,
        .at = header->at,
        .cosigned_s = note->cosigned_s,
        .is_shown = is_shown,
        .is_erasure = header->kind == ENTRY_ERASURE_NOTICE,
        .elements = SLICE_NONE,
        .clause = SLICE_NONE,
        .remedy = SLICE_NONE };
    if (is_shown && event.is_erasure)
        notice_read(judge, entry, &event);
    else if (is_shown)
        event_read(judge, entry, &event);
    size_t at = report->event_count++;
    for (; at > 0 && report->events[at - 1].at.unix_ms > event.at.unix_ms; at--)
        report->events[at] = report->events[at - 1];
    report->events[at] = event;
}

static void entry_take(struct judge *judge, const struct entry_files *entry)
{
    struct entry_header header;
    struct proof proof;
    bool is_shown;
    struct slice header_path = part_path(judge, entry, EVIDENCE_HEADER);
    if (entry->parts[EVIDENCE_HEADER] == NULL) {
        evidence_fail(judge, header_path, "is missing");
        return;
    }
    if (entry_header_read(part_bytes(entry, EVIDENCE_HEADER), judge->scratch,
            &header) != ERR_NONE) {
        evidence_fail(judge, header_path, "is no entry's header");
        return;
    }
    bool is_proved = proof_check(judge, entry, &proof);
    if (!content_check(judge, entry, &header, &is_shown) || !is_proved)
        return;
    if (header.kind == ENTRY_REFERRAL_EVENT ||
        header.kind == ENTRY_ERASURE_NOTICE)
        event_take(judge, entry, &header, &proof.note, is_shown);
    else if (header.kind != ENTRY_ANSWER || !is_shown)
        evidence_fail(judge, header_path,
            "is of no event, notice of erasure or answer that is shown");
    else
        judge->answers[judge->answer_count++] =
            (struct proved){ entry->place, proof.note.origin.recipient,
                header.at, part_bytes(entry, EVIDENCE_CONTENT),
                entry->parts[EVIDENCE_CONTENT]->path };
}

static bool place_equal(
    const struct evidence_place *a, const struct evidence_place *b)
{
    return agency_id_equal(&a->author, &b->author) &&
           a->generation == b->generation && a->index == b->index;
}

/* The files of one entry stand one after the other. */
void evidence_entries(struct judge *judge)
{
    struct evidence_report *report = judge->report;
    struct evidence_place place;
    enum evidence_part part;
    size_t capacity = judge->count + 1;
    report->events =
        arena_take_array(judge->arena, capacity, sizeof *report->events);
    judge->answers =
        arena_take_array(judge->arena, capacity, sizeof *judge->answers);
    if (report->events == NULL || judge->answers == NULL)
        return;
    for (size_t i = 0; i < judge->count;) {
        struct entry_files entry = { 0 };
        if (evidence_entry_path_read(
                judge->files[i].path, &entry.place, &part) != ERR_NONE) {
            i++;
            continue;
        }
        for (place = entry.place; place_equal(&place, &entry.place);) {
            entry.parts[part] = &judge->files[i++];
            if (i == judge->count ||
                evidence_entry_path_read(judge->files[i].path, &place, &part) !=
                    ERR_NONE)
                break;
        }
        size_t used = judge->scratch->used;
        entry_take(judge, &entry);
        arena_rewind(judge->scratch, used);
    }
}

/* ---- Answers ------------------------------------------------------------- */

static void answer_note(struct judge *judge, const struct proved *answer,
    const struct answer_item *item, struct evidence_event *event)
{
    static const enum evidence_verdict verdicts[ANSWER_VERDICT_COUNT] = {
        [ANSWER_APPLIED] = EVIDENCE_HELD,
        [ANSWER_REFUSED] = EVIDENCE_REFUSED,
        [ANSWER_ABSENT] = EVIDENCE_ABSENT,
    };
    /* the first answer counts, a second one is ignored by everybody */
    if (event->verdict != EVIDENCE_UNANSWERED &&
        (instant_before(event->answered, answer->at) ||
            (!instant_before(answer->at, event->answered) &&
                event->answer_index <= answer->place.index)))
        return;
    event->verdict = verdicts[item->verdict];
    event->problem = item->problem;
    event->clause = arena_copy(judge->arena, item->clause);
    event->remedy = arena_copy(judge->arena, item->remedy);
    event->state = item->state < REFERRAL_STATE_COUNT
                       ? (enum referral_state)item->state
                       : REFERRAL_UNKNOWN;
    event->answer_index = answer->place.index;
    event->answered = answer->at;
}

static void answer_take(struct judge *judge, const struct proved *held)
{
    struct evidence_report *report = judge->report;
    struct answer answer;
    bool speaks = false;
    if (answer_read(held->content, judge->scratch, &answer) != ERR_NONE) {
        evidence_fail(judge, held->path, "is in no form that an answer has");
        return;
    }
    for (size_t i = 0; i < report->event_count; i++) {
        struct evidence_event *event = &report->events[i];
        if (!agency_id_equal(&event->recipient, &held->place.author) ||
            !agency_id_equal(&event->place.author, &held->recipient) ||
            event->place.generation != answer.generation)
            continue;
        for (size_t k = 0; k < answer.item_count; k++) {
            const struct answer_item *item = &answer.items[k];
            if (event->place.index < item->index ||
                event->place.index - item->index >= item->count)
                continue;
            answer_note(judge, held, item, event);
            speaks = true;
        }
    }
    if (!speaks)
        evidence_finding(judge, held->path, false,
            "answers no event that is here",
            "nothing to do: it proves nothing about the referral");
}

void evidence_answers(struct judge *judge)
{
    for (size_t i = 0; i < judge->answer_count; i++) {
        size_t used = judge->scratch->used;
        answer_take(judge, &judge->answers[i]);
        arena_rewind(judge->scratch, used);
    }
}
