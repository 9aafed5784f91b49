"""Attachments of a matter: encrypted once when stored, named by their ciphertext, opened only here.

Those of matters that stay never leave: nothing names them to another node until an offer does. Source: federation.md §7.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from sqlalchemy.orm import Session

from federation.errors import FederationError
from federation.ports import Limits
from federation.sealing import decrypt_blob, encrypt_blob
from node.cases.change import require_version
from node.cases.context import CaseContext
from node.cases.custody import Custody
from node.cases.facts import record_fact
from node.cases.intake_problems import (
    attachment_damaged,
    attachment_empty,
    attachment_kind,
    attachment_too_large,
    attachment_unknown,
    unknown_material,
)
from node.cases.problems import not_arrived, not_here
from node.cases.states import TERMINAL, Status
from node.cases.tables import AttachmentRow, CaseMaterialRow, CaseRow
from node.cases.workers import Worker, authorize

MEDIA = frozenset({"image/jpeg", "image/png", "application/pdf", "text/plain", "image/webp"})
"""What may be kept: pictures, PDF and plain text; nothing a browser would run."""
OVERHEAD_BYTES = 28  # nonce and tag around the plaintext
NAME_MAX = 120
_CONTROL = re.compile(r"[\x00-\x1f\x7f/\\]")


@dataclass(frozen=True, slots=True)
class Opened:
    """An attachment in plain, for somebody who may read the case."""

    name: str
    media: str
    content: bytes


def attach(
    context: CaseContext,
    session: Session,
    case: CaseRow,
    worker: Worker,
    *,
    material: str,
    name: str,
    media: str,
    content: bytes,
) -> AttachmentRow:
    """Keeps a file as (part of) a material; the material counts as handed in, unless a notice waits for it.

    Raises:
        Problem: neither held here nor waited for from here, unknown material, kind or size, or no right.
    """
    version = require_version(context, session, case)
    at_home = case.home == context.code and Status(case.status) is Status.CORRECTION
    if not at_home and (case.custodian != context.code or case.custody_state != Custody.HERE):
        raise not_here(case, context.name_of(session, case.custodian))
    if Status(case.status) in TERMINAL:
        raise not_here(case, context.name_of(session, case.custodian))
    acting = authorize(worker, "attach", case, version)
    if version.material(material) is None:
        raise unknown_material(version, [material])
    if media not in MEDIA:
        raise attachment_kind(media)
    if not content:
        raise attachment_empty()
    if len(content) + OVERHEAD_BYTES > Limits().blob_bytes:
        raise attachment_too_large(Limits().blob_bytes)
    row = _keep(context, session, case.id, material, name, media, content)
    held = session.get(CaseMaterialRow, (case.id, material))
    if held is not None and Status(case.status) is not Status.CORRECTION and not held.present:
        held.present, held.received_at = True, context.now()
    session.flush()
    record_fact(
        context,
        session,
        case,
        "case.attached",
        acting,
        materials=[{"material": material, "sha256": row.sha256}],
        data={"material": material},
    )
    session.flush()
    return row


def _keep(
    context: CaseContext,
    session: Session,
    case_id: str,
    material: str,
    name: str,
    media: str,
    content: bytes,
) -> AttachmentRow:
    """Encrypts the file, stores the ciphertext, and keeps its key in the row's encrypted column."""
    blob = encrypt_blob(content)
    store = context.blobs(session)
    store.begin(blob.sha256, len(blob.ciphertext), "")
    store.write(blob.sha256, 0, blob.ciphertext)
    row = AttachmentRow(
        case_id=case_id,
        sha256=blob.sha256,
        material=material,
        size=len(blob.ciphertext),
        media=media,
        secret={
            "key": base64.b64encode(blob.key).decode("ascii"),
            "plain_sha256": blob.plain_sha256,
            "name": _CONTROL.sub("_", name).strip()[:NAME_MAX] or material,
        },
        added_at=context.now(),
    )
    session.add(row)
    return row


def open_attachment(context: CaseContext, session: Session, case: CaseRow, sha256: str) -> Opened:
    """The plain bytes.

    Raises:
        Problem: no such attachment, not arrived yet, or damaged.
    """
    row = session.get(AttachmentRow, (case.id, sha256))
    if row is None or not row.secret:
        raise attachment_unknown()
    store = context.blobs(session)
    state = store.get(sha256)
    if state is None or not state.complete:
        raise not_arrived(case, [row.material])
    try:
        plain = decrypt_blob(
            store.read(sha256, 0, state.size),
            base64.b64decode(str(row.secret["key"])),
            sha256=sha256,
            plain_sha256=str(row.secret["plain_sha256"]),
        )
    except FederationError as error:
        raise attachment_damaged() from error
    return Opened(str(row.secret.get("name", row.material)), row.media, plain)
