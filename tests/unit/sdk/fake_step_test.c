#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <stdio.h>

#include "core/element.h"
#include "core/limits.h"
#include "core/referral.h"
#include "core/step.h"
#include "sdk/fake/element.h"
#include "sdk/fake/step.h"

/* The fake's tables are the gateway's. */

static const struct {
    char letter;
    enum referral_party party;
} parties[] = {
    { 'S', PARTY_REFERRER },
    { 'R', PARTY_RECEIVER },
    { 'C', PARTY_PERSON },
    { 'N', PARTY_COMPANION },
    { 's', PARTY_REFERRER_GATEWAY },
    { 'r', PARTY_RECEIVER_GATEWAY },
};

#define PARTY_COUNT (sizeof parties / sizeof *parties)

static void the_steps_are_those_of_the_gateway(void **state)
{
    (void)state;
    size_t i = 0;
    for (unsigned type = EVENT_SEND; type < EVENT_TYPE_COUNT; type++)
        assert_string_equal(fake_step_name(i++),
            event_type_name((enum referral_event_type)type));
    assert_null(fake_step_name(i));
    assert_false(fake_step_is_known("none"));
}

static void the_elements_are_those_of_the_gateway(void **state)
{
    (void)state;
    size_t i = 0;
    for (; element_at(i) != NULL; i++)
        assert_string_equal(fake_element_at(i), element_at(i)->code);
    assert_null(fake_element_at(i));
    assert_int_equal(FAKE_ELEMENT_COUNT_MAX, REFERRAL_ELEMENT_COUNT_MAX);
}

static void codes_are_known_and_stand_once(void **state)
{
    static const struct {
        const char *list;
        enum fake_element_fault fault;
        size_t index;
    } rows[] = {
        { "", FAKE_ELEMENTS_SOUND, 0 },
        { "needs", FAKE_ELEMENTS_SOUND, 0 },
        { "needs pet call_name", FAKE_ELEMENTS_SOUND, 0 },
        { "need", FAKE_ELEMENTS_UNKNOWN, 0 },
        { "needs ", FAKE_ELEMENTS_UNKNOWN, 0 },
        { " needs", FAKE_ELEMENTS_UNKNOWN, 0 },
        { "needs  pet", FAKE_ELEMENTS_UNKNOWN, 0 },
        { "needs,pet", FAKE_ELEMENTS_UNKNOWN, 0 },
        { "needs pet needs pet", FAKE_ELEMENTS_REPEATED, 2 },
        { "needs needs need", FAKE_ELEMENTS_UNKNOWN, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t index = 0;
        enum fake_element_fault fault =
            fake_elements_judge(rows[i].list, &index);
        assert_int_equal(fault, rows[i].fault);
        if (fault == FAKE_ELEMENTS_REPEATED)
            assert_int_equal(index, rows[i].index);
    }
}

static void compare(enum referral_state from, enum referral_event_type type)
{
    const char *step = event_type_name(type);
    for (size_t i = 0; i < PARTY_COUNT; i++) {
        enum referral_state to = REFERRAL_UNKNOWN;
        const char *next = "";
        enum err err = referral_next(from, type, parties[i].party, &to);
        refer_status status = fake_step_next(
            referral_state_name(from), step, parties[i].letter, &next);
        refer_status wanted = err == ERR_NONE        ? REFER_OK
                              : err == ERR_FORBIDDEN ? REFER_DENIED
                                                     : REFER_CONFLICT;
        if (status != wanted ||
            (status == REFER_OK && strcmp(next, referral_state_name(to)) != 0))
            fail_msg("%s by %c in %s", step, parties[i].letter,
                referral_state_name(from));
        char letters[] = { parties[i].letter, 0 };
        uint64_t open = referral_steps(from, (uint32_t)parties[i].party);
        if (fake_step_is_open(referral_state_name(from), step, letters) !=
            (open >> type & 1))
            fail_msg("is %s open in %s", step, referral_state_name(from));
    }
}

static void every_step_leads_where_it_does_there(void **state)
{
    (void)state;
    for (unsigned from = REFERRAL_DRAFT; from < REFERRAL_STATE_COUNT; from++) {
        for (unsigned type = EVENT_SEND; type < EVENT_TYPE_COUNT; type++)
            compare((enum referral_state)from, (enum referral_event_type)type);
        assert_int_equal(
            fake_state_is_final(referral_state_name((enum referral_state)from)),
            referral_is_terminal((enum referral_state)from));
    }
}

/* The closed list of a detail, as the fake writes it; NULL: none. */
static const char *values_of(
    const struct step_detail *detail, char *text, size_t size)
{
    const char *code;
    size_t used = 0;
    text[0] = 0;
    if (detail->kind == DETAIL_YES)
        return "yes";
    if (detail->kind == DETAIL_FLAG)
        return "yes no";
    for (size_t i = 0; (code = code_list_at(detail->codes, i)) != NULL; i++)
        used += (size_t)snprintf(
            text + used, size - used, "%s%s", i > 0 ? " " : "", code);
    return text[0] == 0 ? NULL : text;
}

static void compare_detail(const char *step, const struct step_detail *wanted,
    const struct fake_detail *detail)
{
    char text[2048];
    const char *values = values_of(wanted, text, sizeof text);
    if (detail == NULL) {
        fail_msg("%s: %s is missing", step, wanted->name);
        return;
    }
    assert_string_equal(detail->name, wanted->name);
    if ((detail->need == FAKE_REQUIRED) != (wanted->need == DETAIL_REQUIRED) ||
        (detail->need == FAKE_ONE_OF) != (wanted->need == DETAIL_ONE_OF))
        fail_msg("%s: whether %s is needed", step, wanted->name);
    if ((values == NULL) != (detail->values == NULL) ||
        (values != NULL && strcmp(values, detail->values) != 0))
        fail_msg("%s: values of %s", step, wanted->name);
    assert_int_equal(
        detail->back, wanted->back == ASK_BACK_NONE
                          ? 0
                          : fake_ask_back_rank(ask_back_name(wanted->back)));
    assert_ptr_equal(fake_step_detail_named(step, wanted->name), detail);
}

static void every_step_takes_the_same_details(void **state)
{
    (void)state;
    for (unsigned type = EVENT_SEND; type < EVENT_TYPE_COUNT; type++) {
        const char *step = event_type_name((enum referral_event_type)type);
        size_t count;
        const struct step_detail *wanted =
            step_details((enum referral_event_type)type, &count);
        if (type == EVENT_POLICY_REFUSAL)
            count = 0; /* no program can take that step */
        for (size_t i = 0; i < count; i++)
            compare_detail(step, &wanted[i], fake_step_detail(step, i));
        assert_null(fake_step_detail(step, count));
        assert_int_equal(fake_step_takes_elements(step),
            step_takes_elements((enum referral_event_type)type));
        assert_int_equal(fake_step_is_exempt(step),
            event_is_exempt((enum referral_event_type)type));
    }
}

static void lists_are_of_words(void **state)
{
    (void)state;
    assert_true(fake_list_has("a bc d", "a"));
    assert_true(fake_list_has("a bc d", "bc"));
    assert_true(fake_list_has("a bc d", "d"));
    assert_false(fake_list_has("a bc d", "b"));
    assert_false(fake_list_has("a bc d", "c"));
    assert_false(fake_list_has("a bc d", ""));
    assert_false(fake_list_has("", "a"));
    assert_int_equal(fake_ask_back_rank("sideways"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_steps_are_those_of_the_gateway),
        cmocka_unit_test(the_elements_are_those_of_the_gateway),
        cmocka_unit_test(codes_are_known_and_stand_once),
        cmocka_unit_test(every_step_leads_where_it_does_there),
        cmocka_unit_test(every_step_takes_the_same_details),
        cmocka_unit_test(lists_are_of_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
