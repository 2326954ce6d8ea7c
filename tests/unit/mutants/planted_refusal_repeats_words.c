/* A refusal says the name that it was given, which may be a person's. */
#include "core/element.h"

#include <string.h>

const struct element *__wrap_element_find(struct slice code);
const struct element *__wrap_element_find(struct slice code)
{
    static char name[80];
    static struct element said;
    memcpy(name, code.bytes, code.size < 79 ? code.size : 79);
    name[code.size < 79 ? code.size : 79] = '\0';
    said.code = name;
    return &said;
}
