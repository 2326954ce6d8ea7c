#include "core/peer.h"

#include <assert.h>

#include "core/card_book.h"
#include "core/card_renew.h"
#include "core/codec_card.h"
#include "core/entry.h"
#include "core/keys.h"
#include "core/node_state.h"
#include "core/outbox.h"
#include "core/output.h"

#include <string.h>

#define ROW_VERSION 1
#define ROW_SIZE_MAX (128 + AGENCY_ID_SIZE + 2 * SIGNED_CARD_SIZE_MAX)

const char *peer_state_name(enum peer_state state)
{
    static const char *const names[] = {
        [PEER_IMPORTED] = "imported",
        [PEER_ACCEPTED] = "accepted",
        [PEER_CLOSED] = "closed",
        [PEER_INTRODUCED] = "introduced",
        [PEER_INVITED] = "invited",
        [PEER_REVOKED] = "revoked",
    };
    return state > 0 && state < PEER_STATE_COUNT && names[state] != NULL
               ? names[state]
               : "?";
}

bool peer_is_pinned(const struct peer *peer)
{
    return peer->state == PEER_ACCEPTED || peer->state == PEER_CLOSED;
}

bool peer_is_over(const struct peer *peer)
{
    return peer->state == PEER_CLOSED || peer->state == PEER_REVOKED;
}

/* ---- Rows --------------------------------------------------------------- */

struct row {
    struct agency_id agency;
    enum peer_state state;
    uint64_t card_serial;
    uint64_t sheet_serial;
    struct slice card;
    struct slice sheet;
    struct slice invitation; /* that it gave us */
};

static bool row_read(struct work *work, struct slice bytes, struct row *row)
{
    struct unpacker in = unpack_from(bytes);
    if (unpack_u8(&in) != ROW_VERSION)
        in.err = ERR_CORRUPT;
    unpack_fixed(&in, row->agency.text, AGENCY_ID_SIZE);
    row->agency.text[AGENCY_ID_SIZE] = '\0';
    row->state = (enum peer_state)unpack_u8(&in);
    row->card_serial = unpack_u64(&in);
    row->sheet_serial = unpack_u64(&in);
    row->card = unpack_bytes(&in);
    row->sheet = unpack_bytes(&in);
    row->invitation = unpack_bytes(&in);
    if (unpack_end(&in) != ERR_NONE)
        work_corrupt(work);
    return !work_failed(work);
}

static bool row_get(struct work *work, uint32_t number, struct row *row)
{
    struct key key = key_peer(number);
    struct slice bytes = store_get(work->txn, key_slice(&key));
    *row = (struct row){ 0 };
    return bytes.bytes != NULL && row_read(work, bytes, row);
}

static void row_put(struct work *work, uint32_t number, const struct row *row)
{
    uint8_t *bytes = arena_take(work->scratch, ROW_SIZE_MAX);
    if (bytes == NULL) {
        work_exhausted(work);
        return;
    }
    struct packer out = pack_into(bytes, ROW_SIZE_MAX);
    pack_u8(&out, ROW_VERSION);
    pack_fixed(&out, row->agency.text, AGENCY_ID_SIZE);
    pack_u8(&out, (uint8_t)row->state);
    pack_u64(&out, row->card_serial);
    pack_u64(&out, row->sheet_serial);
    pack_bytes(&out, row->card);
    pack_bytes(&out, row->sheet);
    pack_bytes(&out, row->invitation);
    work_put(work, key_peer(number), &out);
}

/* ---- In memory ---------------------------------------------------------- */

static bool peers_grow(struct node *node)
{
    size_t capacity = node->peer_capacity == 0 ? 16 : node->peer_capacity * 2;
    struct peer **peers =
        arena_take_array(node->memory, capacity, sizeof(struct peer *));
    struct peer_index index = { .count = 2 * capacity };
    index.slots =
        arena_take_array(node->memory, index.count, sizeof *index.slots);
    if (peers == NULL || index.slots == NULL ||
        node->peer_count >= PEER_COUNT_MAX)
        return false;
    for (uint32_t i = 0; i < node->peer_count; i++) {
        peers[i] = node->peers[i];
        peer_index_add(&index, &peers[i]->agency, i);
    }
    node->peers = peers;
    node->peer_index = index;
    node->peer_capacity = capacity;
    return true;
}

static struct peer *peer_new(struct node *node, const struct agency_id *agency)
{
    if (node->peer_count == node->peer_capacity && !peers_grow(node))
        return NULL;
    struct peer *peer = arena_take(node->memory, sizeof *peer);
    if (peer == NULL)
        return NULL;
    peer->agency = *agency;
    peer->problem = "";
    peer->wants_head = true;
    peer_index_add(&node->peer_index, agency, (uint32_t)node->peer_count);
    node->peers[node->peer_count++] = peer;
    return peer;
}

void peers_load(struct work *work)
{
    struct key wanted = key_peer(0);
    struct slice key = key_slice(&wanted);
    struct slice value;
    while (store_seek(work->txn, KEY_TABLE_SIZE, &key, &value)) {
        struct row row = { 0 };
        uint32_t number = 0;
        for (size_t i = KEY_TABLE_SIZE; i < key.size; i++)
            number = number << 8 | key.bytes[i];
        if (!row_read(work, value, &row))
            return;
        struct peer *peer = peer_new(work->node, &row.agency);
        if (peer == NULL) {
            work_exhausted(work);
            return;
        }
        peer->number = number;
        peer->state = row.state;
        peer->card_serial = row.card_serial;
        peer->sheet_serial = row.sheet_serial;
        wanted = key_peer(number + 1);
        key = key_slice(&wanted);
    }
}

struct peer *peer_find(struct node *node, const struct agency_id *agency)
{
    return peer_index_find(&node->peer_index, node->peers, agency);
}

struct peer *peer_numbered(struct node *node, uint32_t number)
{
    /* numbers are given in order and never freed */
    size_t low = 0;
    size_t high = node->peer_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (node->peers[middle]->number == number)
            return node->peers[middle];
        if (node->peers[middle]->number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

struct peer *peer_add(struct work *work, const struct card *card,
    struct slice signed_card, enum peer_state state)
{
    struct peer *peer = peer_new(work->node, &card->agency);
    if (peer == NULL)
        return NULL;
    peer->number = work->node->peer_next++;
    work->node->changed = true;
    peer->state = state;
    peer->card_serial = card->serial;
    struct row row = { card->agency, state, card->serial, 0, signed_card,
        SLICE_NONE, SLICE_NONE };
    row_put(work, peer->number, &row);
    return peer;
}

static struct slice kept(
    struct work *work, struct arena *arena, struct slice lent)
{
    struct slice copy = arena_copy(arena, lent);
    if (copy.bytes == NULL)
        work_exhausted(work);
    return copy;
}

/* What a stored row lends dies with the put: it is copied first. */
static void row_update(
    struct work *work, struct peer *peer, const struct row *changes)
{
    struct row row;
    struct slice *held[] = { &row.card, &row.sheet, &row.invitation };
    const struct slice *fresh[] = { &changes->card, &changes->sheet,
        &changes->invitation };
    if (!row_get(work, peer->number, &row))
        return;
    row.state = peer->state;
    row.card_serial = peer->card_serial;
    row.sheet_serial = peer->sheet_serial;
    for (int i = 0; i < 3; i++)
        *held[i] = fresh[i]->size > 0 ? *fresh[i]
                                      : kept(work, work->scratch, *held[i]);
    row_put(work, peer->number, &row);
    peer->card = NULL;
    peer->sheet = NULL;
}

void peer_store(struct work *work, struct peer *peer, struct slice signed_card,
    struct slice signed_sheet)
{
    struct row changes = { .card = signed_card, .sheet = signed_sheet };
    row_update(work, peer, &changes);
}

void peer_set_invitation(
    struct work *work, struct peer *peer, struct slice code)
{
    struct row changes = { .invitation = code };
    row_update(work, peer, &changes);
}

struct slice peer_invitation(struct work *work, const struct peer *peer)
{
    struct row row;
    if (!row_get(work, peer->number, &row))
        return SLICE_NONE;
    return kept(work, work->arena, row.invitation);
}

/* ---- Cards and sheets --------------------------------------------------- */

struct slice peer_card_bytes(struct work *work, const struct peer *peer)
{
    struct row row;
    if (!row_get(work, peer->number, &row))
        return SLICE_NONE;
    return kept(work, work->arena, row.card);
}

struct slice peer_sheet_bytes(struct work *work, const struct peer *peer)
{
    struct row row;
    if (!row_get(work, peer->number, &row) || row.sheet.size == 0)
        return SLICE_NONE;
    return kept(work, work->arena, row.sheet);
}

/* Verified when it was stored: only decoded here. */
const struct card *peer_card(struct work *work, struct peer *peer)
{
    struct signed_bytes shell;
    if (peer->card != NULL)
        return peer->card;
    struct slice bytes = peer_card_bytes(work, peer);
    struct card *card = arena_take(work->arena, sizeof *card);
    if (card == NULL)
        work_exhausted(work);
    if (work_failed(work))
        return NULL;
    enum err err = codec_signed_card_read(bytes, work->arena, &shell);
    if (err == ERR_NONE)
        err = codec_card_read(shell.bytes, work->arena, card);
    if (err != ERR_NONE) {
        work_unread(work, err);
        return NULL;
    }
    card->agency = peer->agency;
    peer->touched = true; /* the cache ends with the batch */
    return peer->card = card;
}

const struct key_sheet *peer_sheet(struct work *work, struct peer *peer)
{
    struct signed_bytes shell;
    if (peer->sheet != NULL || peer->sheet_serial == 0)
        return peer->sheet;
    struct slice bytes = peer_sheet_bytes(work, peer);
    struct key_sheet *sheet = arena_take(work->arena, sizeof *sheet);
    if (sheet == NULL)
        work_exhausted(work);
    if (work_failed(work))
        return NULL;
    enum err err = codec_signed_sheet_read(bytes, work->arena, &shell);
    if (err == ERR_NONE)
        err = codec_sheet_read(shell.bytes, work->arena, sheet);
    if (err != ERR_NONE) {
        work_unread(work, err);
        return NULL;
    }
    peer->touched = true;
    return peer->sheet = sheet;
}

enum err peer_offer_card(
    struct work *work, struct peer *peer, struct slice signed_card)
{
    struct card card;
    struct card_problem problem;
    enum err err =
        card_read(work->crypto, signed_card, work->scratch, &card, &problem);
    if (err == ERR_NONE && !agency_id_equal(&card.agency, &peer->agency))
        err = ERR_ADDRESS;
    if (err == ERR_NONE && peer->state == PEER_REVOKED)
        err = ERR_STATE; /* its root key has spoken for the last time */
    if (err != ERR_NONE) {
        OUTPUT_LOG(work, LOG_CARD_REFUSED, log_agency("peer", &peer->agency),
            log_code("code", err_name(err)));
        return err;
    }
    const struct card *held = peer_card(work, peer);
    if (held == NULL)
        return work->txn->err;
    err = card_follows(
        work->crypto, held, peer_card_bytes(work, peer), &card, work->scratch);
    if (err == ERR_EXISTS)
        return ERR_NONE; /* held already, or older */
    if (err != ERR_NONE) {
        OUTPUT_LOG(work, LOG_CARD_REFUSED, log_agency("peer", &peer->agency),
            log_code("code", err_name(err)));
        return err;
    }
    card_book_put(
        work, peer->number, peer->card_serial, peer_card_bytes(work, peer));
    peer->card_serial = card.serial;
    peer_store(work, peer, signed_card, SLICE_NONE);
    if (peer_is_pinned(peer))
        peer_announce(work, peer);
    OUTPUT_LOG(work, LOG_CARD_UPDATED, log_agency("peer", &peer->agency),
        log_number("serial", (int64_t)card.serial));
    return ERR_NONE;
}

enum err peer_offer_sheet(
    struct work *work, struct peer *peer, struct slice signed_sheet)
{
    struct key_sheet sheet;
    const struct card *card = peer_card(work, peer);
    if (card == NULL)
        return work->txn->err;
    enum err err =
        key_sheet_read(work->crypto, card, signed_sheet, work->scratch, &sheet);
    if (err != ERR_NONE) {
        OUTPUT_LOG(work, LOG_CARD_REFUSED, log_agency("peer", &peer->agency),
            log_code("code", err_name(err)));
        return err;
    }
    peer->is_rekeyed = false;
    if (sheet.serial <= peer->sheet_serial)
        return ERR_NONE;
    peer->sheet_serial = sheet.serial;
    peer_store(work, peer, SLICE_NONE, signed_sheet);
    return ERR_NONE;
}

/* ---- Ledgers ------------------------------------------------------------ */

/* What is done to it is undone with the rest of the batch. */
static struct ledger *none_of(
    struct work *work, const struct peer *peer, enum ledger_direction direction)
{
    struct ledger *none = &work->node->no_ledgers[direction == LEDGER_OUT];
    assert(work_failed(work));
    *none = (struct ledger){ .number = UINT32_MAX,
        .shelf = UINT32_MAX,
        .peer = peer->number,
        .direction = direction };
    return none;
}

struct ledger *peer_ledger(
    struct work *work, struct peer *peer, enum ledger_direction direction)
{
    struct ledger **held = direction == LEDGER_OUT ? &peer->out : &peer->in;
    if (*held == NULL)
        *held = ledger_load(work, peer->number, direction);
    if (*held == NULL)
        return none_of(work, peer, direction);
    if ((*held)->number == 0) {
        (*held)->number = work->node->ledger_next++;
        (*held)->shelf = (*held)->number;
        work->node->changed = true;
    }
    peer->touched = true;
    return *held;
}

/* The first has the index `cosigned`, be it in a parcel or an intent. What
 * opens a generation is younger than what waits behind it. */
void peer_note_waiting(struct work *work, struct peer *peer)
{
    const struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    struct ledger_parcel parcel;
    struct intent intent;
    struct entry_header header;
    bool is_offered = out->frontier.size > out->cosigned;
    bool was_waiting = peer->queued_count > 0;
    peer->queued_count = out->intent_count + out->frontier.size - out->cosigned;
    if (peer->queued_count == 0 ||
        (is_offered && was_waiting && peer->waiting_index == out->cosigned))
        return;
    peer->waiting_index = out->cosigned;
    if (!is_offered && outbox_next(work, out, 0, &intent))
        peer->waiting_since = intent.at;
    if (!is_offered || !ledger_parcel_at(work, out, out->cosigned, &parcel))
        return;
    bool opens = out->cosigned == 0 && out->previous != 0 && parcel.count > 1;
    const struct ledger_entry *first =
        &parcel.entries[out->cosigned - parcel.first_index + opens];
    if (entry_header_read(first->header, work->scratch, &header) == ERR_NONE)
        peer->waiting_since = header.at;
}

static void note_taken(struct peer *peer, int at, const struct ledger *ledger)
{
    if (ledger == NULL)
        return;
    peer->taken_count[at] = ledger->collected;
    peer->untaken_count[at] = ledger->cosigned - ledger->collected;
}

void peer_flush(struct work *work, struct peer *peer)
{
    note_taken(peer, 0, peer->out);
    note_taken(peer, 1, peer->in);
    if (peer->out != NULL && peer->out->changed)
        ledger_save(work, peer->out);
    if (peer->in != NULL && peer->in->changed)
        ledger_save(work, peer->in);
    peer->out = NULL;
    peer->in = NULL;
    peer->card = NULL;
    peer->sheet = NULL;
    peer->touched = false;
}

/* ---- Reaching it -------------------------------------------------------- */

typedef uint8_t key_bytes[KEY_SIZE];

/* The keys of one purpose that are not over yet; none of a card that is. */
static const key_bytes *keys_of(struct work *work, const struct card *card,
    enum key_purpose purpose, size_t *count)
{
    key_bytes *keys =
        arena_take_array(work->arena, card->key_count, sizeof *keys);
    *count = 0;
    if (keys == NULL) {
        work_exhausted(work);
        return NULL;
    }
    bool is_over = !instant_before(work->now, card->valid_until);
    for (size_t i = 0; !is_over && i < card->key_count; i++)
        if (card->keys[i].purpose == purpose &&
            instant_before(work->now, card->keys[i].until))
            memcpy(keys[(*count)++], card->keys[i].key, KEY_SIZE);
    return (const key_bytes *)keys;
}

static const uint64_t *ids_of(
    struct work *work, const key_bytes *keys, size_t count)
{
    uint64_t *ids = arena_take_array(work->arena, count, sizeof *ids);
    if (ids == NULL)
        work_exhausted(work);
    for (size_t i = 0; ids != NULL && i < count; i++)
        ids[i] = crypto_key_id(work->crypto, keys[i]);
    return ids;
}

void peer_announce(struct work *work, struct peer *peer)
{
    const struct card *card = peer_card(work, peer);
    if (card == NULL)
        return;
    struct node_output *output = output_add(work, NODE_DIRECTORY);
    struct node_directory *directory = &output->of.directory;
    directory->agency = peer->agency;
    /* of a closed one requests are still opened, to be refused as such */
    directory->accepted = peer_is_pinned(peer);
    directory->card_serial = card->serial;
    peer->reachable = card->endpoint_count > 0;
    directory->endpoints = card->endpoints;
    directory->endpoint_count = card->endpoint_count;
    directory->pins = keys_of(work, card, KEY_TLS, &directory->pin_count);
    directory->operation_keys =
        keys_of(work, card, KEY_OPERATION, &directory->operation_key_count);
    directory->operation_key_ids =
        ids_of(work, directory->operation_keys, directory->operation_key_count);
}

void peer_heard(struct work *work, struct peer *peer)
{
    if (peer->failure_count > 0)
        OUTPUT_LOG(work, LOG_PEER_RECOVERED, log_agency("peer", &peer->agency),
            log_number("failures", peer->failure_count));
    peer->last_heard_wall_ms = work->now.unix_ms;
    peer->failure_count = 0;
    peer->next_try_steady_ms = 0;
    peer->next_try_wall_ms = 0;
    peer->failing_since_wall_ms = 0;
    peer->problem = "";
    peer->declined = 0;
    peer->touched = true;
}

void peer_progressed(struct work *work, struct peer *peer)
{
    if (peer->stumble_count <= PEER_STUMBLE_COUNT_MAX) {
        peer_heard(work, peer);
        return;
    }
    peer->last_heard_wall_ms = work->now.unix_ms;
    peer->next_try_steady_ms = 0;
    peer->touched = true;
}

void peer_tell_head(struct peer *peer)
{
    peer_wants_head(peer);
    peer->head_is_old = peer->token != 0;
}

void peer_ask_anew(struct peer *peer)
{
    peer_wants_head(peer);
    peer->next_try_steady_ms = 0;
}

void peer_wants_head(struct peer *peer)
{
    peer->wants_head = true;
    peer->head_vain_count = 0;
    peer->head_rest_steady_ms = 0;
    peer->touched = true;
}

/* Half to all of it is drawn, so that peers of one that returns do not come at
 * once. */
static int64_t backoff_ms(struct work *work, uint32_t failure_count)
{
    const struct node_options *options = work->node->options;
    uint64_t delay_ms = options->retry_delay_ms_min;
    uint32_t random;
    for (uint32_t i = 0;
         i < failure_count && delay_ms < options->retry_delay_ms_max; i++)
        delay_ms *= 2;
    if (delay_ms > options->retry_delay_ms_max)
        delay_ms = options->retry_delay_ms_max;
    work_draw(work, &random, sizeof random);
    return (int64_t)(delay_ms / 2 + random % (delay_ms / 2 + 1));
}

void peer_head_rests(struct work *work, struct peer *peer)
{
    peer->head_rest_steady_ms =
        work->steady_ms + backoff_ms(work, peer->head_vain_count++);
    peer->touched = true;
}

void peer_failed(struct work *work, struct peer *peer, const char *problem)
{
    int64_t delay_ms = backoff_ms(work, peer->failure_count);
    if (peer->failure_count == 0)
        peer->failing_since_wall_ms = work->now.unix_ms;
    peer->failure_count++;
    peer->problem = problem;
    peer->declined = 0;
    peer->next_try_steady_ms = work->steady_ms + delay_ms;
    peer->next_try_wall_ms = work->now.unix_ms + delay_ms;
    peer->touched = true;
    work->node->counters.sends_failed++;
    OUTPUT_LOG(work, LOG_PEER_FAILED, log_agency("peer", &peer->agency),
        log_code("code", problem), log_number("retry_ms", delay_ms));
}
