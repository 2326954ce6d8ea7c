#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/generation.h"
#include "core/parcel.h"
#include "core/signatory.h"
#include "support/bench_node.h"

static void the_first_entry_of_a_later_generation_names_where_it_follows_on(
    void **state)
{
    struct federation *federation = federation_new(2);
    struct generation_end end;
    struct entry_header header;
    struct ledger_parcel parcel;
    struct merkle_hash root;
    struct note note;
    (void)state;
    federation_connect(federation, 0, 1);
    federation_agree(federation);
    struct work *work = federation_begin(federation, 0);
    struct peer *peer = federation_peer(federation, 0, 1);
    struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    uint64_t generation = out->generation;
    uint64_t size = out->cosigned;
    merkle_root(work->crypto, &out->frontier, &root);
    assert_false(parcel_is_due(out));
    assert_false(parcel_make(work, peer)); /* nothing waits */
    generation_renew(work, out);
    assert_true(parcel_is_due(out));
    assert_true(parcel_make(work, peer));
    assert_false(parcel_is_due(out));
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
    };
    return cmocka_run_group_tests_name("parcel", tests, NULL, NULL);
}
