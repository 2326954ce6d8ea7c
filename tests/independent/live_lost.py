"""A gateway that lost its disk gets back what others hold, and goes on."""
import os
import shutil

from refer import messages as m
from refer.ledger import Stop, header_read
from refer.wire import Refused
from live_story import collect_once, urn
from live_erasure import TOLD
from live_world import answers, befriend, tell
from tap import wait_until


def collected(peer, remote):
    """One more try; whether a new generation came."""
    peer.head_ask(remote)
    try:
        collect_once(peer, remote)
    except (Stop, Refused):
        pass  # unsettled yet
    return peer.brought_count and remote.received.closed


def lost(world):
    """Open Door is dialled for it; the assistance brings it."""
    tap, hospital = world.tap, world.hospital
    door, remote = world.door, world.door_remote
    social, far = world.social, world.social_remote
    before = remote.received.generation
    ours, epoch = remote.authored.generation, remote.authored.epoch
    size = len(remote.received.entries)
    tap.equal("the gateway stops", hospital.stop(), 0)
    for name in ("store", "store.made", "vault"):
        path = os.path.join(hospital.folder, name)
        (shutil.rmtree if os.path.isdir(path) else os.remove)(path)
    door.requests.clear()
    hospital.start()
    for peer in (door, social):
        befriend(hospital, peer.agency.card, world.card.id)
    wait_until("it takes back what Open Door holds",
               lambda: m.RequestKind.FETCH in door.requests)
    wait_until("a new generation", lambda: (
        door.head_ask(remote), remote.received.closed)[1], 60)
    tap.equal("the one before is closed, with all it had",
              [(generation, len(entries)) for generation, (entries, _)
               in remote.received.closed.items()], [(before, size)])
    first = remote.received.entries[0]
    tap.equal("its first entry says so", header_read(first).kind.name,
              "GENERATION")
    tap.equal("and names where that ended",
              m.Generation.decode(first.content).size, size)
    tap.ok("its HEAD has another epoch", remote.authored.epoch != epoch)
    tap.equal("so Open Door goes on in a new one, too",
              remote.authored.previous, ours)
    tap.ok("what was erased did not come back", "Sasha" not in hospital.ctl(
        "referral", "show", urn(TOLD)))
    index = tell(door, remote, (m.EntryKind.CARD, door.agency.card.signed))
    tap.equal("and all goes on", answers(door, remote, index, 1),
              ["APPLIED -"])
    wait_until("the assistance brings what it holds, and a new generation "
               "comes", lambda: collected(social, far), 60)
    tap.ok("which was brought by who cannot be dialled", True)
