/*
 * Guards of referral.h: what a step needs to have said. First every detail is
 * known and has its form (step.h), then what must be there is, then the few
 * checks that need the referral or its agreement.
 */
#include "core/referral.h"

#include <assert.h>

#include "core/element.h"
#include "core/step.h"
#include "core/value.h"
#include "core/verdict.h"

struct slice event_detail(const struct referral_event *event, const char *name)
{
    for (size_t i = 0; i < event->detail_count; i++)
        if (slice_is(event->details[i].name, name))
            return event->details[i].value;
    return SLICE_NONE;
}

static bool has(const struct referral_event *event, const char *name)
{
    return event_detail(event, name).size > 0;
}

static bool detail_is(
    const struct referral_event *event, const char *name, const char *value)
{
    return slice_is(event_detail(event, name), value);
}

/* ---- Known, of the right form, there ------------------------------------ */

static bool refuse_unknown(
    const struct referral_event *event, size_t index, struct verdict *verdict)
{
    size_t count;
    const struct step_detail *known = step_details(event->type, &count);
    const char *step = event_type_name(event->type);
    verdict_refuse(verdict, PROBLEM_UNKNOWN_FIELD, "details[%zu]", index);
    if (event->type == EVENT_WITHDRAW &&
        slice_is(event->details[index].name, "reason"))
        verdict_remedy(
            verdict, "remove reason: nobody is asked why they withdraw");
    else if (count == 0)
        verdict_remedy(verdict, "remove it: %s takes no details", step);
    else
        verdict_remedy(verdict, "remove it: %s takes only:", step);
    for (size_t i = 0; i < count; i++)
        verdict_remedy_item(verdict, slice_of_text(known[i].name));
    return false;
}

static bool refuse_code(const struct step_detail *detail, struct slice value,
    struct verdict *verdict)
{
    const char *code;
    verdict_refuse(verdict, PROBLEM_GUARD, "details.%s", detail->name);
    if (detail->codes == CODES_DECLINE && code_is_judgement(value)) {
        verdict_remedy(verdict,
            "give a %s that is about the service, such as NO_CAPACITY: "
            "nobody is declined for who they are or what they did",
            detail->name);
        return false;
    }
    verdict_remedy(verdict, "choose %s from:", detail->name);
    for (size_t i = 0; (code = code_list_at(detail->codes, i)) != NULL; i++)
        verdict_remedy_item(verdict, slice_of_text(code));
    return false;
}

static bool are_elements(struct slice value)
{
    struct slice rest = value;
    struct slice code;
    if (value.size == 0)
        return false;
    while (value_next_word(&rest, &code))
        if (element_find(code) == NULL)
            return false;
    return true;
}

static bool has_form(const struct step_detail *detail, struct slice value)
{
    if (value.size > detail->size_max)
        return false;
    switch (detail->kind) {
    case DETAIL_TEXT:
        return value_is_text(value, detail->size_max);
    case DETAIL_CODE:
        return code_list_has(detail->codes, value);
    case DETAIL_DATE:
        return value_is_date(value);
    case DETAIL_TIME:
        return value_is_time(value);
    case DETAIL_TIMES:
        return value_is_times(value);
    case DETAIL_UUID:
        return value_is_uuid_urn(value);
    case DETAIL_YES:
        return slice_is(value, "yes");
    case DETAIL_FLAG:
        return value_is_flag(value);
    case DETAIL_NUMBER:
        return value_is_number(value);
    case DETAIL_ELEMENTS:
        return are_elements(value);
    case DETAIL_KIND_COUNT:
        break;
    }
    assert(false && "a kind of detail that the table does not have");
    return false;
}

static bool details_are_known(
    const struct referral_event *event, struct verdict *verdict)
{
    for (size_t i = 0; i < event->detail_count; i++) {
        const struct named_value *given = &event->details[i];
        const struct step_detail *detail =
            step_detail_named(event->type, given->name);
        if (detail == NULL)
            return refuse_unknown(event, i, verdict);
        if (has_form(detail, given->value))
            continue;
        if (detail->kind == DETAIL_CODE)
            return refuse_code(detail, given->value, verdict);
        verdict_refuse(verdict, PROBLEM_GUARD, "details.%s", detail->name);
        verdict_remedy(verdict, "write %s as %s", detail->name,
            detail_kind_form(detail->kind));
        return false;
    }
    if (event->element_count == 0 || step_takes_elements(event->type))
        return true;
    verdict_refuse(verdict, PROBLEM_UNKNOWN_FIELD, "elements");
    verdict_remedy(verdict, "remove the elements: %s carries none",
        event_type_name(event->type));
    return false;
}

/* Also for what is not in the table as required, but is in this case. */
static bool need(const struct referral_event *event, const char *name,
    struct verdict *verdict)
{
    const struct step_detail *detail =
        step_detail_named(event->type, slice_of_text(name));
    assert(detail != NULL);
    if (has(event, name))
        return true;
    verdict_refuse(verdict, PROBLEM_GUARD, "details.%s", name);
    verdict_remedy(verdict, "add %s=... (%s)", name, detail->help);
    return false;
}

static bool need_either(const struct referral_event *event, const char *one,
    const char *other, struct verdict *verdict)
{
    const struct step_detail *first =
        step_detail_named(event->type, slice_of_text(one));
    const struct step_detail *second =
        step_detail_named(event->type, slice_of_text(other));
    assert(first != NULL && second != NULL);
    if (has(event, one) || has(event, other))
        return true;
    verdict_refuse(verdict, PROBLEM_GUARD, "details.%s", one);
    verdict_remedy(verdict, "add %s=... (%s) or %s=... (%s)", one, first->help,
        other, second->help);
    return false;
}

static bool details_are_there(
    const struct referral_event *event, struct verdict *verdict)
{
    size_t count;
    const struct step_detail *details = step_details(event->type, &count);
    for (size_t i = 0; i < count; i++) {
        /* the table's choices are of two, side by side */
        bool choice = details[i].need == DETAIL_ONE_OF && i + 1 < count &&
                      details[i + 1].need == DETAIL_ONE_OF;
        if (choice &&
            !need_either(event, details[i].name, details[i + 1].name, verdict))
            return false;
        if (details[i].need == DETAIL_REQUIRED &&
            !need(event, details[i].name, verdict))
            return false;
    }
    return true;
}

/* ---- What the referral and the agreement allow -------------------------- */

static enum ask_back ask_back_of(const struct guard_context *context)
{
    return context->request != NULL ? context->request->ask_back
                                    : ASK_BACK_NONE;
}

/* ask_back bounds what the table says it bounds. */
static bool details_may_go_back(const struct referral_event *event,
    const struct guard_context *context, struct verdict *verdict)
{
    enum ask_back ask_back = ask_back_of(context);
    for (size_t i = 0; i < event->detail_count; i++) {
        const struct step_detail *detail =
            step_detail_named(event->type, event->details[i].name);
        if (detail->back == ASK_BACK_NONE || detail->back <= ask_back)
            continue;
        verdict_refuse(verdict, PROBLEM_GUARD, "details.%s", detail->name);
        verdict_remedy(verdict, "remove %s: the person lets back %s",
            detail->name, ask_back_name(ask_back));
        return false;
    }
    if (ask_back != ASK_BACK_SHORT_NOTE ||
        event_detail(event, "note").size <= SHORT_NOTE_SIZE_MAX)
        return true;
    verdict_refuse(verdict, PROBLEM_GUARD, "details.note");
    verdict_remedy(verdict, "shorten note to %u bytes: the person lets back %s",
        SHORT_NOTE_SIZE_MAX, ask_back_name(ask_back));
    return false;
}

static bool uuid_is_nil(const struct uuid *uuid)
{
    static const struct uuid nil;
    return memcmp(uuid->bytes, nil.bytes, sizeof nil.bytes) == 0;
}

static bool guard_send(const struct referral_event *event,
    const struct guard_context *context, struct verdict *verdict)
{
    static const struct referral_request nothing;
    const struct referral_request *request =
        event->request != NULL ? event->request : &nothing;
    /* clang-format off */
    const struct {
        const char *name;
        const char *help;
        bool there;
    } parts[] = {
        { "service", "the service's id in the MOU", request->service.size > 0 },
        { "purpose", "the purpose's code in the MOU", request->purpose.size > 0 },
        { "urgency", "immediate, same_day, soon or routine", request->urgency != 0 },
        { "choice", "chosen, agreed, advised or required", request->choice != 0 },
        { "ask_back", "none, attended_only, outcome_code, short_note or full",
          request->ask_back != 0 },
        { "reason_plain", "what the person wants, in plain words",
          request->reason_plain.size > 0 },
        { "thread", "the id that onward referrals share",
          !uuid_is_nil(&request->thread) },
        { "consent_at", "when the person agreed",
          request->consent_at.unix_ms > 0 },
    };
    /* clang-format on */
    (void)context;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].there)
            continue;
        verdict_refuse(verdict, PROBLEM_GUARD, "request.%s", parts[i].name);
        verdict_remedy(
            verdict, "add %s=... (%s)", parts[i].name, parts[i].help);
        return false;
    }
    return true;
}

static bool guard_opened(const struct referral_event *event,
    const struct guard_context *context, struct verdict *verdict)
{
    (void)context;
    if (event->role.size > 0)
        return true;
    verdict_refuse(verdict, PROBLEM_GUARD, "role");
    verdict_remedy(verdict, "add role=... (whose role it is to decide)");
    return false;
}

static bool guard_auto_accept(const struct referral_event *event,
    const struct guard_context *context, struct verdict *verdict)
{
    (void)event;
    (void)context;
    verdict_refuse(verdict, PROBLEM_GUARD, "fast_track");
    verdict_remedy(
        verdict, "let staff accept: the agreement lets no gateway do it");
    return false;
}

static bool guard_ask(const struct referral_event *event,
    const struct guard_context *context, struct verdict *verdict)
{
    struct slice rest = event_detail(event, "elements");
    struct slice code;
    while (value_next_word(&rest, &code)) {
        bool listed = false;
        for (size_t i = 0; i < context->purpose_element_count; i++)
            listed = listed || slice_equal(code, context->purpose_elements[i]);
        if (listed)
            continue;
        verdict_refuse(verdict, PROBLEM_GUARD, "details.elements");
        verdict_remedy(verdict,
            "remove %s; the agreement lists:", element_find(code)->code);
        for (size_t i = 0; i < context->purpose_element_count; i++)
            verdict_remedy_item(verdict, context->purpose_elements[i]);
        return false;
    }
    return true;
}

static bool guard_answer(const struct referral_event *event,
    const struct guard_context *context, struct verdict *verdict)
{
    (void)context;
    return event->element_count > 0 || need(event, "answer", verdict);
}

static bool guard_redirect(const struct referral_event *event,
    const struct guard_context *context, struct verdict *verdict)
{
    (void)event;
    if (context->may_forward)
        return true;
    verdict_refuse(verdict, PROBLEM_GUARD, "pathways.forward");
    verdict_remedy(verdict, "decline and give next_option: the agreement "
                            "never forwards on this pathway");
    return false;
}

static bool guard_choose_time(const struct referral_event *event,
    const struct guard_context *context, struct verdict *verdict)
{
    struct slice time = event_detail(event, "time");
    bool only_times = value_is_times(context->offer);
    if (context->offer.size == 0) {
        verdict_refuse(verdict, PROBLEM_GUARD, "offer");
        verdict_remedy(
            verdict, "wait until the receiving agency has made an offer");
        return false;
    }
    if (only_times && time.size == 0 && !context->walk_in) {
        verdict_refuse(verdict, PROBLEM_GUARD, "details.walk_in");
        verdict_remedy(verdict, "add time=... (one of the times offered): "
                                "there is no walk-in window");
        return false;
    }
    if (only_times && time.size > 0 &&
        !value_times_hold(context->offer, time)) {
        verdict_refuse(verdict, PROBLEM_GUARD, "details.time");
        verdict_remedy(verdict, "choose time from the times offered");
        return false;
    }
    return true;
}

static bool guard_walk_in(const struct referral_event *event,
    const struct guard_context *context, struct verdict *verdict)
{
    (void)event;
    if (context->walk_in)
        return true;
    verdict_refuse(verdict, PROBLEM_GUARD, "services.access_mode");
    verdict_remedy(verdict, "choose a time first (choose_time): the service "
                            "takes nobody without one");
    return false;
}

static bool guard_left_before_seen(const struct referral_event *event,
    const struct guard_context *context, struct verdict *verdict)
{
    (void)context;
    /* whoever had to leave owes nothing; the service owes a new offer */
    return event->actor != ACTOR_STAFF ||
           need_either(event, "offer", "slot", verdict);
}

static bool guard_finish(const struct referral_event *event,
    const struct guard_context *context, struct verdict *verdict)
{
    return ask_back_of(context) < ASK_BACK_OUTCOME_CODE ||
           need(event, "outcome", verdict);
}

static bool guard_decision_timeout(const struct referral_event *event,
    const struct guard_context *context, struct verdict *verdict)
{
    (void)event;
    if (context->request == NULL ||
        context->request->urgency != URGENCY_IMMEDIATE)
        return true;
    verdict_refuse(verdict, PROBLEM_GUARD, "request.urgency");
    verdict_remedy(
        verdict, "let staff decide: what is immediate never expires by itself");
    return false;
}

static bool guard_cancel(const struct referral_event *event,
    const struct guard_context *context, struct verdict *verdict)
{
    (void)context;
    return detail_is(event, "reason", "PERSON_DIED") ||
           need(event, "person_told", verdict);
}

static bool guard_amend(const struct referral_event *event,
    const struct guard_context *context, struct verdict *verdict)
{
    (void)context;
    if (event->element_count > 0)
        return true;
    verdict_refuse(verdict, PROBLEM_GUARD, "elements");
    verdict_remedy(verdict, "add the elements that change");
    return false;
}

/* clang-format off */
static bool (*const guards[EVENT_TYPE_COUNT])(
    const struct referral_event *event, const struct guard_context *context,
    struct verdict *verdict) = {
    [EVENT_SEND]             = guard_send,
    [EVENT_OPENED]           = guard_opened,
    [EVENT_AUTO_ACCEPT]      = guard_auto_accept,
    [EVENT_ASK]              = guard_ask,
    [EVENT_ANSWER]           = guard_answer,
    [EVENT_REDIRECT]         = guard_redirect,
    [EVENT_CHOOSE_TIME]      = guard_choose_time,
    [EVENT_WALK_IN]          = guard_walk_in,
    [EVENT_LEFT_BEFORE_SEEN] = guard_left_before_seen,
    [EVENT_FINISH]           = guard_finish,
    [EVENT_DECISION_TIMEOUT] = guard_decision_timeout,
    [EVENT_CANCEL]           = guard_cancel,
    [EVENT_AMEND]            = guard_amend,
};
/* clang-format on */

void referral_guard(const struct referral_event *event,
    const struct guard_context *context, struct verdict *verdict)
{
    assert((size_t)event->type < EVENT_TYPE_COUNT);
    verdict_allow(verdict);
    if (!details_are_known(event, verdict) ||
        !details_are_there(event, verdict) ||
        !details_may_go_back(event, context, verdict))
        return;
    if (guards[event->type] != NULL)
        (void)guards[event->type](event, context, verdict);
}
