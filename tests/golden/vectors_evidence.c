/* A folder of evidence: a referral with one event of each verdict. */
#include <string.h>

#include "core/armor.h"
#include "core/proof.h"
#include "core/referral.h"
#include "golden/book.h"
#include "golden/vectors.h"
#include "support/crypto_repeat.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- Cards and the agreement --------------------------------------------- */

static void add_card(struct vectors *vectors, const struct agency_id *agency,
    uint64_t serial, struct slice whole)
{
    char path[EVIDENCE_PATH_SIZE];
    book_file_add(vectors, evidence_card_path(agency, serial, path),
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
    book_file_add(vectors, SLICE_LITERAL(EVIDENCE_AGREEMENT),
        mou_offer_write(&bundle, &vectors->arena));
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
            VECTOR_GENERATION },
        .received_s = BOOK_RECEIVED_S };
    struct book heard = { .vectors = vectors,
        .author = vectors->recipient,
        .recipient = vectors->author,
        .origin = { vectors->recipient_id, vectors->author_id, LANE_MAIN,
            BOOK_ANSWERS_GENERATION },
        .received_s = BOOK_RECEIVED_S };
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
    book_file_add(vectors, SLICE_LITERAL(EVIDENCE_README),
        SLICE_LITERAL(EVIDENCE_FIRST_LINE "\nAn example of PROTOCOL.md.\n"));
    add_card(vectors, &vectors->author_id, 1,
        vectors_get(vectors, "card_opendoor.hex"));
    add_card(vectors, &vectors->author_id, 2, second_card(vectors));
    add_card(vectors, &vectors->recipient_id, 2,
        vectors_get(vectors, "card_hospital.hex"));
    add_agreement(vectors);
    add_entries(vectors);
    book_file_add(vectors, SLICE_LITERAL(EVIDENCE_SUMS),
        evidence_sums_write(vectors->author, vectors->folder,
            vectors->folder_count, &vectors->arena));
}
