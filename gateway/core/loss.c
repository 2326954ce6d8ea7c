#include "core/loss.h"

#include "core/erasure.h"
#include "core/node_state.h"
#include "core/output.h"

void loss_begin(struct work *work, enum loss_cause cause)
{
    struct node *node = work->node;
    if (node->has_lost)
        return;
    node->has_lost = true;
    node->losses++;
    node->loss = cause;
    node->lost_at = work->now;
    node->changed = true;
    /* peers may hold sheets with higher numbers than the store remembers, of
     * keys that are gone, and would take none below */
    if (work->now.unix_ms > 0 &&
        node->own_sheet_serial < (uint64_t)work->now.unix_ms)
        node->own_sheet_serial = (uint64_t)work->now.unix_ms;
    erasure_doom_unknown(work);
    work_draw(work, &node->feed_epoch, sizeof node->feed_epoch);
    node->feed_epoch >>= 1; /* clients have it as a signed number */
    for (size_t i = 0; i < node->peer_count; i++) {
        node->peers[i]->settled_out = false;
        node->peers[i]->settled_in = false; /* its author has to hear of it */
        node->peers[i]->wants_head = true;
        node->peers[i]->has_due = true;
    }
    loss_tell(work);
}

void loss_tell(struct work *work)
{
    const struct node *node = work->node;
    if (node->loss != LOSS_NONE)
        OUTPUT_LOG(work, LOG_STORE_LOST, log_number("losses", node->losses),
            log_code("code", loss_cause_name(node->loss)));
}

bool loss_puts_off(const struct work *work, const char *clause,
    const char *remedy, struct local_answer *answer)
{
    if (work->node->loss == LOSS_NONE)
        return false;
    answer_error(answer, ERR_BUSY, PROBLEM_TRY_LATER, clause, remedy);
    return true;
}

/* Two that only dial out never meet: nobody waits for that. */
static bool waits(const struct node *node, const struct peer *peer)
{
    return peer->state == PEER_ACCEPTED &&
           (peer->reachable || !node->dials_only) &&
           !(peer->settled_out && peer->settled_in);
}

size_t loss_waiting_count(const struct node *node)
{
    size_t count = 0;
    for (size_t i = 0; i < node->peer_count && node->loss != LOSS_NONE; i++)
        count += waits(node, node->peers[i]);
    return count;
}

/* Without any there is nobody to show anything: an operator may have to bring
 * their cards first. */
static bool has_accepted(const struct node *node)
{
    for (size_t i = 0; i < node->peer_count; i++)
        if (node->peers[i]->state == PEER_ACCEPTED)
            return true;
    return false;
}

void loss_review(struct work *work)
{
    struct node *node = work->node;
    if (node->loss == LOSS_NONE || !has_accepted(node) ||
        loss_waiting_count(node) > 0)
        return;
    node->loss = LOSS_NONE;
    node->changed = true;
    OUTPUT_LOG(work, LOG_STORE_WHOLE, log_number("losses", node->losses));
}

void loss_answer(struct work *work, struct local_answer *answer)
{
    static const char *const remedies[LOSS_CAUSE_COUNT] = {
        [LOSS_SHOWN] = "nothing: what peers hold is being taken back",
        [LOSS_OLDER] = "nothing, if a copy was put back on purpose; else find "
                       "out who replaced the store",
        [LOSS_RESTORED] = "nothing: what peers hold is being taken back",
        [LOSS_UNMARKED] = "nothing: what peers hold is being taken back; keep "
                          "the file instance with the keys",
        [LOSS_GONE] = "import and accept the cards of all agencies again: "
                      "they hold what was here",
    };
    const struct node *node = work->node;
    if (node->loss == LOSS_NONE)
        return;
    answer_record(answer, "recovery");
    answer_text(answer, "cause", loss_cause_name(node->loss));
    answer_number(answer, "at_ms", node->lost_at.unix_ms);
    answer_number(answer, "waiting", (int64_t)loss_waiting_count(node));
    answer_text(answer, "remedy", remedies[node->loss]);
}
