/* referctl card show, export, import: who the agencies are. */
#include "referctl/card.h"

#include <string.h>

#include "core/armor.h"
#include "referctl/command.h"
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

enum exit_code card_expect(struct session *session, const struct reply *reply,
    const char *type, const struct record **record)
{
    *record = records_first(&reply->records, type);
    if (*record != NULL)
        return EXIT_CODE_DONE;
    return session_fail(session, EXIT_CODE_UNREACHABLE,
        "install referctl and referd of the same version",
        "the gateway's answer holds no %s", type);
}

void card_print(struct session *session, const struct record *card)
{
    display_fields(session, card, card_columns, DISPLAY_COUNT(card_columns));
}

void card_print_lists(struct session *session, const struct records *records)
{
    static const struct column endpoints[] = { { "url", "endpoint", 0 } };
    static const struct column keys[] = { { "purpose", "key", 0 },
        { "id", "id", 0 }, { "valid_from_ms", "valid from", COLUMN_TIME },
        { "valid_until_ms", "valid until", COLUMN_TIME } };
    static const struct column contacts[] = { { "role", "contact", 0 },
        { "name", "name", 0 }, { "phone", "phone", 0 },
        { "hours", "hours", 0 } };
    display_hint(session, "%s", "");
    display_table(session, records, "endpoint", endpoints,
        DISPLAY_COUNT(endpoints), "no endpoint: this agency only dials out");
    display_hint(session, "%s", "");
    display_table(
        session, records, "key", keys, DISPLAY_COUNT(keys), "no keys");
    display_hint(session, "%s", "");
    display_table(session, records, "contact", contacts,
        DISPLAY_COUNT(contacts), "no point persons");
}

enum exit_code card_ask(
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
    struct reply reply = { 0 };
    const struct record *card = NULL;
    enum exit_code code = card_ask(
        session, arguments->count > 0 ? arguments->values[0] : NULL, &reply);
    if (code == EXIT_CODE_DONE)
        code = card_expect(session, &reply, "card", &card);
    if (code != EXIT_CODE_DONE)
        return code;
    if (session->json) {
        display_json_object(session, &reply.records, "card");
        return EXIT_CODE_DONE;
    }
    card_print(session, card);
    card_print_lists(session, &reply.records);
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
            pool_format(session->pool, "%s/card", dir), signed_card, NULL);
        return code != EXIT_CODE_DONE
                   ? code
                   : offline_read_card(session, offline, *signed_card, &card);
    }
    enum exit_code code = card_ask(session, NULL, &reply);
    if (code == EXIT_CODE_DONE)
        code = card_expect(session, &reply, "card", &record);
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

enum exit_code card_import(struct session *session, const char *path,
    const struct record **card, const char **invitation)
{
    struct request request = { .operation = "card.import" };
    struct offline offline;
    struct slice signed_card = SLICE_NONE;
    struct card parsed;
    struct reply reply = { 0 };
    enum exit_code code = offline_open(session, &offline);
    if (code == EXIT_CODE_DONE)
        code = offline_read_card_file(
            session, &offline, path, &signed_card, invitation);
    if (code == EXIT_CODE_DONE)
        code = offline_read_card(session, &offline, signed_card, &parsed);
    if (code == EXIT_CODE_DONE) {
        record_put_data(session->pool, &request.fields, "data",
            signed_card.bytes, signed_card.size);
        code = session_ask(session, &request, &reply);
    }
    offline_close(&offline);
    return code == EXIT_CODE_DONE ? card_expect(session, &reply, "card", card)
                                  : code;
}

enum exit_code run_card_import(
    struct session *session, const struct arguments *arguments)
{
    const struct record *record = NULL;
    const char *invitation = NULL;
    enum exit_code code =
        card_import(session, arguments->values[0], &record, &invitation);
    if (code != EXIT_CODE_DONE)
        return code;
    if (session->json) {
        display_json_record(session, record);
        return EXIT_CODE_DONE;
    }
    card_print(session, record);
    display_hint(session,
        "\nPhone that agency, on a number you did not get with this card, and "
        "compare\nthe safety number. When every digit is the same:\n"
        "  referctl card accept %s --safety-number \"%s\"%s%s",
        words_printable(session->pool, record_text(record, "agency")),
        words_printable(session->pool, record_text(record, "safety_number")),
        invitation == NULL ? "" : " --invitation ",
        invitation == NULL ? "" : invitation);
    return EXIT_CODE_DONE;
}
