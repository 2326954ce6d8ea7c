#include "sdk/fake/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sdk/channel.h"
#include "sdk/fake/case.h"
#include "sdk/fake/desk.h"
#include "sdk/fake/feed.h"
#include "sdk/fake/received.h"
#include "sdk/fake/wire.h"
#include "sdk/memory.h"
#include "sdk/status.h"

/*
 * serve.c - one thread: it accepts, reads frames, has them served, and writes
 * the replies. It holds the lock but for while it waits.
 */

#define BACKLOG 16
#define READ_SIZE 65536u

struct link {
    uint64_t id;
    int fd;
    bool is_over;   /* to be closed once everything is written */
    bool is_broken; /* to be closed at once */
    uint8_t *in;
    size_t in_size;
    size_t in_capacity;
    uint8_t *out;
    size_t out_size;
};

struct fake_server {
    pthread_t thread;
    int listener;
    int wake[2];
    bool is_ending;
    uint64_t link_id;
    size_t link_count;
    struct link links[FAKE_LINK_COUNT_MAX];
};

/* ---- Writing ----------------------------------------------------------- */

static struct link *link_named(struct fake_server *server, uint64_t id)
{
    for (size_t i = 0; i < server->link_count; i++)
        if (server->links[i].id == id)
            return &server->links[i];
    return NULL;
}

static void link_queue(struct link *link, const uint8_t *bytes, size_t size)
{
    uint8_t *all = sdk_memory_take(link->out_size + size);
    if (all == NULL) {
        link->is_broken = true; /* it cannot be told: so that it knows */
        return;
    }
    if (link->out_size > 0)
        memcpy(all, link->out, link->out_size);
    memcpy(all + link->out_size, bytes, size);
    sdk_memory_free(link->out);
    link->out = all;
    link->out_size += size;
}

static void link_write(struct link *link)
{
    size_t done = 0;
    while (done < link->out_size && !link->is_broken) {
        ssize_t sent = send(
            link->fd, link->out + done, link->out_size - done, MSG_NOSIGNAL);
        if (sent > 0)
            done += (size_t)sent;
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            break;
        else if (errno != EINTR)
            link->is_broken = true;
    }
    if (done == 0)
        return;
    memmove(link->out, link->out + done, link->out_size - done);
    link->out_size -= done;
}

void fake_server_reply(struct refer_fake *fake, uint64_t id,
    const struct sdk_reply *reply, int fault)
{
    static const uint8_t garbage[] = { 0, 0, 0, 1, 0xff };
    struct link *link =
        fake->server == NULL ? NULL : link_named(fake->server, id);
    uint8_t *frame;
    size_t size;
    if (link == NULL || fault == FAKE_IGNORE || fault == FAKE_NO_REPLY)
        return;
    if (fault == FAKE_LOSE_REQUEST || fault == FAKE_LOSE_REPLY) {
        link->is_over = true;
        return;
    }
    if (fault == FAKE_GARBAGE) {
        link_queue(link, garbage, sizeof garbage);
        return;
    }
    refer_status status = fake_reply_write(reply, &frame, &size);
    if (status == REFER_TOO_LARGE) {
        struct sdk_reply smaller = { .number = reply->number };
        (void)fake_refuse(
            &smaller, FAKE_ERR_LIMIT, "", "count", "ask for fewer at a time");
        status = fake_reply_write(&smaller, &frame, &size);
    }
    if (status != REFER_OK) {
        link->is_broken = true;
        return;
    }
    link_queue(link, frame, fault == FAKE_CUT_REPLY ? size / 2 : size);
    link->is_over = link->is_over || fault == FAKE_CUT_REPLY;
    sdk_memory_free(frame);
}

/* ---- Requests ---------------------------------------------------------- */

static bool is_done(int fault)
{
    return fault != FAKE_LOSE_REQUEST && fault != FAKE_IGNORE &&
           fault != FAKE_GARBAGE;
}

/* Serves the request, or does what was scripted instead. */
static void request_serve(struct refer_fake *fake, struct fake_request *request)
{
    struct sdk_reply reply = { .number = request->number };
    struct fake_surprise *surprise =
        fake_surprise_find(fake->surprises, request->operation);
    int fault = surprise == NULL ? FAKE_FAULT_COUNT : surprise->fault;
    bool is_kept = fake_received_keeps(request->operation);
    refer_fake_request *received = is_kept ? fake_received_new(request) : NULL;
    bool is_now = true;
    if (is_kept && received == NULL)
        (void)fake_exhausted(&reply);
    else if (surprise != NULL && fault == FAKE_FAULT_COUNT)
        fake_desk_refuse(request, surprise, &reply);
    else if (is_done(fault))
        is_now = fake_desk_serve(fake, request, &reply);
    if (received != NULL) {
        received->status = is_done(fault)
                               ? sdk_status_of(reply.error, reply.problem)
                               : REFER_DISCONNECTED;
        received->is_repeat = request->is_repeat;
        fake_received_keep(fake, received);
    }
    if (!is_kept || received != NULL)
        fake_surprise_drop(&fake->surprises, surprise);
    if (is_now || fault != FAKE_FAULT_COUNT)
        fake_server_reply(fake, request->link, &reply, fault);
    sdk_reply_release(&reply);
}

static void frame_take(
    struct refer_fake *fake, uint64_t id, const uint8_t *bytes, size_t size)
{
    struct fake_request request;
    refer_status status = fake_request_read(bytes, size, &request);
    request.link = id;
    if (status != REFER_OK) {
        struct sdk_reply reply = { .number = request.number };
        if (status == REFER_NO_MEMORY)
            (void)fake_exhausted(&reply);
        else
            (void)fake_refuse(&reply, FAKE_ERR_MALFORMED, "", "operation",
                "write requests as refer/v1/local.proto says");
        fake_server_reply(fake, id, &reply, FAKE_FAULT_COUNT);
        return;
    }
    request_serve(fake, &request);
    fake_request_release(&request);
}

static size_t frame_size(const struct link *link)
{
    const uint8_t *in = link->in;
    return (size_t)in[0] << 24 | (size_t)in[1] << 16 | (size_t)in[2] << 8 |
           in[3];
}

/* Every whole frame that was read. */
static void link_serve(struct refer_fake *fake, struct link *link)
{
    size_t done = 0;
    while (!link->is_broken && !link->is_over &&
           link->in_size - done >= SDK_FRAME_HEADER_SIZE) {
        struct link rest = { .in = link->in + done };
        size_t size = frame_size(&rest);
        if (size == 0 || size > SDK_BATCH_SIZE_MAX)
            link->is_broken = true;
        else if (link->in_size - done - SDK_FRAME_HEADER_SIZE < size)
            break;
        else
            frame_take(
                fake, link->id, link->in + done + SDK_FRAME_HEADER_SIZE, size);
        done += SDK_FRAME_HEADER_SIZE + size;
    }
    if (done == 0 || link->is_broken)
        return;
    memmove(link->in, link->in + done, link->in_size - done);
    link->in_size -= done;
}

static void link_read(struct refer_fake *fake, struct link *link)
{
    if (link->in_capacity - link->in_size < READ_SIZE) {
        size_t capacity = 2 * link->in_capacity + READ_SIZE;
        uint8_t *larger = sdk_memory_take(capacity);
        if (larger == NULL) {
            link->is_broken = true;
            return;
        }
        if (link->in_size > 0)
            memcpy(larger, link->in, link->in_size);
        sdk_memory_free(link->in);
        link->in = larger;
        link->in_capacity = capacity;
    }
    ssize_t size = recv(link->fd, link->in + link->in_size,
        link->in_capacity - link->in_size, 0);
    if (size > 0) {
        link->in_size += (size_t)size;
        link_serve(fake, link);
    } else if (size == 0 ||
               (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
        link->is_broken = true;
    }
}

/* ---- Connections ------------------------------------------------------- */

static bool descriptor_prepare(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
           fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

static void link_accept(struct fake_server *server)
{
    int fd = accept(server->listener, NULL, NULL);
    if (fd < 0)
        return;
    if (server->link_count == FAKE_LINK_COUNT_MAX || !descriptor_prepare(fd)) {
        (void)close(fd);
        return;
    }
    server->links[server->link_count++] =
        (struct link){ .id = ++server->link_id, .fd = fd };
}

static void link_close(struct refer_fake *fake, struct link *link)
{
    struct fake_server *server = fake->server;
    fake_cursors_gone(fake, link->id);
    (void)close(link->fd);
    sdk_memory_free(link->in);
    sdk_memory_free(link->out);
    *link = server->links[--server->link_count];
}

static void links_settle(struct refer_fake *fake)
{
    struct fake_server *server = fake->server;
    for (size_t i = 0; i < server->link_count;) {
        struct link *link = &server->links[i];
        link_write(link);
        if (link->is_broken || (link->is_over && link->out_size == 0))
            link_close(fake, link);
        else
            i++;
    }
}

/* ---- The thread -------------------------------------------------------- */

static int wait_ms(const struct refer_fake *fake)
{
    int64_t due = fake_cursors_due_ms(fake);
    if (due == INT64_MAX)
        return -1;
    int64_t left = due - fake_steady_ms();
    return left <= 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)left;
}

static void drain(int fd)
{
    char bytes[64];
    while (read(fd, bytes, sizeof bytes) > 0)
        continue;
}

/* Waits without the lock, then does what there is to do. */
static void turn(struct refer_fake *fake)
{
    struct fake_server *server = fake->server;
    struct pollfd polled[2 + FAKE_LINK_COUNT_MAX] = {
        { .fd = server->listener, .events = POLLIN },
        { .fd = server->wake[0], .events = POLLIN },
    };
    size_t count = server->link_count;
    for (size_t i = 0; i < count; i++) {
        const struct link *link = &server->links[i];
        polled[2 + i] = (struct pollfd){ .fd = link->fd,
            .events = link->out_size > 0 ? POLLIN | POLLOUT : POLLIN };
    }
    int timeout_ms = wait_ms(fake);
    (void)pthread_mutex_unlock(&fake->lock);
    int ready = poll(polled, 2 + count, timeout_ms);
    (void)pthread_mutex_lock(&fake->lock);
    if (ready <= 0)
        return;
    if (polled[1].revents != 0)
        drain(server->wake[0]);
    for (size_t i = 0; i < count; i++)
        if ((polled[2 + i].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
            link_read(fake, &server->links[i]);
    if (polled[0].revents != 0)
        link_accept(server);
}

static void *run(void *user)
{
    struct refer_fake *fake = user;
    (void)pthread_mutex_lock(&fake->lock);
    while (!fake->server->is_ending) {
        /* what follows from a request comes after its answer was made and
         * before it is sent: who has the answer finds the rest done */
        fake_other_turn(fake);
        fake_cursors_wake(fake);
        links_settle(fake);
        turn(fake);
    }
    (void)pthread_mutex_unlock(&fake->lock);
    return NULL;
}

void fake_server_wake(const struct refer_fake *fake)
{
    if (fake->server == NULL)
        return;
    /* a full pipe wakes it already */
    ssize_t written = write(fake->server->wake[1], "", 1);
    (void)written;
}

/* ---- Start and end ----------------------------------------------------- */

static bool listen_at(struct fake_server *server, const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    memcpy(address.sun_path, path, strlen(path) + 1);
    server->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    return server->listener >= 0 && descriptor_prepare(server->listener) &&
           bind(server->listener, (const struct sockaddr *)&address,
               sizeof address) == 0 &&
           listen(server->listener, BACKLOG) == 0;
}

static bool thread_start(struct refer_fake *fake)
{
    sigset_t all;
    sigset_t before;
    /* the program's signals are for its own threads */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&fake->server->thread, NULL, run, fake);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error == 0;
}

static void server_release(struct refer_fake *fake)
{
    struct fake_server *server = fake->server;
    while (server->link_count > 0)
        link_close(fake, &server->links[0]);
    if (server->listener >= 0) {
        (void)close(server->listener);
        (void)unlink(fake->socket);
    }
    for (int i = 0; i < 2; i++)
        if (server->wake[i] >= 0)
            (void)close(server->wake[i]);
    sdk_memory_free(server);
    fake->server = NULL;
}

refer_status fake_server_start(struct refer_fake *fake)
{
    struct fake_server *server = sdk_memory_take(sizeof *server);
    if (server == NULL)
        return REFER_NO_MEMORY;
    server->listener = -1;
    server->wake[0] = server->wake[1] = -1;
    fake->server = server;
    if (pipe(server->wake) == 0 && descriptor_prepare(server->wake[0]) &&
        descriptor_prepare(server->wake[1]) &&
        listen_at(server, fake->socket) && thread_start(fake))
        return REFER_OK;
    server_release(fake);
    return REFER_BUSY;
}

void fake_server_stop(struct refer_fake *fake)
{
    if (fake->server == NULL)
        return;
    (void)pthread_mutex_lock(&fake->lock);
    fake->server->is_ending = true;
    fake_server_wake(fake);
    (void)pthread_mutex_unlock(&fake->lock);
    (void)pthread_join(fake->server->thread, NULL);
    (void)pthread_mutex_lock(&fake->lock);
    server_release(fake);
    (void)pthread_mutex_unlock(&fake->lock);
}
