#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "core/verdict.h"

static void problems_have_the_names_of_their_symbols(void **unused)
{
    (void)unused;
    assert_string_equal(problem_name(PROBLEM_NONE), "NONE");
    assert_string_equal(
        problem_name(PROBLEM_ELEMENT_NOT_ALLOWED), "ELEMENT_NOT_ALLOWED");
    assert_string_equal(
        problem_name(PROBLEM_REFERRAL_EXISTS), "REFERRAL_EXISTS");
    for (int i = 0; i < PROBLEM_COUNT; i++)
        for (int j = 0; j < i; j++)
            assert_string_not_equal(
                problem_name((enum problem)i), problem_name((enum problem)j));
    assert_string_equal(problem_name(PROBLEM_COUNT), "?");
}

static void a_verdict_allows_until_it_refuses(void **unused)
{
    (void)unused;
    struct verdict verdict;
    memset(&verdict, 0xff, sizeof verdict);
    verdict_allow(&verdict);
    assert_true(verdict_allows(&verdict));
    assert_string_equal(verdict.clause, "");
    assert_string_equal(verdict.remedy, "");
    assert_false(verdict_refuse(&verdict, PROBLEM_GUARD, "details[%d]", 3));
    verdict_remedy(&verdict, "add %s", "it");
    assert_false(verdict_allows(&verdict));
    assert_string_equal(verdict.clause, "details[3]");
    assert_string_equal(verdict.remedy, "add it");
    assert_false(verdict_refuse(&verdict, PROBLEM_STATE, "state"));
    assert_string_equal(verdict.remedy, ""); /* not the one before's */
}

static void lists_are_cut_between_items(void **unused)
{
    (void)unused;
    for (size_t size = 1; size < 40; size++) {
        char item[40];
        struct verdict verdict;
        memset(item, 'x', sizeof item);
        verdict_refuse(&verdict, PROBLEM_GUARD, "here");
        verdict_remedy(&verdict, "choose from:");
        for (size_t i = 0; i < VERDICT_TEXT_SIZE; i++)
            verdict_remedy_item(&verdict, slice_of(item, size));
        size_t used = strlen(verdict.remedy);
        assert_true(used < VERDICT_TEXT_SIZE);
        assert_true(used + size + 2 >= VERDICT_TEXT_SIZE - 6); /* nearly full */
        assert_string_equal(verdict.remedy + used - 5, ", ...");
        assert_int_equal((used - 12 - 5 + 1) % (size + 2), 0); /* whole items */
    }
}

static void a_short_list_is_whole(void **unused)
{
    (void)unused;
    struct verdict verdict;
    verdict_refuse(&verdict, PROBLEM_GUARD, "here");
    verdict_remedy(&verdict, "choose from:");
    verdict_remedy_item(&verdict, slice_of_text("one"));
    verdict_remedy_item(&verdict, slice_of_text("two"));
    assert_string_equal(verdict.remedy, "choose from: one, two");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(problems_have_the_names_of_their_symbols),
        cmocka_unit_test(a_verdict_allows_until_it_refuses),
        cmocka_unit_test(lists_are_cut_between_items),
        cmocka_unit_test(a_short_list_is_whole),
    };
    return cmocka_run_group_tests_name("core/problem", tests, NULL, NULL);
}
