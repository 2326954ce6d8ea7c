/*
 * referral_file.h - a referral as staff wrote it, as the records that the
 * gateway takes: names of agencies become their ids.
 */
#ifndef REFERCTL_REFERRAL_FILE_H
#define REFERCTL_REFERRAL_FILE_H

#include "io/yaml_referral.h"
#include "referctl/session.h"

/* Ids of names that were looked up before. An empty one is all zero; what it
 * holds is of the pool that the session had at each lookup, or of `pool`. */
struct referral_parties {
    struct pool *pool; /* that outlives the session's, or NULL */
    struct referral_party_id {
        const char *text;
        const char *id;
    } * items;
    size_t count;
    size_t capacity;
};

/*
 * The records of "submit" and "explain". `to` is whom to send it to whatever
 * the file says, or NULL. What went wrong is printed.
 */
enum exit_code referral_file_records(struct session *session,
    const struct referral_file *file, const char *to,
    struct referral_parties *parties, struct records *records);

#endif
