/*
 * The URI of a key in a token, as referd.yaml has it: what is taken names a
 * module from the root, holds no PIN, and means the same once p11-kit wrote it
 * again; whatever is refused is refused in words. Input: the text.
 */
#include <p11-kit/uri.h>
#include <stdlib.h>
#include <string.h>

#include "io/token_uri_p11kit.h"
#include "support/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT_SIZE_MAX 4096

static bool is_path(const char *text)
{
    return text[0] == '/' && strlen(text) < PRIVATE_PATH_SIZE;
}

static void check(P11KitUri *parsed, const struct token_uri *uri)
{
    char *text = NULL;
    struct token_uri again;
    struct keys_problem problem;
    MUST(is_path(uri->module));
    MUST(uri->pin_source[0] == '\0' || is_path(uri->pin_source));
    MUST(p11_kit_uri_get_pin_value(parsed) == NULL);
    MUST(p11_kit_uri_any_unrecognized(parsed) == 0);
    MUST(p11_kit_uri_format(parsed, P11_KIT_URI_FOR_ANY, &text) ==
         P11_KIT_URI_OK);
    MUST(token_uri_read(text, &again, &problem) == ERR_NONE);
    MUST(strcmp(uri->module, again.module) == 0);
    MUST(strcmp(uri->pin_source, again.pin_source) == 0);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[TEXT_SIZE_MAX + 1];
    P11KitUri *parsed = NULL;
    struct token_uri uri;
    struct keys_problem problem = { .text = "" };
    if (size > TEXT_SIZE_MAX)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    enum err err = token_uri_parse(text, &parsed, &uri, &problem);
    MUST(err == ERR_NONE || err == ERR_INVALID);
    MUST((err == ERR_NONE) == (parsed != NULL));
    MUST((err == ERR_NONE) == (problem.text[0] == '\0'));
    if (err == ERR_NONE)
        check(parsed, &uri);
    p11_kit_uri_free(parsed);
    return 0;
}
