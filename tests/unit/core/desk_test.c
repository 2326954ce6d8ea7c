#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/keys.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "support/bench_node.h"
#include "support/bench_papers.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define NOBODY "urn:uuid:01902d5a-0000-7000-8000-000000000001"

static const struct local_reply *ask(struct federation *federation,
    const char *operation, const char *name, const char *text)
{
    struct call call;
    call_begin(&call, operation);
    if (name != NULL)
        call_text(&call, name, text);
    return federation_call(federation, 0, &call);
}

/* ---- Who may ask what ---- */

static const struct {
    const char *name;
    uint32_t right;
    const char *where;    /* that clauses name, with a point behind */
    const char *required; /* one of its required fields; NULL: it has none */
    bool takes_records;
} operations[] = {
    { "hello", 0, "hello.", "protocol", false },
    { "submit", LOCAL_RIGHT_SUBMIT, "submit.", "key", true },
    { "explain", LOCAL_RIGHT_SUBMIT, "explain.", NULL, true },
    { "act", LOCAL_RIGHT_ACT, "act.", "id", true },
    { "get", LOCAL_RIGHT_READ, "get.", "id", false },
    { "list", LOCAL_RIGHT_READ, "list.", NULL, false },
    { "cursor.open", LOCAL_RIGHT_READ, "cursor.", "name", false },
    { "cursor.next", LOCAL_RIGHT_READ, "cursor.", "name", false },
    { "cursor.ack", LOCAL_RIGHT_READ, "cursor.", "name", false },
    { "cursor.rewind", LOCAL_RIGHT_READ, "cursor.", "name", false },
    { "cursor.delete", LOCAL_RIGHT_READ, "cursor.", "name", false },
    { "cursor.list", LOCAL_RIGHT_READ, "cursor.", NULL, false },
    { "card.show", LOCAL_RIGHT_READ, "card.", NULL, false },
    { "card.list", LOCAL_RIGHT_READ, "card.", NULL, false },
    { "card.import", LOCAL_RIGHT_ADMIN, "card.", "data", false },
    { "card.accept", LOCAL_RIGHT_ADMIN, "card.", "agency", false },
    { "peer.list", LOCAL_RIGHT_READ, "peer.", NULL, false },
    { "peer.close", LOCAL_RIGHT_ADMIN, "peer.", "agency", false },
    { "peer.invite", LOCAL_RIGHT_ADMIN, "peer.", NULL, false },
    { "mou.offer", LOCAL_RIGHT_ADMIN, "mou.", "data", false },
    { "mou.sign", LOCAL_RIGHT_ADMIN, "mou.", "id", false },
    { "mou.list", LOCAL_RIGHT_READ, "mou.", NULL, false },
    { "mou.show", LOCAL_RIGHT_READ, "mou.", "id", false },
    { "ledger.list", LOCAL_RIGHT_READ, "ledger.", NULL, false },
    { "ledger.show", LOCAL_RIGHT_READ, "ledger.", "peer", false },
    { "ledger.verify", LOCAL_RIGHT_READ, "ledger.", NULL, false },
    { "evidence.read", LOCAL_RIGHT_ADMIN, "evidence.", "peer", false },
    { "store.check", LOCAL_RIGHT_ADMIN, "store.", NULL, false },
    { "status", LOCAL_RIGHT_READ, "status.", NULL, false },
    { "health", 0, "health.", NULL, false },
    { "metrics", LOCAL_RIGHT_READ, "metrics.", NULL, false },
};

static struct federation *agreed(void)
{
    return federation_of_two();
}

static void an_operation_needs_its_right_and_no_other(void **state)
{
    struct federation *federation = federation_new(1);
    (void)state;
    for (size_t i = 0; i < COUNT(operations); i++) {
        const struct bench_client without = { 1, ~operations[i].right, 1000 };
        const struct bench_client with = { 1, operations[i].right, 1000 };
        struct call call;
        call_begin(&call, operations[i].name);
        const struct local_reply *reply =
            federation_call_as(federation, 0, &without, &call);
        if ((reply->err == ERR_FORBIDDEN) != (operations[i].right != 0))
            fail_msg("%s: %s", operations[i].name, err_name(reply->err));
        if (operations[i].right != 0) {
            assert_true(slice_is(reply->clause, "operation"));
            assert_true(reply->remedy.size > 0);
        }
        reply = federation_call_as(federation, 0, &with, &call);
        assert_int_not_equal(reply->err, ERR_FORBIDDEN);
    }
    federation_free(federation);
}

static void an_unknown_operation_is_not_found(void **state)
{
    static const char *const names[] = { "hell", "helloo", "card", "card.",
        "referral.erase" };
    struct federation *federation = federation_new(1);
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        const struct local_reply *reply = ask(federation, names[i], NULL, NULL);
        assert_int_equal(reply->err, ERR_NOT_FOUND);
        assert_true(slice_is(reply->clause, "operation"));
    }
    assert_int_equal(
        federation_logged(federation, 0, LOG_CLIENT_REFUSED), COUNT(names));
    federation_free(federation);
}

static bool clause_is(
    const struct local_reply *reply, const char *where, const char *field)
{
    size_t size = strlen(where);
    return reply->clause.size == size + strlen(field) &&
           memcmp(reply->clause.bytes, where, size) == 0 &&
           memcmp(reply->clause.bytes + size, field, strlen(field)) == 0;
}

static void an_unknown_field_is_named_by_every_operation(void **state)
{
    struct federation *federation = federation_new(1);
    (void)state;
    for (size_t i = 0; i < COUNT(operations); i++) {
        const struct local_reply *reply =
            ask(federation, operations[i].name, "colour", "blue");
        if (reply->err != ERR_INVALID ||
            reply->problem != PROBLEM_UNKNOWN_FIELD ||
            !clause_is(reply, operations[i].where, "colour"))
            fail_msg("%s: %s %.*s", operations[i].name, err_name(reply->err),
                (int)reply->clause.size, (const char *)reply->clause.bytes);
    }
    federation_free(federation);
}

static void a_missing_field_is_named_by_every_operation(void **state)
{
    struct federation *federation = federation_new(1);
    (void)state;
    for (size_t i = 0; i < COUNT(operations); i++) {
        if (operations[i].required == NULL)
            continue;
        const struct local_reply *reply =
            ask(federation, operations[i].name, NULL, NULL);
        if (reply->err != ERR_INVALID || reply->problem != PROBLEM_FORMAT ||
            !clause_is(reply, operations[i].where, operations[i].required))
            fail_msg("%s: %s %.*s", operations[i].name, err_name(reply->err),
                (int)reply->clause.size, (const char *)reply->clause.bytes);
    }
    federation_free(federation);
}

static void records_are_taken_only_where_they_mean_something(void **state)
{
    struct federation *federation = federation_new(1);
    (void)state;
    for (size_t i = 0; i < COUNT(operations); i++) {
        struct call call;
        call_begin(&call, operations[i].name);
        call_record(&call, "element");
        const struct local_reply *reply = federation_call(federation, 0, &call);
        assert_int_equal(reply->err, ERR_INVALID);
        bool refused = slice_is(reply->clause, "operation");
        if (refused == operations[i].takes_records)
            fail_msg("%s", operations[i].name);
    }
    federation_free(federation);
}

static void what_is_no_request_gets_a_reply_too(void **state)
{
    static const struct {
        const char *frame;
        size_t size;
        uint32_t number; /* that can be told */
    } rows[] = {
        { "no request", 10, 0 }, { "", 0, 0 },
        { "\x08\x05", 2, 5 }, /* a number and no operation */
    };
    struct federation *federation = federation_new(1);
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct local_reply *reply = federation_frame(
            federation, 0, &bench_staff, slice_of(rows[i].frame, rows[i].size));
        assert_int_equal(reply->err, ERR_MALFORMED);
        assert_int_equal(reply->number, rows[i].number);
        assert_true(reply->remedy.size > 0);
    }
    federation_free(federation);
}

static void the_reply_has_the_number_of_its_request(void **state)
{
    static const uint32_t numbers[] = { 0, 1, 77, UINT32_MAX };
    struct federation *federation = federation_new(1);
    (void)state;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        struct call call;
        call_begin(&call, i % 2 == 0 ? "health" : "nonsense");
        call.number = numbers[i];
        assert_int_equal(
            federation_call(federation, 0, &call)->number, numbers[i]);
    }
    federation_free(federation);
}

/* ---- hello, status, health ---- */

static void hello_says_who_is_there(void **state)
{
    const struct bench_client reader = { 1, LOCAL_RIGHT_READ, 1000 };
    struct federation *federation = federation_new(1);
    struct call call;
    (void)state;
    call_begin(&call, "hello");
    call_text(&call, "application", "ward");
    call_number(&call, "protocol", LOCAL_PROTOCOL);
    const struct local_record *gateway = reply_record(
        federation_call_as(federation, 0, &reader, &call), "gateway", 0);
    assert_true(
        record_is(gateway, "agency", federation_id(federation, 0)->text));
    assert_true(record_is(gateway, "name", papers_name(0)));
    assert_int_equal(record_number(gateway, "protocol"), LOCAL_PROTOCOL);
    assert_true(record_is(gateway, "version", "0.1.0"));
    assert_int_equal(record_number(gateway, "rights"), LOCAL_RIGHT_READ);
    call_find(&call, NULL, "protocol")->number = LOCAL_PROTOCOL + 1;
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_VERSION);
    federation_free(federation);
}

static int64_t number_named(const struct local_reply *reply, const char *name)
{
    const struct local_record *record =
        reply_find(reply, "number", "name", name);
    if (record == NULL)
        fail_msg("no number %s", name);
    return record_number(record, "value");
}

static void numbers_count_what_happened(void **state)
{
    struct federation *federation = agreed();
    (void)state;
    (void)federation_submit(federation, 0, 1, "first");
    const struct local_reply *reply = ask(federation, "health", NULL, NULL);
    assert_int_equal(number_named(reply, "ready"), 1);
    assert_int_equal(number_named(reply, "peers"), 1);
    assert_int_equal(number_named(reply, "peers_failing"), 0);
    assert_int_equal(number_named(reply, "outbox"), 1);
    assert_int_equal(number_named(reply, "feed_head"), 1);
    federation_run(federation);
    reply = ask(federation, "status", NULL, NULL);
    assert_int_equal(number_named(reply, "outbox"), 0);
    assert_int_equal(number_named(reply, "referrals_submitted"), 1);
    assert_int_equal(number_named(reply, "referrals_received"), 0);
    assert_non_null(reply_record(reply, "gateway", 0));
    assert_int_equal(reply_count(reply, "peer"), 1);
#define X(name, help) (void)number_named(reply, #name);
    NODE_COUNTER_LIST(X)
#undef X
    federation_free(federation);
}

/* ---- Cards and peers ---- */

static const struct local_record *card_of(const struct local_reply *reply)
{
    assert_int_equal(reply->err, ERR_NONE);
    return reply_record(reply, "card", 0);
}

static void a_card_is_shown_with_all_that_is_on_it(void **state)
{
    struct federation *federation = agreed();
    (void)state;
    const struct local_reply *reply = ask(federation, "card.show", NULL, NULL);
    const struct local_record *card = card_of(reply);
    assert_true(record_is(card, "state", "own"));
    assert_true(record_is(card, "agency", federation_id(federation, 0)->text));
    assert_int_equal(record_number(card, "serial"), 1);
    assert_null(
        local_field_get(card->fields, card->field_count, "safety_number"));
    assert_true(slice_equal(
        local_field_get(card->fields, card->field_count, "data")->bytes,
        federation_card(federation, 0)));
    assert_int_equal(reply_count(reply, "endpoint"), 1);
    assert_int_equal(reply_count(reply, "contact"), 1);
    assert_int_equal(reply_count(reply, "key"), 5);
    assert_non_null(reply_find(reply, "key", "purpose", "last_resort"));
    reply = ask(
        federation, "card.show", "agency", federation_id(federation, 1)->text);
    card = card_of(reply);
    assert_true(record_is(card, "state", "accepted"));
    assert_int_equal(record_text(card, "safety_number").size, 71);
    reply = ask(federation, "card.show", "agency", "nobody");
    assert_int_equal(reply->err, ERR_NOT_FOUND);
    federation_free(federation);
}

static void a_card_that_is_damaged_or_ones_own_is_not_imported(void **state)
{
    struct federation *federation = federation_new(2);
    struct call call;
    (void)state;
    call_begin(&call, "card.import");
    call_data(&call, "data", SLICE_LITERAL("no card"));
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_MALFORMED);
    call_find(&call, NULL, "data")->bytes = federation_card(federation, 0);
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_EXISTS);
    struct slice theirs = federation_card(federation, 1);
    uint8_t *damaged = test_malloc(theirs.size);
    memcpy(damaged, theirs.bytes, theirs.size);
    damaged[theirs.size / 2] ^= 1;
    call_find(&call, NULL, "data")->bytes = slice_of(damaged, theirs.size);
    enum err err = federation_call(federation, 0, &call)->err;
    assert_true(err == ERR_SIGNATURE || err == ERR_MALFORMED);
    test_free(damaged);
    call_find(&call, NULL, "data")->bytes = theirs;
    call_data(&call, "sheet", SLICE_LITERAL("no sheet"));
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_SIGNATURE);
    federation_free(federation);
}

/* Signed by the same root key, and not after the card that is known. */
static void a_card_that_does_not_follow_is_not_imported_in_silence(void **state)
{
    static const struct instant later = { INT64_C(4000000000000) };
    struct federation *federation = federation_new(2);
    struct call call;
    (void)state;
    federation_connect(federation, 0, 1);
    call_begin(&call, "card.import");
    (void)federation_card_new(federation, 1, 1, later); /* another first one */
    call_data(&call, "data", federation_card_new(federation, 1, 2, later));
    const struct local_reply *reply = federation_call(federation, 0, &call);
    assert_int_equal(reply->err, ERR_CONFLICT);
    assert_true(slice_is(reply->clause, "card.data"));
    assert_int_equal(federation_logged(federation, 0, LOG_CARD_REFUSED), 1);
    assert_int_equal(federation_peer(federation, 0, 1)->card_serial, 1);
    /* one that is known already is no mistake */
    call_find(&call, NULL, "data")->bytes = federation_card(federation, 1);
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_NONE);
    federation_free(federation);
}

static void the_safety_number_is_compared_when_it_is_given(void **state)
{
    struct federation *federation = federation_new(2);
    char number[SAFETY_NUMBER_SIZE];
    char bare[SAFETY_NUMBER_SIZE] = "";
    struct call call;
    (void)state;
    call_begin(&call, "card.import");
    call_data(&call, "data", federation_card(federation, 1));
    const struct local_record *card =
        card_of(federation_call(federation, 0, &call));
    assert_true(record_is(card, "state", "imported"));
    struct slice text = record_text(card, "safety_number");
    memcpy(number, text.bytes, text.size);
    number[text.size] = '\0';
    for (size_t i = 0, k = 0; i < text.size; i++)
        if (number[i] != ' ')
            bare[k++] = number[i];
    call_begin(&call, "card.accept");
    call_text(&call, "agency", federation_id(federation, 1)->text);
    call_text(&call, "safety_number", number);
    const struct {
        const char *typed;
        size_t size;
        enum err err;
    } rows[] = {
        { bare, 59, ERR_CONFLICT }, /* one digit less */
        { number, 70, ERR_CONFLICT },
        { bare + 1, 59, ERR_CONFLICT },
        { " ", 1, ERR_CONFLICT },
        { "000000", 6, ERR_CONFLICT },
        { bare, 60, ERR_NONE },
        { number, 71, ERR_NONE },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        call_find(&call, NULL, "safety_number")->bytes =
            slice_of(rows[i].typed, rows[i].size);
        assert_int_equal(
            federation_call(federation, 0, &call)->err, rows[i].err);
        assert_int_equal(federation_peer(federation, 0, 1)->state,
            rows[i].err == ERR_NONE ? PEER_ACCEPTED : PEER_IMPORTED);
    }
    call_begin(&call, "card.accept");
    call_text(&call, "agency", federation_id(federation, 0)->text);
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_NOT_FOUND);
    federation_free(federation);
}

static bool peer_is(struct federation *federation, const char *want)
{
    const struct local_reply *reply = ask(federation, "peer.list", NULL, NULL);
    return record_is(reply_record(reply, "peer", 0), "state", want);
}

static void the_condition_of_a_peer_is_shown(void **state)
{
    struct federation *federation = federation_new(2);
    struct call call;
    (void)state;
    assert_int_equal(
        reply_count(ask(federation, "peer.list", NULL, NULL), "peer"), 0);
    call_begin(&call, "card.import");
    call_data(&call, "data", federation_card(federation, 1));
    (void)federation_call(federation, 0, &call);
    assert_true(peer_is(federation, "imported"));
    call_begin(&call, "card.accept");
    call_text(&call, "agency", federation_id(federation, 1)->text);
    (void)federation_call(federation, 0, &call);
    assert_true(peer_is(federation, "connecting"));
    federation_lose(federation, 0);
    assert_true(peer_is(federation, "failing"));
    federation_connect(federation, 1, 0);
    federation_wait(federation, 600000);
    assert_true(peer_is(federation, "connected"));
    const struct local_record *peer =
        reply_record(ask(federation, "peer.list", NULL, NULL), "peer", 0);
    assert_true(record_flag(peer, "settled"));
    assert_true(record_is(peer, "problem", ""));
    assert_true(record_is(peer, "endpoint", "tls+tcp://192.0.2.2:7443"));
    assert_int_equal(record_number(peer, "queued"), 0);
    assert_int_equal(record_number(peer, "unanswered"), 0);
    federation_free(federation);
}

/* ---- Agreements ---- */

static void an_agreement_is_listed_and_shown(void **state)
{
    struct federation *federation = agreed();
    char id[MOU_ID_TEXT_SIZE + 1];
    (void)state;
    federation_mou_id(federation, id);
    const struct local_record *listed =
        reply_record(ask(federation, "mou.list", NULL, NULL), "mou", 0);
    assert_true(record_is(listed, "id", id));
    assert_true(record_is(listed, "urn", "urn:mou:city:care"));
    assert_true(record_is(listed, "state", "in_force"));
    assert_int_equal(record_number(listed, "version"), 1);
    assert_int_equal(record_number(listed, "signed"), 2);
    assert_int_equal(record_number(listed, "required"), 2);
    const struct local_reply *reply = ask(federation, "mou.show", "id", id);
    const struct local_record *mou = reply_record(reply, "mou", 0);
    assert_true(slice_equal(
        local_field_get(mou->fields, mou->field_count, "data")->bytes,
        federation_mou(federation)));
    assert_int_equal(reply_count(reply, "signature"), 2);
    for (size_t i = 0; i < 2; i++) {
        const struct local_record *signature =
            reply_find(reply, "signature", "party", papers_party(i));
        assert_true(record_flag(signature, "signed"));
        assert_true(record_flag(signature, "in_force"));
    }
    id[0] = id[0] == '0' ? '1' : '0';
    assert_int_equal(ask(federation, "mou.show", "id", id)->err, ERR_NOT_FOUND);
    assert_int_equal(
        ask(federation, "mou.show", "id", "no id")->err, ERR_INVALID);
    federation_free(federation);
}

/* ---- Referrals ---- */

static void a_referral_is_shown_with_its_way_so_far(void **state)
{
    struct federation *federation = agreed();
    struct call call;
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    const struct local_reply *reply = ask(federation, "get", "id", id);
    const struct local_record *referral = reply_record(reply, "referral", 0);
    assert_true(record_is(referral, "id", id));
    assert_true(record_is(referral, "state", "delivered"));
    assert_true(record_is(referral, "direction", "out"));
    assert_true(
        record_is(referral, "peer", federation_id(federation, 1)->text));
    assert_true(record_is(referral, "peer_name", papers_name(1)));
    assert_true(record_is(referral, "service", "beta.care"));
    assert_true(record_is(referral, "urgency", "routine"));
    assert_int_equal(record_number(referral, "pending"), 0);
    assert_true(record_is(referral, "steps",
        "withdraw cancel wrong_person_or_place amend consent_revoked"));
    const struct local_record *name =
        reply_find(reply, "element", "code", "call_name");
    assert_true(record_is(name, "value", "Robin"));
    const struct local_record *grant = reply_record(reply, "grant", 0);
    assert_true(record_is(grant, "elements", "call_name needs"));
    assert_int_equal(reply_count(reply, "event"), 3);
    call_begin(&call, "get");
    call_text(&call, "id", id);
    call_flag(&call, "content", false);
    reply = federation_call(federation, 0, &call);
    assert_int_equal(reply_count(reply, "element"), 0);
    assert_int_equal(reply_count(reply, "event"), 0);
    assert_int_equal(ask(federation, "get", "id", NOBODY)->err, ERR_NOT_FOUND);
    assert_int_equal(ask(federation, "get", "id", "no id")->err, ERR_NOT_FOUND);
    federation_free(federation);
}

/* What was fetched of it may be refused yet, and then no more comes. */
static void what_is_not_taken_up_yet_is_not_shown(void **state)
{
    struct federation *federation = agreed();
    struct uuid uuid;
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    assert_int_equal(ask(federation, "get", "id", id)->err, ERR_NONE);
    assert_int_equal(uuid_parse(slice_of_text(id), &uuid), ERR_NONE);
    struct work *work = federation_begin(federation, 0);
    struct referral *referral = register_get(work, &uuid);
    referral->state = REFERRAL_DRAFT;
    register_put(work, referral);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    assert_int_equal(ask(federation, "get", "id", id)->err, ERR_NOT_FOUND);
    assert_int_equal(
        reply_count(ask(federation, "list", NULL, NULL), "referral"), 0);
    assert_int_equal(
        reply_count(ask(federation, "list", "state", "draft"), "referral"), 0);
    federation_free(federation);
}

static void a_list_is_filtered(void **state)
{
    static const struct {
        const char *field;
        const char *text;
        size_t count;
        enum err err;
    } rows[] = {
        { "state", "delivered", 2, ERR_NONE },
        { "state", "withdrawn", 1, ERR_NONE },
        { "state", "closed", 0, ERR_NONE },
        { "state", "nowhere", 0, ERR_INVALID },
        { "direction", "out", 2, ERR_NONE },
        { "direction", "in", 1, ERR_NONE },
        { "direction", "up", 0, ERR_INVALID },
        { "peer", "nobody", 0, ERR_NOT_FOUND },
        { "after", "no id", 0, ERR_INVALID },
    };
    struct federation *federation = agreed();
    (void)state;
    const char *first = federation_submit(federation, 0, 1, "a");
    (void)federation_submit(federation, 0, 1, "b");
    (void)federation_submit(federation, 1, 0, "c");
    federation_run(federation);
    (void)federation_act_by(
        federation, 0, first, "withdraw", "d", "person", NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct local_reply *reply =
            ask(federation, "list", rows[i].field, rows[i].text);
        assert_int_equal(reply->err, rows[i].err);
        assert_int_equal(reply_count(reply, "referral"), rows[i].count);
    }
    assert_int_equal(reply_count(ask(federation, "list", "peer",
                                     federation_id(federation, 1)->text),
                         "referral"),
        3);
    federation_free(federation);
}

static void a_list_is_read_page_by_page(void **state)
{
    struct federation *federation = agreed();
    char after[UUID_URN_SIZE + 1] = "";
    char key[] = "key 00";
    size_t seen = 0;
    (void)state;
    for (int i = 0; i < 25; i++) {
        key[4] = (char)('0' + i / 10);
        key[5] = (char)('0' + i % 10);
        (void)federation_submit(federation, 0, 1, key);
    }
    for (;;) {
        struct call call;
        call_begin(&call, "list");
        call_number(&call, "count", 10);
        if (after[0] != '\0')
            call_text(&call, "after", after);
        const struct local_reply *reply = federation_call(federation, 0, &call);
        size_t count = reply_count(reply, "referral");
        if (count == 0)
            break;
        for (size_t i = 0; i < count; i++) {
            struct slice id =
                record_text(reply_record(reply, "referral", i), "id");
            assert_true(memcmp(id.bytes, after, UUID_URN_SIZE) > 0);
            memcpy(after, id.bytes, UUID_URN_SIZE);
        }
        assert_true(count <= 10);
        seen += count;
    }
    assert_int_equal(seen, 25);
    static const int64_t wrong[] = { 0, -1, LOCAL_PAGE_COUNT_MAX + 1 };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct call call;
        call_begin(&call, "list");
        call_number(&call, "count", wrong[i]);
        assert_int_equal(
            federation_call(federation, 0, &call)->err, ERR_INVALID);
    }
    federation_free(federation);
}

/* ---- Ledgers ---- */

static const struct local_reply *ledger(
    struct federation *federation, const char *operation, const char *direction)
{
    struct call call;
    call_begin(&call, operation);
    call_text(&call, "peer", federation_id(federation, 1)->text);
    call_text(&call, "direction", direction);
    return federation_call(federation, 0, &call);
}

static void ledgers_are_listed_and_shown(void **state)
{
    struct federation *federation = agreed();
    (void)state;
    (void)federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    const struct local_reply *reply =
        ask(federation, "ledger.list", NULL, NULL);
    assert_int_equal(reply_count(reply, "ledger"), 2);
    const struct local_record *out =
        reply_find(reply, "ledger", "direction", "out");
    int64_t size = record_number(out, "size");
    assert_true(record_is(out, "state", "settled"));
    assert_true(record_is(out, "problem", "none"));
    assert_int_equal(record_number(out, "cosigned"), size);
    reply = ledger(federation, "ledger.show", "out");
    assert_int_equal(reply_count(reply, "entry"), size);
    const struct local_record *event =
        reply_find(reply, "entry", "kind", "referral_event");
    assert_int_equal(record_number(event, "index"), size - 1);
    assert_true(record_flag(event, "content"));
    reply = ledger(federation, "ledger.show", "in");
    const struct local_record *answer =
        reply_find(reply, "entry", "kind", "answer");
    assert_true(record_is(answer, "verdict", "applied"));
    assert_int_equal(ledger(federation, "ledger.show", "up")->err, ERR_INVALID);
    federation_free(federation);
}

static void a_ledger_is_shown_page_by_page(void **state)
{
    struct federation *federation = agreed();
    struct call call;
    (void)state;
    call_begin(&call, "ledger.show");
    call_text(&call, "peer", federation_id(federation, 1)->text);
    call_text(&call, "direction", "out");
    call_number(&call, "after", -1);
    call_number(&call, "count", 1);
    for (int64_t after = -1; after < 3; after++) {
        call_find(&call, NULL, "after")->number = after;
        const struct local_reply *reply = federation_call(federation, 0, &call);
        const struct local_record *entry = reply_record(reply, "entry", 0);
        if (entry == NULL)
            continue;
        assert_int_equal(reply_count(reply, "entry"), 1);
        assert_int_equal(record_number(entry, "index"), after + 1);
    }
    call_find(&call, NULL, "after")->number = INT64_MAX;
    assert_int_equal(
        reply_count(federation_call(federation, 0, &call), "entry"), 0);
    call_find(&call, NULL, "after")->number = -2;
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_INVALID);
    federation_free(federation);
}

static void assert_intact(struct federation *federation, const char *direction,
    bool intact, const char *damage)
{
    const struct local_record *record = reply_record(
        ledger(federation, "ledger.verify", direction), "ledger", 0);
    assert_int_equal(record_flag(record, "intact"), intact);
    assert_true(record_is(record, "damage", damage));
}

/* Changes the last byte of the last row of a table. */
static void tamper(struct federation *federation, char table)
{
    struct work *work = federation_begin(federation, 0);
    uint8_t bytes[STORE_KEY_SIZE_MAX];
    struct slice key = slice_of(bytes, sizeof bytes);
    struct slice value;
    memset(bytes, 0xff, sizeof bytes);
    bytes[0] = (uint8_t)table;
    assert_true(store_seek_back(work->txn, 1, &key, &value));
    uint8_t *copy = arena_take(work->scratch, value.size);
    memcpy(copy, value.bytes, value.size);
    copy[value.size - 1] ^= 1;
    key = arena_copy(work->scratch, key);
    store_put(work->txn, key, slice_of(copy, value.size));
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
}

static void a_verified_ledger_is_intact_until_someone_touches_it(void **state)
{
    struct federation *federation = agreed();
    (void)state;
    (void)federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    assert_intact(federation, "out", true, "");
    assert_intact(federation, "in", true, "");
    assert_int_equal(
        reply_count(ask(federation, "ledger.verify", NULL, NULL), "ledger"), 2);
    tamper(federation, 'c'); /* the newest content: 1's answer, in */
    assert_intact(federation, "in", false, "content");
    assert_intact(federation, "out", true, "");
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_operation_needs_its_right_and_no_other),
        cmocka_unit_test(an_unknown_operation_is_not_found),
        cmocka_unit_test(an_unknown_field_is_named_by_every_operation),
        cmocka_unit_test(a_missing_field_is_named_by_every_operation),
        cmocka_unit_test(records_are_taken_only_where_they_mean_something),
        cmocka_unit_test(what_is_no_request_gets_a_reply_too),
        cmocka_unit_test(the_reply_has_the_number_of_its_request),
        cmocka_unit_test(hello_says_who_is_there),
        cmocka_unit_test(numbers_count_what_happened),
        cmocka_unit_test(a_card_is_shown_with_all_that_is_on_it),
        cmocka_unit_test(a_card_that_is_damaged_or_ones_own_is_not_imported),
        cmocka_unit_test(
            a_card_that_does_not_follow_is_not_imported_in_silence),
        cmocka_unit_test(the_safety_number_is_compared_when_it_is_given),
        cmocka_unit_test(the_condition_of_a_peer_is_shown),
        cmocka_unit_test(an_agreement_is_listed_and_shown),
        cmocka_unit_test(a_referral_is_shown_with_its_way_so_far),
        cmocka_unit_test(what_is_not_taken_up_yet_is_not_shown),
        cmocka_unit_test(a_list_is_filtered),
        cmocka_unit_test(a_list_is_read_page_by_page),
        cmocka_unit_test(ledgers_are_listed_and_shown),
        cmocka_unit_test(a_ledger_is_shown_page_by_page),
        cmocka_unit_test(a_verified_ledger_is_intact_until_someone_touches_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
