#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/card_renew.h"
#include "support/bench_papers.h"
#include "support/crypto_fake.h"

#define START_MS INT64_C(1780000000000)
#define AFTER(days)                                                            \
    ((struct instant){ START_MS + (int64_t)(days)*PAPERS_DAY_MS })

/* A first card, keys from day -30 to day 60, of agency 0. */
struct desk {
    struct crypto *crypto;
    struct arena arena;
    struct slice bytes;
    struct card held;
};

static struct card read_card(struct desk *desk, struct slice bytes)
{
    struct card card;
    struct card_problem problem;
    assert_int_equal(
        card_read(desk->crypto, bytes, &desk->arena, &card, &problem),
        ERR_NONE);
    return card;
}

static void desk_open(struct desk *desk)
{
    desk->crypto = crypto_fake_new(1, 0, 1);
    assert_int_equal(arena_init(&desk->arena, 1 << 20), ERR_NONE);
    desk->bytes = papers_card(
        desk->crypto, 0, 1, SLICE_NONE, AFTER(0), AFTER(60), &desk->arena);
    desk->held = read_card(desk, desk->bytes);
}

static void desk_close(struct desk *desk)
{
    crypto_fake_free(desk->crypto);
    arena_release(&desk->arena);
}

static struct card_key fresh_key(enum key_purpose purpose, int from_day)
{
    struct card_key key = { .purpose = purpose,
        .from = AFTER(from_day),
        .until = AFTER(from_day + 90) };
    memset(key.key, 0x20 + (int)purpose, KEY_SIZE);
    return key;
}

/* The drafted card, signed: it must be one that others take. */
static struct card renew(struct desk *desk, int day,
    const struct card_key *fresh, size_t count, bool at_once)
{
    struct card card;
    uint8_t signature[SIGNATURE_SIZE];
    struct card_renewal renewal = { .now = AFTER(day),
        .valid_until = AFTER(day + 730),
        .fresh = fresh,
        .fresh_count = count,
        .at_once = at_once };
    assert_int_equal(card_renew(desk->crypto, &desk->held, desk->bytes,
                         &renewal, &desk->arena, &card),
        ERR_NONE);
    struct slice bytes = card_bytes(&card, &desk->arena);
    crypto_fake_root_sign(
        desk->crypto, card_statement(bytes, &desk->arena), signature);
    card = read_card(desk, card_assemble(bytes, signature, &desk->arena));
    assert_int_equal(card_follows(desk->crypto, &desk->held, desk->bytes, &card,
                         &desk->arena),
        ERR_NONE);
    return card;
}

static size_t count_of(const struct card *card, enum key_purpose purpose)
{
    size_t count = 0;
    for (size_t i = 0; i < card->key_count; i++)
        count += card->keys[i].purpose == purpose;
    return count;
}

static void earlier_keys_stay_beside_their_followers(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    struct card_key fresh[] = { fresh_key(KEY_LOG, 53),
        fresh_key(KEY_TLS, 53) };
    struct card card = renew(&desk, 46, fresh, 2, false);
    assert_int_equal(card.serial, 2);
    assert_int_equal(card.issued.unix_ms, AFTER(46).unix_ms);
    assert_int_equal(card.valid_until.unix_ms, AFTER(46 + 730).unix_ms);
    assert_true(slice_equal(card.name, desk.held.name));
    assert_int_equal(card.endpoint_count, 1);
    assert_int_equal(card.contact_count, 1);
    assert_int_equal(count_of(&card, KEY_LOG), 2);
    assert_int_equal(count_of(&card, KEY_TLS), 2);
    assert_int_equal(count_of(&card, KEY_WITNESS), 1);
    /* the one to use changes when the follower begins, not before */
    assert_memory_equal(card_key_at(&card, KEY_LOG, AFTER(50))->key,
        desk.held.keys[0].key, KEY_SIZE);
    assert_memory_equal(
        card_key_at(&card, KEY_LOG, AFTER(53))->key, fresh[0].key, KEY_SIZE);
    desk_close(&desk);
}

static void keys_that_are_over_go_but_the_last_resort_stays_a_season(
    void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    struct card_key fresh = fresh_key(KEY_LOG, 60);
    struct card card = renew(&desk, 60, &fresh, 1, false);
    assert_int_equal(count_of(&card, KEY_OPERATION), 0);
    assert_int_equal(count_of(&card, KEY_TLS), 0);
    /* remembered, over, for those who missed a card */
    assert_int_equal(count_of(&card, KEY_LOG), 2);
    assert_int_equal(count_of(&card, KEY_WITNESS), 1);
    assert_int_equal(count_of(&card, KEY_LAST_RESORT), 1);
    card = renew(&desk, 149, &fresh, 1, false);
    assert_int_equal(count_of(&card, KEY_LAST_RESORT), 1);
    card = renew(&desk, 150, &fresh, 1, false);
    assert_int_equal(count_of(&card, KEY_LAST_RESORT), 0);
    desk_close(&desk);
}

static void at_once_leaves_nothing_of_what_is_replaced(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    struct card_key fresh = fresh_key(KEY_OPERATION, 0);
    struct card card = renew(&desk, 0, &fresh, 1, true);
    assert_int_equal(count_of(&card, KEY_OPERATION), 1);
    assert_memory_equal(
        card_key_at(&card, KEY_OPERATION, AFTER(0))->key, fresh.key, KEY_SIZE);
    assert_int_equal(count_of(&card, KEY_LOG), 1);
    desk_close(&desk);
}

/* Years of keys: the oldest that are only remembered make room. */
static void a_card_has_room_for_32_keys(void **state)
{
    struct desk desk;
    struct card card;
    struct card_key fresh[CARD_KEY_COUNT_MAX + 1] = { 0 };
    (void)state;
    desk_open(&desk);
    for (size_t i = 0; i < CARD_KEY_COUNT_MAX + 1; i++)
        fresh[i] = fresh_key(KEY_TLS, 61);
    struct card_renewal renewal = { .now = AFTER(60),
        .valid_until = AFTER(100),
        .fresh = fresh,
        .fresh_count = CARD_KEY_COUNT_MAX - 3 };
    assert_int_equal(card_renew(desk.crypto, &desk.held, desk.bytes, &renewal,
                         &desk.arena, &card),
        ERR_NONE);
    assert_int_equal(card.key_count, CARD_KEY_COUNT_MAX);
    assert_int_equal(count_of(&card, KEY_LOG), 1);
    renewal.fresh_count++;
    assert_int_equal(card_renew(desk.crypto, &desk.held, desk.bytes, &renewal,
                         &desk.arena, &card),
        ERR_NONE);
    assert_int_equal(
        count_of(&card, KEY_LOG) + count_of(&card, KEY_WITNESS), 1);
    renewal.fresh_count = CARD_KEY_COUNT_MAX;
    assert_int_equal(card_renew(desk.crypto, &desk.held, desk.bytes, &renewal,
                         &desk.arena, &card),
        ERR_LIMIT);
    desk_close(&desk);
}

static void only_the_next_of_the_same_root_follows(void **state)
{
    struct desk desk;
    struct card_key fresh = fresh_key(KEY_LOG, 0);
    (void)state;
    desk_open(&desk);
    struct card next = renew(&desk, 0, &fresh, 1, false);
    struct card other = next;
    other.root_key[0] ^= 1;
    assert_int_equal(
        card_follows(desk.crypto, &desk.held, desk.bytes, &other, &desk.arena),
        ERR_ADDRESS);
    assert_int_equal(card_follows(desk.crypto, &desk.held, desk.bytes,
                         &desk.held, &desk.arena),
        ERR_EXISTS);
    uint8_t hash[HASH_SIZE];
    memcpy(hash, next.previous.bytes, HASH_SIZE);
    hash[31] ^= 1;
    other = next;
    other.previous = SLICE_ARRAY(hash);
    assert_int_equal(
        card_follows(desk.crypto, &desk.held, desk.bytes, &other, &desk.arena),
        ERR_CONFLICT);
    other.serial = 3; /* one between was never seen */
    assert_int_equal(
        card_follows(desk.crypto, &desk.held, desk.bytes, &other, &desk.arena),
        ERR_NONE);
    desk_close(&desk);
}

static void what_ends_soon_without_a_follower_is_due(void **state)
{
    struct desk desk;
    struct card_due due;
    (void)state;
    desk_open(&desk);
    card_due_find(&desk.held, AFTER(45), 14 * PAPERS_DAY_MS, &due);
    assert_false(due.is_due);
    card_due_find(&desk.held, AFTER(46), 14 * PAPERS_DAY_MS, &due);
    assert_true(due.is_due);
    assert_int_equal(due.until.unix_ms, AFTER(60).unix_ms);
    for (int i = KEY_LOG; i < KEY_PURPOSE_COUNT; i++)
        assert_true(due.purposes[i]);
    struct card_key fresh = fresh_key(KEY_LOG, 53);
    struct card card = renew(&desk, 46, &fresh, 1, false);
    card_due_find(&card, AFTER(46), 14 * PAPERS_DAY_MS, &due);
    assert_false(due.purposes[KEY_LOG]);
    assert_true(due.purposes[KEY_WITNESS]);
    /* the card itself */
    card.key_count = 0;
    card_due_find(&card, AFTER(46 + 730 - 14), 14 * PAPERS_DAY_MS, &due);
    assert_true(due.is_due);
    assert_int_equal(due.until.unix_ms, card.valid_until.unix_ms);
    desk_close(&desk);
}

static void a_request_is_read_as_it_was_written(void **state)
{
    struct desk desk;
    struct card_key fresh = fresh_key(KEY_LOG, 0);
    struct card_request request;
    (void)state;
    desk_open(&desk);
    struct card next = renew(&desk, 0, &fresh, 1, false);
    struct card_request written = {
        .draft_bytes = card_bytes(&next, &desk.arena), .held_bytes = desk.bytes
    };
    struct slice bytes = card_request_write(&written, &desk.arena);
    assert_int_equal(
        card_request_read(desk.crypto, bytes, &desk.arena, &request), ERR_NONE);
    assert_int_equal(request.draft.serial, 2);
    assert_int_equal(request.held.serial, 1);
    assert_true(slice_equal(request.draft_bytes, written.draft_bytes));
    /* it must follow, and what it follows must verify */
    written.draft_bytes = card_bytes(&desk.held, &desk.arena);
    bytes = card_request_write(&written, &desk.arena);
    assert_int_equal(
        card_request_read(desk.crypto, bytes, &desk.arena, &request),
        ERR_EXISTS);
    uint8_t *damaged = arena_take(&desk.arena, desk.bytes.size);
    memcpy(damaged, desk.bytes.bytes, desk.bytes.size);
    damaged[desk.bytes.size - 1] ^= 1;
    written.held_bytes = slice_of(damaged, desk.bytes.size);
    bytes = card_request_write(&written, &desk.arena);
    assert_int_equal(
        card_request_read(desk.crypto, bytes, &desk.arena, &request),
        ERR_SIGNATURE);
    desk_close(&desk);
}

/* Of two of a purpose the one that lasts longer counts. */
static void what_ends_later_is_due_later(void **state)
{
    struct desk desk;
    struct card_due due;
    (void)state;
    desk_open(&desk);
    struct card_key keys[2] = { fresh_key(KEY_LOG, 5), fresh_key(KEY_LOG, 0) };
    struct card both = desk.held;
    both.keys = keys;
    both.key_count = 2;
    card_due_find(&both, AFTER(62), 2 * PAPERS_DAY_MS, &due);
    assert_false(due.purposes[KEY_LOG]);
    desk_close(&desk);
}

static void too_little_memory_is_a_limit(void **state)
{
    struct desk desk;
    struct card_key fresh = fresh_key(KEY_LOG, 0);
    struct card_renewal renewal = { .now = AFTER(0),
        .valid_until = AFTER(100),
        .fresh = &fresh,
        .fresh_count = 1 };
    enum err err = ERR_LIMIT;
    (void)state;
    desk_open(&desk);
    for (size_t size = 16; err != ERR_NONE; size += 16) {
        struct arena little;
        struct card card;
        assert_true(size < 65536);
        assert_int_equal(arena_init(&little, size), ERR_NONE);
        err = card_renew(
            desk.crypto, &desk.held, desk.bytes, &renewal, &little, &card);
        assert_true(err == ERR_NONE || err == ERR_LIMIT);
        arena_release(&little);
    }
    desk_close(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(earlier_keys_stay_beside_their_followers),
        cmocka_unit_test(
            keys_that_are_over_go_but_the_last_resort_stays_a_season),
        cmocka_unit_test(at_once_leaves_nothing_of_what_is_replaced),
        cmocka_unit_test(a_card_has_room_for_32_keys),
        cmocka_unit_test(only_the_next_of_the_same_root_follows),
        cmocka_unit_test(what_ends_soon_without_a_follower_is_due),
        cmocka_unit_test(a_request_is_read_as_it_was_written),
        cmocka_unit_test(what_ends_later_is_due_later),
        cmocka_unit_test(too_little_memory_is_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
