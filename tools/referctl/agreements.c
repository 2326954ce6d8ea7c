#include "referctl/agreements.h"

#include <string.h>

#include "referctl/card.h"

static enum exit_code ask_self(struct session *session, const char **self)
{
    struct reply reply = { 0 };
    const struct record *card = NULL;
    enum exit_code code = card_ask(session, NULL, &reply);
    if (code == EXIT_CODE_DONE)
        code = card_expect(session, &reply, "card", &card);
    if (code == EXIT_CODE_DONE)
        *self = record_text(card, "agency");
    return code;
}

enum exit_code agreements_ask(
    struct session *session, struct records *all, const char **self)
{
    struct request list = { .operation = "mou.list" };
    struct reply mous = { 0 };
    enum exit_code code = ask_self(session, self);
    if (code == EXIT_CODE_DONE)
        code = session_ask(session, &list, &mous);
    for (size_t i = 0; code == EXIT_CODE_DONE && i < mous.records.count; i++) {
        struct request show = { .operation = "mou.show" };
        struct reply mou = { 0 };
        record_put_text(session->pool, &show.fields, "id",
            record_text(&mous.records.items[i], "id"));
        code = session_ask(session, &show, &mou);
        for (size_t k = 0; code == EXIT_CODE_DONE && k < mou.records.count; k++)
            *records_add(session->pool, all, mou.records.items[k].type) =
                mou.records.items[k];
    }
    return code;
}

const struct record *agreement_party(
    const struct records *all, size_t index, const char *agency)
{
    if (!record_is(&all->items[index], "mou"))
        return NULL;
    for (size_t i = index + 1; i < all->count; i++) {
        const struct record *record = &all->items[i];
        if (record_is(record, "mou"))
            return NULL;
        if (record_is(record, "signature") &&
            strcmp(record_text(record, "agency"), agency) == 0)
            return record;
    }
    return NULL;
}
