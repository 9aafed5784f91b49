"""What the applicant hands in later, from home: files of materials that are not there yet.

After a one-time notice the matter goes on by itself once every paper it names has a file; before that, what came is
kept and the rest is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from node.cases.attachments import attach
from node.cases.change import find_case
from node.cases.context import CaseContext
from node.cases.states import Status
from node.cases.supplements import resupply
from node.cases.view import plain_for_citizen
from node.cases.workers import APPLICANT
from node.portal.applying import Upload
from node.portal.problems import no_file_chosen, too_many_files


@dataclass(frozen=True, slots=True)
class Supplied:
    """What came of it.

    Attributes:
        files: how many were kept.
        missing: names of the papers the notice still waits for.
        handed_in: whether the supplement was handed in now.
    """

    files: int
    missing: tuple[str, ...]
    handed_in: bool


def supply(
    context: CaseContext, session: Session, number: str, uploads: Sequence[Upload], most: int
) -> Supplied:
    """Keeps the files, and hands the supplement in when it is complete.

    Args:
        most: attachments a matter may have.

    Raises:
        Problem: `file-missing`, `attachments-too-many`, or what keeping a file or supplementing refuses.
    """
    if not uploads:
        raise no_file_chosen()
    case = find_case(session, number, lock=True)
    before = plain_for_citizen(context, session, case)
    if len(before["attachments"]) + len(uploads) > most:
        raise too_many_files(most)
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
    if Status(case.status) is not Status.CORRECTION:
        return Supplied(len(uploads), (), handed_in=False)
    asked = {one["id"]: one["name"] for one in before["materials"] if one["asked_in"] and not one["present"]}
    there = {one["material"] for one in before["attachments"]} | {one.material for one in uploads}
    missing = tuple(name for material, name in asked.items() if material not in there)
    if not missing:
        resupply(context, session, case, APPLICANT, sorted(asked))
    return Supplied(len(uploads), missing, handed_in=not missing)
