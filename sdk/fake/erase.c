#include <stdio.h>
#include <string.h>

#include "sdk/fake/case.h"
#include "sdk/fake/check.h"
#include "sdk/fake/element.h"
#include "sdk/fake/step.h"
#include "sdk/memory.h"

/* erase.c - what was said of a person goes, and the other agency is told. */

/* What is wanted; elements "" is all that was said. */
struct wish {
    const char *reason;
    const char *elements;
    const char *actor;
    bool is_asked;
};

/* Codes that a gateway knows, each once. */
static bool elements_check(const struct wish *wish, struct sdk_reply *reply)
{
    size_t index = 0;
    char clause[SDK_TEXT_SIZE];
    switch (fake_elements_judge(wish->elements, &index)) {
    case FAKE_ELEMENTS_UNKNOWN:
        return fake_refuse(reply, FAKE_ERR_INVALID, "UNKNOWN_FIELD",
            "erase.elements",
            "use codes of the element registry: refer-referral(5)");
    case FAKE_ELEMENTS_REPEATED:
        if (wish->is_asked)
            return true;
        (void)snprintf(clause, sizeof clause, "erasure.elements[%zu]", index);
        return fake_refuse(reply, FAKE_ERR_INVALID, "FORMAT", clause,
            "name each element once");
    case FAKE_ELEMENTS_SOUND:
        break;
    }
    return true;
}

static bool wish_read(
    const struct sdk_record *fields, struct wish *wish, struct sdk_reply *reply)
{
    static const struct fake_rule rules[] = {
        { "id", SDK_FIELD_TEXT, true },
        { "reason", SDK_FIELD_TEXT, false },
        { "elements", SDK_FIELD_TEXT, false },
        { "actor", SDK_FIELD_TEXT, false },
        { "dry_run", SDK_FIELD_FLAG, false },
    };
    if (!fake_fields_check(reply, "erase", fields, rules, 5))
        return false;
    *wish = (struct wish){ .reason = sdk_record_text(fields, "reason"),
        .elements = sdk_record_text(fields, "elements"),
        .actor = sdk_record_text(fields, "actor"),
        .is_asked = fake_number(fields, "dry_run", 0) != 0 };
    if (wish->actor[0] == 0)
        wish->actor = "staff";
    char id[REFER_ID_SIZE];
    if (!fake_id_read(sdk_record_text(fields, "id"), id))
        return fake_refuse(reply, FAKE_ERR_NOT_FOUND, "REFERRAL_UNKNOWN",
            "erase.id", "look the id up with referctl referral list");
    if (!fake_list_has(
            "person_asked retention_over wrong_person law", wish->reason) &&
        !(wish->is_asked && wish->reason[0] == 0))
        return fake_wrong(reply, "erase", "reason",
            "use person_asked, retention_over, wrong_person or law");
    if (!fake_list_has("staff person companion", wish->actor))
        return fake_wrong(
            reply, "erase", "actor", "use staff, person or companion");
    return elements_check(wish, reply);
}

/* ---- What goes ----------------------------------------------------------- */

static bool is_meant(const struct wish *wish, const struct sdk_record *record)
{
    if (wish->elements[0] == 0)
        return true;
    return strcmp(record->type, "element") == 0 &&
           fake_list_has(wish->elements, sdk_record_text(record, "code"));
}

/* Takes those that are meant out, but for the first; whether there were any. */
static bool records_cut(
    struct sdk_records *records, const struct wish *wish, bool is_asked)
{
    size_t left = records->count == 0 ? 0 : 1;
    bool is_cut = false;
    for (size_t i = 1; i < records->count; i++) {
        if (!is_meant(wish, &records->items[i])) {
            records->items[left++] = records->items[i];
            continue;
        }
        is_cut = true;
        if (is_asked)
            left++;
        else
            sdk_record_release(&records->items[i]);
    }
    records->count = left;
    return is_cut;
}

/* The request says something even without elements. */
static bool is_request(const struct fake_event *event, const struct wish *wish)
{
    const struct sdk_record *record = event->records.items;
    return wish->elements[0] == 0 && !event->of->is_erased &&
           strcmp(sdk_record_text(record, "step"), "send") == 0 &&
           fake_list_has("referral.step referral.received",
               sdk_record_text(record, "type"));
}

/* How many events say, or said, something that goes. */
static int64_t cut(struct refer_fake *fake, struct fake_case *of,
    const struct wish *wish, bool is_asked)
{
    int64_t count = 0;
    for (struct fake_event *event = fake->events; event != NULL;
         event = event->next)
        if (event->of == of && !event->is_exempt) {
            bool is_cut = records_cut(&event->records, wish, is_asked);
            count += is_cut || is_request(event, wish);
        }
    if (wish->elements[0] != 0)
        (void)records_cut(&of->request, wish, is_asked);
    else if (!is_asked)
        of->is_erased = true;
    return count;
}

/* All of it went before. */
static bool is_past(
    const struct fake_case *of, const struct wish *wish, int64_t count)
{
    return count == 0 && of->erasure.reason[0] != 0 &&
           (of->erasure.is_whole || wish->elements[0] != 0);
}

/* ---- Told ---------------------------------------------------------------- */

/* Where a referral ends that nobody else knows; NULL: it is known. */
static const char *dropped_state(
    const struct fake_case *of, const struct wish *wish)
{
    if (!of->is_outgoing || strcmp(of->state, "sent") != 0 ||
        wish->elements[0] != 0)
        return NULL;
    if (strcmp(wish->reason, "wrong_person") == 0)
        return "void";
    return strcmp(wish->reason, "person_asked") == 0 ? "withdrawn"
                                                     : "cancelled";
}

static refer_status detail_add(
    struct sdk_records *said, const char *name, const char *value)
{
    struct sdk_record *record = sdk_records_add(said, "detail");
    refer_status status = record == NULL
                              ? REFER_NO_MEMORY
                              : sdk_record_set_text(record, "name", name);
    return status == REFER_OK ? sdk_record_set_text(record, "value", value)
                              : status;
}

/* Why, and of what: codes, never what was said. */
static refer_status said_fill(struct sdk_records *said, const struct wish *wish)
{
    char code[FAKE_NAME_SIZE];
    refer_status status = detail_add(said, "reason", wish->reason);
    for (const char *next = wish->elements; *next != 0 && status == REFER_OK;) {
        size_t size = strcspn(next, " ");
        size_t kept = size < sizeof code ? size : sizeof code - 1;
        memcpy(code, next, kept);
        code[kept] = 0;
        status = detail_add(said, "element", code);
        next += size + (next[size] != 0);
    }
    return status;
}

/* Writes the event, and queues it for the other agency. */
static refer_status tell(struct refer_fake *fake, struct fake_case *of,
    const struct wish *wish, const char *dropped)
{
    struct sdk_records said = { 0 };
    struct fake_told *told = fake_told_new(of, "erasure", 'S');
    refer_status status =
        told == NULL ? REFER_NO_MEMORY : said_fill(&said, wish);
    if (status == REFER_OK)
        status = fake_case_apply(fake, of,
            &(struct fake_note){ .type = "referral.erased",
                .step = "erasure",
                .by = "us",
                .actor = wish->actor,
                .state = dropped != NULL ? dropped : of->state,
                .status = dropped != NULL ? "applied" : "pending",
                .said = &said });
    sdk_records_release(&said);
    if (status != REFER_OK || dropped != NULL)
        sdk_memory_free(told);
    else
        fake_told_append(fake, told);
    return status;
}

/* Told first: who has no memory for that has erased nothing, and may ask
 * again. */
static refer_status carry_out(struct refer_fake *fake, struct fake_case *of,
    const struct wish *wish, const char *dropped)
{
    refer_status status = tell(fake, of, wish, dropped);
    if (status != REFER_OK)
        return status;
    (void)cut(fake, of, wish, false);
    if (dropped != NULL) {
        fake_told_drop(fake, of);
        of->pending = 0;
    }
    of->is_frozen = of->is_frozen || wish->elements[0] == 0;
    of->erasure.is_whole = wish->elements[0] == 0;
    of->erasure.at_ms = fake_wall_ms();
    of->erasure.notice = dropped != NULL ? "" : "waiting";
    sdk_text_copy(of->erasure.reason, sizeof of->erasure.reason, wish->reason);
    return REFER_OK;
}

static refer_status answer(const struct fake_case *of, int64_t count,
    bool is_dropped, bool is_asked, struct sdk_reply *reply)
{
    struct sdk_record *record = sdk_records_add(&reply->records, "erasure");
    refer_status status = record == NULL
                              ? REFER_NO_MEMORY
                              : sdk_record_set_text(record, "id", of->id);
    if (status == REFER_OK)
        status = sdk_record_set_text(record, "state", of->state);
    if (status == REFER_OK)
        status = sdk_record_set_number(record, "contents", count);
    if (status == REFER_OK)
        status = sdk_record_set_flag(record, "unsent", is_dropped);
    if (status == REFER_OK)
        status = sdk_record_set_flag(record, "dry_run", is_asked);
    if (status == REFER_OK)
        status = sdk_record_set_text(record, "notice",
            is_asked || of->erasure.notice == NULL ? "" : of->erasure.notice);
    return status;
}

bool fake_erase(struct refer_fake *fake, struct fake_request *request,
    struct sdk_reply *reply)
{
    const struct sdk_record *fields = request->records.items;
    struct wish wish;
    if (!wish_read(fields, &wish, reply))
        return true;
    struct fake_case *of = fake_case_named(fake, sdk_record_text(fields, "id"));
    if (of == NULL) {
        (void)fake_refuse(reply, FAKE_ERR_NOT_FOUND, "REFERRAL_UNKNOWN",
            "erase.id", "look the id up with referctl referral list");
        return true;
    }
    const char *dropped = dropped_state(of, &wish);
    int64_t count = cut(fake, of, &wish, true);
    refer_status status = REFER_OK;
    if (!wish.is_asked && !is_past(of, &wish, count))
        status = carry_out(fake, of, &wish, dropped);
    if (status == REFER_OK)
        status = answer(of, count, dropped != NULL, wish.is_asked, reply);
    if (status != REFER_OK)
        (void)fake_exhausted(reply);
    return true;
}
