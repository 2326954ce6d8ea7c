/* A folder of evidence: a referral with one event of each verdict. */
#include <string.h>

#include "core/armor.h"
#include "core/proof.h"
#include "core/referral.h"
#include "golden/vectors.h"
#include "support/crypto_repeat.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define ENTRY_COUNT_MAX 8
#define RECEIVED_S (VECTOR_COSIGNED_S + 99u)
#define ANSWERS_GENERATION UINT64_C(0xfedcba9876543210)

static void add(struct vectors *vectors, struct slice path, struct slice bytes)
{
    struct slice copy = arena_copy(&vectors->arena, path);
    vectors_must(copy.bytes != NULL && bytes.bytes != NULL &&
                 vectors->folder_count < VECTOR_FOLDER_COUNT_MAX);
    size_t at = vectors->folder_count++;
    for (; at > 0 &&
           evidence_path_compare(vectors->folder[at - 1].path, path) > 0;
         at--)
        vectors->folder[at] = vectors->folder[at - 1];
    vectors->folder[at] = (struct evidence_file){ copy, bytes };
}

/* ---- Cards and the agreement --------------------------------------------- */

static void add_card(struct vectors *vectors, const struct agency_id *agency,
    uint64_t serial, struct slice whole)
{
    char path[EVIDENCE_PATH_SIZE];
    add(vectors, evidence_card_path(agency, serial, path),
        armor_write(ARMOR_CARD, whole, &vectors->arena));
}

/* Open Door's second card, which follows from card_opendoor.hex and has the
 * witness key that the first lacks. */
static struct slice second_card(struct vectors *vectors)
{
    struct card first;
    struct card_problem problem;
    uint8_t digest[HASH_SIZE], signature[SIGNATURE_SIZE];
    vectors_must(
        card_read(vectors->author, vectors_get(vectors, "card_opendoor.hex"),
            &vectors->arena, &first, &problem) == ERR_NONE);
    struct slice bytes = card_bytes(&first, &vectors->arena);
    crypto_hash(vectors->author, &bytes, 1, digest);
    struct card_key keys[] = { first.keys[0], first.keys[1],
        { .purpose = KEY_WITNESS,
            .from = { VECTOR_START_MS },
            .until = { VECTOR_END_MS } } };
    crypto_repeat_ed25519(0xa2, keys[2].key);
    struct card card = first;
    card.serial = 2;
    card.previous = SLICE_ARRAY(digest);
    card.keys = keys;
    card.key_count = COUNT(keys);
    bytes = card_bytes(&card, &vectors->arena);
    crypto_repeat_sign(0xa0, card_statement(bytes, &vectors->arena), signature);
    return card_assemble(bytes, signature, &vectors->arena);
}

static void add_agreement(struct vectors *vectors)
{
    struct mou_bundle bundle;
    vectors_must(mou_signatures_read(vectors_get(vectors, "mou_signatures.hex"),
                     &vectors->arena, &bundle) == ERR_NONE);
    bundle.mou = vectors_get(vectors, "mou.hex");
    add(vectors, SLICE_LITERAL(EVIDENCE_AGREEMENT),
        mou_offer_write(&bundle, &vectors->arena));
}

/* ---- Ledgers ------------------------------------------------------------- */

struct book {
    struct vectors *vectors;
    struct crypto *author;
    struct crypto *recipient;
    struct origin origin;
    struct entry entries[ENTRY_COUNT_MAX];
    struct merkle_hash leaves[ENTRY_COUNT_MAX];
    size_t count;
};

/* Salts are one byte, 32 times, counted up from `salt`. */
static void book_add(
    struct book *book, uint8_t salt, enum entry_kind kind, struct slice content)
{
    struct arena *arena = &book->vectors->arena;
    struct entry *entry = &book->entries[book->count];
    struct entry_header header = { .kind = kind,
        .at = { VECTOR_START_MS + 1000 * (int64_t)salt } };
    entry->salt = vectors_repeat(book->vectors, salt, SALT_SIZE);
    entry->content = content;
    entry_digest(book->author, entry->salt, content, header.digest);
    entry->header = entry_header_write(&header, arena);
    merkle_leaf_hash(book->author, entry->header, &book->leaves[book->count++]);
}

static enum err leaf_of(void *user, uint64_t index, uint8_t hash[HASH_SIZE])
{
    const struct book *book = user;
    memcpy(hash, book->leaves[index].bytes, HASH_SIZE);
    return ERR_NONE;
}

static struct note book_note(const struct book *book)
{
    struct merkle_hash root;
    struct note note = { .origin = book->origin, .size = book->count };
    merkle_root_of(book->author, book->leaves, book->count, &root);
    memcpy(note.root, root.bytes, HASH_SIZE);
    vectors_must(note_sign(book->author, &note) == ERR_NONE);
    vectors_must(note_cosign(book->recipient, RECEIVED_S, &note) == ERR_NONE);
    return note;
}

static void book_show(struct book *book, uint64_t index, bool is_shown)
{
    struct vectors *vectors = book->vectors;
    const struct entry *entry = &book->entries[index];
    struct evidence_place place = { book->origin.author,
        book->origin.generation, index };
    struct merkle_source source = { .leaf = leaf_of, .user = book };
    struct proof proof = { .index = index, .note = book_note(book) };
    char path[EVIDENCE_PATH_SIZE], text[PROOF_SIZE_MAX];
    vectors_must(merkle_prove_inclusion(book->author, &source, index,
                     book->count, &proof.path) == ERR_NONE);
    add(vectors, evidence_entry_path(&place, EVIDENCE_HEADER, path),
        entry->header);
    add(vectors, evidence_entry_path(&place, EVIDENCE_PROOF, path),
        arena_copy(&vectors->arena, proof_print(&proof, text)));
    if (!is_shown)
        return;
    add(vectors, evidence_entry_path(&place, EVIDENCE_SALT, path), entry->salt);
    add(vectors, evidence_entry_path(&place, EVIDENCE_CONTENT, path),
        entry->content);
}

/* ---- The story ----------------------------------------------------------- */

static struct slice amended(
    struct vectors *vectors, uint32_t seq, struct named_value element)
{
    struct referral_event event = { .mou = vectors->mou,
        .type = EVENT_AMEND,
        .seq = seq,
        .actor = ACTOR_STAFF,
        .at = { VECTOR_START_MS + 95000 },
        .elements = &element,
        .element_count = 1 };
    memset(event.referral.bytes, 0x77, sizeof event.referral.bytes);
    return referral_event_write(&event, &vectors->arena);
}

/* Of entries 0 to 3: held, held, refused, absent. */
static struct slice answered(struct vectors *vectors)
{
    struct answer_item items[] = {
        { .index = 0, .count = 1, .verdict = ANSWER_APPLIED },
        { .index = 1,
            .count = 1,
            .verdict = ANSWER_APPLIED,
            .state = REFERRAL_DELIVERED },
        { .index = 2,
            .count = 1,
            .verdict = ANSWER_REFUSED,
            .problem = PROBLEM_ELEMENT_NOT_ALLOWED,
            .clause = SLICE_LITERAL("never_share"),
            .remedy =
                SLICE_LITERAL("remove photo: the agreement never shares it"),
            .state = REFERRAL_DELIVERED },
        { .index = 3, .count = 1, .verdict = ANSWER_ABSENT },
    };
    struct answer answer = { VECTOR_GENERATION, items, COUNT(items) };
    return answer_write(&answer, &vectors->arena);
}

static void add_entries(struct vectors *vectors)
{
    struct book told = { .vectors = vectors,
        .author = vectors->author,
        .recipient = vectors->recipient,
        .origin = { vectors->author_id, vectors->recipient_id, LANE_MAIN,
            VECTOR_GENERATION } };
    struct book heard = { .vectors = vectors,
        .author = vectors->recipient,
        .recipient = vectors->author,
        .origin = { vectors->recipient_id, vectors->author_id, LANE_MAIN,
            ANSWERS_GENERATION } };
    struct named_value photo = { SLICE_LITERAL("photo"),
        SLICE_LITERAL("none") };
    struct named_value weeks = { SLICE_LITERAL("cough_weeks"),
        SLICE_LITERAL("4") };
    book_add(&told, 0x40, ENTRY_MOU_IN_FORCE,
        vectors_get(vectors, "mou_in_force.hex"));
    book_add(&told, 0x41, ENTRY_REFERRAL_EVENT,
        vectors_get(vectors, "event_send.hex"));
    book_add(&told, 0x42, ENTRY_REFERRAL_EVENT, amended(vectors, 2, photo));
    book_add(&told, 0x43, ENTRY_REFERRAL_EVENT, amended(vectors, 3, weeks));
    book_add(&told, 0x44, ENTRY_PADDING, SLICE_LITERAL(""));
    book_add(&heard, 0x50, ENTRY_PADDING, SLICE_LITERAL(""));
    book_add(&heard, 0x51, ENTRY_ANSWER, answered(vectors));
    book_add(&heard, 0x52, ENTRY_REFERRAL_EVENT,
        vectors_get(vectors, "event_decline.hex"));
    book_show(&told, 1, true);
    book_show(&told, 2, true);
    book_show(&told, 3, false);
    book_show(&heard, 1, true);
    book_show(&heard, 2, true);
}

void vectors_add_evidence(struct vectors *vectors)
{
    add(vectors, SLICE_LITERAL(EVIDENCE_README),
        SLICE_LITERAL(EVIDENCE_FIRST_LINE "\nAn example of PROTOCOL.md.\n"));
    add_card(vectors, &vectors->author_id, 1,
        vectors_get(vectors, "card_opendoor.hex"));
    add_card(vectors, &vectors->author_id, 2, second_card(vectors));
    add_card(vectors, &vectors->recipient_id, 2,
        vectors_get(vectors, "card_hospital.hex"));
    add_agreement(vectors);
    add_entries(vectors);
    add(vectors, SLICE_LITERAL(EVIDENCE_SUMS),
        evidence_sums_write(vectors->author, vectors->folder,
            vectors->folder_count, &vectors->arena));
}
