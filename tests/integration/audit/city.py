"""A city on the web with an auditor, and rounds written into its database as the judging leaves them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from flask import Flask

from federation import canonical
from federation.audit import Answered
from federation.founding import found_top
from federation.history import record_statement
from federation.keys import Identity
from federation.merkle import leaf_hash, prove_inclusion, tree_root
from federation.ports import Limits
from federation.routing import scope_of
from federation.statements import issue_statement, read_statement
from node.audit import pages as audit_pages
from node.audit.context import AuditContext
from node.audit.judging import judge_round
from node.audit.rulebook import build_rulebook
from node.audit.rules import State, split_answers
from node.audit.tables import AnswerRow, RoundRow
from node.exchange.queueing import EventQueue
from node.exchange.stores import SqlDatabase, Surroundings
from node.kernel.clock import FixedClock
from node.kernel.database import Database
from node.ledger.service import record
from node.people import pages as people_pages
from node.people.founding import Founding, found_institution
from node.people.gate import MastheadReader, StaffGate
from node.people.passwords import HashCost, Passwords
from node.people.service import NewStaff, add_staff, prepare_staff
from node.people.sign_in import SignIn
from node.ui.application import build_web
from node.ui.parts import WebSettings
from tests.integration.audit.network import CASE, Weekdays
from tests.unit.federation.members import CITY, COUNTY, NETWORK, NOW, keys_of, name_of, subject_of

PASSWORD = "correct-horse-battery"
AUDITOR, CLERK = "wu.jing", "chen"
ORIGIN = f"{name_of(COUNTY)}/ledger/1"
SIZE = 1_204


class City:
    """The node, its application, and its rounds."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.clock = database, FixedClock(NOW)
        self.identity = Identity(NETWORK, CITY, "city", keys_of(CITY), None)
        self.stores = SqlDatabase(database, Surroundings(name_of(CITY), self.clock, folder / "blobs"))
        queue = EventQueue(self.stores, lambda: self.identity, self.clock, Limits())
        self.context = AuditContext(
            identity=lambda: self.identity,
            clock=self.clock,
            limits=Limits(),
            stores=self.stores.within,
            queue=queue,
            record=record,
            rulebook=lambda session: build_rulebook(session, Weekdays(), lambda _session, _name: None),
        )
        self.passwords = Passwords(HashCost(memory_kib=8, passes=1, lanes=1, parallel=2))
        self._found()
        self.lines = [self._line(number) for number in range(SIZE)]
        self.leaves = [leaf_hash(line) for line in self.lines]

    def _found(self) -> None:
        with self.stores.transaction() as tx:
            chain = found_top(tx, self.identity, "南通市政务服务中心", scope_of(CITY, "city"), NOW)
            own = read_statement(chain[-1])
            county = issue_statement(keys_of(CITY).node, own, subject_of(COUNTY), NOW)
            record_statement(tx.members, read_statement(county), NOW, "join", "child")
        founding = Founding("city", CITY, "南通市", phone="0513-59001234", address="工农南路150号")
        with self.database.transaction() as session:
            found_institution(session, founding, self.clock)
        for login, name, post in ((AUDITOR, "吴静", "审计人员"), (CLERK, "陈建国", "窗口人员1号")):
            prepared = prepare_staff(self.passwords, NewStaff(login, name, (post,), password=PASSWORD))
            with self.database.transaction() as session:
                add_staff(session, prepared, self.clock)

    def app(self) -> Flask:
        """Both sides of the city."""
        doors = SignIn(self.database, self.passwords, self.clock)
        return build_web(
            WebSettings("all", "a secret of this test node", demo=True, rate_limits=False),
            gate=StaffGate(doors, self.clock),
            masthead=MastheadReader(self.database),
            clock=self.clock,
            database=self.database,
            parts=(people_pages.part, audit_pages.part),
            services=[doors, self.passwords, self.context],
        )

    def _line(self, number: int) -> bytes:
        fact = {
            "v": 1,
            "id": "0e3d6a1c-7a55-4f5f-9d0a-6b1f6c2f8a11",
            "type": "case.submit",
            "at": "2026-11-24T06:29:00Z",
            "day": "2026-11-24",
            "actor": "applicant",
            "post": "窗口人员1号",
            "case": CASE,
            "from": "DRAFT",
            "to": "RECEIVED",
            "number": f"{COUNTY}20261124{number + 1:05d}",
            "clocks": [{"id": "T1", "started_on": "2026-11-24", "used_days": 0, "due_on": "2026-12-01"}],
        }
        return canonical.dump(fact)

    def round(self, state: State, drawn: list[int], named: list[int] | None = None) -> str:
        """A round in a state, not judged."""
        with self.database.transaction() as session:
            row = RoundRow(
                id=f"6f1f1d0e-8f0e-4f57-9a0f-{len(drawn):012d}",
                target=COUNTY,
                origin=ORIGIN,
                period_end=NOW,
                count=max(len(drawn), 1),
                wanted=named or [],
                commitment="ab" * 32,
                secret={"seed": "cd" * 32},
                state=state.value,
                actor="machine",
                post="",
                created_at=NOW - timedelta(minutes=5),
                seal_due=NOW + timedelta(days=3),
                answer_within_s=3600,
                witness=name_of(CITY),
            )
            if state is not State.COMMITTED:
                row.head_size, row.head_root = SIZE, tree_root(self.leaves)
                row.cosigned_at = row.sealed_at = row.challenged_at = NOW
                row.start, row.drawn, row.named = 100, drawn, named or []
                row.due = NOW + timedelta(hours=1)
            session.add(row)
        return row.id

    def judged(
        self, drawn: list[int], named: list[int] | None = None, changed: dict[int, bytes] | None = None
    ) -> str:
        """A round whose answers were judged; `changed` lines are shown instead of the true ones."""
        round_id = self.round(State.CHALLENGED, drawn, named)
        asked = sorted({*drawn, *(named or [])})
        shown = {index: (changed or {}).get(index, self.lines[index]) for index in asked}
        answers = [
            Answered(index, line, tuple(prove_inclusion(self._read, index, SIZE)))
            for index, line in shown.items()
            if line != b""
        ]
        with self.database.transaction() as session:
            row = session.get(RoundRow, round_id)
            assert row is not None
            data = [{"round": round_id, "entries": part} for part in split_answers(answers, 30_000)]
            for place, part in enumerate(data):
                session.add(AnswerRow(round_id=round_id, place=place, received_at=NOW, data=part))
            row.answered_at = NOW
            judge_round(self.context, session, row, data)
            row.state = State.JUDGED.value
        return round_id

    def _read(self, level: int, start: int, stop: int) -> list[bytes]:
        return [tree_root(self.leaves[index << level : (index + 1) << level]) for index in range(start, stop)]
