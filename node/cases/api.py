"""The JSON calls of cases: everything the pages do, for staff by bearer token, for citizens by query code."""

from __future__ import annotations

import base64
import binascii
import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flask import Response, make_response, request
from sqlalchemy.orm import Session

from node.cases.acts import do_act, possible_acts_of
from node.cases.attachments import attach, open_attachment
from node.cases.change import find_case
from node.cases.citizens import apply_online, find_by_query_code, withdraw_online
from node.cases.context import CaseContext
from node.cases.custody import Reason
from node.cases.desk import count_cases, list_cases, list_offers
from node.cases.facts import record_denied
from node.cases.intake import take_in
from node.cases.intake_problems import attachment_unreadable
from node.cases.register import Registered
from node.cases.schemas import (
    ActBody,
    ActDoneSchema,
    AttachmentSchema,
    CaseCountsSchema,
    CaseFileSchema,
    CaseLineSchema,
    CaseQuery,
    CaseRegisteredSchema,
    CaseSchema,
    CaseSlipSchema,
    CaseTakenSchema,
    LedgerPeriodQuery,
    NewCase,
    NewOnlineCase,
    OfferDeclineBody,
    OfferDeclinedSchema,
    OfferSchema,
    QueryCodeQuery,
    ServiceLedgerSchema,
    TakeBody,
    WithdrawnSchema,
)
from node.cases.service_ledger import read_period, service_ledger
from node.cases.slip import slip_of
from node.cases.tables import CaseOfferRow, CaseRow
from node.cases.taking import decline_by_person, take_by_person
from node.cases.view import plain_attachments, plain_case, plain_for_citizen, plain_line, plain_offer
from node.cases.view_papers import plain_ledger, plain_slip
from node.cases.workers import APPLICANT, ActDeniedError, Worker, staff_worker
from node.exchange.stores import SqlDatabase
from node.kernel.database import Database
from node.ledger.proofs import LedgerProofs
from node.people.gate import current_actor
from node.ui.access import api as staff_call
from node.ui.access import limited, public
from node.ui.idempotency import create
from node.ui.openapi import ApiBlueprint, PageQuery, page_of
from node.ui.wiring import use

api = ApiBlueprint("cases_api", __name__, "办件 / Matters")
Json = dict[str, Any]
LOOKUPS = "60 per minute"
APPLICATIONS = "20 per minute"
_MEMBERS = {"material": {"type": "string"}, "name": {"type": "string"}, "media": {"type": "string"}}
UPLOAD = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["material", "file"],
                "properties": {
                    "material": {"type": "string"},
                    "file": {"type": "string", "format": "binary"},
                },
            }
        },
        "application/json": {
            "schema": {
                "type": "object",
                "required": [*_MEMBERS, "content"],
                "properties": {**_MEMBERS, "content": {"type": "string", "contentEncoding": "base64"}},
            }
        },
    },
}


def _context() -> CaseContext:
    return use(CaseContext)


def _worker() -> Worker:
    return staff_worker(current_actor(), _context().now())


def _case(session: Session, case: CaseRow) -> Json:
    context = _context()
    return plain_case(context, session, case, possible_acts_of(context, session, case, _worker()))


@contextmanager
def denials_recorded() -> Iterator[None]:
    """Around a transaction: an act refused for want of a right becomes a fact, in a transaction of its own."""
    try:
        yield
    except ActDeniedError as denied:
        with use(Database).transaction() as session:
            record_denied(_context(), session, denied)
        raise


def _registered(session: Session, made: Registered, *, citizen: bool) -> Json:
    context = _context()
    return {
        "number": made.case.number,
        "query_code": made.query_code,
        "slip": plain_slip(slip_of(context, session, made.case)),
        "case": plain_for_citizen(context, session, made.case) if citizen else _case(session, made.case),
        "notice": {"zh": made.notice[0], "en": made.notice[1]} if made.notice is not None else None,
    }


@api.post("/cases", CaseRegisteredSchema, body=NewCase)
@staff_call("desk")
def register_case(body: Json) -> Response:
    """Register a matter at the desk."""
    worker, channel = _worker(), str(body.pop("channel"))

    def act(session: Session) -> Json:
        return _registered(session, take_in(_context(), session, body, channel, worker), citizen=False)

    with denials_recorded():
        return create(act)


@api.get("/cases", page_of(CaseLineSchema, "CasePage"), query=CaseQuery)
@staff_call("desk")
def list_them(query: Json) -> Json:
    """Lists of matters: due, waiting, notice, return, handover, decide, away, mirrors, closed, all."""
    context = _context()
    with use(Database).reading() as session:
        page = list_cases(
            context,
            session,
            query["list"],
            status=query["status"],
            item=query["item"],
            cursor=query["cursor"],
            limit=query["limit"],
        )
        lines = [plain_line(context, session, row) for row in page.rows]
    return {"items": lines, "next_cursor": page.next_cursor}


@api.get("/cases/counts", CaseCountsSchema)
@staff_call("desk", "board")
def count_them() -> Json:
    """What stands at this node, in numbers."""
    with use(Database).reading() as session:
        return dataclasses.asdict(count_cases(_context(), session))


@api.get("/cases/<number>", CaseSchema)
@staff_call("desk")
def show_case(number: str) -> Json:
    """One matter with its truths, way, clocks, materials, and what the caller may do now."""
    with use(Database).reading() as session:
        return _case(session, find_case(session, number))


@api.get("/cases/<number>/slip", CaseSlipSchema)
@staff_call("desk")
def show_slip(number: str) -> Json:
    """The slip again."""
    with use(Database).reading() as session:
        return plain_slip(slip_of(_context(), session, find_case(session, number)))


@api.post("/cases/<number>/acts/<act>", ActDoneSchema, body=ActBody, status=200)
@staff_call("desk")
def do(body: Json, number: str, act: str) -> Json:
    """Do one act on a matter.

    settle {text?} · give_notice {missing} · resupply {materials} · accept {} · start_review {} · pre_review {opinion} ·
    forward_outside {organ, reference} · grant {text?, outside?} · propose_refusal {grounds, basis} · confirm_refusal
    {outside?} · drop_refusal {} · propose_non_acceptance {grounds, basis} · confirm_non_acceptance {} ·
    drop_non_acceptance {} · send_back {competent} · issue {} · deliver {by?} · close {} · withdraw {} · offer
    {entrustment_signed?, destination?} · return {} · unmask {purpose}
    """
    context, worker = _context(), _worker()
    if body.get("outside"):
        body["outside"] = {**body["outside"], "decided_on": body["outside"]["decided_on"].isoformat()}
    with denials_recorded(), use(Database).transaction() as session:
        done = do_act(context, session, number, act, worker, body)
    shown = dict(done.shown) if done.shown is not None else None
    with use(Database).reading() as session:  # committed already: nobody waits for this answer to be written
        case = _case(session, find_case(session, done.case.id))
        made = None if done.offer is None else session.get(CaseOfferRow, done.offer.id)
        offer = plain_offer(context, session, made) if made is not None else None
    return {"case": case, "offer": offer, "done": done.done, "shown": shown}


@api.get("/offers", page_of(OfferSchema, "OfferPage"), query=PageQuery)
@staff_call("desk")
def list_inbox(query: Json) -> Json:
    """Offers made to this node that wait for a person."""
    with use(Database).reading() as session:
        page = list_offers(session, cursor=query["cursor"], limit=query["limit"])
        rows = [plain_offer(_context(), session, row) for row in page.rows]
    return {"items": rows, "next_cursor": page.next_cursor}


@api.post("/offers/<offer>/take", CaseTakenSchema, body=TakeBody, status=200)
@staff_call("desk")
def take_offer(body: Json, offer: str) -> Json:
    """Take a case the machine left to a person."""
    with denials_recorded(), use(Database).transaction() as session:
        return {"case": _case(session, take_by_person(_context(), session, offer, _worker()))}


@api.post("/offers/<offer>/decline", OfferDeclinedSchema, body=OfferDeclineBody, status=200)
@staff_call("desk")
def decline_offer(body: Json, offer: str) -> Json:
    """Decline an offer; for missing material this is the level's one-time notice."""
    with denials_recorded(), use(Database).transaction() as session:
        row = decline_by_person(
            _context(), session, offer, _worker(), Reason(body["reason"]), body["missing"]
        )
        return {"offer": plain_offer(_context(), session, row)}


@api.post("/cases/<number>/attachments", AttachmentSchema)
@api.doc(requestBody=UPLOAD)  # type: ignore[untyped-decorator]
@staff_call("desk")
def add_attachment(number: str) -> Response:
    """Add a file to a material: multipart with `material` and `file`, or JSON with base64 `content`."""
    material, name, media, content = _uploaded()
    worker = _worker()

    def act(session: Session) -> Json:
        case = find_case(session, number, lock=True)
        return _attach(session, case, worker, material, name, media, content)

    with denials_recorded():
        return create(act)


@api.get("/cases/<number>/attachments/<sha256>", CaseFileSchema)
@staff_call("desk")
def get_attachment(number: str, sha256: str) -> Response:
    """The file itself, decrypted."""
    with use(Database).reading() as session:
        opened = open_attachment(_context(), session, find_case(session, number), sha256)
    answer = make_response(opened.content)
    answer.headers["Content-Type"] = opened.media
    answer.headers["Content-Disposition"] = "attachment"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


@api.get("/ledger/service", ServiceLedgerSchema, query=LedgerPeriodQuery)
@staff_call("ledger.read")
def show_ledger(query: Json) -> Json:
    """The service ledger (服务台账) of a day or a month."""
    context = _context()
    first, last = read_period(query["day"], query["month"], context.today())
    stores = use(SqlDatabase)
    with use(Database).reading() as session:
        return plain_ledger(
            service_ledger(context, session, lambda inner: stores.within(inner).logs, first, last)
        )


@api.post("/public/cases", CaseRegisteredSchema, body=NewOnlineCase)
@limited(APPLICATIONS)
@public
def apply_publicly(body: Json) -> Response:
    """Hand in a matter online."""

    def act(session: Session) -> Json:
        return _registered(session, apply_online(_context(), session, body), citizen=True)

    return create(act)


@api.get("/public/cases/<number>", CaseSchema, query=QueryCodeQuery)
@limited(LOOKUPS)
@public
def show_publicly(query: Json, number: str) -> Json:
    """A matter with its way, by number and query code."""
    context = _context()
    with use(Database).reading() as session:
        case = find_by_query_code(context, session, number, query["query_code"])
        return plain_for_citizen(context, session, case)


@api.post("/public/cases/<number>/withdraw", WithdrawnSchema, body=QueryCodeQuery, status=200)
@limited(LOOKUPS)
@public
def withdraw_publicly(body: Json, number: str) -> Json:
    """The applicant stops the matter; `done` false: asked for at the node that holds it."""
    with use(Database).transaction() as session:
        return {"done": withdraw_online(_context(), session, number, body["query_code"])}


@api.post("/public/cases/<number>/attachments", AttachmentSchema)
@api.doc(requestBody=UPLOAD)  # type: ignore[untyped-decorator]
@limited(LOOKUPS)
@public
def add_attachment_publicly(number: str) -> Response:
    """The applicant adds a file; the query code stands in the field or member `query_code`."""
    material, name, media, content = _uploaded()
    given = request.form.get("query_code") or (request.get_json(silent=True) or {}).get("query_code", "")

    def act(session: Session) -> Json:
        case = find_by_query_code(_context(), session, number, str(given), lock=True)
        return _attach(session, case, APPLICANT, material, name, media, content)

    return create(act)


@api.get("/public/cases/<number>/proof", CaseFileSchema, query=QueryCodeQuery)
@limited(LOOKUPS)
@public
def prove_publicly(query: Json, number: str) -> Response:
    """The proof that the registration stands in the ledger, as a `.tlog-proof` file."""
    context = _context()
    with use(Database).reading() as session:
        case = find_by_query_code(context, session, number, query["query_code"])
        proof = use(LedgerProofs).of_fact(session, case.registered_fact)
    answer = make_response(proof.text)
    answer.headers["Content-Type"] = "text/plain; charset=utf-8"
    answer.headers["Content-Disposition"] = f'attachment; filename="{proof.file_name}"'
    answer.headers["Bianmin-Witnessed"] = "yes" if proof.is_witnessed else "no"
    return answer


def _attach(
    session: Session, case: CaseRow, worker: Worker, material: str, name: str, media: str, content: bytes
) -> Json:
    context = _context()
    row = attach(context, session, case, worker, material=material, name=name, media=media, content=content)
    kept = plain_attachments(context, session, case)
    return next(one for one in kept if one["sha256"] == row.sha256)


def _uploaded() -> tuple[str, str, str, bytes]:
    """Material, file name, media type, bytes: from a multipart form or from JSON.

    Raises:
        Problem: `attachment-unreadable`.
    """
    file = request.files.get("file")
    if file is not None:
        return (
            request.form.get("material", ""),
            file.filename or "",
            file.mimetype or "application/octet-stream",
            file.read(),
        )
    body = request.get_json(silent=True)
    if not isinstance(body, Mapping):
        raise attachment_unreadable()
    try:
        content = base64.b64decode(str(body.get("content", "")), validate=True)
    except binascii.Error as error:
        raise attachment_unreadable() from error
    return str(body.get("material", "")), str(body.get("name", "")), str(body.get("media", "")), content
