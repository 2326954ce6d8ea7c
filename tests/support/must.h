/* must.h - what has to hold in helpers of tests, also of those that run
 * without a test library: else a line and the end of the process. */
#ifndef SUPPORT_MUST_H
#define SUPPORT_MUST_H

#include <stdio.h>
#include <stdlib.h>

#define MUST(condition)                                                        \
    do {                                                                       \
        if (!(condition)) {                                                    \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__,         \
                #condition);                                                   \
            abort();                                                           \
        }                                                                      \
    } while (0)

#endif
