/* What peers and programs of the agency can make a node hold in memory: never
 * more than a step has. A node that ran out would end, and would be asked the
 * same again when it is back. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/delivery.h"
#include "core/element.h"
#include "core/limits.h"
#include "core/register.h"
#include "support/bench_node.h"

static struct federation *opened(void)
{
    struct federation *federation = federation_new(2);
    federation_connect(federation, 0, 1);
    federation_agree(federation);
    return federation;
}

/* Queues such entries from 0 to 1, all for one batch. */
static void tell(struct federation *federation, enum entry_kind kind,
    const struct slice *contents, size_t count)
{
    struct work *work = federation_begin(federation, 0);
    struct peer *peer = federation_peer(federation, 0, 1);
    for (size_t i = 0; i < count; i++) {
        struct tell entry = { .kind = kind, .content = contents[i] };
        assert_true(delivery_tell(work, peer, &entry));
    }
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
}

static void as_many_answers_as_entries_can_be_taken(void **state)
{
    struct slice contents[PARCEL_ENTRY_COUNT_MAX];
    struct federation *federation = opened();
    (void)state;
    for (size_t i = 0; i < PARCEL_ENTRY_COUNT_MAX; i++)
        contents[i] = SLICE_LITERAL("of a kind that is refused");
    tell(federation, ENTRY_NOTICE, contents, PARCEL_ENTRY_COUNT_MAX);
    federation_run(federation);
    assert_int_equal(federation_logged(federation, 0, LOG_PEER_REFUSED),
        PARCEL_ENTRY_COUNT_MAX);
    federation_free(federation);
}

static void rows_that_a_filter_leaves_out_take_no_room(void **state)
{
    struct federation *federation = opened();
    struct call call;
    (void)state;
    struct work *work = federation_begin(federation, 0);
    struct referral row = { .peer = federation_peer(federation, 0, 1)->number,
        .outgoing = true,
        .state = REFERRAL_CLOSED };
    for (unsigned i = 0; i < 4000; i++) {
        row.uuid.bytes[0] = (uint8_t)(i >> 8);
        row.uuid.bytes[1] = (uint8_t)i;
        register_put(work, &row);
    }
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    call_begin(&call, "list");
    call_text(&call, "state", "arrived");
    const struct local_reply *reply = federation_call(federation, 0, &call);
    assert_int_equal(reply->err, ERR_NONE);
    assert_int_equal(reply->record_count, 0);
    federation_free(federation);
}

/* One permission for everything to somebody else: allowed, and long. */
static void add_grants(
    struct federation *federation, struct call *call, size_t count)
{
    static char all[1024];
    all[0] = '\0';
    for (size_t i = 0; element_at(i) != NULL; i++) {
        strcat(all, i == 0 ? "" : " ");
        strcat(all, element_at(i)->code);
    }
    for (size_t i = 0; i < count; i++) {
        call_record(call, "grant");
        call_text(call, "to", federation_id(federation, 0)->text);
        call_text(call, "purpose", "elsewhere");
        call_text(call, "elements", all);
        call_number(call, "until_ms", FEDERATION_START_MS + FEDERATION_DAY_MS);
    }
}

static void a_page_of_the_feed_holds_more_than_it_shows(void **state)
{
    struct federation *federation = opened();
    struct call call;
    char key[16];
    (void)state;
    for (int i = 0; i < 200; i++) {
        (void)snprintf(key, sizeof key, "key-%d", i);
        federation_referral(federation, &call, 0, 1, key);
        add_grants(federation, &call, 18);
        const struct local_reply *reply = federation_call(federation, 0, &call);
        assert_int_equal(reply->err, ERR_NONE);
    }
    call_begin(&call, "cursor.open");
    call_text(&call, "name", "desk");
    (void)federation_call(federation, 0, &call);
    call_begin(&call, "cursor.next");
    call_text(&call, "name", "desk");
    call_number(&call, "count", 256);
    const struct local_reply *reply = federation_call(federation, 0, &call);
    assert_int_equal(reply->err, ERR_NONE);
    assert_int_equal(reply_count(reply, "event"), 200);
    federation_free(federation);
}

static void entries_that_are_listed_are_read_one_by_one(void **state)
{
    struct federation *federation = opened();
    struct arena *arena = &(struct arena){ 0 };
    static char text[VERDICT_TEXT_SIZE];
    struct answer_item items[256];
    struct slice contents[64];
    struct call call;
    (void)state;
    assert_int_equal(arena_init(arena, 1u << 20), ERR_NONE);
    memset(text, 'x', sizeof text - 1);
    for (size_t i = 0; i < 256; i++)
        items[i] = (struct answer_item){ .index = i,
            .count = 1,
            .verdict = ANSWER_REFUSED,
            .problem = PROBLEM_GUARD,
            .clause = slice_of_text(text),
            .remedy = slice_of_text(text) };
    struct answer answer = { 1, items, 256 };
    for (size_t i = 0; i < 64; i++)
        contents[i] = i == 0 ? answer_write(&answer, arena) : contents[0];
    tell(federation, ENTRY_ANSWER, contents, 64);
    federation_run(federation);
    call_begin(&call, "ledger.show");
    call_text(&call, "peer", federation_id(federation, 1)->text);
    call_text(&call, "direction", "out");
    const struct local_reply *reply = federation_call(federation, 0, &call);
    assert_int_equal(reply->err, ERR_NONE);
    assert_true(reply_count(reply, "entry") >= 64);
    call_number(&call, "after", INT64_MAX);
    reply = federation_call(federation, 0, &call);
    assert_int_equal(reply_count(reply, "entry"), 0);
    arena_release(arena);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_answers_as_entries_can_be_taken),
        cmocka_unit_test(rows_that_a_filter_leaves_out_take_no_room),
        cmocka_unit_test(a_page_of_the_feed_holds_more_than_it_shows),
        cmocka_unit_test(entries_that_are_listed_are_read_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
