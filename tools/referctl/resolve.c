#include "referctl/resolve.h"

#include <string.h>

#include "base/id.h"
#include "core/limits.h"
#include "referctl/display.h"
#include "referctl/words.h"

#define URN "urn:uuid:"
#define URN_SIZE (sizeof URN - 1)
/* Referrals looked at for a prefix; a gateway with more wants more digits. */
#define SEARCH_COUNT_MAX 100000
#define CANDIDATE_SHOWN_MAX 5
/* Shorter beginnings would match by accident what was meant as a name. */
#define PREFIX_SIZE_MIN 2

/* Without the urn that all referrals share. */
static const char *bare(const char *id)
{
    return words_start_with(id, URN) ? id + URN_SIZE : id;
}

static bool equals(
    const struct record *record, const char *id_field, const char *text)
{
    return strcmp(bare(record_text(record, id_field)), bare(text)) == 0;
}

static bool begins(
    const struct record *record, const char *id_field, const char *text)
{
    return strlen(bare(text)) >= PREFIX_SIZE_MIN &&
           words_start_with(bare(record_text(record, id_field)), bare(text));
}

static bool is_named(
    const struct record *record, const char *name_field, const char *text)
{
    return name_field != NULL && text[0] != '\0' &&
           words_equal_folded(record_text(record, name_field), text);
}

enum match resolve_among(const struct records *records, const char *id_field,
    const char *name_field, const char *text, size_t *index)
{
    enum { BY_ID, BY_NAME, BY_PREFIX, WAY_COUNT };
    for (int way = BY_ID; way < WAY_COUNT; way++) {
        enum match match = MATCH_NONE;
        for (size_t i = 0; i < records->count; i++) {
            const struct record *record = &records->items[i];
            bool fits = way == BY_ID     ? equals(record, id_field, text)
                        : way == BY_NAME ? is_named(record, name_field, text)
                                         : begins(record, id_field, text);
            if (!fits)
                continue;
            if (match == MATCH_ONE && !equals(&records->items[*index], id_field,
                                          record_text(record, id_field)))
                return MATCH_MANY;
            match = MATCH_ONE;
            *index = i;
        }
        if (match == MATCH_ONE)
            return MATCH_ONE;
    }
    return MATCH_NONE;
}

/* "id (name), id (name), ..." of what fits the text. */
static const char *candidates(struct pool *pool, const struct records *records,
    const char *id_field, const char *name_field, const char *text)
{
    const char *list = "";
    int count = 0;
    for (size_t i = 0; i < records->count; i++) {
        const struct record *record = &records->items[i];
        const char *name =
            name_field == NULL ? "" : record_text(record, name_field);
        if (!is_named(record, name_field, text) &&
            !begins(record, id_field, text))
            continue;
        if (count++ == CANDIDATE_SHOWN_MAX)
            return pool_format(pool, "%s, ...", list);
        list = pool_format(pool, "%s%s%s%s%s%s", list, count > 1 ? ", " : "",
            bare(record_text(record, id_field)), name[0] == '\0' ? "" : " (",
            name, name[0] == '\0' ? "" : ")");
    }
    return list;
}

struct kind {
    const char *noun; /* "an agency" */
    const char *id_field;
    const char *name_field;
    const char *remedy; /* the command that lists them */
};

static enum exit_code pick(struct session *session, const struct kind *kind,
    const struct records *records, const char *text, const char **id)
{
    size_t index = 0;
    switch (resolve_among(
        records, kind->id_field, kind->name_field, text, &index)) {
    case MATCH_ONE:
        *id = record_text(&records->items[index], kind->id_field);
        return EXIT_CODE_DONE;
    case MATCH_MANY:
        return session_fail(session, EXIT_CODE_USAGE,
            pool_format(session->pool, "give more of the id: %s",
                candidates(session->pool, records, kind->id_field,
                    kind->name_field, text)),
            "\"%s\" fits more than one %s", text, kind->noun);
    case MATCH_NONE:
        break;
    }
    return session_fail(session, EXIT_CODE_NOT_FOUND, kind->remedy,
        "there is no %s \"%s\" here", kind->noun, text);
}

static void append_all(
    struct pool *pool, struct records *to, const struct records *from)
{
    for (size_t i = 0; i < from->count; i++)
        *records_add(pool, to, from->items[i].type) = from->items[i];
}

static const struct kind agency_kind = { "agency", "agency", "name",
    "referctl peer list" };

static bool is_whole_agency(
    struct session *session, const char *text, const char **id)
{
    struct agency_id whole;
    if (agency_id_parse(slice_of_text(text), &whole) != ERR_NONE)
        return false;
    *id = pool_text(session->pool, text);
    return true;
}

/* Ours and every peer, with their names. */
static enum exit_code ask_agencies(
    struct session *session, struct records *agencies)
{
    struct reply own = { 0 };
    struct reply peers = { 0 };
    struct request ask_own = { .operation = "card.show" };
    enum exit_code code = session_ask(session, &ask_own, &own);
    if (code != EXIT_CODE_DONE)
        return code;
    struct request ask_peers = { .operation = "peer.list" };
    code = session_ask(session, &ask_peers, &peers);
    if (code != EXIT_CODE_DONE)
        return code;
    const struct record *card = records_first(&own.records, "card");
    if (card != NULL)
        *records_add(session->pool, agencies, "card") = *card;
    append_all(session->pool, agencies, &peers.records);
    return EXIT_CODE_DONE;
}

enum exit_code resolve_agency(
    struct session *session, const char *text, const char **id)
{
    struct records agencies = { 0 };
    if (is_whole_agency(session, text, id))
        return EXIT_CODE_DONE;
    enum exit_code code = ask_agencies(session, &agencies);
    return code != EXIT_CODE_DONE
               ? code
               : pick(session, &agency_kind, &agencies, text, id);
}

enum exit_code resolve_trusted_name(
    struct session *session, const char *name, const char **id)
{
    struct records agencies = { 0 };
    size_t count = 0;
    *id = NULL;
    enum exit_code code = ask_agencies(session, &agencies);
    for (size_t i = 0; code == EXIT_CODE_DONE && i < agencies.count; i++) {
        const struct record *agency = &agencies.items[i];
        const char *state = record_text(agency, "state");
        bool is_trusted = strcmp(state, "imported") != 0 &&
                          strcmp(state, "introduced") != 0 &&
                          strcmp(state, "invited") != 0;
        if (!is_trusted || !is_named(agency, "name", name))
            continue;
        *id = count++ == 0 ? record_text(agency, "agency") : NULL;
    }
    return code;
}

/* Each party under its short name and under the agreement's name for it. */
static enum exit_code ask_parties(
    struct session *session, struct records *agencies)
{
    struct request list = { .operation = "mou.list" };
    struct reply mous = { 0 };
    enum exit_code code = session_ask(session, &list, &mous);
    for (size_t i = 0; code == EXIT_CODE_DONE && i < mous.records.count; i++) {
        struct request show = { .operation = "mou.show" };
        struct reply mou = { 0 };
        record_put_text(session->pool, &show.fields, "id",
            record_text(&mous.records.items[i], "id"));
        code = session_ask(session, &show, &mou);
        for (size_t k = 0; code == EXIT_CODE_DONE && k < mou.records.count;
             k++) {
            const struct record *signature = &mou.records.items[k];
            if (!record_is(signature, "signature"))
                continue;
            struct record *party =
                records_add(session->pool, agencies, "party");
            record_put_text(session->pool, party, "agency",
                record_text(signature, "agency"));
            record_put_text(
                session->pool, party, "name", record_text(signature, "party"));
            *records_add(session->pool, agencies, "party") = *signature;
        }
    }
    return code;
}

enum exit_code resolve_party(
    struct session *session, const char *text, const char **id)
{
    struct records agencies = { 0 };
    size_t index = 0;
    if (is_whole_agency(session, text, id))
        return EXIT_CODE_DONE;
    enum exit_code code = ask_agencies(session, &agencies);
    /* an agreement is asked for only by those who speak of it */
    if (code == EXIT_CODE_DONE &&
        resolve_among(&agencies, "agency", "name", text, &index) == MATCH_NONE)
        code = ask_parties(session, &agencies);
    return code != EXIT_CODE_DONE
               ? code
               : pick(session, &agency_kind, &agencies, text, id);
}

enum exit_code resolve_list_referrals(struct session *session,
    const struct record *fields, size_t count_max, struct records *referrals,
    bool *is_cut)
{
    const char *after = NULL;
    *is_cut = false;
    for (;;) {
        struct request request = { .operation = "list" };
        struct reply reply = { 0 };
        for (size_t i = 0; fields != NULL && i < fields->field_count; i++)
            record_put_text(session->pool, &request.fields,
                fields->fields[i].name, fields->fields[i].value.bytes);
        record_put_number(
            session->pool, &request.fields, "count", LOCAL_PAGE_COUNT_MAX);
        if (after != NULL)
            record_put_text(session->pool, &request.fields, "after", after);
        enum exit_code code = session_ask(session, &request, &reply);
        if (code != EXIT_CODE_DONE)
            return code;
        if (reply.records.count == 0)
            return EXIT_CODE_DONE;
        const char *last =
            record_text(&reply.records.items[reply.records.count - 1], "id");
        if (after != NULL && strcmp(after, last) == 0)
            return EXIT_CODE_DONE; /* no progress: not for ever */
        append_all(session->pool, referrals, &reply.records);
        after = last;
        if (referrals->count >= count_max) {
            *is_cut = true;
            return EXIT_CODE_DONE;
        }
    }
}

enum exit_code resolve_referral(
    struct session *session, const char *text, const char **id)
{
    static const struct kind kind = { "referral", "id", NULL,
        "referctl referral list" };
    struct uuid whole;
    struct records referrals = { 0 };
    bool is_cut = false;
    if (uuid_parse(slice_of_text(text), &whole) == ERR_NONE) {
        char urn[UUID_URN_SIZE + 1];
        uuid_format(&whole, urn);
        *id = pool_text(session->pool, urn);
        return EXIT_CODE_DONE;
    }
    enum exit_code code = resolve_list_referrals(
        session, NULL, SEARCH_COUNT_MAX, &referrals, &is_cut);
    if (code != EXIT_CODE_DONE)
        return code;
    if (is_cut)
        return session_fail(session, EXIT_CODE_USAGE, "give the whole id",
            "there are too many referrals here to look one up by \"%s\"", text);
    return pick(session, &kind, &referrals, text, id);
}

enum exit_code resolve_mou(
    struct session *session, const char *text, const char **id)
{
    static const struct kind kind = { "MOU", "id", NULL, "referctl mou list" };
    struct mou_id whole;
    struct reply reply = { 0 };
    if (mou_id_parse(slice_of_text(text), &whole) == ERR_NONE) {
        *id = pool_text(session->pool, text);
        return EXIT_CODE_DONE;
    }
    struct request request = { .operation = "mou.list" };
    enum exit_code code = session_ask(session, &request, &reply);
    if (code != EXIT_CODE_DONE)
        return code;
    return pick(session, &kind, &reply.records, text, id);
}
