/*
 * outside_client.c - the programs of an agency, as the end-to-end tests need
 * them. It sees the public header and libc alone, and keeps what it was told
 * in files of its own, flushed to disk, so that a test can hold the gateways
 * to it.
 *
 *   outside_client submit -s SOCKET -o FILE -t TO -p PREFIX [-n COUNT]
 *                         [-b BYTES] [-x]
 *       Hands referrals over, one after the other, each with a key of its own,
 *       PREFIX-1, PREFIX-2, ...; the key is also its pairwise_id. "KEY ID" goes
 *       to FILE once the gateway has said OK. Whatever may be tried again is,
 *       with the same key. Ends on SIGTERM, after the one in hand, or after
 *       COUNT. -b: so much content in each. -x: ends with 3 at the first
 *       refusal that may be tried again later, and says it.
 *
 *   outside_client follow -s SOCKET -o FILE -c CURSOR
 *       Follows a durable cursor. "POSITION ID TYPE STATE" goes to FILE before
 *       it is acknowledged, "acknowledged POSITION" after. 4: the gateway
 *       handed out again what it had let this program, or the one before it
 *       that wrote to FILE, acknowledge.
 *
 *   outside_client dump -s SOCKET
 *       "ID KEY STATE WAY" of every referral.
 *
 * Status: 0 done, 1 failed, 2 usage, 3 and 4 as above.
 */
#include <refer/refer.h>

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CALL_MS 5000
#define RETRY_MS_MAX 60000 /* of one call; then something is really wrong */
#define PAUSE_MS 10
#define VALUE_BYTES_MAX 60000 /* of one element */
#define PAGE_COUNT 256
#define ACK_COUNT 64
#define MORE_MS 20 /* for the next event, before what there is is settled */
#define LINE_SIZE 256
#define DAY_MS INT64_C(86400000)

enum { DONE = 0, FAILED = 1, USAGE = 2, REFUSED = 3, VIOLATED = 4 };

struct options {
    const char *socket;
    const char *file;
    const char *to;
    const char *prefix;
    const char *cursor;
    uint64_t count;
    size_t bytes;
    int ends_when_refused;
};

static volatile sig_atomic_t is_ending;

static void on_end(int number)
{
    (void)number;
    is_ending = 1;
}

static int64_t steady_ms(void)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

static int complain(refer_client *client, const char *what, refer_status status)
{
    fprintf(stderr, "outside_client: %s: %s: %s\n", what,
        refer_status_name(status), refer_client_error(client));
    if (refer_client_remedy(client)[0] != 0)
        fprintf(stderr, "outside_client: %s %s: %s\n",
            refer_client_problem(client), refer_client_clause(client),
            refer_client_remedy(client));
    return FAILED;
}

/* What is in the file survives this program and the machine. */
static int keep(FILE *file)
{
    return fflush(file) == 0 && fsync(fileno(file)) == 0 ? DONE : FAILED;
}

/* A gateway that is not there is tried again, not stormed. */
static void pause_briefly(void)
{
    (void)poll(NULL, 0, PAUSE_MS);
}

/* True while the same call is to be made again. */
static int goes_on(refer_status status, int64_t until_ms)
{
    if (!refer_status_is_retryable(status) || steady_ms() >= until_ms)
        return 0;
    pause_briefly();
    return 1;
}

/* ---- Handing over ------------------------------------------------------- */

static refer_status set_all(
    refer_referral *referral, const char *const fields[][2], size_t count)
{
    refer_status status = REFER_OK;
    for (size_t i = 0; status == REFER_OK && i < count; i++)
        status = refer_referral_set(referral, fields[i][0], fields[i][1]);
    return status;
}

static refer_status set_bulk(refer_referral *referral, size_t bytes)
{
    static const char *const codes[] = { "companion", "needs", "access_needs",
        "previous_tb" };
    refer_status status = REFER_OK;
    for (size_t i = 0; i < 4 && bytes > 0 && status == REFER_OK; i++) {
        char value[VALUE_BYTES_MAX + 1];
        size_t size = bytes < VALUE_BYTES_MAX ? bytes : VALUE_BYTES_MAX;
        memset(value, 'x', size);
        value[size] = 0;
        bytes -= size;
        status = refer_referral_set_element(referral, codes[i], value);
    }
    return status;
}

static refer_status fill(
    const struct options *options, const char *key, refer_referral *referral)
{
    char now[24];
    int64_t now_ms = (int64_t)time(NULL) * 1000;
    (void)snprintf(now, sizeof now, "%" PRId64, now_ms);
    const char *const fields[][2] = {
        { "to", options->to },
        { "service", "tb.assess" },
        { "purpose", "tb_assessment" },
        { "urgency", "soon" },
        { "choice", "chosen" },
        { "ask_back", "outcome_code" },
        { "reason_plain", "I have been coughing for three weeks." },
        { "consent_at_ms", now },
    };
    refer_status status =
        set_all(referral, fields, sizeof fields / sizeof fields[0]);
    if (status == REFER_OK)
        status = refer_referral_set_element(referral, "pairwise_id", key);
    if (status == REFER_OK)
        status = refer_referral_set_element(referral, "call_name", "Sasha");
    if (status == REFER_OK)
        status =
            refer_referral_set_element(referral, "contact_route", "I come by");
    if (status == REFER_OK)
        status = set_bulk(referral, options->bytes);
    if (status == REFER_OK)
        status = refer_referral_grant(referral, options->to, "tb_assessment",
            "pairwise_id call_name contact_route companion needs "
            "access_needs previous_tb",
            now_ms + 30 * DAY_MS);
    return status;
}

static int submit_one(const struct options *options, refer_client *client,
    const char *key, FILE *file, uint64_t *retries)
{
    char id[REFER_ID_SIZE];
    refer_referral *referral = NULL;
    refer_status status = refer_referral_new(&referral);
    int64_t until_ms = steady_ms() + RETRY_MS_MAX;
    int result = DONE;
    if (status == REFER_OK)
        status = fill(options, key, referral);
    if (status == REFER_OK)
        do {
            status =
                refer_submit(client, referral, key, CALL_MS, id, sizeof id);
            *retries += status != REFER_OK;
        } while (status != REFER_OK && !options->ends_when_refused &&
                 goes_on(status, until_ms));
    refer_referral_free(referral);
    if (status != REFER_OK)
        result = complain(client, key, status);
    if (status == REFER_BUSY && options->ends_when_refused)
        result = REFUSED;
    if (status == REFER_OK &&
        (fprintf(file, "%s %s\n", key, id) < 0 || keep(file) != DONE))
        result = FAILED;
    return result;
}

static int submit(
    const struct options *options, refer_client *client, FILE *file)
{
    char key[64];
    uint64_t retries = 0;
    uint64_t done = 0;
    int result = DONE;
    while (result == DONE && !is_ending && done < options->count) {
        (void)snprintf(
            key, sizeof key, "%s-%" PRIu64, options->prefix, done + 1);
        result = submit_one(options, client, key, file, &retries);
        done += result == DONE;
    }
    printf("%" PRIu64 " confirmed, %" PRIu64 " retries\n", done, retries);
    return result;
}

/* ---- Following ---------------------------------------------------------- */

struct follower {
    refer_client *client;
    refer_cursor *cursor;
    FILE *file;
    uint64_t epoch;
    uint64_t acknowledged; /* the gateway said OK to this */
    uint64_t written;      /* in the file */
    int since_ack;
};

static int acknowledge(struct follower *follower)
{
    if (follower->since_ack == 0)
        return DONE;
    if (keep(follower->file) != DONE)
        return FAILED;
    refer_status status = refer_cursor_ack_position(
        follower->cursor, follower->epoch, follower->written, CALL_MS);
    follower->since_ack = 0; /* what is not acknowledged comes again */
    if (status == REFER_OK) {
        follower->acknowledged = follower->written;
        if (fprintf(follower->file, "acknowledged %" PRIu64 "\n",
                follower->acknowledged) < 0)
            return FAILED;
    } else if (!refer_status_is_retryable(status))
        return complain(follower->client, "acknowledge", status);
    return DONE;
}

static int take_event(struct follower *follower, const refer_event *event)
{
    uint64_t position = refer_event_position(event);
    follower->epoch = refer_event_epoch(event);
    if (position <= follower->acknowledged) {
        fprintf(stderr,
            "outside_client: %" PRIu64 " came again after %" PRIu64
            " was acknowledged\n",
            position, follower->acknowledged);
        return VIOLATED;
    }
    follower->written = position;
    follower->since_ack++;
    if (fprintf(follower->file, "%" PRIu64 " %s %s %s\n", position,
            refer_event_referral_id(event), refer_event_type(event),
            refer_event_state(event)) < 0)
        return FAILED;
    return follower->since_ack < ACK_COUNT ? DONE : acknowledge(follower);
}

static int follow_on(struct follower *follower)
{
    refer_event *event = NULL;
    int wait_ms = follower->since_ack > 0 ? MORE_MS : 10 * MORE_MS;
    refer_status status = refer_cursor_next(follower->cursor, wait_ms, &event);
    if (status == REFER_OK) {
        int result = take_event(follower, event);
        refer_event_free(event);
        return result;
    }
    int result = acknowledge(follower);
    if (result == DONE && !refer_status_is_retryable(status))
        result = complain(follower->client, "next event", status);
    if (status != REFER_TIMEOUT)
        pause_briefly();
    return result;
}

/* What was acknowledged by those that wrote the file before. */
static uint64_t last_acknowledged(const char *path)
{
    char line[LINE_SIZE];
    uint64_t position = 0;
    uint64_t last = 0;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    while (fgets(line, sizeof line, file) != NULL)
        if (strchr(line, '\n') != NULL &&
            sscanf(line, "acknowledged %" SCNu64, &position) == 1)
            last = position;
    (void)fclose(file);
    return last;
}

static int follow(
    const struct options *options, refer_client *client, FILE *file)
{
    struct follower follower = { .client = client, .file = file };
    int64_t until_ms = steady_ms() + RETRY_MS_MAX;
    refer_status status;
    int result = DONE;
    do
        status = refer_cursor_open(
            client, options->cursor, CALL_MS, &follower.cursor);
    while (status != REFER_OK && goes_on(status, until_ms));
    if (status != REFER_OK)
        return complain(client, "open", status);
    follower.acknowledged = last_acknowledged(options->file);
    if (refer_cursor_position(follower.cursor) < follower.acknowledged) {
        fputs(
            "outside_client: the gateway forgot an acknowledgement\n", stderr);
        result = VIOLATED;
    }
    while (result == DONE && !is_ending)
        result = follow_on(&follower);
    if (result == DONE)
        result = acknowledge(&follower);
    refer_cursor_free(follower.cursor);
    return result;
}

/* ---- Everything there is ------------------------------------------------ */

static refer_status dump_one(
    refer_client *client, const refer_listing *page, uint32_t i)
{
    refer_referral *referral = NULL;
    const char *key = "-";
    const char *id = refer_listing_get(page, i, "id");
    refer_status status = refer_get(client, id, CALL_MS, &referral);
    for (uint32_t k = 0;
         status == REFER_OK && k < refer_referral_element_count(referral); k++)
        if (strcmp(refer_referral_element_name(referral, k), "pairwise_id") ==
            0)
            key = refer_referral_element_value(referral, k);
    if (status == REFER_OK)
        printf("%s %s %s %s\n", id, key, refer_referral_get(referral, "state"),
            refer_referral_get(referral, "direction"));
    refer_referral_free(referral);
    return status;
}

static refer_status dump_page(refer_client *client, char *after, int *is_last)
{
    refer_query *query = NULL;
    refer_listing *page = NULL;
    refer_status status = refer_query_new(&query);
    if (status == REFER_OK && after[0] != 0)
        status = refer_query_set(query, "after", after);
    if (status == REFER_OK)
        status = refer_query_set_number(query, "count", PAGE_COUNT);
    if (status == REFER_OK)
        status = refer_call(client, "list", query, CALL_MS, &page);
    refer_query_free(query);
    *is_last = 1;
    for (uint32_t i = 0; status == REFER_OK && i < refer_listing_count(page);
         i++) {
        if (strcmp(refer_listing_type(page, i), "referral") != 0)
            continue;
        status = dump_one(client, page, i);
        *is_last = 0;
        (void)snprintf(
            after, REFER_ID_SIZE, "%s", refer_listing_get(page, i, "id"));
    }
    refer_listing_free(page);
    return status;
}

static int dump(const struct options *options, refer_client *client, FILE *file)
{
    char after[REFER_ID_SIZE] = "";
    int is_last = 0;
    refer_status status = REFER_OK;
    (void)options;
    (void)file;
    while (status == REFER_OK && !is_last)
        status = dump_page(client, after, &is_last);
    return status == REFER_OK ? DONE : complain(client, "dump", status);
}

/* ---- The command line --------------------------------------------------- */

static int usage(void)
{
    fputs("usage: outside_client submit -s SOCKET -o FILE -t TO -p PREFIX "
          "[-n COUNT] [-b BYTES] [-x]\n"
          "       outside_client follow -s SOCKET -o FILE -c CURSOR\n"
          "       outside_client dump -s SOCKET\n",
        stderr);
    return USAGE;
}

static int options_read(int argc, char **argv, struct options *options)
{
    int option;
    *options = (struct options){ .count = UINT64_MAX };
    while ((option = getopt(argc, argv, "s:o:t:p:c:n:b:x")) != -1) {
        switch (option) {
        case 's':
            options->socket = optarg;
            break;
        case 'o':
            options->file = optarg;
            break;
        case 't':
            options->to = optarg;
            break;
        case 'p':
            options->prefix = optarg;
            break;
        case 'c':
            options->cursor = optarg;
            break;
        case 'n':
            options->count = strtoull(optarg, NULL, 10);
            break;
        case 'b':
            options->bytes = strtoul(optarg, NULL, 10);
            break;
        case 'x':
            options->ends_when_refused = 1;
            break;
        default:
            return USAGE;
        }
    }
    return options->socket == NULL || optind != argc ? USAGE : DONE;
}

static int run(const struct options *options,
    int (*work)(const struct options *, refer_client *, FILE *))
{
    refer_client *client = NULL;
    FILE *file = options->file == NULL ? NULL : fopen(options->file, "ae");
    refer_status status = refer_client_new(&client);
    if (status == REFER_OK)
        status = refer_client_set(client, "socket", options->socket);
    if (options->file != NULL && file == NULL)
        perror(options->file);
    int result = FAILED;
    if (status == REFER_OK && (options->file == NULL || file != NULL))
        result = work(options, client, file);
    if (file != NULL && (keep(file) != DONE || fclose(file) != 0))
        result = FAILED;
    refer_client_free(client);
    return result;
}

int main(int argc, char **argv)
{
    struct options options;
    struct sigaction end = { .sa_handler = on_end };
    if (argc < 2 || options_read(argc - 1, argv + 1, &options) != DONE)
        return usage();
    (void)sigaction(SIGTERM, &end, NULL);
    if (strcmp(argv[1], "submit") == 0 && options.file != NULL &&
        options.to != NULL && options.prefix != NULL)
        return run(&options, submit);
    if (strcmp(argv[1], "follow") == 0 && options.file != NULL &&
        options.cursor != NULL)
        return run(&options, follow);
    if (strcmp(argv[1], "dump") == 0)
        return run(&options, dump);
    return usage();
}
