/* Which store is whose, by a mark that stands outside of it? */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/instance.h"

static struct instance_mark mark(uint64_t life, uint64_t commits)
{
    return (struct instance_mark){
        .is_there = true, .life = life, .commits = commits
    };
}

static void a_store_is_judged_by_life_and_age(void **state)
{
    const struct instance_mark none = { 0 };
    const struct {
        struct instance_mark mark;
        struct instance store;
        enum loss_cause cause;
    } rows[] = {
        /* a first start, and one after a crash before its mark */
        { none, { 0, 0, 1 }, LOSS_NONE },
        { none, { 7, 0, 2 }, LOSS_UNMARKED },
        /* the same, as it was left or with commits since */
        { mark(7, 10), { 7, 5, 10 }, LOSS_NONE },
        { mark(7, 10), { 7, 5, 11 }, LOSS_NONE },
        /* a start that ended between its commit and its mark */
        { mark(7, 10), { 9, 7, 11 }, LOSS_NONE },
        /* copies: of this life, of the one before, of any */
        { mark(7, 10), { 7, 5, 9 }, LOSS_OLDER },
        { mark(7, 10), { 5, 4, 8 }, LOSS_OLDER },
        { mark(7, 10), { 5, 4, 11 }, LOSS_OLDER },
        { mark(7, 10), { 9, 7, 9 }, LOSS_OLDER },
        { mark(7, 10), { 3, 2, 500 }, LOSS_OLDER },
        { mark(0, 0), { 7, 5, 10 }, LOSS_RESTORED },
        { mark(0, 0), { 7, 0, 10 }, LOSS_RESTORED },
        { mark(7, 10), { 0, 0, 1 }, LOSS_GONE },
        { mark(0, 0), { 0, 0, 1 }, LOSS_GONE },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (instance_judge(&rows[i].mark, &rows[i].store) != rows[i].cause)
            fail_msg("row %zu", i);
}

static void a_mark_is_read_as_it_was_printed(void **state)
{
    static const char expected[] = "refer.v1 instance\n"
                                   "life 0123456789abcdef\n"
                                   "commits 18446744073709551615\n";
    char text[INSTANCE_MARK_TEXT_SIZE];
    struct instance_mark read;
    (void)state;
    struct instance_mark full = mark(UINT64_C(0x0123456789abcdef), UINT64_MAX);
    size_t size = instance_mark_print(&full, text);
    assert_string_equal(text, expected);
    assert_int_equal(size, sizeof expected - 1);
    assert_int_equal(
        instance_mark_parse(slice_of(text, size), &read), ERR_NONE);
    assert_memory_equal(&read.life, &full.life, sizeof read.life);
    assert_true(read.is_there);
    assert_true(read.commits == UINT64_MAX);

    full = mark(0, 0);
    size = instance_mark_print(&full, text);
    assert_int_equal(
        instance_mark_parse(slice_of(text, size), &read), ERR_NONE);
    assert_true(read.is_there && read.life == 0);
}

static void marks_of_earlier_programs_are_read(void **state)
{
    static const char *const ends[] = { "ended\n", "running\n" };
    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char text[INSTANCE_MARK_TEXT_SIZE];
        struct instance_mark read;
        (void)snprintf(text, sizeof text,
            "refer.v1 instance\nlife 0123456789abcdef\ncommits 7\n%s", ends[i]);
        assert_int_equal(
            instance_mark_parse(slice_of_text(text), &read), ERR_NONE);
        assert_true(read.is_there && read.commits == 7);
    }
}

static void whatever_else_is_no_mark(void **state)
{
    const struct instance_mark full = mark(1, 20);
    char text[INSTANCE_MARK_TEXT_SIZE];
    struct instance_mark read;
    (void)state;
    size_t size = instance_mark_print(&full, text);
    for (size_t cut = 0; cut < size; cut++) {
        assert_int_equal(
            instance_mark_parse(slice_of(text, cut), &read), ERR_MALFORMED);
        assert_false(read.is_there);
    }
    for (size_t at = 0; at < size; at++) {
        char was = text[at];
        text[at] = ' ';
        if (was != ' ')
            assert_int_equal(instance_mark_parse(slice_of(text, size), &read),
                ERR_MALFORMED);
        text[at] = was;
    }
    text[size] = '\n';
    assert_int_equal(
        instance_mark_parse(slice_of(text, size + 1), &read), ERR_MALFORMED);
}

static void every_cause_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(loss_cause_name(LOSS_OLDER), "older");
    assert_string_equal(loss_cause_name(LOSS_CAUSE_COUNT), "?");
    for (int i = 0; i < LOSS_CAUSE_COUNT; i++)
        assert_non_null(loss_cause_name((enum loss_cause)i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_is_judged_by_life_and_age),
        cmocka_unit_test(a_mark_is_read_as_it_was_printed),
        cmocka_unit_test(marks_of_earlier_programs_are_read),
        cmocka_unit_test(whatever_else_is_no_mark),
        cmocka_unit_test(every_cause_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
