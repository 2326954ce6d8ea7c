/*
 * Does the reader of referral events take what the reader of all messages would
 * take, and say the same of what it refuses? Asked of the protocol's examples,
 * of the corpus of the fuzzer, and of both damaged at random.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>
#include <cmocka.h>

#include "base/prng.h"
#include "core/codec.h"
#include "core/limits.h"
#include "core/referral.h"
#include "golden/vectors.h"
#include "refer/v1/referral.pb-c.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define ARENA_SIZE (1u << 20)
#define CORPUS SOURCE_DIR "/tests/fuzz/corpus/referral_event"
#define DAMAGE_COUNT 2000 /* of each */
#define SIZE_MAX_HERE 4096u
/* Of what is damaged so many still read, and so many do not, or the damage says
 * little. */
#define EACH_COUNT_MIN 5000u

/* ---- By the reader of all messages --------------------------------------- */

static bool is_instant(uint64_t ms)
{
    return ms <= INT64_MAX;
}

static enum err grant_judge(const Refer__V1__Grant *grant)
{
    struct agency_id to;
    if (agency_id_parse(slice_of_text(grant->to), &to) != ERR_NONE ||
        !is_instant(grant->until_ms))
        return ERR_MALFORMED;
    return grant->n_elements > REFERRAL_ELEMENT_COUNT_MAX ? ERR_LIMIT
                                                          : ERR_NONE;
}

static enum err request_judge(const Refer__V1__ReferralRequest *request)
{
    enum err err = ERR_NONE;
    if (request->thread.len != sizeof(struct uuid) ||
        (request->parent.len != 0 &&
            request->parent.len != sizeof(struct uuid)) ||
        !is_instant(request->consent_at_ms))
        return ERR_MALFORMED;
    if (request->n_grants > REFERRAL_GRANT_COUNT_MAX)
        return ERR_LIMIT;
    for (size_t i = 0; i < request->n_grants && err == ERR_NONE; i++)
        err = grant_judge(request->grants[i]);
    return err;
}

static enum err slow_read(struct slice bytes, struct arena *arena)
{
    const ProtobufCMessage *message;
    enum err err = codec_unpack(&refer__v1__referral_event__descriptor, bytes,
        CONTENT_SIZE_MAX, arena, &message);
    if (err != ERR_NONE)
        return err;
    const Refer__V1__ReferralEvent *event =
        (const Refer__V1__ReferralEvent *)message;
    if (event->referral.len != sizeof(struct uuid) ||
        event->mou.len != sizeof(struct mou_id) || !is_instant(event->at_ms))
        return ERR_MALFORMED;
    if (event->request != NULL)
        err = request_judge(event->request);
    if (err == ERR_NONE && (event->n_details > REFERRAL_DETAIL_COUNT_MAX ||
                               event->n_elements > REFERRAL_ELEMENT_COUNT_MAX))
        err = ERR_LIMIT;
    return err;
}

/* What reads is written as the same bytes, so it was read as it is. */
static bool both_read(struct slice bytes, struct arena *arena)
{
    struct referral_event event;
    arena_reset(arena);
    enum err want = slow_read(bytes, arena);
    arena_reset(arena);
    enum err err = referral_event_read(bytes, arena, &event);
    if (err != want) {
        for (size_t i = 0; i < bytes.size; i++)
            print_error("%02x", bytes.bytes[i]);
        fail_msg(": %s instead of %s", err_name(err), err_name(want));
    }
    if (err != ERR_NONE)
        return false;
    assert_true(slice_equal(referral_event_write(&event, arena), bytes));
    return true;
}

/* ---- Damage -------------------------------------------------------------- */

struct edited {
    uint8_t bytes[SIZE_MAX_HERE];
    size_t size;
};

/* Drops so many bytes at a place and puts others there. */
static void splice(struct edited *edit, size_t at, size_t dropped,
    const uint8_t *bytes, size_t size)
{
    size_t rest = edit->size - at - dropped;
    if (at + size + rest > sizeof edit->bytes)
        return;
    memmove(edit->bytes + at + size, edit->bytes + at + dropped, rest);
    if (size > 0)
        memcpy(edit->bytes + at, bytes, size);
    edit->size = at + size + rest;
}

/* What means something where a tag, a size or a number may stand. */
static const struct {
    size_t size;
    uint8_t bytes[11];
} pieces[] = {
    { 1, { 0x00 } },
    { 1, { 0x7f } },
    { 1, { 0x80 } },
    { 2, { 0x80, 0x00 } },
    { 2, { 0x80, 0x01 } },
    { 1, { 0xff } },
    { 10, { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01 } },
    { 11,
        { 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01 } },
    { 5, { 0xff, 0xff, 0xff, 0xff, 0x0f } },
    { 5, { 0x80, 0x80, 0x80, 0x80, 0x10 } },
    { 2, { 0xc3, 0xa4 } },
    { 2, { 0xc0, 0x80 } },
    { 3, { 0xed, 0xa0, 0x80 } },
    { 4, { 0xf0, 0x9f, 0x99, 0x82 } },
    { 2, { 0x3a, 0x00 } },
    { 2, { 0x52, 0x00 } },
    { 2, { 0x5a, 0x00 } },
    { 2, { 0x62, 0x00 } },
    { 2, { 0x68, 0x18 } },
    { 2, { 0x68, 0x19 } },
    { 3, { 0x3a, 0x01, 0x72 } },
    { 2, { 0x78, 0x01 } },
};

static void damage(struct edited *edit, struct prng *prng)
{
    size_t at = prng_below(prng, edit->size + 1);
    size_t left = edit->size - at;
    uint8_t byte = (uint8_t)prng_next(prng);
    size_t some = left == 0 ? 0 : prng_below(prng, left < 20 ? left : 20);
    size_t piece = prng_below(prng, COUNT(pieces));
    uint8_t copy[20];
    memcpy(copy, edit->bytes + at, some);
    switch (prng_below(prng, 7)) {
    case 0: /* a byte is another one */
        if (left > 0)
            edit->bytes[at] = byte;
        break;
    case 1: /* or its neighbour, as a size that is off by one */
        if (left > 0)
            edit->bytes[at] += (uint8_t)(1 + byte % 2 * 254);
        break;
    case 2:
        if (left > 0)
            edit->bytes[at] ^= (uint8_t)(1u << byte % 8);
        break;
    case 3: /* a part is gone */
        splice(edit, at, some, NULL, 0);
        break;
    case 4: /* a part is there twice */
        splice(edit, at, 0, copy, some);
        break;
    case 5:
        splice(edit, at, 0, pieces[piece].bytes, pieces[piece].size);
        break;
    default:
        splice(edit, at, left < pieces[piece].size ? left : pieces[piece].size,
            pieces[piece].bytes, pieces[piece].size);
        break;
    }
}

/* In memory of just its size: a step beyond is seen. */
static bool both_read_alone(struct slice bytes, struct arena *arena)
{
    uint8_t *copy = malloc(bytes.size);
    assert_true(copy != NULL || bytes.size == 0);
    if (bytes.size > 0)
        memcpy(copy, bytes.bytes, bytes.size);
    bool reads = both_read(slice_of(copy, bytes.size), arena);
    free(copy);
    return reads;
}

struct counts {
    size_t read;
    size_t refused;
};

static void damaged_are_read_alike(struct slice bytes, struct prng *prng,
    struct arena *arena, struct counts *counts)
{
    struct edited edit;
    assert_true(bytes.size <= sizeof edit.bytes);
    (void)both_read_alone(bytes, arena);
    for (size_t i = 0; i < DAMAGE_COUNT; i++) {
        if (bytes.size > 0)
            memcpy(edit.bytes, bytes.bytes, bytes.size);
        edit.size = bytes.size;
        for (size_t k = prng_below(prng, 3); k < 3; k++)
            damage(&edit, prng);
        if (both_read_alone(slice_of(edit.bytes, edit.size), arena))
            counts->read++;
        else
            counts->refused++;
    }
}

static void what_one_reads_the_other_does(void **state)
{
    static struct vectors vectors;
    static const char *const names[] = { "event_send.hex", "event_decline.hex",
        "event_withdraw.hex" };
    struct prng prng = prng_from_seed(20261130);
    struct arena arena;
    struct counts counts = { 0 };
    (void)state;
    assert_int_equal(arena_init(&arena, ARENA_SIZE), ERR_NONE);
    vectors_open(&vectors);
    for (size_t i = 0; i < COUNT(names); i++) {
        struct slice bytes = vectors_get(&vectors, names[i]);
        assert_true(both_read(bytes, &arena));
        damaged_are_read_alike(bytes, &prng, &arena, &counts);
    }
    vectors_close(&vectors);
    struct dirent **files;
    int file_count = scandir(CORPUS, &files, NULL, alphasort);
    assert_true(file_count > 2);
    for (int i = 0; i < file_count; i++) {
        char path[sizeof CORPUS + 1 + sizeof files[i]->d_name];
        uint8_t bytes[SIZE_MAX_HERE];
        (void)snprintf(path, sizeof path, "%s/%s", CORPUS, files[i]->d_name);
        bool is_hidden = files[i]->d_name[0] == '.';
        free(files[i]);
        if (is_hidden)
            continue;
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        size_t size = fread(bytes, 1, sizeof bytes, file);
        (void)fclose(file);
        damaged_are_read_alike(slice_of(bytes, size), &prng, &arena, &counts);
    }
    free(files);
    if (counts.read < EACH_COUNT_MIN || counts.refused < EACH_COUNT_MIN)
        fail_msg("%zu read, %zu refused", counts.read, counts.refused);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_one_reads_the_other_does),
    };
    return cmocka_run_group_tests_name(
        "core/codec_referral_same", tests, NULL, NULL);
}
