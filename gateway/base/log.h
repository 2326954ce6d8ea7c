/*
 * log.h - the closed list of what a gateway can say in its log. An event has
 * typed fields: agencies, referrals, codes, numbers. There is no field for
 * free text, so nothing that a person said can get into a log by accident.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "base/id.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG, LOG_LEVEL_COUNT };

/* Symbol, level, name, what it means to an operator. Append only. */
/* clang-format off */
#define LOG_EVENT_LIST(X)                                                      \
    X(GATEWAY_STARTED, INFO, "gateway.started",                                \
        "the store is open and the gateway works")                             \
    X(GATEWAY_STOPPED, INFO, "gateway.stopped",                                \
        "the gateway ended as asked")                                          \
    X(STORE_FAILED, ERROR, "store.failed",                                     \
        "a commit failed: the process ends and must be started again")         \
    X(STORE_FILLED, WARNING, "store.filled",                                   \
        "new referrals are refused until there is room: see map_size_mib")     \
    X(CARD_IMPORTED, INFO, "card.imported",                                    \
        "a card waits to be accepted")                                         \
    X(CARD_ACCEPTED, INFO, "card.accepted",                                    \
        "an operator accepted an agency's card")                               \
    X(CARD_UPDATED, INFO, "card.updated",                                      \
        "an agency sent a newer card")                                         \
    X(CARD_REFUSED, WARNING, "card.refused",                                   \
        "a newer card did not verify")                                         \
    X(PEER_REFUSED, WARNING, "peer.refused",                                   \
        "something from a peer was refused: see code")                         \
    X(PEER_FAILED, WARNING, "peer.failed",                                     \
        "a peer could not be reached; it is tried again")                      \
    X(PEER_RECOVERED, INFO, "peer.recovered",                                  \
        "a peer that could not be reached answered")                           \
    X(LEDGER_SETTLED, DEBUG, "ledger.settled",                                 \
        "both ends agree what the ledger holds")                               \
    X(LEDGER_UNSETTLED, INFO, "ledger.unsettled",                              \
        "the peer asks to compare before anything is signed")                  \
    X(LEDGER_TROUBLED, ERROR, "ledger.troubled",                               \
        "a ledger stands still: see code, and referctl ledger list")           \
    X(PARCEL_SENT, INFO, "parcel.sent", "entries left for a peer")            \
    X(PARCEL_COSIGNED, DEBUG, "parcel.cosigned",                               \
        "a peer signed that it holds our entries")                             \
    X(PARCEL_RECEIVED, INFO, "parcel.received",                               \
        "entries of a peer are durable here")                                  \
    X(REFERRAL_SUBMITTED, DEBUG, "referral.submitted",                          \
        "a program of this agency handed over a referral")                     \
    X(REFERRAL_RECEIVED, DEBUG, "referral.received",                            \
        "a peer referred a person to this agency")                             \
    X(REFERRAL_STEPPED, DEBUG, "referral.stepped",                              \
        "a referral went on")                                                  \
    X(REFERRAL_REFUSED, WARNING, "referral.refused",                           \
        "a referral or a step of one was refused: see code")                   \
    X(REFERRAL_ERASED, INFO, "referral.erased",                                \
        "contents of a referral were erased")                                  \
    X(EVIDENCE_READ, INFO, "evidence.read",                                    \
        "a user took what proves a referral to others")                        \
    X(MOU_OFFERED, INFO, "mou.offered", "an agreement waits for signatures")   \
    X(MOU_SIGNED, INFO, "mou.signed", "a party signed an agreement")           \
    X(MOU_IN_FORCE, INFO, "mou.in-force", "an agreement is in force here")     \
    X(MOU_CONTRADICTED, WARNING, "mou.contradicted",                           \
        "another agreement has its URN and version")                           \
    X(MOU_REFUSED, WARNING, "mou.refused",                                     \
        "a peer offered an agreement that cannot be enforced here")            \
    X(CLIENT_REFUSED, WARNING, "client.refused",                               \
        "a local program was refused: see code")                               \
    X(CONNECTION_REFUSED, WARNING, "connection.refused",                       \
        "a connection was refused or cut: see code")                           \
    X(KEYS_CHANGED, INFO, "keys.changed", "a new key sheet was made")          \
    X(KEYS_FAILED, ERROR, "keys.failed",                                       \
        "sealing keys could not be renewed; it is tried again in an hour")     \
    X(CONFIG_RELOADED, INFO, "config.reloaded",                                \
        "the configuration was read anew")                                     \
    X(CONFIG_REFUSED, ERROR, "config.refused",                                 \
        "the configuration has a mistake, told above: all stays as it was")    \
    X(CONFIG_IGNORED, WARNING, "config.ignored",                               \
        "a key changed that only a restart takes: see key")                    \
    X(METRICS_FAILED, WARNING, "metrics.failed",                               \
        "the metrics file could not be written; it is tried again")            \
    X(NOTIFY_FAILED, WARNING, "notify.failed",                                 \
        "the service manager could not be told how the gateway is")            \
    X(CLOCK_DOUBTED, WARNING, "clock.doubted",                                 \
        "the clock jumped: no key is destroyed until it ran evenly for a day") \
    X(CLOCK_TRUSTED, INFO, "clock.trusted",                                    \
        "the clock ran evenly for a day")                                      \
    X(PEER_CLOSED, INFO, "peer.closed",                                        \
        "an operator closed the line: nothing is sent to or taken from it")    \
    X(CARD_RENEWED, INFO, "card.renewed",                                      \
        "this agency has another card; peers are told")                        \
    X(CARD_DUE, WARNING, "card.due",                                           \
        "our card or a key of it ends soon, and the root key is not here: "    \
        "referctl card request")                                               \
    X(CARD_UNUSABLE, ERROR, "card.unusable",                                   \
        "a new card was not taken: see code, and referctl doctor")             \
    X(KEYS_USED, INFO, "keys.used", "other keys sign from now on")             \
    X(KEYS_RETIRED, INFO, "keys.retired",                                      \
        "private keys that were followed by others were destroyed")            \
    X(PEER_REVOKED, WARNING, "peer.revoked",                                   \
        "an agency ended its card for good: nothing of it is believed")        \
    X(CARD_REVOKED, WARNING, "card.revoked",                                   \
        "our own card is ended for good, and others are told")                 \
    X(LEDGER_DOUBTED, ERROR, "ledger.doubted",                                 \
        "a revocation says that entries above size were not the agency's own") \
    X(STORE_LOST, WARNING, "store.lost",                                       \
        "the store is older than what was signed: ledgers are taken back; "    \
        "said again at each start until *store.whole*")                        \
    X(STORE_WHOLE, INFO, "store.whole",                                        \
        "every agency has shown what it holds since the store lost something") \
    X(INSTANCE_FAILED, WARNING, "instance.failed",                             \
        "the mark beside the keys was not written: an old store may pass")     \
    X(LEDGER_RECOVERING, WARNING, "ledger.recovering",                         \
        "entries that were lost here are fetched from the peer")               \
    X(LEDGER_AWAITS, INFO, "ledger.awaits",                                    \
        "an answer of ours came back before the parcel that it speaks of")     \
    X(LEDGER_RESTS, WARNING, "ledger.rests",                                   \
        "what was lost is taken up later: words that it needs are damaged here") \
    X(LEDGER_RECOVERED, INFO, "ledger.recovered",                              \
        "all that the peer holds of both ledgers is here again")               \
    X(LEDGER_FETCHED, INFO, "ledger.fetched",                                  \
        "a peer that lost entries got them back from here")                    \
    X(LEDGER_RENEWED, WARNING, "ledger.renewed",                               \
        "a ledger goes on in a new generation: see ledger.recovered, .reopened") \
    X(REFERRAL_RETURNED, WARNING, "referral.returned",                         \
        "a step or referral was not sent: it had gone on, or had been sent, "  \
        "before a restore, or was erased on its way")                          \
    X(REFERRAL_RETOLD, INFO, "referral.retold",                                \
        "words were erased on their way: told again with what is left of them") \
    X(EXPIRY_NEARED, WARNING, "expiry.neared",                                 \
        "a card, a key or an agreement ends within a fortnight, or has ended") \
    X(MARK_REFUSED, WARNING, "mark.refused",                                   \
        "a peer says that its programs took more than it was told: passed over") \
    X(LEDGER_REOPENED, WARNING, "ledger.reopened",                             \
        "an operator ended a conflict: a new generation may follow")           \
    X(ALARM_RAISED, ERROR, "alarm.raised",                                     \
        "call the agency's point person: see code, and referctl status")       \
    X(ALARM_ENDED, INFO, "alarm.ended",                                        \
        "what was told about an agency is over")\
    X(HOLD_ENDED, INFO, "hold.ended",                                           \
        "our words of ended referrals, taken long ago, went")                  \
    X(RETENTION_ERASED, INFO, "retention.erased",                              \
        "what an agreement lets be held no longer was erased")                 \
    X(STORE_DAMAGED, ERROR, "store.damaged",                                   \
        "a check found a row that is not as it was: referctl store check")     \
    X(STORE_MENDED, INFO, "store.mended",                                      \
        "what was damaged is whole: contents by who holds them, too, rows by " \
        "what others say (from: this agency)")                                 \
    X(WORDS_GONE, ERROR, "words.gone",                                         \
        "words that are damaged here are gone at the other agency as well: "   \
        "they count as erased")                                                \
    X(STORE_CHECKED, INFO, "store.checked",                                    \
        "the gateway has looked at all of its store")                          \
    X(MEMORY_EXPOSED, WARNING, "memory.exposed",                               \
        "what people said can get onto a disk by the swap: referctl doctor")
/* clang-format on */

enum log_event {
#define X(symbol, level, name, help) LOG_##symbol,
    LOG_EVENT_LIST(X)
#undef X
        LOG_EVENT_COUNT
};

enum log_field_type {
    LOG_FIELD_NONE,
    LOG_FIELD_AGENCY,
    LOG_FIELD_UUID,
    LOG_FIELD_MOU,
    LOG_FIELD_CODE, /* static storage: a name from one of our tables */
    LOG_FIELD_NUMBER
};

struct log_field {
    enum log_field_type type;
    const char *name; /* static storage */
    union {
        struct agency_id agency;
        struct uuid uuid;
        struct mou_id mou;
        const char *code;
        int64_t number;
    } value;
};

#define LOG_FIELD_COUNT_MAX 6

struct log_entry {
    enum log_event event;
    struct log_field fields[LOG_FIELD_COUNT_MAX];
};

enum log_level log_event_level(enum log_event event);
const char *log_event_name(enum log_event event);
const char *log_event_help(enum log_event event);
const char *log_level_name(enum log_level level);

struct log_field log_agency(const char *name, const struct agency_id *agency);
struct log_field log_uuid(const char *name, const struct uuid *uuid);
struct log_field log_mou(const char *name, const struct mou_id *mou);
struct log_field log_code(const char *name, const char *code);
struct log_field log_number(const char *name, int64_t number);

/*
 * One line without a line feed: `event field=value ...`, zero-terminated, cut
 * at the capacity. Returns its length.
 */
size_t log_format(const struct log_entry *entry, char *line, size_t capacity);

#endif
