"""A county and a city as parents, in memory: what the tests of a parent's acts share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest

from federation import canonical
from federation.dating import judge_key
from federation.enrolment import EnrolmentRequest, JoinInvitation, KeyRequest
from federation.errors import FederationError
from federation.issuing import (
    enrol,
    found_top,
    invite,
)
from federation.keys import Identity, prove_possession
from federation.memory_stores import MemoryDatabase, MemoryTx
from tests.unit.federation.members import (
    CITY,
    COUNTY,
    LEVEL_OF,
    NETWORK,
    NOW,
    TOWNSHIP,
    anchor_of,
    keys_of,
    line_to,
    name_of,
)

ANCHOR = anchor_of()
TOP = Identity(NETWORK, CITY, "city", keys_of(CITY))
MIDDLE = Identity(NETWORK, COUNTY, "county", keys_of(COUNTY), parent_code=CITY)
URL = "https://center.example"


@contextmanager
def county() -> Iterator[MemoryTx]:
    """The county's storage: it belongs to the city and has no children."""
    with MemoryDatabase().transaction() as opened:
        opened.members.put_chain(line_to(COUNTY).statements)
        yield opened


@contextmanager
def city() -> Iterator[MemoryTx]:
    """The city's storage, founded."""
    with MemoryDatabase().transaction() as opened:
        found_top(opened, TOP, "市政务服务中心", ["3206"], NOW)
        yield opened


def invited(tx: MemoryTx, code: str = TOWNSHIP, *, by: Identity = MIDDLE, **more: object) -> JoinInvitation:
    options: dict[str, object] = {"now": NOW, **more}
    return invite(
        tx,
        by,
        code=code,
        level=LEVEL_OF[code],
        name="便民服务中心",
        parent_url=URL,
        anchor=ANCHOR,
        **options,  # type: ignore[arg-type]
    )


def asking(token: str, code: str = TOWNSHIP, generation: int = 0) -> EnrolmentRequest:
    keys = keys_of(code, generation)
    return EnrolmentRequest(keys.public, prove_possession(keys, name_of(code)), token)


def joined(tx: MemoryTx, code: str = TOWNSHIP, *, by: Identity = MIDDLE, now: datetime = NOW) -> list[str]:
    chain = enrol(tx, by, asking(invited(tx, code, by=by, now=now).token, code), now)
    assert chain is not None
    return chain


def rotation(code: str, generation: int) -> KeyRequest:
    keys = keys_of(code, generation)
    return KeyRequest(keys.public, prove_possession(keys, name_of(code)))


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(FederationError) as caught:
        call()
    return caught.value.code


def queued(
    tx: MemoryTx, role: str = "own-up", peer: str = CITY
) -> list[tuple[str, str, str, dict[str, object]]]:
    return [
        (row.type, row.subject, row.destination, canonical.load_object(row.data))
        for row in tx.outbox.take(role, peer, 100)
    ]


def reasons(tx: MemoryTx) -> list[object]:
    return [data["reason"] for kind, _, _, data in queued(tx) if kind == "membership.issued.v1"]


def alerts(tx: MemoryTx) -> list[str]:
    return [alert.code for alert, _ in tx.alerts.values()]


def verdict(tx: MemoryTx, code: str, generation: int, role: str, at: datetime) -> str:
    record = tx.members.key(keys_of(code, generation).public.kids[role])  # type: ignore[index]
    assert record is not None
    return judge_key(record, at)
