#include "message.h"

#include <string.h>

#include "channel.h"
#include "memory.h"
#include "refer/v1/local.pb-c.h"

/* What one reply may unfold into: a frame of nothing but empty records makes
 * some fifty times its size, and no honest gateway sends that. */
#define REPLY_MEMORY_MAX ((size_t)32 * 1024 * 1024)

struct budget {
    size_t left;
    bool is_exceeded;
    bool is_refused; /* the heap had no more */
};

static void *budget_alloc(void *user, size_t size)
{
    struct budget *budget = user;
    if (size > budget->left) {
        budget->is_exceeded = true;
        return NULL;
    }
    budget->left -= size;
    void *block = sdk_memory_take(size);
    if (block == NULL)
        budget->is_refused = true;
    return block;
}

static void budget_free(void *user, void *block)
{
    (void)user;
    sdk_memory_free(block);
}

void sdk_text_copy(char *copy, size_t capacity, const char *text)
{
    size_t size = strlen(text);
    if (size >= capacity) {
        size = capacity - 1;
        while (size > 0 && ((uint8_t)text[size] & 0xc0) == 0x80)
            size--;
    }
    memcpy(copy, text, size);
    copy[size] = 0;
}

void sdk_reply_release(struct sdk_reply *reply)
{
    sdk_records_release(&reply->records);
    *reply = (struct sdk_reply){ 0 };
}

/* ---- Requests ---------------------------------------------------------- */

/* Blocks that the nodes of a request are cut from. */
struct nodes {
    Refer__V1__LocalField *fields;
    Refer__V1__LocalField **field_pointers;
    Refer__V1__LocalRecord *records;
    Refer__V1__LocalRecord **record_pointers;
};

static bool nodes_take(
    struct nodes *nodes, size_t field_count, size_t record_count)
{
    nodes->fields = sdk_memory_take_array(field_count, sizeof *nodes->fields);
    nodes->field_pointers =
        sdk_memory_take_array(field_count, sizeof *nodes->field_pointers);
    nodes->records =
        sdk_memory_take_array(record_count, sizeof *nodes->records);
    nodes->record_pointers =
        sdk_memory_take_array(record_count, sizeof *nodes->record_pointers);
    return nodes->fields != NULL && nodes->field_pointers != NULL &&
           nodes->records != NULL && nodes->record_pointers != NULL;
}

static void nodes_release(struct nodes *nodes)
{
    sdk_memory_free(nodes->fields);
    sdk_memory_free(nodes->field_pointers);
    sdk_memory_free(nodes->records);
    sdk_memory_free(nodes->record_pointers);
}

static void field_fill(
    Refer__V1__LocalField *node, const struct sdk_field *field)
{
    refer__v1__local_field__init(node);
    node->name = field->name;
    switch (field->type) {
    case SDK_FIELD_TEXT:
        node->value_case = REFER__V1__LOCAL_FIELD__VALUE_TEXT;
        node->text = field->text;
        break;
    case SDK_FIELD_NUMBER:
        node->value_case = REFER__V1__LOCAL_FIELD__VALUE_NUMBER;
        node->number = field->number;
        break;
    case SDK_FIELD_DATA:
        node->value_case = REFER__V1__LOCAL_FIELD__VALUE_DATA;
        node->data = (ProtobufCBinaryData){ field->size, field->data };
        break;
    case SDK_FIELD_FLAG:
    case SDK_FIELD_TYPE_COUNT:
        node->value_case = REFER__V1__LOCAL_FIELD__VALUE_FLAG;
        node->flag = field->number != 0;
        break;
    }
}

/* Fills nodes for the fields of one record; returns where the next begin. */
static size_t fields_fill(
    struct nodes *nodes, size_t start, const struct sdk_record *record)
{
    for (size_t i = 0; i < record->field_count; i++) {
        field_fill(&nodes->fields[start + i], &record->fields[i]);
        nodes->field_pointers[start + i] = &nodes->fields[start + i];
    }
    return start + record->field_count;
}

static size_t record_fill(struct nodes *nodes, size_t index, size_t start,
    const struct sdk_record *record)
{
    Refer__V1__LocalRecord *node = &nodes->records[index];
    refer__v1__local_record__init(node);
    node->type = record->type;
    node->n_fields = record->field_count;
    node->fields = nodes->field_pointers + start;
    nodes->record_pointers[index] = node;
    return fields_fill(nodes, start, record);
}

/* protobuf-c does not write to what it packs; its types do not say so. */
static char *text_of(const char *text)
{
    return (char *)(uintptr_t)text;
}

static size_t carried_fill(struct nodes *nodes, size_t index, size_t start,
    const struct sdk_carried *carried)
{
    Refer__V1__LocalField *field = &nodes->fields[start];
    Refer__V1__LocalRecord *node = &nodes->records[index];
    refer__v1__local_field__init(field);
    field->name = text_of("request");
    field->value_case = REFER__V1__LOCAL_FIELD__VALUE_DATA;
    field->data = (ProtobufCBinaryData){ carried->size - SDK_FRAME_HEADER_SIZE,
        carried->frame + SDK_FRAME_HEADER_SIZE };
    nodes->field_pointers[start] = field;
    refer__v1__local_record__init(node);
    node->type = text_of("submit");
    node->n_fields = 1;
    node->fields = nodes->field_pointers + start;
    nodes->record_pointers[index] = node;
    return start + 1;
}

static refer_status frame_pack(const Refer__V1__LocalRequest *message,
    size_t size_max, uint8_t **frame, size_t *size)
{
    size_t packed = refer__v1__local_request__get_packed_size(message);
    if (packed > size_max)
        return REFER_TOO_LARGE;
    uint8_t *bytes = sdk_memory_take(SDK_FRAME_HEADER_SIZE + packed);
    if (bytes == NULL)
        return REFER_NO_MEMORY;
    for (size_t i = 0; i < SDK_FRAME_HEADER_SIZE; i++)
        bytes[i] = (uint8_t)(packed >> (8 * (SDK_FRAME_HEADER_SIZE - 1 - i)));
    refer__v1__local_request__pack(message, bytes + SDK_FRAME_HEADER_SIZE);
    *frame = bytes;
    *size = SDK_FRAME_HEADER_SIZE + packed;
    return REFER_OK;
}

refer_status sdk_request_write(
    const struct sdk_request *request, uint8_t **frame, size_t *size)
{
    static const struct sdk_record none = { 0 };
    const struct sdk_record *fields =
        request->fields != NULL ? request->fields : &none;
    size_t field_count = fields->field_count + request->carried_count;
    size_t record_count =
        request->rest_count + (request->first != NULL) + request->carried_count;
    if (request->first != NULL)
        field_count += request->first->field_count;
    for (size_t i = 0; i < request->rest_count; i++)
        field_count += request->rest[i].field_count;
    struct nodes nodes = { 0 };
    if (!nodes_take(&nodes, field_count, record_count)) {
        nodes_release(&nodes);
        return REFER_NO_MEMORY;
    }
    Refer__V1__LocalRequest message;
    refer__v1__local_request__init(&message);
    message.number = request->number;
    message.operation = text_of(request->operation);
    message.n_fields = fields->field_count;
    message.fields = nodes.field_pointers;
    message.n_records = record_count;
    message.records = nodes.record_pointers;
    size_t next = fields_fill(&nodes, 0, fields);
    size_t index = 0;
    if (request->first != NULL)
        next = record_fill(&nodes, index++, next, request->first);
    for (size_t i = 0; i < request->rest_count; i++)
        next = record_fill(&nodes, index++, next, &request->rest[i]);
    for (size_t i = 0; i < request->carried_count; i++)
        next = carried_fill(&nodes, index++, next, &request->carried[i]);
    refer_status status = frame_pack(&message,
        request->carried_count > 0 ? SDK_BATCH_SIZE_MAX : SDK_MESSAGE_SIZE_MAX,
        frame, size);
    nodes_release(&nodes);
    return status;
}

/* ---- Replies ----------------------------------------------------------- */

static refer_status field_read(
    struct sdk_record *record, const Refer__V1__LocalField *node)
{
    switch (node->value_case) {
    case REFER__V1__LOCAL_FIELD__VALUE_TEXT:
        return sdk_record_set_text(record, node->name, node->text);
    case REFER__V1__LOCAL_FIELD__VALUE_NUMBER:
        return sdk_record_set_number(record, node->name, node->number);
    case REFER__V1__LOCAL_FIELD__VALUE_DATA:
        return sdk_record_set_data(
            record, node->name, node->data.data, node->data.len);
    case REFER__V1__LOCAL_FIELD__VALUE_FLAG:
        return sdk_record_set_flag(record, node->name, node->flag != 0);
    case REFER__V1__LOCAL_FIELD__VALUE__NOT_SET:
    case _REFER__V1__LOCAL_FIELD__VALUE__CASE_IS_INT_SIZE:
    default:
        return REFER_INVALID;
    }
}

static refer_status records_read(
    struct sdk_records *records, const Refer__V1__LocalReply *message)
{
    for (size_t i = 0; i < message->n_records; i++) {
        const Refer__V1__LocalRecord *node = message->records[i];
        if (!sdk_text_is_code(node->type))
            return REFER_PROTOCOL;
        struct sdk_record *record = sdk_records_add(records, node->type);
        if (record == NULL)
            return REFER_NO_MEMORY;
        for (size_t k = 0; k < node->n_fields; k++) {
            refer_status status = field_read(record, node->fields[k]);
            if (status != REFER_OK)
                return status == REFER_INVALID ? REFER_PROTOCOL : status;
        }
    }
    return REFER_OK;
}

refer_status sdk_reply_read(
    const uint8_t *bytes, size_t size, struct sdk_reply *reply)
{
    *reply = (struct sdk_reply){ 0 };
    struct budget budget = { .left = REPLY_MEMORY_MAX };
    ProtobufCAllocator allocator = { budget_alloc, budget_free, &budget };
    Refer__V1__LocalReply *message =
        refer__v1__local_reply__unpack(&allocator, size, bytes);
    if (message == NULL)
        return budget.is_refused ? REFER_NO_MEMORY : REFER_PROTOCOL;
    refer_status status = REFER_PROTOCOL;
    if (sdk_text_is_clean(message->problem) &&
        sdk_text_is_clean(message->clause) &&
        sdk_text_is_clean(message->remedy) &&
        sdk_text_is_clean(message->message))
        status = records_read(&reply->records, message);
    if (status == REFER_OK) {
        reply->number = message->number;
        reply->error = message->error;
        sdk_text_copy(reply->problem, sizeof reply->problem, message->problem);
        sdk_text_copy(reply->clause, sizeof reply->clause, message->clause);
        sdk_text_copy(reply->remedy, sizeof reply->remedy, message->remedy);
        sdk_text_copy(reply->message, sizeof reply->message, message->message);
    } else {
        sdk_reply_release(reply);
    }
    refer__v1__local_reply__free_unpacked(message, &allocator);
    return status;
}
