#include "core/desk.h"

#include "core/node_state.h"
#include "core/submission_read.h"

static void number(struct local_answer *answer, const char *name, int64_t value)
{
    answer_record(answer, "number");
    answer_text(answer, "name", name);
    answer_number(answer, "value", value);
}

static void answer_numbers(struct work *work, struct local_answer *answer)
{
    struct node *node = work->node;
    int64_t queued = 0;
    int64_t accepted = 0;
    int64_t failing = 0;
    for (size_t i = 0; i < node->peer_count; i++) {
        const struct peer *peer = node->peers[i];
        accepted += peer->state == PEER_ACCEPTED;
        failing += peer->failure_count > 0;
        queued += (int64_t)peer->queued_count;
    }
    number(answer, "ready", node->started && node->own_sheet.size > 0);
    number(answer, "peers", accepted);
    number(answer, "peers_failing", failing);
    number(answer, "outbox", queued);
    number(answer, "feed_head", (int64_t)node->feed_position_next - 1);
    number(answer, "store_percent", (int64_t)node->store_percent);
    number(answer, "waiting_clients", (int64_t)node->waiter_count);
}

void desk_health(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    (void)caller;
    if (fields_check(
            answer, "health", request->fields, request->field_count, NULL, 0))
        answer_numbers(work, answer);
}

void desk_status(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    struct node *node = work->node;
    (void)caller;
    if (!fields_check(
            answer, "status", request->fields, request->field_count, NULL, 0))
        return;
    desk_gateway(work, answer);
    answer_numbers(work, answer);
#define X(name) number(answer, #name, (int64_t)node->counters.name);
    NODE_COUNTER_LIST(X)
#undef X
    for (size_t i = 0; i < node->peer_count && !answer_is_full(answer); i++)
        desk_peer_record(work, node->peers[i], answer);
}
