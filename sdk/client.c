#include "client.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"
#include "record.h"
#include "status.h"

#define PROTOCOL_VERSION 1

/* ---- Options ----------------------------------------------------------- */

/* clang-format off */
static const struct {
    const char *name;
    const char *help;
    size_t offset;
    size_t capacity;
} options[] = {
    { "socket", "path of the gateway's socket; /run/referd/referd.sock",
      offsetof(struct refer_client, socket), SDK_SOCKET_SIZE },
    { "application", "name of this program in the gateway's log; librefer",
      offsetof(struct refer_client, application), SDK_APPLICATION_SIZE },
};
/* clang-format on */

#define OPTION_COUNT (sizeof options / sizeof options[0])

const char *refer_option_name(uint32_t i)
{
    return i < OPTION_COUNT ? options[i].name : "";
}

const char *refer_option_help(uint32_t i)
{
    return i < OPTION_COUNT ? options[i].help : "";
}

refer_status refer_client_set(
    refer_client *client, const char *option, const char *value)
{
    if (client == NULL || option == NULL || value == NULL)
        return REFER_INVALID;
    client->error[0] = 0;
    if (client->channel.fd >= 0)
        return sdk_client_fail(client, REFER_INVALID,
            "options are set before the connection is made");
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (strcmp(options[i].name, option) != 0)
            continue;
        size_t size = strlen(value);
        if (size == 0 || size >= options[i].capacity ||
            !sdk_text_is_clean(value))
            return sdk_client_fail(client, REFER_INVALID,
                "the option's value is empty, too long or no text");
        memcpy((char *)client + options[i].offset, value, size + 1);
        return REFER_OK;
    }
    return sdk_client_fail(
        client, REFER_INVALID, "there is no option of that name");
}

/* ---- Life -------------------------------------------------------------- */

refer_status refer_client_new(refer_client **out)
{
    if (out == NULL)
        return REFER_INVALID;
    *out = NULL;
    refer_client *client = sdk_memory_take(sizeof *client);
    if (client == NULL)
        return REFER_NO_MEMORY;
    refer_status status = sdk_channel_init(&client->channel);
    if (status != REFER_OK) {
        sdk_memory_free(client);
        return status;
    }
    sdk_text_copy(
        client->socket, sizeof client->socket, "/run/referd/referd.sock");
    sdk_text_copy(client->application, sizeof client->application, "librefer");
    *out = client;
    return REFER_OK;
}

void refer_client_free(refer_client *client)
{
    if (client == NULL)
        return;
    sdk_client_disconnect(client);
    sdk_channel_release(&client->channel);
    sdk_memory_free(client);
}

int refer_client_fd(const refer_client *client)
{
    return client == NULL ? -1 : client->channel.fd;
}

void refer_client_interrupt(refer_client *client)
{
    if (client != NULL)
        sdk_channel_interrupt(&client->channel);
}

const char *refer_client_error(const refer_client *client)
{
    return client == NULL ? "" : client->error;
}

const char *refer_client_problem(const refer_client *client)
{
    return client == NULL ? "" : client->problem;
}

const char *refer_client_clause(const refer_client *client)
{
    return client == NULL ? "" : client->clause;
}

const char *refer_client_remedy(const refer_client *client)
{
    return client == NULL ? "" : client->remedy;
}

/* ---- Errors ------------------------------------------------------------ */

refer_status sdk_client_begin(refer_client *client)
{
    if (client == NULL)
        return REFER_INVALID;
    client->error[0] = 0;
    client->problem[0] = 0;
    client->clause[0] = 0;
    client->remedy[0] = 0;
    if (sdk_channel_take_interrupt(&client->channel))
        return sdk_client_fail(
            client, REFER_INTERRUPTED, refer_status_text(REFER_INTERRUPTED));
    return REFER_OK;
}

refer_status sdk_client_fail(
    refer_client *client, refer_status status, const char *text)
{
    if (client != NULL)
        sdk_text_copy(client->error, sizeof client->error, text);
    return status;
}

static refer_status connection_fail(
    refer_client *client, refer_status status, const char *while_doing)
{
    char text[2 * SDK_TEXT_SIZE];
    (void)snprintf(text, sizeof text, "%s, %s %s", refer_status_text(status),
        while_doing, client->socket);
    return sdk_client_fail(client, status, text);
}

/* What the gateway reports, as the client's texts and a status. */
static refer_status reply_status(
    refer_client *client, const struct sdk_reply *reply)
{
    if (reply->error == 0)
        return REFER_OK;
    refer_status status = sdk_status_of(reply->error, reply->problem);
    memcpy(client->problem, reply->problem, sizeof client->problem);
    memcpy(client->clause, reply->clause, sizeof client->clause);
    memcpy(client->remedy, reply->remedy, sizeof client->remedy);
    return sdk_client_fail(client, status,
        reply->message[0] != 0 ? reply->message : refer_status_text(status));
}

/* ---- Requests under way ------------------------------------------------ */

static void pending_reset(struct sdk_pending *pending)
{
    sdk_reply_release(&pending->reply);
    *pending = (struct sdk_pending){ 0 };
}

static void pending_unlink(refer_client *client, struct sdk_pending *pending)
{
    struct sdk_pending **link = &client->pending;
    while (*link != NULL && *link != pending)
        link = &(*link)->next;
    if (*link == pending)
        *link = pending->next;
}

void sdk_client_disconnect(refer_client *client)
{
    if (client->channel.fd >= 0)
        client->generation++;
    sdk_channel_disconnect(&client->channel);
    client->is_greeted = false;
    while (client->pending != NULL) {
        struct sdk_pending *pending = client->pending;
        client->pending = pending->next;
        pending_reset(pending);
    }
}

refer_status sdk_client_send(refer_client *client, struct sdk_pending *pending,
    struct sdk_request request, struct sdk_deadline deadline)
{
    uint8_t *frame = NULL;
    size_t size = 0;
    request.number = ++client->number != 0 ? client->number : ++client->number;
    refer_status status = sdk_request_write(&request, &frame, &size);
    if (status != REFER_OK)
        return sdk_client_fail(client, status, refer_status_text(status));
    status = sdk_channel_send(&client->channel, frame, size, deadline);
    sdk_memory_free(frame);
    if (status == REFER_OK)
        status = sdk_channel_send(&client->channel, request.carried.bytes,
            request.carried.size, deadline);
    if (status != REFER_OK) {
        /* part of a frame may be out: nothing can follow it */
        sdk_client_disconnect(client);
        return connection_fail(client, status, "writing to");
    }
    *pending = (struct sdk_pending){
        .number = request.number,
        .next = client->pending,
    };
    client->pending = pending;
    return REFER_OK;
}

/* Reads one reply and gives it to the request it answers. */
static refer_status reply_take(
    refer_client *client, struct sdk_deadline deadline)
{
    const uint8_t *message;
    size_t size;
    struct sdk_reply reply;
    refer_status status =
        sdk_channel_receive(&client->channel, deadline, &message, &size);
    if (status != REFER_OK)
        return status;
    status = sdk_reply_read(message, size, &reply);
    if (status != REFER_OK)
        return status;
    sdk_channel_consume(&client->channel);
    struct sdk_pending *pending = client->pending;
    while (pending != NULL &&
           (pending->number != reply.number || pending->is_answered))
        pending = pending->next;
    if (pending == NULL) {
        sdk_reply_release(&reply);
        return REFER_PROTOCOL;
    }
    pending->reply = reply;
    pending->is_answered = true;
    return REFER_OK;
}

refer_status sdk_client_await(refer_client *client, struct sdk_pending *pending,
    struct sdk_deadline deadline, struct sdk_reply *reply)
{
    *reply = (struct sdk_reply){ 0 };
    while (!pending->is_answered) {
        refer_status status = reply_take(client, deadline);
        if (status == REFER_OK)
            continue;
        if (status != REFER_TIMEOUT && status != REFER_INTERRUPTED)
            sdk_client_disconnect(client);
        return connection_fail(client, status, "waiting for");
    }
    *reply = pending->reply;
    pending->reply = (struct sdk_reply){ 0 };
    pending_unlink(client, pending);
    pending_reset(pending);
    refer_status status = reply_status(client, reply);
    if (status != REFER_OK)
        sdk_reply_release(reply);
    return status;
}

void sdk_client_abandon(refer_client *client, struct sdk_pending *pending)
{
    if (pending->number == 0)
        return;
    if (!pending->is_answered) {
        sdk_client_disconnect(client);
        return;
    }
    pending_unlink(client, pending);
    pending_reset(pending);
}

/* ---- Connecting -------------------------------------------------------- */

/* Connected, and closed before the greeting was answered. */
static refer_status unwelcome_fail(refer_client *client)
{
    char text[2 * SDK_TEXT_SIZE];
    (void)snprintf(text, sizeof text,
        "%s closed the connection: the gateway does not serve this user, or "
        "it just ended",
        client->socket);
    (void)snprintf(client->remedy, sizeof client->remedy,
        "have uid %lu named under clients in the gateway's configuration; if "
        "it is, see whether the gateway runs",
        (unsigned long)geteuid());
    return sdk_client_fail(client, REFER_DISCONNECTED, text);
}

static refer_status hello_send(
    refer_client *client, struct sdk_deadline deadline)
{
    struct sdk_field fields[] = {
        sdk_field_of_text("application", client->application),
        sdk_field_of_number("protocol", PROTOCOL_VERSION),
    };
    refer_status status = sdk_client_send(client, &client->hello,
        (struct sdk_request){
            .operation = "hello", .fields = fields, .field_count = 2 },
        deadline);
    return status == REFER_DISCONNECTED ? unwelcome_fail(client) : status;
}

static refer_status hello_await(
    refer_client *client, struct sdk_deadline deadline)
{
    struct sdk_reply reply;
    refer_status status =
        sdk_client_await(client, &client->hello, deadline, &reply);
    if (status == REFER_DISCONNECTED)
        return unwelcome_fail(client);
    if (status != REFER_OK)
        return status;
    const struct sdk_record *gateway =
        sdk_records_at(&reply.records, "gateway", 0);
    int64_t protocol = sdk_record_number(gateway, "protocol");
    sdk_reply_release(&reply);
    if (protocol != PROTOCOL_VERSION)
        return connection_fail(client, REFER_PROTOCOL, "greeting");
    client->is_greeted = true;
    return REFER_OK;
}

refer_status sdk_client_ready(
    refer_client *client, struct sdk_deadline deadline)
{
    refer_status status;
    if (!sdk_channel_is_open(&client->channel))
        sdk_client_disconnect(client);
    if (client->channel.fd < 0) {
        status =
            sdk_channel_connect(&client->channel, client->socket, deadline);
        if (status != REFER_OK)
            return connection_fail(client, status, "connecting to");
    }
    if (client->is_greeted)
        return REFER_OK;
    if (client->hello.number == 0) {
        status = hello_send(client, deadline);
        if (status != REFER_OK) {
            sdk_client_disconnect(client);
            return status;
        }
    }
    status = hello_await(client, deadline);
    if (status != REFER_OK && status != REFER_TIMEOUT &&
        status != REFER_INTERRUPTED)
        sdk_client_disconnect(client);
    return status;
}

refer_status refer_client_connect(refer_client *client, int32_t timeout_ms)
{
    struct sdk_deadline deadline = sdk_deadline_in(timeout_ms);
    refer_status status = sdk_client_begin(client);
    return status == REFER_OK ? sdk_client_ready(client, deadline) : status;
}

refer_status sdk_client_call(refer_client *client, struct sdk_request request,
    struct sdk_deadline deadline, struct sdk_reply *reply)
{
    *reply = (struct sdk_reply){ 0 };
    struct sdk_pending pending = { 0 };
    refer_status status = sdk_client_ready(client, deadline);
    if (status == REFER_OK)
        status = sdk_client_send(client, &pending, request, deadline);
    if (status != REFER_OK)
        return status;
    status = sdk_client_await(client, &pending, deadline, reply);
    /* still linked only when it timed out or was interrupted */
    if (pending.number != 0)
        sdk_client_disconnect(client);
    return status;
}
