/*
 * step.h - what can and must be said with each step of a referral, as a table
 * that guards read and help texts show, and the closed code lists in it.
 */
#ifndef CORE_STEP_H
#define CORE_STEP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "core/referral.h"

enum detail_need {
    DETAIL_OPTIONAL,
    DETAIL_REQUIRED,
    DETAIL_ONE_OF,      /* at least one of those so marked in the step */
    DETAIL_CONDITIONAL, /* the rest of the event decides; see its help */
};

enum detail_kind {
    DETAIL_TEXT,     /* UTF-8, lines allowed */
    DETAIL_CODE,     /* one of a closed list */
    DETAIL_DATE,     /* YYYY-MM-DD */
    DETAIL_TIME,     /* RFC 3339, with its offset */
    DETAIL_TIMES,    /* several, between single spaces */
    DETAIL_UUID,     /* urn:uuid:..., lower case */
    DETAIL_YES,      /* yes, and nothing else */
    DETAIL_FLAG,     /* yes, no */
    DETAIL_NUMBER,   /* decimal digits */
    DETAIL_ELEMENTS, /* element codes, between single spaces */
    DETAIL_KIND_COUNT
};

enum code_list {
    CODES_NONE,
    CODES_DECLINE,  /* 2.6a: why the receiver cannot help */
    CODES_CANCEL,   /* 2.6b: why the referrer calls it off */
    CODES_OUTCOME,  /* 2.6c: what came of it */
    CODES_PROBLEM,  /* 2.6d: why a gateway refused (enum problem) */
    CODES_BARRIER,  /* 2.6e: what stood in the person's way */
    CODES_FEEDBACK, /* how the invitation to give feedback was taken */
    CODES_MISTAKE,  /* what was wrong about a referral */
    CODE_LIST_COUNT
};

struct step_detail {
    const char *name;
    enum detail_need need;
    enum detail_kind kind;
    enum code_list codes; /* of DETAIL_CODE, else CODES_NONE */
    size_t size_max;      /* bytes */
    enum ask_back back;   /* the least ask_back that lets it back */
    const char *help;     /* what to give, a few English words */
};

/* The details of a step, in the order to ask for them; NULL and 0 when it
 * takes none. Static storage. */
const struct step_detail *step_details(
    enum referral_event_type type, size_t *count);

/* NULL when the step does not know that detail. */
const struct step_detail *step_detail_named(
    enum referral_event_type type, struct slice name);

/* True for the steps that may carry elements about the person. */
bool step_takes_elements(enum referral_event_type type);

/* What follows "write NAME as": "YYYY-MM-DD"; static storage. */
const char *detail_kind_form(enum detail_kind kind);

bool code_list_has(enum code_list list, struct slice code);
/* The i-th code; NULL past the last. */
const char *code_list_at(enum code_list list, size_t index);

/* True for reasons that would judge the person (agreements list them under
 * decline.not_acceptable): no gateway takes them, in either case of letters,
 * so that the refusal can say why. */
bool code_is_judgement(struct slice code);

/* What an accept, place_found, did_not_meet, left_before_seen or move_time
 * offers: its window in words if there is one, else its times; bytes NULL when
 * it offers nothing. This is what guard_context.offer holds. */
struct slice step_offer(const struct referral_event *event);

#endif
