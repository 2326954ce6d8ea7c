#include "core/casework_answer.h"

#include "core/delivery.h"
#include "core/limits.h"

bool judgements_begin(
    struct work *work, size_t capacity, struct judgements *judgements)
{
    *judgements = (struct judgements){
        .items =
            arena_take_array(work->arena, capacity, sizeof(struct answer_item)),
    };
    if (judgements->items == NULL)
        work_exhausted(work);
    return judgements->items != NULL;
}

/* Runs of the same answer become one item. */
static bool joins(const struct answer_item *last, uint64_t index,
    const struct judgement *judgement)
{
    return last->verdict == ANSWER_APPLIED &&
           judgement->verdict == ANSWER_APPLIED &&
           last->index + last->count == index &&
           last->state == (uint32_t)judgement->state;
}

static void item_fill(struct work *work, uint64_t index,
    const struct judgement *judgement, struct answer_item *item)
{
    *item = (struct answer_item){
        .index = index,
        .count = 1,
        .verdict = judgement->verdict,
        .problem = judgement->why.problem,
        .clause = arena_copy(work->arena, slice_of_text(judgement->why.clause)),
        .remedy = arena_copy(work->arena, slice_of_text(judgement->why.remedy)),
        .state = (uint32_t)judgement->state,
    };
    if (item->clause.bytes == NULL || item->remedy.bytes == NULL)
        work_exhausted(work);
}

void judgements_add(struct work *work, struct judgements *judgements,
    uint64_t index, const struct judgement *judgement)
{
    size_t count = judgements->count;
    if (!judgement->answered)
        return;
    if (count > 0 && joins(&judgements->items[count - 1], index, judgement))
        judgements->items[count - 1].count++;
    else
        item_fill(
            work, index, judgement, &judgements->items[judgements->count++]);
}

/* So many items, with the longest texts, stay far below CONTENT_SIZE_MAX. */
#define TOLD_ITEM_COUNT_MAX 256u
_Static_assert(TOLD_ITEM_COUNT_MAX <= ANSWER_ITEM_COUNT_MAX, "");

void judgements_tell(struct work *work, struct peer *peer, uint64_t generation,
    const struct judgements *judgements)
{
    for (size_t at = 0; at < judgements->count;) {
        size_t left = judgements->count - at;
        size_t part = left < TOLD_ITEM_COUNT_MAX ? left : TOLD_ITEM_COUNT_MAX;
        struct answer answer = { generation, judgements->items + at, part };
        struct tell tell = { .kind = ENTRY_ANSWER,
            .content = answer_write(&answer, work->arena) };
        if (!delivery_tell(work, peer, &tell))
            work_exhausted(work);
        at += part;
    }
}
