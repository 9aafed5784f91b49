"""Time as an input: a clock everywhere, aware UTC instants, local days of the node's zone.

Nothing in this program reads the system's time but `SystemClock`. Instants are aware and UTC inside; a day is a local
date (`local_date`), because limits are counted in days of the office (requirements.md §2.4).
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
_UTC_TEXT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?Z")


class Clock(Protocol):
    """Where the time comes from; the same shape as `federation.ports.Clock`."""

    def now(self) -> datetime:
        """The instant, aware, UTC."""
        ...


class SystemClock:
    """The machine's clock, shifted by a fixed offset in demonstrations and tests.

    Args:
        offset_s: seconds added to the machine's time; 0 in service.
    """

    def __init__(self, offset_s: float = 0.0) -> None:
        self._offset = timedelta(seconds=offset_s)

    def now(self) -> datetime:
        """The instant, aware, UTC."""
        return datetime.now(UTC) + self._offset


class FixedClock:
    """A clock that stands still until it is told otherwise: for tests and simulations.

    Args:
        instant: an aware instant; ISO 8601 text with an offset is read.
    """

    def __init__(self, instant: datetime | str) -> None:
        self._now = _utc(datetime.fromisoformat(instant) if isinstance(instant, str) else instant)

    def now(self) -> datetime:
        """The instant it was set to."""
        return self._now

    def set(self, instant: datetime) -> None:
        """Moves to an aware instant, forward or backward."""
        self._now = _utc(instant)

    def advance(self, step: timedelta | None = None, *, seconds: float = 0.0) -> datetime:
        """Moves on by a step, or by seconds; returns the new instant."""
        self._now += (step or timedelta()) + timedelta(seconds=seconds)
        return self._now


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError(f"an instant needs a zone: {instant.isoformat()}")
    return instant.astimezone(UTC)


def local_date(instant: datetime, zone: ZoneInfo = SHANGHAI) -> date:
    """The day an aware instant falls on in the office's zone."""
    if instant.tzinfo is None:
        raise ValueError(f"an instant needs a zone: {instant.isoformat()}")
    return instant.astimezone(zone).date()


def local_time(instant: datetime, zone: ZoneInfo = SHANGHAI) -> datetime:
    """An aware instant as the office's wall clock shows it."""
    return _utc(instant).astimezone(zone)


def day_start(day: date, zone: ZoneInfo = SHANGHAI) -> datetime:
    """The first instant of a local day, in UTC; a day is the half-open span to the next one's start."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def format_utc(instant: datetime) -> str:
    """RFC 3339 in UTC with whole seconds, `2026-11-24T01:02:03Z`: the one spelling of facts and entries."""
    return _utc(instant).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_utc(text: str) -> datetime:
    """Reads `format_utc`, and fractions of a second where others write them.

    Raises:
        ValueError: it is not an RFC 3339 instant ending in `Z`.
    """
    if _UTC_TEXT.fullmatch(text) is None:
        raise ValueError(f"not an RFC 3339 instant in UTC: {text!r}")
    return datetime.fromisoformat(text)
