#include "channel.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "memory.h"

/* Between two tries to connect to a gateway whose queue is full: there is
 * nothing to poll for. */
#define CONNECT_PAUSE_MS 5
/* What a reply is read in pieces of, at least. */
#define IN_CAPACITY_MIN 16384u

static int64_t steady_ms(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        return 0; /* cannot be: the clock is there and the argument right */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct sdk_deadline sdk_deadline_in(int32_t timeout_ms)
{
    return (struct sdk_deadline){
        .at_ms = steady_ms() + (timeout_ms > 0 ? timeout_ms : 0),
        .is_never = timeout_ms < 0,
    };
}

int sdk_deadline_left_ms(struct sdk_deadline deadline)
{
    if (deadline.is_never)
        return -1;
    int64_t left = deadline.at_ms - steady_ms();
    if (left <= 0)
        return 0;
    return left > INT32_MAX ? INT32_MAX : (int)left;
}

/* ---- Life -------------------------------------------------------------- */

/* Never blocking, never inherited by a program that is executed. */
static bool descriptor_prepare(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
           fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

refer_status sdk_channel_init(struct sdk_channel *channel)
{
    *channel = (struct sdk_channel){ .fd = -1, .interrupt = { -1, -1 } };
    if (pipe(channel->interrupt) != 0)
        return REFER_BUSY;
    if (!descriptor_prepare(channel->interrupt[0]) ||
        !descriptor_prepare(channel->interrupt[1])) {
        sdk_channel_release(channel);
        return REFER_BUSY;
    }
    return REFER_OK;
}

void sdk_channel_release(struct sdk_channel *channel)
{
    sdk_channel_disconnect(channel);
    for (int i = 0; i < 2; i++) {
        if (channel->interrupt[i] >= 0)
            (void)close(channel->interrupt[i]);
        channel->interrupt[i] = -1;
    }
}

void sdk_channel_disconnect(struct sdk_channel *channel)
{
    if (channel->fd >= 0)
        (void)close(channel->fd);
    channel->fd = -1;
    sdk_memory_free(channel->in);
    channel->in = NULL;
    channel->in_size = 0;
    channel->in_capacity = 0;
}

/* ---- Interrupts -------------------------------------------------------- */

void sdk_channel_interrupt(struct sdk_channel *channel)
{
    int before = errno;
    /* a full pipe ends a wait already */
    ssize_t written = write(channel->interrupt[1], "", 1);
    (void)written;
    errno = before;
    /* behind the byte, which is gone when this is taken back */
    atomic_store(&channel->is_interrupted, true);
}

bool sdk_channel_take_interrupt(struct sdk_channel *channel)
{
    char bytes[64];
    if (!atomic_load(&channel->is_interrupted))
        return false;
    atomic_store(&channel->is_interrupted, false);
    for (;;) {
        ssize_t size = read(channel->interrupt[0], bytes, sizeof bytes);
        if (size == 0 || (size < 0 && errno != EINTR))
            return true;
    }
}

/* Waits for `events` on the connection (on none when fd is -1). */
static refer_status channel_wait(
    struct sdk_channel *channel, short events, int timeout_ms, short *revents)
{
    struct pollfd polled[] = {
        { .fd = channel->fd, .events = events },
        { .fd = channel->interrupt[0], .events = POLLIN },
    };
    int count = poll(polled, 2, timeout_ms);
    *revents = 0;
    if (count < 0)
        return errno == EINTR ? REFER_OK : REFER_NO_MEMORY;
    if (count == 0)
        return REFER_TIMEOUT;
    if (polled[1].revents != 0 && sdk_channel_take_interrupt(channel))
        return REFER_INTERRUPTED;
    *revents = polled[0].revents;
    return REFER_OK;
}

/* ---- Connecting -------------------------------------------------------- */

static refer_status connect_failure(int error)
{
    switch (error) {
    case EACCES:
    case EPERM:
        return REFER_DENIED;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        return REFER_BUSY;
    default:
        return REFER_DISCONNECTED;
    }
}

refer_status sdk_channel_connect(
    struct sdk_channel *channel, const char *path, struct sdk_deadline deadline)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    size_t size = strlen(path);
    if (size == 0 || size >= sizeof address.sun_path)
        return REFER_INVALID;
    memcpy(address.sun_path, path, size + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0)
        return connect_failure(errno);
    refer_status status = descriptor_prepare(fd) ? REFER_OK : REFER_BUSY;
    while (status == REFER_OK && connect(fd, (const struct sockaddr *)&address,
                                     sizeof address) != 0) {
        short revents;
        int error = errno;
        int left = sdk_deadline_left_ms(deadline);
        if (error == EINTR)
            continue;
        if (error != EAGAIN)
            status = connect_failure(error);
        else if (left == 0)
            status = REFER_TIMEOUT;
        else
            status = channel_wait(channel, 0,
                left < 0 || left > CONNECT_PAUSE_MS ? CONNECT_PAUSE_MS : left,
                &revents);
        if (status == REFER_TIMEOUT && left != 0)
            status = REFER_OK;
    }
    if (status != REFER_OK) {
        (void)close(fd);
        return status;
    }
    channel->fd = fd;
    return REFER_OK;
}

/* ---- Frames ------------------------------------------------------------ */

static size_t frame_size(const struct sdk_channel *channel)
{
    const uint8_t *in = channel->in;
    if (channel->in_size < SDK_FRAME_HEADER_SIZE)
        return SDK_FRAME_HEADER_SIZE;
    return SDK_FRAME_HEADER_SIZE + ((size_t)in[0] << 24 | (size_t)in[1] << 16 |
                                       (size_t)in[2] << 8 | in[3]);
}

static bool has_frame(const struct sdk_channel *channel)
{
    return channel->in_size >= SDK_FRAME_HEADER_SIZE &&
           channel->in_size >= frame_size(channel);
}

static refer_status channel_reserve(struct sdk_channel *channel)
{
    size_t wanted = frame_size(channel);
    if (wanted > SDK_FRAME_HEADER_SIZE + SDK_MESSAGE_SIZE_MAX)
        return REFER_PROTOCOL;
    if (wanted <= channel->in_capacity)
        return REFER_OK;
    size_t capacity = IN_CAPACITY_MIN;
    while (capacity < wanted)
        capacity *= 2;
    uint8_t *larger = sdk_memory_grow(channel->in, channel->in_size, capacity);
    if (larger == NULL)
        return REFER_NO_MEMORY;
    channel->in = larger;
    channel->in_capacity = capacity;
    return REFER_OK;
}

/* Reads what is there, at least a byte. REFER_TIMEOUT when there is nothing. */
static refer_status channel_fill(struct sdk_channel *channel)
{
    refer_status status = channel_reserve(channel);
    if (status != REFER_OK || channel->in_size == channel->in_capacity)
        return status; /* full: whole frames wait to be consumed */
    for (;;) {
        ssize_t size = recv(channel->fd, channel->in + channel->in_size,
            channel->in_capacity - channel->in_size, 0);
        if (size > 0) {
            channel->in_size += (size_t)size;
            return REFER_OK;
        }
        if (size == 0)
            return REFER_DISCONNECTED;
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return REFER_TIMEOUT;
        if (errno != EINTR)
            return REFER_DISCONNECTED;
    }
}

refer_status sdk_channel_send(struct sdk_channel *channel, const uint8_t *frame,
    size_t size, struct sdk_deadline deadline)
{
    while (size > 0) {
        ssize_t sent = send(channel->fd, frame, size, MSG_NOSIGNAL);
        if (sent >= 0) {
            frame += sent;
            size -= (size_t)sent;
            continue;
        }
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK)
            return REFER_DISCONNECTED;
        /* The gateway may be waiting for us to read: never only write. */
        bool has_room =
            channel->in_size < channel->in_capacity || !has_frame(channel);
        short events = has_room ? POLLIN | POLLOUT : POLLOUT;
        short revents;
        refer_status status = channel_wait(
            channel, events, sdk_deadline_left_ms(deadline), &revents);
        if (status == REFER_OK && has_room && (revents & POLLIN) != 0)
            status = channel_fill(channel);
        else if (status == REFER_TIMEOUT)
            return REFER_TIMEOUT;
        if (status != REFER_OK && status != REFER_TIMEOUT)
            return status;
    }
    return REFER_OK;
}

refer_status sdk_channel_receive(struct sdk_channel *channel,
    struct sdk_deadline deadline, const uint8_t **message, size_t *size)
{
    while (!has_frame(channel)) {
        refer_status status = channel_fill(channel);
        if (status == REFER_TIMEOUT) {
            short revents;
            status = channel_wait(
                channel, POLLIN, sdk_deadline_left_ms(deadline), &revents);
        }
        if (status != REFER_OK)
            return status;
    }
    *message = channel->in + SDK_FRAME_HEADER_SIZE;
    *size = frame_size(channel) - SDK_FRAME_HEADER_SIZE;
    return REFER_OK;
}

void sdk_channel_consume(struct sdk_channel *channel)
{
    size_t size = frame_size(channel);
    channel->in_size -= size;
    memmove(channel->in, channel->in + size, channel->in_size);
    /* the buffer is kept, what was in it not */
    memset(channel->in + channel->in_size, 0, size);
}

bool sdk_channel_is_open(struct sdk_channel *channel)
{
    if (channel->fd < 0)
        return false;
    if (has_frame(channel))
        return true;
    refer_status status = channel_fill(channel);
    return status == REFER_OK || status == REFER_TIMEOUT;
}
