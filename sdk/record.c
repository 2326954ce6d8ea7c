#include "record.h"

#include <string.h>

#include "memory.h"

/* ---- Records ----------------------------------------------------------- */

static void fields_free(struct sdk_record *record)
{
    if (!record->has_lent_fields)
        sdk_memory_free(record->fields);
}

void sdk_record_release(struct sdk_record *record)
{
    for (size_t i = 0; i < record->field_count; i++)
        sdk_memory_free(record->fields[i].memory);
    fields_free(record);
    sdk_memory_free(record->block);
}

void sdk_records_release(struct sdk_records *records)
{
    /* the first of those that share a block has it */
    for (size_t i = records->count; i > 0; i--)
        sdk_record_release(&records->items[i - 1]);
    sdk_memory_free(records->items);
    *records = (struct sdk_records){ 0 };
}

/* Of a list that is full. */
static size_t capacity_next(size_t capacity)
{
    return capacity == 0 ? 4 : capacity * 2;
}

refer_status sdk_records_reserve(struct sdk_records *records, size_t count)
{
    size_t wanted = records->count + count;
    if (wanted <= records->capacity)
        return REFER_OK;
    struct sdk_record *items = sdk_memory_grow(
        records->items, records->count * sizeof *items, wanted * sizeof *items);
    if (items == NULL)
        return REFER_NO_MEMORY;
    records->items = items;
    records->capacity = wanted;
    return REFER_OK;
}

struct sdk_record *sdk_records_add(
    struct sdk_records *records, const char *type)
{
    if (records->count == records->capacity &&
        sdk_records_reserve(records,
            capacity_next(records->capacity) - records->count) != REFER_OK)
        return NULL;
    size_t size = strlen(type);
    char *copy = sdk_memory_copy(type, size);
    if (copy == NULL)
        return NULL;
    struct sdk_record *record = &records->items[records->count++];
    *record = (struct sdk_record){
        .type = copy, .type_size = (uint32_t)size, .block = copy
    };
    return record;
}

refer_status sdk_records_take(struct sdk_records *records,
    struct sdk_records *from, size_t start, size_t count)
{
    refer_status status = sdk_records_reserve(records, count);
    for (size_t i = start; status == REFER_OK && i < start + count; i++) {
        records->items[records->count++] = from->items[i];
        from->items[i] = (struct sdk_record){ 0 };
    }
    return status;
}

static bool is_type(const struct sdk_record *record, const char *type)
{
    return record->type != NULL && strcmp(record->type, type) == 0;
}

const struct sdk_record *sdk_records_at(
    const struct sdk_records *records, const char *type, uint32_t i)
{
    for (size_t k = 0; k < records->count; k++)
        if (is_type(&records->items[k], type) && i-- == 0)
            return &records->items[k];
    return NULL;
}

uint32_t sdk_records_count(const struct sdk_records *records, const char *type)
{
    uint32_t count = 0;
    for (size_t k = 0; k < records->count; k++)
        count += is_type(&records->items[k], type);
    return count;
}

/* ---- One field --------------------------------------------------------- */

struct sdk_field sdk_field_of_text(const char *name, const char *text)
{
    return (struct sdk_field){ .name = name,
        .name_size = (uint32_t)strlen(name),
        .type = SDK_FIELD_TEXT,
        .text = text,
        .size = strlen(text) };
}

struct sdk_field sdk_field_of_number(const char *name, int64_t number)
{
    return (struct sdk_field){ .name = name,
        .name_size = (uint32_t)strlen(name),
        .type = SDK_FIELD_NUMBER,
        .number = number };
}

static size_t text_size_max(const struct sdk_field *field)
{
    switch (field->type) {
    case SDK_FIELD_TEXT:
        return field->size;
    case SDK_FIELD_NUMBER:
        return SDK_NUMBER_SIZE_MAX;
    case SDK_FIELD_DATA:
        return 2 * field->size;
    case SDK_FIELD_FLAG:
    case SDK_FIELD_TYPE_COUNT:
        break;
    }
    return sizeof "false" - 1;
}

size_t sdk_field_memory_size(const struct sdk_field *field)
{
    size_t data_size = field->type == SDK_FIELD_DATA ? field->size : 0;
    return field->name_size + 1 + text_size_max(field) + 1 + data_size;
}

/* `text` and a zero; returns what is behind them. */
static char *text_write(char *at, const char *text, size_t size)
{
    if (size > 0)
        memcpy(at, text, size);
    at[size] = 0;
    return at + size + 1;
}

static char *hexadecimal_write(char *at, const uint8_t *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        *at++ = digits[bytes[i] >> 4];
        *at++ = digits[bytes[i] & 15];
    }
    *at = 0;
    return at + 1;
}

char *sdk_field_copy(struct sdk_field *field, char *at)
{
    const char *text = field->text;
    const uint8_t *data = field->data;
    char *end = text_write(at, field->name, field->name_size);
    field->name = at;
    field->text = end;
    switch (field->type) {
    case SDK_FIELD_TEXT:
        return text_write(end, text, field->size);
    case SDK_FIELD_NUMBER:
        end += sdk_number_write(field->number, end);
        *end = 0;
        return end + 1;
    case SDK_FIELD_DATA:
        end = hexadecimal_write(end, data, field->size);
        field->data = (uint8_t *)end;
        if (field->size > 0)
            memcpy(end, data, field->size);
        return end + field->size;
    case SDK_FIELD_FLAG:
    case SDK_FIELD_TYPE_COUNT:
        break;
    }
    return field->number != 0 ? text_write(end, "true", 4)
                              : text_write(end, "false", 5);
}

/* ---- Fields ------------------------------------------------------------ */

struct sdk_field *sdk_record_field(
    const struct sdk_record *record, const char *name, size_t size)
{
    for (size_t i = 0; i < record->field_count; i++) {
        struct sdk_field *field = &record->fields[i];
        /* most differ in these already */
        if (field->name_size == size && field->name[0] == name[0] &&
            memcmp(field->name, name, size) == 0)
            return field;
    }
    return NULL;
}

/* Where the field of that name goes; NULL for want of memory. */
static struct sdk_field *field_place(
    struct sdk_record *record, const struct sdk_field *field)
{
    struct sdk_field *place =
        sdk_record_field(record, field->name, field->name_size);
    if (place != NULL)
        return place;
    if (record->field_count == record->field_capacity) {
        size_t capacity = capacity_next(record->field_capacity);
        struct sdk_field *fields =
            sdk_memory_take_raw(capacity * sizeof *fields);
        if (fields == NULL)
            return NULL;
        if (record->field_count > 0)
            memcpy(
                fields, record->fields, record->field_count * sizeof *fields);
        fields_free(record);
        record->fields = fields;
        record->field_capacity = capacity;
        record->has_lent_fields = false;
    }
    place = &record->fields[record->field_count++];
    place->memory = NULL;
    return place;
}

refer_status sdk_record_put(
    struct sdk_record *record, const struct sdk_field *field)
{
    struct sdk_field copy = *field;
    copy.memory = sdk_memory_take_raw(sdk_field_memory_size(field));
    if (copy.memory == NULL)
        return REFER_NO_MEMORY;
    (void)sdk_field_copy(&copy, copy.memory);
    struct sdk_field *place = field_place(record, &copy);
    if (place == NULL) {
        sdk_memory_free(copy.memory);
        return REFER_NO_MEMORY;
    }
    sdk_memory_free(place->memory); /* the copy may be of what was there */
    *place = copy;
    return REFER_OK;
}

refer_status sdk_record_set_text(
    struct sdk_record *record, const char *name, const char *text)
{
    if (!sdk_text_is_code(name) || !sdk_text_is_clean(text))
        return REFER_INVALID;
    struct sdk_field field = sdk_field_of_text(name, text);
    return sdk_record_put(record, &field);
}

refer_status sdk_record_set_number(
    struct sdk_record *record, const char *name, int64_t number)
{
    if (!sdk_text_is_code(name))
        return REFER_INVALID;
    struct sdk_field field = sdk_field_of_number(name, number);
    return sdk_record_put(record, &field);
}

refer_status sdk_record_set_data(
    struct sdk_record *record, const char *name, const void *bytes, size_t size)
{
    if (!sdk_text_is_code(name) || (bytes == NULL && size > 0))
        return REFER_INVALID;
    if (size > SIZE_MAX / 8)
        return REFER_NO_MEMORY;
    struct sdk_field field = { .name = name,
        .name_size = (uint32_t)strlen(name),
        .type = SDK_FIELD_DATA,
        .data = bytes,
        .size = size };
    return sdk_record_put(record, &field);
}

refer_status sdk_record_set_flag(
    struct sdk_record *record, const char *name, bool flag)
{
    if (!sdk_text_is_code(name))
        return REFER_INVALID;
    struct sdk_field field = sdk_field_of_number(name, flag);
    field.type = SDK_FIELD_FLAG;
    return sdk_record_put(record, &field);
}

void sdk_record_remove(struct sdk_record *record, const char *name)
{
    struct sdk_field *field = sdk_record_field(record, name, strlen(name));
    if (field == NULL)
        return;
    sdk_memory_free(field->memory);
    size_t index = (size_t)(field - record->fields);
    record->field_count--;
    memmove(field, field + 1, (record->field_count - index) * sizeof *field);
}

const struct sdk_field *sdk_record_find(
    const struct sdk_record *record, const char *name)
{
    return record == NULL || name == NULL
               ? NULL
               : sdk_record_field(record, name, strlen(name));
}

const char *sdk_record_text(const struct sdk_record *record, const char *name)
{
    const struct sdk_field *field = sdk_record_find(record, name);
    return field == NULL ? "" : field->text;
}

int64_t sdk_record_number(const struct sdk_record *record, const char *name)
{
    const struct sdk_field *field = sdk_record_find(record, name);
    int64_t number = 0;
    if (field == NULL)
        return 0;
    if (field->type == SDK_FIELD_TEXT)
        return sdk_text_number(field->text, &number) ? number : 0;
    return field->number;
}
