"""The next epoch of a child's `up` log, as its parent takes it (federation.md §5 Epochs).

Epoch n+1 starts at 0; its first entry is `epoch.opened.v1`, whose `previous` is the note of exactly the head held here of n
("" for none), and whose `log` is the new origin (the old one is understood too). It is taken only after this node's
operator confirmed (`confirm_up_epoch`). Until then the push is refused as `checkpoint`, since its origin is not that of
the open epoch, and shown to the operator when it is well formed. Once confirmed, n is frozen and read with `epoch=n`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from federation.epoch_opening import EPOCH_OPENED, EpochError
from federation.errors import LogProofError, ProtocolError
from federation.event import EntryError, parse_entry
from federation.names import origin_up
from federation.note import split_note
from federation.ports import Alert, LogState, Tx
from federation.serving import Call
from federation.stream import check_lines, new_log, open_note


def next_origin(state: LogState) -> str:
    """The origin of the epoch after a log's."""
    return f"{state.origin.rpartition('/')[0]}/{state.epoch + 1}"


def names_head(data: Mapping[str, Any], state: LogState) -> bool:
    """Whether an `epoch.opened.v1` names exactly the head held of an epoch, by its text of three lines."""
    previous = data.get("previous")
    if data.get("log") not in (state.origin, next_origin(state)) or not isinstance(previous, str | None):
        return False
    if state.note == "" or previous in ("", None):
        return state.note == (previous or "")
    try:
        return split_note(previous)[0] == split_note(state.note)[0]
    except LogProofError:
        return False


def refuse_unopened(call: Call, state: LogState, note: bytes, start: int, lines: Sequence[bytes]) -> None:
    """The caller opens the epoch after `state`: told to the operator when it is well formed, and refused either way.

    Raises:
        ProtocolError: `checkpoint` or `line`, always.
    """
    origin = origin_up(call.name, state.epoch + 1)
    checkpoint = open_note(note, origin, call.caller.keys, call.limits)
    if start != 0 or checkpoint.size != len(lines):
        raise ProtocolError("checkpoint", 422, "an epoch starts at 0")
    check_lines(lines, call.limits)
    data = _opening(lines[0])
    if data is None or not names_head(data, state):
        raise _no_opening()
    reason = str(data.get("reason", ""))
    call.tx.logs.evidence(origin, "epoch-opened", note.decode("utf-8"), call.now, reason)
    detail = {"origin": origin, "held": state.size, "reason": reason}
    call.tx.alert(Alert("epoch-waiting", "critical", call.code, detail), call.now)
    raise ProtocolError("checkpoint", 422, "the next epoch waits for this node's operator")


def check_opening(call: Call, state: LogState, line: bytes) -> None:
    """The first entry of a confirmed epoch must name the head held of the one before.

    Raises:
        ProtocolError: `line`, index 0.
    """
    before = call.tx.logs.find("peer-up", call.code, state.epoch - 1)
    data = _opening(line)
    if before is None or data is None or not names_head(data, before):
        raise _no_opening()


def _no_opening() -> ProtocolError:
    return ProtocolError("line", 422, "an epoch begins with its opening", members={"index": 0})


def _opening(line: bytes) -> Mapping[str, Any] | None:
    try:
        entry = parse_entry(line)
    except EntryError:
        return None
    return entry.data if entry.type == EPOCH_OPENED else None


def confirm_ledger_epoch(tx: Tx, code: str, origin: str, now: datetime) -> LogState:
    """An operator confirms that a child begins its ledger anew (told on its `up` log): it is cosigned from now on.

    Raises:
        EpochError: that is not the epoch after the one held here.
    """
    state = tx.logs.find("peer-ledger", code)
    if state is None or origin != next_origin(state):
        raise EpochError(f"{origin} is not the next ledger of {code}")
    tx.logs.put(replace(state, frozen=True))
    opened = new_log(origin, "peer-ledger", code, state.epoch + 1)
    tx.logs.put(opened)
    tx.alert(Alert("epoch-confirmed", "warning", code, {"origin": origin}), now)
    return opened


def confirm_up_epoch(tx: Tx, code: str, now: datetime) -> LogState:
    """An operator confirms that a child begins its `up` log anew; the epoch before is frozen.

    Returns:
        The new, empty epoch.

    Raises:
        EpochError: that child has no `up` log here, or what was confirmed last has not begun yet.
    """
    state = tx.logs.find("peer-up", code)
    if state is None or (state.epoch > 1 and state.size == 0):
        raise EpochError(f"no epoch of {code} waits to be confirmed")
    tx.logs.put(replace(state, frozen=True))
    opened = new_log(next_origin(state), "peer-up", code, state.epoch + 1)
    tx.logs.put(opened)
    tx.alert(Alert("epoch-confirmed", "warning", code, {"origin": opened.origin}), now)
    return opened
