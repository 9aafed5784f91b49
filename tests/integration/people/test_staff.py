"""Staff: adding, listing, importing, leaving."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from node.kernel.clock import FixedClock
from node.kernel.database import Database
from node.kernel.problems import Problem
from node.people.actors import actor_of, holders_of, serving_today
from node.people.authority import Denial, Matter, may
from node.people.authorizations import NewAuthorization, grant_authorization, revoke_authorization
from node.people.passwords import Passwords
from node.people.rules import Power
from node.people.service import (
    Added,
    NewStaff,
    add_staff,
    disable_staff,
    find_person,
    list_staff,
    prepare_staff,
    read_staff_list,
)
from node.people.sign_in import SignIn
from node.people.tables import AuthorizationRow, PersonRow, PostRow
from tests.integration.people.conftest import PASSWORD

TODAY = date(2026, 11, 24)
MATTER = Matter("900131008000", "promised")


def add(database: Database, passwords: Passwords, clock: FixedClock, staff: NewStaff) -> Added:
    """Adds a person in a transaction of their own."""
    prepared = prepare_staff(passwords, staff)
    with database.transaction() as session:
        return add_staff(session, prepared, clock)


def test_new_person_holds_the_posts_from_today(
    county: Database, passwords: Passwords, clock: FixedClock
) -> None:
    added = add(county, passwords, clock, NewStaff("wang", "王伟", ("窗口负责人", "窗口人员1号(B)")))
    with county.reading() as session:
        actor = actor_of(session, added.person_id, clock.now())
    assert actor is not None
    assert [(holding.post_name, holding.backup) for holding in actor.holdings] == [
        ("窗口负责人", False),
        ("窗口人员1号", True),
    ]
    assert actor.roles == {"window_head", "clerk"}
    assert actor.letters == {"CL", "WH"}
    assert actor.node == "320612000000"
    assert actor.institution == "通州区政务服务中心"
    assert Power.DIRECT_APPROVE in actor.powers
    assert actor.must_change_password


def test_made_password_is_shown_once_and_stored_as_a_hash(
    county: Database, passwords: Passwords, clock: FixedClock
) -> None:
    added = add(county, passwords, clock, NewStaff("wang", "王伟", ("窗口负责人",)))
    with county.reading() as session:
        person = find_person(session, "wang")
    assert passwords.matches(person.password_hash, added.initial_password)
    assert added.initial_password not in person.password_hash


def test_own_phone_is_encrypted_and_in_no_list(doors: SignIn, county: Database) -> None:
    with county.reading() as session:
        assert find_person(session, "li.fang").personal == {"phone": "13900001111"}
        raw = session.connection().exec_driver_sql("SELECT personal FROM person").scalar_one()
        assert b"13900001111" not in bytes(raw)
        assert "13900001111" not in repr(list_staff(session, TODAY))
        assert "13900001111" not in repr(serving_today(session, TODAY))


def test_citizens_see_the_place_phone_of_public_posts(
    county: Database, passwords: Passwords, clock: FixedClock
) -> None:
    add(county, passwords, clock, NewStaff("wang", "王伟", ("窗口人员1号",), phone="13700000000"))
    with county.reading() as session:
        serving = serving_today(session, TODAY)
    assert [(s.post_name, s.holder, s.phone) for s in serving] == [
        ("窗口人员1号", "王伟", "0513-86512345"),
        ("窗口人员2号", "", "0513-86512345"),
        ("窗口负责人", "", "0513-86512345"),
    ]


def test_backup_stands_in_when_nobody_holds_a(
    county: Database, passwords: Passwords, clock: FixedClock
) -> None:
    add(county, passwords, clock, NewStaff("zhao", "赵敏", ("窗口负责人(B)",)))
    with county.reading() as session:
        assert serving_today(session, TODAY)[2].holder == "赵敏"
    added = add(county, passwords, clock, NewStaff("wang", "王伟", ("窗口负责人",)))
    with county.reading() as session:
        assert serving_today(session, TODAY)[2].holder == "王伟"
        post = session.scalars(select(PostRow.id).where(PostRow.name == "窗口负责人")).one()
        assert holders_of(session, post, TODAY)[0] == added.person_id


@pytest.mark.parametrize(
    ("staff", "code"),
    [
        (NewStaff("li.fang", "李芳二", ("窗口负责人",)), "login-taken"),
        (NewStaff("zhao", "赵敏", ("市长",)), "post-unknown"),
    ],
)
def test_refused_person_leaves_nothing_behind(
    doors: SignIn, passwords: Passwords, clock: FixedClock, staff: NewStaff, code: str
) -> None:
    prepared = prepare_staff(passwords, staff)
    with pytest.raises(Problem) as refused, doors.database.transaction() as session:
        add_staff(session, prepared, clock)
    assert refused.value.code == code
    with doors.database.reading() as session:
        assert list(session.scalars(select(PersonRow.name))) == ["李芳"]


@pytest.mark.parametrize(
    ("login", "name", "code"),
    [
        ("Li", "李", "login-form"),
        ("l", "李", "login-form"),
        ("1li", "李", "login-form"),
        ("li fang", "李", "login-form"),
        ("li\n", "李", "login-form"),
        ("li", " ", "name-missing"),
        ("li", "李" * 61, "name-missing"),
    ],
)
def test_account_and_name_have_a_form(passwords: Passwords, login: str, name: str, code: str) -> None:
    with pytest.raises(Problem) as refused:
        prepare_staff(passwords, NewStaff(login, name, ()))
    assert refused.value.code == code


def test_staff_before_the_founding_is_refused(
    database: Database, passwords: Passwords, clock: FixedClock
) -> None:
    prepared = prepare_staff(passwords, NewStaff("wang", "王伟", ("窗口负责人",)))
    with pytest.raises(Problem) as refused, database.transaction() as session:
        add_staff(session, prepared, clock)
    assert refused.value.code == "not-founded"


def test_list_is_paged_by_account(county: Database, passwords: Passwords, clock: FixedClock) -> None:
    for number in range(5):
        add(county, passwords, clock, NewStaff(f"p{number}", f"员工{number}", ("窗口负责人",)))
    with county.reading() as session:
        first = list_staff(session, TODAY, limit=2)
        second = list_staff(session, TODAY, first.next_cursor, limit=2)
        third = list_staff(session, TODAY, second.next_cursor, limit=2)
    assert [[line.login for line in page.lines] for page in (first, second, third)] == [
        ["p0", "p1"],
        ["p2", "p3"],
        ["p4"],
    ]
    assert third.next_cursor is None


def test_staff_list_file_is_read() -> None:
    text = "\ufefflogin,name,posts,phone\nwang,王伟,窗口负责人; 窗口人员1号(B),13700000000\nzhao,赵敏,,\n"
    assert read_staff_list(text) == [
        NewStaff("wang", "王伟", ("窗口负责人", "窗口人员1号(B)"), "13700000000"),
        NewStaff("zhao", "赵敏", ()),
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("login,name\n", 1),
        ("login,name,posts\nBAD,王伟,\n", 2),
        ("login,name,posts\nwang,王伟,\nzhao,,\n", 3),
        ("", 1),
    ],
)
def test_mistake_in_the_staff_list_names_its_line(text: str, line: int) -> None:
    with pytest.raises(Problem) as refused:
        read_staff_list(text)
    assert refused.value.code == "staff-file"
    assert refused.value.members["line"] == line


def test_who_leaves_keeps_the_pseudonym_and_loses_every_right(doors: SignIn, clock: FixedClock) -> None:
    secret = doors.open_session("li.fang", PASSWORD)
    actor = doors.actor_of_session(secret)
    assert actor is not None
    with doors.database.transaction() as session:
        disable_staff(session, "li.fang", clock)
    assert doors.actor_of_session(secret) is None
    with pytest.raises(Problem):
        doors.open_session("li.fang", PASSWORD)
    with doors.database.reading() as session:
        assert find_person(session, "li.fang").id == actor.person_id
        assert actor_of(session, actor.person_id, clock.now()) is None
        assert list_staff(session, TODAY).lines[0].disabled


def test_revoked_authorization_stops_the_next_act(doors: SignIn, clock: FixedClock) -> None:
    secret = doors.open_session("li.fang", PASSWORD)
    before = doors.actor_of_session(secret)
    assert before is not None
    decision = may(before, "grant", MATTER, clock.now())
    assert decision.allowed
    with doors.database.transaction() as session:
        numbers = [grant.authorization_id for grant in before.grants]
        assert numbers == [decision.authorization_id]
        revoke_authorization(session, _number_of(session, decision.authorization_id), clock)
    after = doors.actor_of_session(secret)
    assert after is not None
    assert may(after, "grant", MATTER, clock.now()).reason == Denial.AUTHORIZATION_REVOKED


def test_new_authorization_for_single_items_carries_only_those(doors: SignIn, clock: FixedClock) -> None:
    with doors.database.transaction() as session:
        for grant in _grants(session):
            revoke_authorization(session, grant, clock)
        number = grant_authorization(
            session,
            NewAuthorization(
                "审批科室负责人",
                frozenset({Power.PRE_DISPOSE}),
                TODAY,
                TODAY + timedelta(days=30),
                (MATTER.item_code,),
            ),
            clock,
        )
    assert number == "授权〔2026〕7号"
    actor = doors.actor_of_session(doors.open_session("li.fang", PASSWORD))
    assert actor is not None
    assert may(actor, "grant", MATTER, clock.now()).allowed
    assert not may(actor, "grant", Matter("900123001000", "promised"), clock.now()).allowed


@pytest.mark.parametrize(
    ("new", "code"),
    [
        (
            NewAuthorization(
                "审批科室负责人", frozenset({Power.PRE_DISPOSE}), TODAY, TODAY - timedelta(days=1)
            ),
            "authorization-span",
        ),
        (NewAuthorization("审批科室负责人", frozenset(), TODAY, TODAY), "authorization-span"),
        (NewAuthorization("市长", frozenset({Power.PRE_DISPOSE}), TODAY, TODAY), "post-unknown"),
    ],
)
def test_authorization_needs_a_span_powers_and_a_post(
    county: Database, clock: FixedClock, new: NewAuthorization, code: str
) -> None:
    with pytest.raises(Problem) as refused, county.transaction() as session:
        grant_authorization(session, new, clock)
    assert refused.value.code == code


def _grants(session: Session) -> list[str]:
    return list(session.scalars(select(AuthorizationRow.number)))


def _number_of(session: Session, authorization_id: str) -> str:
    return str(session.get_one(AuthorizationRow, authorization_id).number)
