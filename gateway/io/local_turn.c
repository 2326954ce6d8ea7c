/*
 * local_turn.c - what the local socket's thread does: it waits, hears what the
 * others want, serves the clients there are, lets new ones in.
 */
#include "io/local_state.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/* Without a descriptor left, accepting again at once would only spin. */
#define ACCEPT_PAUSE_MS 100
/* In one turn of the thread. */
#define ACCEPT_COUNT 16

static void wake_drain(struct local_socket *local)
{
    char bytes[16];
    ssize_t size;
    do
        size = read(local->wake[0], bytes, sizeof bytes);
    while (size > 0 || (size < 0 && errno == EINTR));
}

/* ---- Room for large frames ---------------------------------------------- */

static size_t user_reading_size(const struct local_socket *local, uid_t uid)
{
    size_t size = 0;
    for (size_t i = 0; i < local->limits.client_count_max; i++)
        if (local->clients[i].fd >= 0 && local->clients[i].uid == uid)
            size += local->clients[i].reserved;
    return size;
}

/* For the frame whose head was read; false when it has to wait. */
static bool room_take(struct local_socket *local, struct local_client *client)
{
    size_t size = client->reader.size;
    client->is_waiting =
        local->reading_size + size > local->limits.reading_size_max ||
        user_reading_size(local, client->uid) + size >
            local->limits.reading_size_max_per_user;
    if (client->is_waiting)
        return false;
    client->reserved = size;
    local->reading_size += size;
    return true;
}

static void room_give(struct local_socket *local, struct local_client *client)
{
    local->has_freed |= client->reserved > 0;
    local->reading_size -= client->reserved;
    client->reserved = 0;
    client->is_waiting = false;
}

/* Once around, from whoever was left out before. Nobody overtakes one who
 * waits for what all share. */
static void room_share(struct local_socket *local, int64_t now_ms)
{
    size_t count = local->limits.client_count_max;
    size_t first = local->room_turn;
    bool is_left_out = false;
    if (!local->has_freed)
        return;
    local->has_freed = false;
    for (size_t i = 0; i < count; i++) {
        size_t index = (first + i) % count;
        struct local_client *client = &local->clients[index];
        if (client->fd < 0 || !client->is_waiting)
            continue;
        if (room_take(local, client)) {
            client->reading_since_ms = now_ms;
            continue;
        }
        if (!is_left_out)
            local->room_turn = index;
        is_left_out = true;
        if (local->reading_size + client->reader.size >
            local->limits.reading_size_max)
            return;
    }
}

/* ---- Clients come and go ----------------------------------------------- */

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
    room_give(local, client);
    local_lock(local);
    uint64_t id = client->id;
    struct local_frame *frames = client->first;
    client->id = 0;
    client->first = NULL;
    client->last = NULL;
    local_backlog_set(local, client, 0);
    client->outstanding_count = 0;
    client->is_writing = false;
    client->is_doomed = false;
    local_unlock(local);
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
    local_lock(local);
    bool is_known = user_find(local, uid, rights);
    local_unlock(local);
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
    local_lock(local);
    client->id = ++local->serial * local->limits.client_count_max + index;
    local_unlock(local);
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

/* ---- Requests ---------------------------------------------------------- */

/* Hands the whole frame on, or holds it. */
static void request_offer(
    struct local_socket *local, struct local_client *client)
{
    struct slice frame = frame_reader_frame(&client->reader);
    /* before the call: the reply may come first from another thread */
    local_lock(local);
    client->outstanding_count++;
    uint64_t id = client->id;
    local_unlock(local);
    client->is_held = !local->events.on_request(local->events.user, id,
        client->rights, client->uid, frame.bytes, frame.size);
    if (!client->is_held) {
        frame_reader_next(&client->reader);
        room_give(local, client);
        return;
    }
    local_lock(local);
    client->outstanding_count--;
    local_unlock(local);
    local->is_paused = true;
}

static void client_read(
    struct local_socket *local, struct local_client *client, int64_t now_ms)
{
    bool is_complete;
    enum err err = local_client_read(client, &is_complete);
    if (err == ERR_BUSY && room_take(local, client))
        err = local_client_read(client, &is_complete);
    if (is_complete) {
        client->reading_since_ms = 0;
        request_offer(local, client);
    } else if (err == ERR_EARLY) {
        if (frame_reader_is_idle(&client->reader))
            client->reading_since_ms = 0;
        else if (client->reading_since_ms == 0)
            client->reading_since_ms = now_ms;
    } else if (err == ERR_BUSY) {
        client->reading_since_ms = 0;
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

/* ---- Replies ---------------------------------------------------------- */

/* The first of the queue, which is then this thread's to write. */
static struct local_frame *client_first_frame(
    struct local_socket *local, struct local_client *client)
{
    local_lock(local);
    struct local_frame *first = client->first;
    client->is_writing = first != NULL;
    local_unlock(local);
    return first;
}

/* Takes the frame that is out off the queue. */
static struct local_frame *client_next_frame(
    struct local_socket *local, struct local_client *client)
{
    local_lock(local);
    struct local_frame *done = client->first;
    client->first = done->next;
    client->read_at = ++local->read_serial;
    local_backlog_set(local, client, client->backlog_size - done->size);
    struct local_frame *next = client->first;
    client->is_writing = next != NULL;
    local_unlock(local);
    done->next = NULL;
    local_frame_free(done);
    return next;
}

/* No more goes now: until more does, the frame is anybody's again. */
static void client_pause(
    struct local_socket *local, struct local_client *client, bool has_read)
{
    local_lock(local);
    client->is_writing = false;
    if (has_read)
        client->read_at = ++local->read_serial;
    local_unlock(local);
}

static void client_write(
    struct local_socket *local, struct local_client *client, int64_t now_ms)
{
    struct local_frame *frame = client_first_frame(local, client);
    while (frame != NULL) {
        size_t sent = frame->sent;
        enum err err = local_frame_write(frame, client->fd);
        if (err == ERR_NOT_FOUND) {
            client_close(local, client);
            return;
        }
        if (err == ERR_EARLY) {
            client_pause(local, client, frame->sent > sent);
            if (client->writing_since_ms == 0)
                client->writing_since_ms = now_ms;
            return;
        }
        client->writing_since_ms = 0;
        frame = client_next_frame(local, client);
    }
}

/* ---- The thread -------------------------------------------------------- */

/* Milliseconds until then, at most `so_far` (-1: for ever). */
static int sooner(int so_far, int64_t at_ms, int64_t now_ms)
{
    int64_t left = at_ms > now_ms ? at_ms - now_ms : 0;
    return so_far < 0 || left < so_far ? (int)left : so_far;
}

/* What to wait for of one client, and until when; under the lock. */
static short client_events(struct local_socket *local,
    const struct local_client *client, int64_t now_ms, int *timeout_ms)
{
    short events = 0;
    int64_t frame_ms_max = local->limits.frame_ms_max;
    bool has_frames = client->first != NULL;
    bool is_patient =
        client->outstanding_count >= local->limits.outstanding_count_max;
    if (has_frames)
        events |= POLLOUT;
    if (has_frames && client->writing_since_ms != 0)
        *timeout_ms = sooner(
            *timeout_ms, client->writing_since_ms + frame_ms_max, now_ms);
    if (local->is_paused || client->is_held || client->is_waiting)
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
    local_lock(local);
    for (size_t i = 0; i < local->limits.client_count_max; i++) {
        const struct local_client *client = &local->clients[i];
        short events = 0;
        if (client->fd >= 0)
            events = client_events(local, client, now_ms, &timeout_ms);
        polled[POLLED_CLIENTS + i] = (struct pollfd){ client->fd, events, 0 };
    }
    local_unlock(local);
    return timeout_ms;
}

/* Gone, out of time, or no longer welcome. False when it was closed. */
static bool client_check(
    struct local_socket *local, struct local_client *client, int64_t now_ms)
{
    int64_t frame_ms_max = local->limits.frame_ms_max;
    local_lock(local);
    bool is_doomed = client->is_doomed;
    enum local_socket_refusal doom = (enum local_socket_refusal)client->doom;
    local_unlock(local);
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
    bool is_read = !local->is_paused && !client->is_held && !client->is_waiting;
    if ((revents & POLLIN) != 0 && is_read)
        client_read(local, client, now_ms);
    else if (is_ended)
        client_close(local, client);
    if (client->fd >= 0)
        (void)client_check(local, client, now_ms);
}

/* Clients about which there is nothing to do have no place in this turn: to
 * look at each would be a lock each. */
static void quiet_pass_over(struct local_socket *local)
{
    local_lock(local);
    for (size_t i = 0; i < local->limits.client_count_max; i++) {
        const struct local_client *client = &local->clients[i];
        struct pollfd *polled = &local->polled[POLLED_CLIENTS + i];
        bool is_timed =
            client->reading_since_ms != 0 || client->writing_since_ms != 0;
        if (polled->revents == 0 && client->first == NULL && !is_timed &&
            !client->is_doomed)
            polled->fd = -1;
    }
    local_unlock(local);
}

/* Looks every client up in the table again. */
static void users_apply(struct local_socket *local)
{
    for (size_t i = 0; i < local->limits.client_count_max; i++) {
        struct local_client *client = &local->clients[i];
        if (client->fd < 0)
            continue;
        local_lock(local);
        bool is_known = user_find(local, client->uid, &client->rights);
        local_unlock(local);
        if (!is_known)
            client_refuse(local, client, LOCAL_REFUSAL_USER);
    }
}

/* False when it is time to end. */
static bool messages_take(struct local_socket *local, int64_t now_ms)
{
    wake_drain(local);
    local_lock(local);
    bool is_ending = local->is_ending;
    bool has_new_users = local->has_new_users;
    bool has_room = local->has_room;
    local->has_new_users = false;
    local->has_room = false;
    local->is_awake = false;
    local_unlock(local);
    if (is_ending)
        return false;
    if (has_new_users)
        users_apply(local);
    if (has_room)
        resume(local, now_ms);
    return true;
}

void *local_turn_run(void *user)
{
    struct local_socket *local = user;
    nfds_t count = (nfds_t)(POLLED_CLIENTS + local->limits.client_count_max);
    for (;;) {
        int timeout_ms = polled_fill(local, local->limits.steady_ms());
        int ready = poll(local->polled, count, timeout_ms);
        int64_t now_ms = local->limits.steady_ms();
        if (ready < 0 && errno != EINTR)
            /* memory for the kernel's table: nothing to do but to wait */
            (void)poll(NULL, 0, ACCEPT_PAUSE_MS);
        if (ready < 0)
            continue;
        if (!messages_take(local, now_ms))
            return NULL;
        quiet_pass_over(local);
        /* before new ones: a client that came back is not to meet what its
         * old connection left */
        for (size_t i = 0; i < local->limits.client_count_max; i++) {
            const struct pollfd *polled = &local->polled[POLLED_CLIENTS + i];
            struct local_client *client = &local->clients[i];
            if (client->fd >= 0 && client->fd == polled->fd)
                client_serve(local, client, polled->revents, now_ms);
        }
        room_share(local, now_ms);
        if (local->polled[POLLED_LISTENER].revents != 0)
            accept_some(local, now_ms);
    }
}
