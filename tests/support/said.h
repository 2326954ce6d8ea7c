/* said.h - what a piece of code writes to standard error. One thread. */
#ifndef SUPPORT_SAID_H
#define SUPPORT_SAID_H

#include <string.h>
#include <unistd.h>

#include "support/must.h"

struct said {
    FILE *file;
    int stderr_was;
    char text[16384];
};

static inline void said_begin(struct said *said)
{
    (void)fflush(stderr);
    said->file = tmpfile();
    said->stderr_was = dup(STDERR_FILENO);
    MUST(said->file != NULL && said->stderr_was >= 0);
    MUST(dup2(fileno(said->file), STDERR_FILENO) >= 0);
}

/* All of it, as a text. */
static inline const char *said_end(struct said *said)
{
    (void)fflush(stderr);
    MUST(dup2(said->stderr_was, STDERR_FILENO) >= 0);
    MUST(close(said->stderr_was) == 0);
    rewind(said->file);
    size_t size = fread(said->text, 1, sizeof said->text - 1, said->file);
    said->text[size] = '\0';
    MUST(fclose(said->file) == 0);
    return said->text;
}

#endif
