#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "base/id.h"
#include "core/limits.h"
#include "core/step.h"

static void check_detail(const struct step_detail *detail)
{
    assert_true(code_is_valid(slice_of_text(detail->name)));
    assert_true(strlen(detail->help) > 2);
    /* "add NAME=... (HELP)" twice must fit a remedy */
    assert_true(strlen(detail->name) + strlen(detail->help) < 75);
    assert_true(detail->size_max > 0 && detail->size_max <= VALUE_SIZE_MAX);
    assert_int_equal(detail->kind == DETAIL_CODE, detail->codes != CODES_NONE);
    assert_string_not_equal(detail_kind_form(detail->kind), "?");
}

static void the_table_of_details_is_sound(void **unused)
{
    (void)unused;
    for (int e = 0; e < EVENT_TYPE_COUNT; e++) {
        enum referral_event_type type = (enum referral_event_type)e;
        size_t count;
        size_t choices = 0;
        const struct step_detail *details = step_details(type, &count);
        assert_true(count <= REFERRAL_DETAIL_COUNT_MAX);
        assert_int_equal(details == NULL, count == 0);
        for (size_t i = 0; i < count; i++) {
            check_detail(&details[i]);
            choices += details[i].need == DETAIL_ONE_OF;
            assert_ptr_equal(
                step_detail_named(type, slice_of_text(details[i].name)),
                &details[i]); /* no name twice */
        }
        /* guards ask for two side by side */
        assert_true(choices == 0 || choices == 2);
        for (size_t i = 0; choices == 2 && i < 2; i++)
            assert_int_equal(details[i].need, DETAIL_ONE_OF);
    }
}

static void what_nothing_can_refuse_asks_for_nothing(void **unused)
{
    (void)unused;
    size_t count;
    assert_null(step_details(EVENT_WITHDRAW, &count));
    assert_null(step_details(EVENT_CONSENT_REVOKED, &count));
    assert_false(step_takes_elements(EVENT_WITHDRAW));
    assert_false(step_takes_elements(EVENT_CONSENT_REVOKED));
    assert_false(step_takes_elements(EVENT_WRONG_PERSON_OR_PLACE));
}

static void forms_out_of_range_have_no_words(void **unused)
{
    (void)unused;
    assert_string_equal(detail_kind_form(DETAIL_KIND_COUNT), "?");
}

/* clang-format off */
static const struct {
    enum code_list list;
    size_t count;
    const char *first;
    const char *last;
} lists[] = {
    { CODES_NONE, 0, NULL, NULL },
    { CODES_DECLINE, 14, "NO_CAPACITY", "REFERRER_ASKED_WRONG_SERVICE" },
    { CODES_CANCEL, 7, "NEED_MET_ELSEWHERE", "PERSON_DIED" },
    { CODES_OUTCOME, 12, "SERVICE_GIVEN", "DIED" },
    { CODES_PROBLEM, PROBLEM_COUNT - 1, "SIGNATURE_BAD", "KEPT" },
    { CODES_BARRIER, 15, "ASKED_FOR_PAPERS", "MEDICINE_STOPPED" },
    { CODES_FEEDBACK, 2, "invited", "declined" },
    { CODES_MISTAKE, 2, "person", "place" },
};
/* clang-format on */

static void code_lists_hold_what_was_agreed(void **unused)
{
    (void)unused;
    assert_int_equal(sizeof lists / sizeof *lists, CODE_LIST_COUNT);
    for (size_t i = 0; i < CODE_LIST_COUNT; i++) {
        enum code_list list = lists[i].list;
        size_t count = lists[i].count;
        assert_null(code_list_at(list, count));
        assert_null(code_list_at(list, SIZE_MAX));
        assert_false(code_list_has(list, SLICE_NONE));
        assert_false(code_list_has(list, slice_of_text("no_capacity")));
        if (count == 0)
            continue;
        assert_string_equal(code_list_at(list, 0), lists[i].first);
        assert_string_equal(code_list_at(list, count - 1), lists[i].last);
        for (size_t j = 0; j < count; j++)
            assert_true(
                code_list_has(list, slice_of_text(code_list_at(list, j))));
    }
    assert_false(code_list_has(CODES_PROBLEM, slice_of_text("NONE")));
}

static void judgements_are_known_in_either_case(void **unused)
{
    (void)unused;
    static const char *const judgements[] = { "current_use", "CURRENT_USE",
        "Relapse", "no_document", "NO_INSURANCE", "missed_earlier_visit",
        "PAST_BEHAVIOUR" };
    static const char *const reasons[] = { "", "NO_CAPACITY", "current",
        "current_use_", "relapse2", "AGE_RANGE" };
    for (size_t i = 0; i < sizeof judgements / sizeof *judgements; i++)
        assert_true(code_is_judgement(slice_of_text(judgements[i])));
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        assert_false(code_is_judgement(slice_of_text(reasons[i])));
    const char *code;
    for (size_t i = 0; (code = code_list_at(CODES_DECLINE, i)) != NULL; i++)
        assert_false(code_is_judgement(slice_of_text(code)));
}

static void an_offer_is_words_before_times(void **unused)
{
    (void)unused;
    const struct named_value both[] = {
        { SLICE_LITERAL("slot"), SLICE_LITERAL("2027-01-31T09:00:00Z") },
        { SLICE_LITERAL("offer"), SLICE_LITERAL("walk in") },
    };
    struct referral_event event = { .details = both, .detail_count = 2 };
    assert_true(slice_is(step_offer(&event), "walk in"));
    event.detail_count = 1;
    assert_true(slice_is(step_offer(&event), "2027-01-31T09:00:00Z"));
    event.detail_count = 0;
    assert_null(step_offer(&event).bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_of_details_is_sound),
        cmocka_unit_test(what_nothing_can_refuse_asks_for_nothing),
        cmocka_unit_test(forms_out_of_range_have_no_words),
        cmocka_unit_test(code_lists_hold_what_was_agreed),
        cmocka_unit_test(judgements_are_known_in_either_case),
        cmocka_unit_test(an_offer_is_words_before_times),
    };
    return cmocka_run_group_tests_name("core/step", tests, NULL, NULL);
}
