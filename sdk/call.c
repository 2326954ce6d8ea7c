#include "client.h"
#include "memory.h"
#include "objects.h"
#include "record.h"

/* call.c - any operation by its name: a query goes, a listing comes. */

/* ---- Queries ----------------------------------------------------------- */

refer_status refer_query_new(refer_query **out)
{
    if (out == NULL)
        return REFER_INVALID;
    *out = NULL;
    refer_query *query = sdk_memory_take(sizeof *query);
    if (query == NULL)
        return REFER_NO_MEMORY;
    if (sdk_records_add(&query->records, "query") == NULL) {
        refer_query_free(query);
        return REFER_NO_MEMORY;
    }
    *out = query;
    return REFER_OK;
}

void refer_query_free(refer_query *query)
{
    if (query == NULL)
        return;
    sdk_records_release(&query->records);
    sdk_memory_free(query);
}

static struct sdk_record *last(refer_query *query)
{
    return &query->records.items[query->records.count - 1];
}

refer_status refer_query_set(
    refer_query *query, const char *field, const char *text)
{
    return query == NULL ? REFER_INVALID
                         : sdk_record_set_text(last(query), field, text);
}

refer_status refer_query_set_number(
    refer_query *query, const char *field, int64_t number)
{
    return query == NULL ? REFER_INVALID
                         : sdk_record_set_number(last(query), field, number);
}

refer_status refer_query_set_data(
    refer_query *query, const char *field, const void *bytes, size_t size)
{
    return query == NULL ? REFER_INVALID
                         : sdk_record_set_data(last(query), field, bytes, size);
}

refer_status refer_query_set_flag(
    refer_query *query, const char *field, int32_t flag)
{
    return query == NULL ? REFER_INVALID
                         : sdk_record_set_flag(last(query), field, flag != 0);
}

refer_status refer_query_add_record(refer_query *query, const char *type)
{
    if (query == NULL || !sdk_text_is_code(type))
        return REFER_INVALID;
    return sdk_records_add(&query->records, type) == NULL ? REFER_NO_MEMORY
                                                          : REFER_OK;
}

/* ---- The call ---------------------------------------------------------- */

refer_status refer_call(refer_client *client, const char *operation,
    const refer_query *query, int32_t timeout_ms, refer_listing **out)
{
    struct sdk_deadline deadline = sdk_deadline_in(timeout_ms);
    if (out != NULL)
        *out = NULL;
    refer_status status = sdk_client_begin(client);
    if (status != REFER_OK)
        return status;
    if (!sdk_text_is_code(operation))
        return sdk_client_fail(
            client, REFER_INVALID, "an operation's name is a code");
    /* before the request, so that nothing can fail once it is done */
    refer_listing *listing = sdk_memory_take(sizeof *listing);
    if (listing == NULL)
        return sdk_client_fail(
            client, REFER_NO_MEMORY, refer_status_text(REFER_NO_MEMORY));
    struct sdk_request request = { .operation = operation };
    if (query != NULL) {
        request.fields = query->records.items[0].fields;
        request.field_count = query->records.items[0].field_count;
        request.rest = query->records.items + 1;
        request.rest_count = query->records.count - 1;
    }
    struct sdk_reply reply;
    status = sdk_client_call(client, request, deadline, &reply);
    listing->records = reply.records;
    if (status == REFER_OK && out != NULL)
        *out = listing;
    else
        refer_listing_free(listing);
    return status;
}

/* ---- Listings ---------------------------------------------------------- */

void refer_listing_free(refer_listing *listing)
{
    if (listing == NULL)
        return;
    sdk_records_release(&listing->records);
    sdk_memory_free(listing);
}

uint32_t refer_listing_count(const refer_listing *listing)
{
    return listing == NULL ? 0 : (uint32_t)listing->records.count;
}

static const struct sdk_record *at(const refer_listing *listing, uint32_t i)
{
    return i < refer_listing_count(listing) ? &listing->records.items[i] : NULL;
}

const char *refer_listing_type(const refer_listing *listing, uint32_t i)
{
    const struct sdk_record *record = at(listing, i);
    return record == NULL ? "" : record->type;
}

const char *refer_listing_get(
    const refer_listing *listing, uint32_t i, const char *field)
{
    return sdk_record_text(at(listing, i), field);
}

int64_t refer_listing_number(
    const refer_listing *listing, uint32_t i, const char *field)
{
    const struct sdk_field *found = sdk_record_find(at(listing, i), field);
    return found == NULL ? 0 : found->number;
}

const void *refer_listing_data(
    const refer_listing *listing, uint32_t i, const char *field, size_t *size)
{
    const struct sdk_field *found = sdk_record_find(at(listing, i), field);
    const void *bytes = NULL;
    if (found != NULL && found->type == SDK_FIELD_DATA)
        bytes = found->data;
    else if (found != NULL && found->type == SDK_FIELD_TEXT)
        bytes = found->text;
    if (size != NULL)
        *size = bytes == NULL ? 0 : found->size;
    return bytes;
}

uint32_t refer_listing_field_count(const refer_listing *listing, uint32_t i)
{
    const struct sdk_record *record = at(listing, i);
    return record == NULL ? 0 : (uint32_t)record->field_count;
}

static const struct sdk_field *field_at(
    const refer_listing *listing, uint32_t i, uint32_t k)
{
    return k < refer_listing_field_count(listing, i)
               ? &listing->records.items[i].fields[k]
               : NULL;
}

const char *refer_listing_field_name(
    const refer_listing *listing, uint32_t i, uint32_t k)
{
    const struct sdk_field *field = field_at(listing, i, k);
    return field == NULL ? "" : field->name;
}

const char *refer_listing_field_type(
    const refer_listing *listing, uint32_t i, uint32_t k)
{
    static const char *const names[SDK_FIELD_TYPE_COUNT] = {
        [SDK_FIELD_TEXT] = "text",
        [SDK_FIELD_NUMBER] = "number",
        [SDK_FIELD_DATA] = "data",
        [SDK_FIELD_FLAG] = "flag",
    };
    const struct sdk_field *field = field_at(listing, i, k);
    return field == NULL ? "" : names[field->type];
}

const char *refer_listing_field_value(
    const refer_listing *listing, uint32_t i, uint32_t k)
{
    const struct sdk_field *field = field_at(listing, i, k);
    return field == NULL ? "" : field->text;
}
