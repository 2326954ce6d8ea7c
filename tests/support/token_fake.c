#include "support/token_fake.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define PUBLIC_HALF 100u /* of a key: its handle and this */
#define LABEL "fake one"

EXPORT struct token_fake token_fake;
EXPORT CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR list);

static EVP_PKEY *pairs[2];
static CK_ATTRIBUTE wanted[4];
static unsigned char wanted_bytes[4][64];
static CK_ULONG wanted_count;
static CK_ULONG find_next;
static CK_MECHANISM_TYPE mechanism;
static CK_RSA_PKCS_OAEP_PARAMS oaep;
static const struct token_fake_key *decrypting;
static bool was_again;

static EVP_PKEY *pair_of(const struct token_fake_key *key)
{
    if (pairs[key->pair] == NULL)
        pairs[key->pair] = EVP_RSA_gen(2048);
    return pairs[key->pair];
}

/* ---- Slots -------------------------------------------------------------- */

static CK_RV initialize(void *arguments)
{
    (void)arguments;
    if (token_fake.initialize_code == CKR_OK)
        token_fake.begun_count++;
    return token_fake.initialize_code;
}

static CK_RV finalize(void *reserved)
{
    (void)reserved;
    token_fake.begun_count--;
    return CKR_OK;
}

/* Slot 0 is empty but for an uninitialized token. */
static CK_RV slots_get(CK_BBOOL is_present, CK_SLOT_ID *slots, CK_ULONG *count)
{
    CK_ULONG there = (CK_ULONG)token_fake.token_count + 1;
    (void)is_present;
    if (token_fake.slots_code != CKR_OK)
        return token_fake.slots_code;
    for (CK_ULONG i = 0; slots != NULL && i < there; i++)
        slots[i] = i;
    *count = there;
    return CKR_OK;
}

static void fill(unsigned char *field, size_t size, const char *text)
{
    memset(field, ' ', size);
    memcpy(field, text, strlen(text));
}

static CK_RV slot_info(CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
    (void)slot;
    memset(info, 0, sizeof *info);
    fill(info->slotDescription, sizeof info->slotDescription, "reader");
    fill(info->manufacturerID, sizeof info->manufacturerID, "fake");
    info->flags = CKF_TOKEN_PRESENT;
    return CKR_OK;
}

static CK_RV token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
    memset(info, 0, sizeof *info);
    fill(info->label, sizeof info->label, LABEL);
    fill(info->manufacturerID, sizeof info->manufacturerID, "fake");
    fill(info->model, sizeof info->model, "none");
    fill(info->serialNumber, sizeof info->serialNumber, "0");
    info->serialNumber[0] = (unsigned char)('0' + slot);
    info->flags = slot == 0 ? 0 : token_fake.flags;
    info->ulMinPinLen = 4;
    info->ulMaxPinLen = 8;
    return CKR_OK;
}

/* ---- Sessions ----------------------------------------------------------- */

static CK_RV session_open(CK_SLOT_ID slot, CK_FLAGS flags, void *application,
    CK_NOTIFY notify, CK_SESSION_HANDLE *session)
{
    (void)flags;
    (void)application;
    (void)notify;
    if (token_fake.session_code != CKR_OK)
        return token_fake.session_code;
    token_fake.session_count++;
    *session = slot;
    return CKR_OK;
}

static CK_RV session_close(CK_SESSION_HANDLE session)
{
    (void)session;
    token_fake.session_count--;
    return CKR_OK;
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user,
    CK_UTF8CHAR *pin, CK_ULONG size)
{
    (void)session;
    if (user == CKU_CONTEXT_SPECIFIC) {
        token_fake.again_count++;
        was_again = true;
    } else {
        token_fake.login_count++;
    }
    if (token_fake.login_code != CKR_OK)
        return token_fake.login_code;
    if ((token_fake.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0)
        return pin == NULL ? CKR_OK : CKR_ARGUMENTS_BAD;
    if (size == strlen(token_fake.pin) &&
        memcmp(pin, token_fake.pin, size) == 0)
        return CKR_OK;
    token_fake.wrong_count++;
    return CKR_PIN_INCORRECT;
}

/* ---- Objects ------------------------------------------------------------ */

static CK_RV give(CK_ATTRIBUTE *asked, const void *bytes, size_t size)
{
    bool has_room = asked->pValue != NULL && asked->ulValueLen >= size;
    bool is_size_alone = asked->pValue == NULL;
    asked->ulValueLen = (CK_ULONG)size;
    if (has_room)
        memcpy(asked->pValue, bytes, size);
    else if (!is_size_alone)
        asked->ulValueLen = CK_UNAVAILABLE_INFORMATION;
    return has_room || is_size_alone ? CKR_OK : CKR_BUFFER_TOO_SMALL;
}

static CK_RV refuse(CK_ATTRIBUTE *asked, CK_RV code)
{
    asked->ulValueLen = CK_UNAVAILABLE_INFORMATION;
    return code;
}

static CK_RV number_give(
    const struct token_fake_key *key, const char *name, CK_ATTRIBUTE *asked)
{
    unsigned char bytes[300];
    BIGNUM *number = NULL;
    if (key->is_large)
        return refuse(asked, CKR_BUFFER_TOO_SMALL);
    if (EVP_PKEY_get_bn_param(pair_of(key), name, &number) != 1)
        return refuse(asked, CKR_FUNCTION_FAILED);
    /* with a zero before it, as some write it */
    int size = BN_bn2binpad(number, bytes, BN_num_bytes(number) + 1);
    BN_free(number);
    return give(asked, bytes, (size_t)size);
}

static CK_RV attribute_get(
    const struct token_fake_key *key, bool is_public, CK_ATTRIBUTE *asked)
{
    CK_OBJECT_CLASS class = is_public ? CKO_PUBLIC_KEY : CKO_PRIVATE_KEY;
    CK_BBOOL flag = CK_FALSE;
    switch (asked->type) {
    case CKA_CLASS:
        return give(asked, &class, sizeof class);
    case CKA_KEY_TYPE:
        return give(asked, &key->type, sizeof key->type);
    case CKA_LABEL:
        return give(asked, key->label, strlen(key->label));
    case CKA_ID:
        return give(asked, &key->id, key->id != 0);
    case CKA_DECRYPT:
        flag = key->may_decrypt;
        return give(asked, &flag, sizeof flag);
    case CKA_EXTRACTABLE:
        flag = key->may_leave;
        return give(asked, &flag, sizeof flag);
    case CKA_ALWAYS_AUTHENTICATE:
        flag = key->wants_pin_again;
        return key->wants_pin_again ? give(asked, &flag, sizeof flag)
                                    : refuse(asked, CKR_ATTRIBUTE_TYPE_INVALID);
    case CKA_MODULUS:
        return key->hides_modulus && !is_public
                   ? refuse(asked, CKR_ATTRIBUTE_SENSITIVE)
                   : number_give(key, OSSL_PKEY_PARAM_RSA_N, asked);
    case CKA_PUBLIC_EXPONENT:
        return key->hides_modulus && !is_public
                   ? refuse(asked, CKR_ATTRIBUTE_TYPE_INVALID)
                   : number_give(key, OSSL_PKEY_PARAM_RSA_E, asked);
    default:
        return refuse(asked, CKR_ATTRIBUTE_TYPE_INVALID);
    }
}

/* Handles count from 1; those of public halves from PUBLIC_HALF + 1. */
static struct token_fake_key *key_of(CK_OBJECT_HANDLE object, bool *is_public)
{
    *is_public = object > PUBLIC_HALF;
    return &token_fake.keys[(*is_public ? object - PUBLIC_HALF : object) - 1];
}

static CK_RV attributes_get(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
    CK_ATTRIBUTE *asked, CK_ULONG count)
{
    bool is_public;
    const struct token_fake_key *key = key_of(object, &is_public);
    CK_RV code = CKR_OK;
    (void)session;
    for (CK_ULONG i = 0; i < count; i++) {
        CK_RV one = attribute_get(key, is_public, &asked[i]);
        code = code == CKR_OK ? one : code;
    }
    return code;
}

static bool is_wanted(const struct token_fake_key *key, bool is_public)
{
    if (key->is_gone || (is_public && key->has_no_public_half))
        return false;
    for (CK_ULONG i = 0; i < wanted_count; i++) {
        unsigned char bytes[64];
        CK_ATTRIBUTE has = { wanted[i].type, bytes, sizeof bytes };
        if (attribute_get(key, is_public, &has) != CKR_OK ||
            has.ulValueLen != wanted[i].ulValueLen ||
            memcmp(bytes, wanted[i].pValue, has.ulValueLen) != 0)
            return false;
    }
    return true;
}

static CK_RV find_begin(
    CK_SESSION_HANDLE session, CK_ATTRIBUTE *asked, CK_ULONG count)
{
    (void)session;
    if (token_fake.find_code != CKR_OK)
        return token_fake.find_code;
    wanted_count = count;
    find_next = 0;
    for (CK_ULONG i = 0; i < count; i++) {
        wanted[i] = asked[i];
        wanted[i].pValue = wanted_bytes[i];
        memcpy(wanted_bytes[i], asked[i].pValue, asked[i].ulValueLen);
    }
    return CKR_OK;
}

static CK_RV find_go_on(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects,
    CK_ULONG capacity, CK_ULONG *count)
{
    (void)session;
    *count = 0;
    if (token_fake.gives_one_at_a_time && capacity > 1)
        capacity = 1;
    for (; find_next < 2 * token_fake.key_count && *count < capacity;
         find_next++) {
        bool is_public = find_next >= token_fake.key_count;
        CK_ULONG index =
            is_public ? find_next - token_fake.key_count : find_next;
        if (is_wanted(&token_fake.keys[index], is_public))
            objects[(*count)++] = index + 1 + (is_public ? PUBLIC_HALF : 0);
    }
    return CKR_OK;
}

static CK_RV find_end(CK_SESSION_HANDLE session)
{
    (void)session;
    return CKR_OK;
}

static CK_RV object_destroy(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    bool is_public;
    struct token_fake_key *key = key_of(object, &is_public);
    (void)session;
    if (token_fake.destroy_code != CKR_OK)
        return token_fake.destroy_code;
    token_fake.destroy_count++;
    if (is_public)
        key->has_no_public_half = true;
    else
        key->is_gone = true;
    return CKR_OK;
}

/* ---- Decrypting --------------------------------------------------------- */

static CK_RV decrypt_begin(
    CK_SESSION_HANDLE session, CK_MECHANISM *how, CK_OBJECT_HANDLE object)
{
    bool is_public;
    (void)session;
    if (token_fake.dies)
        (void)raise(SIGKILL);
    while (token_fake.hangs)
        (void)pause();
    if (token_fake.decrypt_code != CKR_OK)
        return token_fake.decrypt_code;
    mechanism = how->mechanism;
    decrypting = key_of(object, &is_public);
    was_again = false;
    if (!decrypting->may_decrypt)
        return CKR_KEY_FUNCTION_NOT_PERMITTED;
    if (mechanism == CKM_RSA_PKCS)
        return token_fake.does_pkcs1 ? CKR_OK : CKR_MECHANISM_INVALID;
    memcpy(&oaep, how->pParameter, sizeof oaep);
    if (mechanism != CKM_RSA_PKCS_OAEP || how->ulParameterLen != sizeof oaep ||
        oaep.source != CKZ_DATA_SPECIFIED)
        return CKR_MECHANISM_PARAM_INVALID;
    return (oaep.hashAlg == CKM_SHA256 ? token_fake.does_oaep_sha256
                                       : token_fake.does_oaep_sha1)
               ? CKR_OK
               : CKR_ARGUMENTS_BAD;
}

static bool undo(EVP_PKEY_CTX *context, const unsigned char *sealed,
    CK_ULONG sealed_size, unsigned char *plain, size_t *size)
{
    bool is_new = oaep.hashAlg == CKM_SHA256;
    bool is_oaep = mechanism == CKM_RSA_PKCS_OAEP;
    const EVP_MD *hash = is_new ? EVP_sha256() : EVP_sha1();
    return EVP_PKEY_decrypt_init(context) == 1 &&
           EVP_PKEY_CTX_set_rsa_padding(context,
               is_oaep ? RSA_PKCS1_OAEP_PADDING : RSA_PKCS1_PADDING) == 1 &&
           (!is_oaep ||
               (EVP_PKEY_CTX_set_rsa_oaep_md(context, hash) == 1 &&
                   EVP_PKEY_CTX_set_rsa_mgf1_md(context, hash) == 1)) &&
           EVP_PKEY_decrypt(context, plain, size, sealed, sealed_size) == 1;
}

static CK_RV decrypt(CK_SESSION_HANDLE session, unsigned char *sealed,
    CK_ULONG sealed_size, unsigned char *plain, CK_ULONG *plain_size)
{
    unsigned char whole[256];
    size_t size = sizeof whole;
    (void)session;
    if (decrypting->wants_pin_again && !was_again)
        return CKR_USER_NOT_LOGGED_IN;
    /* before it unpads, as some do */
    if (*plain_size < sizeof whole)
        return CKR_BUFFER_TOO_SMALL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pair_of(decrypting), NULL);
    bool done =
        context != NULL && undo(context, sealed, sealed_size, whole, &size);
    EVP_PKEY_CTX_free(context);
    if (!done && token_fake.answers_damage) {
        size = 32;
        done = RAND_bytes(whole, 32) == 1;
    }
    if (!done)
        return CKR_ENCRYPTED_DATA_INVALID;
    memcpy(plain, whole, size);
    *plain_size = (CK_ULONG)size;
    return CKR_OK;
}

/* ---- The list ----------------------------------------------------------- */

CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR list)
{
    static CK_FUNCTION_LIST functions = {
        .version = { 2, 40 },
        .C_Initialize = initialize,
        .C_Finalize = finalize,
        .C_GetFunctionList = C_GetFunctionList,
        .C_GetSlotList = slots_get,
        .C_GetSlotInfo = slot_info,
        .C_GetTokenInfo = token_info,
        .C_OpenSession = session_open,
        .C_CloseSession = session_close,
        .C_Login = login,
        .C_GetAttributeValue = attributes_get,
        .C_FindObjectsInit = find_begin,
        .C_FindObjects = find_go_on,
        .C_FindObjectsFinal = find_end,
        .C_DestroyObject = object_destroy,
        .C_DecryptInit = decrypt_begin,
        .C_Decrypt = decrypt,
    };
    *list = &functions;
    return CKR_OK;
}
