"""What the use cases of this capability are given: the node, the clock, the calendar, and ways out.

Built once by the container (`assembly.build_context`). `queue` and `record` write into the caller's session, so that
the row, the fact and the outgoing entry commit together (architecture decision 2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from federation.ports import BlobStore
from node.cases.clocks import Workdays
from node.catalogue.rules import ItemVersion
from node.exchange.awaited import Trouble
from node.kernel.clock import Clock, local_date
from node.ledger.rules import FactDraft


class QueueEvent(Protocol):
    """Queues one entry to a node of the network."""

    def __call__(
        self,
        session: Session,
        *,
        destination: str,
        subject: str,
        type: str,
        data: Mapping[str, Any],
        sealed: Mapping[str, Any] | None = None,
    ) -> str:
        """Returns the entry's id; `sealed` is encrypted to the destination and becomes `data.sealed`."""
        ...


@dataclass(frozen=True, slots=True)
class NodeName:
    """A node of the network as people read it; `parent` is the code of the node above, "" at the top."""

    code: str
    level: str
    name: str
    parent: str = ""


class Network(Protocol):
    """What this node knows of the others, from its own chain and the statements it has seen."""

    def above(self, session: Session) -> Sequence[NodeName]:
        """The nodes above, the parent first, the top last; empty at the top."""
        ...

    def find(self, session: Session, code: str) -> NodeName | None:
        """A node by its code, this one too; None when no statement named it."""
        ...


def _nothing_to_take_back(session: Session, entry_id: str) -> bool:
    """Whatever was queued has been written."""
    return False


def _no_troubles(session: Session, case_id: str) -> Sequence[Trouble]:
    """Everything arrives."""
    return ()


@dataclass(frozen=True)
class CaseContext:
    """The node the cases live at.

    Attributes:
        name: the node's own name in the network.
        version: an item version by its hash, None when this catalogue does not hold it.
        in_force: the version of an item in force on a day.
        blind: blind index of a personal value: (kind, value) → hex.
        next_number: the next number of a series, without gaps.
        blobs: the ciphertexts, in the transaction of a session.
        receipt_at: when the next node's receipt for a queued entry came in: (session, case id, entry id); None
            before.
        origin: the ledger's open log origin.
        verify_url: address of the page where a slip's code is checked: the level above's, the top's own.
        troubles: what of a case's entries did not arrive as it should.
        take_back: takes a queued entry back by its id; False when it has been written.
    """

    code: str
    level: str
    name: str
    clock: Clock
    calendar: Workdays
    network: Network
    queue: QueueEvent
    record: Callable[[Session, FactDraft], UUID]
    version: Callable[[Session, str], ItemVersion | None]
    in_force: Callable[[Session, str, date], ItemVersion | None]
    blind: Callable[[str, str], str]
    next_number: Callable[[Session, str], int]
    blobs: Callable[[Session], BlobStore]
    receipt_at: Callable[[Session, str, str], datetime | None]
    origin: Callable[[Session], str]
    verify_url: Callable[[], str]
    take_back: Callable[[Session, str], bool] = _nothing_to_take_back
    troubles: Callable[[Session, str], Sequence[Trouble]] = _no_troubles

    def now(self) -> datetime:
        """The instant, UTC."""
        return self.clock.now()

    def today(self) -> date:
        """The local day."""
        return local_date(self.clock.now())

    def ancestor_at(self, session: Session, level: str) -> str | None:
        """Code of the node above at a level; None when there is none."""
        return next((node.code for node in self.network.above(session) if node.level == level), None)

    def name_of(self, session: Session, code: str) -> str:
        """A node's name for people; its code where no statement named it."""
        if code == self.code:
            return self.name
        found = self.network.find(session, code)
        return found.name if found is not None else code
