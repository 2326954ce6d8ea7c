/*
 * say.h - local requests and replies in few words, in the world's `talk`
 * arena: say_begin, fields, records with their fields, say_end.
 */
#ifndef SIM_SAY_H
#define SIM_SAY_H

#include <stdint.h>

#include "core/local.h"
#include "refer/refer.h"

struct world;

#define SAY_RECORD_COUNT_MAX 16
#define SAY_FIELD_COUNT_MAX 16

struct say {
    struct world *world;
    struct local_request request;
    struct local_field fields[SAY_RECORD_COUNT_MAX + 1][SAY_FIELD_COUNT_MAX];
    struct local_record records[SAY_RECORD_COUNT_MAX];
    size_t *field_count; /* of the request or the newest record */
    size_t at;           /* row of `fields` */
};

void say_begin(struct say *say, struct world *world, const char *operation);
void say_text(struct say *say, const char *name, const char *text);
void say_number(struct say *say, const char *name, int64_t number);
void say_flag(struct say *say, const char *name, bool is_set);
void say_data(struct say *say, const char *name, struct slice data);
/* What follows belongs to a new record. */
void say_record(struct say *say, const char *type);
/* A record of two texts: "element" of code and value, "detail" of name and
 * value. */
void say_pair(
    struct say *say, const char *type, const char *name, const char *value);
/* As the frame of a program that speaks the protocol itself. */
struct slice say_end(struct say *say);
/* As librefer has it: to be freed by refer_query_free(). */
refer_query *say_query(const struct say *say);
/* A submit's referral; to be freed by refer_referral_free(). */
refer_referral *say_referral(const struct say *say);
/* Its idempotency key; empty when it has none. */
struct slice say_key(const struct say *say);

/* Of a reply: texts are empty and numbers 0 where there is none. */
struct slice heard_text(const struct local_record *record, const char *name);
int64_t heard_number(const struct local_record *record, const char *name);
/* The records of a listing (NULL: none), as a reply's, in the arena. */
void heard_listing(const refer_listing *listing, struct arena *arena,
    struct local_reply *reply);
/* The first record of that type; NULL when there is none. */
const struct local_record *heard_record(
    const struct local_reply *reply, const char *type);

#endif
