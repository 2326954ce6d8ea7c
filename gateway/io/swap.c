#include "io/swap.h"

#include <stdio.h>
#include <string.h>

#define LINE_SIZE 1024
#define PATH_SIZE 2048

/* The first line of a file without its end; false when there is none. */
static bool line_read(const char *path, char line[LINE_SIZE])
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    bool is_there = fgets(line, LINE_SIZE, file) != NULL;
    (void)fclose(file);
    if (is_there)
        line[strcspn(line, "\n")] = '\0';
    return is_there;
}

/* As dm-crypt names its volumes to device-mapper. */
static bool is_encrypted(struct swap_root root, const char *device)
{
    char path[PATH_SIZE];
    char uuid[LINE_SIZE];
    const char *name = strrchr(device, '/');
    if (name == NULL || strncmp(name, "/dm-", 4) != 0)
        return false;
    int size =
        snprintf(path, sizeof path, "%s/sys/block%s/dm/uuid", root.path, name);
    return size > 0 && (size_t)size < sizeof path && line_read(path, uuid) &&
           strncmp(uuid, "CRYPT-", 6) == 0;
}

static bool reaches_disk(struct swap_root root, const char *device)
{
    return strncmp(device, "/dev/zram", 9) != 0 && !is_encrypted(root, device);
}

/* Some area of /proc/swaps, whose first line is a heading. */
static bool is_any_on_disk(struct swap_root root)
{
    char path[PATH_SIZE];
    char line[LINE_SIZE];
    bool is_on_disk = false;
    (void)snprintf(path, sizeof path, "%s/proc/swaps", root.path);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    for (bool is_heading = true; fgets(line, sizeof line, file) != NULL;
         is_heading = false) {
        line[strcspn(line, " \t\n")] = '\0';
        if (!is_heading && reaches_disk(root, line))
            is_on_disk = true;
    }
    (void)fclose(file);
    return is_on_disk;
}

/* Its path in the one hierarchy of cgroup v2. */
static bool group_of(struct swap_root root, pid_t pid, char group[LINE_SIZE])
{
    char path[PATH_SIZE];
    bool is_found = false;
    (void)snprintf(
        path, sizeof path, "%s/proc/%ld/cgroup", root.path, (long)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    while (!is_found && fgets(group, LINE_SIZE, file) != NULL)
        is_found = strncmp(group, "0::/", 4) == 0;
    (void)fclose(file);
    if (!is_found)
        return false;
    group[strcspn(group, "\n")] = '\0';
    memmove(group, group + 3, strlen(group + 3) + 1);
    return true;
}

static bool is_forbidden(struct swap_root root, pid_t pid)
{
    char group[LINE_SIZE];
    char path[PATH_SIZE];
    char limit[LINE_SIZE];
    if (!group_of(root, pid, group))
        return false;
    for (char *end = group + strlen(group); end != NULL;
         end = strrchr(group, '/')) {
        *end = '\0';
        int size = snprintf(path, sizeof path,
            "%s/sys/fs/cgroup%s/memory.swap.max", root.path, group);
        if (size > 0 && (size_t)size < sizeof path && line_read(path, limit) &&
            strcmp(limit, "0") == 0)
            return true;
    }
    return false;
}

bool swap_may_take(struct swap_root root, pid_t pid)
{
    return is_any_on_disk(root) && !is_forbidden(root, pid);
}
