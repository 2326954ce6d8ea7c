#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/codec.h"
#include "core/letter.h"
#include "core/limits.h"
#include "core/port.h"
#include "refer/v1/request.pb-c.h"
#include "support/signed_part.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define KEY_ID 0x0123456789abcdefu
#define CIPHERTEXT 2u /* of Envelope */
#define BODY 4u       /* of Request */

static struct arena arena;
static char sender[] = "abcdefghijklmnopqrstuvwxyz";

static int arena_open(void **state)
{
    (void)state;
    return arena_init(&arena, 16u << 20) == ERR_NONE ? 0 : -1;
}

static int arena_close(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static struct slice request_pack(struct slice body)
{
    Refer__V1__Request message = REFER__V1__REQUEST__INIT;
    message.sender = sender;
    message.kind = REFER__V1__REQUEST_KIND__REQUEST_KIND_DELIVER;
    message.at_ms = 1780000000000;
    message.body = codec_data(body);
    return codec_pack(&message.base, &arena);
}

static struct slice envelope_pack(struct slice ciphertext)
{
    Refer__V1__Envelope message = REFER__V1__ENVELOPE__INIT;
    message.header = codec_data(SLICE_LITERAL("header"));
    message.ciphertext = codec_data(ciphertext);
    return codec_pack(&message.base, &arena);
}

static bool write(struct slice body, uint64_t key_id, struct letter *letter)
{
    struct letter_parts parts = {
        .envelope = envelope_pack(SLICE_NONE),
        .ciphertext = CIPHERTEXT,
        .key_id = key_id,
        .statement = request_pack(SLICE_NONE),
        .body_number = BODY,
        .body = body,
    };
    return letter_write(&parts, &arena, letter);
}

static void assert_bytes(struct slice one, struct slice other)
{
    assert_int_equal(one.size, other.size);
    assert_memory_equal(one.bytes, other.bytes, one.size);
}

/* Sealed by leaving it as it is: each shell is what protobuf-c makes of it. */
static void a_letter_is_its_messages(void **state)
{
    static const size_t sizes[] = { 0, 1, 127, 128, 3957, 3958, 3959, 3960,
        16000, 65536, 2228224 - 180 };
    static const uint64_t key_ids[] = { KEY_ID, 1, 0 };
    (void)state;
    for (size_t i = 0; i < COUNT(sizes) * COUNT(key_ids); i++) {
        size_t size = sizes[i % COUNT(sizes)];
        uint64_t key_id = key_ids[i / COUNT(sizes)];
        struct letter letter;
        struct slice found;
        uint8_t *body = arena_take(&arena, size);
        assert_non_null(body);
        memset(body, 'b', size);
        assert_true(write(slice_of(body, size), key_id, &letter));
        memcpy(letter.signature, "sig", 3);
        memset(letter.sealed + letter.plain.size, 't', AEAD_TAG_SIZE);

        struct slice statement = request_pack(slice_of(body, size));
        assert_bytes(letter.statement, statement);
        assert_true(letter_unpad(letter.plain, &found));
        const struct signed_part part = { statement, { 's', 'i', 'g' },
            key_id };
        assert_bytes(found, signed_part_write(&part, &arena));
        assert_ptr_equal(letter.sealed, letter.plain.bytes);
        assert_bytes(letter.envelope, envelope_pack(slice_of(letter.sealed,
                                          letter.plain.size + AEAD_TAG_SIZE)));
        arena_reset(&arena);
    }
}

static void what_is_too_large_or_has_no_room_is_not_written(void **state)
{
    struct letter letter;
    (void)state;
    uint8_t *body = arena_take(&arena, MESSAGE_SIZE_MAX + 1);
    assert_non_null(body);
    assert_false(write(slice_of(body, MESSAGE_SIZE_MAX + 1), 1, &letter));
    assert_false(write(slice_of(body, MESSAGE_SIZE_MAX - 100), 1, &letter));
    assert_true(write(slice_of(body, MESSAGE_SIZE_MAX - 180), 1, &letter));
    arena_reset(&arena);
    struct letter_parts parts = { .envelope = SLICE_NONE,
        .statement = request_pack(SLICE_NONE) };
    assert_false(letter_write(&parts, &arena, &letter));
    parts = (struct letter_parts){ .envelope = envelope_pack(SLICE_NONE),
        .statement = SLICE_NONE };
    assert_false(letter_write(&parts, &arena, &letter));
    parts.statement = request_pack(SLICE_NONE);
    struct arena full = { .block = arena.block, .capacity = 0 };
    assert_false(letter_write(&parts, &full, &letter));
    arena_reset(&arena);
}

static void sizes_are_padded_to_six_steps(void **state)
{
    static const struct {
        size_t size;
        size_t padded;
    } rows[] = {
        { 0, 4096 },
        { 1, 4096 },
        { 4092, 4096 },
        { 4093, 16384 },
        { 16380, 16384 },
        { 16381, 65536 },
        { 65532, 65536 },
        { 65533, 262144 },
        { 262140, 262144 },
        { 262141, 1114112 },
        { 1114108, 1114112 },
        { 1114109, 2228224 },
        { 2228220, 2228224 },
        { 2228221, 0 },
        { SIZE_MAX, 0 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(letter_padded_size(rows[i].size), rows[i].padded);
}

static void padding_is_zeros_up_to_the_step(void **state)
{
    static uint8_t plain[16384] = { 0, 0, 0, 3, 'a', 'b', 'c' };
    struct slice bytes;
    (void)state;
    assert_true(letter_unpad(slice_of(plain, 4096), &bytes));
    assert_bytes(bytes, SLICE_LITERAL("abc"));
    assert_false(letter_unpad(slice_of(plain, 3), &bytes));
    assert_false(letter_unpad(slice_of(plain, 4095), &bytes));
    assert_false(letter_unpad(slice_of(plain, 16384), &bytes));
    plain[4095] = 1;
    assert_false(letter_unpad(slice_of(plain, 4096), &bytes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_letter_is_its_messages),
        cmocka_unit_test(what_is_too_large_or_has_no_room_is_not_written),
        cmocka_unit_test(sizes_are_padded_to_six_steps),
        cmocka_unit_test(padding_is_zeros_up_to_the_step),
    };
    return cmocka_run_group_tests(tests, arena_open, arena_close);
}
