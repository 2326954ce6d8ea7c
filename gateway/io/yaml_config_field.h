/* yaml_config_field.h - where the value of each key of referd.yaml stands in a
 * struct config: for what treats all keys alike. */
#ifndef IO_YAML_CONFIG_FIELD_H
#define IO_YAML_CONFIG_FIELD_H

#include <stddef.h>
#include <stdint.h>

#include "io/yaml_config.h"

enum config_kind {
    CONFIG_KIND_SECTION, /* has no value but its keys' */
    CONFIG_KIND_PATH,
    CONFIG_KIND_TEXT,
    CONFIG_KIND_NUMBER,
    CONFIG_KIND_LEVEL,
    CONFIG_KIND_ERASURE,
    CONFIG_KIND_PANIC,
    CONFIG_KIND_LISTEN,
    CONFIG_KIND_CLIENTS
};

struct config_field {
    const char *path;
    enum config_kind kind;
    size_t offset;   /* of a path, a text, a number */
    size_t size_max; /* of a path, a text */
};

/* NULL for what stands inside a list. */
const struct config_field *yaml_config_field_of(const char *path);

/* Of a text, too. */
const char *yaml_config_path(
    const struct config_field *field, const struct config *config);
uint32_t yaml_config_number(
    const struct config_field *field, const struct config *config);

#endif
