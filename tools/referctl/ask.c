#include "referctl/ask.h"

#include <string.h>

#include "referctl/display.h"

#define ANSWER_SIZE 16

bool ask_is_possible(const struct session *session)
{
    return session->has_keyboard && session->is_terminal && !session->json;
}

bool ask_yes(struct session *session, const char *question)
{
    char line[ANSWER_SIZE] = "";
    display_line(session, "%s", question);
    (void)fflush(session->out);
    return fgets(line, sizeof line, session->in) != NULL &&
           strcmp(line, "yes\n") == 0;
}
