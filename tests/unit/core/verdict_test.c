#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/verdict.h"

static void a_verdict_says_what_where_and_what_to_do(void **state)
{
    struct verdict verdict;
    (void)state;
    verdict_allow(&verdict);
    assert_true(verdict_allows(&verdict));
    assert_string_equal(verdict.clause, "");
    assert_false(verdict_refuse(
        &verdict, PROBLEM_PATHWAY_NOT_ALLOWED, "pathways[%d]", 3));
    assert_false(verdict_allows(&verdict));
    assert_string_equal(verdict.clause, "pathways[3]");
    assert_string_equal(verdict.remedy, "");
    verdict_remedy(&verdict, "use %s", "another");
    assert_string_equal(verdict.remedy, "use another");
    verdict_set(&verdict, PROBLEM_FORMAT, "mou", "100% as it is: %s");
    assert_int_equal(verdict.problem, PROBLEM_FORMAT);
    assert_string_equal(verdict.clause, "mou");
    assert_string_equal(verdict.remedy, "100% as it is: %s");
}

static void a_list_that_does_not_fit_ends_in_dots(void **state)
{
    struct verdict verdict;
    (void)state;
    verdict_refuse(&verdict, PROBLEM_FORMAT, "x");
    verdict_remedy(&verdict, "use one of: none");
    verdict_remedy_item(&verdict, SLICE_LITERAL("first"));
    verdict_remedy_item(&verdict, SLICE_LITERAL("second"));
    assert_string_equal(verdict.remedy, "use one of: none, first, second");
    for (int i = 0; i < 100; i++)
        verdict_remedy_item(&verdict, SLICE_LITERAL("another-one"));
    size_t size = strlen(verdict.remedy);
    assert_true(size < VERDICT_TEXT_SIZE);
    assert_string_equal(verdict.remedy + size - 5, ", ...");
}

static void a_list_may_stand_alone(void **state)
{
    struct verdict verdict = { .problem = PROBLEM_NONE };
    (void)state;
    verdict_remedy_item(&verdict, SLICE_LITERAL("a"));
    assert_string_equal(verdict.remedy, ", a");
    verdict_remedy_item(&verdict, SLICE_LITERAL("b"));
    assert_string_equal(verdict.remedy, ", a, b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_verdict_says_what_where_and_what_to_do),
        cmocka_unit_test(a_list_that_does_not_fit_ends_in_dots),
        cmocka_unit_test(a_list_may_stand_alone),
    };
    return cmocka_run_group_tests_name("core/verdict", tests, NULL, NULL);
}
