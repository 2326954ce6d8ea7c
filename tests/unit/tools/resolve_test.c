#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>

#include "referctl/resolve.h"

#define OPEN_DOOR "aaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HOSPITAL "abbbbbbbbbbbbbbbbbbbbbbbbb"
#define SOCIAL "cccccccccccccccccccccccccc"
#define TWIN "dddddddddddddddddddddddddd"

static struct records agencies(struct pool *pool)
{
    static const char *const rows[][2] = {
        { OPEN_DOOR, "Open Door" }, { HOSPITAL, "City TB Hospital" },
        { SOCIAL, "Дом" }, { TWIN, "дом" },
        { OPEN_DOOR, "Open Door" }, /* listed twice: ours, and by a peer */
    };
    struct records records = { 0 };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct record *record = records_add(pool, &records, "peer");
        record_put_text(pool, record, "agency", rows[i][0]);
        record_put_text(pool, record, "name", rows[i][1]);
    }
    return records;
}

static void agencies_go_by_id_prefix_or_name(void **state)
{
    static const struct {
        const char *text;
        enum match match;
        size_t index;
    } rows[] = {
        { HOSPITAL, MATCH_ONE, 1 },
        { "ab", MATCH_ONE, 1 },
        { "city tb hospital", MATCH_ONE, 1 },
        { "OPEN DOOR", MATCH_ONE, 4 },
        { "aaaa", MATCH_ONE, 4 },
        { "cccc", MATCH_ONE, 2 },
        { "ДОМ", MATCH_MANY, 0 }, /* two agencies of one name */
        { "a", MATCH_NONE, 0 },   /* too short to be meant */
        { "", MATCH_NONE, 0 },
        { "city", MATCH_NONE, 0 }, /* half a name is a guess */
        { "zz", MATCH_NONE, 0 },
    };
    struct pool pool = { 0 };
    struct records records = agencies(&pool);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t index = 99;
        assert_int_equal(
            resolve_among(&records, "agency", "name", rows[i].text, &index),
            rows[i].match);
        if (rows[i].match == MATCH_ONE)
            assert_int_equal(index, rows[i].index);
    }
    pool_release(&pool);
}

static void referrals_go_with_or_without_their_urn(void **state)
{
    static const char *const ids[] = {
        "urn:uuid:0190b2c4-0000-7000-8000-000000000001",
        "urn:uuid:0190b2c4-0000-7000-8000-000000000002",
        "urn:uuid:0190ffff-0000-7000-8000-000000000003",
    };
    struct pool pool = { 0 };
    struct records records = { 0 };
    size_t index = 99;
    (void)state;
    for (size_t i = 0; i < 3; i++)
        record_put_text(
            &pool, records_add(&pool, &records, "referral"), "id", ids[i]);
    assert_int_equal(
        resolve_among(&records, "id", NULL, "0190f", &index), MATCH_ONE);
    assert_int_equal(index, 2);
    assert_int_equal(
        resolve_among(&records, "id", NULL, "urn:uuid:0190f", &index),
        MATCH_ONE);
    assert_int_equal(
        resolve_among(&records, "id", NULL, "0190b2c4", &index), MATCH_MANY);
    assert_int_equal(
        resolve_among(&records, "id", NULL, ids[1], &index), MATCH_ONE);
    assert_int_equal(index, 1);
    assert_int_equal(
        resolve_among(&records, "id", NULL, "urn:uuid:", &index), MATCH_NONE);
    pool_release(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agencies_go_by_id_prefix_or_name),
        cmocka_unit_test(referrals_go_with_or_without_their_urn),
    };
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
