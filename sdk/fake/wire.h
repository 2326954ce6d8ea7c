/* wire.h - the gateway's end of the frames: requests read, replies written. */
#ifndef FAKE_WIRE_H
#define FAKE_WIRE_H

#include "sdk/fake/state.h"

/* REFER_PROTOCOL when the bytes are no request, REFER_NO_MEMORY; *request is
 * then empty but for its number. */
refer_status fake_request_read(
    const uint8_t *bytes, size_t size, struct fake_request *request);
void fake_request_release(struct fake_request *request);

/* The frame, header included, to be freed with sdk_memory_free().
 * REFER_TOO_LARGE, REFER_NO_MEMORY. */
refer_status fake_reply_write(
    const struct sdk_reply *reply, uint8_t **frame, size_t *size);

#endif
