#!/usr/bin/env python3
"""Does another implementation speak with a real gateway? TAP.

usage: live_test.py BUILD

Our agencies are made here, with keys of their own; the gateway is known by
its command line, its card and the wire alone.
"""
import sys

import live_connection
import live_erasure
import live_fetch
import live_introduction
import live_lost
import live_policy
import live_refusals
import live_replay
import live_rules
import live_story
from live_world import World
from tap import Tap

PARTS = [
    live_refusals.strangers,
    live_introduction.left,
    live_introduction.invited,
    live_introduction.false_ones,
    live_introduction.introduces,
    live_story.first_words,
    live_story.renewed,
    live_story.agreement,
    live_replay.recorded,
    live_story.referral_out,
    live_story.referral_withdrawn,
    live_replay.replayed,
    live_story.referrals_in,
    live_fetch.taken_back,
    live_policy.refused_sends,
    live_policy.refused_events,
    live_policy.refused_senders,
    live_policy.absent,
    live_rules.cards,
    live_rules.sheets,
    live_rules.offers,
    live_rules.receiver_steps,
    live_refusals.envelopes,
    live_refusals.signatures,
    live_refusals.kinds,
    live_refusals.unsettled,
    live_refusals.parcels,
    live_refusals.conflicts,
    live_refusals.closed,
    live_connection.tls,
    live_connection.frames,
    live_connection.false_replies,
    live_story.agreement_collected,
    live_story.referrals_collected,
    live_policy.probed,
    live_connection.collect_again,
    live_story.collecting_gateway,
    live_erasure.told,
    live_erasure.heard,
    live_story.restart,
    live_lost.lost,
]


def main():
    tap = Tap()
    world = World(sys.argv[1], tap)
    try:
        for part in PARTS:
            tap.run(part.__doc__.split("\n")[0], part, world)
    finally:
        problems = world.close()
    tap.ok("the gateways ended well", not problems, "\n".join(problems))
    tap.end()


if __name__ == "__main__":
    main()
