/* What is damaged on the disk can be erased as all else can. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/node_state.h"
#include "support/bench_damage.h"
#include "support/bench_node.h"

static struct key rows[DAMAGE_ROW_COUNT_MAX];

static void damage_all(struct federation *federation, size_t agency)
{
    size_t count = damage_rows(federation, agency, 'c', rows);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++)
        damage_row(federation, agency, rows[i], false);
}

static enum err erase(
    struct federation *federation, const char *id, const char *elements)
{
    struct call call;
    call_begin(&call, "erase");
    call_text(&call, "id", id);
    call_text(&call, "reason", "person_asked");
    if (elements != NULL)
        call_text(&call, "elements", elements);
    return federation_call(federation, 0, &call)->err;
}

/* Nothing speaks of what was damaged any more, and nothing of it comes back. */
static void assert_clean(struct federation *federation, size_t agency)
{
    for (int i = 0; i < 3; i++)
        damage_patrol(federation, agency);
    assert_int_equal(federation_node(federation, agency)->patrol.damage, 0);
    assert_false(damage_has_words(federation, agency, "Robin"));
}

static void erased(const char *elements)
{
    for (size_t agency = 0; agency < 2; agency++) {
        struct federation *federation = federation_of_two();
        const char *id = federation_submit(federation, 0, 1, "first");
        federation_run(federation);
        damage_all(federation, agency);
        federation_crash(federation, agency); /* nothing is in its memory */
        federation_run(federation);
        assert_int_equal(erase(federation, id, elements), ERR_NONE);
        federation_run(federation);
        for (size_t i = 0; i < 2; i++)
            assert_clean(federation, i);
        federation_free(federation);
    }
}

static void what_is_damaged_is_erased_at_both_ends(void **state)
{
    (void)state;
    erased(NULL);
}

/* Nobody knows which elements it had. */
static void what_is_damaged_goes_with_an_element(void **state)
{
    (void)state;
    erased("call_name");
}

/* A step that ends it says nothing of the person and stays; but not where it
 * cannot be read, and holds up what was said after it. */
static void what_ended_it_goes_too_where_it_is_damaged(void **state)
{
    static const char *const what[] = { "what", "person", NULL };
    struct federation *federation = federation_of_two();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    assert_int_equal(
        federation_act(federation, 0, id, "wrong_person_or_place", "w", what)
            ->err,
        ERR_NONE);
    const char *other = federation_submit(federation, 0, 1, "other");
    while (federation_message_count(federation) > 0)
        federation_lose(federation, 0);
    size_t count = damage_rows(federation, 0, 'c', rows);
    assert_true(count > 2);
    damage_row(federation, 0, rows[count - 2], true);
    federation_crash(federation, 0); /* nothing is in its memory */
    federation_run(federation);
    assert_string_equal(
        federation_peer(federation, 0, 1)->problem, "damaged_here");
    assert_int_equal(erase(federation, id, NULL), ERR_NONE);
    federation_run(federation);
    assert_int_equal(federation_peer(federation, 0, 1)->queued_count, 0);
    assert_string_equal(federation_state(federation, 1, other), "delivered");
    for (int i = 0; i < 3; i++)
        damage_patrol(federation, 0);
    assert_int_equal(federation_node(federation, 0)->patrol.damage, 0);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_damaged_is_erased_at_both_ends),
        cmocka_unit_test(what_is_damaged_goes_with_an_element),
        cmocka_unit_test(what_ended_it_goes_too_where_it_is_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
