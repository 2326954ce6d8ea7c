/*
 * session.h - one run of referctl: where it prints, what it was told for every
 * command, and its one connection, opened when first needed.
 */
#ifndef REFERCTL_SESSION_H
#define REFERCTL_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "referctl/arguments.h"
#include "referctl/gateway.h"

#define TIMEOUT_MS_DEFAULT 10000
#define SOCKET_PATH_DEFAULT "/run/referd/referd.sock"

struct tls_probe; /* io/tls_probe.h */

struct session {
    struct pool *pool;
    FILE *in;
    FILE *out;
    FILE *err;
    bool is_terminal; /* `out` is: align, shorten, perhaps colour */
    bool has_colour;
    bool
        has_keyboard; /* standard input is a terminal: questions may be asked */
    int64_t now_ms;
    const char *socket_path; /* NULL: to be found */
    const char *config_path; /* NULL: none given */
    bool json;
    int timeout_ms;
    const char *place;       /* that errors are about, "FILE:7"; or NULL */
    const char *erase;       /* takes a bar off the terminal; NULL: none */
    struct gateway *gateway; /* NULL until session_gateway() */
    /* Looks at an endpoint as tls_probe() does. */
    enum err (*probe)(const char *url, const char *certificate_path,
        const char *key_path, int timeout_ms, struct tls_probe *probe);
};

/* Takes the global options. EXIT_CODE_USAGE after saying what is wrong. */
enum exit_code session_apply(
    struct session *session, const struct arguments *arguments);

/* The connection, opened when it is not; an error is printed. */
enum exit_code session_gateway(struct session *session);

/* The same in silence; *reply says why not. */
enum exit_code session_gateway_quietly(
    struct session *session, struct reply *reply);

/*
 * Asks the gateway and prints why when it does not do it; *reply is filled
 * either way. A list that takes several replies is asked for to its end.
 */
enum exit_code session_ask(struct session *session,
    const struct request *request, struct reply *reply);
/* The same in silence, waiting `timeout_ms`; the caller judges the reply. */
enum exit_code session_ask_quietly(struct session *session,
    const struct request *request, int timeout_ms, struct reply *reply);

/* Closes the connection. */
void session_close(struct session *session);

/*
 * Prints what went wrong (`format`) and what to do next, one line each, and
 * returns `code`. `remedy` may be NULL.
 */
__attribute__((format(printf, 4, 5))) enum exit_code session_fail(
    struct session *session, enum exit_code code, const char *remedy,
    const char *format, ...);
/* Prints why the gateway refused: message, problem and clause, remedy. */
enum exit_code session_fail_reply(
    struct session *session, const struct reply *reply);

#endif
