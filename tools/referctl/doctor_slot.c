/* The key of the store: where it is, and its token, without logging in. */
#include "referctl/doctor.h"

#include <stdlib.h>

#include "io/store_key.h"
#include "io/store_token.h"

static void look_at_token(
    struct doctor *doctor, const struct store_slot *slot, bool is_in_use)
{
    char name[64];
    struct keys_problem problem = { .text = "" };
    if (slot->token[0] == '\0')
        return;
    enum err err = store_token_look(slot, name, &problem);
    if (err != ERR_NONE)
        doctor_find(doctor, is_in_use ? FINDING_PROBLEM : FINDING_WARNING,
            "store key", "token",
            "the gateway runs on without it, but does not start", "%s",
            problem.text);
    else
        doctor_find(doctor, FINDING_OK, "store key", "token", "",
            "token %s is there; its PIN and its key were not tried", name);
}

static void look_at_file(struct doctor *doctor, const struct store_slot *slot)
{
    doctor_find(doctor, slot->token[0] == '\0' ? FINDING_OK : FINDING_WARNING,
        "store key", "slot",
        slot->token[0] == '\0' ? "" : "referctl -c FILE key slot token",
        slot->token[0] == '\0' ? "in a file"
                               : "in a file, though store_token names a token");
}

void doctor_look_at_slot(struct doctor *doctor)
{
    const struct store_slot slot = { .keys = doctor->keys,
        .credentials = getenv("CREDENTIALS_DIRECTORY"),
        .token = doctor->store_token };
    enum store_slot_kind kind = store_slot_find(&slot);
    switch (kind) {
    case STORE_SLOT_NONE:
        /* the credential is shown to the gateway alone */
        doctor_find(doctor, FINDING_OK, "store key", "slot", "",
            "in no file: a credential, or destroyed");
        break;
    case STORE_SLOT_FILE:
        look_at_file(doctor, &slot);
        break;
    case STORE_SLOT_PASSPHRASE:
    case STORE_SLOT_CREDENTIAL:
        doctor_find(doctor, FINDING_OK, "store key", "slot", "", "%s",
            store_slot_kind_name(kind));
        break;
    case STORE_SLOT_TOKEN:
        if (slot.token[0] == '\0')
            doctor_find(doctor, FINDING_PROBLEM, "store key", "slot",
                "set store_token in the configuration",
                "for a token, and none is named");
        else
            doctor_find(
                doctor, FINDING_OK, "store key", "slot", "", "for a token");
        break;
    }
    look_at_token(doctor, &slot, kind == STORE_SLOT_TOKEN);
}
