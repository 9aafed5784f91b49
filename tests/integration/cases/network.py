"""Nodes of one network in one process, each with a database of its own, and a courier that carries what they queue.

There is no log and no HTTP here: what a committed transaction queued is handed to its destination in the order of its
sender, its open data checked against the wire's schema and both parts through JSON.
"""

from __future__ import annotations

import itertools
import json
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from federation.events import check_schema
from node.cases.believing import CaseEvent
from node.cases.change import find_case
from node.cases.context import CaseContext, NodeName
from node.cases.incoming import HANDLERS
from node.cases.tables import CaseOfferRow, CaseRow
from node.cases.workers import Worker, staff_worker
from node.catalogue.document import read_catalogue
from node.catalogue.forms import form_book
from node.catalogue.rules import ItemVersion
from node.catalogue.service import shipped_catalogue
from node.exchange import tables as _exchange_tables  # noqa: F401  (the blobs' tables)
from node.exchange.blob_store import SqlBlobStore
from node.kernel.clock import FixedClock
from node.kernel.database import Database
from node.kernel.field_keys import FieldKeys
from node.ledger import service as ledger
from node.ledger.numbers import next_number
from node.ledger.tables import FactRow
from node.people.authority import role_book
from node.people.rules import ALL_ITEMS, Actor, Grant, Holding, Power

VILLAGE, TOWNSHIP, COUNTY, CITY = "320623101001", "320623101000", "320623000000", "320600000000"
NAMES = {
    VILLAGE: NodeName(VILLAGE, "village", "新坝村便民服务室", TOWNSHIP),
    TOWNSHIP: NodeName(TOWNSHIP, "township", "掘港街道便民服务中心", COUNTY),
    COUNTY: NodeName(COUNTY, "county", "如东县政务服务中心", CITY),
    CITY: NodeName(CITY, "city", "南通市政务服务中心"),
}
LINE = (VILLAGE, TOWNSHIP, COUNTY, CITY)


class WeekdayCalendar:
    """Monday to Friday."""

    def due(self, start: date, workdays: int) -> tuple[date, bool]:
        day = start
        while workdays > 0:
            day += timedelta(days=1)
            workdays -= day.weekday() < 5
        while day.weekday() >= 5:
            day += timedelta(days=1)
        return day, False

    def between(self, start: date, end: date) -> int:
        return sum((start + timedelta(days=n)).weekday() < 5 for n in range(1, (end - start).days + 1))


@cache
def catalogue() -> Mapping[str, ItemVersion]:
    """Code → version, of the shipped catalogue."""
    return {v.code: v for v in read_catalogue(shipped_catalogue(), form_book().fields_of).versions}


def item(wanted: Callable[[ItemVersion], bool]) -> ItemVersion:
    """The first item of the real catalogue that fits."""
    return next(version for version in catalogue().values() if wanted(version))


@dataclass(frozen=True)
class Sent:
    """A queued entry."""

    id: str
    source: str
    destination: str
    subject: str
    type: str
    data: dict[str, Any]
    sealed: dict[str, Any] | None
    order: int


class Line:
    """What a node on a line of four knows of the others."""

    def __init__(self, code: str, codes: Sequence[str]) -> None:
        self.code, self.codes = code, codes

    def above(self, session: Session) -> list[NodeName]:
        return [NAMES[code] for code in self.codes[self.codes.index(self.code) + 1 :]]

    def find(self, session: Session, code: str) -> NodeName | None:
        return NAMES.get(code)


@dataclass
class Node:
    """One node: its database, its context, and who works there."""

    code: str
    database: Database
    context: CaseContext
    outbox: deque[Sent] = field(default_factory=deque)
    receipts: dict[str, datetime] = field(default_factory=dict)

    @contextmanager
    def tx(self) -> Iterator[Session]:
        """A transaction; what it queued goes out once it committed."""
        with self.database.transaction() as session:
            yield session

    def worker(self, *roles: str, person: str = "") -> Worker:
        """Staff of the node holding the roles' posts, with the founding authorizations."""
        return staff_worker(self.actor(*roles, person=person), self.context.now())

    def actor(self, *roles: str, person: str = "") -> Actor:
        """The same as an actor."""
        level, today = self.context.level, self.context.today()
        book = role_book()
        holdings, grants = [], []
        for role_id in roles:
            role = book.roles[level][role_id]
            holdings.append(Holding(role_id, role.zh, role_id, role.letters, role.acts, today))
            if role.powers:
                grants.append(
                    Grant(
                        f"a-{role_id}",
                        "organ",
                        role_id,
                        None,
                        frozenset({ALL_ITEMS}),
                        frozenset(Power(power) for power in role.powers),
                        today,
                        today + timedelta(days=365),
                    )
                )
        name = person or f"person-{'-'.join(roles)}"
        return Actor(name, "李芳", name, level, self.code, tuple(holdings), tuple(grants))

    def case(self, number: str) -> CaseRow:
        with self.database.reading() as session:
            return find_case(session, number)

    def knows(self, number: str) -> bool:
        with self.database.reading() as session:
            return session.scalars(select(CaseRow).where(CaseRow.number == number)).first() is not None

    def waiting(self) -> list[CaseOfferRow]:
        with self.database.reading() as session:
            query = select(CaseOfferRow).where(
                CaseOfferRow.direction == "in", CaseOfferRow.state == "WAITING"
            )
            return list(session.scalars(query))

    def lines(self) -> list[bytes]:
        """Every fact's line."""
        with self.database.reading() as session:
            return [bytes(line) for line in session.scalars(select(FactRow.line).order_by(FactRow.position))]

    def act(self, number: str, do: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """One use case on a case in one transaction: `do(context, session, case, …)`."""
        with self.tx() as session:
            return do(self.context, session, find_case(session, number, lock=True), *arguments, **named)


class Network:
    """The nodes and the courier between them."""

    def __init__(self, databases: Mapping[str, Database], keys: FieldKeys, folder: Path) -> None:
        self.clock = FixedClock("2026-11-24T01:30:00+00:00")  # Tuesday, 9:30 in Nantong
        self.carried: list[Sent] = []
        self.counter = itertools.count()
        self.nodes = {
            code: self._node(code, database, list(databases), keys, folder / code)
            for code, database in databases.items()
        }

    def __getitem__(self, code: str) -> Node:
        return self.nodes[code]

    def carry(self, limit: int = 1000) -> int:
        """Hands over everything queued, and what that makes the receivers queue, until nothing is left."""
        count = 0
        while count < limit:
            waiting = [node for node in self.nodes.values() if node.outbox]
            if not waiting:
                return count
            first = min(waiting, key=lambda node: node.outbox[0].order)  # as a tree of streams keeps it
            self.deliver(first.outbox.popleft())
            count += 1
        raise AssertionError("the nodes never stop writing to each other")

    def deliver(self, sent: Sent) -> None:
        """Applies one entry at its destination, as often as it is called."""
        self.carried.append(sent)
        check_schema(sent.type, sent.data)
        self.nodes[sent.source].receipts[sent.id] = self.clock.now()
        node = self.nodes[sent.destination]
        received = CaseEvent(sent.type, sent.source, sent.subject, sent.data, sent.sealed, self.clock.now())
        with node.tx() as session:
            HANDLERS[sent.type](node.context, session, received)

    def days(self, count: int) -> None:
        """Time passes."""
        self.clock.advance(timedelta(days=count))

    def _node(
        self, code: str, database: Database, codes: Sequence[str], keys: FieldKeys, folder: Path
    ) -> Node:
        by_hash = {version.hash: version for version in catalogue().values()}
        receipts: dict[str, datetime] = {}
        outbox: deque[Sent] = deque()

        def queue(
            session: Session,
            *,
            destination: str,
            subject: str,
            type: str,
            data: Mapping[str, Any],
            sealed: Mapping[str, Any] | None = None,
        ) -> str:
            entry = Sent(
                str(uuid.uuid4()),
                code,
                destination,
                subject,
                type,
                json.loads(json.dumps(dict(data))),
                None if sealed is None else json.loads(json.dumps(dict(sealed))),
                next(self.counter),
            )
            if "queued" not in session.info:
                session.info["queued"] = []
                event.listen(session, "after_commit", lambda done: outbox.extend(done.info.pop("queued")))
            session.info["queued"].append(entry)
            return entry.id

        context = CaseContext(
            code=code,
            level=NAMES[code].level,
            name=NAMES[code].name,
            clock=self.clock,
            calendar=WeekdayCalendar(),
            network=Line(code, codes),
            queue=queue,
            record=ledger.record,
            version=lambda session, name: by_hash.get(name),
            in_force=lambda session, wanted, on: catalogue().get(wanted),
            blind=keys.blind_index,
            next_number=next_number,
            blobs=lambda session: SqlBlobStore(session.connection(), folder, self.clock),
            receipt_at=lambda session, case_id, entry_id: receipts.get(entry_id),
            origin=lambda session: f"nantong.example/{code}/ledger/1",
            verify_url=lambda: "https://above.example/verify",
        )
        return Node(code, database, context, outbox, receipts)
