#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char *separator = "";

static void name_print(const char *name)
{
    printf("%s\"%s\": ", separator, name);
    separator = ", ";
}

void report_text(const char *name, const char *text)
{
    name_print(name);
    printf("\"%s\"", text);
}

void report_begin(const char *figure)
{
    putchar('{');
    report_text("figure", figure);
}

void report_count(const char *name, int64_t count)
{
    name_print(name);
    printf("%" PRId64, count);
}

void report_number(const char *name, double number, int digits)
{
    name_print(name);
    printf("%.*f", digits, number);
}

void report_group(const char *name)
{
    name_print(name);
    putchar('{');
    separator = "";
}

void report_group_end(void)
{
    putchar('}');
    separator = ", ";
}

void report_end(void)
{
    puts("}");
    if (fflush(stdout) != 0)
        exit(1);
}
