"""Erasing, by either end: what is said of it, and what is left."""
from refer import messages as m
from refer.agency import now_ms
from live_fetch import fetch
from live_story import send_event, urn
from live_world import answers, tell
from tap import wait_until

TOLD = 0x01900000000070008000000000007001
HEARD = 0x01900000000070008000000000007002


def notice(number, *elements, reason="PERSON_ASKED"):
    return m.ErasureNotice(
        referral=number.to_bytes(16, "big"), elements=list(elements),
        reason=m.ErasureReason[reason], actor=m.ActorKind.STAFF,
        at_ms=now_ms())


def erase_tell(door, remote, one):
    """The answer to that notice."""
    with door.lock:
        index = len(remote.authored.entries) + len(remote.authored.waiting)
    door.erase(remote, one)
    door.deliver(remote)
    return answers(door, remote, index, 1)[0]


def told(world):
    """Open Door erases what it sent, and the hospital follows."""
    tap, door, remote = world.tap, world.door, world.door_remote
    first = tell(door, remote, send_event(world, door, TOLD))
    tap.equal("a referral", answers(door, remote, first, 1),
              ["APPLIED DELIVERED"])

    def shown():
        return world.hospital.ctl("--json", "referral", "show", urn(TOLD))
    element = '"code": "cough_weeks"'
    tap.ok("with an element", element in shown())
    tap.equal("of which that goes", erase_tell(
        door, remote, notice(TOLD, "cough_weeks")).split()[0], "APPLIED")
    tap.ok("and the name is left",
           element not in shown() and "Sasha" in shown())
    tap.equal("all of it", erase_tell(
        door, remote, notice(TOLD)).split()[0], "APPLIED")
    tap.ok("nothing is left", "Sasha" not in shown())
    tap.equal("of one that is not known it says the same", erase_tell(
        door, remote, notice(0x7fff)).split()[0], "APPLIED")
    for name, one, problem in (
            ("an element nobody knows", notice(TOLD, "star_sign"),
             "UNKNOWN_FIELD"),
            ("one twice", notice(TOLD, "needs", "needs"), "FORMAT"),
            ("of nothing", notice(0), "FORMAT"),
            ("without a reason", notice(TOLD, reason="UNSPECIFIED"),
             "FORMAT")):
        index = tell(door, remote, (m.EntryKind.ERASURE_NOTICE, one))
        tap.equal(name, answers(door, remote, index, 1)[0].split()[:2],
                  ["REFUSED", problem])
    at = [note for note in sorted(remote.authored.notes) if note <= first]
    reply = fetch(door, remote, True, remote.authored.generation,
                  max(at, default=0))
    entry = [one for parcel in m.Fetched.decode(reply.body).parcels
             for one in parcel.entries][first - max(at, default=0)]
    tap.equal("it is not given back, only what it was",
              (entry.salt, entry.content, entry.mention.referral,
               entry.mention.type.name),
              (b"", b"", TOLD.to_bytes(16, "big"), "SEND"))


def heard(world):
    """The hospital erases, and Open Door is told."""
    tap, door, remote = world.tap, world.door, world.door_remote
    first = tell(door, remote, send_event(world, door, HEARD))
    tap.equal("a referral", answers(door, remote, first, 1),
              ["APPLIED DELIVERED"])

    def came():
        with door.lock:
            return [one for one in door.notices
                    if one.referral == HEARD.to_bytes(16, "big")]
    world.hospital.ctl("erase", urn(HEARD), "--reason", "law", "--yes")
    one = wait_until("the notice", came)[0]
    tap.equal("it says why, and of all", (one.reason.name, one.elements),
              ("LAW", []))
    door.deliver(remote)
    wait_until("our answer is there", lambda: (
        '"erasure_notice": "erased"' in world.hospital.ctl(
            "--json", "referral", "show", urn(HEARD))))
    tap.ok("and is told to its staff", True)
