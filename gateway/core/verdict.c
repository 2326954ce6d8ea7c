#include "core/verdict.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MORE ", ..."

void verdict_allow(struct verdict *verdict)
{
    *verdict = (struct verdict){ .problem = PROBLEM_NONE };
}

bool verdict_refuse(
    struct verdict *verdict, enum problem problem, const char *clause, ...)
{
    va_list arguments;
    *verdict = (struct verdict){ .problem = problem };
    va_start(arguments, clause);
    (void)vsnprintf(verdict->clause, sizeof verdict->clause, clause, arguments);
    va_end(arguments);
    return false;
}

void verdict_remedy(struct verdict *verdict, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(verdict->remedy, sizeof verdict->remedy, format, arguments);
    va_end(arguments);
}

void verdict_remedy_item(struct verdict *verdict, struct slice item)
{
    size_t size = strlen(verdict->remedy);
    size_t room = sizeof verdict->remedy - size;
    bool first = size > 0 && verdict->remedy[size - 1] == ':';
    const char *before = first ? " " : ", ";
    if (size >= strlen(MORE) &&
        strcmp(verdict->remedy + size - strlen(MORE), MORE) == 0)
        return;
    /* room is kept for the mark of omission, so that it always fits */
    if (item.size + strlen(before) + sizeof MORE > room)
        (void)snprintf(verdict->remedy + size, room, "%s", MORE);
    else
        (void)snprintf(verdict->remedy + size, room, "%s%.*s", before,
            SLICE_ARGUMENTS(item));
}

void verdict_set(struct verdict *verdict, enum problem problem,
    const char *clause, const char *remedy)
{
    verdict_refuse(verdict, problem, "%s", clause);
    verdict_remedy(verdict, "%s", remedy);
}
