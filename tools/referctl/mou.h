/* mou.h - an agreement as the gateway holds it, read and checked here. */
#ifndef REFERCTL_MOU_H
#define REFERCTL_MOU_H

#include "core/mou.h"
#include "referctl/offline.h"

struct held_mou {
    struct reply reply; /* of mou.show */
    struct mou_id id;   /* the hash of the bytes, computed here */
    struct slice bytes; /* the exact ones */
    struct mou mou;
};

/* Reads a YAML file; prints where it is wrong. */
enum exit_code mou_load(struct session *session, struct offline *offline,
    const char *path, struct mou *mou);

/* Asks for the MOU of that id or prefix, reads it and verifies that its bytes
 * have that id: what people see is what they sign. */
enum exit_code mou_ask(struct session *session, struct offline *offline,
    const char *text, struct held_mou *held);

/*
 * Shows the MOU of that id or prefix, signs it with the root key that the
 * options of `mou sign` name, and hands the signature to the gateway.
 */
enum exit_code mou_sign(struct session *session, struct offline *offline,
    const struct arguments *arguments, const char *text);

/* `mou sign FILE -o OUT`: what `mou export` wrote, signed from files alone. */
enum exit_code mou_sign_paper(struct session *session, struct offline *offline,
    const struct arguments *arguments);

/* The record that a reply to mou.offer and mou.sign holds; never NULL. */
const struct record *mou_answer(const struct reply *reply);
void mou_print_answer(struct session *session, const struct reply *reply);

/* Title, dates and parties. */
void mou_print_head(struct session *session, const struct mou *mou);
/* The same with services, pathways, elements: what people agree on. */
void mou_print(struct session *session, const struct mou *mou);

#endif
