"""Taking a matter in from a filled form: checks and normalises what was typed, then registers.

Source: requirements.md §4.1, E10 (window and online alike).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from node.cases.context import CaseContext
from node.cases.intake_problems import form_incomplete, item_not_in_force
from node.cases.register import Registered, Registration, register
from node.cases.workers import Worker
from node.catalogue.filling import fill_form
from node.catalogue.forms import form_for


def take_in(
    context: CaseContext, session: Session, filled: Mapping[str, Any], channel: str, worker: Worker
) -> Registered:
    """Registers a matter from what was filled in.

    Args:
        filled: `item`, `applicant` (with `kind`), `form`, `agent` where one acts, `materials` (ids handed in).
        channel: `window`, `proxy` or `online`.

    Raises:
        Problem: `form-incomplete` with every error, or what `register` refuses.
    """
    today, code = context.today(), str(filled.get("item", ""))
    version = context.in_force(session, code, today)
    if version is None:
        raise item_not_in_force(code, today)
    checked = fill_form(form_for(version), filled, today)
    if checked.errors:
        raise form_incomplete(checked.errors)
    present = filled.get("materials") or ()
    registration = Registration(
        item_code=code,
        applicant=checked.applicant,
        form=checked.form,
        present=frozenset(str(material) for material in present),
        channel=channel,
    )
    return register(context, session, registration, worker)
