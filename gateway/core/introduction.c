#include "core/introduction.h"

#include "core/invitation.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "core/output.h"
#include "core/settle.h"

/* Doublings of the retry delay while an operator is waited for. */
#define PENDING_FAILURE_COUNT_MAX 3u

static void reply(
    struct work *work, uint64_t handle, enum reply_kind kind, struct slice body)
{
    struct node_output *output = output_add(work, NODE_REPLY);
    output->of.reply.handle = handle;
    output->of.reply.kind = kind;
    output->of.reply.body = body;
    if (body.bytes == NULL)
        work_exhausted(work);
}

static void refuse(struct work *work, const struct request *request,
    uint64_t handle, enum refusal_code code)
{
    work->node->counters.requests_refused++;
    OUTPUT_LOG(work, LOG_PEER_REFUSED, log_agency("peer", &request->sender),
        log_code("kind", "introduce"),
        log_code("code", refusal_code_name(code)));
    reply(work, handle, REPLY_REFUSED, refusal_write(code, work->arena));
}

/* Card and key sheet; to whom an operator accepted, the ledgers as well. */
static void greet(struct work *work, struct peer *peer, uint64_t handle)
{
    struct head head = { .card = work->node->own_card,
        .sheet = work->node->own_sheet };
    bool accepted = peer != NULL && peer->state == PEER_ACCEPTED;
    reply(work, handle, REPLY_HEAD,
        accepted ? settle_head(work, peer, true)
                 : head_write(&head, work->arena));
}

static size_t introduced_count(const struct node *node)
{
    size_t count = 0;
    for (size_t i = 0; i < node->peer_count; i++)
        count += node->peers[i]->state == PEER_INTRODUCED;
    return count;
}

static void take_known(
    struct work *work, struct peer *peer, const struct introduce *introduce)
{
    (void)peer_offer_card(work, peer, introduce->card);
    if (peer->state == PEER_INTRODUCED &&
        invitation_use(work, introduce->invitation)) {
        peer->state = PEER_INVITED;
        peer_store(work, peer, SLICE_NONE, SLICE_NONE);
    }
}

void introduction_take(
    struct work *work, const struct request *request, uint64_t handle)
{
    struct node *node = work->node;
    struct introduce introduce;
    struct card card;
    struct card_problem problem;
    if (introduce_read(request->body, work->scratch, &introduce) != ERR_NONE ||
        card_read(work->crypto, introduce.card, work->scratch, &card,
            &problem) != ERR_NONE ||
        !agency_id_equal(&card.agency, &request->sender)) {
        refuse(work, request, handle, REFUSAL_MALFORMED);
        return;
    }
    struct peer *peer = peer_find(node, &card.agency);
    if (peer != NULL && peer_is_over(peer)) {
        refuse(work, request, handle,
            peer->state == PEER_CLOSED ? REFUSAL_CLOSED : REFUSAL_REVOKED);
        return;
    }
    if (peer != NULL) {
        take_known(work, peer, &introduce);
        greet(work, peer, handle);
        return;
    }
    bool invited = invitation_use(work, introduce.invitation);
    if (agency_id_equal(&card.agency, &node->self) ||
        (!invited && introduced_count(node) >= INTRODUCED_COUNT_MAX) ||
        peer_add(work, &card, introduce.card,
            invited ? PEER_INVITED : PEER_INTRODUCED) == NULL) {
        refuse(work, request, handle, REFUSAL_STRANGER);
        return;
    }
    OUTPUT_LOG(work, LOG_CARD_IMPORTED, log_agency("agency", &card.agency),
        log_code("code", invited ? "invited" : "introduced"));
    greet(work, NULL, handle);
}

struct slice introduction_body(struct work *work, const struct peer *peer)
{
    struct introduce introduce = { work->node->own_card,
        peer_invitation(work, peer) };
    struct slice body = introduce_write(&introduce, work->arena);
    if (body.bytes == NULL)
        work_exhausted(work);
    return body;
}

const char *introduction_pending(struct peer *peer)
{
    /* a few seconds: someone may be at the other end of the phone just now */
    if (peer->failure_count > PENDING_FAILURE_COUNT_MAX)
        peer->failure_count = PENDING_FAILURE_COUNT_MAX;
    return "not_accepted_yet";
}

const char *introduction_done(
    struct work *work, struct peer *peer, struct slice body)
{
    struct head head;
    if (head_read(body, work->scratch, &head) != ERR_NONE)
        return "reply_malformed";
    if (head.card.size > 0)
        (void)peer_offer_card(work, peer, head.card);
    if (head.sheet.size > 0)
        (void)peer_offer_sheet(work, peer, head.sheet);
    peer->introduces = false;
    if (head.ledger_count > 0)
        return NULL; /* accepted meanwhile: Head follows at once */
    return introduction_pending(peer);
}
