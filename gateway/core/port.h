/*
 * port.h - what the core asks of the world: an ordered store and cryptography.
 * Time, entropy and the network are not here: they come with node inputs.
 */
#ifndef CORE_PORT_H
#define CORE_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/* ---- The store -------------------------------------------------------- */

/*
 * One transaction on a sorted map from key (1 to STORE_KEY_SIZE_MAX bytes,
 * compared as unsigned bytes, a prefix first) to value. The first error sticks
 * in `err`: later calls do nothing and find nothing, so callers check once,
 * before commit. Values handed out stay valid until the next put or del of the
 * same transaction, at most to its end.
 */
struct store_txn {
    const struct store_ops *ops;
    enum err err;     /* ERR_FULL, ERR_IO, ERR_CORRUPT, ERR_INVALID */
    bool writes;      /* put and del are errors where this is false */
    uint64_t changes; /* puts and dels so far */
};

#define STORE_KEY_SIZE_MAX 255

struct store_ops {
    /* Empty slice with bytes NULL when absent; bytes not NULL when empty. */
    struct slice (*get)(struct store_txn *txn, struct slice key);
    void (*put)(struct store_txn *txn, struct slice key, struct slice value);
    /* Nothing happens when absent. */
    void (*del)(struct store_txn *txn, struct slice key);
    /*
     * First entry whose key is not below *key and shares its first
     * `prefix_size` bytes; false when there is none. *key and *value then
     * borrow from the store.
     */
    bool (*seek)(struct store_txn *txn, size_t prefix_size, struct slice *key,
        struct slice *value);
    /* The same downwards: last entry whose key is not above *key. */
    bool (*seek_back)(struct store_txn *txn, size_t prefix_size,
        struct slice *key, struct slice *value);
    /*
     * As seek, or with `back` as seek_back, but damage is an answer and no
     * error that sticks: ERR_NONE, ERR_NOT_FOUND, ERR_CORRUPT with *key that of
     * the damaged row, or of several that are stored together: the next begins
     * after it. Of others than these the transaction is to be given up.
     */
    MUST_USE enum err (*probe)(struct store_txn *txn, size_t prefix_size,
        struct slice *key, struct slice *value, bool back);
    /* The value, the last that get() or probe() handed out, is not used any
     * more: its memory may go before the next put. NULL: it does not. */
    void (*let_go)(struct store_txn *txn, struct slice value);
    /* Takes ERR_CORRUPT out of `err`, in what is beneath as well: what was read
     * is damaged, and the transaction goes on. NULL: nothing is beneath. */
    void (*forgive)(struct store_txn *txn);
    /* About how many bytes of memory the transaction takes, for what it read
     * and for what it changes. NULL: none to speak of. */
    size_t (*held)(const struct store_txn *txn);
};

struct store_usage {
    uint64_t used;     /* bytes that entries and indexes take */
    uint64_t capacity; /* bytes there is room for */
    /* Durable ones of this very store, those of before a copy of it was made
     * included; only rises. */
    uint64_t commit_count;
};

/*
 * A store. One writing transaction at a time (begin waits for the other);
 * reading ones see the last commit before they began and hold nobody up.
 */
struct store {
    const struct store_env_ops *ops;
};

struct store_env_ops {
    MUST_USE enum err (*begin)(
        struct store *store, bool writes, struct store_txn **txn);
    /*
     * Durable when this returns ERR_NONE; on any error the transaction is
     * gone, nothing of it is kept, and the process must end: what the disk
     * holds is known again only after a restart. Fails with txn->err when set.
     */
    MUST_USE enum err (*commit)(struct store_txn *txn);
    void (*abort)(struct store_txn *txn);
    void (*usage)(struct store *store, struct store_usage *usage);
    void (*close)(struct store *store);
};

static inline struct slice store_get(struct store_txn *txn, struct slice key)
{
    return txn->ops->get(txn, key);
}

static inline void store_put(
    struct store_txn *txn, struct slice key, struct slice value)
{
    txn->changes++;
    txn->ops->put(txn, key, value);
}

static inline void store_del(struct store_txn *txn, struct slice key)
{
    txn->changes++;
    txn->ops->del(txn, key);
}

static inline bool store_seek(struct store_txn *txn, size_t prefix_size,
    struct slice *key, struct slice *value)
{
    return txn->ops->seek(txn, prefix_size, key, value);
}

static inline bool store_seek_back(struct store_txn *txn, size_t prefix_size,
    struct slice *key, struct slice *value)
{
    return txn->ops->seek_back(txn, prefix_size, key, value);
}

static inline void store_let_go(struct store_txn *txn, struct slice value)
{
    if (txn->ops->let_go != NULL)
        txn->ops->let_go(txn, value);
}

/* Only for damage that was found where it was looked for. */
static inline void store_forgive(struct store_txn *txn)
{
    if (txn->ops->forgive != NULL)
        txn->ops->forgive(txn);
    else if (txn->err == ERR_CORRUPT)
        txn->err = ERR_NONE;
}

static inline size_t store_held(const struct store_txn *txn)
{
    return txn->ops->held == NULL ? 0 : txn->ops->held(txn);
}

/* ---- The vault --------------------------------------------------------- */

/* What sealing adds to a content. */
#define VAULT_OVERHEAD 28u
/* The entry of contents that are nobody's, such as agreements. */
#define VAULT_ENTRY_COMMON 0u

/*
 * Keys of contents, one entry a referral, outside the store: a destroyed entry
 * makes all that was sealed with it unreadable for good, wherever copies of
 * the ciphertext are. Entries are numbers from 0; they are there before they
 * are used, and never used again once destroyed. Belongs to one thread.
 */
struct vault {
    const struct vault_ops *ops;
};

struct vault_ops {
    /* Entries below `count` are there, durably, when this returns ERR_NONE;
     * cheap when they are already. ERR_IO, ERR_NO_MEMORY. */
    MUST_USE enum err (*reserve)(struct vault *vault, uint64_t count);
    /* Entries that are there, destroyed or not; some were never used. */
    uint64_t (*count)(struct vault *vault);
    /* How often entries were made or destroyed, durably; a copy of before has
     * fewer. */
    uint64_t (*changes)(struct vault *vault);
    /* False for one that is not there yet. A store put back from a copy counts
     * on from entries that are destroyed. */
    bool (*is_destroyed)(struct vault *vault, uint64_t entry);
    /* `sealed` gets plain.size + VAULT_OVERHEAD bytes, bound to the place that
     * `where` names. ERR_NOT_FOUND: no such entry, or destroyed. ERR_IO. */
    MUST_USE enum err (*seal)(struct vault *vault, uint64_t entry,
        struct slice where, struct slice plain, uint8_t *sealed);
    /* `plain` gets sealed.size - VAULT_OVERHEAD bytes. ERR_NOT_FOUND as above,
     * ERR_CORRUPT: not what was sealed there, ERR_IO. */
    MUST_USE enum err (*open)(struct vault *vault, uint64_t entry,
        struct slice where, struct slice sealed, uint8_t *plain);
    /* Destroys entries, durably when this returns ERR_NONE; those that are
     * destroyed already may be among them. ERR_IO: call again. */
    MUST_USE enum err (*destroy)(
        struct vault *vault, const uint64_t *entries, size_t count);
    void (*close)(struct vault *vault);
};

/* ---- Cryptography ----------------------------------------------------- */

#define HASH_SIZE 32       /* SHA-256 */
#define KEY_SIZE 32        /* Ed25519 and X25519 keys, ChaCha20-Poly1305 */
#define SIGNATURE_SIZE 64  /* Ed25519 */
#define AEAD_NONCE_SIZE 12 /* ChaCha20-Poly1305 */
#define AEAD_TAG_SIZE 16
#define SEED_SIZE 32

/* The gateway's own signing keys, one purpose each (PROTOCOL.md, Keys). */
enum crypto_signer {
    CRYPTO_SIGNER_LOG,       /* checkpoints of ledgers we write */
    CRYPTO_SIGNER_WITNESS,   /* cosignatures on ledgers we receive */
    CRYPTO_SIGNER_OPERATION, /* requests, replies, key sheets */
    CRYPTO_SIGNER_COUNT
};

/* Which of our X25519 keys opened a message. */
enum crypto_opener {
    CRYPTO_OPENER_DAY,
    CRYPTO_OPENER_LAST_RESORT /* for Head only, never personal data */
};

/* An HPKE context (RFC 9180, 5.1) as plain values. Used for one message. */
struct hpke {
    uint8_t key[KEY_SIZE];
    uint8_t nonce[AEAD_NONCE_SIZE];
    uint8_t exporter_secret[HASH_SIZE];
};

/*
 * Cryptography with the gateway's own keys behind it. An object belongs to one
 * thread. Nothing here draws randomness: what must be fresh comes as a seed.
 */
struct crypto {
    const struct crypto_ops *ops;
};

struct crypto_ops {
    /* SHA-256 of the parts, one after the other. */
    void (*hash)(struct crypto *crypto, const struct slice *parts, size_t count,
        uint8_t digest[HASH_SIZE]);
    /* HKDF-SHA256 (RFC 5869), extract and expand; size <= 8160. */
    void (*derive)(struct crypto *crypto, struct slice salt,
        struct slice secret, struct slice info, uint8_t *out, size_t size);
    /* Ed25519 over exactly `message`. ERR_KEY when we have no such key. */
    MUST_USE enum err (*sign)(struct crypto *crypto, enum crypto_signer signer,
        struct slice message, uint8_t signature[SIGNATURE_SIZE]);
    /* Our public key of that purpose. ERR_KEY when we have none. */
    MUST_USE enum err (*signer_public)(struct crypto *crypto,
        enum crypto_signer signer, uint8_t key[KEY_SIZE]);
    MUST_USE bool (*verify)(struct crypto *crypto, const uint8_t key[KEY_SIZE],
        struct slice message, const uint8_t signature[SIGNATURE_SIZE]);
    /*
     * HPKE base mode sender: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256,
     * ChaCha20-Poly1305. The ephemeral key is DeriveKeyPair(seed). ERR_KEY
     * when the recipient's key gives an all-zero secret.
     */
    MUST_USE enum err (*encapsulate)(struct crypto *crypto,
        const uint8_t recipient[KEY_SIZE], struct slice info,
        const uint8_t seed[SEED_SIZE], uint8_t enc[KEY_SIZE],
        struct hpke *hpke);
    /* The recipient's side, with our key of that id. ERR_KEY when unknown. */
    MUST_USE enum err (*decapsulate)(struct crypto *crypto, uint64_t key_id,
        const uint8_t enc[KEY_SIZE], struct slice info,
        enum crypto_opener *opener, struct hpke *hpke);
    /* RFC 9180 5.3, LabeledExpand of the exporter secret. */
    void (*export_secret)(struct crypto *crypto, const struct hpke *hpke,
        struct slice context, uint8_t *out, size_t size);
    /* ChaCha20-Poly1305 (RFC 8439): `sealed` gets plain.size + 16 bytes; it may
     * begin where the plain does. */
    MUST_USE enum err (*aead_seal)(struct crypto *crypto,
        const uint8_t key[KEY_SIZE], const uint8_t nonce[AEAD_NONCE_SIZE],
        struct slice aad, struct slice plain, uint8_t *sealed);
    /* `plain` gets sealed.size - 16 bytes; it may begin where `sealed` does.
     * ERR_SIGNATURE when not authentic. */
    MUST_USE enum err (*aead_open)(struct crypto *crypto,
        const uint8_t key[KEY_SIZE], const uint8_t nonce[AEAD_NONCE_SIZE],
        struct slice aad, struct slice sealed, uint8_t *plain);
};

static inline void crypto_hash(struct crypto *crypto, const struct slice *parts,
    size_t count, uint8_t digest[HASH_SIZE])
{
    crypto->ops->hash(crypto, parts, count, digest);
}

/* Name of a public key on the wire: the first 8 bytes, big-endian, of
 * SHA-256("refer.v1 key" || key). */
static inline uint64_t crypto_key_id(
    struct crypto *crypto, const uint8_t key[KEY_SIZE])
{
    uint8_t digest[HASH_SIZE];
    struct slice parts[] = { SLICE_LITERAL("refer.v1 key"),
        slice_of(key, KEY_SIZE) };
    uint64_t id = 0;
    crypto_hash(crypto, parts, 2, digest);
    for (int i = 0; i < 8; i++)
        id = id << 8 | digest[i];
    return id;
}

#endif
