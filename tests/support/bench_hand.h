/*
 * bench_hand.h - one referral between two agencies of bench_node.h, one of
 * which writes its events by hand (bench_author.h), and the answers that the
 * other gives to them.
 */
#ifndef SUPPORT_BENCH_HAND_H
#define SUPPORT_BENCH_HAND_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/agreement.h"
#include "core/problem.h"
#include "core/referral.h"
#include "support/bench_author.h"

struct hand {
    struct federation *federation;
    struct author author;
    struct mou_id mou;
};

/* Two agencies with an agreement in force; `self` writes by hand. */
void hand_open(struct hand *hand, size_t self, size_t other);
/* 0 has sent a referral to 1, and from now on 1 writes by hand; its id. */
const char *hand_open_receiver(struct hand *hand);
void hand_close(struct hand *hand);

/* The referral that is sent by hand. */
extern const struct uuid hand_referral;

/* An event, to be spoilt; what it points to lives here. */
struct hand_form {
    struct referral_event event;
    struct referral_request request;
    struct grant grant;
    struct slice granted[2];
    struct named_value elements[2];
};

/* A whole SEND. */
void hand_send(struct hand *hand, struct hand_form *form);
/* 0 writes by hand, and has told 1 of a whole SEND. */
void hand_open_told(struct hand *hand, struct hand_form *form);
/* A later step without details; to amend is to say the name again. */
void hand_step(struct hand *hand, struct hand_form *form,
    enum referral_event_type type, uint32_t seq);

/* Writes the event as the next entry; the answer to it. */
struct answer_item hand_tell(struct hand *hand, const struct hand_form *form);
/* The newest answer that the other agency queued or sent about entry `index`,
 * after everything has come to rest. */
struct answer_item hand_answer(struct hand *hand, uint64_t index);

/* federation_state() of hand_referral. */
const char *hand_state(struct hand *hand, size_t agency);

static inline void assert_applied(
    const struct answer_item *item, enum referral_state state)
{
    if (item->verdict != ANSWER_APPLIED)
        fail_msg("%s %.*s: %.*s", problem_name(item->problem),
            (int)item->clause.size, (const char *)item->clause.bytes,
            (int)item->remedy.size, (const char *)item->remedy.bytes);
    assert_string_equal(referral_state_name((enum referral_state)item->state),
        referral_state_name(state));
}

static inline void assert_turned_down(const struct answer_item *item,
    enum problem problem, const char *clause, enum referral_state state)
{
    assert_int_equal(item->verdict, ANSWER_REFUSED);
    assert_string_equal(problem_name(item->problem), problem_name(problem));
    assert_memory_equal(item->clause.bytes, clause, strlen(clause));
    assert_true(item->remedy.size > 0);
    assert_string_equal(referral_state_name((enum referral_state)item->state),
        referral_state_name(state));
}

#endif
