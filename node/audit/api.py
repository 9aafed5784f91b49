"""The API of audits: rounds of this node."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from node.audit.context import AuditContext
from node.audit.reading import line_document, list_rounds, read_round, round_document
from node.audit.schemas import RoundAsked, RoundLineSchema, RoundSchema
from node.audit.service import open_round
from node.kernel.database import Database
from node.people.gate import current_actor
from node.ui import access
from node.ui.idempotency import create
from node.ui.openapi import ApiBlueprint, PageQuery, page_of
from node.ui.wiring import use

ACT = "audit"
api = ApiBlueprint("audit_api", __name__, "账本抽查 / Audits of ledgers below")


@api.get("/audit/rounds", page_of(RoundLineSchema, "RoundPage"), query=PageQuery)
@access.api(ACT)
def rounds(query: dict[str, Any]) -> dict[str, Any]:
    """抽查列表 / Rounds, the newest first."""
    context = use(AuditContext)
    with use(Database).reading() as session:
        lines, following = list_rounds(context, session, query["cursor"], query["limit"])
        return {"items": [line_document(line) for line in lines], "next_cursor": following}


@api.post("/audit/rounds", RoundSchema, body=RoundAsked)
@access.api(ACT)
def begin(body: dict[str, Any]) -> Response:
    """开始一轮抽查 / Opens a round: commits to a seed."""
    context, actor = use(AuditContext), current_actor()

    def act(session: Session) -> dict[str, Any]:
        row = open_round(
            context,
            session,
            body["target"],
            body["count"],
            indices=body["indices"],
            period_end=body["period_end"],
            seal_within=timedelta(hours=body["seal_hours"]),
            answer_within=timedelta(hours=body["answer_hours"]),
            actor=actor.person_id,
            post=actor.post_name,
        )
        return round_document(read_round(context, session, row.id))

    return create(act)


@api.get("/audit/rounds/<round_id>", RoundSchema)
@access.api(ACT)
def one(round_id: str) -> dict[str, Any]:
    """一轮抽查 / One round with its stations and findings."""
    with use(Database).reading() as session:
        return round_document(read_round(use(AuditContext), session, round_id))
