/*
 * store_slot.h - where the key of the store may be, and what opens it there.
 * See store_key.h.
 */
#ifndef IO_STORE_SLOT_H
#define IO_STORE_SLOT_H

#define STORE_SLOT_PIN_CREDENTIAL "store-pin"

struct store_slot {
    const char *keys;        /* the directory of keys */
    const char *credentials; /* $CREDENTIALS_DIRECTORY; NULL: none */
    /* a file whose first line is the passphrase, or the token's PIN where
     * nothing else names that; "-": standard input; NULL: none named */
    const char *passphrase_path;
    const char *token;    /* an RFC 7512 URI; NULL or "": none */
    const char *pin_path; /* goes before what the URI says; NULL: none named */
};

#endif
