"""Signing in: passwords with a lockout, sessions that can be revoked, bearer tokens of the API.

Argon2 runs outside any transaction. A failed try is written and committed although the caller is refused. Cookies and
tokens carry a random secret; the database keeps its SHA-256 only. Source: requirements.md §2.8 (lockout, timeout,
least privilege); RFC 6750 for tokens.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from node.kernel.clock import Clock
from node.kernel.database import Database
from node.people.actors import actor_of
from node.people.facts import COMMAND_LINE, DOOR, Acting, acting, privileged, record_staff
from node.people.passwords import Passwords, new_initial_password, require_strong
from node.people.problems import (
    locked_out,
    minutes_until,
    sign_in_failed,
    wrong_current_password,
)
from node.people.rules import Actor
from node.people.service import end_sessions, find_person
from node.people.tables import ApiTokenRow, PersonRow, SignInAttemptRow, StaffSessionRow

TOKEN_PREFIX = "bmt_"  # noqa: S105  how tokens are recognised, no secret
LOGIN_MAX = 40
PASSWORD_TRIED_MAX = 1024
"""Longer input is not hashed: it is no password anyone chose."""


@dataclass(frozen=True, slots=True)
class SignInPolicy:
    """Limits, each a default of this program.

    Attributes:
        failures: failed tries in a row that lock an account …
        window_s: … when they fall within so many seconds …
        lock_s: … for so many seconds after the last of them.
        idle_s: a session unused for so long has ended.
        session_s: no session lives longer.
        touch_s: a session's last use is written at most so often.
        token_s: how long a token lives.
    """

    failures: int = 5
    window_s: int = 900
    lock_s: int = 900
    idle_s: int = 3_600
    session_s: int = 43_200
    touch_s: int = 60
    token_s: int = 7_776_000


@dataclass(frozen=True)
class SignIn:
    """The doors of a node: what the pages and the API are given by the container."""

    database: Database
    passwords: Passwords
    clock: Clock
    policy: SignInPolicy = SignInPolicy()

    def open_session(self, login: str, password: str, address: str = "") -> str:
        """Signs a person in.

        Returns:
            The session's secret, for the cookie; it is stored nowhere.

        Raises:
            Problem: `sign-in-failed`, `sign-in-locked`.
        """
        person_id = self._check(login, password, address, "session")
        now, secret = self.clock.now(), secrets.token_urlsafe(32)
        with self.database.transaction() as session:
            session.add(
                StaffSessionRow(
                    id=_hash(secret),
                    person_id=person_id,
                    created_at=now,
                    seen_at=now,
                    expires_at=now + timedelta(seconds=self.policy.session_s),
                    revoked_at=None,
                )
            )
        return secret

    def actor_of_session(self, secret: str) -> Actor | None:
        """The actor of a cookie; None when the session is unknown, ended, idle too long or its account closed."""
        now = self.clock.now()
        with self.database.reading() as session:
            row = session.get(StaffSessionRow, _hash(secret))
            if row is None or not self._alive(row, now):
                return None
            stale = now - row.seen_at >= timedelta(seconds=self.policy.touch_s)
            actor = actor_of(session, row.person_id, now)
        if actor is not None and stale:
            with self.database.transaction() as session:
                session.get_one(StaffSessionRow, _hash(secret)).seen_at = now
        return actor

    def close_session(self, secret: str) -> None:
        """Signs out; an unknown secret is no error."""
        with self.database.transaction() as session:
            row = session.get(StaffSessionRow, _hash(secret))
            if row is not None and row.revoked_at is None:
                row.revoked_at = self.clock.now()

    def issue_token(self, login: str, password: str, name: str, address: str = "") -> str:
        """A bearer token for the API against account and password; shown once.

        Raises:
            Problem: `sign-in-failed`, `sign-in-locked`.
        """
        person_id = self._check(login, password, address, "token")
        with self.database.transaction() as session:
            return new_token(session, person_id, name, self.clock.now(), self.policy.token_s)

    def actor_of_token(self, token: str) -> Actor | None:
        """The actor of a bearer token; None when it is unknown, expired, revoked or its account closed."""
        if not token.startswith(TOKEN_PREFIX):
            return None
        now = self.clock.now()
        with self.database.reading() as session:
            row = session.scalars(
                select(ApiTokenRow).where(ApiTokenRow.secret_hash == _hash(token))
            ).one_or_none()
            if row is None or row.revoked_at is not None or now >= row.expires_at:
                return None
            stale = row.used_at is None or now - row.used_at >= timedelta(seconds=self.policy.touch_s)
            token_id, actor = row.id, actor_of(session, row.person_id, now)
        if actor is not None and stale:
            with self.database.transaction() as session:
                session.get_one(ApiTokenRow, token_id).used_at = now
        return actor

    def revoke_token(self, token: str) -> None:
        """Ends a token; an unknown one is no error."""
        with self.database.transaction() as session:
            row = session.scalars(
                select(ApiTokenRow).where(ApiTokenRow.secret_hash == _hash(token))
            ).one_or_none()
            if row is not None and row.revoked_at is None:
                row.revoked_at = self.clock.now()

    def change_password(self, person_id: str, current: str, new: str) -> None:
        """A person chooses a new password; every session of theirs ends.

        Raises:
            Problem: `password-wrong`, `password-weak`.
        """
        with self.database.reading() as session:
            person = session.get_one(PersonRow, person_id)
            encoded, login, name = person.password_hash, person.login, person.name
        if len(current) > PASSWORD_TRIED_MAX or not self.passwords.matches(encoded, current):
            raise wrong_current_password()
        require_strong(new, login, name)
        self._put_password(login, self.passwords.hash(new), must_change=False)

    def reset_password(self, login: str, by: Acting = COMMAND_LINE) -> str:
        """An operator gives a person a new first password, returned once; lifts a lock; a fact.

        Raises:
            Problem: `person-unknown`.
        """
        with self.database.reading() as session:
            find_person(session, login)
        password = new_initial_password()
        self._put_password(login, self.passwords.hash(password), must_change=True, by=by)
        with self.database.transaction() as session:
            _note_attempt(session, login, self.clock.now(), True, "reset")
        return password

    def sweep(self, keep: timedelta = timedelta(days=190)) -> int:
        """Deletes sessions ended and tries made longer ago than the log-keeping time (six months); how many rows."""
        limit = self.clock.now() - keep
        with self.database.transaction() as session:
            old = [
                *session.scalars(
                    select(StaffSessionRow).where(StaffSessionRow.expires_at < limit).limit(1000)
                ),
                *session.scalars(select(SignInAttemptRow).where(SignInAttemptRow.at < limit).limit(1000)),
            ]
            for row in old:
                session.delete(row)
        return len(old)

    def _check(self, login: str, password: str, address: str, door: str) -> str:
        login, now = login.strip().lower()[:LOGIN_MAX], self.clock.now()
        with self.database.reading() as session:
            locked_until = _locked_until(session, login, now, self.policy)
            person = session.scalars(select(PersonRow).where(PersonRow.login == login)).one_or_none()
            open_account = person is not None and person.disabled_at is None
            person_id, encoded = (person.id, person.password_hash) if person is not None else ("", "")
        if locked_until is not None:
            raise locked_out(minutes_until(locked_until, now))
        tried = password[:PASSWORD_TRIED_MAX]
        if open_account:
            good = len(password) <= PASSWORD_TRIED_MAX and self.passwords.matches(encoded, tried)
        else:
            self.passwords.spend(tried)
            good = False
        fresh = self.passwords.hash(password) if good and self.passwords.is_outdated(encoded) else None
        with self.database.transaction() as session:
            _note_attempt(session, login, now, good, address)
            if fresh is not None:
                session.get_one(PersonRow, person_id).password_hash = fresh
            self._record_try(session, login, person_id, now, good, door)
        if not good:
            raise sign_in_failed()
        return person_id

    def _record_try(
        self, session: Session, login: str, person_id: str, now: datetime, good: bool, door: str
    ) -> None:
        """A privileged user came in, or somebody tried to in that name: a fact each (federation.md §6)."""
        actor = privileged(session, person_id, now)
        if actor is None:
            return
        if good:
            record_staff(session, "staff.signed_in", now, acting(actor), data={"door": door})
            return
        record_staff(session, "staff.sign_in_failed", now, DOOR, person=person_id, data={"door": door})
        session.flush()
        if _locked_until(session, login, now, self.policy) is not None:
            locked = {"for_s": self.policy.lock_s}
            record_staff(session, "staff.locked_out", now, DOOR, person=person_id, data=locked)

    def _put_password(self, login: str, encoded: str, *, must_change: bool, by: Acting | None = None) -> None:
        """Args: by: who resets it; None: its owner changes it."""
        now = self.clock.now()
        with self.database.transaction() as session:
            person = find_person(session, login)
            person.password_hash, person.password_at, person.must_change_password = encoded, now, must_change
            end_sessions(session, person.id, now)
            owner = privileged(session, person.id, now)
            if by is not None:
                record_staff(session, "staff.password_reset", now, by, person=person.id)
            elif owner is not None:
                record_staff(session, "staff.password_changed", now, acting(owner))

    def _alive(self, row: StaffSessionRow, now: datetime) -> bool:
        idle = now - row.seen_at >= timedelta(seconds=self.policy.idle_s)
        return row.revoked_at is None and now < row.expires_at and not idle


def new_token(session: Session, person_id: str, name: str, now: datetime, life_s: int) -> str:
    """Writes a token for a person and returns its text, once."""
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    session.add(
        ApiTokenRow(
            id=str(uuid.uuid4()),
            person_id=person_id,
            name=name[:60],
            secret_hash=_hash(token),
            created_at=now,
            expires_at=now + timedelta(seconds=life_s),
            used_at=None,
            revoked_at=None,
        )
    )
    session.flush()
    return token


def _locked_until(session: Session, login: str, now: datetime, policy: SignInPolicy) -> datetime | None:
    """Until when an account is locked; counts failures since its last success."""
    last_success = session.scalar(
        select(func.max(SignInAttemptRow.at)).where(
            SignInAttemptRow.login == login, SignInAttemptRow.succeeded.is_(True)
        )
    )
    query = (
        select(SignInAttemptRow.at)
        .where(SignInAttemptRow.login == login, SignInAttemptRow.succeeded.is_(False))
        .order_by(SignInAttemptRow.at.desc())
        .limit(policy.failures)
    )
    if last_success is not None:
        query = query.where(SignInAttemptRow.at > last_success)
    failures = list(session.scalars(query))
    if len(failures) < policy.failures:
        return None
    if failures[0] - failures[-1] > timedelta(seconds=policy.window_s):
        return None
    until = failures[0] + timedelta(seconds=policy.lock_s)
    return until if now < until else None


def _note_attempt(session: Session, login: str, at: datetime, succeeded: bool, address: str) -> None:
    session.add(SignInAttemptRow(login=login, at=at, succeeded=succeeded, address=address[:64]))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
