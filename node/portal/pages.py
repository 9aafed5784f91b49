"""Pages for citizens without an account: home, handing in online, a matter by its query code, checking a slip.

A query code only ever travels in the body of a form; what it opens is remembered by `portal.grant` for half an hour.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request, url_for
from sqlalchemy.orm import Session

from config.settings import Settings
from node.cases.change import find_case
from node.cases.citizens import find_by_query_code
from node.cases.context import CaseContext
from node.cases.slip import FOOT, NOT_WITNESSED, slip_of
from node.cases.supplements import withdraw
from node.cases.workers import APPLICANT
from node.catalogue.guide import theme_words
from node.catalogue.rules import ItemType
from node.catalogue.service import all_in_force, themes
from node.exchange.identity import NodeFolder
from node.kernel.database import Database
from node.kernel.problems import Problem
from node.ledger.proofs import LedgerProofs
from node.people.actors import serving_today, the_institution
from node.portal.applying import (
    apply_once,
    asked_of,
    can_apply,
    filled_of,
    form_token,
    uploads_of,
)
from node.portal.checking import SlipCode, check_file, check_own, head_of, read_slip_code, slip_code
from node.portal.grant import is_open, open_matter, shut
from node.portal.matter import proof_state, read_matter
from node.portal.problems import matter_shut, nothing_to_check
from node.portal.supplying import supply
from node.ui.access import limited, public
from node.ui.idempotency import once
from node.ui.panels import Panel
from node.ui.parts import PanelProvider, RailEntry, WebPart
from node.ui.visit import go_to, language, say_next
from node.ui.wiring import use

pages = Blueprint("portal", __name__, template_folder="templates")
case_parts = Blueprint("portal_cases", "node.cases", template_folder="templates")
"""No routes: makes way and slip of the case pages known where no staff is served."""
Answer = str | Response | tuple[str, int]
LOOKUPS = "20 per minute"
"""From one address: guessing twelve digits at that pace takes longer than the matter is kept."""
SENDINGS = "20 per minute"
RUNNING_DIGITS = 13
FRESH = timedelta(minutes=5)
"""So long the slip page says that the matter was just registered."""


def _apply_link(item: Any) -> Panel | None:
    """The way from an item's guide to its online form, where this node takes it in."""
    if not can_apply(item, use(CaseContext).level):
        return None
    return Panel("网上申办", "Apply online", "portal/_apply_link.html", {"code": item.code})


part = WebPart(
    public=(pages, case_parts),
    menu=(
        RailEntry("portal.query", "查办件", "Track a matter", order=10),
        RailEntry("portal.verify", "核验凭证", "Check a slip", order=30),
    ),
    panels=(PanelProvider("guide", _apply_link),),
)


# --- home ---------------------------------------------------------------------------------------------------


@pages.get("/")
@public
def home() -> str:
    """What do you need; where is my matter; who serves here today."""
    context = use(CaseContext)
    today = context.today()
    with use(Database).reading() as session:
        items = all_in_force(session, today)
        return render_template(
            "portal/home.html",
            bundles=[
                one for one in items if one.type is ItemType.BUNDLE and context.level in one.intake_levels
            ],
            themes=[
                (theme, theme_words(theme), count)
                for theme, count in themes(session, today, context.level).items()
            ],
            serving=[one for one in serving_today(session, today) if one.holder],
            institution=the_institution(session),
            values={},
            problem=None,
        )


# --- a matter -----------------------------------------------------------------------------------------------


@pages.get("/query")
@public
def query() -> str:
    """Number and query code; a link on a slip may fill in the number, never the code."""
    number = re.sub("[^0-9]", "", request.args.get("number", ""))[:25]
    return render_template("portal/query.html", values={"number": number}, problem=None)


@pages.post("/query")
@limited(LOOKUPS)
@public
def look_up() -> Answer:
    """Opens the matter for a while in this browser."""
    typed = re.sub(r"[\s-]", "", request.form.get("number", ""))
    context = use(CaseContext)
    number = context.code + typed if len(typed) == RUNNING_DIGITS else typed
    try:
        with use(Database).reading() as session:
            found = find_by_query_code(context, session, number, request.form.get("query_code", "")).number
    except Problem as problem:
        return render_template("portal/query.html", values={"number": typed}, problem=problem), problem.status
    return open_matter(go_to(url_for("portal.matter", number=found)), found)


@pages.get("/matter/<number>")
@public
def matter(number: str) -> Answer:
    """How it stands, who has it, what comes next."""
    if not is_open(number):
        return go_to(url_for("portal.query", number=number))
    return _matter_page(number)


@pages.get("/matter/<number>/slip")
@public
def slip(number: str) -> Answer:
    """The slip, to be printed or written down."""
    if not is_open(number):
        return go_to(url_for("portal.query", number=number))
    context = use(CaseContext)
    with use(Database).reading() as session:
        case = find_case(session, number)
        text = render_template(
            "portal/slip.html",
            slip=slip_of(context, session, case),
            number=number,
            size="80" if request.args.get("size") == "80" else "a5",
            fresh=context.now() - case.registered_at < FRESH,
            witnessed=proof_state(use(LedgerProofs), session, case.registered_fact) == "witnessed",
            foot=FOOT,
            not_witnessed=NOT_WITNESSED,
        )
    return _private(text)


@pages.get("/matter/<number>/proof")
@limited(LOOKUPS)
@public
def proof(number: str) -> Answer:
    """The proof file."""
    if not is_open(number):
        return go_to(url_for("portal.query", number=number))
    with use(Database).reading() as session:
        made = use(LedgerProofs).of_fact(session, find_case(session, number).registered_fact)
    answer = _private(made.text)
    answer.headers["Content-Type"] = "text/plain; charset=utf-8"
    answer.headers["Content-Disposition"] = f'attachment; filename="{number}.tlog-proof"'
    answer.headers["Bianmin-Witnessed"] = "yes" if made.is_witnessed else "no"
    return answer


@pages.get("/matter/<number>/withdraw")
@public
def ask_withdraw(number: str) -> Answer:
    """Asks once more before a matter is stopped."""
    if not is_open(number):
        return go_to(url_for("portal.query", number=number))
    with use(Database).reading() as session:
        found = read_matter(use(CaseContext), use(LedgerProofs), session, number)
    return _private(render_template("portal/withdraw.html", matter=found, number=number))


@pages.post("/matter/<number>/withdraw")
@limited(SENDINGS)
@public
def withdraw_it(number: str) -> Answer:
    """Stops it, or asks whoever holds it to."""
    _require_open(number)
    context = use(CaseContext)
    try:
        with use(Database).transaction() as session:
            done = withdraw(context, session, find_case(session, number, lock=True), APPLICANT)
    except Problem as problem:
        return _matter_page(number, problem)
    if done:
        say_next("已撤回。", "Withdrawn.")
    else:
        say_next(
            "撤回申请已交给正在承办的单位,由它答复;结果会显示在这里。",
            "Your request was passed to the office that holds the matter; its answer will be shown here.",
        )
    return go_to(url_for("portal.matter", number=number))


@pages.post("/matter/<number>/materials")
@limited(SENDINGS)
@public
def add_materials(number: str) -> Answer:
    """Files of papers that are not there yet."""
    _require_open(number)
    context, most = use(CaseContext), use(Settings).attachments_per_case
    try:
        uploads = uploads_of(request.files, most)
        with use(Database).transaction() as session:
            done = supply(context, session, number, uploads, most)
    except Problem as problem:
        return _matter_page(number, problem)
    if done.missing:
        zh, en = "、".join(done.missing), ", ".join(done.missing)
        say_next(
            f"已收到 {done.files} 个文件,还缺:{zh}。",
            f"{done.files} files kept; still missing: {en}.",
            "info",
        )
    elif done.handed_in:
        say_next("已收到,补正材料已交出。", "Received; the supplement was handed in.")
    else:
        say_next(f"已收到 {done.files} 个文件。", f"{done.files} files received.")
    return go_to(url_for("portal.matter", number=number))


@pages.post("/matter/<number>/leave")
@public
def leave(number: str) -> Response:
    """Shuts the matter in this browser: on a shared machine nothing stays open."""
    say_next("已退出,本浏览器里不再显示这一件。", "Shut; this browser no longer shows the matter.")
    return shut(go_to(url_for("portal.home")))


# --- handing in online --------------------------------------------------------------------------------------


@pages.get("/apply/<code>")
@public
def apply(code: str) -> str:
    """The form of an item."""
    return _apply_page(code, request.args.get("kind", ""))


@pages.post("/apply/<code>")
@limited(SENDINGS)
@public
def send_in(code: str) -> Answer:
    """Registers the matter; the slip follows."""
    form, context = request.form, use(CaseContext)
    kind = form.get("applicant.kind", "")
    try:
        with use(Database).reading() as session:
            kind = asked_of(context, session, code, kind).kind
        uploads = uploads_of(request.files, use(Settings).attachments_per_case)
        filled = filled_of(code, kind, form, uploads)

        def act(session: Session) -> dict[str, Any]:
            return apply_once(context, session, filled, uploads)

        number = str(once(form_token(form.get("token", "")), act)["number"])
    except Problem as problem:
        return _apply_page(code, kind, problem), problem.status
    return open_matter(go_to(url_for("portal.slip", number=number)), number)


# --- checking a slip ----------------------------------------------------------------------------------------


@pages.get("/verify")
@limited(LOOKUPS)
@public
def verify() -> Answer:
    """What a slip's code leads to, and the form for a proof file."""
    if not request.args.get("l"):
        return _verify_page()
    try:
        return _verify_page(code=slip_code(request.args.get("o", ""), request.args["l"]), look=True)
    except Problem as problem:
        return _verify_page(problem=problem), problem.status


@pages.post("/verify")
@limited(LOOKUPS)
@public
def judge() -> Answer:
    """Judges a proof file; or follows the text of a QR code."""
    try:
        told = request.form.get("code", "").strip()
        code = read_slip_code(told) if told else None
        file = request.files.get("file")
        if file is None or not file.filename:
            if code is None:
                raise nothing_to_check()
            return go_to(url_for("portal.verify", o=code.origin, l=code.packed))
        return _verify_page(content=file.read(), code=code)
    except Problem as problem:
        return _verify_page(problem=problem), problem.status


# --- inside -------------------------------------------------------------------------------------------------


def _require_open(number: str) -> None:
    if not is_open(number):
        raise matter_shut()


def _matter_page(number: str, problem: Problem | None = None) -> Response:
    with use(Database).reading() as session:
        found = read_matter(use(CaseContext), use(LedgerProofs), session, number)
    text = render_template(
        "portal/matter.html", matter=found, number=number, problem=problem, language=language()
    )
    return _private(text, 200 if problem is None else problem.status)


def _private(body: str, status: int = 200) -> Response:
    answer = make_response(body, status)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _apply_page(code: str, kind: str, problem: Problem | None = None) -> str:
    context, settings = use(CaseContext), use(Settings)
    with use(Database).reading() as session:
        asked = asked_of(context, session, code, kind)
    errors = list(problem.members.get("errors", [])) if problem is not None else []
    return render_template(
        "portal/apply.html",
        asked=asked,
        values=request.form,
        errors=errors,
        wrong={one["field"]: one for one in errors},
        problem=problem,
        token=form_token(request.form.get("token", "")),
        limit_bytes=settings.attachment_bytes,
        had_files=any(one.filename for one in request.files.values()),
    )


def _verify_page(
    *,
    content: bytes | None = None,
    code: SlipCode | None = None,
    look: bool = False,
    problem: Problem | None = None,
) -> str:
    """The page; `look`: show what the code alone leads to."""
    context, proofs = use(CaseContext), use(LedgerProofs)
    checked, head, told = None, None, problem
    with use(Database).reading() as session:
        institution = the_institution(session)
        trust = use(NodeFolder).read_trust()
        parent = None if trust is None else trust.parent_code
        if content is not None:
            checked = check_file(proofs, context, session, content, code)
        elif code is not None and look:
            head = head_of(proofs, context, session, code)
            if head.place == "own":
                found = check_own(proofs, context, session, code)
                checked, told = (None, found) if isinstance(found, Problem) else (found, told)
        above = {
            "name": context.name_of(session, parent) if parent else "",
            "url": trust.parent_url if trust is not None else "",
        }
    return render_template(
        "portal/verify.html",
        code=code,
        checked=checked,
        head=head,
        problem=told,
        institution=institution,
        above=above,
    )
