#include "core/own_card.h"

#include "core/card_book.h"
#include "core/card_renew.h"
#include "core/delivery.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "core/output.h"

#include <assert.h>
#include <string.h>

struct slice own_paper_keep(
    struct node *node, uint8_t **room, struct slice bytes)
{
    assert(bytes.size <= SIGNED_CARD_SIZE_MAX);
    if (*room == NULL)
        *room = arena_take(node->memory, SIGNED_CARD_SIZE_MAX);
    if (*room == NULL)
        return SLICE_NONE;
    memcpy(*room, bytes.bytes, bytes.size);
    return slice_of(*room, bytes.size);
}

static enum err set(
    struct work *work, const struct card *card, struct slice signed_card)
{
    struct node *node = work->node;
    node->self = card->agency;
    node->own_card = own_paper_keep(node, &node->own_card_room, signed_card);
    memcpy(node->own_name, card->name.bytes, card->name.size);
    node->own_name[card->name.size] = '\0';
    node->own_card_serial = card->serial;
    node->own_card_until = card->valid_until;
    node->dials_only = card->endpoint_count == 0;
    card_book_put(work, CARD_BOOK_SELF, card->serial, signed_card);
    if (node->own_card.bytes == NULL)
        work_exhausted(work);
    return work->txn->err;
}

/* What the store lacks, such as after its loss. A file that is no card of ours
 * says nothing. */
static void keep_earlier(struct work *work, struct slice signed_card)
{
    struct card card;
    struct card_problem problem;
    if (card_read(work->crypto, signed_card, work->scratch, &card, &problem) !=
            ERR_NONE ||
        !agency_id_equal(&card.agency, &work->node->self) ||
        card_book_get(work, CARD_BOOK_SELF, card.serial).size > 0)
        return;
    card_book_put(work, CARD_BOOK_SELF, card.serial, signed_card);
}

enum err own_card_keep(struct work *work, struct slice signed_card,
    const struct slice *earlier, size_t earlier_count)
{
    struct node *node = work->node;
    struct card card;
    struct card_problem problem;
    enum err err =
        card_read(work->crypto, signed_card, work->scratch, &card, &problem);
    if (err != ERR_NONE)
        return err;
    if (node->self.text[0] != '\0' &&
        !agency_id_equal(&node->self, &card.agency))
        return ERR_CONFLICT; /* another agency's store */
    node->own_card_is_new =
        card_book_get(work, CARD_BOOK_SELF, card.serial).size == 0;
    err = set(work, &card, signed_card);
    for (size_t i = 0; err == ERR_NONE && i < earlier_count; i++)
        keep_earlier(work, earlier[i]);
    return err;
}

/* As an entry of every ledger. Who only dials out reads it there first. */
static void tell_all(struct work *work)
{
    struct node *node = work->node;
    struct tell tell = {
        .kind = ENTRY_CARD,
        .content = node->own_card,
        .held = work_say(work, VAULT_ENTRY_COMMON, node->own_card),
    };
    for (size_t i = 0; i < node->peer_count && !work_failed(work); i++) {
        struct peer *peer = node->peers[i];
        if (peer->state != PEER_ACCEPTED)
            continue; /* a HEAD brings it, should they ever speak */
        peer_tell_head(peer);
        if (!delivery_tell(work, peer, &tell))
            work_exhausted(work);
    }
}

void own_card_tell_if_new(struct work *work)
{
    struct node *node = work->node;
    if (node->own_card_is_new && node->own_card_serial > 1)
        tell_all(work);
    node->own_card_is_new = false;
}

enum err own_card_take(struct work *work, struct slice signed_card)
{
    struct node *node = work->node;
    struct card card;
    struct card_problem problem;
    enum err err =
        card_read(work->crypto, signed_card, work->scratch, &card, &problem);
    if (err != ERR_NONE)
        return err;
    if (!agency_id_equal(&node->self, &card.agency))
        return ERR_CONFLICT;
    if (slice_equal(signed_card, node->own_card))
        return ERR_NONE;
    if (card.serial <= node->own_card_serial)
        return ERR_EXISTS;
    err = set(work, &card, signed_card);
    if (err != ERR_NONE)
        return err;
    tell_all(work);
    OUTPUT_LOG(work, LOG_CARD_RENEWED,
        log_number("serial", (int64_t)card.serial),
        log_number("until_ms", card.valid_until.unix_ms));
    return work->txn->err;
}
