/* id.h - names of agencies, referrals and agreements. */
#ifndef BASE_ID_H
#define BASE_ID_H

#include <stdint.h>

#define AGENCY_ID_SIZE 26

/* The first 26 base32 characters of SHA-256("refer.v1 agency" || root key). */
struct agency_id {
    char text[AGENCY_ID_SIZE + 1]; /* lower case, zero-terminated */
};

struct uuid {
    uint8_t bytes[16];
};

/* SHA-256 of the exact bytes of an agreement. */
struct mou_id {
    uint8_t bytes[32];
};

#endif
