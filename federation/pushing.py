"""Sending one's own `up` log to the parent, batch by batch (federation.md §5 Push, Loss).

Where to begin is what the parent last said it holds; that is only a hint, and a wrong one costs a 409. What counts is
the receipt: verified, then stored, before anything is shown as received.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from federation import faultpoints
from federation.blob_transfer import BlobTransfer
from federation.child import Child
from federation.errors import LogProofError, ProtocolError, SizeConflict, TransportError
from federation.note import Checkpoint, append_lines, sign_checkpoint
from federation.ports import Tx
from federation.records import LogState
from federation.stream import MEDIA_TYPE, check_receipt, encode_checkpoint, pack_lines, wire_lines
from federation.subtrees import root_at
from federation.uplink import Seen

__all__ = ["Pushing", "packed"]

_PACKED_FIELD = 'Content-Encoding: gzip\r\n "content-encoding"'
"""What packing adds to a request: the field, and its name among the signed components."""
CONFLICTS = 3
"""How often one push resumes elsewhere before it gives up until the next."""


@dataclass(frozen=True, slots=True)
class _Batch:
    """Lines [start, stop) of an epoch, and the head that commits to them."""

    state: LogState
    start: int
    lines: tuple[bytes, ...]
    root: bytes
    note: str

    @property
    def stop(self) -> int:
        return self.start + len(self.lines)


def fitting(lines: Sequence[bytes], limit_bytes: int) -> tuple[bytes, ...]:
    """As many lines, from the front, as one body may hold; at least one when there is one."""
    length, kept = 0, list[bytes]()
    for line in lines:
        length += len(line) + 1
        if length > limit_bytes and len(kept) > 0:
            break
        kept.append(line)
    return tuple(kept)


def packed(content: bytes) -> tuple[bytes, tuple[tuple[str, str], ...]]:
    """A body as it is sent, and the field that says so: gzip where that makes it shorter (§5 Push allows it).

    What is sealed or signed travels in base64, of which a quarter is air; the quickest level finds nearly all of it.
    """
    shorter = gzip.compress(content, compresslevel=1, mtime=0)
    if len(shorter) + len(_PACKED_FIELD) >= len(content):
        return content, ()
    return shorter, (("Content-Encoding", "gzip"),)


class Pushing:
    """Pushes; used by `Client` only.

    Args:
        check_state: asks the parent for its state and comes to terms with it.
    """

    def __init__(self, child: Child, blobs: BlobTransfer, check_state: Callable[[], object]) -> None:
        self._child = child
        self._blobs = blobs
        self._check_state = check_state
        self._lost_at: tuple[str, int] | None = None

    def run(self, limit: int) -> int:
        """Send at most `limit` entries; returns how many more are receipted than before.

        Raises:
            LogProofError: the answer is no receipt of the parent for what was sent.
            ProtocolError, TransportError: the parent refused, or there is no answer.
            SizeConflict: it kept naming other sizes.
        """
        before = self._receipted()
        left, conflicts = limit, 0
        while left > 0:
            batch = self._next_batch(left)
            if batch is None:
                break
            try:
                self._send(batch)
                left -= len(batch.lines)
            except SizeConflict as conflict:
                conflicts += 1
                if conflicts > CONFLICTS:
                    raise
                self._resume(batch.state, conflict.size)
        return max(0, self._receipted() - before)

    def _receipted(self) -> int:
        with self._child.database.reading() as tx:
            state = self._child.own_up(tx)
        if state.receipted_size < state.size and self._start_of(state) >= state.size:
            self._check_state()  # the answer with the receipt was lost: it is fetched there
            with self._child.database.reading() as tx:
                state = self._child.own_up(tx)
        return state.receipted_size

    def _start_of(self, state: LogState) -> int:
        seen = self._child.uplink.up
        known = state.receipted_size if seen is None or seen.epoch != state.epoch else seen.size
        return min(known, state.size)

    def _next_batch(self, limit: int) -> _Batch | None:
        with self._child.database.reading() as tx:
            state = self._child.own_up(tx)
            start = self._start_of(state)
            if state.halted != "" or start >= state.size:
                return None
            count = min(limit, self._child.limits.entries_per_batch)
            lines = wire_lines(tx.logs.entries(state.origin, start, count))
            batch = self._batch(tx, state, start, fitting(lines, self._child.limits.batch_bytes))
        if start < state.receipted_size:
            self._note_loss(state, start)
        return batch

    def _note_loss(self, state: LogState, parent_size: int) -> None:
        """The parent holds less than it has receipted: alerted once for each such size, and sent again from there."""
        if self._lost_at != (state.origin, parent_size):
            self._lost_at = (state.origin, parent_size)
            detail = {"receipted": state.receipted_size, "parent_size": parent_size}
            with self._child.database.transaction() as tx:
                self._child.alert_in(tx, "parent-behind", "critical", detail)

    def _batch(self, tx: Tx, state: LogState, start: int, lines: tuple[bytes, ...]) -> _Batch:
        stop = start + len(lines)
        root = root_at(tx.logs, state, stop)
        note = sign_checkpoint(Checkpoint(state.origin, stop, root), self._child.identity().keys.node)
        return _Batch(state, start, lines, root, note)

    def _send(self, batch: _Batch) -> None:
        self._blobs.upload_missing(batch.lines)
        body, encoding = packed(pack_lines(batch.lines))
        headers = (
            ("Content-Type", MEDIA_TYPE),
            *encoding,
            ("Tlog-Start", str(batch.start)),
            ("Tlog-Checkpoint", encode_checkpoint(batch.note)),
        )
        uplink = self._child.uplink
        try:
            answer = uplink.call("POST", uplink.path("up"), headers=headers, body=body)
        except ProtocolError as error:
            self._note_refusal(batch, error)
            raise
        try:
            lines = answer.body.decode("utf-8")
        except UnicodeDecodeError as error:
            raise TransportError("an answer to a push that is no text") from error
        self._store_receipt(batch, lines)
        uplink.up = Seen(batch.state.epoch, batch.stop)

    def _store_receipt(self, batch: _Batch, lines: str) -> None:
        child = self._child
        receipted = append_lines(batch.note, lines)
        faultpoints.reach("push.before-receipt")
        with child.database.transaction() as tx:
            state = tx.logs.get(batch.state.origin)
            if state is None:
                raise LogProofError("the log is gone")
            _, keys = child.check_parent_line(tx, receipted, "receipt")
            name = f"{child.parent_name}/receipt"
            after = check_receipt(state, receipted, name, keys, root=batch.root)
            if after != state:
                tx.logs.put(after)

    def _note_refusal(self, batch: _Batch, error: ProtocolError) -> None:
        """A refusal of what was signed is kept: both sides alert (§5 Push)."""
        if error.code not in ("fork", "checkpoint", "line"):
            return
        detail = {"origin": batch.state.origin, "start": batch.start, "code": error.code}
        with self._child.database.transaction() as tx:
            if error.code == "fork":
                now = self._child.clock.now()
                tx.logs.evidence(batch.state.origin, "fork", batch.note, now, "refused by the parent")
            self._child.alert_in(tx, "push-refused", "critical", detail)

    def _resume(self, state: LogState, size: int) -> None:
        """The parent is at another size: go on there, after coming to terms where that proves something."""
        if size >= state.receipted_size:
            self._check_state()
        self._child.uplink.up = Seen(state.epoch, size)
