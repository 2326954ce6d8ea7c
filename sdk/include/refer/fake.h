/* fake.h - a gateway in your own test, for programs that use refer.h.
 *
 * A test starts a fake, hands its socket to the program under test, scripts
 * what the gateway and the other agency do, and asks what came. The program
 * uses librefer unchanged. librefer_fake(3) has examples.
 *
 * FAITHFUL   What programs of an agency do is answered as referd(8) does:
 *            "hello", "submit", batches, "explain", "act", "get", "list",
 *            "health" and the cursors, with keys, states and events; other
 *            operations are REFER_NOT_FOUND. One test runs against both.
 *            Everything is kept in memory. There is no agreement: what the
 *            person agreed to may go; script a refusal to see one. Neither
 *            element codes nor the forms of dates, times and lists are looked
 *            at.
 * THREADS    Each fake has one thread of its own, with all signals blocked,
 *            which serves the socket. Functions may be called from any thread,
 *            but _stop(), _start(), _restore() and _free() while no other is
 *            under way. After fork() only
 *            the parent has the fake; the child may be its client.
 * MEMORY, STRINGS, TIMES, ERRORS are those of refer.h. In addition *_error()
 *            says what was wrong in the last call of this thread or another.
 */
#ifndef REFER_FAKE_H
#define REFER_FAKE_H

#include <refer/refer.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct refer_fake refer_fake;
typedef struct refer_fake_request refer_fake_request;

/* ---- The fake ---------------------------------------------------------- */

/* Makes a private folder with a socket in it (under TMPDIR, else /tmp) and
 * serves it. REFER_NO_MEMORY; REFER_BUSY when there is no descriptor, folder
 * or thread to be had. */
REFER_API REFER_CHECK refer_status refer_fake_new(refer_fake **out);
/* Ends the thread, closes every connection, removes socket and folder. */
REFER_API void refer_fake_free(refer_fake *fake);
/* Path of the socket, for refer_client_set(client, "socket", ...). */
REFER_API const char *refer_fake_socket(const refer_fake *fake);
/* What was wrong in the last call, in English; "" if nothing was. */
REFER_API const char *refer_fake_error(const refer_fake *fake);
/* Sets an option: "agency", "name", "peer", "peer_name", "rights",
 * "reachable", "full". REFER_INVALID for another, or a value it cannot have. */
REFER_API REFER_CHECK refer_status refer_fake_set(
    refer_fake *fake, const char *option, const char *value);
/* An option's value, until it is set anew; "" when there is no such option. */
REFER_API const char *refer_fake_get(
    const refer_fake *fake, const char *option);
/* Name of the i-th option, "" past the last. */
REFER_API const char *refer_fake_option_name(uint32_t i);
/* One English line about the i-th option, with its default. */
REFER_API const char *refer_fake_option_help(uint32_t i);

/* ---- The other agency -------------------------------------------------- */
/* It has the id that the option "peer" says. While "reachable" is "yes", what
 * the program hands over is delivered at once and its steps are applied there;
 * while it is "no", they stay pending. */

/* Refers a person to this agency; copies the id into id[REFER_ID_SIZE], or
 * takes that of the field "id". Fields that are not set, and grants when there
 * are none, get values that pass. `referral` may be NULL: nothing is set.
 * REFER_CONFLICT when there is a referral of that id. */
REFER_API REFER_CHECK refer_status refer_fake_receive(
    refer_fake *fake, const refer_referral *referral, char *id, size_t id_size);
/* Takes a step there, with details as in refer_act(), or NULL: by its staff,
 * or by whom "actor" says. Where nobody but a gateway may, theirs does.
 * REFER_CONFLICT, REFER_DENIED or REFER_INVALID when a gateway would refuse
 * it. */
REFER_API REFER_CHECK refer_status refer_fake_step(refer_fake *fake,
    const char *id, const char *step, const refer_referral *details);
/* Has the next step of that name, "send" for a referral, refused there, with a
 * problem such as "STATE", a clause and a remedy. Withdrawals nothing
 * refuses. */
REFER_API REFER_CHECK refer_status refer_fake_refuse_there(refer_fake *fake,
    const char *step, const char *problem, const char *clause,
    const char *remedy);
/* Adds an event of any type, which changes nothing; about a referral, or none
 * when id is "". Programs have to pass over what they do not know. */
REFER_API REFER_CHECK refer_status refer_fake_event(
    refer_fake *fake, const char *type, const char *id);

/* ---- What goes wrong here ---------------------------------------------- */
/* Each is for the next request of that operation, such as "submit", "act" or
 * "cursor.next". Scripted several times, they happen one after the other. */

/* Refuses it; nothing is done. `status` is what the program is to get:
 * REFER_DENIED, REFER_NO_CONSENT, REFER_BUSY, REFER_CONFLICT, REFER_INVALID,
 * REFER_NOT_FOUND, REFER_TIMEOUT, REFER_PROTOCOL, REFER_NO_MEMORY or
 * REFER_INTERNAL. The texts may be "". */
REFER_API REFER_CHECK refer_status refer_fake_refuse(refer_fake *fake,
    const char *operation, refer_status status, const char *problem,
    const char *clause, const char *remedy);
/* Lets it fail by name: "lose_request", "lose_reply", "ignore", "no_reply",
 * "cut_reply", "garbage". */
REFER_API REFER_CHECK refer_status refer_fake_fault(
    refer_fake *fake, const char *operation, const char *fault);
/* Name of the i-th fault, "" past the last. */
REFER_API const char *refer_fake_fault_name(uint32_t i);
/* One English line about the i-th fault. */
REFER_API const char *refer_fake_fault_help(uint32_t i);
/* The gateway ends: connections close, the socket is gone. */
REFER_API void refer_fake_stop(refer_fake *fake);
/* It starts again, at the same socket, with all it knew. */
REFER_API REFER_CHECK refer_status refer_fake_start(refer_fake *fake);
/* It was restored from a copy: a new epoch, positions and cursors begin anew,
 * and each event comes once more. Connections close. */
REFER_API REFER_CHECK refer_status refer_fake_restore(refer_fake *fake);

/* ---- What came --------------------------------------------------------- */

/* Takes the oldest request that came and was not taken yet: of that operation,
 * or of any when it is "". "hello", "health" and "cursor.next" are not kept;
 * of the others the last 8192. Each referral of a batch is a "submit" as well,
 * before the "submit.many" that brought it. REFER_TIMEOUT when there is none
 * yet. */
REFER_API REFER_CHECK refer_status refer_fake_take(refer_fake *fake,
    const char *operation, int32_t timeout_ms, refer_fake_request **out);
REFER_API void refer_fake_request_free(refer_fake_request *request);
REFER_API const char *refer_fake_request_operation(
    const refer_fake_request *request);
/* A field of the request itself, "" when absent: "key", "id", "step", "name",
 * "position", ... */
REFER_API const char *refer_fake_request_get(
    const refer_fake_request *request, const char *field);
/* How it was answered, whether or not the answer arrived. */
REFER_API refer_status refer_fake_request_status(
    const refer_fake_request *request);
/* 1 when its key had been used for the same request before: nothing was done
 * again. */
REFER_API int refer_fake_request_is_repeat(const refer_fake_request *request);
/* What was handed over, or the details of a step: fields, elements, grants and
 * details. Belongs to the request; never NULL. */
REFER_API const refer_referral *refer_fake_request_referral(
    const refer_fake_request *request);
/* Up to where a cursor was acknowledged; 0 when there is none of that name. */
REFER_API uint64_t refer_fake_acknowledged(
    refer_fake *fake, const char *cursor);
/* How many events there are to be had in all. */
REFER_API uint64_t refer_fake_event_count(refer_fake *fake);

#ifdef __cplusplus
}
#endif

#endif
