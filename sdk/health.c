#include "client.h"
#include "memory.h"
#include "record.h"

#include <string.h>

/* health.c - is the gateway well: numbers by name, "ready" among them. */

struct refer_health {
    struct sdk_records records;
};

refer_status refer_health_get(
    refer_client *client, int32_t timeout_ms, refer_health **out)
{
    struct sdk_deadline deadline = sdk_deadline_in(timeout_ms);
    if (out == NULL)
        return REFER_INVALID;
    *out = NULL;
    refer_status status = sdk_client_begin(client);
    if (status != REFER_OK)
        return status;
    refer_health *health = sdk_memory_take(sizeof *health);
    if (health == NULL)
        return sdk_client_fail(
            client, REFER_NO_MEMORY, refer_status_text(REFER_NO_MEMORY));
    struct sdk_reply reply;
    status = sdk_client_call(client,
        (struct sdk_request){ .operation = "health" }, deadline, &reply);
    health->records = reply.records;
    if (status == REFER_OK)
        *out = health;
    else
        refer_health_free(health);
    return status;
}

void refer_health_free(refer_health *health)
{
    if (health == NULL)
        return;
    sdk_records_release(&health->records);
    sdk_memory_free(health);
}

int refer_health_is_ready(const refer_health *health)
{
    for (uint32_t i = 0; i < refer_health_count(health); i++)
        if (strcmp(refer_health_name(health, i), "ready") == 0)
            return refer_health_value(health, i) != 0;
    return 0;
}

uint32_t refer_health_count(const refer_health *health)
{
    return health == NULL ? 0 : sdk_records_count(&health->records, "number");
}

const char *refer_health_name(const refer_health *health, uint32_t i)
{
    return health == NULL
               ? ""
               : sdk_record_text(
                     sdk_records_at(&health->records, "number", i), "name");
}

int64_t refer_health_value(const refer_health *health, uint32_t i)
{
    return health == NULL
               ? 0
               : sdk_record_number(
                     sdk_records_at(&health->records, "number", i), "value");
}
