#include "referctl/turn.h"

#include <string.h>

/* clang-format off */
static const struct turn turns[] = {
    { "draft",         "send",        true,  false },
    { "sent",          "receipt",     false, true },
    { "undeliverable", "receipt",     false, true },
    { "delivered",     "opened",      false, false },
    { "seen",          "accept",      false, false },
    { "info_needed",   "answer",      true,  false },
    { "waitlisted",    "place_found", false, false },
    { "accepted",      "choose_time", true,  false },
    { "scheduled",     "arrive",      false, false },
    { "arrived",       "start",       false, false },
    { "in_service",    "finish",      false, false },
    { "paused",        "resume",      false, false },
    { "handed_back",   "acknowledge", true,  false },
};
/* clang-format on */

#define TURN_COUNT (sizeof turns / sizeof turns[0])

const struct turn *turn_at(size_t i)
{
    return i < TURN_COUNT ? &turns[i] : NULL;
}

const struct turn *turn_of(const char *state)
{
    for (size_t i = 0; i < TURN_COUNT; i++) {
        if (strcmp(turns[i].state, state) == 0)
            return &turns[i];
    }
    return NULL;
}
