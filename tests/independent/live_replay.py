"""Old frames that come again: what was sealed once, by whoever recorded it."""
from live_connection import call
from refer import messages as m
from refer.frames import frame

KIND = m.RequestKind
COUNT = 10000
AT_ONCE = 16


def recorded(world):
    """From here on the envelopes of Open Door are kept."""
    door = world.door
    seal = door.seal
    world.old = []

    def seal_and_keep(remote, kind, *arguments, **options):
        envelope, secret = seal(remote, kind, *arguments, **options)
        if kind in (KIND.HEAD, KIND.DELIVER):
            world.old.append(envelope)
        return envelope, secret

    door.seal = seal_and_keep


def told(gateway):
    """All that people and programs there see."""
    return [gateway.ctl(*words) for words in (
        ("referral", "list"), ("ledger", "list"), ("mou", "list"),
        ("feed", "follow", "--once"))]


def replayed(world):
    """Ten thousand old frames, and nothing is new."""
    tap = world.tap
    door, remote = world.door, world.door_remote
    del door.seal
    before = told(world.hospital)
    caller = call(door, remote)
    answered = 0
    for first in range(0, COUNT, AT_ONCE):
        caller.send_raw(b"".join(
            frame(number, world.old[number % len(world.old)])
            for number in range(first, first + AT_ONCE)))
        for _ in range(AT_ONCE):
            caller.receive()
            answered += 1
    caller.close()
    tap.equal("each of 10,000 old frames is answered", answered, COUNT)
    for what, was, now in zip(("referral", "entry", "agreement", "event"),
                              before, told(world.hospital)):
        tap.equal("no %s came of them" % what, now, was)
