"""A child's upkeep with its parent: its clock, its statement and keys, its ledger's witness, its attachments."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from federation.errors import FederationError, ProtocolError, TransportError
from federation.keys import NodeKeys
from federation.note import check_cosignature, split_note
from federation.ports import Limits
from federation.statements import read_statement
from federation.testing import SimNode
from tests.unit.federation.simulated import CITY, COUNTY, applied, assert_whole, pair, put_facts, tell

# --- clocks --------------------------------------------------------------------------------------------------


def test_a_wrong_clock_is_corrected_for_signing_and_alerted() -> None:
    network, county, city = pair()
    county.clock.offset = timedelta(minutes=-20)
    ids = tell(county)
    county.client.push()
    assert county.client.delta_s == 20 * 60
    assert county.clock.now() == network.time - timedelta(minutes=20)
    assert "clock-skew" in county.alerts
    assert_whole(network)
    assert applied(city) == ids


def test_a_clock_is_corrected_once_an_hour() -> None:
    network, county, _ = pair()
    county.clock.offset = timedelta(minutes=-20)
    county.client.check_state()
    county.clock.offset = timedelta(minutes=20)
    with pytest.raises(ProtocolError) as caught:
        county.client.check_state()
    assert caught.value.code == "skew"
    network.advance(timedelta(hours=2))
    county.client.check_state()
    assert county.client.delta_s == -20 * 60


@pytest.mark.parametrize(
    ("url", "hours", "is_taken"),
    [
        ("https://city.example", 23, True),
        ("https://city.example", 25, False),
        ("http://127.0.0.1:8000", 23, True),
        ("http://city.example", 0.15, True),
        ("http://city.example", 0.2, False),
    ],
)
def test_how_far_a_clock_is_corrected_depends_on_the_line(url: str, hours: float, is_taken: bool) -> None:
    _, county, _ = pair()
    county._parent_url = lambda: url  # type: ignore[method-assign]
    county.restart()
    county.clock.offset = timedelta(hours=-hours)
    if is_taken:
        county.client.check_state()
        assert county.client.delta_s == hours * 3600
    else:
        with pytest.raises(ProtocolError, match="made"):
            county.client.check_state()
        assert county.client.delta_s == 0


def test_a_parent_whose_clock_runs_ahead_is_believed_and_alerted() -> None:
    network, county, city = pair()
    tell(county)
    city.clock.offset = timedelta(seconds=200)
    assert county.client.push() == 1
    assert "parent-clock-ahead" in county.alerts
    assert_whole(network)


# --- the statement -------------------------------------------------------------------------------------------


def test_the_statement_is_renewed_when_a_third_is_left() -> None:
    network, county, _ = pair()
    assert county.client.renew() is None
    network.advance(timedelta(days=61))
    held = county.client.renew()
    assert held is not None
    assert held.node.issued_at > network.time - timedelta(minutes=1)
    assert county.client.renew() is None or held.node.expires_at < network.time + timedelta(days=60)


def test_keys_are_rotated_and_both_sides_go_on() -> None:
    network, county, city = pair()
    ids = tell(county)
    new = NodeKeys.generate()
    county.line.plan("lose-answer")
    with pytest.raises(TransportError):
        county.client.rotate(new)
    held = county.client.rotate(new)
    assert held.node.keys == new.public
    county.use_keys(new)
    ids += tell(county)
    assert_whole(network)
    assert applied(city) == ids
    with county.database.transaction() as tx:
        assert read_statement(tx.members.chain()[-1]).keys == new.public


def test_a_chain_about_other_keys_is_not_taken() -> None:
    _, county, _ = pair()
    with county.database.transaction() as tx:
        before = tx.members.chain()
    county.use_keys(replace(county.identity().keys, seal=NodeKeys.generate().seal))
    with pytest.raises(FederationError):
        county.client._renew_now()
    with county.database.transaction() as tx:
        assert tx.members.chain() == before


# --- the ledger ----------------------------------------------------------------------------------------------


def test_the_ledger_is_cosigned_as_it_grows() -> None:
    _, county, city = pair()
    assert not county.client.submit_ledger()
    put_facts(county, b'{"v":1}')
    assert county.client.submit_ledger()
    put_facts(county, b'{"v":2}', b'{"v":3}')
    assert county.client.submit_ledger()
    state = county.log("own-ledger")
    assert (state.size, state.receipted_size) == (3, 3)
    text, lines = split_note(state.receipted_note)
    key = city.identity().keys.public.witness
    assert check_cosignature(text, lines, city.identity().witness_name, [key]) == city.clock.now()
    assert not county.client.submit_ledger()


def test_a_lost_cosignature_is_asked_for_again() -> None:
    _, county, _ = pair()
    put_facts(county, b'{"v":1}')
    county.line.plan("lose-answer")
    with pytest.raises(TransportError):
        county.client.submit_ledger()
    put_facts(county, b'{"v":2}')
    assert county.client.submit_ledger()
    assert county.log("own-ledger").receipted_size == 2


def test_a_cosignature_that_was_changed_is_none() -> None:
    _, county, _ = pair()
    put_facts(county, b'{"v":1}')
    county.line.plan("alter-answer")
    with pytest.raises(FederationError):
        county.client.submit_ledger()
    assert county.log("own-ledger").receipted_size == 0


# --- attachments ---------------------------------------------------------------------------------------------

BLOB = bytes(range(256)) * 30
NAME = hashlib.sha256(BLOB).hexdigest()
LISTED = {"blobs": [{"sha256": NAME, "size": len(BLOB), "media": "application/pdf"}]}


def hold(node: SimNode) -> None:
    with node.database.transaction() as tx:
        tx.blobs.begin(NAME, len(BLOB), "")
        tx.blobs.write(NAME, 0, BLOB)


def held_at(node: SimNode) -> bool:
    with node.database.transaction() as tx:
        state = tx.blobs.get(NAME)
        return state is not None and state.complete and tx.blobs.read(NAME, 0, len(BLOB)) == BLOB


def test_attachments_go_before_the_entry_that_names_them() -> None:
    network, county, city = pair(Limits(batch_bytes=3000))
    hold(county)
    county.queue(CITY, LISTED)
    county.write()
    county.client.push()
    assert held_at(city)
    methods = [request.method for request in county.line.log][-5:]
    assert methods == ["HEAD", "PATCH", "PATCH", "PATCH", "POST"]
    assert_whole(network)


@pytest.mark.parametrize("fault", ["lose-request", "lose-answer", "alter-request"])
def test_an_upload_goes_on_where_it_stopped(fault: str) -> None:
    network, county, city = pair(Limits(batch_bytes=3000))
    hold(county)
    county.queue(CITY, LISTED)
    county.write()
    county.line.plan("none", "none", fault)  # type: ignore[arg-type]
    with pytest.raises(FederationError):
        county.client.push()
    assert not held_at(city)
    assert county.client.push() == 1
    assert held_at(city)
    assert_whole(network)


def test_an_attachment_that_is_missing_here_holds_nothing_up() -> None:
    network, county, city = pair()
    county.queue(CITY, LISTED)
    county.write()
    assert county.client.push() == 1
    assert not held_at(city)
    assert_whole(network)


def test_pulled_entries_attachments_are_fetched_in_parts() -> None:
    _, county, city = pair(Limits(batch_bytes=3000))
    hold(city)
    city.queue(COUNTY, LISTED)
    with city.database.transaction() as tx:
        tx.blobs.name(NAME, COUNTY)
    city.write()
    county.client.pull()
    with county.database.transaction() as tx:
        expected = tx.blobs.get(NAME)
    assert expected is not None
    assert (expected.size, expected.complete, expected.uploaded_by) == (len(BLOB), False, CITY)
    county.line.plan("none", "lose-answer")
    with pytest.raises(TransportError):
        county.client.fetch_blob(NAME, len(BLOB))
    assert county.client.fetch_blob(NAME, len(BLOB))
    assert held_at(county)


def test_an_attachment_that_was_changed_is_dropped() -> None:
    _, county, city = pair()
    hold(city)
    with city.database.transaction() as tx:
        tx.blobs.name(NAME, COUNTY)
    county.line.plan("alter-answer")
    with pytest.raises(ProtocolError) as caught:
        county.client.fetch_blob(NAME, len(BLOB))
    assert caught.value.code == "blob"
    assert county.client.fetch_blob(NAME, len(BLOB))


def test_an_attachment_nobody_names_is_not_there() -> None:
    _, county, city = pair()
    hold(city)
    assert not county.client.fetch_blob(NAME, len(BLOB))
