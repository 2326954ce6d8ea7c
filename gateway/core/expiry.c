#include "core/expiry.h"

#include "core/agreement.h"
#include "core/card_renew.h"
#include "core/node_state.h"
#include "core/output.h"

#include <string.h>

#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)

static const struct {
    const char *code;
    const char *remedy;
} kinds[EXPIRY_COUNT] = {
#define X(symbol, code, remedy) [EXPIRY_##symbol] = { code, remedy },
    EXPIRY_LIST(X)
#undef X
};

const char *expiry_code(enum expiry_kind kind)
{
    return (size_t)kind < EXPIRY_COUNT ? kinds[kind].code : "?";
}

const char *expiry_remedy(enum expiry_kind kind)
{
    return (size_t)kind < EXPIRY_COUNT ? kinds[kind].remedy : "";
}

/* ---- What ends ---------------------------------------------------------- */

static void look_at_card(struct work *work, const struct card *card,
    enum expiry_kind kind, expiry_visit *visit, void *user)
{
    struct card_due due;
    struct expiry expiry = { .kind = kind, .agency = card->agency };
    card_due_find(card, work->now, EXPIRY_AHEAD_MS, &due);
    expiry.until = due.until;
    if (due.is_due)
        visit(work, &expiry, user);
}

static void look_at_own(struct work *work, expiry_visit *visit, void *user)
{
    struct card card;
    struct card_problem problem;
    if (card_read(work->crypto, work->node->own_card, work->scratch, &card,
            &problem) == ERR_NONE)
        look_at_card(work, &card, EXPIRY_OWN_CARD, visit, user);
}

/* One in force that ends; not one that has long ended. */
static void look_at_agreements(
    struct work *work, expiry_visit *visit, void *user)
{
    struct mou_id from = { { 0 } };
    struct agreement *at;
    size_t used = work->scratch->used;
    while ((at = agreement_next(work, &from)) != NULL) {
        struct expiry expiry = { .kind = EXPIRY_MOU,
            .agency = work->node->self,
            .mou = at->id,
            .until = at->mou.until };
        if (strcmp(agreement_state(at, work->now), "in_force") == 0 &&
            at->mou.until.unix_ms - work->now.unix_ms <= EXPIRY_AHEAD_MS)
            visit(work, &expiry, user);
        arena_rewind(work->scratch, used);
    }
}

void expiry_each(struct work *work, expiry_visit *visit, void *user)
{
    struct node *node = work->node;
    look_at_own(work, visit, user);
    for (size_t i = 0; i < node->peer_count && !work_failed(work); i++) {
        struct peer *peer = node->peers[i];
        const struct card *card =
            peer->state == PEER_ACCEPTED ? peer_card(work, peer) : NULL;
        if (card != NULL)
            look_at_card(work, card, EXPIRY_PEER_CARD, visit, user);
    }
    look_at_agreements(work, visit, user);
}

/* ---- Looking, now and then ---------------------------------------------- */

static void tell(struct work *work, const struct expiry *expiry, void *user)
{
    (void)user;
    OUTPUT_LOG(work, LOG_EXPIRY_NEARED,
        log_code("kind", expiry_code(expiry->kind)),
        expiry->kind == EXPIRY_MOU ? log_mou("mou", &expiry->mou)
                                   : log_agency("agency", &expiry->agency),
        log_number("until_ms", expiry->until.unix_ms));
}

static bool is_between(
    struct instant at, struct instant after, struct instant until)
{
    return instant_before(after, at) && !instant_before(until, at);
}

/* Something of the card began or ended since the last look; after a clock that
 * went back anything may have. */
static bool has_turned(
    const struct work *work, const struct card *card, struct instant before)
{
    bool turned = instant_before(work->now, before) ||
                  is_between(card->valid_until, before, work->now);
    for (size_t i = 0; i < card->key_count; i++)
        turned |= is_between(card->keys[i].until, before, work->now);
    return turned;
}

void expiry_review(struct work *work)
{
    struct node *node = work->node;
    struct instant before = node->reviewed;
    node->reviewed = work->now;
    for (size_t i = 0; i < node->peer_count && !work_failed(work); i++) {
        struct peer *peer = node->peers[i];
        const struct card *card =
            peer_is_pinned(peer) ? peer_card(work, peer) : NULL;
        if (card != NULL && has_turned(work, card, before))
            peer_announce(work, peer);
    }
    if (before.unix_ms / DAY_MS != work->now.unix_ms / DAY_MS)
        expiry_each(work, tell, NULL);
}
