#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/entry.h"
#include "core/limits.h"
#include "core/patience.h"

#include <string.h>

static struct arena arena;

static int arena_open(void **state)
{
    (void)state;
    return arena_init(&arena, 1u << 20) == ERR_NONE ? 0 : -1;
}

static int arena_close(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static void a_receipt_can_wait_when_no_more_is_sent_upon_it(void **state)
{
    const struct reply receipt = { .kind = REPLY_COSIGNED };
    const struct reply behind = { .kind = REPLY_BEHIND };
    const struct reply busy = { .kind = REPLY_COSIGNED, .plain = PLAIN_BUSY };
    (void)state;
    assert_int_equal(patience_with_reply(&receipt, true), PARCEL_GAP_MS);
    assert_int_equal(patience_with_reply(&receipt, false), 0);
    assert_int_equal(patience_with_reply(&behind, true), 0);
    assert_int_equal(patience_with_reply(&busy, true), 0);
}

/* A Deliver of entries of those kinds, up to 0, each with so much content. */
static struct slice deliver_of(const enum entry_kind *kinds, size_t size)
{
    static const uint8_t salt[SALT_SIZE] = { 1 };
    static const uint8_t fence[FENCE_SIZE] = { 2 };
    struct entry entries[4];
    size_t count = 0;
    uint8_t *content = arena_take(&arena, size);
    assert_non_null(content);
    for (; kinds[count] != 0; count++) {
        struct entry_header header = { .kind = kinds[count],
            .at = { 1780000000000 } };
        entries[count] =
            (struct entry){ .header = entry_header_write(&header, &arena),
                .salt = SLICE_ARRAY(salt),
                .content = slice_of(content, size) };
    }
    struct deliver deliver = { .fence = SLICE_ARRAY(fence),
        .parcel = { 7, entries, count, SLICE_LITERAL("note") } };
    struct slice body = deliver_write(&deliver, &arena);
    assert_non_null(body.bytes);
    return body;
}

static uint32_t patience_of(enum request_kind kind, struct slice body)
{
    struct request request = { .kind = kind, .body = body };
    return patience_with_request(&request, &arena);
}

static void answers_alone_can_wait_and_what_is_news_cannot(void **state)
{
    static const struct {
        enum entry_kind kinds[4];
        size_t size;
        uint32_t wait_ms;
    } rows[] = {
        { { ENTRY_ANSWER }, 40, ANSWERS_WAIT_MS },
        { { ENTRY_ANSWER, ENTRY_ANSWER }, 40, ANSWERS_WAIT_MS },
        { { ENTRY_REFERRAL_EVENT }, 40, 0 },
        { { ENTRY_ANSWER, ENTRY_REFERRAL_EVENT }, 40, 0 },
        { { ENTRY_REFERRAL_EVENT, ENTRY_ANSWER }, 40, 0 },
        { { ENTRY_GENERATION }, 40, 0 },
        /* more than answers are */
        { { ENTRY_ANSWER }, 2048, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(patience_of(REQUEST_DELIVER,
                             deliver_of(rows[i].kinds, rows[i].size)),
            rows[i].wait_ms);
}

static void what_is_no_parcel_of_answers_does_not_wait(void **state)
{
    static const enum entry_kind answer[] = { ENTRY_ANSWER, 0 };
    (void)state;
    struct slice body = deliver_of(answer, 40);
    assert_int_equal(patience_of(REQUEST_DELIVER, body), ANSWERS_WAIT_MS);
    assert_int_equal(patience_of(REQUEST_HEAD, body), 0);
    assert_int_equal(patience_of(REQUEST_DELIVER, SLICE_NONE), 0);
    assert_int_equal(
        patience_of(REQUEST_DELIVER, slice_of(body.bytes, body.size - 1)), 0);
    assert_int_equal(patience_of(REQUEST_DELIVER, SLICE_LITERAL("no")), 0);
}

static void who_has_little_to_do_does_not_wait(void **state)
{
    struct patience patience = { 0 };
    (void)state;
    assert_true(patience_pays(&patience, 1));
    assert_false(patience_pays(&patience, 0));
    for (int i = 0; i < 50; i++)
        patience_idle(&patience, 10); /* a hundred batches a second */
    assert_false(patience_pays(&patience, PARCEL_GAP_MS));
    assert_true(patience_pays(&patience, 60 * 1000));
    for (int i = 0; i < 50; i++)
        patience_idle(&patience, i % 3 == 0); /* three thousand */
    assert_true(patience_pays(&patience, PARCEL_GAP_MS));
    assert_true(patience_pays(&patience, ANSWERS_WAIT_MS));
    /* a night is soon forgotten */
    patience_idle(&patience, 8 * 60 * 60 * 1000);
    for (int i = 0; i < 20; i++)
        patience_idle(&patience, 0);
    assert_true(patience_pays(&patience, ANSWERS_WAIT_MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_receipt_can_wait_when_no_more_is_sent_upon_it),
        cmocka_unit_test(answers_alone_can_wait_and_what_is_news_cannot),
        cmocka_unit_test(what_is_no_parcel_of_answers_does_not_wait),
        cmocka_unit_test(who_has_little_to_do_does_not_wait),
    };
    return cmocka_run_group_tests(tests, arena_open, arena_close);
}
