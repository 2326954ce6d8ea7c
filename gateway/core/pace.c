#include "core/pace.h"

#include "core/letter.h"
#include "core/limits.h"

#include <stdbool.h>

static const size_t sizes[] = { PARCEL_SIZE_LIST };

#define LAST (sizeof sizes / sizeof *sizes - 1)

size_t pace_size(const struct pace *pace)
{
    return sizes[pace->step];
}

void pace_begin(struct pace *pace, int64_t steady_ms)
{
    pace->since_steady_ms = steady_ms;
}

/* That a small one was quick says nothing of a large one. */
static bool is_full(const struct pace *pace, size_t size)
{
    return letter_padded_size(size) >= sizes[pace->step];
}

static void shrink(struct pace *pace)
{
    if (pace->step > 0)
        pace->step--;
}

void pace_arrived(struct pace *pace, size_t size, int64_t steady_ms)
{
    int64_t took_ms = steady_ms - pace->since_steady_ms;
    if (took_ms > PARCEL_SLOW_MS)
        shrink(pace);
    else if (took_ms <= PARCEL_QUICK_MS && is_full(pace, size) &&
             pace->step < LAST)
        pace->step++;
}

void pace_timed_out(struct pace *pace)
{
    shrink(pace);
}
