#include "daemon/inbox.h"

#include "daemon/clock.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

/* A few batches; more would only be memory and delay. */
#define INBOX_COUNT_MAX 1024u
#define INBOX_SIZE_MAX (32u * 1024 * 1024)

struct inbox {
    pthread_mutex_t lock;
    pthread_cond_t filled; /* something came, or a wake */
    pthread_cond_t freed;
    struct inbox_item *first;
    struct inbox_item **last;
    size_t count;
    size_t size;
    bool woken;
    bool refused; /* someone was told that it is full */
    bool closed;
};

enum err inbox_new(struct inbox **inbox)
{
    pthread_condattr_t steady;
    *inbox = calloc(1, sizeof **inbox);
    if (*inbox == NULL)
        return ERR_NO_MEMORY;
    (*inbox)->last = &(*inbox)->first;
    if (pthread_condattr_init(&steady) != 0 ||
        pthread_condattr_setclock(&steady, CLOCK_MONOTONIC) != 0 ||
        pthread_mutex_init(&(*inbox)->lock, NULL) != 0 ||
        pthread_cond_init(&(*inbox)->filled, &steady) != 0 ||
        pthread_cond_init(&(*inbox)->freed, &steady) != 0) {
        free(*inbox);
        *inbox = NULL;
        return ERR_NO_MEMORY;
    }
    (void)pthread_condattr_destroy(&steady);
    return ERR_NONE;
}

void inbox_item_free(struct inbox_item *item)
{
    if (item == NULL)
        return;
    free(item->block);
    free(item);
}

void inbox_free(struct inbox *inbox)
{
    if (inbox == NULL)
        return;
    while (inbox->first != NULL) {
        struct inbox_item *item = inbox->first;
        inbox->first = item->next;
        inbox_item_free(item);
    }
    (void)pthread_cond_destroy(&inbox->filled);
    (void)pthread_cond_destroy(&inbox->freed);
    (void)pthread_mutex_destroy(&inbox->lock);
    free(inbox);
}

static bool is_full(const struct inbox *inbox)
{
    return inbox->count >= INBOX_COUNT_MAX || inbox->size >= INBOX_SIZE_MAX;
}

static void append(struct inbox *inbox, struct inbox_item *item)
{
    item->next = NULL;
    *inbox->last = item;
    inbox->last = &item->next;
    inbox->count++;
    inbox->size += item->size;
    (void)pthread_cond_signal(&inbox->filled);
}

void inbox_put(struct inbox *inbox, struct inbox_item *item)
{
    (void)pthread_mutex_lock(&inbox->lock);
    while (is_full(inbox) && !inbox->closed)
        (void)pthread_cond_wait(&inbox->freed, &inbox->lock);
    bool closed = inbox->closed;
    if (!closed)
        append(inbox, item);
    (void)pthread_mutex_unlock(&inbox->lock);
    if (closed)
        inbox_item_free(item);
}

bool inbox_try(struct inbox *inbox, struct inbox_item *item)
{
    (void)pthread_mutex_lock(&inbox->lock);
    bool has_room = !is_full(inbox) && !inbox->closed;
    if (has_room)
        append(inbox, item);
    else
        inbox->refused = true;
    (void)pthread_mutex_unlock(&inbox->lock);
    return has_room;
}

/* Under the lock: false when the time has come and nothing else. */
static void wait_filled(struct inbox *inbox, int64_t until_steady_ms)
{
    struct timespec until = { .tv_sec = until_steady_ms / 1000,
        .tv_nsec = until_steady_ms % 1000 * 1000000 };
    while (inbox->first == NULL && !inbox->woken) {
        if (until_steady_ms == INT64_MAX)
            (void)pthread_cond_wait(&inbox->filled, &inbox->lock);
        else if (clock_steady_ms() >= until_steady_ms)
            return;
        else
            (void)pthread_cond_timedwait(&inbox->filled, &inbox->lock, &until);
    }
}

struct inbox_item *inbox_take(struct inbox *inbox, int64_t until_steady_ms,
    size_t count_max, size_t size_max, bool *was_full)
{
    struct inbox_item *list = NULL;
    struct inbox_item **end = &list;
    size_t count = 0;
    size_t size = 0;
    (void)pthread_mutex_lock(&inbox->lock);
    wait_filled(inbox, until_steady_ms);
    inbox->woken = false;
    while (inbox->first != NULL && count < count_max &&
           (count == 0 || size + inbox->first->size <= size_max)) {
        struct inbox_item *item = inbox->first;
        inbox->first = item->next;
        *end = item;
        end = &item->next;
        count++;
        size += item->size;
    }
    *end = NULL;
    if (inbox->first == NULL)
        inbox->last = &inbox->first;
    inbox->count -= count;
    inbox->size -= size;
    *was_full = inbox->refused;
    inbox->refused = false;
    (void)pthread_cond_broadcast(&inbox->freed);
    (void)pthread_mutex_unlock(&inbox->lock);
    return list;
}

void inbox_wake(struct inbox *inbox)
{
    (void)pthread_mutex_lock(&inbox->lock);
    inbox->woken = true;
    (void)pthread_cond_signal(&inbox->filled);
    (void)pthread_mutex_unlock(&inbox->lock);
}

void inbox_close(struct inbox *inbox)
{
    (void)pthread_mutex_lock(&inbox->lock);
    inbox->closed = true;
    (void)pthread_cond_broadcast(&inbox->freed);
    (void)pthread_mutex_unlock(&inbox->lock);
}
