"""The village's own web side, over the nodes of the in-process network: tokens, calls, answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from node.cases.api import api
from node.exchange.stores import SqlDatabase, Surroundings
from node.ledger.proofs import LedgerProofs
from node.people import pages as people_pages
from node.people.founding import Founding, found_institution
from node.people.gate import MastheadReader, StaffGate
from node.people.passwords import HashCost, Passwords
from node.people.service import NewStaff, add_staff, prepare_staff
from node.people.sign_in import SignIn
from node.ui.application import build_web
from node.ui.parts import WebPart, WebSettings
from tests.integration.cases.network import Node

PASSWORD = "correct-horse-battery"
QUICK = HashCost(memory_kib=8, passes=1, lanes=1, parallel=2)


@dataclass
class Caller:
    """Somebody who calls the API; anonymous without a token."""

    client: FlaskClient
    token: str = ""

    def get(self, path: str, **options: Any) -> Any:
        return self.client.get(f"/api/v1{path}", headers=self._headers(), **options)

    def post(self, path: str, body: Any = None, key: str = "", **options: Any) -> Any:
        headers = self._headers()
        if key:
            headers["Idempotency-Key"] = key
        if not options:
            options = {"json": body if body is not None else {}}
        return self.client.post(f"/api/v1{path}", headers=headers, **options)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


def open_web(node: Node, staff: dict[str, tuple[str, ...]], tmp_folder: Any) -> Flask:
    """Founds the node's institution with staff (login → posts) and builds its web application."""
    context = node.context
    passwords = Passwords(QUICK)
    with node.database.transaction() as session:
        found_institution(
            session,
            Founding(context.level, node.code, "新坝村", phone="0513-84112345", address="新坝村部"),
            context.clock,
        )
    for login, posts in staff.items():
        prepared = prepare_staff(passwords, NewStaff(login, "李芳", posts, password=PASSWORD))
        with node.database.transaction() as session:
            add_staff(session, prepared, context.clock)
    doors = SignIn(node.database, passwords, context.clock)
    surroundings = Surroundings(f"nantong.example/{node.code}", context.clock, tmp_folder)
    stores = SqlDatabase(node.database, surroundings)
    return build_web(
        WebSettings("all", "a secret of this test node", rate_limits=False),
        gate=StaffGate(doors, context.clock),
        masthead=MastheadReader(node.database),
        clock=context.clock,
        database=node.database,
        parts=(people_pages.part, WebPart(api=(api,))),
        services=[doors, passwords, context, stores, LedgerProofs(stores.within, lambda: "", context.clock)],
    )


def caller(app: Flask, login: str = "") -> Caller:
    """A caller with a token of that person."""
    client = app.test_client()
    if not login:
        return Caller(client)
    answer = client.post("/api/v1/tokens", json={"login": login, "password": PASSWORD})
    assert answer.status_code in (200, 201), answer.json
    return Caller(client, answer.json["token"])
