#include "core/desk.h"

#include "core/conflict.h"
#include "core/generation.h"
#include "core/node_state.h"
#include "core/output.h"
#include "core/submission_read.h"

/* Stopped: this operator has not said how to go on. Agreed: he has, and the
 * next generation has not begun. Over: it has. */
static const char *state_of(const struct ledger *at)
{
    return at->closed                       ? "over"
           : at->trouble == LEDGER_CONFLICT ? "stopped"
                                            : "agreed";
}

static void answer_conflict(struct work *work, struct peer *peer,
    const struct ledger *at, struct local_answer *answer)
{
    struct contradiction proof;
    struct conflict notes;
    const struct card *card = peer_card(work, peer);
    if (card == NULL || !conflict_notes(work, at, &notes))
        return;
    answer_record(answer, "conflict");
    answer_text(answer, "peer", peer->agency.text);
    answer_slice(answer, "peer_name", card->name);
    answer_text(
        answer, "direction", at->direction == LEDGER_OUT ? "out" : "in");
    answer_generation(answer, "generation", at->generation);
    answer_text(answer, "state", state_of(at));
    answer_number(answer, "size", (int64_t)at->cosigned);
    answer_number(answer, "since_ms", at->conflict_ms);
    answer_flag(answer, "proved",
        contradiction_parse(at->evidence, &proof) == ERR_NONE);
    answer_slice(answer, "evidence", at->evidence);
}

/* Of the present generation and of all before it, newest first. */
static void answer_ledger(struct work *work, struct peer *peer,
    enum ledger_direction direction, struct local_answer *answer)
{
    struct ledger *present = peer_ledger(work, peer, direction);
    const struct ledger *at = present;
    while (at != NULL && !answer_is_full(answer)) {
        if (at->evidence.size > 0)
            answer_conflict(work, peer, at, answer);
        at = generation_find(work, present, at->previous);
    }
}

void desk_ledger_conflicts(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    static const struct field_rule rules[] = { { "peer", LOCAL_TEXT, false } };
    struct node *node = work->node;
    struct peer *only = NULL;
    (void)caller;
    if (!fields_check(
            answer, "ledger", request->fields, request->field_count, rules, 1))
        return;
    struct slice peer =
        field_text(request->fields, request->field_count, "peer");
    if (peer.size > 0 && (only = desk_peer(work, peer, answer)) == NULL)
        return;
    for (size_t i = 0; i < node->peer_count && !answer_is_full(answer); i++) {
        if (only != NULL && node->peers[i] != only)
            continue;
        answer_ledger(work, node->peers[i], LEDGER_OUT, answer);
        answer_ledger(work, node->peers[i], LEDGER_IN, answer);
    }
}

/* Logged with who said it: the ledger's past is closed with that. */
static bool renew(struct work *work, const struct caller *caller,
    struct peer *peer, enum ledger_direction direction)
{
    struct ledger *ledger = peer_ledger(work, peer, direction);
    if (!conflict_renew(work, peer, ledger))
        return false;
    OUTPUT_LOG(work, LOG_LEDGER_REOPENED, log_agency("peer", &peer->agency),
        log_code("direction", direction == LEDGER_OUT ? "out" : "in"),
        log_number("size", (int64_t)ledger->cosigned),
        log_number("uid", caller->uid));
    return true;
}

void desk_ledger_renew(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    static const struct field_rule rules[] = { { "peer", LOCAL_TEXT, true } };
    if (!fields_check(
            answer, "ledger", request->fields, request->field_count, rules, 1))
        return;
    struct peer *peer = desk_peer(work,
        field_text(request->fields, request->field_count, "peer"), answer);
    if (peer == NULL)
        return;
    bool is_out = renew(work, caller, peer, LEDGER_OUT);
    bool is_in = renew(work, caller, peer, LEDGER_IN);
    if (!is_out && !is_in) {
        answer_error(answer, ERR_STATE, PROBLEM_STATE, "ledger.state",
            "no ledger with it is stopped by a conflict: referctl ledger list");
        return;
    }
    if (is_out)
        answer_ledger(work, peer, LEDGER_OUT, answer);
    if (is_in)
        answer_ledger(work, peer, LEDGER_IN, answer);
}
