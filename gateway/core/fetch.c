#include "core/fetch.h"

#include "core/generation.h"
#include "core/limits.h"
#include "core/mention.h"
#include "core/output.h"
#include "core/scrub_patrol.h"

/* What an entry and a parcel take beside the content. */
#define ENTRY_FRAMING 128u
#define PARCEL_FRAMING (NOTE_SIZE_MAX + 64u)

static void answer(struct work *work, enum reply_kind kind, struct slice body,
    struct custody_reply *reply)
{
    if (body.bytes == NULL)
        work_exhausted(work);
    *reply = (struct custody_reply){ .kind = kind, .body = body };
}

static void refuse(
    struct work *work, enum refusal_code code, struct custody_reply *reply)
{
    answer(work, REPLY_REFUSED, refusal_write(code, work->arena), reply);
    reply->refused = refusal_code_name(code);
}

/* ---- What it may take ---------------------------------------------------- */

static void allow(struct work *work, struct peer *peer)
{
    int64_t passed_ms = work->steady_ms - peer->fetch_steady_ms;
    uint64_t room = FETCH_BURST_SIZE - peer->fetch_credit;
    uint64_t more = passed_ms < 0 ? 0 : (uint64_t)passed_ms;
    bool is_first = peer->fetch_steady_ms == 0;
    peer->fetch_steady_ms = work->steady_ms;
    if (is_first || more >= room / FETCH_BYTES_PER_MS + 1)
        peer->fetch_credit = FETCH_BURST_SIZE;
    else
        peer->fetch_credit += more * FETCH_BYTES_PER_MS;
}

/* ---- What it gets -------------------------------------------------------- */

/* False: its content is damaged. It may be whole again soon; without it the
 * entry would count as one whose content is gone. */
static bool entry_fill(struct work *work, const struct ledger *ledger,
    const struct ledger_entry *from, struct entry *to)
{
    enum err err = ERR_NONE;
    *to = (struct entry){ .header = from->header };
    if (from->attached && !from->withheld)
        err = content_try_salted(work->contents, work->txn, work->arena,
            from->content, &to->salt, &to->content);
    if (err == ERR_CORRUPT)
        return false;
    if (to->content.bytes == NULL)
        to->mention = mention_make(work, ledger->peer, from);
    return true;
}

/* One stored parcel; its size as it travels, about. 0: there is none, or it is
 * damaged, or the store or memory failed. */
static size_t parcel_fill(struct work *work, const struct ledger *ledger,
    uint64_t index, struct parcel *to, bool *is_damaged)
{
    struct ledger_parcel stored;
    size_t size = PARCEL_FRAMING;
    if (!ledger_parcel_at(work, ledger, index, &stored) ||
        stored.first_index != index || stored.note.size == 0 ||
        index + stored.count > ledger->cosigned)
        return 0;
    struct entry *entries =
        arena_take_array(work->arena, stored.count, sizeof *entries);
    if (entries == NULL) {
        work_exhausted(work);
        return 0;
    }
    for (size_t i = 0; i < stored.count; i++) {
        if (!entry_fill(work, ledger, &stored.entries[i], &entries[i])) {
            patrol_hasten(work);
            *is_damaged = true;
            return 0;
        }
        size += ENTRY_FRAMING + entries[i].content.size;
    }
    *to = (struct parcel){ index, entries, stored.count, stored.note };
    return size;
}

/* Parcels from that index on, the first whole, then as many as fit, up to what
 * is damaged. */
static size_t gather(struct work *work, const struct ledger *ledger,
    const struct fetch *fetch, struct parcel *parcels, size_t *total,
    bool *is_damaged)
{
    size_t limit =
        fetch->size_max < FETCH_SIZE_MAX ? fetch->size_max : FETCH_SIZE_MAX;
    size_t count = 0;
    uint64_t index = fetch->first_index;
    *total = 0;
    while (count < FETCHED_PARCEL_COUNT_MAX && index < ledger->cosigned) {
        size_t size =
            parcel_fill(work, ledger, index, &parcels[count], is_damaged);
        if (size == 0 || (count > 0 && *total + size > limit))
            break;
        *total += size;
        index += parcels[count++].entry_count;
    }
    return count;
}

static void give(struct work *work, struct peer *peer,
    const struct ledger *ledger, const struct fetch *fetch,
    struct custody_reply *reply)
{
    size_t size;
    bool is_damaged = false;
    struct parcel *parcels = arena_take_array(
        work->arena, FETCHED_PARCEL_COUNT_MAX, sizeof *parcels);
    if (parcels == NULL) {
        work_exhausted(work);
        return;
    }
    struct fetched fetched = { parcels,
        gather(work, ledger, fetch, parcels, &size, &is_damaged) };
    if (work_failed(work))
        return;
    if (fetched.parcel_count == 0 && is_damaged) {
        answer(work, REPLY_BUSY, busy_write(RETRY_DELAY_MS_MAX, work->arena),
            reply);
        reply->refused = "damaged_here";
        return;
    }
    if (fetched.parcel_count == 0) {
        refuse(work, REFUSAL_MALFORMED, reply); /* none begins there */
        return;
    }
    peer->fetch_credit -= size < peer->fetch_credit ? size : peer->fetch_credit;
    OUTPUT_LOG(work, LOG_LEDGER_FETCHED, log_agency("peer", &peer->agency),
        log_code("direction", fetch->authored ? "in" : "out"),
        log_number("first", (int64_t)fetch->first_index),
        log_number("parcels", (int64_t)fetched.parcel_count));
    answer(work, REPLY_FETCHED, fetched_write(&fetched, work->arena), reply);
}

void fetch_serve(struct work *work, struct peer *peer, struct slice body,
    struct custody_reply *reply)
{
    struct fetch fetch;
    if (fetch_read(body, work->scratch, &fetch) != ERR_NONE) {
        refuse(work, REFUSAL_MALFORMED, reply);
        return;
    }
    struct ledger *present =
        peer_ledger(work, peer, fetch.authored ? LEDGER_IN : LEDGER_OUT);
    struct ledger *ledger = generation_find(work, present, fetch.generation);
    if (work_failed(work))
        return;
    if (ledger == NULL) {
        refuse(work, REFUSAL_ADDRESS, reply);
        return;
    }
    allow(work, peer);
    if (peer->fetch_credit < FETCH_SIZE_MAX)
        answer(work, REPLY_BUSY,
            busy_write(FETCH_SIZE_MAX / FETCH_BYTES_PER_MS, work->arena),
            reply);
    else
        give(work, peer, ledger, &fetch, reply);
}
