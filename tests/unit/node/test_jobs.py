"""The worker's threads: they look when poked, again while there is work, and end when told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from node.jobs import Chore, Looker, Worker
from node.kernel.problems import Problem

SOON_S = 10.0


@pytest.fixture
def lookers() -> Iterator[Callable[..., Looker]]:
    """Makes threads that are ended afterwards."""
    made: list[Looker] = []

    def make(work: Callable[[], int], then: Callable[[], None] | None = None) -> Looker:
        looker = Looker("test", work, then)
        made.append(looker)
        return looker

    yield make
    for one in made:
        one.end()
        assert one.join()


def test_a_pass_that_did_something_is_followed_by_another(lookers: Callable[..., Looker]) -> None:
    left, done = [3, 2, 1, 0], threading.Event()

    def work() -> int:
        count = left.pop(0) if left else 0
        if not left:
            done.set()
        return count

    lookers(work).start()
    assert done.wait(SOON_S)
    assert left == []


def test_progress_is_passed_on_and_a_pass_without_any_is_not(lookers: Callable[..., Looker]) -> None:
    told, counts, done = [], [1, 0], threading.Event()

    def work() -> int:
        count = counts.pop(0) if counts else 0
        if not counts:
            done.set()
        return count

    lookers(work, lambda: told.append("then")).start()
    assert done.wait(SOON_S)
    assert told == ["then"]


@pytest.mark.parametrize("error", [Problem("x", "坏", "bad"), ValueError("bad")])
def test_a_pass_that_fails_does_not_end_the_thread(
    lookers: Callable[..., Looker], error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.jobs.PAUSE_AFTER_ERROR_S", 0.0)
    tries, done = [], threading.Event()

    def work() -> int:
        tries.append(1)
        if len(tries) == 1:
            raise error
        done.set()
        return 0

    looker = lookers(work)
    looker.start()
    while not done.wait(0.05):
        looker.poke()
        assert len(tries) < 200
    assert len(tries) >= 2


def test_a_worker_looks_by_itself_runs_its_chores_and_gives_its_leases_back() -> None:
    seen = {name: threading.Event() for name in ("local", "link", "facts", "chore", "finish")}

    def work(name: str) -> Callable[[], int]:
        def run() -> int:
            seen[name].set()
            return 0

        return run

    worker = Worker(
        local=work("local"),
        link=work("link"),
        facts=work("facts"),
        chores=(Chore("chore", work("chore"), timedelta(seconds=1)),),
        tick=timedelta(seconds=1),
        finish=seen["finish"].set,
    )
    worker.start()
    assert all(seen[name].wait(SOON_S) for name in ("local", "link", "facts", "chore"))
    worker.stop()
    assert seen["finish"].is_set()


def test_a_commit_of_another_thread_is_a_hint_and_one_of_the_workers_own_is_none() -> None:
    looked = threading.Semaphore(0)
    worker: list[Worker] = []

    def local() -> int:
        looked.release()
        worker[0].hint()
        return 0

    worker.append(
        Worker(local=local, link=None, facts=lambda: 0, chores=(), tick=timedelta(hours=1), finish=None)
    )
    worker[0].start()
    assert looked.acquire(timeout=SOON_S)
    assert not looked.acquire(timeout=0.3)
    worker[0].hint()
    assert looked.acquire(timeout=SOON_S)
    worker[0].stop()
