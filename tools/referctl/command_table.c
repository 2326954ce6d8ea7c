/* The commands of referctl, a row each. Add a row, a handler, a test. */
#include "referctl/command.h"

#include <string.h>

#include "referctl/command_options.h"
#include "referctl/words.h"

/* clang-format off */
static const struct command commands[] = {
{ "init", "", "DIR", 1, 1, init_options,
  "make an agency: keys, card, configuration",
  "Makes the folder DIR (for its owner alone) with a new agency in it: its keys\n"
  "in DIR/keys, its signed card in DIR/card, a signed revocation in\n"
  "DIR/revocation, and DIR/referd.yaml when there is none; with --config the\n"
  "configuration is that file, and with --socket it names that socket. Nothing\n"
  "that exists is overwritten. When root makes it in a folder of another user,\n"
  "what is in DIR is made as that user, who may read the configuration. Needs no\n"
  "running gateway.",
  "referctl init /var/lib/referd --name \"Open Door\" \\\n"
  "    --listen tls+tcp://0.0.0.0:7443 \\\n"
  "    --endpoint tls+tcp://gateway.opendoor.example:7443 \\\n"
  "    --contact \"referral_lead;M. K.;+000 555 0101;Mo-Sa 10:00-20:00\" \\\n"
  "    --user intake:submit,act,read",
  run_init },
{ "card", "show", "[AGENCY]", 0, 1, NULL,
  "show who an agency is; without AGENCY, ours",
  "Prints name, id, endpoints, keys with their validity, and point persons. For\n"
  "another agency also its state here and the safety number to compare.",
  "referctl card show\n"
  "referctl card show \"City TB Hospital\"",
  run_card_show },
{ "card", "export", "", 0, 0, card_export_options,
  "write our card, to be given to other agencies",
  "Prints our signed card as text that survives mail. Holds nothing secret.",
  "referctl card export -o opendoor.card",
  run_card_export },
{ "card", "import", "FILE", 1, 1, NULL,
  "read another agency's card, before accepting it",
  "Reads a card (as text or bytes; \"-\" is standard input), checks its signature\n"
  "and keeps it. Nothing is exchanged with that agency until `card accept`. Prints\n"
  "the safety number: phone the other agency, on a number you have from elsewhere,\n"
  "and compare it with theirs.",
  "referctl card import hospital.card",
  run_card_import },
{ "card", "accept", "FILE|AGENCY", 1, 1, card_accept_options,
  "trust a card: the safety numbers were the same",
  "From now on the two gateways talk. A FILE is imported first; an AGENCY is one\n"
  "whose card is here already. On a terminal it shows the safety number (of an\n"
  "invitation their agency id) and asks whether it is the same over the phone. With\n"
  "--safety-number the gateway compares it and refuses when one digit differs. A\n"
  "closed agency is opened again.",
  "referctl card accept hospital.card\n"
  "referctl card accept \"City TB Hospital\" \\\n"
  "    --safety-number \"12345 12345 12345 12345 12345 12345 \\\n"
  "12345 12345 12345 12345 12345 12345\"",
  run_card_accept },
{ "card", "request", "[KEY...]", 0, ANY_COUNT, card_request_options,
  "make new keys, and a card for the root key to sign",
  "For gateways whose root key lives elsewhere. Makes a new key of each KEY (log,\n"
  "witness, operation, last-resort, tls or all; default: those that are due) in the\n"
  "gateway's folder of keys, and writes the card that shows them, unsigned, as text\n"
  "to be carried to the root key. Nothing is used before `card install`. Run it as\n"
  "the gateway's user; it may be running.",
  "referctl -c /etc/referd.yaml card request -o next.request\n"
  "referctl -c /etc/referd.yaml card request all -o next.request",
  run_card_request },
{ "card", "sign", "REQUEST", 1, 1, card_sign_options,
  "sign a card with the root key, wherever that is",
  "Reads what `card request` wrote, shows what changes against the card before it,\n"
  "asks, signs, and writes the card to be carried back. Needs no gateway, no network\n"
  "and no configuration.",
  "referctl card sign next.request --keys /media/stick/keys -o next.card",
  run_card_sign },
{ "card", "install", "FILE", 1, 1, card_install_options,
  "put our next card into its place",
  "Verifies that the card follows the one in use and that all its keys are here,\n"
  "puts it into its place, and has a running gateway take it and tell the others.\n"
  "The card before is kept beside it. Run it as the gateway's user.",
  "referctl -c /etc/referd.yaml card install next.card",
  run_card_install },
{ "key", "slot", "[WHERE]", 0, 1, key_slot_options,
  "show or change where the key of the store is",
  "Without WHERE: show it. `file`: in KEYS, not encrypted. `passphrase`: the same,\n"
  "encrypted; referd then needs --passphrase-file, or a credential. `token`: the\n"
  "same, for the PKCS#11 token that store_token names. `credential`: writes it to a\n"
  "file for systemd-creds, and says how to go on; `drop` destroys the one in KEYS when\n"
  "the credential works. `new`: begin again after a panic, with a new key (for the\n"
  "token, where store_token names one) and without what nobody can read.",
  "referctl -c FILE key slot passphrase --new-passphrase-file secret",
  run_key_slot },
{ "key", "rotate", "[KEY...]", 0, ANY_COUNT, key_rotate_options,
  "request, sign and install in one, where the root key is at hand",
  "Makes a new key of each KEY (log, witness, operation, last-resort, tls or all;\n"
  "default: those that are due), signs the card that shows them with the root key,\n"
  "and has the gateway take it. Earlier keys stay on the card until their end, but\n"
  "for --at-once. With a root key that has no passphrase and lies among the keys, a\n"
  "running gateway does this by itself in time.",
  "referctl -c /etc/referd.yaml key rotate all\n"
  "referctl -c /etc/referd.yaml key rotate operation --at-once",
  run_key_rotate },
{ "revocation", "make", "", 0, 0, revocation_make_options,
  "sign the end of our card, naming how far each ledger is good",
  "`init` made one that names no ledger, for the day that all is lost. This one also\n"
  "says, of each ledger that the gateway holds now, up to which entry it is our own:\n"
  "make it while the gateway is still to be believed. Nothing is ended by making it.",
  "referctl -c /etc/referd.yaml revocation make --keys /media/stick -o end.revocation",
  run_revocation_make },
{ "revocation", "import", "FILE", 1, 1, revocation_import_options,
  "end a card for good: ours, or that of an agency that is known here",
  "Verifies the revocation with the root key of the card that is here. Ours: this\n"
  "gateway tells all it knows, and does nothing else any more. Another agency's:\n"
  "nothing of it is taken any more, and what was queued for it goes back to staff.\n"
  "What was signed before stays, and can be verified. There is no way back: whose\n"
  "card was revoked begins anew, with `init`.",
  "referctl revocation import opendoor.revocation",
  run_revocation_import },
{ "peer", "list", "", 0, 0, NULL,
  "list the agencies we know, and how the line to each is",
  "settled: both sides agree on what they hold, so that entries can flow. queued:\n"
  "what waits to be sent. unanswered: what they have received but not answered.",
  "referctl peer list",
  run_peer_list },
{ "peer", "show", "AGENCY", 1, 1, NULL,
  "show all there is to know about an agency",
  "Its card with endpoints, keys and point persons; how the line to it is; the\n"
  "ledgers both ways; the agreements with it and who of us two has signed them.",
  "referctl peer show \"City TB Hospital\"",
  run_peer_show },
{ "peer", "invite", "", 0, 0, peer_invite_options,
  "write an invitation for one agency that we do not know yet",
  "Writes our card with a code on top, to be given to that agency. When it accepts\n"
  "the file (`card accept FILE`) its card comes here by itself and waits for\n"
  "`card accept AGENCY`. A code is good for one agency, once. They phone before\n"
  "they accept: read them your agency id.",
  "referctl peer invite -o opendoor.invitation",
  run_peer_invite },
{ "peer", "close", "AGENCY", 1, 1, peer_close_options,
  "stop talking to an agency; what was queued goes back to staff",
  "Nothing is sent to it or taken from it any more; its gateway is told that this\n"
  "one is closed. Referrals and steps that were queued and wait for its decision\n"
  "will never be sent: they are listed, and told to the events as\n"
  "referral.returned. What is so already (our own decisions, withdrawals) waits, and\n"
  "is told when the agency is opened again with --reopen or `card accept`.",
  "referctl peer close \"City TB Hospital\"\n"
  "referctl peer close \"City TB Hospital\" --reopen",
  run_peer_close },
{ "mou", "check", "FILE", 1, 1, NULL,
  "check an agreement's YAML file",
  "Reads the file and checks every reference in it, without a gateway. Says where\n"
  "(line and column, or path), what, and what to write instead.",
  "referctl mou check mou.yaml",
  run_mou_check },
{ "mou", "offer", "FILE", 1, 1, mou_offer_options,
  "bind an agreement's parties to agencies, and offer it to them",
  "Binds each party to an agency's id and root key, checks the agreement and hands\n"
  "it to the gateway, which sends it to the other parties. Prints its id: the hash\n"
  "of the exact bytes that everyone signs. With --sign also signs it.",
  "referctl mou offer mou.yaml --party opendoor=\"Open Door\" \\\n"
  "    --party tbhosp=\"City TB Hospital\" --party social=k7dq",
  run_mou_offer },
{ "mou", "sign", "FILE|MOU", 1, 1, mou_sign_options,
  "sign an agreement with the agency's root key",
  "MOU is the id of one that was offered. Of a FILE the offer is found that says\n"
  "exactly the same; when none does, nothing is signed. Shows what is signed, signs with root.pem and hands the signature to the\n"
  "gateway. The key is read here, by this user; the gateway never needs it. An\n"
  "agreement is in force towards an agency when all have signed and both\n"
  "gateways have said so to each other.",
  "referctl -c referd.yaml mou sign mou.yaml\n"
  "referctl -c referd.yaml mou sign 3f9c --keys /mnt/stick/keys\n"
  "referctl mou sign offered.mou --keys /media/stick/keys -o signed.mou",
  run_mou_sign },
{ "mou", "export", "MOU", 1, 1, mou_export_options,
  "write an agreement, to be signed where the root key is",
  "For gateways whose root key lives elsewhere. Writes the exact bytes of the\n"
  "agreement, and the signatures held here, as text to be carried to the root key.\n"
  "There `mou sign FILE -o OUT` shows all of it, signs and writes it anew, without a\n"
  "gateway, a network or a configuration.",
  "referctl mou export 3f9c -o offered.mou",
  run_mou_export },
{ "mou", "import", "FILE", 1, 1, NULL,
  "hand over the signatures of an agreement that was signed elsewhere",
  "Verifies all that is in FILE and hands its signatures to the gateway, which has\n"
  "the agreement already.",
  "referctl mou import signed.mou",
  run_mou_import },
{ "mou", "list", "", 0, 0, NULL,
  "list the agreements",
  "The agreements this gateway holds, with their dates and signatures.",
  "referctl mou list",
  run_mou_list },
{ "mou", "show", "MOU", 1, 1, NULL,
  "show an agreement: parties, pathways, elements, signatures",
  "MOU is the id, or as much of its beginning as is unique.",
  "referctl mou show 3f9c",
  run_mou_show },
{ "referral", "send", "FILE", 1, 1, referral_send_options,
  "send a referral from a YAML file, or many from a file of JSON lines",
  "Checks the referral against the agreement and the person's consent, and hands it\n"
  "to the gateway. When it says stored, it is on disk and will arrive. When it is\n"
  "refused nothing has left: the clause, the reason and the remedy are printed.\n"
  "With --many each line is a referral as refer-referral(5) shows, thousands go at\n"
  "once, and each has its own answer. Sent again after an interruption, the same\n"
  "file sends nobody twice. Exit status 3 when a line was refused or is wrong.",
  "referctl referral send referral.yaml --key visit-2026-12-01-17\n"
  "referctl referral send --many screening-day.jsonl",
  run_referral_send },
{ "referral", "list", "", 0, 0, referral_list_options,
  "list referrals",
  "All referrals this gateway knows, sent and received.",
  "referctl referral list --state accepted --peer \"City TB Hospital\"",
  run_referral_list },
{ "referral", "show", "REFERRAL", 1, 1, NULL,
  "tell a referral's story, event by event",
  "REFERRAL is the id, or as much of its beginning as is unique. Prints what was\n"
  "asked, what was said about the person, every event with who and when, and the\n"
  "steps that can be taken here now. Needs the right to read content.",
  "referctl referral show 0190b2c4",
  run_referral_show },
{ "referral", "act", "REFERRAL STEP [NAME=VALUE]...", 2, ANY_COUNT, referral_act_options,
  "take the next step of a referral",
  "STEP is one of those that `referral show` lists, such as opened, accept, ask,\n"
  "choose_time, arrive, start, finish, acknowledge. NAME=VALUE says what the step\n"
  "needs; when something is missing, the answer names it.",
  "referctl referral act 0190b2c4 accept offer=\"2026-12-02 09:00\" --role intake_nurse",
  run_referral_act },
{ "erase", "", "[REFERRAL]", 0, 1, erase_options,
  "erase what was said about a person, for good",
  "Destroys contents, their salts and their keys here, so that no backup opens them\n"
  "either. Ledgers verify as before. The other agency is told by a signed notice, and\n"
  "answers what it did: `referral show` says. A referral that still waits is never\n"
  "sent. With --element the rest stays readable here, as a copy without proof.\n"
  "Needs the right erase.",
  "referctl erase 0190b2c4 --reason person_asked\n"
  "referctl erase 0190b2c4 --element contact_route --reason person_asked\n"
  "referctl erase --pairwise - --reason person_asked --dry-run",
  run_erase },
{ "disclosures", "", "[REFERRAL]", 0, 1, disclosures_options,
  "who was told what of a person, when, and by which consent",
  "What was shared with other agencies, and by them with us: of one referral, of all\n"
  "that name a person's pairwise id, or of all there are. Codes of elements, never\n"
  "what they say. Of what was erased it stays known that something was shared, with\n"
  "whom and when. Nothing is stored for this: it is read from the events.",
  "referctl disclosures 0190b2c4\n"
  "referctl disclosures --pairwise - --json\n"
  "referctl disclosures --since 2026-01-01 --until 2027-01-01",
  run_disclosures },
{ "explain", "", "FILE", 1, 1, explain_options,
  "would this referral be let out? Nothing is sent",
  "Judges the referral as `referral send` would, and stops there. Exit status 3\n"
  "when it would be refused; the clause, the reason and the remedy are printed.",
  "referctl explain referral.yaml",
  run_explain },
{ "feed", "follow", "", 0, 0, feed_follow_options,
  "print events as they come",
  "Reads the gateway's events from a durable position. Without --ack the position\n"
  "stays and the same events come again next time. With --json each event is one\n"
  "line.",
  "referctl feed follow --cursor backup --ack --json",
  run_feed_follow },
{ "feed", "list", "", 0, 0, NULL,
  "list the durable positions in the events",
  "Each program that follows the events has one. position: the last event that was\n"
  "acknowledged. head: the newest.",
  "referctl feed list",
  run_feed_list },
{ "feed", "show", "POSITION", 1, 1, NULL,
  "show one event with everything that was said in it",
  "POSITION is the number that `feed follow --json` prints with each event.\n"
  "generation, index: the entry that both agencies signed, in the ledger of who\n"
  "took the step, as `evidence export` names it; empty until they did.",
  "referctl feed show 17",
  run_feed_show },
{ "feed", "delete", "CURSOR", 1, 1, NULL,
  "delete a durable position that no program uses any more",
  "A program that follows under this name again begins with the first event.",
  "referctl feed delete backup",
  run_feed_delete },
{ "due", "", "", 0, 0, due_options,
  "what waits for us, and what for others, longest first",
  "Each referral that has not ended, with the usual next step, who has to take it,\n"
  "and how long it has waited since the last event. Referrals that came back from a\n"
  "closed agency wait for us.",
  "referctl due",
  run_due },
{ "ledger", "list", "", 0, 0, NULL,
  "list the co-signed ledgers, two for each agency",
  "out: what we told them. in: what they told us. cosigned: how many entries the\n"
  "recipient has signed for. taken: how many its programs have acknowledged.",
  "referctl ledger list",
  run_ledger_list },
{ "ledger", "show", "AGENCY out|in", 2, 2, ledger_show_options,
  "show a ledger's entries and how each was answered",
  "Codes, times and digests only; what an entry says is with its referral.",
  "referctl ledger show \"City TB Hospital\" out --after 100",
  run_ledger_show },
{ "ledger", "verify", "[AGENCY]", 0, 1, NULL,
  "recompute and verify ledgers",
  "Hashes every entry again, compares the roots and verifies the signatures of\n"
  "both sides. Exit status 3 when one is not intact.",
  "referctl ledger verify",
  run_ledger_verify },
{ "ledger", "export", "AGENCY", 1, 1, ledger_export_options,
  "write our co-signed checkpoints, for the other agency to compare",
  "The newest thousand of each of the two ledgers that are kept here; each covers\n"
  "all entries before it. They say who talks to whom and how much, and nothing of\n"
  "what is said. Needs the rights admin and read.",
  "referctl ledger export \"City TB Hospital\" -o checkpoints",
  run_ledger_export },
{ "ledger", "witness", "FILE", 1, 1, ledger_proof_options,
  "compare another agency's checkpoints with what is held here",
  "FILE is what `ledger export` wrote there. Verifies the signatures, and computes\n"
  "from our own entries the root at each size. agrees: the same. ahead: more than we\n"
  "hold, and not signed by us. lost_here: we signed for more than we hold.\n"
  "contradicts: another root, signed: the author shows two histories, and with\n"
  "--output the proof of it is written. not_signed: it proves nothing. Exit status 3\n"
  "for the last three.",
  "referctl ledger witness checkpoints-of-hospital",
  run_ledger_witness },
{ "ledger", "conflicts", "[AGENCY]", 0, 1, ledger_proof_options,
  "list ledgers whose author showed two histories",
  "stopped: until this gateway's operator says how to go on. agreed: said. over: the\n"
  "next generation has begun. With --output the newest one's proof is written.",
  "referctl ledger conflicts -o proof",
  run_ledger_conflicts },
{ "ledger", "renew", "AGENCY", 1, 1, NULL,
  "end a conflict: the ledger goes on in a new generation",
  "Find out first how the author's key came to sign two histories: a copy of its\n"
  "store that ran, or a stolen key (then: revocation). Where both gateways stopped,\n"
  "both operators say it. Who did is logged.",
  "referctl ledger renew \"City TB Hospital\"",
  run_ledger_renew },
{ "ledger", "convict", "FILE", 1, 1, ledger_convict_options,
  "verify the proof that an author shows two histories",
  "FILE is what `ledger conflicts -o` or `ledger witness -o` wrote. Needs no gateway\n"
  "and no network. Exit status 3 when it proves nothing.",
  "referctl ledger convict proof --card hospital.card",
  run_ledger_convict },
{ "evidence", "export", "REFERRAL", 1, 1, evidence_export_options,
  "write what proves a referral to others",
  "Makes FOLDER, for this user alone, with every event of the referral that the\n"
  "other agency co-signed: header, salt, content (unless it was erased), the proof\n"
  "that it is in the ledger, the answers to it, all cards of both agencies, and the\n"
  "agreement with its signatures. refer-evidence(5) describes the files. Nothing\n"
  "that exists is overwritten. The folder says what was said about a person; with\n"
  "--without-content it says nothing of that. Needs the rights admin and read; the\n"
  "gateway's log says who exported what.",
  "referctl evidence export 0190b2c4 -o evidence-0190b2c4\n"
  "referctl evidence export 0190b2c4 --without-content -o proof",
  run_evidence_export },
{ "evidence", "verify", "FOLDER", 1, 1, evidence_verify_options,
  "judge a folder of evidence, without a gateway or a network",
  "Verifies cards, signatures, proofs, contents, answers and the agreement, with\n"
  "what is in the folder alone, and says of each event whether it was held, refused\n"
  "(clause and remedy) or absent, or unanswered, with the times of both agencies.\n"
  "Names each file that fails. The files cannot tell whose the agencies' ids are:\n"
  "give those that the agencies told you with --agency. Exit status 3 when anything\n"
  "does not verify, or an --agency is not among them.",
  "referctl evidence verify evidence-0190b2c4 \\\n"
  "    --agency zc5qxt6fvffn5jdyjvqmsfjyll",
  run_evidence_verify },
{ "store", "check", "", 0, 0, store_check_options,
  "verify every row, tree and index of the store against each other",
  "Authenticates and reads every row, builds every ledger's tree anew, verifies\n"
  "notes, cards and agreements, and holds events, referrals and contents against\n"
  "each other. The gateway does it in small pieces between its other work; --offline\n"
  "does it without a gateway, and also looks for contents that nothing speaks of.\n"
  "Exit status 3 when anything is not as it should be.",
  "referctl store check\n"
  "referctl -c /etc/referd.yaml store check --offline",
  run_store_check },
{ "panic", "", "", 0, 0, panic_options,
  "make all that is stored here unreadable, at once and for good",
  "Overwrites and removes the key of the store, the vault and the keys of days, and\n"
  "ends the gateway, whether it answers or not. Nothing that is stored can be read\n"
  "any more, by anybody. What other agencies hold they keep, and what they had not\n"
  "yet handed over they still have. `panic: forbidden` in the configuration forbids\n"
  "it. A token's key stays, and opens nothing that is left here; --token destroys it,\n"
  "too. To begin again: referctl key slot new.",
  "referctl -c FILE panic --yes",
  run_panic },
{ "backup", "", "FILE", 1, 1, backup_options,
  "copy the store to a file, while the gateway works",
  "Writes all of the store as it is at one moment, sealed as on the disk, with hashes\n"
  "and an end, so that a file that is not whole is refused. It holds no key: not the\n"
  "store's, not of days, and not the vault's numbers, so that what is erased later\n"
  "cannot be read with it. Without a vault it is of no use: with --vault a copy of\n"
  "that is kept, one file, in which erasures follow with the next backup. FILE is\n"
  "replaced when the new one is whole; - is standard output.",
  "referctl -c FILE backup /mnt/stick/referd-2026-12-01 --vault /mnt/stick/vault",
  run_backup },
{ "restore", "", "FILE", 1, 1, restore_options,
  "put a backup in the place of the store of a stopped gateway",
  "Reads and checks all of FILE, then puts it in place in one step; what was there is\n"
  "kept in DATA/store.replaced. The gateway then knows that its store is an older copy,\n"
  "takes back what other agencies hold, and signs nothing twice. The vault that is\n"
  "there stays, so what was erased since stays erased.",
  "referctl -c FILE restore /mnt/stick/referd-2026-12-01",
  run_restore },
{ "status", "", "", 0, 0, NULL,
  "show how the gateway is",
  "Who it is, its numbers, and the line to each agency.",
  "referctl status",
  run_status },
{ "health", "", "", 0, 0, NULL,
  "is the gateway ready? For scripts and monitors",
  "Exit status 0 when it stores, sends and receives; 2 when none answers; 3 when it\n"
  "answers but is not ready.",
  "referctl health && echo ready",
  run_health },
{ "doctor", "", "", 0, 0, doctor_options,
  "find out what is wrong, and what to type about it",
  "Looks at the configuration, keys, card, folder and clock (with --config), then at\n"
  "the gateway: is it ready, do our endpoints answer with our key, and for each\n"
  "agency: do we hear from it, does its endpoint answer with the key of its card,\n"
  "which agreements are in force and whose signatures are missing. It connects to\n"
  "the endpoints of this agency and of all accepted ones, and sends them nothing.\n"
  "Each finding is ok, warning or problem, with a remedy. Exit status 3 when there\n"
  "is a problem.",
  "referctl -c /var/lib/referd/referd.yaml doctor",
  run_doctor },
{ "top", "", "", 0, 0, top_options,
  "watch the gateway work",
  "Agencies, queues, ledgers, rates, the store: a picture a second until q is\n"
  "pressed. In a pipe one picture, and the end.",
  "referctl top",
  run_top },
{ "completion", "", "bash|zsh", 1, 1, NULL,
  "print completion for a shell",
  "Installed with the program; to load it by hand, see the example. Names of\n"
  "agencies, referrals and steps are asked of the gateway while you type.",
  ". <(referctl completion bash)",
  run_completion },
{ "help", "", "[NOUN [VERB]]", 0, 2, NULL,
  "explain a command",
  "Without arguments: all commands.",
  "referctl help referral act",
  run_help },
};
/* clang-format on */

#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

const struct command *command_at(size_t i)
{
    return i < COMMAND_COUNT ? &commands[i] : NULL;
}

const struct command *command_find(const char *noun, const char *verb)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].noun, noun) == 0 &&
            strcmp(commands[i].verb, verb == NULL ? "" : verb) == 0)
            return &commands[i];
    }
    return NULL;
}

bool command_has_noun(const char *noun)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].noun, noun) == 0)
            return true;
    }
    return false;
}

const char *command_words(struct pool *pool, const struct command *command)
{
    return pool_format(pool, "%s%s%s", command->noun,
        command->verb[0] == '\0' ? "" : " ", command->verb);
}

const char *command_nearest(
    struct pool *pool, const char *noun, const char *verb)
{
    const struct command *nearest = NULL;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const char *typed_verb = verb == NULL ? "" : verb;
        size_t noun_distance = words_distance(noun, commands[i].noun);
        size_t verb_distance = words_distance(typed_verb, commands[i].verb);
        /* without a verb of its own, what follows is an argument */
        if (commands[i].verb[0] == '\0')
            verb_distance = 0;
        /* further than half of a word is another word */
        if (noun_distance > (strlen(commands[i].noun) + 1) / 2 ||
            verb_distance == SIZE_MAX)
            continue;
        size_t distance = 2 * noun_distance + verb_distance;
        if (distance < least) {
            least = distance;
            nearest = &commands[i];
        }
    }
    return nearest == NULL ? NULL : command_words(pool, nearest);
}
