#include "core/conflict.h"

#include "core/generation.h"
#include "core/node_state.h"
#include "core/settle.h"
#include "core/signatory.h"

#include <string.h>

/* ---- Proving ------------------------------------------------------------- */

/* The leaves of a stored ledger, and in place of the last of them others. */
struct history {
    struct work *work;
    const struct ledger *ledger;
    const struct parcel *beyond;
    struct ledger_parcel near; /* the stored parcel that was asked for last */
    size_t used;               /* of the arena, without that */
};

static enum err history_leaf(
    void *user, uint64_t index, uint8_t hash[HASH_SIZE])
{
    struct history *history = user;
    const struct parcel *beyond = history->beyond;
    struct work *work = history->work;
    struct merkle_hash leaf;
    struct slice header;
    if (beyond != NULL && index >= beyond->first_index) {
        if (index - beyond->first_index >= beyond->entry_count)
            return ERR_NOT_FOUND;
        header = beyond->entries[index - beyond->first_index].header;
    } else {
        struct ledger_parcel *near = &history->near;
        if (index < near->first_index ||
            index - near->first_index >= near->count) {
            arena_rewind(work->arena, history->used);
            if (!ledger_parcel_at(work, history->ledger, index, near))
                return ERR_NOT_FOUND;
        }
        header = near->entries[index - near->first_index].header;
    }
    merkle_leaf_hash(work->crypto, header, &leaf);
    memcpy(hash, leaf.bytes, HASH_SIZE);
    return ERR_NONE;
}

/* Roots of the first and of all of `size` leaves. */
static bool history_roots(struct history *history, uint64_t first_size,
    uint64_t size, struct merkle_hash *first, struct merkle_hash *all)
{
    struct crypto *crypto = history->work->crypto;
    struct merkle_frontier frontier = { 0 };
    while (frontier.size < size) {
        struct merkle_hash leaf;
        if (history_leaf(history, frontier.size, leaf.bytes) != ERR_NONE)
            return false;
        merkle_append(crypto, &frontier, &leaf);
        if (frontier.size == first_size)
            merkle_root(crypto, &frontier, first);
    }
    merkle_root(crypto, &frontier, all);
    return true;
}

bool conflict_prove(struct work *work, const struct ledger *ledger,
    const struct parcel *beyond, const struct note *held,
    const struct note *shown, struct contradiction *contradiction)
{
    struct history history = { .work = work,
        .ledger = ledger,
        .beyond = beyond,
        .used = work->arena->used };
    struct merkle_source source = { .leaf = history_leaf, .user = &history };
    bool in_order = held->size <= shown->size;
    struct merkle_hash root;
    *contradiction = (struct contradiction){
        .first = in_order ? *held : *shown,
        .second = in_order ? *shown : *held,
    };
    const struct note *first = &contradiction->first;
    const struct note *second = &contradiction->second;
    if (held->size == shown->size) {
        memcpy(contradiction->root.bytes, second->root, HASH_SIZE);
        return contradiction_holds(work->crypto, contradiction);
    }
    bool is_proved =
        first->size > 0 && origin_equal(&first->origin, &second->origin) &&
        history_roots(
            &history, first->size, second->size, &contradiction->root, &root) &&
        memcmp(root.bytes, second->root, HASH_SIZE) == 0 &&
        merkle_prove_consistency(work->crypto, &source, first->size,
            second->size, &contradiction->path) == ERR_NONE &&
        contradiction_holds(work->crypto, contradiction);
    arena_rewind(work->arena, history.used);
    return is_proved && !work_failed(work);
}

/* ---- Stopping ------------------------------------------------------------ */

static void stop(struct work *work, struct peer *peer, struct ledger *ledger,
    struct slice evidence)
{
    if (evidence.bytes == NULL) {
        work_exhausted(work);
        return;
    }
    ledger->evidence = evidence;
    ledger->conflict_ms = work->now.unix_ms;
    ledger->changed = true;
    if (ledger->direction == LEDGER_OUT)
        peer->settled_out = false;
    else
        peer->settled_in = false;
    settle_trouble(work, peer, ledger, LEDGER_CONFLICT);
}

void conflict_stop_proved(struct work *work, struct peer *peer,
    struct ledger *ledger, const struct contradiction *contradiction)
{
    char text[CONTRADICTION_SIZE_MAX];
    stop(work, peer, ledger,
        arena_copy(work->arena, contradiction_print(contradiction, text)));
}

/* Notes that follow each other, as note_take reads them. */
static struct slice notes_print(
    struct work *work, struct slice held, struct slice shown)
{
    uint8_t *bytes = arena_take(work->arena, held.size + shown.size + 2);
    if (bytes == NULL)
        return SLICE_NONE;
    if (held.size > 0)
        memcpy(bytes, held.bytes, held.size);
    bytes[held.size] = '\n';
    if (shown.size > 0)
        memcpy(bytes + held.size + 1, shown.bytes, shown.size);
    bytes[held.size + 1 + shown.size] = '\n';
    return slice_of(bytes, held.size + shown.size + 2);
}

void conflict_stop(struct work *work, struct peer *peer, struct ledger *ledger,
    struct slice held, struct slice shown)
{
    struct contradiction contradiction;
    struct note one;
    struct note other;
    if (note_parse(held, &one) == ERR_NONE &&
        note_parse(shown, &other) == ERR_NONE &&
        conflict_prove(work, ledger, NULL, &one, &other, &contradiction))
        conflict_stop_proved(work, peer, ledger, &contradiction);
    else if (!work_failed(work))
        stop(work, peer, ledger, notes_print(work, held, shown));
}

/* ---- Telling ------------------------------------------------------------- */

bool conflict_notes(
    struct work *work, const struct ledger *ledger, struct conflict *conflict)
{
    struct contradiction both;
    struct slice rest = ledger->evidence;
    char text[NOTE_SIZE_MAX];
    if (rest.size == 0 || (contradiction_parse(rest, &both) != ERR_NONE &&
                              (note_take(&rest, &both.first) != ERR_NONE ||
                                  note_take(&rest, &both.second) != ERR_NONE)))
        return false;
    conflict->held = arena_copy(work->arena, note_print(&both.first, text));
    conflict->offered = arena_copy(work->arena, note_print(&both.second, text));
    if (conflict->held.bytes == NULL || conflict->offered.bytes == NULL)
        work_exhausted(work);
    return !work_failed(work);
}

bool conflict_is_ours(struct work *work, const struct peer *peer,
    const struct ledger *out, const struct note *note)
{
    struct origin origin = ledger_origin(out, &work->node->self, &peer->agency);
    return origin_equal(&note->origin, &origin) && signatory_is_us(work, note);
}

/* What we hold at that size has another root. */
static bool is_denied(
    struct work *work, const struct ledger *out, const struct note *note)
{
    struct merkle_hash root;
    return ledger_root_at(work, out, note->size, &root) &&
           memcmp(note->root, root.bytes, HASH_SIZE) != 0;
}

void conflict_shown(struct work *work, struct peer *peer, struct ledger *out,
    const struct conflict *conflict)
{
    struct note held;
    struct note offered;
    struct slice own = out->offered.size > 0 ? out->offered : out->note;
    if (out->trouble == LEDGER_CONFLICT || generation_is_spent(work, out) ||
        note_parse(conflict->held, &held) != ERR_NONE ||
        note_parse(conflict->offered, &offered) != ERR_NONE ||
        !conflict_is_ours(work, peer, out, &held) ||
        !conflict_is_ours(work, peer, out, &offered))
        return;
    bool differ = held.size == offered.size &&
                  memcmp(held.root, offered.root, HASH_SIZE) != 0;
    if (differ)
        conflict_stop(work, peer, out, conflict->held, conflict->offered);
    else if (is_denied(work, out, &held))
        conflict_stop(work, peer, out, conflict->held, own);
    else if (is_denied(work, out, &offered))
        conflict_stop(work, peer, out, conflict->offered, own);
}

/* ---- The way out --------------------------------------------------------- */

bool conflict_renew(struct work *work, struct peer *peer, struct ledger *ledger)
{
    if (ledger->trouble != LEDGER_CONFLICT)
        return false;
    settle_trouble(work, peer, ledger, LEDGER_NONE);
    if (ledger->direction == LEDGER_OUT)
        ledger->renews = true;
    else
        ledger->closes = true;
    ledger->changed = true;
    peer->stumble_count = 0;
    peer_ask_anew(peer);
    return true;
}
