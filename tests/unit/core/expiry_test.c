#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/expiry.h"
#include "core/node_state.h"
#include "core/peer.h"
#include "core/signatory.h"
#include "support/bench_node.h"
#include "support/crypto_fake.h"

static void review_on(struct federation *federation, int day)
{
    struct node_input input = { .type = NODE_REVIEW };
    federation_wait_until(federation, day * FEDERATION_DAY_MS);
    assert_int_equal(federation_step(federation, 0, &input), ERR_NONE);
}

static uint64_t told(struct federation *federation)
{
    return federation_logged(federation, 0, LOG_EXPIRY_NEARED);
}

static void what_ends_within_a_fortnight_is_told_once_a_day(void **state)
{
    struct federation *federation = federation_of_two();
    (void)state;
    review_on(federation, 45);
    assert_int_equal(told(federation), 0);
    review_on(federation, 46);
    assert_int_equal(told(federation), 2); /* ours and theirs */
    review_on(federation, 46);
    assert_int_equal(told(federation), 2);
    review_on(federation, 47);
    assert_int_equal(told(federation), 4);
    review_on(federation, 61); /* and after its end */
    assert_int_equal(told(federation), 6);
    federation_free(federation);
}

static void who_asks_is_told_with_a_remedy(void **state)
{
    struct federation *federation = federation_of_two();
    struct call call;
    (void)state;
    for (int day = 45; day <= 46; day++) {
        federation_wait_until(federation, day * FEDERATION_DAY_MS);
        call_begin(&call, "status");
        const struct local_reply *reply = federation_call(federation, 0, &call);
        assert_int_equal(reply_count(reply, "expiry"), day == 46 ? 2 : 0);
        if (day == 45)
            continue;
        const struct local_record *own = reply_record(reply, "expiry", 0);
        assert_true(slice_is(record_text(own, "kind"), "own_card"));
        assert_int_equal(record_number(own, "until_ms"),
            FEDERATION_START_MS + 60 * FEDERATION_DAY_MS);
        assert_true(record_text(own, "remedy").size > 0);
        const struct local_record *peer = reply_record(reply, "expiry", 1);
        assert_true(slice_is(record_text(peer, "kind"), "peer_card"));
        assert_true(slice_is(
            record_text(peer, "agency"), federation_id(federation, 1)->text));
    }
    federation_free(federation);
}

/* The agreement's last day is 582 days after the start. */
static void an_agreement_that_ends_is_told_before_and_not_after(void **state)
{
    static const struct {
        int day;
        bool is_told;
    } rows[] = { { 560, false }, { 570, true }, { 590, false } };
    struct federation *federation = federation_of_two();
    char id[MOU_ID_TEXT_SIZE + 1];
    struct call call;
    (void)state;
    federation_mou_id(federation, id);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        federation_wait_until(federation, rows[i].day * FEDERATION_DAY_MS);
        call_begin(&call, "status");
        const struct local_reply *reply = federation_call(federation, 0, &call);
        const struct local_record *told =
            reply_find(reply, "expiry", "kind", "mou");
        assert_int_equal(told != NULL, rows[i].is_told);
        if (told == NULL)
            continue;
        assert_true(record_is(told, "mou", id));
        assert_true(record_text(told, "remedy").size > 0);
    }
    federation_free(federation);
}

/* What the openers know of the other agency follows the clock, in both
 * directions; nothing is announced that did not turn. */
static void keys_that_ended_are_announced_no_more(void **state)
{
    static const struct {
        int day;
        int announced; /* operation keys; -1: nothing is */
    } rows[] = { { 59, 1 }, { 59, -1 }, { 60, 0 }, { 61, -1 }, { 2, 1 } };
    struct federation *federation = federation_of_two();
    (void)state;
    struct work *work = federation_begin(federation, 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t before = work->node->outputs.count;
        int announced = -1;
        work->now.unix_ms =
            FEDERATION_START_MS + rows[i].day * FEDERATION_DAY_MS;
        if (i == 0)
            work->node->reviewed.unix_ms = INT64_MAX; /* the clock went back */
        expiry_review(work);
        for (size_t k = before; k < work->node->outputs.count; k++)
            if (work->node->outputs.items[k].type == NODE_DIRECTORY)
                announced = (int)work->node->outputs.items[k]
                                .of.directory.operation_key_count;
        assert_int_equal(announced, rows[i].announced);
    }
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    federation_free(federation);
}

static void a_card_that_is_over_verifies_nothing_new(void **state)
{
    struct federation *federation = federation_new(2);
    struct note note = { .size = 1 };
    (void)state;
    federation_connect(federation, 0, 1);
    struct slice long_keys = federation_card_new(federation, 1, 2,
        (struct instant){ FEDERATION_START_MS + 900 * FEDERATION_DAY_MS });
    note.origin = (struct origin){ .author = *federation_id(federation, 1),
        .recipient = *federation_id(federation, 0),
        .lane = LANE_MAIN,
        .generation = 1 };
    assert_int_equal(
        note_sign(federation_crypto(federation, 1), &note), ERR_NONE);
    struct work *work = federation_begin(federation, 0);
    assert_int_equal(
        peer_offer_card(work, federation_peer(federation, 0, 1), long_keys),
        ERR_NONE);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    for (int day = 299; day <= 300; day++) {
        review_on(federation, day);
        work = federation_begin(federation, 0);
        struct peer *peer = federation_peer(federation, 0, 1);
        assert_int_equal(signatory_is_author(work, peer, &note), day == 299);
        assert_true(signatory_was_author(work, peer, &note));
        assert_int_equal(federation_end(federation, 0), ERR_NONE);
    }
    federation_free(federation);
}

static void what_is_no_kind_has_no_name(void **state)
{
    (void)state;
    assert_string_equal(expiry_code(EXPIRY_COUNT), "?");
    assert_string_equal(expiry_remedy(EXPIRY_COUNT), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_ends_within_a_fortnight_is_told_once_a_day),
        cmocka_unit_test(who_asks_is_told_with_a_remedy),
        cmocka_unit_test(an_agreement_that_ends_is_told_before_and_not_after),
        cmocka_unit_test(keys_that_ended_are_announced_no_more),
        cmocka_unit_test(a_card_that_is_over_verifies_nothing_new),
        cmocka_unit_test(what_is_no_kind_has_no_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
