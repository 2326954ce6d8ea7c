#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/codec_card.h"
#include "core/revocation.h"
#include "support/crypto_fake.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Two agencies; the first revokes its card. */
struct desk {
    struct crypto *crypto[2];
    uint8_t root_key[2][KEY_SIZE];
    struct agency_id id[2];
    struct arena arena;
    struct ledger_end ends[2];
    struct revocation revocation;
};

static void desk_open(struct desk *desk)
{
    memset(desk, 0, sizeof *desk);
    assert_int_equal(arena_init(&desk->arena, 1 << 20), ERR_NONE);
    for (unsigned i = 0; i < 2; i++) {
        desk->crypto[i] = crypto_fake_new(i + 1, 0, 1);
        crypto_fake_root_public(desk->crypto[i], desk->root_key[i]);
        agency_id_of(desk->crypto[i], desk->root_key[i], &desk->id[i]);
    }
    desk->ends[0] = (struct ledger_end){ .author = desk->id[0],
        .recipient = desk->id[1],
        .generation = 7,
        .size = 9,
        .root = { 1, 2, 3 } };
    desk->ends[1] = (struct ledger_end){
        .author = desk->id[1], .recipient = desk->id[0], .generation = 8
    };
    desk->revocation = (struct revocation){ .agency = desk->id[0],
        .issued = { 1780000000000 },
        .reason = SLICE_LITERAL("keys were copied"),
        .ends = desk->ends,
        .end_count = 2 };
}

static void desk_close(struct desk *desk)
{
    for (int i = 0; i < 2; i++)
        crypto_fake_free(desk->crypto[i]);
    arena_release(&desk->arena);
}

static struct slice sign(struct desk *desk, struct slice bytes)
{
    uint8_t signature[SIGNATURE_SIZE];
    assert_non_null(bytes.bytes);
    crypto_fake_root_sign(
        desk->crypto[0], revocation_statement(bytes, &desk->arena), signature);
    return revocation_assemble(bytes, signature, &desk->arena);
}

static enum err read(struct desk *desk, struct slice whole, int root,
    struct revocation *revocation)
{
    return revocation_read(
        desk->crypto[1], whole, desk->root_key[root], &desk->arena, revocation);
}

static void what_is_written_reads_back(void **state)
{
    struct desk desk;
    struct revocation revocation;
    struct agency_id id;
    (void)state;
    desk_open(&desk);
    for (size_t count = 0; count <= 2; count++) {
        desk.revocation.end_count = count;
        struct slice whole =
            sign(&desk, revocation_bytes(&desk.revocation, &desk.arena));
        assert_int_equal(read(&desk, whole, 0, &revocation), ERR_NONE);
        assert_int_equal(revocation.end_count, count);
        assert_int_equal(revocation.issued.unix_ms, 1780000000000);
        assert_true(slice_is(revocation.reason, "keys were copied"));
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(
                revocation.ends[i].generation, desk.ends[i].generation);
            assert_int_equal(revocation.ends[i].size, desk.ends[i].size);
            assert_memory_equal(
                revocation.ends[i].root, desk.ends[i].root, HASH_SIZE);
            assert_true(agency_id_equal(
                &revocation.ends[i].author, &desk.ends[i].author));
        }
        assert_int_equal(revocation_agency(whole, &desk.arena, &id), ERR_NONE);
        assert_true(agency_id_equal(&id, &desk.id[0]));
    }
    desk_close(&desk);
}

static void it_is_signed_by_the_root_key_of_that_agency(void **state)
{
    struct desk desk;
    struct revocation revocation;
    (void)state;
    desk_open(&desk);
    struct slice whole =
        sign(&desk, revocation_bytes(&desk.revocation, &desk.arena));
    assert_int_equal(read(&desk, whole, 1, &revocation), ERR_ADDRESS);
    /* of the other agency, signed by the first */
    desk.revocation.agency = desk.id[1];
    whole = sign(&desk, revocation_bytes(&desk.revocation, &desk.arena));
    assert_int_equal(read(&desk, whole, 0, &revocation), ERR_ADDRESS);
    assert_int_equal(read(&desk, whole, 1, &revocation), ERR_SIGNATURE);
    desk_close(&desk);
}

static void no_byte_of_it_can_be_changed(void **state)
{
    struct desk desk;
    struct revocation revocation;
    (void)state;
    desk_open(&desk);
    struct slice whole =
        sign(&desk, revocation_bytes(&desk.revocation, &desk.arena));
    uint8_t *bytes = arena_take(&desk.arena, whole.size);
    size_t used = desk.arena.used;
    for (size_t i = 0; i < whole.size; i++) {
        memcpy(bytes, whole.bytes, whole.size);
        bytes[i] ^= 1;
        assert_int_not_equal(
            read(&desk, slice_of(bytes, whole.size), 0, &revocation), ERR_NONE);
        arena_rewind(&desk.arena, used);
    }
    for (size_t size = 0; size < whole.size; size++)
        assert_int_not_equal(
            read(&desk, slice_of(whole.bytes, size), 0, &revocation), ERR_NONE);
    desk_close(&desk);
}

static void what_makes_no_sense_is_neither_written_nor_read(void **state)
{
    struct desk desk;
    struct revocation good;
    struct ledger_end ends[2];
    (void)state;
    desk_open(&desk);
    good = desk.revocation;
    memcpy(ends, desk.ends, sizeof ends);
    for (int i = 0; i < 4; i++) {
        struct revocation revocation;
        desk.revocation = good;
        memcpy(desk.ends, ends, sizeof ends);
        if (i == 0) /* the agency is not in it */
            desk.ends[0].author = desk.id[1];
        if (i == 1) /* it is both */
            desk.ends[0].recipient = desk.id[0];
        if (i == 2) /* twice */
            desk.ends[1] = desk.ends[0];
        if (i == 3)
            desk.revocation.reason = SLICE_LITERAL("two\nlines");
        assert_null(revocation_bytes(&desk.revocation, &desk.arena).bytes);
        struct slice bytes =
            codec_revocation_write(&desk.revocation, &desk.arena);
        assert_int_equal(
            read(&desk, sign(&desk, bytes), 0, &revocation), ERR_MALFORMED);
    }
    desk_close(&desk);
}

static void a_revocation_of_init_is_short(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    desk.revocation.end_count = 0;
    desk.revocation.reason = SLICE_LITERAL("made at the start");
    struct slice bytes = revocation_bytes(&desk.revocation, &desk.arena);
    assert_int_equal(bytes.size, 2 + 26 + 7 + 2 + 17);
    struct slice statement = revocation_statement(bytes, &desk.arena);
    assert_memory_equal(statement.bytes, "refer.v1 revocation", 19);
    assert_memory_equal(statement.bytes + 19, bytes.bytes, bytes.size);
    desk_close(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(it_is_signed_by_the_root_key_of_that_agency),
        cmocka_unit_test(no_byte_of_it_can_be_changed),
        cmocka_unit_test(what_makes_no_sense_is_neither_written_nor_read),
        cmocka_unit_test(a_revocation_of_init_is_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
