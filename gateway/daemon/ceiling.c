#include "daemon/ceiling.h"

#include "core/limits.h"
#include "daemon/inbox.h"
#include "io/store_kept.h"
#include "io/store_pages.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

/* Connections that end give their places back a little later: SLOT_SLACK. */
#define CONNECTION_SLACK 64u
/* The last input of a batch; the last that found room in the inbox. */
#define INBOX_OVER_COUNT 2u
/* Of a job or an answer under way, without its bytes. */
#define JOB_SIZE_MAX 512u
/* Growing, the largest frame is there once more, by half. */
#define READING_OVER_SIZE (LOCAL_BATCH_SIZE_MAX / 2)
/* Buffers of the three layers for the largest row, which a parcel is. */
#define STORE_BUFFER_FACTOR 5u

/* clang-format off */
static const struct row {
    const char *name;
    bool of_heap; /* in many blocks, between which something is lost */
    uint64_t size;
    uint64_t each_connection; /* ... and so much for each of these limits */
    uint64_t each_dialed;
    uint64_t each_half_open;
    const char *reason;
} rows[] = {
    { "node", false, NODE_MEMORY_SIZE, 0, 0, 0,
      "agencies, keys of programs, contents that are wanted soon" },
    { "batch", false, BATCH_ARENA_SIZE + DECODE_ARENA_SIZE, 0, 0, 0,
      "what one batch reads and says, and one message unfolded" },
    { "settings", false, 2 * SETTINGS_ARENA_SIZE, 0, 0, 0,
      "configuration and cards, twice in a reload" },
    { "store_batch", true, STORE_TXN_SIZE_MAX + STORE_STEP_SIZE_MAX, 0, 0, 0,
      "pages that one transaction reads and changes" },
    { "store_kept", true,
      STORE_TXN_SIZE_MAX + STORE_PAGES_KEPT_SIZE +
          STORE_KEPT_COUNT * STORE_KEPT_SIZE_MAX +
          STORE_BUFFER_FACTOR * PARCEL_SIZE_MAX, 0, 0, 0,
      "pages and values that stay for the next one" },
    { "inbox", true,
      INBOX_SIZE_MAX + INBOX_OVER_COUNT * LOCAL_BATCH_SIZE_MAX +
          INBOX_COUNT_MAX * sizeof(struct inbox_item), 0, 0, 0,
      "inputs that wait for the core thread" },
    { "program_requests", true,
      LOCAL_READING_SIZE_MAX + READING_OVER_SIZE +
          LOCAL_CLIENT_COUNT_MAX * LOCAL_LARGE_SIZE_MIN, 0, 0, 0,
      "frames of programs that are being read" },
    { "program_replies", true,
      LOCAL_UNREAD_SIZE_MAX + LOCAL_FRAME_SIZE_MAX +
          LOCAL_CLIENT_COUNT_MAX * LOCAL_LARGE_SIZE_MIN, 0, 0, 0,
      "replies that programs have not read" },
    { "connections", true, CONNECTION_SLACK * CONNECTION_SIZE_MAX,
      CONNECTION_SIZE_MAX, CONNECTION_SIZE_MAX + LINK_SIZE_MAX,
      CONNECTION_SIZE_MAX,
      "connections with other agencies, without their frames" },
    { "frames", true, TRANSPORT_MEMORY_SIZE_MAX + TRANSPORT_LARGE_SIZE_MAX,
      0, 0, 0, "frames of other agencies, both ways" },
    { "opening", true,
      OPEN_SIZE_MAX + OPEN_REPLY_SIZE_MAX + PEER_COUNT_MAX * JOB_SIZE_MAX,
      0, 0, 0, "what other agencies sent and is not opened yet" },
    { "sealing", true, SEAL_REPLY_SIZE_MAX + SEAL_REQUEST_SIZE_MAX, 0, 0, 0,
      "what is to be sealed for them" },
    { "workers", false, WORKER_COUNT * WORKER_ARENA_SIZE, 0, 0, 0,
      "one message each, opened or sealed" },
    { "directory", true, PEER_COUNT_MAX * DIRECTORY_ENTRY_SIZE_MAX, 0, 0, 0,
      "keys and endpoints of all agencies" },
    { "process", false, PROCESS_SIZE_MAX, 0, 0, 0,
      "threads, libraries, tables" },
};
/* clang-format on */

#define ROW_COUNT (sizeof rows / sizeof *rows)

static uint64_t size_of(
    const struct row *row, const struct config_limits *limits)
{
    return row->size + row->each_connection * limits->connections +
           row->each_dialed * limits->dialed +
           row->each_half_open * limits->half_open;
}

static uint64_t heap_loss(const struct config_limits *limits)
{
    uint64_t size = 0;
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (rows[i].of_heap)
            size += size_of(&rows[i], limits);
    return size / HEAP_LOSS_DIVISOR + HEAP_COUNT_MAX * HEAP_KEPT_SIZE;
}

struct ceiling_part ceiling_part_at(
    size_t index, const struct config_limits *limits)
{
    if (index < ROW_COUNT)
        return (struct ceiling_part){ rows[index].name, rows[index].reason,
            size_of(&rows[index], limits) };
    if (index == ROW_COUNT)
        return (struct ceiling_part){ "heap",
            "lost between the blocks of all that grows, and free at the end",
            heap_loss(limits) };
    return (struct ceiling_part){ 0 };
}

uint64_t ceiling_size(const struct config_limits *limits)
{
    uint64_t size = 0;
    struct ceiling_part part;
    for (size_t i = 0; (part = ceiling_part_at(i, limits)).name != NULL; i++)
        size += part.size;
    return size;
}

enum err ceiling_print(const struct config_limits *limits, char *text,
    size_t capacity, size_t *size)
{
    struct ceiling_part part;
    int added = snprintf(text, capacity,
        "\n# Memory that the gateway takes at most, in bytes, and for what.\n"
        "# memory: %" PRIu64 "\n",
        ceiling_size(limits));
    *size = (size_t)added;
    for (size_t i = 0;
         *size < capacity && (part = ceiling_part_at(i, limits)).name != NULL;
         i++) {
        added = snprintf(text + *size, capacity - *size,
            "# memory.%s: %" PRIu64 ", %s\n", part.name, part.size,
            part.reason);
        *size += (size_t)added;
    }
    return *size < capacity ? ERR_NONE : ERR_LIMIT;
}
