/*
 * owner.h - the user for whom root makes an agency: whose folder it is. Files
 * are made as that user, not handed over afterwards, so that the folder cannot
 * lead root elsewhere.
 */
#ifndef REFERCTL_OWNER_H
#define REFERCTL_OWNER_H

#include <stdbool.h>
#include <sys/types.h>

struct owner {
    bool is_other; /* than who runs us: else nothing below does anything */
    uid_t uid;
    gid_t gid;
};

/* Of a folder that is there, when root asks. */
struct owner owner_of(const char *folder);

/* From enter to leave we are that user; false with errno. */
bool owner_enter(const struct owner *owner);
bool owner_leave(const struct owner *owner);

/* Lets the owner's group read a file that root made; false with errno. */
bool owner_share(const struct owner *owner, const char *path);

#endif
