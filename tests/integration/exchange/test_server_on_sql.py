"""The parent's server on the node's own database: pushes at once, replays at once, crashes, both engines."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from federation.ports import Request
from node.exchange.stores import SqlDatabase, Surroundings
from node.kernel.clock import FixedClock
from node.kernel.database import Database
from tests.unit.federation.members import NOW, TOWNSHIP, VILLAGE, name_of
from tests.unit.federation.parent import SIBLING, Parent, problem, signed_note


@pytest.fixture
def parent(database: Database, tmp_path: Path) -> Parent:
    surroundings = Surroundings(name_of(TOWNSHIP), FixedClock(NOW), tmp_path / "blobs")
    return Parent(database=SqlDatabase(database, surroundings))


def at_once(calls: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def handled(parent: Parent, requests: list[Request]) -> list[str]:
    """What is answered to requests sent at once: a status, or how the storage refused (which changes nothing)."""
    found: list[str] = []

    def call(request: Request) -> None:
        try:
            response = parent.server.handle(request)
            found.append(str(response.status) if response.status < 300 else problem(response))
        except IntegrityError:
            found.append("size 1")  # the first of a log's entries, twice at once: the index exists

    at_once([lambda request=request: call(request) for request in requests])  # type: ignore[misc]
    return sorted(found)


def test_of_many_first_pushes_at_once_one_succeeds(parent: Parent) -> None:
    requests = [parent.push_request([b"%d" % number]) for number in range(8)]
    assert handled(parent, requests) == ["200", *["size 1"] * 7]
    assert len(parent.held()) == 1


def test_of_many_later_pushes_at_once_one_succeeds(parent: Parent) -> None:
    parent.push_good(b"a")
    requests = [parent.push_request([b"%d" % number], 1, before=[b"a"]) for number in range(8)]
    assert handled(parent, requests) == ["200", *["size 2"] * 7]
    assert len(parent.held()) == 2


def test_of_one_request_sent_many_times_at_once_one_succeeds(parent: Parent) -> None:
    parent.push_good(b"a")
    request = parent.push_request([b"b"], 1, before=[b"a"])
    assert handled(parent, [request] * 8) == ["200", *["replay"] * 7]


def test_children_push_at_once_without_each_other(parent: Parent) -> None:
    for number in range(5):
        before = [b"%d" % earlier for earlier in range(number)]
        requests = [
            parent.push_request(
                [b"%d" % number],
                number,
                code=code,
                note=signed_note([*before, b"%d" % number], code=code),
            )
            for code in (VILLAGE, SIBLING)
        ]
        assert handled(parent, requests) == ["200", "200"]
    assert len(parent.held()) == len(parent.held(SIBLING)) == 5


def test_a_refused_push_leaves_its_nonce_and_its_evidence(parent: Parent) -> None:
    parent.push_good(b"a")
    request = parent.push_request([b"b"], 1, note=signed_note([b"x", b"b"]))
    assert problem(parent.server.handle(request)) == "fork"
    assert problem(parent.server.handle(request)) == "replay"
    assert parent.held() == [b"a"]


def test_a_pull_reads_what_was_written_at_every_size(parent: Parent) -> None:
    parent.write_down(*(str(number) for number in range(300)))
    for start, limit in ((0, 1), (0, 255), (100, 157), (256, 10), (299, 1)):
        response = parent.ask("GET", "down", query=f"start={start}&limit={limit}")
        assert response.status == 200
        assert response.body.count(b"\n") == limit
    assert parent.ask("GET", "down", query="start=300").status == 204
