#include "node.h"

#include <string.h>

#include "channel.h"
#include "memory.h"

/* Of an int64_t, with its sign. */
#define NUMBER_SIZE_MAX 20u

/* ---- Writing ----------------------------------------------------------- */

bool sdk_nodes_take(
    struct sdk_nodes *nodes, size_t field_count, size_t record_count)
{
    nodes->fields = sdk_memory_take_array(field_count, sizeof *nodes->fields);
    nodes->field_pointers =
        sdk_memory_take_array(field_count, sizeof *nodes->field_pointers);
    nodes->records =
        sdk_memory_take_array(record_count, sizeof *nodes->records);
    nodes->record_pointers =
        sdk_memory_take_array(record_count, sizeof *nodes->record_pointers);
    return nodes->fields != NULL && nodes->field_pointers != NULL &&
           nodes->records != NULL && nodes->record_pointers != NULL;
}

void sdk_nodes_release(struct sdk_nodes *nodes)
{
    sdk_memory_free(nodes->fields);
    sdk_memory_free(nodes->field_pointers);
    sdk_memory_free(nodes->records);
    sdk_memory_free(nodes->record_pointers);
}

static void field_fill(
    Refer__V1__LocalField *node, const struct sdk_field *field)
{
    refer__v1__local_field__init(node);
    node->name = field->name;
    switch (field->type) {
    case SDK_FIELD_TEXT:
        node->value_case = REFER__V1__LOCAL_FIELD__VALUE_TEXT;
        node->text = field->text;
        break;
    case SDK_FIELD_NUMBER:
        node->value_case = REFER__V1__LOCAL_FIELD__VALUE_NUMBER;
        node->number = field->number;
        break;
    case SDK_FIELD_DATA:
        node->value_case = REFER__V1__LOCAL_FIELD__VALUE_DATA;
        node->data = (ProtobufCBinaryData){ field->size, field->data };
        break;
    case SDK_FIELD_FLAG:
    case SDK_FIELD_TYPE_COUNT:
        node->value_case = REFER__V1__LOCAL_FIELD__VALUE_FLAG;
        node->flag = field->number != 0;
        break;
    }
}

size_t sdk_nodes_fill_fields(
    struct sdk_nodes *nodes, size_t start, const struct sdk_record *record)
{
    for (size_t i = 0; i < record->field_count; i++) {
        field_fill(&nodes->fields[start + i], &record->fields[i]);
        nodes->field_pointers[start + i] = &nodes->fields[start + i];
    }
    return start + record->field_count;
}

size_t sdk_nodes_fill_record(struct sdk_nodes *nodes, size_t index,
    size_t start, const struct sdk_record *record)
{
    Refer__V1__LocalRecord *node = &nodes->records[index];
    refer__v1__local_record__init(node);
    node->type = record->type;
    node->n_fields = record->field_count;
    node->fields = nodes->field_pointers + start;
    nodes->record_pointers[index] = node;
    return sdk_nodes_fill_fields(nodes, start, record);
}

/* ---- Reading ----------------------------------------------------------- */

static refer_status field_read(
    struct sdk_record *record, const Refer__V1__LocalField *node)
{
    switch (node->value_case) {
    case REFER__V1__LOCAL_FIELD__VALUE_TEXT:
        return sdk_record_set_text(record, node->name, node->text);
    case REFER__V1__LOCAL_FIELD__VALUE_NUMBER:
        return sdk_record_set_number(record, node->name, node->number);
    case REFER__V1__LOCAL_FIELD__VALUE_DATA:
        return sdk_record_set_data(
            record, node->name, node->data.data, node->data.len);
    case REFER__V1__LOCAL_FIELD__VALUE_FLAG:
        return sdk_record_set_flag(record, node->name, node->flag != 0);
    case REFER__V1__LOCAL_FIELD__VALUE__NOT_SET:
    case _REFER__V1__LOCAL_FIELD__VALUE__CASE_IS_INT_SIZE:
    default:
        return REFER_INVALID;
    }
}

refer_status sdk_node_read_fields(struct sdk_record *record,
    Refer__V1__LocalField *const *nodes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        refer_status status = field_read(record, nodes[i]);
        if (status != REFER_OK)
            return status == REFER_INVALID ? REFER_PROTOCOL : status;
    }
    return REFER_OK;
}

/* Characters that it takes in a record, with all zeroes. */
static size_t text_size(const Refer__V1__LocalField *node)
{
    size_t size = strlen(node->name) + 2;
    switch (node->value_case) {
    case REFER__V1__LOCAL_FIELD__VALUE_TEXT:
        return size + strlen(node->text);
    case REFER__V1__LOCAL_FIELD__VALUE_DATA:
        return size + 3 * node->data.len;
    case REFER__V1__LOCAL_FIELD__VALUE_NUMBER:
        return size + NUMBER_SIZE_MAX;
    case REFER__V1__LOCAL_FIELD__VALUE_FLAG:
        return size + sizeof "false";
    case REFER__V1__LOCAL_FIELD__VALUE__NOT_SET:
    case _REFER__V1__LOCAL_FIELD__VALUE__CASE_IS_INT_SIZE:
    default:
        return size;
    }
}

static struct sdk_record *record_add(
    struct sdk_records *records, const Refer__V1__LocalRecord *node)
{
    size_t size = 0;
    for (size_t i = 0; i < node->n_fields; i++)
        size += text_size(node->fields[i]);
    return sdk_records_add_sized(records, node->type, node->n_fields, size);
}

refer_status sdk_node_read_records(struct sdk_records *records,
    Refer__V1__LocalRecord *const *nodes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!sdk_text_is_code(nodes[i]->type))
            return REFER_PROTOCOL;
        struct sdk_record *record = record_add(records, nodes[i]);
        if (record == NULL)
            return REFER_NO_MEMORY;
        refer_status status =
            sdk_node_read_fields(record, nodes[i]->fields, nodes[i]->n_fields);
        if (status != REFER_OK)
            return status;
    }
    return REFER_OK;
}

/* ---- Memory ------------------------------------------------------------ */

#define BLOCK_SIZE_MIN 2048u
#define BLOCK_SIZE_MAX 65536u

struct sdk_budget_block {
    struct sdk_budget_block *before;
    size_t capacity;
    size_t used;
    max_align_t bytes[];
};

/* A block with room for so much, each twice as large as the one before. */
static struct sdk_budget_block *block_add(
    struct sdk_budget *budget, size_t size)
{
    struct sdk_budget_block *before = budget->blocks;
    size_t capacity = BLOCK_SIZE_MIN;
    if (before != NULL)
        capacity = before->capacity < BLOCK_SIZE_MAX / 2 ? 2 * before->capacity
                                                         : BLOCK_SIZE_MAX;
    if (capacity < size)
        capacity = size;
    struct sdk_budget_block *block = sdk_memory_take(sizeof *block + capacity);
    if (block == NULL) {
        budget->is_refused = true;
        return NULL;
    }
    *block =
        (struct sdk_budget_block){ .before = before, .capacity = capacity };
    budget->blocks = block;
    return block;
}

static void *budget_alloc(void *user, size_t size)
{
    struct sdk_budget *budget = user;
    struct sdk_budget_block *block = budget->blocks;
    if (size > budget->left)
        return NULL;
    budget->left -= size;
    size += (sizeof(max_align_t) - size % sizeof(max_align_t)) %
            sizeof(max_align_t);
    if (block == NULL || block->capacity - block->used < size)
        block = block_add(budget, size);
    if (block == NULL)
        return NULL;
    void *bytes = (uint8_t *)block->bytes + block->used;
    block->used += size;
    return bytes;
}

/* All at once, by sdk_budget_release(). */
static void budget_free(void *user, void *bytes)
{
    (void)user;
    (void)bytes;
}

void sdk_budget_release(struct sdk_budget *budget)
{
    while (budget->blocks != NULL) {
        struct sdk_budget_block *block = budget->blocks;
        budget->blocks = block->before;
        sdk_memory_free(block);
    }
}

ProtobufCAllocator sdk_budget_allocator(struct sdk_budget *budget)
{
    return (ProtobufCAllocator){ budget_alloc, budget_free, budget };
}

refer_status sdk_frame_pack(const ProtobufCMessage *message, size_t size_max,
    uint8_t **frame, size_t *size)
{
    size_t packed = protobuf_c_message_get_packed_size(message);
    if (packed > size_max)
        return REFER_TOO_LARGE;
    uint8_t *bytes = sdk_memory_take(SDK_FRAME_HEADER_SIZE + packed);
    if (bytes == NULL)
        return REFER_NO_MEMORY;
    for (size_t i = 0; i < SDK_FRAME_HEADER_SIZE; i++)
        bytes[i] = (uint8_t)(packed >> (8 * (SDK_FRAME_HEADER_SIZE - 1 - i)));
    protobuf_c_message_pack(message, bytes + SDK_FRAME_HEADER_SIZE);
    *frame = bytes;
    *size = SDK_FRAME_HEADER_SIZE + packed;
    return REFER_OK;
}
