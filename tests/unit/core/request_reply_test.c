/* What comes back, sealed to who asked or in the clear. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/envelope.h"
#include "core/limits.h"
#include "core/request.h"
#include "support/bench_papers.h"
#include "support/codec_check.h"
#include "support/open_copy.h"
#include "support/seal_desk.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- Replies ---- */

struct exchange {
    struct request_secret asked; /* Alice's */
    struct request_secret got;   /* Bob's */
};

static void exchange_open(
    struct seal_desk *desk, unsigned seed, struct exchange *exchange)
{
    struct request request;
    struct slice envelope = seal_desk_seal_under(desk, desk->today[SEAL_BOB],
        SLICE_LITERAL("question"), seed, &exchange->asked);
    assert_int_equal(
        seal_desk_unseal(desk, SEAL_BOB, envelope, &exchange->got, &request),
        ERR_NONE);
}

static struct slice answer_by(struct seal_desk *desk, unsigned who,
    const struct request_secret *secret, const char *body)
{
    struct slice envelope;
    assert_int_equal(
        reply_seal(desk->crypto[who], secret, REPLY_COSIGNED, SEAL_NOW,
            slice_of_text(body), seal_seeds[2], &desk->arena, &envelope),
        ERR_NONE);
    return envelope;
}

static enum err take(struct seal_desk *desk, const struct exchange *exchange,
    struct slice envelope, struct reply *reply)
{
    return reply_open_copy(desk->crypto[SEAL_ALICE], &exchange->asked,
        &(struct replier){
            (const uint8_t(*)[KEY_SIZE])desk->operation + SEAL_BOB, 1, 1 },
        envelope, &desk->arena, reply);
}

static void a_reply_opens_as_it_was(void **state)
{
    struct seal_desk desk;
    struct exchange exchange;
    struct reply reply;
    (void)state;
    seal_desk_open(&desk);
    exchange_open(&desk, 0, &exchange);
    struct slice envelope = answer_by(&desk, SEAL_BOB, &exchange.got, "answer");
    assert_int_equal(take(&desk, &exchange, envelope, &reply), ERR_NONE);
    assert_int_equal(reply.kind, REPLY_COSIGNED);
    assert_int_equal(reply.plain, 0);
    assert_int_equal(reply.at.unix_ms, SEAL_NOW.unix_ms);
    assert_true(slice_is(reply.body, "answer"));
    seal_desk_close(&desk);
}

static void a_reply_belongs_to_its_request(void **state)
{
    struct seal_desk desk;
    struct exchange one;
    struct exchange two;
    struct reply reply;
    (void)state;
    seal_desk_open(&desk);
    exchange_open(&desk, 0, &one);
    exchange_open(&desk, 1, &two);
    struct slice envelope = answer_by(&desk, SEAL_BOB, &one.got, "answer");
    assert_int_equal(take(&desk, &two, envelope, &reply), ERR_SIGNATURE);
    assert_int_equal(take(&desk, &one, envelope, &reply), ERR_NONE);
    seal_desk_close(&desk);
}

static void only_who_was_asked_replies(void **state)
{
    struct seal_desk desk;
    struct exchange exchange;
    struct reply reply;
    (void)state;
    seal_desk_open(&desk);
    exchange_open(&desk, 0, &exchange);
    /* even if Carol had got hold of the secret */
    struct slice envelope =
        answer_by(&desk, SEAL_CAROL, &exchange.got, "answer");
    assert_int_equal(take(&desk, &exchange, envelope, &reply), ERR_SIGNATURE);
    /* and Alice does not answer herself */
    envelope = answer_by(&desk, SEAL_ALICE, &exchange.asked, "answer");
    assert_int_equal(take(&desk, &exchange, envelope, &reply), ERR_SIGNATURE);
    seal_desk_close(&desk);
}

static void a_reply_names_both_ends(void **state)
{
    struct seal_desk desk;
    struct exchange exchange;
    struct reply reply;
    (void)state;
    seal_desk_open(&desk);
    exchange_open(&desk, 0, &exchange);
    struct request_secret other = exchange.got;
    other.sender = desk.id[SEAL_CAROL];
    struct slice envelope = answer_by(&desk, SEAL_BOB, &other, "answer");
    assert_int_equal(take(&desk, &exchange, envelope, &reply), ERR_SIGNATURE);
    other = exchange.got;
    other.recipient = desk.id[SEAL_CAROL];
    envelope = answer_by(&desk, SEAL_BOB, &other, "answer");
    assert_int_equal(take(&desk, &exchange, envelope, &reply), ERR_SIGNATURE);
    seal_desk_close(&desk);
}

static void any_of_the_operation_keys_will_do(void **state)
{
    struct seal_desk desk;
    struct exchange exchange;
    struct reply reply;
    (void)state;
    seal_desk_open(&desk);
    exchange_open(&desk, 0, &exchange);
    struct slice envelope = answer_by(&desk, SEAL_BOB, &exchange.got, "answer");
    const uint8_t(*keys)[KEY_SIZE] = (const uint8_t(*)[KEY_SIZE])desk.operation;
    assert_int_equal(reply_open_copy(desk.crypto[SEAL_ALICE], &exchange.asked,
                         &(struct replier){ keys, SEAL_PERSON_COUNT, 1 },
                         envelope, &desk.arena, &reply),
        ERR_NONE);
    assert_int_equal(
        reply_open_copy(desk.crypto[SEAL_ALICE], &exchange.asked,
            &(struct replier){ keys, 0, 1 }, envelope, &desk.arena, &reply),
        ERR_SIGNATURE);
    crypto_fake_signer_rotate(desk.crypto[SEAL_BOB], CRYPTO_SIGNER_OPERATION);
    envelope = answer_by(&desk, SEAL_BOB, &exchange.got, "answer");
    assert_int_equal(take(&desk, &exchange, envelope, &reply), ERR_SIGNATURE);
    seal_desk_close(&desk);
}

static void every_flipped_byte_of_a_reply_is_refused(void **state)
{
    struct seal_desk desk;
    struct exchange exchange;
    struct reply reply;
    (void)state;
    seal_desk_open(&desk);
    exchange_open(&desk, 0, &exchange);
    struct slice envelope = answer_by(&desk, SEAL_BOB, &exchange.got, "answer");
    uint8_t *copy = test_malloc(envelope.size);
    size_t used = desk.arena.used;
    memcpy(copy, envelope.bytes, envelope.size);
    for (size_t i = 0; i < envelope.size; i++) {
        copy[i] ^= (uint8_t)(1u << (i % 8));
        assert_int_not_equal(
            take(&desk, &exchange, slice_of(copy, envelope.size), &reply),
            ERR_NONE);
        copy[i] ^= (uint8_t)(1u << (i % 8));
        arena_rewind(&desk.arena, used);
    }
    for (size_t size = 0; size < envelope.size; size += 1 + size / 64)
        assert_int_not_equal(
            take(&desk, &exchange, slice_of(copy, size), &reply), ERR_NONE);
    test_free(copy);
    seal_desk_close(&desk);
}

static struct slice some_sheet(struct seal_desk *desk)
{
    struct sealing_key keys[3] = { 0 };
    struct slice bytes;
    papers_days(desk->crypto[SEAL_BOB], SEAL_TODAY, 3, keys);
    struct key_sheet sheet = { desk->id[SEAL_BOB], 7, SEAL_NOW, keys, 3 };
    assert_int_equal(
        key_sheet_sign(desk->crypto[SEAL_BOB], &sheet, &desk->arena, &bytes),
        ERR_NONE);
    return bytes;
}

static void plain_replies_are_hints_without_a_body(void **state)
{
    struct seal_desk desk;
    struct exchange exchange;
    struct reply reply;
    (void)state;
    seal_desk_open(&desk);
    exchange_open(&desk, 0, &exchange);
    struct slice sheet = some_sheet(&desk);
    for (int kind = 1; kind < PLAIN_KIND_COUNT; kind++) {
        struct slice sent = kind == PLAIN_REKEY ? sheet : SLICE_NONE;
        struct slice envelope = reply_plain(
            (enum plain_kind)kind, sent, (uint32_t)kind * 1000, &desk.arena);
        assert_int_equal(take(&desk, &exchange, envelope, &reply), ERR_NONE);
        assert_int_equal(reply.plain, kind);
        assert_int_equal(reply.kind, 0);
        assert_int_equal(reply.body.size, 0);
        assert_true(slice_equal(reply.sheet, sent));
        assert_int_equal(reply.retry_after_ms, kind * 1000);
    }
    assert_null(
        reply_plain(PLAIN_REKEY, SLICE_LITERAL("no sheet"), 0, &desk.arena)
            .bytes);
    seal_desk_close(&desk);
}

static void a_reply_is_sealed_or_plain_never_both(void **state)
{
    static const uint8_t nonce[SEED_SIZE];
    struct seal_desk desk;
    struct exchange exchange;
    struct reply reply;
    const struct {
        struct reply_shell shell;
        enum err err;
    } rows[] = {
        { { .version = 1, .plain = PLAIN_BUSY }, ERR_NONE },
        { { .version = 2, .plain = PLAIN_BUSY }, ERR_VERSION },
        { { .version = 0, .plain = PLAIN_BUSY }, ERR_VERSION },
        { { .version = 1 }, ERR_MALFORMED },
        { { .version = 1, .plain = PLAIN_BUSY, .nonce = SLICE_ARRAY(nonce) },
            ERR_MALFORMED },
        { { .version = 1,
              .plain = PLAIN_BUSY,
              .ciphertext = SLICE_ARRAY(nonce) },
            ERR_MALFORMED },
        { { .version = 1, .plain = PLAIN_KIND_COUNT }, ERR_MALFORMED },
        { { .version = 1, .nonce = slice_of(nonce, 31) }, ERR_MALFORMED },
        { { .version = 1, .nonce = SLICE_ARRAY(nonce) }, ERR_MALFORMED },
        { { .version = 1,
              .nonce = SLICE_ARRAY(nonce),
              .ciphertext = SLICE_ARRAY(nonce) },
            ERR_SIGNATURE },
        { { .version = 2,
              .nonce = SLICE_ARRAY(nonce),
              .ciphertext = SLICE_ARRAY(nonce) },
            ERR_VERSION },
    };
    (void)state;
    seal_desk_open(&desk);
    exchange_open(&desk, 0, &exchange);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct slice bytes = reply_shell_write(&rows[i].shell, &desk.arena);
        enum err err = take(&desk, &exchange, bytes, &reply);
        if (err != rows[i].err)
            fail_msg("row %zu: %s", i, err_name(err));
    }
    seal_desk_close(&desk);
}

static void too_little_memory_never_makes_another_reply(void **state)
{
    struct seal_desk desk;
    struct exchange exchange;
    enum err err = ERR_LIMIT;
    (void)state;
    seal_desk_open(&desk);
    exchange_open(&desk, 0, &exchange);
    uint8_t *block = test_calloc(1, 1u << 20);
    uint8_t *body = test_calloc(1, 20000);
    for (size_t room = 64; err != ERR_NONE; room += 64) {
        struct arena small = { .block = block, .capacity = room };
        struct reply reply;
        struct slice envelope;
        err = reply_seal(desk.crypto[SEAL_BOB], &exchange.got, REPLY_BUSY,
            SEAL_NOW, slice_of(body, 20000), seal_seeds[0], &small, &envelope);
        if (err != ERR_NONE)
            assert_int_equal(err, ERR_LIMIT);
        else
            assert_int_equal(
                take(&desk, &exchange, envelope, &reply), ERR_NONE);
        arena_reset(&small);
    }
    test_free(block);
    test_free(body);
    seal_desk_close(&desk);
}

static void too_little_memory_opens_no_reply(void **state)
{
    struct seal_desk desk;
    struct exchange exchange;
    struct slice envelope;
    struct reply reply;
    struct arena whole;
    enum err err = ERR_LIMIT;
    (void)state;
    seal_desk_open(&desk);
    exchange_open(&desk, 0, &exchange);
    assert_int_equal(
        reply_seal(desk.crypto[SEAL_BOB], &exchange.got, REPLY_BUSY, SEAL_NOW,
            SLICE_LITERAL("later"), seal_seeds[0], &desk.arena, &envelope),
        ERR_NONE);
    envelope = slice_of(
        memcpy(test_malloc(envelope.size), envelope.bytes, envelope.size),
        envelope.size);
    whole = desk.arena;
    for (size_t room = 0; err != ERR_NONE; room += 16) {
        arena_reset(&desk.arena);
        desk.arena.capacity = room;
        err = take(&desk, &exchange, envelope, &reply);
        if (err != ERR_NONE)
            assert_int_equal(err, ERR_LIMIT);
    }
    assert_true(slice_is(reply.body, "later"));
    desk.arena = whole;
    test_free((void *)(uintptr_t)envelope.bytes);
    seal_desk_close(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_opens_as_it_was),
        cmocka_unit_test(a_reply_belongs_to_its_request),
        cmocka_unit_test(only_who_was_asked_replies),
        cmocka_unit_test(a_reply_names_both_ends),
        cmocka_unit_test(any_of_the_operation_keys_will_do),
        cmocka_unit_test(every_flipped_byte_of_a_reply_is_refused),
        cmocka_unit_test(plain_replies_are_hints_without_a_body),
        cmocka_unit_test(a_reply_is_sealed_or_plain_never_both),
        cmocka_unit_test(too_little_memory_never_makes_another_reply),
        cmocka_unit_test(too_little_memory_opens_no_reply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
