/*
 * element.h - the closed registry of what can be said about a person, and how
 * each code looks elsewhere. The core knows codes, not meanings.
 */
#ifndef CORE_ELEMENT_H
#define CORE_ELEMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

enum element_type {
    ELEMENT_TEXT,   /* UTF-8, lines allowed */
    ELEMENT_CODE,   /* [a-z0-9_.-] */
    ELEMENT_NUMBER, /* decimal */
    ELEMENT_DATE,   /* YYYY-MM-DD */
    ELEMENT_YEAR,   /* YYYY */
    ELEMENT_FLAG,   /* yes, no */
    ELEMENT_TYPE_COUNT
};

struct element {
    const char *code;
    enum element_type type;
    bool is_identifier; /* it says who the person is, or leads to them */
    const char *sensitive_class; /* "" or substance_use, hiv, tb, ... */
    const char *fhir_path;
    const char *v2_field;
    const char *help; /* one English line, person first */
};

/* NULL when there is no such code. */
const struct element *element_find(struct slice code);
/* The i-th, in alphabetical order of codes; NULL past the last. */
const struct element *element_at(size_t index);
/* NULL when the value has the element's form, else what form it should have
 * (static storage). */
const char *element_form_problem(
    const struct element *element, struct slice value);

#endif
