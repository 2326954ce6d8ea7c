#include "core/outbox.h"

#include "core/keys.h"
#include "core/limits.h"
#include "core/referral.h"

#include <assert.h>
#include <string.h>

#define ROW_SIZE 72
#define ROW_HAS_REFERRAL 1u
#define ROW_IS_AGAIN 2u

/* What an entry adds to a parcel's size beside its content. */
#define ENTRY_FRAMING 128u

static void row_put(struct work *work, const struct ledger *ledger,
    uint64_t number, const struct intent *intent)
{
    uint8_t bytes[ROW_SIZE];
    struct packer out = pack_into(bytes, sizeof bytes);
    assert(ledger->number != 0 && ledger->direction == LEDGER_OUT);
    pack_u8(&out, (uint8_t)intent->kind);
    pack_u64(&out, (uint64_t)intent->at.unix_ms);
    content_ref_pack(&out, intent->content);
    pack_u32(&out, intent->content_size);
    pack_u8(&out, (uint8_t)((intent->has_referral ? ROW_HAS_REFERRAL : 0u) |
                            (intent->is_again ? ROW_IS_AGAIN : 0u)));
    pack_fixed(&out, intent->referral.bytes, sizeof intent->referral.bytes);
    pack_u8(&out, intent->event_type);
    pack_u32(&out, intent->seq);
    pack_u8(&out, intent->state);
    pack_u64(&out, intent->feed_position);
    assert(out.err == ERR_NONE);
    struct key key = key_intent(ledger->number, number);
    store_put(work->txn, key_slice(&key), packed(&out));
}

void outbox_put(
    struct work *work, struct ledger *ledger, const struct intent *intent)
{
    row_put(work, ledger, ledger->intent_next++, intent);
    ledger->intent_count++;
    ledger->changed = true;
}

void outbox_replace(
    struct work *work, const struct ledger *ledger, const struct intent *intent)
{
    row_put(work, ledger, intent->number, intent);
}

void outbox_return(struct work *work, struct ledger *ledger,
    struct intent *intents, size_t count)
{
    struct intent first;
    uint64_t before = ledger->intent_next;
    if (outbox_next(work, ledger, 0, &first))
        before = first.number;
    assert(before >= count); /* they had numbers below it */
    for (size_t i = 0; i < count; i++) {
        intents[i].number = before - count + i;
        row_put(work, ledger, intents[i].number, &intents[i]);
    }
    ledger->intent_count += count;
    ledger->changed = true;
}

bool outbox_next(struct work *work, const struct ledger *ledger, uint64_t from,
    struct intent *intent)
{
    struct key wanted = key_intent(ledger->number, from);
    struct slice key = key_slice(&wanted);
    struct slice row;
    if (ledger->intent_count == 0 ||
        !store_seek(work->txn, KEY_LEDGER_PARTS_SIZE, &key, &row))
        return false;
    struct unpacker in = unpack_from(row);
    intent->number = key_number(key);
    intent->kind = (enum entry_kind)unpack_u8(&in);
    intent->at.unix_ms = (int64_t)unpack_u64(&in);
    intent->content = content_ref_unpack(&in);
    intent->content_size = unpack_u32(&in);
    uint8_t flags = unpack_u8(&in);
    intent->has_referral = (flags & ROW_HAS_REFERRAL) != 0;
    intent->is_again = (flags & ROW_IS_AGAIN) != 0;
    unpack_fixed(&in, intent->referral.bytes, sizeof intent->referral.bytes);
    intent->event_type = unpack_u8(&in);
    intent->seq = unpack_u32(&in);
    intent->state = unpack_u8(&in);
    intent->feed_position = unpack_u64(&in);
    if (unpack_end(&in) != ERR_NONE)
        work_corrupt(work);
    return !work_failed(work);
}

size_t outbox_oldest(struct work *work, const struct ledger *ledger,
    size_t size_max, struct intent *intents, size_t capacity)
{
    uint64_t from = 0;
    size_t count = 0;
    size_t size = 0;
    while (
        count < capacity && outbox_next(work, ledger, from, &intents[count])) {
        size += intents[count].content_size + ENTRY_FRAMING;
        if (count > 0 && size > size_max)
            break;
        from = intents[count++].number + 1;
    }
    return count;
}

void outbox_take(
    struct work *work, struct ledger *ledger, const struct intent *intent)
{
    struct key key = key_intent(ledger->number, intent->number);
    store_del(work->txn, key_slice(&key));
    assert(ledger->intent_count > 0);
    ledger->intent_count--;
    ledger->changed = true;
}

void outbox_requeue(
    struct work *work, struct ledger *ledger, const struct intent *intent)
{
    outbox_take(work, ledger, intent);
    outbox_put(work, ledger, intent);
}

/* The next intent about that referral, of any type or of just that one. */
static bool next_about(struct work *work, const struct ledger *ledger,
    const struct uuid *referral, uint64_t from, struct intent *intent)
{
    while (outbox_next(work, ledger, from, intent)) {
        if (intent->has_referral && uuid_equal(&intent->referral, referral))
            return true;
        from = intent->number + 1;
    }
    return false;
}

bool outbox_find_send(struct work *work, const struct ledger *ledger,
    const struct uuid *referral, struct intent *intent)
{
    /* a referral's first event is also its first intent */
    return next_about(work, ledger, referral, 0, intent) &&
           intent->event_type == EVENT_SEND;
}

bool outbox_drop_referral(struct work *work, struct ledger *ledger,
    const struct uuid *referral, bool keeps_notices)
{
    struct intent intent = { 0 };
    if (!outbox_find_send(work, ledger, referral, &intent))
        return false;
    do {
        bool is_notice = intent.kind == ENTRY_ERASURE_NOTICE;
        if (is_notice && keeps_notices)
            continue;
        /* of a notice the feed has the codes */
        if (!is_notice)
            content_erase(
                work->contents, work->txn, work->arena, intent.content);
        outbox_take(work, ledger, &intent);
    } while (next_about(work, ledger, referral, intent.number + 1, &intent));
    return !work_failed(work);
}
