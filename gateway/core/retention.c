#include "core/retention.h"

#include "core/agreement.h"
#include "core/element.h"
#include "core/erase.h"
#include "core/feed.h"
#include "core/keys.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "core/output.h"
#include "core/referral_erase.h"
#include "core/scrub_again.h"

#include <string.h>

#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)

/* When something of a referral is to go; 0: never. */
struct due {
    int64_t identifiers_ms;
    int64_t content_ms;
};

static int64_t after(const struct referral *referral, uint32_t days)
{
    return days == 0 ? 0 : referral->ended.unix_ms + (int64_t)days * DAY_MS;
}

static struct due due_of(struct work *work, const struct referral *referral)
{
    const struct agreement *agreement = agreement_get(work, &referral->mou);
    struct due due = { 0, 0 };
    if (agreement == NULL || referral->ended.unix_ms == 0)
        return due;
    due.content_ms = after(referral, agreement->mou.content_days);
    due.identifiers_ms = after(referral, agreement->mou.identifiers_days);
    if (due.identifiers_ms == due.content_ms)
        due.identifiers_ms = 0; /* it goes with the rest */
    return due;
}

static void put(struct work *work, int64_t due_ms, const struct uuid *referral)
{
    struct key key = key_due(due_ms, referral);
    if (due_ms > 0)
        store_put(work->txn, key_slice(&key), SLICE_LITERAL(""));
}

void retention_note(struct work *work, const struct referral *referral)
{
    struct due due = due_of(work, referral);
    put(work, due.identifiers_ms, &referral->uuid);
    put(work, due.content_ms, &referral->uuid);
}

bool retention_is_at(
    struct work *work, const struct referral *referral, int64_t due_ms)
{
    struct due due = due_of(work, referral);
    return due_ms > 0 &&
           (due.identifiers_ms == due_ms || due.content_ms == due_ms);
}

void retention_review(struct work *work, bool clock_is_trusted)
{
    work->node->retention_is_due = clock_is_trusted;
    work->node->retention_until_ms = work->now.unix_ms;
}

bool retention_is_due(const struct node *node)
{
    return node->retention_is_due;
}

/* The first that was due at the review: the clock may have jumped since. False
 * when there is none. */
static bool next(struct work *work, int64_t *due_ms, struct uuid *referral)
{
    static const struct uuid none;
    struct slice key;
    struct slice row;
    uint64_t due = 0;
    if (!again_seek(work, key_due(0, &none), &key, &row))
        return false;
    for (size_t i = 0; i < 8; i++)
        due = due << 8 | key.bytes[KEY_TABLE_SIZE + i];
    *due_ms = (int64_t)due;
    memcpy(referral->bytes, key.bytes + KEY_TABLE_SIZE + 8,
        sizeof referral->bytes);
    return *due_ms <= work->node->retention_until_ms;
}

static struct erasure_notice notice_of(
    struct work *work, const struct referral *referral, bool is_whole)
{
    struct erasure_notice notice = { .referral = referral->uuid,
        .reason = ERASURE_RETENTION_OVER,
        .actor = ACTOR_GATEWAY,
        .at = work->now };
    struct slice *codes = arena_take_array(
        work->scratch, REFERRAL_ELEMENT_COUNT_MAX, sizeof *codes);
    const struct element *element;
    if (codes == NULL) {
        work_exhausted(work);
        return notice;
    }
    for (size_t i = 0; !is_whole && (element = element_at(i)) != NULL; i++)
        if (element->is_identifier)
            codes[notice.element_count++] = slice_of_text(element->code);
    notice.elements = codes;
    return notice;
}

/* Somebody signed for its request. */
static bool is_heard(struct work *work, const struct referral *referral)
{
    struct feed_event send;
    return !referral->outgoing ||
           (referral->position_count > 0 &&
               feed_at(work, referral->positions[0], &send) &&
               send.generation != 0);
}

/* True when something went. What we said may have gone before (hold.h): then
 * the other agency is told all the same. */
static bool erase(struct work *work, struct referral *referral, bool is_whole)
{
    struct erase_result result;
    struct erasure_notice notice = notice_of(work, referral, is_whole);
    if (work_failed(work))
        return false;
    erase_measure(work, referral, &notice, &result);
    bool is_empty = result.extent.content_count == 0;
    if (is_empty && (!is_whole || referral->erased))
        return false;
    if (is_empty && !is_heard(work, referral))
        return erase_key(work, referral, &notice);
    erase_own_at_least(work, referral, &notice, &result);
    return !work_failed(work);
}

void retention_go_on(struct work *work)
{
    struct node *node = work->node;
    struct uuid uuid;
    int64_t due_ms;
    int64_t counts[2] = { 0, 0 }; /* whole, identifiers alone */
    unsigned left = RETENTION_REFERRAL_COUNT;
    if (!node->retention_is_due)
        return;
    while (left > 0 && !work_is_heavy(work) && !work_failed(work) &&
           next(work, &due_ms, &uuid)) {
        size_t used = work->scratch->used;
        struct key key = key_due(due_ms, &uuid);
        struct referral *referral = register_get(work, &uuid);
        store_del(work->txn, key_slice(&key));
        if (referral != NULL && !register_is_begun(referral)) {
            struct due due = due_of(work, referral);
            bool is_whole = due.content_ms > 0 &&
                            due.content_ms <= node->retention_until_ms;
            bool is_due =
                is_whole || (due.identifiers_ms > 0 &&
                                due.identifiers_ms <= node->retention_until_ms);
            if (is_due && erase(work, referral, is_whole))
                counts[is_whole ? 0 : 1]++;
        }
        arena_rewind(work->scratch, used);
        referral_erase_carry_out(work);
        left--;
    }
    node->retention_is_due = left == 0 || work_is_heavy(work);
    if (counts[0] + counts[1] > 0)
        OUTPUT_LOG(work, LOG_RETENTION_ERASED,
            log_number("referrals", counts[0]),
            log_number("identifiers", counts[1]));
}
