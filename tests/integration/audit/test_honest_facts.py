"""What honest work writes holds by every rule: an audit that cries wolf would be switched off."""

from __future__ import annotations

from collections import Counter

from federation import canonical
from federation.audit import Opened
from node.audit.rejudging import Subject, rejudge, rejudge_together
from node.audit.rulebook import build_rulebook
from node.cases.change import perform
from node.cases.deciding import accept, grant, settle
from node.cases.handover import offer, return_result
from node.cases.states import Act
from node.catalogue.rules import Handling
from tests.integration.cases.conftest import network
from tests.integration.cases.network import CITY, VILLAGE, Network, Node, WeekdayCalendar, catalogue
from tests.integration.cases.stories import VILLAGE_OWN, hand_in, proxied

__all__ = ["network"]


def opened(node: Node) -> list[Opened]:
    return [Opened(index, line, canonical.load_object(line)) for index, line in enumerate(node.lines())]


def test_facts_of_a_local_matter_and_of_one_decided_three_levels_up_hold(network: Network) -> None:
    village, city = network[VILLAGE], network[CITY]
    own = hand_in(village, VILLAGE_OWN).case.number
    village.act(own, settle, village.worker("agent"))
    number = hand_in(village, proxied("city", Handling.PROMISED)).case.number
    village.act(number, offer, village.worker("agent"), entrustment_signed=True)
    network.carry()
    network.days(1)
    city.act(number, accept, city.worker("clerk"))
    city.act(number, perform, Act.START_REVIEW, city.worker("clerk"))
    city.act(number, grant, city.worker("section"), text="符合条件,准予。")
    city.act(number, perform, Act.ISSUE, city.worker("clerk"))
    city.act(number, return_result, city.worker("clerk"))
    network.carry()
    by_hash = {version.hash: version for version in catalogue().values()}
    told: Counter[tuple[str, bool | None]] = Counter()
    for code, node in network.nodes.items():
        facts = opened(node)
        subject = Subject(code, node.context.level, network.clock.now())
        with node.database.reading() as session:
            book = build_rulebook(session, WeekdayCalendar(), lambda _session, name: by_hash.get(name))
            for fact in facts:
                told.update((one.rule, one.holds) for one in rejudge(fact.fact, subject, book))
        assert rejudge_together(facts, []) == {}
    assert {rule for rule, holds in told if holds is False} == set()
    assert {rule for rule, holds in told if holds} >= {
        "form",
        "day",
        "dated",
        "transition",
        "clock",
        "number",
    }
