/*
 * Files that are to convict somebody: what is parsed prints again byte for
 * byte, and nobody's card is convicted by notes that it did not sign. Needs
 * refer_core, refer_support_crypto_fake.
 */
#include <stdlib.h>
#include <string.h>

#include "core/contradiction.h"
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
    static char text[CONTRADICTION_SIZE_MAX];
    static struct contradiction both;
    struct slice input = slice_of(data, size);
    if (crypto == NULL)
        crypto = crypto_fake_new(1, 0, 0);
    if (contradiction_parse(input, &both) != ERR_NONE)
        return 0;
    must(slice_equal(contradiction_print(&both, text), input));
    must(size < CONTRADICTION_SIZE_MAX);
    /* a card of the author without a log key */
    struct card card = { .agency = both.first.origin.author };
    enum err err = contradiction_convicts(crypto, &both, &card, 1);
    must(err ==
         (contradiction_holds(crypto, &both) ? ERR_SIGNATURE : ERR_INVALID));
    /* the same note twice contradicts nothing */
    both.second = both.first;
    both.path.count = 0;
    memcpy(both.root.bytes, both.first.root, HASH_SIZE);
    must(!contradiction_holds(crypto, &both));
    return 0;
}
