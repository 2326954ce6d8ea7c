/*
 * options.h - one run of the simulator: how many agencies, how long, and which
 * faults come how often. All of it follows from the seed unless the command
 * line says otherwise, so that every seed is another bad week.
 */
#ifndef SIM_OPTIONS_H
#define SIM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Name, least and most that a seed may draw. A seed leaves about half of the
 * faults out altogether: what hides behind one shows without it. `_permille`
 * is a chance at each occasion, `_per_hour` a number for each agency or link.
 */
/* clang-format off */
#define SIM_OPTION_LIST(X)                                                     \
    X(agencies, 2, 4)              /* gateways */                              \
    X(minutes, 3, 12)              /* with work and faults */                  \
    X(clerks, 1, 2)                /* programs that write, of each agency */   \
    X(pause_ms, 3000, 20000)       /* between two deeds of one, on average */  \
    X(policy_permille, 0, 150)     /* referrals that policy forbids */         \
    X(ending_permille, 20, 200)    /* deeds that end or erase */               \
    X(batch_max, 1, 12)            /* inputs in one transaction */

#define SIM_FAULT_LIST(X)                                                      \
    X(loss_permille, 1, 250)       /* frames that do not arrive */             \
    X(duplicate_permille, 1, 250)  /* frames that arrive again */              \
    X(replay_permille, 1, 50)      /* old requests that come again */          \
    X(corrupt_permille, 1, 100)    /* frames with a byte changed or cut */     \
    X(late_permille, 1, 200)       /* frames that take up to late_ms_max */    \
    X(overtake_permille, 1, 300)   /* frames opened before those that wait */  \
    X(down_per_hour, 2, 60)        /* links that break, for each agency */     \
    X(one_way_permille, 1, 500)    /* of which in one direction only */        \
    X(mute_permille, 1, 500)       /* of which swallow, and let nobody know */ \
    X(split_per_hour, 2, 30)       /* groups of agencies part */               \
    X(dial_only, 1, 3)             /* agencies without an endpoint */          \
    X(crash_permille, 1, 15)       /* batches that end in a crash */           \
    X(commit_fail_permille, 1, 8)  /* commits that the disk refuses */         \
    X(away_per_hour, 1, 10)        /* gateways that are switched off */        \
    X(versions, 1, 3)              /* of the agreement, after the first */     \
    X(unsigned_permille, 1, 500)   /* versions that one party never signs */   \
    X(slow_permille, 1, 50)        /* batches that take up to 45 s */          \
    X(full_per_hour, 2, 30)        /* stores that are nearly full for a time */\
    X(clock_per_hour, 2, 40)       /* steps of an agency's wall clock */       \
    X(program_permille, 1, 100)    /* replies that a program does not get */   \
    X(interrupt_permille, 1, 100)  /* waits of a program that are ended */

/* How much, where there is such a fault. */
#define SIM_MEASURE_LIST(X)                                                    \
    X(late_ms_max, 1000, 20000)                                                \
    X(down_ms_max, 10000, 600000)                                              \
    X(split_ms_max, 10000, 900000)                                             \
    X(restart_ms_max, 1000, 120000)                                            \
    X(away_ms_max, 60000, 1200000)                                             \
    X(clock_ms_max, 1000, 864000000)                                           \
    X(pause_ms_max, 1000, 3600000)                                             \
    X(sign_ms_max, 1000, 480000) /* that an operator takes to sign one */
/* clang-format on */

/* Drawn only with `--faults most` and `--faults all`. */
#define SIM_RARE_LIST(X)                                                       \
    X(flip_per_hour, 1, 10)     /* values that are read with a wrong bit */    \
    X(stray_permille, 1, 500)   /* of which are another row's altogether */    \
    X(echo_permille, 1, 100)    /* replies before which an old one comes */    \
    X(drift_permille, 1, 50)    /* that a wall clock is too fast or slow */    \
    X(pause_per_hour, 1, 10)    /* gateways that are stopped, go on later */   \
    X(suspend_permille, 1, 500) /* of which with the whole machine */

/* By the command line, and some with `--faults all`. */
#define SIM_EXTRA_LIST(X)                                                      \
    X(restore_permille, 0, 0)   /* restarts from an old copy of the store */   \
    X(mark_back_permille, 0, 0) /* of which with the mark of that time */      \
    X(lose_permille, 0, 0)      /* restarts without the store */               \
    X(losers, 0, 0)             /* agencies to which that happens; 0: one */   \
    X(recover, 0, 0)            /* 1: after both, all is promised again */     \
    X(fork_per_hour, 0, 0)      /* agencies that sign a second history */      \
    X(renew, 0, 0)              /* 1: operators end the conflicts of that */   \
    X(lie_permille, 0, 0)     /* of the last agency's Heads: sizes made up */  \
    X(forward_permille, 0, 0) /* parcels that the last agency passes on */     \
    X(forge_permille, 0, 0)   /* parcels and receipts that it spoils */        \
    X(star, 0, 0)             /* 1: agency 0 and members that dial only it */  \
    X(group, 0, 0)            /* agencies that know each other; 0: all do */   \
    X(rotate_per_hour, 0, 0)  /* new keys of an agency, on a new card */       \
    X(erase_permille, 0, 0)   /* looks of clerks that end in an erasure */     \
    X(erase_part_permille, 0, 0) /* of which of one element alone */           \
    X(erasers, 0, 0)             /* agencies that erase; 0: all do */          \
    X(keepers, 0, 0) /* agencies, the last, that keep what others do not */    \
    X(retention_days, 0, 0)  /* of all that was said; it ends after them */    \
    X(revoke, 0, 0)          /* 1: agency 0 ends its card some time */         \
    X(commit_fail_nth, 0, 0) /* this commit of each gateway is refused */      \
    X(crash_lost_permille, 0, 0) /* batches that crash after a loss */         \
    X(referrals_per_day, 0, 0) /* of each agency, on average; for pause_ms */  \
    X(hours_each, 0, 0)        /* in which `_per_hour` comes; 0: in one */     \
    X(referrals_max, 0, 0)     /* of all; 0: no bound */                       \
    X(close_per_hour, 0, 0)    /* lines that an operator closes by mistake */  \
    X(rot, 0, 0)               /* contents of an agency that rot at the end */ \
    X(real_crypto, 0, 0)       /* 1: what a gateway uses, by OpenSSL */        \
    X(hold_minutes, 0, 0)      /* that words are kept once taken; 0: always */ \
    X(pages, 0, 0)             /* 1: small rows lie in pages, as on a disk */  \
    X(apart_hours, 0, 0)       /* that agency 0 is cut off, once */            \
    X(line_bytes_per_s, 0, 0)  /* that lines carry each way; 0: no bound */    \
    X(newer_permille, 0, 0)    /* of what the last agency says: newer.h */     \
    X(withhold_permille, 0, 0) /* of its receipts: withholder.h */             \
    X(withhold_for_ever, 0, 0) /* 1: those, and when it is calm */             \
    X(borrow_keys, 0, 0)       /* 1: on its card, 2: in sheets; borrower.h */  \
    X(twofold, 0, 0)           /* 1: it offers two texts; twofold.h */         \
    X(flood, 0, 0)             /* requests for each of its own: flooder.h */   \
    X(stale_permille, 0, 0)    /* of its cards: ones of before; stale.h */     \
    X(claim_permille, 0, 0)    /* of its times: far off; claimer.h */          \
    X(garble_permille, 0, 0)   /* batches with nonsense; garbler.h */          \
    X(usurp_permille, 0, 0)    /* or others' referrals in them; usurper.h */   \
    X(rot_back, 0, 0)          /* contents that rot in one that is put back */ \
    X(rot_per_hour, 0, 0)      /* or while a gateway works */                  \
    X(rot_waiting, 0, 0)       /* words that rot while they wait to be told */

/*
 * What `--faults all` draws beside those: name, least, most, how many seeds in
 * a hundred, of which mixes. What cannot be promised together is in different
 * ones:
 *   LOSS    stores are lost and put back. Not where somebody has a second
 *           history as well: whether an author signs twice because it forgot
 *           or because it cheats, nobody can tell from outside.
 *   CHEAT   the last agency lies, forges, passes on and speaks in later words;
 *           anybody may have a second history, which operators end.
 *   LAST    agency 0 ends its card; after that only safety is promised, so all
 *           others may come with it.
 * QUIET is none of these: every promise is kept to the letter.
 */
/* clang-format off */
#define SIM_ALL_LIST(X)                                                        \
    X(recover, 1, 1, 100, MIX_LOSS | MIX_LAST)                                 \
    X(restore_permille, 50, 300, 70, MIX_LOSS | MIX_LAST)                      \
    X(lose_permille, 50, 300, 70, MIX_LOSS | MIX_LAST)                         \
    X(losers, 1, 3, 100, MIX_LOSS | MIX_LAST)                                  \
    X(crash_lost_permille, 10, 100, 30, MIX_LOSS)                              \
    X(fork_per_hour, 5, 20, 60, MIX_CHEAT | MIX_LAST)                          \
    X(renew, 1, 1, 100, MIX_CHEAT | MIX_LAST)                                  \
    X(lie_permille, 50, 200, 60, MIX_CHEAT | MIX_LAST)                         \
    X(forward_permille, 50, 200, 60, MIX_CHEAT | MIX_LAST)                     \
    X(forge_permille, 50, 200, 60, MIX_CHEAT | MIX_LAST)                       \
    X(newer_permille, 50, 200, 60, MIX_CHEAT | MIX_LOSS)                       \
    X(withhold_permille, 50, 500, 20, MIX_CHEAT | MIX_LAST)                    \
    X(borrow_keys, 1, 2, 20, MIX_CHEAT | MIX_LAST)                             \
    X(twofold, 1, 1, 20, MIX_CHEAT)                                            \
    X(flood, 10, 100, 20, MIX_CHEAT | MIX_LAST)                                \
    X(stale_permille, 50, 500, 20, MIX_CHEAT | MIX_LAST)                       \
    X(claim_permille, 50, 500, 20, MIX_CHEAT)                                  \
    X(garble_permille, 10, 100, 20, MIX_CHEAT)                                 \
    X(usurp_permille, 10, 100, 20, MIX_CHEAT)                                  \
    X(revoke, 1, 1, 100, MIX_LAST)                                             \
    X(rotate_per_hour, 1, 10, 50, MIX_ANY)                                     \
    X(close_per_hour, 1, 20, 50, MIX_ANY)                                      \
    X(erase_permille, 10, 100, 60, MIX_ANY)                                    \
    X(erase_part_permille, 50, 500, 60, MIX_ANY)                               \
    X(erasers, 1, 2, 25, MIX_ANY)                                              \
    X(keepers, 1, 1, 25, MIX_ANY)                                              \
    X(hold_minutes, 5, 60, 50, MIX_ANY)                                        \
    X(retention_days, 1, 2, 20, MIX_ANY)                                       \
    X(apart_hours, 25, 30, 8, MIX_ANY) /* in a run of days: see below */       \
    X(pages, 1, 1, 50, MIX_ANY)
/* clang-format on */

enum sim_mix {
    MIX_QUIET = 1,
    MIX_LOSS = 2,
    MIX_CHEAT = 4,
    MIX_LAST = 8,
    MIX_ANY = 15,
};

struct sim_options {
#define X(name, least, most) int64_t name;
    SIM_OPTION_LIST(X)
    SIM_FAULT_LIST(X) SIM_MEASURE_LIST(X) SIM_RARE_LIST(X) SIM_EXTRA_LIST(X)
#undef X
};

/* Mistakes of the daemon's or a client's making, to see that they are found;
 * those of the core are in planted.c. */
struct sim_plant {
    bool outputs_before_commit;
    bool receipts_before_commit;
    bool commit_failure_ignored;
    bool sync_skipped;
    bool flips_unseen;
    bool timers_by_wall_clock;
    bool key_forgotten;
};

/* Where chance comes from: one row of numbers for each of these and for each
 * fault, so that a fault more or less leaves all others where they are. */
#define SIM_STREAM_LIST(X)                                                     \
    X(delay, 0, 0)   /* of frames */                                           \
    X(turn, 0, 0)    /* of batches */                                          \
    X(work, 0, 0)    /* of programs and people */                              \
    X(entropy, 0, 0) /* of nodes */                                            \
    X(copy, 0, 0)    /* of stores */                                           \
    X(mix, 0, 0)     /* which of them `--faults all` has */                    \
    X(mixed, 0, 0)   /* and whether a part of it */

enum sim_stream {
#define X(name, least, most) STREAM_##name,
    SIM_STREAM_LIST(X) SIM_OPTION_LIST(X) SIM_FAULT_LIST(X) SIM_MEASURE_LIST(X)
        SIM_RARE_LIST(X) SIM_EXTRA_LIST(X)
#undef X
            STREAM_COUNT
};

const char *sim_stream_name(enum sim_stream stream);

struct sim_options sim_options_draw(uint64_t seed);

/* A run of days, not of minutes: ten referrals a day from each agency, and what
 * comes by the hour elsewhere comes by the day. */
void sim_options_slow(struct sim_options *options);

/* No fault at all; every one that a seed may draw, or may with `rare`; and one
 * of the mixes beside these. Where somebody is apart for a day the run is slow
 * and its clocks are right: what people are told then goes by them. */
void sim_options_without(struct sim_options *options);
void sim_options_with_most(struct sim_options *options, uint64_t seed);
void sim_options_with_all(struct sim_options *options, uint64_t seed);

/* Sets the option of that name; false when there is none. */
bool sim_options_set(
    struct sim_options *options, const char *name, int64_t value);

void sim_options_print(const struct sim_options *options);

#endif
