#include "core/work.h"

void work_draw(struct work *work, void *bytes, size_t size)
{
    uint8_t info[] = { 'd', 'r', 'a', 'w', (uint8_t)(work->draw_count >> 24),
        (uint8_t)(work->draw_count >> 16), (uint8_t)(work->draw_count >> 8),
        (uint8_t)work->draw_count };
    work->draw_count++;
    work->crypto->ops->derive(work->crypto, SLICE_NONE,
        SLICE_ARRAY(work->entropy), SLICE_ARRAY(info), bytes, size);
}
