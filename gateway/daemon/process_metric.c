#include "daemon/process_metric.h"

/* clang-format off */
enum number {
    CLIENTS, OPEN, HALF_OPEN, ENDING, ACCEPTED, ACCEPT_FAILED, DIALED,
    DIAL_FAILED, REQUESTS, REPLIES_LATE, UNANSWERED, MEMORY,
    NUMBER_COUNT
};

#define ROW(name, label, type, help) { name, "", label, METRIC_##type, help }
#define OPEN_HELP "connections with other agencies, now"

static const struct metric rows[NUMBER_COUNT] = {
    [CLIENTS] = ROW("refer_clients", "", GAUGE,
        "local programs that are connected"),
    [OPEN] = ROW("refer_connections", "state=\"open\"", GAUGE, OPEN_HELP),
    [HALF_OPEN] = ROW("refer_connections", "state=\"half_open\"", GAUGE,
        OPEN_HELP),
    [ENDING] = ROW("refer_connections", "state=\"ending\"", GAUGE, OPEN_HELP),
    [ACCEPTED] = ROW("refer_connections_accepted_total", "", COUNTER,
        "connections that others made"),
    [ACCEPT_FAILED] = ROW("refer_accepts_failed_total", "", COUNTER,
        "errors of accepting itself"),
    [DIALED] = ROW("refer_connections_dialed_total", "", COUNTER,
        "connections that we made"),
    [DIAL_FAILED] = ROW("refer_dials_failed_total", "", COUNTER,
        "attempts to make one that failed"),
    [REQUESTS] = ROW("refer_requests_open", "", GAUGE,
        "requests of ours without an answer yet"),
    [REPLIES_LATE] = ROW("refer_replies_late_total", "", COUNTER,
        "replies to requests that were given up"),
    [UNANSWERED] = ROW("refer_requests_unanswered_total", "", COUNTER,
        "requests of others that were given up"),
    [MEMORY] = ROW("refer_transport_memory_bytes", "", GAUGE,
        "what connections hold of frames"),
};

static const struct metric closed[PEERS_REASON_COUNT] = {
#define X(symbol, number, name)                                                \
    [number] = ROW("refer_connections_closed_total", "reason=\"" name "\"",    \
        COUNTER, "connections that ended or were refused"),
    PEERS_REASON_LIST(X)
#undef X
};
/* clang-format on */

_Static_assert(
    NUMBER_COUNT + PEERS_REASON_COUNT <= PROCESS_METRIC_COUNT_MAX, "rows");

size_t process_metrics(const struct peers_counters *peers, size_t client_count,
    struct metric_value values[PROCESS_METRIC_COUNT_MAX])
{
    const uint64_t of[NUMBER_COUNT] = {
        [CLIENTS] = client_count,
        [OPEN] = peers->open,
        [HALF_OPEN] = peers->half_open,
        [ENDING] = peers->ending,
        [ACCEPTED] = peers->accepted,
        [ACCEPT_FAILED] = peers->accept_failed,
        [DIALED] = peers->dialed,
        [DIAL_FAILED] = peers->dial_failed,
        [REQUESTS] = peers->request,
        [REPLIES_LATE] = peers->late_reply,
        [UNANSWERED] = peers->unanswered,
        [MEMORY] = peers->memory,
    };
    size_t count = 0;
    for (size_t i = 0; i < NUMBER_COUNT; i++)
        values[count++] = (struct metric_value){ &rows[i], (int64_t)of[i] };
    for (size_t i = 0; i < PEERS_REASON_COUNT; i++)
        values[count++] =
            (struct metric_value){ &closed[i], (int64_t)peers->closed[i] };
    return count;
}
