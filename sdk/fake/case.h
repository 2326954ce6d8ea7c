/*
 * case.h - the referrals of a fake: handed over by the program under test,
 * moved on by it or by the other agency, which the test speaks for.
 */
#ifndef FAKE_CASE_H
#define FAKE_CASE_H

#include "sdk/fake/feed.h"
#include "sdk/fake/state.h"

/* ---- Operations -------------------------------------------------------- */

bool fake_submit(struct refer_fake *fake, struct fake_request *request,
    struct sdk_reply *reply);
bool fake_submit_many(struct refer_fake *fake, struct fake_request *request,
    struct sdk_reply *reply);
bool fake_explain(struct refer_fake *fake, struct fake_request *request,
    struct sdk_reply *reply);
bool fake_act(struct refer_fake *fake, struct fake_request *request,
    struct sdk_reply *reply);
bool fake_erase(struct refer_fake *fake, struct fake_request *request,
    struct sdk_reply *reply);
bool fake_get(struct refer_fake *fake, struct fake_request *request,
    struct sdk_reply *reply);
bool fake_list(struct refer_fake *fake, struct fake_request *request,
    struct sdk_reply *reply);

/* ---- Judging ----------------------------------------------------------- */

/* Makes a refusal of the reply, with the error that goes with the problem;
 * always false. */
bool fake_judge_refuse(struct sdk_reply *reply, const char *problem,
    const char *clause, const char *remedy);
/* Of a step in that state. */
bool fake_judge_refuse_step(struct sdk_reply *reply, const char *problem,
    const char *state, const char *step, const char *remedy);
/* STATE, and which steps are possible there for that party; false. */
bool fake_judge_refuse_state(
    struct sdk_reply *reply, const char *state, const char *step, char party);
/* The form of a submission; *referral is then its record. */
bool fake_submission_read(const struct sdk_records *records,
    struct sdk_reply *reply, const struct sdk_record **referral);
/* What it says, as far as that can be judged without an agreement. */
bool fake_submission_judge(const struct sdk_records *records,
    const struct sdk_record *referral, struct sdk_reply *reply);
/* The form of the records of a step: its details, elements, role, actor. */
bool fake_step_read(const struct sdk_records *records, struct sdk_reply *reply);
/* Whether it may be taken now and says what it must; *next is where it leads.
 * `party` as in step.h. */
bool fake_step_judge(const struct fake_case *of, const char *step, char party,
    const struct sdk_records *records, struct sdk_reply *reply,
    const char **next);
/* The letter of "staff", "person" or "companion"; 0: none of them. */
char fake_party(const char *actor, bool is_referrer);

/* ---- Referrals --------------------------------------------------------- */

/* NULL when there is none of that id. */
struct fake_case *fake_case_named(struct refer_fake *fake, const char *id);
/* Not among the others yet; takes over the records from `start`. NULL for want
 * of memory. */
struct fake_case *fake_case_new(struct refer_fake *fake,
    const struct sdk_records *records, size_t start, const char *id);
void fake_case_free(struct fake_case *of);
void fake_case_insert(struct refer_fake *fake, struct fake_case *of);
/* Writes the event and goes to its state. REFER_NO_MEMORY. */
refer_status fake_case_apply(struct refer_fake *fake, struct fake_case *of,
    const struct fake_note *note);
/* A new id. */
void fake_case_id(struct refer_fake *fake, char id[REFER_ID_SIZE]);

/* Queues a step of ours for the other agency; NULL for want of memory. */
struct fake_told *fake_told_new(
    struct fake_case *of, const char *step, char party);
void fake_told_append(struct refer_fake *fake, struct fake_told *told);
/* Drops what the other agency has not heard of that referral. */
void fake_told_drop(struct refer_fake *fake, const struct fake_case *of);
/* While it can be reached, the other agency answers what was told to it. */
void fake_other_turn(struct refer_fake *fake);

#endif
