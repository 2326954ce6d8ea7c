#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/referral.h"
#include "referctl/turn.h"

static void every_state_that_does_not_end_has_a_turn(void **state)
{
    (void)state;
    for (int i = 1; i < REFERRAL_STATE_COUNT; i++) {
        enum referral_state at = (enum referral_state)i;
        const struct turn *turn = turn_of(referral_state_name(at));
        assert_true((turn == NULL) == referral_is_terminal(at));
    }
    assert_null(turn_of("unknown"));
    assert_null(turn_of(""));
}

/* The step is one that this side, or the person there, may take. */
static void every_turn_is_a_move_of_the_state_machine(void **state)
{
    const struct turn *turn;
    (void)state;
    for (size_t i = 0; (turn = turn_at(i)) != NULL; i++) {
        enum referral_state at =
            referral_state_named(slice_of_text(turn->state));
        enum referral_event_type step =
            event_type_named(slice_of_text(turn->step));
        enum referral_party party = referral_party_of(
            turn->by_gateway ? ACTOR_GATEWAY : ACTOR_STAFF, turn->by_referrer);
        enum referral_state next;
        assert_int_not_equal(step, EVENT_NONE);
        assert_int_equal(referral_next(at, step, party, &next), ERR_NONE);
        assert_int_not_equal(next, at);
        assert_ptr_equal(turn_of(turn->state), turn);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_that_does_not_end_has_a_turn),
        cmocka_unit_test(every_turn_is_a_move_of_the_state_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
