"""Whole networks under faults: every write that fails, every call that gets lost, old backups, wrong clocks (§9)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from federation.memory_stores import Backup
from federation.testing import Network, SimNode
from federation.testing_checks import unfinished, violations
from federation.testing_faults import CRASH_POINTS, FAULTS, CrashPoint, Fault
from tests.unit.federation.simulated import (
    CITY,
    COUNTY,
    TOWNSHIP,
    VILLAGE,
    applied,
    assert_whole,
    four,
    pair,
    tell,
)

# --- without faults ------------------------------------------------------------------------------------------


def test_an_offer_goes_up_and_its_answer_comes_down() -> None:
    network, county, city = pair()
    offer = county.queue(CITY, {"offer": 1}, subject="case")
    county.work()
    city.work()
    assert applied(city) == [offer]
    answer = city.queue(COUNTY, {"taken": 1}, subject="case")
    city.work()
    county.work()
    assert applied(county) == [answer]
    assert_whole(network)


def test_three_hops_up_and_three_hops_down() -> None:
    network = four()
    city, village = network.node(CITY), network.node(VILLAGE)
    up = [village.queue(CITY, {"n": number}) for number in range(5)]
    down = [city.queue(VILLAGE, {"n": number}) for number in range(5)]
    across = network.node(TOWNSHIP).queue(CITY, {"n": 1})
    assert_whole(network)
    assert [one for one in applied(city) if one != across] == up
    assert across in applied(city)
    assert applied(village) == down
    assert applied(network.node(COUNTY)) == []
    assert [effect.origin_log for effect in city.effects if effect.id in up] == [
        village.log("own-up", TOWNSHIP).origin
    ] * 5


def test_an_entry_to_everyone_takes_effect_once_everywhere_below() -> None:
    network = four()
    city = network.node(CITY)
    with city.database.transaction() as tx:
        tx.outbox.queue(
            role="own-down",
            peer=COUNTY,
            id="6f1f1d0e-8f0e-4f57-9a0f-0d6d3f6c8a11",
            type="test.everyone.v1",
            subject="s",
            destination="*",
            time="2026-11-24T01:00:00Z",
            data=b"{}",
        )
    network.settle()
    for code in (COUNTY, TOWNSHIP, VILLAGE):
        with network.node(code).database.transaction() as tx:
            assert [kind for _, _, kind in tx.inbox.list_unknown()] == ["test.everyone.v1"]


def test_a_lower_node_works_on_with_its_parent_away() -> None:
    network = four()
    village = network.node(VILLAGE)
    village.line.is_cut = True
    ids = []
    for day in range(40):
        network.advance(timedelta(days=1))
        ids.append(village.queue(CITY, {"day": day}))
        network.act(village, SimNode.work)
    assert village.log("own-up", TOWNSHIP).size == 40
    assert_whole(network)
    assert applied(network.node(CITY)) == ids


# --- every write that can fail -------------------------------------------------------------------------------


def exchange(network: Network, county: SimNode, city: SimNode) -> None:
    """Two entries up, one down, and everything both do with them; each step may be the last before a crash."""
    for number in range(2):
        network.act(county, lambda node, n=number: node.queue(CITY, {"n": n}))  # type: ignore[misc]
    network.act(city, lambda node: node.queue(COUNTY, {"n": 9}))
    for node in (county, city, county, city):
        network.act(node, SimNode.work)


@pytest.mark.parametrize("point", CRASH_POINTS)
@pytest.mark.parametrize("code", [COUNTY, CITY])
def test_a_crash_at_any_write_loses_and_doubles_nothing(point: CrashPoint, code: str) -> None:
    for skipped in range(200):
        network, county, city = pair()
        crash = network.node(code).crash
        crash.arm(point, after=skipped)
        exchange(network, county, city)
        assert violations(network) == [], f"{point} of {code} after {skipped}"
        reached = crash.count > 0
        assert_whole(network)
        if not reached:
            assert skipped >= (1 if "head-file" in point else 5)
            return
    raise AssertionError("it never came to an end without a crash")


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "none"])
def test_a_fault_in_any_call_loses_and_doubles_nothing(fault: Fault) -> None:
    for skipped in range(12):
        network, county, city = pair()
        county.line.plan(*(["none"] * skipped), fault)
        exchange(network, county, city)
        assert violations(network) == [], f"{fault} after {skipped} calls"
        assert_whole(network)
        assert len(city.effects) == 2
        assert len(county.effects) == 1


# --- the checker ---------------------------------------------------------------------------------------------


def planted(plant: Callable[[Network], None]) -> list[str]:
    """What the checker says about a settled pair of nodes after something was planted."""
    network, county, city = pair()
    tell(county, 3)
    city.queue(COUNTY, {"n": 1})
    assert_whole(network)
    plant(network)
    return [sentence.partition(":")[0] for sentence in violations(network) + unfinished(network)]


def lose_an_entry(network: Network) -> None:
    for code, role in ((CITY, "peer-up"), (COUNTY, "own-up")):
        node = network.node(code)
        origin = network.node(COUNTY).log("own-up", CITY).origin
        with node.database.transaction() as tx:
            del tx.logs.rows[origin, 1]
        assert node.log(role, COUNTY if code == CITY else CITY).size == 3  # type: ignore[arg-type]


def lose_an_effect(network: Network) -> None:
    with network.node(CITY).database.transaction() as tx:
        del tx.records["effect", 1]


def double_an_effect(network: Network) -> None:
    with network.node(CITY).database.transaction() as tx:
        tx.records["effect", 99] = tx.records["effect", 2]


def swap_effects(network: Network) -> None:
    with network.node(CITY).database.transaction() as tx:
        first, second = tx.records["effect", 0], tx.records["effect", 1]
        tx.records["effect", 0], tx.records["effect", 1] = second, first


def alter_an_entry(network: Network) -> None:
    city = network.node(CITY)
    with city.database.transaction() as tx:
        origin = network.node(COUNTY).log("own-up", CITY).origin
        row = tx.logs.rows[origin, 1]
        tx.logs.rows[origin, 1] = type(row)(row.index, b"{}", b"x" * 32, row.stored_at)


def forget_what_was_queued(network: Network) -> None:
    network.queued.clear()


@pytest.mark.parametrize(
    ("plant", "expected"),
    [
        (lose_an_entry, {"lost", "receipt"}),
        (lose_an_effect, {"undone"}),
        (double_an_effect, {"repeated", "disordered"}),
        (swap_effects, {"disordered"}),
        (alter_an_entry, {"forked", "receipt"}),
        (forget_what_was_queued, {"invented"}),
    ],
)
def test_the_checker_finds_what_was_planted(plant: Callable[[Network], None], expected: set[str]) -> None:
    assert planted(lambda network: None) == []
    assert set(planted(plant)) == expected


# --- anything, in any order ----------------------------------------------------------------------------------

CODES = (CITY, COUNTY, TOWNSHIP)


class Exchange(RuleBasedStateMachine):
    """Three nodes, and whatever may happen to them. One of them at a time is a restored one, until all has settled:
    what two neighbours both lose is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.network = Network({CITY: None, COUNTY: CITY, TOWNSHIP: COUNTY})
        self.network.settle()
        self.backups: dict[str, Backup] = {code: self.network.node(code).backup() for code in CODES}
        self.is_wounded = False

    @rule(source=st.sampled_from(CODES), to=st.sampled_from(CODES), subject=st.sampled_from("ab"))
    def tell(self, source: str, to: str, subject: str) -> None:
        if source != to:
            number = len(self.network.queued)
            node = self.network.node(source)
            self.network.act(node, lambda one: one.queue(to, {"n": number}, subject=subject))

    @rule(
        code=st.sampled_from(CODES),
        faults=st.lists(st.sampled_from(FAULTS), max_size=4),
        crashing=st.sampled_from(CODES),
        point=st.sampled_from(("", *CRASH_POINTS)),
        after=st.integers(0, 12),
    )
    def work(
        self, code: str, faults: list[Fault], crashing: str, point: CrashPoint | str, after: int
    ) -> None:
        node, other = self.network.node(code), self.network.node(crashing)
        node.line.plan(*faults)
        if point in CRASH_POINTS:
            other.crash.arm(point, after)
        self.network.act(node, SimNode.work)
        other.crash.disarm()
        node.line.heal()

    @rule(code=st.sampled_from(CODES))
    def back_up(self, code: str) -> None:
        self.backups[code] = self.network.node(code).backup()

    @precondition(lambda self: not self.is_wounded)
    @rule(code=st.sampled_from(CODES))
    def restore(self, code: str) -> None:
        self.network.node(code).restore(self.backups[code])
        self.is_wounded = True

    @rule(code=st.sampled_from((COUNTY, TOWNSHIP)), minutes=st.sampled_from((0, -20, 20, 50)))
    def set_the_clock_wrong(self, code: str, minutes: int) -> None:
        self.network.node(code).clock.offset = timedelta(minutes=minutes)

    @rule(minutes=st.sampled_from((1, 90)))
    def let_time_pass(self, minutes: int) -> None:
        self.network.advance(timedelta(minutes=minutes))

    @rule()
    def settle(self) -> None:
        self.network.advance(timedelta(hours=3))
        self.network.settle()
        self.is_wounded = False
        assert unfinished(self.network) == []

    @invariant()
    def nothing_is_violated(self) -> None:
        assert violations(self.network) == []

    def teardown(self) -> None:
        self.settle()
        assert violations(self.network) == []


Exchange.TestCase.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestExchange = Exchange.TestCase
