#include "referctl/config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

struct scan {
    struct pool *pool;
    int depth;
    const char *key; /* of the top-level mapping, while its value is awaited */
    const char *socket_path;
    const char *data_path;
};

/* What one parser event says of the top-level mapping. */
static void scan_event(struct scan *scan, const yaml_event_t *event)
{
    bool opens = event->type == YAML_MAPPING_START_EVENT
        || event->type == YAML_SEQUENCE_START_EVENT;
    bool closes = event->type == YAML_MAPPING_END_EVENT
        || event->type == YAML_SEQUENCE_END_EVENT;
    if (event->type == YAML_SCALAR_EVENT && scan->depth == 1) {
        const char *text = pool_copy(scan->pool, event->data.scalar.value,
            event->data.scalar.length);
        if (scan->key == NULL) {
            scan->key = text;
            return;
        }
        if (strcmp(scan->key, "socket") == 0)
            scan->socket_path = text;
        else if (strcmp(scan->key, "data") == 0)
            scan->data_path = text;
        scan->key = NULL;
    }
    if (opens)
        scan->depth++;
    if (closes && --scan->depth == 1)
        scan->key = NULL;
}

static bool scan_file(FILE *file, struct scan *scan, size_t *line)
{
    yaml_parser_t parser;
    bool done = false;
    bool sound = true;
    if (yaml_parser_initialize(&parser) == 0)
        return false;
    yaml_parser_set_input_file(&parser, file);
    while (!done && sound) {
        yaml_event_t event;
        sound = yaml_parser_parse(&parser, &event) != 0;
        if (!sound) {
            *line = parser.problem_mark.line + 1;
        } else {
            scan_event(scan, &event);
            done = event.type == YAML_STREAM_END_EVENT;
            yaml_event_delete(&event);
        }
    }
    yaml_parser_delete(&parser);
    return sound;
}

static const char *beside(
    struct pool *pool, const char *config_path, const char *path)
{
    const char *slash = strrchr(config_path, '/');
    if (path[0] == '/' || slash == NULL)
        return path;
    return pool_format(
        pool, "%.*s/%s", (int)(slash - config_path), config_path, path);
}

const char *config_socket_path(
    struct pool *pool, const char *config_path, const char **problem)
{
    struct scan scan = { .pool = pool };
    size_t line = 0;
    FILE *file = fopen(config_path, "r");
    if (file == NULL) {
        *problem = pool_format(pool, "cannot open the configuration %s: %s",
            config_path, strerror(errno));
        return NULL;
    }
    bool sound = scan_file(file, &scan, &line);
    (void)fclose(file);
    if (!sound) {
        *problem = pool_format(
            pool, "%s:%zu: this is not YAML", config_path, line);
        return NULL;
    }
    if (scan.socket_path != NULL)
        return beside(pool, config_path, scan.socket_path);
    if (scan.data_path != NULL)
        return pool_format(
            pool, "%s/referd.sock", beside(pool, config_path, scan.data_path));
    *problem = pool_format(pool,
        "%s has neither the key socket nor the key data", config_path);
    return NULL;
}
