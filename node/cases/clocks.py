"""The clocks of a case: started, paused, resumed and stopped by transitions; pure.

A working day is consumed by a clock if it was running at that day's close of business; the start day is not
counted; a due day is always a working day (民法典 201, 203; 行政许可法 82). Pauses merge: a clock paused twice is
paused once. Source: requirements.md §2.4, §4.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol


class Workdays(Protocol):
    """What a clock needs of the work calendar."""

    def due(self, start: date, workdays: int) -> tuple[date, bool]:
        """The day `workdays` working days after `start` (start not counted), and whether it is provisional."""
        ...

    def between(self, start: date, end: date) -> int:
        """Working days in (start, end]."""
        ...


@dataclass(frozen=True, slots=True)
class CaseClock:
    """One clock of one case.

    Attributes:
        id: T1, T1b, T2, T2p, T6, T7, T8, T9 of requirements.md §4.2.
        days: working days allowed in all; extension adds to it.
        started_on: the day it was started; not counted.
        used_days: working days consumed before the present run (pauses, earlier custodians).
        running_since: the day of the last start or resume; None while paused or stopped.
        due_on: last day of the limit while running; None while paused.
        stopped_on: None while it is alive.
        provisional: the due day lies in a year whose calendar has not been announced.
    """

    id: str
    days: int
    started_on: date
    used_days: int = 0
    running_since: date | None = None
    due_on: date | None = None
    stopped_on: date | None = None
    provisional: bool = False

    @property
    def state(self) -> str:
        """`running`, `paused` or `stopped`."""
        if self.stopped_on is not None:
            return "stopped"
        return "paused" if self.running_since is None else "running"


def start(clock_id: str, days: int, on: date, calendar: Workdays, used_days: int = 0) -> CaseClock:
    """A clock that begins to run on a day (not counted)."""
    due_on, provisional = calendar.due(on, max(days - used_days, 0))
    return CaseClock(clock_id, days, on, used_days, on, due_on, None, provisional)


def pause(clock: CaseClock, on: date, calendar: Workdays) -> CaseClock:
    """The clock stands still from that day's beginning; pausing a paused clock changes nothing."""
    if clock.state != "running":
        return clock
    return replace(clock, used_days=used(clock, on, calendar), running_since=None, due_on=None)


def resume(clock: CaseClock, on: date, calendar: Workdays) -> CaseClock:
    """The clock runs again; the day of resuming is not counted."""
    if clock.state != "paused":
        return clock
    due_on, provisional = calendar.due(on, max(clock.days - clock.used_days, 0))
    return replace(clock, running_since=on, due_on=due_on, provisional=provisional)


def stop(clock: CaseClock, on: date, calendar: Workdays) -> CaseClock:
    """The clock ends; what it consumed stays."""
    if clock.state == "stopped":
        return clock
    return replace(clock, used_days=used(clock, on, calendar), running_since=None, stopped_on=on)


def extend(clock: CaseClock, days: int, calendar: Workdays) -> CaseClock:
    """More days are allowed (行政许可法 42)."""
    longer = replace(clock, days=clock.days + days)
    if clock.running_since is None:
        return longer
    due_on, provisional = calendar.due(clock.running_since, max(longer.days - longer.used_days, 0))
    return replace(longer, due_on=due_on, provisional=provisional)


def used(clock: CaseClock, on: date, calendar: Workdays) -> int:
    """Working days consumed up to and with a day."""
    if clock.running_since is None:
        return clock.used_days
    return clock.used_days + calendar.between(clock.running_since, on)


def overdue(clock: CaseClock, on: date) -> bool:
    """Whether the limit has passed (the due day itself is still in time)."""
    return clock.state == "running" and clock.due_on is not None and on > clock.due_on


def turn(
    clocks: Iterable[CaseClock],
    *,
    starts: Mapping[str, int],
    stops: Iterable[str],
    pauses: Iterable[str],
    resumes: Iterable[str],
    on: date,
    calendar: Workdays,
) -> tuple[CaseClock, ...]:
    """What a transition does to a case's clocks, in the order of their ids.

    Args:
        starts: clock id → working days allowed; a clock that exists and is stopped is started anew.
    """
    by_id = {clock.id: clock for clock in clocks}
    for clock_id in stops:
        if clock_id in by_id:
            by_id[clock_id] = stop(by_id[clock_id], on, calendar)
    for clock_id in pauses:
        if clock_id in by_id:
            by_id[clock_id] = pause(by_id[clock_id], on, calendar)
    for clock_id in resumes:
        if clock_id in by_id:
            by_id[clock_id] = resume(by_id[clock_id], on, calendar)
    for clock_id, days in starts.items():
        by_id[clock_id] = start(clock_id, days, on, calendar)
    return tuple(by_id[clock_id] for clock_id in sorted(by_id))


def open_form(clock: CaseClock, on: date, calendar: Workdays) -> dict[str, object]:
    """The clock as an event carries it on a day: `{id, started_on, used_days, due_on}` (federation.md §8).

    `used_days` counts up to that day; `due_on` is None while the clock stands still.
    """
    return {
        "id": clock.id,
        "started_on": clock.started_on.isoformat(),
        "used_days": used(clock, on, calendar),
        "due_on": clock.due_on.isoformat() if clock.due_on is not None else None,
    }


def mirrored(stated: Mapping[str, object], on: date, calendar: Workdays) -> CaseClock:
    """The clock of another node as it stated it on a day.

    Raises:
        KeyError, ValueError, TypeError: it is not an open form.
    """
    due = date.fromisoformat(str(stated["due_on"])) if stated.get("due_on") else None
    used_days = int(str(stated["used_days"]))
    left = calendar.between(on, due) if due is not None else 0
    return CaseClock(
        id=str(stated["id"]),
        days=used_days + left,
        started_on=date.fromisoformat(str(stated["started_on"])),
        used_days=used_days,
        running_since=on if due is not None else None,
        due_on=due,
    )
