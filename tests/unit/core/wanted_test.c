#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/limits.h"
#include "core/message.h"
#include "core/scrub_mend.h"
#include "core/wanted.h"
#include "support/bench_node.h"

static struct fetch asked(
    struct federation *federation, struct peer *peer, struct arena *arena)
{
    struct fetch fetch;
    struct work *work = federation_begin(federation, 0);
    assert_int_equal(
        fetch_read(wanted_ask(work, peer), arena, &fetch), ERR_NONE);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    return fetch;
}

static void what_was_lost_comes_before_what_is_damaged(void **state)
{
    struct federation *federation = federation_new(2);
    struct arena arena;
    (void)state;
    federation_connect(federation, 0, 1);
    struct peer *peer = federation_peer(federation, 0, 1);
    assert_int_equal(arena_init(&arena, 65536), ERR_NONE);
    assert_false(wanted_is_any(peer));
    mend_begin(peer, LEDGER_IN, 77, 5);
    assert_true(wanted_is_any(peer));
    assert_int_equal(asked(federation, peer, &arena).generation, 77);
    assert_int_equal(asked(federation, peer, &arena).first_index, 5);
    peer->goals[0].wanted = true;
    peer->goals[0].next.generation = 99;
    assert_int_equal(asked(federation, peer, &arena).generation, 99);
    /* a no is about what was asked for: the other stays */
    assert_true(wanted_refused(peer));
    assert_true(mend_is_wanted(peer));
    peer->goals[0].wanted = false;
    assert_false(wanted_refused(peer));
    assert_false(wanted_is_any(peer));
    /* nobody waits for it: whatever comes is nothing */
    struct work *work = federation_begin(federation, 0);
    assert_null(wanted_take(work, peer, SLICE_LITERAL("late")));
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    federation_free(federation);
    arena_release(&arena);
}

static void who_cannot_be_dialled_is_asked_some_times_only(void **state)
{
    struct federation *federation = federation_new(2);
    struct arena arena;
    (void)state;
    federation_connect(federation, 0, 1);
    struct peer *peer = federation_peer(federation, 0, 1);
    assert_int_equal(arena_init(&arena, 65536), ERR_NONE);
    mend_begin(peer, LEDGER_IN, 77, 5);
    peer->reachable = false;
    for (unsigned i = 0; i < MEND_TRY_COUNT_MAX; i++) {
        assert_true(wanted_is_any(peer));
        (void)asked(federation, peer, &arena);
    }
    assert_false(wanted_is_any(peer));
    federation_free(federation);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_lost_comes_before_what_is_damaged),
        cmocka_unit_test(who_cannot_be_dialled_is_asked_some_times_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
