#include "sim/letter.h"

#include <stdlib.h>
#include <string.h>

struct letter *letter_new(
    struct letters *letters, enum letter_kind kind, struct slice bytes)
{
    struct letter *letter = calloc(1, sizeof *letter + bytes.size);
    if (letter == NULL)
        abort();
    letter->kind = kind;
    letter->size = bytes.size;
    if (bytes.size > 0)
        memcpy(letter->bytes, bytes.bytes, bytes.size);
    letter->next = letters->all;
    if (letters->all != NULL)
        letters->all->previous = letter;
    letters->all = letter;
    return letter;
}

void letter_free(struct letters *letters, struct letter *letter)
{
    if (letter->next != NULL)
        letter->next->previous = letter->previous;
    if (letter->previous != NULL)
        letter->previous->next = letter->next;
    else
        letters->all = letter->next;
    free(letter);
}

void letters_release(struct letters *letters)
{
    while (letters->all != NULL)
        letter_free(letters, letters->all);
}
