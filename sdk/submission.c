#include "submission.h"

#include <string.h>

#include "memory.h"

#define KEY_SIZE_MAX 64

bool sdk_key_is_valid(const char *key)
{
    return sdk_text_is_clean(key) && key[0] != 0 && strlen(key) <= KEY_SIZE_MAX;
}

bool sdk_referral_parts_are(
    const refer_referral *referral, const char *one, const char *other)
{
    for (size_t i = 1; i < referral->records.count; i++) {
        const char *type = referral->records.items[i].type;
        if (strcmp(type, one) != 0 && strcmp(type, other) != 0)
            return false;
    }
    return true;
}

refer_status sdk_submission_make(const refer_referral *referral,
    const char *key, struct sdk_submission *submission)
{
    static char type[] = "referral";
    *submission = (struct sdk_submission){ .first = { .type = type } };
    if (!sdk_referral_parts_are(referral, "element", "grant"))
        return REFER_INVALID;
    refer_status status =
        sdk_referral_fields(referral, SDK_USE_SUBMIT, &submission->first);
    if (status == REFER_OK && key != NULL)
        status = sdk_record_set_text(&submission->top, "key", key);
    submission->request = (struct sdk_request){
        .operation = key != NULL ? "submit" : "explain",
        .fields = &submission->top,
        .first = &submission->first,
        .rest = referral->records.items + 1,
        .rest_count = referral->records.count - 1,
    };
    return status;
}

void sdk_submission_release(struct sdk_submission *submission)
{
    submission->first.type = NULL; /* it is not ours */
    sdk_record_release(&submission->first);
    sdk_record_release(&submission->top);
}
