/* Whoever asks first gets all the room there is. */
#include "daemon/turns.h"

size_t __wrap_turns_count(
    const struct turns *turns, const uint8_t origin[TURNS_ORIGIN_SIZE]);
size_t __wrap_turns_count(
    const struct turns *turns, const uint8_t origin[TURNS_ORIGIN_SIZE])
{
    (void)origin;
    return turns->first == NULL ? 0 : 1; /* as long as one is free */
}
