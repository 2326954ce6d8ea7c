#include "daemon/journal.h"

#include "base/text.h"
#include "daemon/clock.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_SIZE 1024

static _Atomic int level_shown = LOG_INFO;

void journal_set_level(enum log_level level)
{
    atomic_store(&level_shown, (int)level);
}

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
    put(line, size);
}

void journal_fields(
    enum log_event event, const struct log_field *fields, size_t count)
{
    struct log_entry entry = { .event = event };
    assert(count <= LOG_FIELD_COUNT_MAX);
    memcpy(entry.fields, fields, count * sizeof *fields);
    journal_write(&entry);
}
