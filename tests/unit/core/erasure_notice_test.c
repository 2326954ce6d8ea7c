#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/erasure_notice.h"
#include "core/limits.h"
#include "core/verdict.h"

#define ARENA_SIZE (1u << 20)

static struct erasure_notice some_notice(void)
{
    return (struct erasure_notice){ .referral = { { 1, 2, 3 } },
        .reason = ERASURE_PERSON_ASKED,
        .actor = ACTOR_PERSON,
        .at = { 1780000000000 } };
}

static void every_reason_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (unsigned i = 1; i < ERASURE_REASON_COUNT; i++)
        assert_int_equal(erasure_reason_named(slice_of_text(
                             erasure_reason_name((enum erasure_reason)i))),
            i);
    assert_string_equal(erasure_reason_name(ERASURE_NONE), "");
    assert_string_equal(erasure_reason_name(ERASURE_REASON_COUNT), "?");
    assert_int_equal(
        erasure_reason_named(SLICE_LITERAL("she asked")), ERASURE_NONE);
    assert_int_equal(erasure_reason_named(SLICE_NONE), ERASURE_NONE);
}

static void what_is_written_is_read_again(void **state)
{
    struct arena arena;
    struct erasure_notice notice = some_notice();
    struct erasure_notice again;
    const struct slice elements[] = { SLICE_LITERAL("call_name"),
        SLICE_LITERAL("needs") };
    (void)state;
    assert_int_equal(arena_init(&arena, ARENA_SIZE), ERR_NONE);
    for (size_t count = 0; count < 3; count++) {
        notice.elements = elements;
        notice.element_count = count;
        struct slice bytes = erasure_notice_write(&notice, &arena);
        assert_int_equal(erasure_notice_read(bytes, &arena, &again), ERR_NONE);
        assert_true(uuid_equal(&again.referral, &notice.referral));
        assert_int_equal(again.reason, notice.reason);
        assert_int_equal(again.actor, notice.actor);
        assert_int_equal(again.at.unix_ms, notice.at.unix_ms);
        assert_int_equal(again.element_count, count);
        for (size_t i = 0; i < count; i++)
            assert_true(slice_equal(again.elements[i], elements[i]));
        for (size_t size = 0; size < bytes.size; size++) {
            struct slice cut = slice_of(bytes.bytes, size);
            if (erasure_notice_read(cut, &arena, &again) == ERR_NONE) {
                struct verdict why = { .problem = PROBLEM_NONE };
                erasure_notice_check(&again, &why);
                assert_int_equal(
                    size > 18 ? PROBLEM_FORMAT : why.problem, PROBLEM_FORMAT);
            }
        }
    }
    arena_release(&arena);
}

static void what_holds_too_much_is_not_written(void **state)
{
    struct arena arena;
    static struct slice elements[REFERRAL_ELEMENT_COUNT_MAX + 1];
    struct erasure_notice notice = some_notice();
    (void)state;
    assert_int_equal(arena_init(&arena, ARENA_SIZE), ERR_NONE);
    notice.elements = elements;
    notice.element_count = REFERRAL_ELEMENT_COUNT_MAX + 1;
    assert_null(erasure_notice_write(&notice, &arena).bytes);
    notice.element_count = 0;
    notice.at.unix_ms = -1;
    assert_null(erasure_notice_write(&notice, &arena).bytes);
    arena_release(&arena);
    /* nor what there is no memory for */
    assert_int_equal(arena_init(&arena, 16), ERR_NONE);
    notice = some_notice();
    assert_null(erasure_notice_write(&notice, &arena).bytes);
    assert_int_not_equal(
        erasure_notice_read(SLICE_LITERAL("\x18\x01"), &arena, &notice),
        ERR_NONE);
    arena_release(&arena);
}

static void each_rule_has_its_refusal(void **state)
{
    const struct slice twice[] = { SLICE_LITERAL("needs"),
        SLICE_LITERAL("needs") };
    const struct slice unknown[] = { SLICE_LITERAL("needs"),
        SLICE_LITERAL("shoe_size") };
    struct erasure_notice notices[8];
    (void)state;
    for (size_t i = 0; i < 8; i++)
        notices[i] = some_notice();
    memset(&notices[1].referral, 0, sizeof notices[1].referral);
    notices[2].reason = ERASURE_NONE;
    notices[3].actor = (enum actor_kind)0;
    notices[4].at.unix_ms = INT64_MAX;
    notices[5].elements = twice;
    notices[5].element_count = 2;
    notices[6].elements = unknown;
    notices[6].element_count = 2;
    notices[7].reason = ERASURE_REASON_COUNT;
    for (size_t i = 0; i < 8; i++) {
        struct verdict why = { .problem = PROBLEM_NONE };
        erasure_notice_check(&notices[i], &why);
        assert_int_equal(why.problem, i == 0   ? PROBLEM_NONE
                                      : i == 6 ? PROBLEM_UNKNOWN_FIELD
                                               : PROBLEM_FORMAT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reason_has_a_name_of_its_own),
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(what_holds_too_much_is_not_written),
        cmocka_unit_test(each_rule_has_its_refusal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
