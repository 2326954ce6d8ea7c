#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/bench_node.h"

static void a_referral_is_delivered_accepted_and_withdrawn(void **state)
{
    struct federation *federation = federation_new(2);
    (void)state;
    federation_connect(federation, 0, 1);
    federation_agree(federation);
    const char *id = federation_submit(federation, 0, 1, "first");
    assert_string_equal(federation_state(federation, 0, id), "sent");
    federation_run(federation);
    assert_string_equal(federation_state(federation, 0, id), "delivered");
    assert_string_equal(federation_state(federation, 1, id), "delivered");
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_referral_is_delivered_accepted_and_withdrawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
