/*
 * expiry.h - what ends soon: our card and keys, those of other agencies, and
 * agreements. Told a fortnight ahead, once a day, and to whoever asks. Judges
 * by the wall clock and changes nothing: a clock that jumps warns for nothing.
 */
#ifndef CORE_EXPIRY_H
#define CORE_EXPIRY_H

#include "base/id.h"
#include "base/instant.h"
#include "core/work.h"

#define EXPIRY_AHEAD_MS (INT64_C(14) * 24 * 60 * 60 * 1000)

/* Symbol, code, what to do. Append only. */
/* clang-format off */
#define EXPIRY_LIST(X)                                                         \
    X(OWN_CARD, "own_card", "referctl card request, or key rotate")            \
    X(PEER_CARD, "peer_card", "phone them: they need a new card")              \
    X(MOU, "mou", "agree on a new version: referctl mou offer FILE")
/* clang-format on */

enum expiry_kind {
#define X(symbol, code, remedy) EXPIRY_##symbol,
    EXPIRY_LIST(X)
#undef X
        EXPIRY_COUNT
};

struct expiry {
    enum expiry_kind kind;
    struct agency_id agency; /* whose card; of OWN_CARD ours */
    struct mou_id mou;       /* of MOU */
    struct instant until;    /* of the card or the first of its keys */
};

const char *expiry_code(enum expiry_kind kind);
const char *expiry_remedy(enum expiry_kind kind);

typedef void expiry_visit(
    struct work *work, const struct expiry *expiry, void *user);

/* Each that ends within EXPIRY_AHEAD_MS, or has ended, and is relied on. */
void expiry_each(struct work *work, expiry_visit *visit, void *user);

/* Time went on: tells what ends soon, once a day, and announces anew the
 * agencies whose keys or card began or ended since the last look. */
void expiry_review(struct work *work);

#endif
