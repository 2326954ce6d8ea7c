#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/codec_card.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "core/revoke.h"
#include "support/bench_author.h"
#include "support/bench_loss.h"
#include "support/bench_node.h"
#include "support/bench_router.h"
#include "support/crypto_fake.h"

/* Three agencies that know each other; 0 revokes its card. */
struct desk {
    struct federation *federation;
    struct arena arena;
    struct slice last_word;
};

static struct slice last_word(
    struct desk *desk, const struct ledger_end *ends, size_t end_count)
{
    uint8_t signature[SIGNATURE_SIZE];
    struct revocation revocation = { .agency =
                                         *federation_id(desk->federation, 0),
        .issued = { FEDERATION_START_MS },
        .ends = ends,
        .end_count = end_count };
    struct slice bytes = revocation_bytes(&revocation, &desk->arena);
    crypto_fake_root_sign(federation_crypto(desk->federation, 0),
        revocation_statement(bytes, &desk->arena), signature);
    return revocation_assemble(bytes, signature, &desk->arena);
}

static void desk_open(struct desk *desk)
{
    desk->federation = federation_new(3);
    assert_int_equal(arena_init(&desk->arena, 1 << 20), ERR_NONE);
    federation_connect(desk->federation, 0, 1);
    federation_connect(desk->federation, 0, 2);
    federation_agree(desk->federation);
    desk->last_word = last_word(desk, NULL, 0);
}

static void desk_close(struct desk *desk)
{
    arena_release(&desk->arena);
    federation_free(desk->federation);
}

static const struct local_reply *import(
    struct desk *desk, size_t agency, struct slice data)
{
    struct call call;
    call_begin(&call, "revocation.import");
    call_data(&call, "data", data);
    return federation_call(desk->federation, agency, &call);
}

static enum peer_state state_at(struct desk *desk, size_t agency)
{
    return federation_peer(desk->federation, agency, 0)->state;
}

static bool is_intact(struct desk *desk, size_t agency)
{
    return federation_whole_count(desk->federation, agency) > 0;
}

static void settle(struct desk *desk)
{
    for (int i = 0; i < 4; i++)
        federation_wait(desk->federation, 600000);
}

static void our_own_goes_to_all_that_we_know(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    (void)federation_submit(desk.federation, 0, 1, "a");
    federation_run(desk.federation);
    assert_int_equal(import(&desk, 0, desk.last_word)->err, ERR_NONE);
    settle(&desk);
    for (size_t i = 1; i <= 2; i++) {
        assert_int_equal(state_at(&desk, i), PEER_REVOKED);
        assert_int_equal(
            federation_logged(desk.federation, i, LOG_PEER_REVOKED), 1);
        assert_false(federation_is_announced(desk.federation, i, 0));
        assert_true(is_intact(&desk, i)); /* what was signed stays signed */
    }
    assert_int_equal(
        federation_logged(desk.federation, 0, LOG_CARD_REVOKED), 1);
    assert_int_equal(federation_message_count(desk.federation), 0);
    desk_close(&desk);
}

/* Who was not there hears it when it comes; and after our restart, too. */
static void who_was_away_hears_it_later(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    assert_int_equal(import(&desk, 0, desk.last_word)->err, ERR_NONE);
    while (federation_message_count(desk.federation) > 0)
        federation_lose(desk.federation, 0);
    federation_crash(desk.federation, 0);
    settle(&desk);
    assert_int_equal(state_at(&desk, 1), PEER_REVOKED);
    assert_int_equal(state_at(&desk, 2), PEER_REVOKED);
    desk_close(&desk);
}

/* The answer to what was said before settles all, but says nothing of it. */
static void a_greeting_on_its_way_is_followed_by_one_that_tells_it(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    federation_run(desk.federation);
    federation_crash(desk.federation, 0);
    assert_int_equal(federation_message_count(desk.federation), 2);
    assert_int_equal(import(&desk, 0, desk.last_word)->err, ERR_NONE);
    settle(&desk);
    assert_int_equal(state_at(&desk, 1), PEER_REVOKED);
    assert_int_equal(state_at(&desk, 2), PEER_REVOKED);
    assert_int_equal(federation_message_count(desk.federation), 0);
    desk_close(&desk);
}

/* It comes back from an old copy, or took the card from paper once more; and
 * nobody can dial whose card it is. */
static void who_has_forgotten_it_hears_it_again(void **state)
{
    struct desk desk;
    struct arena router;
    (void)state;
    desk.federation = router_federation(&router);
    assert_int_equal(arena_init(&desk.arena, 1 << 20), ERR_NONE);
    desk.last_word = last_word(&desk, NULL, 0);
    struct store_memory_snapshot *backup =
        federation_back_up(desk.federation, 1);
    assert_int_equal(import(&desk, 0, desk.last_word)->err, ERR_NONE);
    settle(&desk);
    assert_int_equal(state_at(&desk, 1), PEER_REVOKED);
    federation_restore(desk.federation, 1, backup);
    federation_run(desk.federation);
    assert_int_equal(state_at(&desk, 1), PEER_ACCEPTED);
    federation_wait(desk.federation, REVOCATION_AGAIN_MS);
    assert_int_equal(state_at(&desk, 1), PEER_REVOKED);
    store_memory_snapshot_free(backup);
    arena_release(&router);
    desk_close(&desk);
}

/* Whatever others ask of it meanwhile, each brings the same answer. */
static void who_knows_it_hears_it_seldom(void **state)
{
    struct desk desk;
    struct bench_reply reply;
    const struct head nothing = { .epoch = 1 };
    (void)state;
    desk_open(&desk);
    assert_int_equal(import(&desk, 0, desk.last_word)->err, ERR_NONE);
    settle(&desk);
    uint64_t said = federation_node(desk.federation, 0)->counters.heads_sent;
    for (int i = 0; i < 6 * 10; i++) {
        federation_request(desk.federation, 1, 0, REQUEST_HEAD,
            head_write(&nothing, &desk.arena), &reply);
        assert_int_equal(reply.kind, REPLY_HEAD);
        federation_wait(desk.federation, REVOCATION_AGAIN_MS / 10);
    }
    said = federation_node(desk.federation, 0)->counters.heads_sent - said;
    assert_in_range(said, 2 * 5, 2 * 7);
    desk_close(&desk);
}

static void the_revoked_send_and_take_nothing(void **state)
{
    struct desk desk;
    struct call call;
    (void)state;
    desk_open(&desk);
    assert_int_equal(import(&desk, 0, desk.last_word)->err, ERR_NONE);
    federation_referral(desk.federation, &call, 0, 1, "late");
    assert_int_equal(
        federation_call(desk.federation, 0, &call)->err, ERR_STATE);
    settle(&desk);
    federation_referral(desk.federation, &call, 1, 0, "late");
    assert_int_equal(
        federation_call(desk.federation, 1, &call)->err, ERR_STATE);
    assert_int_equal(import(&desk, 0, desk.last_word)->err, ERR_EXISTS);
    desk_close(&desk);
}

/* A peer's operator has it on paper: nothing that the keys sign is taken from
 * then on, whatever they try. */
static void nothing_signed_after_it_is_believed(void **state)
{
    struct desk desk;
    struct bench_reply reply;
    struct author author;
    (void)state;
    desk_open(&desk);
    author_open(&author, desk.federation, 0, 1);
    author_add(&author, ENTRY_PADDING, SLICE_LITERAL("before"));
    author_deliver(&author);
    author_add(&author, ENTRY_PADDING, SLICE_LITERAL("after"));
    struct deliver deliver = author_parcel(&author);
    assert_int_equal(import(&desk, 1, desk.last_word)->err, ERR_NONE);
    assert_int_equal(state_at(&desk, 1), PEER_REVOKED);
    assert_int_equal(author_send(&author, &deliver, &reply), REPLY_REFUSED);
    /* a newer card, by whoever has the root key now */
    struct work *work = federation_begin(desk.federation, 1);
    struct peer *peer = federation_peer(desk.federation, 1, 0);
    assert_int_equal(peer_offer_card(work, peer,
                         federation_card_new(desk.federation, 0, 2,
                             (struct instant){ FEDERATION_START_MS + 1 })),
        ERR_STATE);
    assert_int_equal(federation_end(desk.federation, 1), ERR_NONE);
    /* and it is so after a restart */
    federation_crash(desk.federation, 1);
    assert_int_equal(state_at(&desk, 1), PEER_REVOKED);
    assert_false(federation_is_announced(desk.federation, 1, 0));
    assert_int_equal(author_send(&author, &deliver, &reply), REPLY_REFUSED);
    assert_true(is_intact(&desk, 1));
    author_close(&author);
    desk_close(&desk);
}

static void there_is_no_way_back(void **state)
{
    struct desk desk;
    struct call call;
    (void)state;
    desk_open(&desk);
    assert_int_equal(import(&desk, 1, desk.last_word)->err, ERR_NONE);
    assert_int_equal(import(&desk, 1, desk.last_word)->err, ERR_EXISTS);
    call_begin(&call, "card.accept");
    call_text(&call, "agency", federation_id(desk.federation, 0)->text);
    assert_int_equal(
        federation_call(desk.federation, 1, &call)->err, ERR_STATE);
    call_begin(&call, "peer.close");
    call_text(&call, "agency", federation_id(desk.federation, 0)->text);
    call_flag(&call, "reopen", true);
    (void)federation_call(desk.federation, 1, &call);
    assert_int_equal(state_at(&desk, 1), PEER_REVOKED);
    desk_close(&desk);
}

static void what_is_queued_goes_back_to_staff(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    /* nothing travels: it has no index yet where a parcel is in flight */
    (void)federation_submit(desk.federation, 1, 0, "a");
    (void)federation_submit(desk.federation, 1, 0, "b");
    const struct local_reply *reply = import(&desk, 1, desk.last_word);
    assert_int_equal(reply->err, ERR_NONE);
    const struct local_record *peer = reply_record(reply, "peer", 0);
    assert_true(record_number(peer, "returned") > 0);
    assert_true(slice_is(record_text(peer, "state"), "revoked"));
    desk_close(&desk);
}

static void a_revocation_that_is_not_theirs_says_nothing(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    assert_int_equal(
        import(&desk, 1, SLICE_LITERAL("no revocation"))->err, ERR_MALFORMED);
    uint8_t *bytes = arena_take(&desk.arena, desk.last_word.size);
    memcpy(bytes, desk.last_word.bytes, desk.last_word.size);
    bytes[desk.last_word.size - 1] ^= 1;
    assert_int_equal(
        import(&desk, 1, slice_of(bytes, desk.last_word.size))->err,
        ERR_SIGNATURE);
    assert_int_equal(state_at(&desk, 1), PEER_ACCEPTED);
    desk_close(&desk);
}

static void entries_beyond_what_it_names_are_doubted_aloud(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    struct work *work = federation_begin(desk.federation, 1);
    struct ledger *in =
        peer_ledger(work, federation_peer(desk.federation, 1, 0), LEDGER_IN);
    struct ledger_end end = { .author = *federation_id(desk.federation, 0),
        .recipient = *federation_id(desk.federation, 1),
        .generation = in->generation,
        .size = in->cosigned - 1,
        .root = { 1 } };
    assert_int_equal(federation_end(desk.federation, 1), ERR_NONE);
    assert_int_equal(
        import(&desk, 1, last_word(&desk, &end, 1))->err, ERR_NONE);
    assert_int_equal(
        federation_logged(desk.federation, 1, LOG_LEDGER_DOUBTED), 1);
    assert_true(is_intact(&desk, 1));
    desk_close(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_own_goes_to_all_that_we_know),
        cmocka_unit_test(who_was_away_hears_it_later),
        cmocka_unit_test(
            a_greeting_on_its_way_is_followed_by_one_that_tells_it),
        cmocka_unit_test(who_has_forgotten_it_hears_it_again),
        cmocka_unit_test(who_knows_it_hears_it_seldom),
        cmocka_unit_test(the_revoked_send_and_take_nothing),
        cmocka_unit_test(nothing_signed_after_it_is_believed),
        cmocka_unit_test(there_is_no_way_back),
        cmocka_unit_test(what_is_queued_goes_back_to_staff),
        cmocka_unit_test(a_revocation_that_is_not_theirs_says_nothing),
        cmocka_unit_test(entries_beyond_what_it_names_are_doubted_aloud),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
