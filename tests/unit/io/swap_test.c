#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "io/swap.h"
#include "support/folder.h"

#define PID 41
#define HEADING "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"

static char folder[FOLDER_PATH_SIZE];

static int set_up(void **state)
{
    (void)state;
    folder_make(folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    folder_remove(folder);
    return 0;
}

/* With the folders above it. */
static void put(const char *name, const char *text)
{
    char path[2 * FOLDER_PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    for (char *at = path + strlen(folder) + 1; (at = strchr(at, '/')) != NULL;
         at++) {
        *at = '\0';
        (void)mkdir(path, 0700);
        *at = '/';
    }
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static bool may_take(void)
{
    return swap_may_take((struct swap_root){ folder }, PID);
}

static void no_swap_takes_nothing(void **state)
{
    (void)state;
    assert_false(may_take()); /* there is no /proc at all */
    put("proc/swaps", "");
    assert_false(may_take());
    put("proc/swaps", HEADING);
    assert_false(may_take());
}

static void an_area_on_a_disk_takes_it(void **state)
{
    (void)state;
    static const char *const areas[] = { "/dev/sda2", "/swapfile", "/dev/dm-3",
        "/dev/mapper/swap" };
    for (size_t i = 0; i < sizeof areas / sizeof *areas; i++) {
        char text[256];
        (void)snprintf(text, sizeof text,
            HEADING "%s partition\t999420\t\t0\t\t-2\n", areas[i]);
        put("proc/swaps", text);
        assert_true(may_take());
    }
}

static void what_lies_in_memory_or_is_encrypted_is_no_disk(void **state)
{
    (void)state;
    put("proc/swaps", HEADING "/dev/zram0 partition\t999420\t\t0\t\t100\n");
    assert_false(may_take());
    put("sys/block/dm-3/dm/uuid", "CRYPT-PLAIN-swap\n");
    put("sys/block/dm-4/dm/uuid", "LVM-0123456789\n");
    put("proc/swaps", HEADING "/dev/dm-3 partition\t999420\t\t0\t\t-2\n");
    assert_false(may_take());
    put("proc/swaps", HEADING "/dev/dm-3 partition\t999420\t\t0\t\t-2\n"
                              "/dev/dm-4 partition\t999420\t\t0\t\t-3\n");
    assert_true(may_take());
}

static void a_group_can_forbid_it_itself_or_above(void **state)
{
    (void)state;
    put("proc/swaps", HEADING "/dev/sda2 partition\t999420\t\t0\t\t-2\n");
    put("proc/41/cgroup",
        "4:memory:/elsewhere\n0::/system.slice/referd.service\n");
    assert_true(may_take());
    put("sys/fs/cgroup/system.slice/referd.service/memory.swap.max", "max\n");
    assert_true(may_take());
    put("sys/fs/cgroup/system.slice/memory.swap.max", "0\n");
    assert_false(may_take());
    put("sys/fs/cgroup/system.slice/memory.swap.max", "max\n");
    put("sys/fs/cgroup/system.slice/referd.service/memory.swap.max", "0\n");
    assert_false(may_take());
    put("sys/fs/cgroup/system.slice/referd.service/memory.swap.max", "04\n");
    assert_true(may_take());
    put("proc/41/cgroup", "4:memory:/system.slice/referd.service\n");
    assert_true(may_take());
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(no_swap_takes_nothing),
        CASE(an_area_on_a_disk_takes_it),
        CASE(what_lies_in_memory_or_is_encrypted_is_no_disk),
        CASE(a_group_can_forbid_it_itself_or_above),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
