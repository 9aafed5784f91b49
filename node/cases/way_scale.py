"""Where an instant stands on the picture of a matter's way: x in working days; pure.

Nights, weekends and holidays take no room: an instant's position is the working days before its day, and within a day
the part of the office's hours that has passed. So that a matter settled within minutes can still be read, every
stretch between two events gets a least width; the rest of the room is shared in proportion. Source: ui.md picture 1.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from node.cases.clocks import Workdays
from node.kernel.clock import SHANGHAI, local_time

OPENS_H, CLOSES_H = 8, 18
"""The hours of a working day that take room; before and after them the day stands still."""
LEAST_PX = 18.0
LEAST_SHARE = 0.6
"""At most this part of the width is given away as least widths."""
STEPS = (1, 2, 5, 10, 20, 50, 100, 250)


def closing_of(day: date) -> datetime:
    """The instant the office closes on a day: where a limit that ends that day stands."""
    return datetime.combine(day, time(CLOSES_H), SHANGHAI)


class WorkdayScale:
    """Instants → x.

    Args:
        events: what the picture shows; the first is its left edge, the last its right edge.
        left, right: x of the edges.
    """

    def __init__(self, calendar: Workdays, events: Iterable[datetime], left: float, right: float) -> None:
        self._calendar = calendar
        self._events = sorted(set(events))
        self._first_day = local_time(self._events[0]).date()
        self._places = [self._place(event) for event in self._events]
        self._xs = self._spread(left, right)

    def x(self, instant: datetime) -> float:
        """The x of an instant; outside the picture, the nearer edge."""
        place = bisect_right(self._events, instant) - 1
        if place < 0:
            return self._xs[0]
        if place + 1 >= len(self._events):
            return self._xs[-1]
        before, after = self._places[place], self._places[place + 1]
        if after > before:
            part = (self._place(instant) - before) / (after - before)
        else:
            part = (instant - self._events[place]) / (self._events[place + 1] - self._events[place])
        return self._xs[place] + part * (self._xs[place + 1] - self._xs[place])

    def ticks(self, most: int) -> list[tuple[float, date]]:
        """The beginnings of working days, at most `most` of them, as (x, day)."""
        last_day = local_time(self._events[-1]).date()
        count = self._calendar.between(self._first_day - timedelta(days=1), last_day)
        step = next((one for one in STEPS if count <= one * most), count // most + 1)
        found: list[tuple[float, date]] = []
        day, number = self._first_day, 0
        while day <= last_day:
            if self._is_workday(day):
                if number % step == 0:
                    found.append((self.x(datetime.combine(day, time(OPENS_H), SHANGHAI)), day))
                number += 1
            day += timedelta(days=1)
        return found

    def _spread(self, left: float, right: float) -> list[float]:
        gaps = [after - before for before, after in pairwise(self._places)]
        if not gaps:
            return [left]
        width = right - left
        least = min(LEAST_PX, LEAST_SHARE * width / len(gaps))
        total = sum(gaps)
        room = width - least * len(gaps)
        xs = [left]
        for gap in gaps:
            xs.append(xs[-1] + least + (room * gap / total if total else room / len(gaps)))
        return xs

    def _place(self, instant: datetime) -> float:
        local = local_time(instant)
        day = local.date()
        passed = self._calendar.between(self._first_day - timedelta(days=1), day)
        if not self._is_workday(day):
            return float(passed)
        hours = local.hour + local.minute / 60 + local.second / 3600
        return passed - 1 + min(max((hours - OPENS_H) / (CLOSES_H - OPENS_H), 0.0), 1.0)

    def _is_workday(self, day: date) -> bool:
        return self._calendar.between(day - timedelta(days=1), day) == 1
