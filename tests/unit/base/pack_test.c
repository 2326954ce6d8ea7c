#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/pack.h"

static const uint8_t row[] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
    0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 'a', 'b', 0, 0, 0, 3, 'x', 'y',
    'z', 0, 0, 0, 0 };

static struct packer row_pack(uint8_t *bytes, size_t capacity)
{
    struct packer packer = pack_into(bytes, capacity);
    pack_u8(&packer, 0x01);
    pack_u16(&packer, 0x0203);
    pack_u32(&packer, 0x04050607);
    pack_u64(&packer, UINT64_C(0x08090a0b0c0d0e0f));
    pack_fixed(&packer, "ab", 2);
    pack_bytes(&packer, SLICE_LITERAL("xyz"));
    pack_bytes(&packer, SLICE_NONE);
    return packer;
}

static void a_row_is_big_endian_and_counted(void **unused)
{
    (void)unused;
    uint8_t bytes[sizeof row];
    struct packer packer = row_pack(bytes, sizeof bytes);
    assert_int_equal(packer.err, ERR_NONE);
    assert_true(slice_equal(packed(&packer), SLICE_ARRAY(row)));
}

static void a_row_too_large_is_an_error_that_sticks(void **unused)
{
    (void)unused;
    for (size_t capacity = 0; capacity < sizeof row; capacity++) {
        uint8_t bytes[sizeof row + 1];
        bytes[capacity] = 0x77;
        struct packer packer = row_pack(bytes, capacity);
        assert_int_equal(packer.err, ERR_LIMIT);
        assert_int_equal(packed(&packer).size, 0);
        assert_int_equal(bytes[capacity], 0x77);
    }
    uint8_t bytes[4];
    struct packer packer = pack_into(bytes, sizeof bytes);
    pack_fixed(&packer, "hello", 5);
    pack_u8(&packer, 1); /* would fit */
    assert_int_equal(packer.err, ERR_LIMIT);
    packer = pack_into(bytes, sizeof bytes);
    pack_bytes(&packer, slice_of(bytes, (size_t)UINT32_MAX + 1));
    assert_int_equal(packer.err, ERR_LIMIT);
}

static void what_was_packed_is_unpacked(void **unused)
{
    (void)unused;
    struct unpacker unpacker = unpack_from(SLICE_ARRAY(row));
    char fixed[2];
    assert_int_equal(unpack_u8(&unpacker), 0x01);
    assert_int_equal(unpack_u16(&unpacker), 0x0203);
    assert_int_equal(unpack_u32(&unpacker), 0x04050607);
    assert_true(unpack_u64(&unpacker) == UINT64_C(0x08090a0b0c0d0e0f));
    unpack_fixed(&unpacker, fixed, sizeof fixed);
    assert_memory_equal(fixed, "ab", 2);
    assert_int_equal(unpack_end(&unpacker), ERR_CORRUPT); /* not yet */
    assert_true(slice_is(unpack_bytes(&unpacker), "xyz"));
    assert_int_equal(unpack_bytes(&unpacker).size, 0);
    assert_int_equal(unpack_end(&unpacker), ERR_NONE);
    unpack_fixed(&unpacker, fixed, 0);
    assert_int_equal(unpack_end(&unpacker), ERR_NONE);
}

static void a_row_cut_short_is_corrupt_and_reads_as_zero(void **unused)
{
    (void)unused;
    for (size_t size = 0; size < sizeof row; size++) {
        struct unpacker unpacker = unpack_from(slice_of(row, size));
        uint8_t fixed[4] = { 9, 9, 9, 9 };
        (void)unpack_u8(&unpacker);
        (void)unpack_u16(&unpacker);
        (void)unpack_u32(&unpacker);
        (void)unpack_u64(&unpacker);
        unpack_fixed(&unpacker, fixed, 2);
        (void)unpack_bytes(&unpacker);
        (void)unpack_bytes(&unpacker);
        assert_int_equal(unpack_end(&unpacker), ERR_CORRUPT);
        /* nothing is handed out after an error, though there be bytes */
        assert_int_equal(unpack_u8(&unpacker), 0);
        assert_true(unpack_u64(&unpacker) == 0);
        assert_int_equal(unpack_bytes(&unpacker).size, 0);
        unpack_fixed(&unpacker, fixed, 4);
        assert_int_equal(fixed[0] | fixed[1] | fixed[2] | fixed[3], 0);
        unpack_fixed(&unpacker, fixed, 0);
    }
}

static void a_count_beyond_the_end_is_corrupt(void **unused)
{
    (void)unused;
    const uint8_t lie[] = { 0xff, 0xff, 0xff, 0xff, 'x' };
    struct unpacker unpacker = unpack_from(SLICE_ARRAY(lie));
    assert_null(unpack_bytes(&unpacker).bytes);
    assert_int_equal(unpack_end(&unpacker), ERR_CORRUPT);
    unpacker = unpack_from(SLICE_NONE);
    assert_int_equal(unpack_end(&unpacker), ERR_NONE);
    assert_int_equal(unpack_u8(&unpacker), 0);
    assert_int_equal(unpack_end(&unpacker), ERR_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_is_big_endian_and_counted),
        cmocka_unit_test(a_row_too_large_is_an_error_that_sticks),
        cmocka_unit_test(what_was_packed_is_unpacked),
        cmocka_unit_test(a_row_cut_short_is_corrupt_and_reads_as_zero),
        cmocka_unit_test(a_count_beyond_the_end_is_corrupt),
    };
    return cmocka_run_group_tests_name("base/pack", tests, NULL, NULL);
}
