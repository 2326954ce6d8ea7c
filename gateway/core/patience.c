#include "core/patience.h"

#include "core/entry.h"
#include "core/limits.h"
#include "core/message.h"

/* Answers to a whole parcel are one entry, and that is small. */
#define ANSWERS_SIZE_MAX 2048u

uint32_t patience_with_reply(const struct reply *reply, bool is_all)
{
    bool is_receipt = reply->plain == 0 && reply->kind == REPLY_COSIGNED;
    return is_receipt && is_all ? PARCEL_GAP_MS : 0;
}

static bool is_answers_alone(const struct parcel *parcel, struct arena *arena)
{
    struct entry_header header;
    for (size_t i = 0; i < parcel->entry_count; i++)
        if (entry_header_read(parcel->entries[i].header, arena, &header) !=
                ERR_NONE ||
            header.kind != ENTRY_ANSWER)
            return false;
    return parcel->entry_count > 0;
}

uint32_t patience_with_request(
    const struct request *request, struct arena *arena)
{
    struct deliver deliver;
    bool is_small = request->kind == REQUEST_DELIVER &&
                    request->body.size <= ANSWERS_SIZE_MAX;
    return is_small &&
                   deliver_read(request->body, arena, &deliver) == ERR_NONE &&
                   is_answers_alone(&deliver.parcel, arena)
               ? ANSWERS_WAIT_MS
               : 0;
}

/* Of the newest an eighth; and a night's rest is forgotten after some batches.
 */
#define IDLE_MS_MAX 16

void patience_idle(struct patience *patience, int64_t idle_ms)
{
    int64_t idle = idle_ms < IDLE_MS_MAX ? idle_ms : IDLE_MS_MAX;
    int64_t before = patience->idle_sixteenths_ms;
    patience->idle_sixteenths_ms =
        (uint32_t)(before + (16 * idle - before) / 8);
}

bool patience_pays(const struct patience *patience, uint32_t wait_ms)
{
    return 2 * (uint64_t)patience->idle_sixteenths_ms < 16 * (uint64_t)wait_ms;
}
