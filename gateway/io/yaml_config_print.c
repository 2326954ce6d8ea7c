/* The effective configuration as YAML: the key table, walked once. */
#include "io/yaml_config.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "io/yaml_config_field.h"

struct printer {
    const struct config *config;
    const char *folder;
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
    if (size < 0 || (size_t)size >= room)
        out->is_cut = true;
    else
        out->size += (size_t)size;
}

/* ---- Texts -------------------------------------------------------------- */

/* Nothing that YAML reads as something else, whatever its version. */
static bool is_plain(const char *text)
{
    static const char characters[] = "abcdefghijklmnopqrstuvwxyz"
                                     "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789/._-";
    return text[0] == '/' && text[strspn(text, characters)] == '\0';
}

/* One character of sound UTF-8. */
static uint32_t take_character(const uint8_t **at)
{
    const uint8_t *bytes = *at;
    size_t more = bytes[0] < 0x80   ? 0
                  : bytes[0] < 0xe0 ? 1
                  : bytes[0] < 0xf0 ? 2
                                    : 3;
    uint32_t character = more == 0 ? bytes[0] : bytes[0] & (0x3fu >> more);
    for (size_t i = 1; i <= more; i++)
        character = character << 6 | (bytes[i] & 0x3fu);
    *at = bytes + more + 1;
    return character;
}

/* Those that YAML lets stand in a file, but for its line breaks. */
static bool is_printable(uint32_t character)
{
    return (character >= 0x20 && character < 0x7f) ||
           (character >= 0xa0 && character < 0xfffe && character != 0x2028 &&
               character != 0x2029 && character != 0xfeff) ||
           character >= 0x10000;
}

static void put_quoted(struct printer *out, const char *text)
{
    const uint8_t *at = (const uint8_t *)text;
    assert(text_is_utf8(slice_of_text(text), TEXT_CONTROLS_ANY));
    put(out, "\"");
    while (*at != '\0') {
        const uint8_t *begin = at;
        uint32_t character = take_character(&at);
        if (character == '"' || character == '\\')
            put(out, "\\%c", (int)character);
        else if (is_printable(character))
            put(out, "%.*s", (int)(at - begin), (const char *)begin);
        else if (character <= 0xff)
            put(out, "\\x%02" PRIX32, character);
        else
            put(out, "\\u%04" PRIX32, character);
    }
    put(out, "\"");
}

static void put_path(struct printer *out, const struct config_field *field)
{
    char whole[CONFIG_PATH_SIZE_MAX + 1];
    const char *path = yaml_config_path(field, out->config);
    bool is_below = path[0] != '/' && path[0] != '\0';
    const char *gap = out->folder[strlen(out->folder) - 1] == '/' ? "" : "/";
    int size = snprintf(whole, sizeof whole, "%s%s%s",
        is_below ? out->folder : "", is_below ? gap : "", path);
    if (size < 0 || (size_t)size > field->size_max)
        out->is_cut = true;
    else if (is_plain(whole))
        put(out, "%s", whole);
    else
        put_quoted(out, whole);
}

/* ---- Values ------------------------------------------------------------- */

static void put_listen(struct printer *out)
{
    const struct config *config = out->config;
    put(out, "[");
    for (size_t i = 0; i < config->listen_count; i++) {
        put(out, "%s", i == 0 ? "" : ", ");
        put_quoted(out, config->listen[i]);
    }
    put(out, "]");
}

static void put_client(struct printer *out, const struct config_client *client)
{
    static const struct {
        const char *name;
        uint32_t right;
    } rights[] = {
#define X(name, right) { name, right },
        CONFIG_RIGHT_LIST(X)
#undef X
    };
    const char *separator = "";
    put(out, "\n  - {user: ");
    if (client->is_uid)
        put(out, "%s", client->user);
    else
        put_quoted(out, client->user);
    put(out, ", rights: [");
    for (size_t i = 0; i < sizeof rights / sizeof *rights; i++)
        if ((client->rights & rights[i].right) != 0) {
            put(out, "%s%s", separator, rights[i].name);
            separator = ", ";
        }
    put(out, "]}");
}

static void put_clients(struct printer *out)
{
    const struct config *config = out->config;
    if (config->client_count == 0)
        put(out, " []");
    for (size_t i = 0; i < config->client_count; i++)
        put_client(out, &config->clients[i]);
}

static void put_value(struct printer *out, const struct config_field *field)
{
    switch (field->kind) {
    case CONFIG_KIND_SECTION:
        return;
    case CONFIG_KIND_PATH:
        put(out, " ");
        put_path(out, field);
        return;
    case CONFIG_KIND_TEXT:
        put(out, " ");
        put_quoted(out, yaml_config_path(field, out->config));
        return;
    case CONFIG_KIND_NUMBER:
        put(out, " %" PRIu32, yaml_config_number(field, out->config));
        return;
    case CONFIG_KIND_LEVEL:
        put(out, " %s", log_level_name((enum log_level)out->config->log_level));
        return;
    case CONFIG_KIND_ERASURE:
        put(out, " %s", erase_policy_name(out->config->erasure_notices));
        return;
    case CONFIG_KIND_PANIC:
        put(out, " %s",
            out->config->panic == CONFIG_PANIC_ALLOWED ? "allowed"
                                                       : "forbidden");
        return;
    case CONFIG_KIND_LISTEN:
        put(out, " ");
        put_listen(out);
        return;
    case CONFIG_KIND_CLIENTS:
        put_clients(out);
        return;
    }
}

/* ---- Keys --------------------------------------------------------------- */

static void put_comment(
    struct printer *out, const struct yaml_key *key, const char *indent)
{
    bool is_inside = strstr(key->path, "[]") != NULL;
    put(out, "%s# %s%s%s", indent, is_inside ? key->path : "",
        is_inside ? ": " : "", key->help);
    if (key->max > 0)
        put(out, " %" PRIu64 " to %" PRIu64 "%s%s.", key->min, key->max,
            key->unit[0] == '\0' ? "" : " ", key->unit);
    if (key->fallback != NULL && key->fallback[0] != '{')
        put(out, " Default: %s.", key->fallback);
    if (key->is_reloadable && !is_inside)
        put(out, " Taken by a reload.");
    put(out, "\n");
}

/* A list's rows stand behind its own; what is told of them goes first. */
static size_t put_key(struct printer *out, size_t index)
{
    const struct yaml_key *key = yaml_config_key_at(index);
    const struct config_field *field = yaml_config_field_of(key->path);
    const char *name = strrchr(key->path, '.');
    const char *indent = name == NULL ? "" : "  ";
    const struct yaml_key *next = key;
    assert(field != NULL);
    if (name == NULL && out->size > 0)
        put(out, "\n");
    do {
        put_comment(out, next, indent);
        next = yaml_config_key_at(++index);
    } while (next != NULL && strstr(next->path, "[]") != NULL);
    put(out, "%s%s:", indent, name == NULL ? key->path : name + 1);
    put_value(out, field);
    put(out, "\n");
    return index;
}

enum err yaml_config_print(const struct config *config, const char *folder,
    char *text, size_t capacity, size_t *size)
{
    struct printer out = {
        .config = config, .folder = folder, .text = text, .capacity = capacity
    };
    assert(folder[0] == '/');
    for (size_t i = 0; yaml_config_key_at(i) != NULL;)
        i = put_key(&out, i);
    *size = out.size;
    return out.is_cut ? ERR_LIMIT : ERR_NONE;
}
