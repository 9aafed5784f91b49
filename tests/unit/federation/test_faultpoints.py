"""Named instants: told to whoever watches, in the order of what is made durable, and to nobody otherwise."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from federation import faultpoints
from tests.unit.federation.simulated import CITY, COUNTY, pair


@pytest.fixture
def reached() -> Iterator[list[str]]:
    names: list[str] = []
    faultpoints.watch(names.append)
    yield names
    faultpoints.watch(None)


def test_an_entry_that_goes_up_and_one_that_comes_down_pass_every_instant(reached: list[str]) -> None:
    network, county, city = pair()
    county.queue(CITY, {"n": 1})
    city.queue(COUNTY, {"n": 1})
    network.settle()
    assert reached[:3] == ["writer.before-commit", "writer.after-commit", "writer.after-head-file"]
    assert reached.index("push.after-commit") < reached.index("push.before-receipt")
    assert reached.index("apply.before-commit") < reached.index("apply.after-commit")
    assert set(reached) == set(faultpoints.POINTS)


def test_nobody_is_told_when_nobody_watches(reached: list[str]) -> None:
    faultpoints.watch(None)
    network, county, _ = pair()
    county.queue(CITY, {"n": 1})
    network.settle()
    assert reached == []
