"""What an operator does when histories differ: look, take foreign entries in, open and confirm epochs (federation.md §5 Loss).

None of it is silent: each act is a fact, an alert, and shown to the other side.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from sqlalchemy.orm import Session

from federation.client import Client
from federation.epoch_opening import open_epoch
from federation.keys import Identity
from federation.names import OriginKind, parse_origin
from federation.ports import Clock
from federation.serving_epochs import confirm_ledger_epoch, confirm_up_epoch
from federation.writer import LogWriter
from node.exchange import problems
from node.exchange.administration import Operator
from node.exchange.awaited import confirmed_ledger_epoch, waiting_ledger_epoch
from node.exchange.fsck import Checked, check_logs
from node.exchange.heads import DiskHeadFile
from node.exchange.stores import SqlDatabase
from node.kernel.database import Database
from node.ledger.rules import FactDraft
from node.ledger.service import record

OwnRole = Literal["own-up", "own-down", "own-ledger"]
_ROLES: Mapping[OriginKind, OwnRole] = {"up": "own-up", "down": "own-down", "ledger": "own-ledger"}


class Repair:
    """The acts of last resort.

    Args:
        client: None at a top.
    """

    def __init__(
        self,
        stores: SqlDatabase,
        database: Database,
        heads: DiskHeadFile,
        identity: Callable[[], Identity],
        clock: Clock,
        writer: LogWriter,
        client: Client | None,
    ) -> None:
        self._stores = stores
        self._database = database
        self._heads = heads
        self._identity = identity
        self._clock = clock
        self._writer = writer
        self._client = client

    def check(self) -> Checked:
        """Recompute every log from its entries, against its notes and the head file; changes nothing."""
        heads = self._heads.load()
        with self._database.reading() as session:
            return check_logs(session, self._stores.within, heads)

    def take_foreign(self, origin: str, reason: str, *, by: Operator = Operator()) -> int:
        """Take entries of this node's own log, which it did not know, back from the parent; returns how many.

        Raises:
            Problem: `no-parent`, `reason-needed`, `not-own-log`.
            FederationError: the parent does not answer, or they are not signed with this node's key.
        """
        said = problems.require_reason(reason)
        if self._client is None:
            raise problems.no_parent()
        if self._role(origin) != "own-up":
            raise problems.not_own_log(origin)
        count = self._client.confirm_import()
        with self._database.transaction() as session:
            self._record(session, "log.foreign_taken", by, origin, said)
        return count

    def open_epoch(self, origin: str, reason: str, *, by: Operator = Operator()) -> str:
        """Begin one of this node's own logs anew; returns the new epoch's origin.

        Raises:
            Problem: `reason-needed`, `not-own-log`.
            FederationError: no such log; for `up` and the ledger, the parent does not answer.
        """
        said = problems.require_reason(reason)
        role = self._role(origin)
        if role == "own-down" or self._client is None:
            opened = self._open_here(origin, said)
        elif role == "own-up":
            opened = self._client.open_epoch("own-up", said).origin
        else:
            opened = self._client.open_epoch("own-ledger", said).origin
        with self._database.transaction() as session:
            self._record(session, "log.epoch_opened", by, opened, said)
        return opened

    def confirm_epoch(self, code: str, reason: str, *, by: Operator = Operator()) -> str:
        """As a parent: let a child begin its ledger anew, where that waits, else its `up` log; returns the new origin.

        Raises:
            Problem: `reason-needed`.
            EpochError: none of that child waits.
        """
        said = problems.require_reason(reason)
        now = self._clock.now()
        with self._database.transaction() as session:
            tx = self._stores.within(session)
            ledger = waiting_ledger_epoch(session, code)
            if ledger:
                opened = confirm_ledger_epoch(tx, code, ledger, now)
                confirmed_ledger_epoch(session, code, now)
            else:
                opened = confirm_up_epoch(tx, code, now)
            self._record(session, "log.epoch_confirmed", by, opened.origin, said)
        return opened.origin

    def vouch_for_ledger(self, reason: str, *, by: Operator = Operator()) -> None:
        """A top's operator says that nothing of the ledger is missing: it is signed again (head file lost).

        The head file is written anew from the database.

        Raises:
            Problem: `reason-needed`, `has-parent`.
        """
        said = problems.require_reason(reason)
        if self._client is not None:
            raise problems.has_parent()
        with self._database.transaction() as session:
            tx = self._stores.within(session)
            own = [state for state in tx.logs.all() if state.role.startswith("own-") and state.note]
            self._record(session, "log.vouched", by, f"{self._identity().name}/ledger", said)
        self._heads.save({state.origin: state.note for state in own})

    def _open_here(self, origin: str, reason: str) -> str:
        role, peer = self._role(origin), parse_origin(origin).child
        with self._database.transaction() as session:
            tx = self._stores.within(session)
            opened = open_epoch(tx, self._identity(), role, peer, reason, self._clock.now())
        self._heads.forget([origin])
        return opened.origin

    def _role(self, origin: str) -> OwnRole:
        parsed = parse_origin(origin)
        if parsed.owner != self._identity().name:
            raise problems.not_own_log(origin)
        return _ROLES[parsed.kind]

    def _record(self, session: Session, type: str, by: Operator, origin: str, reason: str) -> None:
        draft = FactDraft(
            type=type,
            at=self._clock.now(),
            actor=by.actor,
            post=by.post,
            data={"origin": origin},
            personal={"reason": reason},
        )
        record(session, draft)
