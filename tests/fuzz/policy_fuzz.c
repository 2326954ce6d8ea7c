/*
 * policy_fuzz.c - agreement, referral and event by the tape's choices, one byte
 * each (support/policy_world.h): the verdict is the oracle's, the same when it
 * is asked again, and says in codes of ours what is wrong.
 */
#include <stdlib.h>
#include <string.h>

#include "core/verdict.h"
#include "support/policy_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void require_words(const char *text)
{
    for (; *text != '\0'; text++)
        require(*text >= ' ' && *text <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct policy_world world;
    struct verdict verdict, again;
    policy_world_init(&world);
    policy_world_draw(&world, slice_of(data, size));
    memset(&verdict, 0xff, sizeof verdict);
    memset(&again, 0, sizeof again);
    policy_judge(&world.question, &verdict);
    policy_judge(&world.question, &again);
    require(verdict.problem == policy_oracle(&world));
    require(verdict.problem == again.problem);
    require(strcmp(verdict.clause, again.clause) == 0);
    require(strcmp(verdict.remedy, again.remedy) == 0);
    require((verdict.remedy[0] == '\0') == verdict_allows(&verdict));
    require((verdict.clause[0] == '\0') == verdict_allows(&verdict));
    require_words(verdict.clause);
    require_words(verdict.remedy);
    return 0;
}
