/* process_metric.h - the numbers of what stands around the node: connections
 * to other agencies, and local programs. */
#ifndef DAEMON_PROCESS_METRIC_H
#define DAEMON_PROCESS_METRIC_H

#include <stddef.h>

#include "core/metric.h"
#include "io/peers_nng.h"

#define PROCESS_METRIC_COUNT_MAX 48

/* From the transport's counters and the number of connected programs; how
 * many. */
size_t process_metrics(const struct peers_counters *peers, size_t client_count,
    struct metric_value values[PROCESS_METRIC_COUNT_MAX]);

#endif
