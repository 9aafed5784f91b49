"""Four nodes and a relay that may lie: what the tests of relays share."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any

from federation import canonical
from federation.records import QueuedEntry
from tests.unit.federation.members import (
    COUNTY,
)
from tests.unit.federation.posts import (
    Post,
    Posts,
)

Lie = Callable[[list[QueuedEntry]], Sequence[QueuedEntry]]


def numbers(post: Post) -> list[int]:
    return [data["n"] for data in post.told()]


def escalate(net: Posts, count: int = 3) -> None:
    """The village sends entries to the county; the township has them ready to be passed on."""
    for number in range(1, count + 1):
        net.village.send(COUNTY, data={"n": number})
    net.carry_between(net.township, net.village)
    net.township.inbox.apply()


def lie(net: Posts, change: Lie) -> None:
    """The township changes what it passes on, and the county applies it."""
    net.township.outbox(change)
    net.step(net.county)


def inner(row: QueuedEntry) -> dict[str, Any]:
    return canonical.load_object(base64.b64decode(canonical.load_object(row.data)["entry"]))


# --- honest relays -----------------------------------------------------------------------------------------------
