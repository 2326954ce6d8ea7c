#include "sdk/fake/case.h"
#include "sdk/fake/check.h"
#include "sdk/fake/step.h"

#include <stdio.h>
#include <string.h>

/* look.c - referrals as a program sees them: one with its story, or many. */

#define PAGE_COUNT_MAX 256

static const char *peer_name(
    const struct refer_fake *fake, const struct fake_case *of)
{
    return strcmp(of->peer, fake->options.peer) == 0 ? fake->options.peer_name
                                                     : "";
}

/* The fields that a listing has too. NULL for want of memory. */
static struct sdk_record *answer_head(const struct refer_fake *fake,
    const struct fake_case *of, struct sdk_reply *reply)
{
    const char *const texts[][2] = {
        { "id", of->id },
        { "state", of->state },
        { "direction", of->is_outgoing ? "out" : "in" },
        { "peer", of->peer },
        { "peer_name", peer_name(fake, of) },
    };
    struct sdk_record *record = sdk_records_add(&reply->records, "referral");
    refer_status status = record == NULL ? REFER_NO_MEMORY : REFER_OK;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (status == REFER_OK)
            status = sdk_record_set_text(record, texts[i][0], texts[i][1]);
    if (status == REFER_OK)
        status = sdk_record_set_number(record, "updated_ms", of->updated_ms);
    return status == REFER_OK ? record : NULL;
}

/* What staff, the person or a companion may do from here, "a b c". */
static refer_status answer_steps(
    const struct fake_case *of, struct sdk_record *record)
{
    char text[1024];
    fake_steps_print(
        of->state, of->is_outgoing ? "SCN" : "RCN", " ", text, sizeof text);
    return sdk_record_set_text(record, "steps", text);
}

/* What was handed over, as fields of the referral. */
static refer_status answer_request(
    const struct fake_case *of, struct sdk_record *record)
{
    static const char *const names[] = { "service", "purpose", "urgency",
        "choice", "ask_back", "reason_plain" };
    const struct sdk_record *request = of->request.items;
    const char *thread = sdk_record_text(request, "thread");
    refer_status status = sdk_record_set_number(
        record, "consent_at_ms", sdk_record_number(request, "consent_at_ms"));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (status == REFER_OK)
            status = sdk_record_set_text(
                record, names[i], sdk_record_text(request, names[i]));
    if (status == REFER_OK)
        status = sdk_record_set_text(
            record, "thread", thread[0] != 0 ? thread : of->id);
    if (status == REFER_OK)
        status = sdk_record_set_number(
            record, "hop", sdk_record_number(request, "hop"));
    return status;
}

static refer_status answer_erasure(
    const struct fake_erasure *erasure, struct sdk_record *record)
{
    refer_status status =
        sdk_record_set_number(record, "erased_ms", erasure->at_ms);
    if (status == REFER_OK)
        status = sdk_record_set_text(record, "erased_by", "us");
    if (status == REFER_OK)
        status = sdk_record_set_text(record, "erased_reason", erasure->reason);
    if (status == REFER_OK)
        status = sdk_record_set_flag(record, "erased_whole", erasure->is_whole);
    if (status == REFER_OK)
        status = sdk_record_set_text(record, "erasure_notice", erasure->notice);
    return status;
}

static refer_status answer_own(
    const struct fake_case *of, struct sdk_record *record)
{
    const char *mou = sdk_record_text(of->request.items, "mou");
    refer_status status =
        sdk_record_set_text(record, "mou", mou[0] != 0 ? mou : FAKE_MOU);
    if (status == REFER_OK)
        status = sdk_record_set_number(record, "created_ms", of->created_ms);
    if (status == REFER_OK)
        status = sdk_record_set_number(record, "pending", of->pending);
    if (status == REFER_OK)
        status = sdk_record_set_flag(record, "frozen", of->is_frozen);
    if (status == REFER_OK)
        status = answer_steps(of, record);
    if (status == REFER_OK && of->erasure.reason[0] != 0)
        status = answer_erasure(&of->erasure, record);
    if (status == REFER_OK && !of->is_erased)
        status = answer_request(of, record);
    return status;
}

/* Elements if they are wanted, then grants. */
static refer_status answer_parts(
    const struct fake_case *of, bool has_content, struct sdk_reply *reply)
{
    refer_status status = REFER_OK;
    for (int pass = has_content ? 0 : 1; pass < 2; pass++)
        for (size_t i = 1; i < of->request.count; i++)
            if (status == REFER_OK && strcmp(of->request.items[i].type,
                                          pass == 0 ? "element" : "grant") == 0)
                status = fake_records_copy(&reply->records, &of->request, i, 1);
    return status;
}

bool fake_get(struct refer_fake *fake, struct fake_request *request,
    struct sdk_reply *reply)
{
    static const struct fake_rule rules[] = {
        { "id", SDK_FIELD_TEXT, true },
        { "content", SDK_FIELD_FLAG, false },
    };
    const struct sdk_record *fields = request->records.items;
    if (!fake_fields_check(reply, "get", fields, rules, 2))
        return true;
    bool has_content = fake_number(fields, "content", 1) != 0;
    struct fake_case *of = fake_case_named(fake, sdk_record_text(fields, "id"));
    if (of == NULL) {
        (void)fake_refuse(reply, FAKE_ERR_NOT_FOUND, "REFERRAL_UNKNOWN",
            "get.id", "look the id up with referctl referral list");
        return true;
    }
    struct sdk_record *record = answer_head(fake, of, reply);
    refer_status status =
        record == NULL ? REFER_NO_MEMORY : answer_own(of, record);
    if (status == REFER_OK && !of->is_erased)
        status = answer_parts(of, has_content, reply);
    for (const struct fake_event *event = has_content ? fake->events : NULL;
         event != NULL && status == REFER_OK; event = event->next)
        if (event->of == of)
            status = fake_event_answer(fake, event, 0, reply);
    if (status != REFER_OK)
        (void)fake_exhausted(reply);
    return true;
}

/* ---- Listing ----------------------------------------------------------- */

struct filter {
    const char *state;
    const char *peer;
    const char *direction;
    char after[REFER_ID_SIZE];
    int64_t count;
};

static bool filter_read(const struct sdk_record *fields,
    struct sdk_reply *reply, struct filter *filter)
{
    static const char states[] =
        "draft sent delivered seen info_needed waitlisted accepted scheduled "
        "arrived in_service paused handed_back closed closed_unacked declined "
        "redirected withdrawn cancelled not_connected ended_early expired "
        "refused_by_policy undeliverable void";
    const char *after = sdk_record_text(fields, "after");
    *filter = (struct filter){ sdk_record_text(fields, "state"),
        sdk_record_text(fields, "peer"), sdk_record_text(fields, "direction"),
        "", fake_number(fields, "count", PAGE_COUNT_MAX) };
    if (filter->state[0] != 0 && !fake_list_has(states, filter->state))
        return fake_refuse(reply, FAKE_ERR_INVALID, "FORMAT", "list.state",
            "use a state such as sent, delivered, accepted, closed");
    if (filter->peer[0] != 0 && !fake_is_agency(filter->peer))
        return fake_refuse(reply, FAKE_ERR_NOT_FOUND, "", "agency",
            "give the whole id of an agency from referctl peer list");
    if (filter->direction[0] != 0 &&
        !fake_list_has("out in", filter->direction))
        return fake_refuse(reply, FAKE_ERR_INVALID, "FORMAT", "list.direction",
            "use out or in");
    if (filter->count < 1 || filter->count > PAGE_COUNT_MAX ||
        (after[0] != 0 && !fake_id_read(after, filter->after)))
        return fake_refuse(reply, FAKE_ERR_INVALID, "FORMAT", "list.count",
            "ask for 1 to 256, after the id of a referral");
    return true;
}

static bool admits(const struct filter *filter, const struct fake_case *of)
{
    return (filter->state[0] == 0 || strcmp(filter->state, of->state) == 0) &&
           (filter->peer[0] == 0 || strcmp(filter->peer, of->peer) == 0) &&
           (filter->direction[0] == 0 ||
               (strcmp(filter->direction, "out") == 0) == of->is_outgoing) &&
           strcmp(of->id, filter->after) > 0;
}

bool fake_list(struct refer_fake *fake, struct fake_request *request,
    struct sdk_reply *reply)
{
    static const struct fake_rule rules[] = {
        { "state", SDK_FIELD_TEXT, false },
        { "peer", SDK_FIELD_TEXT, false },
        { "direction", SDK_FIELD_TEXT, false },
        { "after", SDK_FIELD_TEXT, false },
        { "count", SDK_FIELD_NUMBER, false },
    };
    const struct sdk_record *fields = request->records.items;
    struct filter filter;
    if (!fake_fields_check(reply, "list", fields, rules, 5) ||
        !filter_read(fields, reply, &filter))
        return true;
    for (const struct fake_case *of = fake->cases;
         of != NULL && filter.count > 0; of = of->next) {
        if (!admits(&filter, of))
            continue;
        filter.count--;
        struct sdk_record *record = answer_head(fake, of, reply);
        refer_status status = record == NULL ? REFER_NO_MEMORY : REFER_OK;
        if (status == REFER_OK && !of->is_erased)
            status = sdk_record_set_text(record, "service",
                sdk_record_text(of->request.items, "service"));
        if (status == REFER_OK && !of->is_erased)
            status = sdk_record_set_text(record, "urgency",
                sdk_record_text(of->request.items, "urgency"));
        if (status != REFER_OK) {
            (void)fake_exhausted(reply);
            return true;
        }
    }
    return true;
}
