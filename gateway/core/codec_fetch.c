#include "core/codec.h"
#include "core/limits.h"
#include "core/message.h"

#include "refer/v1/request.pb-c.h"

#include <string.h>

struct slice fetch_write(const struct fetch *fetch, struct arena *arena)
{
    Refer__V1__Fetch message = REFER__V1__FETCH__INIT;
    message.lane = REFER__V1__LANE__LANE_MAIN;
    message.authored = fetch->authored;
    message.generation = fetch->generation;
    message.first_index = fetch->first_index;
    message.size_max = fetch->size_max;
    return codec_pack(&message.base, arena);
}

enum err fetch_read(
    struct slice bytes, struct arena *arena, struct fetch *fetch)
{
    const ProtobufCMessage *base;
    enum err err =
        codec_unpack(&refer__v1__fetch__descriptor, bytes, 64, arena, &base);
    if (err != ERR_NONE)
        return err;
    const Refer__V1__Fetch *message = (const Refer__V1__Fetch *)base;
    *fetch = (struct fetch){
        .authored = message->authored != 0,
        .generation = message->generation,
        .first_index = message->first_index,
        .size_max = message->size_max,
    };
    bool is_main = message->lane == REFER__V1__LANE__LANE_MAIN;
    return is_main && fetch->generation != 0 ? ERR_NONE : ERR_MALFORMED;
}

/* ---- What is given back ------------------------------------------------- */

static Refer__V1__Mention *mention_fill(
    const struct mention *mention, struct arena *arena)
{
    Refer__V1__Mention *message = arena_take(arena, sizeof *message);
    if (message == NULL)
        return NULL;
    refer__v1__mention__init(message);
    message->referral = codec_data(SLICE_ARRAY(mention->referral.bytes));
    message->type = (Refer__V1__EventType)mention->type;
    message->seq = mention->seq;
    message->state = (Refer__V1__ReferralState)mention->state;
    if (!mou_id_is_none(&mention->mou))
        message->mou = codec_data(SLICE_ARRAY(mention->mou.bytes));
    return message;
}

static bool entry_fill(const struct fetched_entry *fetched, struct arena *arena,
    Refer__V1__FetchedEntry *message)
{
    refer__v1__fetched_entry__init(message);
    message->header = codec_data(fetched->entry.header);
    message->salt = codec_data(fetched->entry.salt);
    message->content = codec_data(fetched->entry.content);
    if (!fetched->has_mention)
        return true;
    message->mention = mention_fill(&fetched->mention, arena);
    return message->mention != NULL;
}

static bool parcel_fill(const struct fetched_parcel *parcel,
    struct arena *arena, Refer__V1__FetchedParcel *message)
{
    size_t count = parcel->entry_count;
    Refer__V1__FetchedEntry *entries =
        arena_take_array(arena, count, sizeof *entries);
    refer__v1__fetched_parcel__init(message);
    message->entries = arena_take_array(arena, count, sizeof *message->entries);
    if (entries == NULL || message->entries == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!entry_fill(&parcel->entries[i], arena, &entries[i]))
            return false;
        message->entries[i] = &entries[i];
    }
    message->n_entries = count;
    message->first_index = parcel->first_index;
    message->note = codec_data(parcel->note);
    return true;
}

struct slice fetched_write(const struct fetched *fetched, struct arena *arena)
{
    Refer__V1__Fetched message = REFER__V1__FETCHED__INIT;
    size_t count = fetched->parcel_count;
    Refer__V1__FetchedParcel *parcels =
        arena_take_array(arena, count, sizeof *parcels);
    message.parcels = arena_take_array(arena, count, sizeof *message.parcels);
    if (parcels == NULL || message.parcels == NULL)
        return SLICE_NONE;
    for (size_t i = 0; i < count; i++) {
        if (!parcel_fill(&fetched->parcels[i], arena, &parcels[i]))
            return SLICE_NONE;
        message.parcels[i] = &parcels[i];
    }
    message.n_parcels = count;
    return codec_pack(&message.base, arena);
}

static enum err mention_read(
    const Refer__V1__Mention *message, struct mention *mention)
{
    mention->type = (uint8_t)message->type;
    mention->seq = message->seq;
    mention->state = (uint8_t)message->state;
    if (message->type == REFER__V1__EVENT_TYPE__EVENT_TYPE_UNSPECIFIED)
        return ERR_MALFORMED;
    if (message->mou.len > 0 && codec_fixed(message->mou, mention->mou.bytes,
                                    sizeof mention->mou.bytes) != ERR_NONE)
        return ERR_MALFORMED;
    return codec_fixed(message->referral, mention->referral.bytes,
        sizeof mention->referral.bytes);
}

static enum err entry_read(
    const Refer__V1__FetchedEntry *message, struct fetched_entry *fetched)
{
    *fetched = (struct fetched_entry){
        .entry = { .header = codec_slice(message->header),
            .salt = codec_slice(message->salt),
            .content = codec_slice(message->content) },
        .has_mention = message->mention != NULL,
    };
    bool detached = fetched->entry.salt.size == 0;
    if ((!detached && fetched->entry.salt.size != SALT_SIZE) ||
        (detached && fetched->entry.content.size != 0) ||
        (!detached && fetched->has_mention))
        return ERR_MALFORMED;
    if (fetched->entry.content.size > CONTENT_SIZE_MAX)
        return ERR_LIMIT;
    return fetched->has_mention
               ? mention_read(message->mention, &fetched->mention)
               : ERR_NONE;
}

static enum err parcel_read(const Refer__V1__FetchedParcel *message,
    struct arena *arena, struct fetched_parcel *parcel)
{
    size_t count = message->n_entries;
    struct fetched_entry *entries =
        arena_take_array(arena, count, sizeof *entries);
    enum err err = ERR_NONE;
    if (entries == NULL || count > PARCEL_ENTRY_COUNT_MAX)
        return ERR_LIMIT;
    for (size_t i = 0; i < count && err == ERR_NONE; i++)
        err = entry_read(message->entries[i], &entries[i]);
    *parcel = (struct fetched_parcel){ message->first_index, entries, count,
        codec_slice(message->note) };
    if (err == ERR_NONE &&
        (count == 0 || message->first_index > UINT64_MAX - count))
        err = ERR_MALFORMED;
    return err;
}

enum err fetched_read(
    struct slice bytes, struct arena *arena, struct fetched *fetched)
{
    const ProtobufCMessage *base;
    enum err err = codec_unpack(
        &refer__v1__fetched__descriptor, bytes, MESSAGE_SIZE_MAX, arena, &base);
    if (err != ERR_NONE)
        return err;
    const Refer__V1__Fetched *message = (const Refer__V1__Fetched *)base;
    struct fetched_parcel *parcels =
        arena_take_array(arena, message->n_parcels, sizeof *parcels);
    if (parcels == NULL || message->n_parcels > FETCHED_PARCEL_COUNT_MAX)
        return ERR_LIMIT;
    for (size_t i = 0; i < message->n_parcels && err == ERR_NONE; i++)
        err = parcel_read(message->parcels[i], arena, &parcels[i]);
    *fetched = (struct fetched){ parcels, message->n_parcels };
    return err;
}
