#include "daemon/inbox.h"

#include "core/limits.h"
#include "core/patience.h"
#include "daemon/clock.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

/* What programs say may be in one batch with what peers say, which is then not
 * kept waiting for long: some millisecond's work. */
#define BESIDE_PEERS_SIZE_MAX (128u * 1024)

struct queue {
    struct inbox_item *first;
    struct inbox_item **last;
};

struct inbox {
    pthread_mutex_t lock;
    pthread_cond_t filled; /* something came, or a wake */
    pthread_cond_t freed;
    struct turns peers;
    struct queue others;
    bool others_waited; /* while peers were served; they are next */
    struct patience patience;
    size_t patient_count;  /* of those that can wait */
    int64_t due_steady_ms; /* of the first of them */
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
    (*inbox)->others.last = &(*inbox)->others.first;
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

static void queue_free(struct queue *queue)
{
    while (queue->first != NULL) {
        struct inbox_item *item = queue->first;
        queue->first = item->next;
        inbox_item_free(item);
    }
}

static struct inbox_item *peers_next(const struct inbox *inbox)
{
    return (struct inbox_item *)(void *)inbox->peers.first;
}

void inbox_free(struct inbox *inbox)
{
    if (inbox == NULL)
        return;
    for (struct inbox_item *item; (item = peers_next(inbox)) != NULL;) {
        (void)turns_take(&inbox->peers);
        inbox_item_free(item);
    }
    queue_free(&inbox->others);
    (void)pthread_cond_destroy(&inbox->filled);
    (void)pthread_cond_destroy(&inbox->freed);
    (void)pthread_mutex_destroy(&inbox->lock);
    free(inbox);
}

static bool is_full(const struct inbox *inbox)
{
    return inbox->count >= INBOX_COUNT_MAX || inbox->size >= INBOX_SIZE_MAX;
}

static void queue_append(struct queue *queue, struct inbox_item *item)
{
    item->next = NULL;
    *queue->last = item;
    queue->last = &item->next;
}

static void append(struct inbox *inbox, struct inbox_item *item)
{
    bool is_peers = item->input.type == NODE_PEER_REQUEST ||
                    item->input.type == NODE_PEER_REPLY;
    if (is_peers)
        turns_put(&inbox->peers, &item->turn);
    else
        queue_append(&inbox->others, item);
    inbox->count++;
    inbox->size += item->size;
    if (!patience_pays(&inbox->patience, item->wait_ms))
        item->wait_ms = 0;
    if (item->wait_ms > 0) {
        int64_t due = clock_steady_ms() + item->wait_ms;
        if (inbox->patient_count++ == 0 || due < inbox->due_steady_ms)
            inbox->due_steady_ms = due;
    }
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

/* Under the lock: until when there is nothing to take; 0 when there is. */
static int64_t idle_until(const struct inbox *inbox, int64_t steady_ms)
{
    if (inbox->woken || inbox->count > inbox->patient_count)
        return 0;
    return inbox->count > 0 && inbox->due_steady_ms < steady_ms
               ? inbox->due_steady_ms
               : steady_ms;
}

/* Under the lock, until something is to be taken or the time has come. */
static void wait_filled(struct inbox *inbox, int64_t steady_ms)
{
    int64_t until;
    while ((until = idle_until(inbox, steady_ms)) > 0) {
        struct timespec at = { .tv_sec = until / 1000,
            .tv_nsec = until % 1000 * 1000000 };
        if (until == INT64_MAX)
            (void)pthread_cond_wait(&inbox->filled, &inbox->lock);
        else if (clock_steady_ms() >= until)
            return;
        else
            (void)pthread_cond_timedwait(&inbox->filled, &inbox->lock, &at);
    }
}

struct taken {
    struct inbox_item *list;
    struct inbox_item **end;
    size_t count;
    size_t patient_count;
    size_t size;
};

/* False without an item, or without room for one more such. */
static bool fits(const struct taken *taken, const struct inbox_item *item,
    size_t count_max, size_t size_max)
{
    return item != NULL && taken->count < count_max &&
           (taken->count == 0 || taken->size + item->size <= size_max);
}

static void taken_add(struct taken *taken, struct inbox_item *item)
{
    item->next = NULL;
    *taken->end = item;
    taken->end = &item->next;
    taken->count++;
    taken->patient_count += item->wait_ms > 0;
    taken->size += item->size;
}

static void queue_take(
    struct queue *queue, struct taken *taken, size_t count_max, size_t size_max)
{
    struct inbox_item *item;
    while (fits(taken, item = queue->first, count_max, size_max)) {
        queue->first = item->next;
        taken_add(taken, item);
    }
    if (queue->first == NULL)
        queue->last = &queue->first;
}

/* One of each peer in a round: who says much keeps nobody waiting. */
static void peers_take(
    struct inbox *inbox, struct taken *taken, size_t count_max, size_t size_max)
{
    struct inbox_item *item;
    while (fits(taken, item = peers_next(inbox), count_max, size_max)) {
        (void)turns_take(&inbox->peers);
        taken_add(taken, item);
    }
}

/* What a peer says holds up what both agencies exchange: it passes what
 * programs hand over in bulk, but not twice in a row. */
static void queues_take(
    struct inbox *inbox, struct taken *taken, size_t count_max, size_t size_max)
{
    if (inbox->others_waited) {
        inbox->others_waited = false;
        queue_take(&inbox->others, taken, count_max, size_max);
        peers_take(inbox, taken, count_max, size_max);
        return;
    }
    peers_take(inbox, taken, count_max, size_max);
    if (taken->count > 0 && taken->size + BESIDE_PEERS_SIZE_MAX < size_max)
        size_max = taken->size + BESIDE_PEERS_SIZE_MAX;
    queue_take(&inbox->others, taken, count_max, size_max);
    inbox->others_waited = inbox->others.first != NULL;
}

struct inbox_item *inbox_take(struct inbox *inbox, int64_t until_steady_ms,
    size_t count_max, size_t size_max, bool *was_full)
{
    struct taken taken = { 0 };
    taken.end = &taken.list;
    (void)pthread_mutex_lock(&inbox->lock);
    int64_t since = clock_steady_ms();
    wait_filled(inbox, until_steady_ms);
    patience_idle(&inbox->patience, clock_steady_ms() - since);
    inbox->woken = false;
    queues_take(inbox, &taken, count_max, size_max);
    inbox->count -= taken.count;
    inbox->patient_count -= taken.patient_count;
    inbox->size -= taken.size;
    *was_full = inbox->refused;
    inbox->refused = false;
    (void)pthread_cond_broadcast(&inbox->freed);
    (void)pthread_mutex_unlock(&inbox->lock);
    return taken.list;
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
