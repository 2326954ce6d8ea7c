#include "io/yaml_problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void yaml_problem_reason(struct yaml_problem *problem, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(problem->reason, sizeof problem->reason, format, arguments);
    va_end(arguments);
}

__attribute__((format(printf, 2, 3))) static void append(
    char *text, const char *format, ...)
{
    size_t size = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(
        text + size, YAML_PROBLEM_TEXT_SIZE - size, format, arguments);
    va_end(arguments);
}

void yaml_problem_format(
    const struct yaml_problem *problem, char text[YAML_PROBLEM_TEXT_SIZE])
{
    text[0] = '\0';
    append(text, "%s:", problem->file);
    if (problem->line > 0)
        append(text, "%u:%u:", problem->line, problem->column);
    if (problem->path[0] != '\0')
        append(text, " %s:", problem->path);
    append(text, " %s", problem->reason);
    if (problem->example[0] != '\0')
        append(text, ", for example \"%s\"", problem->example);
}
