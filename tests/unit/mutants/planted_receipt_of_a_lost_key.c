/* A receipt stays as it was made, whoever can verify it. */
#include "core/signatory.h"

bool __wrap_signatory_is_shown_witness(
    struct work *work, const struct note *note);
bool __wrap_signatory_is_shown_witness(
    struct work *work, const struct note *note)
{
    (void)work;
    (void)note;
    return true;
}
