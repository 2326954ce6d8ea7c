/*
 * truth.h - what the simulator knows by itself: who meant to refer whom where,
 * what was done, whose words stand where. The oracle that judges what the
 * gateways did is made of this and shares no code with them.
 */
#ifndef SIM_TRUTH_H
#define SIM_TRUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/slice.h"
#include "core/referral.h"

enum outcome { OUTCOME_OPEN, OUTCOME_DONE, OUTCOME_REFUSED };

/* What became of an intention that was handed over again after a loss, as
 * again.h finds. */
enum tries {
    TRIES_ONE,  /* one referral */
    TRIES_BACK, /* the other one is back with staff, told to nobody */
    TRIES_BOTH  /* the first has no words left to be known by: there are two */
};

/* One intention to refer: one referral, however often it is tried. */
struct affair {
    size_t from;
    size_t to;
    bool is_forbidden; /* by the agreement or the person's consent */
    enum outcome outcome;
    bool may_be_done;  /* though it was refused when it was tried again */
    int64_t stored_ms; /* when the gateway last said so */
    bool is_named;
    struct uuid uuid;
    bool was_named; /* otherwise before, so: */
    struct uuid other;
    enum tries tries;
    uint64_t erased_by; /* agencies, a bit each, that erased all of it */
    int64_t erased_ms;  /* when the last of them did */
};

/* One step that a program meant to take, once. */
struct deed {
    size_t agency;
    struct uuid referral;
    enum referral_event_type step;
    enum outcome outcome;
    bool may_be_done; /* though it was refused when it was tried again */
    int64_t stored_ms;
};

/* An agency's bit in erased_by. Of the thousand of a star nobody erases: those
 * that find no place have none. */
static inline uint64_t truth_bit(size_t agency)
{
    return agency < 64 ? UINT64_C(1) << agency : 0;
}

/* Words about a person that can be recognised anywhere. */
struct canary {
    size_t affair;
    bool is_void;        /* never said: the gateway refused it */
    const char *element; /* that it is in; NULL: other words */
    bool is_said;        /* a gateway stored it */
    uint64_t erased_by;  /* agencies, a bit each, that erased its element */
    int64_t erased_ms;   /* when the last of them did */
};

struct truth {
    struct affair *affairs;
    size_t affair_count;
    size_t affair_capacity;
    size_t *named; /* by hash of the id: one past an affair; 0: free */
    size_t named_capacity;
    size_t named_count;
    struct deed *deeds;
    size_t deed_count;
    size_t deed_capacity;
    struct canary *canaries;
    size_t canary_count;
    size_t canary_capacity;
};

void truth_release(struct truth *truth);

size_t truth_affair(struct truth *truth, size_t from, size_t to);
/* The gateway gave it that id. */
void truth_name(struct truth *truth, size_t affair, const struct uuid *uuid);
/* The affair of that referral; affair_count when nobody told us yet. */
size_t truth_find(const struct truth *truth, const struct uuid *uuid);
size_t truth_deed(struct truth *truth, size_t agency, const struct uuid *uuid,
    enum referral_event_type step);

#define CANARY_SIZE 16

/* A new word of that affair, zero-terminated, a code in form; in an element,
 * or NULL. */
void truth_canary(struct truth *truth, size_t affair, const char *element,
    char word[CANARY_SIZE + 1]);
/* Those from `first` to before `end` are stored. */
void truth_said(struct truth *truth, size_t first, size_t end);
/* An agency erased that element of what had been said by then. */
void truth_erase(struct truth *truth, size_t affair, const char *element,
    size_t agency, int64_t now_ms);

/* An agency erased all that had been said. */
void truth_erase_all(
    struct truth *truth, size_t affair, size_t agency, int64_t now_ms);

/* The first canary at or after *at; moves *at past it. False: no more. */
bool truth_scan(struct slice bytes, size_t *at, size_t *canary);
bool truth_has_marker(struct slice bytes);

/* Whether the state machine, as drawn in the design, leads from one state to
 * the other by one step; the same state counts. */
bool truth_may_follow(enum referral_state from, enum referral_state to);
bool truth_is_final(enum referral_state state);

#endif
