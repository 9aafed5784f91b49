"""The events of §8: what form their data has, and who may send them.

A sender rule that only needs the tree is checked by the inbox, one that needs the matter itself by the event's handler
(`checked_by_handler`): only the cases know who the custodian of a case is.

    neighbour    the owner of the log it stands in; never relayed            inbox
    ancestor     a node above the receiver                                   inbox
    descendant   a node below the receiver                                   inbox
    line         an ancestor or a descendant                                 inbox
    any          whoever could not route it                                  –
    issuer       the statement's issuer                                      handler (standing)
    authority    the issuer of the revoked, or an ancestor of it             handler (standing)
    destination  the node the entry named was destined to                    handler (standing)
    receiver     the neighbour or the destination of the entry named         handler (standing)
    custodian, addressee, home, keeper (custodian or home), parties, asked   handler (the capability)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from federation import schema
from federation.event import RELAY, EntryError

__all__ = ["EVENTS", "NOTICES", "Event", "SenderRule", "check_schema", "is_checked_by_handler"]

SenderRule = Literal[
    "neighbour",
    "ancestor",
    "descendant",
    "line",
    "any",
    "issuer",
    "authority",
    "destination",
    "receiver",
    "custodian",
    "addressee",
    "home",
    "keeper",
    "parties",
    "asked",
]

CHECKED_BY_INBOX: frozenset[SenderRule] = frozenset({"neighbour", "ancestor", "descendant", "line", "any"})

NOTICES = frozenset({"relay.received.v1", "entry.refused.v1", "relay.undeliverable.v1"})
"""Never answered by any of the three (§5 Relay)."""

SEEN_ON_THE_WAY = frozenset({"membership.issued.v1", "membership.revoked.v1"})
"""Applied by every node that passes them on towards the top, too (§3)."""


@dataclass(frozen=True, slots=True)
class Event:
    """One type of event.

    Attributes:
        sender: who may send it.
        is_about_case: `data.case` must be the entry's subject.
    """

    type: str
    sender: SenderRule
    is_about_case: bool = False


def _table(*events: Event) -> Mapping[str, Event]:
    return {event.type: event for event in events}


EVENTS: Mapping[str, Event] = _table(
    Event("case.offered.v1", "custodian", is_about_case=True),
    Event("case.taken.v1", "addressee", is_about_case=True),
    Event("case.declined.v1", "addressee", is_about_case=True),
    Event("case.status.v1", "custodian", is_about_case=True),
    Event("case.supplement.v1", "keeper", is_about_case=True),
    Event("case.returned.v1", "custodian", is_about_case=True),
    Event("case.withdrawn.v1", "home", is_about_case=True),
    Event(RELAY, "neighbour"),
    Event("relay.received.v1", "destination"),
    Event("relay.undeliverable.v1", "any"),
    Event("entry.refused.v1", "receiver"),
    Event("epoch.opened.v1", "neighbour"),
    Event("membership.issued.v1", "issuer"),
    Event("membership.revoked.v1", "authority"),
    Event("catalogue.published.v1", "ancestor"),
    Event("calendar.published.v1", "ancestor"),
    Event("bulletin.published.v1", "ancestor"),
    Event("card.issued.v1", "ancestor"),
    Event("card.answered.v1", "asked"),
    Event("order.issued.v1", "ancestor"),
    Event("order.answered.v1", "asked"),
    Event("audit.committed.v1", "ancestor"),
    Event("audit.challenge.v1", "ancestor"),
    Event("audit.sealed.v1", "asked"),
    Event("audit.response.v1", "asked"),
    Event("statistics.daily.v1", "descendant"),
    Event("joint.invited.v1", "parties"),
    Event("joint.opinion.v1", "parties"),
    Event("delegation.proposed.v1", "line"),
    Event("delegation.signed.v1", "line"),
    Event("delegation.recalled.v1", "line"),
    Event("delegated.decision.v1", "parties"),
    Event("filing.submitted.v1", "parties"),
    Event("filing.answered.v1", "parties"),
    Event("guidance.asked.v1", "parties"),
    Event("guidance.answered.v1", "asked"),
    Event("hosting.granted.v1", "parties"),
    Event("hosting.ended.v1", "parties"),
    Event("dispute.raised.v1", "parties"),
    Event("dispute.ruled.v1", "parties"),
    Event("complaint.filed.v1", "parties"),
    Event("complaint.answered.v1", "parties"),
)


def is_checked_by_handler(type: str) -> bool:
    """Whether the sender of a type is the handler's to check; so it is for types the table does not have."""
    event = EVENTS.get(type)
    return event is None or event.sender not in CHECKED_BY_INBOX


def check_schema(type: str, data: Mapping[str, Any], subject: str | None = None) -> None:
    """Check the open data of an event.

    Args:
        type: one without a schema of its own has no form yet, and passes.
        data: as in the entry.
        subject: of the entry; an event about a case must be about that one.

    Raises:
        EntryError: reason `schema`.
    """
    try:
        schema.check(type, data)
    except schema.SchemaError as error:
        raise EntryError("schema", f"{type}: {error.detail}", subject=subject or "") from error
    event = EVENTS.get(type)
    if event is not None and event.is_about_case and subject is not None and data["case"] != subject:
        raise EntryError("schema", f"{type}: it is about another case than its subject", subject=subject)
