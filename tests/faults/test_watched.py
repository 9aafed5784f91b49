"""What goes further than a neighbour is watched: late, undeliverable, refused, sealed anew; ledgers begun anew."""

from __future__ import annotations

from federation.event import parse_entry
from node.catalogue.rules import Handling
from node.exchange.awaited import troubles_of
from tests.faults.test_losses import begin_ledger_anew, lie
from tests.integration.cases.stories import proxied
from tests.support.stations import COUNTY, TOWNSHIP, VILLAGE, Line, Station

FAR = proxied("county", Handling.IMMEDIATE)


def kinds(station: Station, subject: str) -> list[tuple[str, str]]:
    """Troubles with a subject: their kind, and reason."""
    with station.node.database.reading() as session:
        return [(one.kind, one.reason) for one in troubles_of(session, subject)]


def test_what_its_destination_acknowledged_is_never_late(line: Line) -> None:
    village = line[VILLAGE]
    number = village.hand_in(FAR)
    village.offer(number)
    line.settle()
    line.later(days=4)
    village.node.awaited.run()
    assert kinds(village, village.case(number).id) == []
    assert "relay-unacknowledged" not in village.alerts()


def test_the_time_of_a_receipt_is_noted_once_while_it_is_the_newest(line: Line) -> None:
    village = line[VILLAGE]
    number = village.hand_in(FAR)
    village.offer(number)
    assert village.node.receipts.run() == 0
    line.work(VILLAGE)
    line.work(VILLAGE)
    assert village.node.receipts.run() == 1
    assert village.node.receipts.run() == 0
    (offer,) = village.view().cases.made.values()
    assert (offer.state, offer.is_received) == ("WAITING", True)


def test_what_a_township_drops_shows_as_late_where_it_began_once_and_is_alerted(line: Line) -> None:
    village = line[VILLAGE]
    number = village.hand_in(FAR)
    village.offer(number)
    lie(line, lambda rows: [])
    village.node.awaited.run()
    assert kinds(village, village.case(number).id) == [], "not before a working day has gone by"
    line.later(days=2)
    assert village.node.awaited.run() == 1
    assert village.node.awaited.run() == 0
    assert kinds(village, village.case(number).id) == [("late", "")]
    assert "relay-unacknowledged" in village.alerts()


def test_what_cannot_be_routed_is_shown_and_alerted_and_moves_nothing(line: Line) -> None:
    village = line[VILLAGE]
    with village.node.database.transaction() as session:
        village.node.queue(session, destination="320623101009", subject="s", type="test.greeting.v1", data={})
    for _ in range(4):
        line.work()
    assert kinds(village, "s") == [("undeliverable", "")]
    assert "entry-undeliverable" in village.alerts()


def test_what_was_sealed_to_a_lost_key_goes_again_sealed_to_the_newest(line: Line) -> None:
    village, county = line[VILLAGE], line[COUNTY]
    number = village.hand_in(FAR)
    village.offer(number)
    county.node.own_statement.rotate()
    county.stop()
    for kept in (county.folder / "keys").glob("*/seal-*.pem"):
        kept.unlink()
    county.start()
    for _ in range(6):
        line.work()
    village.node.awaited.run()
    line.settle()
    case = village.case(number)
    assert case.custodian == COUNTY
    assert county.case(number).personal is not None
    assert kinds(village, case.id) == []
    with village.node.database.reading() as session:
        logs = village.node.stores.within(session).logs
        lines = logs.entries(f"nantong.example/{VILLAGE}/up/1", 0, 100)
    offered = [parse_entry(one.line or b"") for one in lines]
    assert [one.type for one in offered].count("case.offered.v1") == 2


def test_a_ledger_begun_anew_is_witnessed_once_the_parent_has_confirmed(line: Line) -> None:
    township, county = line[TOWNSHIP], line[COUNTY]
    yesterday = township.copy()
    for _ in range(3):
        township.hand_in(proxied("county", Handling.IMMEDIATE), "clerk")
    line.settle()
    township.restore(yesterday)
    for _ in range(4):
        line.work()
    begin_ledger_anew(township)
    for _ in range(4):
        line.work()
    assert "epoch-waiting" in county.alerts()
    assert township.node.ledger.status().witnessed == 0
    origin = county.node.repair.confirm_epoch(TOWNSHIP, "电话核实:数据库由备份恢复")
    assert origin == f"nantong.example/{TOWNSHIP}/ledger/2"
    line.settle()
    status = township.node.ledger.status()
    assert status.witnessed == status.size > 0
