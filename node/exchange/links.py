"""How each thing this node keeps trying towards its neighbours goes, in rows (federation.md §5 Retry).

The rules are `node.exchange.retry`; here they are kept across restarts. A success that follows a success is written at
most once a minute: nothing depends on it but what the network page shows.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from federation.errors import FederationError, TransportError
from federation.ports import Clock
from node.exchange.retry import LinkState, failed, succeeded
from node.exchange.tables import LinkRow, MemoryRow
from node.kernel.database import Database
from node.kernel.sql import upsert

WRITTEN_EVERY = timedelta(seconds=60)


def read_link(session: Session, name: str) -> LinkState | None:
    """The state of one link; None when it was never tried."""
    row = session.get(LinkRow, name)
    return None if row is None else _state(row)


def read_links(session: Session) -> dict[str, LinkState]:
    """Every link by its name."""
    return {row.name: _state(row) for row in session.scalars(select(LinkRow).order_by(LinkRow.name))}


def recall(session: Session, name: str) -> dict[str, Any]:
    """A small thing remembered about the links; empty when there is none."""
    row = session.get(MemoryRow, name)
    return {} if row is None else dict(row.value)


def remember(session: Session, name: str, value: dict[str, Any], now: datetime) -> None:
    """Remember it, over what was there."""
    upsert(session, MemoryRow, {"name": name, "value": value, "at": now}, ("name",))


class Links:
    """Tries and their outcomes, for the worker's threads; one link belongs to one thread."""

    def __init__(self, database: Database, clock: Clock, chance: random.Random | None = None) -> None:
        self._database = database
        self._clock = clock
        self._chance = chance or random.Random()  # noqa: S311  jitter, no secret
        self._known: dict[str, LinkState] = {}
        self._written: dict[str, datetime] = {}

    def state(self, name: str) -> LinkState:
        """How a link goes; due at once when it was never tried."""
        known = self._known.get(name)
        if known is None:
            with self._database.reading() as session:
                known = read_link(session, name) or LinkState(due_at=self._clock.now())
            self._known[name] = known
        return known

    def is_due(self, name: str) -> bool:
        """Whether it may be tried now."""
        return self.state(name).due_at <= self._clock.now()

    def may_hurry(self, name: str) -> bool:
        """Whether it may be tried before it is due, since there is something to do: only while it does not fail."""
        return self.is_due(name) or not self.state(name).is_failing

    def succeed(self, name: str, again_in: timedelta) -> None:
        """It went well; look again after a while. The others that found nobody there are tried at once."""
        before, now = self.state(name), self._clock.now()
        after = succeeded(before, now, again_in)
        self._known[name] = after
        written = self._written.get(name)
        if before.is_failing or written is None or now - written >= WRITTEN_EVERY:
            self._write(name, after, now)
        for other, state in list(self._known.items()):
            if other != name and state.is_failing and state.code == TransportError.code:
                self._known[other] = replace(state, due_at=min(state.due_at, now))

    def fail(self, name: str, error: FederationError) -> LinkState:
        """It failed; the state says when to try again, and whether the other side refused."""
        after = failed(self.state(name), error, self._clock.now(), self._chance)
        self._known[name] = after
        self._write(name, after, self._clock.now())
        return after

    def forget(self, name: str) -> None:
        """Try at once, as if never tried: an operator changed something."""
        after = LinkState(due_at=self._clock.now())
        self._known[name] = after
        self._write(name, after, self._clock.now())

    def _write(self, name: str, state: LinkState, now: datetime) -> None:
        row = {
            "name": name,
            "failures": state.failures,
            "due_at": state.due_at,
            "succeeded_at": state.succeeded_at,
            "failed_at": state.failed_at,
            "code": state.code[:40],
            "detail": state.detail,
            "refused": state.refused,
            "batch_shift": state.batch_shift,
        }
        with self._database.transaction() as session:
            upsert(session, LinkRow, row, ("name",))
        self._written[name] = now


def _state(row: LinkRow) -> LinkState:
    return LinkState(
        due_at=row.due_at,
        failures=row.failures,
        succeeded_at=row.succeeded_at,
        failed_at=row.failed_at,
        code=row.code,
        detail=row.detail,
        refused=row.refused,
        batch_shift=row.batch_shift,
    )
