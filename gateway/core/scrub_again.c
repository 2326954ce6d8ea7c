#include "core/scrub_again.h"

#include <string.h>

#include "core/ledger.h"
#include "core/node_state.h"
#include "core/peer.h"
#include "core/retention.h"
#include "core/scrub_row.h"

struct dated {
    struct work *work;
    const struct key *key;
    struct referral *referral;
};

static uint64_t number_at(const struct key *key, size_t at, size_t size)
{
    uint64_t number = 0;
    for (size_t i = at; i < at + size; i++)
        number = number << 8 | key->bytes[i];
    return number;
}

/* ---- Whether the key is what the referral says --------------------------- */

static bool is_due(const struct dated *dated)
{
    int64_t due_ms = (int64_t)number_at(dated->key, KEY_TABLE_SIZE, 8);
    return retention_is_at(dated->work, dated->referral, due_ms);
}

static bool is_taken(const struct dated *dated)
{
    int64_t taken_ms = (int64_t)number_at(dated->key, KEY_TABLE_SIZE, 8);
    return dated->referral->taken.unix_ms == taken_ms;
}

/* Of a place in a ledger the referral knows no more than whose it is. */
static bool waits(const struct dated *dated)
{
    const struct referral *referral = dated->referral;
    uint32_t peer = (uint32_t)number_at(dated->key, KEY_TABLE_SIZE, 4);
    uint32_t shelf = (uint32_t)number_at(dated->key, KEY_TABLE_SIZE + 4, 4);
    uint64_t index = number_at(dated->key, KEY_TABLE_SIZE + 8, 8);
    const struct ledger *out = peer_ledger(dated->work,
        peer_numbered(dated->work->node, referral->peer), LEDGER_OUT);
    return peer == referral->peer && shelf == out->shelf &&
           index <= out->frontier.size + out->intent_count + 2 &&
           referral->taken.unix_ms == 0 && referral->ended.unix_ms != 0;
}

/* ---- The rows ------------------------------------------------------------ */

static const struct kind {
    char letter;
    size_t size; /* of the key, which ends in the referral's id */
    bool has_end;
    bool (*fits)(const struct dated *dated);
} kinds[] = {
    { 'x', KEY_DUE_SIZE, false, is_due },
    { 't', KEY_TAKEN_SIZE, true, is_taken },
    { 'w', KEY_WAITING_SIZE, true, waits },
};

static const struct kind *kind_of(struct slice key)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (key.size == kinds[i].size && key.bytes[0] == kinds[i].letter)
            return &kinds[i];
    return NULL;
}

bool again_is_known(struct slice key)
{
    return kind_of(key) != NULL;
}

static void write(const struct dated *dated, const struct kind *kind)
{
    uint8_t bytes[8];
    struct packer out = pack_into(bytes, sizeof bytes);
    if (kind->has_end)
        pack_u64(&out, (uint64_t)dated->referral->ended.unix_ms);
    store_put(dated->work->txn, key_slice(dated->key), packed(&out));
}

bool again_write(struct work *work, const struct key *key)
{
    const struct kind *kind = kind_of(key_slice(key));
    struct uuid uuid;
    bool is_written = false;
    size_t used = work->scratch->used;
    memcpy(uuid.bytes, key->bytes + key->size - sizeof uuid.bytes,
        sizeof uuid.bytes);
    if (kind != NULL &&
        scrub_look(work, key_referral(&uuid)) == SCRUB_LOOK_SOUND) {
        struct dated dated = { work, key, register_get(work, &uuid) };
        is_written = dated.referral != NULL &&
                     !register_is_begun(dated.referral) && kind->fits(&dated);
        if (is_written && !work_failed(work))
            write(&dated, kind);
    }
    arena_rewind(work->scratch, used);
    return is_written && !work_failed(work);
}
