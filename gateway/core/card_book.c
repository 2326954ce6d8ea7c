#include "core/card_book.h"

#include "core/codec_card.h"
#include "core/keys.h"

void card_book_put(
    struct work *work, uint32_t peer, uint64_t serial, struct slice signed_card)
{
    struct key key = key_card(peer, serial);
    store_put(work->txn, key_slice(&key), signed_card);
}

struct slice card_book_get(struct work *work, uint32_t peer, uint64_t serial)
{
    struct key key = key_card(peer, serial);
    struct slice held = store_get(work->txn, key_slice(&key));
    if (held.bytes == NULL)
        return SLICE_NONE;
    struct slice copy = arena_copy(work->arena, held);
    if (copy.bytes == NULL)
        work_exhausted(work);
    return copy;
}

bool card_book_before(
    struct work *work, uint32_t peer, uint64_t below, struct card *card)
{
    struct signed_bytes shell;
    if (below == 0)
        return false;
    struct key wanted = key_card(peer, below - 1);
    struct slice key = key_slice(&wanted);
    struct slice value;
    if (!store_seek_back(work->txn, KEY_CARD_PEER_SIZE, &key, &value))
        return false;
    value = arena_copy(work->scratch, value);
    if (value.bytes == NULL) {
        work_exhausted(work);
        return false;
    }
    enum err err = codec_signed_card_read(value, work->scratch, &shell);
    if (err == ERR_NONE)
        err = codec_card_read(shell.bytes, work->scratch, card);
    if (err != ERR_NONE) {
        work_unread(work, err);
        return false;
    }
    return true;
}
