"""Where a matter goes from the desk that took it in; pure. Source: catalogue README (levels), requirements.md §4.3."""

from __future__ import annotations

from dataclasses import dataclass

from node.cases.custody import Mode
from node.catalogue.rules import ItemVersion

NETWORK_LEVELS = ("village", "township", "county", "city")
"""Bottom up."""
OUTSIDE = "province"
"""Lies outside the network: the city forwards the case and records the result by hand."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What this level does with an item.

    Attributes:
        decides: the decision is made here.
        reviews: the first review is made here, the decision above.
        next_level: the level a case is offered to from here; None where it is decided.
        mode: how it is offered; None where it is decided.
    """

    decides: bool
    reviews: bool
    proxied: bool
    next_level: str | None
    mode: Mode | None

    @property
    def away(self) -> bool:
        """The case is only taken in here and handled above."""
        return not self.decides and not self.reviews

    def leads_down(self, level: str) -> bool:
        """Whether it is decided below a level, so that somebody must say at which node."""
        if self.next_level is None:
            return False
        return NETWORK_LEVELS.index(self.next_level) < NETWORK_LEVELS.index(level)


def deciding_level(version: ItemVersion) -> str:
    """The level of the network at which the item is decided (outside items: the city)."""
    return NETWORK_LEVELS[-1] if version.deciding_level == OUTSIDE else version.deciding_level


def review_level(version: ItemVersion) -> str | None:
    """The level of the first review, where the item has one below its decision."""
    return version.first_review.level if version.first_review is not None else None


def desk_for(version: ItemVersion, level: str) -> Desk:
    """What a level does with an item.

    Raises:
        ValueError: `level` is above the deciding level and could only send it down.
    """
    decision, review = deciding_level(version), review_level(version)
    if level == decision:
        return Desk(True, False, False, None, None)
    if NETWORK_LEVELS.index(level) > NETWORK_LEVELS.index(decision):
        return Desk(False, False, False, decision, Mode.HANDOVER)
    if review == level:
        return Desk(False, True, False, decision, Mode.REFERRAL)
    target = decision
    if review is not None and NETWORK_LEVELS.index(level) < NETWORK_LEVELS.index(review):
        target = review
    proxied = level in version.proxy_levels
    return Desk(False, False, proxied, target, Mode.PROXY if proxied else Mode.HANDOVER)
