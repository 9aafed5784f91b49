"""The service ledger (服务台账) of a day or a month: made from facts, so that each line can be proven (requirements K1).

One line a matter registered here in the period: what, how far it has come today, who handled it, and where its
registration stands in the node's own ledger. Names are masked.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from node.cases.context import CaseContext
from node.cases.masking import mask_name
from node.cases.problems import STATUS_WORDS, bad_period
from node.cases.tables import CaseOfferRow, CaseRow
from node.kernel.clock import local_time
from node.ledger.service import LedgerEntry, LogStoreOf, entries_of_days

Words = tuple[str, str]
BATCH = 500


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One matter in the service ledger.

    Attributes:
        place: running number within the period, from 1.
        applicant: masked.
        travelled: it was handled at another level.
        index: place of the registration in the node's ledger log; None while it waits for the sequencer.
        leaf: its leaf hash, hex.
    """

    place: int
    at: datetime
    number: str
    item: Words
    applicant: str
    channel: str
    handling: str
    status: str
    status_words: Words
    travelled: bool
    custodian: str
    post: str
    closed_at: datetime | None
    index: int | None
    leaf: str


@dataclass(frozen=True, slots=True)
class ServiceLedger:
    """The ledger of a period, both days inclusive."""

    first: date
    last: date
    lines: tuple[LedgerLine, ...]

    @property
    def totals(self) -> Mapping[str, int]:
        """How many were registered, are closed, stayed here, travelled."""
        return {
            "registered": len(self.lines),
            "closed": sum(line.closed_at is not None for line in self.lines),
            "stayed": sum(not line.travelled for line in self.lines),
            "travelled": sum(line.travelled for line in self.lines),
        }


def read_period(day: str | None, month: str | None, today: date) -> tuple[date, date]:
    """The days of `day=YYYY-MM-DD` or `month=YYYY-MM`; today when neither is given.

    Raises:
        Problem: `period-invalid`.
    """
    try:
        if day:
            one = date.fromisoformat(day)
            return one, one
        if month:
            first = date.fromisoformat(f"{month}-01")
            return first, first.replace(day=calendar.monthrange(first.year, first.month)[1])
    except ValueError as error:
        raise bad_period() from error
    return today, today


def service_ledger(
    context: CaseContext, session: Session, logs: LogStoreOf, first: date, last: date
) -> ServiceLedger:
    """Every matter registered here in a period, in the order registered."""
    entries = list(_registrations(session, logs, first, last))
    cases = _cases(session, [entry.fact.case for entry in entries if entry.fact is not None])
    gone = _travelled(session, list(cases))
    lines: list[LedgerLine] = []
    for entry in entries:
        case = cases.get(entry.fact.case) if entry.fact is not None else None
        if case is not None and case.home == context.code:
            lines.append(_line(context, session, len(lines) + 1, entry, case, case.id in gone))
    return ServiceLedger(first, last, tuple(lines))


def _registrations(session: Session, logs: LogStoreOf, first: date, last: date) -> Iterator[LedgerEntry]:
    after = 0
    while True:
        found = entries_of_days(
            session, logs(session), first, last, ("case.submit",), after=after, limit=BATCH
        )
        for position, entry in found:
            after = position
            yield entry
        if len(found) < BATCH:
            return


def _cases(session: Session, ids: Sequence[str]) -> dict[str, CaseRow]:
    found: dict[str, CaseRow] = {}
    for start in range(0, len(ids), BATCH):
        rows = session.scalars(select(CaseRow).where(CaseRow.id.in_(ids[start : start + BATCH])))
        found.update({row.id: row for row in rows})
    return found


def _travelled(session: Session, ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(ids), BATCH):
        query = select(CaseOfferRow.case_id).where(
            CaseOfferRow.case_id.in_(ids[start : start + BATCH]), CaseOfferRow.direction == "out"
        )
        found.update(session.scalars(query))
    return found


def _line(
    context: CaseContext, session: Session, place: int, entry: LedgerEntry, case: CaseRow, travelled: bool
) -> LedgerLine:
    version = context.version(session, case.item_version)
    name = str((case.personal or {}).get("applicant", {}).get("name", ""))
    return LedgerLine(
        place=place,
        at=local_time(entry.at),
        number=case.number,
        item=(version.name_zh, version.name_en) if version is not None else (case.item_code, case.item_code),
        applicant=mask_name(name),
        channel=case.channel,
        handling=case.handling,
        status=case.status,
        status_words=STATUS_WORDS[case.status],
        travelled=travelled,
        custodian=context.name_of(session, case.custodian),
        post=case.post,
        closed_at=case.closed_at,
        index=entry.index,
        leaf=entry.leaf.hex(),
    )
