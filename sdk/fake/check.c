#include "sdk/fake/check.h"

#include <stdio.h>
#include <string.h>

bool fake_wrong(struct sdk_reply *reply, const char *where, const char *name,
    const char *remedy)
{
    char clause[SDK_TEXT_SIZE];
    (void)snprintf(clause, sizeof clause, "%s.%s", where, name);
    return fake_refuse(reply, FAKE_ERR_INVALID, "FORMAT", clause, remedy);
}

static const char *const type_remedies[SDK_FIELD_TYPE_COUNT] = {
    [SDK_FIELD_TEXT] = "give it as text",
    [SDK_FIELD_NUMBER] = "give it as a number",
    [SDK_FIELD_DATA] = "give it as data",
    [SDK_FIELD_FLAG] = "give it as a flag",
};

bool fake_fields_check(struct sdk_reply *reply, const char *where,
    const struct sdk_record *record, const struct fake_rule *rules,
    size_t rule_count)
{
    for (size_t i = 0; i < record->field_count; i++) {
        const struct sdk_field *field = &record->fields[i];
        const struct fake_rule *rule = NULL;
        for (size_t k = 0; k < rule_count; k++)
            if (strcmp(rules[k].name, field->name) == 0)
                rule = &rules[k];
        if (rule == NULL) {
            char clause[SDK_TEXT_SIZE];
            (void)snprintf(clause, sizeof clause, "%s.%s", where, field->name);
            return fake_refuse(reply, FAKE_ERR_INVALID, "UNKNOWN_FIELD", clause,
                "leave it out: the operation knows no such field");
        }
        if (field->type != rule->type)
            return fake_wrong(
                reply, where, field->name, type_remedies[rule->type]);
    }
    for (size_t k = 0; k < rule_count; k++)
        if (rules[k].is_required &&
            sdk_record_find(record, rules[k].name) == NULL)
            return fake_wrong(reply, where, rules[k].name, "add it");
    return true;
}

int64_t fake_number(
    const struct sdk_record *record, const char *name, int64_t absent)
{
    const struct sdk_field *field = sdk_record_find(record, name);
    return field == NULL ? absent : field->number;
}

#define URN "urn:uuid:"
#define BARE_SIZE 36u

bool fake_id_read(const char *text, char id[REFER_ID_SIZE])
{
    char *out = id + strlen(URN);
    if (strncmp(text, URN, strlen(URN)) == 0)
        text += strlen(URN);
    if (strlen(text) != BARE_SIZE)
        return false;
    memcpy(id, URN, sizeof URN);
    for (size_t i = 0; i < BARE_SIZE; i++) {
        char c = text[i];
        if (c >= 'A' && c <= 'F')
            c = (char)(c - 'A' + 'a');
        bool is_hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_hyphen ? c != '-' : strchr("0123456789abcdef", c) == NULL)
            return false;
        out[i] = c;
    }
    out[BARE_SIZE] = 0;
    return true;
}

bool fake_is_agency(const char *text)
{
    size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyz234567");
    return size == FAKE_AGENCY_SIZE - 1 && text[size] == 0;
}
