#include "core/codec.h"
#include "core/codec_parcel.h"
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

struct slice fetched_write(const struct fetched *fetched, struct arena *arena)
{
    Refer__V1__Fetched message = REFER__V1__FETCHED__INIT;
    size_t count = fetched->parcel_count;
    Refer__V1__Parcel *parcels =
        arena_take_array(arena, count, sizeof *parcels);
    message.parcels = arena_take_array(arena, count, sizeof *message.parcels);
    if (parcels == NULL || message.parcels == NULL)
        return SLICE_NONE;
    for (size_t i = 0; i < count; i++) {
        if (!codec_parcel_fill(&fetched->parcels[i], arena, &parcels[i]))
            return SLICE_NONE;
        message.parcels[i] = &parcels[i];
    }
    message.n_parcels = count;
    return codec_pack(&message.base, arena);
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
    struct parcel *parcels =
        arena_take_array(arena, message->n_parcels, sizeof *parcels);
    if (parcels == NULL || message->n_parcels > FETCHED_PARCEL_COUNT_MAX)
        return ERR_LIMIT;
    for (size_t i = 0; i < message->n_parcels && err == ERR_NONE; i++)
        err = codec_parcel_read(message->parcels[i], arena, &parcels[i]);
    *fetched = (struct fetched){ parcels, message->n_parcels };
    return err;
}
