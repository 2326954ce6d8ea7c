#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/keys.h"
#include "core/port.h"

static const struct uuid uuid = { { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07,
    0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10 } };
static const struct mou_id mou = { { 0xaa, 0xbb } };
static const uint8_t hash[16] = { 0xc0, 0xff, 0xee };

#define AT_16 "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"

static void every_table_has_its_letter_and_layout(void **state)
{
    const struct {
        struct key key;
        size_t size;
        const char *begins;
        size_t begin_size;
    } rows[] = {
        { key_node(), 1, "n", 1 },
        { key_peer(0x01020304), 5, "p\x01\x02\x03\x04", 5 },
        { key_ledger(5, 2, 1), 7, "l\0\0\0\x05\x02\x01", 7 },
        { key_entries(6, 0x102), 13, "e\0\0\0\x06\0\0\0\0\0\0\x01\x02", 13 },
        { key_revocation(7), 5, "v\0\0\0\x07", 5 },
        { key_card(7, 2), 13, "h\0\0\0\x07\0\0\0\0\0\0\0\x02", 13 },
        { key_intent(6, 3), 13, "o\0\0\0\x06\0\0\0\0\0\0\0\x03", 13 },
        { key_content(UINT64_MAX), 9, "c\xff\xff\xff\xff\xff\xff\xff\xff", 9 },
        { key_referral(&uuid), 17, "r" AT_16, 17 },
        { key_feed(9), 9, "f\0\0\0\0\0\0\0\x09", 9 },
        { key_cursor(SLICE_LITERAL("ward")), 5, "uward", 5 },
        { key_cursor(SLICE_NONE), 1, "u", 1 },
        { key_repeat(5, hash), 21, "k\0\0\0\x05\xc0\xff\xee\0", 9 },
        { key_repeat_filter(5), 9, "k\xff\xff\xff\xfe\0\0\0\x05", 9 },
        { key_repeat_log(6), 13, "k\xff\xff\xff\xff\0\0\0\0\0\0\0\x06", 13 },
        { key_due(9, &uuid), KEY_DUE_SIZE, "x\0\0\0\0\0\0\0\x09" AT_16, 25 },
        { key_waiting(5, 6, 7, &uuid), KEY_WAITING_SIZE,
            "w\0\0\0\x05\0\0\0\x06\0\0\0\0\0\0\0\x07" AT_16, 33 },
        { key_taken(9, &uuid), KEY_TAKEN_SIZE, "t\0\0\0\0\0\0\0\x09" AT_16,
            25 },
        { key_mou(&mou), 33, "m\xaa\xbb\0", 4 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice key = key_slice(&rows[i].key);
        assert_int_equal(key.size, rows[i].size);
        assert_memory_equal(key.bytes, rows[i].begins, rows[i].begin_size);
    }
}

static int compare(struct key a, struct key b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = memcmp(a.bytes, b.bytes, size);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static void keys_sort_as_their_numbers_do(void **state)
{
    static const uint64_t numbers[] = { 0, 1, 127, 128, 255, 256, 65535, 65536,
        UINT32_MAX, (uint64_t)UINT32_MAX + 1, INT64_MAX, UINT64_MAX };
    (void)state;
    for (size_t i = 1; i < sizeof numbers / sizeof *numbers; i++) {
        uint64_t low = numbers[i - 1];
        uint64_t high = numbers[i];
        assert_true(compare(key_content(low), key_content(high)) < 0);
        assert_true(compare(key_feed(low), key_feed(high)) < 0);
        assert_true(compare(key_entries(7, low), key_entries(7, high)) < 0);
        assert_true(compare(key_intent(7, low), key_intent(7, high)) < 0);
        if (high <= UINT32_MAX)
            assert_true(
                compare(key_peer((uint32_t)low), key_peer((uint32_t)high)) < 0);
    }
    assert_true(compare(key_entries(7, UINT64_MAX), key_entries(8, 0)) < 0);
}

static void one_ledgers_keys_share_a_prefix_that_no_other_has(void **state)
{
    struct key first = key_entries(7, 0);
    struct key last = key_entries(7, UINT64_MAX);
    struct key other = key_entries(0x0700, 0);
    struct key intent = key_intent(7, 5);
    struct key next = key_intent(8, 5);
    (void)state;
    assert_memory_equal(first.bytes, last.bytes, KEY_LEDGER_PARTS_SIZE);
    assert_memory_not_equal(first.bytes, other.bytes, KEY_LEDGER_PARTS_SIZE);
    assert_memory_not_equal(first.bytes, intent.bytes, KEY_LEDGER_PARTS_SIZE);
    assert_memory_not_equal(intent.bytes, next.bytes, KEY_LEDGER_PARTS_SIZE);
}

static void the_number_of_a_key_is_its_last_eight_bytes(void **state)
{
    static const uint64_t numbers[] = { 0, 1, 0x1234, UINT64_MAX };
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct key feed = key_feed(numbers[i]);
        struct key entries = key_entries(9, numbers[i]);
        assert_int_equal(key_number(key_slice(&feed)), numbers[i]);
        assert_int_equal(key_number(key_slice(&entries)), numbers[i]);
    }
}

static void the_longest_name_has_room_for_what_follows_it(void **state)
{
    char name[CODE_SIZE_MAX];
    (void)state;
    memset(name, 'x', sizeof name);
    struct key key = key_cursor(SLICE_ARRAY(name));
    assert_int_equal(key.size, 1 + CODE_SIZE_MAX);
    assert_true(key.size < KEY_BYTES_MAX);
    _Static_assert(KEY_BYTES_MAX <= STORE_KEY_SIZE_MAX, "a store takes it");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_table_has_its_letter_and_layout),
        cmocka_unit_test(keys_sort_as_their_numbers_do),
        cmocka_unit_test(one_ledgers_keys_share_a_prefix_that_no_other_has),
        cmocka_unit_test(the_number_of_a_key_is_its_last_eight_bytes),
        cmocka_unit_test(the_longest_name_has_room_for_what_follows_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
