/* scrub_row.h - inside scrub*.c only. */
#ifndef CORE_SCRUB_ROW_H
#define CORE_SCRUB_ROW_H

#include "core/register.h"
#include "core/scrub.h"

/* One row under the eyes of a piece. */
struct scrub_row {
    struct work *work;
    struct scrub *scrub;
    const struct scrub_watch *watch;
    struct key key;
    struct slice value; /* until the next look-up */
    uint64_t size;      /* bytes that it took to judge it */
    const struct peer *peer;
    bool has_referral;
    struct uuid referral;
    bool has_missed; /* a content that it speaks of */
};

void scrub_tell(struct scrub_row *row, enum scrub_fault fault);

/* A row that this one names. */
enum scrub_look {
    SCRUB_LOOK_SOUND,
    SCRUB_LOOK_ABSENT,
    SCRUB_LOOK_DAMAGED /* which is told where that row is looked at */
};
enum scrub_look scrub_look(struct work *work, struct key key);

/* Takes away an error that reading a row's bytes has set: they authenticate,
 * and make no sense. True: there was one. */
bool scrub_takes_fault(struct work *work);

/* A content that this row speaks of, with its salt unless that is NULL: there
 * or erased, else told. Bytes NULL: erased, or told. */
struct slice scrub_content(
    struct scrub_row *row, struct content_ref ref, struct slice *salt);

/* The referral that this row speaks of; NULL with a word to that when there is
 * none that can be read. */
struct referral *scrub_referral(struct scrub_row *row, const struct uuid *uuid);

/* One for each table. */
typedef void scrub_judge(struct scrub_row *row);
scrub_judge scrub_patrol_row; /* scrub_patrol.c */
scrub_judge scrub_ledger, scrub_generation, scrub_entries,
    scrub_intent; /* scrub_ledger.c */
scrub_judge scrub_register, scrub_feed, scrub_contents, scrub_due,
    scrub_waiting, scrub_taken; /* scrub_referral.c */
scrub_judge scrub_node, scrub_peer, scrub_card, scrub_revocation,
    scrub_agreement, scrub_invitation, scrub_cursor, scrub_idempotency,
    scrub_doomed; /* scrub_paper.c */

/* The shelf that was walked through is over: is its tree the ledger's? */
void scrub_shelf_end(struct scrub_row *row);

#endif
