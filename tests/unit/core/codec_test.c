#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/codec.h"
#include "core/envelope.h"
#include "refer/v1/ledger.pb-c.h"
#include "refer/v1/local.pb-c.h"
#include "refer/v1/request.pb-c.h"
#include "support/codec_check.h"
#include "support/hex.h"
#include "support/signed_part.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct arena arena;

static int arena_open(void **state)
{
    (void)state;
    return arena_init(&arena, 1u << 20) == ERR_NONE ? 0 : -1;
}

static int arena_close(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* ---- One encoding of each message ---- */

/* clang-format off */
static const struct {
    const char *it;
    const ProtobufCMessageDescriptor *descriptor;
    const char *hex;
    enum err err;
} rows[] = {
    { "nothing said",              &refer__v1__behind__descriptor, "", ERR_NONE },
    { "both fields",               &refer__v1__behind__descriptor, "08011005", ERR_NONE },
    { "a default said",            &refer__v1__behind__descriptor, "08011000", ERR_MALFORMED },
    { "a default enum said",       &refer__v1__behind__descriptor, "08001005", ERR_MALFORMED },
    { "an overlong number",        &refer__v1__behind__descriptor, "0801108500", ERR_MALFORMED },
    { "an overlong tag",           &refer__v1__behind__descriptor, "8800011005", ERR_MALFORMED },
    { "the other order",           &refer__v1__behind__descriptor, "10050801", ERR_MALFORMED },
    { "a field twice",             &refer__v1__behind__descriptor, "080110051006", ERR_MALFORMED },
    { "an unknown field",          &refer__v1__behind__descriptor, "080110051801", ERR_MALFORMED },
    { "an unknown reason",         &refer__v1__behind__descriptor, "08061005", ERR_MALFORMED },
    { "a negative reason",         &refer__v1__behind__descriptor, "08ffffffffffffffffff011005", ERR_MALFORMED },
    { "another wire type",         &refer__v1__behind__descriptor, "0a0101", ERR_MALFORMED },
    { "field number 0",            &refer__v1__behind__descriptor, "0001", ERR_MALFORMED },
    { "a group",                   &refer__v1__behind__descriptor, "1b1c", ERR_MALFORMED },
    { "cut in a number",           &refer__v1__behind__descriptor, "080110", ERR_MALFORMED },
    { "a number without end",      &refer__v1__behind__descriptor, "10ffffffffffffffffffff01", ERR_MALFORMED },
    { "size of 64 bits",           &refer__v1__behind__descriptor, "10ffffffffffffffffff01", ERR_NONE },
    { "more than 64 bits",         &refer__v1__behind__descriptor, "10ffffffffffffffffff03", ERR_MALFORMED },

    { "bytes",                     &refer__v1__conflict__descriptor, "0a02414212024344", ERR_NONE },
    { "bytes may be anything",     &refer__v1__conflict__descriptor, "0a0200ff", ERR_NONE },
    { "empty bytes said",          &refer__v1__conflict__descriptor, "0a00", ERR_MALFORMED },
    { "bytes beyond the end",      &refer__v1__conflict__descriptor, "0a0341", ERR_MALFORMED },
    { "a size of nearly 2^64",     &refer__v1__conflict__descriptor, "0affffffffffffffffff0141", ERR_MALFORMED },

    { "text",                      &refer__v1__local_field__descriptor, "0a016e120174", ERR_NONE },
    { "text with line and tab",    &refer__v1__local_field__descriptor, "0a016e1203610a09", ERR_NONE },
    { "text with NUL",             &refer__v1__local_field__descriptor, "0a016e1203610062", ERR_MALFORMED },
    { "text with a bell",          &refer__v1__local_field__descriptor, "0a016e120107", ERR_MALFORMED },
    { "text with a return",        &refer__v1__local_field__descriptor, "0a016e12010d", ERR_MALFORMED },
    { "text that is no UTF-8",     &refer__v1__local_field__descriptor, "0a016e1201ff", ERR_MALFORMED },
    { "an overlong slash",         &refer__v1__local_field__descriptor, "0a016e1202c0af", ERR_MALFORMED },
    { "half a surrogate",          &refer__v1__local_field__descriptor, "0a016e1203eda080", ERR_MALFORMED },
    { "one of several: number 0",  &refer__v1__local_field__descriptor, "0a016e1800", ERR_NONE },
    { "one of several: false",     &refer__v1__local_field__descriptor, "0a016e2800", ERR_NONE },
    { "a flag of 2",               &refer__v1__local_field__descriptor, "0a016e2802", ERR_MALFORMED },
    { "two of several",            &refer__v1__local_field__descriptor, "0a016e1801" "2801", ERR_MALFORMED },
    { "one of several, twice",     &refer__v1__local_field__descriptor, "0a016e120161120162", ERR_MALFORMED },

    { "a list",                    &refer__v1__answer__descriptor, "1204080110021801", ERR_NONE },
    { "a list that is whole",      &refer__v1__answer__descriptor, "1206080110021801" "1801", ERR_NONE },
    { "an unknown field in it",    &refer__v1__answer__descriptor, "1208080110021801" "4001" "1801", ERR_MALFORMED },
    { "an unknown value in it",    &refer__v1__answer__descriptor, "1206080110021804" "1801", ERR_MALFORMED },
    { "bad text in it",            &refer__v1__answer__descriptor, "12092a0107" "080110021801" "1801", ERR_MALFORMED },
    { "bad text in it, in order",  &refer__v1__answer__descriptor, "120908011002" "1801" "2a0107" "1801", ERR_MALFORMED },
    { "good text in it",           &refer__v1__answer__descriptor, "120908011002" "1801" "2a0141" "1801", ERR_NONE },
    { "list after what follows",   &refer__v1__answer__descriptor, "1801" "1206080110021801", ERR_MALFORMED },
    { "a part twice",              &refer__v1__deliver__descriptor, "12020801" "12020802", ERR_MALFORMED },
    { "an empty part",             &refer__v1__deliver__descriptor, "1200", ERR_NONE },
};
/* clang-format on */

static void only_the_canonical_encoding_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t bytes[64];
        const ProtobufCMessage *message;
        struct slice in = hex(rows[i].hex, bytes, sizeof bytes);
        enum err err = codec_unpack(
            rows[i].descriptor, in, sizeof bytes, &arena, &message);
        if (err != rows[i].err)
            fail_msg("%s: %s", rows[i].it, err_name(err));
        assert_int_equal(message != NULL, err == ERR_NONE);
        if (err == ERR_NONE)
            assert_true(slice_equal(codec_pack(message, &arena), in));
    }
}

static void more_than_the_limit_is_not_looked_at(void **state)
{
    const ProtobufCMessage *message = NULL;
    (void)state;
    struct slice bytes = SLICE_LITERAL("\x08\x01\x10\x05");
    assert_int_equal(codec_unpack(&refer__v1__behind__descriptor, bytes, 4,
                         &arena, &message),
        ERR_NONE);
    assert_int_equal(codec_unpack(&refer__v1__behind__descriptor, bytes, 3,
                         &arena, &message),
        ERR_LIMIT);
    assert_null(message);
}

static void a_full_arena_is_a_limit_and_no_fault_of_the_bytes(void **state)
{
    const ProtobufCMessage *message;
    (void)state;
    struct slice bytes = SLICE_LITERAL("\x0a\x02\x41\x42\x12\x02\x43\x44");
    for (size_t capacity = 0;; capacity += 16) {
        struct arena small = { .block = arena.block, .capacity = capacity };
        enum err err = codec_unpack(
            &refer__v1__conflict__descriptor, bytes, 64, &small, &message);
        arena_reset(&small);
        if (err == ERR_NONE)
            break;
        assert_int_equal(err, ERR_LIMIT);
        assert_true(capacity < 4096);
    }
}

static void packing_needs_room(void **state)
{
    Refer__V1__Behind behind = REFER__V1__BEHIND__INIT;
    (void)state;
    behind.size = 5;
    struct arena small = { .block = arena.block, .capacity = 2 };
    assert_null(codec_pack(&behind.base, &small).bytes);
    behind.size = 0; /* nothing to say is said in no bytes */
    assert_non_null(codec_pack(&behind.base, &arena).bytes);
    assert_int_equal(codec_pack(&behind.base, &arena).size, 0);
}

static void fixed_bytes_are_neither_fewer_nor_more(void **state)
{
    uint8_t in[3] = { 1, 2, 3 };
    uint8_t out[2] = { 0 };
    (void)state;
    assert_int_equal(
        codec_fixed((ProtobufCBinaryData){ 2, in }, out, 2), ERR_NONE);
    assert_memory_equal(out, in, 2);
    assert_int_equal(
        codec_fixed((ProtobufCBinaryData){ 1, in }, out, 2), ERR_MALFORMED);
    assert_int_equal(
        codec_fixed((ProtobufCBinaryData){ 3, in }, out, 2), ERR_MALFORMED);
    assert_int_equal(
        codec_fixed((ProtobufCBinaryData){ 0, NULL }, out, 0), ERR_NONE);
}

static void text_is_terminated(void **state)
{
    (void)state;
    assert_string_equal(codec_text(slice_of("words", 3), &arena), "wor");
    assert_string_equal(codec_text(SLICE_NONE, &arena), "");
    struct arena small = { .block = arena.block, .capacity = 3 };
    assert_null(codec_text(slice_of("words", 3), &small));
}

/* ---- Envelopes: what request.h is made of ---- */

static enum err header_again(
    struct slice bytes, struct arena *memory, struct slice *again)
{
    struct envelope_header header;
    enum err err = envelope_header_read(bytes, memory, &header);
    if (err == ERR_NONE)
        *again = envelope_header_write(&header, memory);
    return err;
}

static enum err envelope_again(
    struct slice bytes, struct arena *memory, struct slice *again)
{
    struct slice header;
    struct slice ciphertext;
    enum err err = envelope_read(bytes, memory, &header, &ciphertext);
    if (err == ERR_NONE)
        *again = envelope_write(header, ciphertext, memory);
    return err;
}

static enum err request_again(
    struct slice bytes, struct arena *memory, struct slice *again)
{
    struct request request;
    enum err err = request_statement_read(bytes, memory, &request);
    if (err == ERR_NONE)
        *again = request_statement_write(&request, memory);
    return err;
}

static enum err reply_again(
    struct slice bytes, struct arena *memory, struct slice *again)
{
    struct reply reply;
    enum err err = reply_statement_read(bytes, memory, &reply);
    if (err == ERR_NONE)
        *again = reply_statement_write(&reply, memory);
    return err;
}

static enum err part_again(
    struct slice bytes, struct arena *memory, struct slice *again)
{
    struct signed_part part;
    enum err err = signed_part_read(bytes, memory, &part);
    if (err == ERR_NONE)
        *again = signed_part_write(&part, memory);
    return err;
}

static enum err shell_again(
    struct slice bytes, struct arena *memory, struct slice *again)
{
    struct reply_shell shell;
    enum err err = reply_shell_read(bytes, memory, &shell);
    if (err == ERR_NONE)
        *again = reply_shell_write(&shell, memory);
    return err;
}

#define ALICE                                                                  \
    {                                                                          \
        "abcdefghijklmnopqrstuvwxyz"                                           \
    }

static void envelopes_are_strict(void **state)
{
    static const uint8_t nonce[SEED_SIZE] = { 3 };
    const struct envelope_header header = { 1, ALICE, 99, { 7 } };
    const struct request request = { .sender = ALICE,
        .kind = REQUEST_HEAD,
        .at = { 1780000000000 },
        .body = SLICE_LITERAL("body") };
    const struct reply reply = { .kind = REPLY_BUSY,
        .at = { 1780000000000 },
        .body = SLICE_LITERAL("body") };
    const struct signed_part part = { SLICE_LITERAL("statement"), { 5 }, 98 };
    const struct reply_shell sealed = { .version = 1,
        .nonce = SLICE_ARRAY(nonce),
        .ciphertext = SLICE_LITERAL("sealed") };
    const struct reply_shell plain = {
        .version = 1, .plain = PLAIN_BUSY, .retry_after_ms = 500
    };
    (void)state;
    struct slice header_bytes = envelope_header_write(&header, &arena);
    assert_strict(header_bytes, header_again);
    assert_strict(envelope_write(header_bytes, SLICE_LITERAL("sealed"), &arena),
        envelope_again);
    assert_strict(request_statement_write(&request, &arena), request_again);
    assert_strict(reply_statement_write(&reply, &arena), reply_again);
    assert_strict(signed_part_write(&part, &arena), part_again);
    assert_strict(reply_shell_write(&sealed, &arena), shell_again);
    assert_strict(reply_shell_write(&plain, &arena), shell_again);
}

static void an_agency_is_named_by_26_characters(void **state)
{
    static const char *const wrong[] = { "", "abcdefghijklmnopqrstuvwxy",
        "Abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwxy1",
        "abcdefghijklmnopqrstuvwxy " };
    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct envelope_header header = { 1, ALICE, 99, { 7 } };
        struct request request = { .kind = REQUEST_HEAD };
        memset(&header.recipient, 0, sizeof header.recipient);
        memcpy(header.recipient.text, wrong[i], strlen(wrong[i]));
        request.sender = header.recipient;
        assert_int_equal(
            envelope_header_read(
                envelope_header_write(&header, &arena), &arena, &header),
            ERR_MALFORMED);
        assert_int_equal(
            request_statement_read(
                request_statement_write(&request, &arena), &arena, &request),
            ERR_MALFORMED);
    }
}

static void statements_have_a_kind_and_a_time(void **state)
{
    static const struct {
        int kind;
        int64_t at_ms;
        enum err err;
    } cases[] = {
        { 1, 0, ERR_NONE },
        { 1, INT64_MAX, ERR_NONE },
        { 1, INT64_MIN, ERR_MALFORMED }, /* 2^63 on the wire */
        { 1, -1, ERR_MALFORMED },
        { 0, 5, ERR_MALFORMED },
        { 99, 5, ERR_MALFORMED },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct request request = { .sender = ALICE,
            .kind = (enum request_kind)cases[i].kind,
            .at = { cases[i].at_ms } };
        struct reply reply = { .kind = (enum reply_kind)cases[i].kind,
            .at = { cases[i].at_ms } };
        assert_int_equal(
            request_statement_read(
                request_statement_write(&request, &arena), &arena, &request),
            cases[i].err);
        assert_int_equal(
            reply_statement_read(
                reply_statement_write(&reply, &arena), &arena, &reply),
            cases[i].err);
    }
}

int main(void)
{
#define WITH_ARENA(test)                                                       \
    cmocka_unit_test_setup_teardown(test, arena_open, arena_close)
    const struct CMUnitTest tests[] = {
        WITH_ARENA(only_the_canonical_encoding_is_read),
        WITH_ARENA(more_than_the_limit_is_not_looked_at),
        WITH_ARENA(a_full_arena_is_a_limit_and_no_fault_of_the_bytes),
        WITH_ARENA(packing_needs_room),
        cmocka_unit_test(fixed_bytes_are_neither_fewer_nor_more),
        WITH_ARENA(text_is_terminated),
        WITH_ARENA(envelopes_are_strict),
        WITH_ARENA(an_agency_is_named_by_26_characters),
        WITH_ARENA(statements_have_a_kind_and_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
