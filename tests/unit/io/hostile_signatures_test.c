/*
 * Signatures that must not pass, made from the curve's definition alone. Under
 * keys of low order, and other encodings of them, signatures do verify: those
 * keys must be refused before. What both let pass would be a forgery.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/public_key.h"
#include "io/crypto_openssl.h"
#include "support/hex.h"

#define TEXT(literal) literal, sizeof(literal) - 1

/* clang-format off */

static const struct {
    const char *it;
    bool verifies; /* as RFC 8032 has it, without the cofactor */
    bool is_sound;
    const char *message;
    size_t message_size;
    const char *key;
    const char *signature;
} rows[] = {
    { "honest, for comparison", true, true,
      TEXT("refer.v1 request take this person on"),
      "6e2e1f66b3c608a4b57ec70cda0f1a63012a5d829ceb49d983eaa3ffa8f78772",
      "0db5335d32eb200c33aad8a6a974b857a93a0041e03bb63599c450d37e0138a9"
      "517ea07549152dc20cad7df899fe7fbb81421f84996f0790a79e28961e659d0c" },
    { "one for every message, key of order 1", true, false,
      TEXT("refer.v1 request take this person on"),
      "0100000000000000000000000000000000000000000000000000000000000000",
      "b862409fb5c4c4123df2abf7462b88f041ad36dd6864ce872fd5472be363c5b1"
      "0700000000000000000000000000000000000000000000000000000000000000" },
    { "the same for another message", true, false,
      TEXT("refer.v1 reply anything at all"),
      "0100000000000000000000000000000000000000000000000000000000000000",
      "b862409fb5c4c4123df2abf7462b88f041ad36dd6864ce872fd5472be363c5b1"
      "0700000000000000000000000000000000000000000000000000000000000000" },
    { "the same for no message", true, false,
      TEXT(""),
      "0100000000000000000000000000000000000000000000000000000000000000",
      "b862409fb5c4c4123df2abf7462b88f041ad36dd6864ce872fd5472be363c5b1"
      "0700000000000000000000000000000000000000000000000000000000000000" },
    { "key of order 1, sign bit", true, false,
      TEXT("refer.v1 request 0"),
      "0100000000000000000000000000000000000000000000000000000000000080",
      "5866666666666666666666666666666666666666666666666666666666666666"
      "0100000000000000000000000000000000000000000000000000000000000000" },
    { "key of order 1 as p + 1", true, false,
      TEXT("refer.v1 request 0"),
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "5866666666666666666666666666666666666666666666666666666666666666"
      "0100000000000000000000000000000000000000000000000000000000000000" },
    { "key of order 1 as p + 1, sign bit", true, false,
      TEXT("refer.v1 request 0"),
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
      "5866666666666666666666666666666666666666666666666666666666666666"
      "0100000000000000000000000000000000000000000000000000000000000000" },
    { "key of order 2", true, false,
      TEXT("refer.v1 request 0"),
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "5866666666666666666666666666666666666666666666666666666666666666"
      "0100000000000000000000000000000000000000000000000000000000000000" },
    { "key of order 2, sign bit", true, false,
      TEXT("refer.v1 request 2"),
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
      "d4b4f5784868c3020403246717ec169ff79e26608ea126a1ab69ee77d1b16712"
      "0300000000000000000000000000000000000000000000000000000000000000" },
    { "key of order 4", true, false,
      TEXT("refer.v1 request 0"),
      "0000000000000000000000000000000000000000000000000000000000000000",
      "5866666666666666666666666666666666666666666666666666666666666666"
      "0100000000000000000000000000000000000000000000000000000000000000" },
    { "key of order 4, sign bit", true, false,
      TEXT("refer.v1 request 1"),
      "0000000000000000000000000000000000000000000000000000000000000080",
      "c9a3f86aae465f0e56513864510f3997561fa2c9e85ea21dc2292309f3cd6022"
      "0200000000000000000000000000000000000000000000000000000000000000" },
    { "key of order 4 as p", true, false,
      TEXT("refer.v1 request 6"),
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "b862409fb5c4c4123df2abf7462b88f041ad36dd6864ce872fd5472be363c5b1"
      "0700000000000000000000000000000000000000000000000000000000000000" },
    { "key of order 4 as p, sign bit", true, false,
      TEXT("refer.v1 request 1"),
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
      "c9a3f86aae465f0e56513864510f3997561fa2c9e85ea21dc2292309f3cd6022"
      "0200000000000000000000000000000000000000000000000000000000000000" },
    { "key of order 8", true, false,
      TEXT("refer.v1 request 10"),
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
      "1337036ac32d8f30d4589c3c1c595812ce0fff40e37c6f5a97ab213f318290ad"
      "0b00000000000000000000000000000000000000000000000000000000000000" },
    { "key of order 8, sign bit", true, false,
      TEXT("refer.v1 request 5"),
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
      "f47e49f9d07ad2c1606b4d94067c41f9777d4ffda709b71da1d88628fce34d85"
      "0600000000000000000000000000000000000000000000000000000000000000" },
    { "key of order 8, other y", true, false,
      TEXT("refer.v1 request 2"),
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
      "d4b4f5784868c3020403246717ec169ff79e26608ea126a1ab69ee77d1b16712"
      "0300000000000000000000000000000000000000000000000000000000000000" },
    { "key of order 8, other y, sign bit", true, false,
      TEXT("refer.v1 request 6"),
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
      "b862409fb5c4c4123df2abf7462b88f041ad36dd6864ce872fd5472be363c5b1"
      "0700000000000000000000000000000000000000000000000000000000000000" },
    { "S + L", false, true,
      TEXT("refer.v1 request take this person on"),
      "6e2e1f66b3c608a4b57ec70cda0f1a63012a5d829ceb49d983eaa3ffa8f78772",
      "0db5335d32eb200c33aad8a6a974b857a93a0041e03bb63599c450d37e0138a9"
      "3e5296d263783f1ae349759b78f85ed081421f84996f0790a79e28961e659d1c" },
    { "S + 2L", false, true,
      TEXT("refer.v1 request take this person on"),
      "6e2e1f66b3c608a4b57ec70cda0f1a63012a5d829ceb49d983eaa3ffa8f78772",
      "0db5335d32eb200c33aad8a6a974b857a93a0041e03bb63599c450d37e0138a9"
      "2b268c2f7edb5172b9e66c3e57f23de581421f84996f0790a79e28961e659d2c" },
    { "S + 8L", false, true,
      TEXT("refer.v1 request take this person on"),
      "6e2e1f66b3c608a4b57ec70cda0f1a63012a5d829ceb49d983eaa3ffa8f78772",
      "0db5335d32eb200c33aad8a6a974b857a93a0041e03bb63599c450d37e0138a9"
      "b91d4f5d1c2ec082bf933a108fcd776282421f84996f0790a79e28961e659d8c" },
    { "L - S", false, true,
      TEXT("refer.v1 request take this person on"),
      "6e2e1f66b3c608a4b57ec70cda0f1a63012a5d829ceb49d983eaa3ffa8f78772",
      "0db5335d32eb200c33aad8a6a974b857a93a0041e03bb63599c450d37e0138a9"
      "9c5555e7d04de595c9ef79aa44fb5e597ebde07b6690f86f5861d769e19a6203" },
    { "R is identity as p + 1", false, true,
      TEXT("refer.v1 request take this person on"),
      "6e2e1f66b3c608a4b57ec70cda0f1a63012a5d829ceb49d983eaa3ffa8f78772",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
      "c176800991bfa266b9d3155d0ebc6805484162c89a74a0df0c81d1877737e50d" },
    { "R is identity, sign bit", false, true,
      TEXT("refer.v1 request take this person on"),
      "6e2e1f66b3c608a4b57ec70cda0f1a63012a5d829ceb49d983eaa3ffa8f78772",
      "0100000000000000000000000000000000000000000000000000000000000080"
      "1754378daaea731c8cab561d6f03fb594b7bd3e2e4602371fee6b9ae09461801" },
    { "R with a part of order 8", false, true,
      TEXT("refer.v1 request take this person on"),
      "6e2e1f66b3c608a4b57ec70cda0f1a63012a5d829ceb49d983eaa3ffa8f78772",
      "fc33be5508bed9c952ff10ee1783c7cc8796e2d6cc40f689bf725e04e04f7025"
      "afe193852e70bd7defbe6af2d65386bf4135c78502990a3c1ecfc8888978250e" },
    { "key with a part of order 8", false, true,
      TEXT("refer.v1 request take this person on 0"),
      "ad4e7b93e68437cbb32b0d9093b215fdbab549ad57c3500b544b741923a0b14d",
      "0db5335d32eb200c33aad8a6a974b857a93a0041e03bb63599c450d37e0138a9"
      "5dc723ef3d86c974f5de8310b31e962264afbe85bbc3e927568b878d7eb6190f" },
    { "bit of R flipped", false, true,
      TEXT("refer.v1 request take this person on"),
      "6e2e1f66b3c608a4b57ec70cda0f1a63012a5d829ceb49d983eaa3ffa8f78772",
      "2db5335d32eb200c33aad8a6a974b857a93a0041e03bb63599c450d37e0138a9"
      "517ea07549152dc20cad7df899fe7fbb81421f84996f0790a79e28961e659d0c" },
    { "sign bit of R flipped", false, true,
      TEXT("refer.v1 request take this person on"),
      "6e2e1f66b3c608a4b57ec70cda0f1a63012a5d829ceb49d983eaa3ffa8f78772",
      "0db5335d32eb200c33aad8a6a974b857a93a0041e03bb63599c450d37e013829"
      "517ea07549152dc20cad7df899fe7fbb81421f84996f0790a79e28961e659d0c" },
    { "bit of S flipped", false, true,
      TEXT("refer.v1 request take this person on"),
      "6e2e1f66b3c608a4b57ec70cda0f1a63012a5d829ceb49d983eaa3ffa8f78772",
      "0db5335d32eb200c33aad8a6a974b857a93a0041e03bb63599c450d37e0138a9"
      "507ea07549152dc20cad7df899fe7fbb81421f84996f0790a79e28961e659d0c" },
    { "top bit of S set", false, true,
      TEXT("refer.v1 request take this person on"),
      "6e2e1f66b3c608a4b57ec70cda0f1a63012a5d829ceb49d983eaa3ffa8f78772",
      "0db5335d32eb200c33aad8a6a974b857a93a0041e03bb63599c450d37e0138a9"
      "517ea07549152dc20cad7df899fe7fbb81421f84996f0790a79e28961e659d8c" },
    { "bit of the key flipped", false, true,
      TEXT("refer.v1 request take this person on"),
      "6e2c1f66b3c608a4b57ec70cda0f1a63012a5d829ceb49d983eaa3ffa8f78772",
      "0db5335d32eb200c33aad8a6a974b857a93a0041e03bb63599c450d37e0138a9"
      "517ea07549152dc20cad7df899fe7fbb81421f84996f0790a79e28961e659d0c" },
    { "sign bit of the key flipped", false, true,
      TEXT("refer.v1 request take this person on"),
      "6e2e1f66b3c608a4b57ec70cda0f1a63012a5d829ceb49d983eaa3ffa8f787f2",
      "0db5335d32eb200c33aad8a6a974b857a93a0041e03bb63599c450d37e0138a9"
      "517ea07549152dc20cad7df899fe7fbb81421f84996f0790a79e28961e659d0c" },
    { "bit of the message flipped", false, true,
      TEXT("refer.v1 request dake this person on"),
      "6e2e1f66b3c608a4b57ec70cda0f1a63012a5d829ceb49d983eaa3ffa8f78772",
      "0db5335d32eb200c33aad8a6a974b857a93a0041e03bb63599c450d37e0138a9"
      "517ea07549152dc20cad7df899fe7fbb81421f84996f0790a79e28961e659d0c" },
    { "message cut short", false, true,
      TEXT("refer.v1 request take this person o"),
      "6e2e1f66b3c608a4b57ec70cda0f1a63012a5d829ceb49d983eaa3ffa8f78772",
      "0db5335d32eb200c33aad8a6a974b857a93a0041e03bb63599c450d37e0138a9"
      "517ea07549152dc20cad7df899fe7fbb81421f84996f0790a79e28961e659d0c" },
    { "message made longer", false, true,
      TEXT("refer.v1 request take this person on\000"),
      "6e2e1f66b3c608a4b57ec70cda0f1a63012a5d829ceb49d983eaa3ffa8f78772",
      "0db5335d32eb200c33aad8a6a974b857a93a0041e03bb63599c450d37e0138a9"
      "517ea07549152dc20cad7df899fe7fbb81421f84996f0790a79e28961e659d0c" },
    { "no message", false, true,
      TEXT(""),
      "6e2e1f66b3c608a4b57ec70cda0f1a63012a5d829ceb49d983eaa3ffa8f78772",
      "0db5335d32eb200c33aad8a6a974b857a93a0041e03bb63599c450d37e0138a9"
      "517ea07549152dc20cad7df899fe7fbb81421f84996f0790a79e28961e659d0c" },
    { "prefix of a reply", false, true,
      TEXT("refer.v1 reply take this person on"),
      "6e2e1f66b3c608a4b57ec70cda0f1a63012a5d829ceb49d983eaa3ffa8f78772",
      "0db5335d32eb200c33aad8a6a974b857a93a0041e03bb63599c450d37e0138a9"
      "517ea07549152dc20cad7df899fe7fbb81421f84996f0790a79e28961e659d0c" },
    { "prefix missing", false, true,
      TEXT("take this person on"),
      "6e2e1f66b3c608a4b57ec70cda0f1a63012a5d829ceb49d983eaa3ffa8f78772",
      "0db5335d32eb200c33aad8a6a974b857a93a0041e03bb63599c450d37e0138a9"
      "517ea07549152dc20cad7df899fe7fbb81421f84996f0790a79e28961e659d0c" },
    { "another's key", false, true,
      TEXT("refer.v1 request take this person on"),
      "31265384a3acb4fdce0437b6db07c32f05eea85a01ad6a53dce04090ce7bc65e",
      "0db5335d32eb200c33aad8a6a974b857a93a0041e03bb63599c450d37e0138a9"
      "517ea07549152dc20cad7df899fe7fbb81421f84996f0790a79e28961e659d0c" },
    { "another's signature", false, true,
      TEXT("refer.v1 request take this person on"),
      "6e2e1f66b3c608a4b57ec70cda0f1a63012a5d829ceb49d983eaa3ffa8f78772",
      "e37561f0b4b4e1b7c79f695776a767387b29413fc6af83ccb4f4b87e3086d7d0"
      "7809fb7524a9419c1b6fc8928ebf8671dac4612ba8120debb92b01d0ba6cbd04" },
    { "R and S exchanged", false, true,
      TEXT("refer.v1 request take this person on"),
      "6e2e1f66b3c608a4b57ec70cda0f1a63012a5d829ceb49d983eaa3ffa8f78772",
      "517ea07549152dc20cad7df899fe7fbb81421f84996f0790a79e28961e659d0c"
      "0db5335d32eb200c33aad8a6a974b857a93a0041e03bb63599c450d37e0138a9" },
    { "all zero", false, true,
      TEXT("refer.v1 request take this person on"),
      "6e2e1f66b3c608a4b57ec70cda0f1a63012a5d829ceb49d983eaa3ffa8f78772",
      "0000000000000000000000000000000000000000000000000000000000000000"
      "0000000000000000000000000000000000000000000000000000000000000000" },
    { "all ones", false, true,
      TEXT("refer.v1 request take this person on"),
      "6e2e1f66b3c608a4b57ec70cda0f1a63012a5d829ceb49d983eaa3ffa8f78772",
      "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
      "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff" },
    { "S of another message", false, true,
      TEXT("refer.v1 request take this person on"),
      "6e2e1f66b3c608a4b57ec70cda0f1a63012a5d829ceb49d983eaa3ffa8f78772",
      "0db5335d32eb200c33aad8a6a974b857a93a0041e03bb63599c450d37e0138a9"
      "a1f0a2cd7c84b5e0270a0005fa07f29d933534d6d750c58f6654ab2006d3750d" },
    { "signed over its SHA-512 (Ed25519ph)", false, true,
      TEXT("refer.v1 request take this person on"),
      "6e2e1f66b3c608a4b57ec70cda0f1a63012a5d829ceb49d983eaa3ffa8f78772",
      "ea7c552842ff887e32aed2090e96fb6f3cf06e2a4d24094786316f3f08588369"
      "889e0c82b5b5be58c19910dd798939ed567d9406eb81879e88df5560fe672806" },
};

/* clang-format on */

#define ROW_COUNT (sizeof rows / sizeof *rows)

static void forgeries_fail_by_signature_or_by_key(void **state)
{
    struct crypto *crypto = NULL;
    size_t passed_count = 0;
    (void)state;
    assert_int_equal(crypto_openssl_new(NULL, &crypto), ERR_NONE);
    for (size_t i = 0; i < ROW_COUNT; i++) {
        uint8_t key[KEY_SIZE];
        uint8_t signature[SIGNATURE_SIZE];
        hex_exactly(rows[i].key, key, sizeof key);
        hex_exactly(rows[i].signature, signature, sizeof signature);
        struct slice message = slice_of(rows[i].message, rows[i].message_size);
        bool verifies = crypto->ops->verify(crypto, key, message, signature);
        bool is_sound = public_key_is_sound(key);
        if (verifies != rows[i].verifies)
            fail_msg("%s: verifies: %d", rows[i].it, verifies);
        if (is_sound != rows[i].is_sound)
            fail_msg("%s: is sound: %d", rows[i].it, is_sound);
        if (verifies && is_sound)
            passed_count++;
    }
    /* the first row alone, which is honest */
    assert_int_equal(passed_count, 1);
    crypto_openssl_free(crypto);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forgeries_fail_by_signature_or_by_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
