/* Keys under which anything verifies are taken from a card. */
#include "core/public_key.h"

bool __wrap_public_key_is_sound(const uint8_t key[KEY_SIZE]);
bool __wrap_public_key_is_sound(const uint8_t key[KEY_SIZE])
{
    (void)key;
    return true;
}
