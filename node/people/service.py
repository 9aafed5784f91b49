"""Staff: who holds which post, added one by one or as a list.

One function is one use case in the caller's transaction. Passwords are hashed before the transaction begins
(`Passwords.hash`), so a write lock is never held while Argon2 runs.
"""

from __future__ import annotations

import csv
import io
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from node.kernel.clock import Clock, local_date
from node.people.facts import COMMAND_LINE, Acting, record_staff
from node.people.passwords import Passwords, new_initial_password, require_strong
from node.people.problems import (
    login_form,
    login_taken,
    name_missing,
    not_founded,
    staff_file,
    unknown_person,
    unknown_post,
)
from node.people.tables import (
    PersonRow,
    PostingRow,
    PostRow,
    StaffSessionRow,
)

LOGIN_FORM = re.compile(r"[a-z][a-z0-9._-]{1,39}")
STAFF_COLUMNS = ("login", "name", "posts", "phone")


@dataclass(frozen=True, slots=True)
class NewStaff:
    """One person to be added.

    Attributes:
        posts: names of posts, the main one first; B of an A/B pair with a trailing `(B)`.
        phone: own phone, personal, never shown to citizens.
        password: None: one is made, and must be changed at the first sign-in.
    """

    login: str
    name: str
    posts: tuple[str, ...]
    phone: str = ""
    password: str | None = None
    language: str = "zh"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A person to be added with the password hashed, ready for the transaction."""

    staff: NewStaff
    password: str
    password_hash: str


@dataclass(frozen=True, slots=True)
class Added:
    """Who was added. `initial_password` is shown once and kept nowhere; "" when it was chosen."""

    person_id: str
    login: str
    name: str
    posts: tuple[str, ...]
    initial_password: str


@dataclass(frozen=True, slots=True)
class StaffLine:
    """One line of the staff list; no phone: a person's own phone is not for lists."""

    person_id: str
    login: str
    name: str
    posts: tuple[str, ...]
    disabled: bool
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class StaffPage:
    """A page of the list; `next_cursor` None at its end."""

    lines: tuple[StaffLine, ...]
    next_cursor: str | None


def prepare_staff(passwords: Passwords, staff: NewStaff) -> Prepared:
    """Checks a person's account name and password and hashes the password; needs no transaction.

    Raises:
        Problem: `login-form`, `name-missing`, `password-weak`.
    """
    if LOGIN_FORM.fullmatch(staff.login) is None:
        raise login_form()
    if not staff.name.strip() or len(staff.name) > 60:
        raise name_missing()
    if staff.password is not None:
        require_strong(staff.password, staff.login, staff.name)
    password = staff.password if staff.password is not None else new_initial_password()
    return Prepared(staff, password, passwords.hash(password))


def add_staff(session: Session, prepared: Prepared, clock: Clock, by: Acting = COMMAND_LINE) -> Added:
    """Adds a person and the postings from today; a fact.

    Raises:
        Problem: `not-founded`, `login-taken`, `post-unknown`.
    """
    staff, now = prepared.staff, clock.now()
    posts = posts_by_name(session)
    if session.scalar(select(PersonRow.id).where(PersonRow.login == staff.login)) is not None:
        raise login_taken(staff.login)
    person = PersonRow(
        id=str(uuid.uuid4()),
        login=staff.login,
        name=staff.name.strip(),
        personal={"phone": staff.phone} if staff.phone else None,
        password_hash=prepared.password_hash,
        must_change_password=staff.password is None,
        language=staff.language,
        created_at=now,
        password_at=now,
        disabled_at=None,
    )
    session.add(person)
    session.flush()
    for wanted in staff.posts:
        name, backup = _read_post_name(wanted)
        if name not in posts:
            raise unknown_post(name, list(posts))
        session.add(
            PostingRow(
                id=str(uuid.uuid4()),
                person_id=person.id,
                post_id=posts[name],
                from_on=local_date(now),
                to_on=None,
                backup=backup,
            )
        )
    session.flush()
    record_staff(session, "staff.added", now, by, person=person.id, data={"posts": list(staff.posts)})
    initial = "" if staff.password is not None else prepared.password
    return Added(person.id, person.login, person.name, staff.posts, initial)


def read_staff_list(text: str) -> list[NewStaff]:
    """Reads a staff list: CSV with the columns login, name, posts (separated by ;), phone, password.

    Phone and password may be missing; without a password one is made, to be changed at the first sign-in.

    Raises:
        Problem: `staff-file`, with the line.
    """
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    missing = [column for column in STAFF_COLUMNS[:3] if column not in (rows.fieldnames or [])]
    if missing:
        names = ", ".join(missing)
        raise staff_file(1, f"缺少列 {names}。", f"columns are missing: {names}.")
    staff: list[NewStaff] = []
    for row in rows:
        posts = tuple(name.strip() for name in (row["posts"] or "").split(";") if name.strip())
        login, name = (row["login"] or "").strip(), (row["name"] or "").strip()
        if LOGIN_FORM.fullmatch(login) is None:
            problem = login_form()
            raise staff_file(rows.line_num, problem.zh, problem.en)
        if not name:
            problem = name_missing()
            raise staff_file(rows.line_num, problem.zh, problem.en)
        phone, password = (row.get("phone") or "").strip(), (row.get("password") or "").strip()
        staff.append(NewStaff(login, name, posts, phone, password or None))
    return staff


def disable_staff(session: Session, login: str, clock: Clock, by: Acting = COMMAND_LINE) -> None:
    """Closes an account: postings end today, sessions end now; the person's id stays in every record.

    Raises:
        Problem: `person-unknown`.
    """
    person, now = find_person(session, login), clock.now()
    person.disabled_at = now
    for posting in session.scalars(
        select(PostingRow).where(PostingRow.person_id == person.id, PostingRow.to_on.is_(None))
    ):
        posting.to_on = local_date(now)
    end_sessions(session, person.id, now)
    session.flush()
    record_staff(session, "staff.disabled", now, by, person=person.id)


def end_sessions(session: Session, person_id: str, now: datetime) -> int:
    """Revokes every open session of a person; how many."""
    rows = session.scalars(
        select(StaffSessionRow).where(
            StaffSessionRow.person_id == person_id, StaffSessionRow.revoked_at.is_(None)
        )
    ).all()
    for row in rows:
        row.revoked_at = now
    return len(rows)


def find_person(session: Session, login: str) -> PersonRow:
    """The person of an account.

    Raises:
        Problem: `person-unknown`.
    """
    person = session.scalars(select(PersonRow).where(PersonRow.login == login)).one_or_none()
    if person is None:
        raise unknown_person(login)
    return person


def posts_by_name(session: Session) -> dict[str, str]:
    """The open posts, name → id, in their order.

    Raises:
        Problem: `not-founded`.
    """
    posts = session.execute(
        select(PostRow.name, PostRow.id).where(PostRow.closed_on.is_(None)).order_by(PostRow.position)
    )
    found = dict(posts.all())
    if not found:
        raise not_founded()
    return found


def list_staff(session: Session, on: date, cursor: str | None = None, limit: int = 50) -> StaffPage:
    """The staff in the order of their accounts, with the posts held on a day.

    Args:
        cursor: the last account of the page before; None from the beginning.
    """
    query = select(PersonRow).order_by(PersonRow.login).limit(limit + 1)
    people = list(session.scalars(query.where(PersonRow.login > cursor) if cursor else query))
    page = people[:limit]
    ids = [person.id for person in page]
    posts = _post_names_of(session, ids, on)
    seen = dict(
        session.execute(
            select(StaffSessionRow.person_id, func.max(StaffSessionRow.seen_at))
            .where(StaffSessionRow.person_id.in_(ids))
            .group_by(StaffSessionRow.person_id)
        ).all()
    )
    lines = tuple(
        StaffLine(
            p.id, p.login, p.name, tuple(posts.get(p.id, ())), p.disabled_at is not None, seen.get(p.id)
        )
        for p in page
    )
    return StaffPage(lines, page[-1].login if len(people) > limit else None)


def _read_post_name(wanted: str) -> tuple[str, bool]:
    name = wanted.strip()
    return (name.removesuffix("(B)").strip(), True) if name.endswith("(B)") else (name, False)


def _post_names_of(session: Session, person_ids: Iterable[str], on: date) -> dict[str, list[str]]:
    rows = session.execute(
        select(PostingRow.person_id, PostRow.name, PostingRow.backup)
        .join(PostRow, PostRow.id == PostingRow.post_id)
        .where(
            PostingRow.person_id.in_(list(person_ids)),
            PostingRow.from_on <= on,
            (PostingRow.to_on.is_(None)) | (PostingRow.to_on >= on),
        )
        .order_by(PostingRow.backup, PostRow.position)
    )
    found: dict[str, list[str]] = {}
    for person_id, name, backup in rows:
        found.setdefault(person_id, []).append(f"{name}(B)" if backup else name)
    return found
