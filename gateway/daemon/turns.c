#include "daemon/turns.h"

#include <string.h>

struct turns_item *turns_first(
    const struct turns *turns, const uint8_t origin[TURNS_ORIGIN_SIZE])
{
    struct turns_item *line = turns->first;
    while (line != NULL && memcmp(line->origin, origin, TURNS_ORIGIN_SIZE) != 0)
        line = line->line_next;
    return line;
}

static void line_append(struct turns *turns, struct turns_item *line)
{
    line->line_next = NULL;
    if (turns->first == NULL)
        turns->first = line;
    else
        turns->last->line_next = line;
    turns->last = line;
}

void turns_put(struct turns *turns, struct turns_item *item)
{
    struct turns_item *line = turns_first(turns, item->origin);
    item->next = NULL;
    if (line != NULL) {
        line->line_last->next = item;
        line->line_last = item;
        line->line_count++;
        return;
    }
    item->line_last = item;
    item->line_count = 1;
    line_append(turns, item);
}

size_t turns_count(
    const struct turns *turns, const uint8_t origin[TURNS_ORIGIN_SIZE])
{
    const struct turns_item *line = turns_first(turns, origin);
    return line == NULL ? 0 : line->line_count;
}

struct turns_item *turns_take(struct turns *turns)
{
    struct turns_item *item = turns->first;
    if (item == NULL)
        return NULL;
    turns->first = item->line_next;
    if (item->next != NULL) {
        item->next->line_last = item->line_last;
        item->next->line_count = item->line_count - 1;
        line_append(turns, item->next);
    }
    return item;
}
