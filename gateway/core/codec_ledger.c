#include "core/codec.h"
#include "core/entry.h"
#include "core/limits.h"

#include "refer/v1/ledger.pb-c.h"

#include <string.h>

struct slice entry_header_write(
    const struct entry_header *header, struct arena *arena)
{
    Refer__V1__EntryHeader message = REFER__V1__ENTRY_HEADER__INIT;
    message.kind = (Refer__V1__EntryKind)header->kind;
    message.at_ms = (uint64_t)header->at.unix_ms;
    message.digest = codec_data(SLICE_ARRAY(header->digest));
    return codec_pack(&message.base, arena);
}

enum err entry_header_read(
    struct slice bytes, struct arena *arena, struct entry_header *header)
{
    const ProtobufCMessage *base;
    enum err err = codec_unpack(&refer__v1__entry_header__descriptor, bytes,
        HEADER_SIZE_MAX, arena, &base);
    if (err != ERR_NONE)
        return err;
    const Refer__V1__EntryHeader *message =
        (const Refer__V1__EntryHeader *)base;
    if (message->kind == REFER__V1__ENTRY_KIND__ENTRY_KIND_UNSPECIFIED ||
        message->at_ms > INT64_MAX)
        return ERR_MALFORMED;
    header->kind = (enum entry_kind)message->kind;
    header->at.unix_ms = (int64_t)message->at_ms;
    return codec_fixed(message->digest, header->digest, HASH_SIZE);
}

static bool item_fill(const struct answer_item *item, struct arena *arena,
    Refer__V1__AnswerItem *message)
{
    refer__v1__answer_item__init(message);
    message->index = item->index;
    message->count = item->count;
    message->verdict = (Refer__V1__Verdict)item->verdict;
    message->problem = (Refer__V1__Problem)item->problem;
    message->clause = codec_text(item->clause, arena);
    message->remedy = codec_text(item->remedy, arena);
    message->state = item->state;
    return message->clause != NULL && message->remedy != NULL;
}

struct slice answer_write(const struct answer *answer, struct arena *arena)
{
    Refer__V1__Answer message = REFER__V1__ANSWER__INIT;
    size_t count = answer->item_count;
    Refer__V1__AnswerItem *items =
        arena_take_array(arena, count, sizeof *items);
    message.items = arena_take_array(arena, count, sizeof *message.items);
    if (items == NULL || message.items == NULL)
        return SLICE_NONE;
    for (size_t i = 0; i < count; i++) {
        if (!item_fill(&answer->items[i], arena, &items[i]))
            return SLICE_NONE;
        message.items[i] = &items[i];
    }
    message.n_items = count;
    message.generation = answer->generation;
    message.lane = REFER__V1__LANE__LANE_MAIN;
    return codec_pack(&message.base, arena);
}

static enum err item_read(
    const Refer__V1__AnswerItem *message, struct answer_item *item)
{
    *item = (struct answer_item){
        .index = message->index,
        .count = message->count,
        .verdict = (enum answer_verdict)message->verdict,
        .problem = (enum problem)message->problem,
        .clause = slice_of_text(message->clause),
        .remedy = slice_of_text(message->remedy),
        .state = message->state,
    };
    bool refused = item->verdict == ANSWER_REFUSED;
    if (item->count == 0 || item->verdict == 0 ||
        item->index > UINT64_MAX - item->count ||
        refused != (item->problem != PROBLEM_NONE) ||
        item->clause.size >= VERDICT_TEXT_SIZE ||
        item->remedy.size >= VERDICT_TEXT_SIZE)
        return ERR_MALFORMED;
    return ERR_NONE;
}

enum err answer_read(
    struct slice bytes, struct arena *arena, struct answer *answer)
{
    const ProtobufCMessage *base;
    enum err err = codec_unpack(
        &refer__v1__answer__descriptor, bytes, CONTENT_SIZE_MAX, arena, &base);
    if (err != ERR_NONE)
        return err;
    const Refer__V1__Answer *message = (const Refer__V1__Answer *)base;
    if (message->n_items > ANSWER_ITEM_COUNT_MAX)
        return ERR_LIMIT;
    struct answer_item *items =
        arena_take_array(arena, message->n_items, sizeof *items);
    if (items == NULL)
        return ERR_LIMIT;
    if (message->n_items == 0 || message->lane != REFER__V1__LANE__LANE_MAIN)
        return ERR_MALFORMED;
    for (size_t i = 0; i < message->n_items && err == ERR_NONE; i++)
        err = item_read(message->items[i], &items[i]);
    *answer = (struct answer){ message->generation, items, message->n_items };
    return err;
}

struct slice generation_end_write(
    const struct generation_end *end, struct arena *arena)
{
    Refer__V1__Generation message = REFER__V1__GENERATION__INIT;
    message.previous = end->generation;
    message.size = end->size;
    message.root = codec_data(SLICE_ARRAY(end->root));
    return codec_pack(&message.base, arena);
}

enum err generation_end_read(
    struct slice bytes, struct arena *arena, struct generation_end *end)
{
    const ProtobufCMessage *base;
    enum err err = codec_unpack(
        &refer__v1__generation__descriptor, bytes, 64, arena, &base);
    if (err != ERR_NONE)
        return err;
    const Refer__V1__Generation *message = (const Refer__V1__Generation *)base;
    end->generation = message->previous;
    end->size = message->size;
    /* none ends that held nothing */
    if (end->generation == 0 || end->size == 0)
        return ERR_MALFORMED;
    return codec_fixed(message->root, end->root, HASH_SIZE);
}
