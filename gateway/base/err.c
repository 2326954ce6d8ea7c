#include "base/err.h"

#include <stddef.h>

#define FINAL false
#define AGAIN true

/* clang-format off */
static const struct {
    const char *name;
    const char *text;
    bool retryable;
} errors[] = {
#define X(symbol, number, retry, words) [symbol] = { #symbol, words, retry },
    ERR_LIST(X)
#undef X
};
/* clang-format on */
_Static_assert(sizeof errors / sizeof *errors == ERR_COUNT, "errors");

const char *err_text(enum err err)
{
    return (size_t)err < ERR_COUNT ? errors[err].text : "unknown error";
}

const char *err_name(enum err err)
{
    return (size_t)err < ERR_COUNT ? errors[err].name : "ERR_UNKNOWN";
}

bool err_is_retryable(enum err err)
{
    return (size_t)err < ERR_COUNT && errors[err].retryable;
}
