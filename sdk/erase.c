#include <string.h>

#include "client.h"
#include "record.h"

/* erase.c - what was said of a person goes, for good. */

static refer_status fields_fill(struct sdk_record *fields, const char *id,
    const char *reason, const char *elements)
{
    const char *const texts[][2] = { { "id", id }, { "reason", reason },
        { "elements", elements } };
    refer_status status = REFER_OK;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (status == REFER_OK && texts[i][1] != NULL)
            status = sdk_record_set_text(fields, texts[i][0], texts[i][1]);
    return status;
}

refer_status refer_erase(refer_client *client, const char *id,
    const char *reason, const char *elements, int32_t timeout_ms,
    uint32_t *content_count)
{
    struct sdk_deadline deadline = sdk_deadline_in(timeout_ms);
    struct sdk_record fields = { 0 };
    struct sdk_reply reply = { 0 };
    if (content_count != NULL)
        *content_count = 0;
    refer_status status = sdk_client_begin(client);
    if (status != REFER_OK)
        return status;
    if (id == NULL || id[0] == 0 || reason == NULL || reason[0] == 0)
        return sdk_client_fail(
            client, REFER_INVALID, "a referral's id and a reason are needed");
    status = fields_fill(&fields, id, reason, elements);
    if (status != REFER_OK)
        (void)sdk_client_fail(client, status, refer_status_text(status));
    else
        status = sdk_client_call(client,
            (struct sdk_request){ .operation = "erase", .fields = &fields },
            deadline, &reply);
    sdk_record_release(&fields);
    if (status != REFER_OK)
        return status;
    const struct sdk_record *erasure =
        sdk_records_at(&reply.records, "erasure", 0);
    if (sdk_record_find(erasure, "contents") == NULL)
        status = sdk_client_fail(
            client, REFER_PROTOCOL, refer_status_text(REFER_PROTOCOL));
    else if (content_count != NULL)
        *content_count = (uint32_t)sdk_record_number(erasure, "contents");
    sdk_reply_release(&reply);
    return status;
}
