#include "core/instance.h"

#include <string.h>

#include "base/pack.h"
#include "base/text.h"

#define LIFE_TEXT_SIZE TEXT_HEX_SIZE(sizeof(uint64_t))

static const char title[] = "refer.v1 instance\n";
static const char life_name[] = "life ";
static const char commits_name[] = "\ncommits ";
static const char end[] = "\n";
/* Marks of earlier programs said how the gateway was, which nobody asked. */
static const char ended_once[] = "\nended\n";
static const char running_once[] = "\nrunning\n";

const char *loss_cause_name(enum loss_cause cause)
{
    static const char *const names[] = {
#define X(symbol, name) [LOSS_##symbol] = name,
        LOSS_CAUSE_LIST(X)
#undef X
    };
    return (size_t)cause < LOSS_CAUSE_COUNT ? names[cause] : "?";
}

enum loss_cause instance_judge(
    const struct instance_mark *mark, const struct instance *store)
{
    if (store->life == 0)
        return mark->is_there ? LOSS_GONE : LOSS_NONE;
    if (!mark->is_there)
        return LOSS_UNMARKED;
    if (mark->life == 0)
        return LOSS_RESTORED;
    /* its mark was not written any more: the process ended in between */
    bool follows = mark->life == store->life_before;
    return (mark->life == store->life || follows) &&
                   store->commits >= mark->commits
               ? LOSS_NONE
               : LOSS_OLDER;
}

/* ---- As text ------------------------------------------------------------ */

static size_t put(char *text, size_t at, const char *words)
{
    size_t size = strlen(words);
    memcpy(text + at, words, size + 1);
    return at + size;
}

size_t instance_mark_print(
    const struct instance_mark *mark, char text[INSTANCE_MARK_TEXT_SIZE])
{
    uint8_t life[sizeof mark->life];
    struct packer out = pack_into(life, sizeof life);
    pack_u64(&out, mark->life);
    size_t at = put(text, put(text, 0, title), life_name);
    at += text_hex_encode(
        SLICE_ARRAY(life), text + at, INSTANCE_MARK_TEXT_SIZE - at);
    at = put(text, at, commits_name);
    at += text_decimal_encode(
        mark->commits, text + at, INSTANCE_MARK_TEXT_SIZE - at);
    return put(text, at, end);
}

/* Takes the words off the front. */
static bool skip(struct slice *rest, const char *words)
{
    size_t size = strlen(words);
    if (rest->size < size || memcmp(rest->bytes, words, size) != 0)
        return false;
    *rest = slice_of(rest->bytes + size, rest->size - size);
    return true;
}

static bool life_take(struct slice *rest, uint64_t *life)
{
    uint8_t bytes[sizeof *life];
    size_t size;
    if (rest->size < LIFE_TEXT_SIZE ||
        text_hex_decode(slice_of(rest->bytes, LIFE_TEXT_SIZE), bytes,
            sizeof bytes, &size) != ERR_NONE)
        return false;
    struct unpacker in = unpack_from(slice_of(bytes, size));
    *life = unpack_u64(&in);
    *rest = slice_of(rest->bytes + LIFE_TEXT_SIZE, rest->size - LIFE_TEXT_SIZE);
    return unpack_end(&in) == ERR_NONE;
}

static bool commits_take(struct slice *rest, uint64_t *commits)
{
    size_t size = 0;
    while (size < rest->size && rest->bytes[size] != '\n')
        size++;
    struct slice digits = slice_of(rest->bytes, size);
    *rest = slice_of(rest->bytes + size, rest->size - size);
    return text_decimal_decode(digits, commits) == ERR_NONE;
}

enum err instance_mark_parse(struct slice text, struct instance_mark *mark)
{
    struct slice rest = text;
    *mark = (struct instance_mark){ 0 };
    struct instance_mark found = { .is_there = true };
    if (!skip(&rest, title) || !skip(&rest, life_name) ||
        !life_take(&rest, &found.life) || !skip(&rest, commits_name) ||
        !commits_take(&rest, &found.commits))
        return ERR_MALFORMED;
    if (!slice_is(rest, end) && !slice_is(rest, ended_once) &&
        !slice_is(rest, running_once))
        return ERR_MALFORMED;
    *mark = found;
    return ERR_NONE;
}
