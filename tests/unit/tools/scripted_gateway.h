/*
 * scripted_gateway.h - a gateway that expects certain requests and answers
 * them from a script, and a session that prints into memory: whole commands
 * run in a test without a socket.
 */
#ifndef TESTS_SCRIPTED_GATEWAY_H
#define TESTS_SCRIPTED_GATEWAY_H

#include "referctl/command.h"

/*
 * Requests and replies are written alike: fields as "name=value", records
 * after " | ", each beginning with its type. A value is text, or "#number",
 * "?flag" (yes or no), "%text" for data, "@path" for what a file holds; "~" in
 * it stands for a blank, as it does in command lines. Of an expected request
 * only what it names is looked at; "name=*" wants any value.
 */
struct exchange {
    const char *operation;
    const char *expects;
    const char *answers;
    enum exit_code code;
    const char *message; /* with code: */
    const char *problem;
    const char *clause;
    const char *remedy;
};

struct trial {
    enum exit_code code;
    char *out;
    char *err;
};

struct stage {
    bool is_terminal;
    bool has_colour;
    int64_t now_ms;    /* 0: 2026-11-30T12:00:00Z */
    const char *typed; /* what is typed at the keyboard; NULL: there is none */
    enum err (*probe)(const char *url, const char *certificate_path,
        const char *key_path, int timeout_ms, struct tls_probe *probe);
};

/* Runs one command line against a script, all of which must be used up.
 * trial_release() afterwards. */
struct trial trial_run(struct stage stage, const char *command_line,
    const struct exchange *script, size_t exchange_count);
void trial_release(struct trial *trial);

#endif
