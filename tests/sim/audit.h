/*
 * audit.h - the checkers that look at everything, when the faults have stopped
 * and the last retry is done.
 *
 *   referral.lost       a referral that was taken is not in the register
 *   referral.twice      one intention has more than one referral
 *   referral.stuck      it still waits for something
 *   referral.differs    the two ends see different states
 *   policy.passed       what is forbidden was received
 *   policy.refused      what is allowed was refused by the other end
 *   step.lost           a step that was taken is not where it belongs
 *   step.twice          one step was recorded more often than it was taken
 *   agreement.forged    a signature is held that nobody gave
 *   agreement.unsigned  one is in force that a party did not sign
 *   agreement.stuck     one that all signed is not in force everywhere
 *   ledger.differs      size or root differ between author and recipient
 *   ledger.damaged      ledger.verify found damage
 *   ledger.unsettled    gateways that should be connected are not
 *   content.leaked      words about a person where they must not be
 *   gateway.restless    it asks and asks where nothing is to be said
 *   memory.grows        it remembers more than whom it knows
 *   star.heavy          a member costs the hub more memory than it may
 *   star.unserved       a member that nobody was referred to, or by
 *   program.unanswered  a program still waits
 *   feed.missed         a reader has not seen all events
 */
#ifndef SIM_AUDIT_H
#define SIM_AUDIT_H

#include <stddef.h>

struct world;

void audit_run(struct world *world);

/* What it remembers, at any time that it is up. */
void audit_memory(struct world *world, size_t at);

#endif
