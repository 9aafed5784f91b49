"""Dating and revocation (federation.md §3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from federation.dating import (
    Revocation,
    Witnessed,
    good_records,
    judge_key,
    judged_at,
    parse_instant,
    parse_revocation,
)
from federation.errors import TrustError
from federation.keys import NodeKeys
from federation.ports import MemberKey
from tests.unit.federation.members import COUNTY, DAY, NOW, keys_of, name_of

KEY = keys_of(COUNTY).public.node
RECORD = MemberKey(COUNTY, "node", KEY.kid, KEY.jwk, since=NOW)
ARRIVED = NOW + 10 * DAY
HONEST, REVOKED = "H" * 43, "R" * 43


@pytest.mark.parametrize(
    ("why", "witnessed", "expected"),
    [
        ("nothing but the arrival", [], ARRIVED),
        ("a receipt", [Witnessed(NOW + DAY, HONEST)], NOW + DAY),
        ("a receipt by one since revoked", [Witnessed(NOW + DAY, REVOKED)], ARRIVED),
        ("the earliest of those that count", [
            Witnessed(NOW + 3 * DAY, HONEST), Witnessed(NOW + 2 * DAY, HONEST), Witnessed(NOW, REVOKED),
        ], NOW + 2 * DAY),
        ("a receipt from a clock ahead", [Witnessed(ARRIVED + DAY, HONEST)], ARRIVED),
    ],
)  # fmt: skip
def test_a_thing_is_dated_by_a_party_that_is_not_itself_revoked(
    why: str, witnessed: list[Witnessed], expected: datetime
) -> None:
    assert judged_at(ARRIVED, witnessed, lambda kid: kid == REVOKED) == expected


def record(until: datetime | None = None, revoked_at: datetime | None = None) -> MemberKey:
    return MemberKey(COUNTY, "node", KEY.kid, KEY.jwk, NOW, until, "", revoked_at)


@pytest.mark.parametrize(
    ("history", "at", "verdict"),
    [
        (record(), NOW, "good"),
        (record(), NOW - timedelta(seconds=1), "not-yet"),
        (record(), NOW + 5000 * DAY, "good"),
        (record(until=NOW + 30 * DAY), NOW + 30 * DAY - timedelta(seconds=1), "good"),
        (record(until=NOW + 30 * DAY), NOW + 30 * DAY, "replaced"),
        (record(revoked_at=NOW + DAY), NOW + DAY - timedelta(seconds=1), "good"),
        (record(revoked_at=NOW + DAY), NOW + DAY, "revoked"),
        (record(until=NOW + DAY, revoked_at=NOW + 2 * DAY), NOW + 3 * DAY, "revoked"),
        (record(until=NOW + DAY, revoked_at=NOW + 3 * DAY), NOW + 2 * DAY, "replaced"),
        (record(revoked_at=NOW - DAY), NOW - timedelta(hours=1), "revoked"),
    ],
)
def test_a_key_is_judged_at_an_instant(history: MemberKey, at: datetime, verdict: str) -> None:
    assert judge_key(history, at) == verdict


def test_what_was_receipted_before_a_revocation_stands_even_if_relayed_later() -> None:
    history = record(revoked_at=NOW + 5 * DAY)
    receipted = judged_at(ARRIVED, [Witnessed(NOW + DAY, HONEST)], lambda kid: False)
    assert judge_key(history, receipted) == "good"
    assert judge_key(history, judged_at(ARRIVED, [], lambda kid: False)) == "revoked"


def test_the_good_keys_of_a_history_come_newest_first() -> None:
    new = NodeKeys.from_seed(b"new").public.node
    newer = MemberKey(COUNTY, "node", new.kid, new.jwk, NOW + 10 * DAY)
    older = record(until=NOW + 40 * DAY)
    assert good_records([older, newer], NOW + 20 * DAY) == [newer, older]
    assert good_records([older, newer], NOW + 50 * DAY) == [newer]
    assert good_records([older, newer], NOW + DAY) == [older]


REVOCATION = Revocation(
    name_of(COUNTY), tuple(keys_of(COUNTY).public.kids.values()), NOW, "设备被盗 / stolen"
)


def test_a_revocation_reads_back() -> None:
    data = REVOCATION.to_data()
    assert data["until"] == "2026-11-24T06:30:00Z"
    assert parse_revocation(data) == REVOCATION
    assert parse_revocation({**data, "later": 1}) == REVOCATION


def test_a_revocations_time_is_written_in_utc_and_whole_seconds() -> None:
    local = datetime(2026, 11, 24, 14, 30, 0, 999, tzinfo=timezone(timedelta(hours=8)))
    written = Revocation(REVOCATION.sub, REVOCATION.kids, local, "").to_data()
    assert written["until"] == "2026-11-24T06:30:00Z"


@pytest.mark.parametrize(
    "change",
    [
        {"sub": "x"},
        {"sub": 1},
        {"kids": []},
        {"kids": ["short"]},
        {"kids": [1]},
        {"kids": "A" * 43},
        {"until": "2026-11-24"},
        {"until": "2026-11-24T06:30:00+00:00"},
        {"until": "2026-11-24 06:30:00Z"},
        {"until": "yesterday"},
        {"until": 0},
        {"reason": None},
    ],
)
def test_every_other_revocation_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(TrustError):
        parse_revocation({**REVOCATION.to_data(), **change})


def test_instants_may_have_a_fraction() -> None:
    assert parse_instant("2026-11-24T06:30:00.5Z") == datetime(2026, 11, 24, 6, 30, 0, 500_000, UTC)
