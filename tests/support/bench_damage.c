#include "support/bench_damage.h"

#include <string.h>

#include "core/node_state.h"
#include "support/must.h"

#define PIECE_COUNT_MAX 1000

size_t damage_rows(struct federation *federation, size_t agency, char table,
    struct key rows[DAMAGE_ROW_COUNT_MAX])
{
    size_t count = 0;
    struct work *work = federation_begin(federation, agency);
    struct key from = { .bytes = { (uint8_t)table }, .size = 1 };
    struct slice key = key_slice(&from);
    struct slice value;
    while (store_seek(work->txn, 1, &key, &value)) {
        MUST(count < DAMAGE_ROW_COUNT_MAX);
        memcpy(rows[count].bytes, key.bytes, key.size);
        rows[count].size = key.size;
        from = rows[count++];
        from.bytes[from.size++] = 0;
        key = key_slice(&from);
    }
    MUST(federation_end(federation, agency) == ERR_NONE);
    return count;
}

static bool holds(struct slice value, const char *words)
{
    size_t size = strlen(words);
    for (size_t i = 0; i + size <= value.size; i++)
        if (memcmp(value.bytes + i, words, size) == 0)
            return true;
    return false;
}

bool damage_has_words(
    struct federation *federation, size_t agency, const char *words)
{
    bool is_there = false;
    struct work *work = federation_begin(federation, agency);
    struct key from = { .bytes = { 0 }, .size = 1 };
    struct slice key = key_slice(&from);
    struct slice value;
    while (!is_there && store_seek(work->txn, 0, &key, &value)) {
        is_there = holds(value, words);
        memcpy(from.bytes, key.bytes, key.size);
        from.bytes[key.size] = 0;
        from.size = key.size + 1;
        key = key_slice(&from);
    }
    MUST(federation_end(federation, agency) == ERR_NONE);
    return is_there;
}

void damage_row(
    struct federation *federation, size_t agency, struct key key, bool all)
{
    struct work *work = federation_begin(federation, agency);
    struct slice value = store_get(work->txn, key_slice(&key));
    if (all) {
        store_del(work->txn, key_slice(&key));
    } else {
        uint8_t *copy = arena_take(work->scratch, value.size);
        MUST(copy != NULL && value.size > 0);
        memcpy(copy, value.bytes, value.size);
        copy[value.size - 1] ^= 1;
        store_put(work->txn, key_slice(&key), slice_of(copy, value.size));
    }
    MUST(federation_end(federation, agency) == ERR_NONE);
}

static void count(void *user, const struct scrub_finding *finding)
{
    uint64_t *faults = user;
    faults[finding->fault]++;
}

uint64_t damage_found(struct federation *federation, size_t agency,
    uint64_t faults[SCRUB_FAULT_COUNT])
{
    struct scrub scrub = { 0 };
    const struct scrub_watch watch = { .user = faults, .found = count };
    memset(faults, 0, SCRUB_FAULT_COUNT * sizeof *faults);
    for (int i = 0; !scrub.is_over; i++) {
        MUST(i < PIECE_COUNT_MAX);
        struct work *work = federation_begin(federation, agency);
        scrub_go_on(work, &scrub, &watch);
        MUST(federation_end(federation, agency) == ERR_NONE);
    }
    return scrub.findings;
}

void damage_patrol(struct federation *federation, size_t agency)
{
    struct patrol *patrol = &federation_node(federation, agency)->patrol;
    uint64_t checks = patrol->checks;
    patrol->due_steady_ms = 0;
    federation_node(federation, agency)->wake_steady_ms = 0;
    for (int i = 0; patrol->checks == checks; i++) {
        MUST(i < PIECE_COUNT_MAX);
        federation_wait(federation, PATROL_PAUSE_MS);
    }
    federation_run(federation);
}
