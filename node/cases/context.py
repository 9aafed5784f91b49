"""What the use cases of this capability are given: the node, the clock, the calendar, and ways out.

Built once by the container. `queue` and `record` write into the caller's session, so that the row, the fact and the
outgoing entry commit together (architecture decision 2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from sqlalchemy.orm import Session

from node.cases.clocks import Workdays
from node.cases.states import Letter
from node.catalogue.rules import ItemVersion
from node.kernel.clock import Clock


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


class RecordFact(Protocol):
    """Writes one fact into the node's own ledger."""

    def __call__(
        self,
        session: Session,
        *,
        type: str,
        actor: str,
        post: str,
        case: str = "",
        seq: int | None = None,
        source: str = "",
        target: str = "",
        item: str = "",
        item_version: str = "",
        number: str = "",
        reason: str = "",
        clocks: list[dict[str, Any]] | None = None,
        paper: str = "",
        materials: list[dict[str, Any]] | None = None,
        authorization: str = "",
        data: Mapping[str, Any] | None = None,
    ) -> str:
        """Returns the fact's id."""
        ...


@dataclass(frozen=True, slots=True)
class Worker:
    """Who acts, as the case service sees it: a post with letters, or the machine.

    Attributes:
        actor: pseudonymous person id, or `machine`; never a name.
        post: name of the post in whose name it is done (shown to people; no person's name).
        letters: the actor letters the post holds at this level.
    """

    actor: str
    post: str
    letters: frozenset[Letter]
    may: Callable[[str, str], bool] | None = None
    authorization: str = ""


@dataclass(frozen=True)
class CaseContext:
    """The node the cases live at.

    Attributes:
        ancestor_at: code of the node above at a level, None when there is none or it is this level.
        version: an item version by its hash, None when this catalogue does not hold it.
        in_force: the version of an item in force on a day.
        blind: blind index of a personal value: (kind, value) → hex.
    """

    code: str
    level: str
    clock: Clock
    calendar: Workdays
    queue: QueueEvent
    record: RecordFact
    ancestor_at: Callable[[Session, str], str | None]
    version: Callable[[Session, str], ItemVersion | None]
    in_force: Callable[[Session, str, date], ItemVersion | None]
    blind: Callable[[str, str], str]
    next_number: Callable[[Session, str], int]
    local_date: Callable[[datetime], date]

    def now(self) -> datetime:
        """The instant, UTC."""
        return self.clock.now()

    def today(self) -> date:
        """The local day."""
        return self.local_date(self.clock.now())


MACHINE = Worker("machine", "系统", frozenset({Letter.SY, Letter.UP}))
"""Acts nobody clicks: taking a complete offer, an expired clock."""
