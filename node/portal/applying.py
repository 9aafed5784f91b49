"""Handing in online: what the form asks, what was filled in, and the matter it becomes, once.

One transaction registers the matter and keeps every attachment with it: a file that cannot be kept leaves nothing
behind, and the same form sent twice makes one matter. Source: requirements.md E10; issue 2 part 6.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage, MultiDict

from node.cases.attachments import attach
from node.cases.citizens import apply_online
from node.cases.context import CaseContext
from node.cases.intake_problems import item_not_in_force
from node.cases.workers import APPLICANT
from node.catalogue.forms import Form, form_for
from node.catalogue.rules import ItemVersion
from node.portal.problems import online_only_at, too_many_files

FILE_PREFIX = "file."
TOKEN_FORM = re.compile(r"[A-Za-z0-9_-]{22}")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came: `name` and `media` are what the browser says, the content is judged when it is kept."""

    material: str
    name: str
    media: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page asks.

    Attributes:
        kind: who applies; its block is shown.
    """

    version: ItemVersion
    form: Form
    kind: str


def asked_of(context: CaseContext, session: Session, code: str, kind: str) -> Asked:
    """The form of an item that can be handed in here online.

    Args:
        kind: wanted by the reader; the form's first when it is none of the form's.

    Raises:
        Problem: `item-not-in-force`, `apply-not-here`.
    """
    version = context.in_force(session, code, context.today())
    if version is None:
        raise item_not_in_force(code, context.today())
    if not can_apply(version, context.level):
        raise online_only_at(version)
    form = form_for(version)
    return Asked(version, form, kind if kind in form.kinds else form.kinds[0])


def can_apply(version: ItemVersion, level: str) -> bool:
    """Whether a node of a level takes the item in online."""
    return level in version.intake_levels and version.online != "none"


def filled_of(code: str, kind: str, values: MultiDict[str, str], uploads: Iterable[Upload]) -> dict[str, Any]:
    """The filled form as the case service takes it; fields left empty are absent."""
    blocks: dict[str, dict[str, str]] = {"applicant": {"kind": kind}, "agent": {}, "form": {}}
    for name, value in values.items():
        block, dot, field = name.partition(".")
        if dot and block in blocks and field != "kind" and value.strip():
            blocks[block][field] = value
    return {"item": code, **blocks, "materials": sorted({one.material for one in uploads})}


def uploads_of(files: MultiDict[str, FileStorage], most: int) -> list[Upload]:
    """The files that were chosen, in the order of the page.

    Raises:
        Problem: `attachments-too-many`.
    """
    chosen = [
        (name.removeprefix(FILE_PREFIX), one)
        for name, one in files.items(multi=True)
        if name.startswith(FILE_PREFIX) and one.filename
    ]
    if len(chosen) > most:
        raise too_many_files(most)
    return [
        Upload(material, one.filename or "", one.mimetype or "application/octet-stream", one.read())
        for material, one in chosen
    ]


def apply_once(
    context: CaseContext, session: Session, filled: Mapping[str, Any], uploads: Sequence[Upload]
) -> dict[str, Any]:
    """Registers the matter with its files; returns `{"number"}`.

    Raises:
        Problem: `form-incomplete` with every error, or what registering or keeping a file refuses.
    """
    case = apply_online(context, session, filled).case
    for one in uploads:
        attach(
            context,
            session,
            case,
            APPLICANT,
            material=one.material,
            name=one.name,
            media=one.media,
            content=one.content,
        )
    return {"number": case.number}


def form_token(told: str = "") -> str:
    """The mark of one form: kept while it is corrected, so that sending it twice makes one matter."""
    return told if TOKEN_FORM.fullmatch(told) else secrets.token_urlsafe(16)
