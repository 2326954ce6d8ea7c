/*
 * refer-sim: does a federation keep its promises under every bad week?
 *
 *   refer-sim [--seeds FROM..TO | --seed N] [--until STEP] [-v] [--OPTION N]...
 *
 * Each seed is a run of several gateways with its own mix of faults; options
 * (options.h, --help) hold one of them to a value. Ends with 1 at the first
 * failure.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "sim/elsewhere.h"
#include "sim/planted.h"
#include "sim/shrink.h"
#include "sim/world.h"

#define SET_COUNT_MAX 64

enum faults { FAULTS_SOME, FAULTS_NONE, FAULTS_MOST, FAULTS_ALL, FAULTS_COUNT };

static const char *const faults_names[] = { "some", "none", "most", "all" };

struct command {
    uint64_t from;
    uint64_t to;
    uint64_t until;
    bool verbose;
    bool covered;   /* fail when something was never met */
    bool twice;     /* every seed, and compare */
    bool unchecked; /* the core was built without its authors' checks */
    enum faults faults;
    int64_t days; /* 0: as the options have it */
    const char *plant;
    bool without_plant;  /* but with the options that it brings */
    const char *failure; /* the last run's; NULL: it kept all promises */
    const char *names[SET_COUNT_MAX];
    int64_t values[SET_COUNT_MAX];
    size_t set_count;
    char replay[1024]; /* the words that make the run what it is */
    bool shrinks;
    bool hashes;
    bool measures;
    uint64_t referral_count;
    bool is_quiet;
    uint64_t steps;                  /* of the run that failed */
    const struct sim_options *fixed; /* instead of all of these; or NULL */
    struct tally tally;
    uint64_t step_count;
    struct world world;
};

static void usage(FILE *out)
{
    fprintf(out,
        "usage: refer-sim [OPTION]...\n"
        "  --seed N, --seeds FROM..TO   which runs (1)\n"
        "  --faults none|some|most|all  of each run (some, as the seed draws)\n"
        "  --days N                     instead of --minutes, with ten\n"
        "                               referrals a day from each agency,\n"
        "                               and hours that are days long\n"
        "  --until STEP                 stop there\n"
        "  -v                           say all that happens\n"
        "  --twice                      each run again, here and in another\n"
        "                               process, and compare\n"
        "  --shrink                     look for a smaller run that fails so\n"
        "  --hashes                     print each run's, over all outputs\n"
        "  --measure                    print one line of JSON: what it took\n"
        "  --covered                    fail when something was never met\n"
        "  --unchecked                  the core's authors do not judge\n"
        "  --plant NAME, --plants       this mistake must be found; which\n"
        "                               there are\n"
        "and to hold to a value what the seed would draw, --NAME N:\n");
#define X(name, least, most)                                                   \
    fprintf(out, "  %-20s %d..%d\n", #name, least, most);
    SIM_OPTION_LIST(X)
    SIM_FAULT_LIST(X)
    SIM_MEASURE_LIST(X)
    SIM_RARE_LIST(X)
    SIM_EXTRA_LIST(X)
#undef X
}

/* "--NAME N --NAME N": those that a planted mistake brings with it. */
static void arguments_apply(const char *arguments, struct sim_options *options)
{
    char name[32];
    long long value;
    int size = 0;
    while (sscanf(arguments, " --%31[a-z_] %lld%n", name, &value, &size) == 2) {
        if (!sim_options_set(options, name, value))
            abort();
        arguments += size;
    }
}

static struct sim_options options_of(
    const struct command *command, uint64_t seed)
{
    if (command->fixed != NULL)
        return *command->fixed;
    struct sim_options options = sim_options_draw(seed);
    if (command->faults == FAULTS_NONE)
        sim_options_without(&options);
    else if (command->faults == FAULTS_MOST)
        sim_options_with_most(&options, seed);
    else if (command->faults == FAULTS_ALL)
        sim_options_with_all(&options, seed);
    if (command->days > 0) {
        options.minutes = command->days * 24 * 60;
        sim_options_slow(&options);
    }
    if (command->plant != NULL)
        arguments_apply(planted_arguments(command->plant), &options);
    for (size_t i = 0; i < command->set_count; i++)
        (void)sim_options_set(&options, command->names[i], command->values[i]);
    return options;
}

/* True when it kept all promises; *hash is then the run's. */
static bool run(struct command *command, uint64_t seed, uint64_t *hash)
{
    struct world *world = &command->world;
    world->seed = seed;
    world->options = options_of(command, seed);
    world->verbose = command->verbose;
    world->unchecked = command->unchecked;
    world->until = command->until;
    world->is_quiet = command->is_quiet;
    world->replay = command->replay;
    world->tally = &command->tally;
    world->plant =
        planted_begin(command->without_plant ? NULL : command->plant);
    if (command->verbose) {
        printf("seed %llu:", (unsigned long long)seed);
        sim_options_print(&world->options);
    }
    world_run(world);
    bool well = !world->failed;
    *hash = world->hash;
    command->failure = world->failure;
    if (command->failure != NULL && !command->is_quiet)
        command->steps = world->step;
    command->step_count += world->step;
    command->referral_count += world->truth.affair_count;
    if (command->hashes)
        printf("seed %llu: %016llx\n", (unsigned long long)seed,
            (unsigned long long)world->hash);
    world_clear(world);
    return well;
}

/* Equal seeds, equal runs: after others that left something in memory, and in a
 * process where all lies elsewhere. */
static bool is_repeated(struct command *command, uint64_t seed, uint64_t first)
{
    uint64_t second;
    uint64_t third;
    const char *failure = command->failure;
    (void)run(command, seed, &second);
    command->failure = failure;
    if (first != second)
        printf("refer-sim: seed %llu: two runs differ: %016llx %016llx\n",
            (unsigned long long)seed, (unsigned long long)first,
            (unsigned long long)second);
    else if (!elsewhere_run(command->replay, seed, &third))
        printf("refer-sim: seed %llu: no run in another process\n",
            (unsigned long long)seed);
    else if (first != third)
        printf("refer-sim: seed %llu: another run elsewhere: %016llx %016llx\n",
            (unsigned long long)seed, (unsigned long long)first,
            (unsigned long long)third);
    else
        return true;
    return false;
}

static bool run_compared(struct command *command, uint64_t seed)
{
    uint64_t hash;
    return run(command, seed, &hash) && is_repeated(command, seed, hash);
}

/* ---- The command line --------------------------------------------------- */

static bool seeds_read(struct command *command, const char *text)
{
    char *end;
    command->from = strtoull(text, &end, 10);
    command->to = command->from;
    if (end[0] == '.' && end[1] == '.')
        command->to = strtoull(end + 2, &end, 10);
    return *end == '\0' && end != text && command->to >= command->from;
}

static bool flag_read(struct command *command, const char *name)
{
    if (strcmp(name, "-v") == 0)
        command->verbose = true;
    else if (strcmp(name, "--covered") == 0)
        command->covered = true;
    else if (strcmp(name, "--twice") == 0)
        command->twice = true;
    else if (strcmp(name, "--hashes") == 0)
        command->hashes = true;
    else if (strcmp(name, "--measure") == 0)
        command->measures = true;
    else if (strcmp(name, "--shrink") == 0)
        command->shrinks = true;
    else if (strcmp(name, "--unchecked") == 0)
        command->unchecked = true;
    else
        return false;
    return true;
}

static bool faults_read(struct command *command, const char *text)
{
    for (unsigned i = 0; i < FAULTS_COUNT; i++)
        if (strcmp(text, faults_names[i]) == 0) {
            command->faults = (enum faults)i;
            return true;
        }
    return false;
}

static bool value_read(
    struct command *command, const char *name, const char *value)
{
    struct sim_options probe;
    if (strcmp(name, "--seeds") == 0 || strcmp(name, "--seed") == 0)
        return seeds_read(command, value);
    if (strcmp(name, "--faults") == 0)
        return faults_read(command, value);
    if (strcmp(name, "--days") == 0) {
        command->days = strtoll(value, NULL, 10);
        return command->days > 0;
    }
    if (strcmp(name, "--plant") == 0) {
        command->plant = value;
        return planted_exists(value);
    }
    if (strcmp(name, "--until") == 0) {
        command->until = strtoull(value, NULL, 10);
        return true;
    }
    if (strncmp(name, "--", 2) != 0 || command->set_count == SET_COUNT_MAX ||
        !sim_options_set(&probe, name + 2, 0))
        return false;
    command->names[command->set_count] = name + 2;
    command->values[command->set_count++] = strtoll(value, NULL, 10);
    return true;
}

static void replay_note(struct command *command, const char *word)
{
    size_t used = strlen(command->replay);
    (void)snprintf(
        command->replay + used, sizeof command->replay - used, " %s", word);
}

static bool is_of_the_run(const char *word)
{
    return strncmp(word, "--seed", 6) != 0 && strcmp(word, "--until") != 0;
}

static bool command_read(struct command *command, int count, char **words)
{
    command->from = 1;
    command->to = 1;
    for (int i = 1; i < count; i++) {
        if (flag_read(command, words[i])) {
            if (strcmp(words[i], "--unchecked") == 0)
                replay_note(command, words[i]);
            continue;
        }
        if (i + 1 == count || !value_read(command, words[i], words[i + 1]))
            return false;
        if (is_of_the_run(words[i])) {
            replay_note(command, words[i]);
            replay_note(command, words[i + 1]);
        }
        i++;
    }
    return true;
}

/* ---- Smaller runs ------------------------------------------------------- */

struct hunted {
    struct command *command;
    uint64_t seed;
};

static const char *run_with(void *user, const struct sim_options *options)
{
    struct hunted *hunted = user;
    uint64_t hash;
    hunted->command->fixed = options;
    (void)run(hunted->command, hunted->seed, &hash);
    hunted->command->fixed = NULL;
    return hunted->command->failure;
}

/* The line that replays the smallest run found which fails so. */
static void smaller_find(
    struct command *command, uint64_t seed, const char *checker)
{
    struct hunted hunted = { command, seed };
    struct sim_options options = options_of(command, seed);
    struct sim_options base = sim_options_draw(seed);
    const char *plant = command->plant;
    sim_options_without(&base);
    if (plant != NULL)
        arguments_apply(planted_arguments(plant), &base);
    command->until = 2 * command->steps; /* one that takes longer is none */
    command->is_quiet = true;
    unsigned count = shrink(&options, checker, run_with, &hunted);
    command->is_quiet = false;
    command->until = 0;
    printf("refer-sim: %s in a smaller run, the smallest of %u - replay: %s "
           "--seed "
           "%llu%s --faults none",
        checker, count, plant == NULL ? "refer-sim" : "sim_planted",
        (unsigned long long)seed, command->unchecked ? " --unchecked" : "");
    if (plant != NULL)
        printf(" --plant %s", plant);
    shrink_print(&options, &base);
    printf("\n");
}

/* ---- Sets of seeds ------------------------------------------------------ */

static void measure_print(const struct command *command, double seconds)
{
    struct rusage usage;
    struct sim_options options = options_of(command, command->from);
    (void)getrusage(RUSAGE_SELF, &usage);
    printf("{\"agencies\": %lld, \"referrals\": %llu, \"steps\": %llu, "
           "\"cpu_s\": %.2f, \"cpu_ms_per_referral\": %.3f, "
           "\"peak_mib\": %ld}\n",
        (long long)options.agencies,
        (unsigned long long)command->referral_count,
        (unsigned long long)command->step_count, seconds,
        1000 * seconds / (double)(command->referral_count + 1),
        usage.ru_maxrss / 1024);
}

static int report(struct command *command, uint64_t count, bool well)
{
    double seconds = (double)clock() / CLOCKS_PER_SEC;
    printf("refer-sim: %llu seeds, %llu steps, %.1f s, %.1f seeds/s\n",
        (unsigned long long)count, (unsigned long long)command->step_count,
        seconds, (double)count / (seconds > 0 ? seconds : 1));
    if (command->measures)
        measure_print(command, seconds);
    if (command->verbose || command->covered)
        tally_print(&command->tally);
    if (well && command->covered)
        well = tally_covers(&command->tally);
    return well ? 0 : 1;
}

/* The checker that finds a mistake in that run; NULL: none does. */
static const char *found_by(struct command *command, uint64_t seed)
{
    uint64_t hash;
    if (!run(command, seed, &hash))
        return command->failure;
    if (planted_shows_in_hashes(command->plant) &&
        !is_repeated(command, seed, hash))
        return "run.differs";
    return NULL;
}

/* A planted mistake must be found: finding it is the success, where the run
 * fails with it and not without. */
static int hunt(struct command *command)
{
    for (uint64_t seed = command->from; seed <= command->to; seed++) {
        const char *checker = found_by(command, seed);
        if (checker == NULL)
            continue;
        uint64_t hash;
        command->without_plant = true;
        bool well = run(command, seed, &hash);
        command->without_plant = false;
        if (well) {
            printf("refer-sim: %s was found by seed %llu: %s\n", command->plant,
                (unsigned long long)seed, checker);
            if (command->shrinks)
                smaller_find(command, seed, checker);
            return 0;
        }
    }
    printf("refer-sim: %s was NOT found by seeds %llu to %llu\n",
        command->plant, (unsigned long long)command->from,
        (unsigned long long)command->to);
    return 1;
}

static int check(struct command *command)
{
    uint64_t hash;
    uint64_t seed = command->from;
    bool well = true;
    for (; seed <= command->to && well; seed++)
        well = command->twice ? run_compared(command, seed)
                              : run(command, seed, &hash);
    if (!well && command->shrinks && command->failure != NULL)
        smaller_find(command, seed - 1, command->failure);
    return report(command, seed - command->from, well);
}

int main(int count, char **words)
{
    static struct command command;
    if (count == 2 && strcmp(words[1], "--help") == 0) {
        usage(stdout);
        return 0;
    }
    if (count == 2 && strcmp(words[1], "--plants") == 0) {
        planted_print();
        return 0;
    }
    if (!command_read(&command, count, words)) {
        usage(stderr);
        return 2;
    }
    world_init(&command.world);
    /* with hashes, only a run as it is with the mistake */
    bool is_hunt = command.plant != NULL && !command.hashes;
    int status = is_hunt ? hunt(&command) : check(&command);
    world_release(&command.world);
    return status;
}
