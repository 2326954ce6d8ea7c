/*
 * top.h - the live view in three parts that know nothing of each other: what
 * the gateway says (top_gather.c), lines of text from it (top_format.c), and
 * their place on a terminal (top_screen.c).
 */
#ifndef REFERCTL_TOP_H
#define REFERCTL_TOP_H

#include "referctl/session.h"

/* What the gateway said at one time. Records belong to the pool. */
struct top_sample {
    struct pool pool;
    int64_t at_ms; /* on a clock that never goes back */
    bool is_there; /* false: `problem` says why */
    const char *problem;
    struct records records; /* of status and ledger.list */
};

/* Asks; releases what the sample held before. False: there is a problem. */
bool top_gather(
    struct session *session, int64_t at_ms, struct top_sample *sample);

enum top_style { TOP_PLAIN, TOP_TITLE, TOP_GOOD, TOP_WAITING, TOP_BAD };

struct top_line {
    const char *text; /* at most `width` columns, printable */
    enum top_style style;
};

struct top_picture {
    struct top_line *lines;
    size_t count;
    size_t capacity;
};

#define TOP_HEIGHT_ANY SIZE_MAX

/*
 * At most `height` lines of at most `width` columns, in the pool. Rates are
 * from `before` to `now`; without `before` (NULL, or not there) there are none.
 * `clock_ms` is the wall clock, for how long ago things were.
 */
void top_format(struct pool *pool, const struct top_sample *before,
    const struct top_sample *now, int64_t clock_ms, size_t width, size_t height,
    struct top_picture *picture);

/* ---- The terminal ---- */

struct top_screen;

/* NULL when the terminal cannot do it. */
struct top_screen *top_screen_open(bool has_colour);
/* Gives the terminal back as it was. */
void top_screen_close(struct top_screen *screen);
void top_screen_size(struct top_screen *screen, size_t *width, size_t *height);
void top_screen_draw(
    struct top_screen *screen, const struct top_picture *picture);
/* Waits; true when the terminal's owner wants to quit. */
bool top_screen_wait(struct top_screen *screen, int wait_ms);

#endif
