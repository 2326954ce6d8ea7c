#include "core/message.h"

static const char *const refusals[] = {
    [REFUSAL_MALFORMED] = "malformed",
    [REFUSAL_STRANGER] = "stranger",
    [REFUSAL_SIGNATURE] = "signature",
    [REFUSAL_ADDRESS] = "address",
    [REFUSAL_NOT_OFFERED] = "not_offered",
    [REFUSAL_GENERATION] = "generation",
    [REFUSAL_CLOSED] = "closed",
    [REFUSAL_LAST_RESORT] = "last_resort",
    [REFUSAL_TOO_LARGE] = "too_large",
    [REFUSAL_REVOKED] = "revoked",
};
_Static_assert(sizeof refusals / sizeof *refusals == REFUSAL_CODE_COUNT, "");

static const char *const reasons[] = {
    [BEHIND_UNSETTLED] = "unsettled",
    [BEHIND_FENCE] = "fence",
    [BEHIND_GAP] = "gap",
    [BEHIND_BOUNDARY] = "boundary",
    [BEHIND_GENERATION] = "generation",
};
_Static_assert(sizeof reasons / sizeof *reasons == BEHIND_REASON_COUNT, "");

static const char *name_at(const char *const *names, size_t count, size_t i)
{
    return i > 0 && i < count ? names[i] : "?";
}

const char *refusal_code_name(enum refusal_code code)
{
    return name_at(refusals, REFUSAL_CODE_COUNT, code);
}

const char *behind_reason_name(enum behind_reason reason)
{
    return name_at(reasons, BEHIND_REASON_COUNT, reason);
}
