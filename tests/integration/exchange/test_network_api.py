"""The operator's calls under /api/v1/network: for who may, the same as the command line, refused acts are facts."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from node.cli import founding
from node.ledger.service import sequenced_entries
from node.people.service import NewStaff, add_staff, posts_by_name, prepare_staff
from tests.integration.exchange.pair import TOWNSHIP, VILLAGE, Pair

OTHER = "320623101002"
PASSWORD = "spring-tide-42"


@dataclass
class Caller:
    """A member of staff with a token."""

    client: FlaskClient
    token: str

    def get(self, path: str) -> TestResponse:
        """A call."""
        return self.client.get(path, headers={"Authorization": f"Bearer {self.token}"})

    def post(self, path: str, **body: object) -> TestResponse:
        """A call with a body."""
        return self.client.post(path, json=body, headers={"Authorization": f"Bearer {self.token}"})


def _caller(pair: Pair, role: str) -> Caller:
    node = pair.township
    founding.establish(node)
    with node.database.reading() as session:
        post = next(name for name in posts_by_name(session) if name.startswith(role))
    new = prepare_staff(node.passwords, NewStaff("wang", "王芳", (post,), password=PASSWORD))
    with node.database.transaction() as session:
        add_staff(session, new, node.clock)
    return Caller(pair.app.test_client(), node.sign_in.issue_token("wang", PASSWORD, "test"))


@pytest.fixture
def operator(pair: Pair) -> Caller:
    """The township's operator."""
    return _caller(pair, "系统管理员")


def test_an_operator_sees_the_network(pair: Pair, operator: Caller) -> None:
    pair.say(pair.village, TOWNSHIP)
    pair.turn()
    answer = operator.get("/api/v1/network")
    assert answer.status_code == 200
    assert answer.json is not None
    child = next(one for one in answer.json["neighbours"] if one["direct"] == "child")
    assert (child["code"], child["received"], child["applied"]) == (VILLAGE, 1, 1)
    assert answer.json["unknown"] == 1


def test_an_operator_invites_closes_an_alert_and_reads_the_keys(pair: Pair, operator: Caller) -> None:
    made = operator.post("/api/v1/network/invitations", code=OTHER, level="village", name="某村")
    assert made.status_code == 200
    assert made.json is not None
    assert made.json["invitation"] != ""
    alerts = pair.township.administration.overview().alerts
    closed = operator.post("/api/v1/network/alerts/closed", id=alerts[0].id)
    assert closed.json == {"done": True}
    keys = operator.get("/api/v1/network/keys").json
    assert keys is not None
    assert keys["keys"]["node"] == pair.township.identity.kid
    check = operator.get("/api/v1/network/check").json
    assert check is not None
    assert check["holds"] is True


def test_an_operator_revokes_and_what_does_not_fit_is_refused(pair: Pair, operator: Caller) -> None:
    missing = operator.post("/api/v1/network/revocations", code=VILLAGE, reason="")
    assert missing.status_code == 422
    done = operator.post("/api/v1/network/revocations", code=VILLAGE, reason="停用")
    assert done.json == {"done": True}
    again = operator.post("/api/v1/network/invitations", code="12", level="village", name="某村")
    assert again.status_code == 422


def test_others_are_refused_and_the_refusal_is_a_fact(pair: Pair) -> None:
    clerk = _caller(pair, "窗口人员")
    answer = clerk.get("/api/v1/network")
    assert answer.status_code == 403
    pair.township.ledger.run()
    with pair.township.database.reading() as session:
        logs = pair.township.stores.within(session).logs
        types = [entry.type for entry in sequenced_entries(session, logs, 0, 1000)]
    assert "staff.act_denied" in types
