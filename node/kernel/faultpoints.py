"""Ending the process at a named instant, for crash tests: `BIANMIN_FAULT=name:count` in the environment.

With `BIANMIN_FAULT=writer.after-commit:3` the process ends, as by `kill -9`, when it reaches that instant the third
time. Without the variable, which is read once at start, nothing here does anything. The names are those of
`federation.faultpoints`, and:

    ledger.before-commit, ledger.after-commit, ledger.after-head-file    as of the writer, for facts
    offer.before-commit, offer.after-commit                              a case was offered, up or back
    take.before-commit, take.after-commit                                an offer was taken, by machine or person
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping

from sqlalchemy import event
from sqlalchemy.orm import Session

from federation import faultpoints as library

VARIABLE = "BIANMIN_FAULT"
KILLED = 137
"""Exit code of a process that SIGKILL ended, as a shell tells it."""
POINTS: tuple[str, ...] = (
    *library.POINTS,
    "ledger.before-commit",
    "ledger.after-commit",
    "ledger.after-head-file",
    "offer.before-commit",
    "offer.after-commit",
    "take.before-commit",
    "take.after-commit",
)


class _Armed:
    """One instant, and how often it is still let pass."""

    def __init__(self, point: str, count: int) -> None:
        self._point = point
        self._left = count
        self._lock = threading.Lock()

    def reach(self, name: str) -> None:
        if name != self._point:
            return
        with self._lock:
            self._left -= 1
            if self._left <= 0:
                os._exit(KILLED)


def read_plan(environ: Mapping[str, str]) -> tuple[str, int] | None:
    """The instant and the count that are asked for; None when none is, or when it is not `name:count`."""
    point, _, count = environ.get(VARIABLE, "").partition(":")
    return (point, int(count)) if point in POINTS and count.isdecimal() and int(count) > 0 else None


_plan = read_plan(os.environ)
_armed = None if _plan is None else _Armed(*_plan)
if _armed is not None:
    library.watch(_armed.reach)


def reach(name: str) -> None:
    """This instant has come: the process ends, if it is the one that was asked for."""
    if _armed is not None:
        _armed.reach(name)


def reach_around(session: Session, act: str) -> None:
    """`<act>.before-commit` and `<act>.after-commit` are reached when this session's transaction commits."""
    if _armed is None:
        return
    event.listen(session, "before_commit", lambda _: reach(f"{act}.before-commit"), once=True)
    event.listen(session, "after_commit", lambda _: reach(f"{act}.after-commit"), once=True)
