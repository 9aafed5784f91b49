"""Pages of people: signing in and out, one's own password, and the staff screen of an operator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, render_template, request, url_for

from node.kernel.clock import local_date
from node.kernel.database import Database
from node.kernel.problems import Problem
from node.people.api import api
from node.people.facts import acting
from node.people.gate import current_actor
from node.people.passwords import Passwords
from node.people.problems import passwords_differ, staff_file
from node.people.service import (
    Added,
    NewStaff,
    add_staff,
    list_staff,
    posts_by_name,
    prepare_staff,
    read_staff_list,
)
from node.people.sign_in import SignIn
from node.ui.access import entrance, limited, staff
from node.ui.paging import asked
from node.ui.parts import Kit, RailEntry, WebPart
from node.ui.visit import SESSION_COOKIE, end_session, go_to, local_path, say_next, start_session
from node.ui.wiring import use

pages = Blueprint("people", __name__, template_folder="templates")
part = WebPart(
    staff=(pages,),
    api=(api,),
    rail=(RailEntry("people.staff_list", "人员", "Staff", ("staff.read",), order=70),),
)
Answer = str | Response | tuple[str, int]
IMPORT_MAX = 500
"""Lines of one staff list: each costs one password hash."""


@pages.get("/sign-in")
@entrance
def sign_in() -> str:
    """The door."""
    return _sign_in_page()


@pages.post("/sign-in")
@limited("30 per minute")
@entrance
def enter() -> Answer:
    """Tries account and password."""
    login, password = request.form.get("login", "").strip(), request.form.get("password", "")
    try:
        secret = use(SignIn).open_session(login, password, request.remote_addr or "")
    except Problem as problem:
        return _sign_in_page(login, problem), problem.status
    answer = go_to(local_path(request.form.get("next"), url_for("start")))
    start_session(answer, secret)
    return answer


@pages.post("/sign-out")
@entrance
def sign_out() -> Response:
    """Ends the session, here and in the database."""
    use(SignIn).close_session(request.cookies.get(SESSION_COOKIE, ""))
    say_next("已退出。", "Signed out.")
    answer = go_to(url_for("people.sign_in"))
    end_session(answer)
    return answer


@pages.get("/me/password")
@staff()
def password() -> str:
    """One's own password."""
    return render_template("people/password.html", actor=current_actor(), problem=None)


@pages.post("/me/password")
@staff()
def change_password() -> Answer:
    """Changes it and signs in anew: every other session of the person has ended."""
    actor, form = current_actor(), request.form
    try:
        if form.get("new", "") != form.get("again", ""):
            raise passwords_differ()
        use(SignIn).change_password(actor.person_id, form.get("current", ""), form.get("new", ""))
        secret = use(SignIn).open_session(actor.login, form.get("new", ""), request.remote_addr or "")
    except Problem as problem:
        return render_template("people/password.html", actor=actor, problem=problem), problem.status
    say_next("密码已修改,其他地方的登录都已退出。", "Password changed; you were signed out everywhere else.")
    answer = go_to(url_for("start"))
    start_session(answer, secret)
    return answer


@pages.get("/staff")
@staff("staff.read")
def staff_list() -> str:
    """Who works here, in the order of accounts."""
    return _staff_page()


@pages.post("/staff")
@staff("staff.add")
def add_one() -> Answer:
    """Adds one person; the first password is shown once."""
    form = request.form
    try:
        new = NewStaff(
            form.get("login", "").strip().lower(),
            form.get("name", ""),
            tuple(form.getlist("posts")),
            form.get("phone", "").strip(),
        )
        return _staff_page(added=_add([new])), 201
    except Problem as problem:
        return _staff_page(problem=problem), problem.status


@pages.post("/staff/import")
@staff("staff.add")
def import_list() -> Answer:
    """Adds a list, all of it or nothing; the first passwords are shown once."""
    try:
        return _staff_page(added=_add(_read_upload())), 201
    except Problem as problem:
        return _staff_page(problem=problem), problem.status


def _read_upload() -> list[NewStaff]:
    upload = request.files.get("list")
    raw = upload.read() if upload is not None and upload.filename else b""
    try:
        text = raw.decode("utf-8-sig") or request.form.get("text", "")
    except UnicodeDecodeError:
        text = raw.decode("gb18030", errors="replace")  # what a spreadsheet on a Chinese Windows writes
    people = read_staff_list(text)
    if len(people) > IMPORT_MAX:
        raise staff_file(
            IMPORT_MAX, f"一次最多 {IMPORT_MAX} 人,请分次导入。", f"at most {IMPORT_MAX} people at a time."
        )
    return people


def _add(people: Sequence[NewStaff]) -> list[Added]:
    passwords, clock = use(Passwords), use(Kit).clock
    prepared = [prepare_staff(passwords, one) for one in people]
    by = acting(current_actor())
    with use(Database).transaction() as session:
        return [add_staff(session, one, clock, by) for one in prepared]


def _sign_in_page(login: str = "", problem: Problem | None = None) -> str:
    wanted = request.values.get("next", "")
    return render_template("people/sign_in.html", login=login, problem=problem, wanted=wanted)


def _staff_page(problem: Problem | None = None, added: Sequence[Added] = ()) -> str:
    where, now = asked(50), use(Kit).clock.now()
    with use(Database).reading() as session:
        page = list_staff(session, local_date(now), where.cursor, where.limit)
        posts = list(posts_by_name(session))
    shown: dict[str, Any] = {"page": page, "posts": posts, "problem": problem, "added": added}
    typed = request.form if problem is not None else {}
    chosen = request.form.getlist("posts") if problem is not None else []
    return render_template(
        "people/staff.html", typed=typed, chosen=chosen, first=where.cursor is None, **shown
    )
