/* referctl mou export, mou sign -o, mou import: where the root key is kept away
 * from the gateway. The paper is an armored MouOffer; each who signs adds to
 * it. */
#include "referctl/mou.h"

#include <string.h>

#include "core/armor.h"
#include "core/limits.h"
#include "referctl/ask.h"
#include "referctl/command.h"
#include "referctl/display.h"
#include "referctl/file.h"
#include "referctl/words.h"

#define PAPER_SIZE_MAX (2 * MOU_SIZE_MAX)

/* An agreement, sound, and who signed it, verified. */
struct paper {
    struct mou_bundle bundle;
    struct mou mou;
};

static enum exit_code write_paper(struct session *session,
    struct offline *offline, const struct mou_bundle *bundle, const char *path)
{
    struct slice bytes = mou_offer_write(bundle, &offline->arena);
    struct slice text = SLICE_NONE;
    if (bytes.bytes != NULL)
        text = armor_write(ARMOR_MOU, bytes, &offline->arena);
    if (text.bytes == NULL)
        return offline_fail(session, ERR_LIMIT, "write the agreement");
    return file_write(session, path, text.bytes, text.size, 0644, true);
}

static enum err paper_parse(struct offline *offline, struct slice text,
    struct paper *paper, struct mou_problem *problem)
{
    struct slice bytes;
    struct mou_bundle *bundle = &paper->bundle;
    enum err err = armor_read(ARMOR_MOU, text, &offline->arena, &bytes);
    if (err == ERR_NONE)
        err = mou_offer_read(offline->crypto, bytes, &offline->arena, bundle);
    if (err == ERR_NONE)
        err = mou_read(offline->crypto, bundle->mou, &offline->arena,
            &paper->mou, problem);
    for (size_t i = 0; err == ERR_NONE && i < bundle->signature_count; i++)
        if (!mou_signature_holds(offline->crypto, &paper->mou, &bundle->id,
                &bundle->signatures[i]))
            err = ERR_SIGNATURE;
    return err;
}

static enum exit_code read_paper(struct session *session,
    struct offline *offline, const char *path, struct paper *paper)
{
    const char *text = NULL;
    size_t size = 0;
    struct mou_problem problem = { .path = "" };
    enum exit_code code =
        file_read(session, path, PAPER_SIZE_MAX, &text, &size);
    if (code != EXIT_CODE_DONE)
        return code;
    enum err err = paper_parse(offline, slice_of(text, size), paper, &problem);
    if (err == ERR_NONE)
        return EXIT_CODE_DONE;
    return session_fail(session, EXIT_CODE_REFUSED,
        "bring the file that referctl mou export or mou sign wrote, unchanged",
        "%s holds no sound agreement: %s%s%s",
        words_printable(session->pool, path), err_text(err),
        problem.path[0] != '\0' ? ": " : "", problem.path);
}

static void print_paper(struct session *session, const struct paper *paper)
{
    char id[MOU_ID_TEXT_SIZE + 1];
    struct record record = { .type = "mou" };
    static const struct column columns[] = { { "id", "MOU", 0 },
        { "title", "title", 0 }, { "version", "version", 0 },
        { "signed", "signed", 0 }, { "required", "of", 0 } };
    mou_id_format(&paper->bundle.id, id);
    record_put_text(session->pool, &record, "id", pool_text(session->pool, id));
    record_put_text(session->pool, &record, "title",
        pool_copy(
            session->pool, paper->mou.title.bytes, paper->mou.title.size));
    record_put_number(session->pool, &record, "version", paper->mou.version);
    record_put_number(session->pool, &record, "signed",
        (int64_t)paper->bundle.signature_count);
    record_put_number(session->pool, &record, "required",
        (int64_t)paper->mou.signature_required_count);
    if (session->json)
        display_json_record(session, &record);
    else
        display_fields(session, &record, columns, DISPLAY_COUNT(columns));
}

/* ---- export ------------------------------------------------------------- */

/* The signatures that the gateway holds. */
static void take_signatures(struct session *session, const struct reply *reply,
    struct mou_bundle *bundle)
{
    size_t count = 0;
    struct mou_signature *signatures = pool_take(
        session->pool, (reply->records.count + 1) * sizeof *signatures);
    for (size_t i = 0; i < reply->records.count; i++) {
        const struct record *record = &reply->records.items[i];
        struct value data = record_get(record, "signature");
        struct mou_signature *signature = &signatures[count];
        if (!record_is(record, "signature") || data.size != SIGNATURE_SIZE ||
            agency_id_parse(slice_of_text(record_text(record, "agency")),
                &signature->agency) != ERR_NONE)
            continue;
        memcpy(signature->signature, data.bytes, SIGNATURE_SIZE);
        count++;
    }
    bundle->signatures = signatures;
    bundle->signature_count = count;
}

static enum exit_code export(struct session *session, struct offline *offline,
    const struct arguments *arguments) {
    struct held_mou held = { 0 }; struct paper paper = { 0 };
    const char *output = arguments_option(arguments, "output");
    if (output == NULL) return session_fail(session, EXIT_CODE_USAGE,
        "name the file to carry away: -o FILE", "where to write it?");
    enum exit_code code = mou_ask(
        session, offline, arguments->values[0], &held);
    if (code != EXIT_CODE_DONE) return code;
    paper.mou = held.mou;
    paper.bundle.id = held.id;
    paper.bundle.mou = held.bytes;
    take_signatures(session, &held.reply, &paper.bundle);
    code = write_paper(session, offline, &paper.bundle, output);
    if (code != EXIT_CODE_DONE) return code;
    print_paper(session, &paper);
    display_note(session,
        "Carry %s to the root key and back:\n"
        "  there  referctl mou sign %s --keys DIR -o signed.mou\n"
        "  here   referctl mou import signed.mou",
        output, output);
    return code;
}

enum exit_code run_mou_export(
    struct session *session, const struct arguments *arguments)
{
    return offline_run(session, arguments, export);
}

/* ---- sign --------------------------------------------------------------- */

static enum exit_code confirm(struct session *session,
    const struct arguments *arguments, const char *keys)
{
    if (!ask_is_possible(session) || arguments_flag(arguments, "yes"))
        return EXIT_CODE_DONE;
    display_line(session, "\nThis signs with the root key in %s. ", keys);
    if (ask_yes(session, "Type yes: "))
        return EXIT_CODE_DONE;
    return session_fail(session, EXIT_CODE_REFUSED,
        "run it again and type yes, or give --yes", "nothing was signed");
}

/* Beside those of others, in place of an earlier one of the same agency. */
static void add_signature(struct session *session, struct mou_bundle *bundle,
    const struct mou_signature *signature)
{
    size_t count = 0;
    struct mou_signature *signatures = pool_take(
        session->pool, (bundle->signature_count + 1) * sizeof *signatures);
    for (size_t i = 0; i < bundle->signature_count; i++)
        if (!agency_id_equal(&bundle->signatures[i].agency, &signature->agency))
            signatures[count++] = bundle->signatures[i];
    signatures[count++] = *signature;
    bundle->signatures = signatures;
    bundle->signature_count = count;
}

static enum exit_code sign_with(struct session *session,
    struct offline *offline, const struct arguments *arguments,
    const char *keys, struct paper *paper)
{
    struct mou_signature signature;
    uint8_t root_key[KEY_SIZE];
    uint8_t statement[MOU_STATEMENT_SIZE];
    mou_statement(&paper->bundle.id, statement);
    enum exit_code code = offline_root_sign(session, keys,
        arguments_option(arguments, "passphrase-file"), SLICE_ARRAY(statement),
        signature.signature, root_key);
    if (code != EXIT_CODE_DONE)
        return code;
    agency_id_of(offline->crypto, root_key, &signature.agency);
    if (!mou_signature_holds(
            offline->crypto, &paper->mou, &paper->bundle.id, &signature))
        return session_fail(session, EXIT_CODE_REFUSED,
            "sign with the root key of one of its parties",
            "%s is no party of this agreement", signature.agency.text);
    add_signature(session, &paper->bundle, &signature);
    return EXIT_CODE_DONE;
}

enum exit_code mou_sign_paper(struct session *session, struct offline *offline,
    const struct arguments *arguments)
{
    struct paper paper = { 0 };
    const char *output = arguments_option(arguments, "output");
    const char *keys = arguments_option(arguments, "keys");
    if (keys == NULL)
        return session_fail(session, EXIT_CODE_USAGE,
            "referctl mou sign FILE --keys DIR -o SIGNED",
            "it needs the folder with root.pem: --keys DIR");
    enum exit_code code =
        read_paper(session, offline, arguments->values[0], &paper);
    if (code != EXIT_CODE_DONE)
        return code;
    if (!session->json)
        mou_print(session, &paper.mou);
    code = confirm(session, arguments, keys);
    if (code == EXIT_CODE_DONE)
        code = sign_with(session, offline, arguments, keys, &paper);
    if (code == EXIT_CODE_DONE)
        code = write_paper(session, offline, &paper.bundle, output);
    if (code != EXIT_CODE_DONE)
        return code;
    if (!session->json)
        display_line(session, "\n");
    print_paper(session, &paper);
    display_hint(
        session, "\nBack at the gateway: referctl mou import %s", output);
    return code;
}

/* ---- import ------------------------------------------------------------- */

static enum exit_code import(struct session *session, struct offline *offline,
    const struct arguments *arguments)
{
    struct paper paper = { 0 };
    struct reply reply = { 0 };
    char id[MOU_ID_TEXT_SIZE + 1];
    const char *path = arguments->values[0];
    enum exit_code code = read_paper(session, offline, path, &paper);
    if (code == EXIT_CODE_DONE && paper.bundle.signature_count == 0)
        code = session_fail(session, EXIT_CODE_REFUSED,
            "sign it first: referctl mou sign FILE --keys DIR -o SIGNED",
            "nobody has signed %s", words_printable(session->pool, path));
    mou_id_format(&paper.bundle.id, id);
    for (size_t i = 0;
         code == EXIT_CODE_DONE && i < paper.bundle.signature_count; i++) {
        const struct mou_signature *signature = &paper.bundle.signatures[i];
        struct request request = { .operation = "mou.sign" };
        record_put_text(session->pool, &request.fields, "id", id);
        record_put_text(
            session->pool, &request.fields, "agency", signature->agency.text);
        record_put_data(session->pool, &request.fields, "signature",
            signature->signature, sizeof signature->signature);
        reply = (struct reply){ 0 };
        code = session_ask(session, &request, &reply);
    }
    if (code == EXIT_CODE_DONE)
        mou_print_answer(session, &reply);
    return code;
}

enum exit_code run_mou_import(
    struct session *session, const struct arguments *arguments)
{
    return offline_run(session, arguments, import);
}
