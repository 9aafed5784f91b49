"""Village under township under county, three processes, killed again and again while people come (federation.md §9).

`BIANMIN_KILLS` says how often (50), `BIANMIN_SEED` which: who is killed when, who comes with what.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import pytest

from demo.applicants import Surroundings
from demo.nodes import DemoNetwork
from demo.places import choose_places
from node.kernel.faultpoints import POINTS
from tests.support.checking import NodeView, read_folders, readable, unfinished, violations
from tests.support.killing import Keeper, plan_kills
from tests.support.load import AT_TOWNSHIP, AT_VILLAGE, Desk, Load, People
from tests.support.processes import eventually

COUNTY = "320623000000"
PLACES = ("above", "both", "below")
REST_S = 240.0
A_KILL_S = 30.0
"""The longest a kill may take on the average, waiting for a named instant included."""


@pytest.mark.slow
def test_no_kill_loses_or_doubles_anything(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    total, seed = int(os.environ.get("BIANMIN_KILLS", "50")), int(os.environ["BIANMIN_SEED"])
    chance = random.Random(seed)
    places = choose_places(seed, top=COUNTY)
    network = DemoNetwork(tmp_path, 0, lambda _zh, _en: None)
    try:
        network.start(places)
    finally:
        network.stop()
    keepers = [
        Keeper(Path(node.office.data), kills)
        for node, kills in zip(network.nodes, plan_kills(total, PLACES, chance).values(), strict=True)
    ]
    folders = {node.office.code: Path(node.office.data) for node in network.nodes}
    loads = _loads(network, seed, chance)
    began = time.monotonic()
    for thread in (*keepers, *loads):
        thread.start()
    try:
        killed = eventually(lambda: not any(keeper.left for keeper in keepers), total * A_KILL_S)
        for load in loads:
            load.finish()
        finished = eventually(lambda: not any(load.is_alive() for load in loads), REST_S)
        rested = eventually(lambda: unfinished(read_folders(folders.values())) == [], REST_S)
    finally:
        ended = [keeper.stop() for keeper in keepers]
    shown = {offer for load in loads for offer in load.shown}
    done = sum((keeper.done for keeper in keepers), Counter[str]())
    matters = [matter for load in loads for matter in load.matters]
    _tell(record_property, keepers, done, len(matters), len(shown), time.monotonic() - began)
    views = read_folders(folders.values())
    secrets = {secret for load in loads for secret in load.people.secrets}
    assert [keeper.wrong for keeper in keepers if keeper.wrong] == []
    assert [load.error for load in loads if load.error] == []
    assert [failure for load in loads for failure in load.failures] == []
    assert violations(views, shown) == [], f"seed {seed}"
    assert readable(folders, secrets) == []
    assert [matter.doing for matter in matters if not matter.is_finished] == [], f"seed {seed}"
    assert unfinished(views, shown) == [], f"seed {seed}"
    assert (killed, finished, rested, ended) == (True, True, True, [0, 0, 0])
    assert sum(done.values()) >= total
    assert _home_cases(views) == len(matters)
    if total >= 2 * len(POINTS):
        assert {point for point in POINTS if done[point] == 0} == set()


def _loads(network: DemoNetwork, seed: int, chance: random.Random) -> list[Load]:
    """Three streams of people, with connections of their own."""
    loads = []
    for number in range(3):
        desks = {node.office.code: Desk(node.office) for node in network.nodes}
        top, middle, low = (desks[node.office.code] for node in network.nodes)
        assert top.office.code == COUNTY
        place = low.office.place
        around = Surroundings(f"南通市{place.name}", place.code, date(2026, 11, 24))
        people = People(seed * 10 + number, around)
        homes: Sequence[tuple[Desk, Sequence[str]]] = [
            (low, AT_VILLAGE),
            (low, AT_VILLAGE),
            (middle, AT_TOWNSHIP),
        ]
        loads.append(Load(desks, homes, people, random.Random(chance.random())))
    return loads


def _tell(
    record: Callable[[str, object], None],
    keepers: Sequence[Keeper],
    done: Counter[str],
    matters: int,
    shown: int,
    seconds: float,
) -> None:
    random_kills = done[""]
    record("kills", f"{sum(done.values())}, of them {random_kills} at random moments, {seconds:.0f} s")
    record("instants", dict(sorted((point, count) for point, count in done.items() if point)))
    record("instants missed", dict(Counter(point for keeper in keepers for point in keeper.missed)))
    record("matters", f"{matters}, {shown} offers shown as received")


def _home_cases(views: Sequence[NodeView]) -> int:
    return sum(held.home == view.code for view in views for held in view.cases.cases.values())
