/* The gateway's own row, agencies, agreements, and what programs left. */
#include "core/scrub_row.h"

#include <string.h>

#include "core/agreement.h"
#include "core/card_book.h"
#include "core/feed.h"
#include "core/node_state.h"
#include "core/revoke.h"

/* Rows of these programs have one form each. */
#define IDEMPOTENCY_SIZE (8 + 16 + 1 + 8)
#define SAID_SIZE (16 + 4 + 1 + 1 + 16 + 8) /* what a ledger says of a key */
#define HASH_KEY_SIZE (1 + 16)

/* It was read at the start, or nothing would run. */
void scrub_node(struct scrub_row *row)
{
    if (row->key.size != KEY_TABLE_SIZE)
        scrub_tell(row, SCRUB_UNKNOWN);
}

/* The four bytes after the table. */
static uint32_t number_in(const struct key *key)
{
    return (uint32_t)key->bytes[1] << 24 | (uint32_t)key->bytes[2] << 16 |
           (uint32_t)key->bytes[3] << 8 | key->bytes[4];
}

/* ---- Agencies ------------------------------------------------------------ */

/* With a key of the newest card, or of one that it had when it came. */
static bool sheet_holds(
    struct work *work, const struct peer *peer, const struct card *card)
{
    struct key_sheet sheet;
    struct card earlier = *card;
    struct slice bytes = peer_sheet_bytes(work, peer);
    if (bytes.size == 0)
        return true;
    do {
        if (key_sheet_read(work->crypto, &earlier, bytes, work->scratch,
                &sheet) == ERR_NONE)
            return sheet.serial == peer->sheet_serial;
    } while (card_book_before(work, peer->number, earlier.serial, &earlier));
    return false;
}

void scrub_peer(struct scrub_row *row)
{
    struct work *work = row->work;
    struct card card;
    struct card_problem problem;
    if (row->key.size != KEY_CARD_PEER_SIZE) {
        scrub_tell(row, SCRUB_UNKNOWN);
        return;
    }
    struct peer *peer = peer_numbered(work->node, number_in(&row->key));
    row->peer = peer;
    if (peer == NULL) {
        scrub_tell(row, SCRUB_ORPHAN);
        return;
    }
    struct slice bytes = peer_card_bytes(work, peer);
    if (card_read(work->crypto, bytes, work->scratch, &card, &problem) !=
            ERR_NONE ||
        !agency_id_equal(&card.agency, &peer->agency) ||
        card.serial != peer->card_serial || !sheet_holds(work, peer, &card))
        scrub_tell(row, SCRUB_CARD);
}

/* Whose row it is; NULL: nobody's that is known. */
static const struct agency_id *agency_of(const struct scrub_row *row)
{
    uint32_t number = number_in(&row->key);
    const struct peer *peer = peer_numbered(row->work->node, number);
    if (number == CARD_BOOK_SELF)
        return &row->work->node->self;
    return peer == NULL ? NULL : &peer->agency;
}

void scrub_card(struct scrub_row *row)
{
    struct work *work = row->work;
    struct card card;
    struct card_problem problem;
    if (row->key.size != KEY_CARD_PEER_SIZE + 8) {
        scrub_tell(row, SCRUB_UNKNOWN);
        return;
    }
    const struct agency_id *whose = agency_of(row);
    struct slice bytes = arena_copy(work->scratch, row->value);
    if (whose == NULL)
        scrub_tell(row, SCRUB_ORPHAN);
    else if (card_read(work->crypto, bytes, work->scratch, &card, &problem) !=
                 ERR_NONE ||
             !agency_id_equal(&card.agency, whose) ||
             card.serial != key_number(key_slice(&row->key)))
        scrub_tell(row, SCRUB_CARD);
}

void scrub_revocation(struct scrub_row *row)
{
    struct work *work = row->work;
    struct agency_id agency;
    if (row->key.size != KEY_CARD_PEER_SIZE) {
        scrub_tell(row, SCRUB_UNKNOWN);
        return;
    }
    const struct agency_id *whose = agency_of(row);
    struct slice bytes = arena_copy(work->scratch, row->value);
    if (whose == NULL)
        scrub_tell(row, SCRUB_ORPHAN);
    else if (revocation_agency(bytes, work->scratch, &agency) != ERR_NONE ||
             !agency_id_equal(&agency, whose))
        scrub_tell(row, SCRUB_CARD);
}

/* ---- Agreements ---------------------------------------------------------- */

void scrub_agreement(struct scrub_row *row)
{
    struct work *work = row->work;
    struct mou_id id;
    struct mou_id computed;
    if (row->key.size != 1 + sizeof id.bytes) {
        scrub_tell(row, SCRUB_UNKNOWN);
        return;
    }
    memcpy(id.bytes, row->key.bytes + 1, sizeof id.bytes);
    const struct agreement *agreement = agreement_get(work, &id);
    if (agreement == NULL)
        return; /* told as malformed */
    mou_id_of(work->crypto, agreement->bytes, &computed);
    bool holds = memcmp(computed.bytes, id.bytes, sizeof id.bytes) == 0;
    for (size_t i = 0; holds && i < agreement->signature_count; i++)
        holds = mou_signature_holds(
            work->crypto, &agreement->mou, &id, &agreement->signatures[i]);
    for (size_t i = 0; holds && i < agreement->in_force_count; i++)
        holds = mou_party_of(&agreement->mou, &agreement->in_force[i]) != NULL;
    if (!holds)
        scrub_tell(row, SCRUB_AGREEMENT);
}

/* ---- What operators and programs left ------------------------------------ */

void scrub_invitation(struct scrub_row *row)
{
    if (row->key.size != HASH_KEY_SIZE)
        scrub_tell(row, SCRUB_UNKNOWN);
    else if (row->value.size != 8)
        scrub_tell(row, SCRUB_MALFORMED);
}

void scrub_cursor(struct scrub_row *row)
{
    struct cursor cursor;
    struct slice name =
        slice_of(row->key.bytes + 1, row->key.size - KEY_TABLE_SIZE);
    if (!cursor_get(row->work, name, &cursor))
        return; /* told as malformed */
    if (cursor.acknowledged >= row->work->node->feed_position_next)
        scrub_tell(row, SCRUB_POSITION);
}

static void repeat_value(struct scrub_row *row, struct slice value)
{
    struct uuid uuid;
    if (value.size != IDEMPOTENCY_SIZE) {
        if (value.size != SAID_SIZE)
            scrub_tell(row, SCRUB_MALFORMED);
        return;
    }
    memcpy(uuid.bytes, value.bytes + 8, sizeof uuid.bytes);
    row->has_referral = true;
    row->referral = uuid;
    (void)scrub_referral(row, &uuid);
    row->size += value.size;
}

/* Values have been copied: to look at a referral is to read another page. */
static void repeat_log(struct scrub_row *row)
{
    uint8_t name[REPEAT_NAME_SIZE];
    struct slice value;
    struct slice bytes = arena_copy(row->work->scratch, row->value);
    struct unpacker in = unpack_from(bytes);
    if (bytes.bytes == NULL)
        work_exhausted(row->work);
    if (unpack_u8(&in) != REPEAT_LOG_VERSION)
        in.err = ERR_CORRUPT;
    while (!work_failed(row->work) && repeat_log_next(&in, name, &value)) {
        size_t used = row->work->scratch->used;
        repeat_value(row, value);
        arena_rewind(row->work->scratch, used);
    }
    if (in.err != ERR_NONE)
        scrub_tell(row, SCRUB_MALFORMED);
}

/* A run's filter must know its names, or they would be forgotten. */
static void repeat_in_run(struct scrub_row *row, uint32_t run)
{
    const struct repeat_filter *filter = &row->work->node->repeats.filter;
    const uint8_t *name = row->key.bytes + KEY_REPEAT_PART_SIZE;
    struct slice value = arena_copy(row->work->scratch, row->value);
    if (value.bytes == NULL)
        work_exhausted(row->work);
    else if (repeat_filter_next(filter, run, name) != run)
        scrub_tell(row, SCRUB_UNKNOWN);
    else
        repeat_value(row, value);
}

void scrub_idempotency(struct scrub_row *row)
{
    const struct key *key = &row->key;
    uint32_t part = key->size < KEY_REPEAT_PART_SIZE ? 0 : number_in(key);
    if (part == KEY_REPEAT_LOG && key->size == KEY_REPEAT_PART_SIZE + 8)
        repeat_log(row);
    else if (part == KEY_REPEAT_FILTERS &&
             key->size == KEY_REPEAT_PART_SIZE + 4)
        return; /* as long as is right for runs of any length */
    else if (part != 0 && part < KEY_REPEAT_FILTERS &&
             key->size == KEY_REPEAT_PART_SIZE + REPEAT_NAME_SIZE)
        repeat_in_run(row, part);
    else
        scrub_tell(row, SCRUB_UNKNOWN);
}

void scrub_doomed(struct scrub_row *row)
{
    if (row->key.size != 9)
        scrub_tell(row, SCRUB_UNKNOWN);
    else if (row->value.size != 0 && row->value.size != 8)
        scrub_tell(row, SCRUB_MALFORMED); /* neither an entry nor a span */
    else if (key_number(key_slice(&row->key)) >= row->work->node->entry_next)
        scrub_tell(row, SCRUB_VAULT);
}
