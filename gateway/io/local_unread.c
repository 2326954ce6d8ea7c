/*
 * local_unread.c - what all programs together leave unread: bounded, and who
 * has read longest ago makes room. All under the lock of the local socket.
 */
#include "io/local_state.h"

#include "core/limits.h"

/* Who leaves little is always told: of so many there is room for all. */
static size_t counted(size_t backlog_size)
{
    return backlog_size > LOCAL_LARGE_SIZE_MIN ? backlog_size : 0;
}

void local_backlog_set(
    struct local_socket *local, struct local_client *client, size_t size)
{
    local->unread_size -= counted(client->backlog_size);
    local->unread_size += counted(size);
    client->backlog_size = size;
}

static struct local_client *laggard(struct local_socket *local)
{
    struct local_client *found = NULL;
    for (size_t i = 0; i < local->limits.client_count_max; i++) {
        struct local_client *client = &local->clients[i];
        if (client->id != 0 && !client->is_doomed &&
            counted(client->backlog_size) > 0 &&
            (found == NULL || client->read_at < found->read_at))
            found = client;
    }
    return found;
}

/* All that waits for it, but for what the thread writes right now. */
static struct local_frame *backlog_take(
    struct local_socket *local, struct local_client *client)
{
    struct local_frame *frames = client->first;
    struct local_frame *kept = client->is_writing ? frames : NULL;
    if (kept != NULL) {
        frames = kept->next;
        kept->next = NULL;
    }
    client->first = kept;
    client->last = kept;
    local_backlog_set(local, client, kept != NULL ? kept->size : 0);
    return frames;
}

struct local_frame *local_unread_shed(struct local_socket *local)
{
    struct local_frame *shed = NULL;
    struct local_frame **end = &shed;
    struct local_client *client;
    size_t left = local->unread_size;
    while (left > local->limits.unread_size_max &&
           (client = laggard(local)) != NULL) {
        client->is_doomed = true;
        client->doom = LOCAL_REFUSAL_READ_SLOW;
        local->has_held = true;
        left -= counted(client->backlog_size);
        *end = backlog_take(local, client);
        while (*end != NULL)
            end = &(*end)->next;
    }
    return shed;
}
