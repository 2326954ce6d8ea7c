#include "daemon/reception.h"

#include "daemon/inbox.h"
#include "daemon/journal.h"

#include <stdlib.h>
#include <string.h>

static struct inbox_item *client_item(
    enum node_input_type type, uint64_t client, size_t size)
{
    struct inbox_item *item = calloc(1, sizeof *item);
    if (item == NULL)
        return NULL;
    item->block = malloc(size + 1);
    if (item->block == NULL) {
        free(item);
        return NULL;
    }
    item->size = size;
    item->input.type = type;
    item->input.of.client.client = client;
    return item;
}

static bool on_client_request(void *user, uint64_t client, uint32_t rights,
    uid_t uid, const uint8_t *frame, size_t size)
{
    struct inbox_item *item = client_item(NODE_CLIENT, client, size);
    if (item == NULL)
        return false; /* given again when there is room */
    memcpy(item->block, frame, size);
    item->input.of.client.rights = rights;
    item->input.of.client.uid = uid;
    item->input.of.client.frame = slice_of(item->block, size);
    if (inbox_try(user, item))
        return true;
    inbox_item_free(item);
    return false;
}

static void on_client_gone(void *user, uint64_t client)
{
    struct inbox_item *item = client_item(NODE_CLIENT_GONE, client, 0);
    if (item == NULL)
        abort(); /* its cursors would stay taken: begin anew instead */
    inbox_put(user, item);
}

static void on_client_refused(
    void *user, uid_t uid, enum local_socket_refusal refusal)
{
    (void)user;
    JOURNAL(LOG_CLIENT_REFUSED, log_number("uid", uid),
        log_code("code", local_socket_refusal_name(refusal)));
}

struct local_socket_events reception_events(struct inbox *inbox)
{
    return (struct local_socket_events){ inbox, on_client_request,
        on_client_gone, on_client_refused };
}
