"""The five truths of a matter as lines of a list, reached or not, each apart from the others; pure.

Source: federation.md §1.4; ui.md "five truths apart".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from node.cases.truths import Truths
from node.kernel.clock import local_time

Words = tuple[str, str]
Shape = Literal["done", "open", "off"]


@dataclass(frozen=True, slots=True)
class TruthLine:
    """One truth.

    Attributes:
        shape: done (it is so), open (it is under way), off (not yet).
        at: when it became true; None before.
        note: what is known beside it; empty for nothing.
    """

    shape: Shape
    label: Words
    at: datetime | None
    note: Words = ("", "")


def truth_lines(
    truths: Truths, registered_at: datetime, home: str, ended: tuple[Words, datetime | None] | None = None
) -> list[TruthLine]:
    """The lines, in order.

    Args:
        home: the node it was registered at, in words.
        ended: how it ended without a decision, and when; what was not reached is then left out.
    """
    lines = [TruthLine("done", ("已登记", "Registered"), registered_at, (home, home))]
    if truths.travels:
        lines += [_sent(truths), _received(truths), _taken(truths)]
    lines += [_accepted(truths), _decided(truths)]
    if ended is None:
        return lines
    return [line for line in lines if line.shape == "done"] + [TruthLine("done", ended[0], ended[1])]


def _sent(truths: Truths) -> TruthLine:
    if truths.received_at is not None:
        return TruthLine("done", ("已上送", "Sent up"), truths.queued_at)
    note = ("由收件处交出,不用您跑", "The office sends it on; you need not go")
    if truths.queued_at is not None:
        note = ("线路一通就送出,不用您做什么", "It goes as soon as the line is up; nothing to do for you")
    return TruthLine("open", ("待上送", "Waiting to be sent up"), truths.queued_at, note)


def _received(truths: Truths) -> TruthLine:
    if truths.received_at is None:
        return TruthLine("off", ("上级收到", "Received above"), None, _NOT_YET)
    at = local_time(truths.received_at)
    note = (f"回执 {at:%H:%M},收到不等于受理", f"receipt {at:%H:%M}; received is not accepted")
    return TruthLine("done", ("上级已收到", "Received above"), truths.received_at, note)


def _taken(truths: Truths) -> TruthLine:
    if truths.taken_at is None:
        return TruthLine("off", ("接办", "Taken on"), None, _NOT_YET)
    return TruthLine("done", ("已接办", "Taken on"), truths.taken_at, (truths.holder, truths.holder))


def _accepted(truths: Truths) -> TruthLine:
    if truths.accepted_at is None:
        return TruthLine("off", ("受理", "Accepted"), None, _NOT_YET)
    zh, en = (words.lstrip(", ") for words in truths.due_words)
    return TruthLine("done", ("已受理", "Accepted"), truths.accepted_at, (zh, en))


def _decided(truths: Truths) -> TruthLine:
    if truths.decided_at is None:
        return TruthLine("off", ("决定", "Decided"), None, _NOT_YET)
    return TruthLine("done", ("已决定", "Decided"), truths.decided_at, (truths.decider, truths.decider))


_NOT_YET: Words = ("还没有", "not yet")
