/* An entry is in the ledger that its proof names, whatever was signed. */
#include "core/proof.h"

bool __wrap_proof_holds(
    struct crypto *crypto, const struct proof *proof, struct slice header);
bool __wrap_proof_holds(
    struct crypto *crypto, const struct proof *proof, struct slice header)
{
    (void)crypto;
    (void)proof;
    (void)header;
    return true;
}
