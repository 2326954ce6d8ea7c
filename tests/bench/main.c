/*
 * main.c - refer_bench FIGURE OPTION...: measures one figure at gateways that
 * run, and prints it as a line of JSON. tests/bench/run makes the gateways.
 */
#include <string.h>
#include <unistd.h>

#include "bench.h"

static const struct {
    const char *name;
    void (*run)(const struct options *options);
} figures[] = {
    { "load", load_run },
    { "pace", pace_run },
    { "start", start_run },
    { "idle", idle_run },
    { "churn", churn_run },
};

static const char usage[] =
    "usage: refer_bench load|pace|start|idle|churn OPTION...\n"
    "  -F NAME    what the figure is called\n"
    "  -s SOCKET  of the gateway where referrals are handed over; -p its PID\n"
    "  -S SOCKET  of the gateway where they arrive; -P its PID\n"
    "  -t AGENCY  whose gateway that is\n"
    "  -d FOLDER  on the disk of both stores\n"
    "  -n COUNT   referrals; in start, that are stored; in idle, seconds\n"
    "  -c COUNT   programs that hand them over (1)\n"
    "  -m COUNT   referrals in one call (1)\n"
    "  -r RATE    referrals a second; 0, as fast as it goes (0); in churn, of "
    "a round\n"
    "  -b BYTES   of content in each (2048)\n"
    "  -l COUNT   probes of the disk, for its limits (200)\n"
    "  -x PROGRAM -f FILE  in start: the gateway and its configuration; in "
    "churn:\n"
    "             the data folders of the two\n";

static uint32_t number_read(const char *text)
{
    char *end = NULL;
    unsigned long number = strtoul(text, &end, 10);
    if (*text == '\0' || *end != '\0' || number > UINT32_MAX)
        DIE("not a number: %s", text);
    return (uint32_t)number;
}

static void option_set(struct options *options, int option, const char *text)
{
    switch (option) {
    case 'F':
        options->name = text;
        break;
    case 's':
        options->from.socket = text;
        break;
    case 'p':
        options->from.pid = (pid_t)number_read(text);
        break;
    case 'S':
        options->at.socket = text;
        break;
    case 'P':
        options->at.pid = (pid_t)number_read(text);
        break;
    case 't':
        options->to = text;
        break;
    case 'd':
        options->disk = text;
        break;
    case 'n':
        options->count = number_read(text);
        break;
    case 'c':
        options->submitters = number_read(text);
        break;
    case 'm':
        options->batch = number_read(text);
        break;
    case 'r':
        options->rate = number_read(text);
        break;
    case 'b':
        options->content = number_read(text);
        break;
    case 'l':
        options->probes = number_read(text);
        break;
    case 'x':
        options->program = text;
        break;
    case 'f':
        options->config = text;
        break;
    default:
        fputs(usage, stderr);
        exit(2);
    }
}

int main(int argc, char **argv)
{
    struct options options = {
        .submitters = 1, .batch = 1, .content = 2048, .probes = 200
    };
    int option;
    if (argc < 2) {
        fputs(usage, stderr);
        return 2;
    }
    while ((option = getopt(
                argc - 1, argv + 1, "F:s:p:S:P:t:d:n:c:m:r:b:l:x:f:")) != -1)
        option_set(&options, option, optarg);
    if (options.name == NULL)
        options.name = argv[1];
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        if (strcmp(argv[1], figures[i].name) == 0) {
            figures[i].run(&options);
            return 0;
        }
    fputs(usage, stderr);
    return 2;
}
