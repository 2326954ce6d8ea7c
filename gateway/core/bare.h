/*
 * bare.h - a step without its words: who took it and where it leads. What waits
 * to be told may lose its words: they were erased in a life of the store that
 * an old copy does not know, or while they were on their way. The receiving
 * agency alone decides, and a withdrawal is for ever, so the other one hears of
 * such steps all the same.
 */
#ifndef CORE_BARE_H
#define CORE_BARE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/feed.h"
#include "core/outbox.h"
#include "core/register.h"
#include "core/work.h"

/* Whether the other agency hears of our step of that type without words. What
 * else loses them is told as an entry without content, and answered so. */
bool bare_is_told(
    const struct referral *referral, enum referral_event_type type);

/* The step that stands in our feed; its role is borrowed from `told`. */
struct referral_event bare_event(const struct referral *referral,
    const struct feed_event *told, uint32_t seq);

/* The same of an intent, by what is left of it. Lives in scratch. */
struct referral_event bare_intent(struct work *work,
    const struct referral *referral, const struct intent *intent);

/* The vault's entry for a step that is told. One that is not in the feed says
 * nothing of a person: it goes with no referral, as nothing would seal it anew
 * when words are erased. */
uint64_t bare_entry(struct work *work, struct referral *referral,
    enum referral_event_type type, bool is_in_feed);

/* Writes it; *size is that of its bytes. None when memory failed. */
struct content_ref bare_put(struct work *work, uint64_t entry,
    const struct referral_event *event, size_t *size);

/* Of all that waits for that peer: what has lost its words goes bare. */
void bare_turn_all(struct work *work, struct ledger *out);

/* Of that, and of the parcel in flight: steps that no word is needed for, as
 * when consent is taken back, and whose words are damaged here. They wait for
 * nothing. True: there were some. */
bool bare_turn_unread(struct work *work, struct ledger *out);

#endif
