"""What the parts of a child's client have in common: who it is, its storage, its line to the parent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from federation.chain import CLOCK_SLACK
from federation.errors import LogProofError
from federation.keys import Identity, PublicKey
from federation.names import origin_down, origin_up
from federation.ports import Clock, Database, HeadFile, Tx
from federation.records import Alert, Limits, LogState
from federation.roster import check_receipt_time, every_key
from federation.stream import new_log
from federation.uplink import NoParentError, Uplink

__all__ = ["Child"]

AHEAD_UNSEEN = timedelta(seconds=60)
"""How far a parent's clock may run ahead without an alert."""


@dataclass(frozen=True)
class Child:
    """A node as the child of its parent.

    Attributes:
        identity: read anew at every use, since keys rotate.
        uplink: the line to the parent; its `now()` is the corrected clock.
    """

    identity: Callable[[], Identity]
    database: Database
    heads: HeadFile
    clock: Clock
    limits: Limits
    uplink: Uplink

    @property
    def parent_code(self) -> str:
        """The parent's node code.

        Raises:
            NoParentError: this node is a top.
        """
        code = self.identity().parent_code
        if code is None:
            raise NoParentError("a top has no parent")
        return code

    @property
    def parent_name(self) -> str:
        """The parent's node name."""
        return f"{self.identity().network}/{self.parent_code}"

    def own_up(self, tx: Tx) -> LogState:
        """The open epoch of this node's `up` log; an empty one, not stored yet, before it has one."""
        found = tx.logs.find("own-up", self.parent_code)
        return found or new_log(origin_up(self.identity().name), "own-up", self.parent_code)

    def peer_down(self, tx: Tx) -> LogState:
        """The parent's `down` log as it is read now: the lowest epoch that is not finished."""
        logs = [log for log in tx.logs.all("peer-down") if log.peer == self.parent_code and not log.frozen]
        if len(logs) > 0:
            return min(logs, key=lambda log: log.epoch)
        origin = origin_down(self.parent_name, self.identity().code)
        return new_log(origin, "peer-down", self.parent_code)

    def own_node_keys(self, tx: Tx) -> list[PublicKey]:
        """Every node key this node ever signed its logs with."""
        identity = self.identity()
        current = identity.keys.public.node
        return [current, *(key for key in every_key(tx, identity.code, "node") if key != current)]

    def check_parent_line(
        self, tx: Tx, note: str, role: Literal["receipt", "witness"]
    ) -> tuple[datetime, Sequence[PublicKey]]:
        """Verify the parent's receipt or cosignature under a note, its time against the corrected clock.

        Returns:
            Its time, and the key that made it.

        Raises:
            LogProofError: none holds, by a key that was good then, or it is over 24 h ahead.
        """
        at, keys = check_receipt_time(tx, note, f"{self.parent_name}/{role}", self.parent_code, role)
        ahead = at - self.uplink.now()
        if ahead >= CLOCK_SLACK:
            raise LogProofError(f"a {role} line from the future: {at.isoformat()}")
        if ahead > AHEAD_UNSEEN:
            self.alert_in(tx, "parent-clock-ahead", "warning", {"seconds": int(ahead.total_seconds())})
        return at, keys

    def halt(self, tx: Tx, state: LogState, why: str, detail: Mapping[str, object]) -> None:
        """Stop a log until an operator has looked; alerted. Twice is nothing."""
        if state.halted != why:
            tx.logs.put(replace(state, halted=why))
        self.alert_in(tx, f"log-{why}", "critical", {"origin": state.origin, **detail})

    def alert_in(
        self,
        tx: Tx,
        code: str,
        severity: Literal["info", "warning", "critical"],
        detail: Mapping[str, object],
    ) -> None:
        """Show an operator something about the parent, in the caller's transaction."""
        tx.alert(Alert(code, severity, self.identity().parent_code or "", dict(detail)), self.clock.now())
