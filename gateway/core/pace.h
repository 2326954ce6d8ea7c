/*
 * pace.h - how much one message carries of what waits in bulk, parcels to a
 * peer or what is taken back from it, by how long the ones before took. A line
 * that carries much gets large parcels, whose signatures and disk flushes many
 * referrals share; on a slow one a message is there before its request counts
 * as failed, and what is urgent waits behind few others.
 * Pure; forgotten by a restart.
 */
#ifndef CORE_PACE_H
#define CORE_PACE_H

#include <stddef.h>
#include <stdint.h>

/* Zero-initialised nothing is known yet. */
struct pace {
    uint8_t step; /* of PARCEL_SIZE_LIST */
    int64_t since_steady_ms;
};

/* Bytes of the next. */
size_t pace_size(const struct pace *pace);

/* It leaves, for the first time or again, or is asked for. */
void pace_begin(struct pace *pace, int64_t steady_ms);

/* Its cosignature came, or it came itself, with so many bytes; or its time was
 * over before that. */
void pace_arrived(struct pace *pace, size_t size, int64_t steady_ms);
void pace_timed_out(struct pace *pace);

#endif
