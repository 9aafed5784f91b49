"""The witness: cosigning the children's ledgers (C2SP tlog-witness; federation.md §6).

`POST /witness/add-checkpoint`, at most 64 KiB, each line ending in U+000A:

    old 3                                          size of the last checkpoint cosigned here, 0 at first
    PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=   the RFC 6962 consistency proof from there, at most 63 hashes
                                                   an empty line
    nantong.example/320623101001/ledger/1          the checkpoint note
    …

Checked in this order, the answer in brackets: the form [400], the origin, exactly the open ledger epoch of a direct child
[404], the owner's signature [403], `old` ≤ size [400], `old` = the size cosigned last [409, `text/x.tlog.size`: that size],
the same root at the same size [409], the proof [422]. Then 200 and the cosignature line.

What must hold: no two heads are cosigned of which one does not extend the other, across crashes and restored backups.
So the new head goes to the head file (`cosigned:<origin>`) first, then commits with the transaction, then is answered; and
where the head file is ahead of the database, it is what counts.

`GET /witness/<hex SHA-256 of the origin>/checkpoint`: the last head cosigned, with its cosignature.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from federation.dating import good_records
from federation.errors import LogProofError
from federation.keys import Identity, PublicKey, public_from_jwk
from federation.merkle import EMPTY_ROOT, check_consistency
from federation.names import WireNameError, parse_origin
from federation.note import (
    Checkpoint,
    NoteError,
    append_lines,
    cosign,
    format_hash,
    open_checkpoint,
    parse_checkpoint,
    parse_hash,
    parse_size,
    split_note,
)
from federation.ports import Alert, HeadFile, LogState, Response, Tx

BODY_BYTES = 65_536
PROOF_LENGTH = 63
"""Most hashes a consistency proof may have."""
SIZE_TYPE = "text/x.tlog.size"
_TEXT = ("Content-Type", "text/plain; charset=utf-8")


@dataclass(frozen=True, slots=True)
class Submission:
    """The body of `add-checkpoint`, well formed; nothing is verified.

    Attributes:
        old: size of the checkpoint the proof begins at.
        proof: hashes.
        note: the checkpoint with its signature lines.
        checkpoint: what it states.
    """

    old: int
    proof: tuple[bytes, ...]
    note: str
    checkpoint: Checkpoint


def cosigned_name(origin: str) -> str:
    """The name in the head file of the last head cosigned for a ledger."""
    return f"cosigned:{origin}"


def format_submission(old: int, proof: Sequence[bytes], note: str) -> bytes:
    """The body a child sends."""
    lines = [f"old {old}", *(format_hash(value) for value in proof), "", note]
    return "\n".join(lines).encode("utf-8")


def parse_submission(body: bytes) -> Submission:
    """Read the body of `add-checkpoint`.

    Raises:
        LogProofError: malformed.
    """
    if len(body) > BODY_BYTES:
        raise NoteError(f"at most {BODY_BYTES} bytes")
    head, gap, note = body.partition(b"\n\n")
    try:
        first, *hashes = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise NoteError("old and hashes are ASCII") from error
    if gap == b"" or not first.startswith("old ") or len(hashes) > PROOF_LENGTH:
        raise NoteError("old <size>, at most 63 hashes, an empty line, a checkpoint")
    old = parse_size(first.removeprefix("old "))
    proof = tuple(parse_hash(line) for line in hashes)
    text, lines = split_note(note)
    return Submission(old, proof, f"{text}\n{lines}", parse_checkpoint(text))


def add_checkpoint(tx: Tx, identity: Identity, heads: HeadFile, body: bytes, now: datetime) -> Response:
    """Judge a child's ledger head, and cosign it.

    Args:
        tx: the caller's transaction; it is to be committed whatever the status, and before the answer is sent.
        identity: of this node.
        heads: written before the transaction commits.
        body: at most 64 KiB.
        now: time of the cosignature.
    """
    try:
        asked = parse_submission(body)
    except LogProofError as error:
        return _plain(400, error.detail)
    state = _open_ledger(tx, identity, asked.checkpoint.origin)
    if state is None:
        return _plain(404, "not the open ledger of a direct child")
    try:
        open_checkpoint(asked.note, state.origin, _good_keys(tx, state.peer, now))
    except LogProofError as error:
        return _plain(403, error.detail)
    if asked.old > asked.checkpoint.size:
        return _plain(400, "old is larger than the checkpoint")
    state = _with_head(state, heads)
    if asked.old != state.size:
        return _conflict(state.size)
    refusal = _check_growth(tx, state, asked, now)
    return _cosign(tx, identity, heads, state, asked, now) if refusal is None else refusal


def _open_ledger(tx: Tx, identity: Identity, origin: str) -> LogState | None:
    """The state of a child's open ledger epoch; a new one before the first head came."""
    try:
        named = parse_origin(origin)
    except WireNameError:
        return None
    child = tx.members.get(named.code)
    if (
        named.kind != "ledger"
        or named.network != identity.network
        or child is None
        or child.direct != "child"
    ):
        return None
    state = tx.logs.find("peer-ledger", named.code)
    if state is None:
        return LogState(origin, "peer-ledger", named.code, 1) if named.epoch == 1 else None
    return state if state.origin == origin and not state.frozen else None


def _good_keys(tx: Tx, code: str, now: datetime) -> list[PublicKey]:
    return [public_from_jwk(dict(record.jwk)) for record in good_records(tx.members.keys(code, "node"), now)]


def _with_head(state: LogState, heads: HeadFile) -> LogState:
    """The state, or what the head file says where that is ahead: the database is an old copy then."""
    note = heads.load().get(cosigned_name(state.origin))
    if note is None:
        return state
    size = parse_checkpoint(split_note(note, BODY_BYTES)[0]).size
    return (
        state
        if size <= state.size
        else replace(state, size=size, note=note, receipted_size=size, receipted_note=note)
    )


def _root_of(state: LogState) -> bytes:
    return EMPTY_ROOT if state.note == "" else parse_checkpoint(split_note(state.note, BODY_BYTES)[0]).root


def _check_growth(tx: Tx, state: LogState, asked: Submission, now: datetime) -> Response | None:
    """None when the new head extends the last one; otherwise the refusal, the signed head kept as evidence."""
    new = asked.checkpoint
    if new.size == state.size and new.root != _root_of(state):
        _accuse(tx, state, asked, now, "another root at the same size")
        return _conflict(state.size)
    try:
        check_consistency(state.size, _root_of(state), new.size, new.root, asked.proof)
    except LogProofError as error:
        _accuse(tx, state, asked, now, error.detail)
        return _plain(422, error.detail)
    return None


def _accuse(tx: Tx, state: LogState, asked: Submission, now: datetime, detail: str) -> None:
    tx.logs.evidence(state.origin, "fork", asked.note, now, detail)
    size = {"origin": state.origin, "cosigned": state.size, "submitted": asked.checkpoint.size}
    tx.alert(Alert("ledger-fork", "critical", state.peer, size), now)


def _cosign(
    tx: Tx, identity: Identity, heads: HeadFile, state: LogState, asked: Submission, now: datetime
) -> Response:
    line = cosign(asked.note, identity.witness_name, identity.keys.witness, now)
    receipted = append_lines(asked.note, line)
    size = asked.checkpoint.size
    heads.save({cosigned_name(state.origin): receipted})
    tx.logs.put(replace(state, size=size, note=asked.note, receipted_size=size, receipted_note=receipted))
    return Response(200, (_TEXT,), line.encode("utf-8"))


def get_checkpoint(tx: Tx, origin_sha256: str) -> Response:
    """The last head cosigned for the ledger whose origin has that hex SHA-256, open or closed; 404 when none."""
    for state in tx.logs.all("peer-ledger"):
        name = hashlib.sha256(state.origin.encode("utf-8")).hexdigest()
        if name == origin_sha256 and state.receipted_note != "":
            return Response(200, (_TEXT,), state.receipted_note.encode("utf-8"))
    return _plain(404, "no such ledger")


def _conflict(size: int) -> Response:
    return Response(409, (("Content-Type", SIZE_TYPE),), f"{size}\n".encode("ascii"))


def _plain(status: int, detail: str) -> Response:
    return Response(status, (_TEXT,), f"{detail}\n".encode())
