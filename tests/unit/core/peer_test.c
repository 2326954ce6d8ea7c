#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/keys.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "support/bench_node.h"
#include "support/bench_papers.h"
#include "support/crypto_fake.h"

#define LATER ((struct instant){ FEDERATION_START_MS + 90 * FEDERATION_DAY_MS })

/* 0 and 1 connected; a batch of 0 is open. */
struct desk {
    struct federation *federation;
    struct work *work;
    struct peer *peer;
};

static void desk_open(struct desk *desk)
{
    desk->federation = federation_new(2);
    federation_connect(desk->federation, 0, 1);
    desk->work = federation_begin(desk->federation, 0);
    desk->peer = federation_peer(desk->federation, 0, 1);
    assert_non_null(desk->peer);
}

static void desk_end(struct desk *desk)
{
    assert_int_equal(federation_end(desk->federation, 0), ERR_NONE);
}

static void desk_again(struct desk *desk)
{
    desk_end(desk);
    desk->work = federation_begin(desk->federation, 0);
    desk->peer = federation_peer(desk->federation, 0, 1);
}

static void desk_close(struct desk *desk)
{
    desk_end(desk);
    federation_free(desk->federation);
}

static void states_have_names(void **state)
{
    (void)state;
    assert_string_equal(peer_state_name(PEER_IMPORTED), "imported");
    assert_string_equal(peer_state_name(PEER_ACCEPTED), "accepted");
    assert_string_equal(peer_state_name((enum peer_state)0), "?");
    assert_string_equal(peer_state_name(PEER_STATE_COUNT), "?");
}

static void peers_are_found_by_agency_and_by_number(void **state)
{
    struct federation *federation = federation_new(3);
    struct node *node = federation_node(federation, 0);
    (void)state;
    assert_null(peer_find(node, federation_id(federation, 1)));
    federation_connect(federation, 0, 1);
    federation_connect(federation, 0, 2);
    const struct peer *first = federation_peer(federation, 0, 1);
    const struct peer *second = federation_peer(federation, 0, 2);
    assert_true(first->number < second->number);
    assert_ptr_equal(peer_numbered(node, first->number), first);
    assert_ptr_equal(peer_numbered(node, second->number), second);
    assert_null(peer_numbered(node, 0));
    assert_null(peer_numbered(node, second->number + 1));
    assert_null(peer_find(node, federation_id(federation, 0)));
    federation_free(federation);
}

static void a_restart_forgets_nothing_that_is_stored(void **state)
{
    struct federation *federation = federation_new(2);
    (void)state;
    federation_connect(federation, 0, 1);
    const struct peer before = *federation_peer(federation, 0, 1);
    federation_crash(federation, 0);
    const struct peer *after = federation_peer(federation, 0, 1);
    assert_non_null(after);
    assert_int_equal(after->number, before.number);
    assert_int_equal(after->state, PEER_ACCEPTED);
    assert_int_equal(after->card_serial, 1);
    assert_int_equal(after->sheet_serial, before.sheet_serial);
    assert_true(before.settled_out && before.settled_in);
    assert_false(after->settled_out || after->settled_in);
    assert_true(federation_is_announced(federation, 0, 1));
    federation_free(federation);
}

/* ---- Cards ---- */

static void the_card_is_what_was_imported(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    const struct card *card = peer_card(desk.work, desk.peer);
    assert_true(slice_is(card->name, papers_name(1)));
    assert_true(agency_id_equal(&card->agency, &desk.peer->agency));
    assert_ptr_equal(peer_card(desk.work, desk.peer), card); /* kept */
    assert_true(slice_equal(peer_card_bytes(desk.work, desk.peer),
        federation_card(desk.federation, 1)));
    assert_true(slice_equal(peer_sheet_bytes(desk.work, desk.peer),
        node_sheet(federation_node(desk.federation, 1))));
    assert_int_equal(peer_sheet(desk.work, desk.peer)->key_count, 14);
    /* and in the next batch it is read anew */
    for (int i = 0; i < 3; i++) {
        desk_again(&desk);
        card = peer_card(desk.work, desk.peer);
        assert_true(slice_is(card->name, papers_name(1)));
    }
    desk_close(&desk);
}

static void a_newer_card_replaces_the_older_and_is_announced(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    struct slice newer = federation_card_new(desk.federation, 1, 3, LATER);
    struct slice older = federation_card_new(desk.federation, 1, 2, LATER);
    assert_int_equal(peer_offer_card(desk.work, desk.peer, newer), ERR_NONE);
    assert_int_equal(desk.peer->card_serial, 3);
    assert_int_equal(peer_offer_card(desk.work, desk.peer, older), ERR_NONE);
    assert_int_equal(peer_offer_card(desk.work, desk.peer, newer), ERR_NONE);
    assert_int_equal(desk.peer->card_serial, 3);
    assert_true(slice_equal(peer_card_bytes(desk.work, desk.peer), newer));
    assert_int_equal(
        peer_card(desk.work, desk.peer)->keys[0].until.unix_ms, LATER.unix_ms);
    /* the sheet stays */
    assert_int_equal(peer_sheet(desk.work, desk.peer)->key_count, 14);
    desk_end(&desk);
    assert_int_equal(
        federation_logged(desk.federation, 0, LOG_CARD_UPDATED), 1);
    assert_true(federation_is_announced(desk.federation, 0, 1));
    federation_free(desk.federation);
}

static void a_card_that_is_not_its_own_is_refused(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    struct slice own = federation_card(desk.federation, 0);
    struct slice newer = federation_card_new(desk.federation, 1, 3, LATER);
    uint8_t *damaged = arena_take(desk.work->scratch, newer.size);
    memcpy(damaged, newer.bytes, newer.size);
    damaged[newer.size - 1] ^= 1;
    assert_int_equal(peer_offer_card(desk.work, desk.peer, own), ERR_ADDRESS);
    assert_int_equal(
        peer_offer_card(desk.work, desk.peer, slice_of(damaged, newer.size)),
        ERR_SIGNATURE);
    assert_int_equal(
        peer_offer_card(desk.work, desk.peer, SLICE_LITERAL("no card")),
        ERR_MALFORMED);
    assert_int_equal(desk.peer->card_serial, 1);
    desk_end(&desk);
    assert_int_equal(
        federation_logged(desk.federation, 0, LOG_CARD_REFUSED), 3);
    federation_free(desk.federation);
}

/* ---- Key sheets ---- */

static struct slice sheet_by(
    struct desk *desk, size_t signer, size_t agency, uint64_t serial)
{
    struct sealing_key keys[2] = { 0 };
    struct slice bytes;
    struct key_sheet sheet = { .agency =
                                   *federation_id(desk->federation, agency),
        .serial = serial,
        .issued = federation_now(desk->federation),
        .keys = keys,
        .key_count = 2 };
    struct crypto *crypto = federation_crypto(desk->federation, signer);
    papers_days(crypto, 20601, 2, keys);
    assert_int_equal(
        key_sheet_sign(crypto, &sheet, desk->work->scratch, &bytes), ERR_NONE);
    return bytes;
}

static void a_newer_sheet_replaces_the_older(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    uint64_t serial = desk.peer->sheet_serial;
    struct slice newer = sheet_by(&desk, 1, 1, serial + 5);
    assert_int_equal(peer_offer_sheet(desk.work, desk.peer, newer), ERR_NONE);
    assert_int_equal(desk.peer->sheet_serial, serial + 5);
    assert_int_equal(peer_sheet(desk.work, desk.peer)->key_count, 2);
    struct slice older = sheet_by(&desk, 1, 1, serial + 4);
    assert_int_equal(peer_offer_sheet(desk.work, desk.peer, older), ERR_NONE);
    assert_int_equal(desk.peer->sheet_serial, serial + 5);
    assert_true(slice_equal(peer_sheet_bytes(desk.work, desk.peer), newer));
    desk_close(&desk);
}

static void a_sheet_that_is_not_its_own_is_refused(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    uint64_t serial = desk.peer->sheet_serial;
    assert_int_equal(peer_offer_sheet(desk.work, desk.peer,
                         sheet_by(&desk, 0, 1, serial + 1)),
        ERR_KEY);
    assert_int_equal(peer_offer_sheet(desk.work, desk.peer,
                         sheet_by(&desk, 1, 0, serial + 1)),
        ERR_ADDRESS);
    assert_int_equal(
        peer_offer_sheet(desk.work, desk.peer, SLICE_LITERAL("no sheet")),
        ERR_MALFORMED);
    assert_int_equal(desk.peer->sheet_serial, serial);
    desk_close(&desk);
}

static void a_damaged_row_is_found(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    struct key key = key_peer(desk.peer->number);
    struct slice row = arena_copy(
        desk.work->scratch, store_get(desk.work->txn, key_slice(&key)));
    for (size_t size = 0; size < row.size; size += 1 + size / 16) {
        store_put(desk.work->txn, key_slice(&key), slice_of(row.bytes, size));
        assert_null(peer_card_bytes(desk.work, desk.peer).bytes);
        assert_int_equal(desk.work->txn->err, ERR_CORRUPT);
        desk.work->txn->err = ERR_NONE;
    }
    store_put(desk.work->txn, key_slice(&key), row);
    desk_close(&desk);
}

/* ---- Ledgers ---- */

static void each_direction_is_a_ledger_with_a_number_of_its_own(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    struct ledger *out = peer_ledger(desk.work, desk.peer, LEDGER_OUT);
    struct ledger *in = peer_ledger(desk.work, desk.peer, LEDGER_IN);
    assert_int_not_equal(out->number, 0);
    assert_int_not_equal(in->number, 0);
    assert_int_not_equal(out->number, in->number);
    assert_ptr_equal(peer_ledger(desk.work, desk.peer, LEDGER_OUT), out);
    uint32_t number = out->number;
    out->collected = 0;
    out->answered = 77;
    out->changed = true;
    in->answered = 88; /* which nobody asked to keep */
    desk_again(&desk);
    out = peer_ledger(desk.work, desk.peer, LEDGER_OUT);
    assert_int_equal(out->number, number);
    assert_int_equal(out->answered, 77);
    assert_int_equal(peer_ledger(desk.work, desk.peer, LEDGER_IN)->answered, 0);
    desk_close(&desk);
}

/* ---- Reaching it ---- */

static void the_backoff_doubles_to_its_limit_and_is_jittered(void **state)
{
    struct desk desk;
    int64_t full_ms = RETRY_DELAY_MS_MIN;
    bool differs = false;
    (void)state;
    desk_open(&desk);
    for (uint32_t i = 1; i <= 40; i++) {
        peer_failed(desk.work, desk.peer, "timeout");
        int64_t delay_ms = desk.peer->next_try_steady_ms - desk.work->steady_ms;
        assert_int_equal(desk.peer->failure_count, i);
        assert_in_range(delay_ms, full_ms / 2, full_ms);
        assert_int_equal(
            desk.peer->next_try_wall_ms, desk.work->now.unix_ms + delay_ms);
        assert_int_equal(desk.peer->failing_since_wall_ms, FEDERATION_START_MS);
        differs = differs || delay_ms != full_ms;
        full_ms =
            full_ms * 2 > RETRY_DELAY_MS_MAX ? RETRY_DELAY_MS_MAX : full_ms * 2;
    }
    assert_true(differs);
    assert_string_equal(desk.peer->problem, "timeout");
    desk_close(&desk);
}

static void anything_heard_ends_the_backoff(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    peer_failed(desk.work, desk.peer, "timeout");
    peer_heard(desk.work, desk.peer);
    assert_int_equal(desk.peer->failure_count, 0);
    assert_int_equal(desk.peer->next_try_steady_ms, 0);
    assert_int_equal(desk.peer->failing_since_wall_ms, 0);
    assert_int_equal(desk.peer->last_heard_wall_ms, FEDERATION_START_MS);
    assert_string_equal(desk.peer->problem, "");
    peer_heard(desk.work, desk.peer); /* nothing to recover from */
    desk_end(&desk);
    assert_int_equal(
        federation_logged(desk.federation, 0, LOG_PEER_RECOVERED), 1);
    federation_free(desk.federation);
}

static void only_keys_whose_time_is_not_over_are_announced(void **state)
{
    struct desk desk;
    size_t count;
    (void)state;
    desk_open(&desk);
    peer_announce(desk.work, desk.peer);
    const struct node_output *outputs =
        node_outputs(federation_node(desk.federation, 0), &count);
    const struct node_directory *directory = &outputs[count - 1].of.directory;
    assert_int_equal(outputs[count - 1].type, NODE_DIRECTORY);
    assert_true(directory->accepted);
    assert_int_equal(directory->endpoint_count, 1);
    assert_int_equal(directory->pin_count, 1);
    assert_int_equal(directory->operation_key_count, 1);
    assert_int_equal(directory->operation_key_ids[0],
        crypto_key_id(desk.work->crypto, directory->operation_keys[0]));
    desk.work->now.unix_ms += 61 * FEDERATION_DAY_MS;
    peer_announce(desk.work, desk.peer);
    outputs = node_outputs(federation_node(desk.federation, 0), &count);
    directory = &outputs[count - 1].of.directory;
    assert_int_equal(directory->pin_count, 0);
    assert_int_equal(directory->operation_key_count, 0);
    desk_close(&desk);
}

static void an_imported_agency_is_not_announced(void **state)
{
    struct federation *federation = federation_new(2);
    struct call call;
    (void)state;
    call_begin(&call, "card.import");
    call_data(&call, "data", federation_card(federation, 1));
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_NONE);
    assert_int_equal(federation_peer(federation, 0, 1)->state, PEER_IMPORTED);
    federation_run(federation);
    assert_false(federation_is_announced(federation, 0, 1));
    federation_crash(federation, 0);
    assert_false(federation_is_announced(federation, 0, 1));
    federation_free(federation);
}

static void what_is_no_state_has_no_name(void **state)
{
    (void)state;
    assert_string_equal(peer_state_name((enum peer_state)0), "?");
    assert_string_equal(peer_state_name(PEER_STATE_COUNT), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_have_names),
        cmocka_unit_test(peers_are_found_by_agency_and_by_number),
        cmocka_unit_test(a_restart_forgets_nothing_that_is_stored),
        cmocka_unit_test(the_card_is_what_was_imported),
        cmocka_unit_test(a_newer_card_replaces_the_older_and_is_announced),
        cmocka_unit_test(a_card_that_is_not_its_own_is_refused),
        cmocka_unit_test(a_newer_sheet_replaces_the_older),
        cmocka_unit_test(a_sheet_that_is_not_its_own_is_refused),
        cmocka_unit_test(a_damaged_row_is_found),
        cmocka_unit_test(each_direction_is_a_ledger_with_a_number_of_its_own),
        cmocka_unit_test(the_backoff_doubles_to_its_limit_and_is_jittered),
        cmocka_unit_test(anything_heard_ends_the_backoff),
        cmocka_unit_test(only_keys_whose_time_is_not_over_are_announced),
        cmocka_unit_test(an_imported_agency_is_not_announced),
        cmocka_unit_test(what_is_no_state_has_no_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
