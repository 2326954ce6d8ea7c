/* Does the checksum equal everyone else's XXH64? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/checksum.h"

/* Sums of the bytes (7 i + 3) mod 256, as xxhsum -H64 prints them. */
/* clang-format off */
static const struct {
    size_t size;
    uint64_t sum;
} published[] = {
    { 0,    0xef46db3751d8e999u },
    { 1,    0x1f25c8d0bc1f4bb6u },
    { 3,    0x31d2363f52e564c9u },
    { 4,    0x9bb64b7d66ee9fdau },
    { 7,    0x9a7b149959ce60d8u },
    { 8,    0xdab99d95c6f90092u },
    { 31,   0xa2aa5f33cc4a6119u },
    { 32,   0x23c3c17ef790fd97u },
    { 33,   0x50a7cfc7ba588784u },
    { 63,   0x5e3e54b431c7493cu },
    { 64,   0x0eb64b3ef6eeb01fu },
    { 100,  0xa61f8d4c170fe531u },
    { 1000, 0x5f235fa033f1a3fbu },
};
/* clang-format on */

static void it_equals_published_sums(void **state)
{
    (void)state;
    uint8_t bytes[1000];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(7 * i + 3);
    for (size_t i = 0; i < sizeof published / sizeof *published; i++)
        assert_int_equal(
            checksum(0, slice_of(bytes, published[i].size)), published[i].sum);
}

static void the_seed_enters(void **state)
{
    (void)state;
    assert_int_equal(checksum(2654435761u, SLICE_NONE), 0xac75fda2929b17efu);
}

static void every_single_bit_counts(void **state)
{
    (void)state;
    uint8_t bytes[77] = { 0 };
    uint64_t whole = checksum(1, SLICE_ARRAY(bytes));
    for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_true(checksum(1, SLICE_ARRAY(bytes)) != whole);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_equals_published_sums),
        cmocka_unit_test(the_seed_enters),
        cmocka_unit_test(every_single_bit_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
