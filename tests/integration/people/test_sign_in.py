"""Signing in, the lockout, sessions and tokens."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from node.kernel.clock import FixedClock
from node.kernel.problems import Problem
from node.people.passwords import HashCost, Passwords
from node.people.sign_in import SignIn
from node.people.tables import ApiTokenRow, PersonRow, SignInAttemptRow, StaffSessionRow
from tests.integration.people.conftest import PASSWORD

WRONG = "wrong-horse-battery"


def fail(doors: SignIn, times: int, login: str = "li.fang") -> Problem:
    """Fails to sign in so many times; the last refusal."""
    last: Problem | None = None
    for _ in range(times):
        with pytest.raises(Problem) as refused:
            doors.open_session(login, WRONG)
        last = refused.value
    assert last is not None
    return last


def test_right_password_opens_a_session(doors: SignIn) -> None:
    actor = doors.actor_of_session(doors.open_session("li.fang", PASSWORD))
    assert actor is not None
    assert (actor.name, actor.login, actor.post_name) == ("李芳", "li.fang", "审批科室负责人")


@pytest.mark.parametrize("login", ["LI.FANG", " li.fang "])
def test_account_is_read_forgivingly(doors: SignIn, login: str) -> None:
    assert doors.actor_of_session(doors.open_session(login, PASSWORD)) is not None


def test_wrong_account_and_wrong_password_look_alike(doors: SignIn) -> None:
    wrong_password, wrong_account = fail(doors, 1), fail(doors, 1, "nobody")
    assert (wrong_password.code, wrong_password.zh) == (wrong_account.code, wrong_account.zh)
    assert wrong_password.status == 401


def test_failed_tries_are_kept_although_refused(doors: SignIn) -> None:
    fail(doors, 2)
    with doors.database.reading() as session:
        assert list(session.scalars(select(SignInAttemptRow.succeeded))) == [False, False]


def test_five_failures_lock_even_the_right_password(doors: SignIn) -> None:
    fail(doors, 5)
    with pytest.raises(Problem) as refused:
        doors.open_session("li.fang", PASSWORD)
    assert refused.value.code == "sign-in-locked"
    assert refused.value.members == {"retry_after_s": 900}


def test_unknown_account_is_locked_alike(doors: SignIn) -> None:
    fail(doors, 5, "nobody")
    assert fail(doors, 1, "nobody").code == "sign-in-locked"


def test_lock_ends_by_itself(doors: SignIn, clock: FixedClock) -> None:
    fail(doors, 5)
    clock.advance(timedelta(minutes=14, seconds=59))
    assert fail(doors, 1).code == "sign-in-locked"
    clock.advance(timedelta(seconds=1))
    assert doors.actor_of_session(doors.open_session("li.fang", PASSWORD)) is not None


def test_tries_while_locked_do_not_lengthen_the_lock(doors: SignIn, clock: FixedClock) -> None:
    fail(doors, 5)
    clock.advance(timedelta(minutes=10))
    assert fail(doors, 3).code == "sign-in-locked"
    clock.advance(timedelta(minutes=5))
    doors.open_session("li.fang", PASSWORD)
    with doors.database.reading() as session:
        assert list(session.scalars(select(SignInAttemptRow.succeeded))).count(False) == 5


def test_success_starts_the_count_anew(doors: SignIn, clock: FixedClock) -> None:
    fail(doors, 4)
    clock.advance(seconds=1)
    doors.open_session("li.fang", PASSWORD)
    clock.advance(seconds=1)
    assert fail(doors, 4).code == "sign-in-failed"


def test_failures_far_apart_do_not_lock(doors: SignIn, clock: FixedClock) -> None:
    for _ in range(8):
        assert fail(doors, 1).code == "sign-in-failed"
        clock.advance(timedelta(minutes=5))


def test_lock_of_one_account_leaves_others_alone(doors: SignIn) -> None:
    fail(doors, 5, "zhao")
    assert doors.actor_of_session(doors.open_session("li.fang", PASSWORD)) is not None


def test_endless_password_is_refused_without_hashing_it(doors: SignIn) -> None:
    with pytest.raises(Problem) as refused:
        doors.open_session("li.fang", PASSWORD + "x" * 2_000_000)
    assert refused.value.code == "sign-in-failed"


def test_secrets_are_not_in_the_database(doors: SignIn) -> None:
    secret, token = doors.open_session("li.fang", PASSWORD), doors.issue_token("li.fang", PASSWORD, "demo")
    with doors.database.reading() as session:
        rows = [
            *session.scalars(select(StaffSessionRow.id)),
            *session.scalars(select(ApiTokenRow.secret_hash)),
        ]
    assert rows
    assert secret not in rows
    assert token not in rows


def test_signing_out_ends_the_session(doors: SignIn) -> None:
    secret = doors.open_session("li.fang", PASSWORD)
    doors.close_session(secret)
    assert doors.actor_of_session(secret) is None
    doors.close_session("unknown")


def test_idle_session_ends_after_an_hour(doors: SignIn, clock: FixedClock) -> None:
    secret = doors.open_session("li.fang", PASSWORD)
    clock.advance(timedelta(minutes=59))
    assert doors.actor_of_session(secret) is not None
    clock.advance(timedelta(minutes=59))
    assert doors.actor_of_session(secret) is not None
    clock.advance(timedelta(minutes=60))
    assert doors.actor_of_session(secret) is None


def test_no_session_outlives_twelve_hours(doors: SignIn, clock: FixedClock) -> None:
    secret = doors.open_session("li.fang", PASSWORD)
    for _ in range(24):
        clock.advance(timedelta(minutes=29, seconds=59))
        assert doors.actor_of_session(secret) is not None
    clock.advance(timedelta(minutes=1))
    assert doors.actor_of_session(secret) is None


def test_use_of_a_session_is_written_at_most_once_a_minute(doors: SignIn, clock: FixedClock) -> None:
    secret = doors.open_session("li.fang", PASSWORD)
    start = clock.now()
    clock.advance(seconds=59)
    doors.actor_of_session(secret)
    assert _seen(doors) == start
    clock.advance(seconds=1)
    doors.actor_of_session(secret)
    assert _seen(doors) == clock.now()


@pytest.mark.parametrize("secret", ["", "x", "0" * 64])
def test_unknown_secret_opens_nothing(doors: SignIn, secret: str) -> None:
    doors.open_session("li.fang", PASSWORD)
    assert doors.actor_of_session(secret) is None


def test_new_password_ends_every_session_and_is_the_only_one(doors: SignIn) -> None:
    secret = doors.open_session("li.fang", PASSWORD)
    actor = doors.actor_of_session(secret)
    assert actor is not None
    doors.change_password(actor.person_id, PASSWORD, "a-new-long-phrase")
    assert doors.actor_of_session(secret) is None
    assert fail_with(doors, PASSWORD) == "sign-in-failed"
    assert doors.actor_of_session(doors.open_session("li.fang", "a-new-long-phrase")) is not None


@pytest.mark.parametrize(
    ("current", "new", "code"),
    [(WRONG, "a-new-long-phrase", "password-wrong"), (PASSWORD, "short", "password-weak")],
)
def test_refused_change_changes_nothing(doors: SignIn, current: str, new: str, code: str) -> None:
    actor = doors.actor_of_session(doors.open_session("li.fang", PASSWORD))
    assert actor is not None
    with pytest.raises(Problem) as refused:
        doors.change_password(actor.person_id, current, new)
    assert refused.value.code == code
    assert doors.actor_of_session(doors.open_session("li.fang", PASSWORD)) is not None


def test_reset_lifts_the_lock_and_must_be_changed(doors: SignIn, clock: FixedClock) -> None:
    fail(doors, 5)
    clock.advance(seconds=1)
    password = doors.reset_password("li.fang")
    actor = doors.actor_of_session(doors.open_session("li.fang", password))
    assert actor is not None
    assert actor.must_change_password


def test_reset_of_an_unknown_account_is_refused(doors: SignIn) -> None:
    with pytest.raises(Problem) as refused:
        doors.reset_password("nobody")
    assert refused.value.code == "person-unknown"


def test_hash_of_old_costs_is_renewed_at_sign_in(doors: SignIn) -> None:
    dearer = SignIn(doors.database, Passwords(HashCost(16, 1, 1)), doors.clock)
    dearer.open_session("li.fang", PASSWORD)
    with doors.database.reading() as session:
        encoded = session.scalars(select(PersonRow.password_hash)).one()
    assert "m=16" in encoded
    assert dearer.passwords.matches(encoded, PASSWORD)


def test_token_acts_as_its_person_until_it_is_revoked(doors: SignIn) -> None:
    token = doors.issue_token("li.fang", PASSWORD, "demo")
    actor = doors.actor_of_token(token)
    assert actor is not None
    assert actor.login == "li.fang"
    doors.revoke_token(token)
    assert doors.actor_of_token(token) is None


def test_token_expires(doors: SignIn, clock: FixedClock) -> None:
    token = doors.issue_token("li.fang", PASSWORD, "demo")
    clock.advance(timedelta(days=90) - timedelta(seconds=1))
    assert doors.actor_of_token(token) is not None
    clock.advance(seconds=1)
    assert doors.actor_of_token(token) is None


@pytest.mark.parametrize("token", ["", "bmt_", "bmt_nothing", "Bearer x"])
def test_unknown_token_is_nobody(doors: SignIn, token: str) -> None:
    doors.issue_token("li.fang", PASSWORD, "demo")
    assert doors.actor_of_token(token) is None


def test_tokens_are_subject_to_the_lock_too(doors: SignIn) -> None:
    fail(doors, 5)
    with pytest.raises(Problem) as refused:
        doors.issue_token("li.fang", PASSWORD, "demo")
    assert refused.value.code == "sign-in-locked"


def test_old_tries_and_sessions_are_swept_after_six_months(doors: SignIn, clock: FixedClock) -> None:
    fail(doors, 2)
    doors.open_session("li.fang", PASSWORD)
    clock.advance(timedelta(days=180))
    assert doors.sweep() == 0
    clock.advance(timedelta(days=20))
    assert doors.sweep() == 4


def _seen(doors: SignIn) -> object:
    with doors.database.reading() as session:
        return session.scalars(select(StaffSessionRow.seen_at)).one()


def fail_with(doors: SignIn, password: str) -> str:
    """The code of the refusal of a password."""
    with pytest.raises(Problem) as refused:
        doors.open_session("li.fang", password)
    return refused.value.code
