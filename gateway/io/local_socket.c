#include "io/local_socket.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/limits.h"
#include "io/local_state.h"

const char *local_socket_refusal_name(enum local_socket_refusal refusal)
{
    static const char *const names[LOCAL_REFUSAL_COUNT] = {
        [LOCAL_REFUSAL_USER] = "user",
        [LOCAL_REFUSAL_CLIENTS] = "clients",
        [LOCAL_REFUSAL_SHARE] = "share",
        [LOCAL_REFUSAL_FRAME_SIZE] = "frame_size",
        [LOCAL_REFUSAL_FRAME_SLOW] = "frame_slow",
        [LOCAL_REFUSAL_READ_SLOW] = "read_slow",
        [LOCAL_REFUSAL_MEMORY] = "memory",
    };
    return (size_t)refusal < LOCAL_REFUSAL_COUNT ? names[refusal] : "?";
}

/* ---- The lock and the wake pipe ---------------------------------------- */

void local_lock(struct local_socket *local)
{
    int error = pthread_mutex_lock(&local->lock);
    assert(error == 0);
    (void)error;
}

void local_unlock(struct local_socket *local)
{
    int error = pthread_mutex_unlock(&local->lock);
    assert(error == 0);
    (void)error;
}

/* Under the lock. One byte is enough however many have something to say. */
void local_wake(struct local_socket *local)
{
    if (local->is_awake)
        return;
    local->is_awake = true;
    ssize_t size;
    do
        size = write(local->wake[1], "", 1);
    while (size < 0 && errno == EINTR);
}

static void held_wake(struct local_socket *local)
{
    local->has_held = false;
    local_wake(local);
}

/* ---- Replies ----------------------------------------------------------- */

static void enqueue(struct local_socket *local, struct local_client *client,
    struct local_frame *frame)
{
    if (client->first == NULL) {
        client->first = frame;
        client->read_at = ++local->read_serial;
    } else {
        client->last->next = frame;
    }
    client->last = frame;
    local_backlog_set(local, client, client->backlog_size + frame->size);
}

/*
 * Under the lock. What goes at once needs no turn of the thread, unless that
 * one is about to write, or has stopped to read from a client that has too much
 * under way. True when the frame is the client's now.
 */
static bool answer(struct local_socket *local, struct local_client *client,
    struct local_frame *frame)
{
    bool was_patient =
        client->outstanding_count >= local->limits.outstanding_count_max;
    if (client->outstanding_count > 0)
        client->outstanding_count--;
    bool is_out = client->first == NULL && !client->is_writing &&
                  local_frame_write(frame, client->fd) == ERR_NONE;
    if (!is_out)
        enqueue(local, client, frame);
    local->has_held |= !is_out || was_patient;
    return !is_out;
}

enum err local_socket_reply(struct local_socket *local, uint64_t client_id,
    const uint8_t *bytes, size_t size)
{
    struct local_client *client =
        &local->clients[client_id % local->limits.client_count_max];
    bool is_too_large = size > local->limits.reply_size_max;
    struct local_frame *frame =
        is_too_large ? NULL : local_frame_new(bytes, size);
    struct local_frame *shed = NULL;
    enum err err = ERR_NONE;
    local_lock(local);
    if (client->id != client_id || client_id == 0) {
        err = ERR_NOT_FOUND;
    } else if (client->is_doomed) {
        err = ERR_LIMIT;
    } else if (is_too_large ||
               (frame != NULL && client->backlog_size + frame->size >
                                     local->limits.backlog_size_max)) {
        err = ERR_LIMIT;
        client->doom = LOCAL_REFUSAL_READ_SLOW;
    } else if (frame == NULL) {
        err = ERR_NO_MEMORY;
        client->doom = LOCAL_REFUSAL_MEMORY;
    }
    if (err == ERR_NONE && answer(local, client, frame)) {
        frame = NULL;
        shed = local_unread_shed(local);
    } else if (err != ERR_NONE && err != ERR_NOT_FOUND) {
        client->is_doomed = true;
        local->has_held = true;
    }
    if (local->has_held && !local->is_held)
        held_wake(local);
    local_unlock(local);
    local_frame_free(frame);
    local_frame_free(shed);
    return err;
}

void local_socket_hold(struct local_socket *local)
{
    local_lock(local);
    local->is_held = true;
    local_unlock(local);
}

void local_socket_release(struct local_socket *local)
{
    local_lock(local);
    local->is_held = false;
    if (local->has_held)
        held_wake(local);
    local_unlock(local);
}

/* ---- Open and close ---------------------------------------------------- */

static size_t or_default(size_t value, size_t value_default)
{
    return value != 0 ? value : value_default;
}

static struct local_socket_options limits_of(
    const struct local_socket_options *options)
{
    return (struct local_socket_options){
        .client_count_max =
            or_default(options->client_count_max, LOCAL_CLIENT_COUNT_MAX),
        .client_count_max_per_user =
            or_default(options->client_count_max_per_user,
                LOCAL_CLIENT_COUNT_MAX_PER_USER),
        .frame_size_max =
            or_default(options->frame_size_max, LOCAL_BATCH_SIZE_MAX),
        .reply_size_max =
            or_default(options->reply_size_max, LOCAL_FRAME_SIZE_MAX),
        .reading_size_max =
            or_default(options->reading_size_max, LOCAL_READING_SIZE_MAX),
        .reading_size_max_per_user =
            or_default(options->reading_size_max_per_user,
                LOCAL_READING_SIZE_MAX_PER_USER),
        .outstanding_count_max = or_default(
            options->outstanding_count_max, LOCAL_OUTSTANDING_COUNT_MAX),
        .backlog_size_max =
            or_default(options->backlog_size_max, LOCAL_BACKLOG_SIZE_MAX),
        .unread_size_max =
            or_default(options->unread_size_max, LOCAL_UNREAD_SIZE_MAX),
        .frame_ms_max = options->frame_ms_max != 0 ? options->frame_ms_max
                                                   : LOCAL_FRAME_MS_MAX,
        .steady_ms =
            options->steady_ms != NULL ? options->steady_ms : local_steady_ms,
    };
}

/* A copy; NULL for want of memory, even of an empty table. */
static struct local_socket_user *users_copy(
    const struct local_socket_user *users, size_t count)
{
    struct local_socket_user *copy = calloc(count + 1, sizeof *copy);
    if (copy != NULL && count > 0)
        memcpy(copy, users, count * sizeof *copy);
    return copy;
}

static void local_free(struct local_socket *local)
{
    for (size_t i = 0;
         local->clients != NULL && i < local->limits.client_count_max; i++) {
        struct local_client *client = &local->clients[i];
        if (client->fd < 0)
            continue;
        local_frame_free(client->first);
        frame_reader_release(&client->reader);
        (void)close(client->fd);
    }
    if (local->listener >= 0) {
        (void)close(local->listener);
        local_path_remove(local->path, local->mark);
    }
    for (int i = 0; i < 2; i++)
        if (local->wake[i] >= 0)
            (void)close(local->wake[i]);
    (void)pthread_mutex_destroy(&local->lock);
    free(local->clients);
    free(local->polled);
    free(local->users);
    free(local->path);
    free(local);
}

static struct local_socket *local_new(
    const struct local_socket_options *options,
    const struct local_socket_events *events)
{
    struct local_socket *local = calloc(1, sizeof *local);
    if (local == NULL)
        return NULL;
    local->events = *events;
    local->limits = limits_of(options);
    local->listener = -1;
    local->wake[0] = local->wake[1] = -1;
    local->users = users_copy(options->users, options->user_count);
    local->user_count = options->user_count;
    local->path = strdup(options->path);
    local->clients =
        calloc(local->limits.client_count_max, sizeof *local->clients);
    local->polled = calloc(
        POLLED_CLIENTS + local->limits.client_count_max, sizeof *local->polled);
    for (size_t i = 0;
         local->clients != NULL && i < local->limits.client_count_max; i++)
        local->clients[i].fd = -1;
    bool has_lock = pthread_mutex_init(&local->lock, NULL) == 0;
    assert(has_lock); /* a plain mutex takes no resource here */
    (void)has_lock;
    if (local->users != NULL && local->path != NULL && local->clients != NULL &&
        local->polled != NULL)
        return local;
    local_free(local);
    return NULL;
}

/* Signals are for the daemon's main thread. */
static int thread_start(struct local_socket *local)
{
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    int error = pthread_sigmask(SIG_SETMASK, &all, &before);
    if (error != 0)
        return error;
    error = pthread_create(&local->thread, NULL, local_turn_run, local);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

enum err local_socket_open(const struct local_socket_options *options,
    const struct local_socket_events *events, struct local_socket **out,
    struct local_problem *problem)
{
    *out = NULL;
    *problem = (struct local_problem){ "", 0 };
    struct local_socket *local = local_new(options, events);
    if (local == NULL) {
        *problem = (struct local_problem){ "take memory for", ENOMEM };
        return ERR_NO_MEMORY;
    }
    if (pipe(local->wake) != 0 || !local_descriptor_prepare(local->wake[0]) ||
        !local_descriptor_prepare(local->wake[1])) {
        *problem = (struct local_problem){ "make a pipe for", errno };
        local_free(local);
        return ERR_IO;
    }
    enum err err =
        local_path_listen(local->path, &local->listener, &local->mark, problem);
    if (err == ERR_NONE) {
        int error = thread_start(local);
        if (error != 0) {
            *problem = (struct local_problem){ "start a thread for", error };
            err = ERR_IO;
        }
    }
    if (err != ERR_NONE) {
        local_free(local);
        return err;
    }
    *out = local;
    return ERR_NONE;
}

void local_socket_close(struct local_socket *local)
{
    if (local == NULL)
        return;
    local_lock(local);
    local->is_ending = true;
    local_wake(local);
    local_unlock(local);
    int error = pthread_join(local->thread, NULL);
    assert(error == 0);
    (void)error;
    local_free(local);
}

void local_socket_resume(struct local_socket *local)
{
    local_lock(local);
    local->has_room = true;
    local_wake(local);
    local_unlock(local);
}

enum err local_socket_set_clients(struct local_socket *local,
    const struct local_socket_user *users, size_t user_count)
{
    struct local_socket_user *copy = users_copy(users, user_count);
    if (copy == NULL)
        return ERR_NO_MEMORY;
    local_lock(local);
    struct local_socket_user *old = local->users;
    local->users = copy;
    local->user_count = user_count;
    local->has_new_users = true;
    local_wake(local);
    local_unlock(local);
    free(old);
    return ERR_NONE;
}

size_t local_socket_client_count(const struct local_socket *local)
{
    return atomic_load(&local->client_count);
}
