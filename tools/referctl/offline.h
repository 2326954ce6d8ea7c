/*
 * offline.h - what referctl does itself with the gateway's own pure code:
 * reading and signing cards and agreements, with keys in files.
 */
#ifndef REFERCTL_OFFLINE_H
#define REFERCTL_OFFLINE_H

#include "base/arena.h"
#include "base/slice.h"
#include "core/card.h"
#include "referctl/arguments.h"
#include "referctl/session.h"

struct offline {
    struct crypto *crypto; /* without keys of its own */
    struct arena arena;
};

/* EXIT_CODE_LOCAL after printing why; offline_close() either way. */
enum exit_code offline_open(struct session *session, struct offline *offline);
void offline_close(struct offline *offline);

/* A command that is nothing but work offline: opened, done, closed. */
typedef enum exit_code offline_work(struct session *session,
    struct offline *offline, const struct arguments *arguments);
enum exit_code offline_run(struct session *session,
    const struct arguments *arguments, offline_work *work);

/* The text of an error of the offline code, such as "cannot sign: ...". */
enum exit_code offline_fail(
    struct session *session, enum err err, const char *doing);

/* What stands before an invitation's code, on the first line of a file. */
#define OFFLINE_INVITATION "Invitation: "

/*
 * The bytes of a card in a file: armored text or the bytes themselves. Text may
 * begin with an invitation's code, which is then *invitation, else NULL;
 * `invitation` may be NULL.
 */
enum exit_code offline_read_card_file(struct session *session,
    struct offline *offline, const char *path, struct slice *signed_card,
    const char **invitation);
/* Reads and verifies a SignedCard; prints what is wrong with it. */
enum exit_code offline_read_card(struct session *session,
    struct offline *offline, struct slice signed_card, struct card *card);

/*
 * The passphrase of the root key: the first line of `file`; else, when there
 * is a keyboard, what is typed at it, unseen; else NULL. `ask` false: never
 * asks.
 */
enum exit_code offline_passphrase(struct session *session, const char *file,
    bool ask, const char **passphrase);

/* Signs with DIR/root.pem. Asks for a passphrase when it turns out that one is
 * needed, none was given, and there is a keyboard. */
enum exit_code offline_root_sign(struct session *session, const char *keys_dir,
    const char *passphrase_file, struct slice message,
    uint8_t signature[SIGNATURE_SIZE], uint8_t root_key[KEY_SIZE]);

#endif
