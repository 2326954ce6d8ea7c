/*
 * form.h - forms that texts in cards, agreements and configuration must have.
 * Pure predicates of the bytes; none looks anything up.
 */
#ifndef CORE_FORM_H
#define CORE_FORM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/* UTF-8 on one line: 1 to size_max bytes, no control character, no space at
 * either end. */
bool form_is_line(struct slice text, size_t size_max);

/* As form_is_line, or empty. */
bool form_is_line_or_empty(struct slice text, size_t size_max);

/*
 * `tls+tcp://HOST:PORT`: a host name or IPv4 address of letters, digits, dots
 * and hyphens, or an IPv6 address in brackets; a port from 1 to 65535 without
 * leading zeros. Nothing after it.
 */
bool form_is_endpoint(struct slice text);

/* `urn:NID:NSS` (RFC 8141) without r-, q- or f-components, at most size_max
 * bytes of printable ASCII. */
bool form_is_urn(struct slice text, size_t size_max);

#endif
