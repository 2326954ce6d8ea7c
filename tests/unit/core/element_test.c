#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "base/id.h"
#include "core/element.h"
#include "core/limits.h"

static void codes_stand_in_order_and_are_found(void **unused)
{
    (void)unused;
    size_t count = 0;
    const struct element *element;
    const char *before = "";
    for (; (element = element_at(count)) != NULL; count++) {
        assert_true(code_is_valid(slice_of_text(element->code)));
        assert_true(strcmp(before, element->code) < 0);
        before = element->code;
        assert_ptr_equal(element_find(slice_of_text(element->code)), element);
        assert_true(strlen(element->help) > 4);
        assert_non_null(element->sensitive_class);
        assert_true((size_t)element->type < ELEMENT_TYPE_COUNT);
        /* where it stands elsewhere: in both, or nowhere */
        assert_int_equal(
            element->fhir_path[0] == '\0', element->v2_field[0] == '\0');
    }
    assert_true(count >= 34 && count <= REFERRAL_ELEMENT_COUNT_MAX);
    assert_null(element_at(SIZE_MAX));
}

static void what_agreements_name_is_registered(void **unused)
{
    (void)unused;
    static const char *const names[] = { "pairwise_id", "call_name",
        "contact_route", "year_of_birth", "date_of_birth", "place_of_birth",
        "legal_name", "cough_weeks", "previous_tb", "tb_results",
        "current_medicines", "agonist_treatment", "hiv_treatment", "allergies",
        "companion", "language", "access_needs", "gender_preference_space",
        "pet", "meeting_point", "appointment_time", "recognise_by", "slip_code",
        "pronouns", "needs", "continuity", "outcome_note", "arrest_history",
        "immigration_status", "drug_test_result", "sex_work", "photo" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (element_find(slice_of_text(names[i])) == NULL)
            fail_msg("%s", names[i]);
}

static void sensitive_ones_have_a_class(void **unused)
{
    (void)unused;
    static const struct {
        const char *code;
        const char *sensitive_class;
    } classes[] = {
        { "agonist_treatment", "substance_use" },
        { "hiv_treatment", "hiv" },
        { "tb_results", "tb" },
        { "previous_tb", "tb" },
        { "cough_weeks", "tb" },
        { "call_name", "" },
    };
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        assert_string_equal(
            element_find(slice_of_text(classes[i].code))->sensitive_class,
            classes[i].sensitive_class);
}

static void strangers_are_not_found(void **unused)
{
    (void)unused;
    static const char *const strangers[] = { "", "a", "call_nam", "call_name_",
        "Call_name", "diagnosis", "zzz", "call_name " };
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++)
        assert_null(element_find(slice_of_text(strangers[i])));
    assert_null(element_find(SLICE_NONE));
    assert_null(element_find(slice_of("call_name\0", 10)));
}

/* clang-format off */
static const struct {
    const char *code;
    const char *value;
    bool fits;
} values[] = {
    { "call_name", "Sasha", true },
    { "call_name", "", false },
    { "call_name", " ", false },
    { "call_name", "a\x01", false },
    { "pairwise_id", "k2m4x7q2v5", true },
    { "pairwise_id", "K2", false },
    { "cough_weeks", "3", true },
    { "cough_weeks", "three", false },
    { "date_of_birth", "1987-02-28", true },
    { "date_of_birth", "1987-02-30", false },
    { "year_of_birth", "1987", true },
    { "year_of_birth", "1987-02-28", false },
    { "interpreter", "yes", true },
    { "interpreter", "maybe", false },
    { "language", "pt-br", true },
    { "language", "pt br", false },
};
/* clang-format on */

static void values_have_the_form_of_their_type(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        const char *form =
            element_form_problem(element_find(slice_of_text(values[i].code)),
                slice_of_text(values[i].value));
        if ((form == NULL) != values[i].fits)
            fail_msg("%s: %s", values[i].code, values[i].value);
    }
}

static void text_ends_at_its_limit(void **unused)
{
    (void)unused;
    static char text[VALUE_SIZE_MAX + 1];
    const struct element *needs = element_find(slice_of_text("needs"));
    memset(text, 'x', sizeof text);
    assert_null(element_form_problem(needs, slice_of(text, VALUE_SIZE_MAX)));
    assert_non_null(
        element_form_problem(needs, slice_of(text, VALUE_SIZE_MAX + 1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_stand_in_order_and_are_found),
        cmocka_unit_test(what_agreements_name_is_registered),
        cmocka_unit_test(sensitive_ones_have_a_class),
        cmocka_unit_test(strangers_are_not_found),
        cmocka_unit_test(values_have_the_form_of_their_type),
        cmocka_unit_test(text_ends_at_its_limit),
    };
    return cmocka_run_group_tests_name("core/element", tests, NULL, NULL);
}
