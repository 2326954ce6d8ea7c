#include "core/signatory.h"

#include "core/card_book.h"
#include "core/node_state.h"

#include <string.h>

/* Either of the two lines of a note. */
struct line {
    const struct note *note;
    enum key_purpose purpose;        /* LOG: the author's line */
    const struct agency_id *witness; /* of WITNESS */
};

static bool is_by(
    struct work *work, const struct line *line, const uint8_t key[KEY_SIZE])
{
    return (line->purpose == KEY_LOG
                   ? note_verify(work->crypto, line->note, key)
                   : note_verify_cosignature(work->crypto, line->note,
                         line->witness, key)) == ERR_NONE;
}

static bool is_by_card(
    struct work *work, const struct line *line, const struct card *card)
{
    for (size_t i = 0; i < card->key_count; i++)
        if (card->keys[i].purpose == line->purpose &&
            is_by(work, line, card->keys[i].key))
            return true;
    return false;
}

static bool is_by_book(
    struct work *work, const struct line *line, uint32_t peer)
{
    struct card card = { .serial = UINT64_MAX };
    size_t used = work->scratch->used;
    bool found = false;
    while (!found && card_book_before(work, peer, card.serial, &card)) {
        found = is_by_card(work, line, &card);
        arena_rewind(work->scratch, used);
    }
    return found;
}

static bool is_ours(struct work *work, const struct line *line)
{
    uint8_t key[KEY_SIZE];
    enum crypto_signer signer =
        line->purpose == KEY_LOG ? CRYPTO_SIGNER_LOG : CRYPTO_SIGNER_WITNESS;
    if (work->crypto->ops->signer_public(work->crypto, signer, key) ==
            ERR_NONE &&
        is_by(work, line, key))
        return true;
    return is_by_book(work, line, CARD_BOOK_SELF);
}

bool signatory_is_us(struct work *work, const struct note *note)
{
    struct line line = { note, KEY_LOG, NULL };
    return is_ours(work, &line);
}

bool signatory_is_our_witness(struct work *work, const struct note *note)
{
    struct line line = { note, KEY_WITNESS, &work->node->self };
    return is_ours(work, &line);
}

bool signatory_is_shown_witness(struct work *work, const struct note *note)
{
    struct line line = { note, KEY_WITNESS, &work->node->self };
    struct card card;
    struct card_problem problem;
    size_t used = work->scratch->used;
    enum err err = card_read(
        work->crypto, work->node->own_card, work->scratch, &card, &problem);
    bool is_shown = err == ERR_NONE && is_by_card(work, &line, &card);
    arena_rewind(work->scratch, used);
    if (err != ERR_NONE)
        work_unread(work, err);
    return is_shown;
}

bool signatory_is_author(
    struct work *work, struct peer *peer, const struct note *note)
{
    struct line line = { note, KEY_LOG, NULL };
    const struct card *card = peer_card(work, peer);
    if (card == NULL || !instant_before(work->now, card->valid_until))
        return false; /* over, and all its keys with it */
    for (size_t i = 0; i < card->key_count; i++) {
        const struct card_key *key = &card->keys[i];
        if (key->purpose == KEY_LOG && instant_before(work->now, key->until) &&
            is_by(work, &line, key->key))
            return true;
    }
    return false;
}

static bool is_theirs(
    struct work *work, struct peer *peer, const struct line *line)
{
    const struct card *card = peer_card(work, peer);
    return (card != NULL && is_by_card(work, line, card)) ||
           is_by_book(work, line, peer->number);
}

bool signatory_was_author(
    struct work *work, struct peer *peer, const struct note *note)
{
    struct line line = { note, KEY_LOG, NULL };
    return is_theirs(work, peer, &line);
}

bool signatory_is_witness(
    struct work *work, struct peer *peer, const struct note *note)
{
    struct line line = { note, KEY_WITNESS, &peer->agency };
    return is_theirs(work, peer, &line);
}

bool signatory_renew(struct work *work, struct ledger *out)
{
    struct note note;
    struct note again;
    char text[NOTE_SIZE_MAX];
    if (note_parse(out->offered, &note) != ERR_NONE) {
        work_corrupt(work);
        return false;
    }
    again = note;
    if (note_sign(work->crypto, &again) != ERR_NONE) {
        work_fail(work, ERR_KEY);
        return false;
    }
    if (memcmp(note.signature, again.signature, SIGNATURE_SIZE) == 0)
        return true;
    out->offered = arena_copy(work->arena, note_print(&again, text));
    out->changed = true;
    if (out->offered.bytes == NULL)
        work_exhausted(work);
    return !work_failed(work);
}
