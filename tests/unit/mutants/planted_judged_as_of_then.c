/* G14: consent and agreement are looked at as of when the author says that it
 * spoke. */
#include "core/policy.h"

void __real_policy_judge(
    const struct policy_question *question, struct verdict *verdict);
void __wrap_policy_judge(
    const struct policy_question *question, struct verdict *verdict);
void __wrap_policy_judge(
    const struct policy_question *question, struct verdict *verdict)
{
    struct policy_question then = *question;
    then.now = question->event->at;
    __real_policy_judge(&then, verdict);
}
