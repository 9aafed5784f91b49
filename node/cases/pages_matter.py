"""One matter: its way, truths, clocks, materials, papers, history, and what the reader may do now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Response, make_response, render_template, request, url_for
from sqlalchemy.orm import Session

from node.cases.act_pages import ACT_PAGES, QUIET, main_act
from node.cases.api import denials_recorded
from node.cases.attachments import MEDIA, attach, open_attachment
from node.cases.change import find_case
from node.cases.intake_problems import attachment_unreadable
from node.cases.matter import MatterPage, clock_state, matter_page
from node.cases.register import CHANNELS, UNKNOWN_CHANNEL
from node.cases.staff_pages import Answer, Words, context, pages, tongue, worker
from node.cases.work_lines import status_tag
from node.catalogue.forms import Form, form_for
from node.catalogue.guide import HANDLING_WORDS
from node.catalogue.rules import Field
from node.kernel.database import Database
from node.kernel.problems import Problem
from node.ui.access import staff
from node.ui.panels import panels_for
from node.ui.templating import say
from node.ui.visit import go_to, say_next
from node.ui.wiring import use

CHANNEL_WORDS: Mapping[str, Words] = {
    "window": ("窗口", "at the window"),
    "proxy": ("代办", "by an agent"),
    "online": ("网上", "online"),
    UNKNOWN_CHANNEL: ("来路不详", "unknown how"),
}
assert set(CHANNEL_WORDS) == {*CHANNELS, UNKNOWN_CHANNEL}
ENTRUSTMENT_WORDS: Mapping[str, Words] = {
    "ENTRUSTED": ("已委托,待签委托书", "entrusted, paper to be signed"),
    "COLLECTED": ("委托书已签,材料已收齐", "signed, papers collected"),
    "OFFERED": ("已送出", "sent off"),
    "RESULT_IN": ("结果已到", "result in"),
    "HANDED_OVER": ("已交申请人", "handed over"),
    "CLOSED": ("代办结束", "ended"),
}
ACCEPTED_FILES = ",".join(sorted(MEDIA))


@pages.get("/matters/<number>")
@staff("desk")
def matter(number: str) -> Answer:
    """The page of one matter."""
    with use(Database).reading() as session:
        case = find_case(session, number)
        return draw_matter(session, matter_page(context(), session, case, worker()))


@pages.post("/matters/<number>/attachments")
@staff("desk")
def add_attachments(number: str) -> Answer:
    """Adds files to a material."""
    material, files = request.form.get("material", ""), uploads("file")
    try:
        if not files:
            raise attachment_unreadable()
        with denials_recorded(), use(Database).transaction() as session:
            case = find_case(session, number, lock=True)
            for name, media, content in files:
                attach(
                    context(),
                    session,
                    case,
                    worker(),
                    material=material,
                    name=name,
                    media=media,
                    content=content,
                )
    except Problem as problem:
        if problem.status in (403, 404):
            raise
        with use(Database).reading() as session:
            page = matter_page(context(), session, find_case(session, number), worker())
            return draw_matter(session, page, problem=problem), problem.status
    say_next(f"已加入 {len(files)} 个附件。", f"Attachments added: {len(files)}.")
    return go_to(url_for("cases.matter", number=number) + "#materials")


@pages.get("/matters/<number>/attachments/<sha256>")
@staff("desk")
def attachment(number: str, sha256: str) -> Response:
    """The file itself, decrypted, for saving."""
    with use(Database).reading() as session:
        opened = open_attachment(context(), session, find_case(session, number), sha256)
    answer = make_response(opened.content)
    answer.headers["Content-Type"] = opened.media
    answer.headers.set("Content-Disposition", "attachment", filename=opened.name)
    return answer


def uploads(field: str) -> list[tuple[str, str, bytes]]:
    """The files of a form field as (name, media type, bytes); empty choices are left out."""
    return [
        (file.filename or "", file.mimetype or "application/octet-stream", file.read())
        for file in request.files.getlist(field)
        if file.filename
    ]


def draw_matter(
    session: Session,
    page: MatterPage,
    *,
    shown: Mapping[str, Any] | None = None,
    problem: Problem | None = None,
) -> str:
    """The page itself.

    Args:
        shown: personal values in full, after `unmask`.
        problem: what was refused just now.
    """
    personal = page.case.personal or {}
    applicant = shown["applicant"] if shown is not None else page.plain["applicant"]
    first = main_act(page.acts, something_missing=bool(page.missing) and page.case.status == "RECEIVED")
    fields = form_for(page.version)
    return render_template(
        "cases/matter.html",
        page=page,
        case=page.case,
        version=page.version,
        tag=status_tag(page.case.status),
        handling=HANDLING_WORDS[page.version.handling],
        channel=CHANNEL_WORDS[page.case.channel],
        entrustment=ENTRUSTMENT_WORDS.get(page.case.entrustment),
        picture_svg=page.picture.svg(tongue()),
        applicant=[*labelled(applicant, by_id(_block_of(fields, applicant))), *_agent_of(fields, applicant)],
        form=labelled(shown["form"], by_id(page.version.fields)) if shown else [],
        form_kept=bool(personal.get("form")),
        shown=shown is not None,
        problem=problem,
        act_pages=ACT_PAGES,
        first_act=first,
        other_acts=[act for act in page.acts if act != first and act not in QUIET],
        clock_state=clock_state,
        at_home=page.case.home == context().code,
        declined=next((row for row in reversed(page.offers) if row.state == "DECLINED"), None),
        panels=panels_for("case", page.case.id),
        accepted_files=ACCEPTED_FILES,
    )


def by_id(fields: Iterable[Field]) -> dict[str, Field]:
    """Fields by their id."""
    return {field.id: field for field in fields}


def labelled(values: Mapping[str, Any], fields: Mapping[str, Field]) -> list[tuple[str, str]]:
    """Values of a form as (label, text), choices and money in words; in the order of the fields."""
    found: list[tuple[str, str]] = []
    for name, field in fields.items():
        value = values.get(name)
        if value in (None, ""):
            continue
        text = str(value)
        if field.type == "choice":
            choice = next((one for one in field.choices if one.value == value), None)
            text = say((choice.zh, choice.en)) if choice is not None else text
        elif field.type == "money" and isinstance(value, int):
            text = f"{value / 100:,.2f}"
        found.append((say((field.zh, field.en)), text))
    return found


def _block_of(form: Form, applicant: Mapping[str, Any]) -> tuple[Field, ...]:
    kind = str(applicant.get("kind") or form.kinds[0])
    return form.applicant.get(kind) or form.applicant[form.kinds[0]]


def _agent_of(form: Form, applicant: Mapping[str, Any]) -> list[tuple[str, str]]:
    agent = applicant.get("agent")
    return labelled(agent, by_id(form.agent)) if isinstance(agent, Mapping) else []
