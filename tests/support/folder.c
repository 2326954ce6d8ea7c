#include "support/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void folder_make(char path[FOLDER_PATH_SIZE])
{
    const char *parent = getenv("TMPDIR");
    int size = snprintf(path, FOLDER_PATH_SIZE, "%s/refer-test.XXXXXX",
        parent == NULL ? "/tmp" : parent);
    if (size >= FOLDER_PATH_SIZE || mkdtemp(path) == NULL) {
        perror(path);
        abort();
    }
}

/* Takes over the descriptor. */
static void empty_out(int fd)
{
    DIR *folder = fdopendir(fd);
    const struct dirent *entry;
    if (folder == NULL)
        return;
    while ((entry = readdir(folder)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlinkat(fd, entry->d_name, 0) == 0)
            continue;
        int below =
            openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        if (below >= 0)
            empty_out(below);
        unlinkat(fd, entry->d_name, AT_REMOVEDIR);
    }
    closedir(folder);
}

void folder_remove(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (fd >= 0)
        empty_out(fd);
    rmdir(path);
}
