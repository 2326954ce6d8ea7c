#include "sdk/fake/received.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "sdk/fake/step.h"
#include "sdk/memory.h"

bool fake_received_keeps(const char *operation)
{
    return !fake_list_has("hello health cursor.next", operation);
}

refer_fake_request *fake_received_new(const struct fake_request *request)
{
    refer_fake_request *received = sdk_memory_take(sizeof *received);
    if (received == NULL)
        return NULL;
    sdk_text_copy(
        received->operation, sizeof received->operation, request->operation);
    /* what a batch carries is kept one by one */
    bool is_batch = strcmp(request->operation, "submit.many") == 0;
    if (fake_records_copy(&received->records, &request->records, 0,
            is_batch ? 1 : request->records.count) == REFER_OK)
        return received;
    refer_fake_request_free(received);
    return NULL;
}

void fake_received_keep(struct refer_fake *fake, refer_fake_request *received)
{
    refer_fake_request **link = &fake->received;
    while (*link != NULL)
        link = &(*link)->next;
    *link = received;
    if (++fake->received_count > FAKE_RECEIVED_COUNT_MAX) {
        refer_fake_request *oldest = fake->received;
        fake->received = oldest->next;
        fake->received_count--;
        refer_fake_request_free(oldest);
    }
    (void)pthread_cond_broadcast(&fake->came);
}

/* ---- As a referral ----------------------------------------------------- */

/* Fields that are the request's own business, not the referral's. */
static refer_status fields_fill(
    refer_referral *referral, const struct sdk_record *record)
{
    for (size_t i = 0; i < record->field_count; i++) {
        const struct sdk_field *field = &record->fields[i];
        refer_status status =
            refer_referral_set(referral, field->name, field->text);
        if (status == REFER_NO_MEMORY)
            return status;
    }
    return REFER_OK;
}

static refer_status part_fill(
    refer_referral *referral, const struct sdk_record *record)
{
    if (strcmp(record->type, "element") == 0)
        return refer_referral_set_element(referral,
            sdk_record_text(record, "code"), sdk_record_text(record, "value"));
    if (strcmp(record->type, "detail") == 0)
        return refer_referral_set_detail(referral,
            sdk_record_text(record, "name"), sdk_record_text(record, "value"));
    if (strcmp(record->type, "grant") == 0)
        return refer_referral_grant(referral, sdk_record_text(record, "to"),
            sdk_record_text(record, "purpose"),
            sdk_record_text(record, "elements"),
            sdk_record_number(record, "until_ms"));
    return REFER_OK;
}

static refer_status referral_make(refer_fake_request *request)
{
    const struct sdk_records *records = &request->records;
    const struct sdk_record *own = sdk_records_at(records, "referral", 0);
    refer_referral *referral;
    refer_status status = refer_referral_new(&referral);
    if (status != REFER_OK)
        return status;
    /* what is no referral's part is refused here as it was by the gateway */
    if (own != NULL || strcmp(request->operation, "act") == 0)
        status = fields_fill(referral, own != NULL ? own : records->items);
    for (size_t i = 1; i < records->count && status != REFER_NO_MEMORY; i++)
        status = part_fill(referral, &records->items[i]);
    if (status == REFER_NO_MEMORY) {
        refer_referral_free(referral);
        return status;
    }
    request->referral = referral;
    return REFER_OK;
}

/* ---- Taking ------------------------------------------------------------ */

static refer_fake_request **find(refer_fake *fake, const char *operation)
{
    refer_fake_request **link = &fake->received;
    while (*link != NULL && operation[0] != 0 &&
           strcmp((*link)->operation, operation) != 0)
        link = &(*link)->next;
    return link;
}

static struct timespec instant_in(int32_t timeout_ms)
{
    int64_t at_ms = fake_steady_ms() + timeout_ms;
    return (struct timespec){ .tv_sec = (time_t)(at_ms / 1000),
        .tv_nsec = (long)(at_ms % 1000) * 1000000 };
}

refer_status refer_fake_take(refer_fake *fake, const char *operation,
    int32_t timeout_ms, refer_fake_request **out)
{
    if (out == NULL)
        return REFER_INVALID;
    *out = NULL;
    if (fake == NULL || operation == NULL)
        return REFER_INVALID;
    struct timespec until = instant_in(timeout_ms > 0 ? timeout_ms : 0);
    refer_status status = REFER_OK;
    (void)pthread_mutex_lock(&fake->lock);
    fake->error[0] = 0;
    refer_fake_request **link = find(fake, operation);
    while (*link == NULL && status == REFER_OK) {
        int error = timeout_ms < 0 ? pthread_cond_wait(&fake->came, &fake->lock)
                                   : pthread_cond_timedwait(
                                         &fake->came, &fake->lock, &until);
        link = find(fake, operation);
        if (*link == NULL && error == ETIMEDOUT)
            status = REFER_TIMEOUT;
    }
    if (status == REFER_OK)
        status = referral_make(*link);
    if (status == REFER_OK) {
        *out = *link;
        *link = (*link)->next;
        (*out)->next = NULL;
        fake->received_count--;
    } else {
        sdk_text_copy(
            fake->error, sizeof fake->error, refer_status_text(status));
    }
    (void)pthread_mutex_unlock(&fake->lock);
    return status;
}

void refer_fake_request_free(refer_fake_request *request)
{
    if (request == NULL)
        return;
    sdk_records_release(&request->records);
    refer_referral_free(request->referral);
    sdk_memory_free(request);
}

const char *refer_fake_request_operation(const refer_fake_request *request)
{
    return request == NULL ? "" : request->operation;
}

const char *refer_fake_request_get(
    const refer_fake_request *request, const char *field)
{
    return request == NULL ? ""
                           : sdk_record_text(request->records.items, field);
}

refer_status refer_fake_request_status(const refer_fake_request *request)
{
    return request == NULL ? REFER_INVALID : request->status;
}

int refer_fake_request_is_repeat(const refer_fake_request *request)
{
    return request != NULL && request->is_repeat;
}

const refer_referral *refer_fake_request_referral(
    const refer_fake_request *request)
{
    return request == NULL ? NULL : request->referral;
}
