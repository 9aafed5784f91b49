"""A county on the web: its catalogue, its staff, and browsers."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from node.catalogue import pages as catalogue_pages
from node.catalogue.service import import_catalogue, shipped_catalogue
from node.kernel.clock import FixedClock
from node.kernel.database import Base, Database, build_engine
from node.kernel.field_keys import FieldKeys
from node.ledger.tables import CommitmentRow, FactRow
from node.people import pages as people_pages
from node.people.founding import Founding, found_institution
from node.people.gate import MastheadReader, StaffGate
from node.people.passwords import HashCost, Passwords
from node.people.service import NewStaff, add_staff, prepare_staff
from node.people.sign_in import SignIn
from node.ui.application import build_web
from node.ui.parts import Audience, WebPart, WebSettings
from node.ui.tables import ApiAnswerRow

NOW = "2026-11-24T01:30:00+00:00"
PASSWORD = "correct-horse-battery"
STAFF = {
    "zhou.ming": ("周明", "系统管理员"),
    "li.fang": ("李芳", "审批科室负责人"),
    "chen": ("陈建国", "窗口人员1号"),
}
TABLES = (
    "region",
    "organ",
    "institution",
    "hall",
    "institution_hall",
    "department",
    "place",
    "post",
    "person",
)
TABLES += ("posting", "authorization", "staff_session", "sign_in_attempt", "api_token")
TABLES += ("catalogue_import", "item_version", "item_release", ApiAnswerRow.__tablename__)
TABLES += (FactRow.__tablename__, CommitmentRow.__tablename__)


@pytest.fixture
def clock() -> FixedClock:
    """Tuesday 2026-11-24, 9:30 in Nantong."""
    return FixedClock(NOW)


@pytest.fixture(scope="session")
def county(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, FieldKeys]:
    """通州区, founded, with three people and the shipped catalogue: made once, copied for each test."""
    file, keys = tmp_path_factory.mktemp("county") / "node.db", FieldKeys.generate()
    database, clock = Database(build_engine(f"sqlite:///{file}", keys)), FixedClock(NOW)
    Base.metadata.create_all(database.engine, tables=[Base.metadata.tables[name] for name in TABLES])
    founding = Founding(
        "county", "320612000000", "通州区", phone="0513-86512345", address="金沙街道人民路1号"
    )
    with database.transaction() as session:
        import_catalogue(session, shipped_catalogue(), clock)
        found_institution(session, founding, clock)
    for login, (name, post) in STAFF.items():
        prepared = prepare_staff(_passwords(), NewStaff(login, name, (post,), password=PASSWORD))
        with database.transaction() as session:
            add_staff(session, prepared, clock)
    database.close()  # the last to close writes the journal back, so the file is whole
    return file, keys


@pytest.fixture
def database(tmp_path: Path, county: tuple[Path, FieldKeys]) -> Iterator[Database]:
    """A copy of the county of its own."""
    file, keys = county
    shutil.copy(file, tmp_path / "node.db")
    database = Database(build_engine(f"sqlite:///{tmp_path}/node.db", keys))
    yield database
    database.close()


def _passwords() -> Passwords:
    return Passwords(HashCost(memory_kib=8, passes=1, lanes=1, parallel=2))


@pytest.fixture
def build(database: Database, clock: FixedClock) -> Callable[..., Flask]:
    """Makes an application of the node; further parts and settings may be given."""

    def make(
        *parts: WebPart, audience: Audience = "all", demo: bool = True, rate_limits: bool = False
    ) -> Flask:
        passwords = _passwords()
        doors = SignIn(database, passwords, clock)
        return build_web(
            WebSettings(audience, "a secret of this test node", demo=demo, rate_limits=rate_limits),
            gate=StaffGate(doors, clock),
            masthead=MastheadReader(database),
            clock=clock,
            database=database,
            parts=(people_pages.part, catalogue_pages.part, *parts),
            services=[doors, passwords],
        )

    return make


@pytest.fixture
def app(build: Callable[..., Flask]) -> Flask:
    """Both sides of the county in one process."""
    return build()


@pytest.fixture
def visitor(app: Flask) -> FlaskClient:
    """A browser nobody signed in with."""
    return app.test_client()


@pytest.fixture
def operator(app: Flask) -> FlaskClient:
    """周明's browser."""
    return signed_in(app, "zhou.ming")


@pytest.fixture
def clerk(app: Flask) -> FlaskClient:
    """陈建国's browser."""
    return signed_in(app, "chen")


def signed_in(app: Flask, login: str, password: str = PASSWORD) -> FlaskClient:
    """A browser that has signed in."""
    browser = app.test_client()
    answer = send(browser, "/sign-in", {"login": login, "password": password})
    assert answer.status_code == 303, answer.text
    return browser


def send(browser: FlaskClient, path: str, fields: dict[str, object], form_at: str | None = None):
    """Fills the form of a page and sends it, token included."""
    page = browser.get(form_at or path).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None, f"{form_at or path} has no form"
    return browser.post(path, data={**fields, "csrf_token": token[1]})


def token_of(app: Flask, login: str) -> dict[str, str]:
    """The headers of a program that acts as a person."""
    answer = app.test_client().post("/api/v1/tokens", json={"login": login, "password": PASSWORD})
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json['token']}"}
