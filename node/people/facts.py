"""Facts about authority and about who enters: the one place where people write into the ledger (federation.md §6).

    authority.founded, authority.granted, authority.revoked      what posts may do
    staff.added, staff.disabled                                   who holds them
    staff.signed_in, staff.sign_in_failed, staff.locked_out       of privileged users (see `is_privileged`)
    staff.password_changed, staff.password_reset                  of privileged users; a reset of anybody's

A person stands as a commitment, never with account, name or address.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from node.ledger.rules import FactDraft
from node.ledger.service import record
from node.people.actors import actor_of
from node.people.rules import Actor

ORDINARY_ACTS = frozenset({"desk", "ledger.read", "guidance", "board", "catalogue.read", "staff.read"})
"""Acts beside cases that give no power over the node, its money or its auditing."""


@dataclass(frozen=True, slots=True)
class Acting:
    """In whose name something is done: a person's pseudonym and post, or the machine's own command line."""

    actor: str = "machine"
    post: str = "命令行"


COMMAND_LINE = Acting()
DOOR = Acting(post="系统")
"""The sign-in itself: nobody is proven yet."""


def acting(actor: Actor) -> Acting:
    """A signed-in person."""
    return Acting(actor.person_id, actor.post_name)


def is_privileged(actor: Actor) -> bool:
    """Whether a person has power over the node, its money or its auditing: such sign-ins are facts (§6)."""
    return not actor.acts <= ORDINARY_ACTS


def privileged(session: Session, person_id: str, at: datetime) -> Actor | None:
    """The actor of a person with such power; None for anybody else."""
    actor = actor_of(session, person_id, at) if person_id else None
    return actor if actor is not None and is_privileged(actor) else None


def record_staff(
    session: Session,
    type: str,
    at: datetime,
    by: Acting,
    *,
    person: str = "",
    authorization: str = "",
    reason: str = "",
    data: Mapping[str, Any] | None = None,
) -> None:
    """Writes one fact, in the transaction of the act it speaks of.

    Args:
        person: whom it is about, by pseudonym; stands as a commitment.
        authorization: its number; stands as a commitment.
        reason: a code.
        data: open values; nothing personal.
    """
    record(
        session,
        FactDraft(
            type=type,
            at=at,
            actor=by.actor,
            post=by.post,
            authorization=authorization,
            reason=reason,
            data=dict(data or {}),
            personal={"person": person} if person else {},
        ),
    )
