#include "sdk/fake/case.h"
#include "sdk/fake/check.h"
#include "sdk/fake/received.h"
#include "sdk/fake/wire.h"

#include <string.h>

#include "sdk/memory.h"
#include "sdk/status.h"

/* many.c - referrals in a batch: each is served, and kept for the test, as if
 * it had come alone. */

static bool records_check(
    const struct sdk_records *records, struct sdk_reply *reply)
{
    static const struct fake_rule rules[] = {
        { "request", SDK_FIELD_DATA, true },
    };
    size_t count = records->count - 1;
    if (count == 0 || count > REFER_BATCH_COUNT_MAX)
        return fake_refuse(reply,
            count == 0 ? FAKE_ERR_INVALID : FAKE_ERR_LIMIT, "FORMAT",
            "submit.many", "give 1 to 4096 records of type submit");
    for (size_t i = 1; i < records->count; i++) {
        if (strcmp(records->items[i].type, "submit") != 0)
            return fake_refuse(reply, FAKE_ERR_INVALID, "UNKNOWN_FIELD",
                "records",
                "leave out records that the operation does not know");
        if (!fake_fields_check(reply, "submit", &records->items[i], rules, 1))
            return false;
    }
    return true;
}

/* Serves it; what the test scripted for "submit" comes first. */
static void item_serve(
    struct refer_fake *fake, struct fake_request *item, struct sdk_reply *reply)
{
    struct fake_surprise *surprise =
        fake_surprise_find(fake->surprises, "submit");
    refer_fake_request *received = fake_received_new(item);
    bool is_refused = surprise != NULL && surprise->fault == FAKE_FAULT_COUNT;
    if (received == NULL) {
        (void)fake_exhausted(reply);
        return;
    }
    if (is_refused)
        (void)fake_refuse(reply, surprise->error, surprise->problem,
            surprise->clause, surprise->remedy);
    else
        (void)fake_submit(fake, item, reply);
    if (is_refused)
        fake_surprise_drop(&fake->surprises, surprise);
    received->status = sdk_status_of(reply->error, reply->problem);
    received->is_repeat = item->is_repeat;
    fake_received_keep(fake, received);
}

/* The answer to one, as a record of the answer to all. */
static refer_status item_answer(struct sdk_reply *reply, struct sdk_reply *item)
{
    if (item->error == FAKE_ERR_NONE)
        return sdk_records_take(
            &reply->records, &item->records, 0, item->records.count);
    struct sdk_record *record = sdk_records_add(&reply->records, "refusal");
    refer_status status = record == NULL ? REFER_NO_MEMORY : REFER_OK;
    if (status == REFER_OK)
        status = sdk_record_set_number(record, "error", item->error);
    if (status == REFER_OK)
        status = sdk_record_set_text(record, "problem", item->problem);
    if (status == REFER_OK)
        status = sdk_record_set_text(record, "clause", item->clause);
    if (status == REFER_OK)
        status = sdk_record_set_text(record, "remedy", item->remedy);
    return status;
}

static refer_status item_take(struct refer_fake *fake, uint64_t link,
    const struct sdk_record *record, struct sdk_reply *reply)
{
    struct fake_request item;
    struct sdk_reply answer = { 0 };
    const struct sdk_field *bytes = sdk_record_find(record, "request");
    refer_status status = fake_request_read(bytes->data, bytes->size, &item);
    item.link = link;
    if (status == REFER_NO_MEMORY)
        (void)fake_exhausted(&answer);
    else if (status != REFER_OK || item.number != 0 ||
             strcmp(item.operation, "submit") != 0)
        (void)fake_refuse(&answer,
            status != REFER_OK ? FAKE_ERR_MALFORMED : FAKE_ERR_INVALID,
            "FORMAT", "submit.request",
            "give a request submit as refer/v1/local.proto says, without a "
            "number");
    else
        item_serve(fake, &item, &answer);
    if (status == REFER_OK)
        fake_request_release(&item);
    status = item_answer(reply, &answer);
    sdk_reply_release(&answer);
    return status;
}

bool fake_submit_many(struct refer_fake *fake, struct fake_request *request,
    struct sdk_reply *reply)
{
    const struct sdk_records *records = &request->records;
    if (!fake_fields_check(reply, "submit.many", records->items, NULL, 0) ||
        !records_check(records, reply))
        return true;
    for (size_t i = 1; i < records->count; i++)
        if (item_take(fake, request->link, &records->items[i], reply) !=
            REFER_OK) {
            /* what was done before is found again by its key */
            (void)fake_exhausted(reply);
            return true;
        }
    return true;
}
