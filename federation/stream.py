"""A stream as arithmetic: extending a log, accepting a batch, receipts (federation.md §5). Pure.

A batch on the wire is `application/x-ndjson`, each line ending in one U+000A, none empty, with two fields:

    Tlog-Start: 17                     index of the first line
    Tlog-Checkpoint: :bmFudG9u…Cg==:   base64 of the owner's checkpoint note at start + lines

An erased entry travels as `{"erased":"<base64 of its leaf hash>"}` and hashes to the hash it names. Ranges are half-open.

What must always hold of a `LogState`: `compact` is the compact range of exactly `size` leaves; `note`, unless it is "",
states `size` and their root, signed by the log's owner; `receipted_size` ≤ `size`. Every function here takes a state
that holds and returns one that does; nothing is half done when one raises.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from federation.errors import FederationError, LogProofError, ProtocolError, SizeConflict
from federation.keys import PublicKey
from federation.merkle import append_leaves, leaf_hash, root_of
from federation.note import (
    Checkpoint,
    append_lines,
    check_cosignature,
    cosign,
    open_checkpoint,
    parse_checkpoint,
    sign_checkpoint,
    split_note,
)
from federation.records import Limits, LogRole, LogState, StoredEntry

MEDIA_TYPE = "application/x-ndjson"

_sha256 = hashlib.sha256
_ERASED = re.compile(rb'\{"erased":"([A-Za-z0-9+/]{43}=)"\}')
_ERASED_BYTES = 57  # bytes of an erased entry's line
_FIELD = re.compile(r":([A-Za-z0-9+/=]*):")


class LogClosedError(FederationError):
    """A log may not be written: its epoch is frozen, or it is halted until somebody has looked."""

    code = "log-closed"


@dataclass(frozen=True, slots=True)
class Extended:
    """A log that grew, not stored yet.

    Attributes:
        state: after the batch, with the owner's note at its size.
        lines: the new lines; None where one is erased.
        leaves: their leaf hashes.
        nodes: subtrees that became full, for `LogStore.put_nodes`.
    """

    state: LogState
    lines: tuple[bytes | None, ...]
    leaves: tuple[bytes, ...]
    nodes: tuple[tuple[int, int, bytes], ...]

    @property
    def start(self) -> int:
        """Index of the first new line."""
        return self.state.size - len(self.leaves)


def new_log(origin: str, role: LogRole, peer: str, epoch: int = 1) -> LogState:
    """An empty log."""
    return LogState(origin, role, peer, epoch)


# --- lines ---------------------------------------------------------------------------------------------------


def erased_line(leaf: bytes) -> bytes:
    """The line that stands for an erased entry with that leaf hash."""
    return b'{"erased":"' + base64.b64encode(leaf) + b'"}'


def erased_leaf(line: bytes) -> bytes | None:
    """The leaf hash that an erased entry's line names; None for any other line."""
    if len(line) != _ERASED_BYTES or (found := _ERASED.fullmatch(line)) is None:
        return None
    leaf = base64.b64decode(found.group(1))
    return leaf if erased_line(leaf) == line else None


def leaf_of_line(line: bytes) -> bytes:
    """The leaf hash of a line as it travels."""
    named = erased_leaf(line)
    return leaf_hash(line) if named is None else named


def wire_lines(entries: Sequence[StoredEntry]) -> list[bytes]:
    """Stored entries as they travel: the exact lines, erased ones by their leaf hashes."""
    return [erased_line(entry.leaf) if entry.line is None else entry.line for entry in entries]


def pack_lines(lines: Sequence[bytes]) -> bytes:
    """The body of a batch."""
    return b"\n".join([*lines, b""]) if len(lines) > 0 else b""


def unpack_lines(body: bytes, limits: Limits) -> list[bytes]:
    """Split the body of a batch; what the lines hold is not looked at.

    Raises:
        ProtocolError: `malformed` when the last line does not end in U+000A, `too-large` when there are too many.
    """
    if body == b"":
        return []
    lines = body.split(b"\n", limits.entries_per_batch)
    rest = lines.pop()
    if len(lines) == limits.entries_per_batch and rest != b"":
        raise ProtocolError("too-large", 413, f"a batch has at most {limits.entries_per_batch} lines")
    if rest != b"":
        raise ProtocolError("malformed", 400, "each line ends in one U+000A")
    return lines


def check_lines(lines: Sequence[bytes], limits: Limits) -> None:
    """Refuse a batch without lines, and lines that are empty, not UTF-8 or too long.

    Raises:
        ProtocolError: `line`, with the `index` in the batch of the first bad one.
    """
    if len(lines) == 0:
        raise _bad_line(0, "a batch has at least one line")
    try:
        if min(map(len, lines)) > 0 and max(map(len, lines)) <= limits.any_entry_bytes:
            b"\n".join(lines).decode("utf-8")
            return
    except UnicodeDecodeError:
        pass  # found again below, with its index
    for index, line in enumerate(lines):
        if len(line) == 0:
            raise _bad_line(index, "an empty line")
        if len(line) > limits.any_entry_bytes:
            raise _bad_line(index, f"a line has at most {limits.any_entry_bytes} bytes")
        try:
            line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise _bad_line(index, "a line that is not UTF-8") from error
    raise AssertionError("unreachable: lines that are UTF-8 one by one are so together")


def _bad_line(index: int, detail: str) -> ProtocolError:
    return ProtocolError("line", 422, detail, members={"index": index})


# --- the field -----------------------------------------------------------------------------------------------


def encode_checkpoint(note: str) -> str:
    """The value of `Tlog-Checkpoint`."""
    return f":{base64.b64encode(note.encode('utf-8')).decode('ascii')}:"


def decode_checkpoint(value: str | None) -> bytes:
    """The note in `Tlog-Checkpoint`; nothing about it is checked.

    Raises:
        ProtocolError: `malformed` when the field is missing or no byte sequence.
    """
    found = None if value is None else _FIELD.fullmatch(value)
    try:
        if found is not None:
            return base64.b64decode(found.group(1), validate=True)
    except ValueError:
        pass  # refused below
    raise ProtocolError("malformed", 400, "Tlog-Checkpoint must be :base64:")


# --- growing -------------------------------------------------------------------------------------------------


def extend(state: LogState, lines: Sequence[bytes], private: Ed25519PrivateKey, limits: Limits) -> Extended:
    """Write lines to one's own log and sign its new head.

    Raises:
        LogClosedError: the log is frozen or halted.
        ProtocolError: `line`: what the receiver would refuse is never signed.
    """
    if state.frozen or state.halted != "":
        raise LogClosedError(f"{state.origin} is {state.halted or 'frozen'}")
    check_lines(lines, limits)
    grown = _grow(state, lines)
    checkpoint = Checkpoint(state.origin, grown.state.size, root_of(grown.state.compact))
    return replace(grown, state=replace(grown.state, note=sign_checkpoint(checkpoint, private)))


def _grow(state: LogState, lines: Sequence[bytes]) -> Extended:
    kept: list[bytes | None] = list(lines)
    leaves = [_sha256(b"\x00" + line).digest() for line in lines]
    if _ERASED_BYTES in map(len, lines):
        for index, line in enumerate(lines):
            named = erased_leaf(line)
            if named is not None:
                kept[index], leaves[index] = None, named
    compact, nodes = append_leaves(state.size, state.compact, leaves)
    size = state.size + len(leaves)
    return Extended(
        replace(state, size=size, compact=compact, note=""), tuple(kept), tuple(leaves), tuple(nodes)
    )


def open_note(note: bytes | str, origin: str, keys: Sequence[PublicKey], limits: Limits) -> Checkpoint:
    """Verify the owner's checkpoint that came with a request.

    Raises:
        ProtocolError: `checkpoint`: unparsable, too long, another log's, or not well signed.
    """
    try:
        return open_checkpoint(note, origin, keys, limits.note_bytes)
    except LogProofError as error:
        raise ProtocolError("checkpoint", 422, error.detail) from error


def accept(
    state: LogState,
    start: int,
    note: bytes | str,
    lines: Sequence[bytes],
    keys: Sequence[PublicKey],
    limits: Limits,
) -> Extended:
    """Judge a batch of the other end's log, in the order of §5: checkpoint, start, lines, root.

    Args:
        state: the log as held here.
        start: index of the first line.
        note: the owner's checkpoint at start + lines.
        lines: at least one, as they travelled.
        keys: the owner's node keys that are good now.
        limits: this node's.

    Returns:
        The log with the batch, and the note as it came.

    Raises:
        ProtocolError: `checkpoint`, `line`, `fork`.
        SizeConflict: `start` is not the size held.
    """
    checkpoint = open_note(note, state.origin, keys, limits)
    if checkpoint.size != start + len(lines):
        raise ProtocolError("checkpoint", 422, "its size is not start + lines")
    if start != state.size:
        raise SizeConflict(state.size)
    check_lines(lines, limits)
    grown = _grow(state, lines)
    if root_of(grown.state.compact) != checkpoint.root:
        raise ProtocolError("fork", 422, "the lines do not lead to the checkpoint's root")
    text = note if isinstance(note, str) else note.decode("utf-8")
    return replace(grown, state=replace(grown.state, note=text))


# --- receipts ------------------------------------------------------------------------------------------------


def countersign(
    state: LogState, key_name: str, private: Ed25519PrivateKey, at: datetime
) -> tuple[LogState, str]:
    """Receipt everything a log holds.

    Returns:
        The state with its receipt, and the receipt line with its newline, to be answered.
    """
    line = cosign(state.note, key_name, private, at)
    receipted = append_lines(state.note, line)
    return replace(state, receipted_size=state.size, receipted_note=receipted), line


def check_receipt(
    state: LogState,
    note: str,
    key_name: str,
    keys: Sequence[PublicKey],
    *,
    root: bytes | None = None,
    max_bytes: int = Limits().note_bytes,
) -> LogState:
    """Take the other end's receipt over a head of one's own log.

    Args:
        state: the own log.
        note: one's own checkpoint with the receipt line(s) appended, as `state` and `push` answer it.
        key_name: `<node name>/receipt` (or `/witness`, for the ledger) of the other end.
        keys: its receipt (witness) keys that are good.
        root: the own log's root at the size the note states; may be left out when that is the log's size.
        max_bytes: longest note.

    Returns:
        The state with that receipt; unchanged when it has one for as much or more already.

    Raises:
        LogProofError: another log's, more than was written, another root, or no good receipt.
    """
    text, lines = split_note(note, max_bytes)
    checkpoint = parse_checkpoint(text)
    if checkpoint.origin != state.origin or checkpoint.size > state.size:
        raise LogProofError(f"a receipt for {checkpoint.origin} at {checkpoint.size}, never written so")
    expected = root_of(state.compact) if checkpoint.size == state.size else root
    if expected != checkpoint.root:
        raise LogProofError("a receipt for another root")
    check_cosignature(text, lines, key_name, keys)
    if checkpoint.size <= state.receipted_size:
        return state
    return replace(state, receipted_size=checkpoint.size, receipted_note=note)
