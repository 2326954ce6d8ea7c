#include "referctl/init.h"

#include <string.h>

#include "base/text.h"
#include "core/limits.h"
#include "referctl/words.h"

#define SCHEME "tls+tcp://"

/* NULL, or what is wrong with an endpoint: tls+tcp://HOST:PORT, where HOST may
 * be an IPv6 address in brackets. */
static const char *url_problem(struct pool *pool, const char *url)
{
    int64_t port = 0;
    const char *host = url + strlen(SCHEME);
    const char *colon = strrchr(url, ':');
    if (!words_start_with(url, SCHEME))
        return pool_format(pool, "\"%s\" does not begin with " SCHEME, url);
    if (colon <= host || !words_number(colon + 1, 1, 65535, &port))
        return pool_format(pool, "\"%s\" does not end in :PORT", url);
    size_t size = (size_t)(colon - host);
    bool is_bracketed = host[0] == '[' && host[size - 1] == ']';
    size_t plain =
        strspn(host, is_bracketed ? "[]:.0123456789abcdefABCDEF"
                                  : "abcdefghijklmnopqrstuvwxyz"
                                    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-");
    if (plain < size)
        return pool_format(
            pool, "the host of \"%s\" is no name or address", url);
    return NULL;
}

/* Listening there is listening everywhere; nobody can dial it. */
static bool is_any_address(const char *url)
{
    const char *host = url + strlen(SCHEME);
    return words_start_with(host, "0.0.0.0:") ||
           words_start_with(host, "[::]:");
}

static const char *read_endpoints(
    struct pool *pool, const struct arguments *arguments, struct card *card)
{
    const char *listen = arguments_option(arguments, "listen");
    struct slice *endpoints =
        pool_take(pool, CARD_ENDPOINT_COUNT_MAX * sizeof *endpoints);
    const char *problem = listen == NULL ? NULL : url_problem(pool, listen);
    const char *url;
    for (size_t i = 0; problem == NULL && (url = arguments_option_at(arguments,
                                               "endpoint", i)) != NULL;
         i++) {
        if (i == CARD_ENDPOINT_COUNT_MAX)
            return "too many times --endpoint";
        problem = url_problem(pool, url);
        if (problem == NULL && is_any_address(url))
            problem = pool_format(pool, "nobody can dial \"%s\"", url);
        endpoints[card->endpoint_count++] = slice_of_text(url);
    }
    if (problem == NULL && listen != NULL && card->endpoint_count == 0) {
        if (is_any_address(listen))
            return "--listen on every address needs --endpoint, to say which "
                   "one others dial";
        endpoints[card->endpoint_count++] = slice_of_text(listen);
    }
    card->endpoints = endpoints;
    return problem;
}

static bool is_name(struct slice text)
{
    return text.size > 0 && text.size <= NAME_SIZE_MAX &&
           text_is_utf8(text, TEXT_CONTROLS_LAYOUT) &&
           memchr(text.bytes, '\n', text.size) == NULL &&
           memchr(text.bytes, '\t', text.size) == NULL;
}

static const char *read_contact(
    struct pool *pool, const char *text, struct card_contact *contact)
{
    struct slice rest = slice_of_text(pool_text(pool, text));
    struct slice parts[4];
    for (size_t i = 0; i < 4; i++) {
        if (i == 3)
            parts[i] = rest;
        else if (!text_cut(&rest, ';', &parts[i]))
            return pool_format(
                pool, "\"%s\" is not \"role;name;phone;hours\"", text);
        if (!is_name(parts[i]))
            return pool_format(
                pool, "a part of \"%s\" is empty or too long", text);
    }
    *contact = (struct card_contact){ parts[0], parts[1], parts[2], parts[3] };
    return NULL;
}

static const char *read_contacts(
    struct pool *pool, const struct arguments *arguments, struct card *card)
{
    struct card_contact *contacts =
        pool_take(pool, CARD_CONTACT_COUNT_MAX * sizeof *contacts);
    const char *problem = NULL;
    const char *text;
    for (size_t i = 0; problem == NULL && (text = arguments_option_at(arguments,
                                               "contact", i)) != NULL;
         i++) {
        if (i == CARD_CONTACT_COUNT_MAX)
            return "too many times --contact";
        problem = read_contact(pool, text, &contacts[card->contact_count++]);
    }
    card->contacts = contacts;
    return problem;
}

/* "NAME:right,right". */
static const char *user_problem(struct pool *pool, const char *text)
{
    static const char *const rights[] = { "submit", "act", "read", "admin",
        "erase" };
    const char *colon = strchr(text, ':');
    size_t name_size = strspn(text,
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");
    if (colon == NULL || name_size == 0 || text + name_size != colon)
        return pool_format(pool, "\"%s\" is not NAME:RIGHTS", text);
    const char *right = colon + 1;
    for (;;) {
        size_t size = strcspn(right, ",");
        bool is_known = false;
        for (size_t i = 0; i < sizeof rights / sizeof rights[0]; i++)
            is_known = is_known || (strlen(rights[i]) == size &&
                                       strncmp(rights[i], right, size) == 0);
        if (!is_known)
            return pool_format(pool,
                "\"%.*s\" in \"%s\" is no right: submit, act, read, admin, "
                "erase",
                (int)size, right, text);
        if (right[size] == '\0')
            return NULL;
        right += size + 1;
    }
}

const char *init_read_options(
    struct pool *pool, const struct arguments *arguments, struct card *card)
{
    const char *name = arguments_option(arguments, "name");
    const char *user;
    if (name == NULL)
        return "it needs --name NAME";
    if (!is_name(slice_of_text(name)))
        return pool_format(
            pool, "--name takes 1 to %u bytes of one line", NAME_SIZE_MAX);
    card->name = slice_of_text(name);
    const char *problem = read_endpoints(pool, arguments, card);
    if (problem == NULL)
        problem = read_contacts(pool, arguments, card);
    for (size_t i = 0; problem == NULL && (user = arguments_option_at(
                                               arguments, "user", i)) != NULL;
         i++)
        problem = user_problem(pool, user);
    return problem;
}

/* A YAML scalar in double quotes. */
static const char *quoted(struct pool *pool, const char *text)
{
    char *out = pool_take(pool, 2 * strlen(text) + 3);
    char *end = out;
    *end++ = '"';
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            *end++ = '\\';
        *end++ = *text;
    }
    *end++ = '"';
    return out;
}

static const char *user_lines(
    struct pool *pool, const struct arguments *arguments, const char *own_user)
{
    const char *lines = "";
    bool has_own = false;
    const char *user;
    for (size_t i = 0;
         (user = arguments_option_at(arguments, "user", i)) != NULL; i++) {
        const char *colon = strchr(user, ':');
        size_t size = (size_t)(colon - user);
        has_own = has_own || (strlen(own_user) == size &&
                                 strncmp(own_user, user, size) == 0);
        lines = pool_format(pool, "%s  - {user: %.*s, rights: [%s]}\n", lines,
            (int)size, user, colon + 1);
    }
    if (has_own)
        return lines;
    return pool_format(pool,
        "  - {user: %s, rights: [submit, act, read, admin, erase]}\n%s",
        own_user, lines);
}

const char *init_config_text(struct pool *pool,
    const struct arguments *arguments, const char *dir, const char *socket,
    const char *user)
{
    const char *listen = arguments_option(arguments, "listen");
    const char *data_lines =
        socket == NULL
            ? pool_format(pool,
                  "# Store, keys, card and the local socket (referd.sock) live "
                  "here.\n"
                  "data: %s\n",
                  quoted(pool, dir))
            : pool_format(pool,
                  "# Store, keys and card live here.\n"
                  "data: %s\n"
                  "\n"
                  "# Where programs of this machine reach it.\n"
                  "socket: %s\n",
                  quoted(pool, dir), quoted(pool, socket));
    const char *listen_lines =
        listen == NULL
            ? "listen: []\n"
            : pool_format(pool, "listen:\n  - %s\n", quoted(pool, listen));
    return pool_format(pool,
        "# Configuration of referd(8); every key is in referd.yaml(5).\n"
        "# Check it: referd -t -c FILE. Print it with defaults: referd -p -c "
        "FILE\n"
        "\n"
        "%s"
        "\n"
        "# Where other gateways reach this one. Without any it only dials "
        "out.\n"
        "%s"
        "\n"
        "# Who on this machine may do what:\n"
        "#   submit  send referrals        act    take steps\n"
        "#   read    referrals and events  admin  cards and agreements\n"
        "clients:\n"
        "%s",
        data_lines, listen_lines, user_lines(pool, arguments, user));
}
