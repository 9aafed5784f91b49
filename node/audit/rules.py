"""The rules of an audit round; pure (federation.md §6).

    COMMITTED ─seal→ SEALED ─challenge→ CHALLENGED ─answer→ ANSWERED ─judge→ JUDGED
        └─seal_overdue──────────────────────┬──answer_overdue──────────────→ JUDGED
                                            │
        └─seal_refused (what was sealed does not hold) ────────────────────→ JUDGED

and at the node that is asked:

    ASKED ─period_ended→ CLOSING ─seal→ SEALED ─answer→ ANSWERED
                                           ├─reveal_overdue→ UNREVEALED    a finding against the auditor
                                           └─bad_seed──────→ BAD_SEED      likewise; nothing is answered

The auditor commits before it can know the ledger's root, the node seals before it can know the seed; so neither side
chose what is drawn. Indices that a complaint names are kept apart from those drawn.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from federation import canonical
from federation.audit import (
    Answered,
    Challenge,
    Checked,
    Finding,
    check_head,
    check_response,
    draw,
    format_answered,
    parse_response,
)
from federation.errors import LogProofError
from federation.keys import PublicKey
from federation.merkle import check_inclusion
from federation.note import Checkpoint, open_checkpoint, open_cosignatures, split_note
from federation.stream import erased_leaf

COUNT_MOST = 500
"""Leaves that one round may draw, and indices that a complaint may name."""
SEAL_WITHIN = timedelta(days=3)
ANSWER_WITHIN = timedelta(days=7)
REVEAL_WITHIN = timedelta(days=7)
HEAD_FINDINGS = frozenset({"wrong-head", "rewind", "fork", "not-sealed", "no-checkpoint"})
"""After one of these the head is no ground for the next round to stand on."""


class State(StrEnum):
    """State of a round at the auditor."""

    COMMITTED = "COMMITTED"
    SEALED = "SEALED"
    CHALLENGED = "CHALLENGED"
    ANSWERED = "ANSWERED"
    JUDGED = "JUDGED"


class Asked(StrEnum):
    """State of a round at the node that is asked."""

    ASKED = "ASKED"
    CLOSING = "CLOSING"
    SEALED = "SEALED"
    ANSWERED = "ANSWERED"
    UNREVEALED = "UNREVEALED"
    BAD_SEED = "BAD_SEED"


STEPS: Mapping[tuple[State, str], State] = {
    (State.COMMITTED, "seal"): State.SEALED,
    (State.COMMITTED, "seal_refused"): State.JUDGED,
    (State.COMMITTED, "seal_overdue"): State.JUDGED,
    (State.SEALED, "challenge"): State.CHALLENGED,
    (State.CHALLENGED, "answer"): State.ANSWERED,
    (State.CHALLENGED, "answer_overdue"): State.JUDGED,
    (State.ANSWERED, "judge"): State.JUDGED,
}
ASKED_STEPS: Mapping[tuple[Asked, str], Asked] = {
    (Asked.ASKED, "period_ended"): Asked.CLOSING,
    (Asked.CLOSING, "seal"): Asked.SEALED,
    (Asked.SEALED, "answer"): Asked.ANSWERED,
    (Asked.SEALED, "reveal_overdue"): Asked.UNREVEALED,
    (Asked.SEALED, "bad_seed"): Asked.BAD_SEED,
}


class IllegalStepError(ValueError):
    """A round is not where that step could be taken; nothing was changed."""


def after(state: State, step: str) -> State:
    """The state that a step leads to.

    Raises:
        IllegalStepError: it cannot be taken there.
    """
    found = STEPS.get((state, step))
    if found is None:
        raise IllegalStepError(f"{step} is no step of a round that is {state}")
    return found


def after_asked(state: Asked, step: str) -> Asked:
    """The same at the node that is asked.

    Raises:
        IllegalStepError: it cannot be taken there.
    """
    found = ASKED_STEPS.get((state, step))
    if found is None:
        raise IllegalStepError(f"{step} is no step of a round asked of us that is {state}")
    return found


# --- sealing -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Party:
    """Whose signature is looked for: the key's name in notes, and the keys that may be taken for good."""

    name: str
    keys: tuple[PublicKey, ...]


@dataclass(frozen=True, slots=True)
class Seal:
    """What was made of an `audit.sealed.v1`.

    Attributes:
        head: the sealed head; None when it cannot be stood on.
        cosigned_at: when the witness cosigned it; None when it did not.
        findings: about the head.
    """

    head: Checkpoint | None
    cosigned_at: datetime | None
    findings: tuple[Finding, ...]


def judge_seal(
    note: str,
    owner: Party,
    witness: Party,
    period_end: datetime,
    last: Checkpoint | None,
    path: Sequence[bytes] | None,
) -> Seal:
    """Judge what the node sealed: its signature, the cosignature after the end of the period, its growth.

    Args:
        note: checkpoint with its signature lines.
        owner: `name` is the ledger's origin.
        last: the head audited last.
        path: consistency proof from there, where the node sent one.
    """
    try:
        head = open_checkpoint(note, owner.name, owner.keys)
        lines = split_note(note)[1]
        at = open_cosignatures(note, lines, witness.name, witness.keys)[0].at
    except LogProofError as error:
        return Seal(None, None, (Finding("wrong-head", detail=error.detail),))
    if at < period_end:
        return Seal(None, at, (Finding("wrong-head", detail=f"cosigned at {at.isoformat()}, too early"),))
    return Seal(head, at, tuple(check_head(last, head, None, path)))


# --- drawing -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sample:
    """What is asked for.

    Attributes:
        start: `from`: size of the head audited last; 0 in a first round, or when that head is no ground any more.
        drawn: in the order drawn.
        named: by a complaint, those within the sealed ledger, ascending.
    """

    start: int
    drawn: tuple[int, ...]
    named: tuple[int, ...]


def draw_sample(seed: bytes, seal: Seal, last: Checkpoint | None, count: int, named: Iterable[int]) -> Sample:
    """Draw from a sealed head.

    Args:
        seed: 32 bytes, revealed from now on.
        count: how many at most.
        named: indices out of a complaint; those beyond the sealed head are left out.
    """
    head = seal.head
    assert head is not None, "nothing is drawn from a head that does not hold"
    start = 0 if last is None or seal.findings else last.size
    drawn = draw(seed, head.root, start, head.size, count)
    return Sample(start, tuple(drawn), tuple(sorted({one for one in named if 0 <= one < head.size})))


# --- answering -----------------------------------------------------------------------------------------------


def split_answers(answers: Iterable[Answered], most_bytes: int) -> list[list[dict[str, object]]]:
    """Answers in as many parts as keep each within a size; one that fits nowhere is left out.

    Args:
        most_bytes: of the canonical JSON of the `entries` of one part.
    """
    parts: list[list[dict[str, object]]] = [[]]
    used = 0
    for answer in answers:
        entry = format_answered(answer)
        size = len(canonical.dump(entry)) + 1
        if size > most_bytes:
            continue
        if used + size > most_bytes:
            parts.append([])
            used = 0
        parts[-1].append(entry)
        used += size
    return parts


def is_complete(asked: Iterable[int], answers: Iterable[Mapping[str, Any]]) -> bool:
    """Whether everything was answered, or the node said that there is no more (`last`)."""
    found: set[int] = set()
    for data in answers:
        if data.get("last") is True:
            return True
        found |= {int(entry["index"]) for entry in data.get("entries", [])}
    return set(asked) <= found


# --- judging -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Erased:
    """An entry whose line was erased after its retention; its leaf hash stands in the ledger there."""

    index: int
    leaf: bytes


@dataclass(frozen=True, slots=True)
class Judged:
    """What the answers are worth: entries that held, entries erased, findings of the proofs."""

    checked: Checked
    erased: tuple[Erased, ...]
    shown: Mapping[int, Answered]


def judge_answers(challenge: Challenge, answers: Sequence[Mapping[str, object]]) -> Judged:
    """Judge all answers of a round that is over.

    An erased line is no finding when its leaf hash stands in the ledger; what was in it nobody can judge any more.
    """
    shown: dict[int, Answered] = {}
    for data in answers:
        try:
            for answered in parse_response(data):
                shown.setdefault(answered.index, answered)
        except LogProofError:
            continue  # `check_response` finds it
    erased = tuple(
        Erased(index, leaf)
        for index, answered in sorted(shown.items())
        if (leaf := _erased_leaf(challenge.head, answered)) is not None
    )
    gone = {one.index for one in erased}
    left = Challenge(
        challenge.head,
        tuple(one for one in challenge.drawn if one not in gone),
        tuple(one for one in challenge.named if one not in gone),
    )
    checked = check_response(left, [_without(data, gone) for data in answers])
    return Judged(checked, erased, shown)


def _erased_leaf(head: Checkpoint, answered: Answered) -> bytes | None:
    leaf = erased_leaf(answered.line)
    if leaf is None:
        return None
    try:
        check_inclusion(head.root, head.size, answered.index, leaf, answered.hashes)
    except LogProofError:
        return None
    return leaf


def _without(data: Mapping[str, object], gone: set[int]) -> Mapping[str, object]:
    entries = data.get("entries")
    if not isinstance(entries, list):
        return data
    kept = [one for one in entries if not (isinstance(one, Mapping) and one.get("index") in gone)]
    return {**data, "entries": kept}


def hashes_of(texts: object) -> list[bytes] | None:
    """Base64 hashes as they stand in an event; None when there are none, or they are no hashes."""
    if not isinstance(texts, list):
        return None
    try:
        return [base64.b64decode(str(text), validate=True) for text in texts]
    except ValueError:
        return None
