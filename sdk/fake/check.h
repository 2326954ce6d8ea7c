/* check.h - the form of what was asked, refused in the gateway's words. */
#ifndef FAKE_CHECK_H
#define FAKE_CHECK_H

#include "sdk/fake/state.h"

/* A field that a request or record may have. */
struct fake_rule {
    const char *name;
    enum sdk_field_type type;
    bool is_required;
};

/* True when exactly the fields of the rules are there; `where` begins the
 * clause. */
bool fake_fields_check(struct sdk_reply *reply, const char *where,
    const struct sdk_record *record, const struct fake_rule *rules,
    size_t rule_count);
/* Makes an error of the form of `where`.`name`; always false. */
bool fake_wrong(struct sdk_reply *reply, const char *where, const char *name,
    const char *remedy);

/* A number, or that one when absent. */
int64_t fake_number(
    const struct sdk_record *record, const char *name, int64_t absent);

/* Copies the id with its "urn:uuid:" in lower case. False when it is none. */
bool fake_id_read(const char *text, char id[REFER_ID_SIZE]);
/* 26 letters and digits of base32. */
bool fake_is_agency(const char *text);

#endif
