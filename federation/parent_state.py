"""What a parent answers to `state`, and what it means for a log of one's own (federation.md §5 State, Loss). Pure.

Three sizes are compared: of the database, of the head file (kept outside the database and its backups), and of what the
parent has receipted.

    parent ≤ database, head file ≤ database   good; the parent has lost entries where it is below its own receipt
    database < parent ≤ head file             import: the database is an old copy; the parent gives back what it lacks
    database, head file < parent              foreign: somebody else signed with these keys (a clone, a restored image,
                                              a thief); nothing is signed until an operator has looked
    database, parent < head file              unsent: what was signed last never got there and is lost with what queued
                                              it; alerted, kept as evidence, and the log goes on
    the same, parent below its own receipt    behind: both have lost; nothing is signed until an operator has looked
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from federation import canonical
from federation.errors import CanonicalError, TransportError
from federation.note import parse_checkpoint, split_note

Standing = Literal["good", "parent-lost", "import", "foreign", "unsent", "behind"]


@dataclass(frozen=True, slots=True)
class LogReport:
    """One log as the parent holds it.

    Attributes:
        note: the checkpoint with the parent's receipt or cosignature lines; "" at size 0, and for `down`.
    """

    epoch: int
    size: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class ParentState:
    """The answer to `GET …/state`, well formed; nothing of it is verified.

    Attributes:
        parent_key: thumbprint of the parent's node key.
        server_time, statement_expires: RFC 3339, as sent.
    """

    up: LogReport
    down: LogReport
    ledger: LogReport
    parent_key: str
    server_time: str
    statement_expires: str


def _report(value: object, *, has_note: bool) -> LogReport:
    if not isinstance(value, dict):
        raise TransportError("state: a log is an object")
    epoch, size, note = value.get("epoch"), value.get("size"), value.get("checkpoint")
    if type(epoch) is not int or type(size) is not int or epoch < 1 or size < 0:
        raise TransportError("state: epoch and size are counts")
    if has_note and (isinstance(note, str) != (size > 0) or not isinstance(note, str | None)):
        raise TransportError("state: a checkpoint is text, and null at size 0")
    return LogReport(epoch, size, note if has_note and isinstance(note, str) else "")


def _text(value: Mapping[str, Any], name: str) -> str:
    text = value.get(name)
    if not isinstance(text, str):
        raise TransportError(f"state: {name} must be text")
    return text


def parse_state(body: bytes) -> ParentState:
    """Read the answer to `state`; members it does not know are ignored.

    Raises:
        TransportError: it is none.
    """
    try:
        value = canonical.load(body)
    except CanonicalError as error:
        raise TransportError(f"state: {error.detail}") from error
    if not isinstance(value, dict):
        raise TransportError("state: not an object")
    return ParentState(
        up=_report(value.get("up"), has_note=True),
        down=_report(value.get("down"), has_note=False),
        ledger=_report(value.get("ledger"), has_note=True),
        parent_key=_text(value, "parent_key"),
        server_time=_text(value, "server_time"),
        statement_expires=_text(value, "statement_expires"),
    )


def size_of(note: str | None) -> int | None:
    """The size a note of the head file states; None when there is none.

    Raises:
        LogProofError: it is no checkpoint.
    """
    return None if note is None or note == "" else parse_checkpoint(split_note(note)[0]).size


def judge_standing(own: int, receipted: int, head: int | None, parent: int) -> Standing:
    """How this node stands with its parent over one log; see the module's table.

    Args:
        own: size in the database.
        receipted: what the parent has receipted, as the database knows it.
        head: size in the head file; None when it names no such log.
        parent: what the parent says it holds, its signature by this node's key verified.
    """
    if parent > own:
        return "import" if head is not None and parent <= head else "foreign"
    if head is not None and head > own:
        return "behind" if parent < receipted else "unsent"
    return "parent-lost" if parent < receipted else "good"
