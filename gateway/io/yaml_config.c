#include "io/yaml_config.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "core/form.h"
#include "core/limits.h"
#include "core/local.h"
#include "io/yaml_copy.h"
#include "io/yaml_cyaml.h"

#define USER_SIZE_MAX 64
#define URL_SIZE_MAX 300

/* ---- As libcyaml loads it: numbers that are absent are 0 ---- */

struct raw_client {
    char *user;
    uint32_t rights;
};

struct raw_log {
    uint32_t level; /* enum config_log_level + 1 */
};

struct raw_config {
    char *data;
    char *keys;
    char *socket;
    char *metrics;
    char *store_token;
    char **listen;
    unsigned listen_count;
    uint32_t map_size_mib;
    uint32_t store_check_days;
    struct raw_client *clients;
    unsigned clients_count;
    struct raw_log log;
    uint32_t panic; /* enum config_panic + 1 */
    struct config_limits limits;
    struct config_retry retry;
    struct config_rotation rotation;
    uint32_t erasure_notices; /* enum erase_policy + 1 */
    uint32_t hold_days;
};

/* clang-format off */

static const cyaml_strval_t rights[] = {
#define X(name, right) { name, right },
    CONFIG_RIGHT_LIST(X)
#undef X
};

static const cyaml_strval_t log_levels[] = {
    { "error", CONFIG_LOG_ERROR + 1 }, { "warning", CONFIG_LOG_WARNING + 1 },
    { "info", CONFIG_LOG_INFO + 1 },   { "debug", CONFIG_LOG_DEBUG + 1 },
};

static const cyaml_strval_t erase_policies[] = {
#define X(symbol, text) { text, ERASE_##symbol + 1 },
    ERASE_POLICY_LIST(X)
#undef X
};

static const cyaml_strval_t panics[] = {
    { "allowed", CONFIG_PANIC_ALLOWED + 1 },
    { "forbidden", CONFIG_PANIC_FORBIDDEN + 1 },
};

static const cyaml_schema_value_t url_value = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, URL_SIZE_MAX),
};

static const cyaml_schema_field_t client_fields[] = {
    CYAML_FIELD_STRING_PTR("user", CYAML_FLAG_POINTER,
        struct raw_client, user, 1, USER_SIZE_MAX),
    CYAML_FIELD_FLAGS("rights", CYAML_FLAG_STRICT,
        struct raw_client, rights, rights, CYAML_ARRAY_LEN(rights)),
    CYAML_FIELD_END
};
static const cyaml_schema_value_t client_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_client, client_fields),
};

static const cyaml_schema_field_t log_fields[] = {
    CYAML_FIELD_ENUM("level", CYAML_FLAG_STRICT | CYAML_FLAG_OPTIONAL,
        struct raw_log, level, log_levels, CYAML_ARRAY_LEN(log_levels)),
    CYAML_FIELD_END
};

#define LIMIT(key)                                                             \
    CYAML_FIELD_UINT(#key, CYAML_FLAG_OPTIONAL, struct config_limits, key)
static const cyaml_schema_field_t limit_fields[] = {
    LIMIT(connections),
    LIMIT(dialed),
    LIMIT(half_open),
    LIMIT(half_open_per_address),
    LIMIT(connections_per_peer),
    LIMIT(handshake_ms),
    LIMIT(idle_ms),
    LIMIT(reply_ms),
    CYAML_FIELD_END
};

static const cyaml_schema_field_t retry_fields[] = {
    CYAML_FIELD_UINT("delay_ms_min", CYAML_FLAG_OPTIONAL,
        struct config_retry, delay_ms_min),
    CYAML_FIELD_UINT("delay_ms_max", CYAML_FLAG_OPTIONAL,
        struct config_retry, delay_ms_max),
    CYAML_FIELD_END
};

static const cyaml_schema_field_t rotation_fields[] = {
    CYAML_FIELD_UINT("key_days", CYAML_FLAG_OPTIONAL,
        struct config_rotation, key_days),
    CYAML_FIELD_UINT("overlap_days", CYAML_FLAG_OPTIONAL,
        struct config_rotation, overlap_days),
    CYAML_FIELD_UINT("card_days", CYAML_FLAG_OPTIONAL,
        struct config_rotation, card_days),
    CYAML_FIELD_END
};

static const cyaml_schema_field_t config_fields[] = {
    CYAML_FIELD_STRING_PTR("data", CYAML_FLAG_POINTER,
        struct raw_config, data, 1, CONFIG_PATH_SIZE_MAX),
    CYAML_FIELD_STRING_PTR("keys", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
        struct raw_config, keys, 1, CONFIG_PATH_SIZE_MAX),
    CYAML_FIELD_STRING_PTR("socket", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
        struct raw_config, socket, 1, CONFIG_PATH_SIZE_MAX),
    CYAML_FIELD_STRING_PTR("metrics", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
        struct raw_config, metrics, 0, CONFIG_PATH_SIZE_MAX),
    CYAML_FIELD_SEQUENCE("listen", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
        struct raw_config, listen, &url_value, 0, CONFIG_LISTEN_COUNT_MAX),
    CYAML_FIELD_UINT("map_size_mib", CYAML_FLAG_OPTIONAL,
        struct raw_config, map_size_mib),
    CYAML_FIELD_UINT("store_check_days", CYAML_FLAG_OPTIONAL,
        struct raw_config, store_check_days),
    CYAML_FIELD_STRING_PTR("store_token",
        CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
        struct raw_config, store_token, 0, CONFIG_URI_SIZE_MAX),
    CYAML_FIELD_SEQUENCE("clients", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
        struct raw_config, clients, &client_value, 0,
        CONFIG_CLIENT_COUNT_MAX),
    CYAML_FIELD_MAPPING("log", CYAML_FLAG_OPTIONAL,
        struct raw_config, log, log_fields),
    CYAML_FIELD_ENUM("panic", CYAML_FLAG_STRICT | CYAML_FLAG_OPTIONAL,
        struct raw_config, panic, panics, CYAML_ARRAY_LEN(panics)),
    CYAML_FIELD_MAPPING("limits", CYAML_FLAG_OPTIONAL,
        struct raw_config, limits, limit_fields),
    CYAML_FIELD_MAPPING("retry", CYAML_FLAG_OPTIONAL,
        struct raw_config, retry, retry_fields),
    CYAML_FIELD_MAPPING("rotation", CYAML_FLAG_OPTIONAL,
        struct raw_config, rotation, rotation_fields),
    CYAML_FIELD_ENUM("erasure_notices",
        CYAML_FLAG_STRICT | CYAML_FLAG_OPTIONAL,
        struct raw_config, erasure_notices, erase_policies,
        CYAML_ARRAY_LEN(erase_policies)),
    CYAML_FIELD_UINT("hold_days", CYAML_FLAG_OPTIONAL,
        struct raw_config, hold_days),
    CYAML_FIELD_END
};
static const cyaml_schema_value_t config_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_config, config_fields),
};

/* ---- As people are told. Every number is above 0. ---- */

#define FORM_URL "tls+tcp://HOST:PORT"

static const struct yaml_key keys[] = {
    { "data", "a directory", "", 0, 0, NULL, false, "data: /var/lib/referd",
      "The directory of the store; it must be on a local disk." },
    { "keys", "a directory", "", 0, 0, "DATA/keys", false,
      "keys: /etc/referd/keys",
      "The directory of the private keys, readable by the gateway alone." },
    { "socket", "a path of at most 107 bytes", "", 0, 0, "DATA/referd.sock",
      false, "socket: /run/referd/referd.sock",
      "Where programs of this agency connect." },
    { "metrics", "a path, or \"\" for none", "", 0, 0, "\"\"", false,
      "metrics: /run/referd/referd.prom",
      "A file with numbers in Prometheus' text format, rewritten every 15 s; "
      "empty: none." },
    { "listen", NULL, "", 0, 0, "[]", false,
      "listen: [\"tls+tcp://0.0.0.0:7443\"]",
      "Addresses on which other agencies are answered; none: the gateway only "
      "dials out." },
    { "listen[]", FORM_URL, "", 0, 0, NULL, false, "tls+tcp://0.0.0.0:7443",
      "One address." },
    { "map_size_mib", NULL, "MiB", 16, 64u * 1024 * 1024, "16384", false,
      "map_size_mib: 16384",
      "How large the store may grow; the file is sparse." },
    { "store_check_days", NULL, "days", 1, 365, "7", false,
      "store_check_days: 7",
      "How often the gateway looks by itself whether all of its store is "
      "sound, beside its work, restarts or not." },
    { "store_token", "a PKCS#11 URI, or \"\" for none", "", 0, 0, "\"\"",
      false,
      "store_token: \"pkcs11:token=referd;object=store?"
      "module-path=/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so\"",
      "The token that holds the key without which the store's cannot be used; "
      "empty: none." },
    { "clients", NULL, "", 0, 0, "[]", true,
      "clients: [{user: frontdesk, rights: [submit, act, read]}]",
      "Users of this machine whose programs may connect to the socket." },
    { "clients[]", NULL, "", 0, 0, NULL, true,
      "- {user: frontdesk, rights: [submit, act, read]}", "One user." },
    { "clients[].user", "the name or the number of a user", "", 0,
      0, NULL, true, "user: frontdesk", "A name, or a numeric uid." },
    { "clients[].rights", NULL, "", 0, 0, NULL, true,
      "rights: [submit, act, read]",
      "What its programs may do: make referrals, take steps, read, erase "
      "what was said about people, run the "
      "gateway." },
    { "log", NULL, "", 0, 0, "{}", true, "log: {level: info}",
      "What the gateway tells its operator." },
    { "log.level", NULL, "", 0, 0, "info", true, "level: info",
      "The least important events that are still logged." },
    { "panic", NULL, "", 0, 0, "allowed", true, "panic: forbidden",
      "Whether referctl panic may destroy the keys of the store." },
    { "limits", NULL, "", 0, 0, "{}", false, "limits: {connections: 4096}",
      "Bounds of what other machines can take." },
    { "limits.connections", NULL, "", 1, 65536, "512", false,
      "connections: 4096", "Connections accepted and authenticated." },
    { "limits.dialed", NULL, "", 1, 65536, "512", false, "dialed: 512",
      "Agencies that are dialed at a time; others wait for one that is quiet." },
    { "limits.half_open", NULL, "", 1, 65536, "256", false, "half_open: 256",
      "Connections that are not authenticated yet." },
    { "limits.half_open_per_address", NULL, "", 1, 65536, "32", false,
      "half_open_per_address: 32", "The same from one address." },
    { "limits.connections_per_peer", NULL, "", 1, 64, "4", false,
      "connections_per_peer: 4", "Connections of one agency." },
    { "limits.handshake_ms", NULL, "ms", 100, 60000, "5000", false,
      "handshake_ms: 5000", "From accepting a connection to its key." },
    { "limits.idle_ms", NULL, "ms", 1000, 3600000, "60000", false,
      "idle_ms: 60000", "After which a connection without a frame is closed." },
    { "limits.reply_ms", NULL, "ms", 1000, 3600000, "360000", false,
      "reply_ms: 360000", "After which a request counts as unanswered." },
    { "retry", NULL, "", 0, 0, "{}", true, "retry: {delay_ms_min: 1000}",
      "When an agency that was not reached is tried again." },
    { "retry.delay_ms_min", NULL, "ms", 100, 3600000, "1000", true,
      "delay_ms_min: 1000", "After the first failure; doubled after each." },
    { "retry.delay_ms_max", NULL, "ms", 100, 86400000, "300000", true,
      "delay_ms_max: 300000", "The longest wait." },
    { "rotation", NULL, "", 0, 0, "{}", false, "rotation: {key_days: 90}",
      "When keys are followed by others." },
    { "rotation.key_days", NULL, "days", 7, 3650, "90", false,
      "key_days: 90", "How long a new key is used." },
    { "rotation.overlap_days", NULL, "days", 2, 180, "14", false,
      "overlap_days: 14",
      "So long before its end the next one is on the card; it is used from "
      "the middle of that time on." },
    { "rotation.card_days", NULL, "days", 7, 3650, "730", false,
      "card_days: 730", "How long a new card is valid, and its TLS key." },
    { "erasure_notices", NULL, "", 0, 0, "follow", true,
      "erasure_notices: follow",
      "When another agency erased something: erase it here too (follow), keep "
      "it until staff here decide (ask), or keep it, as a law wants (refuse)." },
    { "hold_days", NULL, "days", HOLD_DAYS_MIN, HOLD_DAYS_MAX, "30", true,
      "hold_days: 30",
      "How long we keep what we said in a referral that has ended, once the "
      "other agency's programs have taken it, so that it can lose its disk." },
};

/* clang-format on */

const struct yaml_document yaml_config_document = {
    .schema = &config_value,
    .keys = keys,
    .key_count = sizeof keys / sizeof *keys,
};

const struct yaml_key *yaml_config_key_at(size_t index)
{
    return index < sizeof keys / sizeof *keys ? &keys[index] : NULL;
}

/* ---- Findings ---- */

static enum err expect(const struct yaml_loaded *loaded, const char *path,
    struct yaml_problem *problem)
{
    yaml_expect(loaded->document, &loaded->outline, path, problem);
    return ERR_INVALID;
}

static enum err refuse(const struct yaml_loaded *loaded, const char *path,
    const char *what, struct yaml_problem *problem)
{
    (void)expect(loaded, path, problem);
    yaml_problem_reason(problem, "%s", what);
    problem->example[0] = '\0';
    return ERR_INVALID;
}

static enum err refuse_full(struct yaml_problem *problem)
{
    yaml_problem_reason(problem, "does not fit into memory");
    return ERR_LIMIT;
}

/* ---- Paths ---- */

/* "FOLDER/NAME", or the name alone when it starts at the root. */
static const char *join(
    struct slice folder, const char *name, struct arena *arena)
{
    size_t size = folder.size + strlen(name) + 2;
    char *path = arena_take(arena, size);
    if (path == NULL)
        return NULL;
    if (name[0] == '/' || folder.size == 0)
        (void)snprintf(path, size, "%s", name);
    else
        (void)snprintf(path, size, "%.*s%s%s", (int)folder.size,
            (const char *)folder.bytes,
            folder.bytes[folder.size - 1] == '/' ? "" : "/", name);
    return path;
}

/* Without its last part; "/" stays, and a bare name has no folder. */
static struct slice folder_of(const char *file)
{
    const char *end = strrchr(file, '/');
    if (end == NULL)
        return SLICE_NONE;
    return slice_of(file, end == file ? 1 : (size_t)(end - file));
}

static enum err read_paths(const struct yaml_loaded *loaded, const char *file,
    struct arena *arena, struct config *config, struct yaml_problem *problem)
{
    const struct raw_config *raw = loaded->data;
    struct slice folder = folder_of(file);
    config->data = join(folder, raw->data, arena);
    if (config->data == NULL)
        return refuse_full(problem);
    struct slice data = slice_of_text(config->data);
    config->keys = raw->keys != NULL ? join(folder, raw->keys, arena)
                                     : join(data, "keys", arena);
    config->socket = raw->socket != NULL ? join(folder, raw->socket, arena)
                                         : join(data, "referd.sock", arena);
    config->metrics = raw->metrics != NULL && raw->metrics[0] != '\0'
                          ? join(folder, raw->metrics, arena)
                          : "";
    config->store_token = arena_text(
        arena, slice_of_text(raw->store_token != NULL ? raw->store_token : ""));
    if (config->keys == NULL || config->socket == NULL ||
        config->metrics == NULL || config->store_token == NULL)
        return refuse_full(problem);
    if (config->store_token[0] != '\0' &&
        strncmp(config->store_token, "pkcs11:", 7) != 0)
        return expect(loaded, "store_token", problem);
    if (strlen(config->socket) >= CONFIG_SOCKET_PATH_SIZE)
        return expect(loaded, "socket", problem);
    return ERR_NONE;
}

/* ---- Lists ---- */

static enum err read_listen(const struct yaml_loaded *loaded,
    struct arena *arena, struct config *config, struct yaml_problem *problem)
{
    const struct raw_config *raw = loaded->data;
    const char **listen =
        arena_take_array(arena, raw->listen_count, sizeof *listen);
    if (listen == NULL)
        return refuse_full(problem);
    for (unsigned i = 0; i < raw->listen_count; i++) {
        char path[32];
        (void)snprintf(path, sizeof path, "listen[%u]", i);
        if (!form_is_endpoint(slice_of_text(raw->listen[i])))
            return expect(loaded, path, problem);
        for (unsigned j = 0; j < i; j++)
            if (strcmp(raw->listen[i], raw->listen[j]) == 0)
                return refuse(loaded, path, "stands twice", problem);
        listen[i] = arena_text(arena, slice_of_text(raw->listen[i]));
        if (listen[i] == NULL)
            return refuse_full(problem);
    }
    config->listen = listen;
    config->listen_count = raw->listen_count;
    return ERR_NONE;
}

/* A name as useradd takes it, or a number. */
static bool read_user(const char *user, struct config_client *client)
{
    struct slice text = slice_of_text(user);
    uint64_t uid;
    if (text_decimal_decode(text, &uid) == ERR_NONE) {
        client->is_uid = true;
        client->uid = (uint32_t)uid;
        /* the highest number means "no user" to the kernel */
        return uid < UINT32_MAX;
    }
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.bytes[i];
        bool is_letter = (byte >= 'a' && byte <= 'z') ||
                         (byte >= 'A' && byte <= 'Z') || byte == '_';
        bool is_later = (byte >= '0' && byte <= '9') || byte == '-' ||
                        byte == '.' || byte == '$';
        if (!is_letter && !(i > 0 && is_later))
            return false;
    }
    return true;
}

static enum err read_clients(const struct yaml_loaded *loaded,
    struct arena *arena, struct config *config, struct yaml_problem *problem)
{
    const struct raw_config *raw = loaded->data;
    struct config_client *clients =
        arena_take_array(arena, raw->clients_count, sizeof *clients);
    if (clients == NULL)
        return refuse_full(problem);
    for (unsigned i = 0; i < raw->clients_count; i++) {
        const struct raw_client *client = &raw->clients[i];
        char path[32];
        (void)snprintf(path, sizeof path, "clients[%u].user", i);
        if (!read_user(client->user, &clients[i]))
            return expect(loaded, path, problem);
        for (unsigned j = 0; j < i; j++)
            if (strcmp(client->user, raw->clients[j].user) == 0)
                return refuse(loaded, path, "stands twice", problem);
        clients[i].rights = client->rights;
        clients[i].user = arena_text(arena, slice_of_text(client->user));
        if (clients[i].user == NULL)
            return refuse_full(problem);
    }
    config->clients = clients;
    config->client_count = raw->clients_count;
    return ERR_NONE;
}

/* ---- Numbers ---- */

/* The row's default where the file says nothing. */
static void fill_in(const char *path, uint32_t *number)
{
    const struct yaml_key *key = yaml_key_of(&yaml_config_document, path);
    uint64_t fallback = 0;
    assert(key != NULL && key->fallback != NULL && key->min > 0);
    enum err err = text_decimal_decode(slice_of_text(key->fallback), &fallback);
    assert(err == ERR_NONE && fallback <= UINT32_MAX);
    if (err == ERR_NONE && *number == 0)
        *number = (uint32_t)fallback;
}

static enum err check_order(const struct yaml_loaded *loaded,
    const struct config *config, struct yaml_problem *problem)
{
    const struct config_limits *limits = &config->limits;
    if (limits->half_open_per_address > limits->half_open)
        return refuse(loaded, "limits.half_open_per_address",
            "is more than limits.half_open", problem);
    if (limits->connections_per_peer > limits->connections)
        return refuse(loaded, "limits.connections_per_peer",
            "is more than limits.connections", problem);
    if (config->retry.delay_ms_min > config->retry.delay_ms_max)
        return refuse(loaded, "retry.delay_ms_min",
            "is more than retry.delay_ms_max", problem);
    if (config->rotation.overlap_days >= config->rotation.key_days)
        return refuse(loaded, "rotation.overlap_days",
            "is not less than rotation.key_days", problem);
    if (config->rotation.overlap_days >= config->rotation.card_days)
        return refuse(loaded, "rotation.overlap_days",
            "is not less than rotation.card_days", problem);
    return ERR_NONE;
}

static void read_numbers(
    const struct yaml_loaded *loaded, struct config *config)
{
    const struct raw_config *raw = loaded->data;
    config->log_level = raw->log.level > 0
                            ? (enum config_log_level)(raw->log.level - 1)
                            : CONFIG_LOG_INFO;
    config->panic = raw->panic > 0 ? (enum config_panic)(raw->panic - 1)
                                   : CONFIG_PANIC_ALLOWED;
    config->map_size_mib = raw->map_size_mib;
    config->store_check_days = raw->store_check_days;
    config->limits = raw->limits;
    config->retry = raw->retry;
    config->rotation = raw->rotation;
    config->hold_days = raw->hold_days;
    config->erasure_notices =
        raw->erasure_notices > 0 ? (enum erase_policy)(raw->erasure_notices - 1)
                                 : ERASE_FOLLOW;
    fill_in("map_size_mib", &config->map_size_mib);
    fill_in("store_check_days", &config->store_check_days);
    fill_in("limits.connections", &config->limits.connections);
    fill_in("limits.dialed", &config->limits.dialed);
    fill_in("limits.half_open", &config->limits.half_open);
    fill_in(
        "limits.half_open_per_address", &config->limits.half_open_per_address);
    fill_in(
        "limits.connections_per_peer", &config->limits.connections_per_peer);
    fill_in("limits.handshake_ms", &config->limits.handshake_ms);
    fill_in("limits.idle_ms", &config->limits.idle_ms);
    fill_in("limits.reply_ms", &config->limits.reply_ms);
    fill_in("retry.delay_ms_min", &config->retry.delay_ms_min);
    fill_in("retry.delay_ms_max", &config->retry.delay_ms_max);
    fill_in("rotation.key_days", &config->rotation.key_days);
    fill_in("rotation.overlap_days", &config->rotation.overlap_days);
    fill_in("rotation.card_days", &config->rotation.card_days);
    fill_in("hold_days", &config->hold_days);
}

/* ---- All of it ---- */

enum err yaml_config_parse(const char *file, struct slice bytes,
    struct arena *arena, struct config *config, struct yaml_problem *problem)
{
    struct yaml_loaded loaded;
    *config = (struct config){ 0 };
    enum err err =
        yaml_load(&yaml_config_document, file, bytes, &loaded, problem);
    if (err != ERR_NONE)
        return err;
    read_numbers(&loaded, config);
    err = read_paths(&loaded, file, arena, config, problem);
    if (err == ERR_NONE)
        err = read_listen(&loaded, arena, config, problem);
    if (err == ERR_NONE)
        err = read_clients(&loaded, arena, config, problem);
    if (err == ERR_NONE)
        err = check_order(&loaded, config, problem);
    yaml_release(&loaded);
    return err;
}

enum err yaml_config_load(const char *path, struct arena *arena,
    struct config *config, struct yaml_problem *problem)
{
    struct slice bytes;
    enum err err = yaml_read(path, arena, &bytes, problem);
    if (err != ERR_NONE)
        return err;
    return yaml_config_parse(path, bytes, arena, config, problem);
}
