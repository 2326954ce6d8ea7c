/* Every message, read and written with every size of memory: a limit is one,
 * and never half a message. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/card.h"
#include "core/codec_card.h"
#include "core/codec_mou.h"
#include "core/entry.h"
#include "core/erasure_notice.h"
#include "core/limits.h"
#include "core/message.h"
#include "core/mou.h"
#include "core/revocation.h"
#include "golden/vectors.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define ARENA_SIZE (1u << 20)
#define STEP 16 /* what an arena gives out is so aligned */

/* Reads into one arena and writes into another one. */
typedef enum err again_fn(struct slice bytes, struct arena *from,
    struct arena *to, struct slice *written);

#define AGAIN(name, type, read, write)                                         \
    static enum err name(struct slice bytes, struct arena *from,               \
        struct arena *to, struct slice *written)                               \
    {                                                                          \
        type value;                                                            \
        enum err err = read(bytes, from, &value);                              \
        if (err == ERR_NONE)                                                   \
            *written = write(&value, to);                                      \
        return err;                                                            \
    }

AGAIN(answer_again, struct answer, answer_read, answer_write)
AGAIN(erasure_again, struct erasure_notice, erasure_notice_read,
    erasure_notice_write)
AGAIN(event_again, struct referral_event, referral_event_read,
    referral_event_write)
AGAIN(generation_again, struct generation_end, generation_end_read,
    generation_end_write)
AGAIN(in_force_again, struct mou_id, mou_in_force_read, mou_in_force_write)
AGAIN(signatures_again, struct mou_bundle, mou_signatures_read,
    mou_signatures_write)
AGAIN(card_again, struct card, codec_card_read, codec_card_write)
AGAIN(mou_again, struct mou, codec_mou_read, codec_mou_write)
AGAIN(signed_card_again, struct signed_bytes, codec_signed_card_read,
    codec_signed_card_write)
AGAIN(sheet_again, struct key_sheet, codec_sheet_read, codec_sheet_write)
AGAIN(signed_sheet_again, struct signed_bytes, codec_signed_sheet_read,
    codec_signed_sheet_write)
AGAIN(revocation_again, struct revocation, codec_revocation_read,
    codec_revocation_write)
AGAIN(signed_revocation_again, struct signed_bytes,
    codec_signed_revocation_read, codec_signed_revocation_write)
AGAIN(head_again, struct head, head_read, head_write)
AGAIN(deliver_again, struct deliver, deliver_read, deliver_write)
AGAIN(collect_again, struct collect, collect_read, collect_write)
AGAIN(fetched_again, struct fetched, fetched_read, fetched_write)
AGAIN(fetch_again, struct fetch, fetch_read, fetch_write)
AGAIN(introduce_again, struct introduce, introduce_read, introduce_write)
AGAIN(conflict_again, struct conflict, conflict_read, conflict_write)
AGAIN(behind_again, struct behind, behind_read, behind_write)
AGAIN(cosigned_again, struct cosigned, cosigned_read, cosigned_write)

/* What is within a signed message. */
static struct slice inner_of(struct vectors *vectors, const char *name,
    enum err (*read)(
        struct slice bytes, struct arena *arena, struct signed_bytes *shell))
{
    struct signed_bytes shell;
    assert_int_equal(
        read(vectors_get(vectors, name), &vectors->arena, &shell), ERR_NONE);
    return shell.bytes;
}

static void sweep(struct slice bytes, again_fn *again, const char *name)
{
    struct arena from, to;
    struct slice written = SLICE_NONE;
    assert_int_equal(arena_init(&from, ARENA_SIZE), ERR_NONE);
    assert_int_equal(arena_init(&to, ARENA_SIZE), ERR_NONE);
    if (again(bytes, &from, &to, &written) != ERR_NONE ||
        !slice_equal(written, bytes))
        fail_msg("%s: is not what it was", name);
    size_t read_size = from.used;
    size_t write_size = to.used;
    arena_reset(&from);
    arena_reset(&to);
    for (from.capacity = 0; from.capacity < read_size; from.capacity += STEP) {
        enum err err = again(bytes, &from, &to, &written);
        if (err != ERR_LIMIT && err != ERR_NO_MEMORY)
            fail_msg("%s: %s, read with %zu of %zu bytes", name, err_name(err),
                from.capacity, read_size);
        arena_reset(&from);
        arena_reset(&to);
    }
    from.capacity = ARENA_SIZE;
    for (to.capacity = 0; to.capacity < write_size; to.capacity += STEP) {
        assert_int_equal(again(bytes, &from, &to, &written), ERR_NONE);
        if (written.bytes != NULL)
            fail_msg("%s: written with %zu of %zu bytes", name, to.capacity,
                write_size);
        arena_reset(&from);
        arena_reset(&to);
    }
    to.capacity = ARENA_SIZE;
    arena_release(&from);
    arena_release(&to);
}

static void vectors_are_whole_or_not_at_all(void **state)
{
    static const struct {
        const char *name;
        again_fn *again;
    } rows[] = {
        { "answer.hex", answer_again },
        { "erasure_all.hex", erasure_again },
        { "erasure_elements.hex", erasure_again },
        { "event_send.hex", event_again },
        { "event_decline.hex", event_again },
        { "generation.hex", generation_again },
        { "mou_in_force.hex", in_force_again },
        { "mou_signatures.hex", signatures_again },
        { "card_opendoor.hex", signed_card_again },
        { "key_sheet.hex", signed_sheet_again },
        { "revocation.hex", signed_revocation_again },
        { "head_revoked.hex", head_again },
        { "head_conflict.hex", head_again },
    };
    static struct vectors vectors;
    (void)state;
    vectors_open(&vectors);
    for (size_t i = 0; i < COUNT(rows); i++)
        sweep(vectors_get(&vectors, rows[i].name), rows[i].again, rows[i].name);
    sweep(inner_of(&vectors, "card_opendoor_next.hex", codec_signed_card_read),
        card_again, "card");
    sweep(inner_of(&vectors, "key_sheet.hex", codec_signed_sheet_read),
        sheet_again, "sheet");
    sweep(inner_of(
              &vectors, "revocation_ledgers.hex", codec_signed_revocation_read),
        revocation_again, "revocation");
    sweep(vectors_get(&vectors, "mou.hex"), mou_again, "mou");
    vectors_close(&vectors);
}

/* ---- What only travels sealed -------------------------------------------- */

static void messages_are_whole_or_not_at_all(void **state)
{
    static const uint8_t fence[FENCE_SIZE] = { 2 };
    static struct vectors vectors;
    struct arena *arena = &vectors.arena;
    (void)state;
    vectors_open(&vectors);
    struct slice note = vectors_get(&vectors, "cosigned.txt");
    struct slice card = vectors_get(&vectors, "card_opendoor.hex");
    struct mention mention = {
        .type = EVENT_OPENED, .seq = 3, .mou = vectors.mou
    };
    memset(mention.referral.bytes, 0x77, sizeof mention.referral.bytes);
    struct entry entries[] = { vectors.entries[0],
        { .header = vectors.entries[1].header, .mention = &mention } };
    struct parcel parcel = { 5, entries, COUNT(entries), note };
    struct fetched fetched = { &parcel, 1 };
    sweep(fetched_write(&fetched, arena), fetched_again, "fetched");
    struct deliver deliver = { .parcel = { .first_index = 0,
                                   .entries = vectors.entries,
                                   .entry_count = VECTOR_ENTRY_COUNT,
                                   .note = note },
        .fence = slice_of(fence, sizeof fence) };
    sweep(deliver_write(&deliver, arena), deliver_again, "deliver");
    struct introduce introduce = { .card = card,
        .invitation = SLICE_LITERAL("abcdefghijklmnopqrst") };
    sweep(introduce_write(&introduce, arena), introduce_again, "introduce");
    struct conflict conflict = { note, note };
    sweep(conflict_write(&conflict, arena), conflict_again, "conflict");
    struct collect collect = { 1000, note, 3 };
    sweep(collect_write(&collect, arena), collect_again, "collect");
    struct cosigned cosigned = { note, 3 };
    sweep(cosigned_write(&cosigned, arena), cosigned_again, "cosigned");
    struct behind behind = { BEHIND_GENERATION, 7 };
    sweep(behind_write(&behind, arena), behind_again, "behind");
    struct fetch fetch = { true, VECTOR_GENERATION, 5, 4096 };
    sweep(fetch_write(&fetch, arena), fetch_again, "fetch");
    vectors_close(&vectors);
}

/* ---- Too much ------------------------------------------------------------ */

static size_t varint_size(const uint8_t *bytes)
{
    size_t size = 1;
    while ((bytes[size - 1] & 0x80) != 0)
        size++;
    return size;
}

/* The size of the sized field or number that begins there. */
static size_t field_size(const uint8_t *bytes)
{
    if ((bytes[0] & 7) == 0)
        return 1 + varint_size(bytes + 1);
    if ((bytes[0] & 7) == 1)
        return 9;
    assert_int_equal(bytes[0] & 7, 2);
    size_t size = bytes[1] & 0x7f;
    if ((bytes[1] & 0x80) != 0)
        size |= (size_t)bytes[2] << 7;
    return 1 + varint_size(bytes + 1) + size;
}

/* Its first field of that number, so many times. */
static struct slice repeated(
    struct vectors *vectors, struct slice bytes, unsigned number, size_t times)
{
    size_t at = 0;
    while (bytes.bytes[at] >> 3 != number) {
        at += field_size(bytes.bytes + at);
        assert_true(at < bytes.size);
    }
    size_t size = field_size(bytes.bytes + at);
    uint8_t *copy = arena_take(&vectors->arena, bytes.size + times * size);
    assert_non_null(copy);
    memcpy(copy, bytes.bytes, at);
    for (size_t i = 0; i < times; i++)
        memcpy(copy + at + i * size, bytes.bytes + at, size);
    memcpy(copy + at + times * size, bytes.bytes + at + size,
        bytes.size - at - size);
    return slice_of(copy, bytes.size + (times - 1) * size);
}

static void too_many_of_anything_is_a_limit(void **state)
{
    static struct vectors vectors;
    struct arena from, to;
    (void)state;
    vectors_open(&vectors);
    assert_int_equal(arena_init(&from, 8 * ARENA_SIZE), ERR_NONE);
    assert_int_equal(arena_init(&to, 8 * ARENA_SIZE), ERR_NONE);
    const struct {
        const char *name;
        again_fn *again;
        struct slice bytes;
        unsigned number;
        size_t most;
    } rows[] = {
        { "answer", answer_again, vectors_get(&vectors, "answer.hex"), 2,
            ANSWER_ITEM_COUNT_MAX },
        { "erasure", erasure_again,
            vectors_get(&vectors, "erasure_elements.hex"), 2,
            REFERRAL_ELEMENT_COUNT_MAX },
        { "signatures", signatures_again,
            vectors_get(&vectors, "mou_signatures.hex"), 2,
            MOU_PARTY_COUNT_MAX },
        { "revocation", revocation_again,
            inner_of(&vectors, "revocation_ledgers.hex",
                codec_signed_revocation_read),
            4, REVOCATION_END_COUNT_MAX },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct slice written;
        arena_reset(&from);
        arena_reset(&to);
        enum err err = rows[i].again(
            repeated(&vectors, rows[i].bytes, rows[i].number, rows[i].most + 1),
            &from, &to, &written);
        if (err != ERR_LIMIT)
            fail_msg("%s: %s", rows[i].name, err_name(err));
    }
    arena_release(&from);
    arena_release(&to);
    vectors_close(&vectors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_are_whole_or_not_at_all),
        cmocka_unit_test(messages_are_whole_or_not_at_all),
        cmocka_unit_test(too_many_of_anything_is_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
