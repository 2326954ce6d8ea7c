/*
 * ledger_copy.h - one direction of a ledger, read from the gateway in spans:
 * of each generation its tree, and of its entries those that were asked for.
 */
#ifndef REFERCTL_LEDGER_COPY_H
#define REFERCTL_LEDGER_COPY_H

#include "core/note.h"
#include "referctl/offline.h"
#include "referctl/tree.h"

struct copied_entry {
    uint64_t index;
    struct slice header;
    bool is_attached;
    struct slice salt;
    struct slice content;
};

struct ledger_copy {
    const char *peer;
    const char *direction;        /* "out", "in" */
    const char *generation;       /* as 16 digits */
    const char *previous;         /* the one before, as 16 digits */
    bool has_note;                /* else nothing was co-signed yet */
    struct note note;             /* the newest co-signed one */
    uint64_t size;                /* of entries that the gateway holds */
    struct tree tree;             /* of all those entries */
    struct copied_entry *entries; /* of the referral, below note.size */
    size_t entry_count;
    size_t entry_capacity;
    size_t early_count; /* of the referral, but not co-signed yet */
    struct note *notes; /* of parcels that have one: the newest, in a ring */
    size_t note_count;  /* that there are in all */
};

/* Of so many parcels the checkpoints are kept: each covers all before it. */
#define LEDGER_COPY_NOTE_COUNT_MAX 1000u

/* How many notes are kept, and the i-th of them, sizes rising. */
size_t ledger_copy_note_count(const struct ledger_copy *copy);
const struct note *ledger_copy_note(const struct ledger_copy *copy, size_t i);

/* What to copy beside the tree. */
struct ledger_wish {
    const char *referral; /* NULL: no entries */
    bool notes;
};

/* Every generation, oldest first. */
struct ledger_copies {
    struct ledger_copy *items;
    size_t count;
    size_t capacity;
};

/* EXIT_CODE_DONE also for a ledger that nothing was written to. */
enum exit_code ledger_copy_read(struct session *session,
    struct offline *offline, const char *peer, const char *direction,
    const struct ledger_wish *wish, struct ledger_copies *copies);

/*
 * The first answer at or after entry *from of that ledger that speaks of entry
 * `about` of the generation of the other. *found is false when there is none
 * below the copy's note; *from is then the note's size, else the answer's
 * index.
 */
enum exit_code ledger_copy_answer(struct session *session,
    struct offline *offline, const struct ledger_copy *copy,
    uint64_t generation, uint64_t about, uint64_t *from,
    struct copied_entry *answer, bool *found);

#endif
