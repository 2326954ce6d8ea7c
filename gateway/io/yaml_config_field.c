#include "io/yaml_config_field.h"

#include <string.h>

/* clang-format off */
#define FIELD(path, kind, member)                                              \
    { path, CONFIG_KIND_##kind, offsetof(struct config, member),               \
        CONFIG_PATH_SIZE_MAX }

static const struct config_field fields[] = {
    FIELD("data", PATH, data),
    FIELD("keys", PATH, keys),
    { "socket", CONFIG_KIND_PATH, offsetof(struct config, socket),
        CONFIG_SOCKET_PATH_SIZE - 1 },
    FIELD("metrics", PATH, metrics),
    FIELD("listen", LISTEN, listen),
    FIELD("map_size_mib", NUMBER, map_size_mib),
    FIELD("store_check_days", NUMBER, store_check_days),
    { "store_token", CONFIG_KIND_TEXT, offsetof(struct config, store_token),
        CONFIG_URI_SIZE_MAX },
    FIELD("clients", CLIENTS, clients),
    { "log", CONFIG_KIND_SECTION, 0, 0 },
    FIELD("log.level", LEVEL, log_level),
    FIELD("panic", PANIC, panic),
    { "limits", CONFIG_KIND_SECTION, 0, 0 },
    FIELD("limits.connections", NUMBER, limits.connections),
    FIELD("limits.dialed", NUMBER, limits.dialed),
    FIELD("limits.half_open", NUMBER, limits.half_open),
    FIELD("limits.half_open_per_address", NUMBER,
        limits.half_open_per_address),
    FIELD("limits.connections_per_peer", NUMBER, limits.connections_per_peer),
    FIELD("limits.handshake_ms", NUMBER, limits.handshake_ms),
    FIELD("limits.idle_ms", NUMBER, limits.idle_ms),
    FIELD("limits.reply_ms", NUMBER, limits.reply_ms),
    { "retry", CONFIG_KIND_SECTION, 0, 0 },
    FIELD("retry.delay_ms_min", NUMBER, retry.delay_ms_min),
    FIELD("retry.delay_ms_max", NUMBER, retry.delay_ms_max),
    { "rotation", CONFIG_KIND_SECTION, 0, 0 },
    FIELD("rotation.key_days", NUMBER, rotation.key_days),
    FIELD("rotation.overlap_days", NUMBER, rotation.overlap_days),
    FIELD("rotation.card_days", NUMBER, rotation.card_days),
    FIELD("erasure_notices", ERASURE, erasure_notices),
    FIELD("hold_days", NUMBER, hold_days),
};

/* clang-format on */

const struct config_field *yaml_config_field_of(const char *path)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (strcmp(fields[i].path, path) == 0)
            return &fields[i];
    return NULL;
}

static const void *value_of(
    const struct config_field *field, const struct config *config)
{
    return (const char *)config + field->offset;
}

const char *yaml_config_path(
    const struct config_field *field, const struct config *config)
{
    const char *path;
    memcpy(&path, value_of(field, config), sizeof path);
    return path;
}

uint32_t yaml_config_number(
    const struct config_field *field, const struct config *config)
{
    uint32_t number;
    memcpy(&number, value_of(field, config), sizeof number);
    return number;
}

/* ---- Two of them -------------------------------------------------------- */

static bool listen_differs(const struct config *a, const struct config *b)
{
    bool differs = a->listen_count != b->listen_count;
    for (size_t i = 0; !differs && i < a->listen_count; i++)
        differs = strcmp(a->listen[i], b->listen[i]) != 0;
    return differs;
}

static bool clients_differ(const struct config *a, const struct config *b)
{
    bool differs = a->client_count != b->client_count;
    for (size_t i = 0; !differs && i < a->client_count; i++)
        differs = strcmp(a->clients[i].user, b->clients[i].user) != 0 ||
                  a->clients[i].rights != b->clients[i].rights;
    return differs;
}

bool yaml_config_differs(
    const struct yaml_key *key, const struct config *a, const struct config *b)
{
    const struct config_field *field = yaml_config_field_of(key->path);
    if (field == NULL)
        return false;
    switch (field->kind) {
    case CONFIG_KIND_SECTION:
        return false;
    case CONFIG_KIND_PATH:
    case CONFIG_KIND_TEXT:
        return strcmp(yaml_config_path(field, a), yaml_config_path(field, b)) !=
               0;
    case CONFIG_KIND_NUMBER:
        return yaml_config_number(field, a) != yaml_config_number(field, b);
    case CONFIG_KIND_LEVEL:
        return a->log_level != b->log_level;
    case CONFIG_KIND_ERASURE:
        return a->erasure_notices != b->erasure_notices;
    case CONFIG_KIND_PANIC:
        return a->panic != b->panic;
    case CONFIG_KIND_LISTEN:
        return listen_differs(a, b);
    case CONFIG_KIND_CLIENTS:
        return clients_differ(a, b);
    }
    return false;
}
