"""What the page of one matter shows, read from the rows of this node: its way, truths, holder, clocks, offers.

The citizens' pages draw the same way (`picture_of`). Reading only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from node.cases.acts import possible_acts_of
from node.cases.change import require_version
from node.cases.clocks import CaseClock
from node.cases.context import CaseContext
from node.cases.custody import Custody
from node.cases.reading import ClockLine, changes_of, clock_lines, offers_of, truths_of, way_of
from node.cases.routes import OUTSIDE, Desk, desk_for
from node.cases.states import TERMINAL, Status
from node.cases.tables import CaseChangeRow, CaseOfferRow, CaseRow
from node.cases.truths import Truths
from node.cases.view import plain_attachments, plain_case, plain_history, plain_materials, plain_papers
from node.cases.way_picture import Lane, WayPicture
from node.cases.workers import Worker
from node.catalogue.rules import ItemVersion

Words = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Truth:
    """One of the five truths: what it says, whose word it is, and since when (None: not yet)."""

    words: Words
    witness: Words
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has the matter now.

    Attributes:
        post: the post that acted last there, "" when none is known.
        waiting: the node that holds an offer of it unanswered, "" when none does.
    """

    level: str
    name: str
    post: str
    here: bool
    waiting: str = ""


@dataclass(frozen=True)
class MatterPage:
    """One matter, as staff see it. `plain` is `view.plain_case`: masked."""

    case: CaseRow
    version: ItemVersion
    desk: Desk
    plain: Mapping[str, Any]
    picture: WayPicture
    truths: Truths
    five: Sequence[Truth]
    holder: Holder
    clocks: Sequence[ClockLine]
    materials: Sequence[Mapping[str, Any]]
    attachments: Sequence[Mapping[str, Any]]
    papers: Sequence[Mapping[str, Any]]
    history: Sequence[tuple[CaseChangeRow, Mapping[str, Any]]]
    offers: Sequence[CaseOfferRow]
    names: Mapping[str, str]
    acts: Sequence[str]
    mark: str

    @property
    def is_mirror(self) -> bool:
        """Held elsewhere: what is shown is as of the custodian's last word."""
        return self.case.custody_state == Custody.AWAY

    @property
    def is_over(self) -> bool:
        """Nothing more will happen to it."""
        return Status(self.case.status) in {*TERMINAL, Status.CLOSED}

    @property
    def missing(self) -> list[Mapping[str, Any]]:
        """Required materials that are not there."""
        return [one for one in self.materials if one["required"] and not one["present"]]

    @property
    def is_decided_outside(self) -> bool:
        """The province decides; here its decision is recorded."""
        return self.version.deciding_level == OUTSIDE

    @property
    def main_clock(self) -> ClockLine | None:
        """The clock that runs out first."""
        running = [line for line in self.clocks if line.left_days is not None]
        return min(running, key=lambda line: line.clock.due_on or date.max, default=None)


def matter_page(context: CaseContext, session: Session, case: CaseRow, worker: Worker) -> MatterPage:
    """Everything the page shows.

    Args:
        worker: who looks; their acts are offered.
    """
    version = require_version(context, session, case)
    acts = possible_acts_of(context, session, case, worker)
    plain = plain_case(context, session, case, acts)
    truths = truths_of(context, session, case)
    changes = changes_of(session, case.id)
    offers = offers_of(session, case.id)
    codes = {code for row in offers for code in (row.offered_by, row.addressee)}
    return MatterPage(
        case=case,
        version=version,
        desk=desk_for(version, context.level),
        plain=plain,
        picture=picture_of(context, session, case),
        truths=truths,
        five=five_truths(truths, here=case.custodian == context.code),
        holder=holder_of(context, session, case, offers, changes),
        clocks=clock_lines(context, session, case),
        materials=plain_materials(context, session, case, version),
        attachments=plain_attachments(context, session, case),
        papers=plain_papers(session, case),
        history=list(zip(changes, plain_history(context, session, case), strict=True)),
        offers=offers,
        names={code: context.name_of(session, code) for code in codes},
        acts=acts,
        mark=mark_of(case),
    )


def picture_of(context: CaseContext, session: Session, case: CaseRow) -> WayPicture:
    """The matter's way as a picture, for staff and citizens alike."""
    way = way_of(context, session, case)
    return WayPicture(
        way, tuple(lane_of(context, session, code) for code in reversed(way.path)), context.calendar
    )


def lane_of(context: CaseContext, session: Session, code: str) -> Lane:
    """A node as a lane of the picture."""
    if code == context.code:
        return Lane(code, context.level, context.name)
    found = context.network.find(session, code)
    return Lane(code, found.level, found.name) if found is not None else Lane(code, "", code)


def five_truths(truths: Truths, *, here: bool) -> list[Truth]:
    """The five truths apart, each with its witness; a matter that stays has no hops to tell of."""
    here_words, holder_words = ("本级登记", "our own record"), ("承办单位的登记", "the holder's record")
    record = here_words if here else holder_words
    found: list[Truth] = []
    if truths.travels:
        receipt = ("上级的回执", "the next office's receipt")
        found = [
            Truth(("已送出", "Sent off"), here_words, truths.queued_at),
            Truth(("对方已收到", "Received there"), receipt, truths.received_at),
            Truth(("已接办", "Taken"), record, truths.taken_at),
        ]
    decided = (
        ("已决定", "Decided")
        if not truths.decider
        else (f"{truths.decider}已决定", f"Decided by {truths.decider}")
    )
    return [
        *found,
        Truth(("已受理", "Accepted"), record, truths.accepted_at),
        Truth(decided, record, truths.decided_at),
    ]


def holder_of(
    context: CaseContext,
    session: Session,
    case: CaseRow,
    offers: Sequence[CaseOfferRow],
    changes: Sequence[CaseChangeRow],
) -> Holder:
    """Who has the matter, by the last act known of its custodian."""
    lane = lane_of(context, session, case.custodian)
    posts = [
        row.post for row in changes if row.node == case.custodian and row.post not in {"", "系统", "申请人"}
    ]
    waiting = next((row.addressee for row in reversed(offers) if row.state == "WAITING"), "")
    return Holder(
        lane.level,
        lane.name,
        posts[-1] if posts else "",
        case.custodian == context.code,
        context.name_of(session, waiting) if waiting else "",
    )


def mark_of(case: CaseRow) -> str:
    """What a form remembers of the matter it was made for: changed by every act, by anyone."""
    asked = "w" if case.withdrawal_asked_at is not None else ""
    return f"{case.seq}.{case.custody}.{case.custody_state}.{int(case.pre_reviewed)}{int(case.outside is not None)}{asked}"


def what_happened(context: CaseContext, session: Session, case: CaseRow, mark: str) -> tuple[datetime, Words]:
    """What another did since a form was made: when, and in words (post and act; no person's name).

    Args:
        mark: `mark_of` when the form was made.
    """
    seq = int(mark.split(".")[0]) if mark.split(".")[0].isdigit() else -1
    later = [row for row in changes_of(session, case.id) if row.seq > seq]
    if later:
        told = {row["seq"]: row for row in plain_history(context, session, case)}[later[-1].seq]
        who = told["post"] or told["node_name"]
        return later[-1].at, (f"{who}已{told['words']['zh']}", f"{who} did this: {told['words']['en']}")
    offers = [row for row in offers_of(session, case.id) if row.state == "WAITING"]
    if offers and case.custody_state == Custody.OFFERED:
        name = context.name_of(session, offers[-1].addressee)
        at = offers[-1].offered_at or case.as_of
        return at, (f"此件已送往{name}", f"the matter was sent to {name}")
    return case.as_of, ("此件已有新的办理", "the matter was worked on")


def clock_state(clock: CaseClock) -> Words:
    """Why a clock does not run, in words."""
    if clock.state == "paused":
        return "等申请人或特别程序", "waiting for the applicant or a special procedure"
    return (
        f"已用 {clock.used_days} 个工作日,共 {clock.days} 个",
        f"{clock.used_days} of {clock.days} working days used",
    )
