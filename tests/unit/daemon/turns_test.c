#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/turns.h"

enum { FLOOD = 1, OTHER, THIRD };

/* items[0] to items[count - 1], one after the other. */
static void put_all(
    struct turns *turns, struct turns_item *items, size_t count, uint8_t origin)
{
    for (size_t i = 0; i < count; i++) {
        items[i] = (struct turns_item){ .origin = { origin } };
        turns_put(turns, &items[i]);
    }
}

static void expect(struct turns *turns, const struct turns_item *item)
{
    assert_ptr_equal(turns->first, item);
    assert_ptr_equal(turns_take(turns), item);
}

static void those_of_one_come_in_their_order(void **state)
{
    struct turns turns = { 0 };
    struct turns_item items[3];
    (void)state;
    put_all(&turns, items, 3, FLOOD);
    for (size_t i = 0; i < 3; i++)
        expect(&turns, &items[i]);
    expect(&turns, NULL);
    put_all(&turns, items, 1, FLOOD); /* and it can be filled again */
    expect(&turns, &items[0]);
    expect(&turns, NULL);
}

static void who_waits_with_one_is_next_but_for_one_of_each_other(void **state)
{
    struct turns turns = { 0 };
    struct turns_item flood[100];
    struct turns_item other[2];
    struct turns_item third[1];
    (void)state;
    put_all(&turns, flood, 100, FLOOD);
    put_all(&turns, other, 2, OTHER);
    put_all(&turns, third, 1, THIRD);
    expect(&turns, &flood[0]);
    expect(&turns, &other[0]);
    expect(&turns, &third[0]);
    expect(&turns, &flood[1]);
    expect(&turns, &other[1]);
    expect(&turns, &flood[2]);
    put_all(&turns, third, 1, THIRD); /* who comes again is not first */
    expect(&turns, &flood[3]);
    expect(&turns, &third[0]);
    for (size_t i = 4; i < 100; i++)
        expect(&turns, &flood[i]);
    expect(&turns, NULL);
}

static void each_ones_are_counted(void **state)
{
    struct turns turns = { 0 };
    struct turns_item flood[5];
    struct turns_item other[1];
    const uint8_t flood_origin[TURNS_ORIGIN_SIZE] = { FLOOD };
    const uint8_t other_origin[TURNS_ORIGIN_SIZE] = { OTHER };
    (void)state;
    put_all(&turns, flood, 5, FLOOD);
    assert_int_equal(turns_count(&turns, other_origin), 0);
    put_all(&turns, other, 1, OTHER);
    assert_int_equal(turns_count(&turns, flood_origin), 5);
    assert_int_equal(turns_count(&turns, other_origin), 1);
    expect(&turns, &flood[0]);
    assert_int_equal(turns_count(&turns, flood_origin), 4);
    expect(&turns, &other[0]);
    assert_int_equal(turns_count(&turns, other_origin), 0);
    assert_int_equal(turns_count(&turns, flood_origin), 4);
}

/* An origin is all of its bytes. */
static void origins_that_begin_alike_are_two(void **state)
{
    struct turns turns = { 0 };
    struct turns_item items[3] = { { .origin = { FLOOD } },
        { .origin = { FLOOD } }, { .origin = { FLOOD } } };
    (void)state;
    items[2].origin[TURNS_ORIGIN_SIZE - 1] = 1;
    for (size_t i = 0; i < 3; i++)
        turns_put(&turns, &items[i]);
    expect(&turns, &items[0]);
    expect(&turns, &items[2]);
    expect(&turns, &items[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_of_one_come_in_their_order),
        cmocka_unit_test(who_waits_with_one_is_next_but_for_one_of_each_other),
        cmocka_unit_test(each_ones_are_counted),
        cmocka_unit_test(origins_that_begin_alike_are_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
