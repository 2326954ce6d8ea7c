"""Giving back what another agency lost: PROTOCOL.md section 8.3."""
from . import messages as m
from .event import event_read
from .ledger import entry_detach, refusal
from .wire import Refused

PARCELS_MAX = 256
SIZE_MAX = 1 << 20


def books_of(book):
    """Entries and cosigned notes, by generation."""
    books = dict(getattr(book, "closed", {}))
    if book.generation:
        books[book.generation] = (book.entries, book.notes)
    return books


def is_erased(event, erased):
    """Whether a notice of erasure is about it; `erased` has elements by
    referral, none for all."""
    if event.referral not in erased:
        return False
    elements = erased[event.referral]
    return not elements or any(
        element.code in elements for element in event.elements)


def entry_back(entry, erased):
    header = m.EntryHeader.decode(entry.header)
    if not entry.salt or header.kind != m.EntryKind.REFERRAL_EVENT:
        return entry
    try:
        event = event_read(entry.content)
    except Refused:
        event = None
    if event is None or not is_erased(event, erased):
        return entry
    return m.Entry(
        header=entry_detach(entry).header,
        mention=m.Mention(referral=event.referral, type=event.type,
                          seq=event.seq, state=event.state, mou=event.mou))


def fetched(remote, body, erased):
    """The reply to a Fetch: parcels as they were cosigned."""
    try:
        fetch = m.Fetch.decode(body)
        if fetch.lane != m.Lane.MAIN:
            raise Refused("no such lane")
    except Refused:
        raise refusal("MALFORMED") from None
    books = books_of(remote.received if fetch.authored else remote.authored)
    if fetch.generation not in books:
        raise refusal("ADDRESS")
    entries, notes = books[fetch.generation]
    ends = sorted(notes)
    parcels, first, size = [], fetch.first_index, 0
    if first != 0 and first not in notes:
        raise refusal("MALFORMED")
    for end in ends:
        if end <= first:
            continue
        held = [entry_back(entry, erased) for entry in entries[first:end]]
        size += 1088 + sum(128 + len(one.content) for one in held)
        if parcels and (size > min(fetch.size_max, SIZE_MAX)
                        or len(parcels) == PARCELS_MAX):
            break
        parcels.append(m.Parcel(first_index=first, entries=held,
                                note=notes[end].encode()))
        first = end
    if not parcels:
        raise refusal("MALFORMED")
    return m.Fetched(parcels=parcels)
