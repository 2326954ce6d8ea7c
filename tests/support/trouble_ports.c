#include "support/trouble_ports.h"

#include <execinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "support/must.h"

#define FRAME_COUNT 8 /* the first three are here and in port.h */
#define FRAME_SKIPPED 2
#define FRAME_SHOWN 24

static struct {
    bool armed;
    size_t index;
    enum trouble_fault fault;
    struct trouble_asked *asked;
    size_t count;
    size_t capacity;
    size_t change_count;
    uint8_t *wrong; /* the value that was handed out in place of one */
    void *struck[FRAME_SHOWN]; /* who asked for what failed */
    int struck_count;
    void *changer[FRAME_SHOWN]; /* who changed the first row */
    int changer_count;
} plan;

void trouble_ports_arm(size_t index, enum trouble_fault fault)
{
    plan.armed = true;
    plan.index = index;
    plan.fault = fault;
    plan.count = 0;
    plan.change_count = 0;
}

void trouble_ports_hold(bool holds)
{
    plan.armed = !holds;
}

void trouble_ports_settle(void)
{
    plan.change_count = 0;
}

size_t trouble_ports_change_count(void)
{
    return plan.change_count;
}

const struct trouble_asked *trouble_ports_calm(size_t *count)
{
    plan.armed = false;
    *count = plan.count;
    return plan.asked;
}

static uint64_t place_of(enum trouble_request request)
{
    void *frames[FRAME_COUNT] = { NULL };
    uint64_t hash = 14695981039346656037u + request;
    int count = backtrace(frames, FRAME_COUNT);
    for (int i = FRAME_SKIPPED; i < count; i++)
        hash = (hash ^ (uint64_t)(uintptr_t)frames[i]) * 1099511628211u;
    return hash;
}

/* Notes the request; how it is to fail. */
static enum trouble_fault asked(enum trouble_request request)
{
    if (!plan.armed || plan.fault == TROUBLE_FAULT_COUNT)
        return TROUBLE_NONE; /* nothing is to fail, nothing to be noted */
    if (plan.count == plan.capacity) {
        plan.capacity = 2 * plan.capacity + 256;
        plan.asked = realloc(plan.asked, plan.capacity * sizeof *plan.asked);
        MUST(plan.asked != NULL);
    }
    bool strikes = plan.count == plan.index;
    plan.asked[plan.count++] = (struct trouble_asked){ request,
        plan.fault == TROUBLE_NONE ? place_of(request) : 0 };
    if (!strikes)
        return TROUBLE_NONE;
    plan.struck_count = backtrace(plan.struck, FRAME_SHOWN);
    return plan.fault;
}

void trouble_ports_show(void)
{
    backtrace_symbols_fd(plan.struck, plan.struck_count, STDERR_FILENO);
    fprintf(stderr, "rows changed: %zu, the first by\n", plan.change_count);
    if (plan.change_count > 0)
        backtrace_symbols_fd(plan.changer, plan.changer_count, STDERR_FILENO);
}

/* ---- The store ---------------------------------------------------------- */

struct trouble_store_txn {
    struct store_txn txn; /* first, so that either is the other */
    struct store_txn *inner;
};

static struct store_txn *inner_of(struct store_txn *txn)
{
    struct store_txn *inner = ((struct trouble_store_txn *)(void *)txn)->inner;
    if (inner->err == ERR_NONE) /* what the core itself has set */
        inner->err = txn->err;
    return inner;
}

static struct slice damaged(struct slice value, enum trouble_fault fault)
{
    free(plan.wrong);
    plan.wrong = calloc(1, value.size + 1);
    MUST(plan.wrong != NULL);
    if (value.size > 0)
        memcpy(plan.wrong, value.bytes, value.size);
    if (value.size > 0 && fault == TROUBLE_TURNED)
        plan.wrong[0] ^= 0x55;
    if (value.size > 0 && fault == TROUBLE_TURNED_MIDDLE)
        plan.wrong[value.size / 2] ^= 0x01;
    if (fault == TROUBLE_ZERO)
        memset(plan.wrong, 0, value.size);
    if (value.size > 0 && fault == TROUBLE_TURNED_LAST)
        plan.wrong[value.size - 1] ^= 0xff;
    size_t size = value.size + (fault == TROUBLE_GROWN) -
                  (fault == TROUBLE_CUT && value.size > 0);
    return slice_of(plan.wrong, size);
}

static bool is_damage(enum trouble_fault fault)
{
    return fault == TROUBLE_CUT || fault == TROUBLE_GROWN ||
           fault == TROUBLE_TURNED || fault == TROUBLE_TURNED_LAST ||
           fault == TROUBLE_TURNED_MIDDLE || fault == TROUBLE_ZERO;
}

static struct slice get(struct store_txn *txn, struct slice key)
{
    struct store_txn *inner = inner_of(txn);
    enum trouble_fault fault = asked(TROUBLE_READ);
    struct slice value = store_get(inner, key);
    if (fault == TROUBLE_IO)
        inner->err = ERR_IO;
    txn->err = inner->err;
    if (txn->err != ERR_NONE || fault == TROUBLE_GONE)
        return SLICE_NONE;
    return value.bytes != NULL && is_damage(fault) ? damaged(value, fault)
                                                   : value;
}

static void change_note(bool changes)
{
    if (changes && plan.armed && plan.change_count++ == 0)
        plan.changer_count = backtrace(plan.changer, FRAME_SHOWN);
}

static void written(struct store_txn *txn, struct store_txn *inner)
{
    if (asked(TROUBLE_WRITE) == TROUBLE_IO && inner->err == ERR_NONE)
        inner->err = ERR_IO;
    txn->err = inner->err;
}

static void put(struct store_txn *txn, struct slice key, struct slice value)
{
    struct store_txn *inner = inner_of(txn);
    change_note(!slice_equal(store_get(inner, key), value));
    store_put(inner, key, value);
    written(txn, inner);
}

static void del(struct store_txn *txn, struct slice key)
{
    struct store_txn *inner = inner_of(txn);
    change_note(store_get(inner, key).bytes != NULL);
    store_del(inner, key);
    written(txn, inner);
}

static bool found(struct store_txn *txn, struct store_txn *inner, bool is_found,
    struct slice *value)
{
    enum trouble_fault fault = asked(TROUBLE_READ);
    if (fault == TROUBLE_IO && inner->err == ERR_NONE)
        inner->err = ERR_IO;
    txn->err = inner->err;
    if (txn->err != ERR_NONE || fault == TROUBLE_GONE)
        return false;
    if (is_found && is_damage(fault))
        *value = damaged(*value, fault);
    return is_found;
}

static bool seek(struct store_txn *txn, size_t prefix_size, struct slice *key,
    struct slice *value)
{
    struct store_txn *inner = inner_of(txn);
    bool is_found = store_seek(inner, prefix_size, key, value);
    return found(txn, inner, is_found, value);
}

static bool seek_back(struct store_txn *txn, size_t prefix_size,
    struct slice *key, struct slice *value)
{
    struct store_txn *inner = inner_of(txn);
    bool is_found = store_seek_back(inner, prefix_size, key, value);
    return found(txn, inner, is_found, value);
}

static enum err probe(struct store_txn *txn, size_t prefix_size,
    struct slice *key, struct slice *value, bool back)
{
    struct store_txn *inner = inner_of(txn);
    enum err err = inner->ops->probe(inner, prefix_size, key, value, back);
    enum trouble_fault fault = asked(TROUBLE_PROBE);
    if (fault == TROUBLE_IO && inner->err == ERR_NONE)
        inner->err = ERR_IO;
    txn->err = inner->err;
    if (txn->err != ERR_NONE)
        return txn->err;
    if (err == ERR_NONE && fault == TROUBLE_CORRUPT)
        return ERR_CORRUPT;
    if (err == ERR_NONE && is_damage(fault))
        *value = damaged(*value, fault);
    return err;
}

static const struct store_ops txn_ops = { .get = get,
    .put = put,
    .del = del,
    .seek = seek,
    .seek_back = seek_back,
    .probe = probe };

struct store_txn *trouble_txn(struct store_txn *inner)
{
    static struct trouble_store_txn txn;
    txn = (struct trouble_store_txn){
        .txn = { .ops = &txn_ops, .writes = inner->writes }, .inner = inner
    };
    return &txn.txn;
}

/* ---- The vault ---------------------------------------------------------- */

struct trouble_own_vault {
    struct vault vault; /* first, so that either is the other */
    struct vault *inner;
};

static struct vault *vault_of(struct vault *vault)
{
    return ((struct trouble_own_vault *)(void *)vault)->inner;
}

static enum err reserve(struct vault *vault, uint64_t count)
{
    if (asked(TROUBLE_RESERVE) != TROUBLE_NONE)
        return ERR_IO;
    return vault_of(vault)->ops->reserve(vault_of(vault), count);
}

static uint64_t count_of(struct vault *vault)
{
    return vault_of(vault)->ops->count(vault_of(vault));
}

static uint64_t changes_of(struct vault *vault)
{
    return vault_of(vault)->ops->changes(vault_of(vault));
}

static bool is_destroyed(struct vault *vault, uint64_t entry)
{
    return vault_of(vault)->ops->is_destroyed(vault_of(vault), entry);
}

static enum err seal(struct vault *vault, uint64_t entry, struct slice where,
    struct slice plain, uint8_t *sealed)
{
    if (asked(TROUBLE_SEAL) != TROUBLE_NONE)
        return ERR_IO;
    return vault_of(vault)->ops->seal(
        vault_of(vault), entry, where, plain, sealed);
}

static const enum err open_errors[TROUBLE_FAULT_COUNT] = {
    [TROUBLE_IO] = ERR_IO,
    [TROUBLE_GONE] = ERR_NOT_FOUND,
    [TROUBLE_CORRUPT] = ERR_CORRUPT,
};

static enum err open_content(struct vault *vault, uint64_t entry,
    struct slice where, struct slice sealed, uint8_t *plain)
{
    enum err err = open_errors[asked(TROUBLE_OPEN)];
    return err != ERR_NONE ? err
                           : vault_of(vault)->ops->open(
                                 vault_of(vault), entry, where, sealed, plain);
}

/* What is rehearsed is never destroyed. */
static enum err destroy(
    struct vault *vault, const uint64_t *entries, size_t count)
{
    (void)vault;
    (void)entries;
    (void)count;
    return asked(TROUBLE_DESTROY) == TROUBLE_NONE ? ERR_NONE : ERR_IO;
}

static const struct vault_ops vault_ops = {
    .reserve = reserve,
    .count = count_of,
    .changes = changes_of,
    .is_destroyed = is_destroyed,
    .seal = seal,
    .open = open_content,
    .destroy = destroy,
};

struct vault *trouble_vault(struct vault *inner)
{
    static struct trouble_own_vault vault;
    vault = (struct trouble_own_vault){ { &vault_ops }, inner };
    return &vault.vault;
}

/* ---- Keys --------------------------------------------------------------- */

struct trouble_own_crypto {
    struct crypto crypto; /* first, so that either is the other */
    struct crypto *inner;
};

static struct crypto *crypto_of(struct crypto *crypto)
{
    return ((struct trouble_own_crypto *)(void *)crypto)->inner;
}

static void hash(struct crypto *crypto, const struct slice *parts, size_t count,
    uint8_t digest[HASH_SIZE])
{
    crypto_of(crypto)->ops->hash(crypto_of(crypto), parts, count, digest);
}

static void derive(struct crypto *crypto, struct slice salt,
    struct slice secret, struct slice info, uint8_t *out, size_t size)
{
    crypto_of(crypto)->ops->derive(
        crypto_of(crypto), salt, secret, info, out, size);
}

static enum err sign(struct crypto *crypto, enum crypto_signer signer,
    struct slice message, uint8_t signature[SIGNATURE_SIZE])
{
    if (asked(TROUBLE_SIGN) != TROUBLE_NONE)
        return ERR_KEY;
    return crypto_of(crypto)->ops->sign(
        crypto_of(crypto), signer, message, signature);
}

static enum err signer_public(
    struct crypto *crypto, enum crypto_signer signer, uint8_t key[KEY_SIZE])
{
    if (asked(TROUBLE_SIGN) != TROUBLE_NONE)
        return ERR_KEY;
    return crypto_of(crypto)->ops->signer_public(
        crypto_of(crypto), signer, key);
}

static bool verify(struct crypto *crypto, const uint8_t key[KEY_SIZE],
    struct slice message, const uint8_t signature[SIGNATURE_SIZE])
{
    return crypto_of(crypto)->ops->verify(
               crypto_of(crypto), key, message, signature) &&
           asked(TROUBLE_VERIFY) == TROUBLE_NONE;
}

/* A node seals and opens nothing: that is done beside it. */
static const struct crypto_ops crypto_ops = {
    .hash = hash,
    .derive = derive,
    .sign = sign,
    .signer_public = signer_public,
    .verify = verify,
};

struct crypto *trouble_crypto(struct crypto *inner)
{
    static struct trouble_own_crypto crypto;
    crypto = (struct trouble_own_crypto){ { &crypto_ops }, inner };
    return &crypto.crypto;
}

/* ---- Memory: the linker puts these before those of base/arena.c ---------- */

void *__real_arena_take(struct arena *arena, size_t size);
void *__real_arena_take_array(struct arena *arena, size_t count, size_t size);
struct slice __real_arena_copy(struct arena *arena, struct slice bytes);
char *__real_arena_text(struct arena *arena, struct slice text);
void *__wrap_arena_take(struct arena *arena, size_t size);
void *__wrap_arena_take_array(struct arena *arena, size_t count, size_t size);
struct slice __wrap_arena_copy(struct arena *arena, struct slice bytes);
char *__wrap_arena_text(struct arena *arena, struct slice text);

void *__wrap_arena_take(struct arena *arena, size_t size)
{
    return asked(TROUBLE_MEMORY) == TROUBLE_NONE
               ? __real_arena_take(arena, size)
               : NULL;
}

void *__wrap_arena_take_array(struct arena *arena, size_t count, size_t size)
{
    return asked(TROUBLE_MEMORY) == TROUBLE_NONE
               ? __real_arena_take_array(arena, count, size)
               : NULL;
}

struct slice __wrap_arena_copy(struct arena *arena, struct slice bytes)
{
    return asked(TROUBLE_MEMORY) == TROUBLE_NONE
               ? __real_arena_copy(arena, bytes)
               : SLICE_NONE;
}

char *__wrap_arena_text(struct arena *arena, struct slice text)
{
    return asked(TROUBLE_MEMORY) == TROUBLE_NONE
               ? __real_arena_text(arena, text)
               : NULL;
}
