/*
 * Bytes that a peer calls a notice of erasure: reading and judging must hold
 * for any. What reads is written as the same bytes; what is refused is refused
 * in words of ours.
 */
#include <stdint.h>
#include <stdlib.h>

#include "core/erasure_notice.h"
#include "core/verdict.h"

#define ARENA_SIZE (4u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* kept: taking and wiping it costs more than all the rest */
    static struct arena arena;
    struct erasure_notice notice;
    struct verdict verdict = { .problem = PROBLEM_NONE };
    if (arena.capacity == 0)
        require(arena_init(&arena, ARENA_SIZE) == ERR_NONE);
    if (erasure_notice_read(slice_of(data, size), &arena, &notice) ==
        ERR_NONE) {
        struct slice again = erasure_notice_write(&notice, &arena);
        require(slice_equal(again, slice_of(data, size)));
        erasure_notice_check(&notice, &verdict);
        require((verdict.remedy[0] == '\0') == verdict_allows(&verdict));
        require(!verdict_allows(&verdict) ||
                erasure_reason_name(notice.reason)[0] != '?');
        for (const char *text = verdict.clause; *text != '\0'; text++)
            require(*text >= ' ' && *text <= '~');
    }
    arena_reset(&arena);
    return 0;
}
