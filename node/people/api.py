"""The API of people: tokens, who am I, staff."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Response, request

from node.kernel.clock import local_date
from node.kernel.database import Database
from node.people.facts import acting
from node.people.gate import current_actor
from node.people.passwords import Passwords
from node.people.schemas import Me, StaffAdded, StaffAsked, StaffMember, TokenAsked, TokenGiven
from node.people.service import NewStaff, add_staff, list_staff, prepare_staff
from node.people.sign_in import SignIn
from node.ui import access
from node.ui.idempotency import create
from node.ui.openapi import ApiBlueprint, Done, PageQuery, page_of
from node.ui.parts import Kit
from node.ui.wiring import use

api = ApiBlueprint("people_api", __name__, "人员与令牌 / People and tokens")


@api.post("/tokens", TokenGiven, body=TokenAsked, creates=False)
@access.limited("30 per minute")
@access.entrance
def new_token(body: dict[str, Any]) -> dict[str, Any]:
    """取得令牌 / A bearer token against account and password; shown once."""
    token = use(SignIn).issue_token(body["login"], body["password"], body["name"], request.remote_addr or "")
    return {"token": token, "type": "Bearer"}


@api.post("/tokens/revoke", Done, status=200)
@access.api()
def revoke_token() -> dict[str, Any]:
    """注销本令牌 / Ends the token this call is made with."""
    use(SignIn).revoke_token(request.headers["Authorization"].partition(" ")[2].strip())
    return {"done": True}


@api.get("/me", Me)
@access.api()
def me() -> dict[str, Any]:
    """令牌代表谁 / Whom this token acts as."""
    actor = current_actor()
    return {
        "person_id": actor.person_id,
        "login": actor.login,
        "name": actor.name,
        "level": actor.level,
        "node": actor.node,
        "institution": actor.institution,
        "posts": [{"name": one.post_name, "role": one.role, "backup": one.backup} for one in actor.holdings],
        "acts": sorted(actor.acts),
    }


@api.get("/staff", page_of(StaffMember, "StaffPage"), query=PageQuery)
@access.api("staff.read")
def staff_page(query: dict[str, Any]) -> dict[str, Any]:
    """人员名单 / The staff, in the order of accounts."""
    with use(Database).reading() as session:
        page = list_staff(session, local_date(use(Kit).clock.now()), query["cursor"], query["limit"])
    return {"items": [asdict(line) for line in page.lines], "next_cursor": page.next_cursor}


@api.post("/staff", StaffAdded, body=StaffAsked)
@access.api("staff.add")
def add(body: dict[str, Any]) -> Response:
    """增加人员 / Adds a member of staff."""
    new = NewStaff(body["login"], body["name"], tuple(body["posts"]), body["phone"], body["password"])
    prepared, clock = prepare_staff(use(Passwords), new), use(Kit).clock
    by = acting(current_actor())
    return create(lambda session: asdict(add_staff(session, prepared, clock, by)))
