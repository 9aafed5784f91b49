"""Random audit by commit and reveal: what is drawn, and how an answer is judged (federation.md §6). Pure.

The auditor commits to a random seed of 32 bytes before the period ends (`audit.committed.v1`: hex SHA-256 of it). The
first checkpoint of the node's ledger cosigned after the end is bound by that (`audit.sealed.v1`); then the seed is
revealed (`audit.challenge.v1`). So neither side chose the sample: the auditor did not know the root, the node not the seed.

    index i = from + (first 8 bytes, big endian, of SHA-256(seed ‖ root ‖ u32 big-endian i)) mod (size − from)

for i = 0, 1, …, repeats skipped, until `count` or all of [from, size) are drawn. Indices that a complaint names are kept
apart from these. Worked example: seed 32 × 0x00, root 32 × 0x01, from 10, size 30, count 5 → 18 25 24 21 10.

A **finding** is for people to look into: a stable code and what it is about.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from federation import canonical
from federation.dating import parse_instant
from federation.errors import CanonicalError, LogProofError, TrustError
from federation.merkle import HASH_BYTES, check_consistency, check_inclusion, leaf_hash
from federation.note import Checkpoint

SEED_BYTES = 32
SALT_BYTES = 16
CLOCK_SLACK = timedelta(seconds=60)
"""By how much a fact's time may lie before the cosignature preceding it without being antedated."""
_FIRST_BYTES = 8
_PATH_LENGTH = 63

FindingCode = Literal[
    "no-checkpoint",
    "not-sealed",
    "wrong-head",
    "rewind",
    "fork",
    "no-answer",
    "unanswered",
    "malformed",
    "bad-proof",
    "not-drawn",
    "entry",
    "antedated",
    "counters",
    "not-opened",
    "bad-opening",
    "not-revealed",
    "bad-seed",
]
"""
no-checkpoint   a member without a checkpoint cosigned in the period      not-sealed    no `audit.sealed.v1` by `due`
wrong-head      what was sealed is not the first head after the end       rewind, fork  the head does not extend the last
no-answer       nothing by `due`                                          unanswered    a drawn index is missing
malformed       an answer that cannot be read                             bad-proof     an entry is not in the ledger there
not-drawn       an index nobody asked for                                 entry         a fact that is no strict JSON object
antedated       dated before the cosignature preceding it                 counters      running numbers with gap or repeat
not-opened      a commitment was not opened                               bad-opening   what opens it has another hash
not-revealed    the auditor did not reveal its seed in time               bad-seed      … or revealed another one
"""

AUDITOR_FINDINGS: frozenset[FindingCode] = frozenset({"not-revealed", "bad-seed"})
"""Findings against the auditor, not against the node asked."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something an audit found.

    Attributes:
        code: what kind.
        index: of the entry concerned; None when none is.
        detail: for people.
    """

    code: FindingCode
    index: int | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """One entry of an `audit.response.v1`: `index`, the exact line, the audit path; nothing is verified."""

    index: int
    line: bytes
    hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Challenge:
    """What was asked.

    Attributes:
        head: the sealed checkpoint: the first cosigned after the end of the period.
        drawn: by `draw`.
        named: by a complaint, apart from those drawn.
    """

    head: Checkpoint
    drawn: tuple[int, ...]
    named: tuple[int, ...] = ()

    @property
    def indices(self) -> list[int]:
        """All that were asked for, each once, in ascending order."""
        return sorted({*self.drawn, *self.named})


@dataclass(frozen=True, slots=True)
class Opened:
    """One entry that held.

    Attributes:
        index: in the ledger.
        line: exact bytes.
        fact: what they say.
    """

    index: int
    line: bytes
    fact: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of a response: the entries that held, ascending, and what was found."""

    opened: tuple[Opened, ...]
    findings: tuple[Finding, ...]


# --- commit, draw, reveal ------------------------------------------------------------------------------------


def commitment(seed: bytes) -> str:
    """Hex SHA-256 of a seed of 32 bytes."""
    if len(seed) != SEED_BYTES:
        raise AssertionError(f"a seed has {SEED_BYTES} bytes")
    return hashlib.sha256(seed).hexdigest()


def check_reveal(committed: str, seed: bytes) -> list[Finding]:
    """Whether a revealed seed is the one committed to; a finding against the auditor when not."""
    if len(seed) == SEED_BYTES and commitment(seed) == committed:
        return []
    return [Finding("bad-seed", detail="the seed is not the one that was committed to")]


def draw(seed: bytes, root: bytes, start: int, size: int, count: int) -> list[int]:
    """The indices of a round, in the order drawn.

    Args:
        seed: 32 bytes, revealed.
        root: root hash of the sealed checkpoint, 32 bytes.
        start: size of the checkpoint audited last (`from`), else 0.
        size: of the sealed checkpoint.
        count: how many; all of [start, size) when there are fewer.
    """
    if not 0 <= start <= size:
        raise AssertionError(f"nothing can be drawn from [{start}, {size})")
    span = size - start
    wanted = min(count, span)
    drawn: dict[int, None] = {}
    number = 0
    while len(drawn) < wanted:
        digest = hashlib.sha256(seed + root + number.to_bytes(4, "big")).digest()
        drawn[start + int.from_bytes(digest[:_FIRST_BYTES], "big") % span] = None
        number += 1
    return list(drawn)


# --- heads ---------------------------------------------------------------------------------------------------


def check_head(
    last: Checkpoint | None, sealed: Checkpoint, first_after: Checkpoint | None, path: Sequence[bytes] | None
) -> list[Finding]:
    """Judge the sealed head.

    Args:
        last: the head audited last; None in the first round.
        sealed: what `audit.sealed.v1` binds; its signature and cosignature hold.
        first_after: the first head this node cosigned after the end of the period, where it is the witness itself.
        path: consistency proof from `last`; None where this node witnessed both (then they are consistent).
    """
    if first_after is not None and sealed != first_after:
        return [
            Finding("wrong-head", detail=f"sealed at {sealed.size}, first cosigned at {first_after.size}")
        ]
    if last is None:
        return []
    if sealed.size < last.size:
        return [Finding("rewind", detail=f"{sealed.size} after {last.size}")]
    try:
        if path is not None or sealed.size == last.size:
            check_consistency(last.size, last.root, sealed.size, sealed.root, path or ())
    except LogProofError as error:
        return [Finding("fork", detail=error.detail)]
    return []


# --- answers -------------------------------------------------------------------------------------------------


def parse_response(data: Mapping[str, object]) -> list[Answered]:
    """Read `entries` of an `audit.response.v1`.

    Raises:
        LogProofError: malformed.
    """
    entries = data.get("entries")
    if not isinstance(entries, list):
        raise LogProofError("entries must be a list")
    return [_read_answered(entry) for entry in entries]


def _read_answered(entry: object) -> Answered:
    if not isinstance(entry, Mapping):
        raise LogProofError("an entry must be an object")
    index, line, hashes = (entry.get(name) for name in ("index", "entry", "hashes"))
    if type(index) is not int or index < 0 or not isinstance(hashes, list) or len(hashes) > _PATH_LENGTH:
        raise LogProofError("an entry has an index and at most 63 hashes")
    path = tuple(_from_base64(value) for value in hashes)
    if any(len(value) != HASH_BYTES for value in path):
        raise LogProofError("a hash has 32 bytes")
    return Answered(index, _from_base64(line), path)


def _from_base64(value: object) -> bytes:
    if not isinstance(value, str):
        raise LogProofError("base64 must be text")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise LogProofError("not base64") from error


def format_answered(answered: Answered) -> dict[str, object]:
    """One of `entries` of an `audit.response.v1`."""
    return {
        "index": answered.index,
        "entry": base64.b64encode(answered.line).decode("ascii"),
        "hashes": [base64.b64encode(value).decode("ascii") for value in answered.hashes],
    }


def check_response(
    challenge: Challenge, answers: Iterable[Mapping[str, object]], *, is_over: bool = True
) -> Checked:
    """Judge the answers to a challenge, each an `audit.response.v1` as received by `due`.

    Args:
        challenge: what was asked.
        answers: `data` of every response of the round, in order; the first answer to an index counts.
        is_over: whether `due` is past, so that what is missing is a finding.
    """
    findings: list[Finding] = []
    first: dict[int, Answered] = {}
    count = 0
    for data in answers:
        count += 1
        try:
            for answered in parse_response(data):
                first.setdefault(answered.index, answered)
        except LogProofError as error:
            findings.append(Finding("malformed", detail=error.detail))
    asked = challenge.indices
    findings += [Finding("not-drawn", index) for index in sorted(set(first) - set(asked))]
    opened: list[Opened] = []
    for index in asked:
        if index in first:
            found = _open(challenge.head, first[index])
            if isinstance(found, Opened):
                opened.append(found)
            else:
                findings.append(found)
        elif is_over and count > 0:
            findings.append(Finding("unanswered", index))
    if is_over and count == 0 and len(asked) > 0:
        findings.append(Finding("no-answer", detail=f"{len(asked)} entries were asked for"))
    return Checked(tuple(opened), tuple(findings))


def _open(head: Checkpoint, answered: Answered) -> Opened | Finding:
    index = answered.index
    try:
        check_inclusion(head.root, head.size, index, leaf_hash(answered.line), answered.hashes)
    except LogProofError as error:
        return Finding("bad-proof", index, error.detail)
    try:
        return Opened(index, answered.line, canonical.load_object(answered.line))
    except CanonicalError as error:
        return Finding("entry", index, error.detail)


# --- what the entries say ------------------------------------------------------------------------------------


def check_dates(
    opened: Iterable[Opened], cosigned: Iterable[tuple[int, datetime]], slack: timedelta = CLOCK_SLACK
) -> list[Finding]:
    """Find entries dated before the cosignature preceding them: written later than they say.

    Args:
        opened: entries that held.
        cosigned: (size, time) of every head of that ledger cosigned here.
        slack: by how much two good clocks may differ.
    """
    heads = sorted(cosigned)
    sizes = [size for size, _ in heads]
    findings: list[Finding] = []
    for entry in opened:
        try:
            at = parse_instant(str(entry.fact.get("at")))
        except TrustError:
            findings.append(Finding("entry", entry.index, "`at` is no time"))
            continue
        preceding = [time for _, time in heads[: bisect_right(sizes, entry.index)]]
        if len(preceding) > 0 and at < max(preceding) - slack:
            findings.append(Finding("antedated", entry.index, f"{entry.fact.get('at')}"))
    return findings


@dataclass(frozen=True, slots=True)
class Numbered:
    """A running number in a ledger: `series` counts by ones, from any beginning, in the order of `index`."""

    series: str
    number: int
    index: int


def check_counters(numbered: Iterable[Numbered]) -> list[Finding]:
    """Find running numbers that do not add up, in a sample or in a whole ledger.

    In one series a later entry has a larger number, and no more numbers lie between two entries than entries do.
    """
    findings: list[Finding] = []
    last: dict[str, Numbered] = {}
    for entry in sorted(numbered, key=lambda one: one.index):
        before = last.get(entry.series)
        if before is not None and not 0 < entry.number - before.number <= entry.index - before.index:
            detail = f"{entry.series}: {before.number} at {before.index}, then {entry.number}"
            findings.append(Finding("counters", entry.index, detail))
        last[entry.series] = entry
    return findings


def check_opening(index: int, committed: str, salt: bytes | None, value: object) -> list[Finding]:
    """Judge what was sent to open a commitment of a fact.

    Args:
        index: of the fact.
        committed: hex SHA-256 of salt ‖ canonical JSON, as it stands in the fact.
        salt: 16 bytes; None when nothing was sent.
        value: what it is said to hide.
    """
    if salt is None:
        return [Finding("not-opened", index)]
    try:
        found = hashlib.sha256(salt + canonical.dump(value)).hexdigest()
    except CanonicalError:
        found = ""
    if len(salt) == SALT_BYTES and found == committed:
        return []
    return [Finding("bad-opening", index)]


def check_round(
    *,
    cosigned_in_period: int,
    sealed: bool,
    revealed: bool,
    is_over: bool,
) -> list[Finding]:
    """Judge whether both sides did what a round asks of them.

    Args:
        cosigned_in_period: how many heads of the node's ledger were cosigned within the period.
        sealed: `audit.sealed.v1` came in time.
        revealed: the auditor's challenge came in time after it.
        is_over: all the times allowed are past.
    """
    findings: list[Finding] = []
    if cosigned_in_period == 0:
        findings.append(Finding("no-checkpoint"))
    if is_over and not sealed:
        findings.append(Finding("not-sealed"))
    if is_over and sealed and not revealed:
        findings.append(Finding("not-revealed"))
    return findings
