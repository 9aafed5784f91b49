"""Merkle trees as RFC 6962 §2.1 has them: hashes, the compact range, proofs and their checks. Pure.

A log of n entries has a tree; `MTH` of an empty one is SHA-256 of nothing, of one entry SHA-256(0x00 ‖ line), of more
SHA-256(0x01 ‖ MTH of the first k ‖ MTH of the rest), k the largest power of two below n.

The **compact range** of n leaves is the list of roots of the full subtrees that n's binary form names, largest first:
for n = 6 (110b) a subtree of 4 and one of 2. It is all that appending and the root need. A node (level l, index i)
covers the leaves [i·2^l, (i+1)·2^l). Ranges are half-open.

Proofs ask a `Reader` for subtree hashes; the store keeps those of every eighth level, the rest is computed from leaves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from federation.errors import LogProofError

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
STORED_LEVELS = (8, 16, 24, 32)
"""Levels of which every full subtree's hash is stored (`LogStore.put_nodes`)."""

Compact = tuple[bytes, ...]
Reader = Callable[[int, int, int], list[bytes]]
"""(level, start, stop) → hashes of the nodes [start, stop) of that level, all of which are full subtrees."""

_sha256 = hashlib.sha256


def leaf_hash(line: bytes) -> bytes:
    """SHA-256(0x00 ‖ line)."""
    return _sha256(b"\x00" + line).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right)."""
    return _sha256(b"\x01" + left + right).digest()


def append_leaves(
    size: int, compact: Sequence[bytes], leaves: Sequence[bytes]
) -> tuple[Compact, list[tuple[int, int, bytes]]]:
    """The compact range after appending leaf hashes to a log of `size`.

    Returns:
        The new compact range, and the subtrees of `STORED_LEVELS` that became full: (level, index, hash).
    """
    if len(compact) != size.bit_count():
        raise AssertionError(
            f"a compact range of {size} leaves has {size.bit_count()} hashes, not {len(compact)}"
        )
    left = list(compact)  # what is left of it: the subtrees at this level and above
    after: list[bytes] = []
    full: list[tuple[int, int, bytes]] = []
    nodes, level, first = (
        list(leaves),
        0,
        size,
    )  # nodes of a level that are new, `first` the index of the first
    while len(nodes) > 0:
        if level in STORED_LEVELS:
            full += [(level, first + place, value) for place, value in enumerate(nodes)]
        if first & 1:
            nodes.insert(0, left.pop())
            first -= 1
        if len(nodes) & 1:
            after.append(nodes.pop())
        pairs = iter(nodes)
        nodes = [_sha256(b"\x01" + one + other).digest() for one, other in zip(pairs, pairs, strict=True)]
        level, first = level + 1, first >> 1
    return (*left, *reversed(after)), full


def root_of(compact: Sequence[bytes]) -> bytes:
    """The tree's root hash from its compact range."""
    if len(compact) == 0:
        return EMPTY_ROOT
    value = compact[-1]
    for left in reversed(compact[:-1]):
        value = node_hash(left, value)
    return value


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """The root over all leaf hashes, recomputed."""
    return root_of(append_leaves(0, (), leaves)[0])


def _range_hash(reader: Reader, start: int, stop: int) -> bytes:
    """The root of the leaves [start, stop), where start is a multiple of the range's largest power of two."""
    count = stop - start
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return reader(level, start >> level, (start >> level) + 1)[0]
    split = 1 << ((count - 1).bit_length() - 1)
    return node_hash(_range_hash(reader, start, start + split), _range_hash(reader, start + split, stop))


def prove_inclusion(reader: Reader, index: int, size: int) -> list[bytes]:
    """The audit path of leaf `index` in a tree of `size` leaves (RFC 6962 §2.1.1), nearest sibling first.

    Raises:
        LogProofError: there is no such leaf.
    """
    if not 0 <= index < size:
        raise LogProofError(f"leaf {index} is not in a tree of {size}")
    path: list[bytes] = []
    start, stop = 0, size
    while stop - start > 1:
        split = start + (1 << ((stop - start - 1).bit_length() - 1))
        if index < split:
            path.append(_range_hash(reader, split, stop))
            stop = split
        else:
            path.append(_range_hash(reader, start, split))
            start = split
    path.reverse()
    return path


def check_inclusion(root: bytes, size: int, index: int, leaf: bytes, path: Sequence[bytes]) -> None:
    """Check an audit path.

    Raises:
        LogProofError: it does not lead from the leaf to the root.
    """
    if not 0 <= index < size:
        raise LogProofError(f"leaf {index} is not in a tree of {size}")
    value, node, last = leaf, index, size - 1
    for sibling in path:
        if last == 0:
            raise LogProofError("the path is too long")
        if node & 1 or node == last:
            value = node_hash(sibling, value)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            value = node_hash(value, sibling)
        node >>= 1
        last >>= 1
    if last != 0 or value != root:
        raise LogProofError("the path does not lead to the root")


def prove_consistency(reader: Reader, old: int, new: int) -> list[bytes]:
    """The proof that a tree of `new` leaves extends one of `old` (RFC 6962 §2.1.2); empty for 0 or equal sizes.

    Raises:
        LogProofError: the old tree is larger.
    """
    if not 0 <= old <= new:
        raise LogProofError(f"a tree of {new} does not extend one of {old}")
    return [] if old in (0, new) else _subproof(reader, old, 0, new, whole=True)


def _subproof(reader: Reader, old: int, start: int, stop: int, *, whole: bool) -> list[bytes]:
    if start + old == stop:
        return [] if whole else [_range_hash(reader, start, stop)]
    split = 1 << ((stop - start - 1).bit_length() - 1)
    if old <= split:
        return [
            *_subproof(reader, old, start, start + split, whole=whole),
            _range_hash(reader, start + split, stop),
        ]
    return [
        *_subproof(reader, old - split, start + split, stop, whole=False),
        _range_hash(reader, start, start + split),
    ]


def check_consistency(old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]) -> None:
    """Check a consistency proof (RFC 9162 §2.1.4.2, the same proofs).

    Raises:
        LogProofError: it does not hold.
    """
    if not 0 <= old <= new:
        raise LogProofError(f"a tree of {new} does not extend one of {old}")
    if old == 0 or old == new:
        expected = new_root if old == new else EMPTY_ROOT
        if len(path) != 0 or old_root != expected:
            raise LogProofError("the roots differ")
        return
    hashes = list(path)
    if old & (old - 1) == 0:
        hashes.insert(0, old_root)
    if len(hashes) == 0:
        raise LogProofError("the proof is empty")
    node, last = old - 1, new - 1
    while node & 1:
        node >>= 1
        last >>= 1
    before = after = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            raise LogProofError("the proof is too long")
        if node & 1 or node == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            after = node_hash(after, sibling)
        node >>= 1
        last >>= 1
    if last != 0 or before != old_root or after != new_root:
        raise LogProofError("the proof does not lead to both roots")
