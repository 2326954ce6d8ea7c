/*
 * yaml_config.h - referd.yaml: what the gateway process is told. One row a key
 * (yaml_config_key_at) says type, unit, range, default and whether a reload
 * takes it; the manual's table is that one. Paths that do not begin with "/"
 * start at the file's own folder.
 */
#ifndef IO_YAML_CONFIG_H
#define IO_YAML_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/erase.h"
#include "core/local.h"
#include "io/yaml_key.h"
#include "io/yaml_problem.h"

#define CONFIG_LISTEN_COUNT_MAX 16u
#define CONFIG_CLIENT_COUNT_MAX 64u
/* Of a path in the file. */
#define CONFIG_PATH_SIZE_MAX 1024u
#define CONFIG_URI_SIZE_MAX 1024u
/* Of the socket: what a struct sockaddr_un holds, with its zero byte. */
#define CONFIG_SOCKET_PATH_SIZE 108u

/* A configuration as yaml_config_print writes it, whatever its paths hold. */
#define CONFIG_TEXT_SIZE_MAX (256u * 1024)

/* The rights of a client by name. */
#define CONFIG_RIGHT_LIST(X)                                                   \
    X("submit", LOCAL_RIGHT_SUBMIT)                                            \
    X("act", LOCAL_RIGHT_ACT)                                                  \
    X("read", LOCAL_RIGHT_READ)                                                \
    X("admin", LOCAL_RIGHT_ADMIN)                                              \
    X("erase", LOCAL_RIGHT_ERASE)

/* As enum log_level. */
enum config_log_level {
    CONFIG_LOG_ERROR,
    CONFIG_LOG_WARNING,
    CONFIG_LOG_INFO,
    CONFIG_LOG_DEBUG
};

/* A user of this machine whose programs may connect to the socket. Names are
 * not looked up here, so that a file can be checked on another machine. */
struct config_client {
    const char *user; /* as written */
    bool is_uid;      /* it was a number: `uid` */
    uint32_t uid;
    uint32_t rights; /* enum local_right */
};

struct config_limits {
    uint32_t connections;
    uint32_t dialed;
    uint32_t half_open;
    uint32_t half_open_per_address;
    uint32_t connections_per_peer;
    uint32_t handshake_ms;
    uint32_t idle_ms;
    uint32_t reply_ms;
};

/* What `referctl panic` may do; an operator's word, not a lock. */
enum config_panic { CONFIG_PANIC_ALLOWED, CONFIG_PANIC_FORBIDDEN };

struct config_retry {
    uint32_t delay_ms_min;
    uint32_t delay_ms_max;
};

struct config_rotation {
    uint32_t key_days;
    uint32_t overlap_days;
    uint32_t card_days;
};

struct config {
    const char *data;
    const char *keys;
    const char *socket;
    const char *metrics;       /* "": none */
    const char *store_token;   /* "": none */
    const char *const *listen; /* tls+tcp://HOST:PORT */
    size_t listen_count;
    uint32_t map_size_mib;
    uint32_t store_check_days;
    const struct config_client *clients;
    size_t client_count;
    enum config_log_level log_level;
    enum config_panic panic;
    struct config_limits limits;
    struct config_retry retry;
    struct config_rotation rotation;
    enum erase_policy erasure_notices;
    uint32_t hold_days;
};

/*
 * Loads a file with all defaults filled in; texts live in the arena.
 *   ERR_IO, ERR_INVALID, ERR_NO_MEMORY, ERR_LIMIT (the arena is full), each
 *   with *problem
 */
MUST_USE enum err yaml_config_load(const char *path, struct arena *arena,
    struct config *config, struct yaml_problem *problem);

/* The same from bytes; `file` is what *problem calls them, and its folder is
 * where relative paths start. */
MUST_USE enum err yaml_config_parse(const char *file, struct slice bytes,
    struct arena *arena, struct config *config, struct yaml_problem *problem);

/* The i-th key in the document's order; NULL past the last. */
const struct yaml_key *yaml_config_key_at(size_t index);

/*
 * Prints a configuration with every key, each after a line of what the key
 * table says of it. Loaded from anywhere it is the same configuration again:
 * paths that do not begin with "/" are printed below `folder`, which does.
 * Prints the same for the same, and a terminator that *size does not count.
 *   ERR_LIMIT  `capacity` is too small (CONFIG_TEXT_SIZE_MAX never is), or a
 *              path with its folder longer than CONFIG_PATH_SIZE_MAX
 */
MUST_USE enum err yaml_config_print(const struct config *config,
    const char *folder, char *text, size_t capacity, size_t *size);

/* Whether a key that has a value of its own (not a section, nothing inside a
 * list) differs between the two. */
bool yaml_config_differs(
    const struct yaml_key *key, const struct config *a, const struct config *b);

#endif
