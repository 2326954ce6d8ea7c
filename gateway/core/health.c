#include "core/health.h"

#include "core/limits.h"
#include "core/node_state.h"

static const struct {
    const char *code;
    const char *remedy;
} reasons[HEALTH_REASON_COUNT] = {
#define X(symbol, code, remedy) [HEALTH_##symbol] = { code, remedy },
    HEALTH_REASON_LIST(X)
#undef X
};

static uint32_t when(bool holds, enum health_reason reason)
{
    return holds ? UINT32_C(1) << reason : 0;
}

uint32_t health_check(const struct node *node, struct instant now)
{
    bool has_sheet = node->started && node->own_sheet.size > 0;
    bool has_today = !instant_before(now, node->own_days_from) &&
                     instant_before(now, node->own_days_until);
    return when(!has_sheet, HEALTH_NO_SHEET) |
           when(has_sheet && !has_today, HEALTH_KEYS_MISSING) |
           when(node->store_percent >= STORE_INTAKE_PERCENT_MAX,
               HEALTH_STORE_FULL) |
           when(node->surroundings.clock_in_doubt, HEALTH_CLOCK_IN_DOUBT) |
           when(!instant_before(now, node->own_card_until),
               HEALTH_CARD_EXPIRED) |
           when(node->own_revocation.size > 0, HEALTH_CARD_REVOKED);
}

const char *health_reason_code(enum health_reason reason)
{
    return (size_t)reason < HEALTH_REASON_COUNT ? reasons[reason].code : "?";
}

const char *health_reason_remedy(enum health_reason reason)
{
    return (size_t)reason < HEALTH_REASON_COUNT ? reasons[reason].remedy : "";
}
