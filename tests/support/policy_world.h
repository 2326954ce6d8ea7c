/*
 * policy_world.h - everything that a question of policy is asked of, small
 * enough to be turned over: three parties, their services, pathways, purposes
 * and elements, one referral and one event of it. As it begins, Open Door
 * refers a person to the hospital, and all is well.
 *
 * The oracle says what has to come out: PROTOCOL.md, section 12, as plainly as
 * can be, every rule by itself, and nothing of the core's.
 */
#ifndef SUPPORT_POLICY_WORLD_H
#define SUPPORT_POLICY_WORLD_H

#include "core/policy.h"

#define POLICY_DAY INT64_C(86400000)
#define POLICY_NOW (1000 * POLICY_DAY)
#define POLICY_LIST_MAX 8

struct policy_codes {
    struct slice items[POLICY_LIST_MAX];
    size_t count;
};

/* It borrows from itself: never copied. */
struct policy_world {
    struct mou_party parties[3];
    struct mou_service services[3];
    struct mou_pathway pathways[4];
    struct mou_purpose purposes[3];
    struct policy_codes required[3];
    struct policy_codes allowed[3];
    struct policy_codes never;
    struct mou mou;
    struct policy_codes granted[3];
    struct grant grants[3];
    struct referral_request request;
    struct named_value elements[POLICY_LIST_MAX];
    struct named_value details[2];
    struct referral_event event;
    struct policy_question question;
};

void policy_world_init(struct policy_world *world);
/* The lists as structures point to them; after every change of a list. */
void policy_world_tie(struct policy_world *world);

/* The agency of a party; 3 is a stranger's. */
struct agency_id policy_agency(size_t index);

void policy_add(struct policy_codes *list, const char *code);
/* The event carries it. */
void policy_carry(struct policy_world *world, const char *code);
void policy_say(
    struct policy_world *world, const char *name, const char *value);

/* Another world, by choices that the tape makes, a byte for each; where it has
 * ended, and where it says 0, all is well. */
void policy_world_draw(struct policy_world *world, struct slice tape);
#define POLICY_TAPE_SIZE 256 /* more than is ever read */

enum problem policy_oracle(const struct policy_world *world);

#endif
