/* The node's numbers, as monitoring wants them. */
#include "core/node.h"

#include "core/alarm.h"
#include "core/health.h"
#include "core/node_state.h"

static const struct metric counters[] = {
#define X(name, help) { "refer_" #name "_total", "", "", METRIC_COUNTER, help },
    NODE_COUNTER_LIST(X)
#undef X
};

/* clang-format off */
enum gauge {
    READY, PEERS_IMPORTED, PEERS_ACCEPTED, PEERS_SETTLED, PEERS_FAILING,
    ALARMS_CONFLICT, ALARMS_UNSETTLED, ALARMS_WAITING,
    OUTBOX, OLDEST_WAITING, TAKEN_OUT, TAKEN_IN, UNTAKEN_OUT, UNTAKEN_IN,
    STORE_USED, STORE_CAPACITY, STORE_DAMAGED,
    STORE_CHECKS, STORE_MENDED, FEED_HEAD, CURSORS,
    WAITING, CARD_UNTIL, KEYS_UNTIL, CLOCK_IN_DOUBT, BATCH_SUM, BATCH_COUNT,
    GAUGE_COUNT
};

#define GAUGE(name, label, help) { name, "", label, METRIC_GAUGE, help }
#define OUT "direction=\"out\""
#define IN "direction=\"in\""
#define PEERS_HELP "agencies by what is known of them; one may be counted "    \
    "under accepted, settled and failing"
#define TAKEN_HELP "entries of ledgers, in their present generation, that "    \
    "programs of the agency that received them have taken"
#define UNTAKEN_HELP "entries signed for that they have not taken yet"
#define ALARMS_HELP "agencies whose point person has to be called"

static const struct metric gauges[GAUGE_COUNT] = {
    [READY] = GAUGE("refer_ready", "",
        "1: stores, sends and receives; else see referctl health"),
    [PEERS_IMPORTED] = GAUGE("refer_peers", "state=\"imported\"", PEERS_HELP),
    [PEERS_ACCEPTED] = GAUGE("refer_peers", "state=\"accepted\"", PEERS_HELP),
    [PEERS_SETTLED] = GAUGE("refer_peers", "state=\"settled\"", PEERS_HELP),
    [PEERS_FAILING] = GAUGE("refer_peers", "state=\"failing\"", PEERS_HELP),
    [ALARMS_CONFLICT] = GAUGE("refer_alarms", "code=\"conflict\"", ALARMS_HELP),
    [ALARMS_UNSETTLED] =
        GAUGE("refer_alarms", "code=\"unsettled\"", ALARMS_HELP),
    [ALARMS_WAITING] = GAUGE("refer_alarms", "code=\"waiting\"", ALARMS_HELP),
    [OUTBOX] = GAUGE("refer_outbox_entries", "",
        "entries that no peer has signed for yet"),
    [OLDEST_WAITING] = GAUGE("refer_outbox_oldest_seconds", "",
        "how long the oldest of them has waited"),
    [TAKEN_OUT] = GAUGE("refer_ledger_taken_entries", OUT, TAKEN_HELP),
    [TAKEN_IN] = GAUGE("refer_ledger_taken_entries", IN, TAKEN_HELP),
    [UNTAKEN_OUT] = GAUGE("refer_ledger_untaken_entries", OUT, UNTAKEN_HELP),
    [UNTAKEN_IN] = GAUGE("refer_ledger_untaken_entries", IN, UNTAKEN_HELP),
    [STORE_USED] = GAUGE("refer_store_used_bytes", "",
        "what entries and indexes take of the store"),
    [STORE_CAPACITY] = GAUGE("refer_store_capacity_bytes", "",
        "what the store and its disk have room for"),
    [STORE_DAMAGED] = GAUGE("refer_store_damaged_rows", "",
        "what the last whole check of the store found; see referctl store "
        "check"),
    [STORE_CHECKS] = { "refer_store_checks_total", "", "", METRIC_COUNTER,
        "whole checks of the store that the gateway made by itself" },
    [STORE_MENDED] = { "refer_store_mended_total", "", "", METRIC_COUNTER,
        "damaged contents that came back from other agencies" },
    [FEED_HEAD] = GAUGE("refer_feed_head", "",
        "position of the newest event for local programs"),
    [CURSORS] = GAUGE("refer_cursors_open", "",
        "cursors that local programs hold open"),
    [WAITING] = GAUGE("refer_clients_waiting", "",
        "local programs that wait for the next event"),
    [CARD_UNTIL] = GAUGE("refer_card_expiry_timestamp_seconds", "",
        "when our card ends, in Unix time"),
    [KEYS_UNTIL] = GAUGE("refer_keys_expiry_timestamp_seconds", "",
        "when the last day that has a sealing key ends, in Unix time"),
    [CLOCK_IN_DOUBT] = GAUGE("refer_clock_in_doubt", "",
        "1: the clock jumped, and old keys are not destroyed"),
    [BATCH_SUM] = { "refer_batch_inputs", "_sum", "", METRIC_SUMMARY,
        "inputs in one transaction" },
    [BATCH_COUNT] = { "refer_batch_inputs", "_count", "", METRIC_SUMMARY,
        "inputs in one transaction" },
};
/* clang-format on */

#define COUNTER_COUNT (sizeof counters / sizeof *counters)
_Static_assert(COUNTER_COUNT == sizeof(struct node_counters) / sizeof(uint64_t),
    "counters");
_Static_assert(
    COUNTER_COUNT + GAUGE_COUNT <= NODE_METRIC_COUNT_MAX, "node metrics");

static void look_at_peers(
    const struct node *node, struct instant now, int64_t of[GAUGE_COUNT])
{
    int64_t oldest_ms = now.unix_ms;
    for (size_t i = 0; i < node->peer_count; i++) {
        const struct peer *peer = node->peers[i];
        of[PEERS_IMPORTED] += peer->state == PEER_IMPORTED;
        of[PEERS_ACCEPTED] += peer->state == PEER_ACCEPTED;
        of[PEERS_SETTLED] += peer->settled_out && peer->settled_in;
        of[PEERS_FAILING] += peer->failure_count > 0;
        of[ALARMS_CONFLICT] += peer->alarm == ALARM_CONFLICT;
        of[ALARMS_UNSETTLED] += peer->alarm == ALARM_UNSETTLED;
        of[ALARMS_WAITING] += peer->alarm == ALARM_WAITING;
        of[OUTBOX] += (int64_t)peer->queued_count;
        of[TAKEN_OUT] += (int64_t)peer->taken_count[0];
        of[TAKEN_IN] += (int64_t)peer->taken_count[1];
        of[UNTAKEN_OUT] += (int64_t)peer->untaken_count[0];
        of[UNTAKEN_IN] += (int64_t)peer->untaken_count[1];
        /* of a closed one nothing is late */
        if (!peer_is_over(peer) && peer->queued_count > 0 &&
            peer->waiting_since.unix_ms < oldest_ms)
            oldest_ms = peer->waiting_since.unix_ms;
    }
    of[OLDEST_WAITING] = (now.unix_ms - oldest_ms) / 1000;
}

static void look_at_rest(
    const struct node *node, struct instant now, int64_t of[GAUGE_COUNT])
{
    of[READY] = health_check(node, now) == 0;
    of[STORE_USED] = (int64_t)node->usage.used;
    of[STORE_CAPACITY] = (int64_t)node->usage.capacity;
    of[STORE_DAMAGED] = (int64_t)node->patrol.damage;
    of[STORE_CHECKS] = (int64_t)node->patrol.checks;
    of[STORE_MENDED] = (int64_t)node->patrol.mended;
    of[FEED_HEAD] = (int64_t)node->feed_position_next - 1;
    of[CURSORS] = (int64_t)node->cursor_count;
    of[WAITING] = (int64_t)node->waiter_count;
    of[CARD_UNTIL] = node->own_card_until.unix_ms / 1000;
    of[KEYS_UNTIL] = node->own_days_until.unix_ms / 1000;
    of[CLOCK_IN_DOUBT] = node->surroundings.clock_in_doubt;
    of[BATCH_SUM] = (int64_t)node->counters.inputs;
    of[BATCH_COUNT] = (int64_t)node->counters.commits;
}

size_t node_metrics(const struct node *node, struct instant now,
    struct metric_value values[NODE_METRIC_COUNT_MAX])
{
    const uint64_t counted[] = {
#define X(name, help) node->counters.name,
        NODE_COUNTER_LIST(X)
#undef X
    };
    int64_t of[GAUGE_COUNT] = { 0 };
    size_t count = 0;
    look_at_peers(node, now, of);
    look_at_rest(node, now, of);
    for (size_t i = 0; i < GAUGE_COUNT; i++)
        values[count++] = (struct metric_value){ &gauges[i], of[i] };
    for (size_t i = 0; i < COUNTER_COUNT; i++)
        values[count++] =
            (struct metric_value){ &counters[i], (int64_t)counted[i] };
    return count;
}
