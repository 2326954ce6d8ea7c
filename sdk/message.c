#include "message.h"

#include <string.h>

#include "channel.h"
#include "memory.h"
#include "node.h"

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

/* protobuf-c does not write to what it packs; its types do not say so. */
static char *text_of(const char *text)
{
    return (char *)(uintptr_t)text;
}

static size_t carried_fill(struct sdk_nodes *nodes, size_t index, size_t start,
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
    struct sdk_nodes nodes = { 0 };
    if (!sdk_nodes_take(&nodes, field_count, record_count)) {
        sdk_nodes_release(&nodes);
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
    size_t next = sdk_nodes_fill_fields(&nodes, 0, fields);
    size_t index = 0;
    if (request->first != NULL)
        next = sdk_nodes_fill_record(&nodes, index++, next, request->first);
    for (size_t i = 0; i < request->rest_count; i++)
        next = sdk_nodes_fill_record(&nodes, index++, next, &request->rest[i]);
    for (size_t i = 0; i < request->carried_count; i++)
        next = carried_fill(&nodes, index++, next, &request->carried[i]);
    refer_status status = sdk_frame_pack(&message.base,
        request->carried_count > 0 ? SDK_BATCH_SIZE_MAX : SDK_MESSAGE_SIZE_MAX,
        frame, size);
    sdk_nodes_release(&nodes);
    return status;
}

/* ---- Replies ----------------------------------------------------------- */

static refer_status reply_read(
    const Refer__V1__LocalReply *message, struct sdk_reply *reply)
{
    if (!sdk_text_is_clean(message->problem) ||
        !sdk_text_is_clean(message->clause) ||
        !sdk_text_is_clean(message->remedy) ||
        !sdk_text_is_clean(message->message))
        return REFER_PROTOCOL;
    refer_status status = sdk_node_read_records(
        &reply->records, message->records, message->n_records);
    if (status != REFER_OK) {
        sdk_reply_release(reply);
        return status;
    }
    reply->number = message->number;
    reply->error = message->error;
    sdk_text_copy(reply->problem, sizeof reply->problem, message->problem);
    sdk_text_copy(reply->clause, sizeof reply->clause, message->clause);
    sdk_text_copy(reply->remedy, sizeof reply->remedy, message->remedy);
    sdk_text_copy(reply->message, sizeof reply->message, message->message);
    return REFER_OK;
}

refer_status sdk_reply_read(
    const uint8_t *bytes, size_t size, struct sdk_reply *reply)
{
    *reply = (struct sdk_reply){ 0 };
    struct sdk_budget budget = { .left = SDK_UNFOLDED_SIZE_MAX };
    ProtobufCAllocator allocator = sdk_budget_allocator(&budget);
    const Refer__V1__LocalReply *message =
        refer__v1__local_reply__unpack(&allocator, size, bytes);
    refer_status status = budget.is_refused ? REFER_NO_MEMORY : REFER_PROTOCOL;
    if (message != NULL)
        status = reply_read(message, reply);
    sdk_budget_release(&budget);
    return status;
}
