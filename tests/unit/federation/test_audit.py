"""Random audit: what is drawn, and what is found (federation.md §6)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import canonical
from federation.audit import (
    AUDITOR_FINDINGS,
    Answered,
    Challenge,
    Checked,
    Finding,
    Numbered,
    Opened,
    check_counters,
    check_dates,
    check_head,
    check_opening,
    check_response,
    check_reveal,
    check_round,
    commitment,
    draw,
    format_answered,
)
from federation.merkle import leaf_hash, prove_consistency, prove_inclusion, tree_root
from federation.note import Checkpoint
from tests.unit.federation.members import NOW, VILLAGE, name_of

ORIGIN = f"{name_of(VILLAGE)}/ledger/1"
SEED, ROOT = bytes(range(32)), hashlib.sha256(b"root").digest()
LINES = [canonical.dump({"v": 1, "n": number}) for number in range(40)]
LINES[7] = b"not JSON"
LEAVES = [leaf_hash(line) for line in LINES]


def read(level: int, start: int, stop: int) -> list[bytes]:
    return [tree_root(LEAVES[index << level : (index + 1) << level]) for index in range(start, stop)]


def head(size: int, leaves: Sequence[bytes] = LEAVES) -> Checkpoint:
    return Checkpoint(ORIGIN, size, tree_root(leaves[:size]))


def answer(*indices: int, size: int = 40) -> dict[str, object]:
    entries = [
        format_answered(Answered(index, LINES[index], tuple(prove_inclusion(read, index, size))))
        for index in indices
    ]
    return {"round": "2026-11", "entries": entries}


def codes(found: Checked | Sequence[Finding]) -> list[tuple[str, int | None]]:
    findings = found.findings if isinstance(found, Checked) else found
    return [(finding.code, finding.index) for finding in findings]


def test_the_commitment_is_the_hash_of_the_seed() -> None:
    assert commitment(SEED) == hashlib.sha256(SEED).hexdigest()
    assert check_reveal(commitment(SEED), SEED) == []
    for wrong in (bytes(32), SEED[:31], SEED + b"\x00"):
        assert codes(check_reveal(commitment(SEED), wrong)) == [("bad-seed", None)]
    assert "bad-seed" in AUDITOR_FINDINGS


def test_the_worked_example_is_drawn() -> None:
    assert draw(bytes(32), b"\x01" * 32, 10, 30, 5) == [18, 25, 24, 21, 10]


def test_an_index_is_the_first_eight_bytes_modulo_the_span() -> None:
    digest = hashlib.sha256(SEED + ROOT + b"\x00\x00\x00\x00").digest()
    assert draw(SEED, ROOT, 100, 100_000, 1) == [100 + int.from_bytes(digest[:8], "big") % 99_900]


@given(
    start=st.integers(0, 50),
    span=st.integers(0, 60),
    count=st.integers(0, 80),
    seed=st.binary(min_size=32, max_size=32),
)
def test_a_draw_is_distinct_in_range_and_as_long_as_it_can_be(
    start: int, span: int, count: int, seed: bytes
) -> None:
    drawn = draw(seed, ROOT, start, start + span, count)
    assert len(drawn) == len(set(drawn)) == min(count, span)
    assert all(start <= index < start + span for index in drawn)
    assert draw(seed, ROOT, start, start + span, count + 1)[: len(drawn)] == drawn


def test_another_root_or_seed_draws_others() -> None:
    first = draw(SEED, ROOT, 0, 10_000, 20)
    assert draw(SEED, bytes(32), 0, 10_000, 20) != first
    assert draw(bytes(32), ROOT, 0, 10_000, 20) != first


def test_a_range_that_is_none_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(AssertionError):
        draw(SEED, ROOT, 5, 4, 1)


# --- heads ---------------------------------------------------------------------------------------------------


def test_the_sealed_head_is_the_first_after_the_end_and_extends_the_last() -> None:
    path = prove_consistency(read, 10, 40)
    assert check_head(None, head(40), head(40), None) == []
    assert check_head(head(10), head(40), head(40), path) == []
    assert check_head(head(10), head(10), None, None) == []
    assert codes(check_head(head(10), head(40), head(39), path)) == [("wrong-head", None)]
    assert codes(check_head(head(40), head(39), None, None)) == [("rewind", None)]
    assert codes(check_head(head(10), head(40), None, path[1:])) == [("fork", None)]
    other = head(10, [*LEAVES[:9], LEAVES[0]])
    assert codes(check_head(other, head(40), None, path)) == [("fork", None)]
    assert codes(check_head(other, head(10), None, None)) == [("fork", None)]


# --- answers -------------------------------------------------------------------------------------------------


def test_a_complete_answer_has_no_findings() -> None:
    challenge = Challenge(head(40), (3, 39, 0), named=(12, 3))
    checked = check_response(challenge, [answer(39, 0), answer(3, 12)])
    assert codes(checked) == []
    assert [(entry.index, entry.line) for entry in checked.opened] == [(i, LINES[i]) for i in (0, 3, 12, 39)]
    assert checked.opened[1].fact == {"v": 1, "n": 3}


def test_what_is_missing_is_found_once_the_time_is_over() -> None:
    challenge = Challenge(head(40), (3, 5))
    assert codes(check_response(challenge, [])) == [("no-answer", None)]
    assert codes(check_response(challenge, [answer(3)])) == [("unanswered", 5)]
    assert codes(check_response(challenge, [answer(3)], is_over=False)) == []
    assert codes(check_response(challenge, [], is_over=False)) == []
    assert codes(check_response(Challenge(head(40), ()), [])) == []


def changed(data: dict[str, object], **members: object) -> dict[str, object]:
    entries = data["entries"]
    assert isinstance(entries, list)
    return {**data, "entries": [{**entries[0], **members}]}


BAD: list[tuple[str, Mapping[str, object], list[tuple[str, int | None]]]] = [
    ("another line", changed(answer(3), entry=base64.b64encode(b"{}").decode()), [("bad-proof", 3)]),
    ("another index", changed(answer(3), index=5), [("not-drawn", 5), ("unanswered", 3)]),
    ("no path", changed(answer(3), hashes=[]), [("bad-proof", 3)]),
    ("a proof in a smaller ledger", answer(3, size=20), [("bad-proof", 3)]),
    ("not base64", changed(answer(3), entry="?"), [("malformed", None), ("unanswered", 3)]),
    ("a short hash", changed(answer(3), hashes=["AAAA"]), [("malformed", None), ("unanswered", 3)]),
    ("a hash that is no text", changed(answer(3), hashes=[1]), [("malformed", None), ("unanswered", 3)]),
    ("an index that is none", changed(answer(3), index=True), [("malformed", None), ("unanswered", 3)]),
    ("no entries", {"round": "2026-11"}, [("malformed", None), ("unanswered", 3)]),
    ("entries that are none", {"entries": [3]}, [("malformed", None), ("unanswered", 3)]),
    ("more than was asked", answer(3, 4), [("not-drawn", 4)]),
]


@pytest.mark.parametrize(("data", "found"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_a_bad_answer_is_found(data: Mapping[str, object], found: list[tuple[str, int | None]]) -> None:
    assert codes(check_response(Challenge(head(40), (3,)), [data])) == found


def test_the_first_answer_to_an_index_counts() -> None:
    bad = changed(answer(3), hashes=[])
    assert codes(check_response(Challenge(head(40), (3,)), [bad, answer(3)])) == [("bad-proof", 3)]


def test_a_line_that_is_no_fact_is_found() -> None:
    assert codes(check_response(Challenge(head(40), (7,)), [answer(7)])) == [("entry", 7)]


# --- what the entries say ------------------------------------------------------------------------------------


def dated(index: int, at: str) -> Opened:
    return Opened(index, b"", {"at": at})


def test_an_entry_dated_before_the_cosignature_preceding_it_is_found() -> None:
    cosigned = [(20, NOW), (10, NOW - timedelta(days=1))]
    entries = [
        dated(5, "2020-01-01T00:00:00Z"),
        dated(10, "2026-11-23T06:30:00Z"),
        dated(19, "2026-11-23T06:28:59Z"),
        dated(20, "2026-11-24T06:29:00Z"),
        dated(25, "2026-11-23T12:00:00Z"),
        dated(26, "yesterday"),
    ]
    found = check_dates(entries, cosigned)
    assert codes(found) == [("antedated", 19), ("antedated", 25), ("entry", 26)]


def test_running_numbers_must_fit_between_the_entries() -> None:
    good = [Numbered("登记", 1, 0), Numbered("登记", 2, 4), Numbered("收费", 9, 5), Numbered("登记", 3, 6)]
    assert check_counters(good) == []
    assert check_counters(reversed(good)) == []
    repeated = [*good, Numbered("登记", 3, 9)]
    assert codes(check_counters(repeated)) == [("counters", 9)]
    missing = [*good, Numbered("登记", 7, 9)]
    assert codes(check_counters(missing)) == [("counters", 9)]
    back = [*good, Numbered("收费", 8, 9)]
    assert codes(check_counters(back)) == [("counters", 9)]


def test_a_commitment_opens_to_the_value_it_hides() -> None:
    salt, value = bytes(16), {"name": "李芳"}
    committed = hashlib.sha256(salt + '{"name":"李芳"}'.encode()).hexdigest()
    assert check_opening(3, committed, salt, value) == []
    assert codes(check_opening(3, committed, salt, {"name": "王芳"})) == [("bad-opening", 3)]
    assert codes(check_opening(3, committed, salt[:15], value)) == [("bad-opening", 3)]
    assert codes(check_opening(3, committed, salt, 1.5)) == [("bad-opening", 3)]
    assert codes(check_opening(3, committed, None, None)) == [("not-opened", 3)]


def test_each_side_is_held_to_its_part_of_the_round() -> None:
    def judged(heads: int, *, sealed: bool, revealed: bool, is_over: bool = True) -> list[str]:
        found = check_round(cosigned_in_period=heads, sealed=sealed, revealed=revealed, is_over=is_over)
        return [finding.code for finding in found]

    assert judged(4, sealed=True, revealed=True) == []
    assert judged(0, sealed=False, revealed=False) == ["no-checkpoint", "not-sealed"]
    assert judged(4, sealed=True, revealed=False) == ["not-revealed"]
    assert judged(4, sealed=False, revealed=False, is_over=False) == []
