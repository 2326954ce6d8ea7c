/* The terminal, with ncurses; the only file that knows of it. */
#include "referctl/top.h"

#include <stdlib.h>

#include <curses.h>

struct top_screen {
    SCREEN *terminal;
    bool has_colour;
};

struct top_screen *top_screen_open(bool has_colour)
{
    struct top_screen *screen = calloc(1, sizeof *screen);
    if (screen == NULL)
        return NULL;
    screen->terminal = newterm(NULL, stdout, stdin);
    if (screen->terminal == NULL) {
        free(screen);
        return NULL;
    }
    (void)cbreak();
    (void)noecho();
    (void)keypad(stdscr, TRUE);
    (void)curs_set(0);
    screen->has_colour = has_colour && has_colors() && start_color() == OK &&
                         use_default_colors() == OK;
    if (screen->has_colour) {
        (void)init_pair(TOP_GOOD, COLOR_GREEN, -1);
        (void)init_pair(TOP_WAITING, COLOR_YELLOW, -1);
        (void)init_pair(TOP_BAD, COLOR_RED, -1);
    }
    return screen;
}

void top_screen_close(struct top_screen *screen)
{
    (void)endwin();
    delscreen(screen->terminal);
    free(screen);
}

void top_screen_size(struct top_screen *screen, size_t *width, size_t *height)
{
    int lines = 0;
    int columns = 0;
    (void)screen;
    getmaxyx(stdscr, lines, columns);
    *width = columns > 0 ? (size_t)columns : 0;
    *height = lines > 0 ? (size_t)lines : 0;
}

static attr_t attributes_of(
    const struct top_screen *screen, enum top_style style)
{
    if (style == TOP_TITLE)
        return A_BOLD;
    if (style == TOP_PLAIN || !screen->has_colour)
        return style == TOP_BAD ? A_BOLD : A_NORMAL;
    return (attr_t)COLOR_PAIR(style);
}

void top_screen_draw(
    struct top_screen *screen, const struct top_picture *picture)
{
    (void)erase();
    for (size_t i = 0; i < picture->count; i++) {
        attr_t attributes = attributes_of(screen, picture->lines[i].style);
        (void)attron(attributes);
        (void)mvaddstr((int)i, 0, picture->lines[i].text);
        (void)attroff(attributes);
    }
    (void)refresh();
}

bool top_screen_wait(struct top_screen *screen, int wait_ms)
{
    (void)screen;
    timeout(wait_ms);
    int key = getch();
    /* KEY_RESIZE and all else: draw again, now */
    return key == 'q' || key == 'Q';
}
