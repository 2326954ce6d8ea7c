/*
 * journal.h - where log events go: standard error, a line each, time and level
 * first. Any thread.
 */
#ifndef DAEMON_JOURNAL_H
#define DAEMON_JOURNAL_H

#include "base/log.h"

/* Less urgent events than this are left out. */
void journal_set_level(enum log_level level);

/* Between the two, lines of this thread may wait for each other: a system call
 * for each costs more than the line. */
void journal_hold(void);
void journal_release(void);

void journal_write(const struct log_entry *entry);

/* Up to LOG_FIELD_COUNT_MAX fields. */
void journal_fields(
    enum log_event event, const struct log_field *fields, size_t count);

#define JOURNAL(event, ...)                                                    \
    journal_fields((event), (const struct log_field[]){ __VA_ARGS__ },         \
        sizeof((const struct log_field[]){ __VA_ARGS__ }) /                    \
            sizeof(struct log_field))

#endif
