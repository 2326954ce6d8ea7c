/*
 * agency.h - what the people of an agency bring: its card, its sealing keys,
 * its signature; and who knows whom.
 *
 * Agency i offers the service "service.i". Everybody may refer to everybody
 * that it can talk to for the purpose "help", but agency 0 not to the last one;
 * nobody for "gossip", which is listed without a pathway.
 */
#ifndef SIM_AGENCY_H
#define SIM_AGENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"
#include "core/card.h"
#include "core/mou.h"
#include "support/crypto_fake.h"

struct world;
struct gateway;

/* Days of a key sheet: that many back, and ahead, of the present one. */
#define AGENCY_DAYS_BACK 7
#define AGENCY_DAYS_AHEAD 14
#define AGENCY_DAY_COUNT (AGENCY_DAYS_BACK + 1 + AGENCY_DAYS_AHEAD)

uint32_t agency_day(struct instant now);

/* Signs its card, from its keys. */
void agency_found(const struct world *world, struct gateway *gateway);

/* Holds the sealing keys of the days around `day`, and lists them. */
void agency_sheet(struct gateway *gateway, uint32_t day,
    struct sealing_key keys[AGENCY_DAY_COUNT]);

/* Its root key's signature over the agreement of that id. */
void agency_sign(struct gateway *gateway, const struct mou_id *id,
    uint8_t signature[SIGNATURE_SIZE]);

/* Its card names no endpoint: it is a member that collects. */
bool agency_dials_only(const struct world *world, size_t index);
/* Their operators have exchanged cards. */
bool agency_is_met(const struct world *world, size_t a, size_t b);
/* And one can dial the other. */
bool agency_is_linked(const struct world *world, size_t a, size_t b);

/* Whether the agreement has a pathway for that. Written by hand, not asked of
 * the core. */
bool agency_may_refer(
    const struct world *world, size_t from, size_t to, const char *purpose);

#endif
