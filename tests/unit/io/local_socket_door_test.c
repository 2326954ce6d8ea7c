#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "io/local_client.h"
#include "io/local_socket.h"
#include "support/local_door.h"

#define NOBODY 65534

/* ---- Users ------------------------------------------------------------- */

static void who_is_not_in_the_table_is_refused(void **state)
{
    (void)state;
    struct door door;
    struct local_socket_user other = { getuid() + 1, DOOR_RIGHTS };
    door_open(&door,
        (struct local_socket_options){ .users = &other, .user_count = 1 });
    door_assert_closed(door_dial(&door));
    door_await(&door, &door.log.refusal_counts[LOCAL_REFUSAL_USER], 1);
    assert_int_equal(door.log.gone_count, 0);
    door_close(&door);
}

static void a_new_table_is_for_those_who_are_there_too(void **state)
{
    (void)state;
    struct door door;
    struct local_socket_user self = { getuid(), DOOR_RIGHTS + 1 };
    door_open(&door, (struct local_socket_options){ 0 });
    int fd = door_dial(&door);
    door_assert_answers(fd);
    assert_int_equal(door_last(&door).rights, DOOR_RIGHTS);
    assert_int_equal(local_socket_set_clients(door.local, &self, 1), ERR_NONE);
    door_assert_answers(fd);
    assert_int_equal(door_last(&door).rights, DOOR_RIGHTS + 1);
    assert_int_equal(local_socket_set_clients(door.local, NULL, 0), ERR_NONE);
    door_assert_closed(fd);
    door_await(&door, &door.log.refusal_counts[LOCAL_REFUSAL_USER], 1);
    door_await(&door, &door.log.gone_count, 1);
    door_close(&door);
}

/* In a child: 0 when answered, 1 when closed. */
static int ask_as(const struct door *door, uid_t uid)
{
    uint8_t frame[5];
    if (setuid(uid) != 0)
        return 2;
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    memcpy(address.sun_path, door->path, strlen(door->path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0)
        return 3;
    (void)send(fd, "\0\0\0\1x", 5, MSG_NOSIGNAL);
    return recv(fd, frame, sizeof frame, MSG_WAITALL) == 5 ? 0 : 1;
}

static int status_of_child(const struct door *door, uid_t uid)
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(ask_as(door, uid));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void the_kernel_says_who_is_calling(void **state)
{
    (void)state;
    struct door door;
    struct local_socket_user nobody[] = { { 0, 1 }, { NOBODY, 2 } };
    if (getuid() != 0) {
        print_message("skipped: only root can call as another user\n");
        skip();
    }
    door_open(&door, (struct local_socket_options){ 0 });
    assert_int_equal(chmod(door.folder, 0755), 0);
    assert_int_equal(status_of_child(&door, NOBODY), 1);
    door_await(&door, &door.log.refusal_counts[LOCAL_REFUSAL_USER], 1);
    assert_int_equal(local_socket_set_clients(door.local, nobody, 2), ERR_NONE);
    assert_int_equal(status_of_child(&door, NOBODY), 0);
    assert_int_equal(door_last(&door).uid, NOBODY);
    assert_int_equal(door_last(&door).rights, 2);
    door_close(&door);
}

/* ---- The path ---------------------------------------------------------- */

static void a_living_gateway_is_left_alone(void **state)
{
    (void)state;
    struct door door;
    door_open(&door, (struct local_socket_options){ 0 });
    struct local_socket *first = door.local;
    assert_int_equal(
        door_open_with(&door, (struct local_socket_options){ 0 }), ERR_BUSY);
    assert_null(door.local);
    door.local = first;
    door.log.local = first;
    int fd = door_dial(&door);
    door_assert_answers(fd);
    (void)close(fd);
    door_close(&door);
}

static void the_file_of_a_dead_gateway_is_replaced(void **state)
{
    (void)state;
    struct door door;
    struct stat status;
    door_init(&door);
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    memcpy(address.sun_path, door.path, strlen(door.path) + 1);
    int dead = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(
        bind(dead, (const struct sockaddr *)&address, sizeof address), 0);
    (void)close(dead);
    mode_t before = umask(077);
    assert_int_equal(
        door_open_with(&door, (struct local_socket_options){ 0 }), ERR_NONE);
    (void)umask(before);
    assert_int_equal(lstat(door.path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0666);
    int fd = door_dial(&door);
    door_assert_answers(fd);
    (void)close(fd);
    door_close(&door);
}

static void what_is_no_socket_is_never_removed(void **state)
{
    (void)state;
    struct door door;
    door_init(&door);
    FILE *file = fopen(door.path, "w");
    assert_non_null(file);
    (void)fclose(file);
    assert_int_equal(
        door_open_with(&door, (struct local_socket_options){ 0 }), ERR_EXISTS);
    assert_int_equal(unlink(door.path), 0);
    door_close(&door);
}

static void a_successors_file_is_not_removed(void **state)
{
    (void)state;
    struct door door;
    struct stat status;
    door_open(&door, (struct local_socket_options){ 0 });
    assert_int_equal(unlink(door.path), 0);
    int keeps_inode = open(door.path, O_CREAT | O_WRONLY, 0600);
    assert_true(keeps_inode >= 0);
    local_socket_close(door.local);
    door.local = NULL;
    assert_int_equal(lstat(door.path, &status), 0);
    (void)close(keeps_inode);
    assert_int_equal(unlink(door.path), 0);
    door_close(&door);
}

static void paths_that_cannot_be_are_refused(void **state)
{
    (void)state;
    struct door door;
    char path[110];
    struct local_problem problem;
    struct local_socket_options options = { .path = path };
    door_init(&door);
    struct local_socket_events events = { 0 };
    memset(path, 'p', sizeof path);
    path[108] = 0;
    assert_int_equal(
        local_socket_open(&options, &events, &door.local, &problem),
        ERR_INVALID);
    path[0] = 0;
    assert_int_equal(
        local_socket_open(&options, &events, &door.local, &problem),
        ERR_INVALID);
    options.path = "/nowhere/at/all";
    assert_int_equal(
        local_socket_open(&options, &events, &door.local, &problem), ERR_IO);
    assert_int_equal(problem.error, ENOENT);
    local_socket_close(NULL);
    door_close(&door);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_not_in_the_table_is_refused),
        cmocka_unit_test(a_new_table_is_for_those_who_are_there_too),
        cmocka_unit_test(the_kernel_says_who_is_calling),
        cmocka_unit_test(a_living_gateway_is_left_alone),
        cmocka_unit_test(the_file_of_a_dead_gateway_is_replaced),
        cmocka_unit_test(what_is_no_socket_is_never_removed),
        cmocka_unit_test(a_successors_file_is_not_removed),
        cmocka_unit_test(paths_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
