"""P1: signed ingest, log only, against a bare bulk insert of the same rows, on SQLite with WAL and FULL.

Upper side, **ingest**: a child's push as the web server hands it on, `Server.before_body` and `Server.handle` over
`SqlDatabase`: signature and digest of the request, its nonce, the child's key and statement, the checkpoint's signature,
leaf hashes and root, the daily count, entries, new head and receipt, all in one durable transaction. Left out: HTTP itself,
and applying what was stored.

Lower side, **bare insert**: the very rows that ingest stores, made beforehand, by the driver's own `executemany` into a
table of the same columns and key, in one `BEGIN IMMEDIATE` … `COMMIT` of one connection, same PRAGMAs, a file beside it.

Both are called in turn, so that what else the machine does hits both; the rate of a round comes from the median call.
`cpu_ratio`, beside it, compares the processor time of the calling thread: what the ratio would be on a disk that costs
nothing. Source: docs/performance.md P1.
"""

from __future__ import annotations

import statistics
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.bench_figures import Figure, Side
from demo.places import Place
from federation.event import write_entry
from federation.founding import found_top
from federation.history import record_statement
from federation.httpsig import sign_request
from federation.keys import Identity, NodeKeys
from federation.names import origin_up
from federation.ports import Limits, LogState, Request
from federation.routing import scope_of
from federation.server import Server
from federation.statements import Subject, issue_statement, read_statement
from federation.stream import encode_checkpoint, extend, new_log, pack_lines
from node.exchange.heads import DiskHeadFile
from node.exchange.stores import SqlDatabase, Surroundings
from node.kernel.clock import SystemClock, format_utc
from node.kernel.database import Base, Database, build_engine

NETWORK = "bench.example"
GOALS: Mapping[int, float] = {1: 0.08, 10: 0.14, 100: 0.30, 500: 0.45}
CALLS: Mapping[int, int] = {1: 60, 10: 40, 100: 16, 500: 8}
"""Calls of either side in a round, by batch."""
BARE_TABLE = (
    "CREATE TABLE bare (log_id INTEGER NOT NULL, idx BIGINT NOT NULL, line BLOB, leaf BLOB NOT NULL, "
    "stored_s BIGINT NOT NULL, PRIMARY KEY (log_id, idx))"
)
BARE_INSERT = "INSERT INTO bare (log_id, idx, line, leaf, stored_s) VALUES (?, ?, ?, ?, ?)"

Rows = list[tuple[int, int, bytes, bytes, int]]


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds by the clock, and of the calling thread's processor time."""

    wall_s: float
    cpu_s: float


def measure(call: Callable[[], object]) -> Took:
    """Time one call."""
    wall, cpu = time.perf_counter(), time.thread_time()
    call()
    return Took(time.perf_counter() - wall, time.thread_time() - cpu)


class Township:
    """A parent with one child, on a database of its own: the side that ingests.

    Args:
        parent, child: two places, one below the other; the parent tops this network.
    """

    def __init__(self, folder: Path, parent: Place, child: Place) -> None:
        self.database = Database(build_engine(f"sqlite:///{folder / 'node.db'}"))
        Base.metadata.create_all(self.database.engine)
        self._clock, self._limits = SystemClock(), Limits(entry_bytes_per_day=1 << 60)
        keys = NodeKeys.generate()
        self._identity = Identity(NETWORK, parent.code, parent.level, keys, None)
        self._child_keys = NodeKeys.generate()
        self._child = child
        surroundings = Surroundings(self._identity.name, self._clock, folder / "blobs")
        self._stores = SqlDatabase(self.database, surroundings)
        heads = DiskHeadFile(folder / "heads.json")
        self.server = Server(lambda: self._identity, self._stores, heads, self._clock, self._limits)
        self._found(parent)
        self._up: LogState = new_log(origin_up(f"{NETWORK}/{child.code}"), "own-up", parent.code)

    def _found(self, parent: Place) -> None:
        now, child = self._clock.now(), self._child
        subject = Subject(
            subject=f"{NETWORK}/{child.code}",
            level=child.level,
            scope=scope_of(child.code, child.level),
            display_name=child.name,
            keys=self._child_keys.public,
            previous={},
        )
        with self._stores.transaction() as tx:
            scope = scope_of(parent.code, parent.level)
            chain = found_top(tx, self._identity, parent.name, scope, now)
            own = read_statement(chain[-1])
            stated = issue_statement(self._identity.keys.node, own, subject, now)
            record_statement(tx.members, read_statement(stated), now, "join", "child", issued_here=True)

    def prepare(self, count: int) -> tuple[Request, Rows]:
        """The child's next push of so many events, signed, and the rows it comes to."""
        first = self._up.size
        lines = [event_line(f"{NETWORK}/{self._child.code}", first + place) for place in range(count)]
        grown = extend(self._up, lines, self._child_keys.node, self._limits)
        self._up = grown.state
        headers = (
            ("Content-Type", "application/x-ndjson"),
            ("Tlog-Start", str(first)),
            ("Tlog-Checkpoint", encode_checkpoint(grown.state.note)),
        )
        path = f"/federation/v1/nodes/{self._child.code}/up"
        request = sign_request(
            Request("POST", path, "", headers, pack_lines(lines)),
            self._child_keys.node,
            self._child_keys.public.node.kid,
            self._identity.name,
            self._clock.now(),
        )
        stored_s = int(self._clock.now().timestamp())
        rows = [
            (1, first + place, line, leaf, stored_s)
            for place, (line, leaf) in enumerate(zip(lines, grown.leaves, strict=True))
        ]
        return request, rows

    def ingest(self, request: Request) -> None:
        """What the web server does with a push.

        Raises:
            AssertionError: it was refused: the bench is wrong.
        """
        refusal = self.server.before_body(Request(request.method, request.path, "", request.headers, b""))
        answer = self.server.handle(request) if refusal is None else refusal
        if answer.status != 200:
            raise AssertionError(f"a push of the bench was refused: {answer.status} {answer.body!r}")


class BareTable:
    """The side that only inserts: the same driver, the same PRAGMAs, a file beside the other."""

    def __init__(self, folder: Path) -> None:
        self._engine = build_engine(f"sqlite:///{folder / 'bare.db'}")
        self._pooled = self._engine.raw_connection()
        self._cursor: Any = self._pooled.cursor()
        self._cursor.execute(BARE_TABLE)

    def insert(self, rows: Rows) -> None:
        """All rows in one durable transaction."""
        self._cursor.execute("BEGIN IMMEDIATE")
        self._cursor.executemany(BARE_INSERT, rows)
        self._cursor.execute("COMMIT")

    def close(self) -> None:
        """Let the file go."""
        self._cursor.close()
        self._pooled.close()
        self._engine.dispose()


def event_line(source: str, number: int) -> bytes:
    """One entry of about 1 KB whose data has ten fields, Chinese text among them."""
    data = {
        "case": str(uuid.uuid4()),
        "number": f"BM{number:010d}",
        "item": "902014001000",
        "applicant": "买买提江·阿卜杜热合曼",
        "address": "江苏省南通市如东县洋口镇望海台村十二组三十六号",
        "phone": "13862701234",
        "form": "城乡居民基本养老保险参保登记,缴费档次八百元,参保身份为普通居民,银行卡由本人提供并已核对。"
        * 3,
        "materials": "居民身份证原件及复印件;户口簿首页及本人页;社会保障卡或者银行卡复印件",
        "opinion": "材料齐全,符合法定形式,已当面核对原件,建议予以受理并报送上级经办机构办理。",
        "received_on": "2026-11-24",
    }
    return write_entry(
        id=str(uuid.uuid4()),
        source=source,
        type="bench.event.v1",
        subject=data["case"],
        time=format_utc(SystemClock().now()),
        destination=source.rpartition("/")[2],
        seq=1,
        data=data,
    )


@contextmanager
def both_sides(folder: Path, parent: Place, child: Place) -> Iterator[tuple[Township, BareTable]]:
    """Both sides on fresh files in a folder."""
    township, bare = Township(folder, parent, child), BareTable(folder)
    try:
        yield township, bare
    finally:
        bare.close()
        township.database.close()


def one_round(township: Township, bare: BareTable, batch: int) -> tuple[list[Took], list[Took]]:
    """Both sides in turn, as often as `CALLS` says."""
    ingested, inserted = [], []
    for _ in range(CALLS[batch]):
        request, rows = township.prepare(batch)
        ingested.append(measure(lambda request=request: township.ingest(request)))  # type: ignore[misc]
        inserted.append(measure(lambda rows=rows: bare.insert(rows)))  # type: ignore[misc]
    return ingested, inserted


def measure_ingest(
    folder: Path, places: Sequence[Place], rounds: int, tell: Callable[[str, str], None]
) -> list[Figure]:
    """P1 for every batch.

    Args:
        folder: empty, on the disk to be measured.
        places: the last two are child and parent.
    """
    figures = []
    with both_sides(folder, places[-2], places[-1]) as (township, bare):
        one_round(township, bare, 10)  # the first calls load keys, compile statements, create pages
        for batch, goal in GOALS.items():
            tell(f"P1 每批 {batch} 条", f"P1 batch {batch}")
            taken = [one_round(township, bare, batch) for _ in range(rounds)]
            figures.append(_figure(batch, goal, taken))
    return figures


def _figure(batch: int, goal: float, rounds: Sequence[tuple[list[Took], list[Took]]]) -> Figure:
    ingest = [batch / _wall(ours) for ours, _ in rounds]
    insert = [batch / _wall(theirs) for _, theirs in rounds]
    cpu = [_cpu(theirs) / _cpu(ours) for ours, theirs in rounds]
    return Figure(
        "P1",
        f"batch {batch}",
        Side("签名接收入库", "signed ingest", "events/s", ingest),
        Side("直接批量写入同样的行", "bare bulk insert of the same rows", "events/s", insert),
        goal,
        at_least=True,
        beside={
            "cpu_ratio": statistics.median(cpu),
            "ingest_cpu_us": statistics.median(_cpu(ours) for ours, _ in rounds) * 1e6,
        },
    )


def _wall(taken: Sequence[Took]) -> float:
    return statistics.median(one.wall_s for one in taken)


def _cpu(taken: Sequence[Took]) -> float:
    return statistics.median(one.cpu_s for one in taken)
