"""Registering at the desk: choose the item, fill the form, tick the materials, hand out the slip."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from flask import render_template, request, url_for
from sqlalchemy.orm import Session

from node.cases.acts import do_act
from node.cases.api import denials_recorded
from node.cases.attachments import attach
from node.cases.destinations import destinations_of
from node.cases.intake import take_in
from node.cases.pages_matter import ACCEPTED_FILES, uploads
from node.cases.routes import desk_for
from node.cases.staff_pages import Answer, blocks, context, pages, typed, worker
from node.cases.tables import CaseRow
from node.catalogue.forms import KIND_WORDS, Form, form_for
from node.catalogue.guide import HANDLING_WORDS, guide_of, material_words, theme_words
from node.catalogue.rules import ItemVersion
from node.catalogue.service import ItemFilter, list_items, require_in_force, themes
from node.exchange.stores import SqlDatabase
from node.kernel.database import Database
from node.kernel.problems import Problem
from node.ui.access import staff
from node.ui.idempotency import once
from node.ui.paging import asked
from node.ui.templating import say
from node.ui.visit import go_to, say_next
from node.ui.wiring import use

OUTWARD = frozenset({403, 404})


@pages.get("/register")
@staff("desk")
def choose_item() -> Answer:
    """Which item: by search, or by theme."""
    where, query, theme = asked(30), request.args.get("q", "")[:80], request.args.get("theme", "")
    here = context()
    wanted = ItemFilter(query, here.level, theme or None)
    with use(Database).reading() as session:
        page = list_items(session, here.today(), wanted, where.cursor, where.limit)
        counted = themes(session, here.today(), here.level)
    return render_template(
        "cases/choose_item.html",
        query=query,
        theme=theme,
        page=page,
        lines=[guide_of(one, here.level) for one in page.lines],
        themes=[(name, theme_words(name), count) for name, count in counted.items()],
        first=where.cursor is None,
    )


@pages.get("/register/<item>")
@staff("desk")
def new_matter(item: str) -> Answer:
    """The form of an item."""
    with use(Database).reading() as session:
        version = require_in_force(session, item, context().today())
        kinds = form_for(version).kinds
        kind = request.args.get("kind", "")
        values = {"applicant.kind": kind if kind in kinds else kinds[0]}
        return _form_page(session, version, values, [], secrets.token_urlsafe(18))


@pages.post("/register/<item>")
@staff("desk")
def register_matter(item: str) -> Answer:
    """Registers it, once for a form however often it is sent."""
    acting = worker()

    def act(session: Session) -> Mapping[str, Any]:
        version = require_in_force(session, item, context().today())
        made = take_in(context(), session, _filled(item), _channel(version), acting)
        _attach_all(session, made.case, version)
        if typed("destination"):
            session.flush()
            do_act(
                context(),
                session,
                made.case.number,
                "offer",
                acting,
                {"destination": typed("destination")},
            )
        notice = {"zh": made.notice[0], "en": made.notice[1]} if made.notice is not None else None
        return {"number": made.case.number, "notice": notice}

    try:
        with denials_recorded():
            done = once(typed("key"), act)
    except Problem as problem:
        if problem.status in OUTWARD:
            raise
        with use(Database).reading() as session:
            version = require_in_force(session, item, context().today())
            page = _form_page(
                session, version, dict(request.form), request.form.getlist("materials"), typed("key"), problem
            )
        return page, problem.status
    if done.get("notice"):
        say_next(done["notice"]["zh"], done["notice"]["en"], "info")
    return go_to(url_for("cases.registered", number=done["number"]))


def _channel(version: ItemVersion) -> str:
    return "proxy" if desk_for(version, context().level).proxied else "window"


def _filled(item: str) -> dict[str, Any]:
    form = request.form
    return {
        "item": item,
        "applicant": blocks(form, "applicant"),
        "agent": blocks(form, "agent"),
        "form": blocks(form, "form"),
        "materials": [*form.getlist("materials"), *_with_files(item)],
    }


def _with_files(item: str) -> list[str]:
    """A material somebody chose a file for is there, ticked or not."""
    named = [name.removeprefix("file.") for name, file in request.files.items(multi=True) if file.filename]
    return [name for name in dict.fromkeys(named) if name]


def _attach_all(session: Session, case: CaseRow, version: ItemVersion) -> None:
    for material in version.materials:
        for name, media, content in uploads(f"file.{material.id}"):
            attach(
                context(),
                session,
                case,
                worker(),
                material=material.id,
                name=name,
                media=media,
                content=content,
            )


def _form_page(
    session: Session,
    version: ItemVersion,
    values: Mapping[str, Any],
    chosen: Sequence[str],
    key: str,
    problem: Problem | None = None,
) -> str:
    form, level = form_for(version), context().level
    desk = desk_for(version, level)
    errors = problem.members.get("errors", []) if problem is not None else []
    kind = str(values.get("applicant.kind") or form.kinds[0])
    return render_template(
        "cases/new.html",
        version=version,
        guide=guide_of(version, level),
        handling=HANDLING_WORDS[version.handling],
        form=form,
        kind=kind if kind in form.kinds else form.kinds[0],
        kinds=[(name, KIND_WORDS[name]) for name in form.kinds],
        values=values,
        wrong={error["field"]: say(error) for error in errors},
        errors=errors,
        problem=problem,
        agent_open=_agent_open(values, form),
        materials=[(one, material_words(one)) for one in version.materials],
        chosen=chosen,
        had_files=any(name.startswith("file.") and file.filename for name, file in request.files.items()),
        accepted_files=ACCEPTED_FILES,
        key=key,
        desk=desk,
        destinations=(
            destinations_of(use(SqlDatabase).within(session).members, desk.next_level or "")
            if desk.leads_down(level)
            else []
        ),
        leads_down=desk.leads_down(level),
        receiver=_receiver(session, desk.next_level) if not desk.leads_down(level) else "",
    )


def _receiver(session: Session, level: str | None) -> str:
    code = context().ancestor_at(session, level) if level is not None else None
    return context().name_of(session, code) if code is not None else ""


def _agent_open(values: Mapping[str, Any], form: Form) -> bool:
    return any(str(values.get(f"agent.{field.id}", "")).strip() for field in form.agent)
