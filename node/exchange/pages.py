"""What exchange contributes to the web: the federation's endpoints, the operator's calls and the network pages.

Whatever cannot be taken back is asked on a page of its own, with its effects and a reason (`act_pages`).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Blueprint, Response, render_template, request, url_for

from config.settings import Settings
from federation.errors import FederationError, TrustError
from node.exchange import problems
from node.exchange.act_pages import ACTS, ReasonedAct
from node.exchange.administration import Administration, Operator
from node.exchange.alert_words import alert_words
from node.exchange.api import ACT, api
from node.exchange.checks import (
    check_calendar,
    check_clock,
    check_disk,
    check_logs,
    check_queue,
    check_statement,
)
from node.exchange.endpoints import federation
from node.exchange.fsck import Checked
from node.exchange.identity import NodeFolder
from node.exchange.public_keys import keys_document
from node.exchange.readiness import READY
from node.exchange.repair import Repair
from node.exchange.standing import LEVELS, standing_of, tree_of
from node.exchange.words import HALTS, LINKS, OPENABLE, REASONS, ROLES
from node.kernel.calendar import WorkCalendar
from node.kernel.clock import local_date
from node.kernel.problems import Problem, from_federation
from node.ui.access import staff, viewer
from node.ui.parts import RailEntry, WebPart
from node.ui.visit import go_to, say_next
from node.ui.wiring import use

pages = Blueprint("network", __name__, template_folder="templates")
part = WebPart(
    staff=(pages,),
    federation=(federation,),
    api=(api,),
    rail=(RailEntry("network.overview", "网络", "Network", (ACT,), order=60),),
    ready=READY,
)
Answer = str | Response | tuple[str, int]
CODE, NAME_MAX = re.compile("[0-9]{12}"), 60
TAIL = 8
"""Last characters of a thumbprint: told by telephone, typed by the operator; the page shows only the rest."""


@pages.get("/network")
@staff(ACT)
def overview() -> str:
    """Neighbours, queues, links, alerts, what waits for the operator."""
    return _overview_page()


@pages.post("/network/alerts/<int:number>/close")
@staff(ACT)
def close_alert(number: int) -> Answer:
    """Somebody has dealt with it, and says how."""
    try:
        reason = problems.require_reason(request.form.get("reason", ""))
        use(Administration).close_alert(number, reason, by=_operator())
    except Problem as problem:
        return _overview_page(problem), problem.status
    say_next("告警已关闭。", "The alert is closed.")
    return go_to(url_for("network.overview"))


@pages.post("/network/entries/release")
@staff(ACT)
def release() -> Answer:
    """Lets what waits behind a set-aside entry pass: once more, or without it."""
    form = request.form
    try:
        with _refused():
            use(Administration).release(
                form.get("origin", ""),
                form.get("index", -1, int),
                "skip" if form.get("how") == "skip" else "retry",
                form.get("reason", ""),
                by=_operator(),
            )
    except Problem as problem:
        return _overview_page(problem), problem.status
    say_next("已放行。", "Released.")
    return go_to(url_for("network.overview"))


# --- children -----------------------------------------------------------------------------------------------


@pages.get("/network/invite")
@staff(ACT)
def invite() -> str:
    """Whom to invite."""
    return _invite_page()


@pages.post("/network/invite")
@staff(ACT)
def make_invitation() -> Answer:
    """The invitation, shown this once."""
    form = request.form
    try:
        code, name = form.get("code", "").strip(), form.get("name", "").strip()
        level = form.get("level", "")
        if CODE.fullmatch(code) is None or not 0 < len(name) <= NAME_MAX or level not in LEVELS:
            raise problems.invitation_incomplete()
        made = use(Administration).invite(
            code, level, name, replace_keys=form.get("replace") == "1", by=_operator()
        )
    except TrustError as error:
        problem = problems.invitation_unfit(error.detail)
        return _invite_page(problem), problem.status
    except Problem as problem:
        return _invite_page(problem), problem.status
    return render_template("exchange/invited.html", made=made), 201


@pages.get("/network/nodes/<code>")
@staff(ACT)
def neighbour(code: str) -> str:
    """One node: its keys, its streams, its statement."""
    return _neighbour_page(code)


@pages.post("/network/nodes/<code>/confirm")
@staff(ACT)
def confirm_keys(code: str) -> Answer:
    """The end of the thumbprint as the child's operator read it by telephone."""
    try:
        waiting = next((one for one in use(Administration).enrolling() if one.code == code), None)
        if waiting is None:
            raise problems.nothing_to_confirm(code)
        tail = "".join(request.form.get("tail", "").split())
        if tail != waiting.thumbprint[-TAIL:]:
            raise problems.tail_differs(TAIL)
        with _refused():
            use(Administration).confirm(code, waiting.thumbprint, by=_operator())
    except Problem as problem:
        return _neighbour_page(code, problem), problem.status
    say_next("新密钥已确认,旧密钥作废。", "The new keys are confirmed; the old ones have ended.")
    return go_to(url_for("network.neighbour", code=code))


# --- what cannot be taken back ------------------------------------------------------------------------------


@pages.get("/network/acts/<name>")
@staff(ACT)
def ask(name: str) -> str:
    """Asks, with the effects and for a reason."""
    return _act_page(_act(name), request.args.get("target", ""))


@pages.post("/network/acts/<name>")
@staff(ACT)
def perform(name: str) -> Answer:
    """Does it."""
    act, target = _act(name), request.form.get("target", "")
    try:
        with _refused():
            act.do(use(Administration), use(Repair), target, request.form.get("reason", ""), _operator())
    except Problem as problem:
        return _act_page(act, target, problem), problem.status
    say_next(*act.done)
    return go_to(url_for("network.overview"))


# --- this node ----------------------------------------------------------------------------------------------


@pages.get("/network/keys")
@staff(ACT)
def keys() -> str:
    """Public keys for outside tools, the pinned anchor, the parent's address."""
    return _keys_page()


@pages.post("/network/parent")
@staff(ACT)
def set_parent() -> Answer:
    """The parent has moved."""
    try:
        with _refused():
            use(Administration).set_parent_url(request.form.get("url", "").strip(), by=_operator())
    except Problem as problem:
        return _keys_page(problem), problem.status
    say_next("上级地址已更改,立即生效。", "The parent's address was changed and holds at once.")
    return go_to(url_for("network.keys"))


@pages.get("/network/checks")
@staff(ACT)
def checks() -> str:
    """What a look at the node tells."""
    return _checks_page()


@pages.post("/network/checks")
@staff(ACT)
def recompute() -> str:
    """Recomputes every log from its entries; changes nothing."""
    return _checks_page(use(Repair).check())


# --- inside -------------------------------------------------------------------------------------------------


def _operator() -> Operator:
    person = viewer()
    return Operator() if person is None else Operator(person.person_id, person.post_name)


@contextmanager
def _refused() -> Iterator[None]:
    """What the federation refuses, as a problem of the page."""
    try:
        yield
    except FederationError as error:
        raise from_federation(error) from error


def _act(name: str) -> ReasonedAct:
    if name not in ACTS:
        raise problems.no_such_act(name)
    return ACTS[name]


def _overview_page(problem: Problem | None = None) -> str:
    found = use(Administration).overview()
    return render_template(
        "exchange/overview.html",
        found=found,
        problem=problem,
        tree=tree_of(found),
        near=[
            (one, standing_of(one, found)) for one in found.neighbours if one.direct in ("parent", "child")
        ],
        enrolling={one.code for one in use(Administration).enrolling()},
        names={one.code: one.name for one in found.neighbours},
        alert_words=alert_words,
        links=LINKS,
        halts=HALTS,
        roles=ROLES,
        reasons=REASONS,
        openable=OPENABLE,
        may_invite=found.level != LEVELS[-1],
        is_top=found.parent is None,
    )


def _invite_page(problem: Problem | None = None) -> str:
    level = use(NodeFolder).identity().level
    return render_template(
        "exchange/invite.html",
        problem=problem,
        values=request.form if request.method == "POST" else request.args,
        levels=LEVELS[LEVELS.index(level) + 1 :],
        public_url=use(Settings).public_url,
    )


def _neighbour_page(code: str, problem: Problem | None = None) -> str:
    found = use(Administration).overview()
    one = next((near for near in found.neighbours if near.code == code), None)
    if one is None:
        raise problems.unknown_node(code)
    waiting = next((near for near in use(Administration).enrolling() if near.code == code), None)
    return render_template(
        "exchange/neighbour.html",
        found=found,
        one=one,
        standing=standing_of(one, found),
        problem=problem,
        shown=waiting.thumbprint[:-TAIL] if waiting is not None else "",
        tail=TAIL,
        alerts=[alert for alert in found.alerts if alert.peer == code],
        alert_words=alert_words,
    )


def _act_page(act: ReasonedAct, target: str, problem: Problem | None = None) -> str:
    return render_template(
        "exchange/act.html",
        act=act,
        target=target,
        problem=problem,
        typed=request.form.get("reason", ""),
        names={one.code: one.name for one in use(Administration).overview().neighbours},
    )


def _keys_page(problem: Problem | None = None) -> str:
    return render_template(
        "exchange/keys.html",
        document=keys_document(use(NodeFolder).identity()),
        found=use(Administration).overview(),
        problem=problem,
    )


def _checks_page(checked: Checked | None = None) -> str:
    found, settings = use(Administration).overview(), use(Settings)
    year = local_date(found.at).year
    return render_template(
        "exchange/checks.html",
        findings=[
            check_clock(found.clock_delta_s),
            check_statement(found),
            check_disk(shutil.disk_usage(settings.data_dir).free),
            check_calendar(year, is_official=use(WorkCalendar).is_official(year)),
            check_queue(found),
            *check_logs(found),
        ],
        checked=checked,
    )
