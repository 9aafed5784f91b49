"""Five truths that are never mixed up: queued, received above, taken, accepted, decided; pure.

Stored is not decided (federation.md §1): each truth has its own witness. Queued is this node's own word, received the
next node's receipt, taken, accepted and decided are logged events of whoever holds the case. Source: federation.md §1.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from node.kernel.clock import local_time

Words = tuple[str, str]


class Stage(StrEnum):
    """The furthest truth."""

    LOCAL = "local"
    QUEUED = "queued"
    RECEIVED = "received"
    TAKEN = "taken"
    ACCEPTED = "accepted"
    DECIDED = "decided"


@dataclass(frozen=True, slots=True)
class Truths:
    """What is known of a matter, each truth with the instant it became true (None: not yet).

    Attributes:
        travels: the matter is, or is to be, handled at another node.
        holder: the node that holds it, or to which it is offered, in words.
        decider: the node that decided it, in words.
    """

    travels: bool
    holder: str
    queued_at: datetime | None = None
    received_at: datetime | None = None
    taken_at: datetime | None = None
    accepted_at: datetime | None = None
    decided_at: datetime | None = None
    decider: str = ""
    due_words: Words = ("", "")

    @property
    def stage(self) -> Stage:
        """The furthest truth."""
        if self.decided_at is not None:
            return Stage.DECIDED
        if self.accepted_at is not None:
            return Stage.ACCEPTED
        if self.taken_at is not None:
            return Stage.TAKEN
        if self.received_at is not None:
            return Stage.RECEIVED
        return Stage.QUEUED if self.travels else Stage.LOCAL

    @property
    def words(self) -> Words:
        """The sentence for people, in Chinese and English."""
        stage = self.stage
        if stage is Stage.DECIDED:
            return f"{self.decider}已决定", f"Decided by {self.decider}"
        if stage is Stage.ACCEPTED:
            return f"已受理{self.due_words[0]}", f"Accepted{self.due_words[1]}"
        if stage is Stage.TAKEN:
            return f"{self.holder}已接办", f"Taken by {self.holder}"
        if stage is Stage.RECEIVED:
            assert self.received_at is not None
            at = local_time(self.received_at)
            return f"上级已收到(回执 {at:%H:%M})", f"Received above (receipt {at:%H:%M})"
        if stage is Stage.QUEUED:
            return "待上送", "Waiting to be sent up"
        return "本级办理", "Handled here"
