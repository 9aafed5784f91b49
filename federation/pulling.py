"""Reading the parent's `down` log: verified and stored, then receipted (federation.md §5 Pull, Loss, Epochs)."""

from __future__ import annotations

import re
from dataclasses import replace

from federation import faultpoints
from federation.blob_transfer import blobs_named
from federation.child import Child
from federation.errors import LogProofError, ProtocolError, SizeConflict, TransportError
from federation.event import EntryError, parse_entry
from federation.merkle import root_of
from federation.names import origin_down
from federation.note import parse_checkpoint, split_note
from federation.ports import Tx
from federation.records import LogState, Response
from federation.recovery import Recovery
from federation.roster import good_keys
from federation.stream import (
    Extended,
    accept,
    countersign,
    decode_checkpoint,
    encode_checkpoint,
    new_log,
    unpack_lines,
)
from federation.writer import store_extended

__all__ = ["Pulling"]

EPOCH_OPENED = "epoch.opened.v1"
_START = re.compile(r"0|[1-9][0-9]{0,15}")
_RECEIPT_MEDIA = "text/plain; charset=utf-8"


def _note_of(answer: Response) -> str:
    try:
        return decode_checkpoint(answer.value("tlog-checkpoint")).decode("utf-8")
    except (UnicodeDecodeError, ProtocolError) as error:
        raise TransportError("an answer without a readable Tlog-Checkpoint") from error


def _start_of(answer: Response) -> int:
    value = answer.value("tlog-start")
    if value is None or _START.fullmatch(value) is None:
        raise TransportError("an answer without Tlog-Start")
    return int(value)


class Pulling:
    """Pulls; used by `Client` only."""

    def __init__(self, child: Child, recovery: Recovery) -> None:
        self._child = child
        self._recovery = recovery
        self._told: tuple[str, int] | None = None  # the receipt the parent is known to have

    def run(self, limit: int) -> int:
        """Ask once for at most `limit` entries; returns how many were stored.

        An epoch that is read to its end gives way to the next one the parent speaks of.

        Raises:
            LogProofError: what came does not continue the log under the parent's signature; nothing was stored.
            ProtocolError, TransportError: the parent refused, or there is no usable answer.
        """
        child = self._child
        with child.database.reading() as tx:
            state = child.peer_down(tx)
        answer = self._ask(state, limit)
        if answer is None:
            return 0
        if answer.status == 200:
            grown = self._store(state, answer)
            faultpoints.reach("pull.before-receipt")
            self._send_receipt(grown.state)
            return len(grown.leaves)
        self._send_receipt(state)
        seen = child.uplink.down
        if seen is not None and seen.epoch > state.epoch:
            return self._next_epoch(state, limit)
        return 0

    def _ask(self, state: LogState, limit: int) -> Response | None:
        """The parent's answer; None when it had lost entries and was given them back."""
        child = self._child
        count = max(1, min(limit, child.limits.entries_per_batch))
        query = f"start={state.size}&limit={count}&epoch={state.epoch}"
        try:
            return child.uplink.call("GET", child.uplink.path("down"), query=query, expect=(200, 204))
        except SizeConflict as conflict:
            if conflict.size >= state.size:
                raise TransportError("a conflict that names no smaller size") from conflict
            self._recovery.give_back(conflict.size)
            return None

    def _judge(self, tx: Tx, state: LogState, answer: Response) -> Extended:
        child = self._child
        lines = unpack_lines(answer.body, child.limits)
        keys = good_keys(tx, child.parent_code, "node", child.uplink.now())
        return accept(state, _start_of(answer), _note_of(answer), lines, keys, child.limits)

    def _store(self, state: LogState, answer: Response, opening: LogState | None = None) -> Extended:
        """Verify a batch, then store it with this node's receipt, in one transaction.

        Args:
            opening: the frozen epoch before, where this batch begins a new one.
        """
        child, identity, now = self._child, self._child.identity(), self._child.uplink.now()
        refused: ProtocolError | SizeConflict | None = None
        with child.database.transaction() as tx:
            state = tx.logs.get(state.origin) or state
            try:
                grown = self._judge(tx, state, answer)
                receipted, _ = countersign(grown.state, identity.receipt_name, identity.keys.receipt, now)
                store_extended(tx, grown, receipted, child.clock.now())
                if opening is not None:
                    tx.logs.put(replace(opening, frozen=True))
                self._expect_blobs(tx, grown)
            except (ProtocolError, SizeConflict) as error:
                refused = error
                self._keep_evidence(tx, state, answer, error)
        if refused is not None:
            raise LogProofError(f"{state.origin}: {refused.detail}", code=refused.code) from refused
        return replace(grown, state=receipted)

    def _keep_evidence(
        self, tx: Tx, state: LogState, answer: Response, error: ProtocolError | SizeConflict
    ) -> None:
        detail = {"origin": state.origin, "size": state.size, "code": error.code}
        if error.code == "fork":
            tx.logs.evidence(state.origin, "fork", _note_of(answer), self._child.clock.now(), "pulled")
        self._child.alert_in(tx, "pull-refused", "critical", detail)

    def _expect_blobs(self, tx: Tx, grown: Extended) -> None:
        """Attachments that came entries name are expected from now on, across restarts."""
        parent = self._child.parent_code
        for line in grown.lines:
            for sha256, size in [] if line is None else blobs_named(line):
                tx.blobs.name(sha256, parent)
                if size <= self._child.limits.blob_bytes:
                    tx.blobs.begin(sha256, size, parent)

    def _send_receipt(self, state: LogState) -> None:
        """Tell the parent what is held here, unless it is known to know."""
        if state.receipted_size == 0 or self._told == (state.origin, state.receipted_size):
            return
        text, lines = split_note(state.receipted_note)
        own = f"{self._child.identity().receipt_name} "
        receipt = "".join(line for line in lines.splitlines(keepends=True) if line[2:].startswith(own))
        headers = (
            ("Content-Type", _RECEIPT_MEDIA),
            ("Tlog-Checkpoint", encode_checkpoint(f"{text}\n{lines.replace(receipt, '')}")),
        )
        uplink = self._child.uplink
        path = uplink.path("down/receipt")
        uplink.call("POST", path, headers=headers, body=receipt.encode("utf-8"), expect=(200, 204))
        self._told = (state.origin, state.receipted_size)

    # --- epochs ----------------------------------------------------------------------------------------------

    def _next_epoch(self, before: LogState, limit: int) -> int:
        """Read the beginning of the next epoch: taken at once where it names exactly the head held here, alerted."""
        child = self._child
        epoch = before.epoch + 1
        origin = origin_down(child.parent_name, child.identity().code, epoch)
        state = new_log(origin, "peer-down", before.peer, epoch)
        answer = self._ask(state, limit)
        if answer is None or answer.status != 200:
            return 0
        try:
            self._check_opening(before, origin, unpack_lines(answer.body, child.limits))
        except LogProofError as error:
            with child.database.transaction() as tx:
                child.alert_in(tx, "epoch-refused", "critical", {"origin": origin, "why": error.detail})
            raise
        grown = self._store(state, answer, before)
        with child.database.transaction() as tx:
            child.alert_in(tx, "epoch-opened", "warning", {"origin": origin, "frozen_at": before.size})
        self._send_receipt(grown.state)
        return len(grown.leaves)

    def _check_opening(self, before: LogState, origin: str, lines: list[bytes]) -> None:
        try:
            first = parse_entry(lines[0]) if len(lines) > 0 else None
        except EntryError as error:
            raise LogProofError(f"{origin}: its first entry cannot be read") from error
        if first is None or first.type != EPOCH_OPENED or first.data.get("log") != origin:
            raise LogProofError(f"{origin} does not begin with its opening")
        previous = first.data.get("previous")
        if before.size == 0 and previous in (None, ""):
            return
        if not isinstance(previous, str):
            raise LogProofError(f"{origin} names no head of the epoch before")
        head = parse_checkpoint(split_note(previous)[0])
        held = (before.origin, before.size, root_of(before.compact))
        if (head.origin, head.size, head.root) != held:
            raise LogProofError(f"{origin} names another head of the epoch before than is held here")
