"""Retry: 1 s doubling to 5 min with full jitter, and what each refusal does (federation.md §5)."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from federation.errors import FederationError, ProtocolError, SizeConflict, TransportError, TrustError
from node.exchange.retry import LinkState, backoff_s, failed, succeeded

NOW = datetime(2026, 11, 24, tzinfo=UTC)
START = LinkState(due_at=NOW)


class Highest(random.Random):
    """Always the longest wait."""

    def uniform(self, a: float, b: float) -> float:
        return b


def wait_after(error: FederationError, state: LinkState = START) -> float:
    return (failed(state, error, NOW, Highest()).due_at - NOW).total_seconds()


def test_the_longest_wait_doubles_from_one_second_to_five_minutes() -> None:
    waits = [backoff_s(failures, Highest()) for failures in range(1, 12)]
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert backoff_s(10_000, Highest()) == 300


def test_the_wait_is_drawn_from_zero_to_its_longest() -> None:
    chance = random.Random(7)
    draws = [backoff_s(5, chance) for _ in range(400)]
    assert min(draws) < 1
    assert 15 < max(draws) <= 16


def test_no_answer_is_tried_again_and_counts() -> None:
    once = failed(START, TransportError("no route"), NOW, Highest())
    twice = failed(once, TransportError("no route"), NOW, Highest())
    assert (once.failures, twice.failures) == (1, 2)
    assert twice.due_at - NOW == timedelta(seconds=2)
    assert (twice.code, twice.detail, twice.refused) == ("transport", "no route", False)


def test_any_success_resets() -> None:
    state = START
    for _ in range(6):
        state = failed(state, TransportError(), NOW, Highest())
    after = succeeded(state, NOW, timedelta(seconds=30))
    assert (after.failures, after.code, after.due_at) == (0, "", NOW + timedelta(seconds=30))
    assert after.succeeded_at == NOW
    assert wait_after(TransportError(), after) == 1


def test_another_size_is_tried_at_once() -> None:
    assert wait_after(SizeConflict(4)) == 0


def test_too_large_is_tried_at_once_with_half_the_batch_that_grows_back() -> None:
    first = failed(START, ProtocolError("too-large", 413), NOW, Highest())
    second = failed(first, ProtocolError("too-large", 413), NOW, Highest())
    assert (first.batch_shift, second.batch_shift, second.due_at) == (1, 2, NOW)
    assert succeeded(second, NOW, timedelta()).batch_shift == 1


def test_too_large_at_one_entry_stops_the_stream() -> None:
    state = START
    for _ in range(13):
        state = failed(state, ProtocolError("too-large", 413), NOW, Highest())
    assert state.refused
    assert state.due_at == NOW + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("code", "status", "told", "expected"),
    [
        ("slow-down", 429, 7, 7),
        ("busy", 503, 90, 90),
        ("slow-down", 429, 90_000, 3600),
        ("busy", 503, None, 1),
    ],
)
def test_slow_down_and_busy_wait_as_told_up_to_an_hour(
    code: str, status: int, told: int | None, expected: float
) -> None:
    assert wait_after(ProtocolError(code, status, retry_after_s=told)) == expected


@pytest.mark.parametrize("code", ["signature", "revoked", "checkpoint", "fork", "audience", "digest"])
def test_any_other_refusal_stops_the_stream_and_is_tried_every_five_minutes(code: str) -> None:
    after = failed(START, ProtocolError(code, 403), NOW, Highest())
    assert after.refused
    assert after.due_at == NOW + timedelta(minutes=5)


def test_what_does_not_hold_here_stops_the_stream_too() -> None:
    after = failed(START, TrustError("the anchor differs"), NOW, Highest())
    assert after.refused
    assert after.detail == "the anchor differs"


def test_a_server_that_fails_is_tried_again_soon() -> None:
    after = failed(START, ProtocolError("internal", 500), NOW, Highest())
    assert not after.refused
    assert after.due_at == NOW + timedelta(seconds=1)
