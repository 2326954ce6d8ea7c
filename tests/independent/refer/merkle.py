"""Tree hashes and inclusion proofs of RFC 6962 section 2.1."""
from .keys import sha256
from .wire import Refused


def leaf_hash(header):
    return sha256(b"\x00", header)


def node_hash(left, right):
    return sha256(b"\x01", left, right)


def split(count):
    """The largest power of two below count."""
    return 1 << (count - 1).bit_length() - 1


def root(leaves):
    """Of leaf hashes."""
    if not leaves:
        return sha256()
    if len(leaves) == 1:
        return leaves[0]
    middle = split(len(leaves))
    return node_hash(root(leaves[:middle]), root(leaves[middle:]))


def inclusion_proof(leaves, index):
    if len(leaves) == 1:
        return []
    middle = split(len(leaves))
    if index < middle:
        return (inclusion_proof(leaves[:middle], index)
                + [root(leaves[middle:])])
    return (inclusion_proof(leaves[middle:], index - middle)
            + [root(leaves[:middle])])


def consistency_proof(leaves, old_size, is_whole=True):
    """From the first `old_size` leaves to all (RFC 6962 section 2.1.2)."""
    if old_size == len(leaves):
        return [] if is_whole else [root(leaves)]
    middle = split(len(leaves))
    if old_size <= middle:
        return (consistency_proof(leaves[:middle], old_size, is_whole)
                + [root(leaves[middle:])])
    return (consistency_proof(leaves[middle:], old_size - middle, False)
            + [root(leaves[:middle])])


def consistency_check(old_size, old_root, size, new_root, proof):
    """That the tree of the first size begins that of the second (RFC 9162
    section 2.1.4.2)."""
    if not 0 < old_size <= size:
        raise Refused("sizes out of order")
    if old_size == size:
        if proof or old_root != new_root:
            raise Refused("two roots for one size")
        return
    nodes = list(proof)
    place, last = old_size - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    if place and not nodes:
        raise Refused("a proof of no nodes")
    old = new = nodes.pop(0) if place else old_root
    for node in nodes:
        if last == 0:
            raise Refused("a proof that is too long")
        if place & 1 or place == last:
            old, new = node_hash(node, old), node_hash(node, new)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, node)
        place, last = place >> 1, last >> 1
    if last or old != old_root or new != new_root:
        raise Refused("not consistent")


def inclusion_check(leaf, index, size, proof, expected):
    """That `leaf` stands at `index` of the tree of `size` leaves."""
    if index >= size:
        raise Refused("no such leaf")
    rights = []
    while size > 1:
        middle = split(size)
        rights.append(index >= middle)
        index, size = (index - middle, size - middle) if index >= middle \
            else (index, middle)
    if len(proof) != len(rights):
        raise Refused("a proof of another length")
    for node, is_right in zip(proof, reversed(rights)):
        leaf = node_hash(node, leaf) if is_right else node_hash(leaf, node)
    if leaf != expected:
        raise Refused("the leaf is not in the tree")
