#include "wire.h"

#include <string.h>

#include "memory.h"

/* ---- Fields read ------------------------------------------------------- */

/* Borrows. False when it is no field, its name no code, its text not clean. */
static bool field_parse(struct slice rest, struct sdk_field *field)
{
    struct sdk_part part;
    struct sdk_part value = { 0 };
    *field = (struct sdk_field){ 0 };
    while (rest.size > 0) {
        if (!sdk_part_next(&rest, &part))
            return false;
        if (part.tag == FIELD_NAME) {
            field->name = (const char *)part.bytes.bytes;
            field->name_size = (uint32_t)part.bytes.size;
        } else if (part.tag == FIELD_TEXT || part.tag == FIELD_NUMBER ||
                   part.tag == FIELD_DATA || part.tag == FIELD_FLAG) {
            value = part;
        } else if (!sdk_part_is_newer(&part, FIELD_FLAG)) {
            return false;
        }
    }
    if (!sdk_slice_is_code(slice_of(field->name, field->name_size)))
        return false;
    switch (value.tag) {
    case FIELD_TEXT:
        field->type = SDK_FIELD_TEXT;
        field->text = (const char *)value.bytes.bytes;
        field->size = value.bytes.size;
        return sdk_slice_is_clean(value.bytes);
    case FIELD_NUMBER:
        field->type = SDK_FIELD_NUMBER;
        field->number = (int64_t)value.number;
        return true;
    case FIELD_DATA:
        field->type = SDK_FIELD_DATA;
        field->data = value.bytes.bytes;
        field->size = value.bytes.size;
        return true;
    case FIELD_FLAG:
        field->type = SDK_FIELD_FLAG;
        field->number = value.number != 0;
        return true;
    default: /* none */
        return false;
    }
}

refer_status sdk_field_read(struct sdk_record *record, struct slice bytes)
{
    struct sdk_field field;
    return field_parse(bytes, &field) ? sdk_record_put(record, &field)
                                      : REFER_PROTOCOL;
}

/* ---- Records read ------------------------------------------------------ */

/* The records from `first` on, which are to share a block, borrow from the
 * message and from `fields` as long as it is not known how large that is. */
struct reading {
    struct sdk_records *records; /* with room for all */
    size_t first;
    struct sdk_field *fields;
    size_t field_count;
    size_t field_capacity;
};

/* Room for one more. */
static refer_status fields_reserve(struct reading *reading)
{
    if (reading->field_count < reading->field_capacity)
        return REFER_OK;
    size_t capacity =
        reading->field_capacity == 0 ? 32 : reading->field_capacity * 2;
    struct sdk_field *fields = sdk_memory_grow(reading->fields,
        reading->field_count * sizeof *fields, capacity * sizeof *fields);
    if (fields == NULL)
        return REFER_NO_MEMORY;
    reading->fields = fields;
    reading->field_capacity = capacity;
    return REFER_OK;
}

/* To the last record, whose fields are the last, too. */
static refer_status field_add(
    struct reading *reading, struct sdk_record *record, struct slice bytes)
{
    refer_status status = fields_reserve(reading);
    if (status != REFER_OK)
        return status;
    struct sdk_field *field = &reading->fields[reading->field_count];
    if (!field_parse(bytes, field))
        return REFER_PROTOCOL;
    record->fields = field - record->field_count;
    struct sdk_field *same =
        sdk_record_field(record, field->name, field->name_size);
    if (same != NULL) {
        *same = *field;
        return REFER_OK;
    }
    record->field_count++;
    reading->field_count++;
    return REFER_OK;
}

static refer_status record_add(struct reading *reading, struct slice rest)
{
    struct sdk_records *records = reading->records;
    struct sdk_record *record = &records->items[records->count++];
    struct sdk_part part;
    struct slice type = SLICE_NONE;
    *record = (struct sdk_record){ .has_lent_fields = true };
    while (rest.size > 0) {
        refer_status status = REFER_OK;
        if (!sdk_part_next(&rest, &part))
            return REFER_PROTOCOL;
        if (part.tag == RECORD_TYPE)
            type = part.bytes;
        else if (part.tag == RECORD_FIELDS)
            status = field_add(reading, record, part.bytes);
        else if (!sdk_part_is_newer(&part, RECORD_FIELDS))
            status = REFER_PROTOCOL;
        if (status != REFER_OK)
            return status;
    }
    record->type = (const char *)type.bytes;
    record->type_size = (uint32_t)type.size;
    return sdk_slice_is_code(type) ? REFER_OK : REFER_PROTOCOL;
}

/* Has the fields from `fields` on be the record's, and what it borrows be
 * copies at `room`; returns what is behind them. */
static char *record_settle(
    struct sdk_record *record, struct sdk_field *fields, char *room)
{
    struct slice type = slice_of(record->type, record->type_size);
    record->type = room;
    sdk_slice_copy(room, type.size + 1, type);
    room += type.size + 1;
    record->fields = fields;
    record->field_capacity = record->field_count;
    for (size_t i = 0; i < record->field_count; i++)
        room = sdk_field_copy(&fields[i], room);
    return room;
}

/* Gives the records before `end` their block. */
static refer_status group_settle(struct reading *reading, size_t end)
{
    struct sdk_record *items = reading->records->items;
    size_t count = 0;
    size_t size = 0;
    for (size_t i = reading->first; i < end; i++) {
        count += items[i].field_count;
        size += items[i].type_size + 1;
    }
    for (size_t i = 0; i < count; i++)
        size += sizeof *reading->fields +
                sdk_field_memory_size(&reading->fields[i]);
    struct sdk_field *fields = sdk_memory_take_raw(size);
    if (fields == NULL)
        return REFER_NO_MEMORY;
    items[reading->first].block = fields;
    if (count > 0)
        memcpy(fields, reading->fields, count * sizeof *fields);
    char *room = (char *)(fields + count);
    for (; reading->first < end; reading->first++) {
        struct sdk_record *record = &items[reading->first];
        room = record_settle(record, fields, room);
        fields += record->field_count;
    }
    reading->field_count -= count;
    if (reading->field_count > 0)
        memmove(reading->fields, reading->fields + count,
            reading->field_count * sizeof *fields);
    return REFER_OK;
}

static size_t records_count(struct slice rest, uint32_t tag)
{
    struct sdk_part part;
    size_t count = 0;
    while (rest.size > 0 && sdk_part_next(&rest, &part))
        count += part.tag == tag;
    return count;
}

static bool is_first(const struct sdk_record *record, const char *head)
{
    return head == NULL ||
           slice_is(slice_of(record->type, record->type_size), head);
}

static refer_status records_add(struct reading *reading, struct slice message,
    uint32_t tag, const char *head)
{
    struct sdk_records *records = reading->records;
    refer_status status = REFER_OK;
    while (status == REFER_OK && message.size > 0) {
        struct sdk_part part;
        if (!sdk_part_next(&message, &part))
            return REFER_PROTOCOL;
        if (part.tag != tag)
            continue;
        status = record_add(reading, part.bytes);
        size_t last = records->count - 1;
        if (status == REFER_OK && last > reading->first &&
            is_first(&records->items[last], head))
            status = group_settle(reading, last);
    }
    return status == REFER_OK && records->count > reading->first
               ? group_settle(reading, records->count)
               : status;
}

refer_status sdk_records_read(struct sdk_records *records, struct slice message,
    uint32_t tag, const char *head)
{
    struct reading reading = { .records = records, .first = records->count };
    refer_status status =
        sdk_records_reserve(records, records_count(message, tag));
    if (status == REFER_OK)
        status = records_add(&reading, message, tag, head);
    records->count = reading.first; /* what could be read to its end */
    sdk_memory_free(reading.fields);
    return status;
}

/* ---- Written ----------------------------------------------------------- */

static size_t field_size(const struct sdk_field *field)
{
    size_t size = wire_sized_size(field->name_size);
    switch (field->type) {
    case SDK_FIELD_TEXT:
    case SDK_FIELD_DATA:
        return size + wire_sized_size(field->size);
    case SDK_FIELD_NUMBER:
        return size + 1 + wire_varint_size((uint64_t)field->number);
    case SDK_FIELD_FLAG:
    case SDK_FIELD_TYPE_COUNT:
        break;
    }
    return size + 2;
}

size_t sdk_fields_size(const struct sdk_field *fields, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += wire_sized_size(field_size(&fields[i]));
    return size;
}

static uint8_t *value_before(uint8_t *end, const struct sdk_field *field)
{
    switch (field->type) {
    case SDK_FIELD_TEXT:
        return wire_sized_before(
            end, FIELD_TEXT, slice_of(field->text, field->size));
    case SDK_FIELD_NUMBER:
        return wire_tagged_before(end, FIELD_NUMBER, (uint64_t)field->number);
    case SDK_FIELD_DATA:
        return wire_sized_before(
            end, FIELD_DATA, slice_of(field->data, field->size));
    case SDK_FIELD_FLAG:
    case SDK_FIELD_TYPE_COUNT:
        break;
    }
    return wire_tagged_before(end, FIELD_FLAG, field->number != 0);
}

uint8_t *sdk_fields_before(
    uint8_t *end, uint8_t tag, const struct sdk_field *fields, size_t count)
{
    for (size_t i = count; i > 0; i--) {
        const struct sdk_field *field = &fields[i - 1];
        uint8_t *begin = wire_sized_before(value_before(end, field), FIELD_NAME,
            slice_of(field->name, field->name_size));
        end = wire_head_before(begin, tag, end);
    }
    return end;
}

size_t sdk_records_size(const struct sdk_record *records, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += wire_sized_size(
            wire_text_size(slice_of(records[i].type, records[i].type_size)) +
            sdk_fields_size(records[i].fields, records[i].field_count));
    return size;
}

uint8_t *sdk_records_before(
    uint8_t *end, uint8_t tag, const struct sdk_record *records, size_t count)
{
    for (size_t i = count; i > 0; i--) {
        const struct sdk_record *record = &records[i - 1];
        uint8_t *begin = sdk_fields_before(
            end, RECORD_FIELDS, record->fields, record->field_count);
        begin = wire_text_before(
            begin, RECORD_TYPE, slice_of(record->type, record->type_size));
        end = wire_head_before(begin, tag, end);
    }
    return end;
}
