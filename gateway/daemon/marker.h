/*
 * marker.h - keeps the mark beside the keys (core/instance.h): written when the
 * store enters another life, now and then while it is worked on, and when the
 * gateway ends as asked. It belongs to the core thread.
 */
#ifndef DAEMON_MARKER_H
#define DAEMON_MARKER_H

#include <stdint.h>

#include "core/instance.h"
#include "core/port.h"

/* A copy of the store that is put back after a crash is noticed when it is
 * older than this. Two flushes each time, and none while nothing happens. */
#define MARKER_MS 60000

struct marker {
    const char *keys_dir;      /* NULL: none is kept */
    struct instance_mark mark; /* as it is on the disk */
    uint64_t life;             /* that it is to be of; 0: not known yet */
    int64_t due_steady_ms;
};

/*
 * After each commit, before anything of it leaves. That it cannot be written
 * is logged and tried again: the store and the mark before it still belong
 * together.
 */
void marker_keep(struct marker *marker, struct store *store, uint64_t life,
    int64_t steady_ms);

/* Nothing will be committed any more. */
void marker_end(struct marker *marker, struct store *store);

#endif
