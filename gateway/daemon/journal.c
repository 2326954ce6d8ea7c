#include "daemon/journal.h"

#include "base/text.h"
#include "daemon/clock.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_SIZE 1024
/* One write of this size stays whole among those of other threads, in a pipe
 * too: PIPE_BUF. */
#define HELD_SIZE 4096

static _Atomic int level_shown = LOG_INFO;

void journal_set_level(enum log_level level)
{
    atomic_store(&level_shown, (int)level);
}

/* Lines of this thread that wait for journal_release(). */
static _Thread_local struct {
    bool is_on;
    size_t size;
    char text[HELD_SIZE];
} held;

/* One write, so that lines of several threads do not mix. */
static void put(const char *line, size_t size)
{
    while (size > 0) {
        ssize_t written = write(STDERR_FILENO, line, size);
        if (written <= 0)
            return; /* nowhere left to say so */
        line += written;
        size -= (size_t)written;
    }
}

static void held_put(void)
{
    put(held.text, held.size);
    held.size = 0;
}

void journal_hold(void)
{
    held.is_on = true;
}

void journal_release(void)
{
    held_put();
    held.is_on = false;
}

static void line_put(const char *line, size_t size)
{
    if (held.size + size > sizeof held.text)
        held_put();
    if (!held.is_on) {
        put(line, size);
        return;
    }
    memcpy(held.text + held.size, line, size);
    held.size += size;
}

void journal_write(const struct log_entry *entry)
{
    char line[LINE_SIZE];
    char time[TEXT_TIME_SIZE + 1];
    enum log_level level = log_event_level(entry->event);
    if ((int)level > atomic_load(&level_shown))
        return;
    if (text_time_format(clock_wall(), time) != ERR_NONE)
        (void)snprintf(time, sizeof time, "clock-out-of-range");
    int head =
        snprintf(line, sizeof line, "%s %s ", time, log_level_name(level));
    size_t size = (size_t)head + log_format(entry, line + head,
                                     sizeof line - (size_t)head - 1);
    line[size++] = '\n';
    line_put(line, size);
}

void journal_fields(
    enum log_event event, const struct log_field *fields, size_t count)
{
    struct log_entry entry = { .event = event };
    assert(count <= LOG_FIELD_COUNT_MAX);
    memcpy(entry.fields, fields, count * sizeof *fields);
    journal_write(&entry);
}
