/* Agreements bind withdrawals too. */
#include "core/referral.h"

bool __wrap_event_is_exempt(enum referral_event_type type);
bool __wrap_event_is_exempt(enum referral_event_type type)
{
    (void)type;
    return false;
}
