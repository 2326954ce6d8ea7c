#include "core/desk.h"

#include <assert.h>

#include "core/damage.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "core/output.h"
#include "core/submission.h"
#include "core/submission_many.h"
#include "core/submission_read.h"

#include <string.h>

static void hello(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    static const struct field_rule rules[] = {
        { "application", LOCAL_TEXT, false },
        { "protocol", LOCAL_NUMBER, true },
    };
    if (!fields_check(
            answer, "hello", request->fields, request->field_count, rules, 2))
        return;
    if (field_number(request->fields, request->field_count, "protocol", 0) !=
        LOCAL_PROTOCOL) {
        answer_error(answer, ERR_VERSION, PROBLEM_NONE, "hello.protocol",
            "use the librefer that came with this gateway");
        return;
    }
    desk_gateway(work, answer);
    answer_number(answer, "rights", caller->rights);
}

static void submit(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    submission_submit(work, caller->uid, request, answer);
}

static void submit_many(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    submission_many(work, caller->uid, request, answer);
}

static void explain(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    submission_explain(work, caller->uid, request, answer);
}

static void act(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    submission_act(work, caller->uid, request, answer);
}

static const struct operation {
    const char *name;
    uint32_t right; /* 0: anyone who may connect */
    desk_operation *serve;
    bool takes_records;
} operations[] = {
    { "hello", 0, hello, false },
    { "submit", LOCAL_RIGHT_SUBMIT, submit, true },
    { "submit.many", LOCAL_RIGHT_SUBMIT, submit_many, true },
    { "explain", LOCAL_RIGHT_SUBMIT, explain, true },
    { "act", LOCAL_RIGHT_ACT, act, true },
    { "get", LOCAL_RIGHT_READ, desk_get, false },
    { "list", LOCAL_RIGHT_READ, desk_list, false },
    { "erase", LOCAL_RIGHT_ERASE, desk_erase, false },
    { "erase.find", LOCAL_RIGHT_ERASE, desk_erase_find, false },
    { "disclosures", LOCAL_RIGHT_READ, desk_disclosures, false },
    { "disclosures.find", LOCAL_RIGHT_READ, desk_erase_find, false },
    { "cursor.open", LOCAL_RIGHT_READ, desk_cursor_open, false },
    { "cursor.next", LOCAL_RIGHT_READ, desk_cursor_next, false },
    { "cursor.ack", LOCAL_RIGHT_READ, desk_cursor_ack, false },
    { "cursor.rewind", LOCAL_RIGHT_READ, desk_cursor_rewind, false },
    { "cursor.delete", LOCAL_RIGHT_READ, desk_cursor_delete, false },
    { "cursor.list", LOCAL_RIGHT_READ, desk_cursor_list, false },
    { "card.show", LOCAL_RIGHT_READ, desk_card_show, false },
    { "card.list", LOCAL_RIGHT_READ, desk_card_list, false },
    { "card.import", LOCAL_RIGHT_ADMIN, desk_card_import, false },
    { "card.accept", LOCAL_RIGHT_ADMIN, desk_card_accept, false },
    { "peer.list", LOCAL_RIGHT_READ, desk_peer_list, false },
    { "peer.close", LOCAL_RIGHT_ADMIN, desk_peer_close, false },
    { "peer.invite", LOCAL_RIGHT_ADMIN, desk_peer_invite, false },
    { "mou.offer", LOCAL_RIGHT_ADMIN, desk_mou_offer, false },
    { "mou.sign", LOCAL_RIGHT_ADMIN, desk_mou_sign, false },
    { "mou.list", LOCAL_RIGHT_READ, desk_mou_list, false },
    { "mou.show", LOCAL_RIGHT_READ, desk_mou_show, false },
    { "ledger.list", LOCAL_RIGHT_READ, desk_ledger_list, false },
    { "ledger.show", LOCAL_RIGHT_READ, desk_ledger_show, false },
    { "ledger.verify", LOCAL_RIGHT_READ, desk_ledger_verify, false },
    { "ledger.conflicts", LOCAL_RIGHT_READ, desk_ledger_conflicts, false },
    { "ledger.renew", LOCAL_RIGHT_ADMIN, desk_ledger_renew, false },
    { "evidence.read", LOCAL_RIGHT_ADMIN, desk_evidence_read, false },
    { "reload", LOCAL_RIGHT_ADMIN, desk_reload, false },
    { "store.check", LOCAL_RIGHT_ADMIN, desk_store_check, false },
    { "revocation.import", LOCAL_RIGHT_ADMIN, desk_revocation_import, false },
    { "status", LOCAL_RIGHT_READ, desk_status, false },
    { "health", 0, desk_health, false },
    { "metrics", LOCAL_RIGHT_READ, desk_metrics, false },
};

static const struct {
    uint32_t right;
    const char *remedy;
} rights[] = {
#define REMEDY(name)                                                           \
    "add " name " to the rights of this user under clients in referd.yaml, "   \
    "then reload it (SIGHUP)"
    { LOCAL_RIGHT_SUBMIT, REMEDY("submit") },
    { LOCAL_RIGHT_ACT, REMEDY("act") },
    { LOCAL_RIGHT_READ, REMEDY("read") },
    { LOCAL_RIGHT_ADMIN, REMEDY("admin") },
    { LOCAL_RIGHT_ERASE, REMEDY("erase") },
#undef REMEDY
};

static const char *right_remedy(uint32_t right)
{
    size_t i = 0;
    while (rights[i].right != right) {
        i++;
        assert(i < sizeof rights / sizeof *rights);
    }
    return rights[i].remedy;
}

static const struct operation *operation_named(struct slice name)
{
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (slice_is(name, operations[i].name))
            return &operations[i];
    return NULL;
}

void desk_reply(struct work *work, uint64_t client, struct local_answer *answer)
{
    struct slice bytes = local_reply_write(&answer->reply, work->arena);
    if (bytes.bytes == NULL) {
        answer_error(answer, ERR_LIMIT, PROBLEM_NONE, "count",
            "ask for fewer at a time");
        bytes = local_reply_write(&answer->reply, work->arena);
    }
    struct node_output *output = output_add(work, NODE_CLIENT_REPLY);
    output->of.client.client = client;
    output->of.client.frame = bytes;
}

static void refuse(struct work *work, const struct caller *caller,
    struct local_answer *answer, enum err err, const char *remedy)
{
    work->node->counters.clients_refused++;
    OUTPUT_LOG(work, LOG_CLIENT_REFUSED, log_number("uid", caller->uid),
        log_code("code", err_name(err)));
    answer_error(answer, err, PROBLEM_NONE, "operation", remedy);
}

/* What came upon a damaged content before it wrote anything may come again:
 * the content may be back by then. */
static void serve(struct work *work, const struct operation *operation,
    const struct caller *caller, const struct local_request *request,
    struct local_answer *answer)
{
    struct damage_trial trial = damage_trial_begin(work);
    operation->serve(work, caller, request, answer);
    if (damage_trial_failed(work, &trial))
        desk_damaged(work, answer);
}

void desk_serve(
    struct work *work, const struct caller *caller, struct slice frame)
{
    struct local_request request = { 0 };
    struct local_answer answer;
    enum err err = local_request_read(frame, work->scratch, &request);
    answer_begin(&answer, work, request.number);
    const struct operation *operation =
        err == ERR_NONE ? operation_named(request.operation) : NULL;
    if (err != ERR_NONE)
        refuse(work, caller, &answer, err,
            "write requests as refer/v1/local.proto says");
    else if (operation == NULL)
        refuse(work, caller, &answer, ERR_NOT_FOUND,
            "use an operation of librefer(3)");
    else if ((caller->rights & operation->right) != operation->right)
        refuse(work, caller, &answer, ERR_FORBIDDEN,
            right_remedy(operation->right));
    else if (frame.size > LOCAL_FRAME_SIZE_MAX &&
             operation->serve != submit_many)
        refuse(work, caller, &answer, ERR_LIMIT,
            "say less: a request may have 2 MiB");
    else if (request.record_count > 0 && !operation->takes_records)
        refuse(work, caller, &answer, ERR_INVALID,
            "send no records with this operation");
    else
        serve(work, operation, caller, &request, &answer);
    if (!work_failed(work) && answer.work != NULL)
        desk_reply(work, caller->client, &answer);
}

void desk_gateway(struct work *work, struct local_answer *answer)
{
    answer_record(answer, "gateway");
    answer_text(answer, "agency", work->node->self.text);
    answer_text(answer, "name", work->node->own_name);
    answer_number(answer, "protocol", LOCAL_PROTOCOL);
    answer_text(answer, "version", work->node->options->version);
}

struct peer *desk_peer(
    struct work *work, struct slice agency, struct local_answer *answer)
{
    struct agency_id id;
    struct peer *peer = NULL;
    if (agency_id_parse(agency, &id) == ERR_NONE)
        peer = peer_find(work->node, &id);
    if (peer == NULL)
        answer_error(answer, ERR_NOT_FOUND, PROBLEM_NONE, "agency",
            "give the whole id of an agency from referctl peer list");
    return peer;
}
