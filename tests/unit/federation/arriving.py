"""A township that applies what a village wrote: what the tests of the inbox share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from federation import canonical
from federation.event import write_entry
from federation.inbox import EntryRefused, Received
from federation.ports import Tx
from federation.stream import new_log
from tests.unit.federation.members import TOWNSHIP, VILLAGE, name_of
from tests.unit.federation.posts import SUBJECT, TOLD, Post, Posts, up_origin

OTHER = "7b0f9f0e-1111-4abc-8def-6b1f6c2f8a12"
FROM_VILLAGE = up_origin(VILLAGE)
ID = "6f1f1d0e-8f0e-4f57-9a0f-0d6d3f6c8a"


def line(number: int, seq: int, **changes: Any) -> bytes:
    """A village's entry for the township, as the village would write it."""
    members: dict[str, Any] = {
        "id": f"{ID}{number:02d}",
        "source": name_of(VILLAGE),
        "type": TOLD,
        "subject": SUBJECT,
        "time": "2026-11-24T06:30:00Z",
        "destination": TOWNSHIP,
        "seq": seq,
        "data": {"n": number},
    }
    return write_entry(**{**members, **changes})


def arrive(net: Posts, *lines: bytes) -> None:
    """The township stores and applies lines that the village wrote past its own checks."""
    net.village.write_lines("own-up", TOWNSHIP, lines)
    net.step(net.township)


def numbers(post: Post) -> list[int]:
    return [data["n"] for data in post.told()]


def answers(post: Post) -> list[tuple[str, dict[str, Any]]]:
    """(type, data) of what a node has queued."""
    return [(row.type, canonical.load_object(row.data)) for row in post.outbox()]


def refusing(post: Post, is_refused: Any) -> None:
    """Let a node's handler write something and then refuse some entries."""

    def handle(tx: Tx, received: Received) -> None:
        post.remember(tx, received)
        if is_refused(received):
            tx.blobs.name("ab" * 32, "320699000000")
            raise EntryRefused("sender", "not the custodian")

    post.inbox = post.new_inbox({TOLD: handle})


def open_second_epoch(net: Posts) -> None:
    """The village's `up` log begins anew."""
    with net.village.tx() as tx:
        old = tx.logs.find("own-up", TOWNSHIP)
        tx.logs.put(replace(old, frozen=True))
        tx.logs.put(new_log(old.origin[:-1] + "2", "own-up", TOWNSHIP, 2))
    with net.township.tx() as tx:
        tx.logs.put(replace(tx.logs.find("peer-up", VILLAGE), frozen=True))
