#include "referctl/renewal.h"

#include <inttypes.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "io/card_file.h"
#include "io/key_renewal.h"
#include "io/keyring.h"
#include "referctl/ask.h"
#include "referctl/config.h"
#include "referctl/display.h"
#include "referctl/words.h"

#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)
#define HOUR_MS (INT64_C(60) * 60 * 1000)
#define HOURS_MAX (365 * 24)

static const struct {
    const char *name;
    const char *what;
} purposes[KEY_PURPOSE_COUNT] = {
    [KEY_LOG] = { "log", "signs our ledgers" },
    [KEY_WITNESS] = { "witness", "countersigns ledgers of others" },
    [KEY_OPERATION] = { "operation", "signs requests and replies" },
    [KEY_LAST_RESORT] = { "last-resort", "opens the first greeting" },
    [KEY_TLS] = { "tls", "is shown in handshakes" },
};

/* ---- Where --- */

static enum exit_code check_owner(struct session *session, const char *data)
{
    struct stat status;
    if (stat(data, &status) != 0 || status.st_uid == geteuid())
        return EXIT_CODE_DONE; /* that it is not there is told on reading */
    const struct passwd *user = getpwuid(status.st_uid);
    return session_fail(session, EXIT_CODE_LOCAL,
        user == NULL ? "run it as the user that the gateway runs as"
                     : pool_format(session->pool,
                           "sudo -u %s referctl ..., so that the gateway can "
                           "read what is made",
                           user->pw_name),
        "%s belongs to another user", data);
}

static enum exit_code read_held(
    struct session *session, struct offline *offline, struct renewal_home *home)
{
    struct keys_problem problem = { .text = "" };
    if (card_file_read(home->data, &offline->arena, &home->held_bytes,
            &problem) != ERR_NONE)
        return session_fail(session, EXIT_CODE_LOCAL,
            "name the gateway's folder: --dir DIR, or its file: --config FILE",
            "%s", problem.text);
    return offline_read_card(session, offline, home->held_bytes, &home->held);
}

enum exit_code renewal_find(struct session *session, struct offline *offline,
    const struct arguments *arguments, struct renewal_home *home)
{
    const char *dir = arguments_option(arguments, "dir");
    struct config_paths paths = { 0 };
    *home = (struct renewal_home){ 0 };
    if (dir == NULL && session->config_path == NULL)
        return session_fail(session, EXIT_CODE_USAGE,
            "name its file: --config FILE, or its folder: --dir DIR",
            "which gateway's card?");
    const char *config =
        dir == NULL ? session->config_path
                    : pool_format(session->pool, "%s/referd.yaml", dir);
    const char *problem = config_read(session->pool, config, &paths);
    if (problem != NULL)
        return session_fail(session, EXIT_CODE_LOCAL,
            "correct it: referd -t -c FILE", "%s", problem);
    session->config_path = config; /* and so its socket */
    home->data = paths.data;
    home->keys = paths.keys;
    home->key_ms = paths.key_days * DAY_MS;
    home->overlap_ms = paths.overlap_days * DAY_MS;
    home->card_ms = paths.card_days * DAY_MS;
    enum exit_code code = check_owner(session, home->data);
    return code == EXIT_CODE_DONE ? read_held(session, offline, home) : code;
}

/* ---- What ---- */

static enum exit_code read_purposes(struct session *session,
    const struct arguments *arguments, const struct renewal_home *home,
    struct key_renewal *renewal)
{
    struct card_due due;
    if (arguments->count == 0) {
        card_due_find(&home->held, renewal->now, home->overlap_ms, &due);
        memcpy(renewal->purposes, due.purposes, sizeof due.purposes);
        if (due.is_due)
            return EXIT_CODE_DONE;
        return session_fail(session, EXIT_CODE_USAGE,
            "say which keys: log, witness, operation, last-resort, tls or all",
            "nothing ends within %" PRId64 " days", home->overlap_ms / DAY_MS);
    }
    for (size_t i = 0; i < arguments->count; i++) {
        bool is_all = strcmp(arguments->values[i], "all") == 0;
        bool is_known = is_all;
        for (int purpose = KEY_LOG; purpose < KEY_PURPOSE_COUNT; purpose++)
            if (is_all ||
                strcmp(arguments->values[i], purposes[purpose].name) == 0)
                is_known = renewal->purposes[purpose] = true;
        if (!is_known)
            return session_fail(session, EXIT_CODE_USAGE,
                "log, witness, operation, last-resort, tls or all",
                "there is no key \"%s\"",
                words_printable(session->pool, arguments->values[i]));
    }
    return EXIT_CODE_DONE;
}

/* When new keys are used: halfway through the overlap, so that all have heard
 * of them; --after says otherwise. */
static enum exit_code read_times(struct session *session,
    const struct arguments *arguments, const struct renewal_home *home,
    struct key_renewal *renewal)
{
    const char *after = arguments_option(arguments, "after");
    int64_t hours = home->overlap_ms / 2 / HOUR_MS;
    renewal->at_once = arguments_flag(arguments, "at-once");
    if (after != NULL && !words_number(after, 0, HOURS_MAX, &hours))
        return session_fail(session, EXIT_CODE_USAGE, "--after 24",
            "--after takes 0 to %d hours", HOURS_MAX);
    if (renewal->at_once)
        hours = 0;
    renewal->from.unix_ms = renewal->now.unix_ms + hours * HOUR_MS;
    renewal->key_life_ms = home->key_ms;
    renewal->card_life_ms = home->card_ms;
    return EXIT_CODE_DONE;
}

enum exit_code renewal_draft(struct session *session, struct offline *offline,
    const struct arguments *arguments, struct renewal_home *home,
    struct slice *draft_bytes)
{
    struct key_renewal renewal = { .now = { session->now_ms } };
    struct keys_problem problem = { .text = "" };
    struct card draft;
    enum exit_code code = read_purposes(session, arguments, home, &renewal);
    if (code == EXIT_CODE_DONE)
        code = read_times(session, arguments, home, &renewal);
    if (code != EXIT_CODE_DONE)
        return code;
    if (key_renewal_draft(offline->crypto, home->keys, &home->held,
            home->held_bytes, &renewal, &offline->arena, &draft,
            &problem) != ERR_NONE)
        return session_fail(session, EXIT_CODE_LOCAL,
            "the card in use is unchanged: repeat it", "%s", problem.text);
    *draft_bytes = card_bytes(&draft, &offline->arena);
    return draft_bytes->bytes == NULL
               ? offline_fail(session, ERR_LIMIT, "draft the card")
               : EXIT_CODE_DONE;
}

/* ---- Showing ---- */

static bool shows(const struct card *card, const struct card_key *key)
{
    for (size_t i = 0; i < card->key_count; i++)
        if (memcmp(card->keys[i].key, key->key, KEY_SIZE) == 0 &&
            card->keys[i].purpose == key->purpose)
            return true;
    return false;
}

static void print_keys(struct session *session, struct crypto *crypto,
    const struct card *of, const struct card *against, const char *mark)
{
    char from[WORDS_TIME_SIZE];
    char until[WORDS_TIME_SIZE];
    for (size_t i = 0; i < of->key_count; i++) {
        const struct card_key *key = &of->keys[i];
        if (shows(against, key) || key->purpose <= 0 ||
            key->purpose >= KEY_PURPOSE_COUNT)
            continue;
        display_line(session, "%s %-11s %016" PRIx64 "  %s - %s  %s\n", mark,
            purposes[key->purpose].name, crypto_key_id(crypto, key->key),
            words_time(key->from.unix_ms, from),
            words_time(key->until.unix_ms, until), purposes[key->purpose].what);
    }
}

static bool lists_equal(
    const struct slice *a, size_t a_count, const struct slice *b, size_t count)
{
    bool equal = a_count == count;
    for (size_t i = 0; equal && i < count; i++)
        equal = slice_equal(a[i], b[i]);
    return equal;
}

void renewal_print(struct session *session, struct crypto *crypto,
    const struct card *held, const struct card *next)
{
    char issued[WORDS_TIME_SIZE];
    char until[WORDS_TIME_SIZE];
    struct pool *pool = session->pool;
    if (session->json)
        return;
    display_line(session,
        "Card %" PRIu64 " of %s (%s), after card %" PRIu64 ": %s - %s\n",
        next->serial,
        words_printable(pool,
            pool_copy(pool, (const char *)next->name.bytes, next->name.size)),
        held->agency.text, held->serial,
        words_time(next->issued.unix_ms, issued),
        words_time(next->valid_until.unix_ms, until));
    print_keys(session, crypto, held, next, "-");
    print_keys(session, crypto, next, held, "+");
    if (!slice_equal(held->name, next->name))
        display_line(session, "! the NAME changes\n");
    if (!lists_equal(held->endpoints, held->endpoint_count, next->endpoints,
            next->endpoint_count))
        display_line(session, "! the ENDPOINTS change\n");
    if (held->contact_count != next->contact_count)
        display_line(session, "! the POINT PERSONS change\n");
}

enum exit_code renewal_confirm(
    struct session *session, const struct arguments *arguments)
{
    if (!ask_is_possible(session) || arguments_flag(arguments, "yes") ||
        ask_yes(session, "Type yes to sign it with the root key: "))
        return EXIT_CODE_DONE;
    return session_fail(session, EXIT_CODE_REFUSED,
        "run it again and type yes, or give --yes", "nothing was signed");
}

/* ---- Signing and installing ---- */

enum exit_code renewal_sign(struct session *session, struct offline *offline,
    const struct arguments *arguments, const char *keys_dir,
    const struct card *held, struct slice draft_bytes,
    struct slice *signed_card, struct card *next)
{
    uint8_t signature[SIGNATURE_SIZE];
    uint8_t root_key[KEY_SIZE];
    struct slice statement = card_statement(draft_bytes, &offline->arena);
    if (statement.bytes == NULL)
        return offline_fail(session, ERR_LIMIT, "sign the card");
    enum exit_code code = offline_root_sign(session, keys_dir,
        arguments_option(arguments, "passphrase-file"), statement, signature,
        root_key);
    if (code != EXIT_CODE_DONE)
        return code;
    if (memcmp(root_key, held->root_key, KEY_SIZE) != 0)
        return session_fail(session, EXIT_CODE_REFUSED,
            "use the root key of that agency: --keys DIR",
            "the root key in %s is another agency's than the card", keys_dir);
    *signed_card = card_assemble(draft_bytes, signature, &offline->arena);
    if (signed_card->bytes == NULL)
        return offline_fail(session, ERR_LIMIT, "sign the card");
    return offline_read_card(session, offline, *signed_card, next);
}

/* All keys that will be used from now on are here. */
static enum exit_code check_keys(struct session *session,
    const struct renewal_home *home, const struct card *next)
{
    struct keyring *keyring = NULL;
    struct keys_problem problem = { .text = "" };
    bool changed;
    const char *missing = NULL;
    if (keyring_open(home->keys, &keyring, &problem) != ERR_NONE ||
        keyring_use(keyring, next, (struct instant){ session->now_ms },
            &changed, &problem) != ERR_NONE)
        missing = problem.text;
    for (size_t i = 0; missing == NULL && i < next->key_count; i++)
        if (session->now_ms < next->keys[i].until.unix_ms &&
            next->keys[i].purpose < KEY_PURPOSE_COUNT &&
            !keyring_has(keyring, &next->keys[i]))
            missing = pool_format(session->pool,
                "the private half of its key %s is not in %s",
                purposes[next->keys[i].purpose].name, home->keys);
    keyring_close(keyring);
    if (missing == NULL)
        return EXIT_CODE_DONE;
    return session_fail(session, EXIT_CODE_REFUSED,
        "install it where card request was run", "%s", missing);
}

/* A running gateway takes it at once; another when it starts. */
static enum exit_code have_it_taken(
    struct session *session, const struct card *next)
{
    struct request reload = { .operation = "reload" };
    struct request show = { .operation = "card.show" };
    struct reply reply = { 0 };
    if (session_gateway_quietly(session, &reply) != EXIT_CODE_DONE) {
        display_hint(session, "It is taken when the gateway starts.");
        return EXIT_CODE_DONE;
    }
    enum exit_code code = session_ask(session, &reload, &reply);
    for (int i = 0; code == EXIT_CODE_DONE && i < 100; i++) {
        code = session_ask(session, &show, &reply);
        const struct record *card = records_first(&reply.records, "card");
        if (code == EXIT_CODE_DONE && card != NULL &&
            record_number(card, "serial") == (int64_t)next->serial)
            return EXIT_CODE_DONE;
        struct timespec pause = { .tv_nsec = 100 * 1000 * 1000 };
        (void)nanosleep(&pause, NULL);
    }
    if (code != EXIT_CODE_DONE)
        return code;
    return session_fail(session, EXIT_CODE_REFUSED,
        "look for card.unusable in its log: journalctl -u referd",
        "the card is installed, but the gateway did not take it");
}

enum exit_code renewal_install(struct session *session, struct offline *offline,
    const struct renewal_home *home, struct slice signed_card,
    const struct card *next)
{
    struct keys_problem problem = { .text = "" };
    struct record result = { .type = "card" };
    static const struct column columns[] = { { "agency", "agency", 0 },
        { "serial", "serial", 0 },
        { "valid_until_ms", "valid until", COLUMN_TIME } };
    enum err err = card_follows(
        offline->crypto, &home->held, home->held_bytes, next, &offline->arena);
    if (err != ERR_NONE)
        return session_fail(session, EXIT_CODE_REFUSED,
            "make a new request: referctl card request",
            "this card does not follow the one in %s: %s", home->data,
            err_text(err));
    enum exit_code code = check_keys(session, home, next);
    if (code != EXIT_CODE_DONE)
        return code;
    if (card_file_install(home->data, &home->held, home->held_bytes,
            signed_card, &problem) != ERR_NONE)
        return session_fail(session, EXIT_CODE_LOCAL,
            "the card in use is unchanged: repeat it", "%s", problem.text);
    record_put_text(session->pool, &result, "agency", next->agency.text);
    record_put_number(session->pool, &result, "serial", (int64_t)next->serial);
    record_put_number(
        session->pool, &result, "valid_until_ms", next->valid_until.unix_ms);
    code = have_it_taken(session, next);
    if (session->json)
        display_json_record(session, &result);
    else
        display_fields(session, &result, columns, DISPLAY_COUNT(columns));
    return code;
}
