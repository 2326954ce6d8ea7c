/* referctl card accept: from a file or an imported card to trust. */
#include "referctl/card.h"

#include <string.h>

#include "referctl/ask.h"
#include "referctl/command.h"
#include "referctl/display.h"
#include "referctl/file.h"
#include "referctl/resolve.h"
#include "referctl/words.h"

struct acceptance {
    const struct record *card; /* with its safety number */
    const char *agency;
    const char *number; /* what the operator was told; NULL: nothing yet */
    const char *invitation;
};

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

static enum exit_code read_number(struct session *session,
    const struct arguments *arguments, struct acceptance *acceptance)
{
    const char *number = arguments_option(arguments, "safety-number");
    acceptance->number =
        number == NULL ? NULL : normal_safety_number(session->pool, number);
    if (number != NULL && acceptance->number == NULL)
        return session_fail(session, EXIT_CODE_USAGE,
            "give all 12 groups of 5 digits, in quotes",
            "--safety-number is not 60 digits");
    return EXIT_CODE_DONE;
}

/* The card of a file, or one that the gateway has. */
static enum exit_code find_card(struct session *session, const char *text,
    bool *is_file, struct acceptance *acceptance)
{
    struct reply reply = { 0 };
    const char *invitation = NULL;
    enum exit_code code = EXIT_CODE_DONE;
    *is_file = strcmp(text, "-") == 0 || file_is_document(text);
    if (*is_file) {
        code = card_import(session, text, &acceptance->card, &invitation);
        if (code == EXIT_CODE_DONE)
            acceptance->agency = record_text(acceptance->card, "agency");
        if (acceptance->invitation == NULL)
            acceptance->invitation = invitation;
        return code;
    }
    code = resolve_agency(session, text, &acceptance->agency);
    /* the number is only needed to ask about it */
    if (code != EXIT_CODE_DONE || acceptance->number != NULL ||
        !ask_is_possible(session))
        return code;
    code = card_ask(session, acceptance->agency, &reply);
    return code == EXIT_CODE_DONE
               ? card_expect(session, &reply, "card", &acceptance->card)
               : code;
}

/* What two people compare. Who was invited cannot be told the safety number
 * yet, which needs both ids: the id of the one who invites says the same. */
static const char *to_compare(const struct acceptance *acceptance)
{
    return acceptance->invitation != NULL ? "agency id" : "safety number";
}

static const char *command_to_accept(
    struct session *session, const struct acceptance *acceptance)
{
    const char *agency = acceptance->agency;
    if (acceptance->invitation != NULL)
        return pool_format(session->pool,
            "phone that agency on a number you did not get with the "
            "invitation; when their agency id is %s: referctl card accept %s "
            "--invitation %s",
            agency, agency, acceptance->invitation);
    return pool_format(session->pool,
        "phone that agency on a number you did not get with the card; when "
        "every digit is the same: referctl card accept %s --safety-number "
        "\"%s\"",
        agency, record_text(acceptance->card, "safety_number"));
}

static bool ask_whether_same(
    struct session *session, const struct acceptance *acceptance)
{
    card_print(session, acceptance->card);
    if (acceptance->invitation == NULL) {
        display_line(session,
            "\nPhone that agency, on a number you did not get with this card, "
            "and compare the\nsafety number. ");
        return ask_yes(session, "Is every digit the same? Type yes: ");
    }
    display_line(session,
        "\nPhone that agency, on a number you did not get with this "
        "invitation, and let them\nread you their agency id. Is it %s?\n",
        acceptance->agency);
    return ask_yes(session, "Type yes: ");
}

/* Someone says that it is the same, unless the gateway will compare. */
static enum exit_code compare(
    struct session *session, bool is_file, const struct acceptance *acceptance)
{
    const struct record *card = acceptance->card;
    if (acceptance->number != NULL ||
        (card != NULL && strcmp(record_text(card, "state"), "accepted") == 0))
        return EXIT_CODE_DONE;
    if (!ask_is_possible(session)) {
        /* of a card imported before, a script's word is taken */
        return !is_file ? EXIT_CODE_DONE
                        : session_fail(session, EXIT_CODE_REFUSED,
                              command_to_accept(session, acceptance),
                              "imported, but not accepted: nobody has compared "
                              "the %s",
                              to_compare(acceptance));
    }
    if (ask_whether_same(session, acceptance))
        return EXIT_CODE_DONE;
    return session_fail(session, EXIT_CODE_REFUSED,
        command_to_accept(session, acceptance), "not accepted");
}

enum exit_code run_card_accept(
    struct session *session, const struct arguments *arguments)
{
    struct request request = { .operation = "card.accept" };
    struct reply reply = { 0 };
    const struct record *record = NULL;
    bool is_file = false;
    struct acceptance acceptance = {
        .invitation = arguments_option(arguments, "invitation"),
    };
    enum exit_code code = read_number(session, arguments, &acceptance);
    if (code == EXIT_CODE_DONE)
        code = find_card(session, arguments->values[0], &is_file, &acceptance);
    if (code == EXIT_CODE_DONE)
        code = compare(session, is_file, &acceptance);
    if (code != EXIT_CODE_DONE)
        return code;
    struct record *fields = &request.fields;
    record_put_text(session->pool, fields, "agency", acceptance.agency);
    if (acceptance.number != NULL)
        record_put_text(
            session->pool, fields, "safety_number", acceptance.number);
    if (acceptance.invitation != NULL)
        record_put_text(
            session->pool, fields, "invitation", acceptance.invitation);
    code = session_ask(session, &request, &reply);
    if (code == EXIT_CODE_DONE)
        code = card_expect(session, &reply, "card", &record);
    if (code != EXIT_CODE_DONE)
        return code;
    if (session->json)
        display_json_record(session, record);
    else
        card_print(session, record);
    if (acceptance.invitation != NULL)
        display_hint(session,
            "\nStay on the phone: your card goes there now, and they see the "
            "same safety number.");
    return EXIT_CODE_DONE;
}
