"""Pages of audits: the rounds, and one round as five stations and one bar (ui.md picture 3)."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, render_template, request, url_for

from node.audit import words
from node.audit.api import api
from node.audit.context import AuditContext
from node.audit.problems import count_out_of_range, form_unreadable
from node.audit.reading import first_leaf, list_asked, list_rounds, read_leaf, read_round
from node.audit.rules import COUNT_MOST
from node.audit.service import open_round
from node.kernel.database import Database
from node.kernel.problems import Problem
from node.people.gate import current_actor
from node.ui.access import allowed, staff
from node.ui.paging import asked
from node.ui.parts import RailEntry, WebPart
from node.ui.visit import go_to, say_next
from node.ui.wiring import use

pages = Blueprint("audit", __name__, template_folder="templates")
part = WebPart(
    staff=(pages,),
    api=(api,),
    rail=(RailEntry("audit.rounds", "抽查", "Audits", ("audit",), order=40),),
)
Answer = str | Response | tuple[str, int]
LEAVES_A_PAGE = 15
_NUMBERS = re.compile(r"[0-9]{1,15}")


@pages.get("/audit")
@staff("audit", "ledger.read")
def rounds() -> str:
    """Rounds of this node, for its auditor; and those put to it, for whoever reads its ledger."""
    return _rounds_page()


@pages.post("/audit")
@staff("audit")
def begin() -> Answer:
    """Opens a round."""
    form, actor, context = request.form, current_actor(), use(AuditContext)
    try:
        with use(Database).transaction() as session:
            row = open_round(
                context,
                session,
                form.get("target", "").strip(),
                _number(form.get("count", "")),
                indices=_places(form.get("indices", "")),
                actor=actor.person_id,
                post=actor.post_name,
            )
    except Problem as problem:
        return _rounds_page(problem), problem.status
    say_next(
        "种子已承诺。对方封存账本后,自动抽取并核验。",
        "The seed is committed. Once the ledger is sealed, entries are drawn and judged by themselves.",
    )
    return go_to(url_for("audit.round_page", round_id=row.id))


def _number(text: str) -> int:
    """Raises Problem `audit-count`."""
    if _NUMBERS.fullmatch(text.strip()) is None:
        raise count_out_of_range(COUNT_MOST)
    return int(text)


def _places(text: str) -> list[int]:
    """Numbers of entries as people write them, from 1, to indices, from 0.

    Raises:
        Problem: `audit-indices`.
    """
    found = re.split(r"[\s,,、;;]+", text.strip())
    places = [one for one in found if one != ""]
    if any(_NUMBERS.fullmatch(one) is None or int(one) < 1 for one in places):
        raise form_unreadable()
    return [int(one) - 1 for one in places]


@pages.get("/audit/<round_id>")
@staff("audit")
def round_page(round_id: str) -> str:
    """One round; `leaf` opens an entry, `cursor` goes on in the table."""
    with use(Database).reading() as session:
        view = read_round(use(AuditContext), session, round_id)
        wanted = _index(request.args.get("leaf")) if "leaf" in request.args else first_leaf(view.leaves)
        leaf = None if wanted is None else read_leaf(session, view.row, wanted)
    start = _index(asked().cursor) or 0
    rest = [one for one in view.leaves if one.index >= start]
    following = str(rest[LEAVES_A_PAGE].index) if len(rest) > LEAVES_A_PAGE else None
    return render_template(
        "audit/round.html",
        view=view,
        row=view.row,
        leaf=leaf,
        shown=rest[:LEAVES_A_PAGE],
        following=following,
        first=start == 0,
        keep=f"&cursor={start}" if start else "",
        **_words(),
    )


def _index(text: str | None) -> int | None:
    return int(text) if text is not None and _NUMBERS.fullmatch(text) else None


def _rounds_page(problem: Problem | None = None) -> str:
    where, context = asked(), use(AuditContext)
    with use(Database).reading() as session:
        mine = allowed("audit")
        lines, following = list_rounds(context, session, where.cursor, where.limit) if mine else ([], None)
        put = list_asked(context, session) if where.cursor is None else []
    return render_template(
        "audit/rounds.html",
        lines=lines,
        put=put,
        following=following,
        first=where.cursor is None,
        problem=problem,
        typed=request.form if problem is not None else {},
        most=COUNT_MOST,
        **_words(),
    )


def _words() -> dict[str, Any]:
    return {
        "states": words.STATES,
        "asked_states": words.ASKED_STATES,
        "outcomes": words.OUTCOMES,
        "shapes": words.SHAPES,
        "rules": words.RULES,
        "sentence_of": words.sentence_of,
    }
