"""A line of three nodes in one process: the real client, server, writer, inbox and ledger, each on a database of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from federation.client import Client
from federation.founding import found_top
from federation.inbox import Inbox
from federation.issuing import invite
from federation.joining import join, keep_chain
from federation.keys import Identity
from federation.ports import Limits, Request, Response
from federation.routing import scope_of
from federation.server import Server
from federation.standing import standing_handlers
from federation.writer import LogWriter
from node.audit.context import AuditContext
from node.audit.incoming import audit_handlers, audit_steps, audit_timers
from node.audit.rulebook import build_rulebook
from node.audit.service import open_round
from node.audit.tables import AskedRow, FindingRow, LeafRow, RoundRow
from node.exchange.heads import DiskHeadFile
from node.exchange.queueing import EventQueue
from node.exchange.stores import SqlDatabase, Surroundings
from node.exchange.tables import AlertRow
from node.kernel.clock import FixedClock
from node.kernel.database import Database
from node.kernel.timers import TimerRunner
from node.ledger.rules import FactDraft
from node.ledger.sequencer import LedgerSequencer
from node.ledger.service import record
from node.ledger.tables import FactRow
from tests.unit.federation.members import CITY, COUNTY, LEVEL_OF, NETWORK, NOW, TOWNSHIP, keys_of, name_of

PARENT_OF = {CITY: None, COUNTY: CITY, TOWNSHIP: COUNTY}
CASE = "0e3d6a1c-7a55-4f5f-9d0a-6b1f6c2f8a11"
LIMITS = Limits()


class Weekdays:
    """Monday to Friday."""

    def due(self, start: date, workdays: int) -> tuple[date, bool]:
        day = start
        while workdays > 0:
            day += timedelta(days=1)
            workdays -= day.weekday() < 5
        return day, False

    def between(self, start: date, end: date) -> int:
        return sum((start + timedelta(days=n)).weekday() < 5 for n in range(1, (end - start).days + 1))


@dataclass
class Wire:
    """Carries requests to the parent in this process."""

    deliver: Callable[[Request], Response]

    def send(self, _base_url: str, request: Request) -> Response:
        return self.deliver(request)


class Node:
    """One node."""

    def __init__(
        self, code: str, database: Database, folder: Path, clock: FixedClock, parent: Node | None
    ) -> None:
        self.code, self.database, self.clock, self.parent = code, database, clock, parent
        self.identity = Identity(
            NETWORK, code, LEVEL_OF[code], keys_of(code), None if parent is None else parent.code
        )
        folder.mkdir(parents=True)
        self.stores = SqlDatabase(database, Surroundings(name_of(code), clock, folder / "blobs"))
        self.heads = DiskHeadFile(folder / "heads.json")
        args = (lambda: self.identity, self.stores, self.heads, clock, LIMITS)
        self.writer = LogWriter(*args)
        self.writer.check_heads()
        self.server = Server(*args)
        self.wire = Wire(parent.server.handle) if parent is not None else None
        self._join()
        self.client = (
            None
            if self.wire is None
            else Client(*args, self.wire, lambda: f"https://{PARENT_OF[code]}.example", self.writer)
        )
        self.queue = EventQueue(self.stores, lambda: self.identity, clock, LIMITS)
        self.context = AuditContext(
            identity=lambda: self.identity,
            clock=clock,
            limits=LIMITS,
            stores=self.stores.within,
            queue=self.queue,
            record=record,
            rulebook=lambda session: build_rulebook(session, Weekdays(), lambda _session, _name: None),
        )
        self.steps = audit_steps(self.context, database)
        self.timers = TimerRunner(database, clock, audit_timers(self.context))
        handlers = {**standing_handlers(lambda: self.identity, clock), **audit_handlers(self.context)}
        self.inbox = Inbox(lambda: self.identity, self.stores, clock, LIMITS, handlers)
        self.ledger = LedgerSequencer(
            database, self.stores.within, lambda: self.identity, self.heads, clock, LIMITS
        )

    def _join(self) -> None:
        now, code = self.clock.now(), self.code
        if self.parent is None or self.wire is None:
            with self.stores.transaction() as tx:
                found_top(tx, self.identity, "南通市", scope_of(code, self.identity.level), now)
            return
        with self.parent.stores.transaction() as tx:
            invitation = invite(
                tx,
                self.parent.identity,
                code=code,
                level=self.identity.level,
                name="便民服务中心",
                parent_url=f"https://{self.parent.code}.example",
                anchor=keys_of(CITY).public.node.kid,
                now=now,
            )
        chain = join(invitation, self.identity.keys, self.wire, self.clock)
        assert chain is not None
        with self.stores.transaction() as tx:
            keep_chain(tx, self.identity, chain, invitation.anchor, now)

    # --- work --------------------------------------------------------------------------------------------------

    def work(self) -> int:
        """One pass of everything a node does by itself."""
        moved = self.inbox.apply().entries + self.steps()
        moved += self.ledger.run()
        if self.client is not None:
            if not self.writer.is_ready("own-up", PARENT_OF[self.code] or ""):
                self.client.check_state()
            moved += int(self.client.submit_ledger())
        with self.database.reading() as session:
            waiting = self.stores.within(session).outbox.waiting()
        moved += sum(self.writer.write_queued(role, peer) for role, peer, _, _ in waiting)
        if self.client is not None:
            moved += self.client.push() + self.client.pull()
        return moved + self.inbox.apply().entries

    def register(self, count: int, **changed: Any) -> None:
        """So many facts of a registered matter, then their places in the ledger."""
        with self.database.transaction() as session:
            before = self.registered(session)
            for number in range(before + 1, before + count + 1):
                values = {
                    "type": "case.submit",
                    "actor": "applicant",
                    "case": CASE,
                    "source": "DRAFT",
                    "target": "RECEIVED",
                    "number": f"{self.code}20261124{number:05d}",
                    **changed,
                }
                record(session, FactDraft(at=self.clock.now(), **values))
        self.ledger.run()

    def registered(self, session: Session) -> int:
        """How many registrations it has."""
        return len(session.scalars(select(FactRow.id).where(FactRow.type == "case.submit")).all())

    def facts(self, prefix: str) -> list[str]:
        """Types of its facts that begin so, in order."""
        with self.database.reading() as session:
            query = select(FactRow.type).where(FactRow.type.startswith(prefix)).order_by(FactRow.position)
            return list(session.scalars(query))

    def alerts(self) -> set[str]:
        """Codes of its alerts."""
        with self.database.reading() as session:
            return set(session.scalars(select(AlertRow.code)))

    # --- the audit ---------------------------------------------------------------------------------------------

    def audit(self, target: str, count: int = 5, **options: Any) -> str:
        """Opens a round; returns its id."""
        with self.database.transaction() as session:
            return open_round(self.context, session, target, count, **options).id

    def round(self, round_id: str) -> RoundRow:
        """A round of its own."""
        with self.database.reading() as session:
            row = session.get(RoundRow, round_id)
        assert row is not None
        return row

    def asked(self, round_id: str) -> AskedRow:
        """A round that was put to it."""
        with self.database.reading() as session:
            row = session.get(AskedRow, round_id)
        assert row is not None
        return row

    def findings(self, round_id: str) -> list[tuple[str, int | None]]:
        """Codes and indices of what a round found."""
        with self.database.reading() as session:
            query = select(FindingRow).where(FindingRow.round_id == round_id).order_by(FindingRow.place)
            return [(row.code, row.idx) for row in session.scalars(query)]

    def leaves(self, round_id: str) -> dict[int, LeafRow]:
        """What was asked for."""
        with self.database.reading() as session:
            return {
                row.idx: row for row in session.scalars(select(LeafRow).where(LeafRow.round_id == round_id))
            }


class Network:
    """City, county, township."""

    def __init__(self, databases: Mapping[str, Database], folder: Path) -> None:
        self.clock = FixedClock(NOW)
        self.nodes: dict[str, Node] = {}
        for code, parent in PARENT_OF.items():
            above = None if parent is None else self.nodes[parent]
            self.nodes[code] = Node(code, databases[code], folder / code, self.clock, above)
        self.settle()

    def __getitem__(self, code: str) -> Node:
        return self.nodes[code]

    def settle(self, rounds: int = 30, *, but: str = "") -> None:
        """All nodes work until nothing moves; `but` is away."""
        for _ in range(rounds):
            moved = [node.work() for code, node in self.nodes.items() if code != but]
            if sum(moved) == 0:
                return
        raise AssertionError(f"the network does not come to rest: {moved}")

    def pass_time(self, step: timedelta, *, but: str = "") -> None:
        """Time passes, timers fire, everybody works."""
        self.clock.advance(step)
        for code, node in self.nodes.items():
            if code != but:
                node.timers.run_due()
        self.settle(but=but)
