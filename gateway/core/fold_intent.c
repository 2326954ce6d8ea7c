#include "core/fold.h"

#include "core/answers.h"
#include "core/content.h"
#include "core/feed.h"
#include "core/limits.h"
#include "core/outbox.h"
#include "core/register.h"

/* What the intent says, beside the entry that it may have become. */
enum words {
    WORDS_SAME,    /* or the entry has none */
    WORDS_FEWER,   /* some were erased meanwhile, here or there */
    WORDS_DAMAGED, /* the intent's cannot be read */
    WORDS_GONE,    /* the intent has none */
    WORDS_ANOTHERS /* it is another one */
};

/* A program gives each step a key of its own; without words it has none. What
 * is told again was said when it was said first. */
static bool is_of_one_step(struct work *work, const struct intent *intent,
    struct slice held, struct slice came)
{
    struct referral_event first;
    struct referral_event second;
    if (referral_event_read(held, work->scratch, &first) != ERR_NONE ||
        referral_event_read(came, work->scratch, &second) != ERR_NONE)
        return false;
    if (first.key.size == 0 || second.key.size == 0)
        return !intent->is_again || first.at.unix_ms == second.at.unix_ms;
    return slice_equal(first.key, second.key);
}

/* What is told again was said before the entry that arrived as absent, whose
 * words are gone, was written: retell.c, place_keep(). */
static bool is_said_since(
    const struct folded *folded, const struct intent *intent)
{
    struct referral_event came;
    return intent->is_again &&
           referral_event_read(folded->content, folded->work->scratch, &came) ==
               ERR_NONE &&
           came.at.unix_ms > intent->at.unix_ms;
}

/* Of what cannot be read: what else is known of it fits. What was taken back
 * when it was damaged is as large as it may be. */
static enum words words_damaged(
    const struct folded *folded, const struct intent *intent)
{
    return intent->has_referral || intent->content_size == CONTENT_SIZE_MAX ||
                   intent->content_size == folded->content.size
               ? WORDS_DAMAGED
               : WORDS_ANOTHERS;
}

static enum words words_of(
    const struct folded *folded, const struct intent *intent)
{
    struct work *work = folded->work;
    struct slice held;
    size_t used = work->scratch->used;
    enum words words = WORDS_ANOTHERS;
    enum err err = content_try(
        work->contents, work->txn, work->scratch, intent->content, &held);
    if (folded->content.bytes == NULL || slice_equal(held, folded->content))
        words = WORDS_SAME;
    else if (err == ERR_CORRUPT)
        words = words_damaged(folded, intent);
    else if (held.bytes == NULL && intent->event_type != EVENT_NONE)
        words = is_said_since(folded, intent) ? WORDS_ANOTHERS : WORDS_GONE;
    else if (intent->event_type != EVENT_NONE &&
             is_of_one_step(work, intent, held, folded->content))
        words = WORDS_FEWER;
    arena_rewind(work->scratch, used);
    return words;
}

/* An intent that waits and is this very entry: it was told after all. An event
 * is known by its count, time and key, whatever became of its words. */
static bool intent_find(const struct folded *folded, const struct ledger *out,
    struct intent *intent, enum words *words)
{
    const struct ledger_entry *entry = folded->entry;
    uint64_t from = 0;
    while (outbox_next(folded->work, out, from, intent)) {
        from = intent->number + 1;
        if (intent->kind != folded->kind ||
            intent->has_referral != entry->has_referral ||
            (intent->has_referral &&
                (!uuid_equal(&intent->referral, &entry->referral) ||
                    intent->event_type != entry->event_type ||
                    intent->seq != entry->seq)))
            continue;
        /* told again it has another time, each time */
        if (!intent->is_again && intent->at.unix_ms != folded->at.unix_ms)
            continue;
        *words = words_of(folded, intent);
        if (*words != WORDS_ANOTHERS)
            return true;
    }
    return false;
}

/* It would not be what the entry's header commits to. */
static bool is_of_other_salt(
    const struct folded *folded, const struct intent *intent)
{
    struct work *work = folded->work;
    struct slice salt;
    size_t used = work->scratch->used;
    if (folded->content.bytes == NULL)
        return false;
    struct slice held = content_get_salted(
        work->contents, work->txn, work->scratch, intent->content, &salt);
    bool is_other = held.bytes != NULL && !slice_equal(salt, folded->salt);
    arena_rewind(work->scratch, used);
    return is_other;
}

/* One content, so that it is erased once: the one that the feed has, unless
 * that is gone. */
static void content_join(
    struct folded *folded, const struct intent *intent, enum words words)
{
    struct ledger_entry *entry = folded->entry;
    bool is_same = words == WORDS_SAME && entry->attached;
    if (words == WORDS_GONE) {
        fold_own_words(folded, intent);
        return;
    }
    if (words == WORDS_DAMAGED ||
        (is_same && is_of_other_salt(folded, intent))) {
        if (intent->has_referral) /* what goes to many is not the intent's */
            fold_own_salt(folded, intent);
        return;
    }
    fold_let_go(folded);
    if (is_same) {
        entry->attached = true;
        entry->content = intent->content;
    }
}

bool fold_known(struct folded *folded, struct ledger *out)
{
    struct intent intent;
    enum words words;
    if (!intent_find(folded, out, &intent, &words))
        return false;
    content_join(folded, &intent, words);
    folded->entry->feed_position = intent.feed_position;
    feed_place(
        folded->work, intent.feed_position, folded->generation, folded->index);
    folded->changed = true;
    outbox_take(folded->work, out, &intent);
    if (folded->entry->has_referral)
        answers_cosigned(folded->work, folded->peer, folded->entry);
    return true;
}
