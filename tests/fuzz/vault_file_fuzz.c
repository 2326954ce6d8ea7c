/*
 * The file of a vault with any contents. It is opened or refused, by both who
 * look at it alike; one that opens seals and opens again what it has entries
 * for, destroys what it is told to and nothing else, and is then one that
 * opens. Nothing is believed that was not sealed there.
 *
 * The first byte says whether the check of the head is made right (1) and the
 * file as long as its head says (2), and names (other bits) an entry; then the
 * file.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/file.h"
#include "io/openssl.h"
#include "io/vault_file.h"
#include "support/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEAD_SIZE VAULT_FILE_HEAD_SIZE
#define CHECK_AT 48 /* over all before it */
#define COUNT_AT VAULT_FILE_IDENTITY_SIZE
#define ENTRY_SIZE 32u
#define ENTRY_COUNT_MAX 4096u
#define WHERE SLICE_LITERAL("segment and slot")
#define PLAIN SLICE_LITERAL("words of a person")
#define SEALED_SIZE (sizeof "words of a person" - 1 + VAULT_OVERHEAD)

static const uint8_t secret[KEY_SIZE] = { 9 };

static struct {
    char directory[FILE_PATH_SIZE];
    char path[FILE_PATH_SIZE + 8];
    int file;
} desk = { .file = -1 };

static void desk_end(void)
{
    (void)unlink(desk.path);
    (void)rmdir(desk.directory);
}

static void desk_init(void)
{
    file_directory(desk.directory);
    (void)snprintf(desk.path, sizeof desk.path, "%s/vault", desk.directory);
    desk.file = open(desk.path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    MUST(desk.file >= 0 && atexit(desk_end) == 0);
}

static uint64_t count_of(const uint8_t *head)
{
    uint64_t count = 0;
    for (size_t i = 0; i < 8; i++)
        count = count << 8 | head[COUNT_AT + i];
    return count;
}

/* The file as it is to be, on the disk. */
static void place(uint8_t how, struct slice bytes)
{
    uint8_t digest[32];
    uint8_t head[HEAD_SIZE];
    file_hold(desk.file, bytes);
    if (bytes.size < HEAD_SIZE)
        return;
    memcpy(head, bytes.bytes, HEAD_SIZE);
    uint64_t count = count_of(head);
    if ((how & 1) != 0) {
        MUST(EVP_Q_digest(NULL, "SHA256", NULL, head, CHECK_AT, digest, NULL) ==
             1);
        memcpy(head + CHECK_AT, digest, HEAD_SIZE - CHECK_AT);
        MUST(lseek(desk.file, 0, SEEK_SET) == 0);
        file_write(desk.file, SLICE_ARRAY(head));
    }
    size_t wanted = HEAD_SIZE + (size_t)count * ENTRY_SIZE;
    if ((how & 2) != 0 && count <= ENTRY_COUNT_MAX && bytes.size < wanted)
        MUST(ftruncate(desk.file, (off_t)wanted) == 0);
}

static bool seals(struct vault *vault, uint64_t entry, uint8_t *sealed)
{
    enum err err = vault->ops->seal(vault, entry, WHERE, PLAIN, sealed);
    MUST(err == ERR_NONE || err == ERR_NOT_FOUND || err == ERR_CORRUPT);
    MUST(err != ERR_NONE || entry < vault->ops->count(vault));
    MUST((err == ERR_NOT_FOUND) == (vault->ops->is_destroyed(vault, entry) ||
                                       entry >= vault->ops->count(vault)));
    return err == ERR_NONE;
}

static enum err opens(
    struct vault *vault, uint64_t entry, const uint8_t sealed[SEALED_SIZE])
{
    uint8_t plain[SEALED_SIZE];
    enum err err = vault->ops->open(
        vault, entry, WHERE, slice_of(sealed, SEALED_SIZE), plain);
    if (err == ERR_NONE)
        MUST(memcmp(plain, PLAIN.bytes, PLAIN.size) == 0);
    return err;
}

static void use(struct vault *vault, uint64_t entry, uint8_t *sealed)
{
    uint64_t changes = vault->ops->changes(vault);
    uint64_t other = entry ^ 1;
    uint8_t other_sealed[SEALED_SIZE];
    if (!seals(vault, entry, sealed))
        return;
    bool has_other = seals(vault, other, other_sealed);
    MUST(opens(vault, entry, sealed) == ERR_NONE);
    sealed[SEALED_SIZE - 1] ^= 1;
    MUST(opens(vault, entry, sealed) == ERR_CORRUPT);
    sealed[SEALED_SIZE - 1] ^= 1;
    MUST(vault->ops->destroy(vault, &entry, 1) == ERR_NONE);
    MUST(vault->ops->changes(vault) == changes + 1);
    MUST(vault->ops->is_destroyed(vault, entry));
    MUST(opens(vault, entry, sealed) == ERR_NOT_FOUND);
    MUST(!has_other || opens(vault, other, other_sealed) == ERR_NONE);
}

static enum err open_vault(struct vault **vault)
{
    struct vault_look look;
    struct keys_problem problem = { .text = "" };
    struct keys_problem look_problem = { .text = "" };
    enum err err = vault_file_open(desk.path, secret, false, vault, &problem);
    MUST(err == ERR_NONE || err == ERR_CORRUPT);
    MUST((err == ERR_NONE) == (problem.text[0] == '\0'));
    MUST(vault_file_look(desk.path, &look, &look_problem) == err);
    if (err != ERR_NONE)
        return err;
    MUST(look.count == (*vault)->ops->count(*vault));
    MUST(look.changes == (*vault)->ops->changes(*vault));
    return ERR_NONE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vault *vault = NULL;
    uint8_t sealed[SEALED_SIZE];
    if (desk.file < 0)
        desk_init();
    if (size == 0)
        return 0;
    place(data[0], slice_of(data + 1, size - 1));
    if (open_vault(&vault) != ERR_NONE)
        return 0;
    uint64_t entry = data[0] >> 2;
    use(vault, entry, sealed);
    vault->ops->close(vault);
    MUST(open_vault(&vault) == ERR_NONE);
    vault->ops->close(vault);
    return 0;
}
