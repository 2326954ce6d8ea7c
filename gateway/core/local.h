/*
 * local.h - what programs of the agency ask of their gateway, and its answers,
 * as structures. Operations and fields go by name; this table is the contract
 * (librefer(3) repeats it for users). Fields that an operation does not know
 * are refused. Times are *_ms, milliseconds since 1970. Ids are text:
 * referrals "urn:uuid:...", MOUs 64 hex characters, agencies 26 base32.
 *
 * A right in brackets must be among those of the client's uid.
 *
 * hello []            application: text, protocol: number
 *     -> gateway {agency, name, protocol, version, rights}
 * submit [submit]     key, and records as below
 *     -> referral {id, state, mou}
 *     record referral {to, service, purpose, urgency, choice, ask_back,
 *                      reason_plain, consent_at_ms; optional: mou, thread,
 *                      parent, hop, role, id}
 *     record element {code, value}*      about the person
 *     record grant {to, purpose, elements, until_ms}*  elements: "a b c"
 * submit.many [submit]  record submit {request: data}*: the bytes of a request
 *                     submit each, without number; up to LOCAL_BATCH_COUNT_MAX
 *     -> for each, in their order: referral {as submit}, or
 *        refusal {error: number, problem, clause, remedy}
 * explain [submit]    as submit without key; changes nothing
 *     -> verdict {allowed: flag, problem, clause, remedy, mou}
 * act [act]           id, step, key; optional: actor (staff), role
 *     record detail {name, value}*, record element {code, value}*
 *     -> referral {id, state, pending: flag}   pending: the other agency's
 *                                              gateway decides
 * get [read]          id; optional: content: flag (default true)
 *     -> referral {id, state, direction: "out" or "in", peer, peer_name, mou,
 *                  service, purpose, urgency, choice, ask_back, reason_plain,
 *                  consent_at_ms, created_ms, updated_ms, pending: number,
 *                  steps: "a b c" that staff here may take; once something
 *                  was erased: erased_ms, erased_by: "us" or "them",
 *                  erased_reason, erased_whole: flag, erasure_notice:
 *                  "waiting", "erased" or "kept" by the other, or ""}
 *        element {code, value}*, grant {...}*
 *        event {position, type, step, by, actor, role, at_ms, state, status,
 *               problem, clause, remedy, generation, index}*, each followed by
 *               its detail {name, value}*, element {code, value}*
 *                    generation, index: its entry in the ledger of whom it is
 *                    by; "" and 0 until the other agency signed for it, and of
 *                    what gateways note
 * list [read]         optional: state, peer, direction, after (id), count
 *     -> referral {id, state, direction, peer, peer_name, service, urgency,
 *                  updated_ms}*, more {after}   what 4,096 of them gave
 * erase [erase]       id, reason: person_asked, retention_over, wrong_person,
 *                     law; optional: elements: "a b c" (all), actor (staff),
 *                     dry_run: flag (says what would go; needs no reason)
 *     -> erasure {id, state, contents: number, unsent: flag, dry_run: flag,
 *                 notice: as erasure_notice of get}
 *                     unsent: the other agency will never hear of it
 * erase.find [erase]  pairwise_id; optional: after (id): a piece of the search
 *     -> referral {id, state, direction}*,
 *        search {referrals: number, done: flag, after (id, to go on from)}
 * disclosures [read]  optional: id (one referral), or after (id); from_ms,
 *                     until_ms
 *     -> referral {id, direction, state, peer, peer_name, mou, agreement,
 *                  version, consent_ended: flag; as long as the request is
 *                  held: service, purpose, consent_at_ms, consent_until_ms,
 *                  consent_elements: "a b c"; once something was erased:
 *                  erased_ms, erased_by, erasure_notice as in get}*, each
 *                  followed by its
 *        disclosure {position, at_ms, by: "us" or "them", step, outcome,
 *                  elements: "a b c", words: flag, erased: flag}*
 *                    outcome: ours are "given", "waiting", "never" sent, or
 *                    "refused", not kept there; theirs "received", "refused"
 *        without id: search {as erase.find}
 * disclosures.find [read]  as erase.find
 * cursor.open [read]  name -> cursor {name, epoch, position, head}
 * cursor.next [read]  name; optional: wait_ms, count (1)
 *     -> event {...as above, epoch, referral, direction, peer, redeliveries}*
 *        with their details and elements; none when nothing came in time
 * cursor.ack [read]   name, epoch, position
 * cursor.rewind [read]  name
 * cursor.delete [read]  name
 * cursor.list [read]  -> cursor {name, epoch, position, head}*
 * card.show [read]    optional: agency (default: our own)
 *     -> card {agency, name, serial, issued_ms, valid_until_ms, state,
 *              safety_number, data (the SignedCard), sheet (SignedKeySheet)}
 *        endpoint {url}*, key {purpose, id, valid_from_ms, valid_until_ms}*,
 *        contact {role, name, phone, hours}*
 * card.list [read]    optional: agency (default: our own), below (serial)
 *     -> card {agency, serial, data}*   newest first, all that were ever held
 * card.import [admin] data (SignedCard); optional: sheet (SignedKeySheet)
 *     -> card {agency, name, serial, state, safety_number}
 * card.accept [admin] agency; optional: safety_number (compared when given),
 *                     invitation (a code of theirs: we leave our card there)
 *     -> card {agency, name, serial, state, safety_number}
 * peer.list [read]
 *     -> peer {agency, name, state, endpoint, settled: flag, queued: number,
 *              unanswered: number, failing_since_ms, next_try_ms,
 *              last_heard_ms, problem}*
 * peer.close [admin]  agency; optional: reopen: flag (talk to it again)
 *     -> peer {as list, returned: number, waiting: number},
 *        referral {id, step, state, direction, returned: flag}*
 *                     the events that were queued for it: returned ones will
 *                     never be sent; the others wait until it is reopened
 * peer.invite [admin] optional: hours (72)
 *     -> invitation {code, until_ms, agency, data (our SignedCard)}
 * mou.offer [admin]   data (Mou bytes, bound)
 *     -> mou {id, title, version, state}
 * mou.sign [admin]    id, agency, signature (64 bytes)
 *     -> mou {id, title, version, state}
 * mou.list [read]     -> mou {id, urn, title, version, state, from_ms,
 *                             until_ms, signed: number, required: number}*
 * mou.show [read]     id -> mou {as list, data}
 *        signature {party, agency, name, signed: flag, in_force: flag,
 *                   signature (64 bytes, where signed)}*
 * ledger.list [read]  -> ledger {peer, peer_name, direction, lane, generation,
 *        previous, size, cosigned: number, root, state, problem, note}*
 *        previous: the generation before, which is closed; zeros: none
 * ledger.show [read]  peer, direction; optional: after (index), count
 *     -> ledger {...}, entry {index, kind, at_ms, digest, size, content: flag,
 *        verdict, problem}*
 * ledger.verify [read]  optional: peer, direction, after
 *     -> ledger {..., intact: flag, damage}*, more {after}   a part: 1,024
 *        entries or so
 * ledger.conflicts [read]  optional: peer
 *     -> conflict {peer, peer_name, direction, generation, state, size,
 *        since_ms: number, proved: flag, evidence}*   newest first (conflict.h)
 * ledger.renew [admin]  peer -> conflict {...}*   ends them on this side
 * evidence.read [admin]  peer, direction; optional: generation, after (index),
 *                        count (4096), referral, about (index), notes: flag
 *     -> ledger {...}, entry {index, header, attached: flag, salt, content}*,
 *        note {size, note}*, span {first, count, leaves (32 bytes each)}
 *        entry: events of that referral; answers that speak of entry `about`
 *        of the other ledger. note: with notes, of each parcel that has one.
 *        The span is shorter than asked for at the end, or when a reply is full
 * status [read]       -> gateway {...}, number {name, value}*, peer {...}*,
 *        expiry {kind, agency, mou, until_ms, remedy}*   ends soon (expiry.h)
 *        alarm {code, agency, name, since_ms: number, remedy}*, after each
 *        contact {agency, role, name, phone, hours}*   whom to call (alarm.h)
 * health []           -> number {name, value}*   "ready", "alive" among them
 *        reason {code, remedy}*   why it is not ready (health.h)
 *        alarm {code, agencies: number, remedy}*
 * revocation.import [admin]  data -> revocation {agency, own: flag},
 *        peer {as peer.close} when it is another's
 * store.check [admin] optional: state (of the reply before)
 *                     -> damage {problem, table, key, referral, peer}*,
 *                        check {rows, findings, done, table, state}: the next
 *                        rows, see scrub.h
 * reload [admin]      -> nothing; files are read after that, as by SIGHUP
 * metrics [read]      -> number {name, value}*   named as in the metrics file
 */
#ifndef CORE_LOCAL_H
#define CORE_LOCAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "core/problem.h"

#define LOCAL_PROTOCOL 1

enum local_right {
    LOCAL_RIGHT_SUBMIT = 1u << 0,
    LOCAL_RIGHT_ACT = 1u << 1,
    LOCAL_RIGHT_READ = 1u << 2,
    LOCAL_RIGHT_ADMIN = 1u << 3,
    LOCAL_RIGHT_ERASE = 1u << 4,
};

enum local_value_type {
    LOCAL_NONE = 0,
    LOCAL_TEXT,
    LOCAL_NUMBER,
    LOCAL_DATA,
    LOCAL_FLAG
};

struct local_field {
    struct slice name;
    enum local_value_type type;
    struct slice bytes; /* of text and data */
    int64_t number;     /* of number and flag (0, 1) */
};

struct local_record {
    struct slice type;
    const struct local_field *fields;
    size_t field_count;
};

struct local_request {
    uint32_t number;
    struct slice operation;
    const struct local_field *fields;
    size_t field_count;
    const struct local_record *records;
    size_t record_count;
    struct slice unnumbered; /* when read: the bytes without the number */
};

struct local_reply {
    uint32_t number;
    enum err err;
    enum problem problem;
    struct slice clause;
    struct slice remedy;
    struct slice message;
    const struct local_record *records;
    size_t record_count;
};

/* Strict; a field name or record type that is no code is refused. Fields of
 * bytes borrow from `bytes`, and so does `unnumbered`.
 * ERR_MALFORMED, ERR_LIMIT: LOCAL_BATCH_SIZE_MAX, LOCAL_FIELD_COUNT_MAX, or the
 * arena is full. */
MUST_USE enum err local_request_read(
    struct slice bytes, struct arena *arena, struct local_request *request);
/* SLICE_NONE when the arena is full or LOCAL_FRAME_SIZE_MAX is passed. */
struct slice local_reply_write(
    const struct local_reply *reply, struct arena *arena);

/* The other two directions, for tests and the simulator's clients. */
struct slice local_request_write(
    const struct local_request *request, struct arena *arena);
MUST_USE enum err local_reply_read(
    struct slice bytes, struct arena *arena, struct local_reply *reply);

/* A field by name; NULL when absent. */
const struct local_field *local_field_get(
    const struct local_field *fields, size_t count, const char *name);

#endif
