#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <time.h>

#include "daemon/clock.h"

static void the_wall_is_the_systems(void **state)
{
    (void)state;
    time_t before = time(NULL);
    struct instant wall = clock_wall();
    /* time() may lag by a tick */
    assert_true(wall.unix_ms >= (int64_t)before * 1000);
    assert_true(wall.unix_ms < ((int64_t)time(NULL) + 2) * 1000);
}

static void the_steady_one_never_goes_back(void **state)
{
    int64_t last = clock_steady_ms();
    (void)state;
    assert_true(last >= 0);
    for (int i = 0; i < 1000; i++) {
        int64_t now = clock_steady_ms();
        assert_true(now >= last);
        last = now;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_wall_is_the_systems),
        cmocka_unit_test(the_steady_one_never_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
