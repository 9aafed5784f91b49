"""Merkle trees of every size, against RFC 6962 §2.1 written down naively (federation.md §5, §6)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import LogProofError
from federation.merkle import (
    EMPTY_ROOT,
    append_leaves,
    check_consistency,
    check_inclusion,
    leaf_hash,
    prove_consistency,
    prove_inclusion,
    root_of,
    tree_root,
)

LARGEST = 70
LINES = [f"line {number}".encode() for number in range(LARGEST)]
LEAVES = [leaf_hash(line) for line in LINES]

# Certificate Transparency's own test inputs (RFC 6962 reference implementation) and the roots over the first n.
PUBLISHED_INPUTS = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
PUBLISHED_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def split_at(count: int) -> int:
    """The largest power of two below `count`."""
    k = 1
    while k * 2 < count:
        k *= 2
    return k


def mth(lines: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962 §2.1."""
    if len(lines) == 0:
        return hashlib.sha256(b"").digest()
    if len(lines) == 1:
        return hashlib.sha256(b"\x00" + lines[0]).digest()
    k = split_at(len(lines))
    return hashlib.sha256(b"\x01" + mth(lines[:k]) + mth(lines[k:])).digest()


def path(m: int, lines: Sequence[bytes]) -> list[bytes]:
    """PATH of RFC 6962 §2.1.1."""
    if len(lines) == 1:
        return []
    k = split_at(len(lines))
    if m < k:
        return [*path(m, lines[:k]), mth(lines[k:])]
    return [*path(m - k, lines[k:]), mth(lines[:k])]


def subproof(m: int, lines: Sequence[bytes], *, whole: bool) -> list[bytes]:
    """SUBPROOF of RFC 6962 §2.1.2."""
    if m == len(lines):
        return [] if whole else [mth(lines)]
    k = split_at(len(lines))
    if m <= k:
        return [*subproof(m, lines[:k], whole=whole), mth(lines[k:])]
    return [*subproof(m - k, lines[k:], whole=False), mth(lines[:k])]


def read(level: int, start: int, stop: int) -> list[bytes]:
    for index in range(start, stop):
        assert (index + 1) << level <= LARGEST, "only full subtrees are asked for"
    return [mth(LINES[index << level : (index + 1) << level]) for index in range(start, stop)]


def refused(call: Callable[[], object]) -> None:
    with pytest.raises(LogProofError):
        call()


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_published_with_certificate_transparency(size: int) -> None:
    assert tree_root([leaf_hash(line) for line in PUBLISHED_INPUTS[:size]]).hex() == PUBLISHED_ROOTS[size - 1]


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert tree_root([]) == EMPTY_ROOT == hashlib.sha256(b"").digest()


@pytest.mark.parametrize("size", range(LARGEST + 1))
def test_a_root_does_not_depend_on_how_it_grew(size: int) -> None:
    expected = mth(LINES[:size])
    assert tree_root(LEAVES[:size]) == expected
    for cut in range(size + 1):
        compact, _ = append_leaves(0, (), LEAVES[:cut])
        assert len(compact) == cut.bit_count()
        grown, _ = append_leaves(cut, compact, LEAVES[cut:size])
        assert root_of(grown) == expected


def test_every_eighth_level_is_handed_over_when_it_is_full() -> None:
    leaves = [leaf_hash(str(number).encode()) for number in range(700)]
    compact, nodes = append_leaves(0, (), leaves[:300])
    _, more = append_leaves(300, compact, leaves[300:])
    assert [(level, index) for level, index, _ in nodes + more] == [(8, 0), (8, 1)]
    for level, index, value in nodes + more:
        assert value == tree_root(leaves[index << level : (index + 1) << level])


def test_a_compact_range_of_another_size_is_a_broken_invariant() -> None:
    with pytest.raises(AssertionError):
        append_leaves(3, (LEAVES[0],), LEAVES[:1])


@pytest.mark.parametrize("size", range(1, LARGEST + 1))
def test_every_entry_of_every_tree_is_proven_as_the_rfc_says(size: int) -> None:
    root = mth(LINES[:size])
    for index in range(size):
        proof = prove_inclusion(read, index, size)
        assert proof == path(index, LINES[:size])
        check_inclusion(root, size, index, LEAVES[index], proof)


@pytest.mark.parametrize("new", range(LARGEST + 1))
def test_every_tree_is_proven_to_extend_every_smaller_one(new: int) -> None:
    for old in range(new + 1):
        proof = prove_consistency(read, old, new)
        assert proof == ([] if old == 0 else subproof(old, LINES[:new], whole=True))
        check_consistency(old, mth(LINES[:old]), new, mth(LINES[:new]), proof)


def damaged(proof: list[bytes], at: int) -> list[list[bytes]]:
    """The proof with one hash changed, left out, doubled, and with one more at the end."""
    if len(proof) == 0:
        return [[EMPTY_ROOT]]
    at %= len(proof)
    flipped = bytes([proof[at][0] ^ 1]) + proof[at][1:]
    return [
        [*proof[:at], flipped, *proof[at + 1 :]],
        proof[:at] + proof[at + 1 :],
        [*proof[:at], proof[at], *proof[at:]],
        [*proof, EMPTY_ROOT],
    ]


@given(size=st.integers(1, LARGEST), index=st.integers(0, LARGEST - 1), at=st.integers(0, 7))
def test_a_damaged_inclusion_proof_is_refused(size: int, index: int, at: int) -> None:
    index %= size
    root, proof = mth(LINES[:size]), prove_inclusion(read, index, size)
    for bad in damaged(proof, at):
        refused(lambda bad=bad: check_inclusion(root, size, index, LEAVES[index], bad))
    refused(lambda: check_inclusion(root, size, index, EMPTY_ROOT, proof))
    refused(lambda: check_inclusion(EMPTY_ROOT, size, index, LEAVES[index], proof))
    if size > 1:
        other = (index + 1) % size
        refused(lambda: check_inclusion(root, size, other, LEAVES[index], proof))


@given(old=st.integers(0, LARGEST), more=st.integers(0, LARGEST), at=st.integers(0, 7))
def test_a_damaged_consistency_proof_is_refused(old: int, more: int, at: int) -> None:
    new = min(old + more, LARGEST)
    before, after = mth(LINES[:old]), mth(LINES[:new])
    proof = prove_consistency(read, old, new)
    for bad in damaged(proof, at):
        refused(lambda bad=bad: check_consistency(old, before, new, after, bad))
    refused(lambda: check_consistency(old, hashlib.sha256(b"x").digest(), new, after, proof))
    if old > 0:
        refused(lambda: check_consistency(old, before, new, hashlib.sha256(b"x").digest(), proof))


def test_an_empty_tree_has_no_other_root() -> None:
    other = hashlib.sha256(b"x").digest()
    refused(lambda: check_consistency(0, EMPTY_ROOT, 0, other, []))
    refused(lambda: check_consistency(0, other, 3, other, []))
    check_consistency(0, EMPTY_ROOT, 0, EMPTY_ROOT, [])


def test_what_is_not_in_the_tree_cannot_be_asked_for() -> None:
    refused(lambda: prove_inclusion(read, 3, 3))
    refused(lambda: prove_inclusion(read, -1, 3))
    refused(lambda: check_inclusion(mth(LINES[:3]), 3, 3, LEAVES[0], []))
    refused(lambda: prove_consistency(read, 4, 3))
    refused(lambda: check_consistency(4, EMPTY_ROOT, 3, EMPTY_ROOT, []))
