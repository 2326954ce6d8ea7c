/*
 * local_reply.h - a reply to a local client under construction: records with
 * named fields, in the batch's arena, so that what they were made from can go
 * from scratch one by one.
 */
#ifndef CORE_LOCAL_REPLY_H
#define CORE_LOCAL_REPLY_H

#include "base/id.h"
#include "base/instant.h"
#include "base/slice.h"
#include "core/local.h"
#include "core/problem.h"
#include "core/work.h"

struct local_answer {
    struct work *work;
    struct local_reply reply;
    struct local_record *records;
    size_t record_capacity;
    struct local_field *fields; /* of several records, the newest last */
    size_t field_count;
    size_t field_capacity;
    size_t size; /* bytes so far, about */
};

void answer_begin(
    struct local_answer *answer, struct work *work, uint32_t number);

/* Begins a record; the adders below fill the newest. Names and types are
 * static storage; texts are copied, but for those that are lent: they stay
 * where they are until the reply is written. */
void answer_record(struct local_answer *answer, const char *type);
void answer_add(struct local_answer *answer, const struct local_field *field);
void answer_text(
    struct local_answer *answer, const char *name, const char *text);
void answer_slice(
    struct local_answer *answer, const char *name, struct slice text);
void answer_data(
    struct local_answer *answer, const char *name, struct slice data);
/* As 16 digits. */
void answer_generation(
    struct local_answer *answer, const char *name, uint64_t number);
void answer_uuid(
    struct local_answer *answer, const char *name, const struct uuid *uuid);
void answer_mou(
    struct local_answer *answer, const char *name, const struct mou_id *id);

/* Here, so that the size of a name is known where it is compiled. */

static inline void answer_lent(
    struct local_answer *answer, const char *name, struct slice text)
{
    answer_add(answer,
        &(struct local_field){ slice_of_text(name), LOCAL_TEXT, text, 0 });
}

/* One that is static storage. */
static inline void answer_word(
    struct local_answer *answer, const char *name, const char *text)
{
    answer_lent(answer, name, slice_of_text(text));
}

static inline void answer_number(
    struct local_answer *answer, const char *name, int64_t number)
{
    answer_add(answer, &(struct local_field){ slice_of_text(name), LOCAL_NUMBER,
                           SLICE_NONE, number });
}

static inline void answer_flag(
    struct local_answer *answer, const char *name, bool flag)
{
    answer_add(answer, &(struct local_field){
                           slice_of_text(name), LOCAL_FLAG, SLICE_NONE, flag });
}

/* Ends the reply as an error; what, where and the remedy are copied. */
void answer_error(struct local_answer *answer, enum err err,
    enum problem problem, const char *clause, const char *remedy);

/* Makes of an error a record "refusal" {error, problem, clause, remedy}, behind
 * the first `record_count` records: what came after them is dropped, the reply
 * is none any more. */
void answer_refusal(struct local_answer *answer, size_t record_count);

/* True when the reply should not grow further: the rest goes on a next page. */
bool answer_is_full(const struct local_answer *answer);

#endif
