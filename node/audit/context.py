"""What the audit is given: the node, the clock, the stores, ways out. Built once by the container."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from federation.keys import Identity
from federation.ports import Clock, Limits
from node.audit.rejudging import Rulebook
from node.cases.context import QueueEvent
from node.exchange.stores import SqlTx
from node.ledger.rules import FactDraft


@dataclass(frozen=True, slots=True)
class AuditContext:
    """See the module.

    Attributes:
        identity: read anew at every call, since keys rotate.
        stores: the federation's stores inside a session's transaction.
        queue: queues an entry to a node of the network.
        record: writes a fact into this node's ledger.
        rulebook: what facts are judged by, in a session (item versions are rows).
    """

    identity: Callable[[], Identity]
    clock: Clock
    limits: Limits
    stores: Callable[[Session], SqlTx]
    queue: QueueEvent
    record: Callable[[Session, FactDraft], UUID]
    rulebook: Callable[[Session], Rulebook]

    @property
    def code(self) -> str:
        """This node's code."""
        return self.identity().code

    def now(self) -> datetime:
        """The instant, UTC."""
        return self.clock.now()

    def fact(
        self,
        session: Session,
        type: str,
        data: Mapping[str, object],
        *,
        actor: str = "machine",
        post: str = "",
    ) -> UUID:
        """Writes what the audit did; nothing personal stands in it. Returns the fact's id."""
        return self.record(session, FactDraft(type=type, at=self.now(), actor=actor, post=post, data=data))
