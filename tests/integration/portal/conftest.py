"""A village below a township, both whole nodes, seen by citizens' browsers."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from config.loading import load_settings
from node.app import create_app
from node.catalogue.service import import_catalogue, shipped_catalogue
from node.kernel.calendar import seed_calendar
from node.kernel.clock import FixedClock
from node.people.founding import Founding, found_institution
from tests.integration.exchange.pair import START, Pair, WsgiTransport, make_pair, reopen
from tests.integration.ui.conftest import send

LEVELS = ("township", "village")
PHONE = "0513-84112345"
ITEM = "900511001000"
"""最低生活保障对象认定: taken in at a village, decided by the county."""
APPLICANT = {
    "applicant.kind": "person",
    "applicant.name": "王秀英",
    "applicant.id_number": "320623194910012140",
    "applicant.phone": "13912345678",
    "applicant.address": "掘港街道新坝村三组",
    "form.household_size": "2",
    "form.monthly_income": "600",
    "form.hardship": "illness",
    "form.bank_account": "6222020000000000",
    "form.bank_name": "农村商业银行掘港支行",
    "form.reason": "长期患病,家庭收入不足。",
}


@dataclass
class Citizens:
    """The village's public web side, and how the village goes on with its work."""

    pair: Pair
    app: Flask

    def browser(self) -> FlaskClient:
        """A new browser."""
        return self.app.test_client()

    def apply(self, browser: FlaskClient, files: dict[str, tuple[bytes, str]] | None = None) -> str:
        """Hands in `ITEM` online; returns the matter's number, with the slip open in the browser."""
        fields: dict[str, object] = dict(APPLICANT)
        for material, (content, name) in (files or {}).items():
            fields[f"file.{material}"] = (io.BytesIO(content), name)
        answer = send(browser, f"/apply/{ITEM}", fields)
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"].split("/")[2]

    def work(self) -> None:
        """Both nodes write, send, witness."""
        self.pair.later(901)
        self.pair.village.ledger.run()
        self.pair.turn(4)


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both nodes with institution, people and the shipped catalogue: made once, copied for each test."""
    folder = tmp_path_factory.mktemp("portal")
    pair = make_pair(folder, tuple(f"sqlite:///{folder}/{level}/node.db" for level in LEVELS))
    for node in (pair.township, pair.village):
        settings = node.settings
        with node.database.transaction() as session:
            seed_calendar(session, pair.clock.now())
            import_catalogue(session, shipped_catalogue(), pair.clock)
            found_institution(
                session,
                Founding(settings.level, settings.code, settings.name, phone=PHONE, address="人民路1号"),
                pair.clock,
            )
        node.close()
    return folder


@pytest.fixture
def citizens(tmp_path: Path, founded: Path) -> Iterator[Citizens]:
    """A village and its township, on SQLite."""
    clock, transport = FixedClock(START), WsgiTransport()
    nodes = {}
    for level in LEVELS:
        shutil.copytree(founded / level, tmp_path / level)
        settings = load_settings(
            tmp_path / level, {"BIANMIN_DATABASE_URL": f"sqlite:///{tmp_path}/{level}/node.db"}
        )
        nodes[level] = reopen(settings, clock, transport)
    township, village = nodes["township"], nodes["village"]
    transport.app = create_app(township)
    yield Citizens(Pair(township, village, transport, clock, transport.app), create_app(village))
    village.close()
    township.close()
