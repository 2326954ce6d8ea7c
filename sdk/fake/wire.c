#include "sdk/fake/wire.h"

#include <string.h>

#include "sdk/channel.h"
#include "sdk/memory.h"
#include "sdk/wire.h"

void fake_request_release(struct fake_request *request)
{
    sdk_records_release(&request->records);
    sdk_memory_free(request->bytes);
    request->bytes = NULL;
}

/* Puts the part in its place; what it is has been read from `bytes`. */
static refer_status part_read(struct fake_request *request,
    const struct sdk_part *part, struct slice bytes)
{
    switch (part->tag) {
    case REQUEST_NUMBER:
        request->number = (uint32_t)part->number;
        return REFER_OK; /* the other bytes are the same for every try */
    case REQUEST_OPERATION:
        if (!sdk_slice_is_code(part->bytes))
            return REFER_PROTOCOL;
        sdk_slice_copy(
            request->operation, sizeof request->operation, part->bytes);
        break;
    case REQUEST_RECORDS:
        break;
    case REQUEST_FIELDS: {
        refer_status status =
            sdk_field_read(&request->records.items[0], part->bytes);
        if (status != REFER_OK)
            return status;
        break;
    }
    default:
        if (!sdk_part_is_newer(part, REQUEST_RECORDS))
            return REFER_PROTOCOL;
        break;
    }
    memcpy(request->bytes + request->size, bytes.bytes, bytes.size);
    request->size += bytes.size;
    return REFER_OK;
}

static refer_status message_read(
    struct slice message, struct fake_request *request)
{
    struct slice rest = message;
    request->bytes = sdk_memory_take_raw(message.size);
    if (request->bytes == NULL ||
        sdk_records_add(&request->records, "request") == NULL)
        return REFER_NO_MEMORY;
    while (rest.size > 0) {
        struct slice before = rest;
        struct sdk_part part;
        if (!sdk_part_next(&rest, &part))
            return REFER_PROTOCOL;
        before.size -= rest.size;
        refer_status status = part_read(request, &part, before);
        if (status != REFER_OK)
            return status;
    }
    if (request->operation[0] == 0)
        return REFER_PROTOCOL;
    return sdk_records_read(&request->records, message, REQUEST_RECORDS, NULL);
}

refer_status fake_request_read(
    const uint8_t *bytes, size_t size, struct fake_request *request)
{
    *request = (struct fake_request){ 0 };
    refer_status status = message_read(slice_of(bytes, size), request);
    if (status != REFER_OK)
        fake_request_release(request);
    return status;
}

static struct slice text(const char *text)
{
    return slice_of_text(text);
}

refer_status fake_reply_write(
    const struct sdk_reply *reply, uint8_t **frame, size_t *size)
{
    const struct sdk_records *records = &reply->records;
    size_t message_size = wire_number_size(reply->number) +
                          wire_number_size(reply->error) +
                          wire_text_size(text(reply->problem)) +
                          wire_text_size(text(reply->clause)) +
                          wire_text_size(text(reply->remedy)) +
                          wire_text_size(text(reply->message)) +
                          sdk_records_size(records->items, records->count);
    refer_status status =
        sdk_frame_new(message_size, 0, SDK_MESSAGE_SIZE_MAX, frame);
    if (status != REFER_OK)
        return status;
    *size = SDK_FRAME_HEADER_SIZE + message_size;
    uint8_t *end = sdk_records_before(
        *frame + *size, REPLY_RECORDS, records->items, records->count);
    end = wire_text_before(end, REPLY_MESSAGE, text(reply->message));
    end = wire_text_before(end, REPLY_REMEDY, text(reply->remedy));
    end = wire_text_before(end, REPLY_CLAUSE, text(reply->clause));
    end = wire_text_before(end, REPLY_PROBLEM, text(reply->problem));
    end = wire_number_before(end, REPLY_ERROR, reply->error);
    (void)wire_number_before(end, REPLY_NUMBER, reply->number);
    return REFER_OK;
}
