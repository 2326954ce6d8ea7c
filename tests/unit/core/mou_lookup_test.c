#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/limits.h"
#include "core/mou.h"

#include <stdio.h>

#define ONE "aaaaaaaaaaaaaaaaaaaaaaaaaa"
#define TWO "bbbbbbbbbbbbbbbbbbbbbbbbbb"

static void each_thing_is_found_by_its_name(void **unused)
{
    (void)unused;
    const struct mou_party parties[] = {
        { .id = SLICE_LITERAL("opendoor"), .agency = { ONE } },
        { .id = SLICE_LITERAL("tbhosp"), .agency = { TWO } },
        { .id = SLICE_LITERAL("unbound") },
    };
    const struct mou_service services[] = {
        { .id = SLICE_LITERAL("tb.assess") },
        { .id = SLICE_LITERAL("hr.dropin") },
    };
    const struct mou_purpose purposes[] = {
        { .purpose = SLICE_LITERAL("shelter") },
        { .purpose = SLICE_LITERAL("tb_assessment") },
    };
    const struct mou mou = { .parties = parties,
        .party_count = 3,
        .services = services,
        .service_count = 2,
        .purposes = purposes,
        .purpose_count = 2 };
    const struct agency_id two = { TWO };
    const struct agency_id three = { "cccccccccccccccccccccccccc" };
    const struct agency_id nobody = { "" };
    assert_ptr_equal(mou_party_of(&mou, &two), &parties[1]);
    assert_null(mou_party_of(&mou, &three));
    assert_null(mou_party_of(&mou, &nobody)); /* not the unbound party */
    assert_ptr_equal(
        mou_party_named(&mou, SLICE_LITERAL("tbhosp")), &parties[1]);
    assert_null(mou_party_named(&mou, SLICE_LITERAL("tbhos")));
    assert_null(mou_party_named(&mou, SLICE_NONE));
    assert_ptr_equal(
        mou_service_named(&mou, SLICE_LITERAL("hr.dropin")), &services[1]);
    assert_null(mou_service_named(&mou, SLICE_LITERAL("tbhosp")));
    assert_ptr_equal(
        mou_purpose_named(&mou, SLICE_LITERAL("shelter")), &purposes[0]);
    assert_null(mou_purpose_named(&mou, SLICE_LITERAL("shelter2")));
}

static void a_pathway_is_for_exactly_one_way_and_purpose(void **unused)
{
    (void)unused;
    const struct slice one = SLICE_LITERAL("opendoor");
    const struct slice two = SLICE_LITERAL("tbhosp");
    const struct slice service = SLICE_LITERAL("soc.shelter");
    const struct slice other = SLICE_LITERAL("soc.papers");
    const struct slice purpose = SLICE_LITERAL("shelter");
    const struct slice papers = SLICE_LITERAL("identity_papers");
    const struct mou_pathway pathways[] = {
        { .from = one, .to = service, .purpose = purpose },
        { .from = two, .to = service, .purpose = purpose },
        { .from = one, .to = other, .purpose = papers },
    };
    const struct mou mou = { .pathways = pathways, .pathway_count = 3 };
    assert_ptr_equal(
        mou_pathway_for(&mou, one, service, purpose), &pathways[0]);
    assert_ptr_equal(
        mou_pathway_for(&mou, two, service, purpose), &pathways[1]);
    assert_ptr_equal(mou_pathway_for(&mou, one, other, papers), &pathways[2]);
    assert_null(mou_pathway_for(&mou, two, other, papers));
    assert_null(mou_pathway_for(&mou, one, other, purpose));
    assert_null(mou_pathway_for(&mou, one, service, papers));
}

static void a_pathway_that_stands_twice_is_found_among_many(void **unused)
{
    (void)unused;
    static struct mou_pathway pathways[MOU_PATHWAY_COUNT_MAX];
    static char names[MOU_PATHWAY_COUNT_MAX][8];
    struct mou mou = { .pathways = pathways,
        .pathway_count = MOU_PATHWAY_COUNT_MAX };
    size_t last = MOU_PATHWAY_COUNT_MAX - 1;
    size_t first = 0;
    for (size_t i = 0; i <= last; i++) {
        (void)snprintf(names[i], sizeof names[i], "s%zu", i / 2);
        pathways[i] = (struct mou_pathway){ .from = SLICE_LITERAL("opendoor"),
            .to = slice_of_text(names[i]),
            .purpose = i % 2 == 0 ? SLICE_LITERAL("shelter")
                                  : SLICE_LITERAL("papers") };
    }
    assert_int_equal(mou_pathway_twice(&mou, &first), mou.pathway_count);
    pathways[last] = pathways[7];
    assert_int_equal(mou_pathway_twice(&mou, &first), last);
    assert_int_equal(first, 7);
    pathways[20] = pathways[3];
    pathways[30] = pathways[3];
    assert_int_equal(mou_pathway_twice(&mou, &first), 20);
    assert_int_equal(first, 3);
    mou.pathway_count = 20;
    assert_int_equal(mou_pathway_twice(&mou, &first), 20);
    mou.pathway_count = 0;
    assert_int_equal(mou_pathway_twice(&mou, &first), 0);
}

static void it_is_dated_from_its_first_instant_to_before_its_last(void **unused)
{
    (void)unused;
    const struct mou mou = { .from = { 100 }, .until = { 200 } };
    assert_false(mou_is_dated(&mou, (struct instant){ 99 }));
    assert_true(mou_is_dated(&mou, (struct instant){ 100 }));
    assert_true(mou_is_dated(&mou, (struct instant){ 199 }));
    assert_false(mou_is_dated(&mou, (struct instant){ 200 }));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_thing_is_found_by_its_name),
        cmocka_unit_test(a_pathway_is_for_exactly_one_way_and_purpose),
        cmocka_unit_test(a_pathway_that_stands_twice_is_found_among_many),
        cmocka_unit_test(it_is_dated_from_its_first_instant_to_before_its_last),
    };
    return cmocka_run_group_tests_name("core/mou_lookup", tests, NULL, NULL);
}
