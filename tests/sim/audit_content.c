#include "sim/audit_content.h"

#include <stdlib.h>

#include "base/pack.h"
#include "sim/disk.h"
#include "sim/say.h"
#include "sim/world.h"
#include "support/vault_plain.h"

/* What became of the words of one affair, by what its two gateways say. */
enum keeping {
    KEEPING_BOTH,   /* the two agencies may hold them */
    KEEPING_AUTHOR, /* the referring agency alone may */
    KEEPING_NOBODY,
};

struct holding {
    enum keeping keeping;
    bool keeps[2]; /* what the other erased: who referred, who received */
};

/* It ended, and what the agreement lets be held then is over, by clocks that
 * were right when it ended. */
static bool is_over(const struct world *world, enum referral_state state)
{
    return world->options.retention_days > 0 &&
           world->options.clock_per_hour == 0 && referral_is_terminal(state);
}

/* Erased or frozen at either end is erased at both, but where one keeps. */
static enum keeping keeping_of(
    struct world *world, size_t at, const struct uuid *uuid, bool *keeps)
{
    struct local_reply reply;
    enum keeping keeping = KEEPING_BOTH;
    gateway_get(world, &world->gateways[at], uuid, &reply);
    const struct local_record *referral = heard_record(&reply, "referral");
    if (referral != NULL) {
        enum referral_state state =
            referral_state_named(heard_text(referral, "state"));
        if (state == REFERRAL_VOID || heard_number(referral, "frozen") != 0 ||
            is_over(world, state))
            keeping = KEEPING_NOBODY;
        else if (state == REFERRAL_REFUSED_BY_POLICY)
            keeping = KEEPING_AUTHOR;
        *keeps = keeping == KEEPING_BOTH && gateway_keeps(world, at);
    }
    arena_reset(&world->talk);
    return keeping;
}

static struct holding holding_of(
    struct world *world, const struct affair *affair)
{
    struct holding holding = { KEEPING_BOTH, { false, false } };
    enum keeping there =
        keeping_of(world, affair->to, &affair->uuid, &holding.keeps[1]);
    enum keeping here =
        keeping_of(world, affair->from, &affair->uuid, &holding.keeps[0]);
    holding.keeping = here > there ? here : there;
    return holding;
}

/* By that agency, or by another that it follows. Who lost its store since may
 * have told nobody, and not know of it any more. */
static bool is_erased(
    const struct world *world, const struct canary *canary, size_t at)
{
    for (size_t i = 0; i < world->gateway_count; i++)
        if ((canary->erased_by & truth_bit(i)) != 0 &&
            world->gateways[i].lost_ms < canary->erased_ms &&
            (i == at || !gateway_keeps(world, at)))
            return true;
    return false;
}

static bool may_hold(const struct world *world, const struct holding *holding,
    const struct canary *canary, size_t at)
{
    const struct affair *affair = &world->truth.affairs[canary->affair];
    bool is_author = at == affair->from;
    bool keeps = holding->keeps[is_author ? 0 : 1];
    if (canary->is_void || (!is_author && at != affair->to))
        return false;
    if (is_erased(world, canary, at))
        return false;
    return holding->keeping == KEEPING_BOTH || keeps ||
           (holding->keeping == KEEPING_AUTHOR && is_author);
}

static void canary_check(struct world *world, const struct holding *holdings,
    size_t at, size_t canary)
{
    const struct truth *truth = &world->truth;
    if (canary >= truth->canary_count) {
        world_fail(world, "content.unknown", at);
        return;
    }
    const struct affair *affair =
        &truth->affairs[truth->canaries[canary].affair];
    if (rogue_is_for_good(world, affair->from, affair->to) &&
        (at == affair->from || at == affair->to))
        return; /* nothing reaches the other any more, a withdrawal neither */
    bool may = may_hold(world, &holdings[truth->canaries[canary].affair],
        &truth->canaries[canary], at);
    if (!may) {
        char id[UUID_URN_SIZE + 1];
        uuid_format(&affair->uuid, id);
        world_say(world, "word %zu at agency %zu, of %s from %zu to %zu%s",
            canary, at, id, affair->from, affair->to,
            truth->canaries[canary].is_void ? ", never taken" : "");
        world_fail(world, "content.leaked", at);
    }
}

static void value_scan(struct world *world, const struct holding *holdings,
    size_t at, struct slice value)
{
    size_t canary;
    for (size_t i = 0; truth_scan(value, &i, &canary);)
        canary_check(world, holdings, at, canary);
}

/* Contents of one commit (content.c): what was sealed with an entry that is
 * destroyed can be read by nobody. */
static void blob_scan(struct world *world, const struct holding *holdings,
    size_t at, struct slice blob)
{
    const struct vault *vault = world->gateways[at].vault;
    struct unpacker head = unpack_from(blob);
    uint32_t count = unpack_u32(&head);
    size_t from = 4 + 4 * (size_t)count;
    for (uint32_t i = 0; i < count; i++) {
        size_t end = 4 + 4 * (size_t)count + unpack_u32(&head);
        if (head.err != ERR_NONE || end < from || end > blob.size)
            world_fail(world, "content.malformed", at);
        struct slice item = slice_of(blob.bytes + from, end - from);
        struct unpacker in = unpack_from(item);
        uint64_t entry = unpack_u64(&in);
        if (item.size > 0 && !vault_plain_is_destroyed(vault, entry))
            value_scan(world, holdings, at, item);
        from = end;
    }
}

static void store_scan(struct world *world, const struct holding *holdings,
    size_t at, struct store *store)
{
    struct store_txn *txn;
    uint8_t bound[STORE_KEY_SIZE_MAX] = { 0 };
    struct slice key = slice_of(bound, 0);
    struct slice value;
    if (store->ops->begin(store, false, &txn) != ERR_NONE)
        abort();
    while (store_seek(txn, 0, &key, &value)) {
        if (key.bytes[0] == 'c')
            blob_scan(world, holdings, at, value);
        else
            value_scan(world, holdings, at, value);
        /* the key after this one: the same and a zero byte */
        size_t size = key.size;
        memcpy(bound, key.bytes, size);
        bound[size] = 0;
        key = slice_of(bound, size + 1);
    }
    store->ops->abort(txn);
}

/* With the vault as it is now: what was erased since is readable nowhere.
 * Words that were never taken are in no copy of a commit either. */
static void copy_scan(
    struct world *world, const struct holding *holdings, size_t at)
{
    const struct gateway *gateway = &world->gateways[at];
    struct store *copy;
    /* until a peer shows the loss, entries of the lost life are used again:
     * referd(8) says that copies made in it are to be destroyed */
    if (gateway->hides_loss && gateway->copy_ms <= gateway->lost_ms)
        return;
    copy = disk_copy(world, gateway);
    if (copy == NULL)
        return;
    TALLY(world, copies_read);
    store_scan(world, holdings, at, copy);
    copy->ops->close(copy);
}

void audit_contents(struct world *world)
{
    const struct truth *truth = &world->truth;
    struct holding *holdings =
        calloc(truth->affair_count + 1, sizeof *holdings);
    if (holdings == NULL)
        abort();
    for (size_t i = 0; i < truth->affair_count; i++) {
        if (truth->affairs[i].outcome != OUTCOME_DONE)
            continue;
        holdings[i] = holding_of(world, &truth->affairs[i]);
        if (holdings[i].keeping == KEEPING_NOBODY)
            TALLY(world, canaries_erased);
        if (holdings[i].keeping == KEEPING_NOBODY &&
            (holdings[i].keeps[0] || holdings[i].keeps[1]))
            TALLY(world, words_kept);
    }
    for (size_t i = 0; i < truth->canary_count; i++)
        if (truth->canaries[i].erased_by != 0)
            TALLY(world, elements_erased);
    for (size_t i = 0; i < world->gateway_count; i++) {
        store_scan(world, holdings, i, world->gateways[i].store);
        copy_scan(world, holdings, i);
    }
    free(holdings);
}
