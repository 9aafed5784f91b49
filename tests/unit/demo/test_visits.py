"""The script covers what a working morning has."""

from __future__ import annotations

import pytest

from demo.places import PlaceError, choose_places, read_places
from demo.visits import read_visits


def test_at_least_forty_matters_of_at_least_twenty_items_come_at_four_levels() -> None:
    visits = read_visits()
    assert len(visits) >= 40
    assert len({visit.item for visit in visits}) >= 20
    assert {visit.at for visit in visits} == {"village", "township", "county", "city"}


@pytest.mark.parametrize("seed", range(30))
def test_a_seed_chooses_a_real_village_and_what_lies_above_it(seed: int) -> None:
    chain = choose_places(seed)
    assert [place.level for place in chain] == ["city", "county", "township", "village"]
    assert not chain[-1].virtual
    assert [place.parent for place in chain[1:]] == [place.code for place in chain[:-1]]


def test_every_village_that_is_no_placeholder_can_play() -> None:
    villages = [place for place in read_places().values() if place.level == "village" and not place.virtual]
    assert all(len(choose_places(1, place.code)) == 4 for place in villages)


def test_a_county_can_top_the_network() -> None:
    chain = choose_places(3, top="320623000000")
    assert [place.level for place in chain] == ["county", "township", "village"]
    assert chain[0].code == "320623000000"


@pytest.mark.parametrize(("village", "top"), [("320623101000", None), ("999999999999", None)])
def test_what_is_no_village_is_refused(village: str, top: str | None) -> None:
    with pytest.raises(PlaceError):
        choose_places(1, village, top)


def test_a_placeholder_has_no_desk() -> None:
    virtual = next(
        place.code for place in read_places().values() if place.level == "village" and place.virtual
    )
    with pytest.raises(PlaceError, match="虚拟"):
        choose_places(1, virtual)
