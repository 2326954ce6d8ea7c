/*
 * accord.h - the agreements of a run: who is party, in which versions, who
 * offers and who signs, whether it will ever be signed by all. And what the
 * simulator knows of it: who has signed by now.
 */
#ifndef SIM_ACCORD_H
#define SIM_ACCORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "core/limits.h"
#include "core/mou.h"

struct world;

/* The hub of a star and these many members share one. */
#define ACCORD_STAR_MEMBERS 8
/* And more agencies than this many share several, each with the next: who is
 * party tells all others of each signature, so that one among fifty takes a
 * hundred thousand entries. */
#define ACCORD_RING_MEMBERS 16
#define ACCORD_RING_STEP 8
#define ACCORD_NOBODY SIZE_MAX

struct accord {
    uint32_t version; /* of the first all referrals can live */
    size_t parties[MOU_PARTY_COUNT_MAX]; /* agencies */
    size_t party_count;
    size_t offered_by;
    size_t never_by;    /* this one never signs: a version that comes to
                            nothing; ACCORD_NOBODY */
    bool is_second;     /* another text of that version: twofold.h */
    struct slice bytes; /* exact */
    struct mou_id id;
    bool is_signed[MOU_PARTY_COUNT_MAX]; /* by that party's operator */
};

/* Drafts all of them. */
void accords_begin(struct world *world);
void accords_release(struct world *world);

/* The party's position in it; party_count when it is none. */
size_t accord_position(const struct accord *accord, size_t agency);
bool accord_is_signed(const struct accord *accord);

/* There are several that overlap. */
bool accord_is_ring(const struct world *world);
/* Both are party to one of these; true where there are none such. */
bool accord_is_shared(const struct world *world, size_t a, size_t b);

#endif
