"""Whole nodes in one process, village under township under county, each on its own data folder: stopped, restored, started.

    line = Line(tmp_path, prepared)            # three nodes, each where `prepare` left it
    village = line[VILLAGE]
    number = village.hand_in(item)             # a matter at its desk, its real database, its real streams
    line.settle()                              # everybody works until nothing moves; time passes
    backup = village.copy()                    # …
    village.restore(backup)

Time stands until `line.later`. The line between a node and its parent can be cut, lie, or the parent be stopped.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

from config.loading import load_settings
from federation.answers import answer_refusal
from federation.errors import FederationError, ProtocolError, TransportError
from federation.joining import join
from federation.ports import Request, Response
from node.cases.acts import do_act
from node.cases.register import Registration, register
from node.cases.tables import CaseRow
from node.catalogue.rules import ItemVersion
from node.cli import founding, joining
from node.container import Container, build
from node.kernel.clock import FixedClock
from node.kernel.problems import Problem
from tests.integration.cases.network import Node as Office
from tests.integration.cases.stories import APPLICANT
from tests.support.checking import NodeView, read_node, readable, secrets_of, unfinished, violations

COUNTY, TOWNSHIP, VILLAGE = "320623000000", "320623101000", "320623101001"
CODES = (COUNTY, TOWNSHIP, VILLAGE)
NAMES = {COUNTY: "如东县政务服务中心", TOWNSHIP: "掘港街道便民服务中心", VILLAGE: "人民路社区便民服务室"}
LEVELS = {COUNTY: "county", TOWNSHIP: "township", VILLAGE: "village"}
PARENTS: Mapping[str, str | None] = {COUNTY: None, TOWNSHIP: COUNTY, VILLAGE: TOWNSHIP}
NETWORK = "nantong.example"
START = "2026-11-24T01:00:00+00:00"  # a Tuesday, 9:00 in Nantong
ROUND = timedelta(seconds=301)
"""Time between two rounds: past every retry and every interval."""
HEAD_FILE = "heads.json"
Tamper = Callable[[Request, Response], Response]


class Wire:
    """The way to the parent (`federation.ports.Transport`); nobody answers while it is cut or the parent is stopped."""

    def __init__(self, parent: Callable[[], Container | None]) -> None:
        self._parent = parent
        self.is_cut = False

    def send(self, base_url: str, request: Request) -> Response:
        """One request and its answer; a parent that cannot store says that it is busy, as its endpoints do."""
        above = self._parent()
        if self.is_cut or above is None:
            raise TransportError("nobody answers")
        try:
            return above.server.handle(request)
        except (Problem, FederationError):
            return answer_refusal(ProtocolError("busy", 503)).response


class Station:
    """One node: its folder outlives the program that runs on it."""

    def __init__(self, code: str, folder: Path, clock: FixedClock, parent: Station | None) -> None:
        self.code, self.folder, self.clock, self.parent = code, folder, clock, parent
        self.wire = Wire(lambda: None if parent is None else parent.program)
        self.program: Container | None = None

    @property
    def node(self) -> Container:
        """The running program."""
        assert self.program is not None, f"{self.code} is stopped"
        return self.program

    def start(self) -> None:
        """Run, as `serve` does."""
        transport = None if self.parent is None else self.wire
        self.program = build(load_settings(self.folder, {}), self.clock, transport)
        self.program.writer.check_heads()

    def stop(self) -> None:
        """End; what was only in memory is gone."""
        if self.program is not None:
            self.program.leases.give_back()
            self.program.close()
        self.program = None

    def work(self) -> int:
        """One pass of everything it does by itself; returns how much moved. Nothing while it is stopped."""
        if self.program is None:
            return 0
        moved = self.program.local.run()
        if self.program.link is not None:
            moved += self.program.link.run()
        return moved + self.program.local.run()

    # --- its disk ----------------------------------------------------------------------------------------------

    def copy(self) -> bytes:
        """The database, as a backup has it: without keys and head file."""
        path = self.folder / "node.db"
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(":memory:")) as target:
            source.backup(target)
            return target.serialize()

    def restore(self, backup: bytes) -> None:
        """Put an old copy of the database in the place of this one, and start."""
        self.stop()
        for path in self.folder.glob("node.db*"):
            path.unlink()
        (self.folder / "node.db").write_bytes(backup)
        self.start()

    def lose_heads(self) -> None:
        """The head file is gone."""
        (self.folder / HEAD_FILE).unlink()

    # --- its desk ----------------------------------------------------------------------------------------------

    @property
    def office(self) -> Office:
        """Its staff."""
        return Office(self.code, self.node.database, self.node.cases)

    def hand_in(
        self, version: ItemVersion, role: str = "agent", present: frozenset[str] | None = None
    ) -> str:
        """Somebody comes, with everything that is needed when `present` is None; returns the case number."""
        if present is None:
            present = frozenset(material.id for material in version.materials)
        with self.node.database.transaction() as session:
            given = Registration(version.code, APPLICANT, {}, present, "window")
            made = register(self.node.cases, session, given, self.office.worker(role))
            return made.case.number

    def do(self, number: str, act: str, *roles: str, **body: Any) -> None:
        """One act of a desk."""
        with self.node.database.transaction() as session:
            do_act(self.node.cases, session, number, act, self.office.worker(*roles), body)

    def offer(self, number: str) -> None:
        """Hand a matter on to who handles it."""
        self.do(number, "offer", "agent" if self.code == VILLAGE else "clerk", entrustment_signed=True)

    def case(self, number: str) -> CaseRow:
        """A case as it stands here."""
        return self.office.case(number)

    def alerts(self) -> set[str]:
        """Codes of its open alerts."""
        with self.node.database.reading() as session:
            return {row.code for row in self.node.stores.within(session).open_alerts()}

    def view(self) -> NodeView:
        """What the judge reads."""
        return read_node(self.node)


class Line:
    """County, township, village, on copies of prepared folders."""

    def __init__(self, folder: Path, prepared: Path) -> None:
        shutil.copytree(prepared, folder)
        self.clock = FixedClock(START)
        self.stations: dict[str, Station] = {}
        for code in CODES:
            above = PARENTS[code]
            parent = None if above is None else self.stations[above]
            self.stations[code] = Station(code, folder / code, self.clock, parent)
            self.stations[code].start()
        self.settle()

    def __getitem__(self, code: str) -> Station:
        return self.stations[code]

    def close(self) -> None:
        """Stop every node."""
        for station in self.stations.values():
            station.stop()

    def later(self, **span: float) -> None:
        """Time passes: `hours=1`."""
        self.clock.advance(timedelta(**span))

    def work(self, *codes: str) -> int:
        """One pass of these nodes, or of all, from below."""
        self.clock.advance(ROUND)
        return sum(self.stations[code].work() for code in codes or reversed(CODES))

    def settle(self, *codes: str, rounds: int = 60) -> None:
        """These nodes, or all, work until nothing moves.

        Raises:
            AssertionError: it does not come to rest.
        """
        still = 0
        for _ in range(rounds):
            still = still + 1 if self.work(*codes) == 0 else 0
            if still == 2:
                return
        raise AssertionError("the line does not come to rest")

    # --- the judge ---------------------------------------------------------------------------------------------

    def views(self) -> list[NodeView]:
        """All nodes as the judge reads them."""
        return [station.view() for station in self.stations.values()]

    def wrong(self, shown: Iterable[str] = ()) -> list[str]:
        """What does not hold now."""
        folders = {code: station.folder for code, station in self.stations.items()}
        return [*violations(self.views(), shown), *readable(folders, secrets_of(APPLICANT))]

    def left(self, shown: Iterable[str] = ()) -> list[str]:
        """What is not finished, once all are at rest."""
        return unfinished(self.views(), shown)


def prepare(folder: Path) -> None:
    """Found the county, invite and join the others; leaves three stopped nodes, each in a folder named by its code."""
    clock = FixedClock(START)
    for code in CODES:
        above = PARENTS[code]
        values = {
            "network": NETWORK,
            "code": code,
            "level": LEVELS[code],
            "name": NAMES[code],
            "rate_limits": False,
        }
        keys = founding.prepare_folder(folder / code, values).make_keys()
        ground = founding.open_new(folder / code, values, clock)
        if above is None:
            founding.found_network(ground)
        else:
            parent = Station(above, folder / above, clock, None)
            parent.program = build(load_settings(folder / above, {}), clock, _nobody(above))
            invited = parent.node.administration.invite(code, LEVELS[code], NAMES[code]).invitation
            chain = join(invited, keys, Wire(lambda program=parent.program: program), clock)
            assert chain is not None, "a first enrolment is answered with a chain"
            joining.keep_membership(ground, invited, chain)
            parent.stop()
        founding.establish(ground)
        ground.close()


def _nobody(code: str) -> Wire:
    return Wire(lambda: None)


def sentences(found: Sequence[str]) -> set[str]:
    """The kinds of what was found."""
    return {sentence.partition(":")[0] for sentence in found}
