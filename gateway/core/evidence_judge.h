/*
 * evidence_judge.h - the parts of evidence_verify, which share a look at all
 * files: cards and lists in evidence_verify.c, entries in evidence_entry.c.
 */
#ifndef CORE_EVIDENCE_JUDGE_H
#define CORE_EVIDENCE_JUDGE_H

#include "core/card.h"
#include "core/evidence.h"
#include "core/note.h"

struct held_card {
    struct card card;
    struct slice bytes; /* of the Card in it */
    struct slice path;
};

/* An entry that is proved, and what of it is kept. */
struct proved {
    struct evidence_place place;
    struct agency_id recipient;
    struct instant at;
    struct slice content;
    struct slice path; /* of the content */
};

/* Notes whose two signatures hold; proofs of one export share a few. */
#define KNOWN_NOTE_COUNT_MAX 16

struct judge {
    struct crypto *crypto;
    const struct evidence_file *files;
    size_t count;
    struct arena *arena;
    struct arena *scratch;
    struct evidence_report *report;
    struct held_card *cards;
    size_t card_count;
    struct proved *answers;
    size_t answer_count;
    struct mou_id mou; /* of the first event that is shown */
    bool has_mou;
    struct note notes[KNOWN_NOTE_COUNT_MAX];
    size_t note_count;
};

/* Counts a finding; a failure's remedy is to ask for an unchanged copy. */
void evidence_finding(struct judge *judge, struct slice path, bool is_failure,
    const char *what, const char *remedy);
void evidence_fail(struct judge *judge, struct slice path, const char *what);

/* Proves each entry, then takes what answers say. Wants the cards read. */
void evidence_entries(struct judge *judge);
void evidence_answers(struct judge *judge);

#endif
