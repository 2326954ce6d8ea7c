/*
 * erase.h - erasing what was said of a person, decided by this agency, wanted
 * by the other, or due by the agreement; and what each tells the other of it.
 *
 * An erasure is told in the ledger as a notice that names codes alone; the
 * other's gateway follows it or says that it keeps, by its ordinary answer.
 * From then on neither ledger gives those contents back to the one who erased.
 */
#ifndef CORE_ERASE_H
#define CORE_ERASE_H

#include <stdbool.h>

#include "core/entry.h"
#include "core/erasure_notice.h"
#include "core/ledger.h"
#include "core/outbox.h"
#include "core/peer.h"
#include "core/referral_erase.h"
#include "core/verdict.h"

/* What becomes of notices of others: enum in options, code in referd.yaml. */
/* clang-format off */
#define ERASE_POLICY_LIST(X)                                                   \
    X(FOLLOW, "follow") /* erased here too */                                  \
    X(ASK, "ask")       /* kept until staff here decide */                     \
    X(REFUSE, "refuse") /* kept, as a law wants */
/* clang-format on */

enum erase_policy {
#define X(symbol, text) ERASE_##symbol,
    ERASE_POLICY_LIST(X)
#undef X
        ERASE_POLICY_COUNT
};

/* Static storage; "?" out of range. */
const char *erase_policy_name(enum erase_policy policy);

/* What an erasure of ours did. */
struct erase_result {
    struct erase_extent extent;
    bool is_dropped; /* it waited, and the other will never hear of it */
};

/*
 * Erases, of a referral whose row is stored, and tells the other agency where
 * it knows of the referral. What was erased before is not told again.
 * ERR_LIMIT: elements of a referral that holds too much to be sealed anew.
 */
MUST_USE enum err erase_own(struct work *work, struct referral *referral,
    const struct erasure_notice *notice, struct erase_result *result);

/* The same where nobody can be asked: all of a referral that holds too much. */
void erase_own_at_least(struct work *work, struct referral *referral,
    const struct erasure_notice *notice, struct erase_result *result);

/* Of a row that was begun (register.h), all of it: what came of it already, and
 * what is to come (refill.h, fold.h). The other agency is told. */
void erase_begun(struct work *work, struct referral *begun,
    const struct erasure_notice *notice);

/* What erase_own would do, without any effect. */
void erase_measure(struct work *work, struct referral *referral,
    const struct erasure_notice *notice, struct erase_result *result);

/* Of a referral of which no word is left, and the other agency never heard: its
 * key, which opens what copies of the store have of it. Nobody is told. It did
 * not go before. False when the work failed. */
bool erase_key(struct work *work, struct referral *referral,
    const struct erasure_notice *notice);

/* A notice of a peer, judged by what the operator wants. A verdict without a
 * problem: it is followed, or there is nothing. */
void erase_taken(struct work *work, struct peer *peer,
    const struct erasure_notice *notice, enum erase_policy policy,
    struct verdict *why);

/* The same from an entry's content, by the operator's policy; what is stored of
 * the entry says which referral it is about. */
void erase_take(struct work *work, struct peer *peer, struct slice content,
    struct ledger_entry *stored, struct verdict *why);

/* What the peer answers to a notice of ours. */
void erase_answered(struct work *work, struct peer *peer,
    const struct ledger_entry *entry, const struct answer_item *item);

/* A notice of ours that waits, when all was taken back after a loss: what came
 * back was said before it, and what went meanwhile was sealed with keys that
 * were needed yet. Of elements; of all, it is not taken up (fold.h). */
void erase_waiting(
    struct work *work, struct peer *peer, const struct intent *intent);

/* A notice of ours that was taken back after a loss. */
void erase_told(
    struct work *work, struct peer *peer, const struct erasure_notice *notice);

#endif
