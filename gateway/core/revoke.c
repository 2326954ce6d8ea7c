#include "core/revoke.h"

#include "core/card_book.h"
#include "core/codec_card.h"
#include "core/keys.h"
#include "core/node_state.h"
#include "core/output.h"

struct slice revoke_held(struct work *work, uint32_t peer)
{
    struct key key = key_revocation(peer);
    struct slice held = store_get(work->txn, key_slice(&key));
    if (held.bytes == NULL)
        return SLICE_NONE;
    struct slice copy = arena_copy(work->arena, held);
    if (copy.bytes == NULL)
        work_exhausted(work);
    return copy;
}

static void put(struct work *work, uint32_t peer, struct slice bytes)
{
    struct key key = key_revocation(peer);
    store_put(work->txn, key_slice(&key), bytes);
}

bool revoke_is_own(const struct node *node)
{
    return node->own_revocation.size > 0;
}

static void set_own(struct work *work, struct slice bytes)
{
    work->node->own_revocation = arena_copy(work->node->memory, bytes);
    if (work->node->own_revocation.bytes == NULL && bytes.size > 0)
        work_exhausted(work);
}

void revoke_load(struct work *work)
{
    struct signed_bytes frame;
    struct slice held = revoke_held(work, CARD_BOOK_SELF);
    enum err err = held.size == 0 ? ERR_NONE
                                  : codec_signed_revocation_read(
                                        held, work->scratch, &frame);
    if (err != ERR_NONE)
        work_unread(work, err);
    set_own(work, held);
}

/* What it says of a ledger that we hold. Entries beyond that were signed by
 * whoever had the keys; they are not undone, but people must know. */
static void doubt(struct work *work, struct peer *peer,
    const struct revocation *revocation, enum ledger_direction direction)
{
    const struct ledger *ledger = peer_ledger(work, peer, direction);
    struct origin origin =
        ledger_origin(ledger, &work->node->self, &peer->agency);
    for (size_t i = 0; i < revocation->end_count; i++) {
        const struct ledger_end *end = &revocation->ends[i];
        if (end->generation != origin.generation ||
            !agency_id_equal(&end->author, &origin.author) ||
            !agency_id_equal(&end->recipient, &origin.recipient) ||
            end->size >= ledger->cosigned)
            continue;
        OUTPUT_LOG(work, LOG_LEDGER_DOUBTED, log_agency("peer", &peer->agency),
            log_code("direction", direction == LEDGER_OUT ? "out" : "in"),
            log_number("size", (int64_t)end->size),
            log_number("held", (int64_t)ledger->cosigned));
    }
}

enum err revoke_peer(struct work *work, struct peer *peer,
    struct slice signed_revocation, struct closing *closing)
{
    struct revocation revocation;
    const struct card *card = peer_card(work, peer);
    *closing = (struct closing){ 0 };
    if (card == NULL)
        return work->txn->err;
    enum err err = revocation_read(work->crypto, signed_revocation,
        card->root_key, work->scratch, &revocation);
    if (err == ERR_NONE && peer->state == PEER_REVOKED)
        err = ERR_EXISTS;
    if (err != ERR_NONE)
        return err;
    doubt(work, peer, &revocation, LEDGER_IN);
    doubt(work, peer, &revocation, LEDGER_OUT);
    put(work, peer->number, signed_revocation);
    peer_end(work, peer, PEER_REVOKED, closing);
    OUTPUT_LOG(work, LOG_PEER_REVOKED, log_agency("peer", &peer->agency),
        log_number("returned", (int64_t)closing->back_count),
        log_number("waiting", (int64_t)closing->waiting_count));
    return work->txn->err;
}

enum err revoke_self(struct work *work, struct slice signed_revocation)
{
    struct node *node = work->node;
    struct revocation revocation;
    struct card card;
    struct card_problem problem;
    enum err err =
        card_read(work->crypto, node->own_card, work->scratch, &card, &problem);
    if (err == ERR_NONE)
        err = revocation_read(work->crypto, signed_revocation, card.root_key,
            work->scratch, &revocation);
    if (err == ERR_NONE && revoke_is_own(node))
        err = ERR_EXISTS;
    if (err != ERR_NONE)
        return err;
    put(work, CARD_BOOK_SELF, signed_revocation);
    set_own(work, signed_revocation);
    for (size_t i = 0; i < node->peer_count; i++)
        peer_tell_head(node->peers[i]); /* which carries it */
    OUTPUT_LOG(work, LOG_CARD_REVOKED, log_agency("agency", &node->self));
    return work->txn->err;
}
