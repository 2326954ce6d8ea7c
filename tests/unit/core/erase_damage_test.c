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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_damaged_is_erased_at_both_ends),
        cmocka_unit_test(what_is_damaged_goes_with_an_element),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
