"""Extending a log, accepting a batch, receipts (federation.md §5), with an independent tree as oracle."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import FederationError, LogProofError, ProtocolError, SizeConflict
from federation.memory_stores import MemoryDatabase
from federation.merkle import check_inclusion, leaf_hash, prove_inclusion, root_of
from federation.note import Checkpoint, cosign, open_checkpoint, sign_checkpoint
from federation.ports import Limits, LogState, StoredEntry
from federation.stream import (
    LogClosedError,
    accept,
    check_receipt,
    countersign,
    decode_checkpoint,
    encode_checkpoint,
    erased_leaf,
    erased_line,
    extend,
    leaf_of_line,
    new_log,
    pack_lines,
    unpack_lines,
    wire_lines,
)
from federation.subtrees import compact_at, reader_of, root_at
from tests.unit.federation.members import COUNTY, NOW, TOWNSHIP, VILLAGE, keys_of, name_of

LIMITS = Limits()
ORIGIN = f"{name_of(VILLAGE)}/up/1"
RECEIPT_NAME = f"{name_of(TOWNSHIP)}/receipt"
VILLAGE_KEYS, TOWNSHIP_KEYS = keys_of(VILLAGE), keys_of(TOWNSHIP)
OWNERS = [VILLAGE_KEYS.public.node]
EMPTY = new_log(ORIGIN, "peer-up", VILLAGE)

LINES = st.lists(
    st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), min_size=1, max_size=40).map(
        str.encode
    ),
    min_size=1,
    max_size=40,
)


def tree(leaves: list[bytes]) -> bytes:
    """RFC 6962 §2.1, word by word."""
    if len(leaves) == 0:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + tree(leaves[:k]) + tree(leaves[k:])).digest()


def signed(
    lines: list[bytes], *, origin: str = ORIGIN, size: int | None = None, root: bytes | None = None
) -> str:
    """A checkpoint over all lines of a log, or a false one."""
    true_root = tree([leaf_of_line(line) for line in lines])
    checkpoint = Checkpoint(origin, len(lines) if size is None else size, true_root if root is None else root)
    return sign_checkpoint(checkpoint, VILLAGE_KEYS.node)


def held(lines: list[bytes]) -> LogState:
    return accept(EMPTY, 0, signed(lines), lines, OWNERS, LIMITS).state if lines else EMPTY


# --- lines ---------------------------------------------------------------------------------------------------


@given(LINES)
def test_what_is_packed_unpacks(lines: list[bytes]) -> None:
    body = pack_lines(lines)
    assert body.endswith(b"\n")
    assert unpack_lines(body, LIMITS) == lines


def test_an_empty_body_has_no_line() -> None:
    assert pack_lines([]) == b""
    assert unpack_lines(b"", LIMITS) == []


@pytest.mark.parametrize(
    ("body", "name"), [(b"a", "malformed"), (b"a\nb", "malformed"), (b"a\n" * 1001, "too-large")]
)
def test_framing_is_refused(body: bytes, name: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        unpack_lines(body, LIMITS)
    assert caught.value.code == name


def test_a_thousand_lines_are_taken() -> None:
    assert len(unpack_lines(b"a\n" * 1000, LIMITS)) == 1000


@given(st.binary(min_size=32, max_size=32))
def test_an_erased_line_names_its_leaf(leaf: bytes) -> None:
    line = erased_line(leaf)
    assert line == b'{"erased":"' + base64.b64encode(leaf) + b'"}'
    assert erased_leaf(line) == leaf
    assert leaf_of_line(line) == leaf


@pytest.mark.parametrize(
    "line",
    [
        b"{}",
        b'{"erased":"' + b"A" * 42 + b'B="}',  # stray bits: a second spelling
        b'{"erased":"' + b"A" * 44 + b'"}',
        b'{"erased": "' + b"A" * 42 + b'="}',
        erased_line(bytes(32)) + b" ",
    ],
)
def test_other_lines_hash_as_they_are(line: bytes) -> None:
    assert erased_leaf(line) is None
    assert leaf_of_line(line) == leaf_hash(line)


def test_stored_entries_travel_as_they_are_or_erased() -> None:
    entries = [StoredEntry(0, b"a", leaf_hash(b"a"), NOW), StoredEntry(1, None, leaf_hash(b"b"), NOW)]
    assert wire_lines(entries) == [b"a", erased_line(leaf_hash(b"b"))]


def test_the_checkpoint_field_round_trips() -> None:
    note = signed([b"a"])
    assert decode_checkpoint(encode_checkpoint(note)) == note.encode()


@pytest.mark.parametrize(
    "value", [None, "", "bm90ZQ==", ":bm90ZQ:", ":bm90ZQ==:;a=1", '"bm90ZQ=="', ":b==m:"]
)
def test_a_misformed_checkpoint_field_is_malformed(value: str | None) -> None:
    with pytest.raises(ProtocolError) as caught:
        decode_checkpoint(value)
    assert (caught.value.code, caught.value.status) == ("malformed", 400)


# --- growing -------------------------------------------------------------------------------------------------


@given(st.lists(LINES, min_size=1, max_size=4))
def test_what_one_end_writes_the_other_accepts(batches: list[list[bytes]]) -> None:
    own, peer, everything = new_log(ORIGIN, "own-up", TOWNSHIP), EMPTY, list[bytes]()
    for lines in batches:
        written = extend(own, lines, VILLAGE_KEYS.node, LIMITS)
        taken = accept(peer, peer.size, written.state.note, lines, OWNERS, LIMITS)
        everything += lines
        assert written.start == taken.start == own.size
        assert written.leaves == taken.leaves
        assert taken.lines == tuple(lines)
        own, peer = written.state, taken.state
        assert own.compact == peer.compact
        assert own.note == peer.note
    checkpoint = open_checkpoint(own.note, ORIGIN, OWNERS)
    assert checkpoint.size == len(everything)
    assert checkpoint.root == tree([leaf_hash(line) for line in everything])


def test_a_full_subtree_is_reported_once() -> None:
    lines = [str(number).encode() for number in range(300)]
    first = extend(new_log(ORIGIN, "own-up", TOWNSHIP), lines[:200], VILLAGE_KEYS.node, LIMITS)
    second = extend(first.state, lines[200:], VILLAGE_KEYS.node, LIMITS)
    assert first.nodes == ()
    assert second.nodes == ((8, 0, tree([leaf_hash(line) for line in lines[:256]])),)


def test_an_erased_line_is_accepted_for_its_leaf() -> None:
    lines = [b"a", erased_line(leaf_hash(b"b")), b"c"]
    taken = accept(EMPTY, 0, signed([b"a", b"b", b"c"]), lines, OWNERS, LIMITS)
    assert taken.lines == (b"a", None, b"c")
    assert taken.leaves[1] == leaf_hash(b"b")


OTHER_ROOT = bytes(32)
BAD_UTF8 = b"\xff"
BIG = b"x" * 65_535
GOOD = [b"one", b"two"]


@pytest.mark.parametrize(
    ("start", "note", "lines", "name"),
    [
        (0, "no note", GOOD, "checkpoint"),
        (0, "", GOOD, "checkpoint"),
        (0, signed(GOOD, origin=f"{name_of(VILLAGE)}/up/2"), GOOD, "checkpoint"),
        (0, signed(GOOD, size=3), GOOD, "checkpoint"),
        (0, signed(GOOD), [*GOOD, b"three"], "checkpoint"),
        (0, signed(GOOD).replace("\n\n", "\nextension\n\n"), GOOD, "checkpoint"),
        (0, signed(GOOD) + "— x " + "A" * 4096 + "\n", GOOD, "checkpoint"),
        (0, signed(GOOD).replace("up/1\n2", "up/1\n02"), GOOD, "checkpoint"),
        (0, signed(GOOD, root=OTHER_ROOT), GOOD, "fork"),
        (0, signed(GOOD), [b"two", b"one"], "fork"),
        (0, signed([]), [], "line"),
        (0, signed([b"one", b""]), [b"one", b""], "line"),
        (0, signed([b"one", BAD_UTF8]), [b"one", BAD_UTF8], "line"),
        (0, signed([b"one", BIG + b"x"]), [b"one", BIG + b"x"], "line"),
        # what is checked first is told first
        (5, signed(GOOD, size=8), GOOD, "checkpoint"),
        (5, signed([b""] * 2, size=7, root=OTHER_ROOT), [b"", b""], "size"),
        (0, signed([b"one", b""], root=OTHER_ROOT), [b"one", b""], "line"),
    ],
)
def test_a_bad_batch_is_refused_by_name(start: int, note: str, lines: list[bytes], name: str) -> None:
    with pytest.raises((ProtocolError, SizeConflict)) as caught:
        accept(EMPTY, start, note, lines, OWNERS, LIMITS)
    error: FederationError = caught.value
    assert error.code == name
    if isinstance(error, ProtocolError):
        assert error.status == 422
        if name == "line":
            assert error.members == {"index": max(len(lines) - 1, 0)}


def test_the_longest_line_is_taken() -> None:
    assert accept(EMPTY, 0, signed([BIG]), [BIG], OWNERS, LIMITS).state.size == 1


@pytest.mark.parametrize("start", [0, 1, 3, 4])
def test_another_start_is_answered_with_the_size(start: int) -> None:
    state = held([b"a", b"b"])
    with pytest.raises(SizeConflict) as caught:
        accept(state, start, signed([b"c"], size=start + 1), [b"c"], OWNERS, LIMITS)
    assert caught.value.size == 2


def test_another_keys_signature_is_no_signature() -> None:
    with pytest.raises(ProtocolError) as caught:
        accept(EMPTY, 0, signed(GOOD), GOOD, [keys_of(COUNTY).public.node], LIMITS)
    assert caught.value.code == "checkpoint"


def test_either_key_is_good_after_a_rotation() -> None:
    new = keys_of(VILLAGE, 1)
    assert accept(EMPTY, 0, signed(GOOD), GOOD, [new.public.node, *OWNERS], LIMITS).state.size == 2


def test_a_good_signature_does_not_excuse_a_bad_one() -> None:
    note, other = signed(GOOD), signed([b"one", b"other"])
    with pytest.raises(ProtocolError) as caught:
        accept(EMPTY, 0, note + other.split("\n\n")[1], GOOD, OWNERS, LIMITS)
    assert caught.value.code == "checkpoint"


def test_unknown_signature_lines_are_kept() -> None:
    note = signed(GOOD) + "— somebody.example AAAAAAAAAAA=\n"
    assert accept(EMPTY, 0, note, GOOD, OWNERS, LIMITS).state.note == note


@pytest.mark.parametrize("change", [{"frozen": True}, {"halted": "behind"}])
def test_a_closed_log_is_not_written(change: dict[str, object]) -> None:
    own = replace(new_log(ORIGIN, "own-up", TOWNSHIP), **change)  # type: ignore[arg-type]
    with pytest.raises(LogClosedError):
        extend(own, GOOD, VILLAGE_KEYS.node, LIMITS)


@pytest.mark.parametrize("line", [b"", b"\xff", BIG + b"x"])
def test_what_a_receiver_refuses_is_never_signed(line: bytes) -> None:
    with pytest.raises(ProtocolError) as caught:
        extend(new_log(ORIGIN, "own-up", TOWNSHIP), [line], VILLAGE_KEYS.node, LIMITS)
    assert caught.value.code == "line"


# --- receipts ------------------------------------------------------------------------------------------------


def own_log(lines: list[bytes]) -> LogState:
    return extend(new_log(ORIGIN, "own-up", TOWNSHIP), lines, VILLAGE_KEYS.node, LIMITS).state


def test_a_receipt_is_taken_by_the_log_it_is_for() -> None:
    receipted, line = countersign(held(GOOD), RECEIPT_NAME, TOWNSHIP_KEYS.receipt, NOW)
    assert receipted.receipted_size == 2
    assert receipted.receipted_note == receipted.note + line
    own = own_log(GOOD)
    taken = check_receipt(own, own.note + line, RECEIPT_NAME, [TOWNSHIP_KEYS.public.receipt])
    assert (taken.receipted_size, taken.receipted_note) == (2, receipted.receipted_note)


def test_a_receipt_for_an_earlier_head_needs_its_root() -> None:
    receipted, _ = countersign(held(GOOD[:1]), RECEIPT_NAME, TOWNSHIP_KEYS.receipt, NOW)
    own = own_log(GOOD)
    keys = [TOWNSHIP_KEYS.public.receipt]
    taken = check_receipt(own, receipted.receipted_note, RECEIPT_NAME, keys, root=tree([leaf_hash(b"one")]))
    assert taken.receipted_size == 1
    with pytest.raises(LogProofError):
        check_receipt(own, receipted.receipted_note, RECEIPT_NAME, keys)


def test_an_older_receipt_changes_nothing() -> None:
    old, _ = countersign(held(GOOD[:1]), RECEIPT_NAME, TOWNSHIP_KEYS.receipt, NOW)
    new, _ = countersign(held(GOOD), RECEIPT_NAME, TOWNSHIP_KEYS.receipt, NOW)
    keys = [TOWNSHIP_KEYS.public.receipt]
    own = check_receipt(own_log(GOOD), new.receipted_note, RECEIPT_NAME, keys)
    root = tree([leaf_hash(b"one")])
    assert check_receipt(own, old.receipted_note, RECEIPT_NAME, keys, root=root) == own


@pytest.mark.parametrize("case", ["other log", "more than written", "other root", "other key", "other name"])
def test_a_receipt_that_does_not_fit_is_refused(case: str) -> None:
    note = {
        "other log": signed(GOOD, origin=f"{name_of(COUNTY)}/up/1"),
        "more than written": signed([*GOOD, b"three"]),
        "other root": signed(GOOD, root=OTHER_ROOT),
    }.get(case, signed(GOOD))
    name = f"{name_of(COUNTY)}/receipt" if case == "other name" else RECEIPT_NAME
    private = keys_of(COUNTY).receipt if case == "other key" else TOWNSHIP_KEYS.receipt
    with pytest.raises(LogProofError):
        check_receipt(
            own_log(GOOD),
            note + cosign(note, name, private, NOW),
            RECEIPT_NAME,
            [TOWNSHIP_KEYS.public.receipt],
        )


# --- earlier heads of a stored log ---------------------------------------------------------------------------


def test_heads_at_every_earlier_size_come_out_of_the_store() -> None:
    lines = [str(number).encode() for number in range(700)]
    leaves = [leaf_hash(line) for line in lines]
    grown = extend(new_log(ORIGIN, "own-up", TOWNSHIP), lines, VILLAGE_KEYS.node, LIMITS)
    with MemoryDatabase().transaction() as tx:
        tx.logs.put(grown.state)
        tx.logs.append(ORIGIN, 0, grown.lines, grown.leaves, NOW)
        tx.logs.put_nodes(ORIGIN, grown.nodes)
        for size in (0, 1, 2, 3, 255, 256, 257, 511, 512, 513, 640, 699, 700):
            assert root_at(tx.logs, grown.state, size) == tree(leaves[:size])
            assert root_of(compact_at(reader_of(tx.logs, ORIGIN), size)) == tree(leaves[:size])
        for index in (0, 255, 256, 699):
            path = prove_inclusion(reader_of(tx.logs, ORIGIN), index, 700)
            check_inclusion(tree(leaves), 700, index, leaves[index], path)
