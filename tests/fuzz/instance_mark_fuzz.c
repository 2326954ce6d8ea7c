/*
 * The mark beside the store with any contents: what is taken prints again, in
 * today's form, as what is taken again; bytes are equal but for how the ends
 * of earlier versions were written. The store is judged by it in every case,
 * and none of them is the mark of two stores. Input: the file.
 */
#include <stdlib.h>
#include <string.h>

#include "core/instance.h"
#include "support/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A store that is behind the mark lost something; one that is not, did not. */
static void judge(const struct instance_mark *mark)
{
    struct instance store = { .life = mark->life,
        .life_before = mark->life + 1,
        .commits = mark->commits };
    if (mark->life == 0) {
        store.life = 1;
        MUST(instance_judge(mark, &store) == LOSS_RESTORED);
        return;
    }
    MUST(instance_judge(mark, &store) == LOSS_NONE);
    if (mark->commits > 0) {
        store.commits--;
        MUST(instance_judge(mark, &store) == LOSS_OLDER);
        store.commits++;
    }
    if (mark->life < UINT64_MAX) {
        store.life = mark->life + 1;
        MUST(instance_judge(mark, &store) == LOSS_OLDER);
        store.life_before = mark->life;
        MUST(instance_judge(mark, &store) == LOSS_NONE);
    }
    store.life = 0;
    MUST(instance_judge(mark, &store) == LOSS_GONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[INSTANCE_MARK_TEXT_SIZE];
    struct instance_mark mark;
    struct instance_mark again;
    memset(&mark, 0xff, sizeof mark);
    enum err err = instance_mark_parse(slice_of(data, size), &mark);
    MUST(err == ERR_NONE || err == ERR_MALFORMED);
    MUST(mark.is_there == (err == ERR_NONE));
    if (err != ERR_NONE) {
        MUST(mark.life == 0 && mark.commits == 0);
        return 0;
    }
    size_t text_size = instance_mark_print(&mark, text);
    MUST(text_size < sizeof text && text_size <= size);
    MUST(instance_mark_parse(slice_of(text, text_size), &again) == ERR_NONE);
    MUST(again.life == mark.life && again.commits == mark.commits);
    MUST(text_size < size || memcmp(text, data, size) == 0);
    judge(&mark);
    return 0;
}
