/*
 * The mistakes of sim_planted. Each __wrap_NAME stands where the core calls
 * NAME and does what the core does unless its mistake is the planted one.
 */
#include "sim/planted.h"
#include "sim/planted_list.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "core/agreement.h"
#include "core/answers.h"
#include "core/card_book.h"
#include "core/content.h"
#include "core/delivery.h"
#include "core/desk.h"
#include "core/erasure.h"
#include "core/feed.h"
#include "core/keys.h"
#include "core/ledger.h"
#include "core/message.h"
#include "core/mou.h"
#include "core/node_state.h"
#include "core/note.h"
#include "core/outbox.h"
#include "core/pace.h"
#include "core/peer.h"
#include "core/peer_close.h"
#include "core/policy.h"
#include "core/referral_step.h"
#include "core/register.h"
#include "core/repeat_rows.h"
#include "core/settle.h"
#include "status.h"

static enum plant planted;
static unsigned turn; /* for mistakes that are made now and then */

static const struct {
    const char *guarantee;
    const char *arguments;
} plants[] = {
#define X(name, guarantee, arguments) [PLANT_##name] = { guarantee, arguments },
    PLANT_LIST(X)
#undef X
};

static enum plant named(const char *name)
{
#define X(plant, guarantee, arguments)                                         \
    if (strcmp(name, #plant) == 0)                                             \
        return PLANT_##plant;
    PLANT_LIST(X)
#undef X
    return PLANT_NONE;
}

bool planted_exists(const char *name)
{
    return named(name) != PLANT_NONE;
}

const char *planted_arguments(const char *name)
{
    return plants[named(name)].arguments;
}

bool planted_shows_in_hashes(const char *name)
{
    return strcmp(plants[named(name)].guarantee, "G28") == 0;
}

void planted_print(void)
{
#define X(plant, guarantee, arguments) printf("%s %s\n", #plant, guarantee);
    PLANT_LIST(X)
#undef X
}

bool planted_is(enum plant plant)
{
    return planted == plant;
}

struct sim_plant planted_begin(const char *name)
{
    planted = name == NULL ? PLANT_NONE : named(name);
    turn = 0;
    return (struct sim_plant){
        .outputs_before_commit = planted == PLANT_outputs_before_commit,
        .receipts_before_commit = planted == PLANT_receipts_before_commit,
        .commit_failure_ignored = planted == PLANT_commit_failure_ignored,
        .flips_unseen = planted == PLANT_flips_unseen,
        .sync_skipped = planted == PLANT_sync_skipped,
        .timers_by_wall_clock = planted == PLANT_timers_by_wall_clock,
        .key_forgotten = planted == PLANT_key_forgotten,
    };
}

/* True every so many times when it is this mistake's run. */
static bool is_time(enum plant plant, unsigned every)
{
    return planted == plant && ++turn % every == 0;
}

/* ---- Ledgers ------------------------------------------------------------ */

WRAPPED(bool, settle_fence_admits, struct ledger *ledger, struct slice fence);
bool __wrap_settle_fence_admits(struct ledger *ledger, struct slice fence)
{
    struct ledger before = *ledger;
    bool admits = __real_settle_fence_admits(ledger, fence);
    if (planted == PLANT_fence_lingers) {
        memcpy(ledger->fences, before.fences, sizeof before.fences);
        ledger->fence_count = before.fence_count;
    }
    return admits || planted == PLANT_fence_admits_all;
}

WRAPPED(void, outbox_put, struct work *work, struct ledger *ledger,
    const struct intent *intent);
void __wrap_outbox_put(
    struct work *work, struct ledger *ledger, const struct intent *intent)
{
    if (!is_time(PLANT_outbox_loses, 50))
        __real_outbox_put(work, ledger, intent);
}

WRAPPED(void, outbox_take, struct work *work, struct ledger *ledger,
    const struct intent *intent);
void __wrap_outbox_take(
    struct work *work, struct ledger *ledger, const struct intent *intent)
{
    if (!is_time(PLANT_outbox_keeps, 50))
        __real_outbox_take(work, ledger, intent);
}

WRAPPED(void, ledger_entries_write, struct work *work,
    const struct ledger *ledger, uint64_t first_index,
    const struct ledger_entry *entries, size_t count, struct slice note);
void __wrap_ledger_entries_write(struct work *work, const struct ledger *ledger,
    uint64_t first_index, const struct ledger_entry *entries, size_t count,
    struct slice note)
{
    if (ledger->direction != LEDGER_IN || !is_time(PLANT_parcel_unsaved, 50))
        __real_ledger_entries_write(
            work, ledger, first_index, entries, count, note);
}

WRAPPED(struct slice, cosigned_write, const struct cosigned *cosigned,
    struct arena *arena);
struct slice __wrap_cosigned_write(
    const struct cosigned *cosigned, struct arena *arena)
{
    struct cosigned anew = *cosigned;
    char text[NOTE_SIZE_MAX];
    if (!is_time(PLANT_repeat_signs_anew, 3) ||
        cosigned->note.size > sizeof text)
        return __real_cosigned_write(cosigned, arena);
    /* the same note with another signature of the recipient's */
    memcpy(text, cosigned->note.bytes, cosigned->note.size);
    char *at = &text[cosigned->note.size - 8];
    *at = *at == 'A' ? 'B' : 'A';
    anew.note = slice_of(text, cosigned->note.size);
    return __real_cosigned_write(&anew, arena);
}

/* ---- Keys --------------------------------------------------------------- */

WRAPPED(void, card_book_put, struct work *work, uint32_t peer, uint64_t serial,
    struct slice signed_card);
void __wrap_card_book_put(
    struct work *work, uint32_t peer, uint64_t serial, struct slice signed_card)
{
    if (planted != PLANT_cards_forgotten)
        __real_card_book_put(work, peer, serial, signed_card);
}

WRAPPED(enum err, note_sign, struct crypto *crypto, struct note *note);
enum err __wrap_note_sign(struct crypto *crypto, struct note *note)
{
    return planted == PLANT_signed_once && note->has_signature
               ? ERR_NONE
               : __real_note_sign(crypto, note);
}

WRAPPED(void, peer_end, struct work *work, struct peer *peer,
    enum peer_state state, struct closing *closing);
void __wrap_peer_end(struct work *work, struct peer *peer,
    enum peer_state state, struct closing *closing)
{
    *closing = (struct closing){ 0 };
    if (planted != PLANT_revoked_stays)
        __real_peer_end(work, peer, state, closing);
}

WRAPPED(size_t, pace_size, const struct pace *pace);
size_t __wrap_pace_size(const struct pace *pace)
{
    return planted == PLANT_pace_unheard ? PARCEL_SIZE_MAX
                                         : __real_pace_size(pace);
}

/* ---- Peers -------------------------------------------------------------- */

WRAPPED(void, peer_failed, struct work *work, struct peer *peer,
    const char *problem);
void __wrap_peer_failed(
    struct work *work, struct peer *peer, const char *problem)
{
    __real_peer_failed(work, peer, problem);
    if (planted == PLANT_peer_gives_up && peer->failure_count > 5)
        peer->next_try_steady_ms = INT64_MAX;
    if (planted == PLANT_order_by_address)
        peer->next_try_steady_ms += (int64_t)((uintptr_t)peer >> 12 & 0xff);
    if (planted == PLANT_timeout_is_final && strcmp(problem, "timeout") == 0)
        peer->next_try_steady_ms = INT64_MAX;
}

WRAPPED(struct slice, collect_write, const struct collect *collect,
    struct arena *arena);
struct slice __wrap_collect_write(
    const struct collect *collect, struct arena *arena)
{
    struct collect bare = *collect;
    if (planted == PLANT_collect_forgets)
        bare.cosigned = SLICE_NONE;
    if (planted == PLANT_collect_hurries)
        bare.wait_ms = 20000;
    return __real_collect_write(&bare, arena);
}

WRAPPED(enum err, settle_with, struct work *work, struct peer *peer,
    struct slice head, bool is_reply);
enum err __wrap_settle_with(
    struct work *work, struct peer *peer, struct slice head, bool is_reply)
{
    const struct ledger *in = peer_ledger(work, peer, LEDGER_IN);
    if (planted == PLANT_overtaken_is_loss && in != NULL)
        peer->asked_in_size = in->frontier.size;
    if (planted == PLANT_memory_kept) /* for the next comparison */
        (void)arena_copy(work->node->memory, head);
    return __real_settle_with(work, peer, head, is_reply);
}

WRAPPED(void, ledger_save, struct work *work, const struct ledger *ledger);
void __wrap_ledger_save(struct work *work, const struct ledger *ledger)
{
    if (!is_time(PLANT_ledger_unsaved, 50))
        __real_ledger_save(work, ledger);
}

/* ---- Agreements --------------------------------------------------------- */

static bool is_passing_on; /* what came from a peer */

WRAPPED(void, agreement_sign, struct work *work, const struct peer *from,
    const struct mou_id *id, const struct mou_signature *signatures,
    size_t count, struct verdict *verdict);
void __wrap_agreement_sign(struct work *work, const struct peer *from,
    const struct mou_id *id, const struct mou_signature *signatures,
    size_t count, struct verdict *verdict)
{
    is_passing_on = from != NULL;
    __real_agreement_sign(work, from, id, signatures, count, verdict);
    is_passing_on = false;
}

WRAPPED(bool, delivery_tell, struct work *work, struct peer *peer,
    const struct tell *tell);
bool __wrap_delivery_tell(
    struct work *work, struct peer *peer, const struct tell *tell)
{
    bool stays = planted == PLANT_signatures_stay && is_passing_on &&
                 tell->kind == ENTRY_MOU_SIGNATURES;
    return stays || __real_delivery_tell(work, peer, tell);
}

WRAPPED(bool, mou_is_signed, const struct mou *mou,
    const struct mou_signature *signatures, size_t count);
bool __wrap_mou_is_signed(
    const struct mou *mou, const struct mou_signature *signatures, size_t count)
{
    return __real_mou_is_signed(mou, signatures, count) ||
           (planted == PLANT_unsigned_is_signed &&
               count + 1 == mou->party_count);
}

/* ---- librefer ----------------------------------------------------------- */

WRAPPED(refer_status, sdk_client_ready, refer_client *client,
    struct sdk_deadline deadline);
refer_status __wrap_sdk_client_ready(
    refer_client *client, struct sdk_deadline deadline)
{
    refer_status status = __real_sdk_client_ready(client, deadline);
    if (planted == PLANT_reconnect_unnoticed)
        client->generation = 0;
    return status;
}

WRAPPED(refer_status, sdk_status_of, uint32_t error, const char *problem);
refer_status __wrap_sdk_status_of(uint32_t error, const char *problem)
{
    refer_status status = __real_sdk_status_of(error, problem);
    return planted == PLANT_busy_is_final && status == REFER_BUSY ? REFER_DENIED
                                                                  : status;
}

/* ---- Referrals ---------------------------------------------------------- */

WRAPPED(bool, step_next, const struct step *step, enum referral_state *next,
    struct verdict *verdict);
bool __wrap_step_next(
    const struct step *step, enum referral_state *next, struct verdict *verdict)
{
    struct verdict spare = { .problem = PROBLEM_NONE };
    if (planted != PLANT_step_allows_all)
        return __real_step_next(step, next, verdict);
    if (!__real_step_next(step, next, &spare))
        *next = REFERRAL_SEEN;
    return true;
}

WRAPPED(enum referral_party, step_party, const struct step *step);
enum referral_party __wrap_step_party(const struct step *step)
{
    bool is_withdrawal = step->event->type == EVENT_WITHDRAW && !step->by_us;
    return is_withdrawal && planted == PLANT_withdrawal_races
               ? PARTY_REFERRER
               : __real_step_party(step);
}

WRAPPED(void, policy_judge, const struct policy_question *question,
    struct verdict *verdict);
void __wrap_policy_judge(
    const struct policy_question *question, struct verdict *verdict)
{
    if (planted != PLANT_policy_sees_nothing &&
        planted != PLANT_policy_at_author_only)
        __real_policy_judge(question, verdict);
}

WRAPPED(void, content_erase, struct content_log *log, struct store_txn *txn,
    struct arena *arena, struct content_ref ref);
void __wrap_content_erase(struct content_log *log, struct store_txn *txn,
    struct arena *arena, struct content_ref ref)
{
    if (planted != PLANT_erase_does_nothing)
        __real_content_erase(log, txn, arena, ref);
}

WRAPPED(void, erasure_doom, struct work *work, uint64_t entry);
void __wrap_erasure_doom(struct work *work, uint64_t entry)
{
    if (planted != PLANT_erase_does_nothing && planted != PLANT_keys_stay)
        __real_erasure_doom(work, entry);
}

WRAPPED(void, register_put, struct work *work, const struct referral *referral);
void __wrap_register_put(struct work *work, const struct referral *referral)
{
    struct referral other = *referral;
    if (planted == PLANT_hold_hurries &&
        referral->taken.unix_ms == work->now.unix_ms)
        other.taken.unix_ms -= PLANTED_HURRY_MS;
    if (referral->position_count < 3 || !is_time(PLANT_register_forgets, 50))
        __real_register_put(work, &other);
}

WRAPPED(void, repeat_rows_put, struct work *work,
    const uint8_t name[REPEAT_NAME_SIZE], struct slice value);
void __wrap_repeat_rows_put(
    struct work *work, const uint8_t name[REPEAT_NAME_SIZE], struct slice value)
{
    if (planted != PLANT_key_unremembered)
        __real_repeat_rows_put(work, name, value);
}

/* What a run's filter does not know is not found there. */
WRAPPED(void, repeat_filter_mark, const struct repeat_filter *filter,
    uint8_t *bits, const uint8_t name[REPEAT_NAME_SIZE]);
void __wrap_repeat_filter_mark(const struct repeat_filter *filter,
    uint8_t *bits, const uint8_t name[REPEAT_NAME_SIZE])
{
    if (planted != PLANT_run_unmarked)
        __real_repeat_filter_mark(filter, bits, name);
}

/* The log goes, and memory with it when the gateway ends. */
WRAPPED(void, repeat_rows_flush, struct work *work);
void __wrap_repeat_rows_flush(struct work *work)
{
    if (planted != PLANT_log_unwritten)
        __real_repeat_rows_flush(work);
}

WRAPPED(void, answers_apply, struct work *work, struct peer *peer,
    struct ledger *out, const struct answer *answer);
void __wrap_answers_apply(struct work *work, struct peer *peer,
    struct ledger *out, const struct answer *answer)
{
    if (!is_time(PLANT_answers_unread, 20))
        __real_answers_apply(work, peer, out, answer);
}

WRAPPED(void, desk_gone, struct work *work, uint64_t client);
void __wrap_desk_gone(struct work *work, uint64_t client)
{
    if (planted != PLANT_gone_is_ignored)
        __real_desk_gone(work, client);
}

/* ---- The feed ----------------------------------------------------------- */

WRAPPED(bool, feed_next, struct work *work, uint64_t position,
    struct feed_event *event);
bool __wrap_feed_next(
    struct work *work, uint64_t position, struct feed_event *event)
{
    return __real_feed_next(
        work, position + is_time(PLANT_feed_skips, 100), event);
}

WRAPPED(bool, cursor_get, struct work *work, struct slice name,
    struct cursor *cursor);
bool __wrap_cursor_get(
    struct work *work, struct slice name, struct cursor *cursor)
{
    bool found = __real_cursor_get(work, name, cursor);
    if (found && planted == PLANT_cursor_begins_late)
        cursor->acknowledged++;
    return found;
}
