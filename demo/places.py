"""Which four (or three) nodes play: a village of the division, and what lies above it."""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from functools import cache
from importlib import resources

LEVELS = ("city", "county", "township", "village")


@dataclass(frozen=True, slots=True)
class Place:
    """One unit of the division of 南通市."""

    code: str
    level: str
    parent: str
    name: str
    virtual: bool


class PlaceError(ValueError):
    """The code names no village that a node can stand in, or no unit above it; the message says which."""


@cache
def read_places() -> dict[str, Place]:
    """Every unit, by code."""
    text = resources.files("config").joinpath("regions/regions-nantong.csv").read_text("utf-8")
    return {
        row["code"]: Place(row["code"], row["level"], row["parent"], row["name"], row["virtual"] == "1")
        for row in csv.DictReader(text.splitlines())
    }


def choose_places(seed: int, village: str | None = None, top: str | None = None) -> list[Place]:
    """The nodes, from the top down.

    Args:
        seed: chooses the village when none is named.
        village: code of a village that is no placeholder.
        top: code of the county that tops the network (three levels), or None for the city.

    Raises:
        PlaceError: no such village, a placeholder, or `top` is not above it.
    """
    places = read_places()
    if village is None:
        real = [
            place
            for place in places.values()
            if place.level == "village" and not place.virtual and _is_below(places, place, top)
        ]
        if not real:
            raise PlaceError(f"--top {top}: 该单位下没有村(社区)。/ There is no village below it.")
        village = random.Random(seed).choice(real).code
    start = places.get(village)
    if start is None or start.level != "village":
        raise PlaceError(
            f"--village {village}: 不是南通市的村(社区)代码。/ Not the code of a village of Nantong."
        )
    if start.virtual:
        raise PlaceError(
            f"--village {village}: {start.name} 是虚拟单位,没有办事点。/ A placeholder without a desk."
        )
    chain = _chain(places, start)
    if top is None:
        return chain
    codes = [place.code for place in chain]
    if top not in codes or places[top].level != "county":
        raise PlaceError(f"--top {top}: 不是该村所属县(市、区)的代码。/ Not the county of that village.")
    return chain[codes.index(top) :]


def _chain(places: dict[str, Place], start: Place) -> list[Place]:
    chain = [start]
    while chain[0].parent:
        chain.insert(0, places[chain[0].parent])
    return chain


def _is_below(places: dict[str, Place], place: Place, top: str | None) -> bool:
    return top is None or top in {one.code for one in _chain(places, place)}
