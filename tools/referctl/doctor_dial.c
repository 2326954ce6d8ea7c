/* An endpoint, dialed from here. */
#include "referctl/doctor.h"

#include <string.h>

#include "io/tls_probe.h"
#include "referctl/words.h"

/* Of one endpoint; --timeout is for the gateway. */
#define DIAL_MS 5000

static bool is_shown(const struct card *card, int64_t now_ms,
    const uint8_t spki[TLS_PROBE_SPKI_SIZE])
{
    for (size_t i = 0; i < card->key_count; i++) {
        const struct card_key *key = &card->keys[i];
        if (key->purpose == KEY_TLS && now_ms < key->until.unix_ms &&
            memcmp(key->key, spki, TLS_PROBE_SPKI_SIZE) == 0)
            return true;
    }
    return false;
}

static const struct {
    const char *what;
    const char *remedy; /* of an endpoint that is not ours */
    const char *own_remedy;
} outcomes[] = {
    [TLS_PROBE_NO_HOST] = { "there is no such name",
        "look it up: getent hosts NAME; else ask them for a newer card",
        "look it up: getent hosts NAME; else make a card with another name" },
    [TLS_PROBE_REFUSED] = { "nobody listens there, or there is no way to it",
        "ask them whether their gateway runs, and what their firewall lets in",
        "start the gateway; then look at `listen` and at the firewall" },
    [TLS_PROBE_SILENT] = { "no answer in time",
        "ask them whether their gateway runs, and what their firewall lets in",
        "look at the firewall: nft list ruleset" },
    [TLS_PROBE_NO_TLS] = { "what listens there speaks no TLS 1.3",
        "ask them which program listens there, and what stands before it",
        "see which program listens there: ss -ltnp" },
};

static void judge_answer(struct doctor *doctor, const char *check,
    const char *subject, const struct card *card, const char *whose,
    const struct tls_probe *probe)
{
    if (!is_shown(card, doctor->session->now_ms, probe->spki))
        doctor_find(doctor, FINDING_PROBLEM, check, subject,
            whose == NULL
                ? "see which program listens there: ss -ltnp"
                : "phone them; then: referctl card import FILE, of a newer "
                  "card",
            "it answers with another key than the card shows");
    else if (whose != NULL && probe->entry == TLS_PROBE_REJECTED)
        doctor_find(doctor, FINDING_WARNING, check, subject,
            "ask them to accept our newest card: referctl card accept FILE",
            "it answers with the right key, but does not let us in");
    else
        doctor_find(doctor, FINDING_OK, check, subject, "",
            "it answers with the right key%s",
            whose != NULL && probe->entry == TLS_PROBE_ADMITTED
                ? " and lets us in"
                : "");
}

void doctor_dial(struct doctor *doctor, const char *check, const char *subject,
    const char *url, const struct card *card, const char *whose)
{
    struct session *session = doctor->session;
    struct tls_probe probe;
    bool is_ours = whose == NULL;
    if (session->probe == NULL)
        return;
    enum err err = session->probe(
        url, doctor->certificate_path, doctor->key_path, DIAL_MS, &probe);
    if (err != ERR_NONE)
        doctor_find(doctor, FINDING_WARNING, check, subject,
            "run it as the gateway's user, or as root", "cannot dial it: %s",
            err_text(err));
    else if (probe.outcome == TLS_PROBE_ANSWERED)
        judge_answer(doctor, check, subject, card, whose, &probe);
    else
        doctor_find(doctor, FINDING_PROBLEM, check, subject,
            is_ours ? outcomes[probe.outcome].own_remedy
                    : outcomes[probe.outcome].remedy,
            "%s", outcomes[probe.outcome].what);
}
