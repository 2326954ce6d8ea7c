#include "refer/refer.h"

/* version.c - constants as functions. */

#define TEXT(x) #x
#define VERSION_TEXT(major, minor, patch)                                      \
    TEXT(major) "." TEXT(minor) "." TEXT(patch)

_Static_assert(REFER_VERSION_NUMBER == 0x000100, "change the text as well");

uint32_t refer_version(void)
{
    return REFER_VERSION_NUMBER;
}

const char *refer_version_string(void)
{
    return VERSION_TEXT(0, 1, 0);
}

size_t refer_id_size(void)
{
    return REFER_ID_SIZE;
}
