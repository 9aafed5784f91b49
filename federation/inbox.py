"""Applying what was received: every log of a neighbour, in index order, each entry once (federation.md §5 Apply).

What has been stored is dealt with here, later and apart from storing it. Everything an entry does, and the cursor's step
over it, commits in one transaction; neighbouring entries share one while all goes well. When a handler refuses, or fails,
that transaction is rolled back and its entries are taken one by one, so that nothing of a refused entry remains and a
broken handler stops its own log only.

    inbox = Inbox(identity, database, clock, limits, {**standing_handlers(…), **the_nodes_own})
    inbox.apply()                        # soon after something was stored, and every few seconds
    inbox.release(origin, 7, "retry", "the catalogue has come")
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

from federation import faultpoints
from federation.applied import Applied
from federation.dating import parse_instant
from federation.delivery import Attempt, Delivery, HandlerError, Outcome, Verdict
from federation.forwarding import NotReceiptedError
from federation.keys import Identity
from federation.ordering import EARLY
from federation.ports import (
    Alert,
    Clock,
    Database,
    Held,
    Limits,
    LogRole,
    LogState,
    SetAside,
    Tx,
)
from federation.received import EntryEarly, EntryRefused, Handler, Received
from federation.superseding import replaced_by

__all__ = ["Applied", "EntryEarly", "EntryRefused", "Handler", "Inbox", "NothingHeldError", "Received"]

GROUP = 64
"""Entries that share a transaction while all goes well."""
HOLE_ALERTED_AFTER = timedelta(hours=1)
TRIED_EVERY = timedelta(seconds=30)
"""How often what waits is tried though nothing of its subject happened here."""
HELD_TRIED = 64
"""Entries of one (log, inner source, subject) that are tried, each in vain, before the rest is left alone."""
RECEIVED_ROLES: tuple[LogRole, ...] = ("peer-down", "peer-up")

_FORWARDED_BEFORE = frozenset({"schema", "sender", "seal-key", EARLY})
"""Reasons found only after an entry to everyone was passed on."""


class NothingHeldError(LookupError):
    """No entry is set aside or waits at that place."""


class Inbox:
    """Applies received logs. One process at a time does so: the caller holds a lease.

    Args:
        identity: read anew at every call, since keys rotate.
        handlers: by event type; a type that is not among them is kept and counted.
    """

    def __init__(
        self,
        identity: Callable[[], Identity],
        database: Database,
        clock: Clock,
        limits: Limits,
        handlers: Mapping[str, Handler],
    ) -> None:
        self._identity = identity
        self._database = database
        self._clock = clock
        self._limits = limits
        self._handlers = dict(handlers)
        self._alerted: set[tuple[str, int]] = set()
        self._tried_at: datetime | None = None

    def apply(self, limit: int = 500, origins: Collection[str] | None = None) -> Applied:
        """Deal with stored entries, at most `limit` of each log, then with those that waited for them.

        Args:
            limit: entries of each log.
            origins: only these logs; all received ones when None.

        Raises:
            Exception: what a handler raised that is no answer; its log stands there, the others were dealt with, and it
                was alerted.
        """
        done, failures = Applied(), list[BaseException]()
        subjects: set[str] = set()
        with self._database.reading() as tx:
            pending = _pending(tx, origins)
        for state in pending:
            try:
                self._advance(state, limit, done, subjects)
            except NotReceiptedError:
                continue
            except HandlerError as error:
                failures.append(error.__cause__ or error)
                self._alert_failure(state, error)
        self._try_waiting(done, subjects)
        if len(failures) > 0:
            raise failures[0]
        return done

    # --- one log ---------------------------------------------------------------------------------------------

    def _advance(self, state: LogState, limit: int, done: Applied, subjects: set[str]) -> None:
        """Deal with up to `limit` entries of a log."""
        taken, one_by_one_until = 0, 0
        while taken < limit:
            size = 1 if taken < one_by_one_until else min(GROUP, limit - taken)
            try:
                moved = self._step(state.origin, size, {}, done, subjects)
            except Verdict as verdict:
                if size > 1:
                    one_by_one_until = taken + size
                    continue
                moved = self._step(state.origin, 1, {verdict.position: verdict}, done, subjects)
            except (HandlerError, NotReceiptedError):
                if size == 1:
                    raise
                one_by_one_until = taken + size
                continue
            if moved == 0:
                return
            taken += moved

    def _step(
        self, origin: str, size: int, verdicts: Mapping[int, Verdict], done: Applied, subjects: set[str]
    ) -> int:
        """Deal with the next entries of a log in one transaction; returns how many there were."""
        counts = Applied()
        with self._database.transaction() as tx:
            state = tx.logs.get(origin)
            if state is None or not _may_apply(state):
                return 0
            cursor = tx.inbox.cursor(origin)
            entries = tx.logs.entries(origin, cursor, size)
            if len(entries) == 0:
                return 0
            delivery = self._delivery(tx, state, verdicts)
            for stored in entries:
                counts.count(delivery.deal(stored))
            delivery.notices.flush(tx, delivery.identity, delivery.now)
            tx.inbox.advance(origin, cursor + len(entries))
            faultpoints.reach("apply.before-commit")
        faultpoints.reach("apply.after-commit")
        counts.entries = len(entries)
        done.add(counts)
        subjects |= delivery.subjects
        return len(entries)

    def _delivery(self, tx: Tx, state: LogState, verdicts: Mapping[int, Verdict]) -> Delivery:
        identity, now = self._identity(), self._clock.now()
        return Delivery(tx, identity, state, now, self._limits, self._handlers, verdicts)

    def _alert_failure(self, state: LogState, error: HandlerError) -> None:
        detail = {"log": state.origin, "index": error.position, "type": error.type}
        with self._database.transaction() as tx:
            tx.alert(Alert("handler-failed", "critical", state.peer, detail), self._clock.now())

    # --- what waits ------------------------------------------------------------------------------------------

    def _again(
        self,
        origin: str,
        position: int,
        attempt: Attempt,
        done: Applied,
        *,
        reason: str = "",
        verdict: Verdict | None = None,
    ) -> Outcome | None:
        """Try one entry again in a transaction of its own; None when there is none."""
        verdicts = {} if verdict is None else {position: verdict}
        try:
            with self._database.transaction() as tx:
                state = tx.logs.get(origin)
                stored = next(iter(tx.logs.entries(origin, position, 1)), None)
                if state is None or stored is None:
                    return None
                delivery = self._delivery(tx, state, verdicts)
                delivery.ordering.release(position, "retry", reason)
                tx.inbox.drop_unknown(origin, position)
                outcome = delivery.deal(stored, attempt)
                delivery.notices.flush(tx, delivery.identity, delivery.now)
        except Verdict as said:
            return self._again(origin, position, attempt, done, reason=reason, verdict=said)
        except HandlerError as error:
            raise error.__cause__ or error from None
        done.count(outcome)
        return outcome

    def _try_waiting(self, done: Applied, subjects: set[str]) -> None:
        """Try what waits: at once when something of its subject was dealt with, else every half minute."""
        now = self._clock.now()
        is_due = self._tried_at is None or now - self._tried_at >= TRIED_EVERY
        if is_due:
            self._tried_at = now
        with self._database.transaction() as tx:
            aside, held = tx.inbox.list_set_aside(), tx.inbox.list_held()
            self._alert_holes(tx, held)
        self._take_sealed_anew(aside, done, subjects)
        for row in aside:
            if row.reason == EARLY and (is_due or row.subject in subjects):
                counts = Applied()
                attempt = Attempt(forwards=False, acknowledges=False)
                if self._again(row.origin, row.index, attempt, counts) != "held":
                    done.add(counts)
                    subjects.add(row.subject)
        self._drain(done, {row.subject for row in held} if is_due else subjects)

    def _take_sealed_anew(self, aside: Sequence[SetAside], done: Applied, subjects: set[str]) -> None:
        """What nobody here could open has come again, sealed to a newer key: that takes the place of the first."""
        unopened = [row for row in aside if row.reason == "seal-key"]
        if len(unopened) == 0:
            return
        with self._database.transaction() as tx:
            found = replaced_by(tx, unopened, self._limits)
        for row in unopened:
            if row.index in found.get(row.origin, {}):
                self._skip(row.origin, row.index, "sealed anew")
        for origin, places in found.items():
            for position in sorted(set(places.values())):
                attempt = Attempt(forwards=False, acknowledges=False, in_order=False)
                self._again(origin, position, attempt, done)
        subjects |= {row.subject for row in unopened if row.index in found.get(row.origin, {})}

    def _drain(self, done: Applied, subjects: set[str]) -> None:
        """Try the held entries of these subjects, until none moves."""
        is_moving = len(subjects) > 0
        while is_moving:
            with self._database.transaction() as tx:
                held = [row for row in tx.inbox.list_held() if row.subject in subjects]
                aside = tx.inbox.list_set_aside() if len(held) > 0 else []
            first_aside: dict[tuple[str, str, str], int] = {}
            for row in aside:
                first_aside.setdefault(_key(row), row.index)
            is_moving = self._try_held(held, first_aside, done)

    def _try_held(
        self, held: Sequence[Held], first_aside: dict[tuple[str, str, str], int], done: Applied
    ) -> bool:
        """Try held entries, by log and index; whether any waits no longer.

        Args:
            first_aside: the first entry set aside, by (log, inner source, subject): those behind it are left alone.
        """
        has_moved = False
        still: Counter[tuple[str, str, str]] = Counter()
        for row in held:
            key = _key(row)
            if row.index > first_aside.get(key, row.index) or still[key] >= HELD_TRIED:
                continue
            counts = Applied()
            attempt = Attempt(forwards=False, acknowledges=False, waits_since=row.since)
            outcome = self._again(row.origin, row.index, attempt, counts)
            if outcome == "set-aside":
                first_aside.setdefault(key, row.index)
            if outcome == "held":
                still[key] += 1
            else:
                done.add(counts)
                has_moved = True
        return has_moved

    def _alert_holes(self, tx: Tx, held: list[Held]) -> None:
        now = self._clock.now()
        for row in held:
            key = (row.origin, row.index)
            is_old = row.why == "hole" and now - parse_instant(row.since) >= HOLE_ALERTED_AFTER
            if is_old and key not in self._alerted:
                self._alerted.add(key)
                where = {"log": row.origin, "index": row.index, "subject": row.subject}
                tx.alert(Alert("entry-missing", "warning", "", {**where, "source": row.inner_source}), now)

    # --- an operator's acts ----------------------------------------------------------------------------------

    def release(
        self, origin: str, index: int, how: Literal["retry", "skip"], reason: str
    ) -> Outcome | Literal["skipped"]:
        """Try an entry again that is set aside or waits, or pass over it; what waited behind it goes on.

        Args:
            origin: the received log.
            index: the entry's place in it.
            how: `retry`: apply it now, whatever is missing before it. `skip`: it never takes effect, and counts as if
                it had.
            reason: the operator's, kept.

        Returns:
            What became of it; `set-aside` when it still cannot be applied.

        Raises:
            NothingHeldError: nothing waits there.
        """
        with self._database.transaction() as tx:
            aside = next((row for row in tx.inbox.list_set_aside(origin) if row.index == index), None)
            held = next((row for row in tx.inbox.list_held(origin) if row.index == index), None)
        row = aside or held
        if row is None:
            raise NothingHeldError(f"{origin}: nothing waits at {index}")
        done = Applied()
        if how == "skip":
            outcome: Outcome | Literal["skipped"] = "skipped"
            self._skip(origin, index, reason)
        else:
            attempt = _attempt_of(aside)
            outcome = self._again(origin, index, attempt, done, reason=reason) or "erased"
        self._drain(done, {row.subject})
        return outcome

    def _skip(self, origin: str, index: int, reason: str) -> None:
        with self._database.transaction() as tx:
            state = tx.logs.get(origin)
            stored = next(iter(tx.logs.entries(origin, index, 1)), None)
            if state is None or stored is None:
                raise NothingHeldError(f"{origin} has no entry {index}")
            delivery = self._delivery(tx, state, {})
            delivery.ordering.release(index, "skip", reason)
            delivery.skip(stored)

    def reapply(self, types: Collection[str] | None = None) -> Applied:
        """Apply entries that were kept because their type was unknown, where there is a handler now.

        Args:
            types: only these; all that can be when None.
        """
        done = Applied()
        with self._database.transaction() as tx:
            kept = tx.inbox.list_unknown()
        for origin, index, type_ in kept:
            if type_ in self._handlers and (types is None or type_ in types):
                attempt = Attempt(forwards=False, acknowledges=False, in_order=False)
                self._again(origin, index, attempt, done)
        return done


def _key(row: Held | SetAside) -> tuple[str, str, str]:
    return row.origin, row.inner_source, row.subject


def _attempt_of(aside: SetAside | None) -> Attempt:
    if aside is None:
        return Attempt(forwards=False, acknowledges=False, despite_hole=True)
    return Attempt(forwards=aside.reason not in _FORWARDED_BEFORE, despite_hole=False)


def _may_apply(state: LogState) -> bool:
    return state.halted == "" or state.frozen


def _pending(tx: Tx, origins: Collection[str] | None) -> list[LogState]:
    """Received logs with entries to deal with, from above first; of one neighbour only the lowest such epoch."""
    found: dict[tuple[str, str], LogState] = {}
    for role in RECEIVED_ROLES:
        for state in sorted(tx.logs.all(role), key=lambda row: row.epoch):
            is_wanted = origins is None or state.origin in origins
            if (role, state.peer) in found or not is_wanted or not _may_apply(state):
                continue
            if tx.inbox.cursor(state.origin) < state.size:
                found[role, state.peer] = state
    return list(found.values())
