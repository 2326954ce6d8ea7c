#include "sim/tally.h"

#include <stdio.h>

void tally_print(const struct tally *tally)
{
#define X(name)                                                                \
    printf("  %-24s %llu\n", #name, (unsigned long long)tally->name);
    TALLY_LIST(X)
    TALLY_EXTRA_LIST(X)
#undef X
    for (unsigned i = 1; i < REFERRAL_STATE_COUNT; i++)
        printf("  state %-18s %llu\n",
            referral_state_name((enum referral_state)i),
            (unsigned long long)tally->states[i]);
    for (unsigned i = 1; i < EVENT_TYPE_COUNT; i++)
        if (tally->steps[i] > 0)
            printf("  step %-19s %llu\n",
                event_type_name((enum referral_event_type)i),
                (unsigned long long)tally->steps[i]);
    for (unsigned i = 1; i < REPLY_KIND_COUNT; i++)
        printf(
            "  reply %-18u %llu\n", i, (unsigned long long)tally->replies[i]);
}

static bool met(const char *what, uint64_t count)
{
    if (count == 0)
        printf("refer-sim: never met: %s\n", what);
    return count > 0;
}

/* Timers write these, and no gateway has timers yet; nobody drafts here. */
static bool is_reachable(enum referral_state state)
{
    return state != REFERRAL_UNKNOWN && state != REFERRAL_DRAFT &&
           state != REFERRAL_UNDELIVERABLE && state != REFERRAL_EXPIRED &&
           state != REFERRAL_CLOSED_UNACKED &&
           state != REFERRAL_REFUSED_BY_POLICY;
}

bool tally_covers(const struct tally *tally)
{
    static const enum reply_kind replies[] = { REPLY_COSIGNED, REPLY_BEHIND,
        REPLY_HEAD };
    bool covers = true;
#define X(name) covers &= met(#name, tally->name);
    TALLY_LIST(X)
#undef X
    for (unsigned i = 0; i < REFERRAL_STATE_COUNT; i++)
        if (is_reachable((enum referral_state)i))
            covers &= met(
                referral_state_name((enum referral_state)i), tally->states[i]);
    for (unsigned i = 0; i < sizeof replies / sizeof *replies; i++)
        covers &= met("a kind of reply", tally->replies[replies[i]]);
    return covers;
}
