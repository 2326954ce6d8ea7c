/*
 * codec_parcel.h - parcels of entries, as a Deliver and a Fetched carry them.
 */
#ifndef CORE_CODEC_PARCEL_H
#define CORE_CODEC_PARCEL_H

#include <stdbool.h>

#include "core/entry.h"

#include "refer/v1/ledger.pb-c.h"

/* False when memory is full. */
bool codec_parcel_fill(const struct parcel *parcel, struct arena *arena,
    Refer__V1__Parcel *message);

/* Borrows from the message. */
MUST_USE enum err codec_parcel_read(const Refer__V1__Parcel *message,
    struct arena *arena, struct parcel *parcel);

#endif
