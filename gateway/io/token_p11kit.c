#include "io/token_p11kit.h"

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SLOT_COUNT_MAX 64u
#define ID_SIZE_MAX 256u
#define NAME_SIZE_MAX 32u
/* Of a URI in what is told to people. */
#define WHERE "store_token: %s: "

struct found {
    CK_OBJECT_HANDLE object;
    uint8_t id[ID_SIZE_MAX];
    size_t id_size;
    bool wants_pin_again;
    struct token_key key;
};

struct token {
    P11KitUri *uri;
    CK_FUNCTION_LIST *module;
    bool is_begun;
    CK_SLOT_ID slot;
    CK_TOKEN_INFO info;
    char name[NAME_SIZE_MAX + 1];
    CK_SESSION_HANDLE session;
    bool has_session;
    CK_UTF8CHAR pin[TOKEN_PIN_SIZE_MAX + 1];
    size_t pin_size; /* 0: none */
    struct found keys[TOKEN_KEY_COUNT_MAX];
    size_t key_count;
};

/* ---- Module and token --------------------------------------------------- */

static enum err module_load(
    struct token *token, const char *path, struct keys_problem *problem)
{
    if (access(path, R_OK) != 0) {
        keys_problem_set(problem,
            WHERE "there is no such module, or it may not be read; install the "
                  "token's software, or correct module-path",
            path);
        return ERR_NOT_FOUND;
    }
    p11_kit_be_quiet(); /* what is wrong is told once, by us */
    /* unmanaged: p11-kit's wrappers want memory that is written and then run,
     * which the service manager is told to refuse */
    token->module = p11_kit_module_load(path, P11_KIT_MODULE_UNMANAGED);
    if (token->module == NULL) {
        keys_problem_set(problem,
            WHERE "is no PKCS#11 module that can be loaded; correct "
                  "module-path",
            path);
        return ERR_IO;
    }
    CK_RV code = p11_kit_module_initialize(token->module);
    if (code == CKR_OK) {
        token->is_begun = true;
        return ERR_NONE;
    }
    keys_problem_set(problem,
        WHERE "the module does not begin: %s; look at its own "
              "configuration, and that this user may use it",
        path, p11_kit_strerror(code));
    return ERR_IO;
}

static bool is_meant(
    const struct token *token, CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
    CK_SLOT_INFO place;
    CK_SLOT_ID wanted = p11_kit_uri_get_slot_id(token->uri);
    return (wanted == (CK_SLOT_ID)-1 || wanted == slot) &&
           token->module->C_GetSlotInfo(slot, &place) == CKR_OK &&
           p11_kit_uri_match_slot_info(token->uri, &place) == 1 &&
           token->module->C_GetTokenInfo(slot, info) == CKR_OK &&
           (info->flags & CKF_TOKEN_INITIALIZED) != 0 &&
           p11_kit_uri_match_token_info(token->uri, info) == 1;
}

/* Its label, without the spaces that fill it up, and in signs that any terminal
 * shows. */
static void name_take(struct token *token)
{
    size_t size =
        p11_kit_space_strlen(token->info.label, sizeof token->info.label);
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = token->info.label[i];
        token->name[i] = byte > 0x20 && byte < 0x7f ? (char)byte : '_';
    }
    token->name[size] = '\0';
}

static enum err token_look(
    struct token *token, const char *path, struct keys_problem *problem)
{
    CK_SLOT_ID slots[SLOT_COUNT_MAX];
    CK_ULONG count = SLOT_COUNT_MAX;
    size_t found = 0;
    CK_RV code = token->module->C_GetSlotList(CK_TRUE, slots, &count);
    if (code != CKR_OK) {
        keys_problem_set(problem,
            WHERE "the module cannot tell its tokens: %s; see that its service "
                  "runs",
            path, p11_kit_strerror(code));
        return ERR_IO;
    }
    for (CK_ULONG i = 0; i < count; i++) {
        CK_TOKEN_INFO info;
        if (!is_meant(token, slots[i], &info))
            continue;
        token->slot = slots[i];
        token->info = info;
        found++;
    }
    if (found == 1) {
        name_take(token);
        return ERR_NONE;
    }
    if (found == 0)
        keys_problem_set(problem,
            WHERE "the token is not there; plug it in, see that this user may "
                  "use it, or correct the URI",
            path);
    else
        keys_problem_set(problem,
            WHERE "the URI means %zu tokens, and a PIN is for one; add its "
                  "serial to the URI",
            path, found);
    return found == 0 ? ERR_NOT_FOUND : ERR_CONFLICT;
}

enum err token_find(
    const char *uri, struct token **token, struct keys_problem *problem)
{
    struct token_uri read;
    *token = NULL;
    struct token *made = calloc(1, sizeof *made);
    if (made == NULL) {
        keys_problem_set(problem, "store_token: out of memory");
        return ERR_NO_MEMORY;
    }
    enum err err = token_uri_parse(uri, &made->uri, &read, problem);
    if (err == ERR_NONE)
        err = module_load(made, read.module, problem);
    if (err == ERR_NONE)
        err = token_look(made, read.module, problem);
    if (err == ERR_NONE)
        *token = made;
    else
        token_close(made);
    return err;
}

void token_close(struct token *token)
{
    if (token == NULL)
        return;
    if (token->has_session) /* and logged out with it */
        (void)token->module->C_CloseSession(token->session);
    if (token->is_begun)
        (void)p11_kit_module_finalize(token->module);
    if (token->module != NULL)
        p11_kit_module_release(token->module);
    if (token->uri != NULL)
        p11_kit_uri_free(token->uri);
    explicit_bzero(token, sizeof *token);
    free(token);
}

const char *token_name(const struct token *token)
{
    return token->name;
}

bool token_wants_pin(const struct token *token)
{
    CK_FLAGS flags = token->info.flags;
    return (flags & CKF_LOGIN_REQUIRED) != 0 &&
           (flags & CKF_PROTECTED_AUTHENTICATION_PATH) == 0;
}

/* ---- Logging in --------------------------------------------------------- */

/* `what` goes on after the token's name, and ends with what to do. */
static enum err refuse(const struct token *token, enum err err,
    const char *what, CK_RV code, struct keys_problem *problem)
{
    keys_problem_set(problem, "token %s: %s%s%s", token->name, what,
        code == CKR_OK ? "" : ": ",
        code == CKR_OK ? "" : p11_kit_strerror(code));
    return err;
}

/* Whatever would count as a mistake is found before the token hears of it. */
static enum err pin_check(
    const struct token *token, const char *pin, struct keys_problem *problem)
{
    const CK_TOKEN_INFO *info = &token->info;
    size_t size = pin == NULL ? 0 : strlen(pin);
    if ((info->flags & CKF_USER_PIN_INITIALIZED) == 0)
        return refuse(token, ERR_KEY,
            "it has no PIN of its user yet; set one with its own software",
            CKR_OK, problem);
    if ((info->flags & CKF_USER_PIN_LOCKED) != 0)
        return refuse(token, ERR_KEY,
            "its PIN is locked; unlock it with its own software", CKR_OK,
            problem);
    if ((info->flags & CKF_USER_PIN_FINAL_TRY) != 0)
        return refuse(token, ERR_KEY,
            "one more wrong PIN would lock it, so none was tried; log in once "
            "by hand with its own software, correct the PIN here, and try "
            "again",
            CKR_OK, problem);
    if (!token_wants_pin(token))
        return ERR_NONE;
    if (pin == NULL)
        return refuse(token, ERR_KEY,
            "it wants a PIN; put it into a file that pin-source in store_token "
            "names, or into the credential store-pin",
            CKR_OK, problem);
    if (size == 0 || size > TOKEN_PIN_SIZE_MAX || size < info->ulMinPinLen ||
        (info->ulMaxPinLen > 0 && size > info->ulMaxPinLen))
        return refuse(token, ERR_KEY,
            "no PIN of it has that length, so it was not tried; correct the "
            "PIN",
            CKR_OK, problem);
    return ERR_NONE;
}

static enum err login_refused(
    const struct token *token, CK_RV code, struct keys_problem *problem)
{
    switch (code) {
    case CKR_PIN_INCORRECT:
    case CKR_PIN_INVALID:
    case CKR_PIN_LEN_RANGE:
        return refuse(token, ERR_KEY,
            "the PIN is wrong; it was tried once, and tokens lock after a few: "
            "correct it before the next start",
            CKR_OK, problem);
    case CKR_PIN_LOCKED:
        return refuse(token, ERR_KEY,
            "its PIN is locked; unlock it with its own software", CKR_OK,
            problem);
    case CKR_PIN_EXPIRED:
        return refuse(token, ERR_KEY,
            "its PIN has expired; set another with its own software", CKR_OK,
            problem);
    default:
        return refuse(token, ERR_IO,
            "nobody can log in; look at it with its own software", code,
            problem);
    }
}

static CK_RV login(struct token *token, CK_USER_TYPE user)
{
    bool has_pin = token->pin_size > 0;
    CK_RV code = token->module->C_Login(token->session, user,
        has_pin ? token->pin : NULL, (CK_ULONG)token->pin_size);
    return code == CKR_USER_ALREADY_LOGGED_IN ? CKR_OK : code;
}

/* ---- Keys --------------------------------------------------------------- */

/* False: the token does not tell it, or it is larger. */
static bool attribute(struct token *token, CK_OBJECT_HANDLE object,
    CK_ATTRIBUTE_TYPE type, void *bytes, size_t capacity, size_t *size)
{
    CK_ATTRIBUTE asked = { type, bytes, (CK_ULONG)capacity };
    *size = 0;
    CK_RV code =
        token->module->C_GetAttributeValue(token->session, object, &asked, 1);
    if (code != CKR_OK || asked.ulValueLen == CK_UNAVAILABLE_INFORMATION ||
        asked.ulValueLen > capacity)
        return false;
    *size = asked.ulValueLen;
    return true;
}

static bool is_set(struct token *token, CK_OBJECT_HANDLE object,
    CK_ATTRIBUTE_TYPE type, bool untold)
{
    CK_BBOOL value = CK_FALSE;
    size_t size;
    return attribute(token, object, type, &value, sizeof value, &size) &&
                   size == sizeof value
               ? value != CK_FALSE
               : untold;
}

static void zeros_strip(uint8_t *bytes, size_t *size)
{
    size_t zeros = 0;
    while (zeros < *size && bytes[zeros] == 0)
        zeros++;
    *size -= zeros;
    memmove(bytes, bytes + zeros, *size);
}

static void public_half_read(
    struct token *token, CK_OBJECT_HANDLE object, struct token_key *key)
{
    size_t size;
    if (key->modulus_size == 0 &&
        attribute(token, object, CKA_MODULUS, key->modulus, sizeof key->modulus,
            &size)) {
        key->modulus_size = size;
        zeros_strip(key->modulus, &key->modulus_size);
    }
    if (key->exponent_size == 0 &&
        attribute(token, object, CKA_PUBLIC_EXPONENT, key->exponent,
            sizeof key->exponent, &size)) {
        key->exponent_size = size;
        zeros_strip(key->exponent, &key->exponent_size);
    }
}

static CK_RV objects_find(struct token *token, CK_ATTRIBUTE *wanted,
    CK_ULONG wanted_count, CK_OBJECT_HANDLE *objects, CK_ULONG capacity,
    CK_ULONG *count)
{
    CK_FUNCTION_LIST *module = token->module;
    CK_ULONG got = 1;
    *count = 0;
    CK_RV code =
        module->C_FindObjectsInit(token->session, wanted, wanted_count);
    if (code != CKR_OK)
        return code;
    /* some give one at a time, whatever they are asked for */
    while (code == CKR_OK && got > 0 && *count < capacity) {
        code = module->C_FindObjects(
            token->session, objects + *count, capacity - *count, &got);
        if (code == CKR_OK)
            *count += got;
    }
    (void)module->C_FindObjectsFinal(token->session);
    return code;
}

/* 0: there is none. */
static CK_OBJECT_HANDLE public_half_find(
    struct token *token, struct found *found)
{
    CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
    CK_ATTRIBUTE wanted[] = {
        { CKA_CLASS, &class, sizeof class },
        { CKA_ID, found->id, (CK_ULONG)found->id_size },
    };
    CK_OBJECT_HANDLE object = 0;
    CK_ULONG count = 0;
    bool is_there =
        found->id_size > 0 &&
        objects_find(token, wanted, 2, &object, 1, &count) == CKR_OK &&
        count == 1;
    return is_there ? object : 0;
}

static void key_add(struct token *token, CK_OBJECT_HANDLE object)
{
    struct found *found = &token->keys[token->key_count];
    CK_KEY_TYPE type = CKK_RSA;
    size_t size;
    if (attribute(token, object, CKA_KEY_TYPE, &type, sizeof type, &size) &&
        type != CKK_RSA)
        return;
    *found = (struct found){ .object = object };
    (void)attribute(
        token, object, CKA_ID, found->id, sizeof found->id, &found->id_size);
    found->wants_pin_again =
        is_set(token, object, CKA_ALWAYS_AUTHENTICATE, false);
    found->key.may_decrypt = is_set(token, object, CKA_DECRYPT, true);
    found->key.may_leave = is_set(token, object, CKA_EXTRACTABLE, false);
    public_half_read(token, object, &found->key);
    if (found->key.modulus_size == 0 || found->key.exponent_size == 0) {
        CK_OBJECT_HANDLE half = public_half_find(token, found);
        if (half != 0)
            public_half_read(token, half, &found->key);
    }
    token->key_count++;
}

static enum err keys_find(struct token *token, struct keys_problem *problem)
{
    static const CK_ATTRIBUTE_TYPE named[] = { CKA_LABEL, CKA_ID };
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE wanted[3] = { { CKA_CLASS, &class, sizeof class } };
    CK_ULONG wanted_count = 1;
    CK_OBJECT_HANDLE objects[TOKEN_KEY_COUNT_MAX + 1];
    CK_ULONG count;
    for (size_t i = 0; i < 2; i++) {
        const CK_ATTRIBUTE *name =
            p11_kit_uri_get_attribute(token->uri, named[i]);
        if (name != NULL)
            wanted[wanted_count++] = *name;
    }
    CK_RV code = objects_find(
        token, wanted, wanted_count, objects, TOKEN_KEY_COUNT_MAX + 1, &count);
    if (code != CKR_OK)
        return refuse(token, ERR_IO,
            "its keys cannot be listed; look at it with its own software", code,
            problem);
    if (count > TOKEN_KEY_COUNT_MAX)
        return refuse(token, ERR_LIMIT,
            "the URI means too many keys; name one by object or id", CKR_OK,
            problem);
    for (CK_ULONG i = 0; i < count; i++)
        key_add(token, objects[i]);
    return token->key_count > 0
               ? ERR_NONE
               : refuse(token, ERR_NOT_FOUND,
                     "there is no private RSA key that store_token means; "
                     "correct object or id, or make one",
                     CKR_OK, problem);
}

enum err token_login(
    struct token *token, const char *pin, struct keys_problem *problem)
{
    bool wants_login = (token->info.flags & CKF_LOGIN_REQUIRED) != 0;
    /* to be able to destroy; a token that cannot be written is asked for less
     */
    CK_FLAGS flags = CKF_SERIAL_SESSION;
    if ((token->info.flags & CKF_WRITE_PROTECTED) == 0)
        flags |= CKF_RW_SESSION;
    enum err err = wants_login ? pin_check(token, pin, problem) : ERR_NONE;
    if (err != ERR_NONE)
        return err;
    if (pin != NULL && token_wants_pin(token)) {
        token->pin_size = strlen(pin);
        memcpy(token->pin, pin, token->pin_size);
    }
    CK_RV code = token->module->C_OpenSession(
        token->slot, flags, NULL, NULL, &token->session);
    if (code != CKR_OK)
        return refuse(token, ERR_IO,
            "it cannot be talked to; look at it with its own software", code,
            problem);
    token->has_session = true;
    code = wants_login ? login(token, CKU_USER) : CKR_OK;
    if (code != CKR_OK)
        return login_refused(token, code, problem);
    return keys_find(token, problem);
}

size_t token_key_count(const struct token *token)
{
    return token->key_count;
}

const struct token_key *token_key_at(const struct token *token, size_t index)
{
    return &token->keys[index].key;
}

/* ---- Using one ---------------------------------------------------------- */

static CK_RV decrypt(struct token *token, const struct found *found,
    enum token_scheme scheme, uint8_t *sealed, size_t sealed_size,
    uint8_t *plain, CK_ULONG *plain_size)
{
    bool is_oaep = scheme != TOKEN_PKCS1;
    bool is_old = scheme == TOKEN_OAEP_SHA1;
    CK_RSA_PKCS_OAEP_PARAMS how = {
        .hashAlg = is_old ? CKM_SHA_1 : CKM_SHA256,
        .mgf = is_old ? CKG_MGF1_SHA1 : CKG_MGF1_SHA256,
        .source = CKZ_DATA_SPECIFIED,
    };
    CK_MECHANISM mechanism = { is_oaep ? CKM_RSA_PKCS_OAEP : CKM_RSA_PKCS,
        is_oaep ? &how : NULL, is_oaep ? sizeof how : 0 };
    CK_RV code =
        token->module->C_DecryptInit(token->session, &mechanism, found->object);
    if (code == CKR_OK && found->wants_pin_again)
        code = login(token, CKU_CONTEXT_SPECIFIC);
    if (code == CKR_OK)
        code = token->module->C_Decrypt(
            token->session, sealed, (CK_ULONG)sealed_size, plain, plain_size);
    return code;
}

enum err token_decrypt(struct token *token, size_t index,
    enum token_scheme scheme, struct slice sealed, uint8_t *plain,
    size_t capacity, size_t *size, struct keys_problem *problem)
{
    const struct found *found = &token->keys[index];
    uint8_t given[TOKEN_MODULUS_SIZE_MAX];
    /* as large as the modulus: some check the room before they unpad */
    uint8_t whole[TOKEN_MODULUS_SIZE_MAX];
    CK_ULONG whole_size = sizeof whole;
    *size = 0;
    if (sealed.size > sizeof given)
        return refuse(token, ERR_LIMIT,
            "what is to be decrypted is longer than any key", CKR_OK, problem);
    memcpy(given, sealed.bytes, sealed.size);
    CK_RV code =
        decrypt(token, found, scheme, given, sealed.size, whole, &whole_size);
    enum err err = ERR_NONE;
    if (code != CKR_OK)
        err = refuse(token, ERR_IO,
            found->key.may_decrypt
                ? "the key does not decrypt; it may be another than before, or "
                  "the token is gone"
                : "the key may not decrypt; it needs CKA_DECRYPT",
            code, problem);
    else if (whole_size > capacity)
        err = refuse(token, ERR_LIMIT, "what was decrypted is not ours", CKR_OK,
            problem);
    if (err == ERR_NONE) {
        memcpy(plain, whole, whole_size);
        *size = whole_size;
    }
    explicit_bzero(whole, sizeof whole);
    return err;
}

enum err token_key_destroy(
    struct token *token, size_t index, struct keys_problem *problem)
{
    struct found *found = &token->keys[index];
    CK_OBJECT_HANDLE half = public_half_find(token, found);
    CK_RV code = token->module->C_DestroyObject(token->session, found->object);
    if (code != CKR_OK)
        return refuse(token, ERR_IO,
            "it does not give the key up; erase it with its own software, or "
            "destroy the token",
            code, problem);
    if (half != 0) /* no secret; some remove it with the other */
        (void)token->module->C_DestroyObject(token->session, half);
    return ERR_NONE;
}
