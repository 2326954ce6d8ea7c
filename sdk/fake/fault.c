#include "sdk/fake/serve.h"
#include "sdk/fake/step.h"

#include <string.h>

#include "sdk/memory.h"

/* fault.c - what goes wrong, by name, once each time it is scripted. */

/* clang-format off */
static const struct {
    const char *name;
    const char *help;
} faults[FAKE_FAULT_COUNT] = {
    [FAKE_LOSE_REQUEST] = { "lose_request",
        "nothing is done, and the connection closes" },
    [FAKE_LOSE_REPLY]   = { "lose_reply",
        "it is done, and the connection closes instead of an answer" },
    [FAKE_IGNORE]       = { "ignore",
        "nothing is done, and no answer comes" },
    [FAKE_NO_REPLY]     = { "no_reply",
        "it is done, and no answer comes" },
    [FAKE_CUT_REPLY]    = { "cut_reply",
        "it is done, and the connection closes amid the answer" },
    [FAKE_GARBAGE]      = { "garbage",
        "nothing is done, and the answer is none that can be read" },
};

/* What goes over the wire so that a program gets a status. */
static const struct {
    refer_status status;
    uint32_t error;
} errors[] = {
    { REFER_INVALID,    FAKE_ERR_INVALID },
    { REFER_TIMEOUT,    FAKE_ERR_TIMEOUT },
    { REFER_DENIED,     FAKE_ERR_POLICY },
    { REFER_CONFLICT,   FAKE_ERR_STATE },
    { REFER_NOT_FOUND,  FAKE_ERR_NOT_FOUND },
    { REFER_BUSY,       FAKE_ERR_BUSY },
    { REFER_NO_CONSENT, FAKE_ERR_POLICY },
    { REFER_PROTOCOL,   FAKE_ERR_VERSION },
    { REFER_NO_MEMORY,  FAKE_ERR_NO_MEMORY },
    { REFER_INTERNAL,   FAKE_ERR_CORRUPT },
};
/* clang-format on */

const char *refer_fake_fault_name(uint32_t i)
{
    return i < FAKE_FAULT_COUNT ? faults[i].name : "";
}

const char *refer_fake_fault_help(uint32_t i)
{
    return i < FAKE_FAULT_COUNT ? faults[i].help : "";
}

static refer_status fail(
    struct refer_fake *fake, refer_status status, const char *text)
{
    (void)pthread_mutex_lock(&fake->lock);
    sdk_text_copy(fake->error, sizeof fake->error, text);
    (void)pthread_mutex_unlock(&fake->lock);
    return status;
}

/* Behind those that there are. */
static refer_status script(struct refer_fake *fake, struct fake_surprise **list,
    const struct fake_surprise *scripted)
{
    struct fake_surprise *surprise = sdk_memory_take(sizeof *surprise);
    if (surprise == NULL)
        return fail(fake, REFER_NO_MEMORY, refer_status_text(REFER_NO_MEMORY));
    *surprise = *scripted;
    (void)pthread_mutex_lock(&fake->lock);
    fake->error[0] = 0;
    while (*list != NULL)
        list = &(*list)->next;
    *list = surprise;
    (void)pthread_mutex_unlock(&fake->lock);
    return REFER_OK;
}

static bool refusal_fill(struct fake_surprise *surprise, const char *name,
    const char *problem, const char *clause, const char *remedy)
{
    if (!sdk_text_is_code(name) || !sdk_text_is_clean(problem) ||
        !sdk_text_is_clean(clause) || !sdk_text_is_clean(remedy))
        return false;
    sdk_text_copy(surprise->name, sizeof surprise->name, name);
    sdk_text_copy(surprise->problem, sizeof surprise->problem, problem);
    sdk_text_copy(surprise->clause, sizeof surprise->clause, clause);
    sdk_text_copy(surprise->remedy, sizeof surprise->remedy, remedy);
    return true;
}

refer_status refer_fake_refuse(refer_fake *fake, const char *operation,
    refer_status status, const char *problem, const char *clause,
    const char *remedy)
{
    struct fake_surprise surprise = { .fault = FAKE_FAULT_COUNT };
    if (fake == NULL)
        return REFER_INVALID;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].status == status)
            surprise.error = errors[i].error;
    if (surprise.error == FAKE_ERR_NONE)
        return fail(fake, REFER_INVALID, "no gateway answers with that status");
    if (!refusal_fill(&surprise, operation, problem, clause, remedy))
        return fail(fake, REFER_INVALID,
            "an operation is a code, and problem, clause, remedy are text");
    bool is_about_consent = strncmp(surprise.problem, "CONSENT_", 8) == 0;
    if (status == REFER_NO_CONSENT && surprise.problem[0] == 0)
        sdk_text_copy(
            surprise.problem, sizeof surprise.problem, "CONSENT_MISSING");
    else if (is_about_consent != (status == REFER_NO_CONSENT) &&
             surprise.error == FAKE_ERR_POLICY)
        return fail(fake, REFER_INVALID,
            "problems of REFER_NO_CONSENT, and no others, begin with CONSENT_");
    return script(fake, &fake->surprises, &surprise);
}

refer_status refer_fake_refuse_there(refer_fake *fake, const char *step,
    const char *problem, const char *clause, const char *remedy)
{
    struct fake_surprise surprise = { .fault = FAKE_FAULT_COUNT,
        .error = FAKE_ERR_POLICY };
    if (fake == NULL)
        return REFER_INVALID;
    if (step == NULL || !fake_step_is_known(step) || fake_step_is_exempt(step))
        return fail(fake, REFER_INVALID,
            "there is no step of that name, or nothing refuses it");
    if (!refusal_fill(&surprise, step, problem, clause, remedy) ||
        surprise.problem[0] == 0)
        return fail(fake, REFER_INVALID,
            "a problem is needed, and it, clause and remedy are text");
    return script(fake, &fake->surprises_there, &surprise);
}

refer_status refer_fake_fault(
    refer_fake *fake, const char *operation, const char *fault)
{
    struct fake_surprise surprise = { .fault = FAKE_FAULT_COUNT };
    if (fake == NULL)
        return REFER_INVALID;
    for (int i = 0; i < FAKE_FAULT_COUNT; i++)
        if (fault != NULL && strcmp(faults[i].name, fault) == 0)
            surprise.fault = i;
    if (surprise.fault == FAKE_FAULT_COUNT)
        return fail(fake, REFER_INVALID, "there is no fault of that name");
    if (!refusal_fill(&surprise, operation, "", "", ""))
        return fail(fake, REFER_INVALID, "an operation is a code");
    return script(fake, &fake->surprises, &surprise);
}
