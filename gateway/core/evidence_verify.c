/* What a stranger can conclude from the files alone. */
#include "core/evidence.h"

#include <string.h>

#include "core/armor.h"
#include "core/codec_card.h"
#include "core/evidence_judge.h"
#include "core/mou.h"

void evidence_finding(struct judge *judge, struct slice path, bool is_failure,
    const char *what, const char *remedy)
{
    struct evidence_report *report = judge->report;
    if (is_failure)
        report->failure_count++;
    if (report->finding_count < EVIDENCE_FINDING_COUNT_MAX)
        report->findings[report->finding_count++] =
            (struct evidence_finding){ path, what, remedy, is_failure };
}

#define FROM_WHOM "ask whoever gave you the files for an unchanged copy"

void evidence_fail(struct judge *judge, struct slice path, const char *what)
{
    evidence_finding(judge, path, true, what, FROM_WHOM);
}

static bool starts_with(struct slice path, const char *prefix)
{
    size_t size = strlen(prefix);
    return path.size >= size && memcmp(path.bytes, prefix, size) == 0;
}

static const struct evidence_file *file_named(
    const struct judge *judge, struct slice path)
{
    size_t low = 0, high = judge->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = evidence_path_compare(judge->files[middle].path, path);
        if (order == 0)
            return &judge->files[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* ---- The list of files --------------------------------------------------- */

static bool order_check(struct judge *judge)
{
    for (size_t i = 1; i < judge->count; i++)
        if (evidence_path_compare(
                judge->files[i - 1].path, judge->files[i].path) >= 0) {
            evidence_fail(judge, judge->files[i].path, "stands there twice");
            return false;
        }
    return true;
}

static void sums_check(struct judge *judge)
{
    const struct slice name = SLICE_LITERAL(EVIDENCE_SUMS);
    const struct evidence_file *sums = file_named(judge, name);
    struct slice rest = sums == NULL ? SLICE_NONE : sums->bytes;
    uint8_t digest[HASH_SIZE], found[HASH_SIZE];
    struct slice path = SLICE_NONE;
    size_t at = 0;
    if (sums == NULL) {
        evidence_fail(judge, name, "is missing");
        return;
    }
    while (at < judge->count || rest.size > 0 || path.size > 0) {
        if (path.size == 0 && rest.size > 0 &&
            evidence_sums_next(&rest, digest, &path) != ERR_NONE) {
            evidence_fail(
                judge, name, "holds a line that sha256sum does not write");
            return;
        }
        const struct evidence_file *file = &judge->files[at];
        if (at < judge->count && file == sums) {
            at++;
            continue;
        }
        int order = at == judge->count ? 1
                    : path.size == 0   ? -1
                                     : evidence_path_compare(file->path, path);
        if (order < 0) {
            evidence_fail(judge, file->path, "stands in no line of SHA256SUMS");
        } else if (order > 0) {
            evidence_fail(
                judge, path, "is missing, or its line stands out of order");
        } else {
            crypto_hash(judge->crypto, &file->bytes, 1, found);
            if (memcmp(found, digest, HASH_SIZE) != 0)
                evidence_fail(
                    judge, path, "is not the file that SHA256SUMS lists");
        }
        at += order <= 0;
        path = order >= 0 ? SLICE_NONE : path;
    }
}

static void readme_check(struct judge *judge)
{
    const struct slice name = SLICE_LITERAL(EVIDENCE_README);
    const struct evidence_file *file = file_named(judge, name);
    if (file == NULL || !starts_with(file->bytes, EVIDENCE_FIRST_LINE))
        evidence_finding(judge, name, true,
            "does not begin with the line \"refer.v1 evidence\"",
            "give the folder that `referctl evidence export` made; a later "
            "form wants a later referctl");
}

/* ---- Cards --------------------------------------------------------------- */

static struct evidence_agency *agency_of(
    const struct judge *judge, const struct agency_id *id)
{
    struct evidence_report *report = judge->report;
    for (size_t i = 0; i < report->agency_count; i++)
        if (agency_id_equal(&report->agencies[i].id, id))
            return &report->agencies[i];
    return NULL;
}

/* The newest card's name is the agency's. */
static void agency_note(struct judge *judge, const struct held_card *held)
{
    struct evidence_report *report = judge->report;
    struct evidence_agency *agency = agency_of(judge, &held->card.agency);
    if (agency == NULL && report->agency_count == 2) {
        evidence_fail(judge, held->path, "is the card of a third agency");
        return;
    }
    if (agency == NULL)
        agency = &report->agencies[report->agency_count++];
    else if (agency->card_serial > held->card.serial)
        return;
    *agency = (struct evidence_agency){ held->card.agency, held->card.name,
        held->card.serial };
}

static void card_take(struct judge *judge, const struct evidence_file *file)
{
    struct held_card *held = &judge->cards[judge->card_count];
    struct agency_id agency;
    struct card_problem problem;
    struct signed_bytes shell;
    struct slice bytes;
    uint64_t serial;
    if (evidence_card_path_read(file->path, &agency, &serial) != ERR_NONE) {
        evidence_fail(judge, file->path, "has no name that a card has");
        return;
    }
    if (armor_read(ARMOR_CARD, file->bytes, judge->arena, &bytes) != ERR_NONE ||
        !slice_equal(
            armor_write(ARMOR_CARD, bytes, judge->scratch), file->bytes)) {
        evidence_fail(judge, file->path, "is not armoured as cards are");
        return;
    }
    if (card_read(judge->crypto, bytes, judge->arena, &held->card, &problem) !=
            ERR_NONE ||
        codec_signed_card_read(bytes, judge->arena, &shell) != ERR_NONE) {
        evidence_fail(judge, file->path, "is no card that its root key signed");
        return;
    }
    if (!agency_id_equal(&held->card.agency, &agency) ||
        held->card.serial != serial) {
        evidence_fail(judge, file->path, "is another card than its name says");
        return;
    }
    held->bytes = shell.bytes;
    held->path = file->path;
    judge->card_count++;
    agency_note(judge, held);
}

/* Where two cards follow each other, the later one names the earlier. */
static void chain_check(struct judge *judge)
{
    for (size_t i = 0; i < judge->card_count; i++)
        for (size_t j = 0; j < judge->card_count; j++) {
            const struct held_card *old = &judge->cards[i];
            const struct held_card *next = &judge->cards[j];
            uint8_t digest[HASH_SIZE];
            if (!agency_id_equal(&old->card.agency, &next->card.agency) ||
                old->card.serial + 1 != next->card.serial)
                continue;
            crypto_hash(judge->crypto, &old->bytes, 1, digest);
            if (!slice_equal(next->card.previous, SLICE_ARRAY(digest)))
                evidence_fail(judge, next->path,
                    "does not follow from the card before it");
        }
}

static void cards_read(struct judge *judge)
{
    size_t count = 0;
    for (size_t i = 0; i < judge->count; i++)
        count += starts_with(judge->files[i].path, EVIDENCE_CARDS);
    judge->cards =
        arena_take_array(judge->arena, count + 1, sizeof *judge->cards);
    if (judge->cards == NULL)
        return;
    for (size_t i = 0; i < judge->count; i++)
        if (starts_with(judge->files[i].path, EVIDENCE_CARDS)) {
            size_t used = judge->scratch->used;
            card_take(judge, &judge->files[i]);
            arena_rewind(judge->scratch, used);
        }
    chain_check(judge);
}

/* ---- The agreement ------------------------------------------------------- */

static bool agreement_judge(struct judge *judge,
    const struct evidence_file *file, struct mou_bundle *bundle)
{
    struct mou mou;
    struct mou_problem problem;
    struct evidence_report *report = judge->report;
    if (mou_offer_read(judge->crypto, file->bytes, judge->scratch, bundle) !=
            ERR_NONE ||
        mou_read(judge->crypto, bundle->mou, judge->scratch, &mou, &problem) !=
            ERR_NONE) {
        evidence_fail(judge, file->path, "is no agreement");
        return false;
    }
    for (size_t i = 0; i < bundle->signature_count; i++)
        if (!mou_signature_holds(
                judge->crypto, &mou, &bundle->id, &bundle->signatures[i])) {
            evidence_fail(
                judge, file->path, "has a signature that does not hold");
            return false;
        }
    if (!mou_is_signed(&mou, bundle->signatures, bundle->signature_count)) {
        evidence_fail(judge, file->path, "lacks a signature that it requires");
        return false;
    }
    for (size_t i = 0; i < report->agency_count; i++)
        if (mou_party_of(&mou, &report->agencies[i].id) == NULL) {
            evidence_fail(
                judge, file->path, "is not between these two agencies");
            return false;
        }
    report->agreement_title = arena_copy(judge->arena, mou.title);
    return true;
}

static void agreement_check(struct judge *judge)
{
    const struct evidence_file *file =
        file_named(judge, SLICE_LITERAL(EVIDENCE_AGREEMENT));
    struct mou_bundle bundle;
    size_t used = judge->scratch->used;
    if (file == NULL)
        return;
    if (agreement_judge(judge, file, &bundle)) {
        judge->report->has_agreement = true;
        judge->report->agreement = bundle.id;
        if (judge->has_mou && !mou_id_equal(&judge->mou, &bundle.id))
            evidence_fail(
                judge, file->path, "is not the agreement that events name");
    }
    arena_rewind(judge->scratch, used);
}

/* What is none of the files above has no business here. */
static void names_check(struct judge *judge)
{
    for (size_t i = 0; i < judge->count; i++) {
        struct slice path = judge->files[i].path;
        struct evidence_place place;
        enum evidence_part part;
        if (!slice_is(path, EVIDENCE_SUMS) &&
            !slice_is(path, EVIDENCE_README) &&
            !slice_is(path, EVIDENCE_AGREEMENT) &&
            !starts_with(path, EVIDENCE_CARDS) &&
            evidence_entry_path_read(path, &place, &part) != ERR_NONE)
            evidence_fail(
                judge, path, "has no name that a file of evidence has");
    }
}

static void all_check(struct judge *judge)
{
    if (!order_check(judge))
        return;
    readme_check(judge);
    sums_check(judge);
    names_check(judge);
    cards_read(judge);
    evidence_entries(judge);
    evidence_answers(judge);
    agreement_check(judge);
}

/* What found no room was not looked at: then nothing that was found counts. */
enum err evidence_verify(struct crypto *crypto,
    const struct evidence_file *files, size_t count, struct arena *arena,
    struct arena *scratch, struct evidence_report *report)
{
    size_t refused_count = arena->refused_count + scratch->refused_count;
    struct judge judge = { .crypto = crypto,
        .files = files,
        .count = count,
        .arena = arena,
        .scratch = scratch,
        .report = report };
    *report = (struct evidence_report){ 0 };
    all_check(&judge);
    if (arena->refused_count + scratch->refused_count == refused_count)
        return ERR_NONE;
    *report = (struct evidence_report){ 0 };
    return ERR_NO_MEMORY;
}
