#include "daemon/identity.h"

#include "core/card_renew.h"
#include "daemon/journal.h"
#include "io/card_file.h"
#include "io/crypto_openssl.h"
#include "io/key_renewal.h"
#include "io/keys_file.h"

#include <stdlib.h>
#include <string.h>

#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)
#define ARENA_SIZE (4u * 1024 * 1024)

struct offer {
    size_t size;
    uint8_t bytes[];
};

/* The arena that does not hold the present card. */
static struct arena *arena_free_one(struct identity *identity)
{
    struct arena *arena = &identity->arenas[1 - identity->held];
    arena_reset(arena);
    return arena;
}

enum err identity_open(struct identity *identity, struct slice signed_card)
{
    struct card_problem problem;
    enum err err = arena_init(&identity->arenas[0], ARENA_SIZE);
    if (err == ERR_NONE)
        err = arena_init(&identity->arenas[1], ARENA_SIZE);
    if (err != ERR_NONE)
        return err;
    identity->card_bytes = arena_copy(&identity->arenas[0], signed_card);
    return card_read(identity->crypto, identity->card_bytes,
        &identity->arenas[0], &identity->card, &problem);
}

/* ---- Another card ------------------------------------------------------- */

bool identity_offer(struct identity *identity, struct slice card)
{
    struct offer *offer = malloc(sizeof *offer + card.size);
    if (offer == NULL)
        return false;
    offer->size = card.size;
    if (card.size > 0)
        memcpy(offer->bytes, card.bytes, card.size);
    free(atomic_exchange(&identity->offered, offer));
    return true;
}

bool identity_has_offer(struct identity *identity)
{
    return atomic_load(&identity->offered) != NULL;
}

static void refuse(enum err err)
{
    JOURNAL(LOG_CARD_UNUSABLE, log_code("code", err_name(err)));
}

/* A card and its keys, or neither. The bytes lie in the free arena. */
static void take(struct identity *identity, struct slice signed_card,
    struct instant now, struct identity_change *change)
{
    struct arena *arena = &identity->arenas[1 - identity->held];
    struct card card;
    struct card_problem problem;
    struct keys_problem keys_problem;
    bool changed = false;
    enum err err =
        card_read(identity->crypto, signed_card, arena, &card, &problem);
    if (err == ERR_NONE)
        err = card_follows(identity->crypto, &identity->card,
            identity->card_bytes, &card, arena);
    if (err == ERR_EXISTS && slice_equal(signed_card, identity->card_bytes))
        return; /* a reload for another reason */
    if (err == ERR_NONE)
        err = keyring_rescan(identity->keyring, &keys_problem);
    if (err == ERR_NONE)
        err =
            keyring_use(identity->keyring, &card, now, &changed, &keys_problem);
    if (err != ERR_NONE) {
        refuse(err);
        return;
    }
    identity->held = 1 - identity->held;
    identity->card = card;
    identity->card_bytes = signed_card;
    change->card = true;
    change->keys |= changed;
}

static void take_offer(struct identity *identity, struct instant now,
    struct identity_change *change)
{
    struct offer *offer = atomic_exchange(&identity->offered, NULL);
    if (offer == NULL)
        return;
    struct slice copy = arena_copy(
        arena_free_one(identity), slice_of(offer->bytes, offer->size));
    free(offer);
    if (copy.bytes == NULL)
        refuse(ERR_NO_MEMORY);
    else
        take(identity, copy, now, change);
}

/* ---- The next card ------------------------------------------------------ */

static struct key_renewal renewal_of(const struct identity *identity,
    const struct card_due *due, struct instant now)
{
    struct key_renewal renewal = { .now = now,
        .from = { now.unix_ms + identity->rules.overlap_ms / 2 },
        .key_life_ms = identity->rules.key_life_ms,
        .card_life_ms = identity->rules.card_life_ms };
    memcpy(renewal.purposes, due->purposes, sizeof renewal.purposes);
    /* late, so at once: keys that are over sign nothing that is believed */
    if (instant_before(due->until, renewal.from))
        renewal.from = now;
    return renewal;
}

/* ERR_KEY, ERR_NOT_FOUND: the root key is not to be had here. */
static enum err renew(struct identity *identity, const struct card_due *due,
    struct instant now, struct slice *signed_card)
{
    struct arena *arena = arena_free_one(identity);
    struct key_renewal renewal = renewal_of(identity, due, now);
    struct keys_problem problem;
    struct card draft;
    char path[PRIVATE_PATH_SIZE];
    uint8_t signature[SIGNATURE_SIZE];
    uint8_t root_key[KEY_SIZE];
    enum err err =
        private_path(identity->keys_dir, KEYS_ROOT_NAME, path, &problem);
    /* asked first: without it no key is made */
    if (err == ERR_NONE)
        err = root_unlock(path, NULL, root_key, &problem);
    if (err == ERR_NONE &&
        memcmp(root_key, identity->card.root_key, KEY_SIZE) != 0)
        err = ERR_KEY;
    if (err == ERR_NONE)
        err = key_renewal_draft(identity->crypto, identity->keys_dir,
            &identity->card, identity->card_bytes, &renewal, arena, &draft,
            &problem);
    if (err != ERR_NONE)
        return err;
    struct slice bytes = card_bytes(&draft, arena);
    struct slice statement = card_statement(bytes, arena);
    if (statement.bytes == NULL)
        return ERR_LIMIT;
    err = root_sign(path, NULL, statement, signature, root_key, &problem);
    if (err != ERR_NONE)
        return err;
    *signed_card = card_assemble(bytes, signature, arena);
    if (signed_card->bytes == NULL)
        return ERR_LIMIT;
    return card_file_install(identity->data, &identity->card,
        identity->card_bytes, *signed_card, &problem);
}

static void renew_if_due(struct identity *identity, struct instant now,
    struct identity_change *change)
{
    struct card_due due;
    struct slice signed_card;
    card_due_find(&identity->card, now, identity->rules.overlap_ms, &due);
    if (!due.is_due)
        return;
    enum err err = renew(identity, &due, now, &signed_card);
    if (err == ERR_NONE) {
        take(identity, signed_card, now, change);
        return;
    }
    if (identity->told_day == now.unix_ms / DAY_MS)
        return;
    identity->told_day = now.unix_ms / DAY_MS;
    JOURNAL(LOG_CARD_DUE, log_number("until_ms", due.until.unix_ms),
        log_code("code", err_name(err)));
}

/* ---- Turns -------------------------------------------------------------- */

static void retire(struct identity *identity, struct instant now)
{
    struct keys_problem problem;
    size_t count = 0;
    enum err err = keyring_retire(
        identity->keyring, &identity->card, now, &count, &problem);
    if (count > 0)
        JOURNAL(LOG_KEYS_RETIRED, log_number("keys", (int64_t)count));
    if (err != ERR_NONE)
        JOURNAL(LOG_KEYS_FAILED, log_code("code", err_name(err)));
}

enum err identity_step(struct identity *identity, struct instant now,
    bool clock_holds, struct identity_change *change)
{
    struct keys_problem problem;
    bool changed = false;
    *change = (struct identity_change){ false, false };
    take_offer(identity, now, change);
    if (clock_holds)
        renew_if_due(identity, now, change);
    enum err err = keyring_use(
        identity->keyring, &identity->card, now, &changed, &problem);
    if (err != ERR_NONE)
        refuse(err);
    change->keys |= changed;
    if (change->keys)
        JOURNAL(LOG_KEYS_USED,
            log_number("serial", (int64_t)identity->card.serial));
    if (clock_holds)
        retire(identity, now);
    return crypto_openssl_refresh(identity->crypto);
}
