"""What drawn facts are judged by: the table of transitions, the calendar and the catalogue of the auditor."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from sqlalchemy.orm import Session

from node.audit.rejudging import Rulebook
from node.cases.change import clock_days
from node.cases.clocks import Workdays
from node.cases.states import TABLE, Act, Status
from node.catalogue.rules import ItemVersion

VersionOf = Callable[[Session, str], ItemVersion | None]


def build_rulebook(session: Session, calendar: Workdays, version: VersionOf) -> Rulebook:
    """The rulebook of one judging.

    Args:
        version: an item version by its hash; None where this node's catalogue has it not.
    """

    def due(start: date, days: int) -> date:
        return calendar.due(start, days)[0]

    def days_of(name: str, clock: str, level: str) -> int | None:
        found = version(session, name)
        return None if found is None else clock_days(found, clock, level)

    return Rulebook(targets_of, due, calendar.between, days_of)


def targets_of(act: str, source: str) -> frozenset[str] | None:
    """Where an act leads from a status by the declared table; None for what is no act of the table."""
    try:
        wanted = Act(act)
    except ValueError:
        return None
    if source not in Status.__members__:
        return frozenset()
    return frozenset(row.target.value for row in TABLE if row.act is wanted and row.source == source)
