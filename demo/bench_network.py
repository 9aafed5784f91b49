"""A real network of four processes for the bench: escalations over HTTP, what is durable read from the nodes' files.

The nodes run with the settings a village has on its first day, not with the demonstration's hurry. A node's database is
read, never written: SQLite shows a row to another process only once its transaction is durable (WAL, FULL).
"""

from __future__ import annotations

import base64
import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from demo.applicants import Applicants, Surroundings
from demo.bench_meter import Meter
from demo.line import Line
from demo.nodes import DemoNetwork
from demo.office import Office
from demo.places import Place
from node.kernel.clock import SystemClock, local_date

SETTINGS: Mapping[str, str] = {"demo_mode": "true", "rate_limits": "false"}
ITEM_ONE_UP = "902014001000"  # 居民养老保险参保登记, decided at the township
ITEM_THREE_UP = "902042001000"  # 住房公积金提取, decided at the city
PATIENCE_S = 120.0
LOOK_EVERY_S = 0.0005
SETTLED_S = 5.0
_OF_LOG = "l.role = :role AND (:peer = '' OR l.peer = :peer)"
UPWARD = ("village", "township", "county")
"""Levels that have a line above them, the lowest first."""


def _open(data: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{data / 'node.db'}?mode=ro", uri=True, isolation_level=None)


@dataclass(frozen=True, slots=True)
class Escalation:
    """A matter ready to be offered upward, or offered."""

    number: str
    case_id: str


@dataclass(frozen=True, slots=True)
class Stored:
    """One entry in a node's file."""

    index: int
    line: bytes


class StreamReader:
    """Looks into one log in a node's database, without ever writing.

    Args:
        data: the node's folder.
        role: of the log.
        peer: its neighbour; needed only where there are several.
    """

    def __init__(self, data: Path, role: str, peer: str = "") -> None:
        self._connection = _open(data)
        self._named = {"role": role, "peer": peer}

    def size(self) -> int:
        """Entries of the log that are durable now."""
        return self._state()[0]

    def receipted(self) -> int:
        """Entries of an own log that have their receipt."""
        return self._state()[1]

    def _state(self) -> tuple[int, int]:
        query = f"SELECT size, receipted_size FROM stream_log l WHERE {_OF_LOG} ORDER BY epoch DESC LIMIT 1"
        row = self._connection.execute(query, self._named).fetchone()
        return (0, 0) if row is None else (int(row[0]), int(row[1]))

    def since(self, start: int) -> list[Stored]:
        """Entries from an index on."""
        query = (
            "SELECT e.idx, e.line FROM stream_entry e JOIN stream_log l ON l.log_id = e.log_id "
            f"WHERE {_OF_LOG} AND e.idx >= :start ORDER BY e.idx"
        )
        rows = self._connection.execute(query, {**self._named, "start": start})
        return [Stored(int(index), bytes(line)) for index, line in rows if line is not None]

    def wait_for(self, start: int, subject: str) -> float:
        """The instant (`time.perf_counter`) at which an entry about a subject was seen at or after `start`.

        Raises:
            TimeoutError: it did not come.
        """
        mark, deadline = f'"subject":"{subject}"'.encode(), time.monotonic() + PATIENCE_S
        seen = start
        while time.monotonic() < deadline:
            if self.size() > seen:
                came = time.perf_counter()
                entries = self.since(seen)
                if any(mark in entry.line for entry in entries):
                    return came
                seen = entries[-1].index + 1 if entries else seen
            time.sleep(LOOK_EVERY_S)
        raise TimeoutError(f"nothing about {subject} came within {PATIENCE_S:.0f} s")

    def close(self) -> None:
        """Let the file go."""
        self._connection.close()


@dataclass
class BenchNetwork:
    """The running nodes and the lines between them."""

    network: DemoNetwork
    meters: Mapping[str, Meter]
    people: Applicants
    _guides: dict[str, Any] = field(default_factory=dict)

    @property
    def village(self) -> Office:
        """Where escalations begin."""
        return self.network.offices["village"]

    def data(self, level: str) -> Path:
        """A node's folder."""
        return Path(self.network.offices[level].data)

    def register(self, item: str) -> Escalation:
        """A matter with everything it needs, registered at the village and not offered yet."""
        village = self.village
        if item not in self._guides:
            self._guides[item] = village.call("GET", f"/items/{item}")
        guide = self._guides[item]
        body = {
            "item": item,
            "applicant": self.people.applicant(guide["form"]),
            "form": self.people.fill(guide["form"]["fields"]),
            "materials": [str(material["id"]) for material in guide["materials"]],
            "channel": "window",
        }
        made = village.call("POST", "/cases", body, role=village.desk)
        return Escalation(str(made["number"]), str(made["case"]["id"]))

    def offer(self, escalation: Escalation) -> None:
        """The agent sends it up: the call that creates an escalation."""
        self.village.act(escalation.number, "offer", self.village.desk, {"entrustment_signed": True})

    def calm(self, quiet_s: float = 1.0) -> None:
        """Wait until no log has grown for a while, and all that was sent up has its receipt.

        Raises:
            TimeoutError: they never become quiet.
        """
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            before = self._standing()
            time.sleep(quiet_s)
            if self._standing() == before and self._is_receipted():
                return
        raise TimeoutError("the nodes never become quiet")

    def settle(self) -> None:
        """Wait until everything that was sent down has arrived too, and nothing moves any more.

        Raises:
            TimeoutError: they never do.
        """
        for lower, upper in pairwise((*UPWARD, "city")):
            code = self.network.offices[lower].code
            with (
                closing(StreamReader(self.data(upper), "own-down", code)) as sent,
                closing(StreamReader(self.data(lower), "peer-down")) as came,
            ):
                _wait(lambda sent=sent, came=came: came.size() >= sent.size())  # type: ignore[misc]
        self.calm(SETTLED_S)

    def wait_written(self, log: StreamReader, size: int) -> None:
        """Wait until a log has so many entries.

        Raises:
            TimeoutError: it has not within two minutes.
        """
        _wait(lambda: log.size() >= size)

    def wait_receipted(self, log: StreamReader, size: int) -> None:
        """Wait until a log has so many entries and all of them have a receipt.

        Raises:
            TimeoutError: they have not within two minutes.
        """
        _wait(lambda: log.size() >= size and log.receipted() >= log.size())

    def _standing(self) -> int:
        """Grows with every entry written, received or receipted anywhere."""
        found = 0
        for node in self.network.nodes:
            with closing(_open(Path(node.office.data))) as connection:
                query = "SELECT coalesce(sum(size + receipted_size), 0) FROM stream_log"
                found += int(connection.execute(query).fetchone()[0])
        return found

    def _is_receipted(self) -> bool:
        for level in UPWARD:
            with closing(StreamReader(self.data(level), "own-up")) as own:
                if own.receipted() < own.size():
                    return False
        return True


def _wait(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {PATIENCE_S:.0f} s")
        time.sleep(0.05)


@contextmanager
def running(
    folder: Path, places: Sequence[Place], tell: Callable[[str, str], None], *, metered: bool
) -> Iterator[BenchNetwork]:
    """Four nodes, ended afterwards.

    Args:
        metered: each hop leads through a line with a meter; else the nodes call each other directly.
    """
    meters: list[Meter] = []

    def make_line(port: int) -> Line:
        meters.append(Meter())
        return Line(port, watch=meters[-1].watch)

    network = DemoNetwork(folder, 0, tell, settings=SETTINGS, make_line=make_line)
    village, above = places[-1], places[-2]
    today = local_date(SystemClock().now())
    people = Applicants(1, Surroundings(f"南通市{above.name}{village.name}", village.code, today))
    try:
        network.start(places, lines=UPWARD if metered else ())
        bench = BenchNetwork(network, dict(zip(reversed(UPWARD), meters, strict=False)), people)
        _warm_up(bench)
        yield bench
    finally:
        network.stop()


def _warm_up(bench: BenchNetwork) -> None:
    """The first matters load everything that a running node has loaded."""
    for item, level in ((ITEM_ONE_UP, "township"), (ITEM_THREE_UP, "city")) * 2:
        escalation = bench.register(item)
        with closing(StreamReader(bench.data(level), "peer-up")) as above:
            bench.offer(escalation)
            above.wait_for(0, escalation.case_id)
    bench.calm()


def package_bytes(line: bytes) -> int:
    """Bytes of an offer's package before sealing: its open data, and what is sealed, as JSON.

    AES-GCM keeps lengths, so that the ciphertext of the sealed part tells how long it was.

    Raises:
        ValueError: the entry has no sealed part.
    """
    data = dict(json.loads(line)["data"])
    sealed = str(data.pop("sealed", ""))
    parts = sealed.split(".")
    if len(parts) != 5:
        raise ValueError("an escalation without a sealed part")
    hidden = len(base64.urlsafe_b64decode(parts[3] + "=" * (-len(parts[3]) % 4)))
    shown = len(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8"))
    return shown + hidden
