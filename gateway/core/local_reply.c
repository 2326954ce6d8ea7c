#include "core/local_reply.h"

#include "core/limits.h"

#include <string.h>

void answer_begin(
    struct local_answer *answer, struct work *work, uint32_t number)
{
    *answer = (struct local_answer){ .work = work };
    answer->reply.number = number;
}

static void *grow(
    struct work *work, void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    size_t larger = *capacity == 0 ? 16 : *capacity * 2;
    uint8_t *copy = arena_take_array(work->arena, larger, size);
    if (copy == NULL) {
        work_exhausted(work);
        return NULL;
    }
    if (count > 0)
        memcpy(copy, items, count * size);
    *capacity = larger;
    return copy;
}

void answer_record(struct local_answer *answer, const char *type)
{
    struct local_record *records = grow(answer->work, answer->records,
        answer->reply.record_count, &answer->record_capacity, sizeof *records);
    if (records == NULL)
        return;
    answer->records = records;
    answer->reply.records = records;
    records[answer->reply.record_count++] =
        (struct local_record){ .type = slice_of_text(type) };
    answer->fields = NULL;
    answer->field_capacity = 0;
    answer->size += 16;
}

static void add(struct local_answer *answer, const struct local_field *field)
{
    if (answer->reply.record_count == 0)
        return;
    struct local_record *record =
        &answer->records[answer->reply.record_count - 1];
    struct local_field *fields = grow(answer->work, answer->fields,
        record->field_count, &answer->field_capacity, sizeof *fields);
    if (fields == NULL)
        return;
    answer->fields = fields;
    fields[record->field_count++] = *field;
    record->fields = fields;
    answer->size += 16 + field->name.size + field->bytes.size;
}

static void add_bytes(struct local_answer *answer, const char *name,
    enum local_value_type type, struct slice bytes)
{
    struct slice copy = arena_copy(answer->work->arena, bytes);
    if (copy.bytes == NULL) {
        work_exhausted(answer->work);
        return;
    }
    add(answer, &(struct local_field){ slice_of_text(name), type, copy, 0 });
}

void answer_text(
    struct local_answer *answer, const char *name, const char *text)
{
    add_bytes(answer, name, LOCAL_TEXT, slice_of_text(text));
}

void answer_slice(
    struct local_answer *answer, const char *name, struct slice text)
{
    add_bytes(answer, name, LOCAL_TEXT, text);
}

void answer_data(
    struct local_answer *answer, const char *name, struct slice data)
{
    add_bytes(answer, name, LOCAL_DATA, data);
}

void answer_number(
    struct local_answer *answer, const char *name, int64_t number)
{
    add(answer, &(struct local_field){
                    slice_of_text(name), LOCAL_NUMBER, SLICE_NONE, number });
}

void answer_generation(
    struct local_answer *answer, const char *name, uint64_t number)
{
    char digits[17];
    for (int i = 15; i >= 0; i--, number >>= 4)
        digits[i] = "0123456789abcdef"[number & 15];
    digits[16] = '\0';
    answer_text(answer, name, digits);
}

void answer_flag(struct local_answer *answer, const char *name, bool flag)
{
    add(answer, &(struct local_field){
                    slice_of_text(name), LOCAL_FLAG, SLICE_NONE, flag });
}

void answer_uuid(
    struct local_answer *answer, const char *name, const struct uuid *uuid)
{
    char text[UUID_URN_SIZE + 1];
    uuid_format(uuid, text);
    answer_text(answer, name, text);
}

void answer_mou(
    struct local_answer *answer, const char *name, const struct mou_id *id)
{
    char text[MOU_ID_TEXT_SIZE + 1];
    mou_id_format(id, text);
    answer_text(answer, name, text);
}

void answer_error(struct local_answer *answer, enum err err,
    enum problem problem, const char *clause, const char *remedy)
{
    struct arena *arena = answer->work->arena;
    answer->reply.err = err;
    answer->reply.problem = problem;
    answer->reply.clause = arena_copy(arena, slice_of_text(clause));
    answer->reply.remedy = arena_copy(arena, slice_of_text(remedy));
    answer->reply.message = slice_of_text(err_text(err));
    answer->reply.record_count = 0;
}

void answer_refusal(struct local_answer *answer, size_t record_count)
{
    struct local_reply refused = answer->reply;
    answer->reply = (struct local_reply){ .number = refused.number,
        .records = answer->records,
        .record_count = record_count };
    answer_record(answer, "refusal");
    answer_number(answer, "error", refused.err);
    answer_text(answer, "problem",
        refused.problem == PROBLEM_NONE ? "" : problem_name(refused.problem));
    answer_slice(answer, "clause", refused.clause);
    answer_slice(answer, "remedy", refused.remedy);
}

/* What it takes to pack the largest reply, and one more record. */
#define PACKING_ARENA_MIN (4u * 1024 * 1024)

/* A third of what a frame may hold: one more record always fits. */
bool answer_is_full(const struct local_answer *answer)
{
    const struct arena *arena = answer->work->arena;
    return answer->size > LOCAL_FRAME_SIZE_MAX / 3 ||
           answer->reply.record_count >= LOCAL_FIELD_COUNT_MAX / 2 ||
           arena->capacity - arena->used < PACKING_ARENA_MIN;
}
