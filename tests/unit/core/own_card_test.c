#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/card_book.h"
#include "core/node_state.h"
#include "core/note.h"
#include "core/own_card.h"
#include "support/bench_keys.h"
#include "support/bench_node.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct desk {
    struct federation *federation;
};

static void desk_open(struct desk *desk)
{
    desk->federation = federation_of_two();
}

/* Long enough for what is refused, introduced, greeted and sent. */
static void settle(struct desk *desk)
{
    for (int i = 0; i < 5; i++)
        federation_wait(desk->federation, 600000);
}

/* Agency `to` has it, from the other, as delivered. */
static void goes(struct desk *desk, size_t from, size_t to, const char *key)
{
    const char *id = federation_submit(desk->federation, from, to, key);
    settle(desk);
    assert_string_equal(
        federation_state(desk->federation, to, id), "delivered");
    assert_string_equal(
        federation_state(desk->federation, from, id), "delivered");
}

static uint64_t held_serial(struct desk *desk, size_t at, size_t of)
{
    return federation_peer(desk->federation, at, of)->card_serial;
}

static void peers_take_a_new_card_and_work_goes_on(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    goes(&desk, 0, 1, "a");
    federation_keys_change(desk.federation, 0, 2);
    settle(&desk);
    assert_int_equal(held_serial(&desk, 1, 0), 2);
    assert_int_equal(
        federation_logged(desk.federation, 0, LOG_CARD_RENEWED), 1);
    goes(&desk, 0, 1, "b");
    goes(&desk, 1, 0, "c");
    federation_keys_change(desk.federation, 1, 2);
    goes(&desk, 0, 1, "d");
    goes(&desk, 1, 0, "e");
    assert_int_equal(held_serial(&desk, 0, 1), 2);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(
            federation_logged(desk.federation, i, LOG_LEDGER_TROUBLED), 0);
    federation_free(desk.federation);
}

static void both_at_once_with_a_parcel_in_flight_is_no_trouble(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    for (uint64_t serial = 2; serial <= 4; serial++) {
        char key[] = "key 0";
        key[4] = (char)('0' + serial);
        const char *id = federation_submit(desk.federation, 0, 1, key);
        /* the parcel, then its receipt, never comes */
        if (serial % 2 == 0)
            federation_deliver(desk.federation, 0);
        federation_lose(desk.federation, 0);
        federation_keys_change(desk.federation, 0, serial);
        federation_keys_change(desk.federation, 1, serial);
        settle(&desk);
        assert_string_equal(
            federation_state(desk.federation, 1, id), "delivered");
        assert_string_equal(
            federation_state(desk.federation, 0, id), "delivered");
    }
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(
            federation_logged(desk.federation, i, LOG_LEDGER_TROUBLED), 0);
    federation_free(desk.federation);
}

static void a_card_that_came_while_we_were_off_is_told_at_the_start(
    void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    federation_card_set(
        desk.federation, 0, federation_keys_new(desk.federation, 0, 2));
    federation_crash(desk.federation, 0);
    struct work *work = federation_begin(desk.federation, 0);
    struct peer *peer = federation_peer(desk.federation, 0, 1);
    assert_int_equal(peer_ledger(work, peer, LEDGER_OUT)->intent_count, 1);
    assert_int_equal(federation_end(desk.federation, 0), ERR_NONE);
    settle(&desk);
    assert_int_equal(held_serial(&desk, 1, 0), 2);
    /* and once */
    federation_crash(desk.federation, 0);
    work = federation_begin(desk.federation, 0);
    peer = federation_peer(desk.federation, 0, 1);
    assert_int_equal(peer_ledger(work, peer, LEDGER_OUT)->intent_count, 0);
    assert_int_equal(federation_end(desk.federation, 0), ERR_NONE);
    goes(&desk, 0, 1, "a");
    federation_free(desk.federation);
}

static void what_is_no_newer_card_of_ours_changes_nothing(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    const struct {
        struct slice card;
        enum err err;
    } rows[] = {
        { federation_card(desk.federation, 0), ERR_NONE },
        { federation_card_new(desk.federation, 0, 1,
              (struct instant){ FEDERATION_START_MS + 1 }),
            ERR_EXISTS },
        { federation_card(desk.federation, 1), ERR_CONFLICT },
        { SLICE_LITERAL("no card"), ERR_MALFORMED },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct work *work = federation_begin(desk.federation, 0);
        assert_int_equal(own_card_take(work, rows[i].card), rows[i].err);
        assert_int_equal(federation_end(desk.federation, 0), ERR_NONE);
    }
    assert_int_equal(
        federation_logged(desk.federation, 0, LOG_CARD_RENEWED), 0);
    federation_free(desk.federation);
}

static void earlier_cards_fill_what_the_store_lacks(void **state)
{
    struct desk desk;
    struct slice earlier[] = { SLICE_LITERAL("no card"), SLICE_NONE,
        SLICE_NONE };
    (void)state;
    desk_open(&desk);
    earlier[1] = federation_card(desk.federation, 1); /* another's */
    earlier[2] = federation_card_new(
        desk.federation, 0, 5, (struct instant){ FEDERATION_START_MS + 1 });
    struct work *work = federation_begin(desk.federation, 0);
    assert_int_equal(own_card_keep(work, federation_card(desk.federation, 0),
                         earlier, COUNT(earlier)),
        ERR_NONE);
    assert_true(
        slice_equal(card_book_get(work, CARD_BOOK_SELF, 5), earlier[2]));
    struct card card = { .serial = UINT64_MAX };
    size_t count = 0;
    while (card_book_before(work, CARD_BOOK_SELF, card.serial, &card))
        count++;
    assert_int_equal(count, 2);
    assert_int_equal(federation_end(desk.federation, 0), ERR_NONE);
    federation_free(desk.federation);
}

static void what_is_renewed_takes_no_more_memory(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    federation_keys_change(desk.federation, 0, 2);
    settle(&desk);
    const struct arena *memory = federation_node(desk.federation, 0)->memory;
    size_t used = memory->used;
    for (uint64_t serial = 3; serial < 20; serial++)
        federation_keys_change(desk.federation, 0, serial);
    settle(&desk);
    assert_int_equal(memory->used, used);
    goes(&desk, 0, 1, "after them");
    federation_free(desk.federation);
}

/* A HEAD brings it, should they ever speak. */
static void who_is_not_accepted_is_told_nothing(void **state)
{
    struct desk desk = { .federation = federation_new(3) };
    struct call call;
    (void)state;
    federation_connect(desk.federation, 0, 1);
    call_begin(&call, "card.import");
    call_data(&call, "data", federation_card(desk.federation, 2));
    assert_int_equal(federation_call(desk.federation, 0, &call)->err, ERR_NONE);
    federation_keys_change(desk.federation, 0, 2);
    settle(&desk);
    assert_int_equal(held_serial(&desk, 1, 0), 2);
    struct work *work = federation_begin(desk.federation, 0);
    const struct ledger *out =
        peer_ledger(work, federation_peer(desk.federation, 0, 2), LEDGER_OUT);
    assert_int_equal(out->intent_count + out->frontier.size, 0);
    assert_int_equal(federation_end(desk.federation, 0), ERR_NONE);
    federation_free(desk.federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_renewed_takes_no_more_memory),
        cmocka_unit_test(peers_take_a_new_card_and_work_goes_on),
        cmocka_unit_test(who_is_not_accepted_is_told_nothing),
        cmocka_unit_test(both_at_once_with_a_parcel_in_flight_is_no_trouble),
        cmocka_unit_test(
            a_card_that_came_while_we_were_off_is_told_at_the_start),
        cmocka_unit_test(what_is_no_newer_card_of_ours_changes_nothing),
        cmocka_unit_test(earlier_cards_fill_what_the_store_lacks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
