#include "gauge.h"

#include <dirent.h>
#include <inttypes.h>
#include <refer/refer.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "report.h"

#define PATH_SIZE 300
#define LINE_SIZE 512

static FILE *process_file(pid_t pid, const char *name)
{
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        DIE("cannot read %s", path);
    return file;
}

/* The sum of the lines that begin with `name`, which must be there. */
static int64_t lines_sum(pid_t pid, const char *file_name, const char *name)
{
    char line[LINE_SIZE];
    int64_t sum = 0;
    int found = 0;
    FILE *file = process_file(pid, file_name);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, strlen(name)) != 0)
            continue;
        sum += strtoll(line + strlen(name), NULL, 10);
        found = 1;
    }
    (void)fclose(file);
    if (!found)
        DIE("no %s in /proc/PID/%s", name, file_name);
    return sum;
}

static double processor_read(pid_t pid)
{
    char text[LINE_SIZE];
    unsigned long user = 0;
    unsigned long system = 0;
    FILE *file = process_file(pid, "stat");
    DIE_UNLESS(fgets(text, sizeof text, file) != NULL);
    (void)fclose(file);
    const char *rest = strrchr(text, ')'); /* after the name */
    DIE_UNLESS(
        rest != NULL &&
        sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
            &user, &system) == 2);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static int64_t wakes_read(pid_t pid)
{
    char path[PATH_SIZE];
    int64_t sum = 0;
    struct dirent *entry;
    (void)snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *tasks = opendir(path);
    DIE_UNLESS(tasks != NULL);
    while ((entry = readdir(tasks)) != NULL) {
        char name[PATH_SIZE];
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(name, sizeof name, "task/%.20s/status", entry->d_name);
        sum += lines_sum(pid, name, "voluntary_ctxt_switches:");
    }
    (void)closedir(tasks);
    return sum;
}

void gauge_read_process(pid_t pid, struct gauge *gauge)
{
    *gauge = (struct gauge){ .processor_s = processor_read(pid) };
    /* not write_bytes: of a small write into a large folio of the page cache it
     * counts all (ext4 has such since Linux 6.16); sockets are sent to */
    gauge->written_bytes = lines_sum(pid, "io", "wchar:");
    /* the store's map is a file: its pages are the kernel's cache */
    gauge->memory_bytes = 1024 * (lines_sum(pid, "status", "RssAnon:") +
                                     lines_sum(pid, "status", "RssShmem:"));
    gauge->thread_count = lines_sum(pid, "status", "Threads:");
    gauge->wake_count = wakes_read(pid);
}

void gauge_read(const struct side *side, struct gauge *gauge)
{
    refer_listing *metrics = NULL;
    refer_client *client = client_new(side->socket);
    if (refer_call(client, "metrics", NULL, CALL_MS, &metrics) != REFER_OK)
        DIE("metrics: %s", refer_client_error(client));
    gauge_read_process(side->pid, gauge);
    const struct {
        const char *name;
        int64_t *value;
    } counters[] = {
        { "refer_commits_total", &gauge->commits },
        { "refer_inputs_total", &gauge->inputs },
        { "refer_parcels_sent_total", &gauge->parcels_sent },
        { "refer_entries_sent_total", &gauge->entries_sent },
        { "refer_referrals_submitted_total", &gauge->submitted },
        { "refer_referrals_received_total", &gauge->received },
    };
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++)
        *counters[i].value = client_number(metrics, counters[i].name);
    refer_listing_free(metrics);
    refer_client_free(client);
}

void gauge_report(const char *name, const struct gauge *before,
    const struct gauge *after, double count)
{
    report_group(name);
    report_number("cpu_s_per_10000",
        (after->processor_s - before->processor_s) / count * 10000, 3);
    report_number("memory_mib", (double)after->memory_bytes / 1048576, 1);
    report_number("written_bytes_each",
        (double)(after->written_bytes - before->written_bytes) / count, 0);
    report_number(
        "commits_each", (double)(after->commits - before->commits) / count, 4);
    report_number(
        "inputs_each", (double)(after->inputs - before->inputs) / count, 3);
    report_number("parcels_each",
        (double)(after->parcels_sent - before->parcels_sent) / count, 4);
    report_number("entries_each",
        (double)(after->entries_sent - before->entries_sent) / count, 3);
    report_number("wakes_each",
        (double)(after->wake_count - before->wake_count) / count, 2);
    report_count("threads", after->thread_count);
    report_group_end();
}
