/*
 * Folders from strangers. The input is a folder in one row: for each file two
 * bytes, the sizes of its path and (times 16) of its bytes, then both. Its
 * list of files is judged as it is and made anew; nothing that no key of ours
 * signed is ever proved. Needs refer_core, refer_support_crypto_fake.
 */
#include <stdlib.h>
#include <string.h>

#include "core/evidence.h"
#include "support/crypto_fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILE_COUNT_MAX 48
#define ARENA_SIZE (256u * 1024)

static struct {
    struct crypto *crypto;
    struct arena arena;
    struct arena scratch;
    struct evidence_report report;
} desk;

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void desk_init(void)
{
    desk.crypto = crypto_fake_new(1, 0, 0);
    must(arena_init(&desk.arena, ARENA_SIZE) == ERR_NONE);
    must(arena_init(&desk.scratch, ARENA_SIZE) == ERR_NONE);
}

static bool take(struct slice *rest, size_t size, struct slice *part)
{
    if (rest->size < size)
        return false;
    *part = slice_of(rest->bytes, size);
    *rest = slice_of(rest->bytes + size, rest->size - size);
    return true;
}

/* Files in the order of their paths, as a folder is read. */
static size_t unfold(struct slice rest, struct evidence_file *files)
{
    size_t count = 0;
    struct slice sizes, path, bytes;
    while (count < FILE_COUNT_MAX && take(&rest, 2, &sizes) &&
           take(&rest, sizes.bytes[0], &path) &&
           take(&rest, (size_t)sizes.bytes[1] * 16, &bytes)) {
        size_t at = count++;
        for (; at > 0 && evidence_path_compare(files[at - 1].path, path) > 0;
             at--)
            files[at] = files[at - 1];
        files[at] = (struct evidence_file){ path, bytes };
    }
    return count;
}

static void judge(const struct evidence_file *files, size_t count)
{
    struct evidence_report *report = &desk.report;
    enum err err = evidence_verify(
        desk.crypto, files, count, &desk.arena, &desk.scratch, report);
    must(err == ERR_NONE || err == ERR_NO_MEMORY);
    must(report->event_count == 0);
    must(report->finding_count <= EVIDENCE_FINDING_COUNT_MAX);
    arena_rewind(&desk.arena, 0);
    arena_rewind(&desk.scratch, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct evidence_file files[FILE_COUNT_MAX];
    struct evidence_place place;
    enum evidence_part part;
    char path[EVIDENCE_PATH_SIZE];
    if (desk.crypto == NULL)
        desk_init();
    size_t count = unfold(slice_of(data, size), files);
    judge(files, count);
    for (size_t i = 0; i < count; i++) {
        if (evidence_entry_path_read(files[i].path, &place, &part) == ERR_NONE)
            must(slice_equal(
                evidence_entry_path(&place, part, path), files[i].path));
        if (slice_is(files[i].path, EVIDENCE_SUMS)) {
            struct arena sums = { 0 };
            must(arena_init(&sums, 64u * 1024) == ERR_NONE);
            files[i].bytes =
                evidence_sums_write(desk.crypto, files, count, &sums);
            judge(files, count);
            arena_release(&sums);
        }
    }
    return 0;
}
