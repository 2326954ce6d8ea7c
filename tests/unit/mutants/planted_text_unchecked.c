/* Whatever calls itself text is text. */
#include "base/text.h"

bool __wrap_text_is_utf8(struct slice bytes, enum text_controls controls);
bool __wrap_text_is_utf8(struct slice bytes, enum text_controls controls)
{
    (void)bytes;
    (void)controls;
    return true;
}
