#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/signatory.h"
#include "support/bench_node.h"
#include "support/crypto_fake.h"

/* Agency 0 writes a ledger to agency 1; each then has another key on a new
 * card, which both hold. */
struct desk {
    struct federation *federation;
    struct note note; /* signed and cosigned under the first keys */
};

static void sign(struct desk *desk)
{
    desk->note = (struct note){
        .origin = { .author = *federation_id(desk->federation, 0),
            .recipient = *federation_id(desk->federation, 1),
            .lane = LANE_MAIN,
            .generation = 7 },
        .size = 3,
    };
    assert_int_equal(
        note_sign(federation_crypto(desk->federation, 0), &desk->note),
        ERR_NONE);
    assert_int_equal(
        note_cosign(federation_crypto(desk->federation, 1), 1, &desk->note),
        ERR_NONE);
}

static void desk_open(struct desk *desk)
{
    desk->federation = federation_new(2);
    federation_connect(desk->federation, 0, 1);
    sign(desk);
}

static void rotate(struct desk *desk)
{
    for (size_t i = 0; i < 2; i++) {
        struct crypto *crypto = federation_crypto(desk->federation, i);
        crypto_fake_signer_rotate(crypto, CRYPTO_SIGNER_LOG);
        crypto_fake_signer_rotate(crypto, CRYPTO_SIGNER_WITNESS);
        federation_card_set(desk->federation, i,
            federation_card_new(desk->federation, i, 2,
                (struct instant){
                    FEDERATION_START_MS + 60 * FEDERATION_DAY_MS }));
        federation_crash(desk->federation, i);
    }
    federation_run(desk->federation);
    assert_int_equal(federation_peer(desk->federation, 0, 1)->card_serial, 2);
    assert_int_equal(federation_peer(desk->federation, 1, 0)->card_serial, 2);
}

/* What is believed of the note at both ends. */
static void assert_believed(struct desk *desk, bool as_new, bool as_held)
{
    struct work *work = federation_begin(desk->federation, 0);
    struct peer *peer = federation_peer(desk->federation, 0, 1);
    assert_int_equal(signatory_is_us(work, &desk->note), as_held);
    assert_int_equal(signatory_is_witness(work, peer, &desk->note), as_held);
    assert_int_equal(federation_end(desk->federation, 0), ERR_NONE);
    work = federation_begin(desk->federation, 1);
    peer = federation_peer(desk->federation, 1, 0);
    assert_int_equal(signatory_is_author(work, peer, &desk->note), as_new);
    assert_int_equal(signatory_was_author(work, peer, &desk->note), as_held);
    assert_int_equal(signatory_is_our_witness(work, &desk->note), as_held);
    assert_int_equal(federation_end(desk->federation, 1), ERR_NONE);
}

static void the_keys_of_now_are_believed(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    assert_believed(&desk, true, true);
    federation_free(desk.federation);
}

static void retired_keys_are_believed_of_what_is_held_alone(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    rotate(&desk);
    assert_believed(&desk, false, true);
    sign(&desk);
    assert_believed(&desk, true, true);
    federation_free(desk.federation);
}

static void a_log_key_that_is_over_signs_nothing_new(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    federation_wait_until(desk.federation, 61 * FEDERATION_DAY_MS);
    assert_believed(&desk, false, true);
    federation_free(desk.federation);
}

static void a_strangers_keys_are_never_believed(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    rotate(&desk);
    struct crypto *stranger = crypto_fake_new(99, 0, 1);
    assert_int_equal(note_sign(stranger, &desk.note), ERR_NONE);
    assert_int_equal(note_cosign(stranger, 1, &desk.note), ERR_NONE);
    assert_believed(&desk, false, false);
    crypto_fake_free(stranger);
    federation_free(desk.federation);
}

static void neither_line_passes_for_the_other(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    memcpy(desk.note.signature, desk.note.cosignature, SIGNATURE_SIZE);
    struct work *work = federation_begin(desk.federation, 1);
    struct peer *peer = federation_peer(desk.federation, 1, 0);
    assert_false(signatory_was_author(work, peer, &desk.note));
    assert_int_equal(federation_end(desk.federation, 1), ERR_NONE);
    federation_free(desk.federation);
}

/* What was offered is our own: a store that cannot say it is damaged. */
static void what_was_offered_can_be_read(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    struct work *work = federation_begin(desk.federation, 0);
    struct ledger out = { .direction = LEDGER_OUT,
        .offered = SLICE_LITERAL("no note") };
    assert_false(signatory_renew(work, &out));
    assert_int_equal(federation_end(desk.federation, 0), ERR_CORRUPT);
    federation_free(desk.federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_keys_of_now_are_believed),
        cmocka_unit_test(retired_keys_are_believed_of_what_is_held_alone),
        cmocka_unit_test(a_log_key_that_is_over_signs_nothing_new),
        cmocka_unit_test(a_strangers_keys_are_never_believed),
        cmocka_unit_test(neither_line_passes_for_the_other),
        cmocka_unit_test(what_was_offered_can_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
