/*
 * command_options.h - the options of each command: tables of command_table.c,
 * which alone includes them.
 */
#ifndef REFERCTL_COMMAND_OPTIONS_H
#define REFERCTL_COMMAND_OPTIONS_H

#include "referctl/arguments.h"

/* clang-format off */
#define ANY_COUNT 128 /* arguments that repeat; the gateway's limits are lower */

static const struct option_row init_options[] = {
    { "name",            'n', "NAME", "the agency's name, as others will see it (required)" },
    { "listen",          'l', "URL",  "where this gateway listens: tls+tcp://HOST:PORT" },
    { "endpoint",        'e', "URL",  "where others reach it, in the card; may repeat\n"
                                      "(default: the value of --listen)" },
    { "contact",         0,   "TEXT", "a point person: \"role;name;phone;hours\"; may repeat" },
    { "passphrase-file", 'p', "FILE", "encrypt the root key; the passphrase is FILE's first line" },
    { "root-dir",        'r', "DIR",  "make the root key and the revocation there, such as on a\n"
                                      "stick, instead of beside the other keys" },
    { "user",            'u', "USER", "NAME:RIGHTS for a local user, such as\n"
                                      "intake:submit,act,read; may repeat" },
    { "export",          'x', "FILE", "also write the card as text there, to be given away" },
    { NULL, 0, NULL, NULL }
};
static const struct option_row card_export_options[] = {
    { "output", 'o', "FILE", "write there instead of standard output" },
    { "dir",    'd', "DIR",  "take DIR/card of `init` instead of asking the gateway" },
    { NULL, 0, NULL, NULL }
};
static const struct option_row card_accept_options[] = {
    { "safety-number", 'n', "DIGITS", "the number you were told over the phone; compared" },
    { "invitation",    'i', "CODE",   "a code of theirs (peer invite): our card is left there\n"
                                      "by itself (default: the code in the file)" },
    { NULL, 0, NULL, NULL }
};
static const struct option_row card_request_options[] = {
    { "output",  'o', "FILE",  "where to write the request (required)" },
    { "after",   0,   "HOURS", "when the new keys begin to be used (default: half of\n"
                               "rotation.overlap_days, so that all hear of them before)" },
    { "at-once", 0,   NULL,    "use them now, and let those they follow go: they were\n"
                               "stolen or lost" },
    { "dir",     'd', "DIR",   "the gateway's folder (default: by --config)" },
    { NULL, 0, NULL, NULL }
};
static const struct option_row card_sign_options[] = {
    { "output",          'o', "FILE", "where to write the signed card (required)" },
    { "keys",            'k', "DIR",  "folder with root.pem (required)" },
    { "passphrase-file", 'p', "FILE", "the root key's passphrase is FILE's first line" },
    { "yes",             'y', NULL,   "do not ask for confirmation on a terminal" },
    { NULL, 0, NULL, NULL }
};
static const struct option_row card_install_options[] = {
    { "dir", 'd', "DIR", "the gateway's folder (default: by --config)" },
    { NULL, 0, NULL, NULL }
};
static const struct option_row key_rotate_options[] = {
    { "after",   0,   "HOURS", "when the new keys begin to be used (default: half of\n"
                               "rotation.overlap_days, so that all hear of them before)" },
    { "at-once", 0,   NULL,    "use them now, and let those they follow go: they were\n"
                               "stolen or lost" },
    { "dir",     'd', "DIR",   "the gateway's folder (default: by --config)" },
    { "keys",    'k', "DIR",   "folder with root.pem (default: the gateway's keys)" },
    { "passphrase-file", 'p', "FILE", "the root key's passphrase is FILE's first line" },
    { "yes",     'y', NULL,    "do not ask for confirmation on a terminal" },
    { NULL, 0, NULL, NULL }
};
static const struct option_row key_slot_options[] = {
    { "output",          'o', "FILE", "with credential: where to write the key (required)" },
    { "passphrase-file", 'p', "FILE", "the present passphrase is FILE's first line" },
    { "new-passphrase-file", 0, "FILE", "with passphrase: the new one (required)" },
    { "pin-file",         0,  "FILE", "the token's PIN is FILE's first line (default: by\n"
                                      "store_token)" },
    { "dir",             'd', "DIR",  "the gateway's folder (default: by --config)" },
    { "yes",             'y', NULL,   "do not ask for confirmation on a terminal" },
    { NULL, 0, NULL, NULL }
};
static const struct option_row panic_options[] = {
    { "dir", 'd', "DIR", "the gateway's folder (default: by --config)" },
    { "token", 't', NULL, "destroy the token's key as well" },
    { "pin-file", 0, "FILE", "the token's PIN is FILE's first line (default: by\n"
                             "store_token)" },
    { "yes", 'y', NULL,  "do not ask; required where nobody can be asked" },
    { NULL, 0, NULL, NULL }
};
static const struct option_row backup_options[] = {
    { "vault", 'v', "FILE", "also renew the vault's copy there, in place: always the same\n"
                            "FILE" },
    { "dir",   'd', "DIR",  "the gateway's folder (default: by --config)" },
    { NULL, 0, NULL, NULL }
};
static const struct option_row restore_options[] = {
    { "vault", 'v', "FILE", "the vault's copy, where the vault is gone" },
    { "passphrase-file", 'p', "FILE", "the passphrase of the store's key is FILE's first line" },
    { "dir",   'd', "DIR",  "the gateway's folder (default: by --config)" },
    { "yes",   'y', NULL,   "do not ask for confirmation on a terminal" },
    { NULL, 0, NULL, NULL }
};
static const struct option_row revocation_make_options[] = {
    { "output",          'o', "FILE", "where to write it (required)" },
    { "keys",            'k', "DIR",  "folder with root.pem (required)" },
    { "passphrase-file", 'p', "FILE", "the root key's passphrase is FILE's first line" },
    { "reason",          'r', "TEXT", "one line that others will read" },
    { NULL, 0, NULL, NULL }
};
static const struct option_row revocation_import_options[] = {
    { "yes", 'y', NULL, "do not ask for confirmation on a terminal" },
    { NULL, 0, NULL, NULL }
};
static const struct option_row peer_close_options[] = {
    { "reopen", 'r', NULL, "talk to a closed agency again" },
    { "yes",    'y', NULL, "do not ask for confirmation on a terminal" },
    { NULL, 0, NULL, NULL }
};
static const struct option_row peer_invite_options[] = {
    { "output", 'o', "FILE",  "write there instead of standard output" },
    { "hours",  0,   "HOURS", "how long the invitation holds (default 72)" },
    { NULL, 0, NULL, NULL }
};
static const struct option_row mou_offer_options[] = {
    { "party", 'p', "NAME=AGENCY", "which agency is which party of the file (default: the\n"
                                   "accepted agency whose card bears the party's name)" },
    { "sign",  0,   NULL,          "sign it as well, as `mou sign` does" },
    { "keys",  'k', "DIR",         "with --sign: folder with root.pem (default: keys beside\n"
                                   "--config)" },
    { "passphrase-file", 0, "FILE", "with --sign: the root key's passphrase is its first line" },
    { "yes",   'y', NULL,          "do not ask for confirmation on a terminal" },
    { NULL, 0, NULL, NULL }
};
static const struct option_row mou_export_options[] = {
    { "output", 'o', "FILE", "where to write it (required)" },
    { NULL, 0, NULL, NULL }
};
static const struct option_row mou_sign_options[] = {
    { "output",          'o', "FILE", "ask no gateway: sign what `mou export` wrote, and write\n"
                                      "it there; needs --keys" },
    { "keys",            'k', "DIR",  "folder with root.pem (default: keys beside --config)" },
    { "passphrase-file", 'p', "FILE", "the root key's passphrase is FILE's first line" },
    { "yes",             'y', NULL,   "do not ask for confirmation on a terminal" },
    { NULL, 0, NULL, NULL }
};
static const struct option_row referral_send_options[] = {
    { "key", 'k', "KEY",    "name of this intention: the same key again sends nothing\n"
                            "twice (default: a new one, printed)" },
    { "to",  't', "AGENCY", "send there, whatever the file says" },
    { "many", 'm', NULL,    "FILE has many, one JSON object a line" },
    { NULL, 0, NULL, NULL }
};
static const struct option_row explain_options[] = {
    { "to", 't', "AGENCY", "as if sent there, whatever the file says" },
    { NULL, 0, NULL, NULL }
};
static const struct option_row referral_list_options[] = {
    { "state",     0,   "STATE",  "only those in this state, such as accepted" },
    { "peer",      'p', "AGENCY", "only those with this agency" },
    { "direction", 'd', "WAY",    "only those we sent (out) or were sent (in)" },
    { NULL, 0, NULL, NULL }
};
static const struct option_row referral_act_options[] = {
    { "element", 'e', "CODE=VALUE", "something about the person; may repeat" },
    { "actor",   'a', "WHO",  "staff (default), person or companion" },
    { "role",    'r', "ROLE", "role of whoever acts, such as intake_nurse" },
    { "key",     'k', "KEY",  "name of this intention: the same key again does nothing\n"
                              "twice (default: a new one, printed)" },
    { NULL, 0, NULL, NULL }
};
static const struct option_row erase_options[] = {
    { "reason",   'r', "REASON", "why: person_asked, retention_over, wrong_person or law\n"
                                 "(required, but for --dry-run)" },
    { "element",  'e', "CODE",   "erase this element alone; may repeat (default: all that\n"
                                 "was said)" },
    { "pairwise", 0,   "FILE",   "of all referrals that name a person: their pairwise id is\n"
                                 "FILE's first line (\"-\": standard input)" },
    { "actor",    'a', "WHO",    "who decided: staff (default), person or companion" },
    { "dry-run",  'n', NULL,     "say what would be erased, and erase nothing" },
    { "yes",      'y', NULL,     "do not ask for confirmation" },
    { NULL, 0, NULL, NULL }
};
static const struct option_row disclosures_options[] = {
    { "pairwise", 0, "FILE", "of all referrals that name a person: their pairwise id is\n"
                             "FILE's first line (\"-\": standard input)" },
    { "since",    0, "TIME", "from that day or time on (2026-11-30)" },
    { "until",    0, "TIME", "before that day or time" },
    { NULL, 0, NULL, NULL }
};
static const struct option_row feed_follow_options[] = {
    { "cursor", 'n', "CURSOR", "durable position to read from (default: referctl)" },
    { "ack",    'a', NULL,    "acknowledge what was printed: it does not come again" },
    { "once",   '1', NULL,    "print what is there and stop" },
    { "count",  0,   "COUNT", "stop after so many events" },
    { NULL, 0, NULL, NULL }
};
static const struct option_row due_options[] = {
    { "peer", 'p', "AGENCY", "only referrals with this agency" },
    { NULL, 0, NULL, NULL }
};
static const struct option_row doctor_options[] = {
    { "offline", 0, NULL, "look at files only; ask no gateway, dial nobody" },
    { "problems", 0, NULL, "print what is not ok alone" },
    { NULL, 0, NULL, NULL }
};
static const struct option_row store_check_options[] = {
    { "offline", 0,   NULL, "the gateway is stopped: look at its files, by --config" },
    { "repair",  0,   NULL, "with --offline: take out what is damaged; what other\n"
                            "agencies hold is taken back from them afterwards" },
    { "passphrase-file", 'p', "FILE", "the passphrase of the store's key is FILE's first line" },
    { "yes",     'y', NULL, "do not ask for confirmation" },
    { NULL, 0, NULL, NULL }
};
static const struct option_row top_options[] = {
    { "once",  '1', NULL,      "print one picture and stop" },
    { "delay", 'd', "SECONDS", "look again after so long (default 1)" },
    { NULL, 0, NULL, NULL }
};
static const struct option_row ledger_show_options[] = {
    { "after", 'a', "N",     "begin after entry N" },
    { "count", 0,   "COUNT", "show so many entries (default 100)" },
    { NULL, 0, NULL, NULL }
};
static const struct option_row ledger_export_options[] = {
    { "output", 'o', "FILE", "the file to write (required)" },
    { NULL, 0, NULL, NULL }
};
static const struct option_row ledger_proof_options[] = {
    { "output", 'o', "FILE", "where to write the proof, if there is one" },
    { NULL, 0, NULL, NULL }
};
static const struct option_row ledger_convict_options[] = {
    { "card", 'k', "CARD", "a card of the author (required); may repeat" },
    { NULL, 0, NULL, NULL }
};
static const struct option_row evidence_export_options[] = {
    { "output",          'o', "FOLDER", "the folder to make (required)" },
    { "without-content", 0,   NULL,     "show nothing of what was said: prove only that\n"
                                        "entries existed and were received" },
    { NULL, 0, NULL, NULL }
};
static const struct option_row evidence_verify_options[] = {
    { "agency", 'a', "ID", "an agency's id, as it told you itself; may repeat" },
    { NULL, 0, NULL, NULL }
};
/* clang-format on */

#endif
