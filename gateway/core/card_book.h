/*
 * card_book.h - the cards that an agency had before its present one, ours too:
 * what was signed under them stays to be verified. By agency and serial, for
 * good; every card was verified when it was taken.
 */
#ifndef CORE_CARD_BOOK_H
#define CORE_CARD_BOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "core/card.h"
#include "core/work.h"

/* Numbers of peers begin at 1. */
#define CARD_BOOK_SELF 0u

void card_book_put(struct work *work, uint32_t peer, uint64_t serial,
    struct slice signed_card);

/* A copy in the batch's arena; empty when there is none, or the store or memory
 * failed. */
struct slice card_book_get(struct work *work, uint32_t peer, uint64_t serial);

/*
 * The newest card whose serial is below `below`, decoded into the step's
 * memory. To walk all of them begin with UINT64_MAX and go on with card->serial
 * until false: there is none, or the store or memory failed.
 */
MUST_USE bool card_book_before(
    struct work *work, uint32_t peer, uint64_t below, struct card *card);

#endif
