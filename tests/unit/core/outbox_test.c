#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/keys.h"
#include "core/outbox.h"
#include "core/referral.h"
#include "support/bench_node.h"

struct desk {
    struct federation *federation;
    struct work *work;
    struct ledger ledger;
};

static void desk_open(struct desk *desk)
{
    desk->federation = federation_new(1);
    desk->work = federation_begin(desk->federation, 0);
    desk->ledger =
        (struct ledger){ .peer = 1, .direction = LEDGER_OUT, .number = 9 };
}

static void desk_close(struct desk *desk, enum err err)
{
    assert_int_equal(federation_end(desk->federation, 0), err);
    federation_free(desk->federation);
}

/* An intent about a referral (0: about none), its content named `text`. */
static struct content_ref put(struct desk *desk, uint8_t referral,
    enum referral_event_type type, const char *text)
{
    struct intent intent = {
        .kind = referral == 0        ? ENTRY_CARD
                : type == EVENT_NONE ? ENTRY_ERASURE_NOTICE
                                     : ENTRY_REFERRAL_EVENT,
        .at = { 1000 + referral },
        .content =
            work_say(desk->work, VAULT_ENTRY_COMMON, slice_of_text(text)),
        .content_size = (uint32_t)strlen(text),
        .has_referral = referral != 0,
        .referral = { { referral } },
        .event_type = (uint8_t)type,
        .feed_position = 70u + referral,
    };
    outbox_put(desk->work, &desk->ledger, &intent);
    return intent.content;
}

static bool is_held(struct desk *desk, struct content_ref ref)
{
    return content_get(
               desk->work->contents, desk->work->txn, desk->work->arena, ref)
               .bytes != NULL;
}

static bool drop(struct desk *desk, uint8_t referral, bool keeps_notices)
{
    const struct uuid uuid = { { referral } };
    return outbox_drop_referral(
        desk->work, &desk->ledger, &uuid, keeps_notices);
}

/* The contents that wait, in order, with a space behind each. */
static void assert_waiting(struct desk *desk, const char *want)
{
    char got[256] = "";
    struct intent intent = { 0 };
    size_t size = 0;
    uint64_t count = 0;
    for (; outbox_next(desk->work, &desk->ledger, intent.number, &intent);
         intent.number++, count++) {
        struct slice content = content_get(desk->work->contents,
            desk->work->txn, desk->work->arena, intent.content);
        assert_int_equal(content.size, intent.content_size);
        memcpy(got + size, content.bytes, content.size);
        size += content.size;
        got[size++] = ' ';
    }
    assert_int_equal(desk->ledger.intent_count, count);
    assert_string_equal(got, want);
}

static void intents_wait_in_the_order_they_came(void **state)
{
    struct desk desk;
    struct intent intent = { 0 };
    (void)state;
    desk_open(&desk);
    assert_false(outbox_next(desk.work, &desk.ledger, 0, &intent));
    put(&desk, 0, EVENT_NONE, "card");
    put(&desk, 5, EVENT_SEND, "send");
    assert_true(desk.ledger.changed);
    assert_true(outbox_next(desk.work, &desk.ledger, 1, &intent));
    assert_int_equal(intent.number, 1);
    assert_int_equal(intent.kind, ENTRY_REFERRAL_EVENT);
    assert_int_equal(intent.at.unix_ms, 1005);
    assert_true(intent.has_referral);
    assert_int_equal(intent.referral.bytes[0], 5);
    assert_int_equal(intent.event_type, EVENT_SEND);
    assert_int_equal(intent.feed_position, 75);
    for (int i = 0; i < 300; i++)
        put(&desk, 0, EVENT_NONE, "x");
    uint64_t before = 0;
    for (uint64_t from = 0; outbox_next(desk.work, &desk.ledger, from, &intent);
         from = intent.number + 1) {
        assert_true(from == 0 || intent.number == before + 1);
        before = intent.number;
    }
    assert_int_equal(before, 301);
    desk_close(&desk, ERR_NONE);
}

static void a_taken_intent_leaves_its_content(void **state)
{
    struct desk desk;
    struct intent intent = { 0 };
    (void)state;
    desk_open(&desk);
    struct content_ref first = put(&desk, 0, EVENT_NONE, "first");
    put(&desk, 0, EVENT_NONE, "second");
    assert_true(outbox_next(desk.work, &desk.ledger, 0, &intent));
    desk.ledger.changed = false;
    outbox_take(desk.work, &desk.ledger, &intent);
    assert_true(desk.ledger.changed);
    assert_true(is_held(&desk, first));
    assert_waiting(&desk, "second ");
    put(&desk, 0, EVENT_NONE, "third"); /* numbers are not used again */
    assert_waiting(&desk, "second third ");
    assert_int_equal(desk.ledger.intent_next, 3);
    desk_close(&desk, ERR_NONE);
}

static void another_ledgers_intents_are_not_ours(void **state)
{
    struct desk desk;
    struct intent intent = { 0 };
    (void)state;
    desk_open(&desk);
    put(&desk, 0, EVENT_NONE, "ours");
    desk.ledger.number++;
    assert_false(outbox_next(desk.work, &desk.ledger, 0, &intent));
    desk_close(&desk, ERR_NONE);
}

static void a_referral_that_still_waits_is_dropped_whole(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    struct content_ref send = put(&desk, 5, EVENT_SEND, "send5");
    struct content_ref other = put(&desk, 6, EVENT_SEND, "send6");
    struct content_ref amend = put(&desk, 5, EVENT_AMEND, "amend5");
    put(&desk, 0, EVENT_NONE, "card");
    assert_true(drop(&desk, 5, false));
    assert_waiting(&desk, "send6 card ");
    assert_false(is_held(&desk, send));
    assert_false(is_held(&desk, amend));
    assert_true(is_held(&desk, other));
    assert_false(drop(&desk, 5, false));
    desk_close(&desk, ERR_NONE);
}

static void what_is_to_be_erased_of_it_may_stay(void **state)
{
    struct desk desk;
    (void)state;
    for (int keeps = 0; keeps < 2; keeps++) {
        desk_open(&desk);
        put(&desk, 5, EVENT_SEND, "send5");
        struct content_ref notice = put(&desk, 5, EVENT_NONE, "notice5");
        put(&desk, 5, EVENT_AMEND, "amend5");
        assert_true(drop(&desk, 5, keeps != 0));
        assert_waiting(&desk, keeps ? "notice5 " : "");
        assert_true(is_held(&desk, notice)); /* by the feed */
        assert_false(drop(&desk, 5, keeps != 0));
        desk_close(&desk, ERR_NONE);
    }
}

static void a_referral_on_its_way_is_not_dropped(void **state)
{
    struct desk desk;
    struct intent intent = { 0 };
    (void)state;
    desk_open(&desk);
    put(&desk, 5, EVENT_SEND, "send5");
    struct content_ref amend = put(&desk, 5, EVENT_AMEND, "amend5");
    assert_true(outbox_next(desk.work, &desk.ledger, 0, &intent));
    outbox_take(desk.work, &desk.ledger, &intent);
    assert_false(drop(&desk, 5, false));
    assert_false(drop(&desk, 99, false));
    assert_true(is_held(&desk, amend));
    assert_waiting(&desk, "amend5 ");
    desk_close(&desk, ERR_NONE);
}

static void a_damaged_row_is_found(void **state)
{
    struct desk desk;
    struct intent intent = { 0 };
    struct key key = key_intent(9, 0);
    (void)state;
    desk_open(&desk);
    put(&desk, 5, EVENT_SEND, "send5");
    struct slice row = arena_copy(
        desk.work->arena, store_get(desk.work->txn, key_slice(&key)));
    for (size_t size = 0; size < row.size; size++) {
        store_put(desk.work->txn, key_slice(&key), slice_of(row.bytes, size));
        assert_false(outbox_next(desk.work, &desk.ledger, 0, &intent));
        assert_int_equal(desk.work->txn->err, ERR_CORRUPT);
        desk.work->txn->err = ERR_NONE;
    }
    desk.work->txn->err = ERR_CORRUPT;
    desk_close(&desk, ERR_CORRUPT);
}

static void what_is_queued_anew_waits_behind_all_others(void **state)
{
    struct desk desk;
    struct intent first;
    (void)state;
    desk_open(&desk);
    (void)put(&desk, 1, EVENT_SEND, "first");
    (void)put(&desk, 2, EVENT_SEND, "second");
    assert_true(outbox_next(desk.work, &desk.ledger, 0, &first));
    outbox_requeue(desk.work, &desk.ledger, &first);
    assert_waiting(&desk, "second first ");
    desk_close(&desk, ERR_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intents_wait_in_the_order_they_came),
        cmocka_unit_test(a_taken_intent_leaves_its_content),
        cmocka_unit_test(another_ledgers_intents_are_not_ours),
        cmocka_unit_test(a_referral_that_still_waits_is_dropped_whole),
        cmocka_unit_test(what_is_to_be_erased_of_it_may_stay),
        cmocka_unit_test(a_referral_on_its_way_is_not_dropped),
        cmocka_unit_test(a_damaged_row_is_found),
        cmocka_unit_test(what_is_queued_anew_waits_behind_all_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
