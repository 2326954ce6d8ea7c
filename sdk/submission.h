/* submission.h - a referral as the request that hands it over. */
#ifndef SDK_SUBMISSION_H
#define SDK_SUBMISSION_H

#include <stdbool.h>

#include "message.h"
#include "objects.h"
#include "record.h"

/* `request` borrows from the referral and from the rest. */
struct sdk_submission {
    struct sdk_request request;
    struct sdk_record top;
    struct sdk_record first;
};

/* 1 to 64 bytes of text. */
bool sdk_key_is_valid(const char *key);
/* All records behind the first are of these two types. */
bool sdk_referral_parts_are(
    const refer_referral *referral, const char *one, const char *other);

/* "submit" under that (valid) key, or "explain" without one; release it even
 * after an error.
 *   REFER_INVALID  it says something that only a step can say
 *   REFER_NO_MEMORY */
refer_status sdk_submission_make(const refer_referral *referral,
    const char *key, struct sdk_submission *submission);
void sdk_submission_release(struct sdk_submission *submission);

#endif
