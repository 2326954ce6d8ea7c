#include "referctl/probe.h"

#include <signal.h>
#include <stddef.h>

enum err probe_endpoint(const char *url, const char *certificate_path,
    const char *key_path, int timeout_ms, struct tls_probe *probe)
{
    struct sigaction ignored = { .sa_handler = SIG_IGN };
    struct sigaction before;
    bool is_set = sigaction(SIGPIPE, &ignored, &before) == 0;
    enum err err =
        tls_probe(url, certificate_path, key_path, (uint32_t)timeout_ms, probe);
    if (is_set)
        (void)sigaction(SIGPIPE, &before, NULL);
    return err;
}
