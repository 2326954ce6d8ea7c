#include "follow.h"

#include <pthread.h>
#include <string.h>

#include "client.h"

#define SILENCE_MS_MAX 60000
#define ACK_COUNT 256
#define CURSOR "bench"

struct follower {
    refer_client *client;
    refer_cursor *cursor;
    pthread_t thread;
    struct seen *seen;
    uint32_t count;
};

static int by_id(const void *one, const void *other)
{
    return strcmp(
        ((const struct seen *)one)->id, ((const struct seen *)other)->id);
}

void seen_sort(struct seen *seen, uint32_t count)
{
    qsort(seen, count, sizeof *seen, by_id);
    for (uint32_t i = 1; i < count; i++)
        if (strcmp(seen[i - 1].id, seen[i].id) == 0)
            DIE("%s came twice", seen[i].id);
}

static void acknowledge(struct follower *follower, const refer_event *event)
{
    if (refer_cursor_ack(follower->cursor, event, CALL_MS) != REFER_OK)
        DIE("acknowledge: %s", refer_client_error(follower->client));
}

static void *follow(void *argument)
{
    struct follower *follower = argument;
    uint32_t done = 0;
    while (done < follower->count) {
        refer_event *event = NULL;
        if (refer_cursor_next(follower->cursor, SILENCE_MS_MAX, &event) !=
            REFER_OK)
            DIE("%u of %u came, then: %s", done, follower->count,
                refer_client_error(follower->client));
        if (strcmp(refer_event_type(event), "referral.received") == 0) {
            struct seen *seen = &follower->seen[done++];
            seen->at_ns = now_ns();
            (void)snprintf(seen->id, sizeof seen->id, "%s",
                refer_event_referral_id(event));
            if (refer_event_redeliveries(event) != 0)
                DIE("%s was handed out again", seen->id);
            if (done % ACK_COUNT == 0 || done == follower->count)
                acknowledge(follower, event);
        }
        refer_event_free(event);
    }
    return NULL;
}

/* The cursor stands at the newest event. */
static void pass_over(struct follower *follower)
{
    refer_listing *status = NULL;
    if (refer_call(follower->client, "health", NULL, CALL_MS, &status) !=
        REFER_OK)
        DIE("health: %s", refer_client_error(follower->client));
    int64_t head = client_number(status, "feed_head");
    refer_listing_free(status);
    if (refer_cursor_open(
            follower->client, CURSOR, CALL_MS, &follower->cursor) != REFER_OK)
        DIE("cursor: %s", refer_client_error(follower->client));
    if (head > 0 && refer_cursor_ack_position(follower->cursor,
                        refer_cursor_epoch(follower->cursor), (uint64_t)head,
                        CALL_MS) != REFER_OK)
        DIE("acknowledge: %s", refer_client_error(follower->client));
}

struct follower *follower_start(const char *socket, uint32_t count)
{
    struct follower *follower = calloc(1, sizeof *follower);
    DIE_UNLESS(follower != NULL);
    follower->count = count;
    follower->seen = calloc(count, sizeof *follower->seen);
    DIE_UNLESS(follower->seen != NULL);
    follower->client = client_new(socket);
    pass_over(follower);
    DIE_UNLESS(pthread_create(&follower->thread, NULL, follow, follower) == 0);
    return follower;
}

const struct seen *follower_wait(struct follower *follower)
{
    DIE_UNLESS(pthread_join(follower->thread, NULL) == 0);
    seen_sort(follower->seen, follower->count);
    return follower->seen;
}

void follower_free(struct follower *follower)
{
    refer_cursor_free(follower->cursor);
    refer_client_free(follower->client);
    free(follower->seen);
    free(follower);
}
