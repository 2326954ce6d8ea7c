/*
 * referral_check: the form of an event by itself, before anyone asks what it
 * means. Whatever passes can be written, and is read by others as it is.
 */
#include "core/referral.h"

#include "core/element.h"
#include "core/value.h"
#include "core/verdict.h"

/* The last instant that RFC 3339 can name. */
#define INSTANT_MS_MAX INT64_C(253402300799999)

static bool refuse(
    struct verdict *verdict, const char *clause, const char *remedy)
{
    verdict_refuse(verdict, PROBLEM_FORMAT, "%s", clause);
    verdict_remedy(verdict, "%s", remedy);
    return false;
}

static bool is_instant(struct instant instant)
{
    return instant.unix_ms >= 0 && instant.unix_ms <= INSTANT_MS_MAX;
}

static bool is_text_or_empty(struct slice text, size_t size_max)
{
    return text.size == 0 || value_is_text(text, size_max);
}

static bool is_code_or_empty(struct slice text)
{
    return text.size == 0 || value_is_code(text);
}

static bool is_nil(const struct uuid *uuid)
{
    for (size_t i = 0; i < sizeof uuid->bytes; i++)
        if (uuid->bytes[i] != 0)
            return false;
    return true;
}

static bool check_head(
    const struct referral_event *event, struct verdict *verdict)
{
    if (event->type <= EVENT_NONE || event->type >= EVENT_TYPE_COUNT)
        return refuse(verdict, "type", "name one of the steps");
    if (is_nil(&event->referral))
        return refuse(verdict, "referral", "give the referral's id");
    if (event->actor < ACTOR_STAFF || event->actor >= ACTOR_KIND_COUNT)
        return refuse(
            verdict, "actor", "name staff, person, companion or gateway");
    if (!is_code_or_empty(event->role))
        return refuse(verdict, "role",
            "write role in lower-case letters, digits and _.-, up to 64");
    if (!is_instant(event->at))
        return refuse(verdict, "at", "give a time between 1970 and 9999");
    if (!is_text_or_empty(event->key, IDEMPOTENCY_KEY_SIZE_MAX))
        return refuse(verdict, "key", "shorten key to 64 bytes of text");
    if (event->seq == 0)
        return refuse(verdict, "seq", "count the author's events from 1");
    if ((size_t)event->state >= REFERRAL_STATE_COUNT)
        return refuse(verdict, "state", "name one of the states");
    return true;
}

/* Element codes of a grant: registered, none twice. */
static bool check_grant(
    const struct grant *grant, size_t index, struct verdict *verdict)
{
    struct agency_id to;
    bool sound =
        agency_id_parse(agency_id_slice(&grant->to), &to) == ERR_NONE &&
        value_is_code(grant->purpose) && is_instant(grant->until) &&
        grant->element_count <= REFERRAL_ELEMENT_COUNT_MAX;
    if (!sound) {
        verdict_refuse(verdict, PROBLEM_FORMAT, "request.grants[%zu]", index);
        verdict_remedy(
            verdict, "name the agency, the purpose, the elements and an end");
        return false;
    }
    for (size_t i = 0; i < grant->element_count; i++) {
        bool twice = false;
        for (size_t j = 0; j < i; j++)
            twice =
                twice || slice_equal(grant->elements[i], grant->elements[j]);
        if (!twice && element_find(grant->elements[i]) != NULL)
            continue;
        verdict_refuse(verdict, twice ? PROBLEM_FORMAT : PROBLEM_UNKNOWN_FIELD,
            "request.grants[%zu].elements[%zu]", index, i);
        verdict_remedy(verdict, twice ? "name each element once"
                                      : "use a code of the element registry");
        return false;
    }
    return true;
}

static bool check_request(
    const struct referral_request *request, struct verdict *verdict)
{
    /* what is missing altogether (0, empty) is the guard's to say */
    if (!is_code_or_empty(request->service))
        return refuse(verdict, "request.service", "give the service's id");
    if (!is_code_or_empty(request->purpose))
        return refuse(verdict, "request.purpose", "give the purpose's code");
    if ((size_t)request->urgency >= URGENCY_COUNT)
        return refuse(verdict, "request.urgency",
            "name immediate, same_day, soon or routine");
    if ((size_t)request->choice >= CHOICE_COUNT)
        return refuse(verdict, "request.choice",
            "name chosen, agreed, advised or required");
    if ((size_t)request->ask_back >= ASK_BACK_COUNT)
        return refuse(verdict, "request.ask_back",
            "name none, attended_only, outcome_code, short_note or full");
    if (!is_text_or_empty(request->reason_plain, REASON_PLAIN_SIZE_MAX))
        return refuse(verdict, "request.reason_plain",
            "write it as text of up to 500 characters");
    if (!is_instant(request->consent_at))
        return refuse(
            verdict, "request.consent_at", "give a time between 1970 and 9999");
    if (request->has_parent != (request->hop > 0) ||
        (request->has_parent && is_nil(&request->parent)))
        return refuse(verdict, "request.hop",
            "count hops from 0 for a referral without a parent");
    if (request->grant_count > REFERRAL_GRANT_COUNT_MAX)
        return refuse(verdict, "request.grants", "give no more than 32");
    for (size_t i = 0; i < request->grant_count; i++)
        if (!check_grant(&request->grants[i], i, verdict))
            return false;
    return true;
}

static bool named_before(const struct named_value *values, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (slice_equal(values[i].name, values[index].name))
            return true;
    return false;
}

static bool check_details(
    const struct referral_event *event, struct verdict *verdict)
{
    if (event->detail_count > REFERRAL_DETAIL_COUNT_MAX)
        return refuse(verdict, "details", "give no more than 32");
    for (size_t i = 0; i < event->detail_count; i++) {
        const struct named_value *detail = &event->details[i];
        bool named = value_is_code(detail->name);
        bool twice = named && named_before(event->details, i);
        if (named && !twice && value_is_text(detail->value, VALUE_SIZE_MAX))
            continue;
        verdict_refuse(verdict, PROBLEM_FORMAT, "details[%zu]", i);
        verdict_remedy(verdict, "%s",
            !named  ? "name it in lower-case letters, digits and _.-"
            : twice ? "give each detail once"
                    : "give text, or leave it out");
        return false;
    }
    return true;
}

static bool check_elements(
    const struct referral_event *event, struct verdict *verdict)
{
    if (event->element_count > REFERRAL_ELEMENT_COUNT_MAX)
        return refuse(verdict, "elements", "give no more than 128");
    for (size_t i = 0; i < event->element_count; i++) {
        const struct named_value *value = &event->elements[i];
        const struct element *element = element_find(value->name);
        if (element == NULL) {
            verdict_refuse(verdict, PROBLEM_UNKNOWN_FIELD, "elements[%zu]", i);
            verdict_remedy(verdict, "use a code of the element registry");
            return false;
        }
        const char *form = element_form_problem(element, value->value);
        if (form == NULL && !named_before(event->elements, i))
            continue;
        verdict_refuse(
            verdict, PROBLEM_FORMAT, "elements[%zu].%s", i, element->code);
        verdict_remedy(verdict, "write %s %s%s", element->code,
            form != NULL ? "as " : "once", form != NULL ? form : "");
        return false;
    }
    return true;
}

void referral_check(const struct referral_event *event, struct verdict *verdict)
{
    verdict_allow(verdict);
    if (!check_head(event, verdict))
        return;
    if ((event->request != NULL) != (event->type == EVENT_SEND)) {
        (void)refuse(verdict, "request",
            "give the request in send, and in no other step");
        return;
    }
    if (event->request != NULL && !check_request(event->request, verdict))
        return;
    if (check_details(event, verdict))
        (void)check_elements(event, verdict);
}
