/*
 * doctor.h - what is checked, and how findings are kept: a finding says how
 * good or bad it is, what was looked at, what was found, and what to type
 * about it. No check stops the others.
 */
#ifndef REFERCTL_DOCTOR_H
#define REFERCTL_DOCTOR_H

#include "core/card.h"
#include "referctl/offline.h"
#include "referctl/session.h"

enum finding_level { FINDING_OK, FINDING_WARNING, FINDING_PROBLEM };

struct doctor {
    struct session *session;
    struct offline offline;
    struct records findings; /* "finding"; doctor.c says what it holds */
    size_t warning_count;
    size_t problem_count;

    /* of --config, when it could be read */
    const char *data;
    const char *keys;
    const char *const *listen;
    size_t listen_count;
    uint32_t map_size_mib;
    const char *store_token;      /* "": none */
    const char *certificate_path; /* NULL: there is none to show */
    const char *key_path;
    const struct card *card_file; /* of DATA/card; NULL: not read */

    /* of the gateway, when it answered */
    const struct card *card; /* ours */
    const char *self;
};

/* Adds a finding. `remedy` is "" where there is nothing to do. */
__attribute__((format(printf, 6, 7))) void doctor_find(struct doctor *doctor,
    enum finding_level level, const char *check, const char *subject,
    const char *remedy, const char *format, ...);

/* "ok", "warning", "problem". */
const char *finding_level_name(enum finding_level level);

/* Validity, as of a card or a key: over, about to be, or not. */
void doctor_find_validity(struct doctor *doctor, const char *check,
    const char *subject, int64_t from_ms, int64_t until_ms, const char *remedy);

/* doctor_files.c: configuration, users, folder, clock. */
void doctor_look_at_files(struct doctor *doctor);
/* doctor_keys.c: keys and the card that shows them. */
void doctor_look_at_keys(struct doctor *doctor);
/* doctor_slot.c: where the key of the store is; its token, without its PIN. */
void doctor_look_at_slot(struct doctor *doctor);
/* doctor_gateway.c: is it ready, do our endpoints answer, who follows. False:
 * nothing more can be asked. */
bool doctor_look_at_gateway(struct doctor *doctor);
/* doctor_peers.c: each agency's line, endpoints, clock, agreements. */
void doctor_look_at_peers(struct doctor *doctor);

/* Dials an endpoint and compares its key with those of a card: doctor_dial.c.
 * `whose` is NULL for our own, where being let in does not matter. */
void doctor_dial(struct doctor *doctor, const char *check, const char *subject,
    const char *url, const struct card *card, const char *whose);

#endif
