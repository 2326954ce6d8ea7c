#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/limits.h"
#include "core/node_state.h"
#include "core/generation.h"
#include "core/shipment.h"
#include "core/signatory.h"
#include "support/bench_node.h"

/* An agency with `count` referrals that wait for another, in a batch of its
 * own; nothing has left. */
struct desk {
    struct federation *federation;
    struct work *work;
    struct peer *peer;
    struct ledger *out;
};

static void desk_open(struct desk *desk, size_t count)
{
    desk->federation = federation_of_two();
    /* one is on its way: the others wait */
    for (size_t i = 0; i < count + 1; i++) {
        char key[32];
        (void)snprintf(key, sizeof key, "key-%zu", i);
        (void)federation_submit(desk->federation, 0, 1, key);
    }
    desk->work = federation_begin(desk->federation, 0);
    desk->peer = federation_peer(desk->federation, 0, 1);
    desk->out = peer_ledger(desk->work, desk->peer, LEDGER_OUT);
    assert_non_null(desk->out);
    assert_int_equal(desk->out->intent_count, count);
}

static void desk_close(struct desk *desk)
{
    assert_int_equal(federation_end(desk->federation, 0), ERR_NONE);
    federation_free(desk->federation);
}

/* As if the one on its way had been signed for. */
static void settle(struct desk *desk)
{
    desk->out->cosigned = desk->out->frontier.size;
    desk->out->offered = SLICE_NONE;
}

static void what_is_loaded_again_is_what_was_made(void **state)
{
    struct desk desk;
    struct shipment made;
    struct shipment loaded;
    (void)state;
    desk_open(&desk, 3);
    settle(&desk);
    assert_true(shipment_make(desk.work, desk.peer, desk.out, &made));
    assert_int_equal(made.stored.count, 3);
    assert_int_equal(desk.out->intent_count, 0);
    for (size_t i = 0; i < 3; i++)
        assert_true(made.entries[i].content.size > 0);
    struct slice first = shipment_body(desk.work, desk.peer, desk.out, &made);
    assert_true(shipment_load(desk.work, desk.out, &loaded));
    struct slice again = shipment_body(desk.work, desk.peer, desk.out, &loaded);
    assert_true(first.size > 0);
    assert_true(slice_equal(first, again));
    desk_close(&desk);
}

static void what_was_erased_goes_without_its_content(void **state)
{
    struct desk desk;
    struct shipment shipment;
    (void)state;
    desk_open(&desk, 2);
    settle(&desk);
    assert_true(shipment_make(desk.work, desk.peer, desk.out, &shipment));
    content_erase(desk.work->contents, desk.work->txn, desk.work->arena,
        shipment.stored.entries[0].content);
    assert_true(shipment_load(desk.work, desk.out, &shipment));
    assert_int_equal(shipment.entries[0].content.size, 0);
    assert_int_equal(shipment.entries[0].salt.size, 0);
    assert_true(shipment.entries[0].header.size > 0);
    assert_true(shipment.entries[1].content.size > 0);
    assert_int_equal(shipment.entries[1].salt.size, SALT_SIZE);
    desk_close(&desk);
}

static void without_anything_that_waits_there_is_none(void **state)
{
    struct desk desk;
    struct shipment shipment;
    (void)state;
    desk_open(&desk, 0);
    settle(&desk);
    assert_false(shipment_make(desk.work, desk.peer, desk.out, &shipment));
    assert_int_equal(desk.work->txn->err, ERR_NONE);
    assert_false(shipment_load(desk.work, desk.out, &shipment));
    assert_int_equal(desk.work->txn->err, ERR_CORRUPT);
    assert_int_equal(federation_end(desk.federation, 0), ERR_CORRUPT);
    federation_free(desk.federation);
}

static void the_first_entry_of_a_later_generation_names_where_it_follows_on(
    void **state)
{
    struct federation *federation = federation_of_two();
    struct generation_end end;
    struct entry_header header;
    struct ledger_parcel parcel;
    struct shipment made;
    struct merkle_hash root;
    struct note note;
    (void)state;
    struct work *work = federation_begin(federation, 0);
    struct peer *peer = federation_peer(federation, 0, 1);
    struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    uint64_t generation = out->generation;
    uint64_t size = out->cosigned;
    merkle_root(work->crypto, &out->frontier, &root);
    assert_false(shipment_is_due(out));
    assert_false(shipment_make(work, peer, out, &made)); /* nothing waits */
    generation_renew(work, out, out->epoch);
    assert_true(shipment_is_due(out));
    assert_true(shipment_make(work, peer, out, &made));
    assert_false(shipment_is_due(out));
    assert_true(ledger_parcel_at(work, out, 0, &parcel));
    assert_int_equal(parcel.count, 1);
    assert_int_equal(
        entry_header_read(parcel.entries[0].header, work->scratch, &header),
        ERR_NONE);
    assert_int_equal(header.kind, ENTRY_GENERATION);
    struct slice content = content_get(
        work->contents, work->txn, work->scratch, parcel.entries[0].content);
    assert_int_equal(
        generation_end_read(content, work->scratch, &end), ERR_NONE);
    assert_int_equal(end.generation, generation);
    assert_int_equal(end.size, size);
    assert_memory_equal(end.root, root.bytes, HASH_SIZE);
    assert_int_equal(note_parse(out->offered, &note), ERR_NONE);
    assert_int_equal(note.size, 1);
    assert_int_equal(note.origin.generation, out->generation);
    assert_true(signatory_is_us(work, &note));
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    /* and the other end takes it as such */
    federation_run(federation);
    work = federation_begin(federation, 1);
    const struct ledger *in =
        peer_ledger(work, federation_peer(federation, 1, 0), LEDGER_IN);
    assert_int_equal(in->previous, generation);
    assert_true(in->cosigned >= 1);
    assert_int_equal(federation_end(federation, 1), ERR_NONE);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            the_first_entry_of_a_later_generation_names_where_it_follows_on),
        cmocka_unit_test(what_is_loaded_again_is_what_was_made),
        cmocka_unit_test(what_was_erased_goes_without_its_content),
        cmocka_unit_test(without_anything_that_waits_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
