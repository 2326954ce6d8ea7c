/* referctl top: the gateway at work. */
#include "referctl/top.h"

#include <time.h>

#include "referctl/command.h"
#include "referctl/display.h"
#include "referctl/words.h"

#define PLAIN_WIDTH 132
#define DELAY_S_MAX 3600

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now;
    if (clock_gettime(clock, &now) != 0)
        return 0;
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum exit_code print_once(struct session *session)
{
    struct top_sample sample = { .problem = "" };
    struct top_picture picture = { 0 };
    enum exit_code code = EXIT_CODE_DONE;
    if (!top_gather(session, 0, &sample)) {
        code = session_fail(session, EXIT_CODE_UNREACHABLE, "referctl doctor",
            "%s", sample.problem);
    } else if (session->json) {
        display_json_object(session, &sample.records, "gateway");
    } else {
        top_format(session->pool, NULL, &sample, session->now_ms, PLAIN_WIDTH,
            TOP_HEIGHT_ANY, &picture);
        for (size_t i = 0; i < picture.count; i++)
            display_line(session, "%s\n", picture.lines[i].text);
    }
    pool_release(&sample.pool);
    return code;
}

static void draw(struct top_screen *screen, const struct top_sample *before,
    const struct top_sample *now)
{
    struct pool pool = { 0 };
    struct top_picture picture;
    size_t width = 0;
    size_t height = 0;
    top_screen_size(screen, &width, &height);
    top_format(
        &pool, before, now, clock_ms(CLOCK_REALTIME), width, height, &picture);
    top_screen_draw(screen, &picture);
    pool_release(&pool);
}

static enum exit_code watch(struct session *session, int delay_ms)
{
    struct top_sample samples[2] = { { .problem = "" }, { .problem = "" } };
    struct top_screen *screen = top_screen_open(session->has_colour);
    size_t turn = 0;
    if (screen == NULL)
        return print_once(session);
    do {
        struct top_sample *now = &samples[turn % 2];
        const struct top_sample *before =
            turn == 0 ? NULL : &samples[(turn + 1) % 2];
        (void)top_gather(session, clock_ms(CLOCK_MONOTONIC), now);
        draw(screen, before, now);
        turn++;
    } while (!top_screen_wait(screen, delay_ms));
    top_screen_close(screen);
    pool_release(&samples[0].pool);
    pool_release(&samples[1].pool);
    return EXIT_CODE_DONE;
}

enum exit_code run_top(
    struct session *session, const struct arguments *arguments)
{
    const char *delay = arguments_option(arguments, "delay");
    int64_t delay_s = 1;
    if (delay != NULL && !words_number(delay, 1, DELAY_S_MAX, &delay_s))
        return session_fail(session, EXIT_CODE_USAGE,
            "give whole seconds, such as --delay 5",
            "--delay takes a number from 1 to %d", DELAY_S_MAX);
    if (!session->is_terminal || !session->has_keyboard || session->json ||
        arguments_flag(arguments, "once"))
        return print_once(session);
    return watch(session, (int)delay_s * 1000);
}
