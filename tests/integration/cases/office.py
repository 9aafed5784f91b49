"""Two offices on the web, a village and its county, over the nodes of the in-process network; and browsers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from node.cases import pages as cases_pages
from node.catalogue import pages as catalogue_pages
from node.catalogue.service import import_catalogue, shipped_catalogue
from node.exchange.stores import SqlDatabase, Surroundings
from node.kernel.database import Base, Database, build_engine
from node.kernel.field_keys import FieldKeys
from node.ledger.proofs import LedgerProofs
from node.people import pages as people_pages
from node.people.founding import Founding, found_institution
from node.people.gate import MastheadReader, StaffGate
from node.people.passwords import HashCost, Passwords
from node.people.service import NewStaff, add_staff, prepare_staff
from node.people.sign_in import SignIn
from node.ui.application import build_web
from node.ui.parts import WebSettings
from tests.integration.cases.network import COUNTY, LINE, VILLAGE, Network, Node
from tests.support.html import Page, read_page

PASSWORD = "correct-horse-battery"
QUICK = HashCost(memory_kib=8, passes=1, lanes=1, parallel=2)
VILLAGE_STAFF = {"chen": "代办员", "gu": "第一责任人", "yun": "系统管理员"}
COUNTY_STAFF = {"li.fang": "窗口负责人", "zhou": "审批科室负责人", "bo": "局领导", "qian": "窗口人员1号"}


@dataclass
class Browser:
    """A signed-in person's browser; every page it gets is read strictly."""

    client: FlaskClient
    last: str = ""
    seen: list[str] = field(default_factory=list)

    def get(self, path: str, status: int = 200) -> Page:
        """A page, after redirects."""
        answer = self.client.get(path, follow_redirects=True)
        assert answer.status_code == status, answer.text
        self.last = answer.text
        page = read_page(answer.text)
        assert page.mistakes == [], path
        return page

    def send(self, path: str, fields: dict[str, Any], form_at: str, **options: Any) -> TestResponse:
        """Fills the form of a page that posts to `path`, with its hidden fields, and sends it; no redirects."""
        text = self.client.get(form_at, follow_redirects=True).text
        return self.client.post(path, data={**hidden_of(text, path), **fields}, **options)

    def do(self, number: str, act: str, **fields: Any) -> TestResponse:
        """Does an act by its page."""
        path = f"/matters/{number}/acts/{act}"
        return self.send(path, fields, path)

    def in_english(self) -> None:
        """From now on."""
        self.client.get("/view?lang=en&next=/sign-in")


def hidden_of(text: str, action: str) -> dict[str, str]:
    """The hidden fields of the form with that action."""
    forms = re.findall(r'<form action="([^"]*)"[^>]*>(.*?)</form>', text, flags=re.DOTALL)
    inner = next((body for to, body in forms if to == action), None)
    assert inner is not None, f"no form leads to {action}"
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', inner))


def found_office(node: Node, staff: dict[str, str], name: str) -> None:
    """Founds the node's institution with its catalogue and staff (login → post)."""
    context, passwords = node.context, Passwords(QUICK)
    with node.database.transaction() as session:
        import_catalogue(session, shipped_catalogue(), context.clock)
        founding = Founding(context.level, node.code, name, phone="0513-84112345", address="掘港街道新坝村部")
        found_institution(session, founding, context.clock)
    for login, post in staff.items():
        prepared = prepare_staff(passwords, NewStaff(login, "李芳", (post,), password=PASSWORD))
        with node.database.transaction() as session:
            add_staff(session, prepared, context.clock)


def open_office(node: Node, folder: Path) -> Flask:
    """The node's web application, for staff."""
    context, passwords = node.context, Passwords(QUICK)
    doors = SignIn(node.database, passwords, context.clock)
    stores = SqlDatabase(
        node.database,
        Surroundings(f"nantong.example/{node.code}", context.clock, folder / "blobs" / node.code),
    )
    return build_web(
        WebSettings("staff", "a secret of this test node", rate_limits=False),
        gate=StaffGate(doors, context.clock),
        masthead=MastheadReader(node.database),
        clock=context.clock,
        database=node.database,
        parts=(people_pages.part, catalogue_pages.part, cases_pages.part),
        services=[doors, passwords, context, stores, LedgerProofs(stores.within, lambda: "", context.clock)],
    )


@dataclass
class Offices:
    """The network, and the browsers of both offices by login."""

    network: Network
    village: Flask
    county: Flask

    def browser(self, login: str) -> Browser:
        """Somebody signs in."""
        client = (self.village if login in VILLAGE_STAFF else self.county).test_client()
        token = hidden_of(client.get("/sign-in").text, "/sign-in")["csrf_token"]
        fields = {"login": login, "password": PASSWORD, "csrf_token": token}
        assert client.post("/sign-in", data=fields).status_code == 303
        return Browser(client)


def found_offices(folder: Path, keys: FieldKeys) -> None:
    """Four nodes' databases on SQLite, two of them with an office: made once, copied for each test."""
    network = _network(folder, keys)
    for node in network.nodes.values():
        Base.metadata.create_all(node.database.engine)
    found_office(network[VILLAGE], VILLAGE_STAFF, "新坝村")
    found_office(network[COUNTY], COUNTY_STAFF, "如东县")
    for node in network.nodes.values():
        node.database.close()  # the last to close writes the journal back, so the file is whole


def open_offices(folder: Path, keys: FieldKeys) -> Offices:
    """The nodes of a folder, and the web of the two offices."""
    network = _network(folder, keys)
    return Offices(network, open_office(network[VILLAGE], folder), open_office(network[COUNTY], folder))


def _network(folder: Path, keys: FieldKeys) -> Network:
    databases = {code: Database(build_engine(f"sqlite:///{folder / code}.db", keys)) for code in LINE}
    return Network(databases, keys, folder / "blobs")
