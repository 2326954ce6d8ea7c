/* referd - the gateway of one agency. See referd(8). */
#include "base/arena.h"
#include "core/limits.h"
#include "core/node.h"
#include "daemon/clock.h"
#include "daemon/courier.h"
#include "daemon/directory.h"
#include "daemon/inbox.h"
#include "daemon/journal.h"
#include "daemon/loop.h"
#include "daemon/settings.h"
#include "io/crypto_openssl.h"
#include "io/local_socket.h"
#include "io/store_lmdb.h"

#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Documented in referd(8). */
enum {
    EXIT_DONE = 0,
    EXIT_USAGE = 1,
    EXIT_CONFIG = 78, /* EX_CONFIG: the file, the keys, the card */
    EXIT_FAILED = 70  /* EX_SOFTWARE: the store or memory; start it again */
};

#define WORKER_COUNT 2u
/* For the life of the node: peers, its card, every key sheet it ever made. */
#define NODE_MEMORY_SIZE (64u * 1024 * 1024)

struct gateway {
    struct settings settings;
    struct arena memory;
    struct arena batch;
    struct arena scratch;
    struct crypto *crypto;
    struct node_options options;
    struct loop loop;
    int exit_code;
};

/* ---- Local programs ----------------------------------------------------- */

static struct inbox_item *client_item(
    enum node_input_type type, uint64_t client, size_t size)
{
    struct inbox_item *item = calloc(1, sizeof *item);
    if (item == NULL)
        return NULL;
    item->block = malloc(size + 1);
    if (item->block == NULL) {
        free(item);
        return NULL;
    }
    item->size = size;
    item->input.type = type;
    item->input.of.client.client = client;
    return item;
}

static bool on_client_request(void *user, uint64_t client, uint32_t rights,
    uid_t uid, const uint8_t *frame, size_t size)
{
    struct loop *loop = user;
    struct inbox_item *item = client_item(NODE_CLIENT, client, size);
    if (item == NULL)
        return false; /* given again when there is room */
    memcpy(item->block, frame, size);
    item->input.of.client.rights = rights;
    item->input.of.client.uid = uid;
    item->input.of.client.frame = slice_of(item->block, size);
    if (inbox_try(loop->inbox, item))
        return true;
    inbox_item_free(item);
    return false;
}

static void on_client_gone(void *user, uint64_t client)
{
    struct loop *loop = user;
    struct inbox_item *item = client_item(NODE_CLIENT_GONE, client, 0);
    if (item == NULL)
        abort(); /* its cursors would stay taken: begin anew instead */
    inbox_put(loop->inbox, item);
}

static void on_client_refused(
    void *user, uid_t uid, enum local_socket_refusal refusal)
{
    (void)user;
    JOURNAL(LOG_CLIENT_REFUSED, log_number("uid", uid),
        log_code("code", local_socket_refusal_name(refusal)));
}

/* ---- Opening ------------------------------------------------------------ */

static int complain(const char *what, enum err err)
{
    (void)fprintf(stderr, "referd: %s: %s\n", what, err_text(err));
    return EXIT_CONFIG;
}

static int complain_text(const char *text)
{
    (void)fprintf(stderr, "referd: %s\n", text);
    return EXIT_CONFIG;
}

static int memory_open(struct gateway *gateway)
{
    struct settings *settings = &gateway->settings;
    struct loop *loop = &gateway->loop;
    enum err err = arena_init(&gateway->memory, NODE_MEMORY_SIZE);
    if (err == ERR_NONE)
        err = arena_init(&gateway->batch, BATCH_ARENA_SIZE);
    if (err == ERR_NONE)
        err = arena_init(&gateway->scratch, DECODE_ARENA_SIZE);
    if (err == ERR_NONE)
        err = inbox_new(&loop->inbox);
    if (err == ERR_NONE)
        err = directory_new(&loop->directory);
    if (err == ERR_NONE)
        err = crypto_openssl_new(settings->keyring, &gateway->crypto);
    if (err != ERR_NONE)
        return complain("memory", err);
    gateway->options = (struct node_options){
        .retry_delay_ms_min = settings->config.retry.delay_ms_min,
        .retry_delay_ms_max = settings->config.retry.delay_ms_max,
        .version = REFERD_VERSION,
    };
    loop->card = settings->card;
    loop->keyring = settings->keyring;
    loop->node = node_new(&gateway->options, gateway->crypto, &gateway->memory,
        &gateway->batch, &gateway->scratch);
    return loop->node == NULL ? complain("memory", ERR_NO_MEMORY) : EXIT_DONE;
}

static int store_open(struct gateway *gateway)
{
    struct store_problem problem;
    struct store_lmdb_options options = store_lmdb_options_default();
    const struct config *config = &gateway->settings.config;
    options.map_size = (uint64_t)config->map_size_mib << 20;
    if (store_lmdb_open(
            config->data, &options, &gateway->loop.store, &problem) != ERR_NONE)
        return complain_text(problem.text);
    return EXIT_DONE;
}

static int node_start(struct gateway *gateway)
{
    struct keys_problem keys_problem;
    enum err err = loop_begin(&gateway->loop, &keys_problem);
    if (err == ERR_NONE)
        return EXIT_DONE;
    if (keys_problem.text[0] != '\0')
        return complain_text(keys_problem.text);
    if (err == ERR_CONFLICT)
        return complain_text("the store is another agency's: use the data "
                             "folder that belongs to this card");
    return complain("store", err);
}

static int courier_start(struct gateway *gateway)
{
    const struct config *config = &gateway->settings.config;
    struct loop *loop = &gateway->loop;
    struct peers_options peers = peers_options_default();
    peers.strangers_allowed = true; /* to leave their card, nothing else */
    struct peers_problem problem;
    peers.listen_urls = config->listen;
    peers.listen_count = config->listen_count;
    keyring_tls_paths(
        gateway->settings.keyring, &peers.key_path, &peers.certificate_path);
    peers.handshake_ms_max = config->limits.handshake_ms;
    peers.idle_ms_max = config->limits.idle_ms;
    peers.reply_ms_max = config->limits.reply_ms;
    peers.connection_count_max = config->limits.connections;
    peers.half_open_count_max = config->limits.half_open;
    peers.half_open_per_address_count_max =
        config->limits.half_open_per_address;
    peers.connection_per_peer_count_max = config->limits.connections_per_peer;
    struct courier_options options = {
        .self = gateway->settings.agency,
        .keyring = gateway->settings.keyring,
        .directory = loop->directory,
        .inbox = loop->inbox,
        .worker_count = WORKER_COUNT,
    };
    enum err err = courier_open(&options, &peers, &loop->courier, &problem);
    if (err == ERR_NONE)
        return EXIT_DONE;
    const char *url = problem.listen_index < config->listen_count
                          ? config->listen[problem.listen_index]
                          : "";
    (void)fprintf(stderr, "referd: %s%s%s: %s\nremedy: %s\n", url,
        *url == '\0' ? "" : ": ", problem.what,
        problem.detail == NULL ? err_text(err) : problem.detail,
        *url == '\0' ? "see that the tls files are the keyring's own"
                     : "correct listen in the configuration, or stop the "
                       "program that has this address");
    return EXIT_CONFIG;
}

static int socket_open(struct gateway *gateway)
{
    struct settings *settings = &gateway->settings;
    struct local_problem problem = { 0 };
    struct local_socket_options options = {
        .path = settings->config.socket,
        .users = settings->users,
        .user_count = settings->user_count,
    };
    struct local_socket_events events = { &gateway->loop, on_client_request,
        on_client_gone, on_client_refused };
    enum err err =
        local_socket_open(&options, &events, &gateway->loop.socket, &problem);
    if (err == ERR_NONE)
        return EXIT_DONE;
    (void)fprintf(stderr, "referd: %s: %s%s%s\nremedy: %s\n",
        settings->config.socket,
        problem.what == NULL ? err_text(err) : problem.what,
        problem.error == 0 ? "" : ": ",
        problem.error == 0 ? "" : strerror(problem.error),
        "correct socket in the configuration, or make room for it there");
    return EXIT_CONFIG;
}

/* ---- Running ------------------------------------------------------------ */

static void *core(void *argument)
{
    struct gateway *gateway = argument;
    if (loop_run(&gateway->loop) == ERR_NONE) {
        JOURNAL(LOG_GATEWAY_STOPPED,
            log_agency("agency", node_agency(gateway->loop.node)));
        gateway->exit_code = EXIT_DONE;
    } else {
        gateway->exit_code = EXIT_FAILED;
    }
    /* wakes the main thread whether or not it was a signal that ended us */
    (void)kill(getpid(), SIGTERM);
    return NULL;
}

static void signals_block(sigset_t *ends)
{
    (void)sigemptyset(ends);
    (void)sigaddset(ends, SIGTERM);
    (void)sigaddset(ends, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, ends, NULL);
    struct sigaction ignore = { .sa_handler = SIG_IGN };
    (void)sigaction(SIGPIPE, &ignore, NULL);
    (void)sigaction(SIGHUP, &ignore, NULL);
}

static int run(struct gateway *gateway, const sigset_t *ends)
{
    pthread_t thread;
    int signal_number;
    if (pthread_create(&thread, NULL, core, gateway) != 0)
        return complain("core thread", ERR_NO_MEMORY);
    (void)sigwait(ends, &signal_number);
    loop_end(&gateway->loop);
    (void)pthread_join(thread, NULL);
    local_socket_close(gateway->loop.socket);
    gateway->loop.store->ops->close(gateway->loop.store);
    return gateway->exit_code;
}

static int gateway_run(const char *config_path)
{
    static struct gateway gateway;
    sigset_t ends;
    int code =
        settings_load(config_path, &gateway.settings) ? EXIT_DONE : EXIT_CONFIG;
    signals_block(&ends); /* before any thread: all inherit it */
    if (code == EXIT_DONE)
        code = memory_open(&gateway);
    if (code == EXIT_DONE)
        code = store_open(&gateway);
    if (code == EXIT_DONE)
        code = courier_start(&gateway); /* nobody is known yet: all wait */
    if (code == EXIT_DONE)
        code = node_start(&gateway);
    if (code == EXIT_DONE)
        code = socket_open(&gateway);
    if (code == EXIT_DONE)
        code = run(&gateway, &ends);
    return code;
}

/* ---- The command line --------------------------------------------------- */

static const char usage[] =
    "usage: referd -c FILE [-t]\n"
    "\n"
    "  -c, --config FILE  the gateway's configuration, see referd.yaml(5)\n"
    "  -t, --test         check the configuration, keys and card, then end\n"
    "  -V, --version      print the version\n"
    "  -h, --help         print this\n"
    "\n"
    "Make a gateway with: referctl init DIR --name NAME, then start it with\n"
    "referd -c DIR/referd.yaml. It logs to standard error and ends on\n"
    "SIGTERM. Exit status: 0 ended as asked or all is well, 1 wrong usage,\n"
    "70 the store failed (start it again), 78 configuration, keys or card.\n";

/* Nothing of a person's data is to reach a core file. */
static void cores_forbid(void)
{
    struct rlimit none = { 0, 0 };
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)umask(077);
}

/* nng 1.5.2 has races between closing an endpoint and using it: end without
 * running its clean-up. Everything that must be on disk is. */
__attribute__((noreturn)) static void leave(int code)
{
    (void)fflush(NULL);
    _exit(code);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "config", required_argument, NULL, 'c' },
        { "test", no_argument, NULL, 't' },
        { "version", no_argument, NULL, 'V' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    const char *config_path = NULL;
    bool test = false;
    int option;
    while ((option = getopt_long(argc, argv, "c:tVh", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            config_path = optarg;
            break;
        case 't':
            test = true;
            break;
        case 'V':
            (void)puts("referd " REFERD_VERSION);
            return EXIT_DONE;
        case 'h':
            (void)fputs(usage, stdout);
            return EXIT_DONE;
        default:
            (void)fputs(usage, stderr);
            return EXIT_USAGE;
        }
    }
    if (config_path == NULL || optind != argc) {
        (void)fputs(usage, stderr);
        return EXIT_USAGE;
    }
    cores_forbid();
    if (test) {
        static struct settings settings;
        if (!settings_load(config_path, &settings))
            return EXIT_CONFIG;
        (void)printf("%s: all is well\n", config_path);
        return EXIT_DONE;
    }
    leave(gateway_run(config_path));
}
