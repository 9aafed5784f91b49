"""Counting what goes over a line, call by call: every byte of HTTP between a node and its parent (no TCP, no TLS).

A connection carries one request after another (`requests` never pipelines), each with a head and, where it says so, a
body of `Content-Length`. That is all that is read of it; what is counted is every byte that was sent.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

HEAD_END = b"\r\n\r\n"


@dataclass(slots=True)
class Exchange:
    """One call and its answer.

    Attributes:
        method, path: of the request; the path without its query.
        sent, answered: bytes of request and answer, heads included.
        start: `Tlog-Start` of the request, -1 without.
        lines: how many lines the request's body has.
        status: of the answer; 0 while there is none.
    """

    method: str
    path: str
    sent: int
    answered: int = 0
    start: int = -1
    lines: int = 0
    status: int = 0

    @property
    def total(self) -> int:
        """Bytes both ways."""
        return self.sent + self.answered


@dataclass
class Meter:
    """Every exchange over one line, in order."""

    _exchanges: list[Exchange] = field(default_factory=list)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def watch(self) -> _Connection:
        """What sees one more connection."""
        return _Connection(self)

    def add(self, exchange: Exchange) -> None:
        """A request has begun."""
        with self._guard:
            self._exchanges.append(exchange)

    @property
    def count(self) -> int:
        """How many exchanges there were: a mark for `since`."""
        with self._guard:
            return len(self._exchanges)

    def since(self, mark: int = 0) -> Sequence[Exchange]:
        """The exchanges after a mark."""
        with self._guard:
            return self._exchanges[mark:]


class _Connection:
    """`demo.line.Watcher` of one connection."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._now: Exchange | None = None
        self._request, self._answer = _Message(), _Message()

    def sent(self, content: bytes) -> None:
        """Bytes of a request; its end is the next request's beginning."""
        if self._request.is_whole:
            self._request, self._answer, self._now = _Message(), _Message(), None
        self._request.take(content)
        head = self._request.head
        if self._now is None and head is not None:
            method, target = head[0].split(" ")[:2]
            self._now = Exchange(method, target.partition("?")[0], 0)
            self._now.start = int(_field(head, "tlog-start") or -1)
            self._meter.add(self._now)
        if self._now is not None:
            self._now.sent = self._request.length
            self._now.lines = self._request.lines

    def answered(self, content: bytes) -> None:
        """Bytes of the answer."""
        self._answer.take(content)
        if self._now is not None:
            self._now.answered = self._answer.length
            if self._answer.head is not None:
                self._now.status = int(self._answer.head[0].split(" ")[1])


class _Message:
    """One message as it comes in."""

    def __init__(self) -> None:
        self.length = 0
        self.lines = 0
        self.head: list[str] | None = None
        self._begun = b""
        self._wanted = 0

    @property
    def is_whole(self) -> bool:
        """Whether head and body have come."""
        return self.head is not None and self.length >= self._wanted

    def take(self, content: bytes) -> None:
        """More of it."""
        self.length += len(content)
        if self.head is not None:
            self.lines += content.count(b"\n")
            return
        self._begun += content
        head, end, body = self._begun.partition(HEAD_END)
        if end != b"":
            self.head = head.decode("latin-1").split("\r\n")
            self._wanted = len(head) + len(end) + int(_field(self.head, "content-length") or 0)
            self.lines = body.count(b"\n")


def _field(head: Sequence[str], name: str) -> str:
    for line in head[1:]:
        found, _, value = line.partition(":")
        if found.lower() == name:
            return value.strip()
    return ""
