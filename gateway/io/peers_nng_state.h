/*
 * peers_nng_state.h - what the files of the transport share. Not to be
 * included by anything but peers_*.c.
 *
 * Rules, which the rest relies on:
 *
 * - A connection has one receive and one send aio. Their callbacks, and any
 *   other thread, only mark it `closing`; the sweeper alone closes streams and
 *   gives connections back. Connections and their aios are pooled.
 * - nng's streams are plain TCP. A receive is posted even while the connection
 *   is paused, until one has brought something: nng 1.5.2 tells of an end only
 *   who waits for bytes.
 * - Nothing is posted on a stream after it was closed: it would never complete.
 *   After `closing`, read under the connection's lock, only the sweeper posts:
 *   the session's last words, before it closes.
 * - Locks are taken in this order: peers->lock, connection->lock, then nng's
 *   own or session_lock, then pins_lock or work_lock, under which nothing else
 *   is called. What is received is decrypted under session_lock alone, and a
 *   watch runs then, so it takes only the last two; what is sent is encrypted
 *   under connection->lock and session_lock. Two connections are never locked
 *   at once. Event functions are called without any lock.
 */
#ifndef IO_PEERS_NNG_STATE_H
#define IO_PEERS_NNG_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include <nng/nng.h>

#include "core/limits.h"
#include "io/frame.h"
#include "io/peers_nng.h"
#include "io/tls_session.h"

#define NUMBER_SIZE 4u
/* What is before nng's part of a URL, "tls+". */
#define TLS_SIZE 4u
/* Before the body of a frame that is sent. */
#define ROOM_SIZE (FRAME_HEAD_SIZE + NUMBER_SIZE)
/* Received at once, and in the middle of a large frame. */
#define RECEIVE_SIZE (16u * 1024)
#define RECEIVE_SIZE_LARGE (128u * 1024)
/* Connections that may have the large one at a time: 8 MiB. */
#define RECEIVE_LARGE_COUNT_MAX 64u
/* Sent at once, unless it is one of those that may have more: 12 MiB. */
#define SEND_SIZE (16u * 1024)
#define SEND_LARGE_COUNT_MAX 64u
/* With room for growth; see TRANSPORT_LARGE_SIZE_MAX. */
_Static_assert(RECEIVE_LARGE_COUNT_MAX *RECEIVE_SIZE_LARGE +
                       SEND_LARGE_COUNT_MAX *
                           (TLS_WRITE_SIZE_MAX + TLS_WRITE_SIZE_MAX / 2) <=
                   TRANSPORT_LARGE_SIZE_MAX,
    "what is large is counted");
/* Of a connection's id; above it the count of connections ever taken. */
#define SLOT_BITS 24

/* A request of ours: in its link's list, then in peers->failed or gone. */
struct request {
    struct request *next;
    uint64_t token;
    int64_t deadline_ms;
    uint64_t heard_count; /* of its connection, when it was sent */
    uint64_t connection;  /* it was sent on, 0 while it waits */
    uint32_t number;
    enum err err;
    size_t size;    /* of the body */
    uint8_t *frame; /* ROOM_SIZE and the body, until it is sent */
};

/* IPv4 address, or the first half of an IPv6 one. */
struct origin {
    uint8_t bytes[8];
    uint8_t size;
};

/* A request of the peer that waits for our reply. */
struct asked {
    uint32_t number;
    int64_t at_ms;
};

struct connection {
    struct tls_watch watch; /* first: the session knows us by it */
    struct peers *peers;
    uint32_t slot;
    nng_aio *receive_aio;
    nng_aio *send_aio;

    /* Set when taken, then constant. */
    struct link *link; /* when dialed */
    uint8_t keys[PEER_TLS_KEY_COUNT_MAX][PEERS_SPKI_SIZE];
    size_t key_count;
    struct origin origin;
    int64_t opened_ms;
    nng_stream *stream;

    /* Written in the handshake by the watch. */
    bool refused; /* its key, by us */
    bool pinned;
    bool stranger;
    struct tls_identity identity;
    atomic_bool authenticated; /* set last */

    /* Belong to whoever reads: a callback, or the sweeper after a pause. */
    struct frame_reader reader;
    bool frame_ready;    /* complete in the reader, not yet delivered */
    size_t reader_held;  /* of it, counted in peers->memory */
    uint8_t *unread;     /* fed before the pause, where something is left */
    bool receive_filled; /* the last time, to the brim */

    /* The receive aio's while `receiving`, else the reader's. */
    uint8_t *receive_buffer;
    size_t receive_capacity;

    /* Under peers->lock. */
    bool half_open; /* in the list */
    bool counted;   /* among accepted ones that are known */
    bool promoted;
    struct connection *half_previous;
    struct connection *half_next;
    struct connection *free_next;

    /* Under work_lock. */
    struct connection *work_next;
    bool work_queued;

    pthread_mutex_t lock;
    /* Under lock, and to be changed under peers->lock too. */
    uint64_t id; /* 0 while in the pool; who came later has the larger one */
    /* Under lock. */
    bool closing;
    bool closed;
    bool receiving; /* the aio runs */
    bool reading;   /* somebody reads */
    bool sending;   /* the aio runs */
    bool paused;
    int64_t closing_ms;
    int64_t lost_ms; /* its end was seen in a pause, 0 when it was not */
    enum peers_reason lost_reason;
    size_t received; /* in receive_buffer, not yet fed to the session */
    enum peers_reason reason;
    int64_t active_ms;    /* last whole frame, either way */
    uint64_t heard_count; /* replies, wanted or late */
    int64_t frame_ms;     /* begin of an unfinished frame, 0 when none */
    struct asked asked[CONNECTION_REQUEST_COUNT_MAX];
    size_t asked_count;
    uint32_t number_last; /* of our requests */
    uint64_t number_count;
    uint8_t *out; /* frames that have not left */
    size_t out_start;
    size_t out_size;
    size_t out_capacity;
    uint64_t out_total; /* bytes ever appended */
    uint64_t out_done;  /* bytes ever sent */
    uint64_t out_mark;  /* must be done by out_deadline_ms */
    int64_t out_deadline_ms;
    struct tls_records records; /* what the aio sends now */
    size_t records_sent;
    size_t records_taken; /* bytes of `out` that are in them */
    bool records_large;   /* counted in peers->send_large_count */

    pthread_mutex_t session_lock;
    /* Under session_lock; made once, by connection_start(). */
    struct tls_session *session;
};

struct endpoint {
    char *url;
    nng_stream_dialer *dialer; /* NULL until first needed */
};

enum link_state {
    LINK_IDLE,
    LINK_DIALING,   /* the dial aio runs */
    LINK_HANDSHAKE, /* a connection that is not yet authenticated */
    LINK_OPEN
};

/* A peer that we dial. All under peers->lock. */
struct link {
    struct link *bucket_next;
    struct link *next;
    struct peers *peers;
    uint8_t keys[PEER_TLS_KEY_COUNT_MAX][PEERS_SPKI_SIZE];
    size_t key_count;
    struct endpoint endpoints[CARD_ENDPOINT_COUNT_MAX];
    size_t endpoint_count;
    char *wanted[CARD_ENDPOINT_COUNT_MAX]; /* for the next round of dials */
    size_t wanted_count;
    bool wanted_differs;
    nng_aio *dial_aio;
    enum link_state state;
    size_t endpoint_index;
    bool wrong_key; /* in this round */
    struct connection *connection;
    struct request *requests;
    struct request **requests_end;
    size_t request_count;
    size_t waiting_size;
    int64_t used_ms;
};

struct listener {
    struct peers *peers;
    nng_stream_listener *listener;
    nng_aio *aio;
    uint16_t port;
    unsigned error_count; /* in a row; under peers->lock */
    int64_t retry_ms;     /* the sweeper accepts again then; 0: it runs */
};

#define LINK_BUCKET_COUNT 1024u

struct peers {
    struct peers_options options; /* its paths and URLs are not kept */
    struct peers_events events;
    struct tls_own *own;
    struct tls_context *server_context;
    struct tls_context *client_context;
    struct listener *listeners;
    size_t listener_count;
    pthread_t sweeper;
    bool sweeper_runs;
    int64_t tick_ms;
    atomic_size_t memory;
    atomic_uint receive_large_count;
    atomic_uint send_large_count;

    pthread_mutex_t lock;
    /* Under lock. */
    bool stopping;
    bool last_told; /* after it nothing more is put into `failed` */
    struct connection **slots;
    uint32_t slot_capacity;
    uint32_t slot_count; /* made */
    uint32_t used_count; /* not in the pool */
    struct connection *free_list;
    uint64_t generation;
    uint32_t known_count;          /* accepted, pinned, not closing */
    struct connection *half_first; /* oldest */
    struct connection *half_last;
    struct link *buckets[LINK_BUCKET_COUNT];
    struct link *links;
    uint32_t link_count;
    struct request *failed; /* to be told by the sweeper */
    struct request **failed_end;
    uint32_t request_count;
    struct peers_counters counters;

    pthread_mutex_t pins_lock;
    uint8_t (*pins)[PEERS_SPKI_SIZE]; /* sorted */
    size_t pin_count;

    pthread_mutex_t work_lock;
    pthread_cond_t work_ready;
    struct connection *work;
    bool work_waits;
};

/* ---- peers_nng.c ------------------------------------------------------- */

int64_t peers_now_ms(const struct peers *peers); /* by the options' clock */
int64_t peers_machine_ms(void);                  /* by the machine's */
/* One of so many places, given back by counting down. False: all are taken. */
bool peers_place_take(atomic_uint *count, unsigned count_max);
void peers_lock(pthread_mutex_t *lock);
void peers_unlock(pthread_mutex_t *lock);
bool peers_is_pinned(struct peers *peers, const uint8_t *spki);
/* Counts bytes of frames. False above the limit; they are counted anyway. */
MUST_USE bool peers_hold(struct peers *peers, size_t size);
void peers_drop(struct peers *peers, size_t size);
/* Wakes the sweeper, for that connection or (NULL) for what failed. */
void peers_work(struct peers *peers, struct connection *connection);
void peers_told_closed(
    struct peers *peers, enum peers_reason reason, const uint8_t *spki);

/* ---- peers_connection.c ------------------------------------------------ */

/* From the pool, or made; NULL when there is none; `link` when it was dialed.
 * Its caller is who reads, until connection_start(). Under peers->lock. */
struct connection *connection_take(
    struct peers *peers, nng_stream *stream, struct link *link);
/* Back to the pool, its stream freed. Under peers->lock; both aios idle. */
void connection_give(struct connection *connection);
/* Frees what the pool holds of it. */
void connection_free(struct connection *connection);
/* Marks it; the first reason counts. Under its lock, and without. */
void connection_fail_locked(
    struct connection *connection, enum peers_reason reason);
void connection_fail(struct connection *connection, enum peers_reason reason);
/* What an error of nng, and an end of the session, mean here. */
enum peers_reason connection_reason(
    const struct connection *connection, int code);
enum peers_reason connection_reason_tls(
    const struct connection *connection, enum tls_progress end);

/* ---- peers_receive.c --------------------------------------------------- */

void connection_receive_done(void *connection); /* of the receive aio */
/* Makes its session and posts the first receive. Without its lock. */
void connection_start(struct connection *connection);
/* Goes on where a limit stopped it. By the sweeper, without a lock. */
void connection_resume(struct connection *connection);
/* Frees what it received into; nothing runs on it. */
void connection_receive_free(struct connection *connection);

/* ---- peers_send.c ------------------------------------------------------ */

void connection_send_done(void *connection); /* of the send aio */
/* Appends a frame. Under its lock. ERR_BUSY, ERR_NO_MEMORY. */
MUST_USE enum err connection_append(struct connection *connection,
    uint32_t number, const uint8_t *body, size_t size);
/* The same for ROOM_SIZE bytes and a body, of the heap and held, which are
 * taken over if nothing else waits: *frame is NULL then. */
MUST_USE enum err connection_append_frame(struct connection *connection,
    uint32_t number, uint8_t **frame, size_t size);
/* Its records are freed; under its lock, and nothing sends them. */
void connection_records_free(struct connection *connection);
/* Sends what waits, if it can. Under its lock. */
void connection_kick_locked(struct connection *connection);
void connection_kick(struct connection *connection);
/* An alert, a goodbye, if it can leave at once. Before it is closed, by the
 * sweeper; under its lock. */
void connection_farewell(struct connection *connection);

/* ---- peers_listen.c ---------------------------------------------------- */

MUST_USE enum err listener_open(struct listener *listener, struct peers *peers,
    const char *url, struct peers_problem *problem);
void listener_start(struct listener *listener);
void listener_retry(struct listener *listener, int64_t now_ms);
void listener_close(struct listener *listener);
/* Leaves the list of half-open ones. Under peers->lock. */
void half_open_remove(struct connection *connection);

/* ---- peers_dial.c: all under peers->lock ------------------------------- */

void link_dial_done(void *link); /* of the dial aio; without the lock */
/* A new round, where none runs and no connection is. */
void link_dial(struct link *link);
/* The current endpoint has failed. */
void link_dial_next(struct link *link);
MUST_USE enum err link_set_address(
    struct link *link, const struct peers_address *address);
void link_endpoints_free(struct link *link);

/* ---- peers_link.c: all under peers->lock, where not said --------------- */

/* The peer's link, found or made; NULL when there is no room. */
struct link *link_get(struct peers *peers, const struct peers_address *address);
/* Takes the request over. Sets *kick when a connection has bytes to send. */
void link_add(
    struct link *link, struct request *request, struct connection **kick);
/* Its connection is authenticated. */
void link_opened(struct link *link);
/* Its connection ended. */
void link_lost(struct link *link, enum peers_reason reason);
/* Takes out the request that this reply answers; NULL when there is none. */
struct request *link_take(
    struct link *link, uint64_t connection, uint32_t number);
/* Fails what is overdue, and a connection that is idle or mute. */
void link_scan(struct link *link, int64_t now_ms);
/* Every request of it fails. */
void link_fail(struct link *link, enum err err);
/* Without the lock, once nothing can dial any more. */
void link_stop(struct link *link);
void link_free(struct link *link);

/* A request ends here, told by the sweeper. */
void request_fail(struct peers *peers, struct request *request, enum err err);
void request_free(struct peers *peers, struct request *request);

/* ---- peers_sweep.c ----------------------------------------------------- */

void *peers_sweep(void *peers);

#endif
