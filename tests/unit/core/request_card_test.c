/* Keys that come with what they sign: on a stranger's card in an INTRODUCE, on
 * a newer card in the reply HEAD. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/request.h"
#include "support/bench_papers.h"
#include "support/crypto_fake.h"
#include "support/open_copy.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define TODAY 20000u
#define DAY_MS INT64_C(86400000)
#define NOW ((struct instant){ TODAY * DAY_MS })

enum { ALICE, BOB, CAROL, PERSON_COUNT };

struct desk {
    struct crypto *crypto[PERSON_COUNT];
    struct agency_id id[PERSON_COUNT];
    struct slice card[PERSON_COUNT]; /* serial 2 */
    uint8_t today[PERSON_COUNT][KEY_SIZE];
    struct arena arena;
};

static int setup(void **state)
{
    static struct desk desk;
    desk = (struct desk){ 0 };
    assert_int_equal(arena_init(&desk.arena, 16u << 20), ERR_NONE);
    for (size_t i = 0; i < PERSON_COUNT; i++) {
        uint8_t root[KEY_SIZE];
        desk.crypto[i] = crypto_fake_new(i + 1, TODAY - 1, 3);
        crypto_fake_root_public(desk.crypto[i], root);
        agency_id_of(desk.crypto[i], root, &desk.id[i]);
        struct slice first = papers_card(desk.crypto[i], i, 1, SLICE_NONE, NOW,
            (struct instant){ NOW.unix_ms + 30 * DAY_MS }, &desk.arena);
        desk.card[i] = papers_card(desk.crypto[i], i, 2, first, NOW,
            (struct instant){ NOW.unix_ms + 30 * DAY_MS }, &desk.arena);
        crypto_fake_day_public(desk.crypto[i], TODAY, desk.today[i]);
    }
    *state = &desk;
    return 0;
}

static int teardown(void **state)
{
    struct desk *desk = *state;
    for (size_t i = 0; i < PERSON_COUNT; i++)
        crypto_fake_free(desk->crypto[i]);
    arena_release(&desk->arena);
    return 0;
}

/* Nobody is known. */
static bool find_none(void *user, const struct agency_id *agency,
    uint64_t key_id, uint8_t key[KEY_SIZE])
{
    (void)user;
    (void)agency;
    (void)key_id;
    (void)key;
    return false;
}

/* By the keys of `signer`, in the name of Alice, to Bob. */
static enum err ask(struct desk *desk, unsigned signer, enum request_kind kind,
    struct slice body, struct request_secret *asked, struct request_secret *got)
{
    const uint8_t seed[SEED_SIZE] = { 1 };
    struct request request;
    struct slice envelope;
    assert_int_equal(request_seal(desk->crypto[signer], &desk->id[ALICE],
                         &desk->id[BOB], desk->today[BOB], kind, NOW, body,
                         seed, &desk->arena, asked, &envelope),
        ERR_NONE);
    return request_open_copy(desk->crypto[BOB], &desk->id[BOB], envelope,
        &desk->arena, find_none, NULL, got, &request);
}

static struct slice introduce_with(struct desk *desk, struct slice card)
{
    const struct introduce introduce = { .card = card };
    return introduce_write(&introduce, &desk->arena);
}

static void a_stranger_is_believed_by_the_card_it_brings(void **state)
{
    struct desk *desk = *state;
    const struct {
        const char *it;
        unsigned signer;
        enum request_kind kind;
        struct slice body;
        enum err err;
    } rows[] = {
        { "its own", ALICE, REQUEST_INTRODUCE,
            introduce_with(desk, desk->card[ALICE]), ERR_NONE },
        { "in another request", ALICE, REQUEST_DELIVER,
            introduce_with(desk, desk->card[ALICE]), ERR_NOT_FOUND },
        { "no body", ALICE, REQUEST_INTRODUCE, SLICE_LITERAL("none"),
            ERR_NOT_FOUND },
        { "no card", ALICE, REQUEST_INTRODUCE,
            introduce_with(desk, SLICE_LITERAL("no card")), ERR_NOT_FOUND },
        { "another agency's", ALICE, REQUEST_INTRODUCE,
            introduce_with(desk, desk->card[CAROL]), ERR_NOT_FOUND },
        { "without the key that signs", CAROL, REQUEST_INTRODUCE,
            introduce_with(desk, desk->card[ALICE]), ERR_NOT_FOUND },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct request_secret asked, got;
        enum err err =
            ask(desk, rows[i].signer, rows[i].kind, rows[i].body, &asked, &got);
        if (err != rows[i].err)
            fail_msg("%s: %s", rows[i].it, err_name(err));
    }
}

static struct slice head_with(struct desk *desk, struct slice card)
{
    const struct head head = { .card = card, .card_serial = 2, .epoch = 1 };
    return head_write(&head, &desk->arena);
}

/* Its keys of before are over, or were never heard of. */
static void a_reply_is_believed_by_a_newer_card_in_its_head(void **state)
{
    struct desk *desk = *state;
    const struct {
        const char *it;
        unsigned signer;
        enum reply_kind kind;
        struct slice body;
        uint64_t serial; /* of the card that is held */
        bool is_believed;
    } rows[] = {
        { "newer", BOB, REPLY_HEAD, head_with(desk, desk->card[BOB]), 1, true },
        { "as old", BOB, REPLY_HEAD, head_with(desk, desk->card[BOB]), 2,
            false },
        { "in another reply", BOB, REPLY_PARCEL,
            head_with(desk, desk->card[BOB]), 1, false },
        { "no head", BOB, REPLY_HEAD, SLICE_LITERAL("none"), 1, false },
        { "no card", BOB, REPLY_HEAD, head_with(desk, SLICE_LITERAL("no card")),
            1, false },
        { "another agency's", BOB, REPLY_HEAD,
            head_with(desk, desk->card[CAROL]), 1, false },
        { "without the key that signs", CAROL, REPLY_HEAD,
            head_with(desk, desk->card[BOB]), 1, false },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const uint8_t seed[SEED_SIZE] = { 2 };
        struct request_secret asked, got;
        struct slice envelope;
        struct reply reply;
        assert_int_equal(
            ask(desk, ALICE, REQUEST_INTRODUCE,
                introduce_with(desk, desk->card[ALICE]), &asked, &got),
            ERR_NONE);
        assert_int_equal(
            reply_seal(desk->crypto[rows[i].signer], &got, rows[i].kind, NOW,
                rows[i].body, seed, &desk->arena, &envelope),
            ERR_NONE);
        enum err err = reply_open_copy(desk->crypto[ALICE], &asked,
            &(struct replier){ NULL, 0, rows[i].serial }, envelope,
            &desk->arena, &reply);
        if ((err == ERR_NONE) != rows[i].is_believed)
            fail_msg("%s: %s", rows[i].it, err_name(err));
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_stranger_is_believed_by_the_card_it_brings),
        CASE(a_reply_is_believed_by_a_newer_card_in_its_head),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
