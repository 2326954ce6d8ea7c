/* submission.h - a referral as the request that hands it over. */
#ifndef SDK_SUBMISSION_H
#define SDK_SUBMISSION_H

#include <stdbool.h>

#include "message.h"
#include "objects.h"
#include "record.h"

#define SDK_KEY_SIZE_MAX 64

/* `request` borrows from the referral, the key and the rest. */
struct sdk_submission {
    struct sdk_request request;
    struct sdk_record first;
    struct sdk_field key;
    struct sdk_field fields[SDK_REFERRAL_FIELD_COUNT];
};

/* 1 to 64 bytes of text. */
bool sdk_key_is_valid(const char *key);
/* All records behind the first are of these two types. */
bool sdk_referral_parts_are(
    const refer_referral *referral, const char *one, const char *other);

/* "submit" under that (valid) key, or "explain" without one. REFER_INVALID: it
 * says something that only a step can say. */
refer_status sdk_submission_make(const refer_referral *referral,
    const char *key, struct sdk_submission *submission);

#endif
