/* card.h - cards of agencies, asked for, imported and printed. */
#ifndef REFERCTL_CARD_H
#define REFERCTL_CARD_H

#include "referctl/session.h"

/* The record of that type a reply must hold. */
enum exit_code card_expect(struct session *session, const struct reply *reply,
    const char *type, const struct record **record);

/* card.show of an agency as it was typed; NULL: our own. */
enum exit_code card_ask(
    struct session *session, const char *agency, struct reply *reply);

/*
 * Reads and verifies the card in a file, and hands it to the gateway. *card is
 * what that says of it. *invitation is the code that stood with the card, NULL
 * when there was none; the pointer itself may be NULL.
 */
enum exit_code card_import(struct session *session, const char *path,
    const struct record **card, const char **invitation);

/* Name, id, state, validity, safety number. */
void card_print(struct session *session, const struct record *card);
/* Endpoints, keys, point persons of a reply to card.show. */
void card_print_lists(struct session *session, const struct records *records);

#endif
