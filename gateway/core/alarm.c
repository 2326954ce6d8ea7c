#include "core/alarm.h"

#include "core/output.h"

static const struct {
    const char *code;
    const char *remedy;
} kinds[ALARM_COUNT] = {
#define X(symbol, number, code, remedy) [ALARM_##symbol] = { code, remedy },
    ALARM_LIST(X)
#undef X
};

const char *alarm_code(enum alarm_kind kind)
{
    return (size_t)kind < ALARM_COUNT ? kinds[kind].code : "?";
}

const char *alarm_remedy(enum alarm_kind kind)
{
    return (size_t)kind < ALARM_COUNT ? kinds[kind].remedy : "";
}

/* ---- What there is ------------------------------------------------------- */

/* Where it stands, and since when, whether or not that is long ago. */
struct standing {
    enum alarm_kind kind;
    int64_t since_ms;
};

static void note(
    struct standing *standing, enum alarm_kind kind, int64_t since_ms)
{
    if (standing->kind == ALARM_NONE || since_ms < standing->since_ms)
        *standing = (struct standing){ kind, since_ms };
}

static struct standing stand(const struct peer *peer)
{
    struct standing standing = { ALARM_NONE, 0 };
    if (peer->state != PEER_ACCEPTED)
        return standing;
    if (peer->conflict_ms != 0) {
        note(&standing, ALARM_CONFLICT, peer->conflict_ms);
        return standing;
    }
    if (peer->apart_ms != 0)
        note(&standing, ALARM_UNSETTLED, peer->apart_ms);
    /* one that only dials out fails at nothing: it does not come */
    if (peer->queued_count > 0)
        note(&standing, ALARM_WAITING, peer->waiting_since.unix_ms);
    return standing;
}

static int64_t due_ms(const struct standing *standing)
{
    if (standing->kind == ALARM_CONFLICT)
        return standing->since_ms;
    /* by a clock that may have shown anything */
    return standing->since_ms > INT64_MAX - ALARM_AFTER_MS
               ? INT64_MAX
               : standing->since_ms + ALARM_AFTER_MS;
}

/* ---- Remembering --------------------------------------------------------- */

static void note_apart(
    struct work *work, const struct peer *peer, struct ledger *out)
{
    int64_t now_ms = work->now.unix_ms;
    bool is_apart = peer->state == PEER_ACCEPTED &&
                    !(peer->settled_out && peer->settled_in);
    /* a clock that went back takes the beginning with it */
    int64_t since_ms =
        out->apart_ms == 0 || out->apart_ms > now_ms ? now_ms : out->apart_ms;
    int64_t apart_ms = is_apart ? since_ms : 0;
    out->changed |= apart_ms != out->apart_ms;
    out->apart_ms = apart_ms;
}

static int64_t conflict_since(const struct ledger *out, const struct ledger *in)
{
    int64_t since_ms = out->trouble == LEDGER_CONFLICT ? out->conflict_ms : 0;
    if (in->trouble == LEDGER_CONFLICT &&
        (since_ms == 0 || in->conflict_ms < since_ms))
        since_ms = in->conflict_ms;
    return since_ms;
}

void alarm_look(struct work *work, struct peer *peer)
{
    struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    const struct ledger *in = peer_ledger(work, peer, LEDGER_IN);
    peer_note_waiting(work, peer);
    note_apart(work, peer, out);
    peer->apart_ms = out->apart_ms;
    peer->conflict_ms = conflict_since(out, in);
    struct standing standing = stand(peer);
    if (due_ms(&standing) > work->now.unix_ms)
        standing.kind = ALARM_NONE;
    peer->alarm = (uint8_t)standing.kind;
    peer->alarm_since_ms = standing.kind == ALARM_NONE ? 0 : standing.since_ms;
    if (out->alarm == (uint8_t)standing.kind)
        return;
    if (standing.kind == ALARM_NONE)
        OUTPUT_LOG(work, LOG_ALARM_ENDED, log_agency("peer", &peer->agency),
            log_code("code", alarm_code((enum alarm_kind)out->alarm)));
    else
        OUTPUT_LOG(work, LOG_ALARM_RAISED, log_agency("peer", &peer->agency),
            log_code("code", alarm_code(standing.kind)),
            log_number("since_ms", standing.since_ms));
    out->alarm = (uint8_t)standing.kind;
    out->changed = true;
}

void alarm_plan(struct work *work, struct peer *peer)
{
    struct standing standing = stand(peer);
    int64_t left_ms = due_ms(&standing) - work->now.unix_ms;
    peer->alarm_due_steady_ms =
        standing.kind == ALARM_NONE || standing.kind == peer->alarm
            ? INT64_MAX
            : work->steady_ms + (left_ms > 0 ? left_ms : 0);
}
