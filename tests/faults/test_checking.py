"""The judge itself: it holds its peace over a network in order, and finds what is planted in its databases."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from node.catalogue.rules import Handling
from tests.integration.cases.stories import APPLICANT, VILLAGE_OWN, proxied
from tests.support.checking import read_folders, readable, secrets_of, unfinished, violations
from tests.support.stations import CODES, COUNTY, TOWNSHIP, VILLAGE, Line, sentences

NAME = str(APPLICANT["name"])


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Path:
    """Stopped nodes after matters that stayed, went one and two levels up, and came back."""
    folder = tmp_path_factory.mktemp("busy") / "line"
    line = Line(folder, prepared)
    village = line[VILLAGE]
    numbers = [village.hand_in(VILLAGE_OWN)]
    for level in ("township", "county", "county"):
        numbers.append(village.hand_in(proxied(level, Handling.IMMEDIATE)))
        village.offer(numbers[-1])
    line.settle()
    line[TOWNSHIP].do(numbers[1], "settle", "window_head")
    line[COUNTY].do(numbers[2], "settle", "window_head")
    line.settle()
    line.close()
    return folder


@dataclass
class Stopped:
    """Folders of stopped nodes, and SQL upon them."""

    folder: Path

    @property
    def folders(self) -> Mapping[str, Path]:
        return {code: self.folder / code for code in CODES}

    def sql(self, code: str, statement: str, *values: object) -> int:
        with closing(sqlite3.connect(self.folder / code / "node.db")) as connection, connection:
            return connection.execute(statement, values).rowcount

    def one(self, code: str, statement: str, *values: object) -> tuple[object, ...]:
        with closing(sqlite3.connect(self.folder / code / "node.db")) as connection:
            return tuple(connection.execute(statement, values).fetchone())

    def found(self, shown: frozenset[str] = frozenset()) -> list[str]:
        views = read_folders(self.folders.values())
        secrets = secrets_of(APPLICANT)
        return [*violations(views, shown), *unfinished(views, shown), *readable(self.folders, secrets)]


@pytest.fixture
def stopped(tmp_path: Path, busy: Path) -> Stopped:
    shutil.copytree(busy, tmp_path / "line")
    return Stopped(tmp_path / "line")


def test_nothing_is_said_about_a_network_in_order(stopped: Stopped) -> None:
    assert stopped.found() == []
    states = [view.cases for view in read_folders(stopped.folders.values())]
    assert [len(view.cases) for view in states] == [2, 1, 4]
    assert sorted(one.state for one in states[2].made.values()) == ["TAKEN", "TAKEN", "TAKEN"]


# --- losses --------------------------------------------------------------------------------------------------

UP = "(SELECT id FROM stream_origin WHERE origin LIKE '%101001/up/1')"


def lose_an_entry(nodes: Stopped) -> None:
    assert nodes.sql(
        TOWNSHIP,
        f"DELETE FROM stream_entry WHERE log_id={UP} AND idx=(SELECT max(idx) FROM stream_entry WHERE log_id={UP})",
    )


def lose_an_effect(nodes: Stopped) -> None:
    assert nodes.sql(
        COUNTY,
        f"DELETE FROM inbox_applied WHERE rowid=(SELECT max(rowid) FROM inbox_applied WHERE log_id={UP})",
    )


def lose_an_offer(nodes: Stopped) -> None:
    assert nodes.sql(TOWNSHIP, "DELETE FROM case_offer WHERE direction='in'")


def lose_a_case(nodes: Stopped) -> None:
    (case_id,) = nodes.one(VILLAGE, 'SELECT id FROM "case" ORDER BY number LIMIT 1')
    nodes.sql(VILLAGE, 'DELETE FROM "case" WHERE id=?', case_id)


# --- doubles -------------------------------------------------------------------------------------------------


def double_an_effect(nodes: Stopped) -> None:
    assert nodes.sql(
        TOWNSHIP,
        "INSERT INTO inbox_applied SELECT log_id, destination, subject, seq + 1, entry_id, leaf FROM inbox_applied"
        f" WHERE rowid=(SELECT max(rowid) FROM inbox_applied WHERE log_id={UP})",
    )


def double_a_taking(nodes: Stopped) -> None:
    row = "'00000000-0000-4000-8000-000000000000'"
    (names,) = nodes.one(
        COUNTY, "SELECT group_concat(name) FROM pragma_table_info('case_offer') WHERE name <> 'id'"
    )
    statement = f"INSERT INTO case_offer (id,{names}) SELECT {row},{names} FROM case_offer WHERE direction='in' LIMIT 1"
    assert nodes.sql(COUNTY, statement)


def double_a_registration(nodes: Stopped) -> None:
    assert nodes.sql(
        VILLAGE,
        "UPDATE fact SET type='case.submit' WHERE rowid=(SELECT max(rowid) FROM fact WHERE case_id IS NOT NULL)",
    )


def double_a_custodian(nodes: Stopped) -> None:
    (case_id,) = nodes.one(COUNTY, "SELECT id FROM \"case\" WHERE custodian='320623000000'")
    nodes.sql(VILLAGE, "UPDATE \"case\" SET custodian=?, custody_state='HERE' WHERE id=?", VILLAGE, case_id)


# --- other things --------------------------------------------------------------------------------------------


def swap_effects(nodes: Stopped) -> None:
    subject = (
        f"(SELECT subject FROM inbox_applied WHERE log_id={UP} GROUP BY subject HAVING count(*) > 1 LIMIT 1)"
    )
    rows = f"log_id={UP} AND subject={subject} AND destination='{COUNTY}'"
    assert nodes.sql(COUNTY, f"UPDATE inbox_applied SET rowid=100000 - rowid WHERE {rows}") > 1


def alter_an_entry(nodes: Stopped) -> None:
    assert nodes.sql(
        TOWNSHIP, f"UPDATE stream_entry SET line=CAST('{{}}' AS BLOB) WHERE log_id={UP} AND idx=0"
    )


def invent_an_effect(nodes: Stopped) -> None:
    assert nodes.sql(
        TOWNSHIP,
        "UPDATE inbox_applied SET entry_id='made-up'"
        f" WHERE rowid=(SELECT max(rowid) FROM inbox_applied WHERE log_id={UP})",
    )


def invent_an_offer(nodes: Stopped) -> None:
    assert nodes.sql(TOWNSHIP, "UPDATE case_offer SET id='made-up' WHERE direction='in'")


def leave_a_case_without_custodian(nodes: Stopped) -> None:
    for code in CODES:
        nodes.sql(code, "UPDATE \"case\" SET custodian='320600000000' WHERE custodian='320623000000'")


def change_a_mirror(nodes: Stopped) -> None:
    (case_id,) = nodes.one(COUNTY, "SELECT id FROM \"case\" WHERE custodian='320623000000'")
    assert nodes.sql(VILLAGE, "UPDATE case_change SET target='CLOSED' WHERE case_id=?", case_id)


def leave_a_gap_in_the_numbers(nodes: Stopped) -> None:
    assert nodes.sql(
        VILLAGE, "UPDATE \"case\" SET number=substr(number, 1, 20) || '00099' WHERE number LIKE '%00001'"
    )


def leave_something_queued(nodes: Stopped) -> None:
    assert nodes.sql(
        VILLAGE,
        "INSERT INTO outbox_entry (role, peer, id, type, subject, destination, time, data)"
        " VALUES ('own-up', ?, 'x', 'x.v1', 's', ?, '2026-11-24T01:00:00Z', CAST('{}' AS BLOB))",
        TOWNSHIP,
        TOWNSHIP,
    )


def write_a_name_into_a_file(nodes: Stopped) -> None:
    (nodes.folder / COUNTY / "node.log").write_text(f"registered {NAME}\n", encoding="utf-8")


def write_a_name_as_escapes(nodes: Stopped) -> None:
    (nodes.folder / COUNTY / "blobs" / "x").write_text(json.dumps({"name": NAME}), encoding="ascii")


def write_a_name_into_a_row(nodes: Stopped) -> None:
    nodes.sql(TOWNSHIP, 'UPDATE "case" SET post=?', NAME)


@pytest.mark.parametrize(
    ("plant", "expected"),
    [
        (lose_an_entry, {"lost", "fsck"}),
        (lose_an_effect, {"lost"}),
        (lose_an_offer, {"lost"}),
        (lose_a_case, {"registered"}),
        (double_an_effect, {"doubled"}),
        (double_a_taking, {"doubled", "invented"}),
        (double_a_registration, {"registered"}),
        (double_a_custodian, {"custodian"}),
        (swap_effects, {"disordered"}),
        (alter_an_entry, {"forked", "fsck"}),
        (invent_an_effect, {"invented", "lost"}),
        (invent_an_offer, {"invented", "lost"}),
        (leave_a_case_without_custodian, {"custodian"}),
        (change_a_mirror, {"mirror"}),
        (leave_a_gap_in_the_numbers, {"registered"}),
        (leave_something_queued, {"waiting"}),
        (write_a_name_into_a_file, {"readable"}),
        (write_a_name_as_escapes, {"readable"}),
        (write_a_name_into_a_row, {"readable"}),
    ],
)
def test_what_is_planted_is_found(
    stopped: Stopped, plant: Callable[[Stopped], None], expected: set[str]
) -> None:
    plant(stopped)
    assert expected <= sentences(stopped.found())


def test_an_offer_shown_as_received_that_is_gone_is_found(stopped: Stopped) -> None:
    assert sentences(stopped.found(shown=frozenset({"an-offer"}))) == {"lost"}
