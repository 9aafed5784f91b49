"""A full disk: one clear sentence, nothing half-written, and everything goes on once there is room (federation.md §9.1)."""

from __future__ import annotations

import json
import resource
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event

from node.catalogue.rules import Handling
from node.kernel.problems import EXIT_STORAGE, Problem
from tests.integration.cases.stories import VILLAGE_OWN, proxied
from tests.support.processes import COMMAND, ROOT, environment, run
from tests.support.stations import TOWNSHIP, VILLAGE, Line, Station

UP = proxied("township", Handling.IMMEDIATE)
SPACE = 400_000  # bytes a file may have: the keys fit, the database does not


@contextmanager
def without_space(station: Station) -> Iterator[None]:
    """The database of a node cannot grow by a single page."""

    def limit(connection: Any, _: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages}")

    vacuum(station)
    station.node.database.engine.dispose()
    event.listen(station.node.database.engine, "connect", limit)
    try:
        yield
    finally:
        event.remove(station.node.database.engine, "connect", limit)
        station.node.database.engine.dispose()


def vacuum(station: Station) -> None:
    """No page of the database is free."""
    station.node.database.engine.dispose()
    with closing(sqlite3.connect(station.folder / "node.db")) as connection:
        connection.execute("VACUUM")


def fill(station: Station) -> list[str]:
    """Hand in matters until the disk is full; returns the numbers that were given."""
    numbers: list[str] = []
    problem: Problem | None = None
    while problem is None and len(numbers) < 200:
        try:
            numbers.append(station.hand_in(VILLAGE_OWN))
        except Problem as refusal:
            problem = refusal
    assert problem is not None, "the disk never was full"
    assert (problem.code, problem.status) == ("disk-full", 507)
    assert "磁盘已满" in problem.sentence("zh")
    assert "nothing of this was saved" in problem.sentence("en")
    return numbers


def test_a_desk_whose_disk_is_full_registers_nothing_by_half(line: Line) -> None:
    village = line[VILLAGE]
    with without_space(village):
        numbers = fill(village)
        assert sorted(held.number for held in village.view().cases.cases.values()) == numbers
    after = village.hand_in(VILLAGE_OWN)
    assert int(after[20:]) == len(numbers) + 1, "no number was spent in vain"
    line.settle()
    assert line.wrong() == []
    assert line.left() == []


def test_a_parent_whose_disk_is_full_receipts_nothing_and_gets_it_later(line: Line) -> None:
    village, township = line[VILLAGE], line[TOWNSHIP]
    for _ in range(60):
        village.offer(village.hand_in(UP))
    with without_space(township):
        for _ in range(6):
            line.work(VILLAGE)
        links = village.node.administration.overview().links
        assert links["push"].code == "busy"
        state = township.view()
        held = {origin: log for origin, log in state.logs.items() if log.role == "peer-up"}
        assert [log.size for log in held.values()] in ([], [0])
        assert not any(offer.is_received for offer in village.view().cases.made.values())
    line.settle()
    assert len(township.view().cases.cases) == 60
    assert line.wrong() == []
    assert line.left() == []


def init(folder: Path, limit: int | None) -> tuple[int, dict[str, Any]]:
    """`bianmin init` of a top, its files at most so long."""

    def restrict() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    told = ("--network", "nantong.example", "--code", TOWNSHIP, "--level", "township", "--name", "掘港街道")
    done = subprocess.run(
        [*COMMAND, "init", "--data", str(folder), *told, "--json"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=restrict,
    )
    return done.returncode, json.loads(done.stdout)


def test_a_node_that_finds_no_room_says_so_and_can_be_founded_afterwards(tmp_path: Path) -> None:
    code, told = init(tmp_path / "node", SPACE)
    assert (code, told["type"]) == (EXIT_STORAGE, "urn:bianmin:problem:disk-full")
    assert "磁盘已满" in told["title"]
    code, told = init(tmp_path / "node", None)
    assert (code, told.get("type")) == (0, None)
    assert run("fsck", "--data", str(tmp_path / "node"))["holds"] is True
