/* message.h - requests and replies as bytes. */
#ifndef SDK_MESSAGE_H
#define SDK_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "record.h"
#include "refer/refer.h"

struct sdk_request {
    uint32_t number;
    const char *operation;
    const struct sdk_field *fields;
    size_t field_count;
    const struct sdk_record *first; /* a record before the rest, or NULL */
    const struct sdk_record *rest;
    size_t rest_count;
    /* Records behind the rest, as sdk_carried_before() wrote them: they are not
     * in the frame, but to be sent behind it. With them the message may have
     * SDK_BATCH_SIZE_MAX. */
    struct slice carried;
};

#define SDK_PROBLEM_SIZE 64
#define SDK_TEXT_SIZE 256

/* An empty one is all zero. Texts that are too long are cut. */
struct sdk_reply {
    uint32_t number;
    uint32_t error;
    char problem[SDK_PROBLEM_SIZE];
    char clause[SDK_TEXT_SIZE];
    char remedy[SDK_TEXT_SIZE];
    char message[SDK_TEXT_SIZE];
    struct sdk_records records;
};

void sdk_reply_release(struct sdk_reply *reply);

/* The frame, header included, to be freed with sdk_memory_free().
 * REFER_TOO_LARGE, REFER_NO_MEMORY. */
refer_status sdk_request_write(
    const struct sdk_request *request, uint8_t **frame, size_t *size);
/* A frame that ends with `size` bytes for a message, which may have `size_max`,
 * `more` of them behind it. The same errors. */
refer_status sdk_frame_new(
    size_t size, size_t more, size_t size_max, uint8_t **frame);

/* A request that another carries, as a record "submit" {request}: its message's
 * size, what it takes then, and the record written before `end`. */
size_t sdk_request_size(const struct sdk_request *request);
size_t sdk_carried_size(size_t request_size);
uint8_t *sdk_carried_before(uint8_t *end, const struct sdk_request *request);

/* REFER_PROTOCOL when the bytes are no reply, REFER_NO_MEMORY; *reply is then
 * empty. An event and what belongs to it share a block. */
refer_status sdk_reply_read(
    const uint8_t *bytes, size_t size, struct sdk_reply *reply);

#endif
