#include "core/codec_card.h"

#include "core/card_renew.h"
#include "core/codec.h"
#include "refer/v1/card.pb-c.h"

/* Frames around a card: two tags and sizes, a signature, a key id. */

static enum err read_instant(uint64_t ms, struct instant *instant)
{
    if (ms > INT64_MAX)
        return ERR_MALFORMED;
    instant->unix_ms = (int64_t)ms;
    return ERR_NONE;
}

static bool instants_fit(struct instant a, struct instant b)
{
    return a.unix_ms >= 0 && b.unix_ms >= 0;
}

static struct slice limited(struct slice bytes, size_t size_max)
{
    return bytes.size > size_max ? SLICE_NONE : bytes;
}

/* ---- Signed frames ---- */

enum err codec_signed_card_read(
    struct slice bytes, struct arena *arena, struct signed_bytes *out)
{
    const ProtobufCMessage *message;
    enum err err = codec_unpack(&refer__v1__signed_card__descriptor, bytes,
        SIGNED_CARD_SIZE_MAX, arena, &message);
    if (err != ERR_NONE)
        return err;
    const Refer__V1__SignedCard *frame = (const void *)message;
    out->bytes = codec_slice(frame->card);
    out->key_id = 0;
    return codec_fixed(frame->signature, out->signature, SIGNATURE_SIZE);
}

struct slice codec_signed_card_write(
    const struct signed_bytes *card, struct arena *arena)
{
    Refer__V1__SignedCard frame = REFER__V1__SIGNED_CARD__INIT;
    if (card->bytes.size > CARD_SIZE_MAX)
        return SLICE_NONE;
    frame.card = codec_data(card->bytes);
    frame.signature = codec_data(SLICE_ARRAY(card->signature));
    return codec_pack(&frame.base, arena);
}

enum err codec_card_request_read(
    struct slice bytes, struct arena *arena, struct card_request *request)
{
    const ProtobufCMessage *message;
    enum err err = codec_unpack(&refer__v1__card_request__descriptor, bytes,
        CARD_REQUEST_SIZE_MAX, arena, &message);
    if (err != ERR_NONE)
        return err;
    const Refer__V1__CardRequest *frame = (const void *)message;
    request->draft_bytes = codec_slice(frame->card);
    request->held_bytes = codec_slice(frame->held);
    return ERR_NONE;
}

struct slice codec_card_request_write(
    const struct card_request *request, struct arena *arena)
{
    Refer__V1__CardRequest frame = REFER__V1__CARD_REQUEST__INIT;
    if (request->draft_bytes.size > CARD_SIZE_MAX ||
        request->held_bytes.size > SIGNED_CARD_SIZE_MAX)
        return SLICE_NONE;
    frame.card = codec_data(request->draft_bytes);
    frame.held = codec_data(request->held_bytes);
    return codec_pack(&frame.base, arena);
}

enum err codec_signed_sheet_read(
    struct slice bytes, struct arena *arena, struct signed_bytes *out)
{
    const ProtobufCMessage *message;
    enum err err = codec_unpack(&refer__v1__signed_key_sheet__descriptor, bytes,
        SIGNED_CARD_SIZE_MAX, arena, &message);
    if (err != ERR_NONE)
        return err;
    const Refer__V1__SignedKeySheet *frame = (const void *)message;
    out->bytes = codec_slice(frame->sheet);
    out->key_id = frame->key_id;
    return codec_fixed(frame->signature, out->signature, SIGNATURE_SIZE);
}

struct slice codec_signed_sheet_write(
    const struct signed_bytes *sheet, struct arena *arena)
{
    Refer__V1__SignedKeySheet frame = REFER__V1__SIGNED_KEY_SHEET__INIT;
    if (sheet->bytes.size > CARD_SIZE_MAX)
        return SLICE_NONE;
    frame.sheet = codec_data(sheet->bytes);
    frame.signature = codec_data(SLICE_ARRAY(sheet->signature));
    frame.key_id = sheet->key_id;
    return codec_pack(&frame.base, arena);
}

/* ---- Cards ---- */

static enum err read_keys(
    const Refer__V1__Card *from, struct arena *arena, struct card *card)
{
    if (from->n_keys > CARD_KEY_COUNT_MAX)
        return ERR_LIMIT;
    struct card_key *keys = arena_take_array(arena, from->n_keys, sizeof *keys);
    if (keys == NULL)
        return ERR_LIMIT;
    for (size_t i = 0; i < from->n_keys; i++) {
        const Refer__V1__Key *key = from->keys[i];
        if (key->purpose == REFER__V1__KEY_PURPOSE__KEY_PURPOSE_UNSPECIFIED)
            return ERR_MALFORMED;
        keys[i].purpose = (enum key_purpose)key->purpose;
        enum err err = codec_fixed(key->public_key, keys[i].key, KEY_SIZE);
        if (err == ERR_NONE)
            err = read_instant(key->valid_from_ms, &keys[i].from);
        if (err == ERR_NONE)
            err = read_instant(key->valid_until_ms, &keys[i].until);
        if (err != ERR_NONE)
            return err;
    }
    card->keys = keys;
    card->key_count = from->n_keys;
    return ERR_NONE;
}

static enum err read_contacts(
    const Refer__V1__Card *from, struct arena *arena, struct card *card)
{
    if (from->n_contacts > CARD_CONTACT_COUNT_MAX)
        return ERR_LIMIT;
    struct card_contact *contacts =
        arena_take_array(arena, from->n_contacts, sizeof *contacts);
    if (contacts == NULL)
        return ERR_LIMIT;
    for (size_t i = 0; i < from->n_contacts; i++)
        contacts[i] = (struct card_contact){
            .role = slice_of_text(from->contacts[i]->role),
            .name = slice_of_text(from->contacts[i]->name),
            .phone = slice_of_text(from->contacts[i]->phone),
            .hours = slice_of_text(from->contacts[i]->hours),
        };
    card->contacts = contacts;
    card->contact_count = from->n_contacts;
    return ERR_NONE;
}

static enum err read_endpoints(
    const Refer__V1__Card *from, struct arena *arena, struct card *card)
{
    if (from->n_endpoints > CARD_ENDPOINT_COUNT_MAX)
        return ERR_LIMIT;
    struct slice *endpoints =
        arena_take_array(arena, from->n_endpoints, sizeof *endpoints);
    if (endpoints == NULL)
        return ERR_LIMIT;
    for (size_t i = 0; i < from->n_endpoints; i++)
        endpoints[i] = slice_of_text(from->endpoints[i]);
    card->endpoints = endpoints;
    card->endpoint_count = from->n_endpoints;
    return ERR_NONE;
}

enum err codec_card_read(
    struct slice bytes, struct arena *arena, struct card *card)
{
    const ProtobufCMessage *message;
    *card = (struct card){ 0 };
    enum err err = codec_unpack(
        &refer__v1__card__descriptor, bytes, CARD_SIZE_MAX, arena, &message);
    if (err != ERR_NONE)
        return err;
    const Refer__V1__Card *from = (const void *)message;
    card->serial = from->serial;
    card->previous = codec_slice(from->previous);
    card->name = slice_of_text(from->name);
    err = codec_fixed(from->root_key, card->root_key, KEY_SIZE);
    if (err == ERR_NONE)
        err = read_instant(from->issued_ms, &card->issued);
    if (err == ERR_NONE)
        err = read_instant(from->valid_until_ms, &card->valid_until);
    if (err == ERR_NONE)
        err = read_endpoints(from, arena, card);
    if (err == ERR_NONE)
        err = read_keys(from, arena, card);
    if (err == ERR_NONE)
        err = read_contacts(from, arena, card);
    return err;
}

/* What a repeated field wants: pointers to messages, beside the messages. */
static bool write_keys(
    const struct card *card, struct arena *arena, Refer__V1__Card *to)
{
    Refer__V1__Key *keys =
        arena_take_array(arena, card->key_count, sizeof *keys);
    to->keys = arena_take_array(arena, card->key_count, sizeof *to->keys);
    if (keys == NULL || to->keys == NULL)
        return false;
    for (size_t i = 0; i < card->key_count; i++) {
        const struct card_key *key = &card->keys[i];
        if (!instants_fit(key->from, key->until))
            return false;
        refer__v1__key__init(&keys[i]);
        keys[i].purpose = (Refer__V1__KeyPurpose)key->purpose;
        keys[i].public_key = codec_data(slice_of(key->key, KEY_SIZE));
        keys[i].valid_from_ms = (uint64_t)key->from.unix_ms;
        keys[i].valid_until_ms = (uint64_t)key->until.unix_ms;
        to->keys[i] = &keys[i];
    }
    to->n_keys = card->key_count;
    return true;
}

static bool write_contacts(
    const struct card *card, struct arena *arena, Refer__V1__Card *to)
{
    Refer__V1__Contact *contacts =
        arena_take_array(arena, card->contact_count, sizeof *contacts);
    to->contacts =
        arena_take_array(arena, card->contact_count, sizeof *to->contacts);
    if (contacts == NULL || to->contacts == NULL)
        return false;
    for (size_t i = 0; i < card->contact_count; i++) {
        const struct card_contact *contact = &card->contacts[i];
        refer__v1__contact__init(&contacts[i]);
        contacts[i].role = codec_text(contact->role, arena);
        contacts[i].name = codec_text(contact->name, arena);
        contacts[i].phone = codec_text(contact->phone, arena);
        contacts[i].hours = codec_text(contact->hours, arena);
        if (contacts[i].role == NULL || contacts[i].name == NULL ||
            contacts[i].phone == NULL || contacts[i].hours == NULL)
            return false;
        to->contacts[i] = &contacts[i];
    }
    to->n_contacts = card->contact_count;
    return true;
}

static bool write_endpoints(
    const struct card *card, struct arena *arena, Refer__V1__Card *to)
{
    to->endpoints =
        arena_take_array(arena, card->endpoint_count, sizeof *to->endpoints);
    if (to->endpoints == NULL)
        return false;
    for (size_t i = 0; i < card->endpoint_count; i++) {
        to->endpoints[i] = codec_text(card->endpoints[i], arena);
        if (to->endpoints[i] == NULL)
            return false;
    }
    to->n_endpoints = card->endpoint_count;
    return true;
}

struct slice codec_card_write(const struct card *card, struct arena *arena)
{
    Refer__V1__Card to = REFER__V1__CARD__INIT;
    if (card->endpoint_count > CARD_ENDPOINT_COUNT_MAX ||
        card->key_count > CARD_KEY_COUNT_MAX ||
        card->contact_count > CARD_CONTACT_COUNT_MAX ||
        !instants_fit(card->issued, card->valid_until))
        return SLICE_NONE;
    to.root_key = codec_data(slice_of(card->root_key, KEY_SIZE));
    to.serial = card->serial;
    to.previous = codec_data(card->previous);
    to.issued_ms = (uint64_t)card->issued.unix_ms;
    to.valid_until_ms = (uint64_t)card->valid_until.unix_ms;
    to.name = codec_text(card->name, arena);
    if (to.name == NULL || !write_endpoints(card, arena, &to) ||
        !write_keys(card, arena, &to) || !write_contacts(card, arena, &to))
        return SLICE_NONE;
    return limited(codec_pack(&to.base, arena), CARD_SIZE_MAX);
}

/* ---- Key sheets ---- */

enum err codec_sheet_read(
    struct slice bytes, struct arena *arena, struct key_sheet *sheet)
{
    const ProtobufCMessage *message;
    *sheet = (struct key_sheet){ 0 };
    enum err err = codec_unpack(&refer__v1__key_sheet__descriptor, bytes,
        CARD_SIZE_MAX, arena, &message);
    if (err != ERR_NONE)
        return err;
    const Refer__V1__KeySheet *from = (const void *)message;
    if (from->n_keys > SHEET_KEY_COUNT_MAX)
        return ERR_LIMIT;
    struct sealing_key *keys =
        arena_take_array(arena, from->n_keys, sizeof *keys);
    if (keys == NULL)
        return ERR_LIMIT;
    sheet->serial = from->serial;
    sheet->keys = keys;
    sheet->key_count = from->n_keys;
    err = agency_id_parse(slice_of_text(from->agency), &sheet->agency);
    if (err == ERR_NONE)
        err = read_instant(from->issued_ms, &sheet->issued);
    for (size_t i = 0; err == ERR_NONE && i < from->n_keys; i++) {
        const Refer__V1__SealingKey *key = from->keys[i];
        keys[i].day = key->day;
        err = codec_fixed(key->public_key, keys[i].key, KEY_SIZE);
        if (err == ERR_NONE)
            err = read_instant(key->valid_from_ms, &keys[i].from);
        if (err == ERR_NONE)
            err = read_instant(key->valid_until_ms, &keys[i].until);
    }
    return err;
}

struct slice codec_sheet_write(
    const struct key_sheet *sheet, struct arena *arena)
{
    Refer__V1__KeySheet to = REFER__V1__KEY_SHEET__INIT;
    if (sheet->key_count > SHEET_KEY_COUNT_MAX || sheet->issued.unix_ms < 0)
        return SLICE_NONE;
    Refer__V1__SealingKey *keys =
        arena_take_array(arena, sheet->key_count, sizeof *keys);
    to.keys = arena_take_array(arena, sheet->key_count, sizeof *to.keys);
    to.agency = codec_text(agency_id_slice(&sheet->agency), arena);
    if (keys == NULL || to.keys == NULL || to.agency == NULL)
        return SLICE_NONE;
    to.serial = sheet->serial;
    to.issued_ms = (uint64_t)sheet->issued.unix_ms;
    to.n_keys = sheet->key_count;
    for (size_t i = 0; i < sheet->key_count; i++) {
        const struct sealing_key *key = &sheet->keys[i];
        if (!instants_fit(key->from, key->until))
            return SLICE_NONE;
        refer__v1__sealing_key__init(&keys[i]);
        keys[i].public_key = codec_data(slice_of(key->key, KEY_SIZE));
        keys[i].day = key->day;
        keys[i].valid_from_ms = (uint64_t)key->from.unix_ms;
        keys[i].valid_until_ms = (uint64_t)key->until.unix_ms;
        to.keys[i] = &keys[i];
    }
    return codec_pack(&to.base, arena);
}
