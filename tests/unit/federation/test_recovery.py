"""Old backups, clones, lost disks, on either side: who notices, what comes back, what waits for an operator."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from federation.epoch_opening import EpochError, open_epoch
from federation.errors import LogProofError, ProtocolError, TransportError
from federation.parent_state import LogReport, judge_standing, parse_state
from federation.ports import Limits
from federation.serving_epochs import confirm_up_epoch
from tests.unit.federation.simulated import CITY, COUNTY, applied, assert_whole, pair, put_facts, tell


@pytest.mark.parametrize(
    ("own", "receipted", "head", "parent", "expected"),
    [
        (5, 5, 5, 5, "good"),
        (7, 5, 7, 5, "good"),
        (7, 5, 6, 5, "good"),  # crashed between commit and head file
        (5, 5, None, 5, "good"),
        (5, 5, 5, 3, "parent-lost"),
        (3, 3, 5, 5, "import"),
        (3, 3, 7, 5, "import"),
        (3, 3, 4, 5, "foreign"),
        (3, 3, None, 5, "foreign"),
        (3, 3, 5, 3, "unsent"),
        (4, 2, 5, 3, "unsent"),
        (4, 4, 5, 3, "behind"),
        (0, 0, None, 0, "good"),
    ],
)
def test_three_sizes_say_what_happened(
    own: int, receipted: int, head: int | None, parent: int, expected: str
) -> None:
    assert judge_standing(own, receipted, head, parent) == expected


GOOD_STATE = {
    "up": {"epoch": 1, "size": 0, "checkpoint": None},
    "down": {"epoch": 2, "size": 7},
    "ledger": {"epoch": 1, "size": 0, "checkpoint": None},
    "parent_key": "k",
    "server_time": "2026-11-24T01:00:00Z",
    "statement_expires": "2027-02-22T01:00:00Z",
}


def test_a_state_is_read() -> None:
    state = parse_state(json.dumps({**GOOD_STATE, "new": 1}).encode())
    assert (state.up, state.down) == (LogReport(1, 0), LogReport(2, 7))


@pytest.mark.parametrize(
    "change",
    [
        {"up": {"epoch": 1, "size": 1, "checkpoint": None}},
        {"up": {"epoch": 1, "size": 0, "checkpoint": "note"}},
        {"up": {"epoch": 0, "size": 0, "checkpoint": None}},
        {"down": {"epoch": 1, "size": -1}},
        {"down": 1},
        {"parent_key": None},
    ],
)
def test_a_state_of_another_form_is_no_answer(change: dict[str, object]) -> None:
    with pytest.raises(TransportError):
        parse_state(json.dumps({**GOOD_STATE, **change}).encode())


# --- the child was restored ----------------------------------------------------------------------------------


def test_an_old_backup_is_brought_up_by_itself() -> None:
    network, county, city = pair()
    ids = tell(county)
    county.client.push()
    old = county.backup()
    ids += [county.queue(CITY, {"n": 8}), county.queue(CITY, {"n": 9})]
    queued = county.backup()
    county.write()
    county.client.push()
    before = county.log("own-up", CITY)
    for backup in (old, queued):
        county.restore(backup)
        county.client.check_state()
        assert county.log("own-up", CITY) == before
        assert county.write() == 0  # what was queued in the copy stands in the log already
        assert "own-entries-imported" in county.alerts
    ids += tell(county, 2)
    assert_whole(network)
    assert applied(city) == ids
    assert [effect.seq for effect in city.effects] == [1, 2, 3, 4, 5]


def test_an_import_tells_the_node_what_it_had_said() -> None:
    _, county, _ = pair()
    old = county.backup()
    ids = tell(county, 2)
    county.client.push()
    county.restore(old)
    seen: list[str] = []
    county.client._recovery._imported = lambda tx, lines: seen.extend(
        json.loads(line)["id"] for line in lines
    )
    county.client.check_state()
    assert seen == ids


def test_a_long_import_is_read_page_by_page() -> None:
    network, county, city = pair(Limits(entries_per_batch=3))
    old = county.backup()
    ids = tell(county, 10)
    county.client.push()
    county.restore(old)
    county.client.check_state()
    assert county.log("own-up", CITY).size == 10
    assert_whole(network)
    assert applied(city) == ids


def test_an_import_that_was_changed_on_the_way_is_refused() -> None:
    network, county, _ = pair()
    old = county.backup()
    tell(county, 2)
    county.client.push()
    county.restore(old)
    county.line.plan("none", "alter-answer")
    with pytest.raises(ProtocolError) as caught:
        county.client.check_state()
    assert caught.value.code == "fork"
    assert not county.writer.is_ready("own-up", CITY)
    assert_whole(network)


def test_a_clone_without_the_head_file_signs_nothing_until_an_operator_has_looked() -> None:
    network, county, city = pair()
    old = county.backup()
    ids = tell(county, 2)
    county.client.push()
    county.heads.lose()
    county.restore(old)
    county.queue(CITY, {"n": 7})
    county.client.check_state()
    assert county.log("own-up", CITY).halted == "foreign"
    assert "log-foreign" in county.alerts
    assert county.write() == 0
    assert [json.loads(line)["id"] for line in county.client.foreign_entries()] == ids
    assert county.client.confirm_import() == 2
    assert county.log("own-up", CITY).halted == ""
    assert county.write() == 1
    assert_whole(network)
    assert applied(city)[:2] == ids


def test_nothing_is_confirmed_where_nothing_is_foreign() -> None:
    _, county, _ = pair()
    tell(county)
    county.client.push()
    with pytest.raises(LogProofError):
        county.client.confirm_import()


def test_what_was_signed_and_never_sent_goes_with_the_lost_copy() -> None:
    network, county, city = pair()
    ids = tell(county)
    county.client.push()
    old = county.backup()
    lost = tell(county)
    county.restore(old)
    county.client.check_state()
    assert "signed-entries-lost" in county.alerts
    with county.database.transaction() as tx:
        assert [kind for _, kind, _ in tx.logs.proofs] == ["unsent"]
    ids += tell(county)
    assert_whole(network)
    assert applied(city) == ids
    assert lost[0] not in applied(city)


def test_what_came_down_is_pulled_again_after_a_restore() -> None:
    network, county, city = pair()
    old = county.backup()
    told = city.queue(COUNTY, {"n": 1})
    city.write()
    county.client.pull()
    county.inbox.apply()
    county.restore(old)
    assert county.effects == []
    assert_whole(network)
    assert applied(county) == [told]


# --- the parent was restored ---------------------------------------------------------------------------------


def test_a_parent_that_lost_entries_gets_them_again() -> None:
    network, county, city = pair()
    old = city.backup()
    ids = tell(county, 3)
    county.client.push()
    city.inbox.apply()
    city.restore(old)
    assert city.effects == []
    county.client.pull()  # any answer names the size
    assert county.client.push() == 0
    assert "parent-behind" in county.alerts
    assert city.log("peer-up", COUNTY).size == 3
    assert county.log("own-up", CITY).receipted_size == 3
    assert_whole(network)
    assert applied(city) == ids


def test_a_parent_that_lost_what_went_down_is_given_it_back() -> None:
    network, county, city = pair()
    old = city.backup()
    ids = [city.queue(COUNTY, {"n": number}) for number in range(3)]
    city.write()
    county.client.pull()
    city.restore(old)
    assert city.writer.check_heads().is_good is False
    county.client.pull()
    assert {"parent-lost-down"} <= county.alerts
    assert city.log("own-down", COUNTY).size == 3
    ids.append(city.queue(COUNTY, {"n": 9}))
    city.write()
    assert_whole(network)
    assert applied(county) == ids


def test_a_parent_that_wrote_on_from_an_old_copy_has_diverged() -> None:
    _, county, city = pair()
    old = city.backup()
    city.queue(COUNTY, {"n": 1})
    city.queue(COUNTY, {"n": 2})
    city.write()
    county.client.pull()
    city.heads.lose()
    city.restore(old)
    with city.database.transaction() as tx:
        for state in tx.logs.all("own-down"):
            tx.logs.put(replace(state, halted=""))
    city.queue(COUNTY, {"n": 3})
    city.write()
    with pytest.raises(ProtocolError):
        county.client.pull()
    assert "parent-lost-down" in county.alerts


# --- epochs --------------------------------------------------------------------------------------------------


def test_when_both_have_lost_an_operator_opens_an_epoch() -> None:
    network, county, city = pair()
    ids = tell(county)
    county.client.push()
    city.inbox.apply()
    early = city.backup()
    ids += tell(county)
    county.client.push()
    late = county.backup()
    lost = tell(county)
    city.restore(early)
    county.restore(late)
    county.client.check_state()
    assert county.log("own-up", CITY).halted == "behind"
    assert county.write() == 0
    with pytest.raises(EpochError):
        county.client.open_epoch("own-up", "  ")
    opened = county.client.open_epoch("own-up", "数据库恢复")
    assert opened.origin.endswith("/up/2")
    county.write()
    with pytest.raises(ProtocolError):
        county.client.push()  # until the parent's operator has confirmed
    with city.database.transaction() as tx:
        confirm_up_epoch(tx, COUNTY, city.clock.now())
    ids += tell(county)
    assert_whole(network)
    assert applied(city) == ids
    assert lost[0] not in applied(city)
    assert county.log("own-up", CITY).epoch == 2


def test_a_new_epoch_of_the_parent_is_taken_at_once_with_an_alert() -> None:
    network, county, city = pair()
    ids = [city.queue(COUNTY, {"n": number}) for number in range(2)]
    city.write()
    county.client.pull()
    ids.append(city.queue(COUNTY, {"n": 2}))
    with city.database.transaction() as tx:
        open_epoch(tx, city.identity(), "own-down", COUNTY, "换机", city.clock.now())
    ids.append(city.queue(COUNTY, {"n": 3}))
    city.write()
    assert county.client.pull() == 3
    assert "epoch-opened" in county.alerts
    assert county.log("peer-down", CITY).epoch == 2
    assert_whole(network)
    assert applied(county) == ids


def test_a_new_epoch_that_names_another_head_is_refused() -> None:
    _, county, city = pair()
    city.queue(COUNTY, {"n": 1})
    city.write()
    county.client.pull()
    with city.database.transaction() as tx:
        open_epoch(tx, city.identity(), "own-down", COUNTY, "换机", city.clock.now(), previous="")
    city.write()
    with pytest.raises(LogProofError):
        county.client.pull()
    assert "epoch-refused" in county.alerts
    assert county.log("peer-down", CITY).epoch == 1


def test_what_was_not_receipted_is_written_again_in_order() -> None:
    network, county, city = pair()
    ids = tell(county)
    county.client.push()
    ids += tell(county, 2)
    ids.append(county.queue(CITY, {"n": 5}))
    county.client.open_epoch("own-up", "换机")
    county.write()
    with pytest.raises(ProtocolError):
        county.client.push()
    with city.database.transaction() as tx:
        confirm_up_epoch(tx, COUNTY, city.clock.now())
    assert_whole(network)
    assert applied(city) == ids


# --- the ledger ----------------------------------------------------------------------------------------------


def test_a_lost_ledger_stops_until_an_operator_opens_an_epoch() -> None:
    _, county, _ = pair()
    put_facts(county, b'{"v":1}')
    old = county.backup()
    put_facts(county, b'{"v":2}')
    county.client.submit_ledger()
    county.restore(old)
    county.client.check_state()
    assert county.log("own-ledger").halted == "lost"
    assert not county.writer.is_ready("own-ledger", "")
    opened = county.client.open_epoch("own-ledger", "数据库恢复")
    assert opened.origin.endswith("/ledger/2")
    assert county.writer.is_ready("own-ledger", "")
    assert county.write() == 1  # epoch.opened.v1, on `up`


def test_a_ledger_head_that_was_signed_and_lost_is_given_up() -> None:
    _, county, _ = pair()
    put_facts(county, b'{"v":1}')
    county.client.submit_ledger()
    old = county.backup()
    put_facts(county, b'{"v":2}')
    county.restore(old)
    assert not county.writer.is_ready("own-ledger", "")
    county.client.check_state()
    assert county.writer.is_ready("own-ledger", "")
    assert "signed-entries-lost" in county.alerts


def test_a_cosignature_that_got_lost_is_found_in_the_state() -> None:
    _, county, _ = pair()
    put_facts(county, b'{"v":1}')
    county.line.plan("lose-answer")
    with pytest.raises(TransportError):
        county.client.submit_ledger()
    county.client.check_state()
    assert county.log("own-ledger").receipted_size == 1
