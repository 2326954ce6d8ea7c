#include "referctl/referral_file.h"

#include <string.h>

#include "referctl/resolve.h"

static const char *text_of(struct session *session, struct slice text)
{
    return pool_copy(session->pool, text.bytes, text.size);
}

/* Files of thousands name the same few agencies. */
static enum exit_code resolve(struct session *session,
    struct referral_parties *parties, const char *text, const char **id)
{
    for (size_t i = 0; i < parties->count; i++) {
        *id = parties->items[i].id;
        if (strcmp(parties->items[i].text, text) == 0)
            return EXIT_CODE_DONE;
    }
    enum exit_code code = resolve_party(session, text, id);
    if (code != EXIT_CODE_DONE)
        return code;
    struct pool *pool = parties->pool != NULL ? parties->pool : session->pool;
    parties->items = pool_grow(pool, parties->items, parties->count,
        &parties->capacity, sizeof *parties->items);
    *id = pool_text(pool, *id);
    parties->items[parties->count++] =
        (struct referral_party_id){ pool_text(pool, text), *id };
    return EXIT_CODE_DONE;
}

/* Puts a text under a name, unless it is empty. */
static void put_slice(struct pool *pool, struct record *record,
    const char *name, struct slice text)
{
    if (text.size > 0)
        record_put_text(
            pool, record, name, pool_copy(pool, text.bytes, text.size));
}

static enum exit_code put_grants(struct session *session,
    const struct referral_file *file, struct referral_parties *parties,
    struct records *records)
{
    struct pool *pool = session->pool;
    for (size_t i = 0; i < file->grant_count; i++) {
        const struct referral_file_grant *grant = &file->grants[i];
        const char *to = NULL;
        const char *elements = "";
        enum exit_code code =
            resolve(session, parties, text_of(session, grant->to), &to);
        if (code != EXIT_CODE_DONE)
            return code;
        for (size_t k = 0; k < grant->element_count; k++)
            elements = pool_format(pool, "%s%s%.*s", elements,
                k == 0 ? "" : " ", (int)grant->elements[k].size,
                (const char *)grant->elements[k].bytes);
        struct record *record = records_add(pool, records, "grant");
        record_put_text(pool, record, "to", to);
        put_slice(pool, record, "purpose", grant->purpose);
        record_put_text(pool, record, "elements", elements);
        record_put_number(pool, record, "until_ms", grant->until.unix_ms);
    }
    return EXIT_CODE_DONE;
}

static void put_optional(
    struct pool *pool, const struct referral_file *file, struct record *record)
{
    char text[MOU_ID_TEXT_SIZE + 1];
    if (file->has_mou) {
        mou_id_format(&file->mou, text);
        record_put_text(pool, record, "mou", text);
    }
    if (file->has_thread) {
        uuid_format(&file->thread, text);
        record_put_text(pool, record, "thread", text);
    }
    if (file->has_parent) {
        uuid_format(&file->parent, text);
        record_put_text(pool, record, "parent", text);
        record_put_number(pool, record, "hop", file->hop);
    }
}

static void put_referral(struct session *session,
    const struct referral_file *file, const char *to, struct records *records)
{
    struct pool *pool = session->pool;
    struct record *record = records_add(pool, records, "referral");
    record_put_text(pool, record, "to", to);
    put_slice(pool, record, "service", file->service);
    put_slice(pool, record, "purpose", file->purpose);
    record_put_text(pool, record, "urgency", urgency_name(file->urgency));
    record_put_text(pool, record, "choice", choice_name(file->choice));
    record_put_text(pool, record, "ask_back", ask_back_name(file->ask_back));
    put_slice(pool, record, "reason_plain", file->reason_plain);
    record_put_number(pool, record, "consent_at_ms", file->consent_at.unix_ms);
    put_optional(pool, file, record);
    for (size_t i = 0; i < file->element_count; i++) {
        struct record *element = records_add(pool, records, "element");
        put_slice(pool, element, "code", file->elements[i].name);
        record_put_text(pool, element, "value",
            pool_copy(pool, file->elements[i].value.bytes,
                file->elements[i].value.size));
    }
}

enum exit_code referral_file_records(struct session *session,
    const struct referral_file *file, const char *to,
    struct referral_parties *parties, struct records *records)
{
    const char *id = NULL;
    enum exit_code code = resolve(
        session, parties, to != NULL ? to : text_of(session, file->to), &id);
    if (code != EXIT_CODE_DONE)
        return code;
    put_referral(session, file, id, records);
    return put_grants(session, file, parties, records);
}
