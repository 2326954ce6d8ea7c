#include "record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"

#define CODE_SIZE_MAX 64

/* All that a field has is one block, which its name begins. */
static void field_release(struct sdk_field *field)
{
    if (!field->is_lent)
        sdk_memory_free(field->name);
}

/* But for those in the record's block. */
static void fields_free(struct sdk_record *record)
{
    if (record->fields != record->block)
        sdk_memory_free(record->fields);
}

void sdk_record_release(struct sdk_record *record)
{
    for (size_t i = 0; i < record->field_count; i++)
        field_release(&record->fields[i]);
    fields_free(record);
    if (record->block == NULL)
        sdk_memory_free(record->type);
    sdk_memory_free(record->block);
}

void sdk_records_release(struct sdk_records *records)
{
    for (size_t i = 0; i < records->count; i++)
        sdk_record_release(&records->items[i]);
    sdk_memory_free(records->items);
    *records = (struct sdk_records){ 0 };
}

/* Of a list that is full. */
static size_t capacity_next(size_t capacity)
{
    return capacity == 0 ? 4 : capacity * 2;
}

/* Room for one more; NULL for want of memory, the records then as before. */
static struct sdk_record *records_room(struct sdk_records *records)
{
    if (records->count == records->capacity) {
        size_t capacity = capacity_next(records->capacity);
        struct sdk_record *items =
            sdk_memory_take_array(capacity, sizeof *items);
        if (items == NULL)
            return NULL;
        if (records->count > 0)
            memcpy(items, records->items, records->count * sizeof *items);
        sdk_memory_free(records->items);
        records->items = items;
        records->capacity = capacity;
    }
    return &records->items[records->count];
}

struct sdk_record *sdk_records_add(
    struct sdk_records *records, const char *type)
{
    struct sdk_record *record = records_room(records);
    char *copy = sdk_memory_copy(type, strlen(type));
    if (record == NULL || copy == NULL) {
        sdk_memory_free(copy);
        return NULL;
    }
    *record = (struct sdk_record){ .type = copy };
    records->count++;
    return record;
}

struct sdk_record *sdk_records_add_sized(struct sdk_records *records,
    const char *type, size_t field_count, size_t text_size)
{
    struct sdk_record *record = records_room(records);
    size_t type_size = strlen(type) + 1;
    if (record == NULL || text_size > SIZE_MAX / 4 ||
        field_count > SIZE_MAX / 4 / sizeof *record->fields)
        return NULL;
    size_t fields_size = field_count * sizeof *record->fields;
    struct sdk_field *block =
        sdk_memory_take(fields_size + type_size + text_size);
    if (block == NULL)
        return NULL;
    char *characters = (char *)(block + field_count);
    memcpy(characters, type, type_size);
    *record = (struct sdk_record){ .type = characters,
        .fields = block,
        .field_capacity = field_count,
        .block = block,
        .free = characters + type_size,
        .free_size = text_size };
    records->count++;
    return record;
}

refer_status sdk_records_take(struct sdk_records *records,
    struct sdk_records *from, size_t start, size_t count)
{
    for (size_t i = start; i < start + count; i++) {
        struct sdk_record *record = records_room(records);
        if (record == NULL)
            return REFER_NO_MEMORY;
        *record = from->items[i];
        from->items[i] = (struct sdk_record){ 0 };
        records->count++;
    }
    return REFER_OK;
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

/* ---- Fields ------------------------------------------------------------ */

static struct sdk_field *field_named(
    const struct sdk_record *record, const char *name)
{
    for (size_t i = 0; i < record->field_count; i++)
        if (record->fields[i].name[0] == name[0] &&
            strcmp(record->fields[i].name, name) == 0)
            return &record->fields[i];
    return NULL;
}

/* In the record's block, if it fits there. */
static char *field_memory(
    struct sdk_record *record, struct sdk_field *field, size_t size)
{
    field->is_lent = size <= record->free_size;
    if (!field->is_lent)
        return sdk_memory_take(size);
    char *memory = record->free;
    record->free += size;
    record->free_size -= size;
    return memory;
}

/* Room in the field for a copy of that name, which is made, and for text and
 * data of these sizes, which is not. False for want of memory. */
static bool field_begin(struct sdk_record *record, struct sdk_field *field,
    const char *name, size_t text_size)
{
    size_t name_size = strlen(name) + 1;
    size_t data_size = field->type == SDK_FIELD_DATA ? field->size : 0;
    if (text_size > SIZE_MAX / 2 || data_size > SIZE_MAX / 2 - name_size - 1)
        return false;
    field->name =
        field_memory(record, field, name_size + text_size + 1 + data_size);
    if (field->name == NULL)
        return false;
    memcpy(field->name, name, name_size);
    field->text = field->name + name_size;
    if (field->type == SDK_FIELD_DATA)
        field->data = (uint8_t *)field->text + text_size + 1;
    return true;
}

/* For one more; false for want of memory. */
static bool fields_room(struct sdk_record *record)
{
    if (record->field_count < record->field_capacity)
        return true;
    size_t capacity = capacity_next(record->field_capacity);
    struct sdk_field *fields = sdk_memory_take_array(capacity, sizeof *fields);
    if (fields == NULL)
        return false;
    if (record->field_count > 0)
        memcpy(fields, record->fields, record->field_count * sizeof *fields);
    fields_free(record);
    record->fields = fields;
    record->field_capacity = capacity;
    return true;
}

/* Puts the field in, now the record's; releases it when there is no memory. */
static refer_status field_put(
    struct sdk_record *record, struct sdk_field *field)
{
    struct sdk_field *place = field_named(record, field->name);
    if (place == NULL) {
        if (!fields_room(record)) {
            field_release(field);
            return REFER_NO_MEMORY;
        }
        place = &record->fields[record->field_count++];
        *place = (struct sdk_field){ 0 };
    }
    field_release(place);
    *place = *field;
    return REFER_OK;
}

/* The field with that text. */
static refer_status text_put(struct sdk_record *record, const char *name,
    struct sdk_field *field, const char *text, size_t size)
{
    if (!field_begin(record, field, name, size))
        return REFER_NO_MEMORY;
    memcpy(field->text, text, size);
    return field_put(record, field);
}

refer_status sdk_record_set_text(
    struct sdk_record *record, const char *name, const char *text)
{
    if (!sdk_text_is_code(name) || !sdk_text_is_clean(text))
        return REFER_INVALID;
    size_t size = strlen(text);
    struct sdk_field field = { .type = SDK_FIELD_TEXT, .size = size };
    return text_put(record, name, &field, text, size);
}

refer_status sdk_record_set_number(
    struct sdk_record *record, const char *name, int64_t number)
{
    if (!sdk_text_is_code(name))
        return REFER_INVALID;
    char text[24];
    int size = snprintf(text, sizeof text, "%" PRId64, number);
    struct sdk_field field = { .type = SDK_FIELD_NUMBER, .number = number };
    return text_put(record, name, &field, text, (size_t)size);
}

static void hexadecimal(const uint8_t *bytes, size_t size, char *text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
}

refer_status sdk_record_set_data(
    struct sdk_record *record, const char *name, const void *bytes, size_t size)
{
    if (!sdk_text_is_code(name) || (bytes == NULL && size > 0))
        return REFER_INVALID;
    struct sdk_field field = { .type = SDK_FIELD_DATA, .size = size };
    if (size > SIZE_MAX / 8 || !field_begin(record, &field, name, 2 * size))
        return REFER_NO_MEMORY;
    hexadecimal(bytes, size, field.text);
    if (size > 0)
        memcpy(field.data, bytes, size);
    return field_put(record, &field);
}

refer_status sdk_record_set_flag(
    struct sdk_record *record, const char *name, bool flag)
{
    if (!sdk_text_is_code(name))
        return REFER_INVALID;
    const char *text = flag ? "true" : "false";
    struct sdk_field field = { .type = SDK_FIELD_FLAG, .number = flag };
    return text_put(record, name, &field, text, strlen(text));
}

void sdk_record_remove(struct sdk_record *record, const char *name)
{
    struct sdk_field *field = field_named(record, name);
    if (field == NULL)
        return;
    field_release(field);
    size_t index = (size_t)(field - record->fields);
    record->field_count--;
    memmove(field, field + 1, (record->field_count - index) * sizeof *field);
}

const struct sdk_field *sdk_record_find(
    const struct sdk_record *record, const char *name)
{
    return record == NULL || name == NULL ? NULL : field_named(record, name);
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

/* ---- Text -------------------------------------------------------------- */

static bool is_continuation(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

/* Bytes of the character at `text`, 0 when it is none we let pass. The zero at
 * the end is no continuation, so nothing is read past it. */
static size_t character_size(const uint8_t *text)
{
    uint8_t first = text[0];
    if (first < 0x80)
        return first == '\n' || first == '\t' ||
               (first >= 0x20 && first < 0x7f);
    if (first < 0xc2 || first > 0xf4 || !is_continuation(text[1]))
        return 0;
    if (first < 0xe0)
        return 2;
    if (!is_continuation(text[2]))
        return 0;
    if (first < 0xf0) {
        bool is_overlong = first == 0xe0 && text[1] < 0xa0;
        bool is_surrogate = first == 0xed && text[1] >= 0xa0;
        return is_overlong || is_surrogate ? 0 : 3;
    }
    bool is_overlong = first == 0xf0 && text[1] < 0x90;
    bool is_beyond = first == 0xf4 && text[1] >= 0x90;
    return is_overlong || is_beyond || !is_continuation(text[3]) ? 0 : 4;
}

#define EVERY_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

/* How many bytes from there on, in eights, are printable ASCII: most are. */
static size_t plain_size(const uint8_t *text, size_t size)
{
    size_t i = 0;
    for (; size - i >= 8; i += 8) {
        uint64_t eight;
        memcpy(&eight, text + i, sizeof eight);
        uint64_t below_space = eight - EVERY_BYTE(0x20);
        uint64_t above_tilde = eight + EVERY_BYTE(0x01);
        if (((eight | below_space | above_tilde) & EVERY_BYTE(0x80)) != 0)
            break;
    }
    return i;
}

bool sdk_text_is_clean(const char *text)
{
    if (text == NULL)
        return false;
    const uint8_t *next = (const uint8_t *)text;
    const uint8_t *end = next + strlen(text);
    while (next < end) {
        next += plain_size(next, (size_t)(end - next));
        if (next == end)
            break;
        size_t size = character_size(next);
        if (size == 0)
            return false;
        next += size;
    }
    return true;
}

static bool is_of_code(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
}

bool sdk_text_is_code(const char *text)
{
    if (text == NULL)
        return false;
    size_t size = 0;
    while (size <= CODE_SIZE_MAX && is_of_code(text[size]))
        size++;
    return size > 0 && size <= CODE_SIZE_MAX && text[size] == 0;
}

bool sdk_text_number(const char *text, int64_t *number)
{
    bool is_negative = text[0] == '-';
    const char *digit = text + is_negative;
    int64_t value = 0; /* kept negative: the range is larger on that side */
    if (*digit == 0)
        return false;
    for (; *digit != 0; digit++) {
        if (*digit < '0' || *digit > '9')
            return false;
        int64_t unit = *digit - '0';
        if (value < (INT64_MIN + unit) / 10)
            return false;
        value = value * 10 - unit;
    }
    if (!is_negative && value == INT64_MIN)
        return false;
    *number = is_negative ? value : -value;
    return true;
}
