/* referctl card, referctl peer: who the agencies are. */
#include "referctl/command.h"

#include <string.h>

#include "core/armor.h"
#include "referctl/display.h"
#include "referctl/file.h"
#include "referctl/offline.h"
#include "referctl/resolve.h"
#include "referctl/words.h"

static const struct column card_columns[] = {
    { "name", "name", 0 },
    { "agency", "agency", 0 },
    { "state", "state", COLUMN_STATE },
    { "serial", "serial", 0 },
    { "issued_ms", "issued", COLUMN_TIME },
    { "valid_until_ms", "valid until", COLUMN_TIME },
    { "safety_number", "safety number", 0 },
};

/* The record of that type a reply must hold. */
static enum exit_code expect(struct session *session, const struct reply *reply,
    const char *type, const struct record **record)
{
    *record = records_first(&reply->records, type);
    if (*record != NULL)
        return EXIT_CODE_DONE;
    return session_fail(session, EXIT_CODE_UNREACHABLE,
        "install referctl and referd of the same version",
        "the gateway's answer holds no %s", type);
}

static enum exit_code ask_card(
    struct session *session, const char *agency, struct reply *reply)
{
    struct request request = { .operation = "card.show" };
    if (agency != NULL) {
        const char *id = NULL;
        enum exit_code code = resolve_agency(session, agency, &id);
        if (code != EXIT_CODE_DONE)
            return code;
        record_put_text(session->pool, &request.fields, "agency", id);
    }
    return session_ask(session, &request, reply);
}

enum exit_code run_card_show(
    struct session *session, const struct arguments *arguments)
{
    static const struct column endpoints[] = { { "url", "endpoint", 0 } };
    static const struct column keys[] = { { "purpose", "key", 0 },
        { "id", "id", 0 }, { "valid_from_ms", "valid from", COLUMN_TIME },
        { "valid_until_ms", "valid until", COLUMN_TIME } };
    static const struct column contacts[] = { { "role", "contact", 0 },
        { "name", "name", 0 }, { "phone", "phone", 0 },
        { "hours", "hours", 0 } };
    struct reply reply = { 0 };
    const struct record *card = NULL;
    enum exit_code code = ask_card(
        session, arguments->count > 0 ? arguments->values[0] : NULL, &reply);
    if (code == EXIT_CODE_DONE)
        code = expect(session, &reply, "card", &card);
    if (code != EXIT_CODE_DONE)
        return code;
    if (session->json) {
        display_json_object(session, &reply.records, "card");
        return EXIT_CODE_DONE;
    }
    display_fields(session, card, card_columns, DISPLAY_COUNT(card_columns));
    display_hint(session, "%s", "");
    display_table(session, &reply.records, "endpoint", endpoints,
        DISPLAY_COUNT(endpoints), "no endpoint: this agency only dials out");
    display_hint(session, "%s", "");
    display_table(
        session, &reply.records, "key", keys, DISPLAY_COUNT(keys), "no keys");
    display_hint(session, "%s", "");
    display_table(session, &reply.records, "contact", contacts,
        DISPLAY_COUNT(contacts), "no point persons");
    return EXIT_CODE_DONE;
}

/* Our SignedCard from the folder of `init`, verified, or from the gateway. */
static enum exit_code own_card(struct session *session, struct offline *offline,
    const char *dir, struct slice *signed_card)
{
    struct reply reply = { 0 };
    const struct record *record = NULL;
    if (dir != NULL) {
        struct card card;
        enum exit_code code = offline_read_card_file(session, offline,
            pool_format(session->pool, "%s/card", dir), signed_card);
        return code != EXIT_CODE_DONE
                   ? code
                   : offline_read_card(session, offline, *signed_card, &card);
    }
    enum exit_code code = ask_card(session, NULL, &reply);
    if (code == EXIT_CODE_DONE)
        code = expect(session, &reply, "card", &record);
    if (code == EXIT_CODE_DONE) {
        struct value data = record_get(record, "data");
        *signed_card = slice_of(data.bytes, data.size);
    }
    return code;
}

enum exit_code run_card_export(
    struct session *session, const struct arguments *arguments)
{
    struct offline offline;
    struct slice signed_card = SLICE_NONE;
    const char *output = arguments_option(arguments, "output");
    enum exit_code code = offline_open(session, &offline);
    if (code == EXIT_CODE_DONE)
        code = own_card(session, &offline, arguments_option(arguments, "dir"),
            &signed_card);
    if (code == EXIT_CODE_DONE) {
        struct slice text =
            armor_write(ARMOR_CARD, signed_card, &offline.arena);
        if (text.bytes == NULL) {
            code = offline_fail(session, ERR_LIMIT, "write the card");
        } else if (output != NULL) {
            code =
                file_write(session, output, text.bytes, text.size, 0644, true);
            if (code == EXIT_CODE_DONE)
                display_hint(session,
                    "Wrote %s. Give it to the other agency; there: referctl "
                    "card import %s",
                    output, output);
        } else {
            (void)fwrite(text.bytes, 1, text.size, session->out);
        }
    }
    offline_close(&offline);
    return code;
}

static enum exit_code import_card(
    struct session *session, struct slice signed_card, struct reply *reply)
{
    struct request request = { .operation = "card.import" };
    record_put_data(session->pool, &request.fields, "data", signed_card.bytes,
        signed_card.size);
    return session_ask(session, &request, reply);
}

enum exit_code run_card_import(
    struct session *session, const struct arguments *arguments)
{
    struct offline offline;
    struct slice signed_card = SLICE_NONE;
    struct card card;
    struct reply reply = { 0 };
    const struct record *record = NULL;
    enum exit_code code = offline_open(session, &offline);
    if (code == EXIT_CODE_DONE)
        code = offline_read_card_file(
            session, &offline, arguments->values[0], &signed_card);
    if (code == EXIT_CODE_DONE)
        code = offline_read_card(session, &offline, signed_card, &card);
    if (code == EXIT_CODE_DONE)
        code = import_card(session, signed_card, &reply);
    offline_close(&offline);
    if (code == EXIT_CODE_DONE)
        code = expect(session, &reply, "card", &record);
    if (code != EXIT_CODE_DONE)
        return code;
    if (session->json) {
        display_json_record(session, record);
        return EXIT_CODE_DONE;
    }
    display_fields(session, record, card_columns, DISPLAY_COUNT(card_columns));
    display_hint(session,
        "\nPhone that agency, on a number you did not get with this card, and "
        "compare\nthe safety number. When every digit is the same:\n"
        "  referctl card accept %s --safety-number \"%s\"",
        words_printable(session->pool, record_text(record, "agency")),
        words_printable(session->pool, record_text(record, "safety_number")));
    return EXIT_CODE_DONE;
}

/* 60 digits with a blank between groups of five, however they were typed. */
static const char *normal_safety_number(struct pool *pool, const char *text)
{
    char digits[61];
    size_t count = 0;
    for (; *text != '\0'; text++) {
        if (strchr(" -\t.", *text) != NULL)
            continue;
        if (*text < '0' || *text > '9' || count == 60)
            return NULL;
        digits[count++] = *text;
    }
    digits[count] = '\0';
    const char *number = "";
    for (size_t i = 0; count == 60 && i < 60; i += 5)
        number = pool_format(
            pool, "%s%s%.5s", number, i == 0 ? "" : " ", digits + i);
    return count == 60 ? number : NULL;
}

enum exit_code run_card_accept(
    struct session *session, const struct arguments *arguments)
{
    struct request request = { .operation = "card.accept" };
    struct reply reply = { 0 };
    const struct record *record = NULL;
    const char *id = NULL;
    const char *number = arguments_option(arguments, "safety-number");
    if (number != NULL) {
        number = normal_safety_number(session->pool, number);
        if (number == NULL)
            return session_fail(session, EXIT_CODE_USAGE,
                "give all 12 groups of 5 digits, in quotes",
                "--safety-number is not 60 digits");
    }
    enum exit_code code = resolve_agency(session, arguments->values[0], &id);
    if (code != EXIT_CODE_DONE)
        return code;
    record_put_text(session->pool, &request.fields, "agency", id);
    if (number != NULL)
        record_put_text(
            session->pool, &request.fields, "safety_number", number);
    code = session_ask(session, &request, &reply);
    if (code == EXIT_CODE_DONE)
        code = expect(session, &reply, "card", &record);
    if (code != EXIT_CODE_DONE)
        return code;
    if (session->json)
        display_json_record(session, record);
    else
        display_fields(
            session, record, card_columns, DISPLAY_COUNT(card_columns));
    return EXIT_CODE_DONE;
}

enum exit_code run_peer_list(
    struct session *session, const struct arguments *arguments)
{
    static const struct column columns[] = {
        { "agency", "agency", 0 },
        { "name", "name", 0 },
        { "state", "state", COLUMN_STATE },
        { "settled", "settled", 0 },
        { "queued", "queued", 0 },
        { "unanswered", "unanswered", 0 },
        { "last_heard_ms", "last heard", COLUMN_TIME },
        { "failing_since_ms", "failing since", COLUMN_TIME },
        { "next_try_ms", "next try", COLUMN_TIME },
        { "problem", "problem", 0 },
    };
    struct request request = { .operation = "peer.list" };
    struct reply reply = { 0 };
    (void)arguments;
    enum exit_code code = session_ask(session, &request, &reply);
    if (code != EXIT_CODE_DONE)
        return code;
    if (session->json)
        display_json_list(session, &reply.records, "peer");
    else
        display_table(session, &reply.records, "peer", columns,
            DISPLAY_COUNT(columns),
            "No other agency yet. Get the card of one: referctl card import "
            "FILE");
    return EXIT_CODE_DONE;
}
