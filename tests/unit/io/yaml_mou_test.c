#include "support/yaml_case.h"

#include "io/yaml_mou.h"

/* clang-format off */
static const char document[] =
    "mou: 1\n"
    "id: urn:mou:city:tb\n"
    "title: Referrals between three agencies\n"
    "version: 1\n"
    "in_force: {from: 2026-01-01, until: 2027-12-31}\n"
    "parties:\n"
    "  - {id: opendoor, name: Open Door, role: [refers]}\n"
    "  - {id: tbhosp, name: TB Hospital, role: [refers, receives]}\n"
    "  - {id: social, name: Social Assistance, role: [receives]}\n"
    "services:\n"
    "  - id: tb.assess\n"
    "    party: tbhosp\n"
    "    name: \"TB check: X-ray and talk\"\n"
    "    access_mode: [walk_in, booked]\n"
    "  - id: soc.papers\n"
    "    party: social\n"
    "    name: Identity papers\n"
    "    access_mode: [outreach]\n"
    "pathways:\n"
    "  - from: opendoor\n"
    "    to: tb.assess\n"
    "    purpose: tb_assessment\n"
    "    max_hops: 1\n"
    "    forward: with_consent\n"
    "  - {from: tbhosp, to: soc.papers, purpose: papers, max_hops: 0, forward: never}\n"
    "data_elements:\n"
    "  - purpose: tb_assessment\n"
    "    required: [call_name, contact_route]\n"
    "    allowed: [cough_weeks]\n"
    "  - {purpose: papers, required: [], allowed: [call_name, legal_name]}\n"
    "never_share: [arrest_history, photo]\n"
    "consent: {max_expiry_days: 365}\n"
    "signatures_required: [opendoor, tbhosp, social]\n";

static const struct yaml_case cases[] = {
    { "version: 1\n",
      "version: 1\nlevel: formal\n",
      "x.yaml:5:1: level: this release does not enforce level, so "
      "it must not be in a signed agreement; the keys here are "
      "mou, id, title, version, in_force, parties, services, "
      "pathways, data_elements, never_share, consent, retention, "
      "signatures_required" },
    { "pathways:",
      "pathway:",
      "x.yaml:19:1: pathway: this release does not enforce "
      "pathway, so it must not be in a signed agreement; did you "
      "mean pathways?" },
    { "    access_mode: [walk_in",
      "    cost: {to_person: free}\n    access_mode: [walk_in",
      "x.yaml:14:5: services[0].cost: this release does not "
      "enforce cost, so it must not be in a signed agreement; the "
      "keys here are id, party, name, access_mode" },
    { "    party: tbhosp\n",
      "    party: tbhosp\n    \"per son\": x\n",
      "x.yaml:13:5: services[0].?: this release does not enforce "
      "it, so it must not be in a signed agreement; the keys here "
      "are id, party, name, access_mode" },
    { "mou: 1\n",
      "",
      "x.yaml:1:1: mou: is missing: expected 1, the version of "
      "this form, for example \"mou: 1\"" },
    { "mou: 1",
      "mou: 2",
      "x.yaml:1:1: mou: expected 1, the version of this form, for "
      "example \"mou: 1\"" },
    { "id: urn:mou:city:tb\n",
      "",
      "x.yaml:1:1: id: is missing: expected a URN, for example "
      "\"id: urn:mou:city:tb\"" },
    { "urn:mou:city:tb",
      "city",
      "x.yaml:2:1: id: is no URN; use a name such as "
      "urn:mou:city:tb" },
    { "title: Referrals between three agencies\n",
      "",
      "x.yaml:1:1: title: is missing: expected one line of 1 to "
      "256 bytes of text, for example \"title: Referrals between "
      "three agencies\"" },
    { "Referrals between three agencies",
      "~",
      "x.yaml:3:1: title: expected one line of 1 to 256 bytes of "
      "text, for example \"title: Referrals between three "
      "agencies\"" },
    { "Referrals between three agencies",
      "\"  \"",
      "x.yaml:3:1: title: is not one line of text; write one line "
      "of 1 to 256 bytes of UTF-8 text" },
    { "version: 1\n",
      "",
      "x.yaml:1:1: version: is missing: expected a whole number "
      "from 1 to 4294967295, for example \"version: 1\"" },
    { "version: 1\n",
      "version: 0\n",
      "x.yaml:4:1: version: expected a whole number from 1 to "
      "4294967295, for example \"version: 1\"" },
    { "version: 1\n",
      "version: 4294967296\n",
      "x.yaml:4:1: version: expected a whole number from 1 to "
      "4294967295, for example \"version: 1\"" },
    { "version: 1\n",
      "version: [1]\n",
      "x.yaml:4:1: version: expected a whole number from 1 to "
      "4294967295, for example \"version: 1\"" },
    { "in_force: {from: 2026-01-01, until: 2027-12-31}\n",
      "",
      "x.yaml:1:1: in_force: is missing: expected keys and values, "
      "for example \"in_force: {from: 2026-01-01, until: "
      "2027-12-31}\"" },
    { "in_force: {from: 2026-01-01, until: 2027-12-31}",
      "in_force: always",
      "x.yaml:5:1: in_force: expected keys and values, for example "
      "\"in_force: {from: 2026-01-01, until: 2027-12-31}\"" },
    { "from: 2026-01-01, ",
      "",
      "x.yaml:5:1: in_force.from: is missing: expected a day as "
      "YYYY-MM-DD, for example \"from: 2026-01-01\"" },
    { "from: 2026-01-01",
      "from: 01/01/2026",
      "x.yaml:5:12: in_force.from: expected a day as YYYY-MM-DD, "
      "for example \"from: 2026-01-01\"" },
    { "from: 2026-01-01",
      "from: 1969-12-31",
      "x.yaml:5:12: in_force.from: expected a day as YYYY-MM-DD, "
      "for example \"from: 2026-01-01\"" },
    { ", until: 2027-12-31",
      "",
      "x.yaml:5:1: in_force.until: is missing: expected a day as "
      "YYYY-MM-DD, for example \"until: 2027-12-31\"" },
    { "until: 2027-12-31",
      "until: 2027-02-29",
      "x.yaml:5:30: in_force.until: expected a day as YYYY-MM-DD, "
      "for example \"until: 2027-12-31\"" },
    { "until: 2027-12-31",
      "until: 2025-12-31",
      "x.yaml:5:30: in_force.until: ends before it begins; let "
      "until be the day of from or a later one" },
    { "2027-12-31}",
      "2027-12-31, review_by: 2027-06-01}",
      "x.yaml:5:49: in_force.review_by: this release does not "
      "enforce review_by, so it must not be in a signed agreement; "
      "the keys here are from, until" },
    { "  - {id: opendoor, name: Open Door, role: [refers]}\n  - "
      "{id: tbhosp",
      "  - {id: tbhosp_only, name: x, role: [refers]}\n#",
      "x.yaml:12:5: services[0].party: names no party: tbhosp; use "
      "one of: social" },
    { "id: opendoor, name",
      "name",
      "x.yaml:7:5: parties[0].id: is missing: expected 1 to 64 of "
      "a-z, 0-9, hyphen, dot and underscore, for example \"id: "
      "opendoor\"" },
    { "id: opendoor, name",
      "id: Open Door, name",
      "x.yaml:7:6: parties[0].id: is no code; use 1 to 64 of a-z, "
      "0-9, hyphen, dot and underscore" },
    { "id: tbhosp, name",
      "id: opendoor, name",
      "x.yaml:8:6: parties[1].id: names two parties: opendoor; "
      "give each its own, or delete one of the two" },
    { "name: TB Hospital, ",
      "",
      "x.yaml:8:5: parties[1].name: is missing: expected one line "
      "of 1 to 256 bytes of text, for example \"name: Open Door "
      "outreach\"" },
    { ", role: [refers]",
      "",
      "x.yaml:7:5: parties[0].role: is missing: expected a list "
      "with refers or receives, for example \"role: [refers, "
      "receives]\"" },
    { "role: [refers]",
      "role: refers",
      "x.yaml:7:37: parties[0].role: expected a list with refers "
      "or receives, for example \"role: [refers, receives]\"" },
    { "role: [refers]",
      "role: []",
      "x.yaml:7:37: parties[0].role: expected a list with refers "
      "or receives, for example \"role: [refers, receives]\"" },
    { "role: [refers]",
      "role: [gives]",
      "x.yaml:7:44: parties[0].role: expected a list with refers "
      "or receives, for example \"role: [refers, receives]\"" },
    { "role: [refers, receives]",
      "role: [refers, refers]",
      "x.yaml:8:52: parties[1].role: stands twice: expected a list "
      "with refers or receives, for example \"role: [refers, "
      "receives]\"" },
    { "{id: social, name: Social Assistance, role: [receives]}",
      "social",
      "x.yaml:9:5: parties[2]: expected keys and values, for "
      "example \"- {id: opendoor, name: Open Door, role: [refers, "
      "receives]}\"" },
    { "    party: tbhosp",
      "    party: tbhsp",
      "x.yaml:12:5: services[0].party: names no party: tbhsp; use "
      "one of: tbhosp, social" },
    { "    party: tbhosp",
      "    party: opendoor",
      "x.yaml:12:5: services[0].party: names a party that does not "
      "receive: opendoor; use one of: tbhosp, social" },
    { "    access_mode: [outreach]\n",
      "",
      "x.yaml:15:5: services[1].access_mode: is missing: expected "
      "a list with one of walk_in, booked, outreach, for example "
      "\"access_mode: [walk_in, booked]\"" },
    { "access_mode: [outreach]",
      "access_mode: [by_post]",
      "x.yaml:18:19: services[1].access_mode: expected a list with "
      "one of walk_in, booked, outreach, for example "
      "\"access_mode: [walk_in, booked]\"" },
    { "    to: tb.assess",
      "    to: tb.asess",
      "x.yaml:21:5: pathways[0].to: names no service: tb.asess; "
      "use one of: tb.assess, soc.papers" },
    { "from: opendoor",
      "from: social",
      "x.yaml:20:5: pathways[0].from: names a party that does not "
      "refer: social; use one of: opendoor, tbhosp" },
    { "purpose: tb_assessment\n    max",
      "purpose: tb\n    max",
      "x.yaml:22:5: pathways[0].purpose: names no purpose of "
      "data_elements: tb; use one of: tb_assessment, papers" },
    { "    max_hops: 1\n",
      "",
      "x.yaml:20:5: pathways[0].max_hops: is missing: expected a "
      "whole number from 0 to 8, for example \"max_hops: 0\"" },
    { "max_hops: 1",
      "max_hops: 9",
      "x.yaml:23:5: pathways[0].max_hops: expected a whole number "
      "from 0 to 8, for example \"max_hops: 0\"" },
    { "max_hops: 1",
      "max_hops: -1",
      "x.yaml:23:5: pathways[0].max_hops: expected a whole number "
      "from 0 to 8, for example \"max_hops: 0\"" },
    { "max_hops: 1",
      "max_hops: one",
      "x.yaml:23:5: pathways[0].max_hops: expected a whole number "
      "from 0 to 8, for example \"max_hops: 0\"" },
    { "    forward: with_consent\n",
      "",
      "x.yaml:20:5: pathways[0].forward: is missing: expected "
      "never or with_consent, for example \"forward: never\"" },
    { "forward: with_consent",
      "forward: maybe",
      "x.yaml:24:5: pathways[0].forward: expected never or "
      "with_consent, for example \"forward: never\"" },
    { "forward: with_consent",
      "forward: 2",
      "x.yaml:24:5: pathways[0].forward: expected never or "
      "with_consent, for example \"forward: never\"" },
    { "to: soc.papers, purpose: papers",
      "to: tb.assess, purpose: papers",
      "x.yaml:25:20: pathways[1].to: names a service of the "
      "referring party itself: tb.assess; use a service of another "
      "party" },
    { "    required: [call_name, contact_route]\n",
      "",
      "x.yaml:27:5: data_elements[0].required: is missing: "
      "expected a list of 0 to 128 entries, for example "
      "\"required: [call_name]\"" },
    { "[call_name, contact_route]",
      "[call_nam, contact_route]",
      "x.yaml:28:16: data_elements[0].required[0]: is no element "
      "of the registry: call_nam; use one of: call_name, "
      "access_needs, agonist_treatment, allergies, "
      "appointment_time, arrest_history, companion, contact_route, "
      "continuity, cough_weeks, current_medicines, date_of_birth, "
      "..." },
    { "[call_name, contact_route]",
      "[call_name, call_name]",
      "x.yaml:28:27: data_elements[0].required[1]: stands twice: "
      "call_name; delete one of the two" },
    { "[call_name, contact_route]",
      "[call_name, {a: b}]",
      "x.yaml:28:27: data_elements[0].required[1]: expected an "
      "element code of the registry, for example \"call_name\"" },
    { "[call_name, contact_route]",
      "[call_name, photo]",
      "x.yaml:28:27: data_elements[0].required[1]: is named by "
      "never_share: photo; delete it here or there" },
    { "allowed: [cough_weeks]",
      "allowed: [contact_route]",
      "x.yaml:29:15: data_elements[0].allowed[0]: is both required "
      "and allowed: contact_route; delete one: what is required is "
      "allowed" },
    { "never_share: [arrest_history, photo]\n",
      "",
      "x.yaml:1:1: never_share: is missing: expected a list of 0 "
      "to 128 entries, for example \"never_share: "
      "[arrest_history]\"" },
    { "[arrest_history, photo]",
      "photo",
      "x.yaml:31:1: never_share: expected a list of 0 to 128 "
      "entries, for example \"never_share: [arrest_history]\"" },
    { "[arrest_history, photo]",
      "[photos]",
      "x.yaml:31:15: never_share[0]: is no element of the "
      "registry: photos; use one of: photo, access_needs, "
      "agonist_treatment, allergies, appointment_time, "
      "arrest_history, call_name, companion, contact_route, "
      "continuity, cough_weeks, current_medicines, ..." },
    { "consent: {max_expiry_days: 365}\n",
      "",
      "x.yaml:1:1: consent: is missing: expected keys and values, "
      "for example \"consent: {max_expiry_days: 365}\"" },
    { "max_expiry_days: 365",
      "max_expiry_days: 0",
      "x.yaml:32:11: consent.max_expiry_days: expected a whole "
      "number of days from 1 to 3650, for example "
      "\"max_expiry_days: 365\"" },
    { "max_expiry_days: 365",
      "max_expiry_days: 1y",
      "x.yaml:32:11: consent.max_expiry_days: expected a whole "
      "number of days from 1 to 3650, for example "
      "\"max_expiry_days: 365\"" },
    { "signatures_required: [opendoor, tbhosp, social]\n",
      "",
      "x.yaml:1:1: signatures_required: is missing: expected a "
      "list of 2 to 64 entries, for example \"signatures_required: "
      "[opendoor, tbhosp]\"" },
    { "[opendoor, tbhosp, social]",
      "[opendoor]",
      "x.yaml:33:1: signatures_required: expected a list of 2 to "
      "64 entries, for example \"signatures_required: [opendoor, "
      "tbhosp]\"" },
    { "[opendoor, tbhosp, social]",
      "[opendoor, social]",
      "x.yaml:33:1: signatures_required: lacks tbhosp, a party of "
      "pathways[0]; add tbhosp, or delete the pathway" },
    { "[opendoor, tbhosp, social]",
      "[opendoor, tbhosp, sozial]",
      "x.yaml:33:41: signatures_required[2]: names no party: "
      "sozial; use one of: social, opendoor, tbhosp" },
};
/* clang-format on */

static enum err parse(
    struct slice bytes, struct arena *arena, struct yaml_problem *problem)
{
    struct mou mou;
    return yaml_mou_parse("x.yaml", bytes, arena, &mou, problem);
}

static void every_finding_has_a_line_a_path_and_an_example(void **state)
{
    (void)state;
    yaml_case_check(document, cases, sizeof cases / sizeof *cases, parse);
}

static void a_full_arena_is_an_error(void **state)
{
    (void)state;
    yaml_case_check_arena(document, parse);
}

static void check_services_and_pathways(const struct mou *mou)
{
    assert_int_equal(mou->service_count, 2);
    assert_true(slice_is(mou->services[0].id, "tb.assess"));
    assert_true(slice_is(mou->services[0].party, "tbhosp"));
    assert_true(slice_is(mou->services[0].name, "TB check: X-ray and talk"));
    assert_true(mou->services[0].walk_in && mou->services[0].booked);
    assert_false(mou->services[0].outreach);
    assert_false(mou->services[1].walk_in || mou->services[1].booked);
    assert_true(mou->services[1].outreach);
    assert_int_equal(mou->pathway_count, 2);
    assert_true(slice_is(mou->pathways[0].from, "opendoor"));
    assert_true(slice_is(mou->pathways[0].to, "tb.assess"));
    assert_true(slice_is(mou->pathways[0].purpose, "tb_assessment"));
    assert_int_equal(mou->pathways[0].hops_max, 1);
    assert_int_equal(mou->pathways[0].forward, MOU_FORWARD_WITH_CONSENT);
    assert_int_equal(mou->pathways[1].hops_max, 0);
    assert_int_equal(mou->pathways[1].forward, MOU_FORWARD_NEVER);
}

static void every_clause_is_loaded(void **state)
{
    struct arena arena;
    struct mou mou;
    struct yaml_problem problem;
    (void)state;
    assert_int_equal(arena_init(&arena, 1 << 16), ERR_NONE);
    assert_int_equal(yaml_mou_parse("x.yaml", slice_of_text(document), &arena,
                         &mou, &problem),
        ERR_NONE);
    assert_true(slice_is(mou.id, "urn:mou:city:tb"));
    assert_true(slice_is(mou.title, "Referrals between three agencies"));
    assert_int_equal(mou.version, 1);
    assert_int_equal(mou.from.unix_ms, INT64_C(1767225600000));
    /* the last day is one of them: until the first instant of 2028 */
    assert_int_equal(mou.until.unix_ms, INT64_C(1830297600000));
    assert_int_equal(mou.party_count, 3);
    assert_true(slice_is(mou.parties[0].id, "opendoor"));
    assert_true(slice_is(mou.parties[0].name, "Open Door"));
    assert_true(mou.parties[0].refers && !mou.parties[0].receives);
    assert_true(mou.parties[1].refers && mou.parties[1].receives);
    assert_true(!mou.parties[2].refers && mou.parties[2].receives);
    assert_string_equal(mou.parties[0].agency.text, "");
    check_services_and_pathways(&mou);
    assert_int_equal(mou.purpose_count, 2);
    assert_true(slice_is(mou.purposes[0].purpose, "tb_assessment"));
    assert_int_equal(mou.purposes[0].required_count, 2);
    assert_true(slice_is(mou.purposes[0].required[1], "contact_route"));
    assert_int_equal(mou.purposes[0].allowed_count, 1);
    assert_true(slice_is(mou.purposes[0].allowed[0], "cough_weeks"));
    assert_int_equal(mou.purposes[1].required_count, 0);
    assert_int_equal(mou.never_share_count, 2);
    assert_true(slice_is(mou.never_share[1], "photo"));
    assert_int_equal(mou.consent_days_max, 365);
    assert_int_equal(mou.signature_required_count, 3);
    assert_true(slice_is(mou.signatures_required[2], "social"));
    arena_release(&arena);
}

static void the_example_loads(void **state)
{
    struct arena arena;
    struct mou mou;
    struct yaml_problem problem;
    (void)state;
    assert_int_equal(arena_init(&arena, 1 << 20), ERR_NONE);
    assert_int_equal(yaml_mou_load(SOURCE_DIR "/conf/examples/mou.yaml", &arena,
                         &mou, &problem),
        ERR_NONE);
    assert_int_equal(mou.party_count, 3);
    assert_true(slice_is(mou.parties[2].name, "Centre for Social Assistance"));
    assert_int_equal(mou.pathway_count, 9);
    arena_release(&arena);
}

static void a_file_that_cannot_be_read_is_an_error(void **state)
{
    struct arena arena;
    struct mou mou;
    struct yaml_problem problem;
    char text[YAML_PROBLEM_TEXT_SIZE];
    (void)state;
    assert_int_equal(arena_init(&arena, 1 << 12), ERR_NONE);
    assert_int_equal(
        yaml_mou_load("/nonexistent/mou.yaml", &arena, &mou, &problem), ERR_IO);
    yaml_problem_format(&problem, text);
    assert_string_equal(text, "/nonexistent/mou.yaml: cannot be read: No such "
                              "file or directory");
    assert_int_equal(yaml_mou_load("/", &arena, &mou, &problem), ERR_IO);
    /* an endless one, too: no more is read than may be */
    assert_int_equal(
        yaml_mou_load("/dev/zero", &arena, &mou, &problem), ERR_INVALID);
    yaml_problem_format(&problem, text);
    assert_string_equal(text, "/dev/zero: is larger than 1048576 bytes");
    assert_int_equal(yaml_mou_load(SOURCE_DIR "/conf/examples/mou.yaml", &arena,
                         &mou, &problem),
        ERR_LIMIT);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_clause_is_loaded),
        cmocka_unit_test(every_finding_has_a_line_a_path_and_an_example),
        cmocka_unit_test(a_full_arena_is_an_error),
        cmocka_unit_test(the_example_loads),
        cmocka_unit_test(a_file_that_cannot_be_read_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
