#include "io/token_uri_p11kit.h"

#include <p11-kit/uri.h>
#include <stdio.h>
#include <string.h>

static enum err uri_refuse(struct keys_problem *problem, const char *what)
{
    keys_problem_set(problem,
        "store_token: %s; it is a PKCS#11 URI such as "
        "\"pkcs11:token=NAME;object=NAME?module-path=/PATH/MODULE.so\"",
        what);
    return ERR_INVALID;
}

/* A path of its own, or after "file:", as RFC 7512 has it. */
static bool path_take(const char *from, char path[PRIVATE_PATH_SIZE])
{
    if (strncmp(from, "file:", 5) == 0)
        from += 5;
    if (strncmp(from, "///", 3) == 0)
        from += 2;
    int size = snprintf(path, PRIVATE_PATH_SIZE, "%s", from);
    return from[0] == '/' && size > 0 && size < PRIVATE_PATH_SIZE;
}

static enum err uri_take(
    P11KitUri *parsed, struct token_uri *uri, struct keys_problem *problem)
{
    const char *module = p11_kit_uri_get_module_path(parsed);
    const char *source = p11_kit_uri_get_pin_source(parsed);
    const CK_ATTRIBUTE *class = p11_kit_uri_get_attribute(parsed, CKA_CLASS);
    CK_OBJECT_CLASS wanted = CKO_PRIVATE_KEY;
    if (p11_kit_uri_get_pin_value(parsed) != NULL)
        return uri_refuse(problem,
            "holds the PIN itself (pin-value), where others read it; put it "
            "into a file, name that as pin-source, and change the PIN");
    if (p11_kit_uri_any_unrecognized(parsed) != 0)
        return uri_refuse(problem, "has a part that nobody knows");
    /* p11-kit could look through all modules that this machine has: a gateway
     * is to run the code that it was told to, and no other */
    if (module == NULL || module[0] != '/' || !path_take(module, uri->module))
        return uri_refuse(problem, "names no module-path, from the root");
    if (source != NULL && !path_take(source, uri->pin_source))
        return uri_refuse(problem, "its pin-source is no path from the root");
    if (class != NULL &&
        (class->ulValueLen != sizeof wanted ||
            memcmp(class->pValue, &wanted, sizeof wanted) != 0))
        return uri_refuse(problem, "its type is not private");
    return ERR_NONE;
}

enum err token_uri_parse(const char *text, P11KitUri **parsed,
    struct token_uri *uri, struct keys_problem *problem)
{
    *uri = (struct token_uri){ .module = "" };
    *parsed = p11_kit_uri_new();
    if (*parsed == NULL) {
        keys_problem_set(problem, "store_token: out of memory");
        return ERR_NO_MEMORY;
    }
    /* a name in capitals has the same code as no memory, and is likelier */
    int code = p11_kit_uri_parse(text, P11_KIT_URI_FOR_ANY, *parsed);
    enum err err = code == P11_KIT_URI_OK
                       ? uri_take(*parsed, uri, problem)
                       : uri_refuse(problem, "cannot be read");
    if (err == ERR_NONE)
        return ERR_NONE;
    p11_kit_uri_free(*parsed);
    *parsed = NULL;
    return err;
}

enum err token_uri_read(
    const char *text, struct token_uri *uri, struct keys_problem *problem)
{
    P11KitUri *parsed;
    enum err err = token_uri_parse(text, &parsed, uri, problem);
    if (err == ERR_NONE)
        p11_kit_uri_free(parsed);
    return err;
}
