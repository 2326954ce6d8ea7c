#include "core/local_reply.h"

#include "core/limits.h"

#include <string.h>

/* Fields that room is made for at once: of a few records of several. */
#define FIELDS_AT_ONCE 128u

void answer_begin(
    struct local_answer *answer, struct work *work, uint32_t number)
{
    *answer = (struct local_answer){ .work = work };
    answer->reply.number = number;
}

/* Room for one more record. */
static bool records_grow(struct local_answer *answer)
{
    size_t count = answer->reply.record_count;
    if (count < answer->record_capacity)
        return true;
    size_t capacity = count == 0 ? 16 : count * 2;
    struct local_record *records =
        arena_take_array(answer->work->arena, capacity, sizeof *records);
    if (records == NULL) { /* what would follow has no place either */
        answer->reply.record_count = 0;
        work_exhausted(answer->work);
        return false;
    }
    if (count > 0)
        memcpy(records, answer->records, count * sizeof *records);
    answer->records = records;
    answer->reply.records = records;
    answer->record_capacity = capacity;
    return true;
}

/* Room for one more field of the newest record, whose fields are one after the
 * other: they move to where there is more. */
static bool fields_grow(
    struct local_answer *answer, struct local_record *record)
{
    size_t count = record->field_count;
    if (answer->field_count < answer->field_capacity)
        return true;
    size_t capacity = answer->field_capacity == 0 ? 16 : FIELDS_AT_ONCE;
    if (capacity < count * 2)
        capacity = count * 2;
    struct local_field *fields =
        arena_take_array(answer->work->arena, capacity, sizeof *fields);
    if (fields == NULL) {
        work_exhausted(answer->work);
        return false;
    }
    if (count > 0)
        memcpy(fields, record->fields, count * sizeof *fields);
    record->fields = fields;
    answer->fields = fields;
    answer->field_count = count;
    answer->field_capacity = capacity;
    return true;
}

void answer_record(struct local_answer *answer, const char *type)
{
    if (!records_grow(answer))
        return;
    answer->records[answer->reply.record_count++] =
        (struct local_record){ .type = slice_of_text(type) };
    answer->size += 16;
}

void answer_add(struct local_answer *answer, const struct local_field *field)
{
    if (answer->reply.record_count == 0)
        return;
    struct local_record *record =
        &answer->records[answer->reply.record_count - 1];
    if (!fields_grow(answer, record))
        return;
    if (record->field_count == 0)
        record->fields = &answer->fields[answer->field_count];
    answer->fields[answer->field_count++] = *field;
    record->field_count++;
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
    answer_add(
        answer, &(struct local_field){ slice_of_text(name), type, copy, 0 });
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

void answer_generation(
    struct local_answer *answer, const char *name, uint64_t number)
{
    char digits[17];
    for (int i = 15; i >= 0; i--, number >>= 4)
        digits[i] = "0123456789abcdef"[number & 15];
    digits[16] = '\0';
    answer_text(answer, name, digits);
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
