/*
 * planted_list.h - the mistakes: name, the guarantee that it breaks, and the
 * options under which it shows.
 */
#ifndef SIM_PLANTED_LIST_H
#define SIM_PLANTED_LIST_H

#include <stdbool.h>

#define SIM_RESTORE "--restore_permille 300 --dial_only 0 --crash_permille 15"
#define SIM_REPEAT                                                             \
    "--recover 1 --restore_permille 300 --dial_only 0 --crash_permille 40 "    \
    "--restart_ms_max 2000 --program_permille 500 --pause_ms 3000"
#define SIM_LOST_BOTH                                                          \
    "--recover 1 --restore_permille 800 --losers 2 --agencies 2 "              \
    "--dial_only 0 --crash_permille 20 --clerks 2 --pause_ms 3000"
#define SIM_ROTTEN                                                             \
    "--recover 1 --restore_permille 500 --crash_permille 5 --rot_back 5"
#define SIM_FORGE "--agencies 3 --dial_only 0 --forge_permille 200"
#define SIM_FORK "--fork_per_hour 20 --dial_only 0 --renew 1 --agencies 3"
#define SIM_STOPPED                                                            \
    "--fork_per_hour 20 --dial_only 1 --crash_permille 5 --agencies 3"
#define SIM_APART                                                              \
    "--apart_hours 30 --minutes 60 --pause_ms 900000 --dial_only 0 "           \
    "--clock_per_hour 0"
#define SIM_SLOW                                                               \
    "--apart_hours 25 --agencies 2 --minutes 30 --pause_ms 100000 "            \
    "--line_bytes_per_s 2600 --clock_per_hour 0"
#define SIM_BUSY "--clerks 4 --pause_ms 300 --dial_only 1"
#define SIM_ROTATE "--rotate_per_hour 20"
#define SIM_NEWER "--newer_permille 200"
#define SIM_STALE "--stale_permille 500 --rotate_per_hour 20"
#define SIM_TWOFOLD "--twofold 1 --versions 2"
#define SIM_WITHHELD                                                           \
    "--withhold_permille 1000 --agencies 2 --minutes 1800 --pause_ms 1800000 " \
    "--dial_only 0 --clock_per_hour 0"
#define SIM_LATE SIM_RESTORE " --late_permille 200 --late_ms_max 20000"
#define SIM_CLOCKS "--clock_per_hour 40 --clock_ms_max 864000000"

/* clang-format off */
#define PLANT_LIST(X)                                                          \
    /* replies leave before they are true */                                   \
    X(outputs_before_commit, "G1", "")                                         \
    X(receipts_before_commit, "G2", "") /* those to peers only */              \
    /* what a disk refused is told */                                          \
    X(commit_failure_ignored, "G8", "--commit_fail_permille 8")                \
    /* a crash takes what was committed last */                                \
    X(sync_skipped, "G1", "--crash_permille 10")                               \
    /* and not by the steady one */                                            \
    X(timers_by_wall_clock, "G11", SIM_CLOCKS)                                 \
    /* what the store cannot tell from what was written */                     \
    X(flips_unseen, "G10", "--flip_per_hour 60")                               \
    /* nor which row it was written to */                                      \
    X(row_unbound, "G10", "--flip_per_hour 60 --stray_permille 1000")          \
    /* nor is what was found taken back */                                     \
    X(mend_forgets, "G10", "--rot 5 --minutes 3 --agencies 2")                 \
    /* what is damaged is read at each start, and ends it */                   \
    X(damage_unmet, "G27", SIM_ROTTEN)                                         \
    X(key_forgotten, "G5", "") /* a retry is a new intention */                \
    X(fence_admits_all, "G7", "") /* what an earlier life sent is taken */     \
    X(fence_lingers, "G7", SIM_LATE) /* or by what is older than the one in use */   \
    X(fence_kept_at_reply, "G7", "") /* or before its author asked */          \
    X(index_reused, "G7", SIM_RESTORE) /* one who lost entries signs on */     \
    X(fork_goes_on, "G7", SIM_FORK) /* or who had two histories */  \
    /* a generation that was closed is written to again */                     \
    X(generation_reopens, "G7", SIM_FORK)                                      \
    /* a recipient that lost something counts as one that did not */           \
    X(epoch_unread, "G7", SIM_LOST_BOTH)                                       \
    /* before it asked what it signed */                                       \
    X(unsettled_signs, "G7", "")                                      \
    /* the mark beside the store says nothing */                               \
    X(mark_unread, "G7", SIM_RESTORE)                                          \
    X(cursor_survives, "G5", SIM_RESTORE) /* no new epoch of the feed */       \
    X(outbox_loses, "G3", "") /* something queued is forgotten */              \
    X(outbox_keeps, "G5", "") /* what was numbered waits again */              \
    X(step_allows_all, "G14", "") /* every step leads somewhere */             \
    X(repeat_signs_anew, "G6", "") /* a repeat gets another receipt */         \
    X(erase_does_nothing, "G18", "") /* contents stay */                       \
    X(keys_stay, "G18", "") /* those of contents that were erased */           \
    /* nobody hears that agencies are apart for days */                        \
    X(alarm_silent, "G4", SIM_APART)                                           \
    X(alarm_stays, "G4", SIM_APART) /* nor that they are not any more */       \
    X(peer_gives_up, "G4", "") /* retries have an end */                       \
    /* beside a ledger that stopped nothing says that it was heard */          \
    X(stopped_is_mute, "G4", SIM_STOPPED)                                      \
    /* a slow line is to carry what a fast one does */                         \
    X(pace_unheard, "G4", SIM_SLOW)                                            \
    X(policy_sees_nothing, "G14", "") /* everything is allowed */              \
    /* recipients trust authors: in sim_unchecked_planted */                   \
    X(policy_at_author_only, "G14", "")                                        \
    X(feed_skips, "G5", "") /* a reader misses an event */                     \
    X(cursor_begins_late, "G5", "") /* after what was acknowledged */          \
    X(parcel_unsaved, "G2", "") /* entries are receipted and not stored */     \
    X(register_forgets, "G3", "") /* a register row is not written */          \
    X(ledger_unsaved, "G6", "") /* nor is one of a ledger */                   \
    X(key_unremembered, "G5", "") /* the gateway forgets which keys it had */  \
    X(key_known_later, "G5", "") /* ... or had in this batch */                \
    /* ... once they are in a run */                                           \
    X(run_unmarked, "G5", "--minutes 12 --clerks 2")                           \
    X(log_unwritten, "G5", "") /* ... when it is started again */              \
    X(key_not_taken_back, "G5", SIM_REPEAT) /* nor comes one back */           \
    X(gone_is_ignored, "G5", "") /* what a program held is held for ever */    \
    X(answers_unread, "G3", "") /* nor does an answer */                       \
    /* who did not answer once is not asked again */                           \
    X(timeout_is_final, "G4", "")                                              \
    X(collect_forgets, "G3", "") /* a receipt does not travel back */          \
    /* what a gateway holds counts as taken by its programs */                 \
    X(mark_early, "G12", "")                                                  \
    /* or one more than they took */                                           \
    X(mark_one_more, "G12", "--hold_minutes 5")                                \
    /* words that were taken count as taken a week ago */                           \
    X(hold_hurries, "G12", "--hold_minutes 3 --minutes 12 --pause_ms 3000")      \
    /* what goes with time goes by a clock that is wrong */                    \
    X(hold_in_doubt, "G11", "--hold_minutes 5 " SIM_CLOCKS)\
    X(retention_in_doubt, "G11", "--retention_days 1 --hold_minutes 600 " SIM_CLOCKS)\
    /* a page of rows that is full loses one */                               \
    X(split_loses, "G3", "--pages 1")                                          \
    X(collect_hurries, "G24", "") /* and asks again three times a minute */    \
    /* each receipt is heard when it comes once more */                        \
    X(receipts_unheard, "G24", SIM_BUSY)                                       \
    /* what came after a Head left counts as older */                          \
    X(overtaken_is_loss, "G7", "")                                             \
    /* new referrals are taken until nothing goes */                           \
    X(full_is_ignored, "G9", "--full_per_hour 30")                             \
    /* a withdrawal can be refused */                                          \
    X(withdrawal_races, "G3", "--ending_permille 200")                         \
    /* a parcel's signature is taken for good */                               \
    X(author_unverified, "G14", SIM_FORGE)                                     \
    X(receipt_unverified, "G6", SIM_FORGE) /* and that of a receipt */         \
    /* a ledger for somebody else is taken */                                  \
    X(address_unchecked, "G14", SIM_FORGE)                                     \
    /* contents that no header promised */                                     \
    X(content_unchecked, "G14", SIM_FORGE)                                     \
    /* a request's signature is taken for good */                              \
    X(sender_unverified, "G14", "--agencies 4 --dial_only 0 --forward_permille 200")\
    /* an envelope of another version is opened all the same */             \
    X(version_unread, "G14", SIM_NEWER)                                        \
    X(field_ignored, "G14", SIM_NEWER) /* what nobody knows is passed over */  \
    X(unsealed, "G13", "") /* requests are not encrypted */                    \
    X(signatures_stay, "G14", "") /* those of others are not passed on */      \
    /* keys that were followed by others */                                    \
    X(cards_forgotten, "G6", SIM_ROTATE)                                       \
    /* a parcel stays under the key it was made by */                          \
    X(signed_once, "G4", SIM_ROTATE)                                           \
    /* who ended its card is an agency like others */                          \
    X(revoked_stays, "G16", "--revoke 1")                                      \
    /* an agreement without all signatures */                                  \
    X(unsigned_is_signed, "G14", "")                                           \
    /* librefer: a new connection is the old one */                            \
    X(reconnect_unnoticed, "G5", "")                                           \
    /* librefer: what could be tried again is over */                          \
    X(busy_is_final, "G3", "")                                                 \
    /* what a gateway remembers grows with what it does */                     \
    X(memory_kept, "G23", "")                                                  \
    /* a card is followed by one that is older */                              \
    X(cards_go_back, "G15", SIM_STALE)                                         \
    /* what a request claims is the time */                                    \
    X(claims_believed, "G11", "--claim_permille 500")                          \
    /* an envelope's recipient is whoever can open it */                       \
    X(recipient_unread, "G14", "--borrow_keys 2 --agencies 3 --dial_only 0")   \
    /* an agreement is in force because a party says so */                     \
    X(in_force_by_word, "G14", SIM_TWOFOLD)                                    \
    /* who names a referral is party to it */                                  \
    X(ids_are_anyones, "G14", "--usurp_permille 500 --agencies 4")             \
    X(rivals_unseen, "G14", SIM_TWOFOLD) /* nobody hears that there are two */ \
    X(collects_pile, "G23", "--flood 100") /* what waits is not answered */    \
    /* what has no receipt counts as just said */                              \
    X(waiting_unheard, "G4", SIM_WITHHELD)                                     \
    /* a run follows from more than seed and options: what an earlier one left, \
     * and where in memory it is */                                            \
    X(draws_count_on, "G28", "")                                                \
    X(order_by_address, "G28", "")
/* clang-format on */

enum plant {
    PLANT_NONE,
#define X(name, guarantee, arguments) PLANT_##name,
    PLANT_LIST(X)
#undef X
};

bool planted_is(enum plant plant);

/* Longer than every time of keeping. */
#define PLANTED_HURRY_MS (INT64_C(7) * 24 * 3600 * 1000)

/* What --wrap makes of a name: the core's own, and what it calls instead. */
#define WRAPPED(type, name, ...)                                               \
    type __real_##name(__VA_ARGS__);                                           \
    type __wrap_##name(__VA_ARGS__)

#endif
