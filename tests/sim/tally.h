/*
 * tally.h - what the runs have met, over all seeds: a simulator that never
 * reaches a state or a fault proves nothing about it. The first list must not
 * hold a zero after a full set of seeds (--covered).
 */
#ifndef SIM_TALLY_H
#define SIM_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/message.h"
#include "core/referral.h"

/* clang-format off */
#define TALLY_LIST(X)                                                          \
    X(frames_sent) X(frames_lost) X(frames_late) X(frames_repeated)            \
    X(frames_replayed) X(frames_damaged) X(frames_overtaking) X(dials_failed)  \
    X(links_broken) X(links_one_way) X(links_muted) X(splits) X(absences)      \
    X(collects_empty) X(idle_requests) X(versions_signed)                      \
    X(versions_unsigned)                                                       \
    X(requests_unopened) X(requests_rekeyed) X(replies_unopened) X(timeouts)   \
    X(crashes_before_commit) X(crashes_after_commit) X(crashes_among_outputs)  \
    X(commits_refused) X(commits_unknown) X(restarts) X(slow_batches)          \
    X(batches) X(batches_of_many) X(stores_filled) X(clock_steps) \
    X(program_losses) X(program_retries) X(program_timeouts) X(program_deaths)  \
    X(program_interrupts)                                                      \
    X(intake_refusals) X(submits_allowed) X(submits_forbidden)                 \
    X(submits_in_batches)                                                      \
    X(acts_done) X(acts_refused) X(events_read) X(events_again)                \
    X(repeats_cosigned) X(canaries_erased) X(copies_read)           \
    X(stories_compared) X(marks_told) X(marks_complete)
/* clang-format on */

/* Of faults that only the command line asks for. */
#define TALLY_EXTRA_LIST(X)                                                    \
    X(stores_restored)                                                         \
    X(flips_found)                                                             \
    X(strays)                                                                  \
    X(replies_replayed)                                                        \
    X(pauses)                                                                  \
    X(suspensions)                                                             \
    X(losses_hidden)                                                           \
    X(stores_lost)                                                             \
    X(contents_rotted)                                                         \
    X(words_given_up)                                                          \
    X(forks)                                                                   \
    X(forks_refused)                                                           \
    X(words_kept)                                                              \
    X(elements_erased)                                                         \
    X(conflicts_ended)                                                         \
    X(lies)                                                                    \
    X(forwards)                                                                \
    X(forgeries)                                                               \
    X(feed_epochs)                                                             \
    X(lines_closed)                                                            \
    X(words_let_go)                                                            \
    X(alarms_raised)                                                           \
    X(alarms_ended)                                                            \
    X(newer_requests)                                                          \
    X(newer_replies)                                                           \
    X(newer_refused)                                                           \
    X(newer_told)                                                              \
    X(receipts_withheld)                                                       \
    X(receipts_missed)                                                         \
    X(referrals_twofold)                                                       \
    X(texts_seen)                                                              \
    X(entries_garbled)                                                         \
    X(referrals_usurped)                                                       \
    X(sheets_borrowed)                                                         \
    X(frames_borrowed)                                                         \
    X(requests_flooded)                                                        \
    X(entries_flooded)                                                         \
    X(cards_stale)                                                             \
    X(times_claimed)                                                           \
    X(receipts_dated)

struct tally {
#define X(name) uint64_t name;
    TALLY_LIST(X)
    TALLY_EXTRA_LIST(X)
#undef X
    uint64_t states[REFERRAL_STATE_COUNT]; /* that a reader saw */
    uint64_t steps[EVENT_TYPE_COUNT];      /* that were applied */
    uint64_t replies[REPLY_KIND_COUNT];
};

#define TALLY(world, name) ((void)(world)->tally->name++)

void tally_print(const struct tally *tally);

/* Prints what was never met and should have been; true when nothing. */
bool tally_covers(const struct tally *tally);

#endif
