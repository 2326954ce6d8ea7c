#include "core/card_renew.h"

#include "core/codec_card.h"

#include <string.h>

enum err card_hash(struct crypto *crypto, struct slice signed_card,
    struct arena *arena, uint8_t hash[HASH_SIZE])
{
    struct signed_bytes shell;
    enum err err = codec_signed_card_read(signed_card, arena, &shell);
    if (err == ERR_NONE)
        crypto_hash(crypto, &shell.bytes, 1, hash);
    return err;
}

enum err card_follows(struct crypto *crypto, const struct card *held,
    struct slice held_bytes, const struct card *next, struct arena *arena)
{
    uint8_t hash[HASH_SIZE];
    if (memcmp(held->root_key, next->root_key, KEY_SIZE) != 0)
        return ERR_ADDRESS;
    if (next->serial <= held->serial)
        return ERR_EXISTS;
    if (next->serial != held->serial + 1)
        return ERR_NONE; /* those between were never seen here */
    enum err err = card_hash(crypto, held_bytes, arena, hash);
    if (err != ERR_NONE)
        return err;
    return slice_equal(next->previous, SLICE_ARRAY(hash)) ? ERR_NONE
                                                          : ERR_CONFLICT;
}

static void note_end(
    struct card_due *due, struct instant until, struct instant horizon)
{
    if (instant_before(horizon, until))
        return;
    if (!due->is_due || instant_before(until, due->until))
        due->until = until;
    due->is_due = true;
}

void card_due_find(const struct card *card, struct instant now,
    int64_t ahead_ms, struct card_due *due)
{
    const struct instant horizon = { now.unix_ms + ahead_ms };
    *due = (struct card_due){ .is_due = false };
    note_end(due, card->valid_until, horizon);
    for (int purpose = KEY_LOG; purpose < KEY_PURPOSE_COUNT; purpose++) {
        struct instant until = { INT64_MIN };
        for (size_t i = 0; i < card->key_count; i++)
            if ((int)card->keys[i].purpose == purpose &&
                instant_before(until, card->keys[i].until))
                until = card->keys[i].until;
        if (until.unix_ms == INT64_MIN)
            continue; /* it never had one */
        due->purposes[purpose] = !instant_before(horizon, until);
        note_end(due, until, horizon);
    }
}

static bool is_replaced(
    const struct card_renewal *renewal, enum key_purpose purpose)
{
    for (size_t i = 0; renewal->at_once && i < renewal->fresh_count; i++)
        if (renewal->fresh[i].purpose == purpose)
            return true;
    return false;
}

/* What it signed in ledgers is to be verified by those, too, who missed a card
 * between. */
static bool is_remembered(enum key_purpose purpose)
{
    return purpose == KEY_LOG || purpose == KEY_WITNESS;
}

/* The key as it stands on the next card; false: it goes. */
static bool keep(const struct card_renewal *renewal, struct card_key *key)
{
    int64_t kept_ms = key->purpose == KEY_LAST_RESORT ? LAST_RESORT_KEPT_MS : 0;
    bool is_over = key->until.unix_ms <= renewal->now.unix_ms - kept_ms;
    bool goes = is_replaced(renewal, key->purpose);
    if (!is_remembered(key->purpose))
        return !is_over && !goes;
    if (goes && instant_before(renewal->now, key->until))
        key->until = renewal->now;
    return instant_before(key->from, key->until); /* else it never signed */
}

/* Makes room: of the keys that are only remembered the oldest goes. */
static bool forget_oldest(
    struct card_key *keys, size_t *count, const struct card_renewal *renewal)
{
    size_t oldest = *count;
    for (size_t i = 0; i < *count; i++)
        if (is_remembered(keys[i].purpose) &&
            !instant_before(renewal->now, keys[i].until) &&
            (oldest == *count ||
                instant_before(keys[i].until, keys[oldest].until)))
            oldest = i;
    if (oldest == *count)
        return false;
    memmove(
        &keys[oldest], &keys[oldest + 1], (*count - oldest - 1) * sizeof *keys);
    --*count;
    return true;
}

enum err card_renew(struct crypto *crypto, const struct card *held,
    struct slice held_bytes, const struct card_renewal *renewal,
    struct arena *arena, struct card *card)
{
    uint8_t *previous = arena_take(arena, HASH_SIZE);
    struct card_key *keys = arena_take_array(
        arena, held->key_count + renewal->fresh_count, sizeof *keys);
    size_t count = 0;
    if (previous == NULL || keys == NULL)
        return ERR_LIMIT;
    enum err err = card_hash(crypto, held_bytes, arena, previous);
    if (err != ERR_NONE)
        return err;
    for (size_t i = 0; i < held->key_count; i++) {
        keys[count] = held->keys[i];
        count += keep(renewal, &keys[count]);
    }
    while (count + renewal->fresh_count > CARD_KEY_COUNT_MAX)
        if (!forget_oldest(keys, &count, renewal))
            return ERR_LIMIT;
    memcpy(keys + count, renewal->fresh,
        renewal->fresh_count * sizeof *renewal->fresh);
    *card = *held;
    card->serial = held->serial + 1;
    card->previous = slice_of(previous, HASH_SIZE);
    card->issued = renewal->now;
    card->valid_until = renewal->valid_until;
    card->keys = keys;
    card->key_count = count + renewal->fresh_count;
    return ERR_NONE;
}

/* ---- Requests ---- */

enum err card_request_read(struct crypto *crypto, struct slice bytes,
    struct arena *arena, struct card_request *request)
{
    struct card_problem problem;
    *request = (struct card_request){ .draft_bytes = SLICE_NONE };
    enum err err = codec_card_request_read(bytes, arena, request);
    if (err == ERR_NONE)
        err = card_read(
            crypto, request->held_bytes, arena, &request->held, &problem);
    if (err == ERR_NONE)
        err = codec_card_read(request->draft_bytes, arena, &request->draft);
    if (err != ERR_NONE)
        return err;
    return card_follows(
        crypto, &request->held, request->held_bytes, &request->draft, arena);
}

struct slice card_request_write(
    const struct card_request *request, struct arena *arena)
{
    return codec_card_request_write(request, arena);
}
