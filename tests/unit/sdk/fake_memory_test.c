#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <stdbool.h>

#include "refer/fake.h"
#include "sdk/memory.h"

/*
 * Every allocation of the fake fails once, and then all after it, until the
 * test notices and has memory again. Whoever tries again gets everything done,
 * and nothing twice. The client's library has a heap of its own.
 */

#define WAIT_MS 20000
/* Events of the day: three of each of ours, one of theirs, three of steps, two
 * of an erasure, one other. */
#define EVENT_COUNT 13

static bool has_failed;

/* True when it is to be called again, now with memory. */
static bool again(refer_status status)
{
    if (status == REFER_OK)
        return false;
    if (status != REFER_NO_MEMORY && status != REFER_DISCONNECTED)
        fail_msg("%s", refer_status_name(status));
    has_failed = true;
    sdk_memory_fail_after(0);
    return true;
}

static refer_referral *filled(void)
{
    static const char to[] = "otheragency222222222222222";
    static const char *const fields[][2] = { { "to", to }, { "service", "s" },
        { "purpose", "p" }, { "urgency", "soon" }, { "choice", "chosen" },
        { "ask_back", "none" }, { "reason_plain", "r" },
        { "consent_at_ms", "5" } };
    refer_referral *referral;
    assert_int_equal(refer_referral_new(&referral), REFER_OK);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        assert_int_equal(
            refer_referral_set(referral, fields[i][0], fields[i][1]), REFER_OK);
    assert_int_equal(
        refer_referral_set_element(referral, "call_name", "Sasha"), REFER_OK);
    assert_int_equal(refer_referral_grant(referral, to, "p", "call_name",
                         INT64_C(253402300799999)),
        REFER_OK);
    return referral;
}

static void scripted(refer_fake *fake)
{
    static const char id[] = "urn:uuid:00000000-0000-4000-8000-000000000001";
    char given[REFER_ID_SIZE];
    refer_referral *referral;
    assert_int_equal(refer_referral_new(&referral), REFER_OK);
    assert_int_equal(refer_referral_set(referral, "id", id), REFER_OK);
    assert_int_equal(
        refer_referral_set_element(referral, "call_name", "Ana"), REFER_OK);
    while (again(refer_fake_receive(fake, referral, given, sizeof given)))
        continue;
    refer_referral_free(referral);
    while (again(refer_fake_event(fake, "other.event", "")))
        continue;
    while (again(refer_fake_fault(fake, "peer.list", "lose_reply")))
        continue;
    while (again(
        refer_fake_refuse(fake, "explain", REFER_DENIED, "WORDING", "", "")))
        continue;
}

static void many(refer_client *client, const refer_referral *referral)
{
    refer_batch *batch;
    assert_int_equal(refer_batch_new(&batch), REFER_OK);
    assert_int_equal(refer_batch_add(batch, referral, "m"), REFER_OK);
    do {
        while (again(refer_batch_submit(client, batch, WAIT_MS)))
            continue;
    } while (again(refer_batch_status(batch, 0)));
    refer_batch_free(batch);
}

static void asked(refer_fake *fake, refer_client *client)
{
    char id[REFER_ID_SIZE];
    refer_referral *referral = filled();
    refer_referral *seen;
    refer_listing *listing;
    refer_health *health;
    int32_t allowed;
    while (again(refer_submit(client, referral, "k", WAIT_MS, id, sizeof id)))
        continue;
    while (again(refer_explain(client, referral, WAIT_MS, &allowed)))
        continue;
    many(client, referral);
    refer_referral_free(referral);
    assert_int_equal(refer_referral_new(&referral), REFER_OK);
    assert_int_equal(refer_referral_set(referral, "role", "x"), REFER_OK);
    while (again(refer_fake_step(fake, id, "opened", referral)))
        continue;
    refer_referral_free(referral);
    while (again(
        refer_erase(client, id, "person_asked", "call_name", WAIT_MS, NULL)))
        continue;
    while (again(refer_withdraw(client, id, "w", WAIT_MS)))
        continue;
    while (again(refer_get(client, id, WAIT_MS, &seen)))
        continue;
    refer_referral_free(seen);
    while (again(refer_call(client, "list", NULL, WAIT_MS, &listing)))
        continue;
    assert_int_equal(refer_listing_count(listing), 3);
    refer_listing_free(listing);
    while (again(refer_health_get(client, WAIT_MS, &health)))
        continue;
    refer_health_free(health);
}

static void followed(refer_fake *fake, refer_client *client)
{
    refer_cursor *cursor;
    refer_event *event;
    refer_fake_request *request;
    uint64_t position = 0;
    while (again(refer_cursor_open(client, "desk", WAIT_MS, &cursor)))
        continue;
    for (int i = 0; i < EVENT_COUNT; i++) {
        while (again(refer_cursor_next(cursor, WAIT_MS, &event)))
            continue;
        assert_int_equal(refer_event_position(event), ++position);
        while (again(refer_cursor_ack(cursor, event, WAIT_MS)))
            continue;
        refer_event_free(event);
    }
    refer_status status = refer_cursor_next(cursor, 0, &event);
    while (status != REFER_TIMEOUT && again(status))
        status = refer_cursor_next(cursor, 0, &event);
    assert_int_equal(status, REFER_TIMEOUT);
    while (again(refer_cursor_rewind(cursor, WAIT_MS)))
        continue;
    refer_cursor_free(cursor);
    while (again(refer_fake_restore(fake)))
        continue;
    status = REFER_OK;
    while (status != REFER_TIMEOUT) {
        status = refer_fake_take(fake, "", 0, &request);
        if (status != REFER_TIMEOUT)
            (void)again(status);
        refer_fake_request_free(request);
    }
    bool is_repeat = false; /* of a try whose reply may have been lost */
    while (
        (status = refer_cursor_delete(client, "desk", WAIT_MS)) != REFER_OK &&
        !(is_repeat && status == REFER_NOT_FOUND))
        is_repeat = again(status);
    while ((status = refer_cursor_delete(client, "desk", WAIT_MS)) !=
           REFER_NOT_FOUND)
        assert_true(again(status));
}

static void day(uint64_t count)
{
    refer_fake *fake;
    refer_client *client;
    has_failed = false;
    sdk_memory_fail_after(count);
    while (again(refer_fake_new(&fake)))
        assert_null(fake);
    assert_int_equal(refer_client_new(&client), REFER_OK);
    assert_int_equal(
        refer_client_set(client, "socket", refer_fake_socket(fake)), REFER_OK);
    scripted(fake);
    asked(fake, client);
    followed(fake, client);
    assert_int_equal(refer_fake_event_count(fake), EVENT_COUNT);
    refer_client_free(client);
    refer_fake_free(fake);
    sdk_memory_fail_after(0);
    if (sdk_memory_held() != 0)
        fail_msg("allocation %u: blocks are lost", (unsigned)count);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    uint64_t count = 0;
    do {
        /* the first ones each, later ones by hundredths */
        count += 1 + count / 100;
        day(count);
    } while (has_failed);
    assert_true(count > 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
