/*
 * Would yesterday's peer still understand us, and we it? Each vector is
 * NAME.hex, the bytes, and NAME.txt, what they say. Asked of each:
 *
 *   - made anew from the same words and keys, the bytes are the same;
 *   - read, its signatures verified, it says the same;
 *   - written again from what was read, the bytes are the same.
 *
 * REFER_GOLDEN_WRITE=1 writes the files anew. A vector that changes breaks
 * every peer there is: give it another name instead.
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
#include "core/card.h"
#include "core/codec_card.h"
#include "core/limits.h"
#include "core/request.h"
#include "golden/world.h"
#include "support/crypto_repeat.h"

#define FOLDER SOURCE_DIR "/tests/golden/"
#define TEXT_SIZE_MAX (64u * 1024)
#define LINE_BYTES 32

/* ---- What a vector says, in lines ---------------------------------------- */

struct report {
    char *text;
    size_t size;
};

__attribute__((format(printf, 2, 3))) static void say(
    struct report *report, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(report->text + report->size,
        TEXT_SIZE_MAX - report->size, format, arguments);
    va_end(arguments);
    assert_true(size >= 0 && (size_t)size < TEXT_SIZE_MAX - report->size);
    report->size += (size_t)size;
}

static void say_text(struct report *report, const char *name, struct slice text)
{
    say(report, "%s: %.*s\n", name, (int)text.size, (const char *)text.bytes);
}

static void say_hex(
    struct report *report, const char *name, const void *bytes, size_t size)
{
    say(report, "%s: ", name);
    for (size_t i = 0; i < size; i++)
        say(report, "%02x", ((const uint8_t *)bytes)[i]);
    say(report, "\n");
}

static void say_time(struct report *report, const char *name, struct instant at)
{
    char text[TEXT_TIME_SIZE + 1];
    assert_int_equal(text_time_format(at, text), ERR_NONE);
    say(report, "%s: %s\n", name, text);
}

/* Names that a vector keeps even if a table here is extended one day. */
static void say_number(struct report *report, const char *name, uint64_t number)
{
    say(report, "%s: %llu\n", name, (unsigned long long)number);
}

/* ---- Reading each, and writing it again ---------------------------------- */

static struct slice card_again(
    struct world *world, struct slice bytes, struct report *report)
{
    struct card card;
    struct card_problem problem;
    struct signed_bytes shell;
    assert_int_equal(card_read(world->hospital.crypto, bytes, &world->arena,
                         &card, &problem),
        ERR_NONE);
    assert_int_equal(
        codec_signed_card_read(bytes, &world->arena, &shell), ERR_NONE);
    say_text(report, "agency", agency_id_slice(&card.agency));
    say_hex(report, "root_key", card.root_key, KEY_SIZE);
    say_number(report, "serial", card.serial);
    say_hex(report, "previous", card.previous.bytes, card.previous.size);
    say_text(report, "name", card.name);
    for (size_t i = 0; i < card.endpoint_count; i++)
        say_text(report, "endpoint", card.endpoints[i]);
    for (size_t i = 0; i < card.key_count; i++) {
        say_number(report, "key.purpose", card.keys[i].purpose);
        say_hex(report, "key.bytes", card.keys[i].key, KEY_SIZE);
        say_time(report, "key.from", card.keys[i].from);
        say_time(report, "key.until", card.keys[i].until);
    }
    for (size_t i = 0; i < card.contact_count; i++) {
        say_text(report, "contact.role", card.contacts[i].role);
        say_text(report, "contact.name", card.contacts[i].name);
        say_text(report, "contact.phone", card.contacts[i].phone);
        say_text(report, "contact.hours", card.contacts[i].hours);
    }
    say_time(report, "issued", card.issued);
    say_time(report, "valid_until", card.valid_until);
    say_hex(report, "signature", shell.signature, SIGNATURE_SIZE);
    return card_assemble(
        card_bytes(&card, &world->arena), shell.signature, &world->arena);
}

static struct slice sheet_again(
    struct world *world, struct slice bytes, struct report *report)
{
    struct card card;
    struct card_problem problem;
    struct key_sheet sheet;
    struct signed_bytes shell;
    assert_int_equal(
        card_read(world->opendoor.crypto, make_card(world, &world->hospital),
            &world->arena, &card, &problem),
        ERR_NONE);
    assert_int_equal(key_sheet_read(world->opendoor.crypto, &card, bytes,
                         &world->arena, &sheet),
        ERR_NONE);
    assert_int_equal(
        codec_signed_sheet_read(bytes, &world->arena, &shell), ERR_NONE);
    say_text(report, "agency", agency_id_slice(&sheet.agency));
    say_number(report, "serial", sheet.serial);
    say_time(report, "issued", sheet.issued);
    for (size_t i = 0; i < sheet.key_count; i++) {
        say_number(report, "key.day", sheet.keys[i].day);
        say_hex(report, "key.bytes", sheet.keys[i].key, KEY_SIZE);
        say_time(report, "key.from", sheet.keys[i].from);
        say_time(report, "key.until", sheet.keys[i].until);
    }
    say(report, "key_id: %016llx\n", (unsigned long long)shell.key_id);
    say_hex(report, "signature", shell.signature, SIGNATURE_SIZE);
    shell.bytes = codec_sheet_write(&sheet, &world->arena);
    return codec_signed_sheet_write(&shell, &world->arena);
}

static void say_mou(struct report *report, const struct mou *mou)
{
    say_text(report, "id", mou->id);
    say_text(report, "title", mou->title);
    say_number(report, "version", mou->version);
    say_time(report, "from", mou->from);
    say_time(report, "until", mou->until);
    for (size_t i = 0; i < mou->party_count; i++) {
        const struct mou_party *party = &mou->parties[i];
        say_text(report, "party", party->id);
        say_text(report, "party.agency", agency_id_slice(&party->agency));
        say(report, "party.roles:%s%s\n", party->refers ? " refers" : "",
            party->receives ? " receives" : "");
    }
    for (size_t i = 0; i < mou->service_count; i++)
        say_text(report, "service", mou->services[i].id);
    for (size_t i = 0; i < mou->pathway_count; i++) {
        say_text(report, "pathway.from", mou->pathways[i].from);
        say_text(report, "pathway.to", mou->pathways[i].to);
        say_text(report, "pathway.purpose", mou->pathways[i].purpose);
        say_number(report, "pathway.hops_max", mou->pathways[i].hops_max);
    }
    for (size_t i = 0; i < mou->never_share_count; i++)
        say_text(report, "never_share", mou->never_share[i]);
    say_number(report, "consent_days_max", mou->consent_days_max);
}

static struct slice mou_offer_again(
    struct world *world, struct slice bytes, struct report *report)
{
    struct crypto *crypto = world->hospital.crypto;
    struct mou_bundle bundle;
    struct mou_problem problem;
    struct mou mou;
    char id[MOU_ID_TEXT_SIZE + 1];
    assert_int_equal(
        mou_offer_read(crypto, bytes, &world->arena, &bundle), ERR_NONE);
    assert_int_equal(
        mou_read(crypto, bundle.mou, &world->arena, &mou, &problem), ERR_NONE);
    assert_true(slice_equal(mou_bytes(&mou, &world->arena), bundle.mou));
    mou_id_format(&bundle.id, id);
    say(report, "mou: %s\n", id);
    say_mou(report, &mou);
    for (size_t i = 0; i < bundle.signature_count; i++) {
        const struct mou_signature *signature = &bundle.signatures[i];
        assert_true(mou_signature_holds(crypto, &mou, &bundle.id, signature));
        say_text(report, "signed_by", agency_id_slice(&signature->agency));
        say_hex(report, "signature", signature->signature, SIGNATURE_SIZE);
    }
    return mou_offer_write(&bundle, &world->arena);
}

static void say_request(
    struct report *report, const struct referral_request *request)
{
    char thread[UUID_URN_SIZE + 1];
    uuid_format(&request->thread, thread);
    say_text(report, "service", request->service);
    say_text(report, "purpose", request->purpose);
    say_text(report, "urgency", slice_of_text(urgency_name(request->urgency)));
    say_text(report, "choice", slice_of_text(choice_name(request->choice)));
    say_text(
        report, "ask_back", slice_of_text(ask_back_name(request->ask_back)));
    say_text(report, "reason_plain", request->reason_plain);
    say_text(report, "thread", slice_of_text(thread));
    say_number(report, "hop", request->hop);
    say_time(report, "consent_at", request->consent_at);
    for (size_t i = 0; i < request->grant_count; i++) {
        const struct grant *grant = &request->grants[i];
        say_text(report, "grant.to", agency_id_slice(&grant->to));
        say_text(report, "grant.purpose", grant->purpose);
        for (size_t k = 0; k < grant->element_count; k++)
            say_text(report, "grant.element", grant->elements[k]);
        say_time(report, "grant.until", grant->until);
    }
}

static struct slice event_again(
    struct world *world, struct slice bytes, struct report *report)
{
    struct referral_event event;
    char id[UUID_URN_SIZE + 1];
    assert_int_equal(
        referral_event_read(bytes, &world->arena, &event), ERR_NONE);
    uuid_format(&event.referral, id);
    say_text(report, "referral", slice_of_text(id));
    say_hex(report, "mou", event.mou.bytes, sizeof event.mou.bytes);
    say_text(report, "type", slice_of_text(event_type_name(event.type)));
    say_number(report, "seq", event.seq);
    say_number(report, "seen", event.seen);
    say_text(report, "actor", slice_of_text(actor_kind_name(event.actor)));
    say_text(report, "role", event.role);
    say_time(report, "at", event.at);
    say_text(report, "key", event.key);
    if (event.request != NULL)
        say_request(report, event.request);
    for (size_t i = 0; i < event.detail_count; i++) {
        say_text(report, "detail", event.details[i].name);
        say_text(report, "detail.value", event.details[i].value);
    }
    for (size_t i = 0; i < event.element_count; i++) {
        say_text(report, "element", event.elements[i].name);
        say_text(report, "element.value", event.elements[i].value);
    }
    say_text(report, "state", slice_of_text(referral_state_name(event.state)));
    return referral_event_write(&event, &world->arena);
}

static struct slice header_again(
    struct world *world, struct slice bytes, struct report *report)
{
    struct entry_header header;
    uint8_t digest[HASH_SIZE];
    assert_int_equal(
        entry_header_read(bytes, &world->arena, &header), ERR_NONE);
    entry_digest(world->hospital.crypto, world_bytes(world, 0x20, SALT_SIZE),
        make_send(world), digest);
    assert_memory_equal(header.digest, digest, HASH_SIZE);
    say_text(report, "kind", slice_of_text(entry_kind_name(header.kind)));
    say_time(report, "at", header.at);
    say_hex(report, "digest", header.digest, HASH_SIZE);
    return entry_header_write(&header, &world->arena);
}

static struct slice answer_again(
    struct world *world, struct slice bytes, struct report *report)
{
    struct answer answer;
    assert_int_equal(answer_read(bytes, &world->arena, &answer), ERR_NONE);
    say(report, "generation: %016llx\n", (unsigned long long)answer.generation);
    for (size_t i = 0; i < answer.item_count; i++) {
        const struct answer_item *item = &answer.items[i];
        say_number(report, "index", item->index);
        say_number(report, "count", item->count);
        say_number(report, "verdict", item->verdict);
        say_text(report, "problem", slice_of_text(problem_name(item->problem)));
        say_text(report, "clause", item->clause);
        say_text(report, "remedy", item->remedy);
        say_number(report, "state", item->state);
    }
    return answer_write(&answer, &world->arena);
}

static struct slice note_again(
    struct world *world, struct slice bytes, struct report *report)
{
    struct note note;
    uint8_t key[KEY_SIZE];
    char text[NOTE_SIZE_MAX];
    assert_int_equal(note_parse(bytes, &note), ERR_NONE);
    crypto_repeat_ed25519(0xa1, key);
    assert_int_equal(note_verify(world->hospital.crypto, &note, key), ERR_NONE);
    if (note.has_cosignature) {
        crypto_repeat_ed25519(0xb2, key);
        assert_int_equal(note_verify_cosignature(world->opendoor.crypto, &note,
                             &world->hospital.id, key),
            ERR_NONE);
        say_number(report, "cosigned_s", note.cosigned_s);
    }
    say_number(report, "size", note.size);
    say_hex(report, "root", note.root, HASH_SIZE);
    struct slice again = arena_copy(&world->arena, note_print(&note, text));
    say(report, "%s", text);
    return again;
}

static struct slice deliver_again(
    struct world *world, struct slice bytes, struct report *report)
{
    struct deliver deliver;
    assert_int_equal(deliver_read(bytes, &world->arena, &deliver), ERR_NONE);
    say_hex(report, "fence", deliver.fence.bytes, deliver.fence.size);
    say_number(report, "collected", deliver.collected);
    say_number(report, "first_index", deliver.parcel.first_index);
    for (size_t i = 0; i < deliver.parcel.entry_count; i++) {
        const struct entry *entry = &deliver.parcel.entries[i];
        struct report inner = { test_calloc(1, TEXT_SIZE_MAX), 0 };
        say_hex(
            report, "entry.header", entry->header.bytes, entry->header.size);
        say_hex(report, "entry.salt", entry->salt.bytes, entry->salt.size);
        say_number(report, "entry.content_size", entry->content.size);
        if (i == 0)
            assert_true(slice_equal(
                header_again(world, entry->header, &inner), entry->header));
        test_free(inner.text);
    }
    struct slice note = note_again(world, deliver.parcel.note, report);
    assert_true(slice_equal(note, deliver.parcel.note));
    return deliver_write(&deliver, &world->arena);
}

static struct slice head_again(
    struct world *world, struct slice bytes, struct report *report)
{
    struct head head;
    assert_int_equal(head_read(bytes, &world->arena, &head), ERR_NONE);
    for (size_t i = 0; i < head.ledger_count; i++) {
        const struct ledger_view *view = &head.ledgers[i];
        say_number(report, "authored", view->authored);
        say(report, "generation: %016llx\n",
            (unsigned long long)view->generation);
        say_number(report, "size", view->size);
        say_number(report, "note_size", view->note.size);
        say_hex(report, "fence", view->fence.bytes, view->fence.size);
        say_number(report, "collected", view->collected);
    }
    assert_true(slice_equal(head.card, make_card(world, &world->hospital)));
    assert_true(slice_equal(head.sheet, make_sheet(world)));
    say_number(report, "card_serial", head.card_serial);
    say_number(report, "sheet_serial", head.sheet_serial);
    return head_write(&head, &world->arena);
}

static bool author_key(void *user, const struct agency_id *agency,
    uint64_t key_id, uint8_t key[KEY_SIZE])
{
    const struct world *world = user;
    crypto_repeat_ed25519(0xa3, key);
    return agency_id_equal(agency, &world->opendoor.id) &&
           crypto_key_id(world->hospital.crypto, key) == key_id;
}

/* What is sealed is not written again by who opened it: sealing it once more
 * from the same words is make_request's and make_reply's part. */
static struct slice request_again(
    struct world *world, struct slice bytes, struct report *report)
{
    struct request_secret secret;
    struct request request;
    assert_int_equal(
        request_open(world->hospital.crypto, &world->hospital.id, bytes,
            &world->arena, author_key, world, &secret, &request),
        ERR_NONE);
    assert_int_equal(request.opener, CRYPTO_OPENER_DAY);
    say_text(report, "sender", agency_id_slice(&request.sender));
    say_text(report, "recipient", agency_id_slice(&secret.recipient));
    say_number(report, "kind", request.kind);
    say_time(report, "at", request.at);
    say_hex(report, "enc", secret.enc, KEY_SIZE);
    say_number(report, "body_size", request.body.size);
    assert_true(slice_equal(request.body, make_deliver(world)));
    return bytes;
}

static struct slice reply_again(
    struct world *world, struct slice bytes, struct report *report)
{
    struct request_secret secret;
    struct request request;
    struct reply reply;
    struct cosigned cosigned;
    uint8_t key[1][KEY_SIZE];
    /* its request, as the one who asked remembers it */
    assert_int_equal(request_open(world->hospital.crypto, &world->hospital.id,
                         make_request(world), &world->arena, author_key, world,
                         &secret, &request),
        ERR_NONE);
    crypto_repeat_ed25519(0xb3, key[0]);
    assert_int_equal(
        reply_open(world->opendoor.crypto, &secret,
            (const uint8_t(*)[KEY_SIZE])key, 1, bytes, &world->arena, &reply),
        ERR_NONE);
    say_number(report, "kind", reply.kind);
    say_time(report, "at", reply.at);
    say_number(report, "body_size", reply.body.size);
    assert_int_equal(
        cosigned_read(reply.body, &world->arena, &cosigned), ERR_NONE);
    say_number(report, "collected", cosigned.collected);
    assert_true(slice_equal(cosigned.note, make_cosigned_note(world)));
    return bytes;
}

/* ---- Files --------------------------------------------------------------- */

static struct slice make_own_card(struct world *world)
{
    return make_card(world, &world->opendoor);
}

static const struct vector {
    const char *name;
    struct slice (*make)(struct world *world);
    struct slice (*again)(
        struct world *world, struct slice bytes, struct report *report);
} vectors[] = {
    { "card", make_own_card, card_again },
    { "key_sheet", make_sheet, sheet_again },
    { "mou_offer", make_mou_offer, mou_offer_again },
    { "referral_send", make_send, event_again },
    { "referral_decline", make_decline, event_again },
    { "entry_header", make_entry_header, header_again },
    { "answer", make_answer, answer_again },
    { "note", make_note, note_again },
    { "note_cosigned", make_cosigned_note, note_again },
    { "deliver", make_deliver, deliver_again },
    { "head", make_head, head_again },
    { "request", make_request, request_again },
    { "reply", make_reply, reply_again },
};

static struct slice file_read(struct world *world, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("%s is missing: REFER_GOLDEN_WRITE=1 writes it", path);
    uint8_t *bytes = arena_take(&world->arena, TEXT_SIZE_MAX);
    assert_non_null(bytes);
    size_t size = fread(bytes, 1, TEXT_SIZE_MAX, file);
    assert_true(size < TEXT_SIZE_MAX && ferror(file) == 0);
    assert_int_equal(fclose(file), 0);
    return slice_of(bytes, size);
}

static void file_write(const char *path, struct slice bytes)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.bytes, 1, bytes.size, file), bytes.size);
    assert_int_equal(fclose(file), 0);
}

/* Lines of 32 bytes as hexadecimal digits. */
static struct slice hex_lines(struct world *world, struct slice bytes)
{
    char *text = arena_take(
        &world->arena, TEXT_HEX_SIZE(bytes.size) + bytes.size / LINE_BYTES + 3);
    size_t size = 0;
    assert_non_null(text);
    for (size_t i = 0; i < bytes.size; i += LINE_BYTES) {
        size_t rest = bytes.size - i;
        size_t part = rest < LINE_BYTES ? rest : LINE_BYTES;
        size += text_hex_encode(slice_of(bytes.bytes + i, part), text + size,
            TEXT_HEX_SIZE(part) + 1);
        text[size++] = '\n';
    }
    return slice_of(text, size);
}

static struct slice hex_bytes(struct world *world, struct slice lines)
{
    uint8_t *bytes = arena_take(&world->arena, lines.size);
    size_t size = 0;
    struct slice line;
    assert_non_null(bytes);
    while (text_cut(&lines, '\n', &line)) {
        size_t part = 0;
        assert_int_equal(
            text_hex_decode(line, bytes + size, lines.size + line.size, &part),
            ERR_NONE);
        size += part;
    }
    assert_int_equal(lines.size, 0);
    return slice_of(bytes, size);
}

static const char *path_of(const struct vector *vector, const char *suffix)
{
    static char path[512];
    int size =
        snprintf(path, sizeof path, FOLDER "%s.%s", vector->name, suffix);
    assert_true(size > 0 && (size_t)size < sizeof path);
    return path;
}

static void vector_write(struct world *world, const struct vector *vector)
{
    struct report report = { test_calloc(1, TEXT_SIZE_MAX), 0 };
    struct slice bytes = vector->make(world);
    assert_non_null(bytes.bytes);
    (void)vector->again(world, bytes, &report);
    file_write(path_of(vector, "hex"), hex_lines(world, bytes));
    file_write(path_of(vector, "txt"), slice_of(report.text, report.size));
    test_free(report.text);
}

static void vector_check(struct world *world, const struct vector *vector)
{
    struct report report = { test_calloc(1, TEXT_SIZE_MAX), 0 };
    struct slice bytes =
        hex_bytes(world, file_read(world, path_of(vector, "hex")));
    struct slice text = file_read(world, path_of(vector, "txt"));
    struct slice again = vector->again(world, bytes, &report);
    if (!slice_equal(text, slice_of(report.text, report.size)))
        fail_msg("%s.txt says otherwise than %s.hex:\n%s", vector->name,
            vector->name, report.text);
    if (!slice_equal(again, bytes))
        fail_msg("%s is written otherwise than it was read", vector->name);
    if (!slice_equal(vector->make(world), bytes))
        fail_msg("%s is made otherwise than it was", vector->name);
    test_free(report.text);
}

static void what_peers_have_seen_stays_as_it_is(void **state)
{
    const struct vector *vector = *state;
    struct world world;
    world_open(&world);
    if (getenv("REFER_GOLDEN_WRITE") != NULL)
        vector_write(&world, vector);
    vector_check(&world, vector);
    world_close(&world);
}

/* A test for each vector, by its name. */
int main(void)
{
    struct CMUnitTest tests[sizeof vectors / sizeof *vectors] = { 0 };
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        tests[i].name = vectors[i].name;
        tests[i].test_func = what_peers_have_seen_stays_as_it_is;
        tests[i].initial_state = (void *)(uintptr_t)&vectors[i];
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
