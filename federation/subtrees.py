"""Subtree hashes of a stored log: what proofs, and heads at earlier sizes, are made of (federation.md §5, §6).

The store keeps the hashes of full subtrees at levels 8, 16, 24 and 32; those between are computed from the stored ones
below, those under level 8 from leaf hashes. A head at any earlier size costs at most 255 reads a stored level.
"""

from __future__ import annotations

from federation.errors import LogProofError
from federation.merkle import STORED_LEVELS, Compact, Reader, node_hash, root_of
from federation.ports import LogState, LogStore

BLOCK_LEAVES = 1 << STORED_LEVELS[0]


def reader_of(logs: LogStore, origin: str) -> Reader:
    """Reads full subtrees of a stored log, for `merkle.prove_inclusion` and `merkle.prove_consistency`."""

    def read(level: int, start: int, stop: int) -> list[bytes]:
        below = max((stored for stored in STORED_LEVELS if stored <= level), default=0)
        width = 1 << (level - below)
        first, last = start * width, stop * width
        hashes = (
            logs.leaf_hashes(origin, first, last) if below == 0 else logs.nodes(origin, below, first, last)
        )
        if len(hashes) != last - first:
            raise LogProofError(f"{origin} does not hold the subtrees [{start}, {stop}) of level {level}")
        for _ in range(level - below):
            hashes = [node_hash(hashes[at], hashes[at + 1]) for at in range(0, len(hashes), 2)]
        return hashes

    return read


def cached_reader(logs: LogStore, origin: str, size: int) -> Reader:
    """Like `reader_of`, for many reads of a log of `size` entries inside one transaction.

    Leaf hashes are read in blocks of 256; what was computed is remembered.
    """
    read = reader_of(logs, origin)
    blocks: dict[int, list[bytes]] = {}
    known: dict[tuple[int, int, int], list[bytes]] = {}

    def within_block(level: int, start: int, stop: int) -> list[bytes]:
        number = (start << level) // BLOCK_LEAVES
        begin = number * BLOCK_LEAVES
        if number not in blocks:
            blocks[number] = logs.leaf_hashes(origin, begin, min(begin + BLOCK_LEAVES, size))
        hashes = blocks[number][(start << level) - begin : (stop << level) - begin]
        if len(hashes) != (stop - start) << level:
            raise LogProofError(f"{origin} does not hold the subtrees [{start}, {stop}) of level {level}")
        for _ in range(level):
            hashes = [node_hash(hashes[at], hashes[at + 1]) for at in range(0, len(hashes), 2)]
        return hashes

    def read_cached(level: int, start: int, stop: int) -> list[bytes]:
        place = (level, start, stop)
        if place not in known:
            is_within = (start << level) // BLOCK_LEAVES == ((stop << level) - 1) // BLOCK_LEAVES
            is_low = level < STORED_LEVELS[0] and is_within
            known[place] = within_block(*place) if is_low else read(*place)
        return known[place]

    return read_cached


def compact_at(reader: Reader, size: int) -> Compact:
    """The compact range of the first `size` leaves."""
    compact: list[bytes] = []
    start = 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            compact += reader(level, start >> level, (start >> level) + 1)
            start += 1 << level
    return tuple(compact)


def root_at(logs: LogStore, state: LogState, size: int) -> bytes:
    """The root over the first `size` entries; `size` is at most the log's."""
    if size == state.size:
        return root_of(state.compact)
    return root_of(compact_at(reader_of(logs, state.origin), size))
