/* What travels: entries in parcels, checkpoints, sealed requests, replies. */
#include <string.h>

#include "core/contradiction.h"
#include "core/merkle.h"
#include "core/referral.h"
#include "golden/vectors.h"
#include "support/crypto_repeat.h"

/* ---- Ledgers ------------------------------------------------------------- */

/* Entry 5 went without its content; the last is longer than one chunk. */
static void entries_make(struct vectors *vectors)
{
    static const struct {
        enum entry_kind kind;
        const char *content; /* of that vector, or NULL for none */
    } rows[VECTOR_ENTRY_COUNT] = {
        { ENTRY_MOU_IN_FORCE, "mou_in_force.hex" },
        { ENTRY_PADDING, NULL },
        { ENTRY_MOU_OFFER, "mou_offer.hex" },
        { ENTRY_MOU_SIGNATURES, "mou_signatures.hex" },
        { ENTRY_REFERRAL_EVENT, "event_send.hex" },
        { ENTRY_REFERRAL_EVENT, "event_withdraw.hex" },
        { ENTRY_CARD, "card_opendoor.hex" },
    };
    for (unsigned i = 0; i < VECTOR_ENTRY_COUNT; i++) {
        struct entry_header header = { .kind = rows[i].kind,
            .at = { VECTOR_START_MS + i } };
        struct slice salt =
            vectors_repeat(vectors, (uint8_t)(0x20 + i), SALT_SIZE);
        struct slice content = SLICE_LITERAL("");
        if (rows[i].content != NULL)
            content = vectors_get(vectors, rows[i].content);
        entry_digest(vectors->author, salt, content, header.digest);
        vectors->entries[i] =
            (struct entry){ entry_header_write(&header, &vectors->arena), salt,
                content, NULL };
    }
    vectors->entries[5].salt = SLICE_LITERAL("");
    vectors->entries[5].content = SLICE_LITERAL("");
}

struct slice vectors_note(struct vectors *vectors, size_t size, bool cosigned)
{
    struct merkle_frontier frontier = { 0 };
    struct merkle_hash hash;
    char *text = arena_take(&vectors->arena, NOTE_SIZE_MAX);
    struct note note = { .origin = { vectors->author_id, vectors->recipient_id,
                             LANE_MAIN, VECTOR_GENERATION },
        .size = size };
    vectors_must(text != NULL && size <= VECTOR_ENTRY_COUNT);
    for (size_t i = 0; i < size; i++) {
        merkle_leaf_hash(vectors->author, vectors->entries[i].header, &hash);
        merkle_append(vectors->author, &frontier, &hash);
    }
    merkle_root(vectors->author, &frontier, &hash);
    memcpy(note.root, hash.bytes, HASH_SIZE);
    vectors_must(note_sign(vectors->author, &note) == ERR_NONE);
    if (cosigned)
        vectors_must(note_cosign(vectors->recipient, VECTOR_COSIGNED_S,
                         &note) == ERR_NONE);
    return note_print(&note, text);
}

struct slice vectors_deliver(struct vectors *vectors, size_t first, size_t end)
{
    struct deliver deliver = {
        .fence = vectors_repeat(vectors, 0x33, FENCE_SIZE),
        .parcel = { first, vectors->entries + first, end - first,
            vectors_note(vectors, end, false) },
    };
    return deliver_write(&deliver, &vectors->arena);
}

void vectors_add_ledger(struct vectors *vectors)
{
    entries_make(vectors);
    vectors_add(vectors, "checkpoint.txt", vectors_note(vectors, 2, false));
    vectors_add(vectors, "cosigned.txt", vectors_note(vectors, 2, true));
    vectors_add(vectors, "deliver.hex", vectors_deliver(vectors, 0, 2));
    vectors_add(vectors, "deliver_second.hex",
        vectors_deliver(vectors, 2, VECTOR_ENTRY_COUNT));
}

/* ---- Requests ------------------------------------------------------------ */

struct request_spec {
    const char *name;
    bool is_from_recipient;
    uint8_t sealing_key;
    uint8_t seed;
    enum request_kind kind;
    struct slice body;
};

static struct request_secret add_request(
    struct vectors *vectors, const struct request_spec *spec)
{
    uint8_t sealing_key[KEY_SIZE];
    struct request_secret secret;
    struct slice envelope;
    const struct agency_id *one = &vectors->author_id;
    const struct agency_id *other = &vectors->recipient_id;
    crypto_repeat_x25519(spec->sealing_key, sealing_key);
    vectors_must(
        request_seal(
            spec->is_from_recipient ? vectors->recipient : vectors->author,
            spec->is_from_recipient ? other : one,
            spec->is_from_recipient ? one : other, sealing_key, spec->kind,
            (struct instant){ VECTOR_START_MS + 500 }, spec->body,
            vectors_repeat(vectors, spec->seed, SEED_SIZE).bytes,
            &vectors->arena, &secret, &envelope) == ERR_NONE);
    vectors_add(vectors, spec->name, envelope);
    return secret;
}

static void add_reply(struct vectors *vectors, const char *name,
    const struct request_secret *secret, enum reply_kind kind,
    struct slice body)
{
    struct slice envelope;
    bool is_author = agency_id_equal(&secret->recipient, &vectors->author_id);
    vectors_must(reply_seal(is_author ? vectors->author : vectors->recipient,
                     secret, kind, (struct instant){ VECTOR_START_MS + 1000 },
                     body, vectors_repeat(vectors, 0x55, SEED_SIZE).bytes,
                     &vectors->arena, &envelope) == ERR_NONE);
    vectors_add(vectors, name, envelope);
}

static void add_delivery(struct vectors *vectors)
{
    struct arena *arena = &vectors->arena;
    const struct request_spec spec = { "request_deliver.hex", false, 0xb5, 0x44,
        REQUEST_DELIVER, vectors_get(vectors, "deliver.hex") };
    struct cosigned cosigned = { vectors_get(vectors, "cosigned.txt"), 0 };
    struct behind behind = { BEHIND_GAP, 1 };
    struct conflict conflict = { vectors_note(vectors, 1, false),
        vectors_get(vectors, "checkpoint.txt") };
    vectors->request = add_request(vectors, &spec);
    const struct request_secret *secret = &vectors->request;
    add_reply(vectors, "reply_cosigned.hex", secret, REPLY_COSIGNED,
        cosigned_write(&cosigned, arena));
    add_reply(vectors, "reply_behind.hex", secret, REPLY_BEHIND,
        behind_write(&behind, arena));
    add_reply(
        vectors, "reply_busy.hex", secret, REPLY_BUSY, busy_write(1000, arena));
    add_reply(vectors, "reply_conflict.hex", secret, REPLY_CONFLICT,
        conflict_write(&conflict, arena));
    add_reply(vectors, "reply_refused.hex", secret, REPLY_REFUSED,
        refusal_write(REFUSAL_NOT_OFFERED, arena));
}

static void add_heads(struct vectors *vectors)
{
    struct ledger_view asked[] = {
        { .authored = true,
            .lane = LANE_MAIN,
            .generation = VECTOR_GENERATION,
            .size = 2,
            .note = vectors_get(vectors, "cosigned.txt") },
        { .lane = LANE_MAIN,
            .fence = vectors_repeat(vectors, 0x34, FENCE_SIZE) },
    };
    struct ledger_view told[] = {
        { .authored = true, .lane = LANE_MAIN },
        { .lane = LANE_MAIN,
            .generation = VECTOR_GENERATION,
            .size = 2,
            .note = vectors_get(vectors, "cosigned.txt"),
            .fence = vectors_repeat(vectors, 0x33, FENCE_SIZE) },
    };
    struct head ask = { .ledgers = asked,
        .ledger_count = 2,
        .card = vectors_get(vectors, "card_opendoor.hex"),
        .card_serial = 2 };
    struct head tell = { .ledgers = told,
        .ledger_count = 2,
        .card = vectors_get(vectors, "card_hospital.hex"),
        .sheet = vectors_get(vectors, "key_sheet.hex"),
        .card_serial = 1 };
    const struct request_spec spec = { "request_head.hex", false, 0xb4, 0x45,
        REQUEST_HEAD, head_write(&ask, &vectors->arena) };
    struct request_secret secret = add_request(vectors, &spec);
    add_reply(vectors, "reply_head.hex", &secret, REPLY_HEAD,
        head_write(&tell, &vectors->arena));
}

static void add_collect(struct vectors *vectors)
{
    struct collect collect = { .wait_ms = 240000,
        .cosigned = vectors_get(vectors, "cosigned.txt") };
    const struct request_spec spec = { "request_collect.hex", true, 0xa5, 0x46,
        REQUEST_COLLECT, collect_write(&collect, &vectors->arena) };
    struct request_secret secret = add_request(vectors, &spec);
    vectors->collect = secret;
    add_reply(vectors, "reply_parcel.hex", &secret, REPLY_PARCEL,
        vectors_get(vectors, "deliver_second.hex"));
    add_reply(vectors, "reply_parcel_none.hex", &secret, REPLY_PARCEL,
        SLICE_LITERAL(""));
}

/* ---- Marks --------------------------------------------------------------- */

/* The bodies of section 8.4: the hospital's programs took five of Open Door's
 * seven entries; and Open Door's, in its parcel, eleven of the hospital's. */
static void add_marks(struct vectors *vectors)
{
    struct arena *arena = &vectors->arena;
    struct slice note = vectors_note(vectors, VECTOR_ENTRY_COUNT, true);
    struct deliver deliver = {
        .fence = vectors_repeat(vectors, 0x33, FENCE_SIZE),
        .parcel = { 0, vectors->entries, 2, vectors_note(vectors, 2, false) },
        .collected = 11,
        .collected_generation = UINT64_C(0xfedcba9876543210),
    };
    struct collect collect = {
        .wait_ms = 240000, .cosigned = note, .collected = 5
    };
    struct cosigned cosigned = { note, 5 };
    struct ledger_view views[] = {
        { .authored = true, .lane = LANE_MAIN },
        { .lane = LANE_MAIN,
            .generation = VECTOR_GENERATION,
            .size = VECTOR_ENTRY_COUNT,
            .note = note,
            .fence = vectors_repeat(vectors, 0x33, FENCE_SIZE),
            .collected = 5 },
    };
    struct head head = { .ledgers = views, .ledger_count = 2 };
    vectors_add(vectors, "mark_deliver.hex", deliver_write(&deliver, arena));
    vectors_add(vectors, "mark_collect.hex", collect_write(&collect, arena));
    vectors_add(vectors, "mark_cosigned.hex", cosigned_write(&cosigned, arena));
    vectors_add(vectors, "mark_head.hex", head_write(&head, arena));
}

/* Of one that lost all it had, and showed the other's fence again. */
static void add_epoch(struct vectors *vectors)
{
    struct ledger_view views[] = {
        { .authored = true, .lane = LANE_MAIN },
        { .lane = LANE_MAIN,
            .fence = vectors_repeat(vectors, 0x34, FENCE_SIZE) },
    };
    struct head head = { .ledgers = views,
        .ledger_count = 2,
        .echo = vectors_repeat(vectors, 0x33, FENCE_SIZE),
        .epoch = UINT64_C(0xfedcba9876543210) };
    vectors_add(vectors, "head_epoch.hex", head_write(&head, &vectors->arena));
}

/* ---- Two histories ------------------------------------------------------- */

static enum err leaf_of(void *user, uint64_t index, uint8_t hash[HASH_SIZE])
{
    struct vectors *vectors = user;
    struct merkle_hash leaf;
    merkle_leaf_hash(vectors->author, vectors->entries[index].header, &leaf);
    memcpy(hash, leaf.bytes, HASH_SIZE);
    return ERR_NONE;
}

static void note_read_again(
    struct vectors *vectors, size_t size, struct note *note)
{
    vectors_must(
        note_parse(vectors_note(vectors, size, false), note) == ERR_NONE);
}

/* A second history of two entries, beside the one of seven; and the Head of
 * the recipient that was shown both. */
static void add_contradiction(struct vectors *vectors)
{
    const struct merkle_source source = { .leaf = leaf_of, .user = vectors };
    struct contradiction both;
    char *file = arena_take(&vectors->arena, CONTRADICTION_SIZE_MAX);
    char offered[NOTE_SIZE_MAX];
    vectors_must(file != NULL);
    note_read_again(vectors, 2, &both.first);
    note_read_again(vectors, VECTOR_ENTRY_COUNT, &both.second);
    memcpy(both.root.bytes, both.first.root, HASH_SIZE);
    memset(both.first.root, 0x99, HASH_SIZE);
    vectors_must(note_sign(vectors->author, &both.first) == ERR_NONE);
    vectors_must(merkle_prove_consistency(vectors->author, &source, 2,
                     VECTOR_ENTRY_COUNT, &both.path) == ERR_NONE);
    vectors_add(vectors, "contradiction.txt", contradiction_print(&both, file));
    struct ledger_view views[] = {
        { .authored = true, .lane = LANE_MAIN },
        { .lane = LANE_MAIN,
            .generation = VECTOR_GENERATION,
            .size = 2,
            .note = vectors_get(vectors, "cosigned.txt"),
            .fence = vectors_repeat(vectors, 0x33, FENCE_SIZE),
            .has_conflict = true,
            .conflict = { vectors_get(vectors, "cosigned.txt"),
                note_print(&both.first, offered) } },
    };
    struct head head = { .ledgers = views, .ledger_count = 2 };
    vectors_add(
        vectors, "head_conflict.hex", head_write(&head, &vectors->arena));
}

static void detach(struct entry *entry, const struct mention *mention)
{
    *entry = (struct entry){ .header = entry->header, .mention = mention };
}

/* Erased on its way: the parcel of deliver_second.hex again, entry 4 without
 * its words. */
static void add_absent(struct vectors *vectors)
{
    struct entry entries[VECTOR_ENTRY_COUNT];
    struct mention send = { .type = EVENT_SEND, .seq = 1 };
    memset(send.referral.bytes, 0x77, sizeof send.referral.bytes);
    memset(send.mou.bytes, 0x11, sizeof send.mou.bytes);
    for (size_t i = 0; i < VECTOR_ENTRY_COUNT; i++)
        entries[i] = vectors->entries[i];
    detach(&entries[4], &send);
    struct deliver deliver = {
        .fence = vectors_repeat(vectors, 0x33, FENCE_SIZE),
        .parcel = { 2, entries + 2, VECTOR_ENTRY_COUNT - 2,
            vectors_note(vectors, VECTOR_ENTRY_COUNT, false) },
    };
    vectors_add(vectors, "deliver_absent.hex",
        deliver_write(&deliver, &vectors->arena));
}

/* The author lost its disk: entry 4 comes back without what was refused, entry
 * 5 without what was erased. */
static struct slice fetched_make(struct vectors *vectors)
{
    struct entry entries[VECTOR_ENTRY_COUNT];
    struct mention send = { .type = EVENT_SEND, .seq = 1 };
    struct mention withdraw = { .type = EVENT_WITHDRAW, .seq = 2 };
    memset(send.referral.bytes, 0x77, sizeof send.referral.bytes);
    withdraw.referral = send.referral;
    memset(send.mou.bytes, 0x11, sizeof send.mou.bytes); /* of that alone */
    for (size_t i = 0; i < VECTOR_ENTRY_COUNT; i++)
        entries[i] = vectors->entries[i];
    detach(&entries[4], &send);
    detach(&entries[5], &withdraw);
    struct parcel parcels[] = {
        { 0, entries, 2, vectors_get(vectors, "cosigned.txt") },
        { 2, entries + 2, VECTOR_ENTRY_COUNT - 2,
            vectors_note(vectors, VECTOR_ENTRY_COUNT, true) },
    };
    return fetched_write(&(struct fetched){ parcels, 2 }, &vectors->arena);
}

static void add_fetch(struct vectors *vectors)
{
    struct fetch fetch = { true, VECTOR_GENERATION, 0, 1048576 };
    const struct request_spec spec = { "request_fetch.hex", false, 0xb5, 0x48,
        REQUEST_FETCH, fetch_write(&fetch, &vectors->arena) };
    struct request_secret secret = add_request(vectors, &spec);
    add_reply(vectors, "reply_fetched.hex", &secret, REPLY_FETCHED,
        fetched_make(vectors));
}

/* The same from an agency that cannot be dialled: its Collect is answered with
 * what is wanted, and it brings that. */
static void add_fetch_wanted(struct vectors *vectors)
{
    struct fetch fetch = { true, VECTOR_GENERATION, 0, 1048576 };
    const struct request_spec spec = { "request_fetched.hex", true, 0xa5, 0x49,
        REQUEST_FETCHED, fetched_make(vectors) };
    (void)add_request(vectors, &spec);
    add_reply(vectors, "reply_fetch_wanted.hex", &vectors->collect,
        REPLY_FETCH_WANTED, fetch_write(&fetch, &vectors->arena));
}

/* A stranger leaves its card: no sheet is held, and no ledger is told of. */
static void add_introduction(struct vectors *vectors)
{
    struct introduce introduce = { vectors_get(vectors, "card_opendoor.hex"),
        SLICE_LITERAL("abcdefghijklmnopqrst") };
    struct head told = { .card = vectors_get(vectors, "card_hospital.hex"),
        .sheet = vectors_get(vectors, "key_sheet.hex") };
    struct slice body = introduce_write(&introduce, &vectors->arena);
    const struct request_spec spec = { "request_introduce.hex", false, 0xb4,
        0x47, REQUEST_INTRODUCE, body };
    struct request_secret secret = add_request(vectors, &spec);
    add_reply(vectors, "reply_introduce.hex", &secret, REPLY_HEAD,
        head_write(&told, &vectors->arena));
}

void vectors_add_requests(struct vectors *vectors)
{
    struct slice sheet = vectors_get(vectors, "key_sheet.hex");
    add_delivery(vectors);
    add_heads(vectors);
    add_contradiction(vectors);
    add_collect(vectors);
    add_marks(vectors);
    add_epoch(vectors);
    add_absent(vectors);
    add_fetch(vectors);
    add_fetch_wanted(vectors);
    add_introduction(vectors);
    vectors_add(vectors, "plain_rekey.hex",
        reply_plain(PLAIN_REKEY, sheet, 0, &vectors->arena));
    vectors_add(vectors, "plain_busy.hex",
        reply_plain(PLAIN_BUSY, SLICE_NONE, 1000, &vectors->arena));
    vectors_add(vectors, "plain_refused.hex",
        reply_plain(PLAIN_REFUSED, SLICE_NONE, 0, &vectors->arena));
}
