#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "refer/fake.h"

/* What a test can script. That the rest is as at a gateway, e2e.conformance
 * shows. */

#define WAIT_MS 20000
#define OTHER "otheragency222222222222222"
#define LARGE_COUNT 1000u

struct desk {
    refer_fake *fake;
    refer_client *client;
    refer_cursor *cursor;
};

static refer_client *client_new(const refer_fake *fake)
{
    refer_client *client;
    assert_int_equal(refer_client_new(&client), REFER_OK);
    assert_int_equal(
        refer_client_set(client, "socket", refer_fake_socket(fake)), REFER_OK);
    return client;
}

static int setup(void **state)
{
    struct desk *desk = calloc(1, sizeof *desk);
    assert_non_null(desk);
    assert_int_equal(refer_fake_new(&desk->fake), REFER_OK);
    desk->client = client_new(desk->fake);
    assert_int_equal(
        refer_cursor_open(desk->client, "desk", WAIT_MS, &desk->cursor),
        REFER_OK);
    *state = desk;
    return 0;
}

static int teardown(void **state)
{
    struct desk *desk = *state;
    refer_cursor_free(desk->cursor);
    refer_client_free(desk->client);
    refer_fake_free(desk->fake);
    free(desk);
    return 0;
}

static refer_referral *filled(void)
{
    static const char *const fields[][2] = { { "to", OTHER },
        { "service", "shelter" }, { "purpose", "bed" },
        { "urgency", "same_day" }, { "choice", "chosen" },
        { "ask_back", "outcome_code" }, { "reason_plain", "a bed" },
        { "consent_at_ms", "1763800000000" }, { "role", "outreach" } };
    refer_referral *referral;
    assert_int_equal(refer_referral_new(&referral), REFER_OK);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        assert_int_equal(
            refer_referral_set(referral, fields[i][0], fields[i][1]), REFER_OK);
    assert_int_equal(
        refer_referral_set_element(referral, "call_name", "Sasha"), REFER_OK);
    assert_int_equal(refer_referral_grant(referral, OTHER, "bed", "call_name",
                         INT64_C(253402300799999)),
        REFER_OK);
    return referral;
}

static refer_status submit(const struct desk *desk, const char *key, char *id)
{
    refer_referral *referral = filled();
    refer_status status =
        refer_submit(desk->client, referral, key, WAIT_MS, id, REFER_ID_SIZE);
    refer_referral_free(referral);
    return status;
}

static refer_event *next(const struct desk *desk)
{
    refer_event *event;
    assert_int_equal(
        refer_cursor_next(desk->cursor, WAIT_MS, &event), REFER_OK);
    assert_int_equal(refer_cursor_ack(desk->cursor, event, WAIT_MS), REFER_OK);
    return event;
}

/* The next event's type and state. */
static void expect(const struct desk *desk, const char *type, const char *now)
{
    refer_event *event = next(desk);
    assert_string_equal(refer_event_type(event), type);
    assert_string_equal(refer_event_state(event), now);
    refer_event_free(event);
}

static void expect_none(const struct desk *desk)
{
    refer_event *event;
    assert_int_equal(refer_cursor_next(desk->cursor, 1, &event), REFER_TIMEOUT);
}

static refer_fake_request *take(const struct desk *desk, const char *operation)
{
    refer_fake_request *request;
    assert_int_equal(
        refer_fake_take(desk->fake, operation, WAIT_MS, &request), REFER_OK);
    return request;
}

/* ---- What came --------------------------------------------------------- */

static void what_was_handed_over_is_there_to_see(void **state)
{
    const struct desk *desk = *state;
    char id[REFER_ID_SIZE];
    assert_int_equal(submit(desk, "form-17", id), REFER_OK);
    refer_fake_request *request = take(desk, "submit");
    const refer_referral *referral = refer_fake_request_referral(request);
    assert_string_equal(refer_fake_request_operation(request), "submit");
    assert_string_equal(refer_fake_request_get(request, "key"), "form-17");
    assert_int_equal(refer_fake_request_status(request), REFER_OK);
    assert_int_equal(refer_fake_request_is_repeat(request), 0);
    assert_string_equal(refer_referral_get(referral, "to"), OTHER);
    assert_string_equal(
        refer_referral_get(referral, "consent_at_ms"), "1763800000000");
    assert_int_equal(refer_referral_element_count(referral), 1);
    assert_string_equal(refer_referral_element_name(referral, 0), "call_name");
    assert_string_equal(refer_referral_element_value(referral, 0), "Sasha");
    assert_int_equal(refer_referral_grant_count(referral), 1);
    assert_string_equal(refer_referral_grant_get(referral, 0, "to"), OTHER);
    assert_string_equal(
        refer_referral_grant_get(referral, 0, "until_ms"), "253402300799999");
    refer_fake_request_free(request);
    assert_int_equal(submit(desk, "form-17", id), REFER_OK);
    request = take(desk, "submit");
    assert_int_equal(refer_fake_request_is_repeat(request), 1);
    refer_fake_request_free(request);
    assert_int_equal(
        refer_fake_take(desk->fake, "submit", 0, &request), REFER_TIMEOUT);
    assert_null(request);
    assert_int_equal(
        refer_fake_take(desk->fake, "submit", 1, &request), REFER_TIMEOUT);
}

static void steps_and_acknowledgements_are_there_to_see(void **state)
{
    const struct desk *desk = *state;
    char id[REFER_ID_SIZE];
    refer_referral *details;
    assert_int_equal(
        refer_fake_receive(desk->fake, NULL, id, sizeof id), REFER_OK);
    refer_event *event = next(desk);
    assert_string_equal(refer_event_type(event), "referral.received");
    assert_int_equal(refer_fake_acknowledged(desk->fake, "desk"),
        refer_event_position(event));
    assert_int_equal(refer_fake_acknowledged(desk->fake, "other"), 0);
    refer_event_free(event);
    assert_int_equal(refer_referral_new(&details), REFER_OK);
    assert_int_equal(refer_referral_set(details, "role", "intake"), REFER_OK);
    assert_int_equal(
        refer_act(desk->client, id, "opened", details, "k", WAIT_MS, NULL),
        REFER_OK);
    assert_int_equal(
        refer_referral_set_detail(details, "offer", "at nine"), REFER_OK);
    assert_int_equal(
        refer_act(desk->client, id, "accept", details, "k", WAIT_MS, NULL),
        REFER_CONFLICT);
    refer_referral_free(details);
    refer_fake_request *request = take(desk, "");
    assert_string_equal(refer_fake_request_operation(request), "cursor.open");
    refer_fake_request_free(request);
    request = take(desk, "");
    assert_string_equal(refer_fake_request_operation(request), "cursor.ack");
    assert_string_equal(refer_fake_request_get(request, "position"), "1");
    refer_fake_request_free(request);
    refer_fake_request_free(take(desk, "act"));
    request = take(desk, "act");
    assert_int_equal(refer_fake_request_status(request), REFER_CONFLICT);
    assert_string_equal(refer_fake_request_get(request, "id"), id);
    assert_string_equal(refer_fake_request_get(request, "step"), "accept");
    const refer_referral *said = refer_fake_request_referral(request);
    assert_string_equal(refer_referral_get(said, "role"), "intake");
    assert_string_equal(refer_referral_get(said, "to"), "");
    assert_string_equal(refer_referral_detail_name(said, 0), "offer");
    assert_string_equal(refer_referral_detail_value(said, 0), "at nine");
    refer_fake_request_free(request);
}

static void a_batch_comes_one_by_one(void **state)
{
    const struct desk *desk = *state;
    refer_batch *batch;
    refer_referral *referral = filled();
    assert_int_equal(refer_batch_new(&batch), REFER_OK);
    assert_int_equal(refer_batch_add(batch, referral, "a"), REFER_OK);
    assert_int_equal(refer_batch_add(batch, referral, "b"), REFER_OK);
    assert_int_equal(refer_fake_refuse(desk->fake, "submit", REFER_BUSY,
                         "TRY_LATER", "x", "wait"),
        REFER_OK);
    assert_int_equal(
        refer_batch_submit(desk->client, batch, WAIT_MS), REFER_OK);
    assert_int_equal(refer_batch_status(batch, 0), REFER_BUSY);
    assert_string_equal(refer_batch_clause(batch, 0), "x");
    assert_int_equal(refer_batch_status(batch, 1), REFER_OK);
    refer_fake_request *request = take(desk, "submit");
    assert_string_equal(refer_fake_request_get(request, "key"), "a");
    assert_int_equal(refer_fake_request_status(request), REFER_BUSY);
    refer_fake_request_free(request);
    request = take(desk, "submit");
    assert_string_equal(refer_fake_request_get(request, "key"), "b");
    assert_int_equal(refer_fake_request_status(request), REFER_OK);
    assert_int_equal(
        refer_referral_element_count(refer_fake_request_referral(request)), 1);
    refer_fake_request_free(request);
    refer_fake_request_free(take(desk, "submit.many"));
    /* the answer to all is lost: what was stored is not stored again */
    assert_int_equal(
        refer_fake_fault(desk->fake, "submit.many", "lose_reply"), REFER_OK);
    assert_int_equal(
        refer_batch_submit(desk->client, batch, WAIT_MS), REFER_DISCONNECTED);
    assert_int_equal(
        refer_batch_submit(desk->client, batch, WAIT_MS), REFER_OK);
    assert_int_equal(refer_batch_stored_count(batch), 2);
    assert_int_equal(refer_fake_event_count(desk->fake), 6);
    refer_referral_free(referral);
    refer_batch_free(batch);
}

static void a_large_batch_is_taken(void **state)
{
    const struct desk *desk = *state;
    refer_batch *batch;
    refer_referral *referral = filled();
    assert_int_equal(refer_batch_new(&batch), REFER_OK);
    for (uint32_t i = 0; i < LARGE_COUNT; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "key-%u", (unsigned)i);
        assert_int_equal(refer_batch_add(batch, referral, key), REFER_OK);
    }
    assert_int_equal(refer_batch_submit(desk->client, batch, 60000), REFER_OK);
    assert_int_equal(refer_batch_stored_count(batch), LARGE_COUNT);
    refer_fake_request *request = take(desk, "submit");
    assert_string_equal(refer_fake_request_get(request, "key"), "key-0");
    refer_fake_request_free(request);
    refer_referral_free(referral);
    refer_batch_free(batch);
}

/* ---- The other agency -------------------------------------------------- */

static void what_is_received_gets_what_it_lacks(void **state)
{
    const struct desk *desk = *state;
    char id[REFER_ID_SIZE];
    char again[REFER_ID_SIZE];
    refer_referral *referral;
    refer_referral *seen;
    assert_int_equal(refer_referral_new(&referral), REFER_OK);
    assert_int_equal(refer_referral_set(referral, "id", "URN:x"), REFER_OK);
    assert_int_equal(
        refer_fake_receive(desk->fake, referral, id, sizeof id), REFER_INVALID);
    assert_string_equal(
        refer_fake_error(desk->fake), "referral.id: give it as urn:uuid:...");
    assert_int_equal(refer_referral_set(referral, "id",
                         "urn:uuid:00000000-0000-4000-8000-00000000000A"),
        REFER_OK);
    assert_int_equal(
        refer_referral_set(referral, "service", "shelter"), REFER_OK);
    assert_int_equal(
        refer_referral_set_element(referral, "call_name", "Ana"), REFER_OK);
    assert_int_equal(
        refer_fake_receive(desk->fake, referral, id, sizeof id), REFER_OK);
    assert_string_equal(id, "urn:uuid:00000000-0000-4000-8000-00000000000a");
    assert_int_equal(
        refer_fake_receive(desk->fake, referral, again, sizeof again),
        REFER_CONFLICT);
    assert_int_equal(refer_get(desk->client, id, WAIT_MS, &seen), REFER_OK);
    assert_string_equal(refer_referral_get(seen, "peer"), OTHER);
    assert_string_equal(refer_referral_get(seen, "peer_name"), "Other agency");
    assert_string_equal(refer_referral_get(seen, "service"), "shelter");
    assert_string_equal(refer_referral_get(seen, "urgency"), "routine");
    assert_string_equal(
        refer_referral_grant_get(seen, 0, "elements"), "call_name");
    refer_referral_free(seen);
    refer_referral_free(referral);
}

static void their_steps_follow_the_rules(void **state)
{
    const struct desk *desk = *state;
    char id[REFER_ID_SIZE];
    assert_int_equal(submit(desk, "k", id), REFER_OK);
    assert_int_equal(
        refer_fake_step(desk->fake, id, "accept", NULL), REFER_CONFLICT);
    assert_int_equal(
        refer_fake_step(desk->fake, id, "opened", NULL), REFER_INVALID);
    assert_non_null(strstr(refer_fake_error(desk->fake), "role"));
    assert_int_equal(
        refer_fake_step(desk->fake, id, "cancel", NULL), REFER_DENIED);
    assert_int_equal(
        refer_fake_step(desk->fake, id, "vanish", NULL), REFER_INVALID);
    assert_int_equal(
        refer_fake_step(desk->fake, "x", "opened", NULL), REFER_NOT_FOUND);
    assert_int_equal(
        refer_fake_step(desk->fake, id, "decision_timeout", NULL), REFER_OK);
    expect(desk, "referral.step", "sent");
    expect(desk, "referral.delivered", "delivered");
    expect(desk, "referral.answered", "delivered");
    refer_event *event = next(desk);
    assert_string_equal(refer_event_state(event), "expired");
    assert_string_equal(refer_event_get(event, "actor"), "gateway");
    assert_string_equal(refer_event_get(event, "by"), "them");
    refer_event_free(event);
}

static void while_they_hear_nothing_all_is_pending(void **state)
{
    const struct desk *desk = *state;
    char id[REFER_ID_SIZE];
    char dropped[REFER_ID_SIZE];
    refer_referral *seen;
    assert_int_equal(refer_fake_set(desk->fake, "reachable", "no"), REFER_OK);
    assert_int_equal(submit(desk, "a", id), REFER_OK);
    assert_int_equal(submit(desk, "b", dropped), REFER_OK);
    expect(desk, "referral.step", "sent");
    expect(desk, "referral.step", "sent");
    expect_none(desk);
    /* what nobody has heard of is gone at once, contents and all */
    assert_int_equal(
        refer_withdraw(desk->client, dropped, "c", WAIT_MS), REFER_OK);
    expect(desk, "referral.step", "withdrawn");
    assert_int_equal(
        refer_get(desk->client, dropped, WAIT_MS, &seen), REFER_OK);
    assert_int_equal(refer_referral_element_count(seen), 0);
    assert_string_equal(refer_referral_get(seen, "pending"), "0");
    refer_referral_free(seen);
    assert_int_equal(refer_fake_set(desk->fake, "reachable", "yes"), REFER_OK);
    expect(desk, "referral.delivered", "delivered");
    expect(desk, "referral.answered", "delivered");
    expect_none(desk);
}

static void they_can_refuse(void **state)
{
    const struct desk *desk = *state;
    char id[REFER_ID_SIZE];
    assert_int_equal(refer_fake_refuse_there(desk->fake, "send",
                         "ELEMENT_NOT_ALLOWED", "never_share", "leave it out"),
        REFER_OK);
    assert_int_equal(submit(desk, "k", id), REFER_OK);
    expect(desk, "referral.step", "sent");
    expect(desk, "referral.delivered", "delivered");
    refer_event *event = next(desk);
    assert_string_equal(refer_event_type(event), "referral.refused");
    assert_string_equal(refer_event_state(event), "refused_by_policy");
    assert_string_equal(refer_event_get(event, "status"), "refused");
    assert_string_equal(
        refer_event_get(event, "problem"), "ELEMENT_NOT_ALLOWED");
    assert_string_equal(refer_event_get(event, "clause"), "never_share");
    assert_string_equal(refer_event_get(event, "remedy"), "leave it out");
    refer_event_free(event);
    assert_int_equal(submit(desk, "l", id), REFER_OK);
    expect(desk, "referral.step", "sent");
    expect(desk, "referral.delivered", "delivered");
    expect(desk, "referral.answered", "delivered");
    assert_int_equal(
        refer_fake_refuse_there(desk->fake, "withdraw", "STATE", "", ""),
        REFER_INVALID);
    assert_int_equal(
        refer_fake_refuse_there(desk->fake, "send", "", "", ""), REFER_INVALID);
}

static void a_step_that_crossed_theirs_is_refused(void **state)
{
    const struct desk *desk = *state;
    char id[REFER_ID_SIZE];
    refer_referral *details;
    assert_int_equal(submit(desk, "k", id), REFER_OK);
    assert_int_equal(refer_fake_set(desk->fake, "reachable", "no"), REFER_OK);
    assert_int_equal(
        refer_cancel(desk->client, id, "NEED_CHANGED", "c", WAIT_MS), REFER_OK);
    assert_int_equal(refer_referral_new(&details), REFER_OK);
    assert_int_equal(refer_referral_set(details, "actor", "person"), REFER_OK);
    assert_int_equal(
        refer_fake_step(desk->fake, id, "withdraw", details), REFER_OK);
    refer_referral_free(details);
    assert_int_equal(refer_fake_set(desk->fake, "reachable", "yes"), REFER_OK);
    expect(desk, "referral.step", "sent");
    expect(desk, "referral.delivered", "delivered");
    expect(desk, "referral.answered", "delivered");
    expect(desk, "referral.step", "delivered");
    expect(desk, "referral.step", "withdrawn");
    refer_event *event = next(desk);
    assert_string_equal(refer_event_type(event), "referral.refused");
    assert_string_equal(
        refer_event_get(event, "clause"), "state[withdrawn].cancel");
    assert_string_equal(refer_event_state(event), "withdrawn");
    refer_event_free(event);
}

static void events_of_any_type_can_come(void **state)
{
    const struct desk *desk = *state;
    char id[REFER_ID_SIZE];
    assert_int_equal(
        refer_fake_receive(desk->fake, NULL, id, sizeof id), REFER_OK);
    assert_int_equal(
        refer_fake_event(desk->fake, "weather.changed", ""), REFER_OK);
    assert_int_equal(
        refer_fake_event(desk->fake, "referral.returned", id), REFER_OK);
    assert_int_equal(refer_fake_event(desk->fake, "referral.returned", "x"),
        REFER_NOT_FOUND);
    assert_int_equal(refer_fake_event(desk->fake, "A B", ""), REFER_INVALID);
    assert_int_equal(refer_fake_event_count(desk->fake), 3);
    expect(desk, "referral.received", "delivered");
    expect(desk, "weather.changed", "");
    expect(desk, "referral.returned", "delivered");
}

/* ---- What goes wrong --------------------------------------------------- */

static void a_refusal_is_what_was_scripted(void **state)
{
    static const refer_status statuses[] = { REFER_INVALID, REFER_TIMEOUT,
        REFER_DENIED, REFER_CONFLICT, REFER_NOT_FOUND, REFER_BUSY,
        REFER_NO_CONSENT, REFER_PROTOCOL, REFER_NO_MEMORY, REFER_INTERNAL };
    const struct desk *desk = *state;
    char id[REFER_ID_SIZE];
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        assert_int_equal(refer_fake_refuse(desk->fake, "submit", statuses[i],
                             "", "some.clause", "do it otherwise"),
            REFER_OK);
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        assert_int_equal(submit(desk, "k", id), statuses[i]);
        assert_string_equal(refer_client_clause(desk->client), "some.clause");
        assert_string_equal(
            refer_client_remedy(desk->client), "do it otherwise");
        assert_string_equal(refer_client_problem(desk->client),
            statuses[i] == REFER_NO_CONSENT ? "CONSENT_MISSING" : "");
        refer_fake_request *request = take(desk, "submit");
        assert_int_equal(refer_fake_request_status(request), statuses[i]);
        refer_fake_request_free(request);
    }
    assert_int_equal(refer_fake_event_count(desk->fake), 0);
    assert_int_equal(submit(desk, "k", id), REFER_OK);
    assert_int_equal(
        refer_fake_refuse(desk->fake, "submit", REFER_OK, "", "", ""),
        REFER_INVALID);
    assert_int_equal(
        refer_fake_refuse(desk->fake, "submit", REFER_DISCONNECTED, "", "", ""),
        REFER_INVALID);
    assert_int_equal(refer_fake_refuse(desk->fake, "submit", REFER_DENIED,
                         "CONSENT_SCOPE", "", ""),
        REFER_INVALID);
    assert_int_equal(refer_fake_refuse(desk->fake, "submit", REFER_NO_CONSENT,
                         "WORDING", "", ""),
        REFER_INVALID);
    assert_int_equal(
        refer_fake_refuse(desk->fake, "Submit", REFER_BUSY, "", "", ""),
        REFER_INVALID);
}

static void what_is_explained_is_a_verdict(void **state)
{
    const struct desk *desk = *state;
    refer_referral *referral = filled();
    int32_t allowed = 1;
    assert_int_equal(refer_fake_refuse(desk->fake, "explain", REFER_DENIED,
                         "HOP_LIMIT", "pathways[0].max_hops", "begin anew"),
        REFER_OK);
    assert_int_equal(
        refer_explain(desk->client, referral, WAIT_MS, &allowed), REFER_OK);
    assert_int_equal(allowed, 0);
    assert_string_equal(refer_client_problem(desk->client), "HOP_LIMIT");
    assert_int_equal(
        refer_fake_refuse(desk->fake, "explain", REFER_BUSY, "", "", "wait"),
        REFER_OK);
    assert_int_equal(
        refer_explain(desk->client, referral, WAIT_MS, &allowed), REFER_BUSY);
    assert_int_equal(
        refer_explain(desk->client, referral, WAIT_MS, &allowed), REFER_OK);
    assert_int_equal(allowed, 1);
    refer_referral_free(referral);
}

static void a_fault_happens_once_and_a_retry_heals_it(void **state)
{
    static const struct {
        const char *fault;
        refer_status status;
        uint64_t done; /* events after the first try */
    } rows[] = {
        { "lose_request", REFER_DISCONNECTED, 0 },
        { "lose_reply", REFER_DISCONNECTED, 3 },
        { "ignore", REFER_TIMEOUT, 0 },
        { "no_reply", REFER_TIMEOUT, 3 },
        { "cut_reply", REFER_DISCONNECTED, 3 },
        { "garbage", REFER_PROTOCOL, 0 },
    };
    (void)state;
    size_t count = 0;
    while (refer_fake_fault_name((uint32_t)count)[0] != 0)
        assert_true(refer_fake_fault_help((uint32_t)count++)[0] != 0);
    assert_int_equal(count, sizeof rows / sizeof *rows);
    for (size_t i = 0; i < count; i++) {
        struct desk *desk;
        char id[REFER_ID_SIZE];
        refer_referral *referral = filled();
        assert_int_equal(setup((void **)&desk), 0);
        assert_int_equal(
            refer_fake_fault(desk->fake, "submit", rows[i].fault), REFER_OK);
        assert_int_equal(
            refer_submit(desk->client, referral, "k",
                rows[i].status == REFER_TIMEOUT ? 200 : WAIT_MS, id, sizeof id),
            rows[i].status);
        refer_fake_request *request = take(desk, "submit");
        assert_int_equal(refer_fake_request_status(request),
            rows[i].done > 0 ? REFER_OK : REFER_DISCONNECTED);
        refer_fake_request_free(request);
        assert_int_equal(refer_fake_event_count(desk->fake), rows[i].done);
        assert_int_equal(
            refer_submit(desk->client, referral, "k", WAIT_MS, id, sizeof id),
            REFER_OK);
        request = take(desk, "submit");
        assert_int_equal(
            refer_fake_request_is_repeat(request), rows[i].done > 0);
        refer_fake_request_free(request);
        assert_int_equal(refer_fake_event_count(desk->fake), 3);
        refer_referral_free(referral);
        teardown((void **)&desk);
    }
}

static void waiting_can_fail_too(void **state)
{
    const struct desk *desk = *state;
    char id[REFER_ID_SIZE];
    refer_event *event;
    assert_int_equal(
        refer_fake_fault(desk->fake, "cursor.next", "lose_reply"), REFER_OK);
    assert_int_equal(
        refer_fake_receive(desk->fake, NULL, id, sizeof id), REFER_OK);
    assert_int_equal(
        refer_cursor_next(desk->cursor, WAIT_MS, &event), REFER_DISCONNECTED);
    /* handed out, and never seen: it comes again */
    assert_int_equal(
        refer_cursor_next(desk->cursor, WAIT_MS, &event), REFER_OK);
    assert_int_equal(refer_event_redeliveries(event), 1);
    refer_event_free(event);
    assert_int_equal(refer_fake_fault(desk->fake, "hello", "ignore"), REFER_OK);
    refer_client *other = client_new(desk->fake);
    assert_int_equal(refer_client_connect(other, 50), REFER_TIMEOUT);
    refer_client_free(other);
    assert_int_equal(
        refer_fake_fault(desk->fake, "hello", "explode"), REFER_INVALID);
}

static void a_gateway_that_was_down_knows_all_it_knew(void **state)
{
    const struct desk *desk = *state;
    char id[REFER_ID_SIZE];
    char again[REFER_ID_SIZE];
    refer_event *event;
    assert_int_equal(submit(desk, "k", id), REFER_OK);
    refer_fake_stop(desk->fake);
    refer_fake_stop(desk->fake);
    assert_int_equal(submit(desk, "k", again), REFER_DISCONNECTED);
    assert_int_equal(refer_fake_start(desk->fake), REFER_OK);
    assert_int_equal(refer_fake_start(desk->fake), REFER_OK);
    assert_int_equal(submit(desk, "k", again), REFER_OK);
    assert_string_equal(id, again);
    expect(desk, "referral.step", "sent");
    uint64_t epoch = refer_cursor_epoch(desk->cursor);
    assert_int_equal(refer_fake_restore(desk->fake), REFER_OK);
    /* what had come before is handed out before the connection is missed */
    refer_status status = refer_cursor_next(desk->cursor, WAIT_MS, &event);
    while (status == REFER_DISCONNECTED ||
           (status == REFER_OK && refer_event_epoch(event) == epoch)) {
        refer_event_free(event);
        status = refer_cursor_next(desk->cursor, WAIT_MS, &event);
    }
    assert_int_equal(status, REFER_OK);
    assert_string_equal(refer_event_state(event), "sent");
    refer_event_free(event);
    assert_int_equal(refer_cursor_ack_position(desk->cursor, epoch, 1, WAIT_MS),
        REFER_CONFLICT);
}

static void options_are_checked(void **state)
{
    static const char *const wrong[][2] = { { "agency", "short" },
        { "peer", "OTHERAGENCY222222222222222" }, { "rights", "everything" },
        { "rights", "read  act" }, { "reachable", "perhaps" }, { "full", "" },
        { "colour", "blue" } };
    const struct desk *desk = *state;
    char id[REFER_ID_SIZE];
    refer_health *health;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(refer_fake_set(desk->fake, wrong[i][0], wrong[i][1]),
            REFER_INVALID);
        assert_true(refer_fake_error(desk->fake)[0] != 0);
    }
    for (uint32_t i = 0; refer_fake_option_name(i)[0] != 0; i++) {
        const char *value =
            refer_fake_get(desk->fake, refer_fake_option_name(i));
        /* its help ends in the default, which it has */
        const char *help = refer_fake_option_help(i);
        assert_string_equal(help + strlen(help) - strlen(value), value);
    }
    assert_int_equal(refer_fake_set(desk->fake, "full", "yes"), REFER_OK);
    assert_int_equal(submit(desk, "k", id), REFER_BUSY);
    assert_int_equal(
        refer_health_get(desk->client, WAIT_MS, &health), REFER_OK);
    assert_int_equal(refer_health_is_ready(health), 0);
    refer_health_free(health);
    assert_int_equal(refer_fake_set(desk->fake, "rights", "read"), REFER_OK);
    assert_int_equal(submit(desk, "k", id), REFER_DENIED);
    assert_string_equal(refer_client_clause(desk->client), "operation");
    assert_string_equal(refer_fake_get(desk->fake, "rights"), "read");
    assert_string_equal(refer_fake_get(desk->fake, "colour"), "");
}

static void what_nobody_heard_of_is_erased_untold(void **state)
{
    const struct desk *desk = *state;
    char id[REFER_ID_SIZE];
    uint32_t count;
    assert_int_equal(refer_fake_set(desk->fake, "reachable", "no"), REFER_OK);
    assert_int_equal(submit(desk, "k", id), REFER_OK);
    assert_int_equal(
        refer_erase(desk->client, id, "person_asked", NULL, WAIT_MS, &count),
        REFER_OK);
    assert_int_equal(count, 1);
    assert_int_equal(refer_fake_set(desk->fake, "reachable", "yes"), REFER_OK);
    expect(desk, "referral.step", "sent");
    expect(desk, "referral.erased", "withdrawn");
    assert_int_equal(
        refer_erase(desk->client, id, "law", NULL, WAIT_MS, NULL), REFER_OK);
    assert_int_equal(
        refer_fake_set(desk->fake, "rights", "submit act read admin"),
        REFER_OK);
    assert_int_equal(refer_erase(desk->client, id, "law", NULL, WAIT_MS, NULL),
        REFER_DENIED);
    assert_non_null(
        strstr(refer_client_remedy(desk->client), "add erase to the rights"));
    assert_int_equal(refer_erase(desk->client, "", "law", NULL, WAIT_MS, NULL),
        REFER_INVALID);
    assert_int_equal(refer_erase(desk->client, id, NULL, NULL, WAIT_MS, NULL),
        REFER_INVALID);
}

static void nothing_is_left_behind(void **state)
{
    refer_fake *fake;
    struct stat about;
    char socket[108];
    (void)state;
    assert_int_equal(refer_fake_new(&fake), REFER_OK);
    (void)strncpy(socket, refer_fake_socket(fake), sizeof socket - 1);
    socket[sizeof socket - 1] = 0;
    *strrchr(socket, '/') = 0;
    assert_int_equal(stat(socket, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0700);
    refer_fake_free(fake);
    assert_int_not_equal(stat(socket, &about), 0);
}

static void null_is_nothing(void **state)
{
    char id[REFER_ID_SIZE];
    refer_fake_request *request;
    (void)state;
    assert_int_equal(refer_fake_new(NULL), REFER_INVALID);
    refer_fake_free(NULL);
    refer_fake_stop(NULL);
    refer_fake_request_free(NULL);
    assert_string_equal(refer_fake_socket(NULL), "");
    assert_string_equal(refer_fake_error(NULL), "");
    assert_string_equal(refer_fake_get(NULL, "name"), "");
    assert_int_equal(refer_fake_set(NULL, "name", "x"), REFER_INVALID);
    assert_int_equal(
        refer_fake_receive(NULL, NULL, id, sizeof id), REFER_INVALID);
    assert_int_equal(refer_fake_step(NULL, "", "", NULL), REFER_INVALID);
    assert_int_equal(
        refer_fake_refuse_there(NULL, "", "", "", ""), REFER_INVALID);
    assert_int_equal(refer_fake_event(NULL, "", ""), REFER_INVALID);
    assert_int_equal(
        refer_fake_refuse(NULL, "", REFER_BUSY, "", "", ""), REFER_INVALID);
    assert_int_equal(refer_fake_fault(NULL, "", ""), REFER_INVALID);
    assert_int_equal(refer_fake_start(NULL), REFER_INVALID);
    assert_int_equal(refer_fake_restore(NULL), REFER_INVALID);
    assert_int_equal(refer_fake_take(NULL, "", 0, &request), REFER_INVALID);
    assert_string_equal(refer_fake_request_operation(NULL), "");
    assert_string_equal(refer_fake_request_get(NULL, "key"), "");
    assert_int_equal(refer_fake_request_status(NULL), REFER_INVALID);
    assert_int_equal(refer_fake_request_is_repeat(NULL), 0);
    assert_int_equal(refer_fake_acknowledged(NULL, "x"), 0);
    assert_int_equal(refer_fake_event_count(NULL), 0);
}

#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DESK(what_was_handed_over_is_there_to_see),
        WITH_DESK(steps_and_acknowledgements_are_there_to_see),
        WITH_DESK(a_batch_comes_one_by_one),
        WITH_DESK(a_large_batch_is_taken),
        WITH_DESK(what_is_received_gets_what_it_lacks),
        WITH_DESK(their_steps_follow_the_rules),
        WITH_DESK(while_they_hear_nothing_all_is_pending),
        WITH_DESK(they_can_refuse),
        WITH_DESK(a_step_that_crossed_theirs_is_refused),
        WITH_DESK(events_of_any_type_can_come),
        WITH_DESK(a_refusal_is_what_was_scripted),
        WITH_DESK(what_is_explained_is_a_verdict),
        cmocka_unit_test(a_fault_happens_once_and_a_retry_heals_it),
        WITH_DESK(waiting_can_fail_too),
        WITH_DESK(a_gateway_that_was_down_knows_all_it_knew),
        WITH_DESK(options_are_checked),
        WITH_DESK(what_nobody_heard_of_is_erased_untold),
        cmocka_unit_test(nothing_is_left_behind),
        cmocka_unit_test(null_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
