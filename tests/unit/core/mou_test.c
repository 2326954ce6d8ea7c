#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/card.h"
#include "core/mou.h"
#include "support/crypto_fake.h"

#define PARTY_COUNT 3
#define MANY 3000

/* An agreement of three, and room to spoil it. */
struct desk {
    struct crypto *crypto[PARTY_COUNT];
    struct arena arena;
    struct mou mou;
    struct mou_party parties[MOU_PARTY_COUNT_MAX + 1];
    struct mou_service services[MOU_SERVICE_COUNT_MAX + 1];
    struct mou_pathway pathways[MANY];
    struct mou_purpose purposes[MOU_PURPOSE_COUNT_MAX + 1];
    struct slice required[MOU_ELEMENT_COUNT_MAX + 1];
    struct slice allowed[MOU_ELEMENT_COUNT_MAX + 1];
    struct slice never_share[MOU_ELEMENT_COUNT_MAX + 1];
    struct slice signatures[MOU_PARTY_COUNT_MAX + 1];
};

static void set_parties(struct desk *desk)
{
    static const char *const ids[PARTY_COUNT] = { "opendoor", "tbhosp",
        "social" };
    for (size_t i = 0; i < PARTY_COUNT; i++) {
        struct mou_party *party = &desk->parties[i];
        desk->crypto[i] = crypto_fake_new(i + 1, 0, 0);
        *party = (struct mou_party){
            .id = slice_of_text(ids[i]),
            .name = SLICE_LITERAL("An agency"),
            .refers = true,
            .receives = i > 0,
        };
        crypto_fake_root_public(desk->crypto[i], party->root_key);
        agency_id_of(desk->crypto[i], party->root_key, &party->agency);
        desk->signatures[i] = party->id;
    }
    desk->mou.parties = desk->parties;
    desk->mou.party_count = PARTY_COUNT;
    desk->mou.signatures_required = desk->signatures;
    desk->mou.signature_required_count = PARTY_COUNT;
}

static void set_clauses(struct desk *desk)
{
    desk->services[0] = (struct mou_service){
        .id = SLICE_LITERAL("tb.assess"),
        .party = SLICE_LITERAL("tbhosp"),
        .name = SLICE_LITERAL("TB check"),
        .walk_in = true,
    };
    desk->services[1] = (struct mou_service){
        .id = SLICE_LITERAL("soc.papers"),
        .party = SLICE_LITERAL("social"),
        .name = SLICE_LITERAL("Identity papers"),
        .booked = true,
        .outreach = true,
    };
    desk->pathways[0] = (struct mou_pathway){
        .from = SLICE_LITERAL("opendoor"),
        .to = SLICE_LITERAL("tb.assess"),
        .purpose = SLICE_LITERAL("tb_assessment"),
        .hops_max = 1,
        .forward = MOU_FORWARD_WITH_CONSENT,
    };
    desk->pathways[1] = (struct mou_pathway){
        .from = SLICE_LITERAL("tbhosp"),
        .to = SLICE_LITERAL("soc.papers"),
        .purpose = SLICE_LITERAL("identity_papers"),
        .forward = MOU_FORWARD_NEVER,
    };
    desk->required[0] = SLICE_LITERAL("call_name");
    desk->required[1] = SLICE_LITERAL("contact_route");
    desk->allowed[0] = SLICE_LITERAL("cough_weeks");
    desk->allowed[1] = SLICE_LITERAL("language");
    desk->purposes[0] = (struct mou_purpose){
        .purpose = SLICE_LITERAL("tb_assessment"),
        .required = desk->required,
        .required_count = 2,
        .allowed = desk->allowed,
        .allowed_count = 2,
    };
    desk->purposes[1] = (struct mou_purpose){
        .purpose = SLICE_LITERAL("identity_papers"),
        .required = desk->required,
        .required_count = 1,
    };
    desk->never_share[0] = SLICE_LITERAL("arrest_history");
    desk->never_share[1] = SLICE_LITERAL("photo");
}

static struct desk *desk_open(void)
{
    struct desk *desk = test_calloc(1, sizeof *desk);
    assert_int_equal(arena_init(&desk->arena, 4 << 20), ERR_NONE);
    desk->mou = (struct mou){
        .id = SLICE_LITERAL("urn:mou:city:tb"),
        .title = SLICE_LITERAL("Referrals between three agencies"),
        .version = 1,
        .from = { 1767225600000 },
        .until = { 1830297600000 },
        .services = desk->services,
        .service_count = 2,
        .pathways = desk->pathways,
        .pathway_count = 2,
        .purposes = desk->purposes,
        .purpose_count = 2,
        .never_share = desk->never_share,
        .never_share_count = 2,
        .consent_days_max = 365,
    };
    set_parties(desk);
    set_clauses(desk);
    return desk;
}

static void desk_close(struct desk *desk)
{
    for (size_t i = 0; i < PARTY_COUNT; i++)
        crypto_fake_free(desk->crypto[i]);
    arena_release(&desk->arena);
    test_free(desk);
}

static void assert_same_list(const struct slice *a, size_t a_count,
    const struct slice *b, size_t b_count)
{
    assert_int_equal(a_count, b_count);
    for (size_t i = 0; i < a_count; i++)
        assert_true(slice_equal(a[i], b[i]));
}

static void what_is_written_reads_back(void **state)
{
    struct desk *desk = desk_open();
    const struct mou *mou = &desk->mou;
    struct mou back;
    struct mou_problem problem;
    (void)state;
    struct slice bytes = mou_bytes(mou, &desk->arena);
    assert_non_null(bytes.bytes);
    assert_int_equal(
        mou_read(desk->crypto[0], bytes, &desk->arena, &back, &problem),
        ERR_NONE);
    assert_true(slice_equal(back.id, mou->id));
    assert_true(slice_equal(back.title, mou->title));
    assert_int_equal(back.version, 1);
    assert_int_equal(back.from.unix_ms, mou->from.unix_ms);
    assert_int_equal(back.until.unix_ms, mou->until.unix_ms);
    assert_int_equal(back.consent_days_max, 365);
    assert_int_equal(back.party_count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true(slice_equal(back.parties[i].id, mou->parties[i].id));
        assert_true(slice_equal(back.parties[i].name, mou->parties[i].name));
        assert_true(
            agency_id_equal(&back.parties[i].agency, &mou->parties[i].agency));
        assert_memory_equal(
            back.parties[i].root_key, mou->parties[i].root_key, KEY_SIZE);
        assert_true(back.parties[i].refers);
        assert_int_equal(back.parties[i].receives, i > 0);
    }
    assert_int_equal(back.service_count, 2);
    assert_true(slice_is(back.services[1].id, "soc.papers"));
    assert_true(slice_is(back.services[1].party, "social"));
    assert_true(slice_is(back.services[1].name, "Identity papers"));
    assert_true(back.services[0].walk_in && !back.services[1].walk_in);
    assert_true(back.services[1].booked && !back.services[0].booked);
    assert_true(back.services[1].outreach && !back.services[0].outreach);
    assert_int_equal(back.pathway_count, 2);
    assert_true(slice_is(back.pathways[0].from, "opendoor"));
    assert_true(slice_is(back.pathways[0].to, "tb.assess"));
    assert_true(slice_is(back.pathways[0].purpose, "tb_assessment"));
    assert_int_equal(back.pathways[0].hops_max, 1);
    assert_int_equal(back.pathways[0].forward, MOU_FORWARD_WITH_CONSENT);
    assert_int_equal(back.pathways[1].forward, MOU_FORWARD_NEVER);
    assert_int_equal(back.purpose_count, 2);
    assert_true(slice_is(back.purposes[1].purpose, "identity_papers"));
    for (size_t i = 0; i < 2; i++) {
        assert_same_list(back.purposes[i].required,
            back.purposes[i].required_count, mou->purposes[i].required,
            mou->purposes[i].required_count);
        assert_same_list(back.purposes[i].allowed,
            back.purposes[i].allowed_count, mou->purposes[i].allowed,
            mou->purposes[i].allowed_count);
    }
    assert_same_list(
        back.never_share, back.never_share_count, mou->never_share, 2);
    assert_same_list(back.signatures_required, back.signature_required_count,
        mou->signatures_required, 3);
    assert_true(slice_equal(mou_bytes(&back, &desk->arena), bytes));
    desk_close(desk);
}

/* ---- Cross-checks ---- */

/* Each spoils one thing. */
#define SPOIL(name, ...)                                                       \
    static void name(struct desk *desk)                                        \
    {                                                                          \
        __VA_ARGS__;                                                           \
    }

SPOIL(id_without_urn, desk->mou.id = SLICE_LITERAL("mou:city"))
SPOIL(title_empty, desk->mou.title = SLICE_NONE)
SPOIL(title_of_two_lines, desk->mou.title = SLICE_LITERAL("a\nb"))
SPOIL(version_zero, desk->mou.version = 0)
SPOIL(ends_when_it_begins, desk->mou.until = desk->mou.from)
SPOIL(begins_before_1970, desk->mou.from.unix_ms = -1)
SPOIL(one_party, desk->mou.party_count = 1)
SPOIL(no_services, desk->mou.service_count = 0)
SPOIL(no_pathways, desk->mou.pathway_count = 0)
SPOIL(no_purposes, desk->mou.purpose_count = 0)
SPOIL(one_signature, desk->mou.signature_required_count = 1)
SPOIL(many_parties, desk->mou.party_count = MOU_PARTY_COUNT_MAX + 1)
SPOIL(many_services, desk->mou.service_count = MOU_SERVICE_COUNT_MAX + 1)
SPOIL(many_pathways, desk->mou.pathway_count = MOU_PATHWAY_COUNT_MAX + 1)
SPOIL(many_purposes, desk->mou.purpose_count = MOU_PURPOSE_COUNT_MAX + 1)
SPOIL(many_never, desk->mou.never_share_count = MOU_ELEMENT_COUNT_MAX + 1)
SPOIL(many_signatures,
    desk->mou.signature_required_count = MOU_PARTY_COUNT_MAX + 1)
SPOIL(
    many_required, desk->purposes[1].required_count = MOU_ELEMENT_COUNT_MAX + 1)
SPOIL(party_id_no_code, desk->parties[1].id = SLICE_LITERAL("TB hosp"))
SPOIL(party_id_twice, desk->parties[1].id = SLICE_LITERAL("opendoor"))
SPOIL(party_name_empty, desk->parties[2].name = SLICE_NONE)
SPOIL(party_without_role, desk->parties[0].refers = false)
SPOIL(party_unbound, desk->parties[1].agency = (struct agency_id){ "" })
SPOIL(party_with_anothers_key,
    memcpy(desk->parties[1].root_key, desk->parties[0].root_key, KEY_SIZE))
SPOIL(party_with_an_unsound_key, memset(desk->parties[1].root_key, 0, KEY_SIZE);
      agency_id_of(
          desk->crypto[0], desk->parties[1].root_key, &desk->parties[1].agency))
SPOIL(parties_of_one_agency,
      memcpy(desk->parties[2].root_key, desk->parties[1].root_key, KEY_SIZE);
      desk->parties[2].agency = desk->parties[1].agency)
SPOIL(service_id_no_code, desk->services[0].id = SLICE_LITERAL("tb assess"))
SPOIL(service_id_twice, desk->services[1].id = SLICE_LITERAL("tb.assess"))
SPOIL(service_of_nobody, desk->services[0].party = SLICE_LITERAL("tbhsp"))
SPOIL(service_of_a_party_that_only_refers,
    desk->services[0].party = SLICE_LITERAL("opendoor"))
SPOIL(service_name_empty, desk->services[0].name = SLICE_NONE)
SPOIL(service_nobody_gets_into, desk->services[0].walk_in = false)
SPOIL(pathway_from_nobody, desk->pathways[0].from = SLICE_LITERAL("opndoor"))
SPOIL(pathway_from_one_who_only_receives, desk->parties[1].refers = false)
SPOIL(pathway_to_nothing, desk->pathways[1].to = SLICE_LITERAL("soc.paper"))
SPOIL(pathway_to_itself, desk->pathways[1].from = SLICE_LITERAL("social"))
SPOIL(pathway_for_nothing, desk->pathways[0].purpose = SLICE_LITERAL("x"))
SPOIL(pathway_with_a_foreign_byte,
    desk->pathways[0].purpose = SLICE_LITERAL("x\x1b[2J"))
SPOIL(pathway_of_many_hops, desk->pathways[0].hops_max = 9)
SPOIL(pathway_without_forward, desk->pathways[0].forward = 0)
SPOIL(pathway_twice, desk->pathways[1] = desk->pathways[0])
SPOIL(purpose_no_code,
      desk->pathways[0].purpose = desk->purposes[0].purpose = SLICE_LITERAL(
          "tb_assessment");
      desk->purposes[1].purpose = SLICE_LITERAL("Papers");
      desk->mou.pathway_count = 1)
SPOIL(purpose_twice, desk->pathways[1].purpose = desk->purposes[0].purpose;
      desk->purposes[1].purpose = desk->purposes[0].purpose)
SPOIL(element_unknown, desk->required[1] = SLICE_LITERAL("contact_rout"))
SPOIL(element_unlike_any, desk->allowed[1] = SLICE_LITERAL("zzzzzzzzzzzz"))
SPOIL(element_twice, desk->allowed[1] = SLICE_LITERAL("cough_weeks"))
SPOIL(element_required_and_allowed,
    desk->allowed[1] = SLICE_LITERAL("contact_route"))
SPOIL(element_never_shared, desk->allowed[1] = SLICE_LITERAL("photo"))
SPOIL(never_share_unknown, desk->never_share[1] = SLICE_LITERAL("foto"))
SPOIL(never_share_twice, desk->never_share[1] = desk->never_share[0])
SPOIL(consent_zero, desk->mou.consent_days_max = 0)
SPOIL(consent_for_ever, desk->mou.consent_days_max = 3651)
SPOIL(content_for_ever, desk->mou.content_days = 3651)
SPOIL(names_for_ever, desk->mou.identifiers_days = 3651)
SPOIL(names_outlive_content,
    (desk->mou.content_days = 30, desk->mou.identifiers_days = 31))
SPOIL(signature_of_nobody, desk->signatures[1] = SLICE_LITERAL("hospital"))
SPOIL(signature_twice, desk->signatures[1] = SLICE_LITERAL("opendoor"))
SPOIL(signature_of_a_party_missing, desk->mou.signature_required_count = 2)

#define USE_ELEMENTS "access_needs, agonist_treatment, allergies, "
#define CODE_REMEDY "use 1 to 64 of a-z, 0-9, hyphen, dot and underscore"

/* clang-format off */
static const struct {
    void (*spoil)(struct desk *);
    const char *path;
    const char *reason;
    const char *remedy; /* its beginning */
} findings[] = {
    { id_without_urn, "id", "is no URN", "use a name such as urn:mou:" },
    { title_empty, "title", "is not one line of text", "write one line" },
    { title_of_two_lines, "title", "is not one line of text", "write" },
    { version_zero, "version", "is 0", "count from 1" },
    { ends_when_it_begins, "in_force.until", "ends before it begins",
      "let until be" },
    { begins_before_1970, "in_force.until", "ends before it begins", "let" },
    { one_party, "parties", "has too few or too many entries",
      "list from 2 to 64" },
    { no_services, "services", "has too few or too many entries",
      "list from 1 to 256" },
    { no_pathways, "pathways", "has too few or too many entries",
      "list from 1 to 2048" },
    { no_purposes, "data_elements", "has too few or too many entries",
      "list from 1 to 128" },
    { one_signature, "signatures_required",
      "has too few or too many entries", "list from 2 to 64" },
    { party_id_no_code, "parties[1].id", "is no code", CODE_REMEDY },
    { party_id_twice, "parties[1].id", "names two parties: opendoor",
      "give each its own" },
    { party_name_empty, "parties[2].name", "is not one line of text",
      "write one line" },
    { party_without_role, "parties[0].role", "is empty",
      "use one of: refers, receives" },
    { party_unbound, "parties[1].agency", "is bound to no agency: tbhosp",
      "offer the MOU with the card of this party" },
    { party_with_anothers_key, "parties[1].agency",
      "is not the hash of a sound root key: tbhosp", "offer" },
    { party_with_an_unsound_key, "parties[1].agency",
      "is not the hash of a sound root key: tbhosp", "offer" },
    { parties_of_one_agency, "parties[2].agency",
      "is the agency of another party too: tbhosp", "bind each party" },
    { service_id_no_code, "services[0].id", "is no code", CODE_REMEDY },
    { service_id_twice, "services[1].id", "names two services: tb.assess",
      "give each its own" },
    { service_of_nobody, "services[0].party", "names no party: tbhsp",
      "use one of: tbhosp, social" },
    { service_of_a_party_that_only_refers, "services[0].party",
      "names a party that does not receive: opendoor",
      "use one of: tbhosp, social" },
    { service_name_empty, "services[0].name", "is not one line of text",
      "write one line" },
    { service_nobody_gets_into, "services[0].access_mode", "is empty",
      "use one of: walk_in, booked, outreach" },
    { pathway_from_nobody, "pathways[0].from", "names no party: opndoor",
      "use one of: opendoor, tbhosp, social" },
    { pathway_from_one_who_only_receives, "pathways[1].from",
      "names a party that does not refer: tbhosp",
      "use one of: opendoor, social" },
    { pathway_to_nothing, "pathways[1].to", "names no service: soc.paper",
      "use one of: soc.papers, tb.assess" },
    { pathway_to_itself, "pathways[1].to",
      "names a service of the referring party itself: soc.papers",
      "use a service of another party" },
    { pathway_for_nothing, "pathways[0].purpose",
      "names no purpose of data_elements: x",
      "use one of: tb_assessment, identity_papers" },
    { pathway_with_a_foreign_byte, "pathways[0].purpose",
      "names no purpose of data_elements",
      "use one of: tb_assessment, identity_papers" },
    { pathway_of_many_hops, "pathways[0].max_hops", "is too many",
      "use a number from 0 to 8" },
    { pathway_without_forward, "pathways[0].forward", "is missing",
      "use one of: never, with_consent" },
    { pathway_twice, "pathways[1]",
      "is for the same from, to and purpose as pathways[0]",
      "delete one of the two" },
    { purpose_no_code, "data_elements[1].purpose", "is no code",
      CODE_REMEDY },
    { purpose_twice, "data_elements[1].purpose",
      "stands twice: tb_assessment", "give each its own" },
    { element_unknown, "data_elements[0].required[1]",
      "is no element of the registry: contact_rout",
      "use one of: contact_route, " USE_ELEMENTS },
    { element_unlike_any, "data_elements[0].allowed[1]",
      "is no element of the registry: zzzzzzzzzzzz",
      "use one of: " USE_ELEMENTS },
    { element_twice, "data_elements[0].allowed[1]",
      "stands twice: cough_weeks", "delete one of the two" },
    { element_required_and_allowed, "data_elements[0].allowed[1]",
      "is both required and allowed: contact_route", "delete one" },
    { element_never_shared, "data_elements[0].allowed[1]",
      "is named by never_share: photo", "delete it here or there" },
    { never_share_unknown, "never_share[1]",
      "is no element of the registry: foto", "use one of: photo, " },
    { never_share_twice, "never_share[1]", "stands twice: arrest_history",
      "delete one of the two" },
    { consent_zero, "consent.max_expiry_days",
      "is not a number of days that consent can last",
      "use a number from 1 to 3650" },
    { consent_for_ever, "consent.max_expiry_days",
      "is not a number of days that consent can last", "use" },
    { content_for_ever, "retention.referral_content_days",
      "is not a number of days that words may be held", "use" },
    { names_for_ever, "retention.identifiers_days",
      "is not a number of days that words may be held", "use" },
    { names_outlive_content, "retention.identifiers_days",
      "is more than referral_content_days", "use fewer days" },
    { signature_of_nobody, "signatures_required[1]",
      "names no party: hospital", "use one of: opendoor, tbhosp, social" },
    { signature_twice, "signatures_required[1]", "stands twice: opendoor",
      "delete one of the two" },
    { signature_of_a_party_missing, "signatures_required",
      "lacks social, a party of pathways[1]",
      "add social, or delete the pathway" },
};

static const struct {
    void (*spoil)(struct desk *);
    const char *path;
} beyond_limits[] = {
    { many_parties,    "parties" },
    { many_services,   "services" },
    { many_pathways,   "pathways" },
    { many_purposes,   "data_elements" },
    { many_never,      "never_share" },
    { many_signatures, "signatures_required" },
    { many_required,   "data_elements[1]" },
};
/* clang-format on */

static void every_finding_has_its_place_reason_and_remedy(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof findings / sizeof *findings; i++) {
        struct desk *desk = desk_open();
        struct mou_problem problem;
        assert_int_equal(
            mou_check(desk->crypto[0], &desk->mou, true, &problem), ERR_NONE);
        findings[i].spoil(desk);
        assert_int_equal(mou_check(desk->crypto[0], &desk->mou, true, &problem),
            ERR_INVALID);
        assert_string_equal(problem.path, findings[i].path);
        assert_string_equal(problem.reason, findings[i].reason);
        problem.remedy[strlen(findings[i].remedy)] = '\0';
        assert_string_equal(problem.remedy, findings[i].remedy);
        desk_close(desk);
    }
}

static void every_list_has_a_limit(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof beyond_limits / sizeof *beyond_limits; i++) {
        struct desk *desk = desk_open();
        struct mou_problem problem;
        beyond_limits[i].spoil(desk);
        assert_int_equal(
            mou_check(desk->crypto[0], &desk->mou, true, &problem), ERR_LIMIT);
        assert_string_equal(problem.path, beyond_limits[i].path);
        assert_null(mou_bytes(&desk->mou, &desk->arena).bytes);
        desk_close(desk);
    }
}

static void a_long_list_of_candidates_is_cut(void **state)
{
    struct desk *desk = desk_open();
    struct mou_problem problem;
    (void)state;
    element_unlike_any(desk);
    assert_int_equal(mou_check(NULL, &desk->mou, false, &problem), ERR_INVALID);
    size_t size = strlen(problem.remedy);
    assert_true(size > 100 && size < MOU_PROBLEM_SIZE);
    assert_string_equal(problem.remedy + size - 5, ", ...");
    desk_close(desk);
}

static void before_it_is_offered_no_party_needs_an_agency(void **state)
{
    struct desk *desk = desk_open();
    struct mou_problem problem;
    struct mou back;
    (void)state;
    for (size_t i = 0; i < PARTY_COUNT; i++) {
        desk->parties[i].agency = (struct agency_id){ "" };
        memset(desk->parties[i].root_key, 0, KEY_SIZE);
    }
    assert_int_equal(mou_check(NULL, &desk->mou, false, &problem), ERR_NONE);
    struct slice bytes = mou_bytes(&desk->mou, &desk->arena);
    assert_int_equal(
        mou_read(desk->crypto[0], bytes, &desk->arena, &back, &problem),
        ERR_INVALID);
    assert_string_equal(problem.path, "parties[0].agency");
    assert_string_equal(problem.reason, "is bound to no agency: opendoor");
    desk_close(desk);
}

/* ---- Bytes ---- */

static void no_part_of_an_agreement_can_be_cut_off(void **state)
{
    struct desk *desk = desk_open();
    struct mou back;
    struct mou_problem problem;
    (void)state;
    struct slice bytes = mou_bytes(&desk->mou, &desk->arena);
    size_t mark = desk->arena.used;
    for (size_t size = 0; size < bytes.size; size++) {
        assert_int_not_equal(
            mou_read(desk->crypto[0], slice_of(bytes.bytes, size), &desk->arena,
                &back, &problem),
            ERR_NONE);
        desk->arena.used = mark;
    }
    desk_close(desk);
}

static void an_unknown_field_is_refused(void **state)
{
    struct desk *desk = desk_open();
    struct mou back;
    struct mou_problem problem;
    (void)state;
    struct slice bytes = mou_bytes(&desk->mou, &desk->arena);
    uint8_t *longer = arena_take(&desk->arena, bytes.size + 2);
    memcpy(longer, bytes.bytes, bytes.size);
    memcpy(longer + bytes.size, "\x68\x01", 2); /* field 13 = 1 */
    assert_int_equal(mou_read(desk->crypto[0], slice_of(longer, bytes.size + 2),
                         &desk->arena, &back, &problem),
        ERR_MALFORMED);
    assert_string_equal(problem.reason, "does not decode");
    desk_close(desk);
}

static void a_full_arena_is_an_error(void **state)
{
    struct desk *desk = desk_open();
    struct mou back;
    struct mou_problem problem;
    bool was_read = false;
    bool was_written = false;
    (void)state;
    struct slice bytes = mou_bytes(&desk->mou, &desk->arena);
    for (size_t capacity = 64; capacity < 32768; capacity += 64) {
        struct arena small;
        assert_int_equal(arena_init(&small, capacity), ERR_NONE);
        if (mou_bytes(&desk->mou, &small).bytes != NULL)
            was_written = true;
        else
            assert_false(was_written);
        arena_reset(&small);
        if (mou_read(desk->crypto[0], bytes, &small, &back, &problem) ==
            ERR_NONE)
            was_read = true;
        else
            assert_false(was_read);
        arena_release(&small);
    }
    assert_true(was_read && was_written);
    desk_close(desk);
}

/* ---- Signatures ---- */

static void sign(struct desk *desk, size_t party, const struct mou_id *id,
    struct mou_signature *signature)
{
    uint8_t statement[MOU_STATEMENT_SIZE];
    signature->agency = desk->parties[party].agency;
    mou_statement(id, statement);
    crypto_fake_root_sign(
        desk->crypto[party], SLICE_ARRAY(statement), signature->signature);
}

static void a_signature_holds_for_its_party_and_version_alone(void **state)
{
    struct desk *desk = desk_open();
    struct mou_id id;
    struct mou_id other_id;
    struct mou_signature signature;
    (void)state;
    mou_id_of(desk->crypto[0], mou_bytes(&desk->mou, &desk->arena), &id);
    sign(desk, 1, &id, &signature);
    assert_true(
        mou_signature_holds(desk->crypto[0], &desk->mou, &id, &signature));
    desk->mou.version = 2;
    mou_id_of(desk->crypto[0], mou_bytes(&desk->mou, &desk->arena), &other_id);
    assert_false(mou_signature_holds(
        desk->crypto[0], &desk->mou, &other_id, &signature));
    signature.agency = desk->parties[2].agency;
    assert_false(
        mou_signature_holds(desk->crypto[0], &desk->mou, &id, &signature));
    desk->mou.party_count = 2; /* no party any more */
    sign(desk, 2, &id, &signature);
    assert_false(
        mou_signature_holds(desk->crypto[0], &desk->mou, &id, &signature));
    desk_close(desk);
}

static void every_required_party_must_have_signed(void **state)
{
    struct desk *desk = desk_open();
    struct mou_signature signatures[4] = { 0 };
    (void)state;
    for (size_t i = 0; i < 3; i++)
        signatures[i].agency = desk->parties[2 - i].agency;
    assert_false(mou_is_signed(&desk->mou, signatures, 0));
    assert_false(mou_is_signed(&desk->mou, signatures, 2));
    assert_true(mou_is_signed(&desk->mou, signatures, 3));
    signatures[0] = signatures[1];
    assert_false(mou_is_signed(&desk->mou, signatures, 3));
    desk->mou.signature_required_count = 2; /* social need not */
    assert_true(mou_is_signed(&desk->mou, signatures, 3));
    desk->mou.signature_required_count = 0;
    assert_false(mou_is_signed(&desk->mou, signatures, 3));
    desk_close(desk);
}

/* ---- Contents of entries ---- */

static void an_offer_carries_an_agreement_and_signatures(void **state)
{
    struct desk *desk = desk_open();
    struct mou_signature signatures[2];
    struct mou_bundle bundle = {
        .mou = mou_bytes(&desk->mou, &desk->arena),
        .signatures = signatures,
        .signature_count = 2,
    };
    struct mou_bundle back;
    (void)state;
    mou_id_of(desk->crypto[0], bundle.mou, &bundle.id);
    sign(desk, 0, &bundle.id, &signatures[0]);
    sign(desk, 2, &bundle.id, &signatures[1]);
    struct slice bytes = mou_offer_write(&bundle, &desk->arena);
    assert_int_equal(
        mou_offer_read(desk->crypto[1], bytes, &desk->arena, &back), ERR_NONE);
    assert_true(slice_equal(back.mou, bundle.mou));
    assert_true(mou_id_equal(&back.id, &bundle.id));
    assert_int_equal(back.signature_count, 2);
    for (size_t i = 0; i < 2; i++)
        assert_true(mou_signature_holds(
            desk->crypto[1], &desk->mou, &back.id, &back.signatures[i]));

    bytes = mou_signatures_write(&bundle, &desk->arena);
    assert_int_equal(mou_signatures_read(bytes, &desk->arena, &back), ERR_NONE);
    assert_int_equal(back.mou.size, 0);
    assert_true(mou_id_equal(&back.id, &bundle.id));
    assert_int_equal(back.signature_count, 2);
    assert_memory_equal(
        back.signatures[1].signature, signatures[1].signature, SIGNATURE_SIZE);
    assert_true(
        agency_id_equal(&back.signatures[1].agency, &signatures[1].agency));
    desk_close(desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(every_finding_has_its_place_reason_and_remedy),
        cmocka_unit_test(every_list_has_a_limit),
        cmocka_unit_test(a_long_list_of_candidates_is_cut),
        cmocka_unit_test(before_it_is_offered_no_party_needs_an_agency),
        cmocka_unit_test(no_part_of_an_agreement_can_be_cut_off),
        cmocka_unit_test(an_unknown_field_is_refused),
        cmocka_unit_test(a_full_arena_is_an_error),
        cmocka_unit_test(a_signature_holds_for_its_party_and_version_alone),
        cmocka_unit_test(every_required_party_must_have_signed),
        cmocka_unit_test(an_offer_carries_an_agreement_and_signatures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
