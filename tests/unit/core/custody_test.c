#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/limits.h"
#include "core/register.h"
#include "io/store_memory.h"
#include "support/bench_author.h"
#include "support/bench_keys.h"
#include "support/bench_reader.h"
#include "support/crypto_fake.h"

/* Two connected agencies; 0 writes its parcels by hand, 1 receives them. */
struct desk {
    struct federation *federation;
    struct author author;
};

static void desk_open(struct desk *desk)
{
    desk->federation = federation_new(2);
    federation_connect(desk->federation, 0, 1);
    author_open(&desk->author, desk->federation, 0, 1);
}

static void desk_close(struct desk *desk)
{
    author_close(&desk->author);
    federation_free(desk->federation);
}

static void add(struct desk *desk, const char *words)
{
    author_add(&desk->author, ENTRY_PADDING, slice_of_text(words));
}

static struct ledger *held(struct desk *desk, struct work *work)
{
    return peer_ledger(
        work, federation_peer(desk->federation, 1, 0), LEDGER_IN);
}

static uint64_t size_held(struct desk *desk)
{
    struct work *work = federation_begin(desk->federation, 1);
    uint64_t size = held(desk, work)->frontier.size;
    assert_int_equal(federation_end(desk->federation, 1), ERR_NONE);
    return size;
}

/* 0 when it is no refusal. */
static enum refusal_code refusal_of(const struct bench_reply *reply)
{
    struct arena arena;
    enum refusal_code code = (enum refusal_code)0;
    assert_int_equal(arena_init(&arena, 4096), ERR_NONE);
    if (reply->kind == REPLY_REFUSED)
        assert_int_equal(refusal_read(reply->body, &arena, &code), ERR_NONE);
    arena_release(&arena);
    return code;
}

static void assert_refused(
    const struct bench_reply *reply, enum refusal_code want)
{
    assert_string_equal(
        refusal_code_name(refusal_of(reply)), refusal_code_name(want));
}

static void assert_behind(
    const struct bench_reply *reply, enum behind_reason want, uint64_t size)
{
    struct arena arena;
    struct behind behind;
    assert_int_equal(arena_init(&arena, 4096), ERR_NONE);
    assert_int_equal(reply->kind, REPLY_BEHIND);
    assert_int_equal(behind_read(reply->body, &arena, &behind), ERR_NONE);
    assert_string_equal(
        behind_reason_name(behind.reason), behind_reason_name(want));
    assert_int_equal(behind.size, size);
    arena_release(&arena);
}

static struct note cosigned_note(
    struct desk *desk, const struct bench_reply *reply)
{
    struct cosigned cosigned;
    struct note note;
    assert_int_equal(reply->kind, REPLY_COSIGNED);
    assert_int_equal(
        cosigned_read(reply->body, &desk->author.arena, &cosigned), ERR_NONE);
    assert_int_equal(note_parse(cosigned.note, &note), ERR_NONE);
    return note;
}

/* ---- What is taken ---- */

static void assert_signed_by_present_key(
    struct desk *desk, const struct note *note)
{
    uint8_t key[KEY_SIZE];
    struct crypto *crypto = federation_crypto(desk->federation, 1);
    assert_int_equal(
        crypto->ops->signer_public(crypto, CRYPTO_SIGNER_WITNESS, key),
        ERR_NONE);
    assert_int_equal(note_verify_cosignature(
                         crypto, note, federation_id(desk->federation, 1), key),
        ERR_NONE);
}

static void a_parcel_is_cosigned_once_it_is_held(void **state)
{
    struct desk desk;
    struct bench_reply reply;
    (void)state;
    desk_open(&desk);
    add(&desk, "one");
    add(&desk, "two");
    struct deliver deliver = author_parcel(&desk.author);
    struct note offered = author_checkpoint(&desk.author);
    assert_int_equal(
        author_send(&desk.author, &deliver, &reply), REPLY_COSIGNED);
    struct note note = cosigned_note(&desk, &reply);
    assert_true(note_is_same_checkpoint(&note, &offered));
    assert_signed_by_present_key(&desk, &note);
    assert_int_equal(note.cosigned_s, FEDERATION_START_MS / 1000);
    assert_int_equal(size_held(&desk), 2);
    assert_int_equal(
        federation_logged(desk.federation, 1, LOG_PARCEL_RECEIVED), 1);
    /* and it is there after a crash */
    federation_crash(desk.federation, 1);
    assert_int_equal(size_held(&desk), 2);
    desk_close(&desk);
}

static void parcels_follow_each_other(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    for (unsigned i = 1; i <= 5; i++) {
        for (unsigned k = 0; k < i; k++)
            add(&desk, "word");
        author_deliver(&desk.author);
    }
    assert_int_equal(size_held(&desk), 1 + 2 + 3 + 4 + 5);
    struct work *work = federation_begin(desk.federation, 1);
    struct merkle_hash root;
    assert_true(ledger_root_at(work, held(&desk, work), 15, &root));
    struct note note = author_checkpoint(&desk.author);
    assert_memory_equal(root.bytes, note.root, HASH_SIZE);
    assert_int_equal(federation_end(desk.federation, 1), ERR_NONE);
    desk_close(&desk);
}

static void a_repeat_gets_the_same_note_byte_for_byte(void **state)
{
    struct desk desk;
    struct bench_reply reply;
    uint8_t first[2048];
    (void)state;
    desk_open(&desk);
    add(&desk, "one");
    struct deliver deliver = author_parcel(&desk.author);
    (void)author_send(&desk.author, &deliver, &reply);
    size_t size = reply.body.size;
    assert_int_equal(reply.kind, REPLY_COSIGNED);
    memcpy(first, reply.body.bytes, size);
    for (int turn = 0; turn < 3; turn++) {
        federation_wait(desk.federation, 5000);
        if (turn == 2) {
            federation_crash(desk.federation, 1);
            author_greet_as(&desk.author, 1, deliver.parcel.note);
            deliver = author_parcel(&desk.author);
        }
        assert_int_equal(
            author_send(&desk.author, &deliver, &reply), REPLY_COSIGNED);
        assert_int_equal(reply.body.size, size);
        assert_memory_equal(reply.body.bytes, first, size);
    }
    assert_int_equal(size_held(&desk), 1);
    desk_close(&desk);
}

static void an_old_repeat_gets_its_own_note(void **state)
{
    struct desk desk;
    struct bench_reply reply;
    (void)state;
    desk_open(&desk);
    add(&desk, "one");
    struct deliver deliver = author_parcel(&desk.author);
    struct slice body = deliver_write(&deliver, &desk.author.arena);
    author_deliver(&desk.author);
    add(&desk, "two");
    author_deliver(&desk.author);
    federation_request(desk.federation, 0, 1, REQUEST_DELIVER, body, &reply);
    assert_int_equal(cosigned_note(&desk, &reply).size, 1);
    assert_int_equal(size_held(&desk), 2);
    desk_close(&desk);
}

/* Who has this card of ours alone could not believe the receipt of then. */
static void a_repeat_is_signed_anew_when_no_card_shows_the_key(void **state)
{
    struct desk desk;
    struct bench_reply reply;
    struct slice bodies[2];
    uint8_t first[2048];
    (void)state;
    desk_open(&desk);
    for (size_t i = 0; i < 2; i++) {
        add(&desk, "words");
        struct deliver deliver = author_parcel(&desk.author);
        bodies[i] = deliver_write(&deliver, &desk.author.arena);
        author_deliver(&desk.author);
    }
    federation_wait_until(desk.federation, 5000);
    federation_keys_change(desk.federation, 1, 2);
    for (size_t i = 0; i < 2; i++) {
        federation_request(
            desk.federation, 0, 1, REQUEST_DELIVER, bodies[i], &reply);
        struct note note = cosigned_note(&desk, &reply);
        assert_int_equal(note.size, i + 1);
        assert_int_equal(
            note.cosigned_s, FEDERATION_START_MS / 1000 + 5 * (i + 1));
        assert_signed_by_present_key(&desk, &note);
        struct work *work = federation_begin(desk.federation, 1);
        struct note newest;
        assert_int_equal(
            note_parse(held(&desk, work)->note, &newest), ERR_NONE);
        assert_int_equal(newest.size, 2);
        assert_int_equal(
            newest.cosigned_s, FEDERATION_START_MS / 1000 + (i == 0 ? 0 : 10));
        assert_int_equal(federation_end(desk.federation, 1), ERR_NONE);
        size_t size = reply.body.size;
        memcpy(first, reply.body.bytes, size);
        federation_wait_until(desk.federation, 5000 * ((int64_t)i + 2));
        federation_request(
            desk.federation, 0, 1, REQUEST_DELIVER, bodies[i], &reply);
        assert_int_equal(reply.body.size, size);
        assert_memory_equal(reply.body.bytes, first, size);
    }
    desk_close(&desk);
}

static void an_overlap_adds_only_its_tail(void **state)
{
    struct desk desk;
    struct bench_reply reply;
    (void)state;
    desk_open(&desk);
    add(&desk, "one");
    add(&desk, "two");
    struct deliver deliver = author_parcel(&desk.author);
    assert_int_equal(
        author_send(&desk.author, &deliver, &reply), REPLY_COSIGNED);
    add(&desk, "three"); /* to a parcel that begins where the first began */
    deliver = author_parcel(&desk.author);
    assert_int_equal(deliver.parcel.first_index, 0);
    assert_int_equal(
        author_send(&desk.author, &deliver, &reply), REPLY_COSIGNED);
    assert_int_equal(cosigned_note(&desk, &reply).size, 3);
    assert_int_equal(size_held(&desk), 3);
    struct work *work = federation_begin(desk.federation, 1);
    struct ledger_parcel parcel;
    assert_true(ledger_parcel_at(work, held(&desk, work), 2, &parcel));
    assert_int_equal(parcel.first_index, 2);
    assert_int_equal(parcel.count, 1);
    assert_int_equal(federation_end(desk.federation, 1), ERR_NONE);
    desk_close(&desk);
}

/* ---- Behind ---- */

static void nothing_is_taken_before_a_head(void **state)
{
    struct desk desk;
    struct bench_reply reply;
    (void)state;
    desk_open(&desk);
    federation_crash(desk.federation, 1);
    add(&desk, "one");
    struct deliver deliver = author_parcel(&desk.author);
    (void)author_send(&desk.author, &deliver, &reply);
    assert_behind(&reply, BEHIND_UNSETTLED, 0);
    assert_int_equal(size_held(&desk), 0);
    author_greet(&desk.author);
    author_deliver(&desk.author);
    assert_int_equal(size_held(&desk), 1);
    desk_close(&desk);
}

static void only_a_fence_that_was_given_admits(void **state)
{
    struct desk desk;
    struct bench_reply reply;
    (void)state;
    desk_open(&desk);
    add(&desk, "one");
    desk.author.fence[31] ^= 1;
    struct deliver deliver = author_parcel(&desk.author);
    (void)author_send(&desk.author, &deliver, &reply);
    assert_behind(&reply, BEHIND_FENCE, 0);
    desk.author.fence[31] ^= 1;
    author_deliver(&desk.author);
    desk_close(&desk);
}

static void the_reply_to_a_head_retires_the_older_fence(void **state)
{
    struct desk desk;
    struct bench_reply reply;
    uint8_t old[FENCE_SIZE];
    uint8_t new[FENCE_SIZE];
    (void)state;
    desk_open(&desk);
    memcpy(old, desk.author.fence, FENCE_SIZE);
    author_greet(&desk.author);
    memcpy(new, desk.author.fence, FENCE_SIZE);
    assert_memory_not_equal(old, new, FENCE_SIZE);
    memcpy(desk.author.fence, old, FENCE_SIZE);
    add(&desk, "one");
    struct deliver deliver = author_parcel(&desk.author);
    (void)author_send(&desk.author, &deliver, &reply);
    assert_behind(&reply, BEHIND_FENCE, 0);
    memcpy(desk.author.fence, new, FENCE_SIZE);
    author_deliver(&desk.author);
    desk_close(&desk);
}

static void a_gap_is_not_jumped(void **state)
{
    struct desk desk;
    struct bench_reply reply;
    (void)state;
    desk_open(&desk);
    add(&desk, "one");
    add(&desk, "two");
    struct deliver deliver = author_parcel(&desk.author);
    deliver.parcel.first_index = 1;
    deliver.parcel.entries++;
    deliver.parcel.entry_count = 1;
    (void)author_send(&desk.author, &deliver, &reply);
    assert_behind(&reply, BEHIND_GAP, 0);
    assert_int_equal(size_held(&desk), 0);
    desk_close(&desk);
}

static void a_parcel_that_ends_inside_another_gets_no_note(void **state)
{
    struct desk desk;
    struct bench_reply reply;
    (void)state;
    desk_open(&desk);
    add(&desk, "one");
    struct deliver first = author_parcel(&desk.author);
    struct slice body = deliver_write(&first, &desk.author.arena);
    add(&desk, "two");
    author_deliver(&desk.author); /* both in one */
    federation_request(desk.federation, 0, 1, REQUEST_DELIVER, body, &reply);
    assert_behind(&reply, BEHIND_BOUNDARY, 2);
    desk_close(&desk);
}

/* ---- Conflict ---- */

/* What was kept convicts the author with nothing but its card. */
static void assert_proved(struct desk *desk, const struct ledger *in,
    struct slice held_note, struct slice offered)
{
    struct crypto *crypto = federation_crypto(desk->federation, 1);
    struct contradiction proof;
    struct card_problem problem;
    struct card card;
    char text[NOTE_SIZE_MAX];
    assert_int_equal(contradiction_parse(in->evidence, &proof), ERR_NONE);
    assert_true(slice_equal(note_print(&proof.first, text), held_note));
    assert_true(slice_equal(note_print(&proof.second, text), offered));
    assert_int_equal(card_read(crypto, federation_card(desk->federation, 0),
                         &desk->author.arena, &card, &problem),
        ERR_NONE);
    assert_int_equal(
        contradiction_convicts(crypto, &proof, &card, 1), ERR_NONE);
}

static void assert_conflict(struct desk *desk, const struct bench_reply *reply,
    struct slice held_note, struct slice offered)
{
    struct conflict conflict;
    assert_int_equal(reply->kind, REPLY_CONFLICT);
    assert_int_equal(
        conflict_read(reply->body, &desk->author.arena, &conflict), ERR_NONE);
    assert_true(slice_equal(conflict.held, held_note));
    assert_true(slice_equal(conflict.offered, offered));
    struct work *work = federation_begin(desk->federation, 1);
    const struct ledger *in = held(desk, work);
    assert_int_equal(in->trouble, LEDGER_CONFLICT);
    assert_proved(desk, in, held_note, offered);
    assert_int_equal(federation_end(desk->federation, 1), ERR_NONE);
    assert_int_equal(
        federation_logged(desk->federation, 1, LOG_LEDGER_TROUBLED), 1);
}

static void two_roots_for_one_size_are_a_conflict_with_both_notes(void **state)
{
    struct desk desk;
    struct bench_reply reply;
    (void)state;
    desk_open(&desk);
    add(&desk, "one story");
    struct deliver deliver = author_parcel(&desk.author);
    (void)author_send(&desk.author, &deliver, &reply);
    struct cosigned cosigned;
    assert_int_equal(
        cosigned_read(reply.body, &desk.author.arena, &cosigned), ERR_NONE);
    struct slice first = arena_copy(&desk.author.arena, cosigned.note);
    author_drop(&desk.author);
    add(&desk, "another story");
    deliver = author_parcel(&desk.author);
    (void)author_send(&desk.author, &deliver, &reply);
    assert_conflict(&desk, &reply, first, deliver.parcel.note);
    /* from then on it is closed, also after a crash and a Head */
    struct slice offered = deliver.parcel.note;
    (void)author_send(&desk.author, &deliver, &reply);
    assert_conflict(&desk, &reply, first, offered);
    federation_crash(desk.federation, 1);
    author_greet(&desk.author);
    deliver = author_parcel(&desk.author);
    (void)author_send(&desk.author, &deliver, &reply);
    assert_int_equal(reply.kind, REPLY_CONFLICT);
    /* another generation too, until an operator agrees */
    desk.author.generation++;
    deliver = author_parcel(&desk.author);
    (void)author_send(&desk.author, &deliver, &reply);
    assert_refused(&reply, REFUSAL_CLOSED);
    desk_close(&desk);
}

static void an_overlap_that_differs_is_a_conflict(void **state)
{
    struct desk desk;
    struct bench_reply reply;
    (void)state;
    desk_open(&desk);
    add(&desk, "one");
    add(&desk, "two");
    struct deliver deliver = author_parcel(&desk.author);
    (void)author_send(&desk.author, &deliver, &reply);
    struct cosigned cosigned;
    assert_int_equal(
        cosigned_read(reply.body, &desk.author.arena, &cosigned), ERR_NONE);
    struct slice first = arena_copy(&desk.author.arena, cosigned.note);
    desk.author.entry_count = 1;
    add(&desk, "changed");
    add(&desk, "three");
    deliver = author_parcel(&desk.author);
    (void)author_send(&desk.author, &deliver, &reply);
    assert_conflict(&desk, &reply, first, deliver.parcel.note);
    assert_int_equal(size_held(&desk), 2);
    desk_close(&desk);
}

/* ---- Refused ---- */

enum twist {
    TWIST_NOTHING,
    TWIST_BODY,
    TWIST_NO_NOTE,
    TWIST_SIZE,
    TWIST_COSIGNED,
    TWIST_AUTHOR,
    TWIST_RECIPIENT,
    TWIST_LANE,
    TWIST_GENERATION_ZERO,
    TWIST_ROOT,
    TWIST_DIGEST,
    TWIST_CONTENT,
    TWIST_SALT,
    TWIST_HEADER,
    TWIST_KIND,
    TWIST_ORDER,
    TWIST_SIGNATURE,
    TWIST_SIGNER,
};

static const struct {
    const char *it;
    enum twist twist;
    enum refusal_code code; /* 0: cosigned */
} refusals[] = {
    { "as it should be", TWIST_NOTHING, (enum refusal_code)0 },
    { "a body that does not decode", TWIST_BODY, REFUSAL_MALFORMED },
    { "no note", TWIST_NO_NOTE, REFUSAL_MALFORMED },
    { "a note of another size", TWIST_SIZE, REFUSAL_MALFORMED },
    { "a note that has a cosignature", TWIST_COSIGNED, REFUSAL_MALFORMED },
    { "another's ledger", TWIST_AUTHOR, REFUSAL_ADDRESS },
    { "a ledger to another", TWIST_RECIPIENT, REFUSAL_ADDRESS },
    { "the bulk lane", TWIST_LANE, REFUSAL_ADDRESS },
    { "no generation", TWIST_GENERATION_ZERO, REFUSAL_GENERATION },
    { "another root", TWIST_ROOT, REFUSAL_MALFORMED },
    { "a wrong digest", TWIST_DIGEST, REFUSAL_MALFORMED },
    { "another content", TWIST_CONTENT, REFUSAL_MALFORMED },
    { "another salt", TWIST_SALT, REFUSAL_MALFORMED },
    { "a header that does not decode", TWIST_HEADER, REFUSAL_MALFORMED },
    { "a kind that nobody knows", TWIST_KIND, REFUSAL_MALFORMED },
    { "entries in another order", TWIST_ORDER, REFUSAL_MALFORMED },
    { "a signature that is damaged", TWIST_SIGNATURE, REFUSAL_SIGNATURE },
    { "a signature of another agency", TWIST_SIGNER, REFUSAL_SIGNATURE },
};

/* The header of the first entry anew, so that the root fits it. */
static void rewrite_header(
    struct author *author, enum entry_kind kind, uint8_t flip)
{
    struct entry_header header;
    struct entry *entry = &author->entries[0];
    assert_int_equal(
        entry_header_read(entry->header, &author->arena, &header), ERR_NONE);
    header.kind = kind;
    header.digest[0] ^= flip;
    entry->header = entry_header_write(&header, &author->arena);
}

static void twist_entries(struct author *author, enum twist twist)
{
    struct entry *first = &author->entries[0];
    if (twist == TWIST_DIGEST)
        rewrite_header(author, ENTRY_PADDING, 1);
    else if (twist == TWIST_KIND)
        rewrite_header(author, ENTRY_KIND_COUNT, 0);
    else if (twist == TWIST_HEADER)
        first->header = SLICE_LITERAL("no header");
    else if (twist == TWIST_CONTENT)
        first->content = SLICE_LITERAL("other words");
    else if (twist == TWIST_SALT)
        first->salt = author->entries[1].salt;
}

static void twist_note(struct author *author, enum twist twist,
    struct note *note, struct slice *text)
{
    if (twist == TWIST_SIZE)
        note->size++;
    else if (twist == TWIST_AUTHOR)
        note->origin.author = note->origin.recipient;
    else if (twist == TWIST_RECIPIENT)
        note->origin.recipient = note->origin.author;
    else if (twist == TWIST_LANE)
        note->origin.lane = LANE_BULK;
    else if (twist == TWIST_GENERATION_ZERO)
        note->origin.generation = 0;
    else if (twist == TWIST_ROOT)
        note->root[0] ^= 1;
    size_t signer = author->self;
    author->self = twist == TWIST_SIGNER ? author->other : author->self;
    *text = author_sign(author, *note);
    author->self = signer;
    if (twist == TWIST_NO_NOTE)
        *text = SLICE_NONE;
    if (twist == TWIST_SIGNATURE || twist == TWIST_COSIGNED) {
        char printed[NOTE_SIZE_MAX];
        struct note again;
        assert_int_equal(note_parse(*text, &again), ERR_NONE);
        again.signature[9] ^= twist == TWIST_SIGNATURE;
        if (twist == TWIST_COSIGNED)
            assert_int_equal(
                note_cosign(federation_crypto(author->federation, 1),
                    FEDERATION_START_MS / 1000, &again),
                ERR_NONE);
        *text = arena_copy(&author->arena, note_print(&again, printed));
    }
}

static void what_is_wrong_is_refused_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        enum twist twist = refusals[i].twist;
        struct desk desk;
        struct bench_reply reply;
        desk_open(&desk);
        add(&desk, "one");
        add(&desk, "two");
        twist_entries(&desk.author, twist);
        struct note note = author_checkpoint(&desk.author);
        struct deliver deliver = author_parcel(&desk.author);
        twist_note(&desk.author, twist, &note, &deliver.parcel.note);
        if (twist == TWIST_ORDER) {
            struct entry swapped = desk.author.entries[0];
            desk.author.entries[0] = desk.author.entries[1];
            desk.author.entries[1] = swapped;
        }
        if (twist == TWIST_BODY)
            federation_request(desk.federation, 0, 1, REQUEST_DELIVER,
                SLICE_LITERAL("no parcel"), &reply);
        else
            (void)author_send(&desk.author, &deliver, &reply);
        if (refusal_of(&reply) != refusals[i].code)
            fail_msg("%s: %s", refusals[i].it,
                refusal_code_name(refusal_of(&reply)));
        assert_int_equal(
            reply.kind, refusals[i].code == 0 ? REPLY_COSIGNED : REPLY_REFUSED);
        assert_int_equal(size_held(&desk), refusals[i].code == 0 ? 2 : 0);
        desk_close(&desk);
    }
}

static void another_generation_is_refused(void **state)
{
    struct desk desk;
    struct bench_reply reply;
    (void)state;
    desk_open(&desk);
    add(&desk, "one");
    author_deliver(&desk.author);
    desk.author.generation++;
    add(&desk, "two");
    struct deliver deliver = author_parcel(&desk.author);
    (void)author_send(&desk.author, &deliver, &reply);
    assert_refused(&reply, REFUSAL_GENERATION);
    desk_close(&desk);
}

static void a_key_that_is_on_no_card_signs_nothing(void **state)
{
    struct desk desk;
    struct bench_reply reply;
    (void)state;
    desk_open(&desk);
    add(&desk, "one");
    crypto_fake_signer_rotate(
        federation_crypto(desk.federation, 0), CRYPTO_SIGNER_LOG);
    struct deliver deliver = author_parcel(&desk.author);
    (void)author_send(&desk.author, &deliver, &reply);
    assert_refused(&reply, REFUSAL_SIGNATURE);
    desk_close(&desk);
}

static void a_key_whose_time_is_over_signs_nothing(void **state)
{
    struct desk desk;
    struct bench_reply reply;
    (void)state;
    desk_open(&desk);
    add(&desk, "one");
    federation_wait(desk.federation, 60 * FEDERATION_DAY_MS - 1);
    author_deliver(&desk.author);
    federation_wait(desk.federation, 1);
    add(&desk, "two");
    struct deliver deliver = author_parcel(&desk.author);
    (void)author_send(&desk.author, &deliver, &reply);
    assert_refused(&reply, REFUSAL_SIGNATURE);
    assert_int_equal(size_held(&desk), 1);
    desk_close(&desk);
}

static void an_oversized_content_is_refused(void **state)
{
    struct desk desk;
    struct bench_reply reply;
    (void)state;
    desk_open(&desk);
    uint8_t *bytes = test_calloc(1, CONTENT_SIZE_MAX + 1);
    author_add(&desk.author, ENTRY_PADDING, slice_of(bytes, CONTENT_SIZE_MAX));
    author_deliver(&desk.author);
    author_add(
        &desk.author, ENTRY_PADDING, slice_of(bytes, CONTENT_SIZE_MAX + 1));
    struct deliver deliver = author_parcel(&desk.author);
    (void)author_send(&desk.author, &deliver, &reply);
    assert_refused(&reply, REFUSAL_MALFORMED);
    assert_int_equal(size_held(&desk), 1);
    test_free(bytes);
    desk_close(&desk);
}

/* ---- Detached, full ---- */

static const struct mention mention = {
    .referral = { { 7 } }, .type = EVENT_AMEND, .seq = 3, .mou = { { 9 } }
};

static void a_detached_content_is_answered_as_absent(void **state)
{
    struct desk desk;
    struct deliver sent;
    struct answer answer;
    struct ledger_parcel held;
    (void)state;
    desk_open(&desk);
    author_add(&desk.author, ENTRY_REFERRAL_EVENT, SLICE_LITERAL("erased"));
    desk.author.entries[0].salt = SLICE_NONE;
    desk.author.entries[0].content = SLICE_NONE;
    desk.author.entries[0].mention = &mention;
    author_deliver(&desk.author);
    assert_int_equal(size_held(&desk), 1);
    /* what it was about is kept, and no more is made of it */
    struct work *work = federation_begin(desk.federation, 1);
    struct ledger *in =
        peer_ledger(work, federation_peer(desk.federation, 1, 0), LEDGER_IN);
    assert_true(ledger_parcel_at(work, in, 0, &held));
    assert_true(held.entries[0].has_referral);
    assert_true(uuid_equal(&held.entries[0].referral, &mention.referral));
    assert_int_equal(held.entries[0].event_type, EVENT_AMEND);
    assert_int_equal(held.entries[0].seq, 3);
    assert_true(mou_id_equal(&held.entries[0].mou, &mention.mou));
    assert_null(register_get(work, &mention.referral));
    assert_int_equal(federation_end(desk.federation, 1), ERR_NONE);
    /* 1 says so in a parcel of its own */
    assert_int_equal(federation_message_count(desk.federation), 1);
    const struct bench_message *message =
        federation_message(desk.federation, 0);
    assert_int_equal(message->kind, REQUEST_DELIVER);
    assert_int_equal(
        deliver_read(message->body, &desk.author.arena, &sent), ERR_NONE);
    assert_int_equal(sent.parcel.entry_count, 1);
    assert_int_equal(answer_read(sent.parcel.entries[0].content,
                         &desk.author.arena, &answer),
        ERR_NONE);
    assert_int_equal(answer.generation, desk.author.generation);
    assert_int_equal(answer.item_count, 1);
    assert_int_equal(answer.items[0].index, 0);
    assert_int_equal(answer.items[0].verdict, ANSWER_ABSENT);
    desk_close(&desk);
}

static void only_events_of_referrals_are_mentioned(void **state)
{
    struct desk desk;
    struct bench_reply reply;
    (void)state;
    desk_open(&desk);
    author_add(&desk.author, ENTRY_CARD, SLICE_LITERAL("erased"));
    desk.author.entries[0].salt = SLICE_NONE;
    desk.author.entries[0].content = SLICE_NONE;
    desk.author.entries[0].mention = &mention;
    struct deliver deliver = author_parcel(&desk.author);
    (void)author_send(&desk.author, &deliver, &reply);
    assert_refused(&reply, REFUSAL_MALFORMED);
    assert_int_equal(size_held(&desk), 0);
    desk_close(&desk);
}

/* Something large, so that a hundredth of the store is room for a step. */
static void fill_store(struct desk *desk)
{
    uint8_t *bytes = test_calloc(1, 1u << 20);
    struct work *work = federation_begin(desk->federation, 1);
    store_put(work->txn, SLICE_LITERAL("z"), slice_of(bytes, 1u << 20));
    assert_int_equal(federation_end(desk->federation, 1), ERR_NONE);
    test_free(bytes);
}

static void a_store_nearly_full_is_busy_and_still_repeats(void **state)
{
    struct desk desk;
    struct bench_reply reply;
    struct store_usage usage;
    uint32_t ms;
    (void)state;
    desk_open(&desk);
    add(&desk, "one");
    struct deliver deliver = author_parcel(&desk.author);
    struct slice body = deliver_write(&deliver, &desk.author.arena);
    author_deliver(&desk.author);
    fill_store(&desk);
    struct store *store = federation_store(desk.federation, 1);
    store->ops->usage(store, &usage);
    store_memory_set_capacity(store, usage.used * 100 / 91);
    add(&desk, "two");
    deliver = author_parcel(&desk.author);
    (void)author_send(&desk.author, &deliver, &reply);
    assert_int_equal(reply.kind, REPLY_BUSY);
    assert_int_equal(busy_read(reply.body, &desk.author.arena, &ms), ERR_NONE);
    assert_true(ms > 0 && ms <= RETRY_DELAY_MS_MAX);
    assert_int_equal(size_held(&desk), 1);
    federation_request(desk.federation, 0, 1, REQUEST_DELIVER, body, &reply);
    assert_int_equal(cosigned_note(&desk, &reply).size, 1);
    store_memory_set_capacity(store, usage.used * 2);
    author_deliver(&desk.author);
    desk_close(&desk);
}

static void collected_marks_rise_and_stay_below_what_is_cosigned(void **state)
{
    static const struct {
        uint64_t said;
        uint64_t held;
    } rows[] = { { 1, 1 }, { 0, 1 }, { 3, 3 }, { 4, 3 }, { 2, 3 } };
    struct federation *federation = federation_new(2);
    struct author author;
    (void)state;
    federation_connect(federation, 0, 1);
    author_open(&author, federation, 0, 1);
    /* 1 says three things to 0, who cosigns them */
    for (int i = 0; i < 3; i++) {
        author_add(&author, ENTRY_AVAILABILITY, SLICE_LITERAL("?"));
        author_deliver(&author);
        federation_run(federation);
    }
    struct ledger told = reader_ledger(federation, 1, 0, LEDGER_OUT);
    author.collected_generation = told.generation;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        author_add(&author, ENTRY_PADDING, SLICE_LITERAL("x"));
        author.collected = rows[i].said;
        author_deliver(&author);
        struct work *work = federation_begin(federation, 1);
        const struct ledger *out =
            peer_ledger(work, federation_peer(federation, 1, 0), LEDGER_OUT);
        assert_int_equal(out->cosigned, 3);
        assert_int_equal(out->collected, rows[i].held);
        assert_int_equal(federation_end(federation, 1), ERR_NONE);
    }
    author_close(&author);
    federation_free(federation);
}

static const struct {
    const char *it;
    uint64_t generation; /* other than the one held, by so much */
    uint64_t size;
    uint8_t root;
    enum reply_kind kind;
} turns[] = {
    { "on another generation", 1, 0, 0, REPLY_BEHIND },
    { "on more than is held", 0, 1, 0, REPLY_BEHIND },
    { "on other entries", 0, 0, 1, REPLY_CONFLICT },
    { "on what is held", 0, 0, 0, REPLY_COSIGNED },
};

/* Of a later generation the first entry says where the one before it ended. */
static void a_later_generation_follows_on_exactly_what_is_held(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof turns / sizeof *turns; i++) {
        struct desk desk;
        struct bench_reply reply;
        struct merkle_hash root;
        desk_open(&desk);
        add(&desk, "one");
        author_deliver(&desk.author);
        struct author *author = &desk.author;
        struct generation_end end = {
            .generation = author->generation + turns[i].generation,
            .size = author->cosigned.size + turns[i].size,
        };
        merkle_root(
            federation_crypto(desk.federation, 0), &author->cosigned, &root);
        memcpy(end.root, root.bytes, HASH_SIZE);
        end.root[0] ^= turns[i].root;
        author->generation += 7;
        author->cosigned = (struct merkle_frontier){ 0 };
        author_add(author, ENTRY_GENERATION,
            generation_end_write(&end, &author->arena));
        struct deliver deliver = author_parcel(author);
        if (author_send(author, &deliver, &reply) != turns[i].kind)
            fail_msg("%s: %d", turns[i].it, (int)reply.kind);
        struct work *work = federation_begin(desk.federation, 1);
        assert_int_equal(held(&desk, work)->generation == author->generation,
            turns[i].kind == REPLY_COSIGNED);
        assert_int_equal(federation_end(desk.federation, 1), ERR_NONE);
        desk_close(&desk);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_parcel_is_cosigned_once_it_is_held),
        cmocka_unit_test(parcels_follow_each_other),
        cmocka_unit_test(a_repeat_gets_the_same_note_byte_for_byte),
        cmocka_unit_test(an_old_repeat_gets_its_own_note),
        cmocka_unit_test(a_repeat_is_signed_anew_when_no_card_shows_the_key),
        cmocka_unit_test(an_overlap_adds_only_its_tail),
        cmocka_unit_test(nothing_is_taken_before_a_head),
        cmocka_unit_test(only_a_fence_that_was_given_admits),
        cmocka_unit_test(the_reply_to_a_head_retires_the_older_fence),
        cmocka_unit_test(a_gap_is_not_jumped),
        cmocka_unit_test(a_parcel_that_ends_inside_another_gets_no_note),
        cmocka_unit_test(two_roots_for_one_size_are_a_conflict_with_both_notes),
        cmocka_unit_test(an_overlap_that_differs_is_a_conflict),
        cmocka_unit_test(what_is_wrong_is_refused_whole),
        cmocka_unit_test(another_generation_is_refused),
        cmocka_unit_test(a_later_generation_follows_on_exactly_what_is_held),
        cmocka_unit_test(a_key_that_is_on_no_card_signs_nothing),
        cmocka_unit_test(a_key_whose_time_is_over_signs_nothing),
        cmocka_unit_test(an_oversized_content_is_refused),
        cmocka_unit_test(a_detached_content_is_answered_as_absent),
        cmocka_unit_test(only_events_of_referrals_are_mentioned),
        cmocka_unit_test(a_store_nearly_full_is_busy_and_still_repeats),
        cmocka_unit_test(collected_marks_rise_and_stay_below_what_is_cosigned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
