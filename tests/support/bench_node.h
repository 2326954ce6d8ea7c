/*
 * bench_node.h - a federation on one table: two or three agencies, each a node
 * on a store in memory with fake keys, and between them a line of messages
 * that loses nothing unless told to. Everything is driven by hand, in one
 * thread, without real time, so that a test reads as a transcript:
 *
 *     struct federation *federation = federation_new(2);
 *     federation_connect(federation, 0, 1);
 *     federation_agree(federation);
 *     const char *id = federation_submit(federation, 0, 1, "first");
 *     federation_run(federation);
 *
 * Requests and replies are really sealed, opened and verified on their way, as
 * the daemon does it. A batch holds one input. Equal calls give equal bytes.
 * What must not happen here (a node whose store or memory fails unasked, two
 * nodes that talk without end) ends the process.
 */
#ifndef SUPPORT_BENCH_NODE_H
#define SUPPORT_BENCH_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/local.h"
#include "core/node.h"
#include "core/peer.h"
#include "core/work.h"
#include "io/store_memory.h"
#include "support/call.h"

#define FEDERATION_COUNT_MAX 3

/* When it begins; cards are from 30 days before to 300 after, keys to 60. */
#define FEDERATION_START_MS INT64_C(1780000000000) /* 2026-05-28T20:26:40Z */
#define FEDERATION_DAY_MS INT64_C(86400000)

struct federation;

/* Agencies 0 to count - 1, started, each with a key sheet, all strangers. */
struct federation *federation_new(size_t count);
void federation_free(struct federation *federation);

/* Operators of both import and accept the other's card; then it runs. */
void federation_connect(struct federation *federation, size_t a, size_t b);

/*
 * One agreement of all agencies, offered by 0, signed by all; then it runs, so
 * that it is in force where they are connected. Each agency offers the service
 * "alpha.care", "beta.care", "gamma.care" to each other one, purpose "care":
 * required call_name, allowed needs and cough_weeks, never arrest_history.
 */
void federation_agree(struct federation *federation);
/* Agencies 0 and 1, connected, with that agreement. */
struct federation *federation_of_two(void);
/* Its exact bytes and id. */
struct slice federation_mou(const struct federation *federation);
void federation_mou_id(
    const struct federation *federation, char text[MOU_ID_TEXT_SIZE + 1]);
/* A party's root signature over it. */
void federation_mou_sign(struct federation *federation, size_t agency,
    uint8_t signature[SIGNATURE_SIZE]);

/* ---- Local clients ---- */

struct bench_client {
    uint64_t client;
    uint32_t rights;
    uint32_t uid;
};
extern const struct bench_client bench_staff; /* client 1, every right */

/* Asks and gives the reply, valid until the call after the next; NULL when it
 * waits, or its gateway died of federation_fail_commit(). Nothing travels
 * yet. */
const struct local_reply *federation_call(
    struct federation *federation, size_t agency, struct call *call);
const struct local_reply *federation_call_as(struct federation *federation,
    size_t agency, const struct bench_client *client, struct call *call);
/* Any bytes as a frame. */
const struct local_reply *federation_frame(struct federation *federation,
    size_t agency, const struct bench_client *client, struct slice frame);
/* The reply to a wait, taken; NULL when none has come. */
const struct local_reply *federation_reply(
    struct federation *federation, size_t agency);
void federation_gone(
    struct federation *federation, size_t agency, uint64_t client);

/* The reply to "get" of that referral, with its content; NULL when the node
 * died over it. Until the next call of that agency. */
const struct local_reply *federation_get(
    struct federation *federation, size_t agency, const char *id);
/* How many events of that type and step it shows; 0 as well when it shows
 * none. */
size_t federation_event_count(struct federation *federation, size_t agency,
    const char *id, const char *type, const char *step);
/* A whole valid `submit` (its fields can be changed then). */
void federation_referral(struct federation *federation, struct call *call,
    size_t from, size_t to, const char *key);
/* Hands it over, which must succeed; the referral's id, valid until 16 more. */
const char *federation_submit(
    struct federation *federation, size_t from, size_t to, const char *key);
/* An `act`; details as pairs up to NULL (or NULL for none). */
void federation_step_call(struct call *call, const char *id, const char *step,
    const char *key, const char *actor, const char *const *details);
/* A step by staff with details as pairs up to NULL (or NULL for none). */
const struct local_reply *federation_act(struct federation *federation,
    size_t agency, const char *id, const char *step, const char *key,
    const char *const *details);
/* The same by the person or a companion. */
const struct local_reply *federation_act_by(struct federation *federation,
    size_t agency, const char *id, const char *step, const char *key,
    const char *actor, const char *const *details);
/* Erases all of it because the person asked, which must succeed. */
void federation_erase(
    struct federation *federation, size_t agency, const char *id);
/* "sent", ...; "none" when the agency does not know the referral. */
const char *federation_state(
    struct federation *federation, size_t agency, const char *id);
/* Ledgers that are whole, by all answers of ledger.verify; 0 when one is
 * not. */
size_t federation_whole_count(struct federation *federation, size_t agency);

/* ---- The line between the agencies ---- */

struct bench_message {
    size_t from;
    size_t to;
    bool is_reply;
    enum request_kind kind; /* of the request */
    enum reply_kind reply;  /* of a sealed reply, else 0 */
    struct slice body;      /* as its sender wrote it */
};

/* Carries messages, oldest first, until nothing moves at this time. */
void federation_run(struct federation *federation);
size_t federation_message_count(const struct federation *federation);
/* NULL beyond the last. Valid until something moves. */
const struct bench_message *federation_message(
    const struct federation *federation, size_t index);
/* Takes it off the line to its recipient. */
void federation_deliver(struct federation *federation, size_t index);
/* Leaves it there as well. What is not a request stays as it was. */
void federation_repeat(struct federation *federation, size_t index);
/* One bit of it, modulo its size, is another, and so it arrives. */
void federation_corrupt(
    struct federation *federation, size_t index, size_t bit);
/* It never comes: its request fails with ERR_TIMEOUT. */
void federation_lose(struct federation *federation, size_t index);

/* Takes a request off the line and answers in its recipient's place, with a
 * reply that was opened and verified; or with an error instead of one. */
void federation_answer(struct federation *federation, size_t index,
    const struct reply *reply, enum err err);

/* ---- Time and trouble ---- */

struct instant federation_now(const struct federation *federation);
int64_t federation_steady_ms(const struct federation *federation);
/* The clocks go on; nodes that wished to be woken are; then it runs. */
void federation_wait(struct federation *federation, int64_t ms);
/* The clocks show that many ms since the start; nothing else happens. */
void federation_wait_until(struct federation *federation, int64_t steady_ms);
/* New sealing keys of the present days. */
void federation_sheet(struct federation *federation, size_t agency);
/* From its next start on this is its card. */
void federation_card_set(
    struct federation *federation, size_t agency, struct slice card);
/* The process dies and starts again on what was committed. Replies to it are
 * gone; its requests are still on the line. */
void federation_crash(struct federation *federation, size_t agency);

/* The nth commit from now on fails (0: none), with what was written or without
 * it; the process then dies and starts again, and who asked is not told. */
void federation_fail_commit(struct federation *federation, size_t agency,
    uint64_t nth, enum store_memory_fault fault);

/* So many bytes of its store are taken by what is of no concern here, and so
 * much less room is there; 0: none. A small store would have a reserve that is
 * too small for a batch. */
void federation_ballast(
    struct federation *federation, size_t agency, uint64_t size);
/* How full its store is, in bytes. */
struct store_usage federation_usage(
    const struct federation *federation, size_t agency);

/* Remembers how all stands, with nothing on the line and no ballast. */
void federation_mark(struct federation *federation);
/* Back to that, with nodes that know nothing of what came after. */
void federation_return(struct federation *federation);

/* ---- Beneath ---- */

struct crypto *federation_crypto(struct federation *federation, size_t agency);
struct store *federation_store(struct federation *federation, size_t agency);
struct node *federation_node(struct federation *federation, size_t agency);
const struct agency_id *federation_id(
    const struct federation *federation, size_t agency);
/* Its SignedCard; another with changes: serial and validity of its keys. It
 * follows the last one of the serial before that was made here. */
struct slice federation_card(
    const struct federation *federation, size_t agency);
struct slice federation_card_new(struct federation *federation, size_t agency,
    uint64_t serial, struct instant keys_until);
/* What the node at `agency` knows of another; NULL: nothing. */
struct peer *federation_peer(
    struct federation *federation, size_t agency, size_t other);

/* One batch with this input; now, steady_ms and entropy are filled in. Errors
 * are those of the step, the finish or the commit; nothing leaves then, and
 * after all but a step's ERR_LIMIT the node must be crashed next. */
enum err federation_step(
    struct federation *federation, size_t agency, struct node_input *input);
/* A step that cannot fail, but by a plan for the disk: then the node is
 * crashed, and this is false. */
bool federation_take(
    struct federation *federation, size_t agency, struct node_input *input);

/* Its card from now on; nothing travels yet. */
static inline enum err federation_card_change(
    struct federation *federation, size_t agency, struct slice card)
{
    struct node_input input = { .type = NODE_CARD, .of.card.card = card };
    federation_card_set(federation, agency, card);
    return federation_step(federation, agency, &input);
}

/* A batch without input, to call what is inside a node. */
struct work *federation_begin(struct federation *federation, size_t agency);
/* Its end; not ERR_NONE: it was undone, and the node must be crashed next. */
enum err federation_end(struct federation *federation, size_t agency);

struct bench_reply {
    enum reply_kind kind; /* 0: none came */
    struct slice body;    /* valid until the next */
};
/* As if a request of that agency had been opened here; past the line. */
void federation_request(struct federation *federation, size_t from, size_t to,
    enum request_kind kind, struct slice body, struct bench_reply *reply);
void federation_request_under(struct federation *federation, size_t from,
    size_t to, enum request_kind kind, struct slice body,
    enum crypto_opener opener, struct bench_reply *reply);

/* How often the node said so in its log since it was new; and the last time,
 * as a line ("" before). */
uint64_t federation_logged(
    const struct federation *federation, size_t agency, enum log_event event);
const char *federation_log_line(
    const struct federation *federation, size_t agency, enum log_event event);
/* Outputs to transport: is that agency accepted, by what the node announced? */
bool federation_is_announced(
    const struct federation *federation, size_t agency, size_t other);

#endif
