"""Rounds over the real wire: a city audits a county directly and a township through it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, select, text, update

from federation.ports import StoredEntry
from federation.server import Server
from node.audit.tables import RoundRow
from node.exchange.tables import EntryRow, LogRow
from node.kernel.clock import FixedClock
from node.kernel.problems import Problem
from tests.integration.audit.network import LIMITS, Network, Node
from tests.unit.federation.members import CITY, COUNTY, OTHER_COUNTY, TOWNSHIP

MINUTE = timedelta(minutes=1)


def ledger_id(node: Node) -> int:
    with node.database.reading() as session:
        found = session.scalar(select(LogRow.log_id).where(LogRow.role == "own-ledger"))
    assert found is not None
    return found


def entry(node: Node, index: int) -> StoredEntry:
    with node.database.reading() as session:
        state = node.stores.within(session).logs.find("own-ledger", "")
        assert state is not None
        return node.stores.within(session).logs.entries(state.origin, index, 1)[0]


def tamper(node: Node, index: int, **values: object) -> None:
    """What somebody with access to the database does."""
    log_id = ledger_id(node)
    with node.database.transaction() as session:
        where = (EntryRow.log_id == log_id, EntryRow.idx == index)
        session.execute(update(EntryRow).where(*where).values(**values))


@pytest.mark.parametrize("target", [COUNTY, TOWNSHIP])
def test_an_honest_ledger_is_found_clean(network: Network, target: str) -> None:
    city, audited = network[CITY], network[target]
    audited.register(20)
    round_id = city.audit(target, 5)
    network.pass_time(MINUTE)
    row = city.round(round_id)
    assert (row.state, row.found, city.findings(round_id)) == ("JUDGED", 0, [])
    assert len(row.drawn) == 5
    assert {leaf.outcome for leaf in city.leaves(round_id).values()} == {"good"}
    assert audited.asked(round_id).state == "ANSWERED"
    assert city.facts("audit.") == ["audit.committed", "audit.challenged", "audit.judged"]
    assert audited.facts("audit.") == [
        "audit.asked",
        "audit.period_ended",
        "audit.sealed",
        "audit.answered",
    ]


def test_nothing_is_sealed_before_the_period_ends(network: Network) -> None:
    city, township = network[CITY], network[TOWNSHIP]
    township.register(3)
    round_id = city.audit(TOWNSHIP, 2, period_end=network.clock.now() + timedelta(hours=1))
    network.settle()
    assert (city.round(round_id).state, township.asked(round_id).state) == ("COMMITTED", "ASKED")
    network.pass_time(timedelta(hours=1))
    assert city.round(round_id).state == "JUDGED"
    assert city.round(round_id).cosigned_at >= city.round(round_id).period_end


def test_one_row_changed_in_the_database_is_named_and_no_other(network: Network) -> None:
    city, township = network[CITY], network[TOWNSHIP]
    township.register(12)
    network.settle()
    original = entry(township, 7).line
    assert original is not None
    tamper(township, 7, line=original.replace(b"RECEIVED", b"ACCEPTED"))
    round_id = city.audit(TOWNSHIP, 3, indices=[7])
    network.pass_time(MINUTE)
    found = city.findings(round_id)
    assert found == [("bad-proof", 7)]
    leaves = city.leaves(round_id)
    assert leaves[7].outcome == "false"
    assert b"ACCEPTED" in (leaves[7].line or b"")
    assert {one.outcome for index, one in leaves.items() if index != 7} == {"good"}
    assert "audit-findings" in city.alerts()
    assert city.facts("audit.found") == ["audit.found"]


def test_a_row_deleted_once_it_was_sealed_is_unanswered(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    city, township = network[CITY], network[TOWNSHIP]
    township.register(8)
    round_id = city.audit(TOWNSHIP, 1, indices=[3])
    network.settle()
    network.pass_time(MINUTE, but=CITY)
    log_id = ledger_id(township)
    monkeypatch.setattr(township.client, "submit_ledger", lambda: False)  # its ledger is broken from here on
    with township.database.transaction() as session:
        session.execute(delete(EntryRow).where(EntryRow.log_id == log_id, EntryRow.idx == 3))
    network.settle()
    assert ("unanswered", 3) in city.findings(round_id)
    assert city.leaves(round_id)[3].outcome == "missing"


def test_an_erased_line_is_named_for_people_to_look_into(network: Network) -> None:
    city, township = network[CITY], network[TOWNSHIP]
    township.register(8)
    network.settle()
    tamper(township, 4, line=None)
    round_id = city.audit(TOWNSHIP, 1, indices=[4])
    network.pass_time(MINUTE)
    assert city.findings(round_id) == [("erased", 4)]
    assert city.leaves(round_id)[4].outcome == "erased"


def test_a_false_fact_that_was_signed_is_found_by_judging_it_again(network: Network) -> None:
    city, township = network[CITY], network[TOWNSHIP]
    township.register(1, type="case.accept", source="CLOSED", target="ACCEPTED", number="")
    network.settle()
    round_id = city.audit(TOWNSHIP, 1, indices=[0])
    network.pass_time(MINUTE)
    assert city.findings(round_id) == [("transition", 0)]
    assert city.leaves(round_id)[0].outcome == "differs"


def test_the_second_round_begins_where_the_first_ended(network: Network) -> None:
    city, township = network[CITY], network[TOWNSHIP]
    township.register(6)
    first = city.audit(TOWNSHIP, 4)
    network.pass_time(MINUTE)
    township.register(6)
    second = city.audit(TOWNSHIP, 4, indices=[0])
    network.pass_time(MINUTE)
    row = city.round(second)
    assert row.start == city.round(first).head_size
    assert min(row.drawn) >= row.start
    assert row.named == [0]
    assert (row.state, city.findings(second)) == ("JUDGED", [])


def test_many_entries_come_in_several_answers_each_small_enough(network: Network) -> None:
    city, township = network[CITY], network[TOWNSHIP]
    township.register(40, data={"note": "n" * 6000})
    round_id = city.audit(TOWNSHIP, 30)
    network.pass_time(MINUTE)
    assert township.asked(round_id).parts > 5
    assert (city.round(round_id).state, city.findings(round_id)) == ("JUDGED", [])
    assert len(city.leaves(round_id)) == 30


def test_indices_beyond_the_sealed_ledger_are_not_asked_for(network: Network) -> None:
    city, township = network[CITY], network[TOWNSHIP]
    township.register(4)
    round_id = city.audit(TOWNSHIP, 2, indices=[1, 100_000])
    network.pass_time(MINUTE)
    row = city.round(round_id)
    assert (row.wanted, row.named) == ([1, 100_000], [1])
    assert (row.state, city.findings(round_id)) == ("JUDGED", [])


# --- times ---------------------------------------------------------------------------------------------------


def test_a_node_that_is_away_is_found_when_the_time_to_seal_is_past(network: Network) -> None:
    city = network[CITY]
    round_id = city.audit(TOWNSHIP, 2, seal_within=timedelta(hours=2))
    network.pass_time(timedelta(hours=1), but=TOWNSHIP)
    assert city.round(round_id).state == "COMMITTED"
    network.pass_time(timedelta(hours=2), but=TOWNSHIP)
    assert city.findings(round_id) == [("not-sealed", None)]
    network.settle()
    assert city.round(round_id).state == "JUDGED"
    assert city.findings(round_id) == [("not-sealed", None)]


def test_no_answer_by_due_is_found(network: Network) -> None:
    city, township = network[CITY], network[TOWNSHIP]
    township.register(4)
    round_id = city.audit(TOWNSHIP, 2, answer_within=timedelta(hours=1))
    network.settle()
    network.clock.advance(MINUTE)
    for node in (township, network[COUNTY], city, township, network[COUNTY], township, network[COUNTY], city):
        if city.round(round_id).state == "COMMITTED":
            node.work()
    assert city.round(round_id).state == "CHALLENGED"
    network.pass_time(timedelta(hours=2), but=TOWNSHIP)
    assert city.findings(round_id) == [("no-answer", None)]
    assert {leaf.outcome for leaf in city.leaves(round_id).values()} == {"missing"}


def test_an_auditor_that_never_reveals_is_found_by_the_node_it_asked(network: Network) -> None:
    city, township = network[CITY], network[TOWNSHIP]
    township.register(4)
    round_id = city.audit(TOWNSHIP, 2)
    network.settle()
    network.pass_time(MINUTE, but=CITY)
    assert township.asked(round_id).state == "SEALED"
    network.pass_time(timedelta(days=8), but=CITY)
    asked = township.asked(round_id)
    assert (asked.state, asked.finding) == ("UNREVEALED", "not-revealed")
    assert "audit-auditor-failed" in township.alerts()
    assert township.facts("audit.auditor_failed") == ["audit.auditor_failed"]


def test_a_seed_that_was_not_committed_to_is_not_answered(network: Network) -> None:
    city, township = network[CITY], network[TOWNSHIP]
    township.register(4)
    round_id = city.audit(TOWNSHIP, 2)
    with city.database.transaction() as session:
        row = session.get(RoundRow, round_id)
        assert row is not None
        row.secret = {"seed": "11" * 32}
    network.pass_time(MINUTE)
    asked = township.asked(round_id)
    assert (asked.state, asked.finding, asked.parts) == ("BAD_SEED", "bad-seed", 0)
    assert city.round(round_id).state == "CHALLENGED"


def test_the_seed_lies_encrypted_until_it_is_revealed(network: Network) -> None:
    city = network[CITY]
    round_id = city.audit(TOWNSHIP, 2)
    seed = str(city.round(round_id).secret["seed"]).encode()
    with city.database.reading() as session:
        raw = session.execute(text("SELECT secret FROM audit_round")).scalar_one()
    assert seed not in bytes(raw)


# --- refusals ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "count", "options", "code"),
    [
        (OTHER_COUNTY, 5, {}, "audit-target-unknown"),
        (CITY, 5, {}, "audit-target-not-below"),
        (TOWNSHIP, 0, {}, "audit-count"),
        (TOWNSHIP, 501, {}, "audit-count"),
        (TOWNSHIP, 5, {"indices": [-1]}, "audit-count"),
        (TOWNSHIP, 5, {"indices": range(501)}, "audit-count"),
    ],
)
def test_what_cannot_be_audited_is_refused(
    network: Network, target: str, count: int, options: dict[str, object], code: str
) -> None:
    with pytest.raises(Problem) as refused:
        network[CITY].audit(target, count, **options)
    assert refused.value.code == code
    assert network[CITY].facts("audit.") == []


def test_a_period_that_is_over_and_a_second_open_round_are_refused(network: Network) -> None:
    city = network[CITY]
    with pytest.raises(Problem) as over:
        city.audit(TOWNSHIP, 2, period_end=network.clock.now())
    city.audit(TOWNSHIP, 2)
    with pytest.raises(Problem) as second:
        city.audit(TOWNSHIP, 2)
    assert (over.value.code, second.value.code) == ("audit-period-over", "audit-round-open")


def test_a_witness_whose_clock_is_behind_only_delays_the_seal(network: Network) -> None:
    city, county, township = network[CITY], network[COUNTY], network[TOWNSHIP]
    township.register(3)
    network.settle()
    round_id = city.audit(TOWNSHIP, 2)
    network.settle()
    behind = FixedClock(network.clock.now())
    county.server = Server(lambda: county.identity, county.stores, county.heads, behind, LIMITS)
    assert township.wire is not None
    township.wire.deliver = county.server.handle
    network.pass_time(timedelta(seconds=30))
    assert township.asked(round_id).state == "CLOSING"
    behind.advance(MINUTE)
    network.pass_time(MINUTE)
    assert city.round(round_id).state == "JUDGED"
    assert township.facts("audit.period_ended") == ["audit.period_ended"] * 2


def test_a_fact_no_calendar_counts_stops_nobody(network: Network) -> None:
    city, township = network[CITY], network[TOWNSHIP]
    odd = {"id": "T1", "started_on": "9999-12-31", "used_days": 0, "due_on": "0001-01-01"}
    township.register(1, clocks=[odd])
    network.settle()
    round_id = city.audit(TOWNSHIP, 1, indices=[0])
    network.pass_time(MINUTE)
    assert city.findings(round_id) == [("clock", 0)]
