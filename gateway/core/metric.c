#include "core/metric.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char *const types[] = {
    [METRIC_COUNTER] = "counter",
    [METRIC_GAUGE] = "gauge",
    [METRIC_SUMMARY] = "summary",
};

void metric_name(const struct metric *metric, char name[METRIC_NAME_SIZE])
{
    bool has_label = metric->label[0] != '\0';
    int size = snprintf(name, METRIC_NAME_SIZE, "%s%s%s%s%s", metric->family,
        metric->suffix, has_label ? "{" : "", metric->label,
        has_label ? "}" : "");
    assert(size > 0 && size < METRIC_NAME_SIZE);
    (void)size;
}

struct printer {
    char *text;
    size_t capacity;
    size_t size;
    bool is_cut;
};

__attribute__((format(printf, 2, 3))) static void put(
    struct printer *out, const char *format, ...)
{
    va_list arguments;
    size_t room = out->capacity - out->size;
    va_start(arguments, format);
    int size = vsnprintf(out->text + out->size, room, format, arguments);
    va_end(arguments);
    if ((size_t)size >= room) /* or less than 0 */
        out->is_cut = true;
    else
        out->size += (size_t)size;
}

enum err metric_print(const struct metric_value *values, size_t count,
    char *text, size_t capacity, size_t *size)
{
    struct printer out = { .text = text, .capacity = capacity };
    const char *family = "";
    for (size_t i = 0; i < count; i++) {
        const struct metric *metric = values[i].metric;
        char name[METRIC_NAME_SIZE];
        if (strcmp(metric->family, family) != 0)
            put(&out, "# HELP %s %s\n# TYPE %s %s\n", metric->family,
                metric->help, metric->family, types[metric->type]);
        family = metric->family;
        metric_name(metric, name);
        put(&out, "%s %" PRId64 "\n", name, values[i].value);
    }
    *size = out.size;
    return out.is_cut ? ERR_LIMIT : ERR_NONE;
}
