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
