"""The rules of a round: steps, seals, samples, answers (federation.md §6)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from federation import canonical
from federation.audit import Answered, Challenge, Finding, draw, format_answered, parse_response
from federation.merkle import leaf_hash, prove_consistency, prove_inclusion, tree_root
from federation.note import Checkpoint, append_lines, cosign, sign_checkpoint
from federation.stream import erased_line
from node.audit.rules import (
    ASKED_STEPS,
    STEPS,
    Asked,
    IllegalStepError,
    Party,
    Seal,
    State,
    after,
    after_asked,
    draw_sample,
    hashes_of,
    is_complete,
    judge_answers,
    judge_seal,
    split_answers,
)
from tests.unit.federation.members import NOW, TOWNSHIP, VILLAGE, keys_of, name_of

ORIGIN = f"{name_of(VILLAGE)}/ledger/1"
WITNESS = f"{name_of(TOWNSHIP)}/witness"
SEED = bytes(range(32))
LINES = [canonical.dump({"v": 1, "n": number}) for number in range(40)]
LEAVES = [leaf_hash(line) for line in LINES]
OWNER = Party(ORIGIN, (keys_of(VILLAGE).public.node,))
COSIGNER = Party(WITNESS, (keys_of(TOWNSHIP).public.witness,))


def read(level: int, start: int, stop: int) -> list[bytes]:
    return [tree_root(LEAVES[index << level : (index + 1) << level]) for index in range(start, stop)]


def head(size: int = 40) -> Checkpoint:
    return Checkpoint(ORIGIN, size, tree_root(LEAVES[:size]))


def sealed(checkpoint: Checkpoint, at_s: int = 60, *, by: str = TOWNSHIP, signer: str = VILLAGE) -> str:
    note = sign_checkpoint(checkpoint, keys_of(signer).node)
    return append_lines(note, cosign(note, WITNESS, keys_of(by).witness, NOW + timedelta(seconds=at_s)))


def answered(index: int, line: bytes | None = None, size: int = 40) -> dict[str, Any]:
    path = tuple(prove_inclusion(read, index, size))
    return format_answered(Answered(index, LINES[index] if line is None else line, path))


# --- steps ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("step", sorted({step for _, step in STEPS}))
def test_a_round_takes_the_declared_steps_and_no_other(state: State, step: str) -> None:
    wanted = STEPS.get((state, step))
    if wanted is not None:
        assert after(state, step) is wanted
        return
    with pytest.raises(IllegalStepError):
        after(state, step)


@pytest.mark.parametrize("state", list(Asked))
@pytest.mark.parametrize("step", sorted({step for _, step in ASKED_STEPS}))
def test_so_does_one_that_is_asked_of_us(state: Asked, step: str) -> None:
    wanted = ASKED_STEPS.get((state, step))
    if wanted is not None:
        assert after_asked(state, step) is wanted
        return
    with pytest.raises(IllegalStepError):
        after_asked(state, step)


def test_every_state_is_reached_and_nothing_follows_the_last() -> None:
    assert {State.COMMITTED, *STEPS.values()} == set(State)
    assert {Asked.ASKED, *ASKED_STEPS.values()} == set(Asked)
    assert State.JUDGED not in {state for state, _ in STEPS}


# --- seals ---------------------------------------------------------------------------------------------------


def test_a_head_signed_by_its_owner_and_cosigned_after_the_period_is_stood_on() -> None:
    assert judge_seal(sealed(head()), OWNER, COSIGNER, NOW, None, None) == Seal(
        head(), NOW + timedelta(seconds=60), ()
    )


@pytest.mark.parametrize(
    "note",
    [
        sealed(head(), at_s=-1),
        sealed(head(), by=VILLAGE),
        sealed(head(), signer=TOWNSHIP),
        sealed(Checkpoint(f"{name_of(VILLAGE)}/ledger/2", 40, head().root)),
        sign_checkpoint(head(), keys_of(VILLAGE).node),
        "no note at all",
    ],
    ids=["too early", "another witness", "another owner", "another epoch", "not cosigned", "no note"],
)
def test_any_other_note_is_no_head(note: str) -> None:
    seal = judge_seal(note, OWNER, COSIGNER, NOW, None, None)
    assert seal.head is None
    assert [one.code for one in seal.findings] == ["wrong-head"]


@pytest.mark.parametrize(
    ("last", "path", "codes"),
    [
        (head(20), prove_consistency(read, 20, 40), []),
        (head(20), None, []),
        (head(40), None, []),
        (Checkpoint(ORIGIN, 50, bytes(32)), None, ["rewind"]),
        (Checkpoint(ORIGIN, 20, bytes(32)), prove_consistency(read, 20, 40), ["fork"]),
        (Checkpoint(ORIGIN, 40, bytes(32)), None, ["fork"]),
    ],
)
def test_a_head_extends_the_one_audited_last(
    last: Checkpoint, path: list[bytes] | None, codes: list[str]
) -> None:
    seal = judge_seal(sealed(head()), OWNER, COSIGNER, NOW, last, path)
    assert [one.code for one in seal.findings] == codes


# --- samples -------------------------------------------------------------------------------------------------


def test_a_sample_is_drawn_from_what_grew_and_named_indices_stand_apart() -> None:
    sample = draw_sample(SEED, Seal(head(), NOW, ()), head(30), 4, [3, 39, 40, 3, 10**9])
    assert sample.start == 30
    assert list(sample.drawn) == draw(SEED, head().root, 30, 40, 4)
    assert sample.named == (3, 39)


def test_after_a_fork_the_whole_ledger_is_drawn_from() -> None:
    sample = draw_sample(SEED, Seal(head(), NOW, (Finding("fork"),)), head(30), 40, [])
    assert (sample.start, sorted(sample.drawn)) == (0, list(range(40)))


def test_nothing_grew_nothing_is_drawn() -> None:
    sample = draw_sample(SEED, Seal(head(), NOW, ()), head(40), 5, [7])
    assert (sample.drawn, sample.named) == ((), (7,))


# --- answers -------------------------------------------------------------------------------------------------


def test_answers_are_split_so_that_each_part_fits_and_nothing_is_lost() -> None:
    answers = [Answered(n, bytes(2_000), (bytes(32),) * 20) for n in range(50)]
    parts = split_answers(answers, 30_000)
    assert max(len(canonical.dump(part)) for part in parts) <= 30_001
    assert [one["index"] for part in parts for one in part] == list(range(50))
    assert len(parts) == 7


def test_an_entry_too_large_for_any_part_is_left_out() -> None:
    parts = split_answers([Answered(0, bytes(40_000), ()), Answered(1, b"{}", ())], 30_000)
    assert [[one["index"] for one in part] for part in parts] == [[1]]


def test_no_entries_are_still_an_answer() -> None:
    assert split_answers([], 30_000) == [[]]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([], False),
        ([{"entries": [{"index": 1}]}], False),
        ([{"entries": [{"index": 1}]}, {"entries": [{"index": 2}]}], True),
        ([{"entries": [], "last": True}], True),
        ([{"entries": [], "last": "yes"}], False),
    ],
)
def test_a_round_is_complete_when_all_was_answered_or_no_more_comes(
    answers: list[dict[str, Any]], expected: bool
) -> None:
    assert is_complete([1, 2], answers) is expected


def test_answers_that_hold_are_opened_and_an_altered_one_is_named() -> None:
    challenge = Challenge(head(), (3, 9), (20,))
    entries = [answered(3), answered(9), answered(20, b'{"v":1,"n":21}')]
    judged = judge_answers(challenge, [{"entries": entries}])
    assert [one.index for one in judged.checked.opened] == [3, 9]
    assert [(one.code, one.index) for one in judged.checked.findings] == [("bad-proof", 20)]
    assert judged.shown[20].line == b'{"v":1,"n":21}'


def test_an_erased_line_stands_by_its_leaf_hash_and_not_by_another() -> None:
    challenge = Challenge(head(), (3, 9))
    entries = [answered(3, erased_line(LEAVES[3])), answered(9, erased_line(LEAVES[8]))]
    judged = judge_answers(challenge, [{"entries": entries}])
    assert [(one.index, one.leaf) for one in judged.erased] == [(3, LEAVES[3])]
    assert [(one.code, one.index) for one in judged.checked.findings] == [("bad-proof", 9)]


def test_what_nobody_answered_and_what_cannot_be_read_is_found() -> None:
    judged = judge_answers(Challenge(head(), (3, 9)), [{"entries": [answered(3)]}, {"entries": "none"}])
    assert [(one.code, one.index) for one in judged.checked.findings] == [
        ("malformed", None),
        ("unanswered", 9),
    ]


def test_the_first_answer_to_an_index_counts() -> None:
    data = [{"entries": [answered(3)]}, {"entries": [answered(3, b"{}")]}]
    judged = judge_answers(Challenge(head(), (3,)), data)
    assert judged.checked.findings == ()
    assert parse_response(data[0])[0] == judged.shown[3]


@pytest.mark.parametrize("texts", [None, "AAAA", ["*"], 5])
def test_hashes_that_are_none_are_none(texts: object) -> None:
    assert hashes_of(texts) is None
