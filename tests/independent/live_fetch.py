"""What an agency gets back of a ledger that is its own, and nobody else's."""
from refer import messages as m
from refer.ledger import header_read, root_of
from refer.note import note_read
from live_refusals import outcome

KIND = m.RequestKind


def fetch(peer, remote, authored, generation, first, size_max=1 << 20):
    return peer.ask(remote, KIND.FETCH, m.Fetch(
        lane=m.Lane.MAIN, authored=authored, generation=generation,
        first_index=first, size_max=size_max).encode())


def fetch_all(tap, peer, remote, book, authored, log_keys, witness_keys):
    """From 0 on: each parcel with a root that both sides signed."""
    entries, name = [], "ours" if authored else "theirs"
    size = len(book.entries)
    while len(entries) < size:
        reply = fetch(peer, remote, authored, book.generation, len(entries),
                      3000)
        if reply.kind != m.ReplyKind.FETCHED:
            break
        for parcel in m.Fetched.decode(reply.body).parcels:
            if parcel.first_index != len(entries):
                break
            for entry in parcel.entries:
                header_read(entry)
            entries += parcel.entries
            note = note_read(parcel.note)
            note.verify_author(log_keys)
            note.verify_cosignature(witness_keys)
            tap.ok("%s up to %d has the root that both signed"
                   % (name, len(entries)),
                   (note.size, note.root) == (len(entries), root_of(entries)))
    tap.equal("all of %s" % name, [entry.header for entry in entries],
              [entry.header for entry in book.entries])


def taken_back(world):
    """Both ledgers, by either of the two agencies; by nobody else."""
    tap, peer, remote = world.tap, world.door, world.door_remote
    keys = lambda purpose: [  # noqa: E731
        key.public_key for key in m.Card.decode(m.SignedCard.decode(
            remote.card.signed).card).keys if key.purpose == purpose]
    peer.deliver(remote)
    fetch_all(tap, peer, remote, remote.authored, True,
              [peer.agency.log.public], keys(m.KeyPurpose.WITNESS))
    fetch_all(tap, peer, remote, remote.received, False,
              keys(m.KeyPurpose.LOG), [peer.agency.witness.public])
    tap.equal("of a place where no parcel begins", outcome(
        fetch, peer, remote, True, remote.authored.generation, 1 << 40),
        "REFUSED MALFORMED")
    third, far = world.settled("A third with valid keys")
    for authored in (True, False):
        for book in (remote.authored, remote.received):
            tap.equal("a third asks for it", outcome(
                fetch, third, far, authored, book.generation, 0),
                "REFUSED ADDRESS")
