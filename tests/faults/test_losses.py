"""Parents away, old copies, clones, lost head files, relays that lie: over whole nodes with real matters (federation.md §5 Loss)."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import delete, select

from federation import canonical
from node.cases.states import Status
from node.catalogue.rules import Handling
from node.exchange.sql import table_of
from node.exchange.tables import QueuedEntryRow
from tests.integration.cases.stories import VILLAGE_OWN, proxied
from tests.support.stations import COUNTY, TOWNSHIP, VILLAGE, Line, Station, sentences

UP = proxied("township", Handling.IMMEDIATE)
FAR = proxied("county", Handling.IMMEDIATE)
QUEUED = table_of(QueuedEntryRow)
Row = dict[str, object]


def escalate(line: Line, count: int = 1, version: object = FAR) -> list[str]:
    """So many matters, offered up."""
    village = line[VILLAGE]
    numbers = [village.hand_in(version) for _ in range(count)]  # type: ignore[arg-type]
    for number in numbers:
        village.offer(number)
    return numbers


def arrivals(station: Station) -> list[str]:
    """Numbers of the cases that came to a node, in the order in which they did."""
    offers = station.view().cases.got.values()
    order = {one.subject: place for place, one in enumerate(station.view().effects)}
    cases = station.view().cases.cases
    return [cases[one.case_id].number for one in sorted(offers, key=lambda one: order[one.case_id])]


def assert_whole(line: Line) -> None:
    """Everything holds, and nothing is left over."""
    assert line.wrong() == []
    assert line.left() == []


# --- a parent that is away -----------------------------------------------------------------------------------


def test_a_month_without_the_parent_and_then_everything_in_order(line: Line) -> None:
    village = line[VILLAGE]
    village.wire.is_cut = True
    sent: list[str] = []
    for day in range(30):
        line.later(days=1)
        own = village.hand_in(VILLAGE_OWN)
        village.do(own, "settle", "agent")
        assert village.case(own).status == Status.CLOSED
        sent += escalate(line, version=UP if day % 2 else FAR)
        line.work(VILLAGE)
    assert village.node.ledger.status().waiting == 0, "the ledger goes on"
    assert len(village.view().cases.cases) == 60
    assert not any(offer.is_received for offer in village.view().cases.made.values())
    assert line.wrong() == []
    village.wire.is_cut = False
    line.settle()
    assert_whole(line)
    assert sorted(arrivals(line[COUNTY]) + arrivals(line[TOWNSHIP])) == sorted(sent)
    assert arrivals(line[COUNTY]) == [number for number in sent if number in arrivals(line[COUNTY])]
    assert arrivals(line[TOWNSHIP]) == [number for number in sent if number in arrivals(line[TOWNSHIP])]
    assert village.node.ledger.status().witnessed == village.node.ledger.status().size


# --- old copies ----------------------------------------------------------------------------------------------


def test_a_parent_restored_from_yesterday_gets_everything_again(line: Line) -> None:
    township = line[TOWNSHIP]
    yesterday = township.copy()
    line.later(days=1)
    numbers = escalate(line, 2, UP) + escalate(line, 1, FAR)
    line.settle()
    assert len(arrivals(township)) == 2
    township.restore(yesterday)
    assert township.view().cases.got == {}
    for _ in range(8):
        line.work()
    assert "parent-behind" in line[VILLAGE].alerts()
    assert "database-behind" in township.alerts()
    assert arrivals(township) == numbers[:2]
    assert arrivals(line[COUNTY]) == numbers[2:]
    assert township.view().logs[f"nantong.example/{TOWNSHIP}/ledger/1"].halted == "lost"
    begin_ledger_anew(township)
    line.settle()
    assert {held.custodian for held in line[VILLAGE].view().cases.cases.values()} == {TOWNSHIP, COUNTY}
    assert [one for one in line.wrong() if not one.startswith("fsck")] == []


def test_a_child_restored_from_yesterday_is_brought_up_to_what_it_had_said(line: Line) -> None:
    village = line[VILLAGE]
    known = village.hand_in(UP)
    own = village.hand_in(VILLAGE_OWN)
    line.settle()
    yesterday = village.copy()
    line.later(days=1)
    village.offer(known)
    unknown = escalate(line, 1, FAR)[0]
    line.settle()
    line[TOWNSHIP].do(known, "settle", "window_head")
    line.settle()
    assert village.case(known).status == Status.ISSUED
    village.restore(yesterday)
    for _ in range(8):
        line.work()
    assert {"database-behind", "own-entries-imported", "log-lost"} <= village.alerts()
    begin_ledger_anew(village)
    line.settle()
    assert (village.case(known).custodian, village.case(known).status) == (VILLAGE, Status.ISSUED)
    assert (village.case(own).custodian, village.case(own).status) == (VILLAGE, Status.RECEIVED)
    assert village.case(unknown).custodian == COUNTY
    assert village.hand_in(VILLAGE_OWN) != unknown, "its number is not given again"
    line.settle()
    assert line.left() == []
    wrong = [one for one in line.wrong() if unknown not in one]  # of this one the old copy has no history
    assert sentences(wrong) <= {"fsck", "registered"}, "the facts of the lost ledger are lost"


def begin_ledger_anew(station: Station) -> None:
    """What an operator does about a ledger that is behind its witness."""
    name = f"nantong.example/{station.code}/ledger"
    assert station.node.repair.open_epoch(f"{name}/1", "数据库由备份恢复") == f"{name}/2"


def test_a_deleted_head_file_stops_the_ledger_until_the_parent_has_answered(line: Line) -> None:
    village = line[VILLAGE]
    escalate(line, 1, UP)
    line.settle()
    village.stop()
    village.lose_heads()
    village.wire.is_cut = True
    village.start()
    number = village.hand_in(VILLAGE_OWN)
    line.work(VILLAGE)
    assert village.node.ledger.status().halted != "", "nothing is signed"
    assert village.case(number).status == Status.RECEIVED, "and the desk goes on"
    assert "head-file-missing" in village.alerts()
    village.wire.is_cut = False
    line.settle()
    assert village.node.ledger.status().halted == ""
    assert village.node.ledger.status().waiting == 0
    assert_whole(line)


def test_a_top_without_its_head_file_asks_its_operator(line: Line) -> None:
    county = line[COUNTY]
    escalate(line, 1, FAR)
    line.settle()
    county.stop()
    county.lose_heads()
    county.start()
    county.do(
        county.view().cases.cases[next(iter(county.view().cases.cases))].number, "settle", "window_head"
    )
    line.settle()
    assert county.node.ledger.status().halted == "no-head-file"
    county.node.repair.vouch_for_ledger("头文件随磁盘损坏,数据库完好")
    county.stop()
    county.start()
    line.settle()
    assert county.node.ledger.status().halted == ""
    assert_whole(line)


def test_a_clone_signs_nothing_until_an_operator_has_looked(line: Line, tmp_path: Path) -> None:
    village = line[VILLAGE]
    clone = shutil.copytree(village.folder, tmp_path / "clone")
    sent = escalate(line, 2, UP)
    line.settle()
    village.stop()
    copied = Station(VILLAGE, clone, line.clock, line[TOWNSHIP])
    copied.start()
    copied.offer(copied.hand_in(UP))
    for _ in range(4):
        line.clock.advance(seconds=301)
        copied.work()
    assert copied.view().logs[f"nantong.example/{VILLAGE}/up/1"].halted == "foreign"
    assert "log-foreign" in copied.alerts()
    assert [one.is_received for one in copied.view().cases.made.values()] == [False]
    copied.stop()
    village.start()
    line.settle()
    assert arrivals(line[TOWNSHIP]) == sent
    assert_whole(line)


# --- a relay that lies ---------------------------------------------------------------------------------------

Lie = Callable[[Sequence[Row]], list[Row]]


def lie(line: Line, change: Lie) -> list[Row]:
    """The township changes the relays it is about to pass on; returns them as they were."""
    township = line[TOWNSHIP]
    line[VILLAGE].work()
    line.clock.advance(seconds=301)
    line[VILLAGE].work()
    township.node.local.apply()
    with township.node.database.transaction() as session:
        query = select(QUEUED).where(QUEUED.c.type == "relay.v1").order_by(QUEUED.c.position)
        rows: list[Row] = [dict(row) for row in session.connection().execute(query).mappings()]
        session.connection().execute(delete(QUEUED).where(QUEUED.c.type == "relay.v1"))
        for row in change(rows):
            row = {name: value for name, value in row.items() if name != "position"}
            session.connection().execute(QUEUED.insert(), row)
    for _ in range(4):
        line.work()
    return rows


def altered(row: Row) -> Row:
    """The relayed entry says something else."""
    data = canonical.load_object(bytes(row["data"]))  # type: ignore[call-overload]
    inner = canonical.load_object(base64.b64decode(str(data["entry"])))
    inner["data"] = {**inner["data"], "number": "320623101001" + "2026112499999"}
    data["entry"] = base64.b64encode(canonical.dump(inner)).decode("ascii")
    return {**row, "data": canonical.dump(data)}


def test_what_a_township_repeats_or_reorders_does_no_harm(line: Line) -> None:
    sent = escalate(line, 3)
    rows = lie(line, lambda rows: [*reversed(rows), *rows])
    assert len(rows) >= 3
    line.settle()
    assert sorted(arrivals(line[COUNTY])) == sorted(sent)
    assert_whole(line)


def test_what_a_township_alters_is_found_and_changes_nothing(line: Line) -> None:
    escalate(line, 1)
    lie(line, lambda rows: [altered(row) for row in rows])
    county = line[COUNTY]
    assert county.view().cases.cases == {}
    assert "entry-set-aside" in county.alerts()
    assert "entry-refused" in line[TOWNSHIP].alerts()


def test_what_a_township_invents_is_found_and_changes_nothing(line: Line) -> None:
    before = escalate(line, 1)
    kept = lie(line, lambda rows: list(rows))
    line.settle()
    made_up = [altered(row) for row in kept]
    escalate(line, 1)
    lie(line, lambda rows: [*made_up, *rows])
    assert arrivals(line[COUNTY])[:1] == before
    assert "entry-set-aside" in line[COUNTY].alerts()
    assert all(not one.number.endswith("99999") for one in line[COUNTY].view().cases.cases.values())


def test_what_a_township_drops_shows_where_it_began(line: Line) -> None:
    number = escalate(line, 1)[0]
    lie(line, lambda rows: [])
    line.later(days=2)
    line.settle()
    village = line[VILLAGE]
    assert line[COUNTY].view().cases.cases == {}
    assert village.case(number).custody_state == "OFFERED", "it is not shown as taken"
    assert {one.state for one in village.view().cases.made.values()} == {"WAITING"}
    assert any(sentence.startswith("lost") for sentence in line.left()), "the judge sees it too"


def test_what_a_township_holds_back_waits_as_a_hole_and_is_alerted(line: Line) -> None:
    kept: list[Row] = []

    def hold_back(rows: Sequence[Row]) -> list[Row]:
        kept.extend(rows[:1])
        return list(rows[1:])

    escalate(line, 1)
    lie(line, hold_back)
    line.later(hours=2)
    line.settle()
    assert len(kept) == 1
    township = line[TOWNSHIP]
    with township.node.database.transaction() as session:
        for row in kept:
            session.connection().execute(QUEUED.insert(), {k: v for k, v in row.items() if k != "position"})
    line.settle()
    assert_whole(line)
    assert len(line[COUNTY].view().cases.cases) == 1
