#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/mention.h"
#include "core/peer.h"
#include "core/register.h"
#include "support/bench_node.h"

/* The SEND of 0's first referral to 1, in a batch that is begun. */
static struct work *send_of(
    struct federation *federation, struct ledger_entry *entry)
{
    struct ledger_parcel parcel;
    federation_connect(federation, 0, 1);
    federation_agree(federation);
    (void)federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    struct work *work = federation_begin(federation, 0);
    struct ledger *out =
        peer_ledger(work, federation_peer(federation, 0, 1), LEDGER_OUT);
    for (uint64_t at = 0; ledger_parcel_at(work, out, at, &parcel);
         at += parcel.count)
        for (size_t i = 0; i < parcel.count; i++)
            if (parcel.entries[i].event_type == EVENT_SEND)
                *entry = parcel.entries[i];
    assert_int_equal(entry->event_type, EVENT_SEND);
    return work;
}

static void it_says_which_event_of_which_referral_it_was(void **state)
{
    struct federation *federation = federation_new(2);
    struct ledger_entry entry = { 0 };
    struct ledger_entry kept = { 0 };
    (void)state;
    struct work *work = send_of(federation, &entry);
    uint32_t peer = federation_peer(federation, 0, 1)->number;
    const struct mention *mention = mention_make(work, peer, &entry);
    const struct referral *referral = register_get(work, &entry.referral);
    assert_true(uuid_equal(&mention->referral, &entry.referral));
    assert_int_equal(mention->type, EVENT_SEND);
    assert_int_equal(mention->seq, 1);
    assert_true(mou_id_equal(&mention->mou, &referral->mou));
    mention_keep(mention, &kept);
    assert_true(kept.has_referral);
    assert_memory_equal(
        mention_make(work, peer, &kept), mention, sizeof *mention);
    mention_keep(NULL, &kept); /* says nothing else */
    assert_true(kept.has_referral);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    federation_free(federation);
}

static void of_another_agencys_referral_no_agreement_is_named(void **state)
{
    struct federation *federation = federation_new(2);
    struct ledger_entry entry = { 0 };
    (void)state;
    struct work *work = send_of(federation, &entry);
    const struct mention *mention = mention_make(work, 77, &entry);
    assert_true(mou_id_is_none(&mention->mou));
    /* nor is what it was, where it was none */
    entry.event_type = EVENT_NONE;
    assert_null(mention_make(work, 77, &entry));
    entry = (struct ledger_entry){ .event_type = EVENT_SEND };
    assert_null(mention_make(work, 77, &entry));
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_which_event_of_which_referral_it_was),
        cmocka_unit_test(of_another_agencys_referral_no_agreement_is_named),
    };
    return cmocka_run_group_tests_name("core/mention", tests, NULL, NULL);
}
