/*
 * card_renew.h - the card that follows another: of the same root, with the next
 * serial and the hash of the one before, and with some keys new. Pure: nothing
 * is signed here, and keys come from the caller.
 */
#ifndef CORE_CARD_RENEW_H
#define CORE_CARD_RENEW_H

#include "core/card.h"

/* A last-resort key stays on the card so long after its end: who was apart for
 * a season seals its first greeting to it. */
#define LAST_RESORT_KEPT_MS (INT64_C(90) * 24 * 60 * 60 * 1000)

/* SHA-256 of the Card in a SignedCard, as `previous` has it. ERR_MALFORMED,
 * ERR_LIMIT. */
MUST_USE enum err card_hash(struct crypto *crypto, struct slice signed_card,
    struct arena *arena, uint8_t hash[HASH_SIZE]);

/*
 * May a (verified) card take the place of the one held?
 *   ERR_ADDRESS   another agency's
 *   ERR_EXISTS    its serial is not above the one held
 *   ERR_CONFLICT  its serial is the next one, and `previous` names another card
 *                 than the one held
 */
MUST_USE enum err card_follows(struct crypto *crypto, const struct card *held,
    struct slice held_bytes, const struct card *next, struct arena *arena);

/* What of a card ends soon. */
struct card_due {
    bool is_due;                      /* the card, or one of: */
    bool purposes[KEY_PURPOSE_COUNT]; /* whose last key does */
    struct instant until;             /* the first of these ends; when due */
};

/* What has no follower on the card and ends `ahead_ms` after now or before. */
void card_due_find(const struct card *card, struct instant now,
    int64_t ahead_ms, struct card_due *due);

struct card_renewal {
    struct instant now;
    struct instant valid_until;   /* of the new card */
    const struct card_key *fresh; /* to be on it besides those that stay */
    size_t fresh_count;
    bool at_once; /* keys of the purposes of fresh ones go from the card */
};

/* Keys that are over go, and so do those that fresh ones replace at_once. But
 * log and witness keys stay, over, as long as there is room: what they signed
 * is verified by those, too, who missed a card between. `card` borrows from all
 * of these. ERR_LIMIT: too many keys, ERR_MALFORMED: held_bytes. */
MUST_USE enum err card_renew(struct crypto *crypto, const struct card *held,
    struct slice held_bytes, const struct card_renewal *renewal,
    struct arena *arena, struct card *card);

/* A card that waits for the root key, and the one that it follows. */
struct card_request {
    struct slice draft_bytes; /* Card */
    struct slice held_bytes;  /* SignedCard */
    struct card draft;
    struct card held;
};

/*
 * Reads a CardRequest: the held card is verified, and the draft follows it. Of
 * the draft no more is asked: who signs it reads the result with card_read().
 * ERR_MALFORMED, ERR_LIMIT, errors of card_read() and card_follows().
 */
MUST_USE enum err card_request_read(struct crypto *crypto, struct slice bytes,
    struct arena *arena, struct card_request *request);
/* From the two bytes. SLICE_NONE at a limit. */
struct slice card_request_write(
    const struct card_request *request, struct arena *arena);

#endif
