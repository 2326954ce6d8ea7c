/*
 * tls_probe.h - does an endpoint answer, with whose key, and would it let us
 * in? One connection of its own that sends nothing but the handshake. For the
 * tools of operators; gateways dial with peers_nng.h.
 *
 * Caveats: the caller ignores SIGPIPE. Names are looked up without a deadline
 * of ours. That an endpoint lets nobody in shows only where a certificate was
 * shown to it.
 */
#ifndef IO_TLS_PROBE_H
#define IO_TLS_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TLS_PROBE_SPKI_SIZE 32

enum tls_probe_outcome {
    TLS_PROBE_ANSWERED = 1, /* the handshake of TLS 1.3 is complete */
    TLS_PROBE_NO_HOST,      /* there is no such name */
    TLS_PROBE_REFUSED,      /* nobody listens there, or there is no way */
    TLS_PROBE_SILENT,       /* no answer in time */
    TLS_PROBE_NO_TLS,       /* whatever listens there speaks no TLS 1.3 */
};

enum tls_probe_entry {
    TLS_PROBE_ENTRY_UNKNOWN = 0, /* not asked, or no answer in time */
    TLS_PROBE_ADMITTED,          /* it closed in order, after us */
    TLS_PROBE_REJECTED,          /* by an alert or a reset: it knows us not */
};

struct tls_probe {
    enum tls_probe_outcome outcome;
    enum tls_probe_entry entry;        /* of TLS_PROBE_ANSWERED */
    uint8_t spki[TLS_PROBE_SPKI_SIZE]; /* of TLS_PROBE_ANSWERED */
};

/*
 * Dials tls+tcp://HOST:PORT, where HOST may be an IPv6 address in brackets;
 * all addresses of a name in turn, `timeout_ms` in all. Paths of our
 * certificate and key (PEM) may be NULL: then none is shown.
 *   ERR_INVALID    not such a URL, or no timeout
 *   ERR_KEY        certificate or key cannot be used
 *   ERR_NO_MEMORY
 */
MUST_USE enum err tls_probe(const char *url, const char *certificate_path,
    const char *key_path, uint32_t timeout_ms, struct tls_probe *probe);

/* Host (without brackets) and port of such a URL. ERR_INVALID, also when a
 * capacity does not do. */
MUST_USE enum err tls_probe_url(const char *url, char *host,
    size_t host_capacity, char *port, size_t port_capacity);

#endif
