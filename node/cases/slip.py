"""What the slip says (收件凭证), for 80 mm and A5; complete without any line to anywhere (ui.md picture 4).

The QR holds the verify address of the level above with the ledger's origin and the leaf hash of the registration:
`<address>?o=<origin>&l=<leaf, base64url without padding>` (federation.md §6 Citizen's slip).
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import quote

from sqlalchemy import select
from sqlalchemy.orm import Session

from node.cases.change import require_version
from node.cases.context import CaseContext
from node.cases.numbers import group_query_code
from node.cases.reading import next_words
from node.cases.tables import CaseMaterialRow, CaseRow
from node.cases.workers import APPLICANT
from node.kernel.clock import local_time
from node.ledger.service import leaf_of
from node.people.actors import serving_today, the_institution

Words = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Slip:
    """The slip's content.

    Attributes:
        next_on: the day by which the next step is done, None where no clock runs.
        post: the responsible post; no person's name.
        query_code: twelve digits in groups of four.
        qr: text of the QR code, ASCII.
        fingerprint: leaf hash, hex.
        registered_at: local wall-clock time.
    """

    institution: str
    address: str
    number: str
    item: Words
    taken_in: tuple[str, ...]
    missing: tuple[str, ...]
    next: Words
    next_on: date | None
    post: str
    phone: str
    query_code: str
    qr: str
    fingerprint: str
    registered_at: datetime


FOOT: Words = (
    "凭此码可核验:登记过的事,谁也抹不掉。",
    "This code can be checked: what was registered, nobody can erase.",
)
NOT_WITNESSED: Words = (
    "上级见证:待完成,扫码可查",
    "Witness of the level above: pending; scan to check",
)


def slip_of(context: CaseContext, session: Session, case: CaseRow) -> Slip:
    """The slip of a matter registered here.

    Raises:
        Problem: `not-founded`.
    """
    version = require_version(context, session, case)
    institution = the_institution(session)
    present = set(
        session.scalars(
            select(CaseMaterialRow.material).where(
                CaseMaterialRow.case_id == case.id, CaseMaterialRow.present
            )
        )
    )
    leaf = leaf_of(session, case.registered_fact)
    return Slip(
        institution=institution.name,
        address=institution.address,
        number=case.number,
        item=(version.name_zh, version.name_en),
        taken_in=tuple(m.name for m in version.materials if m.id in present),
        missing=tuple(m.name for m in version.materials if m.required and m.id not in present),
        next=next_words(context, session, case),
        next_on=case.due_on,
        post=_post_of(context, session, case),
        phone=institution.phone,
        query_code=group_query_code(str((case.personal or {}).get("query_code", ""))),
        qr=qr_text(context.verify_url(), context.origin(session), leaf),
        fingerprint=leaf.hex(),
        registered_at=local_time(case.registered_at),
    )


def _post_of(context: CaseContext, session: Session, case: CaseRow) -> str:
    """The post that took it in; for a matter handed in online the first post citizens may turn to."""
    if case.post != APPLICANT.post:
        return case.post
    serving = serving_today(session, context.today())
    return serving[0].post_name if serving else ""


def qr_text(verify_url: str, origin: str, leaf: bytes) -> str:
    """The QR's text.

    Args:
        verify_url: the `/verify` address of the level above (the top's own).
        leaf: 32 bytes.
    """
    code = base64.urlsafe_b64encode(leaf).decode("ascii").rstrip("=")
    return f"{verify_url}?o={quote(origin, safe='/')}&l={code}"
