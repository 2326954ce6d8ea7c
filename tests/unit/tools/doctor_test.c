#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <refer/refer.h>

#include "io/keyring.h"
#include "io/tls_probe.h"
#include "scripted_gateway.h"
#include "support/folder.h"

#define DAY_MS INT64_C(86400000)
#define LINE_SIZE 2048

/* Two agencies as `init` makes them, "a" being ours. */
struct house {
    char folder[FOLDER_PATH_SIZE];
    int64_t now_ms;
};

static const char *path_in(const struct house *house, const char *name)
{
    static char paths[8][FOLDER_PATH_SIZE + 64];
    static size_t turn;
    char *path = paths[turn++ % 8];
    (void)snprintf(path, sizeof paths[0], "%s/%s", house->folder, name);
    return path;
}

/* A command line in which HOUSE stands for the folder. */
static struct trial run(const struct house *house, struct stage stage,
    const char *command_line, const struct exchange *script, size_t count)
{
    char line[LINE_SIZE] = "";
    size_t size = 0;
    for (const char *at = command_line; *at != '\0';) {
        bool is_house = strncmp(at, "HOUSE", 5) == 0;
        size += (size_t)snprintf(line + size, sizeof line - size, "%.*s",
            is_house ? (int)strlen(house->folder) : 1,
            is_house ? house->folder : at);
        assert_true(size < sizeof line);
        at += is_house ? 5 : 1;
    }
    if (stage.now_ms == 0)
        stage.now_ms = house->now_ms;
    return trial_run(stage, line, script, count);
}

static void must_run(const struct house *house, const char *command_line)
{
    struct trial trial =
        run(house, (struct stage){ .now_ms = 0 }, command_line, NULL, 0);
    if (trial.code != EXIT_CODE_DONE)
        fail_msg("%s", trial.err);
    trial_release(&trial);
}

/* The gateway makes them when it starts. */
static void make_days(const struct house *house)
{
    struct keyring *keyring = NULL;
    struct keys_problem problem = { .text = "" };
    bool changed = false;
    assert_int_equal(
        keyring_open(path_in(house, "a/keys"), &keyring, &problem), ERR_NONE);
    assert_int_equal(
        keyring_refresh_days(keyring, house->now_ms, false, &changed, &problem),
        ERR_NONE);
    keyring_close(keyring);
}

static void house_open(struct house *house)
{
    folder_make(house->folder);
    house->now_ms = (int64_t)time(NULL) * 1000;
    must_run(house,
        "referctl init HOUSE/a --name Ours --listen "
        "tls+tcp://0.0.0.0:7443 --endpoint tls+tcp://ours.test:7443");
    must_run(house, "referctl init HOUSE/b --name Theirs --listen "
                    "tls+tcp://192.0.2.1:7444");
    assert_int_equal(unlink(path_in(house, "a/revocation")), 0);
    make_days(house);
}

static void house_close(struct house *house)
{
    folder_remove(house->folder);
}

static void expect(const struct trial *trial, const char *line)
{
    if (strstr(trial->out, line) == NULL)
        fail_msg("printed: %s%s\nexpected: %s", trial->out, trial->err, line);
}

/* ---- Files -------------------------------------------------------------- */

#define OFFLINE "referctl -c HOUSE/a/referd.yaml doctor --offline"

static void sound_files_are_all_ok(void **state)
{
    struct house house;
    (void)state;
    house_open(&house);
    struct trial trial =
        run(&house, (struct stage){ .now_ms = 0 }, OFFLINE, NULL, 0);
    assert_int_equal(trial.code, EXIT_CODE_DONE);
    assert_null(strstr(trial.out, "problem\t"));
    assert_string_equal(trial.err, "");
    static const char *const checked[] = { "ok\tclock\t", "ok\tconfiguration\t",
        "ok\tfolder\t", "\tdisk\t", "ok\tcard\t", "ok\troot key\t",
        "ok\tkey\tlog\t", "ok\tkey\twitness\t", "ok\tkey\toperation\t",
        "ok\tkey\tlast-resort\t", "ok\tkey\ttls\t",
        "ok\tkey\tsealing\tthere is one for today, and for 13 days" };
    for (size_t i = 0; i < sizeof checked / sizeof checked[0]; i++)
        expect(&trial, checked[i]);
    trial_release(&trial);
    trial = run(&house, (struct stage){ .now_ms = 0 },
        "referctl --json -c HOUSE/a/referd.yaml doctor --offline --problems",
        NULL, 0);
    assert_int_equal(trial.code, EXIT_CODE_DONE);
    assert_null(strstr(trial.out, "\"level\": \"ok\""));
    trial_release(&trial);
    house_close(&house);
}

/* What waits to be signed is on no card, and not in use. */
static void keys_that_are_not_used_yet_are_no_fault(void **state)
{
    struct house house;
    (void)state;
    house_open(&house);
    must_run(&house,
        "referctl -c HOUSE/a/referd.yaml card request all -o HOUSE/next");
    struct trial trial =
        run(&house, (struct stage){ .now_ms = 0 }, OFFLINE, NULL, 0);
    expect(&trial, "ok\tkey\ttls\t");
    assert_int_equal(trial.code, EXIT_CODE_DONE);
    trial_release(&trial);
    house_close(&house);
}

static void loosen_root(const struct house *house)
{
    assert_int_equal(chmod(path_in(house, "a/keys/root.pem"), 0640), 0);
}

static void loosen_log(const struct house *house)
{
    assert_int_equal(chmod(path_in(house, "a/keys/log-1.pem"), 0644), 0);
}

static void loosen_folder(const struct house *house)
{
    assert_int_equal(chmod(path_in(house, "a"), 0755), 0);
}

static void lose_card(const struct house *house)
{
    assert_int_equal(unlink(path_in(house, "a/card")), 0);
}

static void swap_card(const struct house *house)
{
    assert_int_equal(
        rename(path_in(house, "b/card"), path_in(house, "a/card")), 0);
}

static void lose_key(const struct house *house)
{
    assert_int_equal(unlink(path_in(house, "a/keys/witness-1.pem")), 0);
}

static void keep_revocation(const struct house *house)
{
    assert_int_equal(
        rename(path_in(house, "b/revocation"), path_in(house, "a/revocation")),
        0);
}

static void misname_user(const struct house *house)
{
    FILE *file = fopen(path_in(house, "a/referd.yaml"), "a");
    assert_non_null(file);
    (void)fprintf(file, "  - {user: nobody-like-that, rights: [read]}\n");
    assert_int_equal(fclose(file), 0);
}

static void break_config(const struct house *house)
{
    FILE *file = fopen(path_in(house, "a/referd.yaml"), "a");
    assert_non_null(file);
    (void)fprintf(file, "nonsense: 1\n");
    assert_int_equal(fclose(file), 0);
}

static void name_token(const struct house *house)
{
    FILE *file = fopen(path_in(house, "a/referd.yaml"), "a");
    assert_non_null(file);
    (void)fprintf(file, "store_token: \"pkcs11:?module-path=/nowhere/m.so\"\n");
    assert_int_equal(fclose(file), 0);
}

static void lose_slot(const struct house *house)
{
    assert_int_equal(unlink(path_in(house, "a/keys/store-1.pem")), 0);
}

static void for_token(const struct house *house)
{
    lose_slot(house);
    FILE *file = fopen(path_in(house, "a/keys/store-1.token"), "w");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
}

static void for_lost_token(const struct house *house)
{
    for_token(house);
    name_token(house);
}

static void nothing(const struct house *house)
{
    (void)house;
}

static void each_fault_is_found_and_has_a_remedy(void **state)
{
    static const struct {
        void (*spoil)(const struct house *house);
        int64_t later_ms;
        enum exit_code code;
        const char *line; /* a part of the finding */
        const char *remedy;
    } rows[] = {
        { loosen_root, 0, EXIT_CODE_REFUSED, "others may read it",
            "chmod 600" },
        { loosen_log, 0, EXIT_CODE_REFUSED, "problem\tkey\t", "chmod 600" },
        { loosen_folder, 0, EXIT_CODE_REFUSED, "problem\tfolder\t",
            "chmod 700" },
        { lose_card, 0, EXIT_CODE_REFUSED, "problem\tcard\t",
            "put the file back" },
        { swap_card, 0, EXIT_CODE_REFUSED, "the card does not show it",
            "made together" },
        { swap_card, 0, EXIT_CODE_REFUSED, "another agency's than the card",
            "made together" },
        { lose_key, 0, EXIT_CODE_REFUSED, "witness-1.pem",
            "put the keys back" },
        { keep_revocation, 0, EXIT_CODE_DONE, "warning\trevocation\t",
            "print it" },
        { misname_user, 0, EXIT_CODE_REFUSED,
            "there is no user \"nobody-like-that\"", "add the user" },
        { break_config, 0, EXIT_CODE_REFUSED, "nonsense", "referd -t" },
        { nothing, 0, EXIT_CODE_DONE, "ok\tstore key\tslot\tin a file\t", "" },
        { lose_slot, 0, EXIT_CODE_DONE, "ok\tstore key\tslot\tin no file", "" },
        { name_token, 0, EXIT_CODE_DONE,
            "warning\tstore key\tslot\tin a file, though", "key slot token" },
        { name_token, 0, EXIT_CODE_DONE, "warning\tstore key\ttoken\t",
            "there is no such module" },
        { for_token, 0, EXIT_CODE_REFUSED, "and none is named",
            "set store_token" },
        { for_lost_token, 0, EXIT_CODE_REFUSED, "problem\tstore key\ttoken\t",
            "there is no such module" },
        { nothing, 30 * DAY_MS, EXIT_CODE_REFUSED, "there is none for today",
            "start the gateway" },
        { nothing, 720 * DAY_MS, EXIT_CODE_REFUSED, "warning\tcard\t",
            "make a new card" },
        { nothing, 731 * DAY_MS, EXIT_CODE_REFUSED, "it ended on",
            "make a new card" },
        { nothing, -2 * DAY_MS, EXIT_CODE_REFUSED,
            "it is before the card was made", "set the clock" },
        { nothing, -20000 * DAY_MS, EXIT_CODE_REFUSED,
            "this program was built on", "set the clock" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct house house;
        house_open(&house);
        rows[i].spoil(&house);
        struct stage stage = { .now_ms = house.now_ms + rows[i].later_ms };
        struct trial trial = run(&house, stage, OFFLINE, NULL, 0);
        expect(&trial, rows[i].line);
        expect(&trial, rows[i].remedy);
        assert_int_equal(trial.code, rows[i].code);
        trial_release(&trial);
        house_close(&house);
    }
}

static void without_a_configuration_it_says_what_it_did_not_look_at(
    void **state)
{
    struct house house = { .now_ms = (int64_t)time(NULL) * 1000 };
    struct trial trial = run(&house, (struct stage){ .now_ms = 0 },
        "referctl doctor --offline", NULL, 0);
    (void)state;
    assert_int_equal(trial.code, EXIT_CODE_DONE);
    expect(&trial, "warning\tconfiguration\t\tfiles were not looked at");
    expect(&trial, "\treferctl -c FILE doctor\n");
    trial_release(&trial);
}

/* ---- The gateway and the others ----------------------------------------- */

#define THEM "bbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HEALTHY                                                                \
    {                                                                          \
        "health", "", "| number name=ready value=#1", 0, NULL, NULL, NULL,     \
            NULL                                                               \
    }

/* What every endpoint says; set by the test that dials. */
static struct {
    struct tls_probe theirs;
    struct tls_probe ours;
    char urls[4][64];
    size_t url_count;
} world;

static enum err look(const char *url, const char *certificate_path,
    const char *key_path, int timeout_ms, struct tls_probe *probe)
{
    (void)timeout_ms;
    /* both or none */
    assert_true((certificate_path == NULL) == (key_path == NULL));
    assert_true(world.url_count < 4);
    (void)snprintf(
        world.urls[world.url_count++], sizeof world.urls[0], "%s", url);
    *probe = strstr(url, "7444") != NULL ? world.theirs : world.ours;
    return ERR_NONE;
}

static void spki_of(const struct house *house, const char *name,
    uint8_t spki[TLS_PROBE_SPKI_SIZE])
{
    struct keyring *keyring = NULL;
    struct keys_problem problem = { .text = "" };
    assert_int_equal(
        keyring_open(path_in(house, name), &keyring, &problem), ERR_NONE);
    keyring_tls_spki_hash(keyring, spki);
    keyring_close(keyring);
}

static void world_make(const struct house *house)
{
    world.url_count = 0;
    world.ours = (struct tls_probe){ .outcome = TLS_PROBE_ANSWERED };
    world.theirs = (struct tls_probe){ .outcome = TLS_PROBE_ANSWERED,
        .entry = TLS_PROBE_ADMITTED };
    spki_of(house, "a/keys", world.ours.spki);
    spki_of(house, "b/keys", world.theirs.spki);
}

/* All that a doctor asks of a gateway with one other agency. */
struct answers {
    char own_card[FOLDER_PATH_SIZE + 128];
    char their_card[FOLDER_PATH_SIZE + 128];
    char peers[512];
    char status[256];
    const char *cursors;
    const char *mou;
    const char *ledgers;
    struct exchange script[10];
};

#define EXCHANGE_COUNT 10

static void answers_make(const struct house *house, struct answers *answers)
{
    (void)snprintf(answers->own_card, sizeof answers->own_card,
        "| card agency=aaaaaaaaaaaaaaaaaaaaaaaaaa data=@%s/a/card",
        house->folder);
    (void)snprintf(answers->their_card, sizeof answers->their_card,
        "| card agency=" THEM " data=@%s/b/card", house->folder);
    (void)snprintf(answers->peers, sizeof answers->peers,
        "| peer agency=" THEM " name=Theirs state=connected settled=?yes "
        "queued=#0 unanswered=#0 problem= last_heard_ms=#%lld",
        (long long)(house->now_ms - 5000));
    (void)snprintf(answers->status, sizeof answers->status,
        "| gateway version=%s | number name=store_percent value=#3",
        refer_version_string());
    answers->cursors = "| cursor name=backup position=#90 head=#100";
    answers->mou = "| mou id=0123456789abcdef0123 title=T state=in_force "
                   "until_ms=#9999999999999 | signature name=Theirs "
                   "agency=" THEM " signed=?yes in_force=?yes";
    answers->ledgers = "";
}

static const struct exchange *script_of(struct answers *answers)
{
    const struct exchange script[EXCHANGE_COUNT] = {
        HEALTHY,
        { "status", "", answers->status, 0, NULL, NULL, NULL, NULL },
        { "card.show", "", answers->own_card, 0, NULL, NULL, NULL, NULL },
        { "cursor.list", "", answers->cursors, 0, NULL, NULL, NULL, NULL },
        { "peer.list", "", answers->peers, 0, NULL, NULL, NULL, NULL },
        { "card.show", "", answers->own_card, 0, NULL, NULL, NULL, NULL },
        { "mou.list", "", "| mou id=0123456789abcdef0123", 0, NULL, NULL, NULL,
            NULL },
        { "mou.show", "", answers->mou, 0, NULL, NULL, NULL, NULL },
        { "card.show", "agency=" THEM, answers->their_card, 0, NULL, NULL, NULL,
            NULL },
        { "ledger.list", "", answers->ledgers, 0, NULL, NULL, NULL, NULL },
    };
    memcpy(answers->script, script, sizeof script);
    return answers->script;
}

#define ONLINE "referctl -c HOUSE/a/referd.yaml doctor"

static struct trial look_around(
    const struct house *house, struct answers *answers)
{
    return run(house, (struct stage){ .probe = look }, ONLINE,
        script_of(answers), EXCHANGE_COUNT);
}

static void a_sound_federation_is_all_ok(void **state)
{
    struct house house;
    struct answers answers;
    (void)state;
    house_open(&house);
    world_make(&house);
    answers_make(&house, &answers);
    struct trial trial = look_around(&house, &answers);
    assert_int_equal(trial.code, EXIT_CODE_DONE);
    assert_null(strstr(trial.out, "problem\t"));
    static const char *const checked[] = { "ok\tgateway\t\tit is ready\t",
        "ok\tstore\t\t3 % of it is used\t",
        "ok\tendpoint\ttls+tcp://ours.test:7443 at tls+tcp://127.0.0.1:7443\t"
        "it answers with the right key\t",
        "ok\tevents\tbackup\t10 events not yet acknowledged\t",
        "ok\tline\tTheirs\t", "ok\theard\tTheirs\t5 s ago\t",
        "ok\tcard\tTheirs\t",
        "ok\tendpoint\tTheirs tls+tcp://192.0.2.1:7444\tit answers with the "
        "right key and lets us in\t",
        "ok\tagreement\tTheirs\t1 in force on both sides\t",
        "ok\tagreement\t0123456789abcdef\tin_force: T\t" };
    for (size_t i = 0; i < sizeof checked / sizeof checked[0]; i++)
        expect(&trial, checked[i]);
    assert_int_equal(world.url_count, 2);
    trial_release(&trial);
    house_close(&house);
}

struct row {
    const char *what; /* which of the answers, or of the endpoints */
    const char *value;
    const char *line;
    const char *remedy;
};

static void spoil(
    const struct row *row, const struct house *house, struct answers *answers)
{
    if (strcmp(row->what, "peers") == 0)
        (void)snprintf(answers->peers, sizeof answers->peers, "%s", row->value);
    else if (strcmp(row->what, "status") == 0)
        (void)snprintf(
            answers->status, sizeof answers->status, "%s", row->value);
    else if (strcmp(row->what, "cursors") == 0)
        answers->cursors = row->value;
    else if (strcmp(row->what, "mou") == 0)
        answers->mou = row->value;
    else if (strcmp(row->what, "their key") == 0)
        world.theirs.spki[0] ^= 1;
    else if (strcmp(row->what, "our key") == 0)
        world.ours.spki[0] ^= 1;
    else if (strcmp(row->what, "their door") == 0)
        world.theirs.entry = TLS_PROBE_REJECTED;
    else if (strcmp(row->what, "their silence") == 0)
        world.theirs.outcome = TLS_PROBE_SILENT;
    else if (strcmp(row->what, "our absence") == 0)
        world.ours.outcome = TLS_PROBE_REFUSED;
    else if (strcmp(row->what, "our listen") == 0)
        (void)snprintf(answers->own_card, sizeof answers->own_card,
            "| card agency=a data=@%s/b/card", house->folder);
    else
        fail_msg("%s", row->what);
}

#define PEER "| peer agency=" THEM " name=Theirs "

static void each_is_found(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct house house;
        struct answers answers;
        house_open(&house);
        world_make(&house);
        answers_make(&house, &answers);
        spoil(&rows[i], &house, &answers);
        struct trial trial = look_around(&house, &answers);
        expect(&trial, rows[i].line);
        expect(&trial, rows[i].remedy);
        /* warnings alone are no failure */
        assert_int_equal(trial.code, strstr(trial.out, "problem\t") == NULL
                                         ? EXIT_CODE_DONE
                                         : EXIT_CODE_REFUSED);
        trial_release(&trial);
        house_close(&house);
    }
}

static void what_is_wrong_with_the_line_is_found(void **state)
{
    static const struct row rows[] = {
        { "peers",
            PEER "state=failing failing_since_ms=#1 queued=#7 "
                 "problem=unreachable last_heard_ms=#1",
            "unreachable; 7 entries wait", "whether their gateway runs" },
        { "peers", PEER "state=failing failing_since_ms=#1 problem=closed",
            "problem\tline\tTheirs\t", "they closed the line" },
        { "peers", PEER "state=failing failing_since_ms=#1 problem=novel",
            "novel", "look at the gateway's log, and at theirs" },
        { "peers", PEER "state=connected settled=?no problem=conflict",
            "its ledger stands still: conflict", "referctl ledger renew" },
        { "status",
            "| gateway | alarm code=unsettled name=Theirs since_ms=#1 "
            "remedy=phone | contact role=lead name=Ann phone=0100",
            "problem\talarm\tTheirs\tunsettled since",
            "phone (lead: Ann, 0100)" },
        { "peers", PEER "state=connecting settled=?no problem=",
            "warning\tline\tTheirs\t", "wait a minute" },
        { "peers", PEER "state=connected settled=?yes problem=",
            "warning\theard\tTheirs\tnothing since", "referctl doctor" },
        { "peers", PEER "state=connected settled=?yes last_heard_ms=#1",
            "warning\theard\tTheirs\t", "ask them" },
        { "their key", "", "it answers with another key than the card shows",
            "referctl card import FILE" },
        { "their door", "", "but does not let us in", "card accept FILE" },
        { "their silence", "", "no answer in time", "what their firewall" },
        { "our key", "", "it answers with another key than the card shows",
            "ss -ltnp" },
        { "our absence", "", "nobody listens there", "start the gateway" },
        { "our listen", "", "no `listen` has its port", "a router must" },
        { "our listen", "", "the files are those of",
            "the gateway that is running" },
        { "cursors", "| cursor name=old position=#0 head=#1001",
            "warning\tevents\told\t1001 events", "referctl feed delete old" },
        { "status", "| gateway version=9.9.9", "it is version 9.9.9",
            "restart the gateway" },
        { "status", "| gateway | number name=store_percent value=#81",
            "81 % of it is used: new referrals are refused",
            "raise map_size_mib" },
    };
    (void)state;
    each_is_found(rows, sizeof rows / sizeof rows[0]);
}

static void how_agreements_stand_is_said(void **state)
{
    static const struct row rows[] = {
        { "mou",
            "| mou id=0123456789abcdef0123 state=offered | signature "
            "name=Theirs agency=" THEM " signed=?no",
            "it waits for the signature of Theirs",
            "ask them to type: referctl mou sign 0123456789abcdef\n" },
        { "mou",
            "| mou id=0123456789abcdef0123 state=in_force until_ms=#2 "
            "| signature agency=" THEM " signed=?yes in_force=?no",
            "is in force here, but not there", "when the line is up" },
        { "mou",
            "| mou id=0123456789abcdef0123 title=T state=in_force "
            "until_ms=#9999999999999 | signature name=Theirs agency=" THEM
            " signed=?yes in_force=?yes | signature name=Third "
            "agency=cccccccccccccccccccccccccc signed=?yes in_force=?no",
            "ok\tagreement\t0123456789abcdef\tin_force: T; no card is here of "
            "Third\t",
            "" },
        { "mou", "| mou id=0123456789abcdef0123 state=over rivals=#1",
            "another agreement has its URN and version",
            "offer another version" },
        { "mou", "| mou id=0123456789abcdef0123 state=over",
            "none is in force with it", "referctl mou offer FILE --sign" },
    };
    (void)state;
    each_is_found(rows, sizeof rows / sizeof rows[0]);
}

static void agencies_that_are_not_talked_to_are_not_dialed(void **state)
{
    static const struct {
        const char *peer;
        const char *line;
    } rows[] = {
        { PEER "state=invited", "its card waits for an operator (invited)\t"
                                "referctl card accept " THEM "\n" },
        { PEER "state=imported", "warning\tagency\tTheirs\t" },
        { PEER "state=closed", "ok\tagency\tTheirs\tan operator closed" },
        { "", "warning\tagency\t\tnone is known yet\treferctl peer invite" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct house house;
        struct answers answers;
        house_open(&house);
        world_make(&house);
        answers_make(&house, &answers);
        (void)snprintf(answers.peers, sizeof answers.peers, "%s", rows[i].peer);
        struct exchange script[EXCHANGE_COUNT];
        memcpy(script, script_of(&answers), sizeof script);
        script[8] = script[9]; /* their card is not asked for */
        struct trial trial = run(&house, (struct stage){ .probe = look },
            ONLINE, script, EXCHANGE_COUNT - 1);
        expect(&trial, rows[i].line);
        assert_int_equal(trial.code, EXIT_CODE_DONE);
        assert_int_equal(world.url_count, 1); /* ours */
        trial_release(&trial);
        house_close(&house);
    }
}

static void a_gateway_that_is_not_ready_says_why(void **state)
{
    static const struct exchange scripts[][3] = {
        { { "health", "",
              "| number name=ready value=#0 | reason code=store_full "
              "remedy=raise~map_size_mib",
              0, NULL, NULL, NULL, NULL },
            { "status", "", NULL, EXIT_CODE_REFUSED, "no right", NULL, NULL,
                "give the right to read" } },
        { { "health", "", NULL, EXIT_CODE_UNREACHABLE, "nobody answers", NULL,
            NULL, "start the gateway (referd -c FILE)" } },
    };
    static const struct {
        size_t count;
        const char *line;
    } rows[] = {
        { 2, "problem\tgateway\t\tit is not ready: store_full\t"
             "raise map_size_mib\n" },
        { 1, "problem\tgateway\t\tnobody answers\tstart the gateway (referd "
             "-c FILE)\n" },
    };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct house house = { .now_ms = (int64_t)time(NULL) * 1000 };
        struct trial trial = run(&house, (struct stage){ .probe = look },
            "referctl doctor", scripts[i], rows[i].count);
        expect(&trial, rows[i].line);
        assert_int_equal(trial.code, EXIT_CODE_REFUSED);
        assert_non_null(strstr(trial.err, "referctl: 1 problem, "));
        trial_release(&trial);
    }
}

static void on_a_terminal_remedies_have_lines_of_their_own(void **state)
{
    static const struct exchange script[] = { { "health", "", NULL,
        EXIT_CODE_UNREACHABLE, "nobody\033[2J", NULL, NULL, "start it" } };
    struct house house = { .now_ms = (int64_t)time(NULL) * 1000 };
    struct stage stage = { .is_terminal = true, .has_colour = true };
    struct trial trial = run(&house, stage, "referctl doctor", script, 1);
    (void)state;
    expect(&trial, "\033[31mproblem\033[0m  gateway: nobody\\x1b[2J\n");
    expect(&trial, "         remedy: start it\n");
    trial_release(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_files_are_all_ok),
        cmocka_unit_test(keys_that_are_not_used_yet_are_no_fault),
        cmocka_unit_test(each_fault_is_found_and_has_a_remedy),
        cmocka_unit_test(
            without_a_configuration_it_says_what_it_did_not_look_at),
        cmocka_unit_test(a_sound_federation_is_all_ok),
        cmocka_unit_test(what_is_wrong_with_the_line_is_found),
        cmocka_unit_test(how_agreements_stand_is_said),
        cmocka_unit_test(agencies_that_are_not_talked_to_are_not_dialed),
        cmocka_unit_test(a_gateway_that_is_not_ready_says_why),
        cmocka_unit_test(on_a_terminal_remedies_have_lines_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
