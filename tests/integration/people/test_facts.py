"""Authority, staff and the sign-in of privileged users are facts, without a name, an account or an address."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from node.kernel.clock import FixedClock, local_date
from node.kernel.database import Database
from node.kernel.problems import Problem
from node.ledger.rules import read_fact
from node.ledger.tables import FactRow
from node.people.authorizations import NewAuthorization, grant_authorization, revoke_authorization
from node.people.passwords import Passwords
from node.people.rules import Power
from node.people.service import NewStaff, add_staff, disable_staff, prepare_staff
from node.people.sign_in import SignIn
from tests.integration.people.conftest import PASSWORD


@pytest.fixture
def operator(doors: SignIn, passwords: Passwords, clock: FixedClock) -> str:
    """An operator beside the section chief, 王强; returns the account."""
    new = NewStaff("wang.qiang", "王强", ("系统管理员",), phone="13800002222", password=PASSWORD)
    with doors.database.transaction() as session:
        return add_staff(session, prepare_staff(passwords, new), clock).login


def facts(database: Database) -> list[tuple[str, dict[str, Any]]]:
    """Type and open data of every fact, in order."""
    with database.reading() as session:
        lines = session.scalars(select(FactRow.line).order_by(FactRow.position)).all()
    return [(fact.type, fact.data) for fact in (read_fact(line or b"") for line in lines)]


def types(database: Database) -> list[str]:
    return [type for type, _ in facts(database)]


def test_a_founding_says_what_each_role_may_do(county: Database) -> None:
    ((type, data),) = facts(county)
    assert type == "authority.founded"
    assert "DIRECT_APPROVE" in data["powers"]["clerk"]
    assert data["years"] == 3


def test_an_operators_comings_are_facts_and_a_clerks_are_not(doors: SignIn, operator: str) -> None:
    before = len(types(doors.database))
    doors.open_session("li.fang", PASSWORD)
    assert len(types(doors.database)) == before
    doors.open_session(operator, PASSWORD)
    doors.issue_token(operator, PASSWORD, "script")
    assert facts(doors.database)[before:] == [
        ("staff.signed_in", {"door": "session"}),
        ("staff.signed_in", {"door": "token"}),
    ]


def test_tries_in_an_operators_name_are_facts_until_they_lock(doors: SignIn, operator: str) -> None:
    before = len(types(doors.database))
    for _ in range(doors.policy.failures + 2):
        with pytest.raises(Problem):
            doors.open_session(operator, "wrong-and-wrong-again")
    found = types(doors.database)[before:]
    assert found == ["staff.sign_in_failed"] * doors.policy.failures + ["staff.locked_out"]
    with pytest.raises(Problem):
        doors.open_session("nobody", "wrong-and-wrong-again")
    assert len(types(doors.database)) == before + len(found)


def test_staff_and_their_passwords_are_facts(doors: SignIn, operator: str, clock: FixedClock) -> None:
    doors.reset_password("li.fang")
    with doors.database.transaction() as session:
        disable_staff(session, "li.fang", clock)
    assert types(doors.database)[-4:] == [
        "staff.added",
        "staff.added",
        "staff.password_reset",
        "staff.disabled",
    ]


def test_authority_granted_and_revoked_is_a_fact_once(doors: SignIn, clock: FixedClock) -> None:
    today = local_date(clock.now())
    new = NewAuthorization(
        "审批科室负责人", frozenset({Power.JOINT_COUNTERSIGN}), today, today + timedelta(days=30)
    )
    with doors.database.transaction() as session:
        number = grant_authorization(session, new, clock)
        revoke_authorization(session, number, clock)
        revoke_authorization(session, number, clock)
    (granted, data), (revoked, _) = facts(doors.database)[-2:]
    assert (granted, revoked) == ("authority.granted", "authority.revoked")
    assert (data["post"], data["powers"]) == ("审批科室负责人", ["JOINT_COUNTERSIGN"])


def test_nothing_of_a_person_stands_open(doors: SignIn, operator: str) -> None:
    doors.open_session(operator, PASSWORD, "10.0.0.7")
    with doors.database.reading() as session:
        lines = b"".join(line or b"" for line in session.scalars(select(FactRow.line)))
    for word in ("王强", "李芳", operator, "li.fang", "10.0.0.7", "13800002222"):
        assert word.encode() not in lines
