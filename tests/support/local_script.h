/*
 * local_script.h - a gateway's end of the local socket that does what a test
 * tells it, byte by byte if need be. The script runs on a thread of its own
 * and ends the program with a message when what it expects does not come.
 */
#ifndef SUPPORT_LOCAL_SCRIPT_H
#define SUPPORT_LOCAL_SCRIPT_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "core/local.h"

struct local_script {
    char folder[32];
    char path[64]; /* of the socket */
    void (*play)(struct local_script *script);
    void *user; /* the test's */
    int listener;
    int fd; /* of the connection, -1 without */
    pthread_t thread;
    struct arena arena;
    struct local_request request; /* the last that came */
};

/* Listens, then plays on a thread. */
void local_script_start(struct local_script *script,
    void (*play)(struct local_script *script), void *user);
/* Waits for the end of the play, removes the socket. */
void local_script_stop(struct local_script *script);

/* ---- In the play ------------------------------------------------------- */

/* Waits for a connection. */
void local_script_accept(struct local_script *script);
void local_script_close(struct local_script *script);
/* Waits until the client has closed; it must send nothing more. */
void local_script_await_close(struct local_script *script);
/* Waits for a request, which must be of this operation. */
void local_script_expect(struct local_script *script, const char *operation);
/* A text field of the request, or of its i-th record. "" when absent. */
struct slice local_script_text(
    const struct local_script *script, const char *name);
struct slice local_script_record_text(
    const struct local_script *script, size_t i, const char *name);
int64_t local_script_number(
    const struct local_script *script, const char *name);
/* Answers the last request; its number is filled in. */
void local_script_reply(struct local_script *script, struct local_reply reply);
/* The same as a frame, to be sent in another way. */
struct slice local_script_frame(
    struct local_script *script, struct local_reply reply);
void local_script_send(
    struct local_script *script, const void *bytes, size_t size);
/* accept, expect "hello", reply. */
void local_script_greet(struct local_script *script);
/* Also for "hello" alone. */
void local_script_answer_hello(struct local_script *script);
/* Ends the program unless it holds. */
void local_script_require(int holds, const char *what);

#endif
