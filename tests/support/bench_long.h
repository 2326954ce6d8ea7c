/* bench_long.h - a referral that holds more than can be written anew in one
 * step. */
#ifndef SUPPORT_BENCH_LONG_H
#define SUPPORT_BENCH_LONG_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/limits.h"
#include "support/bench_node.h"

#define LONG_SIZE 60000u
#define LONG_COUNT (ERASE_SIZE_MAX / LONG_SIZE + 2)

/* LONG_SIZE characters; static storage. */
static inline const char *long_words(void)
{
    static char words[LONG_SIZE + 1];
    memset(words, 'n', LONG_SIZE);
    return words;
}

/* 0 says that element at length, and again; it travels or not. */
static inline void talk_long(struct federation *federation, const char *id,
    const char *element, bool travels)
{
    for (size_t i = 0; i < LONG_COUNT; i++) {
        struct call call;
        char key[16];
        (void)snprintf(key, sizeof key, "long-%zu", i);
        call_begin(&call, "act");
        call_text(&call, "id", id);
        call_text(&call, "step", "amend");
        call_text(&call, "key", key);
        call_record(&call, "element");
        call_text(&call, "code", element);
        call_text(&call, "value", long_words());
        assert_int_equal(federation_call(federation, 0, &call)->err, ERR_NONE);
        if (travels)
            federation_run(federation);
    }
}

#endif
