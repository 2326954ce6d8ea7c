/* evidence.h - folders of evidence (core/evidence.h): put together, written,
 * read. */
#ifndef REFERCTL_EVIDENCE_H
#define REFERCTL_EVIDENCE_H

#include "core/evidence.h"
#include "referctl/offline.h"

struct evidence_files {
    struct evidence_file *items;
    size_t count;
    size_t capacity;
};

/* The path is copied, the bytes are not. */
void evidence_files_add(struct session *session, struct evidence_files *files,
    struct slice path, struct slice bytes);
/* In the order of their paths, with SHA256SUMS of all others. */
enum exit_code evidence_files_close(struct session *session,
    struct offline *offline, struct evidence_files *files);

/* Makes the folder, for this user alone, which must not exist, and writes
 * SHA256SUMS last: without it the folder is incomplete. */
enum exit_code evidence_folder_write(struct session *session,
    const char *folder, const struct evidence_files *files);
/* Every file in it, in the order of their paths. */
enum exit_code evidence_folder_read(
    struct session *session, const char *folder, struct evidence_files *files);

/*
 * evidence_verify in memory of its own, which `arena` is then and is to be
 * released by the caller whatever the result.
 */
enum exit_code evidence_judge_files(struct session *session,
    struct offline *offline, const struct evidence_files *files,
    struct arena *arena, struct evidence_report *report);

/* Everything that the gateway holds about one referral, as files. */
struct evidence_draft {
    struct evidence_files files;
    size_t event_count;
    size_t early_count; /* of events that are not co-signed yet */
};
enum exit_code evidence_collect(struct session *session,
    struct offline *offline, const char *referral, bool with_content,
    struct evidence_draft *draft);

#endif
