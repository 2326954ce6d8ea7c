/*
 * peers_nng.h - requests and replies between gateways, over TLS 1.3 on nng's
 * byte streams. Who dials sends requests; who listens sends replies. Frames
 * are a 32-bit size, a 32-bit request number, and a body; nothing here looks
 * into bodies, repeats a request or waits before trying again.
 *
 * Caveats: a peer is known by the SPKI hash of its TLS key, nothing else; the
 * identity that counts is the signature inside the body. A reply that came is
 * proof of nothing that the body does not prove. Fork before peers_open(): nng
 * aborts after a fork.
 *
 * Every function may be called from any thread, from event functions too,
 * except where it says so.
 */
#ifndef IO_PEERS_NNG_H
#define IO_PEERS_NNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define PEERS_SPKI_SIZE 32

struct peers;

/* peers_options_default() fills in everything but the first four. */
struct peers_options {
    /* tls+tcp://HOST:PORT; port 0: any free one, see peers_port(). None: only
     * dials. */
    const char *const *listen_urls;
    size_t listen_count;
    const char *certificate_path; /* PEM, Ed25519 or P-256, self-signed */
    const char *key_path;         /* PEM, not encrypted */
    uint32_t handshake_ms_max;    /* from accept, or from dial, to known */
    uint32_t idle_ms_max;         /* no frame; one unfinished; ours not taken */
    uint32_t reply_ms_max;        /* any request, whatever its timeout */
    uint32_t connection_count_max; /* accepted and authenticated */
    uint32_t peer_count_max;       /* peers dialed, a connection each */
    uint32_t half_open_count_max;  /* not authenticated, or strangers */
    uint32_t half_open_per_address_count_max; /* IPv4, IPv6/64 */
    uint32_t connection_per_peer_count_max;   /* accepted, of one key */
    uint32_t request_count_max;     /* unanswered, of one connection; at most
                                   CONNECTION_REQUEST_COUNT_MAX */
    size_t frame_size_max;          /* of a body */
    size_t stranger_frame_size_max; /* of the body of a request */
    size_t memory_size_max;         /* all bodies held, both ways */
    bool strangers_allowed;         /* keys that are not pinned may ask */
    /* A clock that never goes back and never shows 0, asked by any thread;
     * NULL: the machine's. Only how long nng tries to reach an endpoint is
     * always by the machine's. */
    int64_t (*steady_ms)(void);
};

/* Why a connection ended. Numbers reach logs: append only. */
/* clang-format off */
#define PEERS_REASON_LIST(X)                                                  \
    X(CLOSED_BY_PEER,     0, "closed_by_peer")                                 \
    X(LOST,               1, "lost") /* reset, timed out below us */           \
    X(HANDSHAKE_ABANDONED,2, "handshake_abandoned") /* by the other side */    \
    X(HANDSHAKE_TIMEOUT,  3, "handshake_timeout")                              \
    X(TLS,                4, "tls") /* not TLS 1.3, or broken */               \
    X(CERTIFICATE,        5, "certificate") /* none, or of a wrong kind */     \
    X(STRANGER,           6, "stranger") /* an unpinned key, not allowed */    \
    X(WRONG_KEY,          7, "wrong_key") /* dialed, and another answered */   \
    X(REFUSED_BY_PEER,    8, "refused_by_peer") /* a TLS alert */              \
    X(HALF_OPEN_LIMIT,    9, "half_open_limit")                                \
    X(ADDRESS_LIMIT,     10, "address_limit") /* of half-open ones */      \
    X(CONNECTION_LIMIT,  11, "connection_limit")                               \
    X(REPLACED,          12, "replaced") /* the peer has newer ones */         \
    X(OVERSIZE,          13, "oversize")                                       \
    X(MALFORMED,         14, "malformed")                                      \
    X(FRAME_TIMEOUT,     15, "frame_timeout")                                  \
    X(SEND_TIMEOUT,      16, "send_timeout")                                   \
    X(REPLY_TIMEOUT,     17, "reply_timeout") /* dialed, silent since */       \
    X(IDLE,              18, "idle")                                           \
    X(UNPINNED,          19, "unpinned")                                       \
    X(MEMORY,            20, "memory")                                         \
    X(SHUTDOWN,          21, "shutdown") \
    X(PINNED,            22, "pinned") /* a stranger that is known now */
#define X(symbol, number, name) PEERS_REASON_##symbol = (number),
enum peers_reason { PEERS_REASON_LIST(X) PEERS_REASON_COUNT };
#undef X
/* clang-format on */

/* What a peer said. The block that it is in is given to free() by who gets it;
 * its bytes may be changed, and what they say opened in place. */
struct peers_body {
    uint8_t *block;
    uint8_t *bytes;
    size_t size;
};

/*
 * What happens. Called from nng's threads and the sweeper's, several at once;
 * no lock is held. They return fast: a connection, or all deadlines, wait.
 */
struct peers_events {
    void *user;
    /*
     * A request of a peer, or of a stranger. To be answered by peers_reply()
     * with the connection and number.
     */
    void (*on_request)(void *user, uint64_t connection, uint32_t number,
        const uint8_t spki[PEERS_SPKI_SIZE], bool stranger,
        struct peers_body body);
    /*
     * Exactly once for each peers_request() that returned ERR_NONE. With
     * ERR_NONE the body is the reply. Else it is all zero:
     *
     *   ERR_UNREACHABLE  no endpoint connected, or the connection was lost
     *   ERR_TIMEOUT      no reply in time; the request may have been served
     *   ERR_KEY          only keys that are not the peer's answered
     *   ERR_BUSY         too much waits for this peer, or for all
     *   ERR_NO_MEMORY
     */
    void (*on_reply)(
        void *user, uint64_t token, enum err err, struct peers_body body);
    /*
     * A connection ended, or was refused. The key is the peer's once it is
     * proved; of a dialed one the first that was expected; else NULL.
     */
    void (*on_closed)(
        void *user, enum peers_reason reason, const uint8_t *spki);
};

/* What peers_open() could not do, in English, for the operator. */
struct peers_problem {
    const char *what;    /* static storage */
    const char *detail;  /* static storage, or NULL */
    size_t listen_index; /* of the URL, SIZE_MAX when it is not about one */
};

struct peers_address {
    const char *const *endpoints; /* tls+tcp://HOST:PORT, tried in order */
    size_t endpoint_count;        /* at most CARD_ENDPOINT_COUNT_MAX */
    const uint8_t (*spki)[PEERS_SPKI_SIZE]; /* any of them is the peer */
    size_t spki_count; /* 1 to PEER_TLS_KEY_COUNT_MAX; the first names it */
};

struct peers_counters {
    uint64_t accepted;      /* connections, since the start */
    uint64_t dialed;        /* TCP connections made, since the start */
    uint64_t dial_failed;   /* attempts, since the start */
    uint64_t accept_failed; /* errors of accept itself, since the start */
    uint64_t late_reply;    /* to requests that were given up */
    uint64_t unanswered;    /* requests to us, given up after reply_ms_max */
    uint64_t closed[PEERS_REASON_COUNT];
    uint32_t open;      /* now: authenticated, both ways, no strangers */
    uint32_t half_open; /* now: accepted and not known; strangers too */
    uint32_t ending;    /* now: closed, their memory not yet back */
    uint32_t request;   /* now: ours without an answer */
    size_t memory;      /* now: bytes of frames held */
};

/* All limits of limits.h; no strangers. */
struct peers_options peers_options_default(void);

/*
 * Listens, and starts the thread that closes and times out. Copies what it
 * needs of the options; events must stay until peers_close(). Nobody is pinned
 * at first.
 *
 *   ERR_INVALID      an option is out of range, a URL is not tls+tcp
 *   ERR_NOT_FOUND    certificate or key cannot be read
 *   ERR_KEY          they are of no use (tls_own_open)
 *   ERR_UNREACHABLE  a URL cannot be listened on
 *   ERR_NO_MEMORY, ERR_IO
 */
MUST_USE enum err peers_open(const struct peers_options *options,
    const struct peers_events *events, struct peers **peers,
    struct peers_problem *problem);

/*
 * Ends all connections, answers every request still open with
 * ERR_UNREACHABLE, waits for event functions to return, and frees. For tests:
 * a gateway ends by _exit(), because nng 1.5.2 has races between closing an
 * endpoint and using it. Not from an event function. NULL is allowed.
 */
void peers_close(struct peers *peers);

/* The port that listen_urls[index] got; 0 when there is no such URL. */
uint16_t peers_port(struct peers *peers, size_t index);

/*
 * Replaces the set of keys that may ask without being strangers. Connections
 * of keys that were in it and no longer are end; so do those of strangers that
 * are in it now, so that they come again as themselves. ERR_NO_MEMORY changes
 * nothing.
 */
MUST_USE enum err peers_set_pins(
    struct peers *peers, const uint8_t (*spki)[PEERS_SPKI_SIZE], size_t count);

/* Another certificate and key of ours, shown in handshakes from now on.
 * Connections stay. Errors of tls_own_open(); all is then as it was. */
MUST_USE enum err peers_set_own(
    struct peers *peers, const char *certificate_path, const char *key_path);

/*
 * Sends a request and copies it. One connection is kept for each peer, dialed
 * when there is none. The answer comes to on_reply with the token.
 *
 *   ERR_INVALID    the address, or no timeout
 *   ERR_LIMIT      the body is above frame_size_max
 *   ERR_STATE      peers_close() has begun
 *   ERR_NO_MEMORY
 */
MUST_USE enum err peers_request(struct peers *peers,
    const struct peers_address *address, uint64_t token, const uint8_t *body,
    size_t size, uint32_t timeout_ms);

/*
 * Answers a request, once.
 *
 *   ERR_NOT_FOUND  the connection is gone, or the request is not open (it was
 *                  answered, or given up)
 *   ERR_BUSY       the peer does not read; the request stays open
 *   ERR_LIMIT      the body is above frame_size_max; the request stays open
 *   ERR_NO_MEMORY  the request stays open
 */
MUST_USE enum err peers_reply(struct peers *peers, uint64_t connection,
    uint32_t number, const uint8_t *body, size_t size);

void peers_counters(struct peers *peers, struct peers_counters *counters);

/* Lower-case English name, static storage; "?" for a number out of range. */
const char *peers_reason_name(enum peers_reason reason);

#endif
