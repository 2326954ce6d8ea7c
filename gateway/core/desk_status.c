#include "core/desk.h"

#include "core/alarm.h"
#include "core/expiry.h"
#include "core/health.h"
#include "core/loss.h"
#include "core/node_state.h"
#include "core/output.h"
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
    int64_t alarms = 0;
    for (size_t i = 0; i < node->peer_count; i++) {
        const struct peer *peer = node->peers[i];
        accepted += peer->state == PEER_ACCEPTED;
        failing += peer->failure_count > 0;
        alarms += peer->alarm != ALARM_NONE;
        queued += (int64_t)peer->queued_count;
    }
    number(answer, "ready", health_check(node, work->now) == 0);
    number(answer, "alive", 1);
    number(answer, "peers", accepted);
    number(answer, "peers_failing", failing);
    number(answer, "alarms", alarms);
    number(answer, "outbox", queued);
    number(answer, "feed_head", (int64_t)node->feed_position_next - 1);
    number(answer, "store_percent", (int64_t)node->store_percent);
    number(answer, "store_damaged", (int64_t)node->patrol.damage);
    number(answer, "waiting_clients", (int64_t)node->waiter_count);
}

static void answer_reasons(struct work *work, struct local_answer *answer)
{
    uint32_t found = health_check(work->node, work->now);
    for (int i = 0; i < HEALTH_REASON_COUNT; i++) {
        if ((found & UINT32_C(1) << i) == 0)
            continue;
        answer_record(answer, "reason");
        answer_text(answer, "code", health_reason_code((enum health_reason)i));
        answer_text(
            answer, "remedy", health_reason_remedy((enum health_reason)i));
    }
}

/* Of each kind that there is, one; whom it is about is for who may read. */
static void answer_alarm_kinds(
    const struct node *node, struct local_answer *answer)
{
    int64_t counts[ALARM_COUNT] = { 0 };
    for (size_t i = 0; i < node->peer_count; i++)
        counts[node->peers[i]->alarm]++;
    for (int kind = ALARM_NONE + 1; kind < ALARM_COUNT; kind++) {
        if (counts[kind] == 0)
            continue;
        answer_record(answer, "alarm");
        answer_text(answer, "code", alarm_code((enum alarm_kind)kind));
        answer_number(answer, "agencies", counts[kind]);
        answer_text(answer, "remedy", alarm_remedy((enum alarm_kind)kind));
    }
}

void desk_health(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    (void)caller;
    if (!fields_check(
            answer, "health", request->fields, request->field_count, NULL, 0))
        return;
    answer_numbers(work, answer);
    answer_reasons(work, answer);
    answer_alarm_kinds(work->node, answer);
}

static void answer_metrics(const struct metric_value *values, size_t count,
    struct local_answer *answer)
{
    char name[METRIC_NAME_SIZE];
    for (size_t i = 0; i < count; i++) {
        metric_name(values[i].metric, name);
        number(answer, name, values[i].value);
    }
}

void desk_reload(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    (void)caller;
    if (fields_check(
            answer, "reload", request->fields, request->field_count, NULL, 0))
        (void)output_add(work, NODE_RELOAD);
}

void desk_metrics(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    const struct node_surroundings *around = &work->node->surroundings;
    struct metric_value own[NODE_METRIC_COUNT_MAX];
    (void)caller;
    if (!fields_check(
            answer, "metrics", request->fields, request->field_count, NULL, 0))
        return;
    answer_metrics(own, node_metrics(work->node, work->now, own), answer);
    answer_metrics(around->metrics, around->metric_count, answer);
}

static void answer_expiry(
    struct work *work, const struct expiry *expiry, void *user)
{
    struct local_answer *answer = user;
    char id[MOU_ID_TEXT_SIZE + 1];
    (void)work;
    answer_record(answer, "expiry");
    answer_text(answer, "kind", expiry_code(expiry->kind));
    answer_text(answer, "agency", expiry->agency.text);
    if (expiry->kind == EXPIRY_MOU) {
        mou_id_format(&expiry->mou, id);
        answer_text(answer, "mou", id);
    }
    answer_number(answer, "until_ms", expiry->until.unix_ms);
    answer_text(answer, "remedy", expiry_remedy(expiry->kind));
}

/* Who is to be called stands on the agency's card. */
static void answer_alarm(
    struct work *work, struct peer *peer, struct local_answer *answer)
{
    const struct card *card = peer_card(work, peer);
    if (card == NULL)
        return;
    answer_record(answer, "alarm");
    answer_text(answer, "code", alarm_code((enum alarm_kind)peer->alarm));
    answer_text(answer, "agency", peer->agency.text);
    answer_slice(answer, "name", card->name);
    answer_number(answer, "since_ms", peer->alarm_since_ms);
    answer_text(answer, "remedy", alarm_remedy((enum alarm_kind)peer->alarm));
    for (size_t i = 0; i < card->contact_count; i++) {
        answer_record(answer, "contact");
        answer_text(answer, "agency", peer->agency.text);
        answer_slice(answer, "role", card->contacts[i].role);
        answer_slice(answer, "name", card->contacts[i].name);
        answer_slice(answer, "phone", card->contacts[i].phone);
        answer_slice(answer, "hours", card->contacts[i].hours);
    }
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
    if (node->options->store_key != NULL)
        answer_text(answer, "store_key", node->options->store_key);
    loss_answer(work, answer);
    answer_numbers(work, answer);
#define X(name, help) number(answer, #name, (int64_t)node->counters.name);
    NODE_COUNTER_LIST(X)
#undef X
    for (size_t i = 0; i < node->peer_count && !answer_is_full(answer); i++)
        desk_peer_record(work, node->peers[i], answer);
    for (size_t i = 0; i < node->peer_count && !answer_is_full(answer); i++)
        if (node->peers[i]->alarm != ALARM_NONE)
            answer_alarm(work, node->peers[i], answer);
    if (!answer_is_full(answer))
        expiry_each(work, answer_expiry, answer);
}
