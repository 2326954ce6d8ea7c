/*
 * card_file.h - our own card on disk: DATA/card, and DATA/card-SERIAL for each
 * that it replaced, which prove what was signed under them should the store be
 * lost. The card file is what counts: keys that no card shows yet are unused.
 */
#ifndef IO_CARD_FILE_H
#define IO_CARD_FILE_H

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "core/card.h"
#include "io/private_file.h"

#define CARD_FILE_NAME "card"
/* A card every three months: fifteen years of them. */
#define CARD_FILE_EARLIER_COUNT_MAX 64

/* DATA/card. Errors of private_file_read(). */
MUST_USE enum err card_file_read(const char *data, struct arena *arena,
    struct slice *signed_card, struct keys_problem *problem);

/* Those before `serial`, newest first, as far as they are there; how many. */
size_t card_file_read_earlier(const char *data, uint64_t serial,
    struct arena *arena, struct slice cards[CARD_FILE_EARLIER_COUNT_MAX]);

/*
 * Puts a (verified) card into the place of `held`, which is kept. Whatever ends
 * the process meanwhile, DATA/card is one of the two. ERR_INVALID, ERR_IO.
 */
MUST_USE enum err card_file_install(const char *data, const struct card *held,
    struct slice held_bytes, struct slice signed_card,
    struct keys_problem *problem);

#endif
