/* probe.h - endpoints, looked at from this program. */
#ifndef REFERCTL_PROBE_H
#define REFERCTL_PROBE_H

#include "io/tls_probe.h"

/* tls_probe(), which must not end the program when the line is cut. */
enum err probe_endpoint(const char *url, const char *certificate_path,
    const char *key_path, int timeout_ms, struct tls_probe *probe);

#endif
