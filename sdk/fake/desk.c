#include "sdk/fake/desk.h"

#include <stdio.h>
#include <string.h>

#include "sdk/fake/case.h"
#include "sdk/fake/check.h"
#include "sdk/fake/feed.h"
#include "sdk/fake/step.h"

#define PROTOCOL_VERSION 1

static bool hello(struct refer_fake *fake, struct fake_request *request,
    struct sdk_reply *reply)
{
    static const struct fake_rule rules[] = {
        { "application", SDK_FIELD_TEXT, false },
        { "protocol", SDK_FIELD_NUMBER, true },
    };
    static const char *const rights[] = { "submit", "act", "read", "admin",
        "erase" };
    const struct sdk_record *fields = request->records.items;
    if (!fake_fields_check(reply, "hello", fields, rules, 2))
        return true;
    if (fake_number(fields, "protocol", 0) != PROTOCOL_VERSION) {
        (void)fake_refuse(reply, FAKE_ERR_VERSION, "", "hello.protocol",
            "use the librefer that came with this gateway");
        return true;
    }
    int64_t bits = 0;
    for (size_t i = 0; i < sizeof rights / sizeof *rights; i++)
        if (fake_list_has(fake->options.rights, rights[i]))
            bits |= INT64_C(1) << i;
    struct sdk_record *record = sdk_records_add(&reply->records, "gateway");
    refer_status status = record == NULL ? REFER_NO_MEMORY : REFER_OK;
    if (status == REFER_OK)
        status = sdk_record_set_text(record, "agency", fake->options.agency);
    if (status == REFER_OK)
        status = sdk_record_set_text(record, "name", fake->options.name);
    if (status == REFER_OK)
        status = sdk_record_set_number(record, "protocol", PROTOCOL_VERSION);
    if (status == REFER_OK)
        status = sdk_record_set_text(record, "version", refer_version_string());
    if (status == REFER_OK)
        status = sdk_record_set_number(record, "rights", bits);
    if (status != REFER_OK)
        (void)fake_exhausted(reply);
    return true;
}

static bool health(struct refer_fake *fake, struct fake_request *request,
    struct sdk_reply *reply)
{
    int64_t told = 0;
    int64_t waiting = 0;
    for (const struct fake_told *next = fake->told; next != NULL;
         next = next->next)
        told++;
    for (const struct fake_waiter *next = fake->waiters; next != NULL;
         next = next->next)
        waiting++;
    bool is_full = strcmp(fake->options.full, "yes") == 0;
    const struct {
        const char *name;
        int64_t value;
    } numbers[] = {
        { "ready", !is_full },
        { "alive", 1 },
        { "peers", 1 },
        { "peers_failing", strcmp(fake->options.reachable, "yes") != 0 },
        { "alarms", 0 },
        { "outbox", told },
        { "feed_head", (int64_t)fake->head },
        { "store_percent", is_full ? 80 : 1 },
        { "store_damaged", 0 },
        { "waiting_clients", waiting },
    };
    refer_status status = REFER_OK;
    if (!fake_fields_check(reply, "health", request->records.items, NULL, 0))
        return true;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sdk_record *record = sdk_records_add(&reply->records, "number");
        if (record == NULL)
            status = REFER_NO_MEMORY;
        if (status == REFER_OK)
            status = sdk_record_set_text(record, "name", numbers[i].name);
        if (status == REFER_OK)
            status = sdk_record_set_number(record, "value", numbers[i].value);
    }
    struct sdk_record *reason =
        is_full ? sdk_records_add(&reply->records, "reason") : NULL;
    if (is_full && reason == NULL)
        status = REFER_NO_MEMORY;
    if (is_full && status == REFER_OK)
        status = sdk_record_set_text(reason, "code", "store_full");
    if (is_full && status == REFER_OK)
        status = sdk_record_set_text(reason, "remedy",
            "raise map_size_mib or free the disk, then restart");
    if (status != REFER_OK)
        (void)fake_exhausted(reply);
    return true;
}

static const struct operation {
    const char *name;
    const char *right; /* NULL: anyone's */
    bool (*serve)(struct refer_fake *fake, struct fake_request *request,
        struct sdk_reply *reply);
    bool takes_records;
} operations[] = {
    { "hello", NULL, hello, false },
    { "submit", "submit", fake_submit, true },
    { "submit.many", "submit", fake_submit_many, true },
    { "explain", "submit", fake_explain, true },
    { "act", "act", fake_act, true },
    { "get", "read", fake_get, false },
    { "list", "read", fake_list, false },
    { "erase", "erase", fake_erase, false },
    { "cursor.open", "read", fake_cursor_open, false },
    { "cursor.next", "read", fake_cursor_next, false },
    { "cursor.ack", "read", fake_cursor_ack, false },
    { "cursor.rewind", "read", fake_cursor_rewind, false },
    { "cursor.delete", "read", fake_cursor_delete, false },
    { "cursor.list", "read", fake_cursor_list, false },
    { "health", NULL, health, false },
};

bool fake_desk_serve(struct refer_fake *fake, struct fake_request *request,
    struct sdk_reply *reply)
{
    const struct operation *operation = NULL;
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (strcmp(operations[i].name, request->operation) == 0)
            operation = &operations[i];
    if (operation == NULL)
        return !fake_refuse(reply, FAKE_ERR_NOT_FOUND, "", "operation",
            "use an operation of librefer(3)");
    if (operation->right != NULL &&
        !fake_list_has(fake->options.rights, operation->right)) {
        char remedy[SDK_TEXT_SIZE];
        (void)snprintf(remedy, sizeof remedy,
            "add %s to the rights of this user under clients in referd.yaml, "
            "then reload it (SIGHUP)",
            operation->right);
        return !fake_refuse(reply, FAKE_ERR_FORBIDDEN, "", "operation", remedy);
    }
    if (request->records.count > 1 && !operation->takes_records)
        return !fake_refuse(reply, FAKE_ERR_INVALID, "", "operation",
            "send no records with this operation");
    return operation->serve(fake, request, reply);
}

void fake_desk_refuse(const struct fake_request *request,
    const struct fake_surprise *surprise, struct sdk_reply *reply)
{
    if (strcmp(request->operation, "explain") != 0 ||
        surprise->error != FAKE_ERR_POLICY) {
        (void)fake_refuse(reply, surprise->error, surprise->problem,
            surprise->clause, surprise->remedy);
        return;
    }
    struct sdk_record *verdict = sdk_records_add(&reply->records, "verdict");
    refer_status status = verdict == NULL ? REFER_NO_MEMORY : REFER_OK;
    if (status == REFER_OK)
        status = sdk_record_set_flag(verdict, "allowed", false);
    if (status == REFER_OK)
        status = sdk_record_set_text(verdict, "problem", surprise->problem);
    if (status == REFER_OK)
        status = sdk_record_set_text(verdict, "clause", surprise->clause);
    if (status == REFER_OK)
        status = sdk_record_set_text(verdict, "remedy", surprise->remedy);
    if (status != REFER_OK)
        (void)fake_exhausted(reply);
}
