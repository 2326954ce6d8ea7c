/*
 * limits.h - what this machine can do at this moment, on the disk and with the
 * cores that the gateways have: figures are worth something beside it alone.
 */
#ifndef BENCH_LIMITS_H
#define BENCH_LIMITS_H

#include "bench.h"

/* Seconds of one operation. */
struct limits {
    double flush;  /* 4 KiB appended, then fdatasync() */
    double commit; /* LMDB, durable, of a submission's shape: three small rows
                    * and one of the content's size */
    double sign;   /* Ed25519, processor time as all below */
    double verify;
    double hash; /* SHA-256 of 2 KiB */
    double seal; /* ChaCha20-Poly1305 of 2 KiB */
};

/* Before a figure is measured, and after it: the mean is reported. On
 * options->disk, where nothing stays, options->probes times. */
void limits_begin(const struct options *options, struct limits *limits);
void limits_end(const struct options *options, struct limits *limits);
void limits_report(const struct limits *limits);

#endif
