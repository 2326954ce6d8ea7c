/* A service manager for tests: binds the Unix datagram socket PATH and writes
 * each message that comes as a line, line feeds within it as "|", with the
 * milliseconds since its start before it. Ends on SIGTERM. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

static int64_t now_ms(void)
{
    struct timespec at;
    if (clock_gettime(CLOCK_MONOTONIC, &at) != 0)
        return 0;
    return (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    char text[4096];
    ssize_t size;
    if (argc != 2 || strlen(argv[1]) >= sizeof address.sun_path)
        return 2;
    memcpy(address.sun_path, argv[1], strlen(argv[1]));
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (fd < 0 ||
        bind(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        perror(argv[1]);
        return 1;
    }
    int64_t start_ms = now_ms();
    while ((size = recv(fd, text, sizeof text - 1, 0)) >= 0) {
        for (ssize_t i = 0; i < size; i++)
            if (text[i] == '\n')
                text[i] = '|';
        text[size] = '\0';
        if (printf("%" PRId64 " %s\n", now_ms() - start_ms, text) < 0 ||
            fflush(stdout) != 0)
            return 1;
    }
    return 1;
}
