/*
 * resolve.h - what an operator types for an agency, a referral or an MOU, as
 * the id that the gateway knows.
 */
#ifndef REFERCTL_RESOLVE_H
#define REFERCTL_RESOLVE_H

#include "referctl/session.h"

enum match { MATCH_NONE, MATCH_ONE, MATCH_MANY };

/*
 * The record whose field `id_field` is `text`, or else whose `name_field`
 * (NULL: none) is, whatever the case, or else the one whose id begins with
 * it. MATCH_ONE sets *index. Several records of one id count once.
 */
enum match resolve_among(const struct records *records, const char *id_field,
    const char *name_field, const char *text, size_t *index);

/* Asks the gateway; prints why when there is none or more than one. A whole id
 * is taken as it is. Ids are the pool's. */
enum exit_code resolve_agency(
    struct session *session, const char *text, const char **id);
/* The agency of exactly that name, our own or one whose card was accepted;
 * *id is NULL when there is none or more than one. */
enum exit_code resolve_trusted_name(
    struct session *session, const char *name, const char **id);
/* The same as resolve_agency, where the short name of a party of an agreement
 * will do too. */
enum exit_code resolve_party(
    struct session *session, const char *text, const char **id);
enum exit_code resolve_referral(
    struct session *session, const char *text, const char **id);
enum exit_code resolve_mou(
    struct session *session, const char *text, const char **id);

/* Every referral that the list operation gives for these fields, page by page,
 * at most count_max; *is_cut tells that there are more. */
enum exit_code resolve_list_referrals(struct session *session,
    const struct record *fields, size_t count_max, struct records *referrals,
    bool *is_cut);

#endif
