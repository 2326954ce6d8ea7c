/* The part of bench_node.h that speaks as local programs do. */
#include "support/bench_node.h"

#include "core/referral.h"
#include "support/bench_papers.h"
#include "support/bench_state.h"

const struct bench_client bench_staff = { 1, UINT32_MAX, 1000 };

/* ---- Local clients ------------------------------------------------------- */

const struct local_reply *federation_reply(
    struct federation *federation, size_t at)
{
    struct agency *agency = &federation->agencies[at];
    struct arena *arena = &federation->call[federation->call_turn++ % 2];
    if (agency->reply_count == 0)
        return NULL;
    arena_reset(arena);
    struct slice frame = arena_copy(arena, agency->replies[0]);
    struct local_reply *reply = arena_take(arena, sizeof *reply);
    MUST(reply != NULL);
    MUST(local_reply_read(frame, arena, reply) == ERR_NONE);
    disown(&agency->replies[0]);
    memmove(&agency->replies[0], &agency->replies[1],
        --agency->reply_count * sizeof agency->replies[0]);
    return reply;
}

const struct local_reply *federation_frame(struct federation *federation,
    size_t agency, const struct bench_client *client, struct slice frame)
{
    struct node_input input = { .type = NODE_CLIENT };
    input.of.client.client = client->client;
    input.of.client.rights = client->rights;
    input.of.client.uid = client->uid;
    input.of.client.frame = frame;
    if (!federation_take(federation, agency, &input))
        return NULL;
    return federation_reply(federation, agency);
}

const struct local_reply *federation_call_as(struct federation *federation,
    size_t agency, const struct bench_client *client, struct call *call)
{
    struct local_request request = call_request(call);
    struct slice bytes = local_request_write(&request, &federation->work);
    MUST(bytes.bytes != NULL);
    struct slice frame = owned(bytes);
    arena_reset(&federation->work);
    const struct local_reply *reply =
        federation_frame(federation, agency, client, frame);
    disown(&frame);
    return reply;
}

const struct local_reply *federation_call(
    struct federation *federation, size_t agency, struct call *call)
{
    return federation_call_as(federation, agency, &bench_staff, call);
}

void federation_gone(
    struct federation *federation, size_t agency, uint64_t client)
{
    struct node_input input = { .type = NODE_CLIENT_GONE };
    input.of.client.client = client;
    MUST(federation_step(federation, agency, &input) == ERR_NONE);
}

static void must_succeed(const struct local_reply *reply)
{
    MUST(reply != NULL);
    if (reply->err != ERR_NONE)
        fprintf(stderr, "%s %s %.*s: %.*s\n", err_name(reply->err),
            problem_name(reply->problem), (int)reply->clause.size,
            (const char *)reply->clause.bytes, (int)reply->remedy.size,
            (const char *)reply->remedy.bytes);
    MUST(reply->err == ERR_NONE);
}

static void card_accept(struct federation *federation, size_t at, size_t other)
{
    struct call call;
    call_begin(&call, "card.import");
    call_data(&call, "data", federation->agencies[other].card);
    call_data(&call, "sheet", node_sheet(federation->agencies[other].node));
    must_succeed(federation_call(federation, at, &call));
    call_begin(&call, "card.accept");
    call_text(&call, "agency", federation->agencies[other].id.text);
    must_succeed(federation_call(federation, at, &call));
}

void federation_connect(struct federation *federation, size_t a, size_t b)
{
    federation->sets_up = true;
    card_accept(federation, a, b);
    card_accept(federation, b, a);
    federation_run(federation);
    federation->sets_up = false;
}

void federation_agree(struct federation *federation)
{
    struct crypto *parties[FEDERATION_COUNT_MAX] = { NULL };
    char id[MOU_ID_TEXT_SIZE + 1];
    struct call call;
    for (size_t i = 0; i < federation->count; i++)
        parties[i] = federation->agencies[i].crypto;
    federation->mou =
        papers_mou(parties, federation->count, 1, &federation->papers);
    mou_id_of(parties[0], federation->mou, &federation->mou_id);
    federation_mou_id(federation, id);
    federation->sets_up = true;
    call_begin(&call, "mou.offer");
    call_data(&call, "data", federation->mou);
    must_succeed(federation_call(federation, 0, &call));
    federation_run(federation);
    for (size_t i = 0; i < federation->count; i++) {
        uint8_t signature[SIGNATURE_SIZE];
        federation_mou_sign(federation, i, signature);
        call_begin(&call, "mou.sign");
        call_text(&call, "id", id);
        call_text(&call, "agency", federation->agencies[i].id.text);
        call_data(&call, "signature", SLICE_ARRAY(signature));
        must_succeed(federation_call(federation, i, &call));
    }
    federation_run(federation);
    federation->sets_up = false;
}

struct federation *federation_of_two(void)
{
    struct federation *federation = federation_new(2);
    federation_connect(federation, 0, 1);
    federation_agree(federation);
    return federation;
}

struct slice federation_mou(const struct federation *federation)
{
    return federation->mou;
}

void federation_mou_id(
    const struct federation *federation, char text[MOU_ID_TEXT_SIZE + 1])
{
    mou_id_format(&federation->mou_id, text);
}

void federation_mou_sign(struct federation *federation, size_t agency,
    uint8_t signature[SIGNATURE_SIZE])
{
    struct mou_signature signed_by;
    papers_mou_sign(
        federation->agencies[agency].crypto, &federation->mou_id, &signed_by);
    memcpy(signature, signed_by.signature, SIGNATURE_SIZE);
}

/* ---- Referrals ----------------------------------------------------------- */

void federation_referral(struct federation *federation, struct call *call,
    size_t from, size_t to, const char *key)
{
    int64_t now_ms = federation_now(federation).unix_ms;
    (void)from;
    call_begin(call, "submit");
    call_text(call, "key", key);
    call_record(call, "referral");
    call_text(call, "to", federation->agencies[to].id.text);
    call_text(call, "service", papers_service(to));
    call_text(call, "purpose", "care");
    call_text(call, "urgency", "routine");
    call_text(call, "choice", "chosen");
    call_text(call, "ask_back", "full");
    call_text(call, "reason_plain", "wants the cough looked at");
    call_number(call, "consent_at_ms", now_ms - 60000);
    call_record(call, "grant");
    call_text(call, "to", federation->agencies[to].id.text);
    call_text(call, "purpose", "care");
    call_text(call, "elements", "call_name needs");
    call_number(call, "until_ms", now_ms + 30 * FEDERATION_DAY_MS);
    call_record(call, "element");
    call_text(call, "code", "call_name");
    call_text(call, "value", "Robin");
    call_record(call, "element");
    call_text(call, "code", "needs");
    call_text(call, "value", "a doctor who listens");
}

const char *federation_submit(
    struct federation *federation, size_t from, size_t to, const char *key)
{
    struct call call;
    federation_referral(federation, &call, from, to, key);
    const struct local_reply *reply = federation_call(federation, from, &call);
    must_succeed(reply);
    struct slice id = record_text(reply_record(reply, "referral", 0), "id");
    char *text = federation->ids[federation->id_turn++ % ID_COUNT];
    MUST(id.size == UUID_URN_SIZE);
    memcpy(text, id.bytes, id.size);
    text[id.size] = '\0';
    return text;
}

void federation_step_call(struct call *call, const char *id, const char *step,
    const char *key, const char *actor, const char *const *details)
{
    call_begin(call, "act");
    call_text(call, "id", id);
    call_text(call, "step", step);
    call_text(call, "key", key);
    call_text(call, "actor", actor);
    call_text(call, "role", "intake");
    for (size_t i = 0; details != NULL && details[i] != NULL; i += 2) {
        call_record(call, "detail");
        call_text(call, "name", details[i]);
        call_text(call, "value", details[i + 1]);
    }
}

const struct local_reply *federation_act_by(struct federation *federation,
    size_t agency, const char *id, const char *step, const char *key,
    const char *actor, const char *const *details)
{
    struct call call;
    federation_step_call(&call, id, step, key, actor, details);
    return federation_call(federation, agency, &call);
}

const struct local_reply *federation_act(struct federation *federation,
    size_t agency, const char *id, const char *step, const char *key,
    const char *const *details)
{
    return federation_act_by(
        federation, agency, id, step, key, "staff", details);
}

void federation_erase(
    struct federation *federation, size_t agency, const char *id)
{
    struct call call;
    call_begin(&call, "erase");
    call_text(&call, "id", id);
    call_text(&call, "reason", "person_asked");
    MUST(federation_call(federation, agency, &call)->err == ERR_NONE);
}

const struct local_reply *federation_get(
    struct federation *federation, size_t agency, const char *id)
{
    struct call call;
    call_begin(&call, "get");
    call_text(&call, "id", id);
    return federation_call(federation, agency, &call);
}

size_t federation_event_count(struct federation *federation, size_t agency,
    const char *id, const char *type, const char *step)
{
    const struct local_reply *reply = federation_get(federation, agency, id);
    size_t count = 0;
    for (size_t i = 0; i < reply_count(reply, "event"); i++) {
        const struct local_record *event = reply_record(reply, "event", i);
        count +=
            record_is(event, "type", type) && record_is(event, "step", step);
    }
    return count;
}

const char *federation_state(
    struct federation *federation, size_t agency, const char *id)
{
    const struct local_reply *reply = federation_get(federation, agency, id);
    MUST(reply != NULL);
    if (reply->err != ERR_NONE)
        return "none";
    struct slice name =
        record_text(reply_record(reply, "referral", 0), "state");
    return referral_state_name(referral_state_named(name));
}

#define AFTER_SIZE 128

size_t federation_whole_count(struct federation *federation, size_t agency)
{
    char after[AFTER_SIZE] = "";
    size_t count = 0;
    bool is_whole = true;
    bool goes_on = true;
    while (goes_on) {
        struct call call;
        call_begin(&call, "ledger.verify");
        if (after[0] != '\0')
            call_text(&call, "after", after);
        const struct local_reply *reply =
            federation_call(federation, agency, &call);
        must_succeed(reply);
        goes_on = false;
        for (size_t i = 0; i < reply->record_count; i++) {
            const struct local_record *record = &reply->records[i];
            goes_on = slice_is(record->type, "more");
            if (goes_on) {
                struct slice text = record_text(record, "after");
                MUST(text.size < AFTER_SIZE);
                memcpy(after, text.bytes, text.size);
                after[text.size] = '\0';
            } else {
                is_whole = is_whole && record_flag(record, "intact");
                count++;
            }
        }
    }
    return is_whole ? count : 0;
}
