#include "daemon/notify.h"

#include "base/text.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

static bool number_read(const char *text, uint64_t *number)
{
    return text_decimal_decode(slice_of_text(text), number) == ERR_NONE;
}

/* Pings are wanted of the process that is named, if one is. */
static bool watchdog_read(
    const char *usec, const char *pid, uint32_t *watchdog_ms)
{
    uint64_t number;
    *watchdog_ms = 0;
    if (usec == NULL)
        return true;
    if (pid != NULL && !number_read(pid, &number))
        return false;
    if (pid != NULL && number != (uint64_t)getpid())
        return true;
    if (!number_read(usec, &number) || number / 1000 > INT32_MAX)
        return false;
    *watchdog_ms = (uint32_t)(number / 1000);
    return true;
}

bool notify_open(struct notify *notify, const char *socket_name,
    const char *watchdog_usec, const char *watchdog_pid)
{
    *notify = (struct notify){ .socket = -1 };
    if (socket_name == NULL)
        return true;
    size_t size = strlen(socket_name);
    if ((socket_name[0] != '/' && socket_name[0] != '@') || size < 2 ||
        size >= sizeof notify->address.sun_path ||
        !watchdog_read(watchdog_usec, watchdog_pid, &notify->watchdog_ms))
        return false;
    notify->address.sun_family = AF_UNIX;
    memcpy(notify->address.sun_path, socket_name, size);
    if (socket_name[0] == '@')
        notify->address.sun_path[0] = '\0';
    notify->address_size =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
    notify->socket = socket(AF_UNIX, SOCK_DGRAM, 0);
    return notify->socket >= 0 &&
           fcntl(notify->socket, F_SETFD, FD_CLOEXEC) == 0;
}

bool notify_say(const struct notify *notify, const char *state)
{
    size_t size = strlen(state);
    return notify->socket < 0 ||
           sendto(notify->socket, state, size, MSG_NOSIGNAL | MSG_DONTWAIT,
               (const struct sockaddr *)&notify->address,
               notify->address_size) == (ssize_t)size;
}

void notify_close(struct notify *notify)
{
    if (notify->socket >= 0)
        (void)close(notify->socket);
    notify->socket = -1;
}
