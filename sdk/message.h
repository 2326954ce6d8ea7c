/* message.h - requests and replies as bytes. */
#ifndef SDK_MESSAGE_H
#define SDK_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "record.h"
#include "refer/refer.h"

/* A request as sdk_request_write() made it, to be carried by another. */
struct sdk_carried {
    uint8_t *frame;
    size_t size;
};

struct sdk_request {
    uint32_t number;
    const char *operation;
    const struct sdk_record *fields; /* NULL: none */
    const struct sdk_record *first;  /* a record before the rest, or NULL */
    const struct sdk_record *rest;
    size_t rest_count;
    /* Behind the rest: a record "submit" {request} of each; the frame may
     * then have SDK_BATCH_SIZE_MAX. */
    const struct sdk_carried *carried;
    size_t carried_count;
};

/* What one carried request takes beside its own message. */
#define SDK_CARRIED_FRAMING 48u

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
/* REFER_PROTOCOL when the bytes are no reply, REFER_NO_MEMORY; *reply is then
 * empty. */
refer_status sdk_reply_read(
    const uint8_t *bytes, size_t size, struct sdk_reply *reply);

/* A copy that fits, cut between characters. */
void sdk_text_copy(char *copy, size_t capacity, const char *text);

#endif
