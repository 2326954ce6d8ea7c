#include "sdk/fake/case.h"
#include "sdk/fake/check.h"
#include "sdk/fake/step.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sdk/memory.h"

struct fake_case *fake_case_named(struct refer_fake *fake, const char *id)
{
    char wanted[REFER_ID_SIZE];
    if (!fake_id_read(id, wanted))
        return NULL;
    struct fake_case *of = fake->cases;
    while (of != NULL && strcmp(of->id, wanted) != 0)
        of = of->next;
    return of;
}

void fake_case_id(struct refer_fake *fake, char id[REFER_ID_SIZE])
{
    uint64_t ms = (uint64_t)fake_wall_ms() & UINT64_C(0xffffffffffff);
    uint64_t count = ++fake->id_count;
    /* as the gateway's: time first, so that later ones sort later */
    (void)snprintf(id, REFER_ID_SIZE,
        "urn:uuid:%08" PRIx64 "-%04" PRIx64 "-7%03" PRIx64 "-8%03" PRIx64
        "-%012" PRIx64,
        ms >> 16, ms & 0xffff, count >> 12 & 0xfff, count & 0xfff,
        count & UINT64_C(0xffffffffffff));
}

void fake_case_free(struct fake_case *of)
{
    if (of == NULL)
        return;
    sdk_records_release(&of->request);
    sdk_memory_free(of);
}

struct fake_case *fake_case_new(struct refer_fake *fake,
    const struct sdk_records *records, size_t start, const char *id)
{
    struct fake_case *of = sdk_memory_take(sizeof *of);
    if (of == NULL)
        return NULL;
    if (!fake_id_read(id, of->id))
        fake_case_id(fake, of->id);
    of->created_ms = fake_wall_ms();
    of->updated_ms = of->created_ms;
    if (fake_records_copy(
            &of->request, records, start, records->count - start) == REFER_OK)
        return of;
    fake_case_free(of);
    return NULL;
}

void fake_case_insert(struct refer_fake *fake, struct fake_case *of)
{
    struct fake_case **link = &fake->cases;
    while (*link != NULL && strcmp((*link)->id, of->id) < 0)
        link = &(*link)->next;
    of->next = *link;
    *link = of;
}

refer_status fake_case_apply(
    struct refer_fake *fake, struct fake_case *of, const struct fake_note *note)
{
    struct fake_event *event = fake_event_new(of, note);
    if (event == NULL)
        return REFER_NO_MEMORY;
    bool is_applied = strcmp(note->status, "applied") == 0;
    bool is_revoked = strcmp(note->step, "consent_revoked") == 0;
    if (is_applied &&
        (is_revoked || strcmp(note->step, "wrong_person_or_place") == 0)) {
        of->is_frozen = of->is_frozen || is_revoked;
        of->is_erased = true;
        fake_events_erase(fake, of);
    }
    event->is_exempt =
        fake_step_is_exempt(note->step) || strcmp(note->step, "erasure") == 0;
    of->state = note->state;
    of->updated_ms = fake_wall_ms();
    if (note->said != NULL)
        for (size_t i = 0; i < note->said->count; i++) {
            const char *name = sdk_record_text(&note->said->items[i], "name");
            if (strcmp(name, "offer") == 0 || strcmp(name, "slot") == 0)
                of->has_offer = true;
        }
    (void)fake_event_append(fake, of, event);
    return REFER_OK;
}

/* ---- The other agency -------------------------------------------------- */

struct fake_told *fake_told_new(
    struct fake_case *of, const char *step, char party)
{
    struct fake_told *told = sdk_memory_take(sizeof *told);
    if (told != NULL)
        *told = (struct fake_told){ .of = of, .party = party };
    for (size_t i = 0; told != NULL && fake_step_name(i) != NULL; i++)
        if (strcmp(fake_step_name(i), step) == 0)
            told->step = fake_step_name(i);
    if (told != NULL && told->step == NULL)
        told->step = "erasure"; /* which is no step of the process */
    return told;
}

void fake_told_append(struct refer_fake *fake, struct fake_told *told)
{
    struct fake_told **link = &fake->told;
    while (*link != NULL)
        link = &(*link)->next;
    *link = told;
}

void fake_told_drop(struct refer_fake *fake, const struct fake_case *of)
{
    struct fake_told **link = &fake->told;
    while (*link != NULL) {
        struct fake_told *told = *link;
        if (told->of != of) {
            link = &told->next;
            continue;
        }
        *link = told->next;
        sdk_memory_free(told);
    }
}

/* It is in the other gateway's hands, before anything is said about it. */
static refer_status receipt(
    struct refer_fake *fake, const struct fake_told *told)
{
    if (strcmp(told->step, "send") != 0 || strcmp(told->of->state, "sent") != 0)
        return REFER_OK;
    return fake_case_apply(fake, told->of,
        &(struct fake_note){ .type = "referral.delivered",
            .step = "receipt",
            .by = "us",
            .actor = "gateway",
            .state = "delivered",
            .status = "applied" });
}

/* Why the other gateway refuses the step; false: it does not. *next is where
 * the step leads. */
static bool is_refused(const struct fake_told *told,
    const struct fake_surprise *surprise, struct sdk_reply *why,
    const char **next)
{
    const char *state = told->of->state;
    *next = state;
    if (surprise != NULL)
        return !fake_refuse(why, surprise->error, surprise->problem,
            surprise->clause, surprise->remedy);
    /* the first two are so already, and nothing refuses a withdrawal */
    if (fake_list_has("withdraw consent_revoked send erasure", told->step) ||
        fake_step_next(state, told->step, told->party, next) == REFER_OK)
        return false;
    return !fake_judge_refuse_state(why, state, told->step, told->party);
}

static refer_status decide(
    struct refer_fake *fake, const struct fake_told *told)
{
    struct sdk_reply why = { 0 };
    const char *next;
    refer_status status = receipt(fake, told);
    if (status != REFER_OK)
        return status;
    struct fake_note note = { .type = "referral.answered",
        .step = told->step,
        .by = "us",
        .actor = "gateway",
        .status = "applied" };
    struct fake_surprise *surprise =
        fake_step_is_exempt(told->step)
            ? NULL
            : fake_surprise_find(fake->surprises_there, told->step);
    if (is_refused(told, surprise, &why, &next)) {
        note.type = "referral.refused";
        note.status = "refused";
        note.problem = why.problem;
        note.clause = why.clause;
        note.remedy = why.remedy;
        next = told->of->state;
        if (strcmp(told->step, "send") == 0 && !fake_state_is_final(next))
            next = "refused_by_policy";
    }
    note.state = next;
    status = fake_case_apply(fake, told->of, &note);
    if (status == REFER_OK)
        fake_surprise_drop(&fake->surprises_there, surprise);
    return status;
}

void fake_other_turn(struct refer_fake *fake)
{
    while (fake->told != NULL && strcmp(fake->options.reachable, "yes") == 0) {
        struct fake_told *told = fake->told;
        if (decide(fake, told) != REFER_OK)
            return; /* for want of memory: at the next turn */
        if (strcmp(told->step, "erasure") == 0)
            told->of->erasure.notice = "erased";
        else if (told->of->pending > 0)
            told->of->pending--;
        fake->told = told->next;
        sdk_memory_free(told);
    }
}
