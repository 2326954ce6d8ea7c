#include "io/local_socket.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/limits.h"
#include "io/local_client.h"
#include "io/local_path.h"

/* Without a descriptor left, accepting again at once would only spin. */
#define ACCEPT_PAUSE_MS 100
/* In one turn of the thread. */
#define ACCEPT_COUNT 16

/* Of the polled descriptors: the two below, then one a client. */
enum { POLLED_WAKE, POLLED_LISTENER, POLLED_CLIENTS };

struct local_socket {
    struct local_socket_events events;
    struct local_socket_options limits; /* path and users: see below */
    char *path;
    struct local_path_mark mark;
    int listener;
    int wake[2];
    pthread_t thread;

    /* the thread's alone */
    struct local_client *clients; /* limits.client_count_max places */
    struct pollfd *polled;
    size_t client_count;
    uint64_t serial;
    int64_t accept_at_ms;
    bool is_paused; /* somebody's frame found no room */

    pthread_mutex_t lock; /* for what follows and parts of the clients */
    struct local_socket_user *users;
    size_t user_count;
    bool has_new_users;
    bool has_room;
    bool is_awake; /* a byte is in the wake pipe */
    bool is_ending;
};

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

/* ---- The lock and the wake pipe ------------------------------------------- */

static void lock(struct local_socket *local)
{
    int error = pthread_mutex_lock(&local->lock);
    assert(error == 0);
    (void)error;
}

static void unlock(struct local_socket *local)
{
    int error = pthread_mutex_unlock(&local->lock);
    assert(error == 0);
    (void)error;
}

/* Under the lock. One byte is enough however many have something to say. */
static void wake(struct local_socket *local)
{
    if (local->is_awake)
        return;
    local->is_awake = true;
    ssize_t size;
    do
        size = write(local->wake[1], "", 1);
    while (size < 0 && errno == EINTR);
}

static void wake_drain(struct local_socket *local)
{
    char bytes[16];
    ssize_t size;
    do
        size = read(local->wake[0], bytes, sizeof bytes);
    while (size > 0 || (size < 0 && errno == EINTR));
}

/* ---- Clients come and go --------------------------------------------------- */

/* Rights of a user; false when there are none. Under the lock. */
static bool user_find(
    const struct local_socket *local, uid_t uid, uint32_t *rights)
{
    for (size_t i = 0; i < local->user_count; i++) {
        if (local->users[i].uid != uid)
            continue;
        *rights = local->users[i].rights;
        return true;
    }
    return false;
}

static void client_close(
    struct local_socket *local, struct local_client *client)
{
    lock(local);
    uint64_t id = client->id;
    struct local_frame *frames = client->first;
    client->id = 0;
    client->first = NULL;
    client->last = NULL;
    client->backlog_size = 0;
    client->outstanding_count = 0;
    client->is_doomed = false;
    unlock(local);
    local_frame_free(frames);
    frame_reader_release(&client->reader);
    (void)close(client->fd);
    client->fd = -1;
    client->is_held = false;
    local->client_count--;
    local->events.on_gone(local->events.user, id);
}

static void client_refuse(struct local_socket *local,
    struct local_client *client, enum local_socket_refusal refusal)
{
    local->events.on_refused(local->events.user, client->uid, refusal);
    client_close(local, client);
}

/* Whether one more of this user may come in, and with what rights. */
static bool user_admit(struct local_socket *local, uid_t uid, uint32_t *rights,
    enum local_socket_refusal *refusal)
{
    size_t share = 0;
    lock(local);
    bool is_known = user_find(local, uid, rights);
    unlock(local);
    *refusal = LOCAL_REFUSAL_USER;
    if (!is_known)
        return false;
    for (size_t i = 0; i < local->limits.client_count_max; i++)
        share += local->clients[i].fd >= 0 && local->clients[i].uid == uid;
    *refusal = LOCAL_REFUSAL_SHARE;
    if (share >= local->limits.client_count_max_per_user)
        return false;
    *refusal = LOCAL_REFUSAL_CLIENTS;
    return local->client_count < local->limits.client_count_max;
}

static void client_put(
    struct local_socket *local, int fd, uid_t uid, uint32_t rights)
{
    size_t index = 0;
    while (local->clients[index].fd >= 0)
        index++;
    struct local_client *client = &local->clients[index];
    client->fd = fd;
    client->uid = uid;
    client->rights = rights;
    client->is_held = false;
    client->reading_since_ms = 0;
    client->writing_since_ms = 0;
    frame_reader_init(&client->reader, 1, local->limits.frame_size_max);
    local->client_count++;
    lock(local);
    client->id = ++local->serial * local->limits.client_count_max + index;
    unlock(local);
}

/* Takes some in of those that wait. Not all: in a storm most of them are gone
 * already, and must not count against one that stays. */
static void accept_some(struct local_socket *local, int64_t now_ms)
{
    for (int i = 0; i < ACCEPT_COUNT; i++) {
        uid_t uid;
        uint32_t rights;
        enum local_socket_refusal refusal;
        int fd = accept(local->listener, NULL, NULL);
        if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
            continue;
        if (fd < 0) {
            if (errno != EAGAIN && errno != EWOULDBLOCK)
                local->accept_at_ms = now_ms + ACCEPT_PAUSE_MS;
            return;
        }
        if (!local_descriptor_prepare(fd) ||
            local_peer_uid(fd, &uid) != ERR_NONE) {
            (void)close(fd);
            continue;
        }
        if (user_admit(local, uid, &rights, &refusal)) {
            client_put(local, fd, uid, rights);
            continue;
        }
        (void)close(fd);
        local->events.on_refused(local->events.user, uid, refusal);
    }
}

/* ---- Requests ---------------------------------------------------------------- */

/* Hands the whole frame on, or holds it. */
static void request_offer(
    struct local_socket *local, struct local_client *client)
{
    struct slice frame = frame_reader_frame(&client->reader);
    /* before the call: the reply may come first from another thread */
    lock(local);
    client->outstanding_count++;
    uint64_t id = client->id;
    unlock(local);
    client->is_held = !local->events.on_request(local->events.user, id,
        client->rights, client->uid, frame.bytes, frame.size);
    if (!client->is_held) {
        frame_reader_next(&client->reader);
        return;
    }
    lock(local);
    client->outstanding_count--;
    unlock(local);
    local->is_paused = true;
}

static void client_read(
    struct local_socket *local, struct local_client *client, int64_t now_ms)
{
    bool is_complete;
    enum err err = local_client_read(client, &is_complete);
    if (is_complete) {
        client->reading_since_ms = 0;
        request_offer(local, client);
    } else if (err == ERR_EARLY) {
        if (frame_reader_is_idle(&client->reader))
            client->reading_since_ms = 0;
        else if (client->reading_since_ms == 0)
            client->reading_since_ms = now_ms;
    } else if (err == ERR_NOT_FOUND) {
        client_close(local, client);
    } else {
        client_refuse(local, client,
            err == ERR_NO_MEMORY ? LOCAL_REFUSAL_MEMORY
                                 : LOCAL_REFUSAL_FRAME_SIZE);
    }
}

/* What found no room is offered again; the clock of those that we did not
 * read starts anew. */
static void resume(struct local_socket *local, int64_t now_ms)
{
    local->is_paused = false;
    for (size_t i = 0; i < local->limits.client_count_max; i++) {
        struct local_client *client = &local->clients[i];
        if (client->fd < 0)
            continue;
        if (client->reading_since_ms != 0)
            client->reading_since_ms = now_ms;
        if (client->is_held)
            request_offer(local, client);
        if (local->is_paused)
            return;
    }
}

/* ---- Replies ------------------------------------------------------------------ */

enum err local_socket_reply(struct local_socket *local, uint64_t client_id,
    const uint8_t *bytes, size_t size)
{
    struct local_client *client =
        &local->clients[client_id % local->limits.client_count_max];
    bool is_too_large = size > local->limits.frame_size_max;
    struct local_frame *frame =
        is_too_large ? NULL : local_frame_new(bytes, size);
    enum err err = ERR_NONE;
    lock(local);
    if (client->id != client_id || client_id == 0) {
        err = ERR_NOT_FOUND;
    } else if (is_too_large ||
               (frame != NULL && client->backlog_size + frame->size >
                                     local->limits.backlog_size_max)) {
        err = ERR_LIMIT;
        client->doom = LOCAL_REFUSAL_READ_SLOW;
    } else if (frame == NULL) {
        err = ERR_NO_MEMORY;
        client->doom = LOCAL_REFUSAL_MEMORY;
    }
    if (err == ERR_NONE) {
        if (client->first == NULL)
            client->first = frame;
        else
            client->last->next = frame;
        client->last = frame;
        client->backlog_size += frame->size;
        if (client->outstanding_count > 0)
            client->outstanding_count--;
        frame = NULL;
    } else if (err != ERR_NOT_FOUND) {
        client->is_doomed = true;
    }
    if (err != ERR_NOT_FOUND)
        wake(local);
    unlock(local);
    local_frame_free(frame);
    return err;
}

/* Takes the frame that is out off the queue. */
static struct local_frame *client_next_frame(
    struct local_socket *local, struct local_client *client)
{
    lock(local);
    struct local_frame *done = client->first;
    client->first = done->next;
    client->backlog_size -= done->size;
    struct local_frame *next = client->first;
    unlock(local);
    done->next = NULL;
    local_frame_free(done);
    return next;
}

static void client_write(
    struct local_socket *local, struct local_client *client, int64_t now_ms)
{
    lock(local);
    struct local_frame *frame = client->first;
    unlock(local);
    while (frame != NULL) {
        enum err err = local_frame_write(frame, client->fd);
        if (err == ERR_NOT_FOUND) {
            client_close(local, client);
            return;
        }
        if (err == ERR_EARLY) {
            if (client->writing_since_ms == 0)
                client->writing_since_ms = now_ms;
            return;
        }
        client->writing_since_ms = 0;
        frame = client_next_frame(local, client);
    }
}

/* ---- The thread ------------------------------------------------------------------ */

/* Milliseconds until then, at most `so_far` (-1: for ever). */
static int sooner(int so_far, int64_t at_ms, int64_t now_ms)
{
    int64_t left = at_ms > now_ms ? at_ms - now_ms : 0;
    return so_far < 0 || left < so_far ? (int)left : so_far;
}

/* What to wait for of one client, and until when. */
static short client_events(struct local_socket *local,
    const struct local_client *client, int64_t now_ms, int *timeout_ms)
{
    short events = 0;
    int64_t frame_ms_max = local->limits.frame_ms_max;
    lock(local);
    bool has_frames = client->first != NULL;
    bool is_patient =
        client->outstanding_count >= local->limits.outstanding_count_max;
    unlock(local);
    if (has_frames)
        events |= POLLOUT;
    if (has_frames && client->writing_since_ms != 0)
        *timeout_ms = sooner(
            *timeout_ms, client->writing_since_ms + frame_ms_max, now_ms);
    if (local->is_paused || client->is_held)
        return events;
    if (!is_patient || !frame_reader_is_idle(&client->reader))
        events |= POLLIN;
    if (client->reading_since_ms != 0)
        *timeout_ms = sooner(
            *timeout_ms, client->reading_since_ms + frame_ms_max, now_ms);
    return events;
}

/* Fills the descriptors in; returns how long poll() may take. */
static int polled_fill(struct local_socket *local, int64_t now_ms)
{
    int timeout_ms = -1;
    struct pollfd *polled = local->polled;
    bool may_accept = now_ms >= local->accept_at_ms;
    if (!may_accept)
        timeout_ms = sooner(timeout_ms, local->accept_at_ms, now_ms);
    polled[POLLED_WAKE] = (struct pollfd){ local->wake[0], POLLIN, 0 };
    polled[POLLED_LISTENER] =
        (struct pollfd){ may_accept ? local->listener : -1, POLLIN, 0 };
    for (size_t i = 0; i < local->limits.client_count_max; i++) {
        const struct local_client *client = &local->clients[i];
        short events = 0;
        if (client->fd >= 0)
            events = client_events(local, client, now_ms, &timeout_ms);
        polled[POLLED_CLIENTS + i] = (struct pollfd){ client->fd, events, 0 };
    }
    return timeout_ms;
}

/* Gone, out of time, or no longer welcome. False when it was closed. */
static bool client_check(
    struct local_socket *local, struct local_client *client, int64_t now_ms)
{
    int64_t frame_ms_max = local->limits.frame_ms_max;
    lock(local);
    bool is_doomed = client->is_doomed;
    enum local_socket_refusal doom = (enum local_socket_refusal)client->doom;
    unlock(local);
    if (is_doomed) {
        client_refuse(local, client, doom);
        return false;
    }
    if (client->writing_since_ms != 0 &&
        now_ms - client->writing_since_ms >= frame_ms_max) {
        client_refuse(local, client, LOCAL_REFUSAL_READ_SLOW);
        return false;
    }
    if (!local->is_paused && client->reading_since_ms != 0 &&
        now_ms - client->reading_since_ms >= frame_ms_max) {
        client_refuse(local, client, LOCAL_REFUSAL_FRAME_SLOW);
        return false;
    }
    return true;
}

static void client_serve(struct local_socket *local,
    struct local_client *client, short revents, int64_t now_ms)
{
    /* what it sent before it ended is still read: a last acknowledgement */
    bool is_ended = (revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
    client_write(local, client, now_ms);
    if (client->fd < 0)
        return;
    if ((revents & POLLIN) != 0 && !local->is_paused && !client->is_held)
        client_read(local, client, now_ms);
    else if (is_ended)
        client_close(local, client);
    if (client->fd >= 0)
        (void)client_check(local, client, now_ms);
}

/* Looks every client up in the table again. */
static void users_apply(struct local_socket *local)
{
    for (size_t i = 0; i < local->limits.client_count_max; i++) {
        struct local_client *client = &local->clients[i];
        if (client->fd < 0)
            continue;
        lock(local);
        bool is_known = user_find(local, client->uid, &client->rights);
        unlock(local);
        if (!is_known)
            client_refuse(local, client, LOCAL_REFUSAL_USER);
    }
}

/* False when it is time to end. */
static bool messages_take(struct local_socket *local, int64_t now_ms)
{
    wake_drain(local);
    lock(local);
    bool is_ending = local->is_ending;
    bool has_new_users = local->has_new_users;
    bool has_room = local->has_room;
    local->has_new_users = false;
    local->has_room = false;
    local->is_awake = false;
    unlock(local);
    if (is_ending)
        return false;
    if (has_new_users)
        users_apply(local);
    if (has_room)
        resume(local, now_ms);
    return true;
}

static void *run(void *user)
{
    struct local_socket *local = user;
    nfds_t count = (nfds_t)(POLLED_CLIENTS + local->limits.client_count_max);
    for (;;) {
        int timeout_ms = polled_fill(local, local_steady_ms());
        int ready = poll(local->polled, count, timeout_ms);
        int64_t now_ms = local_steady_ms();
        if (ready < 0 && errno != EINTR)
            /* memory for the kernel's table: nothing to do but to wait */
            (void)poll(NULL, 0, ACCEPT_PAUSE_MS);
        if (ready < 0)
            continue;
        if (!messages_take(local, now_ms))
            return NULL;
        /* before new ones: a client that came back is not to meet what its
         * old connection left */
        for (size_t i = 0; i < local->limits.client_count_max; i++) {
            const struct pollfd *polled = &local->polled[POLLED_CLIENTS + i];
            struct local_client *client = &local->clients[i];
            if (client->fd >= 0 && client->fd == polled->fd)
                client_serve(local, client, polled->revents, now_ms);
        }
        if (local->polled[POLLED_LISTENER].revents != 0)
            accept_some(local, now_ms);
    }
}

/* ---- Open and close ----------------------------------------------------------------- */

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
            or_default(options->frame_size_max, LOCAL_FRAME_SIZE_MAX),
        .outstanding_count_max = or_default(
            options->outstanding_count_max, LOCAL_OUTSTANDING_COUNT_MAX),
        .backlog_size_max =
            or_default(options->backlog_size_max, LOCAL_BACKLOG_SIZE_MAX),
        .frame_ms_max = options->frame_ms_max != 0 ? options->frame_ms_max
                                                   : LOCAL_FRAME_MS_MAX,
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
    error = pthread_create(&local->thread, NULL, run, local);
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
    lock(local);
    local->is_ending = true;
    wake(local);
    unlock(local);
    int error = pthread_join(local->thread, NULL);
    assert(error == 0);
    (void)error;
    local_free(local);
}

void local_socket_resume(struct local_socket *local)
{
    lock(local);
    local->has_room = true;
    wake(local);
    unlock(local);
}

enum err local_socket_set_clients(struct local_socket *local,
    const struct local_socket_user *users, size_t user_count)
{
    struct local_socket_user *copy = users_copy(users, user_count);
    if (copy == NULL)
        return ERR_NO_MEMORY;
    lock(local);
    struct local_socket_user *old = local->users;
    local->users = copy;
    local->user_count = user_count;
    local->has_new_users = true;
    wake(local);
    unlock(local);
    free(old);
    return ERR_NONE;
}
