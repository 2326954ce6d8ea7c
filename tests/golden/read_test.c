/*
 * Would yesterday's peer still be understood? Each file of proto/vectors is
 * read, its signatures verified, what is sealed opened, and what was read is
 * written again: the bytes are the same.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/text.h"
#include "core/armor.h"
#include "core/card.h"
#include "core/card_renew.h"
#include "core/codec_card.h"
#include "core/contradiction.h"
#include "core/limits.h"
#include "core/message.h"
#include "core/mou.h"
#include "core/note.h"
#include "core/erasure_notice.h"
#include "core/referral.h"
#include "core/request.h"
#include "core/revocation.h"
#include "golden/world.h"
#include "support/crypto_repeat.h"
#include "support/open_copy.h"

#define FOLDER SOURCE_DIR "/proto/vectors/"
#define FILE_SIZE_MAX (64u * 1024)

/* ---- Files --------------------------------------------------------------- */

static struct slice file_read(struct world *world, const char *name)
{
    char path[512];
    int length = snprintf(path, sizeof path, FOLDER "%s", name);
    assert_in_range(length, 1, sizeof path - 1);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("%s is missing", path);
    uint8_t *bytes = arena_take(&world->arena, FILE_SIZE_MAX);
    assert_non_null(bytes);
    size_t size = fread(bytes, 1, FILE_SIZE_MAX, file);
    assert_true(size < FILE_SIZE_MAX && ferror(file) == 0);
    assert_int_equal(fclose(file), 0);
    return slice_of(bytes, size);
}

/* NAME.hex as bytes, another file as it is. */
static struct slice vector_read(struct world *world, const char *name)
{
    struct slice lines = file_read(world, name);
    struct slice line;
    size_t size = 0;
    const char *suffix = strrchr(name, '.');
    if (suffix == NULL || strcmp(suffix, ".hex") != 0)
        return lines;
    size_t capacity = lines.size;
    uint8_t *bytes = arena_take(&world->arena, capacity);
    assert_non_null(bytes);
    while (text_cut(&lines, '\n', &line)) {
        size_t part = 0;
        assert_int_equal(
            text_hex_decode(line, bytes + size, capacity - size, &part),
            ERR_NONE);
        size += part;
    }
    assert_int_equal(lines.size, 0);
    return slice_of(bytes, size);
}

/* ---- Who they are -------------------------------------------------------- */

static struct slice card_again(struct world *world, struct slice bytes)
{
    struct card card;
    struct card_problem problem;
    struct signed_bytes shell;
    assert_int_equal(card_read(world->hospital.crypto, bytes, &world->arena,
                         &card, &problem),
        ERR_NONE);
    assert_int_equal(
        codec_signed_card_read(bytes, &world->arena, &shell), ERR_NONE);
    return card_assemble(
        card_bytes(&card, &world->arena), shell.signature, &world->arena);
}

static struct slice armour_again(struct world *world, struct slice bytes)
{
    struct slice whole;
    assert_int_equal(
        armor_read(ARMOR_CARD, bytes, &world->arena, &whole), ERR_NONE);
    return armor_write(ARMOR_CARD, card_again(world, whole), &world->arena);
}

static struct slice sheet_again(struct world *world, struct slice bytes)
{
    struct card card;
    struct card_problem problem;
    struct key_sheet sheet;
    struct signed_bytes shell;
    assert_int_equal(card_read(world->opendoor.crypto,
                         vector_read(world, "card_hospital.hex"), &world->arena,
                         &card, &problem),
        ERR_NONE);
    assert_int_equal(key_sheet_read(world->opendoor.crypto, &card, bytes,
                         &world->arena, &sheet),
        ERR_NONE);
    assert_int_equal(
        codec_signed_sheet_read(bytes, &world->arena, &shell), ERR_NONE);
    shell.bytes = codec_sheet_write(&sheet, &world->arena);
    return codec_signed_sheet_write(&shell, &world->arena);
}

static struct slice request_card_again(struct world *world, struct slice bytes)
{
    struct card_request request;
    assert_int_equal(card_request_read(world->hospital.crypto, bytes,
                         &world->arena, &request),
        ERR_NONE);
    request.draft_bytes = card_bytes(&request.draft, &world->arena);
    return card_request_write(&request, &world->arena);
}

static struct slice revocation_again(struct world *world, struct slice bytes)
{
    struct card card;
    struct card_problem problem;
    struct revocation revocation;
    struct signed_bytes shell;
    assert_int_equal(card_read(world->hospital.crypto,
                         vector_read(world, "card_opendoor.hex"), &world->arena,
                         &card, &problem),
        ERR_NONE);
    assert_int_equal(revocation_read(world->hospital.crypto, bytes,
                         card.root_key, &world->arena, &revocation),
        ERR_NONE);
    assert_int_equal(
        codec_signed_revocation_read(bytes, &world->arena, &shell), ERR_NONE);
    return revocation_assemble(revocation_bytes(&revocation, &world->arena),
        shell.signature, &world->arena);
}

static struct slice head_alone_again(struct world *world, struct slice bytes)
{
    struct head head;
    assert_int_equal(head_read(bytes, &world->arena, &head), ERR_NONE);
    assert_true(
        slice_equal(revocation_again(world, head.revocation), head.revocation));
    return head_write(&head, &world->arena);
}

/* ---- What entries say ---------------------------------------------------- */

static struct slice mou_again(struct world *world, struct slice bytes)
{
    struct mou mou;
    struct mou_problem problem;
    assert_int_equal(
        mou_read(world->hospital.crypto, bytes, &world->arena, &mou, &problem),
        ERR_NONE);
    return mou_bytes(&mou, &world->arena);
}

/* All of these hold for the MOU of mou.hex. */
static void signatures_hold(
    struct world *world, const struct mou_signature *signatures, size_t count)
{
    struct crypto *crypto = world->hospital.crypto;
    struct slice bytes = vector_read(world, "mou.hex");
    struct mou mou;
    struct mou_problem problem;
    struct mou_id id;
    assert_int_equal(
        mou_read(crypto, bytes, &world->arena, &mou, &problem), ERR_NONE);
    mou_id_of(crypto, bytes, &id);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++)
        assert_true(mou_signature_holds(crypto, &mou, &id, &signatures[i]));
}

static struct slice offer_again(struct world *world, struct slice bytes)
{
    struct mou_bundle bundle;
    assert_int_equal(
        mou_offer_read(world->hospital.crypto, bytes, &world->arena, &bundle),
        ERR_NONE);
    signatures_hold(world, bundle.signatures, bundle.signature_count);
    return mou_offer_write(&bundle, &world->arena);
}

static struct slice signatures_again(struct world *world, struct slice bytes)
{
    struct mou_bundle bundle;
    assert_int_equal(
        mou_signatures_read(bytes, &world->arena, &bundle), ERR_NONE);
    signatures_hold(world, bundle.signatures, bundle.signature_count);
    return mou_signatures_write(&bundle, &world->arena);
}

static struct slice in_force_again(struct world *world, struct slice bytes)
{
    struct mou_id id;
    assert_int_equal(mou_in_force_read(bytes, &world->arena, &id), ERR_NONE);
    return mou_in_force_write(&id, &world->arena);
}

static struct slice event_again(struct world *world, struct slice bytes)
{
    struct referral_event event;
    struct verdict verdict;
    assert_int_equal(
        referral_event_read(bytes, &world->arena, &event), ERR_NONE);
    referral_check(&event, &verdict);
    assert_int_equal(verdict.problem, PROBLEM_NONE);
    return referral_event_write(&event, &world->arena);
}

static struct slice erasure_again(struct world *world, struct slice bytes)
{
    struct erasure_notice notice;
    struct verdict verdict = { .problem = PROBLEM_NONE };
    assert_int_equal(
        erasure_notice_read(bytes, &world->arena, &notice), ERR_NONE);
    erasure_notice_check(&notice, &verdict);
    assert_int_equal(verdict.problem, PROBLEM_NONE);
    return erasure_notice_write(&notice, &world->arena);
}

static struct slice generation_again(struct world *world, struct slice bytes)
{
    struct generation_end end;
    assert_int_equal(generation_end_read(bytes, &world->arena, &end), ERR_NONE);
    return generation_end_write(&end, &world->arena);
}

static struct slice answer_again(struct world *world, struct slice bytes)
{
    struct answer answer;
    assert_int_equal(answer_read(bytes, &world->arena, &answer), ERR_NONE);
    return answer_write(&answer, &world->arena);
}

/* ---- Ledgers ------------------------------------------------------------- */

static struct slice note_again(struct world *world, struct slice bytes)
{
    struct note note;
    uint8_t key[KEY_SIZE];
    char text[NOTE_SIZE_MAX];
    assert_int_equal(note_parse(bytes, &note), ERR_NONE);
    crypto_repeat_ed25519(0xa1, key);
    assert_int_equal(note_verify(world->hospital.crypto, &note, key), ERR_NONE);
    crypto_repeat_ed25519(0xb2, key);
    if (note.has_cosignature)
        assert_int_equal(note_verify_cosignature(world->opendoor.crypto, &note,
                             &world->hospital.id, key),
            ERR_NONE);
    return arena_copy(&world->arena, note_print(&note, text));
}

static struct slice deliver_again(struct world *world, struct slice bytes)
{
    struct deliver deliver;
    assert_int_equal(deliver_read(bytes, &world->arena, &deliver), ERR_NONE);
    for (size_t i = 0; i < deliver.parcel.entry_count; i++) {
        const struct entry *entry = &deliver.parcel.entries[i];
        struct entry_header header;
        uint8_t digest[HASH_SIZE];
        assert_int_equal(
            entry_header_read(entry->header, &world->arena, &header), ERR_NONE);
        assert_true(slice_equal(
            entry_header_write(&header, &world->arena), entry->header));
        if (entry->salt.size == 0)
            continue;
        entry_digest(
            world->hospital.crypto, entry->salt, entry->content, digest);
        assert_memory_equal(header.digest, digest, HASH_SIZE);
    }
    assert_true(slice_equal(
        note_again(world, deliver.parcel.note), deliver.parcel.note));
    return deliver_write(&deliver, &world->arena);
}

/* ---- What is sealed ------------------------------------------------------ */

/* The operation key of either; user is the world. */
static bool operation_key(void *user, const struct agency_id *agency,
    uint64_t key_id, uint8_t key[KEY_SIZE])
{
    const struct world *world = user;
    bool is_author = agency_id_equal(agency, &world->opendoor.id);
    crypto_repeat_ed25519(is_author ? 0xa3 : 0xb3, key);
    return (is_author || agency_id_equal(agency, &world->hospital.id)) &&
           crypto_key_id(world->hospital.crypto, key) == key_id;
}

static struct slice collect_again(struct world *world, struct slice bytes)
{
    struct collect collect;
    assert_int_equal(collect_read(bytes, &world->arena, &collect), ERR_NONE);
    assert_true(
        slice_equal(note_again(world, collect.cosigned), collect.cosigned));
    return collect_write(&collect, &world->arena);
}

static struct slice head_again(struct world *world, struct slice bytes)
{
    struct head head;
    assert_int_equal(head_read(bytes, &world->arena, &head), ERR_NONE);
    assert_true(slice_equal(card_again(world, head.card), head.card));
    if (head.sheet.size > 0)
        assert_true(slice_equal(sheet_again(world, head.sheet), head.sheet));
    return head_write(&head, &world->arena);
}

static struct slice introduce_again(struct world *world, struct slice bytes)
{
    struct introduce introduce;
    assert_int_equal(
        introduce_read(bytes, &world->arena, &introduce), ERR_NONE);
    assert_true(slice_equal(card_again(world, introduce.card), introduce.card));
    return introduce_write(&introduce, &world->arena);
}

static struct slice conflict_again(struct world *world, struct slice bytes)
{
    struct conflict conflict;
    assert_int_equal(conflict_read(bytes, &world->arena, &conflict), ERR_NONE);
    (void)note_again(world, conflict.held);
    (void)note_again(world, conflict.offered);
    return conflict_write(&conflict, &world->arena);
}

static struct slice fetch_again(struct world *world, struct slice bytes)
{
    struct fetch fetch;
    assert_int_equal(fetch_read(bytes, &world->arena, &fetch), ERR_NONE);
    return fetch_write(&fetch, &world->arena);
}

static struct slice fetched_again(struct world *world, struct slice bytes)
{
    struct fetched fetched;
    assert_int_equal(fetched_read(bytes, &world->arena, &fetched), ERR_NONE);
    for (size_t i = 0; i < fetched.parcel_count; i++)
        assert_true(slice_equal(note_again(world, fetched.parcels[i].note),
            fetched.parcels[i].note));
    return fetched_write(&fetched, &world->arena);
}

static struct slice request_body_again(
    struct world *world, enum request_kind kind, struct slice body)
{
    if (kind == REQUEST_DELIVER)
        return deliver_again(world, body);
    if (kind == REQUEST_FETCH)
        return fetch_again(world, body);
    if (kind == REQUEST_FETCHED)
        return fetched_again(world, body);
    if (kind == REQUEST_INTRODUCE)
        return introduce_again(world, body);
    return kind == REQUEST_HEAD ? head_again(world, body)
                                : collect_again(world, body);
}

static void request_opened(struct world *world, struct slice bytes,
    struct request_secret *secret, struct request *request)
{
    const struct place *place = &world->hospital;
    enum err err = request_open_copy(place->crypto, &place->id, bytes,
        &world->arena, operation_key, world, secret, request);
    if (err == ERR_NONE)
        return;
    place = &world->opendoor;
    assert_int_equal(request_open_copy(place->crypto, &place->id, bytes,
                         &world->arena, operation_key, world, secret, request),
        ERR_NONE);
}

/* To seal is not the reader's part: the body is written again. */
static struct slice request_again(struct world *world, struct slice bytes)
{
    struct request_secret secret;
    struct request request;
    request_opened(world, bytes, &secret, &request);
    bool is_greeting =
        request.kind == REQUEST_HEAD || request.kind == REQUEST_INTRODUCE;
    assert_int_equal(request.opener,
        is_greeting ? CRYPTO_OPENER_LAST_RESORT : CRYPTO_OPENER_DAY);
    assert_true(slice_equal(
        request_body_again(world, request.kind, request.body), request.body));
    return bytes;
}

static struct slice cosigned_again(struct world *world, struct slice bytes)
{
    struct cosigned cosigned;
    assert_int_equal(cosigned_read(bytes, &world->arena, &cosigned), ERR_NONE);
    (void)note_again(world, cosigned.note);
    return cosigned_write(&cosigned, &world->arena);
}

/* Views alone. */
static struct slice head_bare_again(struct world *world, struct slice bytes)
{
    struct head head;
    assert_int_equal(head_read(bytes, &world->arena, &head), ERR_NONE);
    return head_write(&head, &world->arena);
}

static struct slice reply_body_again(
    struct world *world, enum reply_kind kind, struct slice body)
{
    struct behind behind;
    uint32_t retry_after_ms;
    enum refusal_code code;
    switch (kind) {
    case REPLY_COSIGNED:
        return cosigned_again(world, body);
    case REPLY_PARCEL:
        return body.size == 0 ? body : deliver_again(world, body);
    case REPLY_BEHIND:
        assert_int_equal(behind_read(body, &world->arena, &behind), ERR_NONE);
        return behind_write(&behind, &world->arena);
    case REPLY_BUSY:
        assert_int_equal(
            busy_read(body, &world->arena, &retry_after_ms), ERR_NONE);
        return busy_write(retry_after_ms, &world->arena);
    case REPLY_CONFLICT:
        return conflict_again(world, body);
    case REPLY_HEAD:
        return head_again(world, body);
    case REPLY_REFUSED:
        assert_int_equal(refusal_read(body, &world->arena, &code), ERR_NONE);
        return refusal_write(code, &world->arena);
    case REPLY_FETCHED:
        return fetched_again(world, body);
    case REPLY_FETCH_WANTED:
        return fetch_again(world, body);
    case REPLY_KIND_COUNT:
        break;
    }
    fail_msg("a reply of kind %d", (int)kind);
    return SLICE_NONE;
}

/* Which request a reply answers, as the one who asked remembers it. */
static void reply_check(
    struct world *world, const char *asked, struct slice bytes)
{
    struct request_secret secret;
    struct request request;
    struct reply reply;
    uint8_t key[1][KEY_SIZE];
    request_opened(world, vector_read(world, asked), &secret, &request);
    bool is_author = agency_id_equal(&secret.recipient, &world->opendoor.id);
    crypto_repeat_ed25519(is_author ? 0xa3 : 0xb3, key[0]);
    assert_int_equal(
        reply_open_copy(world->opendoor.crypto, &secret,
            &(struct replier){ (const uint8_t(*)[KEY_SIZE])key, 1, 1 }, bytes,
            &world->arena, &reply),
        ERR_NONE);
    assert_int_equal(reply.plain, 0);
    assert_true(slice_equal(
        reply_body_again(world, reply.kind, reply.body), reply.body));
}

static struct slice deliver_reply(struct world *world, struct slice bytes)
{
    reply_check(world, "request_deliver.hex", bytes);
    return bytes;
}

static struct slice head_reply(struct world *world, struct slice bytes)
{
    reply_check(world, "request_head.hex", bytes);
    return bytes;
}

static struct slice fetch_reply(struct world *world, struct slice bytes)
{
    reply_check(world, "request_fetch.hex", bytes);
    return bytes;
}

static struct slice introduce_reply(struct world *world, struct slice bytes)
{
    reply_check(world, "request_introduce.hex", bytes);
    return bytes;
}

static struct slice collect_reply(struct world *world, struct slice bytes)
{
    reply_check(world, "request_collect.hex", bytes);
    return bytes;
}

static struct slice plain_again(struct world *world, struct slice bytes)
{
    struct request_secret secret;
    struct request request;
    struct reply reply;
    request_opened(
        world, vector_read(world, "request_deliver.hex"), &secret, &request);
    assert_int_equal(
        reply_open_copy(world->opendoor.crypto, &secret,
            &(struct replier){ NULL, 0, 0 }, bytes, &world->arena, &reply),
        ERR_NONE);
    assert_int_equal(reply.kind, 0);
    if (reply.sheet.size > 0)
        assert_true(slice_equal(sheet_again(world, reply.sheet), reply.sheet));
    return reply_plain(
        reply.plain, reply.sheet, reply.retry_after_ms, &world->arena);
}

/* ---- Two histories ------------------------------------------------------- */

static struct slice contradiction_again(struct world *world, struct slice bytes)
{
    struct contradiction both;
    struct card card;
    struct card_problem problem;
    struct crypto *crypto = world->hospital.crypto;
    char *text = arena_take(&world->arena, CONTRADICTION_SIZE_MAX);
    assert_non_null(text);
    assert_int_equal(card_read(crypto, vector_read(world, "card_opendoor.hex"),
                         &world->arena, &card, &problem),
        ERR_NONE);
    assert_int_equal(contradiction_parse(bytes, &both), ERR_NONE);
    assert_int_equal(contradiction_convicts(crypto, &both, &card, 1), ERR_NONE);
    return contradiction_print(&both, text);
}

static struct slice head_conflict_again(struct world *world, struct slice bytes)
{
    struct head head;
    struct note note;
    assert_int_equal(head_read(bytes, &world->arena, &head), ERR_NONE);
    const struct ledger_view *view = &head.ledgers[1];
    assert_false(head.ledgers[0].has_conflict);
    assert_true(view->has_conflict && !view->authored);
    assert_int_equal(note_parse(view->conflict.held, &note), ERR_NONE);
    assert_true(note.has_cosignature);
    assert_int_equal(note_parse(view->conflict.offered, &note), ERR_NONE);
    return head_write(&head, &world->arena);
}

/* ---- The table ----------------------------------------------------------- */

static const struct row {
    const char *name;
    struct slice (*again)(struct world *world, struct slice bytes);
} rows[] = {
    { "answer.hex", answer_again },
    { "card_armour.txt", armour_again },
    { "card_hospital.hex", card_again },
    { "card_opendoor.hex", card_again },
    { "card_opendoor_next.hex", card_again },
    { "card_request.hex", request_card_again },
    { "checkpoint.txt", note_again },
    { "contradiction.txt", contradiction_again },
    { "cosigned.txt", note_again },
    { "deliver.hex", deliver_again },
    { "deliver_second.hex", deliver_again },
    { "deliver_absent.hex", deliver_again },
    { "erasure_all.hex", erasure_again },
    { "erasure_elements.hex", erasure_again },
    { "event_decline.hex", event_again },
    { "event_send.hex", event_again },
    { "event_withdraw.hex", event_again },
    { "generation.hex", generation_again },
    { "head_conflict.hex", head_conflict_again },
    { "head_revoked.hex", head_alone_again },
    { "key_sheet.hex", sheet_again },
    { "mark_collect.hex", collect_again },
    { "mark_cosigned.hex", cosigned_again },
    { "mark_deliver.hex", deliver_again },
    { "mark_head.hex", head_bare_again },
    { "head_epoch.hex", head_bare_again },
    { "mou.hex", mou_again },
    { "mou_in_force.hex", in_force_again },
    { "mou_offer.hex", offer_again },
    { "mou_signatures.hex", signatures_again },
    { "plain_busy.hex", plain_again },
    { "plain_refused.hex", plain_again },
    { "plain_rekey.hex", plain_again },
    { "reply_behind.hex", deliver_reply },
    { "reply_busy.hex", deliver_reply },
    { "reply_conflict.hex", deliver_reply },
    { "reply_cosigned.hex", deliver_reply },
    { "reply_fetch_wanted.hex", collect_reply },
    { "reply_fetched.hex", fetch_reply },
    { "reply_head.hex", head_reply },
    { "reply_introduce.hex", introduce_reply },
    { "reply_parcel.hex", collect_reply },
    { "reply_parcel_none.hex", collect_reply },
    { "reply_refused.hex", deliver_reply },
    { "revocation.hex", revocation_again },
    { "revocation_ledgers.hex", revocation_again },
    { "request_collect.hex", request_again },
    { "request_deliver.hex", request_again },
    { "request_fetch.hex", request_again },
    { "request_fetched.hex", request_again },
    { "request_head.hex", request_again },
    { "request_introduce.hex", request_again },
};

static void it_is_read_and_written_again(void **state)
{
    const struct row *row = *state;
    struct world world;
    world_open(&world);
    struct slice bytes = vector_read(&world, row->name);
    if (!slice_equal(row->again(&world, bytes), bytes))
        fail_msg("%s is written otherwise than it was read", row->name);
    world_close(&world);
}

/* A test for each vector, by its name. */
int main(void)
{
    struct CMUnitTest tests[sizeof rows / sizeof *rows] = { 0 };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tests[i].name = rows[i].name;
        tests[i].test_func = it_is_read_and_written_again;
        tests[i].initial_state = (void *)(uintptr_t)&rows[i];
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
