/*
 * report.h - one line of JSON on the standard output.
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdint.h>

void report_begin(const char *figure);
void report_text(const char *name, const char *text);
void report_count(const char *name, int64_t count);
/* With so many digits behind the point. */
void report_number(const char *name, double number, int digits);
/* Names that follow are inside of this one, until the end. */
void report_group(const char *name);
void report_group_end(void);
void report_end(void);

#endif
