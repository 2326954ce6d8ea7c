/*
 * command.h - the table of commands: one row each, from which parsing, help
 * and referctl(1) come.
 */
#ifndef REFERCTL_COMMAND_H
#define REFERCTL_COMMAND_H

#include <stddef.h>

#include "referctl/arguments.h"
#include "referctl/session.h"

struct command {
    const char *noun;
    const char *verb;      /* "" for commands of one word */
    const char *arguments; /* as help prints them */
    size_t argument_count_min;
    size_t argument_count_max;
    const struct option_row *options; /* NULL: global ones only */
    const char *summary;              /* one line, without a full stop */
    const char *help;                 /* what it does, in whole sentences */
    const char *example;              /* lines to type */
    enum exit_code (*run)(
        struct session *session, const struct arguments *arguments);
};

/* The i-th command in the order of help; NULL past the last. */
const struct command *command_at(size_t i);
/* By its words; verb NULL or "" for commands of one word. NULL: none. */
const struct command *command_find(const char *noun, const char *verb);
/* True when some command has that noun. */
bool command_has_noun(const char *noun);
/* The words of the command nearest to what was typed: "card show"; NULL when
 * nothing is near. */
const char *command_nearest(
    struct pool *pool, const char *noun, const char *verb);
/* "card show", "status". */
const char *command_words(struct pool *pool, const struct command *command);

/* Prints all commands; those of a noun; one with its options and example. */
void help_overview(struct session *session);
void help_noun(struct session *session, const char *noun);
void help_command(struct session *session, const struct command *command);

/*
 * The whole program but opening and closing the session: parses, finds the
 * command, runs it.
 */
enum exit_code referctl_run(struct session *session, int argc, char **argv);

/* The handlers, a file for each noun. */
enum exit_code run_init(struct session *, const struct arguments *);
enum exit_code run_card_show(struct session *, const struct arguments *);
enum exit_code run_card_export(struct session *, const struct arguments *);
enum exit_code run_card_import(struct session *, const struct arguments *);
enum exit_code run_card_accept(struct session *, const struct arguments *);
enum exit_code run_card_request(struct session *, const struct arguments *);
enum exit_code run_card_sign(struct session *, const struct arguments *);
enum exit_code run_card_install(struct session *, const struct arguments *);
enum exit_code run_key_rotate(struct session *, const struct arguments *);
enum exit_code run_revocation_make(struct session *, const struct arguments *);
enum exit_code run_revocation_import(
    struct session *, const struct arguments *);
enum exit_code run_peer_list(struct session *, const struct arguments *);
enum exit_code run_peer_show(struct session *, const struct arguments *);
enum exit_code run_peer_invite(struct session *, const struct arguments *);
enum exit_code run_peer_close(struct session *, const struct arguments *);
enum exit_code run_mou_check(struct session *, const struct arguments *);
enum exit_code run_mou_offer(struct session *, const struct arguments *);
enum exit_code run_mou_sign(struct session *, const struct arguments *);
enum exit_code run_mou_export(struct session *, const struct arguments *);
enum exit_code run_mou_import(struct session *, const struct arguments *);
enum exit_code run_mou_list(struct session *, const struct arguments *);
enum exit_code run_mou_show(struct session *, const struct arguments *);
enum exit_code run_referral_send(struct session *, const struct arguments *);
enum exit_code run_referral_list(struct session *, const struct arguments *);
enum exit_code run_referral_show(struct session *, const struct arguments *);
enum exit_code run_referral_act(struct session *, const struct arguments *);
enum exit_code run_disclosures(struct session *, const struct arguments *);
enum exit_code run_erase(struct session *, const struct arguments *);
enum exit_code run_explain(struct session *, const struct arguments *);
enum exit_code run_feed_follow(struct session *, const struct arguments *);
enum exit_code run_feed_list(struct session *, const struct arguments *);
enum exit_code run_feed_show(struct session *, const struct arguments *);
enum exit_code run_feed_delete(struct session *, const struct arguments *);
enum exit_code run_due(struct session *, const struct arguments *);
enum exit_code run_ledger_list(struct session *, const struct arguments *);
enum exit_code run_ledger_show(struct session *, const struct arguments *);
enum exit_code run_ledger_verify(struct session *, const struct arguments *);
enum exit_code run_ledger_export(struct session *, const struct arguments *);
enum exit_code run_ledger_witness(struct session *, const struct arguments *);
enum exit_code run_ledger_conflicts(struct session *, const struct arguments *);
enum exit_code run_ledger_renew(struct session *, const struct arguments *);
enum exit_code run_ledger_convict(struct session *, const struct arguments *);
enum exit_code run_evidence_export(struct session *, const struct arguments *);
enum exit_code run_evidence_verify(struct session *, const struct arguments *);
enum exit_code run_store_check(struct session *, const struct arguments *);
enum exit_code run_key_slot(struct session *, const struct arguments *);
enum exit_code run_panic(struct session *, const struct arguments *);
enum exit_code run_backup(struct session *, const struct arguments *);
enum exit_code run_restore(struct session *, const struct arguments *);
enum exit_code run_status(struct session *, const struct arguments *);
enum exit_code run_health(struct session *, const struct arguments *);
enum exit_code run_doctor(struct session *, const struct arguments *);
enum exit_code run_top(struct session *, const struct arguments *);
enum exit_code run_completion(struct session *, const struct arguments *);
enum exit_code run_help(struct session *, const struct arguments *);

#endif
