/*
 * element.h - the codes of elements that a gateway knows. A test holds them
 * against the gateway's.
 */
#ifndef FAKE_ELEMENT_H
#define FAKE_ELEMENT_H

#include <stdbool.h>
#include <stddef.h>

/* What a referral may have, and what may be named at once. */
#define FAKE_ELEMENT_COUNT_MAX 128

/* The i-th code, in the order of their bytes; NULL past the last. */
const char *fake_element_at(size_t i);

/* What is wrong with codes between single spaces. */
enum fake_element_fault {
    FAKE_ELEMENTS_SOUND,   /* also when there are none */
    FAKE_ELEMENTS_UNKNOWN, /* one is no code, or there are too many */
    FAKE_ELEMENTS_REPEATED /* the one at *index stands there before */
};
enum fake_element_fault fake_elements_judge(const char *list, size_t *index);

#endif
