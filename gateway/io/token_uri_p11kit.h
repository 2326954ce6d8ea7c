/*
 * token_uri_p11kit.h - the URI (RFC 7512) of a key in a token, as store_token
 * of referd.yaml has it: read, and refused where it could leak a PIN or load
 * what was not named.
 */
#ifndef IO_TOKEN_URI_P11KIT_H
#define IO_TOKEN_URI_P11KIT_H

#include "base/err.h"
#include "io/private_file.h"

/* What a URI says beside what it means. */
struct token_uri {
    char module[PRIVATE_PATH_SIZE];     /* module-path */
    char pin_source[PRIVATE_PATH_SIZE]; /* a path; "": none is named */
};

/* ERR_INVALID: it is none, holds the PIN itself, names no module, or cannot
 * mean a private key. */
MUST_USE enum err token_uri_read(
    const char *text, struct token_uri *uri, struct keys_problem *problem);

struct p11_kit_uri; /* p11-kit's P11KitUri */

/* The same, for who goes on with it. The caller frees *parsed. */
MUST_USE enum err token_uri_parse(const char *text, struct p11_kit_uri **parsed,
    struct token_uri *uri, struct keys_problem *problem);

#endif
