"""Whom the stage of the browser tests sees: a few matters, each left at the point a page is to be shown at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Errand:
    """One person's business.

    Attributes:
        name: how the pages of `screens` call it.
        at: level whose desk it is handed in at.
        item: code of the catalogue.
        stop: it is left before this act; "" lets it run to its end.
        then: an act after it was left, with what it says.
        by: role that does it.
        forgets: one required material stays at home.
        file: the first material comes as a file too.
        online: applied for without coming.
    """

    name: str
    at: str
    item: str
    stop: str = ""
    then: str = ""
    by: str = ""
    forgets: bool = False
    file: bool = False
    online: bool = False


ERRANDS: tuple[Errand, ...] = (
    # the village's own
    Errand("taken-in", "village", "902022001000", stop="settle"),
    Errand("settled", "village", "902035001000"),
    Errand("under-review", "village", "902090002000", stop="grant"),
    Errand("withdrawn", "village", "902090003000", stop="grant", then="withdraw", by="agent"),
    Errand("online", "village", "902035001000", stop="settle", online=True),
    # carried upward
    Errand("to-send", "village", "902014001000", stop="offer", file=True),
    Errand("offered", "village", "902011001000", forgets=True),
    Errand("declined", "village", "902012001000", forgets=True),
    Errand("travelled", "village", "902014003000", file=True),
    Errand("to-hand-over", "village", "902033001000", stop="deliver"),
    Errand("three-levels", "village", "900714003000", stop="grant"),
    Errand("first-review", "village", "900511003000", stop="pre_review"),
    # handed in above
    Errand("correction", "township", "902009001000", forgets=True),
    Errand("to-accept", "county", "900118002000", stop="accept"),
    Errand("refusal", "county", "900136001000", stop="grant", then="propose_refusal", by="section"),
)
"""Between them they fill every list, and stand in every state a page shows."""
