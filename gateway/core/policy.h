/*
 * policy.h - one evaluator for both ends: may this event go from here to
 * there, now, with these elements? `explain` is the same call, dry. Everything
 * that is not allowed by name is refused; nothing is dropped in silence.
 */
#ifndef CORE_POLICY_H
#define CORE_POLICY_H

#include "core/mou.h"
#include "core/problem.h"
#include "core/referral.h"

struct policy_question {
    struct agency_id from; /* author of the event */
    struct agency_id to;   /* its recipient */
    struct instant now;
    const struct mou *mou; /* the version that the event names; NULL: none */
    bool in_force_at_author;
    bool in_force_at_recipient;
    const struct referral_event *event;
    /* The referral's request: event->request for SEND, else as stored. */
    const struct referral_request *request;
    bool from_referrer; /* the author is the referring agency */
};

/*
 * For SEND: MOU in force at both, dates, roles, service of the recipient,
 * pathway, hop limit, required elements present. For every event with
 * elements: each in required or allowed of the purpose, none in never_share,
 * each covered by a grant {to, purpose, element, until > now}; grants not
 * longer than the MOU's limit, counted from when the person agreed. Later
 * events of an open referral pass after the MOU's end, but bring no elements
 * then. Exempt events (event_is_exempt) always pass and carry no elements.
 * Back from the receiver, `ask_back` of the request bounds notes and elements.
 */
void policy_judge(
    const struct policy_question *question, struct verdict *verdict);

#endif
