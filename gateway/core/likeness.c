#include "core/likeness.h"

#include "core/limits.h"

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Wagner and Fischer's table, one row at a time. */
size_t likeness_distance(struct slice a, struct slice b)
{
    size_t row[CODE_SIZE_MAX + 1];
    if (a.size > CODE_SIZE_MAX || b.size > CODE_SIZE_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= b.size; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.size; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.size; j++) {
            size_t replaced = diagonal + (a.bytes[i - 1] != b.bytes[j - 1]);
            diagonal = row[j];
            row[j] = smallest(row[j] + 1, row[j - 1] + 1, replaced);
        }
    }
    return row[b.size];
}
