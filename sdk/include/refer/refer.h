/* refer.h - client library for the local referral gateway, referd(8).
 *
 * THREADS    A client, and every object made from it, belongs to one thread
 *            at a time. Different clients are independent. The library starts
 *            no threads, installs no signal handlers and survives fork() in
 *            the parent. Only refer_client_interrupt() may be called from
 *            another thread or from a signal handler.
 * MEMORY     What a function puts in an `out` parameter is yours; release it
 *            with the free function of its type, which accepts NULL. What a
 *            getter returns belongs to the object and dies with it. Arguments
 *            are copied: you may free them as soon as the call returns. Free
 *            cursors before their client; anything else lives by itself.
 * STRINGS    UTF-8, zero-terminated, without control characters but newline
 *            and tab. Getters never return NULL: absent is "".
 * TIMES      *_ms instants are milliseconds since 1970-01-01T00:00Z.
 *            timeout_ms: 0 is "do not wait", negative is "for ever".
 * ERRORS     Functions return 0 or a negative refer_status. *out is NULL on
 *            failure. refer_client_error() says more, in English.
 * RETRIES    After REFER_TIMEOUT, REFER_DISCONNECTED or REFER_INTERRUPTED the
 *            outcome of a write is unknown. Call again with the same key: the
 *            gateway does it once. Calls connect again by themselves.
 * ABI        Symbols are versioned and never change. No structure, no varargs,
 *            no callback and no macro is needed to use all of this.
 */
#ifndef REFER_REFER_H
#define REFER_REFER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef REFER_API
#define REFER_API __attribute__((visibility("default")))
#endif
#define REFER_CHECK __attribute__((warn_unused_result))

#define REFER_VERSION_NUMBER 0x000100 /* 0xMMmmpp */

typedef int32_t refer_status;
enum {
    REFER_OK = 0,
    REFER_INVALID = -1,      /* an argument is wrong: a bug in the caller */
    REFER_TIMEOUT = -2,      /* nothing came within timeout_ms */
    REFER_DISCONNECTED = -3, /* the gateway is not there, or went away */
    REFER_INTERRUPTED = -4,  /* refer_client_interrupt() was called */
    REFER_DENIED = -5,       /* policy, or not this agency's to do */
    REFER_CONFLICT = -6,     /* not possible in the referral's state */
    REFER_NOT_FOUND = -7,
    REFER_TOO_LARGE = -8,
    REFER_BUSY = -9,        /* a limit is reached: wait, then retry */
    REFER_NO_CONSENT = -10, /* consent is missing, expired or withdrawn */
    REFER_PROTOCOL = -11, /* library and gateway do not understand each other */
    REFER_NO_MEMORY = -12,
    REFER_INTERNAL = -13
};

typedef struct refer_client refer_client;
typedef struct refer_referral refer_referral;
typedef struct refer_batch refer_batch;
typedef struct refer_cursor refer_cursor;
typedef struct refer_event refer_event;
typedef struct refer_query refer_query;
typedef struct refer_listing refer_listing;
typedef struct refer_health refer_health;

/* ---- The library ------------------------------------------------------- */

/* Version of the library at run time, as REFER_VERSION_NUMBER. */
REFER_API uint32_t refer_version(void);
/* Same, as "0.1.0". */
REFER_API const char *refer_version_string(void);
/* Symbol of a status, such as "REFER_TIMEOUT"; for bindings' exceptions. */
REFER_API const char *refer_status_name(refer_status status);
/* One English line about a status. */
REFER_API const char *refer_status_text(refer_status status);
/* 1 when the same call may succeed later, else 0. */
REFER_API int refer_status_is_retryable(refer_status status);

/* ---- The client -------------------------------------------------------- */

/* Makes an unconnected client. REFER_NO_MEMORY, or REFER_BUSY when the process
 * has no file descriptor left. */
REFER_API REFER_CHECK refer_status refer_client_new(refer_client **out);
/* Disconnects and releases; unacknowledged events come again next time. */
REFER_API void refer_client_free(refer_client *client);
/* Sets an option before connecting: "socket", "application". */
REFER_API REFER_CHECK refer_status refer_client_set(
    refer_client *client, const char *option, const char *value);
/* Name of the i-th option, "" past the last; lets bindings list them. */
REFER_API const char *refer_option_name(uint32_t i);
/* One English line about the i-th option, with its default. */
REFER_API const char *refer_option_help(uint32_t i);
/* Connects and agrees on a protocol version. Not obligatory: every call
 * connects when there is no connection. */
REFER_API REFER_CHECK refer_status refer_client_connect(
    refer_client *client, int32_t timeout_ms);
/* Descriptor to poll for reading, once refer_cursor_next() with timeout_ms 0
 * said REFER_TIMEOUT: some events may have come already. -1 if none. It
 * changes with every connection. */
REFER_API int refer_client_fd(const refer_client *client);
/* Makes the call in progress, or the next one, return REFER_INTERRUPTED. */
REFER_API void refer_client_interrupt(refer_client *client);
/* What went wrong in the last call on this client, or an object made from it,
 * in English; "" if nothing did. */
REFER_API const char *refer_client_error(const refer_client *client);
/* When the gateway refused: why, as a code such as "ELEMENT_NOT_ALLOWED"; */
REFER_API const char *refer_client_problem(const refer_client *client);
/* ... by which clause: a path in the agreement or in what was asked; */
REFER_API const char *refer_client_clause(const refer_client *client);
/* ... and what to do about it. All three "" when the last call went well. */
REFER_API const char *refer_client_remedy(const refer_client *client);

/* ---- A referral -------------------------------------------------------- */

/* An empty referral to fill in with the setters below. */
REFER_API REFER_CHECK refer_status refer_referral_new(refer_referral **out);
REFER_API void refer_referral_free(refer_referral *referral);
/* Sets a field by name, numbers in decimal; "" takes it away again.
 *   to submit: "to" (agency), "service", "purpose", "urgency", "choice",
 *     "ask_back", "reason_plain", "consent_at_ms" and optionally "mou",
 *     "thread", "parent", "hop", "role", "id"
 *   as details of a step: optionally "actor", "role"
 * REFER_INVALID for an unknown field or a value without the field's form. */
REFER_API REFER_CHECK refer_status refer_referral_set(
    refer_referral *referral, const char *field, const char *value);
/* A field by name, "" when absent or unknown. One that came from the gateway
 * has also "state", "direction", "peer", "peer_name", "created_ms",
 * "updated_ms", "pending", "steps". */
REFER_API const char *refer_referral_get(
    const refer_referral *referral, const char *field);
/* Says something about the person: an element code and its value. A code said
 * twice has the last value. */
REFER_API REFER_CHECK refer_status refer_referral_set_element(
    refer_referral *referral, const char *code, const char *value);
REFER_API uint32_t refer_referral_element_count(const refer_referral *referral);
/* Code of the i-th element, "" past the last. */
REFER_API const char *refer_referral_element_name(
    const refer_referral *referral, uint32_t i);
/* Value of the i-th element, "" past the last. */
REFER_API const char *refer_referral_element_value(
    const refer_referral *referral, uint32_t i);
/* Adds what the person agreed to: that agency `to` may have these elements
 * (codes with spaces between) for this purpose until then, exclusive. */
REFER_API REFER_CHECK refer_status refer_referral_grant(
    refer_referral *referral, const char *to, const char *purpose,
    const char *elements, int64_t until_ms);
REFER_API uint32_t refer_referral_grant_count(const refer_referral *referral);
/* A field of the i-th grant: "to", "purpose", "elements", "until_ms". */
REFER_API const char *refer_referral_grant_get(
    const refer_referral *referral, uint32_t i, const char *field);
/* Sets a detail of a step, such as "offer" or "reason", for refer_act(). */
REFER_API REFER_CHECK refer_status refer_referral_set_detail(
    refer_referral *referral, const char *name, const char *value);
REFER_API uint32_t refer_referral_detail_count(const refer_referral *referral);
/* Name of the i-th detail, "" past the last. */
REFER_API const char *refer_referral_detail_name(
    const refer_referral *referral, uint32_t i);
/* Value of the i-th detail, "" past the last. */
REFER_API const char *refer_referral_detail_value(
    const refer_referral *referral, uint32_t i);
/* What happened to it so far, in a referral that refer_get() made. */
REFER_API uint32_t refer_referral_event_count(const refer_referral *referral);
/* The i-th event, NULL past the last; belongs to the referral. */
REFER_API const refer_event *refer_referral_event(
    const refer_referral *referral, uint32_t i);

/* ---- Doing things to referrals ----------------------------------------- */
/* `key` is yours: 1 to 64 characters, unique for each intention, kept across
 * retries and restarts. Returning REFER_OK means: on the gateway's disk. */

/* Hands over a new referral; copies its id into id[REFER_ID_SIZE]. */
#define REFER_ID_SIZE 48
REFER_API REFER_CHECK refer_status refer_submit(refer_client *client,
    const refer_referral *referral, const char *key, int32_t timeout_ms,
    char *id, size_t id_size);
/* Would it be let out? Changes nothing. *allowed is 1 or 0; when 0,
 * refer_client_problem(), _clause() and _remedy() say why. */
REFER_API REFER_CHECK refer_status refer_explain(refer_client *client,
    const refer_referral *referral, int32_t timeout_ms, int32_t *allowed);
/* Takes a step of the shared process by its name, such as "opened", "accept",
 * "waitlist", "choose_time" or "arrive". `details` may be NULL; its elements
 * and details go with the step. `now` may be NULL; else it gets a referral
 * with "id", "state" and "pending": "true" while the other agency's gateway
 * has yet to decide. */
REFER_API REFER_CHECK refer_status refer_act(refer_client *client,
    const char *id, const char *step, const refer_referral *details,
    const char *key, int32_t timeout_ms, refer_referral **now);
/* The functions below are short forms of it that every system wants. */
/* Takes a referral on; the offer says when and where, or "walk_in". */
REFER_API REFER_CHECK refer_status refer_accept(refer_client *client,
    const char *id, const char *offer, const char *key, int32_t timeout_ms);
/* Refuses it, with a reason from the shared list and where to turn next. */
REFER_API REFER_CHECK refer_status refer_decline(refer_client *client,
    const char *id, const char *reason, const char *next_option,
    const char *key, int32_t timeout_ms);
/* Hands the outcome back, with a code from the shared list. */
REFER_API REFER_CHECK refer_status refer_finish(refer_client *client,
    const char *id, const char *outcome, const char *key, int32_t timeout_ms);
/* Takes one's own referral back, with a reason from the shared list, after the
 * person was told. */
REFER_API REFER_CHECK refer_status refer_cancel(refer_client *client,
    const char *id, const char *reason, const char *key, int32_t timeout_ms);
/* The person does not want to go on; no reason is asked. */
REFER_API REFER_CHECK refer_status refer_withdraw(
    refer_client *client, const char *id, const char *key, int32_t timeout_ms);
/* The person takes consent back: every copy is to be erased, everywhere. */
REFER_API REFER_CHECK refer_status refer_withdraw_consent(
    refer_client *client, const char *id, const char *key, int32_t timeout_ms);
/* Erases what was said of the person in a referral, for good: here, and the
 * other agency is told to erase it too, and says what it did in an event of
 * step "erasure". `reason` is "person_asked", "retention_over", "wrong_person"
 * or "law"; `elements` are codes with single spaces between them, NULL: all
 * that was said. Needs the right erase, and no key: what is gone is not erased
 * again. `content_count` may be NULL; else how many events lost words. */
REFER_API REFER_CHECK refer_status refer_erase(refer_client *client,
    const char *id, const char *reason, const char *elements,
    int32_t timeout_ms, uint32_t *content_count);
/* The referral as this gateway knows it now, with its events. */
REFER_API REFER_CHECK refer_status refer_get(refer_client *client,
    const char *id, int32_t timeout_ms, refer_referral **out);

/* ---- Many referrals at once -------------------------------------------- */
/* A batch is handed over in one round trip and stored in one commit, which
 * costs hardly more than one referral. Each referral in it stands for itself:
 * it is stored or refused whatever becomes of the others, and its key is the
 * same as for refer_submit(). */

/* Referrals that a batch holds, and bytes of them as they travel: 2 KiB of
 * content take 2.2 to 4 KiB. */
#define REFER_BATCH_COUNT_MAX 4096
#define REFER_BATCH_SIZE_MAX (8u * 1024 * 1024)

/* An empty batch. It belongs to no client. */
REFER_API REFER_CHECK refer_status refer_batch_new(refer_batch **out);
REFER_API void refer_batch_free(refer_batch *batch);
/* Adds a referral under its key; both are copied.
 *   REFER_INVALID    as refer_submit(): the key, or a detail of a step
 *   REFER_TOO_LARGE  the batch is full, and as it was: submit it, clear it, add
 *                    this one again. Of an empty batch: the referral is
 *   REFER_CONFLICT   the batch was answered: clear it first
 *   REFER_NO_MEMORY  the batch is as it was */
REFER_API REFER_CHECK refer_status refer_batch_add(
    refer_batch *batch, const refer_referral *referral, const char *key);
/* How many referrals were added since it was new or cleared. */
REFER_API uint32_t refer_batch_count(const refer_batch *batch);
/* Hands all of them over. REFER_OK: each was answered, look at
 * refer_batch_status(). Anything else: none is known to be stored, and none to
 * be not; call again, which is safe, also after a batch was answered: what was
 * stored is stored once, what was refused is looked at again. An empty batch
 * is REFER_OK at once.
 *   REFER_BUSY       also: the gateway's store has no room for all of it
 *   REFER_NOT_FOUND  the gateway is older than this library: use refer_submit()
 */
REFER_API REFER_CHECK refer_status refer_batch_submit(
    refer_client *client, refer_batch *batch, int32_t timeout_ms);
/* How many are stored; 0 before the batch was answered. */
REFER_API uint32_t refer_batch_stored_count(const refer_batch *batch);
/* What became of the i-th, as refer_submit() would return it: REFER_OK when it
 * is on the gateway's disk. REFER_TIMEOUT before the batch was answered,
 * REFER_INVALID past the last. */
REFER_API refer_status refer_batch_status(const refer_batch *batch, uint32_t i);
/* The key of the i-th, "" past the last. */
REFER_API const char *refer_batch_key(const refer_batch *batch, uint32_t i);
/* The id of the i-th when it is stored, else "". */
REFER_API const char *refer_batch_id(const refer_batch *batch, uint32_t i);
/* When the i-th was refused: why, by which clause, and what to do; else "". */
REFER_API const char *refer_batch_problem(const refer_batch *batch, uint32_t i);
REFER_API const char *refer_batch_clause(const refer_batch *batch, uint32_t i);
REFER_API const char *refer_batch_remedy(const refer_batch *batch, uint32_t i);
/* Empties it, to be filled again. */
REFER_API void refer_batch_clear(refer_batch *batch);

/* ---- Events: at least once, in order, until acknowledged --------------- */

/* Opens the durable cursor of that name, making it on first use. Events that
 * were handed out but not acknowledged come again. What all cursors have
 * acknowledged counts as taken by this agency, and others need not keep it any
 * more; but for "referctl" and names that go on with a dot: those look. */
REFER_API REFER_CHECK refer_status refer_cursor_open(refer_client *client,
    const char *name, int32_t timeout_ms, refer_cursor **out);
/* Gives up the cursor; its position stays in the gateway. */
REFER_API void refer_cursor_free(refer_cursor *cursor);
/* Which numbering of events the positions belong to. It changes only when an
 * operator restored the gateway from a copy. */
REFER_API uint64_t refer_cursor_epoch(const refer_cursor *cursor);
/* Position of the last event acknowledged, as known here. */
REFER_API uint64_t refer_cursor_position(const refer_cursor *cursor);
/* The next event. REFER_TIMEOUT when there is none yet; the connection and the
 * cursor stay as they are. */
REFER_API REFER_CHECK refer_status refer_cursor_next(
    refer_cursor *cursor, int32_t timeout_ms, refer_event **out);
/* "Everything up to and including this is dealt with": never seen again. */
REFER_API REFER_CHECK refer_status refer_cursor_ack(
    refer_cursor *cursor, const refer_event *event, int32_t timeout_ms);
/* The same for an epoch and position kept with one's own data.
 * REFER_CONFLICT when the epoch is not the gateway's. */
REFER_API REFER_CHECK refer_status refer_cursor_ack_position(
    refer_cursor *cursor, uint64_t epoch, uint64_t position,
    int32_t timeout_ms);
/* Hands out again everything not acknowledged, from the oldest. */
REFER_API REFER_CHECK refer_status refer_cursor_rewind(
    refer_cursor *cursor, int32_t timeout_ms);
/* Forgets the cursor in the gateway for good. */
REFER_API REFER_CHECK refer_status refer_cursor_delete(
    refer_client *client, const char *name, int32_t timeout_ms);

REFER_API void refer_event_free(refer_event *event);
REFER_API uint64_t refer_event_epoch(const refer_event *event);
/* Position in this gateway's events; grows, with gaps, within an epoch. */
REFER_API uint64_t refer_event_position(const refer_event *event);
/* What kind of event it is. An unknown type is to be acknowledged and passed
 * over. */
REFER_API const char *refer_event_type(const refer_event *event);
/* The step that was taken, such as "accept"; "" when it was none. */
REFER_API const char *refer_event_step(const refer_event *event);
/* Whose referral; "" for events that concern none. */
REFER_API const char *refer_event_referral_id(const refer_event *event);
/* The referral's state after it, such as "accepted". */
REFER_API const char *refer_event_state(const refer_event *event);
/* When it was done, as its author says. */
REFER_API int64_t refer_event_time_ms(const refer_event *event);
/* Where it stands, signed by both agencies, in the ledger of the one that took
 * the step ("by"): generation, 16 hexadecimal digits, and index, as a folder of
 * evidence names its entries. "" and 0 until the other agency has signed for
 * it, and for what only this gateway notes, such as that it was answered. */
REFER_API const char *refer_event_generation(const refer_event *event);
REFER_API uint64_t refer_event_index(const refer_event *event);
/* How often the gateway handed it out before, if only to this library; 0 the
 * first time. */
REFER_API uint32_t refer_event_redeliveries(const refer_event *event);
/* Any other field by name: "direction", "peer", "by", "actor", "role",
 * "status", "problem", "clause", "remedy", ... */
REFER_API const char *refer_event_get(
    const refer_event *event, const char *field);
/* What was said about the step, by name: "offer", "reason", ... */
REFER_API const char *refer_event_detail(
    const refer_event *event, const char *name);
REFER_API uint32_t refer_event_detail_count(const refer_event *event);
REFER_API const char *refer_event_detail_name(
    const refer_event *event, uint32_t i);
REFER_API const char *refer_event_detail_value(
    const refer_event *event, uint32_t i);
/* What was said about the person with it, by element code. */
REFER_API const char *refer_event_element(
    const refer_event *event, const char *code);
REFER_API uint32_t refer_event_element_count(const refer_event *event);
REFER_API const char *refer_event_element_name(
    const refer_event *event, uint32_t i);
REFER_API const char *refer_event_element_value(
    const refer_event *event, uint32_t i);

/* ---- Everything else that the gateway can do --------------------------- */
/* The operations and their fields are a table in librefer(3): "list",
 * "peer.list", "card.show", "mou.sign", "ledger.verify", "status", ... */

REFER_API REFER_CHECK refer_status refer_query_new(refer_query **out);
REFER_API void refer_query_free(refer_query *query);
/* A field of the query or, once there is a record, of the last record. A field
 * set twice has the last value. */
REFER_API REFER_CHECK refer_status refer_query_set(
    refer_query *query, const char *field, const char *text);
REFER_API REFER_CHECK refer_status refer_query_set_number(
    refer_query *query, const char *field, int64_t number);
REFER_API REFER_CHECK refer_status refer_query_set_data(
    refer_query *query, const char *field, const void *bytes, size_t size);
/* Any flag but 0 is true. */
REFER_API REFER_CHECK refer_status refer_query_set_flag(
    refer_query *query, const char *field, int32_t flag);
/* Adds a record; the setters that follow fill it. */
REFER_API REFER_CHECK refer_status refer_query_add_record(
    refer_query *query, const char *type);
/* Asks for an operation by its name. `query` may be NULL: no fields. `out` may
 * be NULL: the records of the answer are not wanted. */
REFER_API REFER_CHECK refer_status refer_call(refer_client *client,
    const char *operation, const refer_query *query, int32_t timeout_ms,
    refer_listing **out);

REFER_API void refer_listing_free(refer_listing *listing);
/* How many records there are. */
REFER_API uint32_t refer_listing_count(const refer_listing *listing);
/* What the i-th record is: "referral", "peer", "event", ... */
REFER_API const char *refer_listing_type(
    const refer_listing *listing, uint32_t i);
/* A field of the i-th record as text, "" when absent: numbers in decimal,
 * flags "true" or "false", data in lower-case hexadecimal. */
REFER_API const char *refer_listing_get(
    const refer_listing *listing, uint32_t i, const char *field);
/* A number, or a flag as 1 or 0; 0 when absent or something else. */
REFER_API int64_t refer_listing_number(
    const refer_listing *listing, uint32_t i, const char *field);
/* The bytes of data or text; NULL and size 0 when absent or something else. */
REFER_API const void *refer_listing_data(
    const refer_listing *listing, uint32_t i, const char *field, size_t *size);
REFER_API uint32_t refer_listing_field_count(
    const refer_listing *listing, uint32_t i);
/* Name of the k-th field of the i-th record, "" past the last. */
REFER_API const char *refer_listing_field_name(
    const refer_listing *listing, uint32_t i, uint32_t k);
/* "text", "number", "data" or "flag"; "" past the last. */
REFER_API const char *refer_listing_field_type(
    const refer_listing *listing, uint32_t i, uint32_t k);
/* The k-th field as refer_listing_get() shows it. */
REFER_API const char *refer_listing_field_value(
    const refer_listing *listing, uint32_t i, uint32_t k);

/* ---- Health ------------------------------------------------------------ */

REFER_API REFER_CHECK refer_status refer_health_get(
    refer_client *client, int32_t timeout_ms, refer_health **out);
REFER_API void refer_health_free(refer_health *health);
/* 1 when the gateway stores, sends and receives, else 0. */
REFER_API int refer_health_is_ready(const refer_health *health);
/* Numbers by name. */
REFER_API uint32_t refer_health_count(const refer_health *health);
REFER_API const char *refer_health_name(const refer_health *health, uint32_t i);
REFER_API int64_t refer_health_value(const refer_health *health, uint32_t i);

/* Constants again as functions, for languages that do not read this file. */
REFER_API size_t refer_id_size(void);
REFER_API uint32_t refer_batch_count_max(void);
REFER_API size_t refer_batch_size_max(void);

#ifdef __cplusplus
}
#endif

#endif
