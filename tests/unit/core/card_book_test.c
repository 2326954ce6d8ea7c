#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/card_book.h"
#include "support/bench_node.h"

static struct slice card_of(struct federation *federation, uint64_t serial)
{
    return federation_card_new(federation, 0, serial,
        (struct instant){ FEDERATION_START_MS + FEDERATION_DAY_MS });
}

static void cards_are_walked_from_the_newest_to_the_oldest(void **state)
{
    struct federation *federation = federation_new(2);
    struct card card = { .serial = UINT64_MAX };
    (void)state;
    struct work *work = federation_begin(federation, 1);
    for (uint64_t serial = 2; serial <= 4; serial++)
        card_book_put(work, 7, serial, card_of(federation, serial));
    card_book_put(work, 6, 9, card_of(federation, 9));
    card_book_put(work, 8, 1, card_of(federation, 1));
    for (uint64_t serial = 4; serial >= 2; serial--) {
        assert_true(card_book_before(work, 7, card.serial, &card));
        assert_int_equal(card.serial, serial);
    }
    assert_false(card_book_before(work, 7, card.serial, &card));
    assert_false(card_book_before(work, 7, 0, &card));
    assert_true(slice_equal(card_book_get(work, 7, 3), card_of(federation, 3)));
    assert_int_equal(card_book_get(work, 7, 5).size, 0);
    assert_int_equal(federation_end(federation, 1), ERR_NONE);
    federation_free(federation);
}

static void a_replaced_card_of_a_peer_goes_into_the_book(void **state)
{
    struct federation *federation = federation_new(2);
    struct slice first;
    (void)state;
    federation_connect(federation, 0, 1);
    first = federation_card(federation, 0);
    struct work *work = federation_begin(federation, 1);
    struct peer *peer = federation_peer(federation, 1, 0);
    assert_int_equal(card_book_get(work, peer->number, 1).size, 0);
    assert_int_equal(
        peer_offer_card(work, peer, card_of(federation, 2)), ERR_NONE);
    assert_true(slice_equal(card_book_get(work, peer->number, 1), first));
    assert_int_equal(federation_end(federation, 1), ERR_NONE);
    federation_free(federation);
}

static void our_own_cards_are_kept_from_the_start(void **state)
{
    struct federation *federation = federation_new(1);
    (void)state;
    struct slice first = federation_card(federation, 0);
    federation_card_set(federation, 0, card_of(federation, 2));
    federation_crash(federation, 0);
    struct work *work = federation_begin(federation, 0);
    assert_true(slice_equal(card_book_get(work, CARD_BOOK_SELF, 1), first));
    assert_true(slice_equal(
        card_book_get(work, CARD_BOOK_SELF, 2), card_of(federation, 2)));
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cards_are_walked_from_the_newest_to_the_oldest),
        cmocka_unit_test(a_replaced_card_of_a_peer_goes_into_the_book),
        cmocka_unit_test(our_own_cards_are_kept_from_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
