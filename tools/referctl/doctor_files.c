/* What `referd -t` refuses, and what it does not look at: room, clock. */
#include "referctl/doctor.h"

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "io/private_file.h"
#include "io/swap.h"
#include "io/yaml_config.h"
#include "referctl/home.h"
#include "referctl/words.h"

#define MIB (UINT64_C(1024) * 1024)
/* Less, and the next commits and the log may fail. */
#define FREE_MIB_MIN 64u

static void look_at_users(struct doctor *doctor, const struct config *config)
{
    for (size_t i = 0; i < config->client_count; i++) {
        const struct config_client *client = &config->clients[i];
        if (client->is_uid || getpwnam(client->user) != NULL)
            continue;
        doctor_find(doctor, FINDING_PROBLEM, "configuration", "clients",
            "correct clients in the configuration, or add the user",
            "there is no user \"%s\" on this machine", client->user);
    }
}

/* The texts outlive the arena of the configuration. */
static void keep(struct doctor *doctor, const struct config *config)
{
    struct pool *pool = doctor->session->pool;
    const char **listen =
        pool_take(pool, (config->listen_count + 1) * sizeof *listen);
    for (size_t i = 0; i < config->listen_count; i++)
        listen[i] = pool_text(pool, config->listen[i]);
    doctor->data = pool_text(pool, config->data);
    doctor->keys = pool_text(pool, config->keys);
    doctor->listen = listen;
    doctor->listen_count = config->listen_count;
    doctor->map_size_mib = config->map_size_mib;
    doctor->store_token = pool_text(doctor->session->pool, config->store_token);
}

static void look_at_config(struct doctor *doctor, const char *path)
{
    struct config config;
    struct yaml_problem problem = { .file = "" };
    char text[YAML_PROBLEM_TEXT_SIZE];
    enum err err =
        yaml_config_load(path, &doctor->offline.arena, &config, &problem);
    if (err != ERR_NONE) {
        yaml_problem_format(&problem, text);
        doctor_find(doctor, FINDING_PROBLEM, "configuration", path,
            "mend the file, then: referd -t -c FILE", "%s", text);
        return;
    }
    doctor_find(
        doctor, FINDING_OK, "configuration", path, "", "it can be used");
    look_at_users(doctor, &config);
    keep(doctor, &config);
}

/* ---- The folder --------------------------------------------------------- */

/* What the store may still take from the disk, in bytes. */
static uint64_t store_growth(const struct doctor *doctor)
{
    struct stat status;
    uint64_t limit = doctor->map_size_mib * MIB;
    const char *path =
        pool_format(doctor->session->pool, "%s/store/data.mdb", doctor->data);
    if (stat(path, &status) != 0)
        return limit;
    uint64_t used = (uint64_t)status.st_blocks * 512;
    return used < limit ? limit - used : 0;
}

static void look_at_room(struct doctor *doctor)
{
    struct statvfs disk;
    if (statvfs(doctor->data, &disk) != 0) {
        doctor_find(doctor, FINDING_WARNING, "disk", doctor->data,
            "run it as the gateway's user", "cannot look at it: %s",
            strerror(errno));
        return;
    }
    uint64_t free_mib = (uint64_t)disk.f_bavail * disk.f_frsize / MIB;
    uint64_t growth_mib = store_growth(doctor) / MIB;
    if (free_mib < FREE_MIB_MIN)
        doctor_find(doctor, FINDING_PROBLEM, "disk", doctor->data,
            pool_format(
                doctor->session->pool, "make room: df -h %s", doctor->data),
            "only %" PRIu64 " MiB are free", free_mib);
    else if (free_mib < growth_mib)
        doctor_find(doctor, FINDING_WARNING, "disk", doctor->data,
            "make room, or lower map_size_mib in the configuration",
            "%" PRIu64 " MiB are free, but the store may grow by %" PRIu64,
            free_mib, growth_mib);
    else
        doctor_find(doctor, FINDING_OK, "disk", doctor->data, "",
            "%" PRIu64 " MiB are free", free_mib);
}

static void look_at_folder(struct doctor *doctor)
{
    struct keys_problem problem = { .text = "" };
    enum err err = private_dir_check(doctor->data, &problem);
    if (err != ERR_NONE)
        doctor_find(doctor, FINDING_PROBLEM, "folder", doctor->data,
            err == ERR_KEY ? pool_format(doctor->session->pool, "chmod 700 %s",
                                 doctor->data)
                           : "make the gateway: referctl init DIR --name NAME",
            "%s", problem.text);
    else
        doctor_find(doctor, FINDING_OK, "folder", doctor->data, "",
            "for its owner alone");
    if (err != ERR_NOT_FOUND)
        look_at_room(doctor);
}

/* ---- Memory ------------------------------------------------------------- */

static void look_at_memory(struct doctor *doctor)
{
    if (swap_may_take((struct swap_root){ "" },
            home_holder(doctor->session, doctor->data)))
        doctor_find(doctor, FINDING_WARNING, "memory", "",
            "encrypt the swap, or run the gateway as the service that comes "
            "with it, or: swapoff -a",
            "what people said can get onto a disk by the swap");
    else
        doctor_find(doctor, FINDING_OK, "memory", "", "",
            "none of it gets onto a disk by the swap");
}

/* ---- The clock ---------------------------------------------------------- */

static void look_at_clock(struct doctor *doctor)
{
    int64_t now_ms = doctor->session->now_ms;
    char now[WORDS_TIME_SIZE];
    char built[WORDS_TIME_SIZE];
    (void)words_time(now_ms, now);
    (void)words_time(REFER_BUILD_S * INT64_C(1000), built);
    if (now_ms < REFER_BUILD_S * INT64_C(1000))
        doctor_find(doctor, FINDING_PROBLEM, "clock", "",
            "set the clock: timedatectl set-ntp true",
            "it says %s, but this program was built on %s", now, built);
    else
        doctor_find(doctor, FINDING_OK, "clock", "", "", "it says %s", now);
}

void doctor_look_at_files(struct doctor *doctor)
{
    const char *path = doctor->session->config_path;
    look_at_clock(doctor);
    if (path == NULL) {
        doctor_find(doctor, FINDING_WARNING, "configuration", "",
            "referctl -c FILE doctor",
            "files were not looked at: no configuration was given");
        return;
    }
    look_at_config(doctor, path);
    if (doctor->data == NULL)
        return;
    look_at_folder(doctor);
    look_at_memory(doctor);
}
