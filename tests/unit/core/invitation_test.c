#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/invitation.h"
#include "support/bench_node.h"

static struct instant after(const struct federation *federation, int64_t ms)
{
    return (struct instant){ federation_now(federation).unix_ms + ms };
}

static void a_code_opens_the_door_once(void **state)
{
    struct federation *federation = federation_new(1);
    char code[INVITATION_SIZE + 1];
    char other[INVITATION_SIZE + 1];
    (void)state;
    struct work *work = federation_begin(federation, 0);
    work->now = federation_now(federation);
    assert_true(invitation_make(work, after(federation, 1000), code));
    assert_true(invitation_make(work, after(federation, 1000), other));
    assert_int_equal(strlen(code), INVITATION_SIZE);
    assert_string_not_equal(code, other);
    assert_false(invitation_use(work, SLICE_LITERAL("")));
    assert_false(invitation_use(work, SLICE_LITERAL("aaaaaaaaaaaaaaaaaaaa")));
    assert_true(invitation_use(work, slice_of_text(code)));
    assert_false(invitation_use(work, slice_of_text(code)));
    assert_true(invitation_use(work, slice_of_text(other)));
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    federation_free(federation);
}

static void a_code_is_over_at_its_time(void **state)
{
    struct federation *federation = federation_new(1);
    char code[INVITATION_SIZE + 1];
    (void)state;
    struct work *work = federation_begin(federation, 0);
    work->now = federation_now(federation);
    assert_true(invitation_make(work, after(federation, 1000), code));
    work->now = after(federation, 1000);
    assert_false(invitation_use(work, slice_of_text(code)));
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    federation_free(federation);
}

static void open_codes_are_bounded_and_old_ones_make_room(void **state)
{
    struct federation *federation = federation_new(1);
    char code[INVITATION_SIZE + 1];
    (void)state;
    struct work *work = federation_begin(federation, 0);
    work->now = federation_now(federation);
    for (unsigned i = 0; i < INVITATION_COUNT_MAX; i++)
        assert_true(invitation_make(work, after(federation, 1000), code));
    assert_false(invitation_make(work, after(federation, 1000), code));
    work->now = after(federation, 1000);
    assert_true(invitation_make(work, after(federation, 2000), code));
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_opens_the_door_once),
        cmocka_unit_test(a_code_is_over_at_its_time),
        cmocka_unit_test(open_codes_are_bounded_and_old_ones_make_room),
    };
    return cmocka_run_group_tests_name("core/invitation", tests, NULL, NULL);
}
