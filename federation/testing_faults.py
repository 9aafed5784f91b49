"""What can go wrong between two nodes and within one, by command: lines, crashes, head files, clocks.

    line.plan("lose-answer", "repeat")        what happens to the next calls, in this order
    line.is_cut = True                        no call gets through
    crash.arm("after-commit")                 the next commit of that node is its last instruction

A crash is a BaseException: nothing in the program may catch it. Source: federation.md §9.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from federation.errors import TransportError
from federation.parent_state import size_of
from federation.records import Request, Response

__all__ = ["CRASH_POINTS", "FAULTS", "Crash", "CrashPlan", "Fault", "Line", "MemoryHeadFile", "SimClock"]

CrashPoint = Literal["before-commit", "after-commit", "before-head-file", "after-head-file"]
CRASH_POINTS: tuple[CrashPoint, ...] = (
    "before-commit",
    "after-commit",
    "before-head-file",
    "after-head-file",
)

Fault = Literal["none", "lose-request", "lose-answer", "repeat", "delay", "alter-request", "alter-answer"]
FAULTS: tuple[Fault, ...] = (
    "none", "lose-request", "lose-answer", "repeat", "delay", "alter-request", "alter-answer",
)  # fmt: skip


class Crash(BaseException):
    """The power is gone: the process ends at this instruction."""


class CrashPlan:
    """When a node is to crash; nothing is armed at first."""

    def __init__(self) -> None:
        self._point = ""
        self._left = 0
        self.count = 0  # crashes so far

    def arm(self, point: CrashPoint, after: int = 0) -> None:
        """Crash when the point is reached, having let it pass `after` times."""
        self._point, self._left = point, after

    def disarm(self) -> None:
        """No crash after all."""
        self._point = ""

    def reach(self, point: str) -> None:
        """The node has come to a point.

        Raises:
            Crash: it is the one.
        """
        if point != self._point:
            return
        if self._left > 0:
            self._left -= 1
            return
        self.disarm()
        self.count += 1
        raise Crash(point)


class MemoryHeadFile:
    """`federation.ports.HeadFile` in memory: it outlives a restored database, as the real one does."""

    def __init__(self, crash: CrashPlan) -> None:
        self._crash = crash
        self._heads: dict[str, str] = {}

    def load(self) -> dict[str, str]:
        """Every head."""
        return dict(self._heads)

    def save(self, heads: Mapping[str, str]) -> None:
        """Take heads in; one that is smaller than the one kept is not taken."""
        self._crash.reach("before-head-file")
        for name, note in heads.items():
            kept = size_of(self._heads.get(name))
            if kept is None or (size_of(note) or 0) >= kept:
                self._heads[name] = note
        self._crash.reach("after-head-file")

    def forget(self, names: list[str]) -> None:
        """Drop heads."""
        for name in names:
            self._heads.pop(name, None)

    def lose(self) -> None:
        """The file is gone: another disk, without it."""
        self._heads.clear()


class SimClock:
    """A clock that stands until it is moved; `offset` is how wrong it is."""

    def __init__(self, time: Callable[[], datetime]) -> None:
        self._time = time
        self.offset = timedelta(0)

    def now(self) -> datetime:
        """The network's time, as this node believes it."""
        return self._time() + self.offset


class Line:
    """The way from a child to its parent (`federation.ports.Transport`).

    Args:
        deliver: hands a request to the parent; raises Crash when the parent crashes over it.
        on_crash: restarts the parent.

    Attributes:
        is_cut: no call gets through.
        log: every request that reached the parent, in order.
        tamper: what `alter-answer` makes of an answer; by default one byte of the body is another.
    """

    def __init__(self, deliver: Callable[[Request], Response], on_crash: Callable[[], None]) -> None:
        self._deliver = deliver
        self._on_crash = on_crash
        self._plan: deque[Fault] = deque()
        self._delayed: list[Request] = []
        self.is_cut = False
        self.log: list[Request] = []
        self.tamper: Callable[[Response], Response] = _other_byte

    def plan(self, *faults: Fault) -> None:
        """What happens to the next calls; those after them go well."""
        self._plan.extend(faults)

    def heal(self) -> None:
        """The line is whole again; what was delayed is never delivered."""
        self._plan.clear()
        self._delayed.clear()
        self.is_cut = False

    def send(self, base_url: str, request: Request) -> Response:
        """Carry one request, as planned."""
        fault = self._plan.popleft() if self._plan else "none"
        if self.is_cut or fault == "lose-request":
            raise TransportError("the line is cut")
        if fault == "delay":
            self._delayed.append(request)
            raise TransportError("no answer in time")
        if fault == "alter-request":
            request = replace(request, body=_flip(request.body), path=request.path)
        answer = self._hand_over(request)
        late, self._delayed = self._delayed, []
        for old in late:
            self._hand_over(old)
        if fault == "repeat":
            answer = self._hand_over(request)
        if fault == "lose-answer":
            raise TransportError("no answer in time")
        return self.tamper(answer) if fault == "alter-answer" else answer

    def _hand_over(self, request: Request) -> Response:
        self.log.append(request)
        try:
            return self._deliver(request)
        except Crash:
            self._on_crash()
            raise TransportError("the connection was reset") from None


def _flip(content: bytes) -> bytes:
    return content[:-2] + bytes([content[-2] ^ 1]) + content[-1:] if len(content) > 1 else content


def _other_byte(answer: Response) -> Response:
    return replace(answer, body=_flip(answer.body))
