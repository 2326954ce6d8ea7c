#include "sdk/fake/feed.h"
#include "sdk/fake/serve.h"
#include "sdk/fake/state.h"
#include "sdk/fake/case.h"
#include "sdk/fake/check.h"
#include "sdk/fake/step.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sdk/memory.h"

/* fake.c - the life of a fake, and what it can be set to. */

/* ---- Options ----------------------------------------------------------- */

/* clang-format off */
static const struct {
    const char *name;
    const char *value;
    const char *help;
    size_t offset;
    const char *values; /* a closed list, or NULL */
} options[] = {
    { "agency", "fakeagency2222222222222222",
      "id of this agency; fakeagency2222222222222222",
      offsetof(struct fake_options, agency), NULL },
    { "name", "Fake agency", "name of this agency; Fake agency",
      offsetof(struct fake_options, name), NULL },
    { "peer", "otheragency222222222222222",
      "id of the other agency; otheragency222222222222222",
      offsetof(struct fake_options, peer), NULL },
    { "peer_name", "Other agency", "name of the other agency; Other agency",
      offsetof(struct fake_options, peer_name), NULL },
    { "rights", "submit act read admin erase",
      "what the program may do; submit act read admin erase",
      offsetof(struct fake_options, rights), NULL },
    { "reachable", "yes", "yes, or no: the other agency hears nothing; yes",
      offsetof(struct fake_options, reachable), "yes no" },
    { "full", "no", "no, or yes: the store takes no new referrals; no",
      offsetof(struct fake_options, full), "yes no" },
};
/* clang-format on */

#define OPTION_COUNT (sizeof options / sizeof options[0])

const char *refer_fake_option_name(uint32_t i)
{
    return i < OPTION_COUNT ? options[i].name : "";
}

const char *refer_fake_option_help(uint32_t i)
{
    return i < OPTION_COUNT ? options[i].help : "";
}

static bool is_rights(const char *value)
{
    char words[FAKE_OPTION_SIZE];
    sdk_text_copy(words, sizeof words, value);
    for (char *next = words; *next != 0;) {
        size_t size = strcspn(next, " ");
        bool is_last = next[size] == 0;
        next[size] = 0;
        if (!fake_list_has("submit act read admin erase", next))
            return false;
        next += size + !is_last;
    }
    return true;
}

static bool is_value(size_t i, const char *value)
{
    if (strlen(value) >= FAKE_OPTION_SIZE || !sdk_text_is_clean(value))
        return false;
    if (options[i].values != NULL)
        return fake_list_has(options[i].values, value);
    if (strcmp(options[i].name, "agency") == 0 ||
        strcmp(options[i].name, "peer") == 0)
        return fake_is_agency(value);
    return strcmp(options[i].name, "rights") != 0 || is_rights(value);
}

static char *place(const refer_fake *fake, size_t i)
{
    /* of one that its caller may write to, where it is written to */
    return (char *)(uintptr_t)&fake->options + options[i].offset;
}

refer_status refer_fake_set(
    refer_fake *fake, const char *option, const char *value)
{
    if (fake == NULL || option == NULL || value == NULL)
        return REFER_INVALID;
    refer_status status = REFER_INVALID;
    (void)pthread_mutex_lock(&fake->lock);
    sdk_text_copy(fake->error, sizeof fake->error,
        "there is no option of that name, or it cannot have that value");
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (strcmp(options[i].name, option) != 0 || !is_value(i, value))
            continue;
        memcpy(place(fake, i), value, strlen(value) + 1);
        fake->error[0] = 0;
        status = REFER_OK;
    }
    fake_server_wake(fake);
    (void)pthread_mutex_unlock(&fake->lock);
    return status;
}

const char *refer_fake_get(const refer_fake *fake, const char *option)
{
    if (fake == NULL || option == NULL)
        return "";
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (strcmp(options[i].name, option) == 0)
            return place(fake, i);
    return "";
}

/* ---- Life -------------------------------------------------------------- */

/* A private folder under TMPDIR, or under /tmp where that has no room. */
static bool folder_make(refer_fake *fake)
{
    const char *above = getenv("TMPDIR");
    static const char name[] = "/refer-fake-XXXXXX";
    if (above == NULL || above[0] != '/' ||
        strlen(above) + sizeof name + sizeof "/socket" > FAKE_SOCKET_SIZE)
        above = "/tmp";
    (void)snprintf(fake->folder, sizeof fake->folder, "%s%s", above, name);
    if (mkdtemp(fake->folder) == NULL) {
        fake->folder[0] = 0;
        return false;
    }
    size_t size = strlen(fake->folder);
    memcpy(fake->socket, fake->folder, size);
    memcpy(fake->socket + size, "/socket", sizeof "/socket");
    return true;
}

/* A condition whose time no change of the clock moves. */
static bool condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0)
        return false;
    bool is_made =
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
        pthread_cond_init(condition, &attributes) == 0;
    (void)pthread_condattr_destroy(&attributes);
    return is_made;
}

refer_status refer_fake_new(refer_fake **out)
{
    if (out == NULL)
        return REFER_INVALID;
    *out = NULL;
    refer_fake *fake = sdk_memory_take(sizeof *fake);
    if (fake == NULL)
        return REFER_NO_MEMORY;
    fake->epoch = 1;
    for (size_t i = 0; i < OPTION_COUNT; i++)
        memcpy(place(fake, i), options[i].value, strlen(options[i].value) + 1);
    if (pthread_mutex_init(&fake->lock, NULL) != 0) {
        sdk_memory_free(fake);
        return REFER_BUSY;
    }
    if (!condition_init(&fake->came)) {
        (void)pthread_mutex_destroy(&fake->lock);
        sdk_memory_free(fake);
        return REFER_BUSY;
    }
    refer_status status =
        folder_make(fake) ? refer_fake_start(fake) : REFER_BUSY;
    if (status == REFER_OK)
        *out = fake;
    else
        refer_fake_free(fake);
    return status;
}

static void surprises_free(struct fake_surprise *list)
{
    while (list != NULL) {
        struct fake_surprise *next = list->next;
        sdk_memory_free(list);
        list = next;
    }
}

static void cases_free(refer_fake *fake)
{
    while (fake->events != NULL) {
        struct fake_event *event = fake->events;
        fake->events = event->next;
        fake_event_free(event);
    }
    while (fake->told != NULL)
        fake_told_drop(fake, fake->told->of);
    while (fake->cases != NULL) {
        struct fake_case *of = fake->cases;
        fake->cases = of->next;
        fake_case_free(of);
    }
    while (fake->keys != NULL) {
        struct fake_key *key = fake->keys;
        fake->keys = key->next;
        sdk_memory_free(key->request);
        sdk_memory_free(key);
    }
}

void refer_fake_free(refer_fake *fake)
{
    if (fake == NULL)
        return;
    fake_server_stop(fake);
    cases_free(fake);
    while (fake->cursors != NULL) {
        struct fake_cursor *cursor = fake->cursors;
        fake->cursors = cursor->next;
        sdk_memory_free(cursor);
    }
    while (fake->received != NULL) {
        refer_fake_request *request = fake->received;
        fake->received = request->next;
        refer_fake_request_free(request);
    }
    surprises_free(fake->surprises);
    surprises_free(fake->surprises_there);
    if (fake->folder[0] != 0)
        (void)rmdir(fake->folder);
    (void)pthread_cond_destroy(&fake->came);
    (void)pthread_mutex_destroy(&fake->lock);
    sdk_memory_free(fake);
}

const char *refer_fake_socket(const refer_fake *fake)
{
    return fake == NULL ? "" : fake->socket;
}

const char *refer_fake_error(const refer_fake *fake)
{
    return fake == NULL ? "" : fake->error;
}

/* ---- Down and up ------------------------------------------------------- */

void refer_fake_stop(refer_fake *fake)
{
    if (fake == NULL)
        return;
    fake->is_up = false;
    fake_server_stop(fake);
}

refer_status refer_fake_start(refer_fake *fake)
{
    if (fake == NULL)
        return REFER_INVALID;
    (void)pthread_mutex_lock(&fake->lock);
    fake->is_up = true;
    refer_status status =
        fake->server != NULL ? REFER_OK : fake_server_start(fake);
    sdk_text_copy(fake->error, sizeof fake->error,
        status == REFER_OK ? "" : refer_status_text(status));
    (void)pthread_mutex_unlock(&fake->lock);
    return status;
}

refer_status refer_fake_restore(refer_fake *fake)
{
    if (fake == NULL)
        return REFER_INVALID;
    fake_server_stop(fake);
    fake->epoch++;
    for (struct fake_cursor *cursor = fake->cursors; cursor != NULL;
         cursor = cursor->next) {
        cursor->acknowledged = 0;
        cursor->handed_out = 0;
        cursor->handed_max = 0;
        cursor->passes = 0;
    }
    return fake->is_up ? refer_fake_start(fake) : REFER_OK;
}

/* ---- Looking ----------------------------------------------------------- */

uint64_t refer_fake_acknowledged(refer_fake *fake, const char *cursor)
{
    if (fake == NULL || cursor == NULL)
        return 0;
    (void)pthread_mutex_lock(&fake->lock);
    const struct fake_cursor *found = fake_cursor_named(fake, cursor);
    uint64_t position = found == NULL ? 0 : found->acknowledged;
    (void)pthread_mutex_unlock(&fake->lock);
    return position;
}

uint64_t refer_fake_event_count(refer_fake *fake)
{
    if (fake == NULL)
        return 0;
    (void)pthread_mutex_lock(&fake->lock);
    uint64_t count = fake->head;
    (void)pthread_mutex_unlock(&fake->lock);
    return count;
}
