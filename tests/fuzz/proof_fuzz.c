/*
 * Proofs from strangers: what is parsed prints again byte for byte, and one
 * that holds is of a leaf of the one tree whose root is signed here. Needs
 * refer_core, refer_support_crypto_fake.
 */
#include <stdlib.h>
#include <string.h>

#include "core/proof.h"
#include "support/crypto_fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct crypto *crypto;
    static char text[PROOF_SIZE_MAX];
    static struct proof proof;
    struct slice input = slice_of(data, size);
    if (crypto == NULL)
        crypto = crypto_fake_new(1, 0, 0);
    if (proof_parse(input, &proof) != ERR_NONE)
        return 0;
    must(slice_equal(proof_print(&proof, text), input));
    must(size < PROOF_SIZE_MAX);
    /* without nodes the leaf is the root: that of this very input is not */
    must(!proof_holds(crypto, &proof, input));
    return 0;
}
