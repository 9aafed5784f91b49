"""Registering a matter: the row, its number and query code, the first fact, in one transaction.

Source: requirements.md §2.1 (numbers), §4.1 (DRAFT → RECEIVED), C1 (only items in force), B11, E5.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from node.cases.change import perform
from node.cases.context import CaseContext
from node.cases.custody import Custody
from node.cases.entrustment import Entrustment
from node.cases.intake_problems import (
    JOINT_LATER,
    channel_unknown,
    item_not_in_force,
    not_online,
    not_taken_in_here,
    unknown_material,
)
from node.cases.numbers import QueryCode, format_case_number, new_query_code
from node.cases.routes import desk_for
from node.cases.states import Act, Status
from node.cases.tables import CaseCustodyRow, CaseMaterialRow, CaseRow
from node.cases.workers import Worker
from node.catalogue.rules import Handling, ItemVersion

CHANNELS = ("window", "proxy", "online")
UNKNOWN_CHANNEL = "unknown"
"""How a matter came in whose row was lost and is known by its entries only (`reimport`)."""


@dataclass(frozen=True, slots=True)
class Registration:
    """What comes over the counter, checked against the item's form already.

    Attributes:
        applicant: the applicant block of the form; personal.
        form: the item's own fields; personal.
        present: ids of the materials handed in.
        channel: `window`, `proxy` (代办) or `online`.
    """

    item_code: str
    applicant: Mapping[str, Any]
    form: Mapping[str, Any] = field(default_factory=dict)
    present: frozenset[str] = frozenset()
    channel: str = "window"


@dataclass(frozen=True, slots=True)
class Registered:
    """What the slip says.

    Attributes:
        notice: a sentence to go with it, None when there is nothing to say.
    """

    case: CaseRow
    query_code: QueryCode
    notice: tuple[str, str] | None = None


def register(
    context: CaseContext, session: Session, registration: Registration, worker: Worker
) -> Registered:
    """Takes a matter in.

    Raises:
        Problem: `item-not-in-force`, `not-taken-in-here`, `not-online`, `material-unknown`, `channel-unknown`, or a
            refusal of the act.
    """
    today, now = context.today(), context.now()
    version = _checked_version(context, session, registration)
    desk = desk_for(version, context.level)
    query_code = new_query_code()
    applicant = dict(registration.applicant)
    case = CaseRow(
        id=str(uuid.uuid4()),
        number=format_case_number(context.code, today, context.next_number(session, f"case:{today}")),
        item_code=version.code,
        item_version=version.hash,
        handling=str(version.handling),
        home=context.code,
        custodian=context.code,
        custody=0,
        custody_state=Custody.HERE.value,
        seq=0,
        status=Status.DRAFT.value,
        pending="",
        acceptance="",
        channel=registration.channel,
        via_proxy=desk.away,
        entrustment=Entrustment.ENTRUSTED.value if desk.proxied else "",
        proxied_by=worker.actor if desk.away and worker.authority is not None else "",
        post=worker.post,
        received_on=today,
        registered_at=now,
        as_of=now,
        watchers=[],
        personal={"applicant": applicant, "form": dict(registration.form), "query_code": query_code},
        query_index=context.blind("query", query_code),
        **blind_indexes(context, applicant),
    )
    session.add(case)
    session.flush()
    session.add(CaseCustodyRow(case_id=case.id, custody=0, node=context.code, offered_at=None, taken_at=now))
    put_materials(session, case, version, registration.present, context)
    perform(
        context,
        session,
        case,
        Act.SUBMIT,
        worker,
        data={"channel": registration.channel, "present": sorted(registration.present)},
        personal={"applicant": applicant},
    )
    case.registered_fact = case.fact_id
    session.flush()
    return Registered(case, query_code, JOINT_LATER if version.handling is Handling.JOINT else None)


def _checked_version(context: CaseContext, session: Session, registration: Registration) -> ItemVersion:
    today = context.today()
    version = context.in_force(session, registration.item_code, today)
    if version is None:
        raise item_not_in_force(registration.item_code, today)
    if context.level not in version.intake_levels:
        raise not_taken_in_here(version, context.level)
    if registration.channel not in CHANNELS:
        raise channel_unknown(registration.channel)
    if registration.channel == "online" and version.online == "none":
        raise not_online(version)
    known = {material.id for material in version.materials}
    if not registration.present <= known:
        raise unknown_material(version, sorted(registration.present - known))
    return version


def blind_indexes(context: CaseContext, applicant: Mapping[str, Any]) -> dict[str, str | None]:
    """The exact-match indexes of an applicant block: id number or USCC, phone, name."""
    id_number = applicant.get("id_number") or applicant.get("uscc")
    phone, name = applicant.get("phone"), applicant.get("name")
    return {
        "id_index": context.blind("id", str(id_number)) if id_number else None,
        "phone_index": context.blind("phone", str(phone)) if phone else None,
        "name_index": context.blind("name", str(name)) if name else None,
    }


def put_materials(
    session: Session, case: CaseRow, version: ItemVersion, present: Iterable[str], context: CaseContext
) -> None:
    """One row per material of the item's list, marked where it was handed in."""
    there, now = set(present), context.now()
    for material in version.materials:
        session.merge(
            CaseMaterialRow(
                case_id=case.id,
                material=material.id,
                present=material.id in there,
                received_at=now if material.id in there else None,
                asked_in=0,
            )
        )
    session.flush()
