/*
 * keys.h - every key of the store: what it begins with, what follows, in what
 * order. Integers are big-endian, so that keys sort as their numbers do.
 *
 *   'n'                                 the gateway's own row (node.c)
 *   'p' peer u32                        a peer (peer.h)
 *   'l' peer u32, direction u8, lane u8 a ledger (ledger.h)
 *   'g' the same, generation u64        a generation before (ledger.h)
 *   'e' shelf u32, first index u64      entries of one parcel (ledger.h)
 *   'o' ledger u32, number u64          an intent (outbox.h)
 *   'c' segment u64                     contents of one commit (content.h)
 *   'r' uuid                            a referral (register.h)
 *   'f' position u64                    an event of the feed (feed.h)
 *   'u' name                            a cursor (feed.h)
 *   'k' run u32, name[16]               a client's idempotency key, in a run
 *   'k' 0xfffffffe, run u32             ... a run's filter (repeat_rows.h)
 *   'k' 0xffffffff, number u64          ... those of a batch, not in a run yet
 *   'm' mou id                          an agreement (agreement.h)
 *   'i' hash[16]                        an invitation (invitation.h)
 *   'd' entry u64                       a vault's entry to be destroyed
 *   'h' peer u32, serial u64            a card held once (card_book.h)
 *   'v' peer u32                        its revocation (revoke.h)
 *   'x' due ms u64, uuid                a referral to erase (retention.h)
 *   'w' peer u32, shelf u32, index u64, uuid  one whose words of ours wait for
 *                                       the peer's programs (hold.h)
 *   't' taken ms u64, uuid              one whose words they took then
 *   's'                                 how far the store was looked at
 *                                       (scrub_patrol.h)
 *
 * Tables of small rows, of which every referral changes some, are kept in pages
 * on disk: STORE_PAGES_TABLES of io/store_pages.h names them.
 */
#ifndef CORE_KEYS_H
#define CORE_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/slice.h"
#include "core/limits.h"

/* Long enough for 'u', a name and a byte that seeks past it. */
#define KEY_BYTES_MAX (2 + CODE_SIZE_MAX)

struct key {
    uint8_t bytes[KEY_BYTES_MAX];
    size_t size;
};

/* Just the table's letter: a prefix to seek in. */
#define KEY_TABLE_SIZE 1

struct key key_node(void);
struct key key_patrol(void);
struct key key_peer(uint32_t peer);
struct key key_ledger(uint32_t peer, uint8_t direction, uint8_t lane);
/* A prefix of KEY_LEDGER_PARTS_SIZE bytes finds one ledger's. */
#define KEY_LEDGER_PARTS_SIZE 5
struct key key_generation(
    uint32_t peer, uint8_t direction, uint8_t lane, uint64_t generation);
struct key key_entries(uint32_t shelf, uint64_t first_index);
struct key key_intent(uint32_t ledger, uint64_t number);
struct key key_content(uint64_t segment);
struct key key_referral(const struct uuid *uuid);
struct key key_feed(uint64_t position);
struct key key_cursor(struct slice name);
#define KEY_REPEAT_FILTERS UINT32_C(0xfffffffe) /* where a run would be */
#define KEY_REPEAT_LOG UINT32_C(0xffffffff)
/* A prefix of KEY_REPEAT_PART_SIZE bytes finds one run, the filters, the log */
#define KEY_REPEAT_PART_SIZE 5
struct key key_repeat(uint32_t run, const uint8_t name[16]);
struct key key_repeat_filter(uint32_t run);
struct key key_repeat_log(uint64_t number);
struct key key_invitation(const uint8_t hash[16]);
struct key key_mou(const struct mou_id *id);
struct key key_doomed(uint64_t entry);
struct key key_due(int64_t due_ms, const struct uuid *referral);
#define KEY_DUE_SIZE (1 + 8 + 16)
struct key key_waiting(
    uint32_t peer, uint32_t shelf, uint64_t index, const struct uuid *referral);
#define KEY_WAITING_LETTER 'w'
#define KEY_WAITING_SIZE (1 + 4 + 4 + 8 + 16)
struct key key_taken(int64_t taken_ms, const struct uuid *referral);
#define KEY_TAKEN_SIZE (1 + 8 + 16)
struct key key_revocation(uint32_t peer);
struct key key_card(uint32_t peer, uint64_t serial);
/* A prefix of KEY_CARD_PEER_SIZE bytes finds one agency's. */
#define KEY_CARD_PEER_SIZE 5

static inline struct slice key_slice(const struct key *key)
{
    return slice_of(key->bytes, key->size);
}

/* The last 8 bytes of a stored key, as a number. */
uint64_t key_number(struct slice key);

#endif
