/* objects.h - what the public handles are made of: lists of records. */
#ifndef SDK_OBJECTS_H
#define SDK_OBJECTS_H

#include "record.h"
#include "refer/refer.h"

/* The first record holds the fields of the request itself. */
struct refer_query {
    struct sdk_records records;
};

struct refer_listing {
    struct sdk_records records;
};

/* The first record is the event, its details and elements follow. */
struct refer_event {
    struct sdk_records records;
};

/* The first record is the referral; elements, grants and details follow. */
struct refer_referral {
    struct sdk_records records;
    struct refer_event *events;
    uint32_t event_count;
};

/* Takes the answers over when there is one of each kind it can be for each
 * referral of the batch; else false. */
bool sdk_batch_answer(refer_batch *batch, struct sdk_records *answers);

/* Takes the event at `start`, and what follows until the next, out of `from`;
 * *next is where that is. REFER_NO_MEMORY; release it even then. */
refer_status sdk_event_take(struct refer_event *event, struct sdk_records *from,
    size_t start, size_t *next);
/* Where the next event at `start` or behind it is, or the end. */
size_t sdk_event_find(const struct sdk_records *records, size_t start);

/* Of a "referral" record and what follows it. REFER_PROTOCOL when there is
 * none, REFER_NO_MEMORY. */
refer_status sdk_referral_take(struct sdk_records *from, refer_referral **out);

/* What a referral's fields are for. */
enum sdk_use { SDK_USE_SUBMIT = 1, SDK_USE_ACT = 2 };

#define SDK_REFERRAL_FIELD_COUNT 15u

/* Those fields, which the referral lends. REFER_INVALID when one that is set is
 * for something else. */
refer_status sdk_referral_fields(const refer_referral *referral,
    enum sdk_use use, struct sdk_field fields[SDK_REFERRAL_FIELD_COUNT],
    size_t *count);

#endif
