"""When to try again (federation.md §5 Retry): pure rules.

1 s doubling to 5 min with full jitter, reset by any success, never given up. 409 at once. 413 at once with half the
batch. 429 and 503 as told, up to an hour. 401 `skew` is corrected inside one call. Any other refusal stops that stream
with an alert and is tried every five minutes: somebody has to look, and it heals by itself once they did.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from federation.errors import FederationError, ProtocolError, SizeConflict

FIRST_DELAY_S = 1.0
LONGEST_DELAY_S = 300.0
LONGEST_TOLD_S = 3600
DOUBLINGS = 12  # 2^12 s is past the longest delay
TOLD_CODES = frozenset({"slow-down", "busy"})
SERVER_ERROR = 500  # HTTP
SHRINKING_CODES = frozenset({"too-large"})


@dataclass(frozen=True, slots=True)
class LinkState:
    """How trying goes.

    Attributes:
        failures: in a row, since the last success.
        due_at: not before.
        succeeded_at, failed_at: last times; None when never.
        code, detail: of the last failure; "" after a success.
        refused: whether the other side said no in a way that trying alone will not mend.
        batch_shift: how often the batch has been halved.
    """

    due_at: datetime
    failures: int = 0
    succeeded_at: datetime | None = None
    failed_at: datetime | None = None
    code: str = ""
    detail: str = ""
    refused: bool = False
    batch_shift: int = 0

    @property
    def is_failing(self) -> bool:
        """Whether the last try failed."""
        return self.failures > 0


def backoff_s(failures: int, chance: random.Random) -> float:
    """Seconds before the next try after so many failures in a row: full jitter below 1 s · 2^(failures-1)."""
    ceiling = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(failures - 1, DOUBLINGS))
    return chance.uniform(0.0, ceiling)


def succeeded(state: LinkState, now: datetime, again_in: timedelta) -> LinkState:
    """After a success: everything is forgotten but the halved batch, which grows back by one step."""
    return LinkState(
        due_at=now + again_in,
        succeeded_at=now,
        failed_at=state.failed_at,
        batch_shift=max(0, state.batch_shift - 1),
    )


def failed(state: LinkState, error: FederationError, now: datetime, chance: random.Random) -> LinkState:
    """After a failure."""
    failures = state.failures + 1
    after = replace(
        state, failures=failures, failed_at=now, code=error.code, detail=error.detail[:2000], refused=False
    )
    if isinstance(error, SizeConflict):
        return replace(after, due_at=now)
    if isinstance(error, ProtocolError):
        return _refused(after, error, now, chance)
    if error.retryable:
        return replace(after, due_at=now + timedelta(seconds=backoff_s(failures, chance)))
    return replace(after, due_at=now + timedelta(seconds=LONGEST_DELAY_S), refused=True)


def _refused(state: LinkState, error: ProtocolError, now: datetime, chance: random.Random) -> LinkState:
    if error.code in SHRINKING_CODES and state.batch_shift < DOUBLINGS:
        return replace(state, due_at=now, batch_shift=state.batch_shift + 1)
    if error.code in TOLD_CODES or error.retry_after_s is not None:
        told = error.retry_after_s
        wait = backoff_s(state.failures, chance) if told is None else float(min(max(told, 0), LONGEST_TOLD_S))
        return replace(state, due_at=now + timedelta(seconds=wait))
    if error.status >= SERVER_ERROR:
        return replace(state, due_at=now + timedelta(seconds=backoff_s(state.failures, chance)))
    return replace(state, due_at=now + timedelta(seconds=LONGEST_DELAY_S), refused=True)
