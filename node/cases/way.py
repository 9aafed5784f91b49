"""A matter's way through the levels, as the data of its picture: lanes, spans, moves, flags (ui.md picture 1); pure.

A span is a half-open stretch of time in one node's lane: `held`, `queued` (offered, not answered) or `paused` (waiting
for the applicant, or a special procedure). The last held span of an open matter ends now.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Literal

PAUSES = frozenset({"CORRECTION", "SUSPENDED"})
Kind = Literal["held", "queued", "paused"]


@dataclass(frozen=True, slots=True)
class Holding:
    """Who held the matter from when; `offered_at` is when it was offered to that node (None: it began there)."""

    node: str
    offered_at: datetime | None
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class Try:
    """One offer: made by, to, from when, answered when (None: it waits), and whether it was taken."""

    offered_by: str
    addressee: str
    offered_at: datetime
    answered_at: datetime | None
    taken: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One change of status."""

    node: str
    target: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one lane, [start, end)."""

    node: str
    kind: Kind
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Move:
    """Custody moved: offered then taken."""

    source: str
    target: str
    offered_at: datetime
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class Flag:
    """A limit: `promised` or `statutory`."""

    kind: Literal["promised", "statutory"]
    due_on: date


@dataclass(frozen=True, slots=True)
class Way:
    """The picture's data. `path`: every node the matter's entries passed, home first, relays too."""

    path: tuple[str, ...]
    spans: tuple[Span, ...]
    moves: tuple[Move, ...]
    flags: tuple[Flag, ...]
    end: datetime
    is_open: bool


def draw_way(
    *,
    home: str,
    line: Sequence[str],
    holdings: Sequence[Holding],
    tries: Iterable[Try],
    steps: Iterable[Step],
    flags: Iterable[Flag],
    now: datetime,
    closed_at: datetime | None,
) -> Way:
    """Puts the picture together.

    Args:
        line: codes from the home up to the top, home first, as far as they are known; relays are found in it.
        holdings: by custody number.
    """
    end = closed_at if closed_at is not None else now
    offers = sorted(tries, key=lambda one: one.offered_at)
    spans = [*_held(holdings, offers, end), *_queued(offers, end), *_paused(steps, end)]
    moves = [
        Move(before.node, after.node, after.offered_at, after.taken_at)
        for before, after in pairwise(holdings)
        if after.offered_at is not None
    ]
    return Way(
        _path(home, line, [one.node for one in holdings], [one.addressee for one in offers]),
        tuple(sorted(spans, key=lambda span: (span.start, span.node, span.kind))),
        tuple(moves),
        tuple(flags),
        end,
        closed_at is None,
    )


def _held(holdings: Sequence[Holding], offers: Sequence[Try], end: datetime) -> list[Span]:
    spans = []
    for place, one in enumerate(holdings):
        until = holdings[place + 1].taken_at if place + 1 < len(holdings) else end
        start = one.taken_at
        for offer in offers:
            if offer.offered_by != one.node or not start <= offer.offered_at < until:
                continue
            spans.append(Span(one.node, "held", start, offer.offered_at))
            start = offer.answered_at or end
        if start < until:
            spans.append(Span(one.node, "held", start, until))
    return [span for span in spans if span.start < span.end]


def _queued(offers: Sequence[Try], end: datetime) -> list[Span]:
    return [
        Span(one.offered_by, "queued", one.offered_at, one.answered_at or end)
        for one in offers
        if one.offered_at < (one.answered_at or end)
    ]


def _paused(steps: Iterable[Step], end: datetime) -> list[Span]:
    spans: list[Span] = []
    since: Step | None = None
    for step in steps:
        if since is not None:
            spans.append(Span(since.node, "paused", since.at, step.at))
        since = step if step.target in PAUSES else None
    if since is not None:
        spans.append(Span(since.node, "paused", since.at, end))
    return [span for span in spans if span.start < span.end]


def _path(
    home: str, line: Sequence[str], held_by: Sequence[str], offered_to: Sequence[str]
) -> tuple[str, ...]:
    touched = dict.fromkeys((home, *held_by, *offered_to))
    reached = max((line.index(code) for code in touched if code in line), default=0)
    on_line = list(line[: reached + 1]) or [home]
    return tuple(dict.fromkeys((*on_line, *touched)))
