/*
 * repeat.h - idempotency keys of programs: what each was used for, so that the
 * same key again gives the same answer and does nothing twice.
 *
 * A key belongs to the program that chose it, by its uid. After a loss nobody
 * knows whose it was, and on a new machine uids may be others: what is taken
 * back is known again by the key together with all that was said under it, to
 * whom. So another program's same key stays its own.
 *
 * Which request a key stands for is known by a digest that can be compared with
 * the salt of what was said alone (content.h): when that is erased, the digest
 * says nothing of it any more. A program that never heard its answer asks again
 * soon: for REPEAT_BLIND_MS the key is then answered as before, whatever is
 * asked. Later it stands for another request.
 */
#ifndef CORE_REPEAT_H
#define CORE_REPEAT_H

#include <stdbool.h>

#include "base/id.h"
#include "core/local.h"
#include "core/local_reply.h"
#include "core/referral.h"
#include "core/register.h"
#include "core/repeat_rows.h"
#include "core/work.h"

/* A program's key, and what it asks for under it. */
struct repeat {
    uint8_t name[REPEAT_NAME_SIZE];
    /* Of the request; half of it is kept. By a mistake another's is the same
     * once in 2^32; on purpose, a program deceives nobody but itself. */
    uint64_t digest;
};

/* False, with the reply's error set, when the key is not usable. */
bool repeat_read(struct work *work, uint32_t uid,
    const struct local_request *request, struct repeat *repeat,
    struct local_answer *answer);

/* True when the key was used before: the reply is then complete. */
bool repeat_recall(struct work *work, const struct repeat *repeat,
    struct local_answer *answer);

/* With the salt of what was said. */
void repeat_keep(struct work *work, const struct repeat *repeat,
    const struct uuid *uuid, bool pending, const uint8_t salt[SALT_SIZE]);

/* The answer to a write, the first time and again. */
void repeat_answer(
    struct local_answer *answer, const struct referral *referral, bool pending);

/* ---- Across a loss ---- */

/* Something may be known by what was said alone. */
bool repeat_may_be_said(const struct work *work);

/* As repeat_recall, by an event as the program gives it. Where it chose the
 * referral's id, that has to be the same. */
bool repeat_recall_said(struct work *work, const struct referral_event *event,
    bool has_id, const struct agency_id *to, struct local_answer *answer);

/* While it is not known whether anything was lost: what is said now may have
 * been said before, and come back. */
void repeat_keep_said(struct work *work, const struct repeat *repeat,
    const struct referral_event *event, const struct agency_id *to);

/* Which event of ours says the same. */
struct repeat_other {
    struct uuid referral;
    uint32_t seq;
};

/* An event of ours came back: its key is known again, and stands for it. True
 * when the same was said while it was not known whether anything was lost. */
bool repeat_take_up(struct work *work, const struct referral_event *event,
    const struct agency_id *to, bool pending, struct repeat_other *other);

#endif
