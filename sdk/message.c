#include "message.h"

#include <string.h>

#include "channel.h"
#include "memory.h"
#include "wire.h"

void sdk_reply_release(struct sdk_reply *reply)
{
    sdk_records_release(&reply->records);
    *reply = (struct sdk_reply){ 0 };
}

/* ---- Requests ---------------------------------------------------------- */

size_t sdk_request_size(const struct sdk_request *request)
{
    return wire_number_size(request->number) +
           wire_text_size(slice_of_text(request->operation)) +
           sdk_fields_size(request->fields, request->field_count) +
           sdk_records_size(request->first, request->first != NULL) +
           sdk_records_size(request->rest, request->rest_count);
}

static uint8_t *request_before(uint8_t *end, const struct sdk_request *request)
{
    end = sdk_records_before(
        end, REQUEST_RECORDS, request->rest, request->rest_count);
    end = sdk_records_before(
        end, REQUEST_RECORDS, request->first, request->first != NULL);
    end = sdk_fields_before(
        end, REQUEST_FIELDS, request->fields, request->field_count);
    end = wire_text_before(
        end, REQUEST_OPERATION, slice_of_text(request->operation));
    return wire_number_before(end, REQUEST_NUMBER, request->number);
}

refer_status sdk_frame_new(
    size_t size, size_t more, size_t size_max, uint8_t **frame)
{
    size_t message_size = size + more;
    if (message_size > size_max)
        return REFER_TOO_LARGE;
    *frame = sdk_memory_take_raw(SDK_FRAME_HEADER_SIZE + size);
    if (*frame == NULL)
        return REFER_NO_MEMORY;
    for (size_t i = SDK_FRAME_HEADER_SIZE; i > 0; i--, message_size >>= 8)
        (*frame)[i - 1] = (uint8_t)message_size;
    return REFER_OK;
}

refer_status sdk_request_write(
    const struct sdk_request *request, uint8_t **frame, size_t *size)
{
    size_t message_size = sdk_request_size(request);
    refer_status status = sdk_frame_new(message_size, request->carried.size,
        request->carried.size > 0 ? SDK_BATCH_SIZE_MAX : SDK_MESSAGE_SIZE_MAX,
        frame);
    if (status != REFER_OK)
        return status;
    *size = SDK_FRAME_HEADER_SIZE + message_size;
    (void)request_before(*frame + *size, request);
    return REFER_OK;
}

#define CARRIED_TYPE SLICE_LITERAL("submit")
#define CARRIED_FIELD SLICE_LITERAL("request")

static size_t carried_field_size(size_t request_size)
{
    return wire_text_size(CARRIED_FIELD) + wire_sized_size(request_size);
}

size_t sdk_carried_size(size_t request_size)
{
    return wire_sized_size(wire_text_size(CARRIED_TYPE) +
                           wire_sized_size(carried_field_size(request_size)));
}

uint8_t *sdk_carried_before(uint8_t *end, const struct sdk_request *request)
{
    uint8_t *begin = request_before(end, request);
    begin = wire_head_before(begin, FIELD_DATA, end);
    begin = wire_text_before(begin, FIELD_NAME, CARRIED_FIELD);
    begin = wire_head_before(begin, RECORD_FIELDS, end);
    begin = wire_text_before(begin, RECORD_TYPE, CARRIED_TYPE);
    return wire_head_before(begin, REQUEST_RECORDS, end);
}

/* ---- Replies ----------------------------------------------------------- */

/* What the reply says beside its records. */
struct texts {
    struct slice problem;
    struct slice clause;
    struct slice remedy;
    struct slice message;
};

static bool part_read(
    const struct sdk_part *part, struct sdk_reply *reply, struct texts *texts)
{
    switch (part->tag) {
    case REPLY_NUMBER:
        reply->number = (uint32_t)part->number;
        return true;
    case REPLY_ERROR:
        reply->error = (uint32_t)part->number;
        return true;
    case REPLY_PROBLEM:
        texts->problem = part->bytes;
        return true;
    case REPLY_CLAUSE:
        texts->clause = part->bytes;
        return true;
    case REPLY_REMEDY:
        texts->remedy = part->bytes;
        return true;
    case REPLY_MESSAGE:
        texts->message = part->bytes;
        return true;
    case REPLY_RECORDS:
        return true;
    default:
        return sdk_part_is_newer(part, REPLY_RECORDS);
    }
}

static bool said_read(struct slice rest, struct sdk_reply *reply)
{
    struct texts texts = { 0 };
    struct sdk_part part;
    while (rest.size > 0)
        if (!sdk_part_next(&rest, &part) || !part_read(&part, reply, &texts))
            return false;
    sdk_slice_copy(reply->problem, sizeof reply->problem, texts.problem);
    sdk_slice_copy(reply->clause, sizeof reply->clause, texts.clause);
    sdk_slice_copy(reply->remedy, sizeof reply->remedy, texts.remedy);
    sdk_slice_copy(reply->message, sizeof reply->message, texts.message);
    return sdk_slice_is_clean(texts.problem) &&
           sdk_slice_is_clean(texts.clause) &&
           sdk_slice_is_clean(texts.remedy) &&
           sdk_slice_is_clean(texts.message);
}

refer_status sdk_reply_read(
    const uint8_t *bytes, size_t size, struct sdk_reply *reply)
{
    struct slice message = slice_of(bytes, size);
    refer_status status = REFER_PROTOCOL;
    *reply = (struct sdk_reply){ 0 };
    if (said_read(message, reply))
        status =
            sdk_records_read(&reply->records, message, REPLY_RECORDS, "event");
    if (status != REFER_OK)
        sdk_reply_release(reply);
    return status;
}
