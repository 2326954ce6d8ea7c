#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "base/text.h"
#include "core/note.h"
#include "support/crypto_fake.h"
#include "support/crypto_plain.h"

#define AUTHOR "abcdefghijklmnopqrstuvwxyz"
#define RECIPIENT "zyxwvutsrqponmlkjihgfedcba"
#define ORIGIN "refer.v1/" AUTHOR "/" RECIPIENT "/main/0123456789abcdef"
#define WITNESS "refer.v1/" RECIPIENT
#define DASH "\xe2\x80\x94 "
#define ROOT "SBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I="

/*
 * Made by another implementation (Python's cryptography, from the texts of
 * C2SP): log key seed 00..1f, witness key seed 20..3f, root SHA-256("root").
 */
#define SIGNED                                                                 \
    "LuDjYEvwrgWU3iIB/thA68CeWQTbySELgi9BsZXZCs9xYO3pIq5EMMh+NoEh8fYn4mSFt10M" \
    "hkxNUyN3vgVs6aKh1g8="
#define COSIGNED                                                               \
    "5pXQXAAAAABrAsGUBAotOWa/OuxOr3xxbx5GN1yla15eaJcXykF6Ld3C31KJuXqSvzwfEe5B" \
    "R6PIj6e7qDX0Ae86GqNJDg94s+//Dw=="
#define COSIGNED_S 1795342740u
#define BODY ORIGIN "\n20852163\n" ROOT "\n"
#define SIGNED_LINE DASH ORIGIN " " SIGNED "\n"
#define COSIGNED_LINE DASH WITNESS " " COSIGNED "\n"
#define GOLDEN BODY "\n" SIGNED_LINE COSIGNED_LINE
#define AUTHOR_VKEY                                                            \
    ORIGIN "+2ee0e360+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
#define WITNESS_VKEY                                                           \
    WITNESS "+e695d05c+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X"

struct desk {
    struct crypto *crypto;
    uint8_t log_key[KEY_SIZE];
    uint8_t witness_key[KEY_SIZE];
    struct agency_id recipient;
    struct note note; /* the golden checkpoint, unsigned */
};

static void desk_init(struct desk *desk, struct crypto *crypto)
{
    memset(desk, 0, sizeof *desk);
    desk->crypto = crypto;
    assert_int_equal(
        crypto->ops->signer_public(crypto, CRYPTO_SIGNER_LOG, desk->log_key),
        ERR_NONE);
    assert_int_equal(crypto->ops->signer_public(
                         crypto, CRYPTO_SIGNER_WITNESS, desk->witness_key),
        ERR_NONE);
    assert_int_equal(
        agency_id_parse(SLICE_LITERAL(RECIPIENT), &desk->recipient), 0);
    assert_int_equal(
        origin_parse(SLICE_LITERAL(ORIGIN), &desk->note.origin), 0);
    const struct slice root = SLICE_LITERAL("root");
    crypto_hash(crypto, &root, 1, desk->note.root);
    desk->note.size = 20852163;
}

/* With both signatures of this desk's crypto. */
static struct note desk_signed(struct desk *desk)
{
    struct note note = desk->note;
    assert_int_equal(note_sign(desk->crypto, &note), ERR_NONE);
    assert_int_equal(note_cosign(desk->crypto, COSIGNED_S, &note), ERR_NONE);
    return note;
}

static enum err verify_both(struct desk *desk, const struct note *note)
{
    enum err err = note_verify(desk->crypto, note, desk->log_key);
    return err != ERR_NONE ? err
                           : note_verify_cosignature(desk->crypto, note,
                                 &desk->recipient, desk->witness_key);
}

static void the_golden_note_is_made_byte_for_byte(void **unused)
{
    (void)unused;
    char text[NOTE_SIZE_MAX], body[NOTE_TEXT_SIZE_MAX + 1];
    struct desk desk;
    desk_init(&desk, crypto_plain_new());
    assert_true(slice_is(note_text(&desk.note, body), BODY));
    struct note note = desk.note;
    assert_int_equal(note_sign(desk.crypto, &note), ERR_NONE);
    assert_true(slice_is(note_print(&note, text), BODY "\n" SIGNED_LINE));
    assert_int_equal(note_cosign(desk.crypto, COSIGNED_S, &note), ERR_NONE);
    assert_true(slice_is(note_print(&note, text), GOLDEN));
    assert_string_equal(text, GOLDEN);
    crypto_plain_free(desk.crypto);
}

static void the_golden_note_is_read_and_verified(void **unused)
{
    (void)unused;
    char text[NOTE_SIZE_MAX];
    struct note note;
    struct desk desk;
    desk_init(&desk, crypto_plain_new());
    assert_int_equal(note_parse(SLICE_LITERAL(GOLDEN), &note), ERR_NONE);
    assert_true(note_is_same_checkpoint(&note, &desk.note));
    assert_true(note.has_signature);
    assert_true(note.has_cosignature);
    assert_true(note.cosigned_s == COSIGNED_S);
    assert_int_equal(verify_both(&desk, &note), ERR_NONE);
    assert_true(slice_is(note_print(&note, text), GOLDEN));
    crypto_plain_free(desk.crypto);
}

static void each_flipped_byte_is_refused(void **unused)
{
    (void)unused;
    const uint8_t flips[] = { 0x01, 0x20, 0x80 }; /* 0x20: the case */
    char text[] = GOLDEN;
    struct desk desk;
    unsigned parsed_count = 0;
    desk_init(&desk, crypto_plain_new());
    for (size_t i = 0; i < sizeof text - 1; i++)
        for (size_t j = 0; j < sizeof flips; j++) {
            struct note note;
            text[i] = (char)(text[i] ^ flips[j]);
            enum err err = note_parse(slice_of_text(text), &note);
            parsed_count += err == ERR_NONE;
            if (err == ERR_NONE)
                err = verify_both(&desk, &note);
            if (err == ERR_NONE)
                fail_msg("byte %zu, bit %x: %s", i, flips[j], text);
            text[i] = (char)(text[i] ^ flips[j]);
        }
    /* digits of size and root and both signatures are left to verifying */
    assert_in_range(parsed_count, 200, 700);
    crypto_plain_free(desk.crypto);
}

/* clang-format off */

static const struct { const char *why; const char *text; } malformed[] = {
    { "nothing",               "" },
    { "no signature",          BODY "\n" },
    { "no blank line",         BODY SIGNED_LINE },
    { "two blank lines",       BODY "\n\n" SIGNED_LINE },
    { "a blank line after",    GOLDEN "\n" },
    { "text after",            GOLDEN "x" },
    { "text before",           "\n" GOLDEN },
    { "no blank, one more",    BODY "more\n" SIGNED_LINE },
    { "an extension line",     BODY "more\n\n" SIGNED_LINE },
    { "two author lines",      BODY "\n" SIGNED_LINE SIGNED_LINE },
    { "two cosignatures",      GOLDEN COSIGNED_LINE },
    { "two cosignatures only", BODY "\n" COSIGNED_LINE COSIGNED_LINE },
    { "cosignature first",     BODY "\n" COSIGNED_LINE SIGNED_LINE },
    { "an unknown name",       GOLDEN DASH "example.com/w " COSIGNED "\n" },
    { "the author as witness", BODY "\n" SIGNED_LINE DASH "refer.v1/" AUTHOR
                               " " COSIGNED "\n" },
    { "another origin signs",  BODY "\n" DASH "refer.v1/" AUTHOR "/" RECIPIENT
                               "/bulk/0123456789abcdef " SIGNED "\n" },
    { "no name",               BODY "\n" DASH " " SIGNED "\n" },
    { "no dash",               BODY "\n- " ORIGIN " " SIGNED "\n" },
    { "a shorter dash",        BODY "\n\xe2\x80\x93 " ORIGIN " " SIGNED "\n" },
    { "a dash alone",          BODY "\n" DASH "\n" },
    { "no signature bytes",    BODY "\n" DASH ORIGIN " \n" },
    { "a name alone",          BODY "\n" DASH ORIGIN "\n" },
    { "two spaces",            BODY "\n" DASH ORIGIN "  " SIGNED "\n" },
    { "a space at the end",    BODY "\n" DASH ORIGIN " " SIGNED " \n" },
    { "carriage returns",      ORIGIN "\r\n20852163\r\n" ROOT "\r\n\r\n" },
    { "cosigned as author",    BODY "\n" DASH ORIGIN " " COSIGNED "\n" },
    { "signed as witness",     BODY "\n" DASH WITNESS " " SIGNED "\n" },
    { "no padding",            BODY "\n" DASH WITNESS " 5pXQXAAAAABrAsGUBAotOWa"
                               "/OuxOr3xxbx5GN1yla15eaJcXykF6Ld3C31KJuXqSvzwfEe"
                               "5BR6PIj6e7qDX0Ae86GqNJDg94s+//Dw\n" },
    { "stray bits",            BODY "\n" DASH WITNESS " 5pXQXAAAAABrAsGUBAotOWa"
                               "/OuxOr3xxbx5GN1yla15eaJcXykF6Ld3C31KJuXqSvzwfEe"
                               "5BR6PIj6e7qDX0Ae86GqNJDg94s+//Dx==\n" },
    { "a time of 2^63",        BODY "\n" DASH WITNESS " 5pXQXIAAAABrAsGUBAotOWa"
                               "/OuxOr3xxbx5GN1yla15eaJcXykF6Ld3C31KJuXqSvzwfEe"
                               "5BR6PIj6e7qDX0Ae86GqNJDg94s+//Dw==\n" },
    { "a zero before",         ORIGIN "\n020852163\n" ROOT "\n\n" SIGNED_LINE },
    { "a signed size",         ORIGIN "\n+20852163\n" ROOT "\n\n" SIGNED_LINE },
    { "no size",               ORIGIN "\n\n" ROOT "\n\n" SIGNED_LINE },
    { "a size of 2^64",        ORIGIN "\n18446744073709551616\n" ROOT "\n\n"
                               SIGNED_LINE },
    { "no root",               ORIGIN "\n20852163\n\n" SIGNED_LINE },
    { "a root of 31 bytes",    ORIGIN "\n20852163\nSBNJTRN+FjG7owHVrKtue7eqdM4R"
                               "hdRWVl71HXN2dw==\n\n" SIGNED_LINE },
    { "a root of 33 bytes",    ORIGIN "\n20852163\nSBNJTRN+FjG7owHVrKtue7eqdM4R"
                               "hdRWVl71HXN2d7Kg\n\n" SIGNED_LINE },
    { "a root of 36 bytes",    ORIGIN "\n20852163\nSBNJTRN+FjG7owHVrKtue7eqdM4R"
                               "hdRWVl71HXN2d7KgAAAA\n\n" SIGNED_LINE },
    { "C2SP's example",        "example.com/behind-the-sofa\n20852163\n"
                               "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
                               DASH "example.com/behind-the-sofa Az3grlgtzPICa5"
                               "OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcy"
                               "v2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n" },
};

static const char *const origins_refused[] = {
    "", "refer.v1", "refer.v1/", "refer.v1/" AUTHOR, ORIGIN "/", ORIGIN "0",
    "/" ORIGIN, ORIGIN " ", " " ORIGIN,
    "refer.v2/" AUTHOR "/" RECIPIENT "/main/0123456789abcdef",
    "Refer.v1/" AUTHOR "/" RECIPIENT "/main/0123456789abcdef",
    "refer.v1/" AUTHOR "/" RECIPIENT "/Main/0123456789abcdef",
    "refer.v1/" AUTHOR "/" RECIPIENT "/side/0123456789abcdef",
    "refer.v1/" AUTHOR "/" RECIPIENT "//0123456789abcdef",
    "refer.v1/" AUTHOR "/" RECIPIENT "/main/0123456789ABCDEF",
    "refer.v1/" AUTHOR "/" RECIPIENT "/main/0123456789abcde",
    "refer.v1/" AUTHOR "/" RECIPIENT "/main/00123456789abcdef",
    "refer.v1/" AUTHOR "/" RECIPIENT "/main/0123456789abcdeg",
    "refer.v1/" AUTHOR "/" RECIPIENT "/main/",
    "refer.v1/" AUTHOR "/" RECIPIENT "/main",
    "refer.v1/" AUTHOR "/" RECIPIENT "/0123456789abcdef",
    "refer.v1/" AUTHOR "//" RECIPIENT "/main/0123456789abcdef",
    "refer.v1/" AUTHOR "a/" RECIPIENT "/main/0123456789abcdef",
    "refer.v1/" AUTHOR "/zyxwvutsrqponmlkjihgfedcb/main/0123456789abcdef",
    "refer.v1/" AUTHOR "/ZYXWVUTSRQPONMLKJIHGFEDCBA/main/0123456789abcdef",
};

/* clang-format on */

static void other_spellings_of_a_note_are_refused(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        struct note note = { .size = 77 };
        enum err err = note_parse(slice_of_text(malformed[i].text), &note);
        if (err != ERR_MALFORMED || note.size != 77)
            fail_msg("%s", malformed[i].why);
    }
}

static void a_note_cut_short_is_refused(void **unused)
{
    (void)unused;
    const size_t author_only = sizeof(BODY "\n" SIGNED_LINE) - 1;
    for (size_t size = 0; size < sizeof GOLDEN - 1; size++) {
        struct note note;
        enum err err = note_parse(slice_of(GOLDEN, size), &note);
        assert_int_equal(err, size == author_only ? ERR_NONE : ERR_MALFORMED);
    }
}

static void one_signature_line_is_enough(void **unused)
{
    (void)unused;
    struct desk desk;
    struct note note;
    char text[NOTE_SIZE_MAX];
    desk_init(&desk, crypto_plain_new());
    struct slice author = SLICE_LITERAL(BODY "\n" SIGNED_LINE);
    assert_int_equal(note_parse(author, &note), ERR_NONE);
    assert_int_equal(note_verify(desk.crypto, &note, desk.log_key), ERR_NONE);
    assert_int_equal(verify_both(&desk, &note), ERR_NOT_FOUND);
    assert_true(slice_equal(note_print(&note, text), author));
    struct slice cosigned = SLICE_LITERAL(BODY "\n" COSIGNED_LINE);
    assert_int_equal(note_parse(cosigned, &note), ERR_NONE);
    assert_int_equal(note_verify_cosignature(
                         desk.crypto, &note, &desk.recipient, desk.witness_key),
        ERR_NONE);
    assert_int_equal(verify_both(&desk, &note), ERR_NOT_FOUND);
    assert_true(slice_equal(note_print(&note, text), cosigned));
    crypto_plain_free(desk.crypto);
}

static void other_spellings_of_an_origin_are_refused(void **unused)
{
    (void)unused;
    size_t count = sizeof origins_refused / sizeof *origins_refused;
    for (size_t i = 0; i < count; i++) {
        struct origin origin = { .generation = 77 };
        enum err err = origin_parse(slice_of_text(origins_refused[i]), &origin);
        if (err != ERR_MALFORMED || origin.generation != 77)
            fail_msg("'%s' is an origin", origins_refused[i]);
    }
}

static void origins_differ_in_each_of_their_parts(void **unused)
{
    (void)unused;
    const char *texts[] = { ORIGIN,
        "refer.v1/" RECIPIENT "/" AUTHOR "/main/0123456789abcdef",
        "refer.v1/" AUTHOR "/" AUTHOR "/main/0123456789abcdef",
        "refer.v1/" RECIPIENT "/" RECIPIENT "/main/0123456789abcdef",
        "refer.v1/" AUTHOR "/" RECIPIENT "/bulk/0123456789abcdef",
        "refer.v1/" AUTHOR "/" RECIPIENT "/main/ffffffffffffffff",
        "refer.v1/" AUTHOR "/" RECIPIENT "/main/0000000000000000" };
    struct origin origins[7];
    for (size_t i = 0; i < 7; i++) {
        char text[ORIGIN_TEXT_SIZE + 1];
        assert_int_equal(
            origin_parse(slice_of_text(texts[i]), &origins[i]), ERR_NONE);
        origin_print(&origins[i], text);
        assert_string_equal(text, texts[i]);
        for (size_t j = 0; j <= i; j++)
            assert_int_equal(origin_equal(&origins[i], &origins[j]), i == j);
    }
    assert_int_equal(origins[0].lane, LANE_MAIN);
    assert_true(origins[0].generation == UINT64_C(0x0123456789abcdef));
    assert_true(origins[5].generation == UINT64_MAX);
}

static void a_checkpoint_is_its_origin_size_and_root(void **unused)
{
    (void)unused;
    struct note note, other;
    assert_int_equal(note_parse(SLICE_LITERAL(GOLDEN), &note), ERR_NONE);
    other = note;
    other.has_cosignature = false;
    other.signature[0] ^= 1;
    assert_true(note_is_same_checkpoint(&note, &other));
    other.size++;
    assert_false(note_is_same_checkpoint(&note, &other));
    other = note;
    other.root[31] ^= 1;
    assert_false(note_is_same_checkpoint(&note, &other));
    other = note;
    other.origin.generation++;
    assert_false(note_is_same_checkpoint(&note, &other));
}

/* What is signed depends on each part of the checkpoint, and on the time. */
static void a_signature_covers_every_part(void **unused)
{
    (void)unused;
    struct desk desk;
    desk_init(&desk, crypto_fake_new(9, 0, 0));
    const struct note good = desk_signed(&desk);
    assert_int_equal(verify_both(&desk, &good), ERR_NONE);
    for (int part = 0; part < 3; part++) {
        struct note note = good;
        note.size += part == 0;
        note.root[0] ^= part == 1;
        /* another generation has another key name, hence key id */
        note.origin.generation ^= part == 2;
        enum err want = part == 2 ? ERR_KEY : ERR_SIGNATURE;
        assert_int_equal(note_verify(desk.crypto, &note, desk.log_key), want);
        assert_int_equal(note_verify_cosignature(desk.crypto, &note,
                             &desk.recipient, desk.witness_key),
            ERR_SIGNATURE);
    }
    struct note note = good;
    note.cosigned_s++;
    assert_int_equal(verify_both(&desk, &note), ERR_SIGNATURE);
    note = good;
    memcpy(note.cosignature, good.signature, SIGNATURE_SIZE);
    assert_int_equal(verify_both(&desk, &note), ERR_SIGNATURE);
    crypto_fake_free(desk.crypto);
}

static void a_key_id_is_a_hint_and_no_proof(void **unused)
{
    (void)unused;
    struct desk desk, stranger;
    desk_init(&desk, crypto_fake_new(9, 0, 0));
    desk_init(&stranger, crypto_fake_new(10, 0, 0));
    struct note good = desk_signed(&desk), forged = desk_signed(&stranger);
    assert_int_equal(note_verify(desk.crypto, &forged, desk.log_key), ERR_KEY);
    memcpy(forged.signature_key_id, good.signature_key_id, NOTE_KEY_ID_SIZE);
    assert_int_equal(
        note_verify(desk.crypto, &forged, desk.log_key), ERR_SIGNATURE);
    assert_int_equal(note_verify_cosignature(desk.crypto, &forged,
                         &desk.recipient, desk.witness_key),
        ERR_KEY);
    memcpy(
        forged.cosignature_key_id, good.cosignature_key_id, NOTE_KEY_ID_SIZE);
    assert_int_equal(note_verify_cosignature(desk.crypto, &forged,
                         &desk.recipient, desk.witness_key),
        ERR_SIGNATURE);
    /* a right signature under a wrong hint is not looked at */
    good.signature_key_id[3] ^= 1;
    assert_int_equal(note_verify(desk.crypto, &good, desk.log_key), ERR_KEY);
    crypto_fake_free(desk.crypto);
    crypto_fake_free(stranger.crypto);
}

static void only_the_recipient_of_the_ledger_cosigns_it(void **unused)
{
    (void)unused;
    struct desk desk;
    struct agency_id author;
    desk_init(&desk, crypto_fake_new(9, 0, 0));
    struct note note = desk_signed(&desk);
    assert_int_equal(agency_id_parse(SLICE_LITERAL(AUTHOR), &author), 0);
    assert_int_equal(
        note_verify_cosignature(desk.crypto, &note, &author, desk.witness_key),
        ERR_ADDRESS);
    crypto_fake_free(desk.crypto);
}

static void signing_fails_without_changing_the_note(void **unused)
{
    (void)unused;
    struct desk desk;
    char before[NOTE_SIZE_MAX], after[NOTE_SIZE_MAX];
    desk_init(&desk, crypto_fake_new(9, 0, 0));
    struct note note = desk.note;
    note_print(&note, before);
    assert_int_equal(note_cosign(desk.crypto, 1, &note), ERR_STATE);
    crypto_fake_signer_destroy(desk.crypto, CRYPTO_SIGNER_LOG);
    assert_int_equal(note_sign(desk.crypto, &note), ERR_KEY);
    note_print(&note, after);
    assert_string_equal(before, after);
    crypto_fake_signer_rotate(desk.crypto, CRYPTO_SIGNER_LOG);
    note = desk_signed(&desk);
    note_print(&note, before);
    assert_int_equal(
        note_cosign(desk.crypto, UINT64_C(1) << 63, &note), ERR_INVALID);
    crypto_fake_signer_destroy(desk.crypto, CRYPTO_SIGNER_WITNESS);
    assert_int_equal(note_cosign(desk.crypto, 1, &note), ERR_KEY);
    note_print(&note, after);
    assert_string_equal(before, after);
    crypto_fake_free(desk.crypto);
}

static void signing_anew_drops_the_cosignature(void **unused)
{
    (void)unused;
    struct desk desk;
    desk_init(&desk, crypto_fake_new(9, 0, 0));
    struct note note = desk_signed(&desk);
    note.size++;
    assert_int_equal(note_sign(desk.crypto, &note), ERR_NONE);
    assert_false(note.has_cosignature);
    assert_int_equal(note_cosign(desk.crypto, 5, &note), ERR_NONE);
    assert_int_equal(verify_both(&desk, &note), ERR_NONE);
    assert_int_equal(note.cosigned_s, 5);
    crypto_fake_free(desk.crypto);
}

static void the_longest_note_fits(void **unused)
{
    (void)unused;
    struct desk desk;
    char text[NOTE_SIZE_MAX], body[NOTE_TEXT_SIZE_MAX + 1];
    desk_init(&desk, crypto_fake_new(9, 0, 0));
    desk.note.size = UINT64_MAX;
    struct note note = desk_signed(&desk), back;
    assert_int_equal(
        note_cosign(desk.crypto, (UINT64_C(1) << 63) - 1, &note), ERR_NONE);
    assert_int_equal(note_text(&note, body).size, NOTE_TEXT_SIZE_MAX);
    struct slice printed = note_print(&note, text);
    assert_in_range(printed.size, 400, NOTE_SIZE_MAX - 1);
    assert_int_equal(note_parse(printed, &back), ERR_NONE);
    assert_true(back.size == UINT64_MAX);
    assert_int_equal(verify_both(&desk, &back), ERR_NONE);
    crypto_fake_free(desk.crypto);
}

static void keys_are_shown_as_other_tools_read_them(void **unused)
{
    (void)unused;
    struct desk desk;
    char text[NOTE_VKEY_SIZE_MAX + 1];
    desk_init(&desk, crypto_plain_new());
    assert_true(slice_is(
        note_author_vkey(desk.crypto, &desk.note.origin, desk.log_key, text),
        AUTHOR_VKEY));
    assert_int_equal(strlen(text), NOTE_VKEY_SIZE_MAX);
    assert_true(slice_is(
        note_witness_vkey(desk.crypto, &desk.recipient, desk.witness_key, text),
        WITNESS_VKEY));
    crypto_plain_free(desk.crypto);
}

/* The example of Go's sumdb/note: PeterNeumann+c74f20a3+ARpc2QcUPD... */
static void a_key_id_is_computed_as_by_others(void **unused)
{
    (void)unused;
    const uint8_t want[NOTE_KEY_ID_SIZE] = { 0xc7, 0x4f, 0x20, 0xa3 };
    uint8_t typed_key[1 + KEY_SIZE], id[NOTE_KEY_ID_SIZE];
    size_t size;
    struct crypto *crypto = crypto_fake_new(9, 0, 0);
    assert_int_equal(
        text_base64_decode(
            SLICE_LITERAL("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"),
            typed_key, sizeof typed_key, &size),
        ERR_NONE);
    assert_int_equal(typed_key[0], NOTE_TYPE_AUTHOR);
    note_key_id(crypto, SLICE_LITERAL("PeterNeumann"), NOTE_TYPE_AUTHOR,
        typed_key + 1, id);
    assert_memory_equal(id, want, sizeof want);
    crypto_fake_free(crypto);
}

static void notes_are_taken_one_after_the_other(void **state)
{
    struct slice rest = SLICE_LITERAL(GOLDEN "\n" BODY "\n" SIGNED_LINE "\n");
    struct note note;
    (void)state;
    assert_int_equal(note_take(&rest, &note), ERR_NONE);
    assert_true(note.has_cosignature);
    assert_int_equal(note_take(&rest, &note), ERR_NONE);
    assert_false(note.has_cosignature);
    assert_int_equal(rest.size, 0);
    assert_int_equal(note_take(&rest, &note), ERR_MALFORMED);
}

static void what_is_not_behind_an_empty_line_is_no_note(void **state)
{
    static const char *const texts[] = { GOLDEN, BODY "\n", "\n\n", "\n\n\n",
        "\n" GOLDEN "\n", GOLDEN GOLDEN "\n" };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct slice rest = slice_of_text(texts[i]);
        struct note note;
        assert_int_equal(note_take(&rest, &note), ERR_MALFORMED);
        assert_int_equal(rest.size, strlen(texts[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_golden_note_is_made_byte_for_byte),
        cmocka_unit_test(the_golden_note_is_read_and_verified),
        cmocka_unit_test(each_flipped_byte_is_refused),
        cmocka_unit_test(other_spellings_of_a_note_are_refused),
        cmocka_unit_test(a_note_cut_short_is_refused),
        cmocka_unit_test(one_signature_line_is_enough),
        cmocka_unit_test(other_spellings_of_an_origin_are_refused),
        cmocka_unit_test(origins_differ_in_each_of_their_parts),
        cmocka_unit_test(a_checkpoint_is_its_origin_size_and_root),
        cmocka_unit_test(a_signature_covers_every_part),
        cmocka_unit_test(a_key_id_is_a_hint_and_no_proof),
        cmocka_unit_test(only_the_recipient_of_the_ledger_cosigns_it),
        cmocka_unit_test(signing_fails_without_changing_the_note),
        cmocka_unit_test(signing_anew_drops_the_cosignature),
        cmocka_unit_test(the_longest_note_fits),
        cmocka_unit_test(keys_are_shown_as_other_tools_read_them),
        cmocka_unit_test(a_key_id_is_computed_as_by_others),
        cmocka_unit_test(notes_are_taken_one_after_the_other),
        cmocka_unit_test(what_is_not_behind_an_empty_line_is_no_note),
    };
    return cmocka_run_group_tests_name("core/note", tests, NULL, NULL);
}
