"""The reader that remembers says what the plain one says."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest

from federation.errors import LogProofError
from federation.memory_stores import MemoryDatabase
from federation.merkle import append_leaves, check_inclusion, prove_inclusion, root_of
from federation.subtrees import cached_reader, reader_of

ORIGIN = "nantong.example/320623101001/up/1"
NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.parametrize("size", [1, 2, 7, 255, 256, 257, 300, 512, 1000])
def test_proofs_read_through_the_cache_hold_and_are_the_same(size: int) -> None:
    leaves = [hashlib.sha256(str(number).encode()).digest() for number in range(size)]
    compact, nodes = append_leaves(0, (), leaves)
    database = MemoryDatabase()
    with database.transaction() as tx:
        tx.logs.append(ORIGIN, 0, [None] * size, leaves, NOW)
        tx.logs.put_nodes(ORIGIN, nodes)
        cached, plain = cached_reader(tx.logs, ORIGIN, size), reader_of(tx.logs, ORIGIN)
        for index in {0, 1, size // 2, size - 2, size - 1} & set(range(size)):
            path = prove_inclusion(cached, index, size)
            assert path == prove_inclusion(plain, index, size)
            check_inclusion(root_of(compact), size, index, leaves[index], path)


def test_what_is_not_stored_is_a_broken_invariant() -> None:
    with MemoryDatabase().transaction() as tx, pytest.raises(LogProofError):
        cached_reader(tx.logs, ORIGIN, 4)(0, 0, 1)
