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

static void submit_one(struct submitter *submitter, uint32_t i)
{
    char key[KEY_SIZE];
    struct submitters *all = submitter->all;
    struct seen *seen = &all->seen[i];
    (void)snprintf(key, sizeof key, "%" PRIx64 "-%" PRIu32, all->run, i);
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

static void *submit(void *argument)
{
    struct submitter *submitter = argument;
    struct submitters *all = submitter->all;
    for (;;) {
        uint32_t i = (uint32_t)atomic_fetch_add(&all->next, 1);
        if (i >= all->options.count)
            return NULL;
        submit_one(submitter, i);
    }
}

struct submitters *submitters_new(const struct options *options)
{
    struct submitters *all = calloc(1, sizeof *all);
    DIE_UNLESS(all != NULL);
    all->options = *options;
    all->each = calloc(options->submitters, sizeof *all->each);
    all->seen = calloc(options->count, sizeof *all->seen);
    all->run = (int64_t)time(NULL) << 20 | (getpid() & 0xfffff);
    DIE_UNLESS(all->each != NULL && all->seen != NULL);
    for (uint32_t i = 0; i < options->submitters; i++) {
        all->each[i].all = all;
        all->each[i].client = client_new(options->from.socket);
        all->each[i].referral = client_referral(options);
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
        refer_referral_free(all->each[i].referral);
        refer_client_free(all->each[i].client);
    }
    free(all->each);
    free(all->seen);
    free(all);
}
