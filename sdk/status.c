#include "status.h"

#include <stddef.h>
#include <string.h>

/* clang-format off */
static const struct {
    const char *name;
    const char *text;
    int is_retryable;
} statuses[] = {
    [-REFER_OK]           = { "REFER_OK", "done", 0 },
    [-REFER_INVALID]      = { "REFER_INVALID", "an argument is wrong", 0 },
    [-REFER_TIMEOUT]      = { "REFER_TIMEOUT", "nothing came in time", 1 },
    [-REFER_DISCONNECTED] = { "REFER_DISCONNECTED",
                              "the gateway is not there, or went away", 1 },
    [-REFER_INTERRUPTED]  = { "REFER_INTERRUPTED", "interrupted", 1 },
    [-REFER_DENIED]       = { "REFER_DENIED", "not allowed", 0 },
    [-REFER_CONFLICT]     = { "REFER_CONFLICT",
                              "not possible in the present state", 0 },
    [-REFER_NOT_FOUND]    = { "REFER_NOT_FOUND",
                              "there is no such thing here", 0 },
    [-REFER_TOO_LARGE]    = { "REFER_TOO_LARGE", "larger than the limit", 0 },
    [-REFER_BUSY]         = { "REFER_BUSY",
                              "a limit is reached: wait, then try again", 1 },
    [-REFER_NO_CONSENT]   = { "REFER_NO_CONSENT",
                              "consent is missing, expired or withdrawn", 0 },
    [-REFER_PROTOCOL]     = { "REFER_PROTOCOL",
        "library and gateway do not understand each other", 0 },
    [-REFER_NO_MEMORY]    = { "REFER_NO_MEMORY", "out of memory", 1 },
    [-REFER_INTERNAL]     = { "REFER_INTERNAL", "the gateway failed", 0 },
};

/* Numbers of the gateway's errors, which are never given away again. One that
 * says "try again" maps to a status that does. */
static const int32_t statuses_of_errors[] = {
    [0]  = REFER_OK,         /* none */
    [1]  = REFER_CONFLICT,   /* state */
    [2]  = REFER_DENIED,     /* forbidden */
    [3]  = REFER_BUSY,       /* early */
    [4]  = REFER_INVALID,    /* malformed: what was sent */
    [5]  = REFER_BUSY,       /* limit */
    [6]  = REFER_BUSY,       /* io */
    [7]  = REFER_NO_MEMORY,  /* no memory there */
    [8]  = REFER_BUSY,       /* store full */
    [9]  = REFER_NOT_FOUND,
    [10] = REFER_CONFLICT,   /* exists */
    [11] = REFER_DENIED,     /* signature */
    [12] = REFER_DENIED,     /* key */
    [13] = REFER_DENIED,     /* address */
    [14] = REFER_DENIED,     /* policy */
    [15] = REFER_CONFLICT,
    [16] = REFER_INVALID,
    [17] = REFER_TIMEOUT,
    [18] = REFER_BUSY,       /* peer unreachable */
    [19] = REFER_INTERNAL,   /* store corrupt */
    [20] = REFER_BUSY,
    [21] = REFER_BUSY,       /* ledger unsettled */
    [22] = REFER_PROTOCOL,   /* version */
};
/* clang-format on */

#define STATUS_COUNT (sizeof statuses / sizeof statuses[0])
#define ERROR_COUNT (sizeof statuses_of_errors / sizeof statuses_of_errors[0])

static int is_known(refer_status status)
{
    return status <= 0 && status > -(refer_status)STATUS_COUNT;
}

const char *refer_status_name(refer_status status)
{
    return is_known(status) ? statuses[-status].name : "REFER_UNKNOWN";
}

const char *refer_status_text(refer_status status)
{
    return is_known(status) ? statuses[-status].text : "unknown status";
}

int refer_status_is_retryable(refer_status status)
{
    return is_known(status) ? statuses[-status].is_retryable : 0;
}

refer_status sdk_status_of(uint32_t error, const char *problem)
{
    if (error >= ERROR_COUNT)
        return REFER_INTERNAL;
    refer_status status = statuses_of_errors[error];
    if (status == REFER_DENIED && strncmp(problem, "CONSENT_", 8) == 0)
        return REFER_NO_CONSENT;
    return status;
}
