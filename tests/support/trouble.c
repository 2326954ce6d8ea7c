#include "support/trouble.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/local.h"
#include "core/node_state.h"
#include "support/must.h"
#include "support/trouble_bytes.h"
#include "support/trouble_ports.h"

/* A step that asks for more shows how much fits, and takes too long. */
#define REQUEST_COUNT_MAX 2048
#define FIELD_COUNT_MAX 256
#define PLACE_COUNT (1u << 17)

static const char *const request_names[TROUBLE_REQUEST_COUNT] = { "read",
    "write", "probe", "reserve", "seal", "open", "destroy", "sign", "verify",
    "memory" };

static const char *const fault_names[TROUBLE_FAULT_COUNT] = { "none", "io",
    "gone", "cut", "grown", "turned", "turned_last", "turned_middle", "zero",
    "corrupt", "no_key", "false", "no_memory" };

#define BIT(fault) (1u << (fault))
#define DAMAGE                                                                 \
    (BIT(TROUBLE_CUT) | BIT(TROUBLE_GROWN) | BIT(TROUBLE_TURNED) |             \
        BIT(TROUBLE_TURNED_LAST) | BIT(TROUBLE_TURNED_MIDDLE) |                \
        BIT(TROUBLE_ZERO))

/* How each can fail. */
static const unsigned faults_of[TROUBLE_REQUEST_COUNT] = {
    [TROUBLE_READ] = BIT(TROUBLE_IO) | BIT(TROUBLE_GONE) | DAMAGE,
    [TROUBLE_WRITE] = BIT(TROUBLE_IO),
    [TROUBLE_PROBE] = BIT(TROUBLE_IO) | BIT(TROUBLE_CORRUPT) | DAMAGE,
    [TROUBLE_RESERVE] = BIT(TROUBLE_IO),
    [TROUBLE_SEAL] = BIT(TROUBLE_IO),
    [TROUBLE_OPEN] = BIT(TROUBLE_IO) | BIT(TROUBLE_GONE) | BIT(TROUBLE_CORRUPT),
    [TROUBLE_DESTROY] = BIT(TROUBLE_IO),
    [TROUBLE_SIGN] = BIT(TROUBLE_NO_KEY),
    [TROUBLE_VERIFY] = BIT(TROUBLE_FALSE),
    [TROUBLE_MEMORY] = BIT(TROUBLE_NO_MEMORY),
};

#define NONE BIT(ERR_NONE) /* it was survived, or a refusal */

/* What a step may say then. */
static const unsigned outcomes[TROUBLE_FAULT_COUNT] = {
    [TROUBLE_NONE] = NONE,
    [TROUBLE_IO] = BIT(ERR_IO),
    [TROUBLE_GONE] = NONE | BIT(ERR_CORRUPT),
    [TROUBLE_CUT] = NONE | BIT(ERR_CORRUPT),
    [TROUBLE_GROWN] = NONE | BIT(ERR_CORRUPT),
    [TROUBLE_TURNED] = NONE | BIT(ERR_CORRUPT),
    [TROUBLE_TURNED_LAST] = NONE | BIT(ERR_CORRUPT),
    [TROUBLE_TURNED_MIDDLE] = NONE | BIT(ERR_CORRUPT),
    [TROUBLE_ZERO] = NONE | BIT(ERR_CORRUPT),
    [TROUBLE_CORRUPT] = NONE | BIT(ERR_CORRUPT),
    [TROUBLE_NO_KEY] = NONE | BIT(ERR_KEY),
    /* of our own card; the rest is refused */
    [TROUBLE_FALSE] = NONE | BIT(ERR_SIGNATURE) | BIT(ERR_CORRUPT),
    /* or what is foreign was too large */
    [TROUBLE_NO_MEMORY] = NONE | BIT(ERR_NO_MEMORY),
};

bool trouble_is_wanted(bool sets_up)
{
    const char *wanted = getenv("REFER_TROUBLE");
    return wanted != NULL && (!sets_up || strcmp(wanted, "all") == 0);
}

/* ---- Places that failed already ------------------------------------------ */

static bool is_new(uint64_t place, unsigned way)
{
    static uint64_t *places; /* open addressing; 0: free */
    static size_t count;
    if (places == NULL)
        places = calloc(PLACE_COUNT, sizeof *places);
    MUST(places != NULL && count < PLACE_COUNT / 2);
    uint64_t hash = (place + way) * 0x9e3779b97f4a7c15u | 1;
    size_t at = (size_t)(hash >> 47);
    while (places[at] != 0 && places[at] != hash)
        at = (at + 1) % PLACE_COUNT;
    if (places[at] == hash)
        return false;
    places[at] = hash;
    count++;
    return true;
}

/* ---- Saying what it was -------------------------------------------------- */

static struct {
    bool is_under_way;
    enum node_input_type input;
    const char *what; /* failed, or was changed */
    const char *how;
    size_t field; /* that was changed */
} present;

/* An assertion stopped it: of the core, or of this file. */
static void show_present(int signal_number)
{
    if (present.is_under_way) {
        fprintf(stderr, "rehearsed: input %d, %s, %s, field %zu\n",
            (int)present.input, present.what, present.how, present.field);
        trouble_ports_show();
        /* as cases that fail are told, for whom it was planted */
        fprintf(stderr, "[  FAILED  ] a_rehearsal\n");
        _exit(1);
    }
    /* its action was set for once: now it ends the process */
    (void)raise(signal_number);
}

static void show_when_stopped(void)
{
    struct sigaction action = { .sa_handler = show_present,
        .sa_flags = (int)(SA_RESETHAND | SA_NODEFER) };
    (void)sigemptyset(&action.sa_mask);
    MUST(sigaction(SIGABRT, &action, NULL) == 0);
}

/* ---- Rehearsals ---------------------------------------------------------- */

/* What a node is, but for its ports: it lives in its arena. */
struct image {
    uint8_t *bytes;
    size_t capacity;
    size_t used;
};

/* In the block of the one before: each step takes one, and new pages cost more
 * than what is copied into them. */
static void image_take(struct image *image, const struct arena *memory)
{
    if (image->capacity < memory->used) {
        free(image->bytes);
        image->capacity = 2 * memory->used;
        image->bytes = malloc(image->capacity);
    }
    MUST(image->bytes != NULL);
    image->used = memory->used;
    memcpy(image->bytes, memory->block, memory->used);
}

static void image_put_back(const struct image *image, struct arena *memory)
{
    if (memory->used > image->used)
        arena_rewind(memory, image->used);
    memory->used = image->used;
    memcpy(memory->block, image->bytes, image->used);
}

/* A program that is told of an error is told that nothing happened; but for an
 * answer that found no room: what it asked is known by its key. */
static void check_refusal(struct node *node, const struct node_input *input)
{
    size_t count;
    const struct node_output *outputs = node_outputs(node, &count);
    struct local_reply reply;
    for (size_t i = 0; i < count && input->type == NODE_CLIENT; i++) {
        if (outputs[i].type != NODE_CLIENT_REPLY ||
            outputs[i].of.client.client != input->of.client.client)
            continue;
        MUST(local_reply_read(outputs[i].of.client.frame, node->scratch,
                 &reply) == ERR_NONE);
        bool is_so = reply.err == ERR_NONE || reply.err == ERR_LIMIT ||
                     trouble_ports_change_count() == 0;
        if (!is_so)
            fprintf(stderr, "answered with %s\n", err_name(reply.err));
        MUST(is_so);
        arena_reset(node->scratch);
        return;
    }
}

static enum err batch(struct node *node, const struct node_input *input)
{
    enum err err = node_step(node, input);
    if (err == ERR_NONE) {
        trouble_ports_hold(true);
        check_refusal(node, input);
        trouble_ports_hold(false);
        err = node_finish(node);
    }
    if (err == ERR_NONE)
        err = node_committed(node);
    return err;
}

/* One batch with this input, and back. */
static enum err rehearse(const struct trouble_subject *subject,
    const struct image *image, const struct node_input *input)
{
    struct node *node = subject->node;
    struct store_txn *txn;
    struct store_usage usage;
    MUST(subject->store->ops->begin(subject->store, true, &txn) == ERR_NONE);
    subject->store->ops->usage(subject->store, &usage);
    node->crypto = trouble_crypto(node->crypto);
    node->vault = trouble_vault(node->vault);
    node_begin(node, trouble_txn(txn), &usage);
    trouble_ports_settle();
    present.is_under_way = true;
    enum err err = batch(node, input);
    subject->store->ops->abort(txn);
    image_put_back(image, subject->memory);
    arena_reset(subject->batch);
    arena_reset(subject->scratch);
    return err;
}

static void expect(enum trouble_fault fault, enum err err)
{
    if ((outcomes[fault] & BIT(err)) == 0)
        fprintf(stderr, "%s\n", err_name(err));
    MUST((outcomes[fault] & BIT(err)) != 0);
    present.is_under_way = false;
}

/* As it goes; what it asked for, in a block to be freed, or NULL. */
static struct trouble_asked *rehearse_whole(
    const struct trouble_subject *subject, const struct image *image,
    const struct node_input *input, size_t *count)
{
    present.what = "as it is";
    present.how = "";
    trouble_ports_arm(SIZE_MAX, TROUBLE_NONE);
    enum err err = rehearse(subject, image, input);
    const struct trouble_asked *asked = trouble_ports_calm(count);
    present.is_under_way = false;
    if (err != ERR_NONE || *count > REQUEST_COUNT_MAX)
        return NULL; /* a test of just that */
    struct trouble_asked *all = calloc(*count + 1, sizeof *all);
    MUST(all != NULL);
    memcpy(all, asked, *count * sizeof *all);
    return all;
}

static void rehearse_faults(const struct trouble_subject *subject,
    const struct image *image, const struct node_input *input,
    const struct trouble_asked *asked, size_t index)
{
    size_t ignored;
    for (enum trouble_fault fault = 1; fault < TROUBLE_FAULT_COUNT; fault++) {
        if ((faults_of[asked->request] & BIT(fault)) == 0 ||
            !is_new(asked->place, fault))
            continue;
        present.what = request_names[asked->request];
        present.how = fault_names[fault];
        trouble_ports_arm(index, fault);
        enum err err = rehearse(subject, image, input);
        (void)trouble_ports_calm(&ignored);
        expect(fault, err);
    }
}

/* ---- Messages ------------------------------------------------------------ */

static struct slice message_of(const struct node_input *input)
{
    if (input->type == NODE_CLIENT)
        return input->of.client.frame;
    if (input->type == NODE_PEER_REQUEST)
        return input->of.request.request->body;
    if (input->type == NODE_PEER_REPLY && input->of.reply.reply != NULL)
        return input->of.reply.reply->body;
    return SLICE_NONE;
}

static unsigned kind_of(const struct node_input *input)
{
    if (input->type == NODE_PEER_REQUEST)
        return (unsigned)input->of.request.request->kind;
    if (input->type == NODE_PEER_REPLY)
        return 64 + (unsigned)input->of.reply.reply->kind;
    return 0;
}

static void rehearse_message(const struct trouble_subject *subject,
    const struct image *image, const struct node_input *input,
    struct slice message)
{
    struct node_input changed = *input;
    struct request request;
    struct reply reply;
    size_t ignored;
    if (input->type == NODE_CLIENT) {
        changed.of.client.frame = message;
    } else if (input->type == NODE_PEER_REQUEST) {
        request = *input->of.request.request;
        request.body = message;
        changed.of.request.request = &request;
    } else {
        reply = *input->of.reply.reply;
        reply.body = message;
        changed.of.reply.reply = &reply;
    }
    trouble_ports_arm(SIZE_MAX, TROUBLE_FAULT_COUNT);
    enum err err = rehearse(subject, image, &changed);
    (void)trouble_ports_calm(&ignored);
    expect(TROUBLE_NONE, err);
}

static void rehearse_changes(const struct trouble_subject *subject,
    const struct image *image, const struct node_input *input)
{
    struct slice message = message_of(input);
    size_t count = message.size == 0 ? 0 : trouble_field_count(message);
    if (count > FIELD_COUNT_MAX)
        return;
    present.what = "its message changed";
    for (size_t i = 0; i < count; i++) {
        uint64_t place = trouble_field_place(message, i) + kind_of(input);
        for (enum trouble_change change = 0; change < CHANGE_COUNT; change++) {
            if (!is_new(place, TROUBLE_FAULT_COUNT + change))
                continue;
            struct slice changed = trouble_changed(message, i, change);
            present.how = trouble_change_name(change);
            present.field = i;
            rehearse_message(subject, image, input, changed);
            free((void *)(uintptr_t)changed.bytes);
        }
    }
    present.field = 0;
}

void trouble_rehearse(
    const struct trouble_subject *subject, const struct node_input *input)
{
    static struct image image;
    size_t count;
    present.input = input->type;
    show_when_stopped();
    image_take(&image, subject->memory);
    struct trouble_asked *asked =
        rehearse_whole(subject, &image, input, &count);
    if (asked != NULL) {
        for (size_t i = 0; i < count; i++)
            rehearse_faults(subject, &image, input, &asked[i], i);
        rehearse_changes(subject, &image, input);
    }
    free(asked);
}
