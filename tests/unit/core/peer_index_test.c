#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "core/limits.h"
#include "core/peer.h"
#include "core/peer_index.h"

#define SLOT_COUNT (2 * PEER_COUNT_MAX)

static struct peer known[PEER_COUNT_MAX];
static struct peer *list[PEER_COUNT_MAX];
static uint32_t slots[SLOT_COUNT];

/* The first characters alone choose the slot. */
static struct agency_id id_of(unsigned begin, unsigned end)
{
    struct agency_id id;
    (void)snprintf(id.text, sizeof id.text, "%08u%018u", begin, end);
    return id;
}

static void each_is_found_and_no_other(
    struct agency_id (*id_at)(unsigned), size_t count)
{
    struct peer_index index = { slots, SLOT_COUNT };
    for (size_t i = 0; i < SLOT_COUNT; i++)
        slots[i] = 0;
    for (unsigned i = 0; i < count; i++) {
        struct agency_id id = id_at(i);
        assert_null(peer_index_find(&index, list, &id));
        known[i].agency = id;
        list[i] = &known[i];
        peer_index_add(&index, &id, i);
        assert_ptr_equal(peer_index_find(&index, list, &id), &known[i]);
    }
    for (unsigned i = 0; i < count; i++) {
        struct agency_id id = id_at(i);
        assert_ptr_equal(peer_index_find(&index, list, &id), &known[i]);
    }
}

static struct agency_id apart(unsigned number)
{
    return id_of(number, number);
}

static struct agency_id together(unsigned number)
{
    return id_of(7, number);
}

static void as_many_as_there_may_be_are_found(void **state)
{
    (void)state;
    each_is_found_and_no_other(apart, PEER_COUNT_MAX);
}

static void ids_that_begin_alike_are_told_apart(void **state)
{
    (void)state;
    each_is_found_and_no_other(together, 300);
}

static void nobody_is_in_an_empty_one(void **state)
{
    const struct peer_index index = { 0 };
    const struct agency_id id = apart(1);
    (void)state;
    assert_null(peer_index_find(&index, NULL, &id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_as_there_may_be_are_found),
        cmocka_unit_test(ids_that_begin_alike_are_told_apart),
        cmocka_unit_test(nobody_is_in_an_empty_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
