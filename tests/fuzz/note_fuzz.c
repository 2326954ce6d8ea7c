/*
 * Notes from peers: what is parsed prints again byte for byte, and what
 * verifies is the one checkpoint that was ever signed here. Needs refer_core,
 * refer_support_crypto_fake.
 */
#include <stdlib.h>
#include <string.h>

#include "core/note.h"
#include "support/crypto_fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One gateway plays both ends; this is all it signed. */
static struct {
    struct crypto *crypto;
    uint8_t log_key[KEY_SIZE];
    uint8_t witness_key[KEY_SIZE];
    struct note signed_note;
} desk;

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void desk_init(void)
{
    static const char origin[] = "refer.v1/abcdefghijklmnopqrstuvwxyz/"
                                 "zyxwvutsrqponmlkjihgfedcba/main/"
                                 "0123456789abcdef";
    desk.crypto = crypto_fake_new(1, 0, 0);
    must(desk.crypto->ops->signer_public(
             desk.crypto, CRYPTO_SIGNER_LOG, desk.log_key) == ERR_NONE);
    must(desk.crypto->ops->signer_public(
             desk.crypto, CRYPTO_SIGNER_WITNESS, desk.witness_key) == ERR_NONE);
    must(origin_parse(slice_of_text(origin), &desk.signed_note.origin) ==
         ERR_NONE);
    desk.signed_note.size = 7;
    must(note_sign(desk.crypto, &desk.signed_note) == ERR_NONE);
    must(note_cosign(desk.crypto, 1795342740, &desk.signed_note) == ERR_NONE);
}

/* Foreign claims, then signed by us: now they verify, and read back. */
static void check_signing(struct note *note)
{
    char text[NOTE_SIZE_MAX];
    struct note back;
    uint64_t cosigned_s = note->has_cosignature ? note->cosigned_s : 0;
    must(note_sign(desk.crypto, note) == ERR_NONE);
    must(note_cosign(desk.crypto, cosigned_s, note) == ERR_NONE);
    must(note_parse(note_print(note, text), &back) == ERR_NONE);
    must(note_is_same_checkpoint(note, &back));
    must(note_verify(desk.crypto, &back, desk.log_key) == ERR_NONE);
    must(note_verify_cosignature(desk.crypto, &back, &back.origin.recipient,
             desk.witness_key) == ERR_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[NOTE_SIZE_MAX], origin_text[ORIGIN_TEXT_SIZE + 1];
    struct note note;
    struct origin origin;
    struct slice input = slice_of(data, size);
    if (desk.crypto == NULL)
        desk_init();
    if (origin_parse(input, &origin) == ERR_NONE) {
        origin_print(&origin, origin_text);
        must(slice_is(input, origin_text));
    }
    for (struct slice rest = input; note_take(&rest, &note) == ERR_NONE;)
        must(note_print(&note, text).size < size);
    if (note_parse(input, &note) != ERR_NONE)
        return 0;
    must(slice_equal(note_print(&note, text), input));
    must(size < NOTE_SIZE_MAX);
    if (note_verify(desk.crypto, &note, desk.log_key) == ERR_NONE)
        must(note_is_same_checkpoint(&note, &desk.signed_note));
    if (note_verify_cosignature(desk.crypto, &note, &note.origin.recipient,
            desk.witness_key) == ERR_NONE) {
        must(note_is_same_checkpoint(&note, &desk.signed_note));
        must(note.cosigned_s == desk.signed_note.cosigned_s);
    }
    check_signing(&note);
    return 0;
}
