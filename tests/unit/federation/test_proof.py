"""Proofs as text (C2SP tlog-proof), built by hand and attacked (federation.md §5 Relay, §6)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import LogProofError
from federation.merkle import prove_inclusion, tree_root
from federation.note import Checkpoint, append_lines, cosign, sign_checkpoint
from federation.proof import LogProof, format_proof, parse_proof, verify_proof
from tests.unit.federation.members import NOW, TOWNSHIP, VILLAGE, keys_of, name_of

ORIGIN = f"{name_of(VILLAGE)}/up/1"
RECEIPT_NAME = f"{name_of(TOWNSHIP)}/receipt"
OWNER, PARENT = keys_of(VILLAGE), keys_of(TOWNSHIP)
OWNER_KEYS, PARENT_KEYS = [OWNER.public.node], [PARENT.public.receipt]


def sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


A, B, C = (sha(b"\x00", line) for line in (b"a", b"b", b"c"))
AB = sha(b"\x01", A, B)
HEAD = Checkpoint(ORIGIN, 3, sha(b"\x01", AB, C))
SIGNED = sign_checkpoint(HEAD, OWNER.node)
NOTE = append_lines(SIGNED, cosign(SIGNED, RECEIPT_NAME, PARENT.receipt, NOW))
PROOF = LogProof(1, (A, C), NOTE)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def refused(call: Callable[[], object]) -> None:
    with pytest.raises(LogProofError):
        call()


def test_a_proof_has_the_lines_tlog_proof_says() -> None:
    assert format_proof(PROOF) == f"c2sp.org/tlog-proof@v1\nindex 1\n{b64(A)}\n{b64(C)}\n\n{NOTE}"
    with_extra = replace(PROOF, extra=b"{}")
    assert (
        format_proof(with_extra)
        == f"c2sp.org/tlog-proof@v1\nextra e30=\nindex 1\n{b64(A)}\n{b64(C)}\n\n{NOTE}"
    )


def test_a_proof_with_a_receipt_holds_and_is_dated_by_it() -> None:
    held = verify_proof(parse_proof(format_proof(PROOF)), B, ORIGIN, OWNER_KEYS, RECEIPT_NAME, PARENT_KEYS)
    assert (held.index, held.checkpoint, held.cosigned_at) == (1, HEAD, NOW)
    assert held.cosigned is not None
    assert held.cosigned.kid == PARENT.public.receipt.kid


def test_a_proof_whose_witness_was_not_asked_for_says_so() -> None:
    held = verify_proof(replace(PROOF, note=SIGNED), B, ORIGIN, OWNER_KEYS)
    assert held.cosigned_at is None


def test_a_log_of_one_entry_has_an_empty_path() -> None:
    note = sign_checkpoint(Checkpoint(ORIGIN, 1, A), OWNER.node)
    text = format_proof(LogProof(0, (), note))
    assert text == f"c2sp.org/tlog-proof@v1\nindex 0\n\n{note}"
    assert verify_proof(parse_proof(text), A, ORIGIN, OWNER_KEYS).index == 0


ATTACKS: list[tuple[str, LogProof, bytes, str]] = [
    ("another entry", PROOF, A, ORIGIN),
    ("another index", replace(PROOF, index=0), B, ORIGIN),
    ("an index beyond", replace(PROOF, index=3), B, ORIGIN),
    ("a hash changed", replace(PROOF, hashes=(A, A)), B, ORIGIN),
    ("a hash missing", replace(PROOF, hashes=(A,)), B, ORIGIN),
    ("a hash too many", replace(PROOF, hashes=(A, C, C)), B, ORIGIN),
    ("a node passed off as an entry", LogProof(0, (C,), NOTE), AB, ORIGIN),
    ("another log", PROOF, B, ORIGIN[:-1] + "2"),
    ("no receipt", replace(PROOF, note=SIGNED), B, ORIGIN),
    (
        "a receipt on another head",
        replace(
            PROOF,
            note=append_lines(
                SIGNED,
                cosign(sign_checkpoint(replace(HEAD, size=4), OWNER.node), RECEIPT_NAME, PARENT.receipt, NOW),
            ),
        ),
        B,
        ORIGIN,
    ),
    (
        "a head signed by the receiver",
        replace(
            PROOF,
            note=append_lines(
                sign_checkpoint(HEAD, PARENT.node), cosign(SIGNED, RECEIPT_NAME, PARENT.receipt, NOW)
            ),
        ),
        B,
        ORIGIN,
    ),
]


@pytest.mark.parametrize(("proof", "leaf", "origin"), [a[1:] for a in ATTACKS], ids=[a[0] for a in ATTACKS])
def test_a_false_proof_is_refused(proof: LogProof, leaf: bytes, origin: str) -> None:
    refused(lambda: verify_proof(proof, leaf, origin, OWNER_KEYS, RECEIPT_NAME, PARENT_KEYS))


TEXT = format_proof(PROOF)
BAD_TEXTS = [
    ("empty", ""),
    ("another version", TEXT.replace("@v1", "@v2")),
    ("no index", TEXT.replace("index 1\n", "")),
    ("leading zero", TEXT.replace("index 1", "index 01")),
    ("index after the path", TEXT.replace(f"index 1\n{b64(A)}", f"{b64(A)}\nindex 1")),
    ("empty extra", TEXT.replace("index 1", "extra \nindex 1")),
    ("extra twice", TEXT.replace("index 1", "extra e30=\nextra e30=\nindex 1")),
    ("extra not canonical", TEXT.replace("index 1", "extra e31=\nindex 1")),
    ("no note", TEXT.partition("\n\n")[0]),
    ("a note without signatures", TEXT.rpartition("\n\n")[0] + "\n"),
    ("a short hash", TEXT.replace(b64(A), b64(A[:31]))),
    ("sixty-four hashes", TEXT.replace(b64(A), "\n".join([b64(A)] * 63))),
    ("too long", TEXT.replace("index 1", f"extra {'A' * 300_000}\nindex 1")),
]


@pytest.mark.parametrize("text", [text for _, text in BAD_TEXTS], ids=[name for name, _ in BAD_TEXTS])
def test_a_malformed_proof_is_refused(text: str) -> None:
    with pytest.raises(LogProofError):
        parse_proof(text)


@given(
    size=st.integers(1, 40), seed=st.integers(0, 10_000), extra=st.none() | st.binary(min_size=1, max_size=99)
)
def test_every_entry_of_every_log_can_be_proven(size: int, seed: int, extra: bytes | None) -> None:
    leaves = [sha(b"\x00", str(number).encode()) for number in range(size)]

    def read(level: int, start: int, stop: int) -> list[bytes]:
        return [tree_root(leaves[index << level : (index + 1) << level]) for index in range(start, stop)]

    note = sign_checkpoint(Checkpoint(ORIGIN, size, tree_root(leaves)), OWNER.node)
    index = seed % size
    proof = LogProof(index, tuple(prove_inclusion(read, index, size)), note, extra)
    assert parse_proof(format_proof(proof)) == proof
    assert verify_proof(proof, leaves[index], ORIGIN, OWNER_KEYS).index == index
