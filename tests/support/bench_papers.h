/*
 * bench_papers.h - the cards, key sheets and the agreement of the agencies of
 * bench_node.h, made with fake keys. Bytes are in the arena that is given; one
 * that is full ends the process.
 */
#ifndef SUPPORT_BENCH_PAPERS_H
#define SUPPORT_BENCH_PAPERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "core/card.h"
#include "core/mou.h"

#define PAPERS_DAY_MS INT64_C(86400000)

/* How long what was said is held, once a referral has ended. */
#define PAPERS_CONTENT_DAYS 180
#define PAPERS_IDENTIFIERS_DAYS 30

/* "alpha", "beta", "gamma"; and what they are called. */
const char *papers_party(size_t agency);
const char *papers_name(size_t agency);
/* The service of each: "alpha.care". */
const char *papers_service(size_t agency);

/* A SignedCard: keys from 30 days before `start` to `keys_until`. `previous`:
 * the SignedCard before it, empty for serial 1. */
struct slice papers_card(struct crypto *crypto, size_t agency, uint64_t serial,
    struct slice previous, struct instant start, struct instant keys_until,
    struct arena *arena);

/* Sealing keys of `count` days from `first_day` on. */
void papers_days(struct crypto *crypto, uint32_t first_day, size_t count,
    struct sealing_key *keys);

/* The bytes of an agreement of these agencies. */
struct slice papers_mou(struct crypto *const *parties, size_t count,
    uint32_t version, struct arena *arena);
/* A party's signature over it. */
void papers_mou_sign(struct crypto *crypto, const struct mou_id *id,
    struct mou_signature *signature);

#endif
