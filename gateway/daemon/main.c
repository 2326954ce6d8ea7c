/* referd - the gateway of one agency. See referd(8). */
#include "base/arena.h"
#include "core/limits.h"
#include "core/node.h"
#include "daemon/ceiling.h"
#include "daemon/clock.h"
#include "daemon/courier.h"
#include "daemon/directory.h"
#include "daemon/inbox.h"
#include "daemon/journal.h"
#include "daemon/loop.h"
#include "daemon/metrics_file.h"
#include "daemon/notify.h"
#include "daemon/reception.h"
#include "daemon/settings.h"
#include "daemon/storage.h"
#include "daemon/watch.h"
#include "io/crypto_openssl.h"
#include "io/local_socket.h"
#include "io/swap.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
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

#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)

struct gateway {
    struct settings settings;
    struct arena memory;
    struct arena batch;
    struct arena scratch;
    struct crypto *crypto;
    struct vault *vault;
    struct identity identity;
    struct node_options options;
    struct loop loop;
    struct notify notify;
    const char *passphrase_path; /* NULL: none was named */
    int exit_code;
};

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

/* A row that was needed does not open. */
static int complain_damage(const struct settings *settings)
{
    (void)fprintf(stderr,
        "referd: %s/store: a row is damaged, and was not used\n"
        "remedy: referctl -c FILE store check --offline --repair\n",
        settings->config.data);
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
        .parcel_gap_ms = PARCEL_GAP_MS,
        .version = REFERD_VERSION,
        .erase_policy = settings->config.erasure_notices,
        .check_period_ms =
            (uint64_t)settings->config.store_check_days * (uint64_t)DAY_MS,
        .hold_ms = loop_hold_ms(settings->config.hold_days),
    };
    loop->options = &gateway->options;
    loop->earlier_cards = settings->earlier;
    loop->earlier_card_count = settings->earlier_count;
    loop->identity = &gateway->identity;
    loop->keyring = settings->keyring;
    return EXIT_DONE;
}

static int identity_begin(struct gateway *gateway)
{
    const struct config *config = &gateway->settings.config;
    struct identity *identity = &gateway->identity;
    identity->data = config->data;
    identity->keys_dir = config->keys;
    identity->keyring = gateway->settings.keyring;
    identity->crypto = gateway->crypto;
    identity->rules = (struct identity_rules){
        .key_life_ms = config->rotation.key_days * DAY_MS,
        .overlap_ms = config->rotation.overlap_days * DAY_MS,
        .card_life_ms = config->rotation.card_days * DAY_MS,
    };
    enum err err = identity_open(identity, gateway->settings.card);
    return err == ERR_NONE ? EXIT_DONE : complain("card", err);
}

static int storage_start(struct gateway *gateway)
{
    struct store_problem problem;
    const struct config *config = &gateway->settings.config;
    struct storage storage;
    const struct store_slot slot = { .keys = config->keys,
        .credentials = getenv("CREDENTIALS_DIRECTORY"),
        .passphrase_path = gateway->passphrase_path,
        .token = config->store_token };
    if (storage_open(config->data, &slot, (uint64_t)config->map_size_mib << 20,
            &storage, &problem) != ERR_NONE)
        return complain_text(problem.text);
    gateway->options.store_key = store_slot_kind_name(storage.slot);
    gateway->loop.store = storage.store;
    gateway->loop.marker.keys_dir = config->keys;
    gateway->loop.marker.mark = storage.mark;
    gateway->vault = storage.vault;
    return EXIT_DONE;
}

static int node_start(struct gateway *gateway)
{
    struct keys_problem keys_problem;
    struct loop *loop = &gateway->loop;
    loop->node = node_new(&gateway->options, gateway->crypto, gateway->vault,
        &gateway->memory, &gateway->batch, &gateway->scratch);
    if (loop->node == NULL)
        return complain("memory", ERR_NO_MEMORY);
    enum err err = loop_begin(loop, &keys_problem);
    if (err == ERR_NONE)
        return EXIT_DONE;
    if (keys_problem.text[0] != '\0')
        return complain_text(keys_problem.text);
    if (err == ERR_CONFLICT)
        return complain_text("the store is another agency's: use the data "
                             "folder that belongs to this card");
    if (err == ERR_STATE) {
        (void)fprintf(stderr,
            "referd: %s/" STORAGE_VAULT_NAME ": it is another store's, or "
            "older than the store; restore the one that belongs to the store, "
            "or both from one backup\n",
            gateway->settings.config.data);
        return EXIT_CONFIG;
    }
    return err == ERR_CORRUPT ? complain_damage(&gateway->settings)
                              : complain("store", err);
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
    peers.peer_count_max = config->limits.dialed;
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
    struct local_socket_events events = reception_events(gateway->loop.inbox);
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

/* What only watches. */
static int witnesses_open(struct gateway *gateway)
{
    const char *path = gateway->settings.config.metrics;
    if (!notify_open(&gateway->notify, getenv("NOTIFY_SOCKET"),
            getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID")))
        JOURNAL(LOG_NOTIFY_FAILED, log_code("code", "environment"));
    gateway->loop.turn_ms_max = watch_turn_ms_max(&gateway->notify);
    if (*path == '\0')
        return EXIT_DONE;
    enum err err = metrics_file_open(path, &gateway->loop.metrics);
    return err == ERR_NONE ? EXIT_DONE : complain(path, err);
}

/* ---- Running ------------------------------------------------------------ */

static void *core(void *argument)
{
    struct gateway *gateway = argument;
    (void)prctl(PR_SET_NAME, "core", 0, 0, 0); /* for top and gdb */
    enum err err = loop_run(&gateway->loop);
    gateway->exit_code = err == ERR_NONE ? EXIT_DONE : EXIT_FAILED;
    if (err == ERR_NONE)
        JOURNAL(LOG_GATEWAY_STOPPED,
            log_agency("agency", node_agency(gateway->loop.node)));
    else if (err == ERR_CORRUPT)
        (void)complain_damage(&gateway->settings);
    /* wakes the main thread whether or not it was a signal that ended us */
    (void)kill(getpid(), SIGTERM);
    return NULL;
}

/* Before any thread is: all inherit it. */
static void signals_block(sigset_t *signals)
{
    struct sigaction ignore = { .sa_handler = SIG_IGN };
    watch_signals(signals);
    (void)pthread_sigmask(SIG_BLOCK, signals, NULL);
    (void)sigaction(SIGPIPE, &ignore, NULL);
}

static int run(
    struct gateway *gateway, const char *config_path, const sigset_t *signals)
{
    const struct watch watch = { config_path, &gateway->settings.config,
        &gateway->loop, &gateway->notify };
    pthread_t thread;
    if (pthread_create(&thread, NULL, core, gateway) != 0)
        return complain("core thread", ERR_NO_MEMORY);
    if (!notify_say(&gateway->notify, "READY=1"))
        JOURNAL(LOG_NOTIFY_FAILED, log_code("code", "unsent"));
    watch_run(&watch, signals);
    (void)notify_say(&gateway->notify, "STOPPING=1");
    loop_end(&gateway->loop);
    (void)pthread_join(thread, NULL);
    inbox_close(gateway->loop.inbox); /* whose thread may wait for room there */
    local_socket_close(gateway->loop.socket);
    gateway->loop.store->ops->close(gateway->loop.store);
    gateway->vault->ops->close(gateway->vault);
    metrics_file_close(gateway->loop.metrics);
    return gateway->exit_code;
}

static void memory_judge(void)
{
    if (swap_may_take((struct swap_root){ "" }, getpid()))
        JOURNAL(LOG_MEMORY_EXPOSED, log_code("code", "swap"));
}

static int gateway_run(const char *config_path, const char *passphrase_path)
{
    static struct gateway gateway;
    sigset_t signals;
    gateway.passphrase_path = passphrase_path;
    signals_block(&signals);
    int code =
        settings_load(config_path, &gateway.settings) ? EXIT_DONE : EXIT_CONFIG;
    if (code == EXIT_DONE)
        code = memory_open(&gateway);
    if (code == EXIT_DONE)
        memory_judge();
    if (code == EXIT_DONE)
        code = identity_begin(&gateway);
    if (code == EXIT_DONE)
        code = storage_start(&gateway);
    if (code == EXIT_DONE)
        code = courier_start(&gateway); /* nobody is known yet: all wait */
    if (code == EXIT_DONE)
        code = node_start(&gateway);
    if (code == EXIT_DONE)
        code = socket_open(&gateway);
    if (code == EXIT_DONE)
        code = witnesses_open(&gateway);
    if (code == EXIT_DONE)
        code = run(&gateway, config_path, &signals);
    return code;
}

/* ---- Looking at the configuration --------------------------------------- */

static int config_test(const char *config_path)
{
    static struct settings settings;
    if (!settings_load(config_path, &settings))
        return EXIT_CONFIG;
    (void)printf("%s: all is well\n", config_path);
    return EXIT_DONE;
}

static int config_print(const char *config_path)
{
    static char text[CONFIG_TEXT_SIZE_MAX + CEILING_TEXT_SIZE_MAX];
    static char folder[PATH_MAX];
    static struct settings settings;
    size_t size;
    size_t ceiling = 0;
    if (!settings_load_config(config_path, &settings))
        return EXIT_CONFIG;
    if (getcwd(folder, sizeof folder) == NULL)
        return complain_text(strerror(errno));
    enum err err =
        yaml_config_print(&settings.config, folder, text, sizeof text, &size);
    if (err == ERR_NONE)
        err = ceiling_print(
            &settings.config.limits, text + size, sizeof text - size, &ceiling);
    size += ceiling;
    if (err != ERR_NONE)
        return complain(config_path, err);
    bool is_out = fwrite(text, 1, size, stdout) == size && fflush(stdout) == 0;
    settings_release(&settings);
    return is_out ? EXIT_DONE : complain_text(strerror(errno));
}

/* ---- The command line --------------------------------------------------- */

static const char usage[] =
    "usage: referd -c FILE [-t | -p | -P FILE]\n"
    "\n"
    "  -c, --config FILE  the gateway's configuration, see referd.yaml(5)\n"
    "  -t, --test         check the configuration, keys and card, then end\n"
    "  -p, --print        print the configuration with all defaults, and how\n"
    "                     much memory the gateway takes at most, then end\n"
    "  -P, --passphrase-file FILE\n"
    "                     the passphrase of the store's key is FILE's first "
    "line; -\n"
    "                     is standard input\n"
    "  -V, --version      print the version\n"
    "  -h, --help         print this\n"
    "\n"
    "Make a gateway with: referctl init DIR --name NAME, then start it with\n"
    "referd -c DIR/referd.yaml. It logs to standard error, reads clients,\n"
    "log and retry of its configuration anew on SIGHUP, and ends on SIGTERM.\n"
    "Exit status: 0 ended as asked or all is well, 1 wrong usage, 70 the\n"
    "store failed (start it again), 78 configuration, keys or card.\n";

/* Nothing of a person's data is to reach a core file. */
static void cores_forbid(void)
{
    struct rlimit none = { 0, 0 };
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)umask(077);
}

/* A core that goes through a pipe to a program knows no limit; and no other
 * process of this user may read our memory. Only for the gateway itself: the
 * leak checker of a sanitized build traces what ends by returning. */
static void memory_hide(void)
{
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* nng 1.5.2 has races between closing an endpoint and using it: end without
 * running its clean-up. Everything that must be on disk is. */
__attribute__((noreturn)) static void leave(int code)
{
    (void)fflush(NULL);
    _exit(code);
}

/* What was freed is to go back: the ceiling counts what is in use. */
static void heap_bound(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, HEAP_MAPPED_SIZE_MIN);
    (void)mallopt(M_TRIM_THRESHOLD, HEAP_KEPT_SIZE);
    (void)mallopt(M_TOP_PAD, HEAP_KEPT_SIZE / 2);
    (void)mallopt(M_ARENA_MAX, HEAP_COUNT_MAX);
}

enum task { TASK_RUN, TASK_TEST, TASK_PRINT, TASK_VERSION, TASK_HELP };

/* False: wrong usage. */
static bool arguments_read(int argc, char **argv, enum task *task,
    const char **config_path, const char **passphrase_path)
{
    static const struct option options[] = {
        { "config", required_argument, NULL, 'c' },
        { "test", no_argument, NULL, 't' },
        { "print", no_argument, NULL, 'p' },
        { "passphrase-file", required_argument, NULL, 'P' },
        { "version", no_argument, NULL, 'V' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    int option;
    *task = TASK_RUN;
    *config_path = NULL;
    *passphrase_path = NULL;
    while (
        (option = getopt_long(argc, argv, "c:tpP:Vh", options, NULL)) != -1) {
        enum task wanted = option == 't'   ? TASK_TEST
                           : option == 'p' ? TASK_PRINT
                           : option == 'V' ? TASK_VERSION
                                           : TASK_HELP;
        if (option == 'c')
            *config_path = optarg;
        else if (option == 'P')
            *passphrase_path = optarg;
        else if (option == '?' || (*task != TASK_RUN && *task != wanted))
            return false;
        else
            *task = wanted;
    }
    return optind == argc && (*config_path != NULL || *task == TASK_VERSION ||
                                 *task == TASK_HELP);
}

int main(int argc, char **argv)
{
    enum task task;
    const char *config_path;
    const char *passphrase_path;
    if (!arguments_read(argc, argv, &task, &config_path, &passphrase_path)) {
        (void)fputs(usage, stderr);
        return EXIT_USAGE;
    }
    cores_forbid();
    switch (task) {
    case TASK_VERSION:
        (void)puts("referd " REFERD_VERSION);
        return EXIT_DONE;
    case TASK_HELP:
        (void)fputs(usage, stdout);
        return EXIT_DONE;
    case TASK_TEST:
        return config_test(config_path);
    case TASK_PRINT:
        return config_print(config_path);
    case TASK_RUN:
        break;
    }
    memory_hide();
    heap_bound();
    leave(gateway_run(config_path, passphrase_path));
}
