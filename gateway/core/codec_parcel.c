#include "core/codec_parcel.h"

#include "core/codec.h"
#include "core/limits.h"

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

static bool entry_fill(
    const struct entry *entry, struct arena *arena, Refer__V1__Entry *message)
{
    refer__v1__entry__init(message);
    message->header = codec_data(entry->header);
    message->salt = codec_data(entry->salt);
    message->content = codec_data(entry->content);
    if (entry->mention == NULL)
        return true;
    message->mention = mention_fill(entry->mention, arena);
    return message->mention != NULL;
}

bool codec_parcel_fill(const struct parcel *parcel, struct arena *arena,
    Refer__V1__Parcel *message)
{
    size_t count = parcel->entry_count;
    Refer__V1__Entry *entries = arena_take_array(arena, count, sizeof *entries);
    refer__v1__parcel__init(message);
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

static enum err mention_read(const Refer__V1__Mention *message,
    struct arena *arena, const struct mention **read)
{
    struct mention *mention = arena_take(arena, sizeof *mention);
    *read = mention;
    if (mention == NULL)
        return ERR_LIMIT;
    mention->type = (uint8_t)message->type;
    mention->seq = message->seq;
    mention->state = (uint8_t)message->state;
    if (message->type == REFER__V1__EVENT_TYPE__EVENT_TYPE_UNSPECIFIED)
        return ERR_MALFORMED;
    if (message->mou.len > 0 && (codec_fixed(message->mou, mention->mou.bytes,
                                     sizeof mention->mou.bytes) != ERR_NONE ||
                                    mou_id_is_none(&mention->mou)))
        return ERR_MALFORMED; /* zeros are no agreement's */
    return codec_fixed(message->referral, mention->referral.bytes,
        sizeof mention->referral.bytes);
}

static enum err entry_read(
    const Refer__V1__Entry *message, struct arena *arena, struct entry *entry)
{
    *entry = (struct entry){ .header = codec_slice(message->header),
        .salt = codec_slice(message->salt),
        .content = codec_slice(message->content) };
    bool detached = entry->salt.size == 0;
    if ((!detached && entry->salt.size != SALT_SIZE) ||
        (detached && entry->content.size != 0) ||
        (!detached && message->mention != NULL))
        return ERR_MALFORMED;
    if (entry->content.size > CONTENT_SIZE_MAX)
        return ERR_LIMIT;
    return message->mention == NULL
               ? ERR_NONE
               : mention_read(message->mention, arena, &entry->mention);
}

enum err codec_parcel_read(const Refer__V1__Parcel *message,
    struct arena *arena, struct parcel *parcel)
{
    size_t count = message->n_entries;
    struct entry *entries = arena_take_array(arena, count, sizeof *entries);
    enum err err = ERR_NONE;
    if (entries == NULL || count > PARCEL_ENTRY_COUNT_MAX)
        return ERR_LIMIT;
    for (size_t i = 0; i < count && err == ERR_NONE; i++)
        err = entry_read(message->entries[i], arena, &entries[i]);
    *parcel = (struct parcel){ message->first_index, entries, count,
        codec_slice(message->note) };
    if (err == ERR_NONE &&
        (count == 0 || message->first_index > UINT64_MAX - count))
        err = ERR_MALFORMED;
    return err;
}
