#include "client.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#define DAY_MS INT64_C(86400000)

/* In the elements that every referral has, and in fields and framing. */
#define CONTENT_REST 430u

refer_client *client_new(const char *socket)
{
    refer_client *client = NULL;
    DIE_UNLESS(refer_client_new(&client) == REFER_OK);
    DIE_UNLESS(refer_client_set(client, "socket", socket) == REFER_OK);
    if (refer_client_connect(client, CALL_MS) != REFER_OK)
        DIE("%s: %s", socket, refer_client_error(client));
    return client;
}

int64_t client_number(const refer_listing *listing, const char *name)
{
    for (uint32_t i = 0; i < refer_listing_count(listing); i++)
        if (strcmp(refer_listing_get(listing, i, "name"), name) == 0)
            return refer_listing_number(listing, i, "value");
    DIE("the gateway does not know %s", name);
}

static void fields_set(refer_referral *referral, const char *to, int64_t now_ms)
{
    char at[24];
    (void)snprintf(at, sizeof at, "%" PRId64, now_ms);
    const char *const fields[][2] = {
        { "to", to },
        { "service", "tb.assess" },
        { "purpose", "tb_assessment" },
        { "urgency", "soon" },
        { "choice", "chosen" },
        { "ask_back", "outcome_code" },
        { "reason_plain", "I have been coughing for three weeks." },
        { "consent_at_ms", at },
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        DIE_UNLESS(refer_referral_set(referral, fields[i][0], fields[i][1]) ==
                   REFER_OK);
}

refer_referral *client_referral(const struct options *options)
{
    refer_referral *referral = NULL;
    int64_t now_ms = (int64_t)time(NULL) * 1000;
    size_t size =
        options->content > CONTENT_REST ? options->content - CONTENT_REST : 1;
    char *needs = malloc(size + 1);
    DIE_UNLESS(needs != NULL);
    memset(needs, 'x', size);
    needs[size] = '\0';
    DIE_UNLESS(refer_referral_new(&referral) == REFER_OK);
    fields_set(referral, options->to, now_ms);
    const char *const elements[][2] = {
        { "pairwise_id", "k7m2p9x4w8q3" },
        { "call_name", "Sasha" },
        { "contact_route", "no calls; I will come by myself" },
        { "needs", needs },
    };
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
        DIE_UNLESS(refer_referral_set_element(
                       referral, elements[i][0], elements[i][1]) == REFER_OK);
    DIE_UNLESS(refer_referral_grant(referral, options->to, "tb_assessment",
                   "pairwise_id call_name contact_route needs",
                   now_ms + 30 * DAY_MS) == REFER_OK);
    free(needs);
    return referral;
}

bool client_is_cosigned(refer_client *client)
{
    refer_listing *ledgers = NULL;
    bool is_cosigned = true;
    if (refer_call(client, "status", NULL, CALL_MS, &ledgers) != REFER_OK)
        DIE("status: %s", refer_client_error(client));
    is_cosigned = client_number(ledgers, "outbox") == 0;
    refer_listing_free(ledgers);
    if (!is_cosigned)
        return false;
    if (refer_call(client, "ledger.list", NULL, CALL_MS, &ledgers) != REFER_OK)
        DIE("ledger.list: %s", refer_client_error(client));
    for (uint32_t i = 0; i < refer_listing_count(ledgers); i++)
        if (strcmp(refer_listing_get(ledgers, i, "direction"), "out") == 0 &&
            refer_listing_number(ledgers, i, "size") !=
                refer_listing_number(ledgers, i, "cosigned"))
            is_cosigned = false;
    refer_listing_free(ledgers);
    return is_cosigned;
}
