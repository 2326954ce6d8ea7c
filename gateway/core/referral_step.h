/*
 * referral_step.h - one event against one referral, at either end: judged,
 * applied to the row, told to the feed. Shared by what programs of this agency
 * do (submission.h) and by what peers send (casework.h).
 */
#ifndef CORE_REFERRAL_STEP_H
#define CORE_REFERRAL_STEP_H

#include "core/agreement.h"
#include "core/feed.h"
#include "core/peer.h"
#include "core/policy.h"
#include "core/register.h"
#include "core/verdict.h"
#include "core/work.h"

/* An event and everything it is judged by. */
struct step {
    struct work *work;
    struct peer *peer;           /* the other agency */
    struct referral *referral;   /* its row; not yet stored for SEND */
    struct agreement *agreement; /* that the event names; NULL: unknown */
    const struct referral_event *event;
    bool by_us;
    bool is_checked;     /* by referral_check(), which let it pass */
    struct instant at;   /* when it was, if that is not now; else 0 */
    uint64_t generation; /* of the entry that says so; 0: it has none yet */
    uint64_t index;
};

/* Steps of the staff, the person or a companion, as its party. */
enum referral_party step_party(const struct step *step);

/* Guard, then policy (skipped for exempt events). The referral's request is
 * read for it. A verdict with a problem refuses. */
void step_judge(const struct step *step, struct verdict *verdict);

/* Where the table leads; fills the verdict when nowhere. */
bool step_next(const struct step *step, enum referral_state *next,
    struct verdict *verdict);

/* What the feed is to say of the event. */
struct step_note {
    enum feed_type type;
    enum feed_status status;
    const struct verdict *verdict; /* or NULL */
    struct content_ref content;    /* or none */
};

/*
 * The referral is in that state now. When the event is one that erases, what
 * the referral holds of the person goes at the end of the step. The event goes
 * into the feed and the referral's own list, and the row is stored. Returns
 * the position.
 */
uint64_t step_apply(const struct step *step, enum referral_state state,
    const struct step_note *note);

#endif
