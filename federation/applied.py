"""Counts of what became of the entries one call of `Inbox.apply` dealt with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from federation.delivery import Outcome

__all__ = ["Applied"]

_COUNTED_AS: Mapping[Outcome, str] = {"set-aside": "set_aside"}


@dataclass
class Applied:
    """What became of the entries one call dealt with.

    Attributes:
        entries: how many the cursors moved over.
        applied, forwarded, held, set_aside, unknown, repeated, undeliverable, erased: by what became of them; those
            that waited and were tried again are counted here too.
    """

    entries: int = 0
    applied: int = 0
    forwarded: int = 0
    held: int = 0
    set_aside: int = 0
    unknown: int = 0
    repeated: int = 0
    undeliverable: int = 0
    erased: int = 0

    def count(self, outcome: Outcome) -> None:
        """One more of an outcome."""
        name = _COUNTED_AS.get(outcome, outcome)
        setattr(self, name, getattr(self, name) + 1)

    def add(self, other: Applied) -> None:
        """Take over the counts of a transaction that was committed."""
        for entry in fields(self):
            setattr(self, entry.name, getattr(self, entry.name) + getattr(other, entry.name))
