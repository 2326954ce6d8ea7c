/* G14: once there is a referral, what is said later is in its spirit. */
#include "core/policy.h"

void __real_policy_judge(
    const struct policy_question *question, struct verdict *verdict);
void __wrap_policy_judge(
    const struct policy_question *question, struct verdict *verdict);
void __wrap_policy_judge(
    const struct policy_question *question, struct verdict *verdict)
{
    if (question->event->type == EVENT_SEND)
        __real_policy_judge(question, verdict);
}
