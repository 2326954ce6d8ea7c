#include "submission.h"

#include <string.h>

bool sdk_key_is_valid(const char *key)
{
    return sdk_text_is_clean(key) && key[0] != 0 &&
           strlen(key) <= SDK_KEY_SIZE_MAX;
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
    if (!sdk_referral_parts_are(referral, "element", "grant"))
        return REFER_INVALID;
    static const char type[] = "referral";
    submission->first = (struct sdk_record){ .type = type,
        .type_size = sizeof type - 1,
        .fields = submission->fields,
        .has_lent_fields = true };
    if (key != NULL)
        submission->key = sdk_field_of_text("key", key);
    submission->request = (struct sdk_request){
        .operation = key != NULL ? "submit" : "explain",
        .fields = &submission->key,
        .field_count = key != NULL,
        .first = &submission->first,
        .rest = referral->records.items + 1,
        .rest_count = referral->records.count - 1,
    };
    return sdk_referral_fields(referral, SDK_USE_SUBMIT, submission->fields,
        &submission->first.field_count);
}
