#include "support/yaml_case.h"

#include "io/yaml_referral.h"

/* clang-format off */
static const char document[] =
    "to: tbhosp\n"
    "service: tb.assess\n"
    "purpose: tb_assessment\n"
    "urgency: soon\n"
    "choice: chosen\n"
    "ask_back: outcome_code\n"
    "reason_plain: I have been coughing for three weeks.\n"
    "consent:\n"
    "  at: 2026-03-02T10:15:00+02:00\n"
    "  grants:\n"
    "    - to: tbhosp\n"
    "      purpose: tb_assessment\n"
    "      elements: [call_name, year_of_birth]\n"
    "      until: 2026-05-31\n"
    "elements:\n"
    "  - {code: call_name, value: Sasha}\n"
    "  - {code: year_of_birth, value: 1987}\n"
    "mou: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n"
    "thread: urn:uuid:0190f3c4-5a3b-7c11-9d2e-0242ac120002\n"
    "parent: 0190f3c4-5a3b-7c11-9d2e-0242ac120003\n"
    "hop: 1\n";

static const struct yaml_case cases[] = {
    { "to: tbhosp\n",
      "",
      "x.yaml:1:1: to: is missing: expected the name of a peer or "
      "of a party, or an agency id, for example \"to: tbhosp\"" },
    { "service: tb.assess",
      "service: TB check",
      "x.yaml:2:1: service: expected 1 to 64 of a-z, 0-9, hyphen, "
      "dot and underscore, for example \"service: tb.assess\"" },
    { "purpose: tb_assessment\nurg",
      "purpose: TB\nurg",
      "x.yaml:3:1: purpose: expected 1 to 64 of a-z, 0-9, hyphen, "
      "dot and underscore, for example \"purpose: tb_assessment\"" },
    { "urgency: soon",
      "urgency: now",
      "x.yaml:4:1: urgency: expected one of immediate, same_day, "
      "soon, routine, for example \"urgency: soon\"" },
    { "choice: chosen",
      "choice: forced",
      "x.yaml:5:1: choice: expected one of chosen, agreed, "
      "advised, required, for example \"choice: chosen\"" },
    { "ask_back: outcome_code",
      "ask_back: everything",
      "x.yaml:6:1: ask_back: expected one of none, attended_only, "
      "outcome_code, short_note, full, for example \"ask_back: "
      "outcome_code\"" },
    { "reason_plain: I have been coughing for three weeks.\n",
      "",
      "x.yaml:1:1: reason_plain: is missing: expected text of 1 to "
      "2000 bytes, for example \"reason_plain: I have been "
      "coughing for three weeks.\"" },
    { "I have been coughing for three weeks.",
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxx",
      "x.yaml:7:1: reason_plain: expected text of 1 to 2000 bytes, "
      "for example \"reason_plain: I have been coughing for three "
      "weeks.\"" },
    { "  at: 2026-03-02T10:15:00+02:00\n",
      "",
      "x.yaml:8:1: consent.at: is missing: expected a date and "
      "time with an offset, for example \"at: "
      "2026-03-02T10:15:00+02:00\"" },
    { "2026-03-02T10:15:00+02:00",
      "2026-03-02T10:15:00",
      "x.yaml:9:3: consent.at: expected a date and time with an "
      "offset, for example \"at: 2026-03-02T10:15:00+02:00\"" },
    { "2026-03-02T10:15:00+02:00",
      "yesterday",
      "x.yaml:9:3: consent.at: expected a date and time with an "
      "offset, for example \"at: 2026-03-02T10:15:00+02:00\"" },
    { "  grants:\n    - to: tbhosp\n      purpose: "
      "tb_assessment\n      elements: [call_name, "
      "year_of_birth]\n      until: 2026-05-31\n",
      "  grants: []\n",
      "x.yaml:10:3: consent.grants: expected a list of 1 to 32 "
      "entries, for example \"grants: [{to: tbhosp, purpose: "
      "tb_assessment, elements: [call_name], until: 2026-05-31}]\"" },
    { "    - to: tbhosp\n      purpose",
      "    - purpose",
      "x.yaml:11:7: consent.grants[0].to: is missing: expected the "
      "name of a peer or of a party, or an agency id, for example "
      "\"to: tbhosp\"" },
    { "      purpose: tb_assessment",
      "      purpose: TB",
      "x.yaml:12:7: consent.grants[0].purpose: expected 1 to 64 of "
      "a-z, 0-9, hyphen, dot and underscore, for example "
      "\"purpose: tb_assessment\"" },
    { "[call_name, year_of_birth]",
      "[call_name, year_of_brith]",
      "x.yaml:13:29: consent.grants[0].elements[1]: is no element "
      "code of the registry; did you mean year_of_birth?" },
    { "[call_name, year_of_birth]",
      "[call_name, call_name]",
      "x.yaml:13:29: consent.grants[0].elements[1]: stands twice" },
    { "until: 2026-05-31",
      "until: 31 May 2026",
      "x.yaml:14:7: consent.grants[0].until: expected a day as "
      "YYYY-MM-DD, for example \"until: 2026-05-31\"" },
    { "until: 2026-05-31",
      "until: 2026-05-31\n      may_forward: true",
      "x.yaml:15:7: consent.grants[0].may_forward: there is no "
      "such key; the keys here are to, purpose, elements, until" },
    { "code: call_name",
      "code: name_call",
      "x.yaml:16:6: elements[0].code: expected an element code of "
      "the registry, for example \"code: call_name\"" },
    { "code: call_name",
      "code: year_of_birth",
      "x.yaml:16:27: elements[0].value: expected YYYY for "
      "year_of_birth" },
    { "value: 1987",
      "value: about 40",
      "x.yaml:17:27: elements[1].value: expected YYYY for "
      "year_of_birth" },
    { "value: 1987",
      "value: ~",
      "x.yaml:17:27: elements[1].value: expected text of 1 to "
      "65536 bytes, for example \"value: Sasha\"" },
    { "{code: call_name, value: Sasha}",
      "{call_name: Sasha}",
      "x.yaml:16:6: elements[0].call_name: there is no such key; "
      "the keys here are code, value" },
    { "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f0"
      "0a08",
      "urn:mou:city:tb",
      "x.yaml:18:1: mou: expected 64 hexadecimal digits, for "
      "example \"mou: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b8"
      "22cd15d6c15b0f00a08\"" },
    { "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f0"
      "0a08",
      "9F86D081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f0"
      "0a08",
      "x.yaml:18:1: mou: expected 64 hexadecimal digits, for "
      "example \"mou: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b8"
      "22cd15d6c15b0f00a08\"" },
    { "urn:uuid:0190f3c4-5a3b-7c11-9d2e-0242ac120002",
      "urn:uuid:0190f3c4-5a3b-7c11-9d2e-0242ac12000z",
      "x.yaml:19:1: thread: expected a UUID, for example \"thread: "
      "urn:uuid:0190f3c4-5a3b-7c11-9d2e-0242ac120002\"" },
    { "0190f3c4-5a3b-7c11-9d2e-0242ac120003",
      "the one before, as of the last week",
      "x.yaml:20:1: parent: expected a UUID, for example \"parent: "
      "urn:uuid:0190f3c4-5a3b-7c11-9d2e-0242ac120002\"" },
    { "thread: urn:uuid:0190f3c4-5a3b-7c11-9d2e-0242ac120002\n",
      "",
      "x.yaml:19:1: parent: needs the thread of that referral "
      "beside it" },
    { "parent: 0190f3c4-5a3b-7c11-9d2e-0242ac120003\n",
      "",
      "x.yaml:20:1: hop: needs the parent of the referral beside it" },
    { "hop: 1\n",
      "",
      "x.yaml:20:1: parent: needs a hop of 1 or more beside it" },
    { "hop: 1",
      "hop: 9",
      "x.yaml:21:1: hop: expected a whole number from 0 to 8, for "
      "example \"hop: 1\"" },
    { "hop: 1",
      "hop: 1\nsend_at: now",
      "x.yaml:22:1: send_at: there is no such key; the keys here "
      "are to, service, purpose, urgency, choice, ask_back, "
      "reason_plain, consent, elements, mou, thread, parent, hop" },
};
/* clang-format on */

static enum err parse(
    struct slice bytes, struct arena *arena, struct yaml_problem *problem)
{
    struct referral_file referral;
    return yaml_referral_parse("x.yaml", bytes, arena, &referral, problem);
}

static void every_finding_has_a_line_a_path_and_no_value(void **state)
{
    (void)state;
    yaml_case_check(document, cases, sizeof cases / sizeof *cases, parse);
}

static void a_full_arena_is_an_error(void **state)
{
    (void)state;
    yaml_case_check_arena(document, parse);
}

static void every_field_is_loaded(void **state)
{
    struct arena arena;
    struct referral_file referral;
    struct yaml_problem problem;
    char text[UUID_URN_SIZE + 1];
    (void)state;
    assert_int_equal(arena_init(&arena, 1 << 16), ERR_NONE);
    assert_int_equal(yaml_referral_parse("x.yaml", slice_of_text(document),
                         &arena, &referral, &problem),
        ERR_NONE);
    assert_true(slice_is(referral.to, "tbhosp"));
    assert_true(slice_is(referral.service, "tb.assess"));
    assert_true(slice_is(referral.purpose, "tb_assessment"));
    assert_int_equal(referral.urgency, URGENCY_SOON);
    assert_int_equal(referral.choice, CHOICE_CHOSEN);
    assert_int_equal(referral.ask_back, ASK_BACK_OUTCOME_CODE);
    assert_true(slice_is(
        referral.reason_plain, "I have been coughing for three weeks."));
    assert_int_equal(referral.consent_at.unix_ms, INT64_C(1772439300000));
    assert_int_equal(referral.grant_count, 1);
    assert_true(slice_is(referral.grants[0].to, "tbhosp"));
    assert_true(slice_is(referral.grants[0].purpose, "tb_assessment"));
    assert_int_equal(referral.grants[0].element_count, 2);
    assert_true(slice_is(referral.grants[0].elements[1], "year_of_birth"));
    /* to the end of the last day */
    assert_int_equal(referral.grants[0].until.unix_ms, INT64_C(1780272000000));
    assert_int_equal(referral.element_count, 2);
    assert_true(slice_is(referral.elements[0].name, "call_name"));
    assert_true(slice_is(referral.elements[0].value, "Sasha"));
    assert_true(slice_is(referral.elements[1].value, "1987"));
    assert_true(referral.has_mou);
    assert_int_equal(referral.mou.bytes[0], 0x9f);
    assert_true(referral.has_thread && referral.has_parent);
    uuid_format(&referral.thread, text);
    assert_string_equal(text, "urn:uuid:0190f3c4-5a3b-7c11-9d2e-0242ac120002");
    assert_int_equal(referral.parent.bytes[15], 3);
    assert_int_equal(referral.hop, 1);
    arena_release(&arena);
}

static void what_is_optional_may_be_absent(void **state)
{
    static const char text[] =
        "to: a\nservice: b\npurpose: c\nurgency: routine\n"
        "choice: required\nask_back: none\nreason_plain: x\n"
        "consent: {at: 2026-03-02T10:15:00Z, grants: [{to: a, purpose: c, "
        "elements: [], until: 2026-05-31}]}\n";
    struct arena arena;
    struct referral_file referral;
    struct yaml_problem problem;
    (void)state;
    assert_int_equal(arena_init(&arena, 1 << 16), ERR_NONE);
    assert_int_equal(yaml_referral_parse("x.yaml", slice_of_text(text), &arena,
                         &referral, &problem),
        ERR_NONE);
    assert_int_equal(referral.element_count, 0);
    assert_int_equal(referral.grants[0].element_count, 0);
    assert_false(
        referral.has_mou || referral.has_thread || referral.has_parent);
    assert_int_equal(referral.hop, 0);
    arena_release(&arena);
}

static void the_examples_load(void **state)
{
    struct arena arena;
    struct referral_file referral;
    struct yaml_problem problem;
    (void)state;
    assert_int_equal(arena_init(&arena, 1 << 20), ERR_NONE);
    assert_int_equal(
        yaml_referral_load(SOURCE_DIR "/conf/examples/referral-tb-check.yaml",
            &arena, &referral, &problem),
        ERR_NONE);
    size_t element_count = referral.element_count;
    assert_int_equal(yaml_referral_load(SOURCE_DIR
                         "/conf/examples/referral-not-allowed.yaml",
                         &arena, &referral, &problem),
        ERR_NONE);
    assert_int_equal(referral.element_count, element_count + 1);
    assert_true(
        slice_is(referral.elements[element_count].name, "immigration_status"));
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_loaded),
        cmocka_unit_test(what_is_optional_may_be_absent),
        cmocka_unit_test(every_finding_has_a_line_a_path_and_no_value),
        cmocka_unit_test(a_full_arena_is_an_error),
        cmocka_unit_test(the_examples_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
