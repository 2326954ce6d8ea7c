#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "core/limits.h"
#include "daemon/clock.h"
#include "daemon/reception.h"
#include "support/said.h"

static struct inbox_item *take_one(struct inbox *inbox)
{
    bool was_full;
    return inbox_take(inbox, clock_steady_ms(), 1, 1, &was_full);
}

static void what_programs_say_becomes_inputs(void **state)
{
    static uint8_t frame[LOCAL_FRAME_SIZE_MAX];
    struct inbox *inbox;
    (void)state;
    assert_int_equal(inbox_new(&inbox), ERR_NONE);
    struct local_socket_events events = reception_events(inbox);
    memset(frame, 0x5a, sizeof frame);
    assert_true(
        events.on_request(events.user, 7, 5, 1001, frame, sizeof frame));
    memset(frame, 0, sizeof frame); /* it was borrowed */
    events.on_gone(events.user, 7);

    struct inbox_item *item = take_one(inbox);
    assert_int_equal(item->input.type, NODE_CLIENT);
    assert_int_equal(item->input.of.client.client, 7);
    assert_int_equal(item->input.of.client.rights, 5);
    assert_int_equal(item->input.of.client.uid, 1001);
    assert_int_equal(item->input.of.client.frame.size, sizeof frame);
    assert_int_equal(item->input.of.client.frame.bytes[sizeof frame - 1], 0x5a);
    assert_int_equal(item->size, sizeof frame);
    inbox_item_free(item);
    item = take_one(inbox);
    assert_int_equal(item->input.type, NODE_CLIENT_GONE);
    assert_int_equal(item->input.of.client.client, 7);
    inbox_item_free(item);
    inbox_free(inbox);
}

static void a_full_inbox_is_told_and_keeps_nothing(void **state)
{
    static const uint8_t frame[] = "frame";
    struct inbox *inbox;
    size_t count = 0;
    (void)state;
    assert_int_equal(inbox_new(&inbox), ERR_NONE);
    struct local_socket_events events = reception_events(inbox);
    while (count < 100000 &&
           events.on_request(events.user, 1, 0, 0, frame, sizeof frame))
        count++;
    assert_true(count > 0 && count < 100000);
    inbox_item_free(take_one(inbox));
    assert_true(events.on_request(events.user, 1, 0, 0, frame, sizeof frame));
    assert_false(events.on_request(events.user, 1, 0, 0, frame, sizeof frame));
    inbox_free(inbox);
}

static void who_was_refused_is_logged_by_number(void **state)
{
    static struct said said;
    struct inbox *inbox;
    (void)state;
    assert_int_equal(inbox_new(&inbox), ERR_NONE);
    struct local_socket_events events = reception_events(inbox);
    said_begin(&said);
    events.on_refused(events.user, 1001, LOCAL_REFUSAL_USER);
    assert_non_null(strstr(
        said_end(&said), " warning client.refused uid=1001 code=user\n"));
    assert_null(take_one(inbox));
    inbox_free(inbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_programs_say_becomes_inputs),
        cmocka_unit_test(a_full_inbox_is_told_and_keeps_nothing),
        cmocka_unit_test(who_was_refused_is_logged_by_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
