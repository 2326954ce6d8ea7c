/*
 * desk.h - the local API: one table of operations with the right that each
 * needs. Where programs of the agency and its operators are served.
 */
#ifndef CORE_DESK_H
#define CORE_DESK_H

#include <stdint.h>

#include "base/slice.h"
#include "core/local.h"
#include "core/local_reply.h"
#include "core/work.h"

/* Who asks. */
struct caller {
    uint64_t client;
    uint32_t rights; /* enum local_right */
    uint32_t uid;
};

/* Serves one frame; the reply goes to the node's outputs, at once or, for a
 * wait on the feed, later. */
void desk_serve(
    struct work *work, const struct caller *caller, struct slice frame);

/* A client closed its connection: its cursors and waits end. */
void desk_gone(struct work *work, uint64_t client);

/* Answers the waits that the feed or the clock has ended. */
void desk_wake(struct work *work);

/* Steady time of the next wait to end; INT64_MAX: none. */
int64_t desk_due_steady_ms(const struct node *node);

/* One of the operations. Everything in `answer` but errors is up to it. */
typedef void desk_operation(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer);

desk_operation desk_get, desk_list;         /* desk_referral.c */
desk_operation desk_erase, desk_erase_find; /* desk_erase.c */
desk_operation desk_disclosures;            /* desk_disclosure.c */
desk_operation desk_cursor_open, desk_cursor_next, desk_cursor_ack,
    desk_cursor_rewind, desk_cursor_delete, desk_cursor_list; /* desk_feed.c */
desk_operation desk_card_show, desk_card_import, desk_card_accept,
    desk_peer_list, desk_peer_close, desk_peer_invite; /* desk_peer.c */
desk_operation desk_mou_offer, desk_mou_sign, desk_mou_list,
    desk_mou_show;                                       /* desk_mou.c */
desk_operation desk_ledger_list, desk_ledger_show;       /* desk_ledger.c */
desk_operation desk_ledger_verify;                       /* desk_verify.c */
desk_operation desk_ledger_conflicts, desk_ledger_renew; /* desk_conflict.c */
desk_operation desk_card_list, desk_evidence_read;       /* desk_evidence.c */
desk_operation desk_revocation_import;                   /* desk_revocation.c */
desk_operation desk_store_check;                         /* desk_store.c */
/* desk_status.c */
desk_operation desk_status, desk_health, desk_metrics, desk_reload;

/* Sends a finished reply. */
void desk_reply(
    struct work *work, uint64_t client, struct local_answer *answer);

/* The accepted or imported agency that a text names by its whole id, or an
 * error in the reply. */
struct peer *desk_peer(
    struct work *work, struct slice agency, struct local_answer *answer);

/* An event of the feed as records: "event", its details, its elements. False:
 * its words are damaged here, and there is no record. */
struct feed_event;
MUST_USE bool desk_event(struct work *work, const struct feed_event *event,
    uint32_t redeliveries, struct local_answer *answer);

/* An error in the reply: words that it is about are damaged here. They are
 * looked for, and come back where another agency holds them. */
void desk_damaged(struct work *work, struct local_answer *answer);

/* "gateway" with agency, name, protocol, version. */
void desk_gateway(struct work *work, struct local_answer *answer);

/* "ledger" as ledger.list has it. */
struct ledger;
void desk_ledger_record(struct work *work, struct peer *peer,
    const struct ledger *ledger, struct local_answer *answer);

/* The ledger that the fields "peer" and "direction" name; NULL with an error
 * in the reply. */
struct ledger *desk_ledger_named(struct work *work,
    const struct local_request *request, struct peer **peer,
    struct local_answer *answer);

/* A list of peers that one reply may not hold: where it begins, behind the
 * agency that the field "after" names; false with an error in the reply. */
bool desk_page_begin(struct work *work, const struct local_request *request,
    size_t *index, struct local_answer *answer);
/* Where that peer is not listed any more: "more", with what "after" is next. */
void desk_page_end(
    const struct work *work, size_t index, struct local_answer *answer);

/* "peer" as peer.list has it. */
void desk_peer_record(
    struct work *work, struct peer *peer, struct local_answer *answer);

#endif
