"""What a node does by itself for its streams: small idempotent steps over rows, each looked at again and again.

local   give queued entries their index, apply what arrived, order the ledger: asks nobody
link    everything that dials up: state, push, pull, ledger to the witness, statement, attachments

Rows are the truth; a step that finds nothing to do has done nothing. What fails towards the parent is tried again by
the rules of `node.exchange.retry`, kept in rows. An unreachable parent never holds a local step up.
Source: federation.md §5 Writing, Pull, Retry, §6, §7.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from federation.client import Client
from federation.errors import FederationError
from federation.inbox import Inbox
from federation.keys import Identity
from federation.ports import Alert, Clock
from federation.uplink import Seen
from federation.writer import LogWriter, OwnRole
from node.exchange.links import Links, remember
from node.exchange.missing_blobs import MissingBlob, find_missing, has_missing
from node.exchange.queueing import EventQueue
from node.exchange.stores import SqlDatabase
from node.kernel.database import Database
from node.kernel.lease_keeper import LeaseKeeper

_log = logging.getLogger(__name__)
T = TypeVar("T")
BATCH = 500
ROUNDS = 50
"""Batches of one kind in one pass: others get their turn."""
BLOBS_A_PASS = 20
BLOB_PAUSE = timedelta(seconds=10)
ASK_AFTER_PUSH = (timedelta(seconds=1), timedelta(seconds=5))
"""What went up is answered soon: by the parent at once, by a node further up a little later (§5 Pull)."""
LOCAL_LEASE = "exchange.local"
LINK_LEASE = "exchange.link"
STATE, PUSH, PULL, LEDGER, RENEW, BLOBS = "state", "push", "pull", "ledger", "renew", "blobs"


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often a node looks, when nothing tells it to look sooner.

    Attributes:
        pull_every: ask the parent for what comes down.
        witness_every: submit the ledger while it grows; at most 15 minutes.
        renew_every: see whether the statement is to be renewed.
        state_every: ask for the state again.
    """

    pull_every: timedelta = timedelta(seconds=30)
    witness_every: timedelta = timedelta(minutes=15)
    renew_every: timedelta = timedelta(hours=1)
    state_every: timedelta = timedelta(hours=6)


def _nobody() -> None:
    """Nobody waits for it."""


class LocalLoop:
    """The steps that need no other node.

    Args:
        sequence_ledger: orders at most so many waiting facts and returns how many.

    Attributes:
        on_written: called when entries have got their index: the link may send them while the pass goes on.
    """

    def __init__(
        self,
        stores: SqlDatabase,
        database: Database,
        writer: LogWriter,
        inbox: Inbox,
        queue: EventQueue,
        leases: LeaseKeeper,
        sequence_ledger: Callable[[int], int],
    ) -> None:
        self.on_written: Callable[[], None] = _nobody
        self._stores = stores
        self._database = database
        self._writer = writer
        self._inbox = inbox
        self._queue = queue
        self._leases = leases
        self._sequence_ledger = sequence_ledger

    def run(self) -> int:
        """One pass; returns how much was done. Nothing when another process does it."""
        if not self._leases.hold(LOCAL_LEASE):
            return 0
        done = self._write_and_tell()
        try:
            applied = self.apply()
            if applied:  # what is passed on, and answers, go on their way before the ledger has its turn
                done += applied + self.seal_waiting()
                done += self._write_and_tell()
        finally:  # an entry that cannot be applied stops its own log, not the ledger
            done += self._rounds(lambda: self._sequence_ledger(BATCH))
        return done

    def _write_and_tell(self) -> int:
        written = self.write_queued()
        if written:
            self.on_written()
        return written

    def write_queued(self) -> int:
        """Give what is queued its index, log by log; returns how many entries."""
        with self._database.reading() as session:
            waiting = self._stores.within(session).outbox.waiting()
        return sum(
            self._write("own-up" if role == "own-up" else "own-down", peer) for role, peer, _, _ in waiting
        )

    def _write(self, role: OwnRole, peer: str) -> int:
        return self._rounds(lambda: self._writer.write_queued(role, peer, BATCH))

    def apply(self) -> int:
        """Apply what arrived; returns how many entries were dealt with."""
        return self._rounds(lambda: self._inbox.apply(BATCH).entries)

    def seal_waiting(self) -> int:
        """Send again, sealed, what went without because no key was known."""
        with self._database.transaction() as session:
            return self._queue.seal_waiting(session)

    def _rounds(self, step: Callable[[], int]) -> int:
        done = 0
        for _ in range(ROUNDS):
            count = step()
            done += count
            if count < BATCH:
                break
        return done


class LinkLoop:
    """The steps that dial up to the parent.

    Args:
        follow_chain: the pin of the anchor follows the chain that is stored.
    """

    def __init__(
        self,
        client: Client,
        stores: SqlDatabase,
        database: Database,
        links: Links,
        leases: LeaseKeeper,
        clock: Clock,
        rhythm: Rhythm,
        identity: Callable[[], Identity],
        follow_chain: Callable[[], bool],
    ) -> None:
        self._identity = identity
        self._follow_chain = follow_chain
        self._client = client
        self._stores = stores
        self._database = database
        self._links = links
        self._leases = leases
        self._clock = clock
        self._rhythm = rhythm
        self._told_delta_s: int | None = None
        self._has_asked = False
        self._pulled_to: Seen | None = None
        self._asks_at: tuple[datetime, ...] = ()

    def run(self) -> int:
        """One pass; returns how much moved. Nothing when another process does it."""
        if not self._leases.hold(LINK_LEASE):
            return 0
        self.check_state()
        moved = self.push() + self.pull()
        self.submit_ledger()
        self.renew()
        moved += self.fetch_blobs()
        self._remember_clock()
        return moved

    # --- the steps, each with its own link --------------------------------------------------------------------

    def check_state(self) -> None:
        """Ask the parent what it holds: at start, and again now and then; until it has answered `up` is not written."""
        first = not self._has_asked and self._links.may_hurry(STATE)
        if first or self._links.is_due(STATE):
            asked = self._try(STATE, self._check_state, self._rhythm.state_every)
            self._has_asked = self._has_asked or asked is not None

    def push(self) -> int:
        """Send what stands in the log and has no receipt; returns how many entries were receipted."""
        if not self._links.may_hurry(PUSH) or not self._has_unsent():
            return 0
        limit = max(1, BATCH >> self._links.state(PUSH).batch_shift)
        sent = 0
        for _ in range(ROUNDS):
            count = self._try(PUSH, partial(self._client.push, limit), timedelta(0))
            sent += count or 0
            if count is None or count < limit:
                break
        if sent > 0:
            now = self._clock.now()
            self._asks_at = tuple(now + wait for wait in ASK_AFTER_PUSH)
        return sent

    def pull(self) -> int:
        """Fetch what came down: when it is time, the parent said there is more, or soon after a push."""
        seen = self._client.down_seen
        has_news = self._is_time_to_ask() or (seen != self._pulled_to and self._client.has_more_down)
        if not (has_news and self._links.may_hurry(PULL)) and not self._links.is_due(PULL):
            return 0
        fetched = 0
        for _ in range(ROUNDS):
            count = self._try(PULL, partial(self._client.pull, BATCH), self._rhythm.pull_every)
            fetched += count or 0
            if count == 0:
                self._pulled_to = self._client.down_seen
            if not count:
                break
        return fetched

    def _is_time_to_ask(self) -> bool:
        """Whether an answer to what was pushed may have come; true once for each time."""
        left = tuple(at for at in self._asks_at if at > self._clock.now())
        is_time, self._asks_at = len(left) < len(self._asks_at), left
        return is_time

    def submit_ledger(self) -> None:
        """Have the parent cosign the ledger's head, while it grows."""
        if self._links.is_due(LEDGER) and self._ledger_grew():
            self._try(LEDGER, self._client.submit_ledger, self._rhythm.witness_every)

    def renew(self) -> None:
        """Renew the statement when a third of its life is left."""
        if self._links.is_due(RENEW):
            self._try(RENEW, self._renew, self._rhythm.renew_every)

    def fetch_blobs(self) -> int:
        """Fetch attachments that the parent's entries name; returns how many are complete now."""
        if not self._links.is_due(BLOBS):
            return 0
        fetched = 0
        for blob in self._missing_blobs()[:BLOBS_A_PASS]:
            done = self._try(BLOBS, partial(self._client.fetch_blob, blob.sha256, blob.size), timedelta(0))
            if done is None:
                break
            if not done:
                self._links.succeed(BLOBS, BLOB_PAUSE)  # the parent does not have it yet either
                break
            fetched += 1
        return fetched

    def _missing_blobs(self) -> list[MissingBlob]:
        with self._database.reading() as session:
            tx = self._stores.within(session)
            log = tx.logs.find("peer-down", self._peer())
            if log is None or not has_missing(tx, log):
                return []
        with self._database.transaction() as session:
            return find_missing(self._stores.within(session), log, self._clock.now())

    # --- inside ----------------------------------------------------------------------------------------------

    def _check_state(self) -> bool:
        self._client.check_state()
        return self._follow_chain()

    def _renew(self) -> bool:
        self._client.renew()
        return self._follow_chain()

    def _try(self, name: str, step: Callable[[], T], again_in: timedelta) -> T | None:
        """One try of a link; None when it failed, and the link's state says when to try again."""
        try:
            outcome = step()
        except FederationError as error:
            state = self._links.fail(name, error)
            _log.warning("%s failed: %s: %s", name, error.code, error.detail)
            if state.refused:
                self._alert(name, error)
            return None
        self._links.succeed(name, again_in)
        return outcome

    def _alert(self, name: str, error: FederationError) -> None:
        detail = {"link": name, "code": error.code, "detail": error.detail}
        with self._database.transaction() as session:
            alert = Alert("link-refused", "critical", self._peer(), detail)
            self._stores.within(session).alert(alert, self._clock.now())

    def _has_unsent(self) -> bool:
        """Whether the parent lacks entries: those without a receipt, or those it lost since it gave one."""
        with self._database.reading() as session:
            log = self._stores.within(session).logs.find("own-up", self._peer())
        if log is None:
            return False
        seen = self._client.up_seen
        has_lost = seen is not None and seen.epoch == log.epoch and seen.size < log.receipted_size
        return log.size > log.receipted_size or has_lost

    def _ledger_grew(self) -> bool:
        with self._database.reading() as session:
            log = self._stores.within(session).logs.find("own-ledger", "")
        return log is not None and log.size > log.receipted_size

    def _peer(self) -> str:
        return self._identity().parent_code or ""

    def _remember_clock(self) -> None:
        delta = self._client.delta_s
        if delta != self._told_delta_s:
            with self._database.transaction() as session:
                remember(session, "clock", {"delta_s": delta}, self._clock.now())
            self._told_delta_s = delta
