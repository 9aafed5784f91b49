"""A township and what a village asks of it: requests signed by hand, the server on storage in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from federation.history import record_statement
from federation.httpsig import sign_request
from federation.keys import Identity, NodeKeys
from federation.memory_stores import MemoryDatabase
from federation.merkle import tree_root
from federation.note import Checkpoint, sign_checkpoint
from federation.ports import Database, Limits, MemberKey, Request, Response
from federation.server import Server
from federation.statements import read_statement
from federation.stream import encode_checkpoint, leaf_of_line, pack_lines
from federation.writer import LogWriter
from tests.unit.federation.members import (
    COUNTY,
    NETWORK,
    NOW,
    TOWNSHIP,
    VILLAGE,
    keys_of,
    line_to,
    name_of,
    subject_of,
)

SIBLING = "320623101002"
"""Another village of the township: its child as well."""
STRANGER = "320623999001"
"""A node further away that the township only knows of."""


class Heads:
    """A head file in memory; `events` says in what order things became durable."""

    def __init__(self, events: list[str]) -> None:
        self.kept: dict[str, str] = {}
        self._events = events

    def load(self) -> dict[str, str]:
        return dict(self.kept)

    def save(self, heads: Mapping[str, str]) -> None:
        self._events.append("heads")
        self.kept.update(heads)


class MovingClock:
    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at

    def pass_time(self, **step: float) -> None:
        self.at += timedelta(**step)


class Parent:
    """The township's server, its storage, and the keys of its callers."""

    def __init__(self, limits: Limits | None = None, database: Database | None = None) -> None:
        self.limits = Limits() if limits is None else limits
        self.events: list[str] = []
        self.memory = MemoryDatabase(self.events.append)
        self.database = self.memory if database is None else database
        self.heads, self.clock = Heads(self.events), MovingClock()
        self.identity = Identity(NETWORK, TOWNSHIP, "township", keys_of(TOWNSHIP), COUNTY)
        self._settle()
        self.start()

    def _settle(self) -> None:
        line = line_to(TOWNSHIP)
        with self.database.transaction() as tx:
            tx.members.put_chain(line.statements)
            record_statement(tx.members, line.last, NOW, "self", "self")
            for code in (VILLAGE, SIBLING):
                claims = line.below(subject_of(code, level="village"), keys_of(code)).last
                record_statement(tx.members, claims, NOW, "join", "child")
            for role, key in keys_of(STRANGER).public.items():
                tx.members.put_key(MemberKey(STRANGER, role, key.kid, key.jwk, NOW))
            member = tx.members.get(VILLAGE)
            assert member is not None
            tx.members.put(replace(member, code=STRANGER, direct=""))
        self.events.clear()

    def start(self) -> None:
        """The process begins: nothing but storage and head file is left of the one before."""
        self.server = Server(lambda: self.identity, self.database, self.heads, self.clock, self.limits)
        self.writer = LogWriter(lambda: self.identity, self.database, self.heads, self.clock, self.limits)

    # --- asking ----------------------------------------------------------------------------------------------

    def request(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
        code: str = VILLAGE,
        keys: NodeKeys | None = None,
        audience: str | None = None,
        at: datetime | None = None,
        **more: Any,
    ) -> Request:
        """A signed request; `path` without a slash is a tail under the caller's own code."""
        signer = keys_of(code) if keys is None else keys
        full = path if path.startswith("/") else f"/federation/v1/nodes/{code}/{path}"
        return sign_request(
            Request(method, full, query, tuple(headers), body),
            signer.node,
            signer.public.node.kid,
            name_of(TOWNSHIP) if audience is None else audience,
            self.clock.now() if at is None else at,
            **more,
        )

    def ask(self, method: str, path: str, **more: Any) -> Response:
        return self.server.handle(self.request(method, path, **more))

    def push(
        self, lines: Sequence[bytes], start: int = 0, *, before: Sequence[bytes] = (), **more: Any
    ) -> Response:
        return self.server.handle(self.push_request(lines, start, before=before, **more))

    def push_request(
        self,
        lines: Sequence[bytes],
        start: int = 0,
        *,
        before: Sequence[bytes] = (),
        note: str | None = None,
        fields: Mapping[str, str | None] | None = None,
        body: bytes | None = None,
        tail: str = "up",
        **more: Any,
    ) -> Request:
        """A push of `lines` after `before`; `fields` replaces or (None) drops single fields."""
        told = signed_note([*before, *lines]) if note is None else note
        wanted: dict[str, str | None] = {
            "Content-Type": "application/x-ndjson",
            "Tlog-Start": str(start),
            "Tlog-Checkpoint": encode_checkpoint(told),
            **(fields or {}),
        }
        content = pack_lines(lines) if body is None else body
        sent = [(name, value) for name, value in wanted.items() if value is not None]
        return self.request("POST", tail, headers=sent, body=content, **more)

    def push_good(self, *lines: bytes) -> list[bytes]:
        """Push lines after all that is held; returns everything held."""
        held = self.held()
        response = self.push(lines, len(held), before=held)
        assert response.status == 200, response
        return [*held, *lines]

    # --- looking ---------------------------------------------------------------------------------------------

    def held(self, code: str = VILLAGE) -> list[bytes]:
        with self.database.transaction() as tx:
            return [entry.line or b"" for entry in tx.logs.entries(f"{name_of(code)}/up/1", 0, 10_000)]

    def snapshot(self) -> dict[str, Any]:
        """Everything stored but spent nonces, counts of traffic and when a child was last heard."""
        kept = self.memory.backup()
        return {name: table for name, table in kept.items() if not name.startswith("nonces")}

    def write_down(self, *subjects: str, code: str = VILLAGE) -> None:
        """Queue and write entries on the `down` log to a child."""
        for number, subject in enumerate(subjects):
            with self.database.transaction() as tx:
                tx.outbox.queue(
                    role="own-down",
                    peer=code,
                    id=f"00000000-0000-4000-8000-{self.writer_count():012d}",
                    type="case.taken.v1",
                    subject=subject,
                    destination=code,
                    time="2026-11-24T06:30:00Z",
                    data=b'{"n":%d}' % number,
                )
        self.writer.write_queued("own-down", code)

    def writer_count(self) -> int:
        self._written = getattr(self, "_written", 0) + 1
        return self._written

    def alerts(self) -> list[str]:
        return [alert.code for alert in self.memory.alerts]


def signed_note(
    lines: Sequence[bytes],
    *,
    code: str = VILLAGE,
    origin: str | None = None,
    size: int | None = None,
    root: bytes | None = None,
    keys: NodeKeys | None = None,
) -> str:
    """A checkpoint of a caller's `up` log over `lines`, or a false one."""
    checkpoint = Checkpoint(
        f"{name_of(code)}/up/1" if origin is None else origin,
        len(lines) if size is None else size,
        tree_root([leaf_of_line(line) for line in lines]) if root is None else root,
    )
    return sign_checkpoint(checkpoint, (keys_of(code) if keys is None else keys).node)


def problem(response: Response) -> str:
    """The problem's name; "size N" for a 409 with a size."""
    media = response.value("content-type")
    if media == "text/x.tlog.size":
        return f"size {response.body.decode()}".strip()
    assert media == "application/problem+json", response
    value = json.loads(response.body)
    assert value["status"] == response.status
    return str(value["type"]).removeprefix("urn:bianmin:problem:")


def statement_of(response: Response) -> Any:
    return read_statement(json.loads(response.body)["chain"][-1])


Make = Callable[[Parent], Request]
"""Makes a request to a parent that holds one line, `a`, of the village's."""
BLOB = "/federation/v1/blobs/" + "ab" * 32


def with_header(request: Request, name: str, value: str | None, *, twice: bool = False) -> Request:
    """The request with a header replaced, dropped, or sent again, after it was signed."""
    kept = tuple(pair for pair in request.headers if twice or pair[0].lower() != name.lower())
    return replace(request, headers=kept if value is None else (*kept, (name, value)))


def good_push(parent: Parent, **more: object) -> Request:
    return parent.push_request([b"b"], 1, before=[b"a"], **more)  # type: ignore[arg-type]


def get(path: str, **more: object) -> Make:
    return lambda parent: parent.request("GET", path, **more)  # type: ignore[arg-type]


def post(path: str, **more: object) -> Make:
    return lambda parent: parent.request("POST", path, **more)  # type: ignore[arg-type]
