#include "support/bench_reader.h"

#include "core/node_state.h"
#include "support/must.h"

static const struct local_reply *ask(struct federation *federation,
    size_t agency, const char *operation, const char *name)
{
    struct call call;
    call_begin(&call, operation);
    call_text(&call, "name", name);
    const struct local_reply *reply =
        federation_call(federation, agency, &call);
    MUST(reply != NULL && reply->err == ERR_NONE);
    return reply;
}

void reader_follow(
    struct federation *federation, size_t agency, const char *name)
{
    (void)ask(federation, agency, "cursor.open", name);
}

void reader_take(struct federation *federation, size_t agency, const char *name,
    uint64_t count)
{
    const struct local_record *cursor =
        reply_record(ask(federation, agency, "cursor.open", name), "cursor", 0);
    struct call call;
    call_begin(&call, "cursor.ack");
    call_text(&call, "name", name);
    call_number(&call, "epoch", record_number(cursor, "epoch"));
    int64_t head = record_number(cursor, "head");
    call_number(
        &call, "position", (uint64_t)head < count ? head : (int64_t)count);
    const struct local_reply *reply =
        federation_call(federation, agency, &call);
    MUST(reply != NULL && reply->err == ERR_NONE);
}

void reader_take_all(
    struct federation *federation, size_t agency, const char *name)
{
    reader_take(federation, agency, name, UINT64_MAX);
}

void reader_delete(
    struct federation *federation, size_t agency, const char *name)
{
    (void)ask(federation, agency, "cursor.delete", name);
}

struct ledger reader_ledger(struct federation *federation, size_t agency,
    size_t other, enum ledger_direction direction)
{
    struct work *work = federation_begin(federation, agency);
    struct ledger copy = *peer_ledger(
        work, federation_peer(federation, agency, other), direction);
    MUST(federation_end(federation, agency) == ERR_NONE);
    return copy;
}
