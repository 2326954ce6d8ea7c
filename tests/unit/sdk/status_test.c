#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "refer/refer.h"
#include "status.h"

/* clang-format off */
static const struct { enum err err; refer_status status; } statuses[] = {
    { ERR_NONE, REFER_OK },             { ERR_STATE, REFER_CONFLICT },
    { ERR_FORBIDDEN, REFER_DENIED },    { ERR_EARLY, REFER_BUSY },
    { ERR_MALFORMED, REFER_INVALID },   { ERR_LIMIT, REFER_BUSY },
    { ERR_IO, REFER_BUSY },             { ERR_NO_MEMORY, REFER_NO_MEMORY },
    { ERR_FULL, REFER_BUSY },           { ERR_NOT_FOUND, REFER_NOT_FOUND },
    { ERR_EXISTS, REFER_CONFLICT },     { ERR_SIGNATURE, REFER_DENIED },
    { ERR_KEY, REFER_DENIED },          { ERR_ADDRESS, REFER_DENIED },
    { ERR_POLICY, REFER_DENIED },       { ERR_CONFLICT, REFER_CONFLICT },
    { ERR_INVALID, REFER_INVALID },     { ERR_TIMEOUT, REFER_TIMEOUT },
    { ERR_UNREACHABLE, REFER_BUSY },    { ERR_CORRUPT, REFER_INTERNAL },
    { ERR_BUSY, REFER_BUSY },           { ERR_UNSETTLED, REFER_BUSY },
    { ERR_VERSION, REFER_PROTOCOL },
};
/* clang-format on */
_Static_assert(sizeof statuses / sizeof *statuses == ERR_COUNT,
    "a new error of the gateway needs a status");

static void every_error_of_the_gateway_has_its_status(void **state)
{
    (void)state;
    for (size_t i = 0; i < ERR_COUNT; i++)
        if (sdk_status_of((uint32_t)statuses[i].err, "") != statuses[i].status)
            fail_msg("%s", err_name(statuses[i].err));
}

static void an_error_and_its_status_are_retryable_alike(void **state)
{
    (void)state;
    for (int err = 0; err < ERR_COUNT; err++)
        if (err_is_retryable((enum err)err) !=
            (refer_status_is_retryable(sdk_status_of((uint32_t)err, "")) != 0))
            fail_msg("%s", err_name((enum err)err));
}

static void missing_consent_is_told_apart(void **state)
{
    (void)state;
    assert_int_equal(
        sdk_status_of(ERR_POLICY, "CONSENT_EXPIRED"), REFER_NO_CONSENT);
    assert_int_equal(
        sdk_status_of(ERR_POLICY, "ELEMENT_NOT_ALLOWED"), REFER_DENIED);
    assert_int_equal(
        sdk_status_of(ERR_NOT_FOUND, "CONSENT_EXPIRED"), REFER_NOT_FOUND);
}

static void an_unknown_error_is_internal(void **state)
{
    (void)state;
    assert_int_equal(sdk_status_of(ERR_COUNT, ""), REFER_INTERNAL);
    assert_int_equal(sdk_status_of(UINT32_MAX, ""), REFER_INTERNAL);
}

static void every_status_has_a_name_and_a_text(void **state)
{
    (void)state;
    for (refer_status status = REFER_OK; status >= REFER_INTERNAL; status--) {
        assert_memory_equal(refer_status_name(status), "REFER_", 6);
        assert_string_not_equal(refer_status_name(status), "REFER_UNKNOWN");
        assert_string_not_equal(refer_status_text(status), "unknown status");
    }
    const refer_status unknown[] = { 1, REFER_INTERNAL - 1, INT32_MIN,
        INT32_MAX };
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(refer_status_name(unknown[i]), "REFER_UNKNOWN");
        assert_string_equal(refer_status_text(unknown[i]), "unknown status");
        assert_int_equal(refer_status_is_retryable(unknown[i]), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_of_the_gateway_has_its_status),
        cmocka_unit_test(an_error_and_its_status_are_retryable_alike),
        cmocka_unit_test(missing_consent_is_told_apart),
        cmocka_unit_test(an_unknown_error_is_internal),
        cmocka_unit_test(every_status_has_a_name_and_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
