#include "support/bench_author.h"

#include <string.h>

#include "core/ledger.h"
#include "core/node_state.h"
#include "support/must.h"

#define GENERATION 4242

void author_open(struct author *author, struct federation *federation,
    size_t self, size_t other)
{
    *author = (struct author){
        .federation = federation, .self = self, .other = other
    };
    MUST(arena_init(&author->arena, 32u << 20) == ERR_NONE);
    struct work *work = federation_begin(federation, self);
    struct peer *peer = federation_peer(federation, self, other);
    struct ledger *out =
        peer == NULL ? NULL : peer_ledger(work, peer, LEDGER_OUT);
    author->generation = GENERATION;
    if (out != NULL && out->generation != 0) {
        MUST(out->offered.size == 0);
        author->generation = out->generation;
        author->cosigned = out->frontier;
        author->note = arena_copy(&author->arena, out->note);
    }
    MUST(federation_end(federation, self) == ERR_NONE);
    author_greet(author);
}

void author_close(struct author *author)
{
    arena_release(&author->arena);
}

/* The other's ledger, as the agency's own node holds it. */
static struct ledger_view received(struct author *author)
{
    static const uint8_t fence[FENCE_SIZE] = { 0xfe };
    struct ledger_view view = { .lane = LANE_MAIN,
        .fence = SLICE_ARRAY(fence) };
    struct work *work = federation_begin(author->federation, author->self);
    struct peer *peer =
        federation_peer(author->federation, author->self, author->other);
    author->epoch = work->node->feed_epoch;
    if (peer != NULL) {
        const struct ledger *in = peer_ledger(work, peer, LEDGER_IN);
        view.generation = in->generation;
        view.size = in->frontier.size;
        view.note = arena_copy(&author->arena, in->note);
        if (in->fence_count > 0)
            view.fence = arena_copy(
                &author->arena, SLICE_ARRAY(in->fences[in->fence_count - 1]));
    }
    MUST(federation_end(author->federation, author->self) == ERR_NONE);
    return view;
}

struct slice author_head(
    struct author *author, uint64_t size, struct slice note)
{
    const struct ledger_view views[] = {
        { .authored = true,
            .lane = LANE_MAIN,
            .generation = size == 0 ? 0 : author->generation,
            .size = size,
            .note = note },
        received(author),
    };
    const struct head head = {
        .ledgers = views,
        .ledger_count = 2,
        .card_serial = 1,
        .sheet_serial = 1,
        .echo = SLICE_ARRAY(author->fence),
        .epoch = author->epoch,
    };
    struct slice body = head_write(&head, &author->arena);
    MUST(body.bytes != NULL);
    return body;
}

void author_greet(struct author *author)
{
    author_greet_as(author, author->cosigned.size, author->note);
}

static bool greet(struct author *author, uint64_t size, struct slice note)
{
    struct bench_reply reply;
    struct head head;
    federation_request(author->federation, author->self, author->other,
        REQUEST_HEAD, author_head(author, size, note), &reply);
    if (reply.kind != REPLY_HEAD)
        return false; /* of a stranger */
    MUST(head_read(reply.body, &author->arena, &head) == ERR_NONE);
    for (size_t i = 0; i < head.ledger_count; i++)
        if (!head.ledgers[i].authored)
            memcpy(author->fence, head.ledgers[i].fence.bytes, FENCE_SIZE);
    return true;
}

/* The second shows the fence of the first: it is no old one. */
void author_greet_as(struct author *author, uint64_t size, struct slice note)
{
    if (greet(author, size, note))
        (void)greet(author, size, note);
}

void author_add(
    struct author *author, enum entry_kind kind, struct slice content)
{
    struct entry_header header = { .kind = kind,
        .at = federation_now(author->federation) };
    MUST(author->entry_count < AUTHOR_ENTRY_COUNT_MAX);
    struct entry *entry = &author->entries[author->entry_count++];
    uint8_t *salt = arena_take(&author->arena, SALT_SIZE);
    MUST(salt != NULL);
    memset(salt, ++author->salt, SALT_SIZE);
    entry->salt = slice_of(salt, SALT_SIZE);
    entry->content = arena_copy(&author->arena, content);
    entry_digest(federation_crypto(author->federation, author->self),
        entry->salt, entry->content, header.digest);
    entry->header = entry_header_write(&header, &author->arena);
    MUST(entry->header.bytes != NULL && entry->content.bytes != NULL);
}

void author_drop(struct author *author)
{
    author->entry_count = 0;
}

static struct merkle_frontier grown(struct author *author)
{
    struct crypto *crypto = federation_crypto(author->federation, author->self);
    struct merkle_frontier frontier = author->cosigned;
    for (size_t i = 0; i < author->entry_count; i++) {
        struct merkle_hash leaf;
        merkle_leaf_hash(crypto, author->entries[i].header, &leaf);
        merkle_append(crypto, &frontier, &leaf);
    }
    return frontier;
}

struct note author_checkpoint(struct author *author)
{
    struct merkle_frontier frontier = grown(author);
    struct note note = {
        .origin = { *federation_id(author->federation, author->self),
            *federation_id(author->federation, author->other), LANE_MAIN,
            author->generation },
        .size = frontier.size,
    };
    struct merkle_hash root;
    merkle_root(
        federation_crypto(author->federation, author->self), &frontier, &root);
    memcpy(note.root, root.bytes, HASH_SIZE);
    return note;
}

struct slice author_sign(struct author *author, struct note note)
{
    char text[NOTE_SIZE_MAX];
    MUST(note_sign(federation_crypto(author->federation, author->self),
             &note) == ERR_NONE);
    struct slice copy = arena_copy(&author->arena, note_print(&note, text));
    MUST(copy.bytes != NULL);
    return copy;
}

struct deliver author_parcel(struct author *author)
{
    return (struct deliver){
        .fence = SLICE_ARRAY(author->fence),
        .parcel = { author->cosigned.size, author->entries, author->entry_count,
            author_sign(author, author_checkpoint(author)) },
        .collected = author->collected,
        .collected_generation =
            author->collected > 0 ? author->collected_generation : 0,
    };
}

enum reply_kind author_send(struct author *author,
    const struct deliver *deliver, struct bench_reply *reply)
{
    struct slice body = deliver_write(deliver, &author->arena);
    MUST(body.bytes != NULL);
    federation_request(author->federation, author->self, author->other,
        REQUEST_DELIVER, body, reply);
    return reply->kind;
}

void author_deliver(struct author *author)
{
    struct bench_reply reply;
    struct cosigned cosigned;
    struct deliver deliver = author_parcel(author);
    if (author_send(author, &deliver, &reply) != REPLY_COSIGNED)
        fprintf(stderr, "reply of kind %d, byte %d\n", (int)reply.kind,
            reply.body.size > 1 ? reply.body.bytes[1] : -1);
    MUST(reply.kind == REPLY_COSIGNED);
    MUST(cosigned_read(reply.body, &author->arena, &cosigned) == ERR_NONE);
    author->cosigned = grown(author);
    author->note = arena_copy(&author->arena, cosigned.note);
    author->entry_count = 0;
}
