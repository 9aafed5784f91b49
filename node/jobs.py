"""The worker of a node: what it does by itself, and when it looks (architecture decision 5).

Work is rows. APScheduler only says when to look: fixed jobs, registered anew at every start, kept in memory. Looking is
done by a few threads, one for each kind of work, so that a parent that hangs holds nothing up:

    local   queued entries get their index, what arrived is applied, the ledger is ordered
    link    what dials up
    facts   followers of the ledger, timers

A commit in this process, or progress of one thread, is a hint to look at once; a lost hint costs one tick.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from config.settings import Settings
from federation.errors import FederationError
from node.container import Container
from node.exchange.witnessed_heads import EVERY as WITNESSED_EVERY
from node.kernel.clock import SHANGHAI
from node.kernel.problems import Problem

_log = logging.getLogger(__name__)
STOP_S = 20
"""How long a thread may finish what it does when the worker ends."""
PAUSE_AFTER_ERROR_S = 1.0
HOUSEKEEPING_EVERY = timedelta(hours=1)
CALENDAR_EVERY = timedelta(minutes=1)
STATEMENT_EVERY = timedelta(hours=6)


class Looker:
    """A thread that runs a pass whenever it is poked, and again as long as a pass did something.

    Args:
        work: one pass; returns how much it did.
        then: called after a pass that did something: others may have work now.
    """

    def __init__(self, name: str, work: Callable[[], int], then: Callable[[], None] | None = None) -> None:
        self.name = name
        self._work = work
        self._then = then
        self._wake = threading.Event()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"bianmin-{name}", daemon=True)

    def start(self) -> None:
        """Begin; the first pass is made at once."""
        self._wake.set()
        self._thread.start()

    def poke(self) -> None:
        """Look soon; from its own thread it is no news."""
        if threading.current_thread() is not self._thread:
            self._wake.set()

    def end(self) -> None:
        """Ask it to end after the pass it is in."""
        self._ending.set()
        self._wake.set()

    def join(self, timeout_s: float = STOP_S) -> bool:
        """Wait for its end; False when it did not come in time."""
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._ending.is_set():
            self._wake.wait()
            self._wake.clear()
            while not self._ending.is_set() and self._pass() > 0:
                if self._then is not None:
                    self._then()

    def _pass(self) -> int:
        try:
            return self._work()
        except (Problem, FederationError) as refusal:
            _log.warning("%s: %s", self.name, refusal)
        except Exception:
            _log.exception("%s failed", self.name)
        self._ending.wait(PAUSE_AFTER_ERROR_S)
        return 0


@dataclass(frozen=True, slots=True)
class Chore:
    """Something done now and then, in the scheduler's own thread.

    Attributes:
        every: how often.
        jitter_s: moved by up to so many seconds, so that nodes do not act at one instant.
    """

    name: str
    run: Callable[[], object]
    every: timedelta
    jitter_s: int = 0


class Worker:
    """The threads and the scheduler of one process.

    Args:
        local, link, facts: one pass each; `link` is None at the top.
        tick: how long a lost hint may cost.
    """

    def __init__(
        self,
        *,
        local: Callable[[], int],
        link: Callable[[], int] | None,
        facts: Callable[[], int],
        chores: tuple[Chore, ...],
        tick: timedelta = timedelta(seconds=1),
        finish: Callable[[], None] | None = None,
    ) -> None:
        self._finish = finish
        self._local = Looker("local", local, self._after_local)
        self._facts = Looker("facts", facts, self._local.poke)
        self._link = None if link is None else Looker("link", link, self._local.poke)
        self._lookers = [one for one in (self._local, self._facts, self._link) if one is not None]
        self._scheduler = BackgroundScheduler(timezone=SHANGHAI, job_defaults=_DEFAULTS)
        self._scheduler.add_job(self._look, IntervalTrigger(seconds=tick.total_seconds()), id="look")
        for chore in chores:
            trigger = IntervalTrigger(seconds=int(chore.every.total_seconds()), jitter=chore.jitter_s or None)
            self._scheduler.add_job(_Careful(chore), trigger, id=f"chore.{chore.name}")

    def start(self) -> None:
        """Begin looking."""
        for looker in self._lookers:
            looker.start()
        self._scheduler.start()

    def hint(self) -> None:
        """Somebody committed something: look at once. Commits of the worker's own threads tell it nothing new."""
        if not threading.current_thread().name.startswith("bianmin-"):
            self._local.poke()

    def hint_link(self) -> None:
        """There is something to send: the link looks at once."""
        if self._link is not None:
            self._link.poke()

    def stop(self) -> None:
        """End after what is being done; leases are given back."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        for looker in self._lookers:
            looker.end()
        ended = [looker.join() for looker in self._lookers]
        if self._finish is not None and all(ended):
            self._finish()

    def _look(self) -> None:
        for looker in self._lookers:
            looker.poke()

    def _after_local(self) -> None:
        self._facts.poke()
        self.hint_link()


_DEFAULTS = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}


class _Careful:
    """A chore whose failure is logged and tried at its next time."""

    def __init__(self, chore: Chore) -> None:
        self._chore = chore
        self.__name__ = chore.name

    def __call__(self) -> None:
        try:
            self._chore.run()
        except (Problem, FederationError) as refusal:
            _log.warning("%s: %s", self._chore.name, refusal)
        except Exception:
            _log.exception("%s failed", self._chore.name)


def build_worker(node: Container) -> Worker:
    """The worker of a node: its threads, and the chores that are nobody's thread."""
    node.writer.check_heads()
    settings = node.settings
    worker = _build(node, settings)
    node.local.on_written = worker.hint_link
    return worker


def _build(node: Container, settings: Settings) -> Worker:
    tick = min(settings.sequence_interval_s, settings.work_interval_s)
    return Worker(
        local=node.local.run,
        link=None if node.link is None else node.link.run,
        facts=lambda: _run_facts(node),
        chores=(
            Chore("housekeeping", node.housekeeping.run, HOUSEKEEPING_EVERY, jitter_s=60),
            Chore("calendar", lambda: _refresh_calendar(node), CALENDAR_EVERY),
            Chore(
                "witnessed",
                node.witnessed_heads.run,
                min(_seconds(settings.ledger_interval_s), WITNESSED_EVERY),
            ),
            Chore("statement", node.own_statement.run, STATEMENT_EVERY, jitter_s=60),
        ),
        tick=timedelta(seconds=tick),
        finish=node.leases.give_back,
    )


def _seconds(count: float) -> timedelta:
    return timedelta(seconds=max(1.0, count))


def _run_facts(node: Container) -> int:
    return (
        node.followers.run()
        + node.timers.run_due().fired
        + node.audit_steps()
        + node.receipts.run()
        + node.awaited.run()
    )


def _refresh_calendar(node: Container) -> bool:
    with node.database.reading() as session:
        return node.calendar.refresh(session)
