#include "daemon/reload.h"

#include "daemon/journal.h"
#include "daemon/settings.h"

static int64_t tell_ignored(
    const struct config *started, const struct config *now)
{
    const struct yaml_key *key;
    int64_t count = 0;
    for (size_t i = 0; (key = yaml_config_key_at(i)) != NULL; i++) {
        if (key->is_reloadable || !yaml_config_differs(key, started, now))
            continue;
        JOURNAL(LOG_CONFIG_IGNORED, log_code("key", key->path));
        count++;
    }
    return count;
}

/* What can fail comes first: after it nothing is half done. */
static bool take(const struct settings *settings, struct local_socket *socket,
    struct loop *loop)
{
    const struct config *config = &settings->config;
    if (local_socket_set_clients(
            socket, settings->users, settings->user_count) != ERR_NONE)
        return false;
    if (settings->card.size > 0 && !loop_offer_card(loop, settings->card))
        return false;
    journal_set_level((enum log_level)config->log_level);
    loop_set_retry(
        loop, config->retry.delay_ms_min, config->retry.delay_ms_max);
    loop_set_erasure(loop, config->erasure_notices);
    loop_set_hold(loop, config->hold_days);
    return true;
}

bool reload(const char *config_path, const struct config *started,
    struct local_socket *socket, struct loop *loop)
{
    struct settings settings = { 0 };
    bool is_taken = settings_load_again(config_path, &settings) &&
                    take(&settings, socket, loop);
    if (is_taken) {
        int64_t ignored = tell_ignored(started, &settings.config);
        JOURNAL(LOG_CONFIG_RELOADED,
            log_number("clients", (int64_t)settings.user_count),
            log_number("ignored", ignored));
    } else {
        JOURNAL(LOG_CONFIG_REFUSED, log_code("code", "configuration"));
    }
    settings_release(&settings);
    return is_taken;
}
