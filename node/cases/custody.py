"""Who may change a case: custody by offer and taking; pure.

Every case has one custodian. Custody moves by an offer (one UUID a try) and its one answer. From offer to answer
the sender keeps the clock and changes nothing. An offer that is complete by the item's own list is taken by the
machine; only competence or a missing required item goes to a person. Source: federation.md §8, requirements.md §4.3.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Custody(StrEnum):
    """Where the case is, seen from this node."""

    HERE = "HERE"
    OFFERED = "OFFERED"
    AWAY = "AWAY"


class CustodyAct(StrEnum):
    """What moves custody; each has one row in the table below."""

    OFFER = "offer"
    TAKEN_BY_OTHER = "taken_by_other"
    DECLINED_BY_OTHER = "declined_by_other"
    TAKE = "take"


CUSTODY_TABLE: Mapping[tuple[CustodyAct, Custody], Custody] = {
    (CustodyAct.OFFER, Custody.HERE): Custody.OFFERED,
    (CustodyAct.TAKEN_BY_OTHER, Custody.OFFERED): Custody.AWAY,
    (CustodyAct.DECLINED_BY_OTHER, Custody.OFFERED): Custody.HERE,
    (CustodyAct.TAKE, Custody.AWAY): Custody.HERE,
}


class IllegalCustodyError(ValueError):
    """The custody act is not declared for the state the case is in."""


def next_custody(act: CustodyAct, state: Custody) -> Custody:
    """The state after a custody act.

    Raises:
        IllegalCustodyError: the table has no such row.
    """
    try:
        return CUSTODY_TABLE[act, state]
    except KeyError:
        raise IllegalCustodyError(f"{act} while {state}") from None


class Mode(StrEnum):
    """Why a case is offered (`mode` of `case.offered.v1`)."""

    PROXY = "proxy"
    REFERRAL = "referral"
    HANDOVER = "handover"


class Reason(StrEnum):
    """Why an offer is declined (`reason` of `case.declined.v1`)."""

    NOT_COMPETENT = "not_competent"
    NOT_IN_FORCE = "not_in_force"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class RequiredMaterial:
    """What the item's list says of one material."""

    id: str
    required: bool
    deferrable: bool


@dataclass(frozen=True, slots=True)
class Taking:
    """The machine's answer to an offer: take it, or why a person must look.

    Attributes:
        by_machine: complete and competent: taken at once.
        doubt: NOT_COMPETENT or MISSING when a person must decide; None when `by_machine`.
        missing: ids of required materials that are not there.
    """

    by_machine: bool
    doubt: Reason | None = None
    missing: tuple[str, ...] = ()


def missing_materials(needed: Iterable[RequiredMaterial], present: Collection[str]) -> tuple[str, ...]:
    """Ids of required materials that are not present, in the list's order (deferrable ones count too)."""
    return tuple(material.id for material in needed if material.required and material.id not in present)


def judge_offer(
    *,
    level: str,
    deciding_level: str,
    review_level: str | None,
    needed: Iterable[RequiredMaterial],
    present: Collection[str],
    version_known: bool,
) -> Taking:
    """Whether the machine takes an offer.

    Args:
        level: this node's level.
        deciding_level: where the item is decided.
        review_level: where its first review is made (referral items), or None.
        present: ids of the materials the offer says were handed in.
        version_known: the item version named by the offer is in this node's catalogue.
    """
    if not version_known:
        return Taking(False, Reason.NOT_IN_FORCE)
    if level not in {deciding_level, review_level}:
        return Taking(False, Reason.NOT_COMPETENT)
    missing = missing_materials(needed, present)
    if missing:
        return Taking(False, Reason.MISSING, missing)
    return Taking(True)


def judge_number(known: int, stated: int) -> str:
    """How an event's `custody` number stands to the one this node knows.

    Returns:
        `current`, `older` (ignored and counted) or `newer` (waits for its taking).
    """
    if stated == known:
        return "current"
    return "older" if stated < known else "newer"
