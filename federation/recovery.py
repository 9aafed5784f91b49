"""Coming to terms with the parent over what this node wrote, after crashes, old backups and clones (federation.md §5 Loss).

`reconcile` takes the parent's answer to `state`. Only what it proves counts: a note signed by this node's own key with
the parent's receipt (or cosignature) under it. Each log ends up ready to be written, or halted with an alert:

    behind     this node and its parent have both lost      an operator opens an epoch
    foreign    the parent holds entries this node did not   an operator confirms the import, or has the key revoked
               write
    diverged   the parent holds others at the same place    an operator opens an epoch
    lost       the ledger's database is behind its witness  an operator opens an epoch

An old copy of the database that the head file covers is brought up by itself. What was signed last and never sent goes
with the copy that is lost: the head is given up, kept as evidence, and alerted.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from federation.child import Child
from federation.errors import LogProofError, SizeConflict, TransportError
from federation.note import open_checkpoint, split_note
from federation.parent_state import LogReport, ParentState, Standing, judge_standing, size_of
from federation.ports import Tx
from federation.records import LogState
from federation.stream import (
    MEDIA_TYPE,
    check_receipt,
    encode_checkpoint,
    pack_lines,
    unpack_lines,
    wire_lines,
)
from federation.subtrees import root_at
from federation.uplink import Seen
from federation.writer import Imported, LogWriter, open_log, own_node_keys, reimport

__all__ = ["Recovery"]

HEALING = frozenset({"behind", "foreign"})
"""Halts that end by themselves when the parent and this node are found in step again."""


def _own_note(note: str, origin: str) -> str:
    """The note with the lines of the log's owner only, as it was when it was signed."""
    text, lines = split_note(note)
    own = [line for line in lines.splitlines(keepends=True) if line.split(" ")[1] == origin]
    return f"{text}\n{''.join(own)}"


class Recovery:
    """Judges and repairs; used by `Client` only.

    Args:
        imported: called with own lines that were taken back, in the transaction that stores them.
    """

    def __init__(self, child: Child, writer: LogWriter, imported: Imported) -> None:
        self._child = child
        self._writer = writer
        self._imported = imported

    def reconcile(self, told: ParentState) -> None:
        """Compare both logs of one's own with what the parent holds; import, halt, or make ready.

        Raises:
            LogProofError: what the parent shows as proof does not hold; nothing was changed.
            FederationError: the import failed on the way.
        """
        self._reconcile_up(told.up)
        self._reconcile_ledger(told.ledger)

    # --- the up log ------------------------------------------------------------------------------------------

    def _reconcile_up(self, report: LogReport) -> None:
        with self._child.database.transaction() as tx:
            state = open_log(tx, self._child.identity(), "own-up", self._child.parent_code)
            standing = self._judge(tx, state, report)
        if standing == "import":
            self.import_up(report)
            with self._child.database.transaction() as tx:
                state = open_log(tx, self._child.identity(), "own-up", self._child.parent_code)
                standing = self._judge(tx, state, report)
        if standing in ("behind", "foreign"):
            with self._child.database.transaction() as tx:
                detail = {"parent_size": report.size, "epoch": report.epoch, "size": state.size}
                self._child.halt(tx, state, standing, detail)
            self._writer.hold("own-up", state.peer)
        else:
            self._settle_up(state, report, standing)

    def _judge(self, tx: Tx, state: LogState, report: LogReport) -> Standing:
        if report.epoch != state.epoch:
            return "foreign" if report.epoch > state.epoch else "good"
        if report.size > 0:
            checkpoint = open_checkpoint(report.note, state.origin, own_node_keys(tx, self._child.identity()))
            if checkpoint.size != report.size:
                raise LogProofError("state: the checkpoint is of another size")
            self._child.check_parent_line(tx, report.note, "receipt")
        head = size_of(self._child.heads.load().get(state.origin))
        return judge_standing(state.size, state.receipted_size, head, report.size)

    def _settle_up(self, state: LogState, report: LogReport, standing: Standing) -> None:
        """Take the parent's receipt over what both hold, and make the log ready."""
        is_same = report.epoch == state.epoch
        with self._child.database.transaction() as tx:
            if is_same and report.size > 0:
                taken = self._take_receipt(tx, state, report, "receipt")
                if taken is None:
                    self._writer.hold("own-up", state.peer)
                    return
                state = taken
            if state.halted in HEALING:
                state = replace(state, halted="")
                tx.logs.put(state)
            if standing == "parent-lost":
                detail = {"receipted": state.receipted_size, "parent_size": report.size}
                self._child.alert_in(tx, "parent-behind", "critical", detail)
            if standing == "unsent":
                self._give_up_head(tx, state)
        if is_same:
            self._child.uplink.up = Seen(report.epoch, report.size)
        if state.note != "":
            self._child.heads.save({state.origin: state.note})
        if state.halted == "":
            self._writer.ready("own-up", state.peer)

    def _give_up_head(self, tx: Tx, state: LogState) -> None:
        """What was signed last is lost, and nobody was sent it: kept as evidence, alerted, and the log goes on."""
        note = self._child.heads.load()[state.origin]
        tx.logs.evidence(state.origin, "unsent", note, self._child.clock.now(), "lost before it was sent")
        detail = {"origin": state.origin, "size": state.size, "signed": size_of(note)}
        self._child.alert_in(tx, "signed-entries-lost", "critical", detail)
        self._child.heads.forget([state.origin])

    def _take_receipt(
        self, tx: Tx, state: LogState, report: LogReport, role: Literal["receipt", "witness"]
    ) -> LogState | None:
        """The state with the parent's receipt or cosignature; None when the log has diverged."""
        root = root_at(tx.logs, state, report.size)
        checkpoint = open_checkpoint(report.note, state.origin, own_node_keys(tx, self._child.identity()))
        if checkpoint.root != root:
            now = self._child.clock.now()
            tx.logs.evidence(state.origin, "fork", report.note, now, f"other root at {report.size}")
            self._child.halt(tx, state, "diverged", {"size": report.size})
            return None
        _, keys = self._child.check_parent_line(tx, report.note, role)
        after = check_receipt(state, report.note, f"{self._child.parent_name}/{role}", keys, root=root)
        if after != state:
            tx.logs.put(after)
        return after

    # --- import ----------------------------------------------------------------------------------------------

    def read_back(self, start: int, stop: int, epoch: int) -> list[bytes]:
        """One's own lines [start, stop) of an epoch, as the parent holds them; unverified."""
        lines: list[bytes] = []
        while start + len(lines) < stop:
            at = start + len(lines)
            limit = min(stop - at, self._child.limits.entries_per_batch)
            answer = self._child.uplink.call(
                "GET", self._child.uplink.path("up"), query=f"start={at}&limit={limit}&epoch={epoch}"
            )
            page = unpack_lines(answer.body, self._child.limits)
            if len(page) == 0 or len(page) > limit:
                raise TransportError("read-back: another number of lines than asked for")
            lines += page
        return lines

    def import_up(self, report: LogReport) -> int:
        """Take back from the parent what it holds beyond this node's database; returns how many entries.

        Raises:
            ProtocolError: the lines do not continue the log under this node's own signature.
            SizeConflict: the log grew meanwhile.
        """
        identity, parent = self._child.identity(), self._child.parent_code
        with self._child.database.transaction() as tx:
            start = open_log(tx, identity, "own-up", parent).size
        lines = self.read_back(start, report.size, report.epoch)
        now = self._child.clock.now()
        with self._child.database.transaction() as tx:
            before = open_log(tx, identity, "own-up", parent)
            if before.size != start:
                raise SizeConflict(before.size)
            note = _own_note(report.note, before.origin)
            state = reimport(
                tx, identity, replace(before, halted=""), start, note, lines, now, self._child.limits
            )
            self._take_receipt(tx, state, report, "receipt")
            self._imported(tx, lines)
            self._child.alert_in(
                tx,
                "own-entries-imported",
                "warning",
                {"origin": state.origin, "from": start, "to": state.size},
            )
        self._child.heads.save({state.origin: state.note})
        return len(lines)

    # --- the ledger ------------------------------------------------------------------------------------------

    def _reconcile_ledger(self, report: LogReport) -> None:
        with self._child.database.transaction() as tx:
            state = open_log(tx, self._child.identity(), "own-ledger", "")
            if report.epoch > state.epoch or (report.epoch == state.epoch and report.size > state.size):
                self._child.halt(tx, state, "lost", {"size": state.size, "witnessed": report.size})
                self._writer.hold("own-ledger", "")
                return
            if report.epoch == state.epoch and report.size > 0:
                taken = self._take_receipt(tx, state, report, "witness")
                if taken is None:
                    self._writer.hold("own-ledger", "")
                    return
                state = taken
            if state.halted == "lost":
                state = replace(state, halted="")
                tx.logs.put(state)
            head = size_of(self._child.heads.load().get(state.origin))
            if head is not None and head > state.size:
                self._give_up_head(tx, state)
        if state.note != "":
            self._child.heads.save({state.origin: state.note})
        if state.halted == "":
            self._writer.ready("own-ledger", "")

    # --- the down log ----------------------------------------------------------------------------------------

    def give_back(self, parent_size: int) -> int:
        """Give the parent back what it lost of its own `down` log, under its own checkpoint; returns how many.

        Raises:
            ProtocolError: `diverged`: the parent has written others meanwhile; `too-large`: more was lost than one
                batch may carry. Alerted.
        """
        child = self._child
        with child.database.transaction() as tx:
            state = child.peer_down(tx)
            count = state.size - parent_size
            entries = tx.logs.entries(state.origin, parent_size, max(count, 0))
            child.alert_in(
                tx, "parent-lost-down", "critical", {"size": state.size, "parent_size": parent_size}
            )
        if count <= 0:
            return 0
        body = pack_lines(wire_lines(entries))
        headers = (
            ("Content-Type", MEDIA_TYPE),
            ("Tlog-Start", str(parent_size)),
            ("Tlog-Checkpoint", encode_checkpoint(state.note)),
        )
        child.uplink.call("POST", child.uplink.path("down"), headers=headers, body=body, expect=(200, 204))
        child.uplink.down = Seen(state.epoch, state.size)
        return count
