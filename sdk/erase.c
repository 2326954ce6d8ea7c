#include <string.h>

#include "client.h"
#include "record.h"

/* erase.c - what was said of a person goes, for good. */

refer_status refer_erase(refer_client *client, const char *id,
    const char *reason, const char *elements, int32_t timeout_ms,
    uint32_t *content_count)
{
    struct sdk_deadline deadline = sdk_deadline_in(timeout_ms);
    struct sdk_reply reply = { 0 };
    if (content_count != NULL)
        *content_count = 0;
    refer_status status = sdk_client_begin(client);
    if (status != REFER_OK)
        return status;
    if (id == NULL || id[0] == 0 || reason == NULL || reason[0] == 0)
        return sdk_client_fail(
            client, REFER_INVALID, "a referral's id and a reason are needed");
    if (!sdk_text_is_clean(id) || !sdk_text_is_clean(reason) ||
        (elements != NULL && !sdk_text_is_clean(elements)))
        return sdk_client_fail(
            client, REFER_INVALID, refer_status_text(REFER_INVALID));
    struct sdk_field fields[] = {
        sdk_field_of_text("id", id),
        sdk_field_of_text("reason", reason),
        sdk_field_of_text("elements", elements != NULL ? elements : ""),
    };
    status = sdk_client_call(client,
        (struct sdk_request){ .operation = "erase",
            .fields = fields,
            .field_count = elements != NULL ? 3 : 2 },
        deadline, &reply);
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
