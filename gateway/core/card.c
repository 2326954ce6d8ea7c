#include "core/card.h"

#include <assert.h>

#include "base/text.h"
#include "core/codec_card.h"
#include "core/form.h"
#include "core/public_key.h"

#define DAY_MS (24 * 60 * 60 * 1000)

void agency_id_of(struct crypto *crypto, const uint8_t root_key[KEY_SIZE],
    struct agency_id *id)
{
    struct slice parts[] = { SLICE_LITERAL("refer.v1 agency"),
        slice_of(root_key, KEY_SIZE) };
    uint8_t digest[HASH_SIZE];
    crypto_hash(crypto, parts, 2, digest);
    *id = agency_id_of_digest(digest);
}

struct slice card_domain_join(
    struct slice domain, struct slice bytes, struct arena *arena)
{
    assert(bytes.size < SIZE_MAX - domain.size);
    uint8_t *statement = arena_take(arena, domain.size + bytes.size);
    if (statement == NULL)
        return SLICE_NONE;
    memcpy(statement, domain.bytes, domain.size);
    if (bytes.size > 0)
        memcpy(statement + domain.size, bytes.bytes, bytes.size);
    return slice_of(statement, domain.size + bytes.size);
}

/* ---- Cards: what makes one believable ---- */

static enum err refuse(struct card_problem *problem, enum err err,
    const char *where, const char *what)
{
    *problem = (struct card_problem){ where, what };
    return err;
}

static bool is_ed25519(enum key_purpose purpose)
{
    return purpose == KEY_LOG || purpose == KEY_WITNESS ||
           purpose == KEY_OPERATION;
}

static enum err check_head(
    const struct card *card, struct card_problem *problem)
{
    if (!public_key_is_sound(card->root_key))
        return refuse(problem, ERR_KEY, "root_key", "is not a sound key");
    if (card->serial == 0)
        return refuse(problem, ERR_MALFORMED, "serial", "is 0");
    if (card->serial == 1 && card->previous.size != 0)
        return refuse(
            problem, ERR_MALFORMED, "previous", "is set in the first card");
    if (card->serial > 1 && card->previous.size != HASH_SIZE)
        return refuse(problem, ERR_MALFORMED, "previous", "is no SHA-256");
    if (!form_is_line(card->name, NAME_SIZE_MAX))
        return refuse(
            problem, ERR_MALFORMED, "name", "is not one line of text");
    if (!instant_before(card->issued, card->valid_until))
        return refuse(
            problem, ERR_MALFORMED, "valid_until_ms", "is not after issued_ms");
    for (size_t i = 0; i < card->endpoint_count; i++)
        if (!form_is_endpoint(card->endpoints[i]))
            return refuse(problem, ERR_MALFORMED, "endpoints",
                "has one that is not tls+tcp://HOST:PORT");
    return ERR_NONE;
}

/* One key, one purpose: a key that stands twice, or is the root key, would let
 * a signature of one kind pass for another. */
static bool is_used_before(const struct card *card, size_t index)
{
    const uint8_t *key = card->keys[index].key;
    for (size_t i = 0; i < index; i++)
        if (memcmp(card->keys[i].key, key, KEY_SIZE) == 0)
            return true;
    return memcmp(card->root_key, key, KEY_SIZE) == 0;
}

static enum err check_keys(
    const struct card *card, struct card_problem *problem)
{
    for (size_t i = 0; i < card->key_count; i++) {
        const struct card_key *key = &card->keys[i];
        if (!instant_before(key->from, key->until))
            return refuse(problem, ERR_MALFORMED, "keys",
                "has one that ends before it begins");
        if (is_ed25519(key->purpose) && !public_key_is_sound(key->key))
            return refuse(
                problem, ERR_KEY, "keys", "has one that is not sound");
        if (is_used_before(card, i))
            return refuse(problem, ERR_KEY, "keys", "has one for two purposes");
    }
    return ERR_NONE;
}

static enum err check_contacts(
    const struct card *card, struct card_problem *problem)
{
    for (size_t i = 0; i < card->contact_count; i++) {
        const struct card_contact *contact = &card->contacts[i];
        if (!form_is_line(contact->role, CODE_SIZE_MAX) ||
            !form_is_line_or_empty(contact->name, NAME_SIZE_MAX) ||
            !form_is_line_or_empty(contact->phone, NAME_SIZE_MAX) ||
            !form_is_line_or_empty(contact->hours, NAME_SIZE_MAX))
            return refuse(problem, ERR_MALFORMED, "contacts",
                "has one that is not lines of text with a role");
    }
    return ERR_NONE;
}

static enum err verify_card(struct crypto *crypto,
    const struct signed_bytes *frame, const struct card *card,
    struct arena *arena, struct card_problem *problem)
{
    struct slice statement = card_statement(frame->bytes, arena);
    if (statement.bytes == NULL)
        return refuse(problem, ERR_LIMIT, "card", "is too large");
    if (!crypto->ops->verify(
            crypto, card->root_key, statement, frame->signature))
        return refuse(problem, ERR_SIGNATURE, "signature",
            "is not the root key's over this card");
    return ERR_NONE;
}

enum err card_read(struct crypto *crypto, struct slice signed_card,
    struct arena *arena, struct card *card, struct card_problem *problem)
{
    struct signed_bytes frame;
    *card = (struct card){ 0 };
    *problem = (struct card_problem){ "", "" };
    enum err err = codec_signed_card_read(signed_card, arena, &frame);
    if (err == ERR_NONE)
        err = codec_card_read(frame.bytes, arena, card);
    if (err != ERR_NONE)
        return refuse(problem, err, "card",
            err == ERR_LIMIT ? "is too large" : "does not decode");
    err = check_head(card, problem);
    if (err == ERR_NONE)
        err = check_keys(card, problem);
    if (err == ERR_NONE)
        err = check_contacts(card, problem);
    if (err == ERR_NONE)
        err = verify_card(crypto, &frame, card, arena, problem);
    if (err == ERR_NONE)
        agency_id_of(crypto, card->root_key, &card->agency);
    return err;
}

struct slice card_bytes(const struct card *card, struct arena *arena)
{
    return codec_card_write(card, arena);
}

struct slice card_statement(struct slice bytes, struct arena *arena)
{
    return card_domain_join(SLICE_LITERAL("refer.v1 card"), bytes, arena);
}

struct slice card_assemble(struct slice bytes,
    const uint8_t signature[SIGNATURE_SIZE], struct arena *arena)
{
    struct signed_bytes frame = { .bytes = bytes };
    memcpy(frame.signature, signature, SIGNATURE_SIZE);
    return codec_signed_card_write(&frame, arena);
}

/* ---- Keys of a card ---- */

static bool is_valid_at(
    struct instant from, struct instant until, struct instant now)
{
    return !instant_before(now, from) && instant_before(now, until);
}

const struct card_key *card_key_at(
    const struct card *card, enum key_purpose purpose, struct instant now)
{
    const struct card_key *best = NULL;
    for (size_t i = 0; i < card->key_count; i++) {
        const struct card_key *key = &card->keys[i];
        if (key->purpose != purpose || !is_valid_at(key->from, key->until, now))
            continue;
        if (best == NULL || instant_before(best->from, key->from))
            best = key;
    }
    return best;
}

const struct card_key *card_last_resort(
    const struct card *card, struct instant now)
{
    const struct card_key *valid = card_key_at(card, KEY_LAST_RESORT, now);
    const struct card_key *latest = NULL;
    for (size_t i = 0; i < card->key_count; i++)
        if (card->keys[i].purpose == KEY_LAST_RESORT &&
            (latest == NULL ||
                instant_before(latest->until, card->keys[i].until)))
            latest = &card->keys[i];
    return valid != NULL ? valid : latest;
}

const struct card_key *card_key_find(struct crypto *crypto,
    const struct card *card, enum key_purpose purpose, uint64_t key_id)
{
    for (size_t i = 0; i < card->key_count; i++)
        if (card->keys[i].purpose == purpose &&
            crypto_key_id(crypto, card->keys[i].key) == key_id)
            return &card->keys[i];
    return NULL;
}

/* ---- Key sheets ---- */

/* Days only rise, so that no day has two keys. */
static enum err check_sheet(const struct key_sheet *sheet)
{
    if (sheet->serial == 0)
        return ERR_MALFORMED;
    for (size_t i = 0; i < sheet->key_count; i++) {
        const struct sealing_key *key = &sheet->keys[i];
        if (!instant_before(key->from, key->until))
            return ERR_MALFORMED;
        if (i > 0 && key->day <= sheet->keys[i - 1].day)
            return ERR_MALFORMED;
    }
    return ERR_NONE;
}

static struct slice sheet_statement(struct slice bytes, struct arena *arena)
{
    return card_domain_join(SLICE_LITERAL("refer.v1 key sheet"), bytes, arena);
}

enum err key_sheet_read(struct crypto *crypto, const struct card *card,
    struct slice signed_sheet, struct arena *arena, struct key_sheet *sheet)
{
    struct signed_bytes frame;
    *sheet = (struct key_sheet){ 0 };
    enum err err = codec_signed_sheet_read(signed_sheet, arena, &frame);
    if (err == ERR_NONE)
        err = codec_sheet_read(frame.bytes, arena, sheet);
    if (err == ERR_NONE)
        err = check_sheet(sheet);
    if (err != ERR_NONE)
        return err;
    if (!agency_id_equal(&sheet->agency, &card->agency))
        return ERR_ADDRESS;
    const struct card_key *key =
        card_key_find(crypto, card, KEY_OPERATION, frame.key_id);
    if (key == NULL || !is_valid_at(key->from, key->until, sheet->issued))
        return ERR_KEY;
    struct slice statement = sheet_statement(frame.bytes, arena);
    if (statement.bytes == NULL)
        return ERR_LIMIT;
    return crypto->ops->verify(crypto, key->key, statement, frame.signature)
               ? ERR_NONE
               : ERR_SIGNATURE;
}

enum err key_sheet_sign(struct crypto *crypto, const struct key_sheet *sheet,
    struct arena *arena, struct slice *signed_sheet)
{
    struct signed_bytes frame;
    uint8_t public_key[KEY_SIZE];
    *signed_sheet = SLICE_NONE;
    enum err err =
        crypto->ops->signer_public(crypto, CRYPTO_SIGNER_OPERATION, public_key);
    if (err != ERR_NONE)
        return err;
    frame.key_id = crypto_key_id(crypto, public_key);
    frame.bytes = codec_sheet_write(sheet, arena);
    if (frame.bytes.bytes == NULL)
        return ERR_LIMIT;
    struct slice statement = sheet_statement(frame.bytes, arena);
    if (statement.bytes == NULL)
        return ERR_LIMIT;
    err = crypto->ops->sign(
        crypto, CRYPTO_SIGNER_OPERATION, statement, frame.signature);
    if (err != ERR_NONE)
        return err;
    *signed_sheet = codec_signed_sheet_write(&frame, arena);
    return signed_sheet->bytes == NULL ? ERR_LIMIT : ERR_NONE;
}

const struct sealing_key *key_sheet_at(
    const struct key_sheet *sheet, struct instant now)
{
    const struct sealing_key *best = NULL;
    int64_t best_distance = INT64_MAX;
    int64_t today = now.unix_ms / DAY_MS;
    for (size_t i = 0; i < sheet->key_count; i++) {
        const struct sealing_key *key = &sheet->keys[i];
        int64_t distance = (int64_t)key->day - today;
        if (distance < 0)
            distance = -distance;
        /* of two as near the later: it will be there for longer */
        if (is_valid_at(key->from, key->until, now) &&
            (distance < best_distance ||
                (distance == best_distance && key->day > best->day))) {
            best = key;
            best_distance = distance;
        }
    }
    return best;
}

/* ---- Safety number ---- */

#define SAFETY_ROUND_COUNT 5200
#define SAFETY_GROUP_COUNT 12
#define SAFETY_BLOCK_GROUP_COUNT 6 /* of 5 bytes from one digest of 32 */

/* Five bytes, big-endian, modulo 100,000, as five digits. */
static void put_group(const uint8_t bytes[5], char *text)
{
    uint64_t value = 0;
    for (int i = 0; i < 5; i++)
        value = value << 8 | bytes[i];
    value %= 100000;
    for (int i = 4; i >= 0; i--) {
        text[i] = (char)('0' + value % 10);
        value /= 10;
    }
}

void safety_number(struct crypto *crypto, const struct agency_id *a,
    const struct agency_id *b, char text[SAFETY_NUMBER_SIZE])
{
    bool in_order = agency_id_compare(a, b) <= 0;
    struct slice low = agency_id_slice(in_order ? a : b);
    struct slice high = agency_id_slice(in_order ? b : a);
    struct slice domain = SLICE_LITERAL("refer.v1 safety number");
    uint8_t state[HASH_SIZE];
    uint8_t next[HASH_SIZE];
    struct slice first[] = { domain, low, high };
    crypto_hash(crypto, first, 3, state);
    for (int i = 0; i < SAFETY_ROUND_COUNT; i++) {
        struct slice parts[] = { SLICE_ARRAY(state), low, high };
        crypto_hash(crypto, parts, 3, next);
        memcpy(state, next, HASH_SIZE);
    }
    for (size_t i = 0; i < SAFETY_GROUP_COUNT; i++) {
        uint8_t number = (uint8_t)(i / SAFETY_BLOCK_GROUP_COUNT);
        uint8_t block[HASH_SIZE];
        struct slice parts[] = { domain, SLICE_ARRAY(state),
            slice_of(&number, 1) };
        crypto_hash(crypto, parts, 3, block);
        put_group(block + i % SAFETY_BLOCK_GROUP_COUNT * 5, text + i * 6);
        text[i * 6 + 5] = i + 1 < SAFETY_GROUP_COUNT ? ' ' : '\0';
    }
}
