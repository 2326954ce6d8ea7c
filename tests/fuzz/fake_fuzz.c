/*
 * Requests that the fake gateway of customers' tests reads and serves, from any
 * bytes: it answers all that it can read, and its answer is one that the
 * library reads. One connection asks; nobody listens.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "refer/fake.h"
#include "sdk/channel.h"
#include "sdk/fake/desk.h"
#include "sdk/fake/feed.h"
#include "sdk/fake/wire.h"
#include "sdk/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LINK 1
/* What came is remembered: now and then it begins anew. */
#define INPUT_COUNT 200

#define MUST(condition)                                                        \
    do {                                                                       \
        if (!(condition))                                                      \
            abort();                                                           \
    } while (0)

/* A fake without its thread, with one referral in it and a cursor open. */
static refer_fake *fake_new(void)
{
    refer_fake *fake;
    refer_referral *referral;
    char id[REFER_ID_SIZE];
    MUST(refer_fake_new(&fake) == REFER_OK);
    refer_fake_stop(fake);
    MUST(refer_referral_new(&referral) == REFER_OK);
    MUST(refer_referral_set(referral, "id",
             "urn:uuid:00000000-0000-4000-8000-000000000001") == REFER_OK);
    MUST(refer_fake_receive(fake, referral, id, sizeof id) == REFER_OK);
    refer_referral_free(referral);
    return fake;
}

static void answer_check(const struct sdk_reply *reply)
{
    uint8_t *frame;
    size_t size;
    struct sdk_reply read;
    if (fake_reply_write(reply, &frame, &size) != REFER_OK)
        return; /* too large: the test says so to the program */
    MUST(sdk_reply_read(frame + SDK_FRAME_HEADER_SIZE,
             size - SDK_FRAME_HEADER_SIZE, &read) == REFER_OK);
    MUST(read.error == reply->error);
    MUST(read.records.count == reply->records.count);
    sdk_reply_release(&read);
    sdk_memory_free(frame);
}

static refer_fake *fake;

static void fake_end(void)
{
    refer_fake_free(fake);
    fake = NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int input_count;
    struct fake_request request;
    struct sdk_reply reply = { 0 };
    if (fake == NULL) {
        MUST(input_count > 0 || atexit(fake_end) == 0);
        fake = fake_new();
    }
    if (fake_request_read(data, size, &request) != REFER_OK)
        return 0;
    request.link = LINK;
    if (fake_desk_serve(fake, &request, &reply))
        answer_check(&reply);
    else
        fake_cursors_gone(fake, LINK);
    sdk_reply_release(&reply);
    fake_request_release(&request);
    if (++input_count % INPUT_COUNT == 0)
        fake_end();
    return 0;
}
