#include "submit.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#include "client.h"

#define KEY_SIZE 64

struct submitter {
    struct submitters *all;
    refer_client *client;
    refer_referral *referral;
    refer_batch *batch;
    pthread_t thread;
};

struct submitters {
    struct options options;
    struct submitter *each;
    struct seen *seen;
    atomic_uint_fast32_t next;
    int64_t begin_ns;
    int64_t run; /* keys of no other run */
};

/* With a rate, the i-th is due then, whatever became of those before. */
static int64_t due_ns(const struct submitters *all, uint32_t i)
{
    return all->begin_ns + (int64_t)i * 1000000000 / all->options.rate;
}

static void wait_until(int64_t at_ns)
{
    int64_t left = at_ns - now_ns();
    if (left <= 0)
        return;
    struct timespec left_ns = { left / 1000000000, left % 1000000000 };
    (void)pselect(0, NULL, NULL, NULL, &left_ns, NULL);
}

static void key_print(
    const struct submitters *all, uint32_t i, char key[KEY_SIZE])
{
    (void)snprintf(key, KEY_SIZE, "%" PRIx64 "-%" PRIu32, all->run, i);
}

static void submit_one(struct submitter *submitter, uint32_t i)
{
    char key[KEY_SIZE];
    struct submitters *all = submitter->all;
    struct seen *seen = &all->seen[i];
    key_print(all, i, key);
    if (all->options.rate > 0)
        wait_until(seen->at_ns = due_ns(all, i));
    else
        seen->at_ns = now_ns();
    if (refer_submit(submitter->client, submitter->referral, key, CALL_MS,
            seen->id, sizeof seen->id) != REFER_OK)
        DIE("submit: %s %s %s", refer_client_error(submitter->client),
            refer_client_problem(submitter->client),
            refer_client_remedy(submitter->client));
}

static void submit_batch(struct submitter *submitter, uint32_t i, uint32_t end)
{
    struct submitters *all = submitter->all;
    int64_t begin = now_ns();
    refer_batch_clear(submitter->batch);
    for (uint32_t k = i; k < end; k++) {
        char key[KEY_SIZE];
        key_print(all, k, key);
        DIE_UNLESS(refer_batch_add(
                       submitter->batch, submitter->referral, key) == REFER_OK);
    }
    if (refer_batch_submit(submitter->client, submitter->batch, CALL_MS) !=
        REFER_OK)
        DIE("batch: %s", refer_client_error(submitter->client));
    for (uint32_t k = i; k < end; k++) {
        if (refer_batch_status(submitter->batch, k - i) != REFER_OK)
            DIE("in a batch: %s", refer_batch_problem(submitter->batch, k - i));
        all->seen[k].at_ns = begin;
        (void)snprintf(all->seen[k].id, sizeof all->seen[k].id, "%s",
            refer_batch_id(submitter->batch, k - i));
    }
}

static void *submit(void *argument)
{
    struct submitter *submitter = argument;
    struct submitters *all = submitter->all;
    uint32_t count = all->options.count;
    uint32_t step = all->options.batch;
    for (;;) {
        uint32_t i = (uint32_t)atomic_fetch_add(&all->next, step);
        if (i >= count)
            return NULL;
        if (step == 1)
            submit_one(submitter, i);
        else
            submit_batch(submitter, i, count - i < step ? count : i + step);
    }
}

struct submitters *submitters_new(const struct options *options)
{
    static int64_t run_count; /* of this process */
    struct submitters *all = calloc(1, sizeof *all);
    DIE_UNLESS(all != NULL);
    all->options = *options;
    all->each = calloc(options->submitters, sizeof *all->each);
    all->seen = calloc(options->count, sizeof *all->seen);
    all->run = ((int64_t)time(NULL) << 20 | (getpid() & 0xfffff)) ^ run_count++
                                                                        << 52;
    DIE_UNLESS(all->each != NULL && all->seen != NULL);
    for (uint32_t i = 0; i < options->submitters; i++) {
        all->each[i].all = all;
        all->each[i].client = client_new(options->from.socket);
        all->each[i].referral = client_referral(options);
        DIE_UNLESS(refer_batch_new(&all->each[i].batch) == REFER_OK);
    }
    return all;
}

const struct seen *submitters_go(struct submitters *all)
{
    all->begin_ns = now_ns();
    for (uint32_t i = 0; i < all->options.submitters; i++)
        DIE_UNLESS(pthread_create(
                       &all->each[i].thread, NULL, submit, &all->each[i]) == 0);
    for (uint32_t i = 0; i < all->options.submitters; i++)
        DIE_UNLESS(pthread_join(all->each[i].thread, NULL) == 0);
    seen_sort(all->seen, all->options.count);
    return all->seen;
}

void submitters_free(struct submitters *all)
{
    for (uint32_t i = 0; i < all->options.submitters; i++) {
        refer_batch_free(all->each[i].batch);
        refer_referral_free(all->each[i].referral);
        refer_client_free(all->each[i].client);
    }
    free(all->each);
    free(all->seen);
    free(all);
}
