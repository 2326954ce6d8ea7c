#include "referctl/ledger_copy.h"

#include <string.h>

#include "core/entry.h"
#include "core/limits.h"

static struct slice data_of(const struct record *record, const char *name)
{
    struct value value = record_get(record, name);
    return value.type == VALUE_NONE ? SLICE_NONE
                                    : slice_of(value.bytes, value.size);
}

static struct slice kept(struct pool *pool, struct slice bytes)
{
    return slice_of(pool_copy(pool, bytes.bytes, bytes.size), bytes.size);
}

static enum exit_code nonsense(struct session *session)
{
    return session_fail(session, EXIT_CODE_LOCAL,
        "use the referctl that came with this gateway",
        "the gateway gave a ledger in another form than this referctl reads");
}

/* One span, in memory of its own. */
struct span {
    struct pool pool;
    struct request request;
    struct reply reply;
    const struct record *ledger;
    uint64_t first;
    uint64_t count;
    struct slice leaves;
};

static enum exit_code span_ask(
    struct session *session, const struct ledger_copy *copy, struct span *span)
{
    struct pool *pool = session->pool;
    struct record *fields = &span->request.fields;
    span->request.operation = "evidence.read";
    record_put_text(&span->pool, fields, "peer", copy->peer);
    record_put_text(&span->pool, fields, "direction", copy->direction);
    if (copy->generation != NULL)
        record_put_text(&span->pool, fields, "generation", copy->generation);
    if (span->first > 0)
        record_put_number(
            &span->pool, fields, "after", (int64_t)span->first - 1);
    session->pool = &span->pool;
    enum exit_code code = session_ask(session, &span->request, &span->reply);
    session->pool = pool;
    if (code != EXIT_CODE_DONE)
        return code;
    span->ledger = records_first(&span->reply.records, "ledger");
    const struct record *record = records_first(&span->reply.records, "span");
    if (span->ledger == NULL || record == NULL)
        return nonsense(session);
    span->count = (uint64_t)record_number(record, "count");
    span->leaves = data_of(record, "leaves");
    if (span->leaves.size != span->count * HASH_SIZE)
        return nonsense(session);
    return EXIT_CODE_DONE;
}

static enum exit_code entry_read(struct session *session,
    const struct record *record, struct pool *pool, struct copied_entry *entry)
{
    *entry = (struct copied_entry){
        .index = (uint64_t)record_number(record, "index"),
        .header = kept(pool, data_of(record, "header")),
        .is_attached = record_flag(record, "attached"),
    };
    if (!entry->is_attached)
        return EXIT_CODE_DONE;
    entry->salt = kept(pool, data_of(record, "salt"));
    entry->content = kept(pool, data_of(record, "content"));
    return entry->salt.size == SALT_SIZE ? EXIT_CODE_DONE : nonsense(session);
}

static enum exit_code entry_add(struct session *session,
    const struct record *record, struct ledger_copy *copy)
{
    struct copied_entry entry;
    enum exit_code code = entry_read(session, record, session->pool, &entry);
    if (code != EXIT_CODE_DONE)
        return code;
    if (!copy->has_note || entry.index >= copy->note.size) {
        copy->early_count++;
        return EXIT_CODE_DONE;
    }
    copy->entries = pool_grow(session->pool, copy->entries, copy->entry_count,
        &copy->entry_capacity, sizeof *copy->entries);
    copy->entries[copy->entry_count++] = entry;
    return EXIT_CODE_DONE;
}

static enum exit_code note_add(struct session *session,
    const struct record *record, struct ledger_copy *copy)
{
    struct note note;
    if (note_parse(slice_of_text(record_text(record, "note")), &note) !=
        ERR_NONE)
        return nonsense(session);
    if (copy->notes == NULL)
        copy->notes = pool_take(
            session->pool, LEDGER_COPY_NOTE_COUNT_MAX * sizeof *copy->notes);
    copy->notes[copy->note_count++ % LEDGER_COPY_NOTE_COUNT_MAX] = note;
    return EXIT_CODE_DONE;
}

size_t ledger_copy_note_count(const struct ledger_copy *copy)
{
    return copy->note_count < LEDGER_COPY_NOTE_COUNT_MAX
               ? copy->note_count
               : LEDGER_COPY_NOTE_COUNT_MAX;
}

const struct note *ledger_copy_note(const struct ledger_copy *copy, size_t i)
{
    size_t first = copy->note_count - ledger_copy_note_count(copy);
    return &copy->notes[(first + i) % LEDGER_COPY_NOTE_COUNT_MAX];
}

/* The first span says how far the ledger goes. */
static enum exit_code head_read(
    struct session *session, const struct span *span, struct ledger_copy *copy)
{
    const char *note = record_text(span->ledger, "note");
    copy->generation =
        pool_text(session->pool, record_text(span->ledger, "generation"));
    copy->previous =
        pool_text(session->pool, record_text(span->ledger, "previous"));
    copy->size = (uint64_t)record_number(span->ledger, "size");
    copy->has_note = note[0] != '\0';
    if (copy->has_note &&
        (note_parse(slice_of_text(note), &copy->note) != ERR_NONE ||
            copy->note.size > copy->size))
        return nonsense(session);
    return EXIT_CODE_DONE;
}

static enum exit_code span_take(struct session *session,
    const struct ledger_wish *wish, const struct span *span,
    struct ledger_copy *copy)
{
    enum exit_code code = EXIT_CODE_DONE;
    for (uint64_t i = 0; i < span->count; i++) {
        struct merkle_hash leaf;
        memcpy(leaf.bytes, span->leaves.bytes + i * HASH_SIZE, HASH_SIZE);
        tree_append(&copy->tree, &leaf);
    }
    for (size_t i = 0; i < span->reply.records.count && code == EXIT_CODE_DONE;
         i++) {
        const struct record *record = &span->reply.records.items[i];
        if (record_is(record, "entry") && wish->referral != NULL)
            code = entry_add(session, record, copy);
        else if (record_is(record, "note"))
            code = note_add(session, record, copy);
    }
    return code;
}

/* One generation: the copy's own, or the present one where it has none yet. */
static enum exit_code generation_read(struct session *session,
    struct offline *offline, const struct ledger_wish *wish,
    struct ledger_copy *copy)
{
    enum exit_code code = EXIT_CODE_DONE;
    uint64_t at = 0;
    tree_init(&copy->tree, session->pool, offline->crypto);
    do {
        struct span span = { .first = at };
        struct record *fields = &span.request.fields;
        if (wish->referral != NULL)
            record_put_text(&span.pool, fields, "referral", wish->referral);
        if (wish->notes)
            record_put_flag(&span.pool, fields, "notes", true);
        code = span_ask(session, copy, &span);
        if (code == EXIT_CODE_DONE && at == 0)
            code = head_read(session, &span, copy);
        if (code == EXIT_CODE_DONE)
            code = span_take(session, wish, &span, copy);
        if (code == EXIT_CODE_DONE && span.count == 0 && at < copy->size)
            code = nonsense(session); /* not for ever */
        at += span.count;
        pool_release(&span.pool);
    } while (code == EXIT_CODE_DONE && at < copy->size);
    return code;
}

enum exit_code ledger_copy_read(struct session *session,
    struct offline *offline, const char *peer, const char *direction,
    const struct ledger_wish *wish, struct ledger_copies *copies)
{
    const char *next = NULL;
    *copies = (struct ledger_copies){ 0 };
    do {
        struct ledger_copy copy = {
            .peer = peer, .direction = direction, .generation = next
        };
        enum exit_code code = generation_read(session, offline, wish, &copy);
        if (code != EXIT_CODE_DONE)
            return code;
        copies->items = pool_grow(session->pool, copies->items, copies->count,
            &copies->capacity, sizeof copy);
        memmove(copies->items + 1, copies->items, copies->count * sizeof copy);
        copies->items[0] = copy;
        copies->count++;
        next = copy.previous;
    } while (strspn(next, "0") != strlen(next));
    return EXIT_CODE_DONE;
}

/* Of that generation of the other ledger, too. */
static bool speaks_of(struct offline *offline, struct slice content,
    uint64_t generation, uint64_t about)
{
    struct answer answer;
    size_t used = offline->arena.used;
    bool speaks = false;
    if (answer_read(content, &offline->arena, &answer) == ERR_NONE &&
        answer.generation == generation)
        for (size_t i = 0; i < answer.item_count; i++)
            speaks |= about >= answer.items[i].index &&
                      about - answer.items[i].index < answer.items[i].count;
    arena_rewind(&offline->arena, used);
    return speaks;
}

static enum exit_code answer_find(struct session *session,
    struct offline *offline, const struct span *span, uint64_t generation,
    uint64_t about, struct copied_entry *answer, bool *found)
{
    for (size_t i = 0; i < span->reply.records.count && !*found; i++) {
        const struct record *record = &span->reply.records.items[i];
        if (!record_is(record, "entry") ||
            !speaks_of(offline, data_of(record, "content"), generation, about))
            continue;
        *found = true;
        return entry_read(session, record, session->pool, answer);
    }
    return EXIT_CODE_DONE;
}

enum exit_code ledger_copy_answer(struct session *session,
    struct offline *offline, const struct ledger_copy *copy,
    uint64_t generation, uint64_t about, uint64_t *from,
    struct copied_entry *answer, bool *found)
{
    uint64_t end = copy->has_note ? copy->note.size : 0;
    enum exit_code code = EXIT_CODE_DONE;
    *found = false;
    while (code == EXIT_CODE_DONE && !*found && *from < end) {
        struct span span = { .first = *from };
        record_put_number(
            &span.pool, &span.request.fields, "about", (int64_t)about);
        code = span_ask(session, copy, &span);
        if (code == EXIT_CODE_DONE && span.count == 0)
            code = nonsense(session);
        if (code == EXIT_CODE_DONE)
            code = answer_find(
                session, offline, &span, generation, about, answer, found);
        *from += span.count;
        pool_release(&span.pool);
    }
    if (*found && answer->index >= end)
        *found = false; /* not co-signed yet */
    *from = *found ? answer->index : end;
    return code;
}
