#include "core/scrub_row.h"

#include <string.h>

#include "core/node_state.h"

#define STATE_VERSION 2

const char *scrub_fault_name(enum scrub_fault fault)
{
    static const char *const names[] = {
#define X(symbol, name) [SCRUB_##symbol] = name,
        SCRUB_FAULT_LIST(X)
#undef X
    };
    return (size_t)fault < SCRUB_FAULT_COUNT ? names[fault] : "?";
}

/* Cards come before what they sign, referrals after what they are made of. */
static const struct table {
    char letter;
    const char *name;
    scrub_judge *judge;
} tables[] = {
    { 'n', "gateway", scrub_node },
    { 'p', "peers", scrub_peer },
    { 'h', "cards", scrub_card },
    { 'v', "revocations", scrub_revocation },
    { 'm', "agreements", scrub_agreement },
    { 'i', "invitations", scrub_invitation },
    { 's', "checks", scrub_patrol_row },
    { 'u', "cursors", scrub_cursor },
    { 'k', "keys of programs", scrub_idempotency },
    { 'd', "erasures", scrub_doomed },
    { 'l', "ledgers", scrub_ledger },
    { 'g', "generations", scrub_generation },
    { 'o', "intents", scrub_intent },
    { 'e', "entries", scrub_entries },
    { 'r', "referrals", scrub_register },
    { 'x', "retention", scrub_due },
    { 'w', "words not taken", scrub_waiting },
    { 't', "words taken", scrub_taken },
    { 'f', "events", scrub_feed },
    { 'c', "contents", scrub_contents },
};
#define TABLE_COUNT (sizeof tables / sizeof *tables)

bool scrub_table_at(uint32_t index, char *letter, const char **name)
{
    if (index >= TABLE_COUNT)
        return false;
    *letter = tables[index].letter;
    *name = tables[index].name;
    return true;
}

/* ---- What rows are judged with ------------------------------------------- */

void scrub_tell(struct scrub_row *row, enum scrub_fault fault)
{
    struct scrub_finding finding = { .fault = fault,
        .key = key_slice(&row->key),
        .has_referral = row->has_referral,
        .referral = row->referral,
        .peer = row->peer };
    row->scrub->findings++;
    row->watch->found(row->watch->user, &finding);
}

/* Any error but damage ends the work. */
static enum err probe(struct work *work, size_t prefix_size, struct slice *key,
    struct slice *value)
{
    enum err err =
        work->txn->ops->probe(work->txn, prefix_size, key, value, false);
    if (err != ERR_NOT_FOUND && err != ERR_CORRUPT)
        work_fail(work, err);
    return err;
}

enum scrub_look scrub_look(struct work *work, struct key key)
{
    struct slice at = key_slice(&key);
    struct slice value;
    if (work_failed(work))
        return SCRUB_LOOK_DAMAGED;
    enum err err = probe(work, key.size, &at, &value);
    if (err == ERR_NOT_FOUND || !slice_equal(at, key_slice(&key)))
        return SCRUB_LOOK_ABSENT;
    return err == ERR_NONE ? SCRUB_LOOK_SOUND : SCRUB_LOOK_DAMAGED;
}

bool scrub_takes_fault(struct work *work)
{
    if (work->txn->err != ERR_CORRUPT)
        return false;
    store_forgive(work->txn);
    return true;
}

static void miss(struct scrub_row *row, struct content_ref ref)
{
    row->has_missed = true;
    if (row->watch->missed != NULL)
        row->watch->missed(row->watch->user, ref);
}

struct slice scrub_content(
    struct scrub_row *row, struct content_ref ref, struct slice *salt)
{
    struct work *work = row->work;
    struct slice its_salt = SLICE_NONE;
    struct slice plain = SLICE_NONE;
    if (content_is_none(ref) || work_failed(work))
        return plain;
    if (row->watch->refers != NULL)
        row->watch->refers(row->watch->user, ref);
    enum scrub_look look = SCRUB_LOOK_SOUND;
    if (!content_is_new(work->contents, ref))
        look = scrub_look(work, key_content(ref.segment));
    if (look == SCRUB_LOOK_DAMAGED) { /* of whom it is, this row alone says */
        miss(row, ref);
        scrub_tell(row, SCRUB_CONTENT);
        return plain;
    }
    enum err err = look == SCRUB_LOOK_ABSENT
                       ? ERR_CORRUPT
                       : content_try_salted(work->contents, work->txn,
                             work->scratch, ref, &its_salt, &plain);
    if (salt != NULL)
        *salt = its_salt;
    row->size += plain.size;
    if (err == ERR_CORRUPT) {
        miss(row, ref);
        scrub_tell(row, SCRUB_CONTENT);
    }
    (void)scrub_takes_fault(work);
    return err == ERR_NONE ? plain : SLICE_NONE;
}

struct referral *scrub_referral(struct scrub_row *row, const struct uuid *uuid)
{
    enum scrub_look look = scrub_look(row->work, key_referral(uuid));
    if (look == SCRUB_LOOK_ABSENT)
        scrub_tell(row, SCRUB_REFERRAL);
    if (look != SCRUB_LOOK_SOUND)
        return NULL;
    struct referral *referral = register_get(row->work, uuid);
    return scrub_takes_fault(row->work) ? NULL : referral;
}

/* ---- The walk ------------------------------------------------------------ */

/* The row after this key: nothing lies between. */
static void step_past(struct scrub *scrub, struct slice key)
{
    memcpy(scrub->from.bytes, key.bytes, key.size);
    scrub->from.bytes[key.size] = 0;
    scrub->from.size = key.size + 1;
}

static void table_next(struct scrub_row *row)
{
    struct scrub *scrub = row->scrub;
    if (scrub->shelf != 0)
        scrub_shelf_end(row);
    scrub->table++;
    scrub->from.size = 0;
    scrub->is_over = scrub->table >= TABLE_COUNT;
}

/* Its table's next row; false: there is none. */
static bool row_find(struct scrub_row *row, enum err *err)
{
    struct scrub *scrub = row->scrub;
    struct slice key;
    if (scrub->from.size == 0)
        scrub->from =
            (struct key){ .bytes = { (uint8_t)tables[scrub->table].letter },
                .size = 1 };
    key = key_slice(&scrub->from);
    *err = probe(row->work, KEY_TABLE_SIZE, &key, &row->value);
    if (*err != ERR_NONE && *err != ERR_CORRUPT)
        return false;
    row->key = (struct key){
        .size = key.size < KEY_BYTES_MAX - 1 ? key.size : KEY_BYTES_MAX - 1
    };
    memcpy(row->key.bytes, key.bytes, row->key.size);
    return true;
}

static void row_judge(struct scrub_row *row, enum err err)
{
    struct work *work = row->work;
    const struct table *table = &tables[row->scrub->table];
    size_t used = work->scratch->used;
    row->scrub->rows++;
    row->size = row->value.size + 64;
    if (err == ERR_CORRUPT) {
        row->value = SLICE_NONE;
        row->scrub->has_bad_cards |= table->letter == 'p' ||
                                     table->letter == 'h' ||
                                     table->letter == 'n';
        scrub_tell(row, SCRUB_DAMAGED);
    } else {
        /* a key that turned is found by who walks, and by nobody who asks */
        if (scrub_look(work, row->key) == SCRUB_LOOK_ABSENT)
            scrub_tell(row, SCRUB_HIDDEN);
        table->judge(row);
        /* what a judge left is a row that it could not read */
        if (scrub_takes_fault(work))
            scrub_tell(row, SCRUB_MALFORMED);
    }
    arena_rewind(work->scratch, used);
}

void scrub_go_on(
    struct work *work, struct scrub *scrub, const struct scrub_watch *watch)
{
    uint64_t size = 0;
    struct content_recent *recent = work->contents->recent;
    work->contents->recent = NULL; /* what is stored is looked at */
    for (uint32_t i = 0; i < SCRUB_ROW_COUNT && size < SCRUB_SIZE &&
                         !scrub->is_over && !work_failed(work);
         i++) {
        struct scrub_row row = { .work = work, .scrub = scrub, .watch = watch };
        enum err err;
        if (work->arena->used > work->arena->capacity / 2)
            break; /* cards that were read stay there until the batch ends */
        if (!row_find(&row, &err)) {
            if (err == ERR_NOT_FOUND)
                table_next(&row);
            continue;
        }
        row_judge(&row, err);
        step_past(scrub, key_slice(&row.key));
        size += row.size;
    }
    work->contents->recent = recent;
}

/* ---- As bytes ------------------------------------------------------------ */

void scrub_pack(const struct scrub *scrub, struct packer *out)
{
    pack_u8(out, STATE_VERSION);
    pack_u32(out, scrub->table);
    pack_bytes(out, key_slice(&scrub->from));
    pack_u64(out, scrub->rows);
    pack_u64(out, scrub->findings);
    pack_u8(out, scrub->is_over);
    pack_u8(out, scrub->has_bad_cards);
    pack_u32(out, scrub->shelf);
    pack_u8(out, scrub->is_known);
    pack_u8(out, scrub->has_gap);
    pack_u32(out, scrub->peer);
    pack_u8(out, scrub->direction);
    pack_u64(out, scrub->generation);
    merkle_frontier_pack(&scrub->frontier, out);
}

enum err scrub_unpack(struct slice bytes, struct scrub *scrub)
{
    struct unpacker in = unpack_from(bytes);
    *scrub = (struct scrub){ 0 };
    if (unpack_u8(&in) != STATE_VERSION)
        return ERR_MALFORMED;
    scrub->table = unpack_u32(&in);
    struct slice from = unpack_bytes(&in);
    scrub->rows = unpack_u64(&in);
    scrub->findings = unpack_u64(&in);
    scrub->is_over = unpack_u8(&in) != 0;
    scrub->has_bad_cards = unpack_u8(&in) != 0;
    scrub->shelf = unpack_u32(&in);
    scrub->is_known = unpack_u8(&in) != 0;
    scrub->has_gap = unpack_u8(&in) != 0;
    scrub->peer = unpack_u32(&in);
    scrub->direction = unpack_u8(&in);
    scrub->generation = unpack_u64(&in);
    merkle_frontier_unpack(&in, &scrub->frontier);
    if (unpack_end(&in) != ERR_NONE || from.size > KEY_BYTES_MAX ||
        scrub->is_over != (scrub->table == TABLE_COUNT) ||
        scrub->table > TABLE_COUNT ||
        (from.size > 0 &&
            (scrub->is_over || from.bytes[0] != tables[scrub->table].letter)))
        return ERR_MALFORMED;
    scrub->from.size = from.size;
    if (from.size > 0)
        memcpy(scrub->from.bytes, from.bytes, from.size);
    return ERR_NONE;
}
