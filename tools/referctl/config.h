/*
 * config.h - the little that referctl reads of referd.yaml: where the socket
 * is. referd alone checks the whole of it (referd -t).
 */
#ifndef REFERCTL_CONFIG_H
#define REFERCTL_CONFIG_H

#include "referctl/pool.h"

/*
 * The value of the top-level key `socket`, else that of `data` with
 * "/referd.sock" after it. A relative path counts from the folder of the
 * file. NULL fills *problem with one line that names file and line.
 */
const char *config_socket_path(
    struct pool *pool, const char *config_path, const char **problem);

#endif
