/* Of a test with a mistake in it, the case alone that shows it: others may wait
 * long for what the mistake keeps from coming. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

__attribute__((constructor)) static void choose_case(void)
{
    cmocka_set_test_filter(PLANTED_CASE);
}
