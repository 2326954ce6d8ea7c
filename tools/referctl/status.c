/* referctl status, referctl health: how the gateway is. */
#include "referctl/command.h"

#include <string.h>

#include "referctl/display.h"

/* And whom to call about them. */
static void display_alarms(
    struct session *session, const struct records *records)
{
    static const struct column alarm_columns[] = {
        { "code", "alarm", COLUMN_STATE },
        { "name", "agency", 0 },
        { "since_ms", "since", COLUMN_TIME },
        { "remedy", "remedy", 0 },
    };
    static const struct column contact_columns[] = {
        { "role", "whom to call", 0 },
        { "name", "name", 0 },
        { "phone", "phone", 0 },
        { "hours", "hours", 0 },
        { "agency", "agency", 0 },
    };
    if (records_count(records, "alarm") == 0)
        return;
    display_hint(session, "%s", "");
    display_table(session, records, "alarm", alarm_columns,
        DISPLAY_COUNT(alarm_columns), "");
    display_table(session, records, "contact", contact_columns,
        DISPLAY_COUNT(contact_columns), "");
}

enum exit_code run_status(
    struct session *session, const struct arguments *arguments)
{
    static const struct column gateway_columns[] = {
        { "name", "gateway", 0 },
        { "agency", "agency", 0 },
        { "version", "version", 0 },
        { "protocol", "protocol", 0 },
        { "rights", "your rights", 0 },
        { "store_key", "key of the store", 0 },
    };
    static const struct column loss_columns[] = {
        { "cause", "the store lost something", COLUMN_STATE },
        { "at_ms", "noticed", COLUMN_TIME },
        { "waiting", "agencies not heard since", 0 },
        { "remedy", "to do", 0 },
    };
    static const struct column number_columns[] = { { "name", "number", 0 },
        { "value", "value", 0 } };
    static const struct column peer_columns[] = {
        { "name", "agency", 0 },
        { "state", "state", COLUMN_STATE },
        { "settled", "settled", 0 },
        { "queued", "queued", 0 },
        { "last_heard_ms", "last heard", COLUMN_TIME },
        { "problem", "problem", 0 },
    };
    static const struct column expiry_columns[] = {
        { "kind", "ends soon", 0 },
        { "until_ms", "ends", COLUMN_TIME },
        { "agency", "agency", 0 },
        { "mou", "agreement", COLUMN_MOU },
        { "remedy", "remedy", 0 },
    };
    struct request request = { .operation = "status" };
    struct reply reply = { 0 };
    (void)arguments;
    enum exit_code code = session_ask(session, &request, &reply);
    if (code != EXIT_CODE_DONE)
        return code;
    if (session->json) {
        display_json_object(session, &reply.records, "gateway");
        return EXIT_CODE_DONE;
    }
    const struct record *gateway = records_first(&reply.records, "gateway");
    if (gateway != NULL)
        display_fields(
            session, gateway, gateway_columns, DISPLAY_COUNT(gateway_columns));
    const struct record *loss = records_first(&reply.records, "recovery");
    if (loss != NULL)
        display_fields(
            session, loss, loss_columns, DISPLAY_COUNT(loss_columns));
    display_hint(session, "%s", "");
    display_table(session, &reply.records, "number", number_columns,
        DISPLAY_COUNT(number_columns), "no numbers");
    display_hint(session, "%s", "");
    display_table(session, &reply.records, "peer", peer_columns,
        DISPLAY_COUNT(peer_columns), "no other agency yet");
    display_alarms(session, &reply.records);
    if (records_count(&reply.records, "expiry") > 0)
        display_hint(session, "%s", "");
    display_table(session, &reply.records, "expiry", expiry_columns,
        DISPLAY_COUNT(expiry_columns), "");
    return EXIT_CODE_DONE;
}

static bool is_ready(const struct records *records)
{
    for (size_t i = 0; i < records->count; i++) {
        const struct record *record = &records->items[i];
        if (record_is(record, "number") &&
            strcmp(record_text(record, "name"), "ready") == 0)
            return record_number(record, "value") != 0;
    }
    return false;
}

enum exit_code run_health(
    struct session *session, const struct arguments *arguments)
{
    static const struct column columns[] = { { "name", "number", 0 },
        { "value", "value", 0 } };
    static const struct column reason_columns[] = { { "code", "reason", 0 },
        { "remedy", "remedy", 0 } };
    static const struct column alarm_columns[] = {
        { "code", "alarm", COLUMN_STATE },
        { "agencies", "agencies", 0 },
        { "remedy", "remedy", 0 },
    };
    struct request request = { .operation = "health" };
    struct reply reply = { 0 };
    (void)arguments;
    enum exit_code code = session_ask(session, &request, &reply);
    if (code != EXIT_CODE_DONE)
        return code;
    if (session->json)
        display_json_object(session, &reply.records, "health");
    else
        display_table(session, &reply.records, "number", columns,
            DISPLAY_COUNT(columns), "no numbers");
    if (!session->json)
        display_table(session, &reply.records, "alarm", alarm_columns,
            DISPLAY_COUNT(alarm_columns), "");
    if (!is_ready(&reply.records) && !session->json)
        display_table(session, &reply.records, "reason", reason_columns,
            DISPLAY_COUNT(reason_columns), "no reason");
    if (!is_ready(&reply.records))
        return session_fail(session, EXIT_CODE_REFUSED, "referctl status",
            "the gateway answers but is not ready");
    return EXIT_CODE_DONE;
}
