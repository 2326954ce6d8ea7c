/* referctl card request, card sign, card install, key rotate. */
#include "referctl/command.h"

#include <string.h>

#include "core/armor.h"
#include "core/limits.h"
#include "referctl/display.h"
#include "referctl/file.h"
#include "referctl/renewal.h"

#define REQUEST_FILE_SIZE_MAX (4 * CARD_SIZE_MAX)

static enum exit_code write_armored(struct session *session,
    struct offline *offline, const char *label, struct slice bytes,
    const char *path)
{
    struct slice text = armor_write(label, bytes, &offline->arena);
    if (text.bytes == NULL)
        return offline_fail(session, ERR_LIMIT, "write the file");
    return file_write(session, path, text.bytes, text.size, 0644, true);
}

/* ---- request ---- */

static enum exit_code request(struct session *session, struct offline *offline,
    const struct arguments *arguments)
{
    struct renewal_home home;
    struct card_request request;
    const char *output = arguments_option(arguments, "output");
    if (output == NULL)
        return session_fail(session, EXIT_CODE_USAGE,
            "name the file to carry away: -o FILE", "where to write it?");
    enum exit_code code = renewal_find(session, offline, arguments, &home);
    if (code == EXIT_CODE_DONE)
        code = renewal_draft(
            session, offline, arguments, &home, &request.draft_bytes);
    if (code != EXIT_CODE_DONE)
        return code;
    request.held_bytes = home.held_bytes;
    struct slice bytes = card_request_write(&request, &offline->arena);
    if (bytes.bytes == NULL)
        return offline_fail(session, ERR_LIMIT, "write the request");
    enum err err =
        card_request_read(offline->crypto, bytes, &offline->arena, &request);
    if (err != ERR_NONE)
        return offline_fail(session, err, "make the request");
    renewal_print(session, offline->crypto, &request.held, &request.draft);
    code = write_armored(session, offline, ARMOR_CARD_REQUEST, bytes, output);
    if (code == EXIT_CODE_DONE)
        display_note(session,
            "Carry %s to the root key and back:\n"
            "  there  referctl card sign %s --keys DIR -o new.card\n"
            "  here   referctl -c FILE card install new.card",
            output, output);
    return code;
}

enum exit_code run_card_request(
    struct session *session, const struct arguments *arguments)
{
    return offline_run(session, arguments, request);
}

/* ---- sign ---- */

static enum exit_code read_request(struct session *session,
    struct offline *offline, const char *path, struct card_request *request)
{
    const char *text = NULL;
    size_t size = 0;
    struct slice bytes;
    enum exit_code code =
        file_read(session, path, REQUEST_FILE_SIZE_MAX, &text, &size);
    if (code != EXIT_CODE_DONE)
        return code;
    enum err err = armor_read(
        ARMOR_CARD_REQUEST, slice_of(text, size), &offline->arena, &bytes);
    if (err == ERR_NONE)
        err =
            card_request_read(offline->crypto, bytes, &offline->arena, request);
    if (err == ERR_NONE)
        return EXIT_CODE_DONE;
    return session_fail(session, EXIT_CODE_REFUSED,
        "bring the file that referctl card request wrote, unchanged",
        "%s is no request for a card: %s", path, err_text(err));
}

static enum exit_code sign(struct session *session, struct offline *offline,
    const struct arguments *arguments)
{
    struct card_request request;
    struct slice signed_card;
    struct card next;
    const char *output = arguments_option(arguments, "output");
    const char *keys = arguments_option(arguments, "keys");
    if (output == NULL || keys == NULL)
        return session_fail(session, EXIT_CODE_USAGE,
            "referctl card sign REQUEST --keys DIR -o FILE", "it needs %s",
            keys == NULL ? "the folder with root.pem: --keys DIR"
                         : "a file to write: -o FILE");
    enum exit_code code =
        read_request(session, offline, arguments->values[0], &request);
    if (code != EXIT_CODE_DONE)
        return code;
    renewal_print(session, offline->crypto, &request.held, &request.draft);
    code = renewal_confirm(session, arguments);
    if (code == EXIT_CODE_DONE)
        code = renewal_sign(session, offline, arguments, keys, &request.held,
            request.draft_bytes, &signed_card, &next);
    if (code == EXIT_CODE_DONE)
        code = write_armored(session, offline, ARMOR_CARD, signed_card, output);
    if (code == EXIT_CODE_DONE)
        display_hint(session,
            "Back at the gateway: referctl -c FILE card install %s", output);
    return code;
}

enum exit_code run_card_sign(
    struct session *session, const struct arguments *arguments)
{
    return offline_run(session, arguments, sign);
}

/* ---- install ---- */

static enum exit_code install(struct session *session, struct offline *offline,
    const struct arguments *arguments)
{
    struct renewal_home home;
    struct slice signed_card;
    struct card next;
    enum exit_code code = renewal_find(session, offline, arguments, &home);
    if (code == EXIT_CODE_DONE)
        code = offline_read_card_file(
            session, offline, arguments->values[0], &signed_card, NULL);
    if (code == EXIT_CODE_DONE)
        code = offline_read_card(session, offline, signed_card, &next);
    return code == EXIT_CODE_DONE
               ? renewal_install(session, offline, &home, signed_card, &next)
               : code;
}

enum exit_code run_card_install(
    struct session *session, const struct arguments *arguments)
{
    return offline_run(session, arguments, install);
}

/* ---- rotate: all three, where the root key is at hand ---- */

static enum exit_code rotate(struct session *session, struct offline *offline,
    const struct arguments *arguments)
{
    struct renewal_home home;
    struct card_request request;
    struct slice signed_card;
    struct card next;
    enum exit_code code = renewal_find(session, offline, arguments, &home);
    if (code == EXIT_CODE_DONE)
        code = renewal_draft(
            session, offline, arguments, &home, &request.draft_bytes);
    if (code != EXIT_CODE_DONE)
        return code;
    request.held_bytes = home.held_bytes;
    struct slice bytes = card_request_write(&request, &offline->arena);
    enum err err =
        card_request_read(offline->crypto, bytes, &offline->arena, &request);
    if (err != ERR_NONE)
        return offline_fail(session, err, "draft the card");
    renewal_print(session, offline->crypto, &request.held, &request.draft);
    const char *keys = arguments_option(arguments, "keys");
    code = renewal_confirm(session, arguments);
    if (code == EXIT_CODE_DONE)
        code = renewal_sign(session, offline, arguments,
            keys == NULL ? home.keys : keys, &home.held, request.draft_bytes,
            &signed_card, &next);
    return code == EXIT_CODE_DONE
               ? renewal_install(session, offline, &home, signed_card, &next)
               : code;
}

enum exit_code run_key_rotate(
    struct session *session, const struct arguments *arguments)
{
    return offline_run(session, arguments, rotate);
}
