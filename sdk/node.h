/* node.h - records as protobuf's nodes, both ways: what requests and replies
 * are made of. */
#ifndef SDK_NODE_H
#define SDK_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"
#include "refer/v1/local.pb-c.h"

/* Blocks that the nodes of one message are cut from. An empty one is all
 * zero. */
struct sdk_nodes {
    Refer__V1__LocalField *fields;
    Refer__V1__LocalField **field_pointers;
    Refer__V1__LocalRecord *records;
    Refer__V1__LocalRecord **record_pointers;
};

/* False for want of memory; to be released even then. */
bool sdk_nodes_take(
    struct sdk_nodes *nodes, size_t field_count, size_t record_count);
void sdk_nodes_release(struct sdk_nodes *nodes);
/* Fills the nodes from `start` with the fields of the record, which they
 * borrow; returns where the next begin. */
size_t sdk_nodes_fill_fields(
    struct sdk_nodes *nodes, size_t start, const struct sdk_record *record);
/* The same, and the record's own node at `index`. */
size_t sdk_nodes_fill_record(struct sdk_nodes *nodes, size_t index,
    size_t start, const struct sdk_record *record);

/* Copies of what was read. REFER_PROTOCOL when a name or type is no code, a
 * text not clean or a value missing; REFER_NO_MEMORY. */
refer_status sdk_node_read_fields(struct sdk_record *record,
    Refer__V1__LocalField *const *nodes, size_t count);
refer_status sdk_node_read_records(struct sdk_records *records,
    Refer__V1__LocalRecord *const *nodes, size_t count);

/* What one message may unfold into: a frame of nothing but empty records
 * makes some fifty times its size, and nobody honest sends that. */
#define SDK_UNFOLDED_SIZE_MAX ((size_t)32 * 1024 * 1024)

struct sdk_budget {
    size_t left;
    bool is_refused; /* the heap had no more */
    struct sdk_budget_block *blocks;
};

/* Takes no more than what is left, for one message, which need not be freed:
 * sdk_budget_release() does, whether it could be read or not. */
ProtobufCAllocator sdk_budget_allocator(struct sdk_budget *budget);
void sdk_budget_release(struct sdk_budget *budget);

/* A message as a frame, header included, to be freed with sdk_memory_free().
 * REFER_TOO_LARGE above `size_max` bytes beside the header, REFER_NO_MEMORY.
 */
refer_status sdk_frame_pack(const ProtobufCMessage *message, size_t size_max,
    uint8_t **frame, size_t *size);

#endif
