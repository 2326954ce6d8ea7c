#include "referctl/offline.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "core/armor.h"
#include "core/limits.h"
#include "io/crypto_openssl.h"
#include "io/keys_file.h"
#include "referctl/file.h"
#include "referctl/words.h"

/* An armored card is a third longer; mail adds a little. */
#define CARD_FILE_SIZE_MAX (2 * CARD_SIZE_MAX)
#define PASSPHRASE_SIZE_MAX 1024

enum exit_code offline_open(struct session *session, struct offline *offline)
{
    *offline = (struct offline){ 0 };
    enum err err = arena_init(&offline->arena, DECODE_ARENA_SIZE);
    if (err == ERR_NONE)
        err = crypto_openssl_new(NULL, &offline->crypto);
    return err == ERR_NONE ? EXIT_CODE_DONE
                           : offline_fail(session, err, "start");
}

void offline_close(struct offline *offline)
{
    crypto_openssl_free(offline->crypto);
    arena_release(&offline->arena);
}

enum exit_code offline_run(struct session *session,
    const struct arguments *arguments, offline_work *work)
{
    struct offline offline;
    enum exit_code code = offline_open(session, &offline);
    if (code == EXIT_CODE_DONE)
        code = work(session, &offline, arguments);
    offline_close(&offline);
    return code;
}

enum exit_code offline_fail(
    struct session *session, enum err err, const char *doing)
{
    return session_fail(session, EXIT_CODE_LOCAL,
        err_is_retryable(err) ? "try again" : NULL, "cannot %s: %s", doing,
        err_text(err));
}

/* The code on the first line, when there is one; returns the line's size. */
static size_t take_invitation(
    struct pool *pool, const char **bytes, const char **code)
{
    const size_t name_size = sizeof OFFLINE_INVITATION - 1;
    if (!words_start_with(*bytes, OFFLINE_INVITATION))
        return 0;
    size_t size = strcspn(*bytes, "\r\n");
    size_t code_size = strcspn(*bytes + name_size, " \t\r\n");
    *code =
        words_printable(pool, pool_copy(pool, *bytes + name_size, code_size));
    *bytes += size;
    return size;
}

enum exit_code offline_read_card_file(struct session *session,
    struct offline *offline, const char *path, struct slice *signed_card,
    const char **invitation)
{
    const char *bytes = NULL;
    size_t size = 0;
    const char *code_text = NULL;
    enum exit_code code =
        file_read(session, path, CARD_FILE_SIZE_MAX, &bytes, &size);
    if (code != EXIT_CODE_DONE)
        return code;
    size -= take_invitation(session->pool, &bytes, &code_text);
    if (invitation != NULL)
        *invitation = code_text;
    if (!words_start_with(bytes + strspn(bytes, " \t\r\n"), "-----BEGIN")) {
        *signed_card = slice_of(bytes, size);
        return EXIT_CODE_DONE;
    }
    enum err err = armor_read(
        ARMOR_CARD, slice_of(bytes, size), &offline->arena, signed_card);
    if (err != ERR_NONE)
        return session_fail(session, EXIT_CODE_LOCAL,
            "ask for the file that `referctl card export` wrote, unchanged",
            "%s holds no whole agency card: %s", path, err_text(err));
    return EXIT_CODE_DONE;
}

enum exit_code offline_read_card(struct session *session,
    struct offline *offline, struct slice signed_card, struct card *card)
{
    struct card_problem problem = { .where = "card", .what = "" };
    enum err err = card_read(
        offline->crypto, signed_card, &offline->arena, card, &problem);
    if (err != ERR_NONE)
        return session_fail(session, EXIT_CODE_LOCAL,
            "ask for the card again: referctl card export",
            "this is no valid agency card: %s: %s (%s)", err_text(err),
            problem.where, problem.what);
    return EXIT_CODE_DONE;
}

/* Reads a line from the terminal without showing it. */
static const char *ask_unseen(struct session *session, const char *question)
{
    struct termios shown;
    char *line = pool_take(session->pool, PASSPHRASE_SIZE_MAX + 1);
    size_t size = 0;
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    if (tcgetattr(fd, &shown) != 0) {
        (void)close(fd);
        return NULL;
    }
    struct termios hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    bool is_hidden = tcsetattr(fd, TCSAFLUSH, &hidden) == 0;
    bool is_asked = write(fd, question, strlen(question)) >= 0;
    while (is_hidden && is_asked && size < PASSPHRASE_SIZE_MAX) {
        ssize_t got = read(fd, line + size, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0 || line[size] == '\n')
            break;
        size++;
    }
    line[size] = '\0';
    (void)tcsetattr(fd, TCSAFLUSH, &shown);
    is_asked = write(fd, "\n", 1) == 1;
    (void)is_asked;
    (void)close(fd);
    return is_hidden && size > 0 ? line : NULL;
}

enum exit_code offline_passphrase(struct session *session, const char *file,
    bool ask, const char **passphrase)
{
    *passphrase = NULL;
    if (file == NULL) {
        if (ask && session->has_keyboard)
            *passphrase = ask_unseen(session, "Passphrase of the root key: ");
        return EXIT_CODE_DONE;
    }
    enum exit_code code = file_read_line(session, file, passphrase);
    if (code == EXIT_CODE_DONE && (*passphrase)[0] == '\0')
        return session_fail(session, EXIT_CODE_LOCAL,
            "put the passphrase on the first line of the file",
            "%s holds no passphrase", file);
    return code;
}

enum exit_code offline_root_sign(struct session *session, const char *keys_dir,
    const char *passphrase_file, struct slice message,
    uint8_t signature[SIGNATURE_SIZE], uint8_t root_key[KEY_SIZE])
{
    struct keys_problem problem = { .text = "" };
    const char *passphrase = NULL;
    const char *path =
        pool_format(session->pool, "%s/%s", keys_dir, KEYS_ROOT_NAME);
    enum exit_code code =
        offline_passphrase(session, passphrase_file, false, &passphrase);
    if (code != EXIT_CODE_DONE)
        return code;
    enum err err =
        root_sign(path, passphrase, message, signature, root_key, &problem);
    if (err == ERR_KEY && passphrase == NULL && session->has_keyboard) {
        code = offline_passphrase(session, NULL, true, &passphrase);
        if (code != EXIT_CODE_DONE)
            return code;
        if (passphrase != NULL)
            err = root_sign(
                path, passphrase, message, signature, root_key, &problem);
    }
    if (err == ERR_NONE)
        return EXIT_CODE_DONE;
    return session_fail(session, EXIT_CODE_LOCAL,
        err == ERR_KEY ? "give its passphrase: --passphrase-file FILE"
                       : "say where the root key is: --keys DIR",
        "cannot sign with the root key: %s",
        problem.text[0] != '\0' ? problem.text : err_text(err));
}
