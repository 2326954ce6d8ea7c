/* The running gateway, over its socket, with librefer. */
#include "referctl/gateway.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <refer/refer.h>

struct gateway_sdk {
    struct gateway gateway; /* first: the handle that callers hold */
    refer_client *client;
    refer_batch *batch;      /* NULL until there is one */
    const char *socket_path; /* lives in the session's pool */
};

static enum exit_code code_of(refer_status status)
{
    switch (status) {
    case REFER_OK:
        return EXIT_CODE_DONE;
    case REFER_TIMEOUT:
    case REFER_DISCONNECTED:
    case REFER_INTERRUPTED:
    case REFER_PROTOCOL:
        return EXIT_CODE_UNREACHABLE;
    case REFER_NOT_FOUND:
        return EXIT_CODE_NOT_FOUND;
    case REFER_NO_MEMORY:
        return EXIT_CODE_LOCAL;
    default:
        return EXIT_CODE_REFUSED;
    }
}

/* What to type next when the gateway itself said nothing about it. */
static const char *remedy_of(
    struct pool *pool, refer_status status, const char *socket_path)
{
    switch (status) {
    case REFER_TIMEOUT:
        return "referctl status; or wait longer with --timeout MS";
    case REFER_DISCONNECTED:
        return pool_format(pool,
            "start the gateway (referd -c FILE), or say where it listens: "
            "--config FILE or --socket PATH (tried %s)",
            socket_path);
    case REFER_PROTOCOL:
        return "install referctl and referd of the same version";
    case REFER_BUSY:
        return "wait a moment, then repeat the command";
    case REFER_INTERNAL:
        return "look at the gateway's log";
    default:
        return "";
    }
}

static void fill_status(const struct gateway_sdk *sdk, refer_status status,
    struct pool *pool, struct reply *reply)
{
    const refer_client *client = sdk->client;
    const char *remedy = refer_client_remedy(client);
    const char *message = refer_client_error(client);
    reply->code = code_of(status);
    reply->in_time = status != REFER_TIMEOUT;
    if (status == REFER_OK)
        return;
    if (message[0] == '\0')
        message = refer_status_text(status);
    reply->message = pool_text(pool, message);
    reply->problem = pool_text(pool, refer_client_problem(client));
    reply->clause = pool_text(pool, refer_client_clause(client));
    reply->remedy = remedy[0] != '\0'
                        ? pool_text(pool, remedy)
                        : remedy_of(pool, status, sdk->socket_path);
}

static refer_status set_field(refer_query *query, const struct field *field)
{
    const struct value *value = &field->value;
    switch (value->type) {
    case VALUE_TEXT:
        return refer_query_set(query, field->name, value->bytes);
    case VALUE_NUMBER:
        return refer_query_set_number(query, field->name, value->number);
    case VALUE_FLAG:
        return refer_query_set_flag(query, field->name, value->number != 0);
    case VALUE_DATA:
        return refer_query_set_data(
            query, field->name, value->bytes, value->size);
    case VALUE_NONE:
        break;
    }
    return REFER_OK;
}

static refer_status set_record(refer_query *query, const struct record *record)
{
    refer_status status = REFER_OK;
    for (size_t i = 0; i < record->field_count && status == REFER_OK; i++)
        status = set_field(query, &record->fields[i]);
    return status;
}

static refer_status query_of(const struct request *request, refer_query **out)
{
    refer_status status = refer_query_new(out);
    if (status != REFER_OK)
        return status;
    status = set_record(*out, &request->fields);
    for (size_t i = 0; i < request->records.count && status == REFER_OK; i++) {
        const struct record *record = &request->records.items[i];
        status = refer_query_add_record(*out, record->type);
        if (status == REFER_OK)
            status = set_record(*out, record);
    }
    return status;
}

static void copy_field(struct pool *pool, const refer_listing *listing,
    uint32_t i, uint32_t k, struct record *record)
{
    const char *name = refer_listing_field_name(listing, i, k);
    const char *type = refer_listing_field_type(listing, i, k);
    size_t size = 0;
    if (strcmp(type, "number") == 0) {
        record_put_number(
            pool, record, name, refer_listing_number(listing, i, name));
    } else if (strcmp(type, "flag") == 0) {
        record_put_flag(
            pool, record, name, refer_listing_number(listing, i, name) != 0);
    } else if (strcmp(type, "data") == 0) {
        const void *bytes = refer_listing_data(listing, i, name, &size);
        record_put_data(pool, record, name, bytes, size);
    } else {
        record_put_text(
            pool, record, name, refer_listing_field_value(listing, i, k));
    }
}

static void copy_listing(
    struct pool *pool, const refer_listing *listing, struct records *records)
{
    for (uint32_t i = 0; i < refer_listing_count(listing); i++) {
        struct record *record =
            records_add(pool, records, refer_listing_type(listing, i));
        for (uint32_t k = 0; k < refer_listing_field_count(listing, i); k++)
            copy_field(pool, listing, i, k, record);
    }
}

static void reply_init(struct reply *reply)
{
    *reply = (struct reply){ .message = "",
        .problem = "",
        .clause = "",
        .remedy = "",
        .in_time = true };
}

static void sdk_call(struct gateway *gateway, const struct request *request,
    int timeout_ms, struct pool *pool, struct reply *reply)
{
    struct gateway_sdk *sdk = (struct gateway_sdk *)gateway;
    refer_query *query = NULL;
    refer_listing *listing = NULL;
    reply_init(reply);
    refer_status status = query_of(request, &query);
    if (status != REFER_OK) {
        reply->code = code_of(status);
        reply->message = pool_format(pool, "cannot ask for %s: %s",
            request->operation, refer_status_text(status));
    } else {
        status = refer_call(
            sdk->client, request->operation, query, timeout_ms, &listing);
        fill_status(sdk, status, pool, reply);
    }
    if (listing != NULL)
        copy_listing(pool, listing, &reply->records);
    refer_listing_free(listing);
    refer_query_free(query);
}

/* ---- Many at once ------------------------------------------------------ */

static const char *decimal(struct pool *pool, const struct value *value)
{
    return value->type == VALUE_NUMBER
               ? pool_format(pool, "%" PRId64, value->number)
               : value->bytes;
}

static refer_status set_part(
    struct pool *pool, refer_referral *referral, const struct record *record)
{
    refer_status status = REFER_OK;
    if (record_is(record, "element"))
        return refer_referral_set_element(referral, record_text(record, "code"),
            record_text(record, "value"));
    if (record_is(record, "grant"))
        return refer_referral_grant(referral, record_text(record, "to"),
            record_text(record, "purpose"), record_text(record, "elements"),
            record_number(record, "until_ms"));
    for (size_t i = 0; i < record->field_count && status == REFER_OK; i++)
        status = refer_referral_set(referral, record->fields[i].name,
            decimal(pool, &record->fields[i].value));
    return status;
}

static refer_status referral_of(
    struct pool *pool, const struct records *records, refer_referral **out)
{
    refer_status status = refer_referral_new(out);
    for (size_t i = 0; i < records->count && status == REFER_OK; i++)
        status = set_part(pool, *out, &records->items[i]);
    return status;
}

static enum gateway_add sdk_add(struct gateway *gateway,
    const struct records *records, const char *key, struct pool *pool,
    struct reply *reply)
{
    struct gateway_sdk *sdk = (struct gateway_sdk *)gateway;
    refer_referral *referral = NULL;
    refer_status status = REFER_OK;
    reply_init(reply);
    if (sdk->batch == NULL)
        status = refer_batch_new(&sdk->batch);
    if (status == REFER_OK)
        status = referral_of(pool, records, &referral);
    if (status == REFER_OK)
        status = refer_batch_add(sdk->batch, referral, key);
    refer_referral_free(referral);
    if (status == REFER_OK)
        return GATEWAY_ADDED;
    if (status == REFER_TOO_LARGE && refer_batch_count(sdk->batch) > 0)
        return GATEWAY_FULL;
    reply->code = code_of(status);
    reply->message = refer_status_text(status);
    if (status == REFER_TOO_LARGE)
        reply->remedy = "say less: a referral may have 256 KiB";
    return GATEWAY_REFUSED;
}

static void copy_answer(struct pool *pool, const refer_batch *batch, uint32_t i,
    struct records *records)
{
    refer_status status = refer_batch_status(batch, i);
    bool is_stored = status == REFER_OK;
    struct record *record =
        records_add(pool, records, is_stored ? "referral" : "refusal");
    if (is_stored) {
        record_put_text(pool, record, "id", refer_batch_id(batch, i));
        return;
    }
    record_put_text(pool, record, "message", refer_status_text(status));
    record_put_text(pool, record, "problem", refer_batch_problem(batch, i));
    record_put_text(pool, record, "clause", refer_batch_clause(batch, i));
    record_put_text(pool, record, "remedy", refer_batch_remedy(batch, i));
}

static void sdk_submit(struct gateway *gateway, int timeout_ms,
    struct pool *pool, struct reply *reply)
{
    struct gateway_sdk *sdk = (struct gateway_sdk *)gateway;
    reply_init(reply);
    refer_status status =
        refer_batch_submit(sdk->client, sdk->batch, timeout_ms);
    fill_status(sdk, status, pool, reply);
    for (uint32_t i = 0;
         status == REFER_OK && i < refer_batch_count(sdk->batch); i++)
        copy_answer(pool, sdk->batch, i, &reply->records);
    refer_batch_clear(sdk->batch);
}

static void sdk_close(struct gateway *gateway)
{
    struct gateway_sdk *sdk = (struct gateway_sdk *)gateway;
    refer_batch_free(sdk->batch);
    refer_client_free(sdk->client);
    free(sdk);
}

static refer_status sdk_open(struct gateway_sdk *sdk, int timeout_ms)
{
    refer_status status = refer_client_new(&sdk->client);
    if (status == REFER_OK)
        status = refer_client_set(sdk->client, "socket", sdk->socket_path);
    if (status == REFER_OK)
        status = refer_client_set(sdk->client, "application", "referctl");
    if (status == REFER_OK)
        status = refer_client_connect(sdk->client, timeout_ms);
    return status;
}

struct gateway *gateway_connect(const char *socket_path, int timeout_ms,
    struct pool *pool, struct reply *reply)
{
    reply_init(reply);
    struct gateway_sdk *sdk = calloc(1, sizeof *sdk);
    if (sdk == NULL) {
        reply->code = EXIT_CODE_LOCAL;
        reply->message = "out of memory";
        return NULL;
    }
    sdk->gateway = (struct gateway){ .call = sdk_call,
        .add = sdk_add,
        .submit = sdk_submit,
        .close = sdk_close };
    sdk->socket_path = socket_path;
    refer_status status = sdk_open(sdk, timeout_ms);
    if (status == REFER_OK)
        return &sdk->gateway;
    if (sdk->client != NULL) {
        fill_status(sdk, status, pool, reply);
    } else {
        reply->code = code_of(status);
        reply->message = refer_status_text(status);
    }
    if (reply->code == EXIT_CODE_REFUSED && reply->remedy[0] == '\0')
        reply->remedy = "give your user rights on this gateway: `clients` in "
                        "its configuration";
    sdk_close(&sdk->gateway);
    return NULL;
}
