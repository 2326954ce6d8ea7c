#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/delivery.h"
#include "core/generation.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "core/outbox.h"
#include "core/peer.h"
#include "support/bench_damage.h"
#include "support/bench_node.h"

static struct federation *two(void)
{
    return federation_of_two();
}

static struct ledger *out_of(struct federation *federation, struct work *work)
{
    return peer_ledger(work, federation_peer(federation, 0, 1), LEDGER_OUT);
}

static void a_closed_generation_is_kept_and_found(void **state)
{
    struct federation *federation = two();
    struct ledger_parcel parcel;
    (void)state;
    struct work *work = federation_begin(federation, 0);
    struct ledger *out = out_of(federation, work);
    uint64_t first = out->generation;
    uint64_t size = out->cosigned;
    char note[NOTE_SIZE_MAX];
    size_t note_size = out->note.size;
    memcpy(note, out->note.bytes, note_size);
    assert_ptr_equal(generation_find(work, out, first), out);
    assert_null(generation_find(work, out, first + 1));
    assert_null(generation_find(work, out, 0));
    generation_close(work, out);
    assert_int_equal(out->generation, 0);
    assert_int_equal(out->previous, first);
    assert_int_equal(out->frontier.size, 0);
    generation_open(work, out);
    assert_int_not_equal(out->generation, first);
    /* one copy of it, whoever asks */
    struct ledger *closed = generation_find(work, out, first);
    assert_ptr_equal(closed, generation_find(work, out, first));
    closed->answered = 1;
    generation_save(work, closed);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    federation_crash(federation, 0);
    work = federation_begin(federation, 0);
    out = out_of(federation, work);
    closed = generation_find(work, out, out->previous);
    assert_true(closed->closed);
    assert_int_equal(closed->cosigned, size);
    assert_int_equal(closed->answered, 1);
    assert_true(slice_equal(closed->note, slice_of(note, note_size)));
    assert_true(ledger_parcel_at(work, closed, size - 1, &parcel));
    assert_true(parcel.note.size > 0);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    federation_free(federation);
}

static void what_nobody_cosigned_waits_again_before_all_else(void **state)
{
    struct federation *federation = two();
    struct intent intent;
    struct merkle_hash roots[2];
    (void)state;
    struct work *work = federation_begin(federation, 0);
    struct ledger *out = out_of(federation, work);
    merkle_root(work->crypto, &out->frontier, &roots[0]);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    (void)federation_submit(federation, 0, 1, "in flight");
    (void)federation_submit(federation, 0, 1, "waits");
    work = federation_begin(federation, 0);
    out = out_of(federation, work);
    assert_int_equal(out->frontier.size, out->cosigned + 1);
    assert_int_equal(out->intent_count, 1);
    assert_true(outbox_next(work, out, 0, &intent));
    struct uuid second = intent.referral;
    generation_take_back(work, out);
    assert_true(out->renews);
    assert_true(generation_is_spent(work, out));
    assert_int_equal(out->frontier.size, out->cosigned);
    assert_int_equal(out->offered.size, 0);
    merkle_root(work->crypto, &out->frontier, &roots[1]);
    assert_memory_equal(&roots[0], &roots[1], sizeof roots[0]);
    assert_int_equal(out->intent_count, 2);
    assert_true(outbox_next(work, out, 0, &intent));
    assert_false(uuid_equal(&intent.referral, &second));
    assert_int_equal(intent.seq, 1);
    assert_true(outbox_next(work, out, intent.number + 1, &intent));
    assert_true(uuid_equal(&intent.referral, &second));
    /* a peer that knows nothing of this is compared with again */
    federation_peer(federation, 0, 1)->settled_out = false;
    federation_peer(federation, 0, 1)->wants_head = true;
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    federation_free(federation);
}

static void a_parcel_waits_again_in_its_order(void **state)
{
    enum { COUNT = 5 };
    struct federation *federation = two();
    struct intent intent = { .number = 0 };
    (void)state;
    struct work *work = federation_begin(federation, 0);
    for (size_t size = 1; size <= COUNT; size++) {
        struct tell tell = { .kind = ENTRY_NOTICE,
            .content = slice_of("words", size) };
        assert_true(
            delivery_tell(work, federation_peer(federation, 0, 1), &tell));
    }
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    work = federation_begin(federation, 0);
    struct ledger *out = out_of(federation, work);
    assert_int_equal(out->frontier.size, out->cosigned + COUNT);
    generation_take_back(work, out);
    assert_int_equal(out->intent_count, COUNT);
    for (size_t size = 1; size <= COUNT; size++) {
        assert_true(outbox_next(work, out, intent.number, &intent));
        assert_int_equal(intent.content_size, size);
        intent.number++;
    }
    federation_peer(federation, 0, 1)->settled_out = false;
    federation_peer(federation, 0, 1)->wants_head = true;
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    federation_free(federation);
}

static void a_generation_that_nobody_saw_gives_way_to_the_one_before(
    void **state)
{
    struct federation *federation = two();
    (void)state;
    struct work *work = federation_begin(federation, 0);
    struct ledger *out = out_of(federation, work);
    struct ledger before = *out;
    generation_renew(work, out, out->epoch);
    assert_int_equal(out->previous, before.generation);
    assert_false(generation_is_spent(work, out));
    generation_take_back(work, out);
    assert_int_equal(out->generation, before.generation);
    assert_int_equal(out->shelf, before.shelf);
    assert_int_equal(out->cosigned, before.cosigned);
    assert_int_equal(out->previous, 0);
    assert_true(out->renews); /* but it is not signed again */
    assert_null(
        ledger_load_closed(work, out->peer, LEDGER_OUT, out->generation));
    federation_peer(federation, 0, 1)->settled_out = false;
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    federation_free(federation);
}

static void the_one_before_is_there_or_the_store_is_damaged(void **state)
{
    struct federation *federation = two();
    (void)state;
    struct work *work = federation_begin(federation, 0);
    struct ledger *out = out_of(federation, work);
    assert_null(generation_before(work, out, out));
    assert_false(work_failed(work));
    out->previous = out->generation + 1; /* that was never written */
    assert_null(generation_before(work, out, out));
    assert_int_equal(federation_end(federation, 0), ERR_CORRUPT);
    federation_free(federation);
}

/* It goes alone, if ever: nobody can say how large it is. */
static void what_is_damaged_waits_again_as_large_as_it_may_be(void **state)
{
    struct federation *federation = two();
    struct intent intent;
    (void)state;
    struct work *work = federation_begin(federation, 0);
    struct tell tell = { .kind = ENTRY_NOTICE,
        .content = slice_of("words", 5) };
    assert_true(delivery_tell(work, federation_peer(federation, 0, 1), &tell));
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    static struct key rows[DAMAGE_ROW_COUNT_MAX];
    size_t count = damage_rows(federation, 0, 'c', rows);
    damage_row(federation, 0, rows[count - 1], false);
    federation_crash(federation, 0); /* nothing is in its memory */
    work = federation_begin(federation, 0);
    struct ledger *out = out_of(federation, work);
    generation_take_back(work, out);
    assert_false(work_failed(work));
    assert_true(outbox_next(work, out, 0, &intent));
    assert_int_equal(intent.content_size, CONTENT_SIZE_MAX);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_closed_generation_is_kept_and_found),
        cmocka_unit_test(what_nobody_cosigned_waits_again_before_all_else),
        cmocka_unit_test(a_parcel_waits_again_in_its_order),
        cmocka_unit_test(
            a_generation_that_nobody_saw_gives_way_to_the_one_before),
        cmocka_unit_test(the_one_before_is_there_or_the_store_is_damaged),
        cmocka_unit_test(what_is_damaged_waits_again_as_large_as_it_may_be),
    };
    return cmocka_run_group_tests_name("generation", tests, NULL, NULL);
}
