/* Ledgers: their rows, their entries, what waits for them. */
#include "core/scrub_row.h"

#include <string.h>

#include "core/feed.h"
#include "core/node_state.h"
#include "core/outbox.h"
#include "core/signatory.h"

/* A queue that is longer is not counted: it would hold others up. */
#define INTENT_COUNT_MAX 4096u

static uint64_t number_at(const struct key *key, size_t at, size_t size)
{
    uint64_t number = 0;
    for (size_t i = at; i < at + size && i < key->size; i++)
        number = number << 8 | key->bytes[i];
    return number;
}

static struct peer *peer_of(struct scrub_row *row, uint32_t number)
{
    struct peer *peer = peer_numbered(row->work->node, number);
    row->peer = peer;
    return peer;
}

/* As it stands at this moment, which may be ahead of its row. NULL: told, or
 * none. */
static struct ledger *ledger_of(struct scrub_row *row, struct peer *peer,
    uint8_t direction, uint64_t generation)
{
    struct work *work = row->work;
    enum ledger_direction way = (enum ledger_direction)direction;
    struct ledger *ledger = NULL;
    if (direction != LEDGER_OUT && direction != LEDGER_IN)
        return NULL;
    if (generation == 0)
        ledger = way == LEDGER_OUT ? peer->out : peer->in;
    if (ledger != NULL)
        return ledger;
    struct key key =
        generation == 0
            ? key_ledger(peer->number, direction, LANE_MAIN)
            : key_generation(peer->number, direction, LANE_MAIN, generation);
    if (scrub_look(work, key) != SCRUB_LOOK_SOUND)
        return NULL;
    ledger = generation == 0
                 ? ledger_load(work, peer->number, way)
                 : ledger_load_closed(work, peer->number, way, generation);
    return scrub_takes_fault(work) ? NULL : ledger;
}

/* ---- Notes --------------------------------------------------------------- */

/* Cards are read here for good: the batch's arena must not be rewound. */
static bool is_signed(struct scrub_row *row, struct peer *peer,
    const struct ledger *ledger, const struct note *note)
{
    struct work *work = row->work;
    if (row->scrub->has_bad_cards)
        return true; /* nobody can say */
    bool out = ledger->direction == LEDGER_OUT;
    bool holds = out ? signatory_is_us(work, note)
                     : signatory_was_author(work, peer, note);
    if (holds && note->has_cosignature)
        holds = out ? signatory_is_witness(work, peer, note)
                    : signatory_is_our_witness(work, note);
    return scrub_takes_fault(work) || holds; /* a card could not be read */
}

/* A note of that ledger at that size, with that root. */
static void note_judge(struct scrub_row *row, struct peer *peer,
    const struct ledger *ledger, struct slice text, uint64_t size,
    const struct merkle_frontier *frontier)
{
    struct note note;
    struct merkle_hash root;
    struct origin origin =
        ledger_origin(ledger, &row->work->node->self, &peer->agency);
    merkle_root(row->work->crypto, frontier, &root);
    if (note_parse(text, &note) != ERR_NONE ||
        !origin_equal(&note.origin, &origin) || note.size != size)
        scrub_tell(row, SCRUB_NOTE);
    else if (frontier->size == size &&
             memcmp(note.root, root.bytes, HASH_SIZE) != 0)
        scrub_tell(row, SCRUB_ROOT);
    else if (!is_signed(row, peer, ledger, &note))
        scrub_tell(row, SCRUB_SIGNATURE);
}

/* ---- Rows of ledgers ----------------------------------------------------- */

static void intents_judge(struct scrub_row *row, const struct ledger *ledger)
{
    uint64_t count = 0;
    uint64_t from = 0;
    struct key key;
    if (ledger->number == 0 || ledger->intent_count > INTENT_COUNT_MAX)
        return;
    while (!work_failed(row->work) && count <= ledger->intent_count) {
        struct slice value;
        key = key_intent(ledger->number, from);
        struct slice at = key_slice(&key);
        enum err err = row->work->txn->ops->probe(
            row->work->txn, KEY_LEDGER_PARTS_SIZE, &at, &value, false);
        if (err != ERR_NONE && err != ERR_CORRUPT)
            break;
        from = key_number(at) + 1;
        count++;
    }
    if (count != ledger->intent_count)
        scrub_tell(row, SCRUB_INTENTS);
}

static void row_judge(
    struct scrub_row *row, struct peer *peer, const struct ledger *ledger)
{
    if (ledger->frontier.size > 0 &&
        (ledger->shelf == 0 ||
            scrub_look(row->work, key_entries(ledger->shelf, 0)) ==
                SCRUB_LOOK_ABSENT))
        scrub_tell(row, SCRUB_ENTRIES);
    if (ledger->cosigned > ledger->frontier.size)
        scrub_tell(row, SCRUB_NOTE);
    if (ledger->cosigned > 0)
        note_judge(row, peer, ledger, ledger->note, ledger->cosigned,
            &ledger->frontier);
    if (ledger->offered.size > 0)
        note_judge(row, peer, ledger, ledger->offered, ledger->frontier.size,
            &ledger->frontier);
    if (ledger->direction == LEDGER_OUT && !ledger->closed)
        intents_judge(row, ledger);
}

static void ledger_judge(struct scrub_row *row, uint64_t generation)
{
    struct peer *peer = peer_of(row, (uint32_t)number_at(&row->key, 1, 4));
    if (peer == NULL) {
        scrub_tell(row, SCRUB_ORPHAN);
        return;
    }
    const struct ledger *ledger =
        ledger_of(row, peer, row->key.bytes[5], generation);
    if (ledger == NULL)
        scrub_tell(row, SCRUB_MALFORMED);
    else
        row_judge(row, peer, ledger);
}

void scrub_ledger(struct scrub_row *row)
{
    if (row->key.size != 7)
        scrub_tell(row, SCRUB_UNKNOWN);
    else
        ledger_judge(row, 0);
}

void scrub_generation(struct scrub_row *row)
{
    if (row->key.size != 15)
        scrub_tell(row, SCRUB_UNKNOWN);
    else
        ledger_judge(row, key_number(key_slice(&row->key)));
}

/* ---- Whose shelf is it? -------------------------------------------------- */

/* Of a table of ledgers; the one that has that shelf. */
static bool shelf_find_in(struct scrub_row *row, char letter, uint32_t shelf)
{
    struct scrub *scrub = row->scrub;
    struct key from = { .bytes = { (uint8_t)letter }, .size = 1 };
    while (!work_failed(row->work)) {
        struct slice at = key_slice(&from);
        struct slice value;
        struct key key = { .size = 0 };
        enum err err = row->work->txn->ops->probe(
            row->work->txn, KEY_TABLE_SIZE, &at, &value, false);
        if ((err != ERR_NONE && err != ERR_CORRUPT) || at.size >= KEY_BYTES_MAX)
            return false;
        memcpy(key.bytes, at.bytes, at.size);
        key.size = at.size;
        from = key;
        from.bytes[from.size++] = 0;
        struct peer *peer =
            peer_numbered(row->work->node, (uint32_t)number_at(&key, 1, 4));
        if (err != ERR_NONE || peer == NULL)
            continue;
        uint64_t generation = letter == 'g' ? key_number(key_slice(&key)) : 0;
        const struct ledger *ledger =
            ledger_of(row, peer, key.bytes[5], generation);
        if (ledger == NULL || ledger->shelf != shelf)
            continue;
        scrub->peer = peer->number;
        scrub->direction = key.bytes[5];
        scrub->generation = generation;
        return true;
    }
    return false;
}

/* Since the piece before it may have been closed. */
static struct ledger *shelf_ledger(struct scrub_row *row)
{
    struct scrub *scrub = row->scrub;
    struct peer *peer = peer_of(row, scrub->peer);
    struct ledger *ledger =
        peer == NULL
            ? NULL
            : ledger_of(row, peer, scrub->direction, scrub->generation);
    if (ledger != NULL && ledger->shelf == scrub->shelf)
        return ledger;
    if (!shelf_find_in(row, 'l', scrub->shelf) &&
        !shelf_find_in(row, 'g', scrub->shelf))
        return NULL;
    peer = peer_of(row, scrub->peer);
    return ledger_of(row, peer, scrub->direction, scrub->generation);
}

static void shelf_begin(struct scrub_row *row, uint32_t shelf)
{
    struct scrub *scrub = row->scrub;
    scrub->shelf = shelf;
    scrub->has_gap = false;
    scrub->frontier = (struct merkle_frontier){ 0 };
    scrub->is_known =
        shelf_find_in(row, 'l', shelf) || shelf_find_in(row, 'g', shelf);
}

void scrub_shelf_end(struct scrub_row *row)
{
    struct scrub *scrub = row->scrub;
    const struct ledger *ledger =
        scrub->is_known && !scrub->has_gap ? shelf_ledger(row) : NULL;
    struct key key = row->key;
    struct merkle_hash walked;
    struct merkle_hash kept;
    if (ledger != NULL) {
        merkle_root(row->work->crypto, &scrub->frontier, &walked);
        merkle_root(row->work->crypto, &ledger->frontier, &kept);
        row->key = key_entries(scrub->shelf, scrub->frontier.size);
        row->has_referral = false;
        if (ledger->frontier.size != scrub->frontier.size)
            scrub_tell(row, SCRUB_ENTRIES);
        else if (!merkle_hash_equal(&walked, &kept))
            scrub_tell(row, SCRUB_ROOT);
    }
    row->key = key;
    scrub->shelf = 0;
}

/* ---- Entries ------------------------------------------------------------- */

/* What the feed tells of it. */
static void position_judge(struct scrub_row *row, const struct ledger *ledger,
    const struct ledger_entry *entry, uint64_t index)
{
    struct work *work = row->work;
    struct feed_event event;
    if (entry->feed_position == 0)
        return;
    enum scrub_look look = scrub_look(work, key_feed(entry->feed_position));
    if (look == SCRUB_LOOK_DAMAGED)
        return;
    if (look == SCRUB_LOOK_ABSENT ||
        !feed_next(work, entry->feed_position, &event) ||
        memcmp(&event.referral, &entry->referral, sizeof event.referral) != 0 ||
        (event.generation == ledger->generation && event.index != index))
        scrub_tell(row, SCRUB_EVENT);
    (void)scrub_takes_fault(work);
}

static void entry_judge(struct scrub_row *row, const struct ledger *ledger,
    const struct ledger_entry *entry, uint64_t index)
{
    struct work *work = row->work;
    struct entry_header header;
    uint8_t digest[HASH_SIZE];
    row->has_referral = entry->has_referral;
    row->referral = entry->referral;
    if (entry_header_read(entry->header, work->scratch, &header) != ERR_NONE) {
        scrub_tell(row, SCRUB_HEADER);
        return;
    }
    if (entry->attached) {
        struct slice salt = SLICE_NONE;
        struct slice content = scrub_content(row, entry->content, &salt);
        if (row->has_missed && row->watch->lost != NULL)
            row->watch->lost(
                row->watch->user, ledger, key_number(key_slice(&row->key)));
        row->has_missed = false;
        entry_digest(work->crypto, salt, content, digest);
        if (content.bytes != NULL &&
            memcmp(digest, header.digest, HASH_SIZE) != 0)
            scrub_tell(row, SCRUB_DIGEST);
    }
    if (ledger->direction == LEDGER_OUT)
        position_judge(row, ledger, entry, index);
}

static void parcel_judge(struct scrub_row *row, struct peer *peer,
    const struct ledger *ledger, const struct ledger_parcel *parcel)
{
    struct work *work = row->work;
    struct scrub *scrub = row->scrub;
    for (size_t i = 0; i < parcel->count && !work_failed(work); i++) {
        size_t used = work->scratch->used;
        struct merkle_hash leaf;
        entry_judge(row, ledger, &parcel->entries[i], parcel->first_index + i);
        merkle_leaf_hash(work->crypto, parcel->entries[i].header, &leaf);
        merkle_append(work->crypto, &scrub->frontier, &leaf);
        arena_rewind(work->scratch, used);
    }
    row->has_referral = false;
    if (parcel->note.size > 0)
        note_judge(row, peer, ledger, parcel->note,
            parcel->first_index + parcel->count, &scrub->frontier);
}

void scrub_entries(struct scrub_row *row)
{
    struct work *work = row->work;
    struct scrub *scrub = row->scrub;
    struct ledger_parcel parcel;
    uint32_t shelf = (uint32_t)number_at(&row->key, 1, 4);
    if (row->key.size != 13 || shelf == 0) {
        scrub_tell(row, SCRUB_UNKNOWN);
        return;
    }
    if (scrub->shelf != shelf) {
        if (scrub->shelf != 0)
            scrub_shelf_end(row);
        shelf_begin(row, shelf);
    }
    struct ledger *ledger = scrub->is_known ? shelf_ledger(row) : NULL;
    if (ledger == NULL) {
        scrub_tell(row, SCRUB_ORPHAN);
        return;
    }
    uint64_t first = key_number(key_slice(&row->key));
    if (first != scrub->frontier.size) {
        scrub->has_gap = true; /* the row before is damaged, or gone */
        scrub->frontier = (struct merkle_frontier){ .size = first };
        scrub_tell(row, SCRUB_ENTRIES);
    }
    if (!ledger_parcel_load(work, work->scratch, ledger, first, &parcel) ||
        parcel.first_index != first)
        scrub_tell(row, SCRUB_ENTRIES);
    else if (!scrub->has_gap)
        parcel_judge(row, peer_of(row, scrub->peer), ledger, &parcel);
}

/* ---- What waits ---------------------------------------------------------- */

/* The outgoing ledger of that number. */
static struct ledger *ledger_numbered(struct scrub_row *row, uint32_t number)
{
    struct node *node = row->work->node;
    for (size_t i = 0; i < node->peer_count; i++) {
        struct ledger *ledger = ledger_of(row, node->peers[i], LEDGER_OUT, 0);
        if (ledger != NULL && ledger->number == number) {
            row->peer = NULL; /* it has not heard of it */
            return ledger;
        }
    }
    return NULL;
}

void scrub_intent(struct scrub_row *row)
{
    struct intent intent;
    uint32_t number = (uint32_t)number_at(&row->key, 1, 4);
    uint64_t from = row->key.size == 13 ? key_number(key_slice(&row->key)) : 0;
    struct ledger *ledger =
        row->key.size == 13 ? ledger_numbered(row, number) : NULL;
    if (ledger == NULL) {
        scrub_tell(row, SCRUB_ORPHAN);
        return;
    }
    if (!outbox_next(row->work, ledger, from, &intent))
        return; /* told as malformed */
    row->has_referral = intent.has_referral;
    row->referral = intent.referral;
    if (from >= ledger->intent_next || intent.number != from)
        scrub_tell(row, SCRUB_INTENTS);
    (void)scrub_content(row, intent.content, NULL);
    if (intent.has_referral)
        (void)scrub_referral(row, &intent.referral);
}
