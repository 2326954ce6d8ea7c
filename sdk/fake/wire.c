#include "sdk/fake/wire.h"

#include <string.h>

#include "sdk/channel.h"
#include "sdk/memory.h"
#include "sdk/node.h"

void fake_request_release(struct fake_request *request)
{
    sdk_records_release(&request->records);
    sdk_memory_free(request->bytes);
    request->bytes = NULL;
}

/* As bytes without its number: the same for every try. */
static refer_status unnumbered(
    Refer__V1__LocalRequest *message, struct fake_request *request)
{
    message->number = 0;
    request->size = refer__v1__local_request__get_packed_size(message);
    request->bytes = sdk_memory_take(request->size);
    if (request->bytes == NULL)
        return REFER_NO_MEMORY;
    refer__v1__local_request__pack(message, request->bytes);
    return REFER_OK;
}

static refer_status message_read(
    Refer__V1__LocalRequest *message, struct fake_request *request)
{
    request->number = message->number;
    if (!sdk_text_is_code(message->operation))
        return REFER_PROTOCOL;
    sdk_text_copy(
        request->operation, sizeof request->operation, message->operation);
    struct sdk_record *fields = sdk_records_add(&request->records, "request");
    if (fields == NULL)
        return REFER_NO_MEMORY;
    refer_status status =
        sdk_node_read_fields(fields, message->fields, message->n_fields);
    if (status == REFER_OK)
        status = sdk_node_read_records(
            &request->records, message->records, message->n_records);
    return status == REFER_OK ? unnumbered(message, request) : status;
}

refer_status fake_request_read(
    const uint8_t *bytes, size_t size, struct fake_request *request)
{
    *request = (struct fake_request){ 0 };
    struct sdk_budget budget = { .left = SDK_UNFOLDED_SIZE_MAX };
    ProtobufCAllocator allocator = sdk_budget_allocator(&budget);
    Refer__V1__LocalRequest *message =
        refer__v1__local_request__unpack(&allocator, size, bytes);
    refer_status status = budget.is_refused ? REFER_NO_MEMORY : REFER_PROTOCOL;
    if (message != NULL)
        status = message_read(message, request);
    if (status != REFER_OK)
        fake_request_release(request);
    sdk_budget_release(&budget);
    return status;
}

/* protobuf-c does not write to what it packs; its types do not say so. */
static char *writable(const char *text)
{
    return (char *)(uintptr_t)text;
}

refer_status fake_reply_write(
    const struct sdk_reply *reply, uint8_t **frame, size_t *size)
{
    const struct sdk_records *records = &reply->records;
    size_t field_count = 0;
    for (size_t i = 0; i < records->count; i++)
        field_count += records->items[i].field_count;
    struct sdk_nodes nodes = { 0 };
    if (!sdk_nodes_take(&nodes, field_count, records->count)) {
        sdk_nodes_release(&nodes);
        return REFER_NO_MEMORY;
    }
    Refer__V1__LocalReply message;
    refer__v1__local_reply__init(&message);
    message.number = reply->number;
    message.error = reply->error;
    message.problem = writable(reply->problem);
    message.clause = writable(reply->clause);
    message.remedy = writable(reply->remedy);
    message.message = writable(reply->message);
    message.n_records = records->count;
    message.records = nodes.record_pointers;
    size_t next = 0;
    for (size_t i = 0; i < records->count; i++)
        next = sdk_nodes_fill_record(&nodes, i, next, &records->items[i]);
    refer_status status =
        sdk_frame_pack(&message.base, SDK_MESSAGE_SIZE_MAX, frame, size);
    sdk_nodes_release(&nodes);
    return status;
}
