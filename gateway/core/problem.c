#include "core/problem.h"

#include <stddef.h>

/* clang-format off */
static const char *const names[] = {
#define X(symbol, number) [PROBLEM_##symbol] = #symbol,
    PROBLEM_LIST(X)
#undef X
};
/* clang-format on */
_Static_assert(sizeof names / sizeof *names == PROBLEM_COUNT, "problems");

const char *problem_name(enum problem problem)
{
    return (size_t)problem < PROBLEM_COUNT ? names[problem] : "?";
}
