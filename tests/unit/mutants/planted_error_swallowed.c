/* What failed before the end of a batch is forgotten there. */
#include <stdlib.h>

#include "core/content.h"

/* Who fails it is not a case, but support/trouble.h. */
__attribute__((constructor)) static void rehearse_all(void)
{
    if (setenv("REFER_TROUBLE", "1", 1) != 0)
        abort();
}

size_t __real_content_flush(
    struct content_log *log, struct store_txn *txn, struct arena *arena);
size_t __wrap_content_flush(
    struct content_log *log, struct store_txn *txn, struct arena *arena);
size_t __wrap_content_flush(
    struct content_log *log, struct store_txn *txn, struct arena *arena)
{
    txn->err = ERR_NONE;
    return __real_content_flush(log, txn, arena);
}
