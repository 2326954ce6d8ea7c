#include "support/bench_keys.h"

#include "support/crypto_fake.h"
#include "support/must.h"

struct slice federation_keys_new(
    struct federation *federation, size_t agency, uint64_t serial)
{
    struct crypto *crypto = federation_crypto(federation, agency);
    for (int i = 0; i < CRYPTO_SIGNER_COUNT; i++)
        crypto_fake_signer_rotate(crypto, (enum crypto_signer)i);
    return federation_card_new(federation, agency, serial,
        (struct instant){ FEDERATION_START_MS + 60 * FEDERATION_DAY_MS });
}

void federation_keys_change(
    struct federation *federation, size_t agency, uint64_t serial)
{
    struct slice card = federation_keys_new(federation, agency, serial);
    MUST(federation_card_change(federation, agency, card) == ERR_NONE);
    federation_sheet(federation, agency);
}
