#include "referctl/owner.h"

#include <sys/stat.h>
#include <unistd.h>

#define SHARED_MODE (S_IRUSR | S_IWUSR | S_IRGRP)

struct owner owner_of(const char *folder)
{
    struct stat status;
    if (geteuid() != 0 || stat(folder, &status) != 0)
        return (struct owner){ .is_other = false };
    return (struct owner){ .is_other = status.st_uid != 0,
        .uid = status.st_uid,
        .gid = status.st_gid };
}

bool owner_enter(const struct owner *owner)
{
    return !owner->is_other ||
           (setegid(owner->gid) == 0 && seteuid(owner->uid) == 0);
}

bool owner_leave(const struct owner *owner)
{
    return !owner->is_other || (seteuid(0) == 0 && setegid(0) == 0);
}

bool owner_share(const struct owner *owner, const char *path)
{
    return !owner->is_other || (chown(path, (uid_t)-1, owner->gid) == 0 &&
                                   chmod(path, SHARED_MODE) == 0);
}
