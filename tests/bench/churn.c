/*
 * churn.c - referrals come, are answered and are erased, round after round,
 * with the last rounds held: how large the files get for what is in them. A
 * store that does not use again what was freed grows with all that ever was.
 */
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>

#include "client.h"
#include "report.h"
#include "submit.h"

/* Rounds that are held; each is erased when so many others came after it. */
#define HELD_COUNT 2
#define ERASER_COUNT 32
#define REST_MS_MAX 120000
#define POLL_MS 5
/* A file may be so much larger than what was in it at its fullest, and so many
 * bytes: free pages of before and of the commit under way cannot be used yet,
 * and blobs of many pages need neighbours. */
#define RATIO_MAX 1.5
#define ROOM_SIZE (8.0 * 1024 * 1024)

struct held {
    struct seen *ids;
    uint32_t count;
};

struct erasers {
    const struct options *options;
    const struct held *round;
    atomic_uint_fast32_t next;
};

/* What a gateway's files have come to. */
struct files {
    int64_t used;     /* bytes of the store in use, at its fullest */
    int64_t used_now; /* ... and now */
    int64_t store;
    int64_t vault;
};

static int64_t file_size(const char *folder, const char *name)
{
    char path[512];
    struct stat status;
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    if (stat(path, &status) != 0)
        DIE("cannot look at %s", path);
    return (int64_t)status.st_size;
}

static void files_look(
    const char *socket, const char *folder, struct files *files)
{
    refer_listing *metrics = NULL;
    refer_client *client = client_new(socket);
    if (refer_call(client, "metrics", NULL, CALL_MS, &metrics) != REFER_OK)
        DIE("metrics: %s", refer_client_error(client));
    files->used_now = client_number(metrics, "refer_store_used_bytes");
    if (files->used_now > files->used)
        files->used = files->used_now;
    files->store = file_size(folder, "store/data.mdb");
    files->vault = file_size(folder, "vault");
    refer_listing_free(metrics);
    refer_client_free(client);
}

/* ---- A round ------------------------------------------------------------- */

/* All is signed for, at both. */
static void rest_wait(const struct options *options)
{
    const char *sockets[] = { options->from.socket, options->at.socket };
    int64_t begin = now_ns();
    for (size_t i = 0; i < 2; i++) {
        refer_client *client = client_new(sockets[i]);
        while (!client_is_cosigned(client)) {
            if (seconds_since(begin) * 1000 > REST_MS_MAX)
                DIE("the two do not come to rest");
            (void)poll(NULL, 0, POLL_MS);
        }
        refer_client_free(client);
    }
}

static struct held round_submit(const struct options *options, uint32_t count)
{
    struct options round = *options;
    struct held held = { calloc(count, sizeof *held.ids), count };
    DIE_UNLESS(held.ids != NULL);
    round.count = count;
    struct submitters *submitters = submitters_new(&round);
    memcpy(held.ids, submitters_go(submitters), count * sizeof *held.ids);
    submitters_free(submitters);
    return held;
}

static void *erase(void *argument)
{
    struct erasers *erasers = argument;
    refer_client *client = client_new(erasers->options->from.socket);
    for (;;) {
        refer_query *query = NULL;
        refer_listing *answer = NULL;
        uint32_t i = (uint32_t)atomic_fetch_add(&erasers->next, 1);
        if (i >= erasers->round->count)
            break;
        DIE_UNLESS(refer_query_new(&query) == REFER_OK);
        DIE_UNLESS(refer_query_set(query, "id", erasers->round->ids[i].id) ==
                   REFER_OK);
        DIE_UNLESS(
            refer_query_set(query, "reason", "retention_over") == REFER_OK);
        if (refer_call(client, "erase", query, CALL_MS, &answer) != REFER_OK)
            DIE("erase: %s %s", refer_client_error(client),
                refer_client_remedy(client));
        refer_listing_free(answer);
        refer_query_free(query);
    }
    refer_client_free(client);
    return NULL;
}

static void round_erase(const struct options *options, struct held *round)
{
    struct erasers erasers = { .options = options, .round = round };
    pthread_t threads[ERASER_COUNT];
    for (size_t i = 0; i < ERASER_COUNT; i++)
        DIE_UNLESS(pthread_create(&threads[i], NULL, erase, &erasers) == 0);
    for (size_t i = 0; i < ERASER_COUNT; i++)
        DIE_UNLESS(pthread_join(threads[i], NULL) == 0);
    free(round->ids);
    *round = (struct held){ 0 };
}

/* ---- The figure ---------------------------------------------------------- */

static void files_report(
    const char *name, const struct files *files, uint32_t count)
{
    double ratio = (double)files->store / (double)files->used;
    if ((double)files->store > RATIO_MAX * (double)files->used + ROOM_SIZE)
        DIE("%s: %" PRId64 " bytes of store for %" PRId64 ": a ratio of %.2f",
            name, files->store, files->used, ratio);
    report_group(name);
    report_count("store_bytes", files->store);
    report_number("store_ratio", ratio, 2);
    report_number("used_each", (double)files->used_now / count, 0);
    report_number("vault_each", (double)files->vault / count, 0);
    report_group_end();
}

void churn_run(const struct options *options)
{
    struct held rounds[HELD_COUNT + 1] = { 0 };
    struct files from = { 0 };
    struct files at = { 0 };
    uint32_t done = 0;
    uint32_t each = options->rate;
    DIE_UNLESS(each > 0 && options->count > 0);
    struct options plain = *options;
    plain.rate = 0;
    for (uint32_t i = 0; done < options->count; i++) {
        struct held *oldest = &rounds[(i + 1) % (HELD_COUNT + 1)];
        uint32_t left = options->count - done;
        rounds[i % (HELD_COUNT + 1)] =
            round_submit(&plain, left < each ? left : each);
        done += left < each ? left : each;
        rest_wait(&plain);
        files_look(options->from.socket, options->program, &from);
        files_look(options->at.socket, options->config, &at);
        if (oldest->ids != NULL)
            round_erase(&plain, oldest);
        rest_wait(&plain);
    }
    files_look(options->from.socket, options->program, &from);
    files_look(options->at.socket, options->config, &at);
    report_begin(options->name);
    report_count("count", done);
    report_count("held", (int64_t)HELD_COUNT * each);
    files_report("from", &from, done);
    files_report("at", &at, done);
    report_end();
    for (size_t i = 0; i < HELD_COUNT + 1; i++)
        free(rounds[i].ids);
}
