#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/err.h"

/* Logs, exit codes and clients hold these numbers: the row only grows. */
static const char *const names[] = { "ERR_NONE", "ERR_STATE", "ERR_FORBIDDEN",
    "ERR_EARLY", "ERR_MALFORMED", "ERR_LIMIT", "ERR_IO", "ERR_NO_MEMORY",
    "ERR_FULL", "ERR_NOT_FOUND", "ERR_EXISTS", "ERR_SIGNATURE", "ERR_KEY",
    "ERR_ADDRESS", "ERR_POLICY", "ERR_CONFLICT", "ERR_INVALID", "ERR_TIMEOUT",
    "ERR_UNREACHABLE", "ERR_CORRUPT", "ERR_BUSY", "ERR_UNSETTLED",
    "ERR_VERSION" };

static void numbers_never_change(void **unused)
{
    (void)unused;
    assert_true(sizeof names / sizeof *names <= ERR_COUNT);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_string_equal(err_name((enum err)i), names[i]);
}

static void every_error_says_something_of_its_own(void **unused)
{
    (void)unused;
    for (int i = 0; i < ERR_COUNT; i++) {
        assert_true(strlen(err_text((enum err)i)) > 5);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(
                err_text((enum err)i), err_text((enum err)j));
    }
}

static void numbers_out_of_range_are_unknown(void **unused)
{
    (void)unused;
    const int outside[] = { -1, ERR_COUNT, 1 << 30 };
    for (size_t i = 0; i < 3; i++) {
        enum err err;
        memcpy(&err, &outside[i], sizeof err);
        assert_string_equal(err_text(err), "unknown error");
        assert_string_equal(err_name(err), "ERR_UNKNOWN");
        assert_false(err_is_retryable(err));
    }
}

static void what_may_pass_by_itself_is_retryable(void **unused)
{
    (void)unused;
    assert_true(err_is_retryable(ERR_BUSY));
    assert_true(err_is_retryable(ERR_FULL));
    assert_true(err_is_retryable(ERR_UNSETTLED));
    assert_false(err_is_retryable(ERR_NONE));
    assert_false(err_is_retryable(ERR_POLICY));
    assert_false(err_is_retryable(ERR_SIGNATURE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_never_change),
        cmocka_unit_test(every_error_says_something_of_its_own),
        cmocka_unit_test(numbers_out_of_range_are_unknown),
        cmocka_unit_test(what_may_pass_by_itself_is_retryable),
    };
    return cmocka_run_group_tests_name("base/err", tests, NULL, NULL);
}
