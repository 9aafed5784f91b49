"""What the page of a citizen's matter says, read in one go; nothing here changes anything.

The values are those of `cases.view` for citizens, so that page and API never differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from node.cases.change import find_case
from node.cases.context import CaseContext
from node.cases.custody import Custody
from node.cases.matter import Holder, holder_of, picture_of
from node.cases.problems import STATUS_WORDS
from node.cases.reading import ClockLine, changes_of, clock_lines, next_words, offers_of, truths_of
from node.cases.states import BEFORE_DECISION, TERMINAL, Status
from node.cases.view import plain_for_citizen
from node.cases.way_picture import WayPicture
from node.kernel.clock import local_date
from node.kernel.problems import Problem
from node.ledger.proofs import LedgerProofs
from node.ledger.service import leaf_of
from node.people.actors import Serving, serving_today
from node.portal.truths import TruthLine, truth_lines

Words = tuple[str, str]
DONE = frozenset({Status.DELIVERED, Status.CLOSED, Status.ARCHIVED})
BAD = frozenset({Status.REFUSED, Status.NOT_ACCEPTED, Status.REVOKED})
WAITS_FOR_CITIZEN = Status.CORRECTION


@dataclass(frozen=True)
class CitizenMatter:
    """One matter as its applicant sees it.

    Attributes:
        plain: `view.plain_for_citizen`: masked, no internal names.
        headline: how it stands, in the words that keep the truths apart.
        shape: of the mark beside it.
        wanted: ids of the materials that may be handed in here now.
        may_withdraw: nothing is decided and nothing was asked for yet.
        proof: `witnessed`, `promised` (not yet witnessed above), or `waiting` (not yet in the ledger).
        fingerprint: leaf hash of the registration, hex.
    """

    plain: Mapping[str, Any]
    headline: Words
    status: Words
    shape: str
    next: Words
    truths: Sequence[TruthLine]
    picture: WayPicture
    holder: Holder
    serving: Sequence[Serving]
    clocks: Sequence[ClockLine]
    wanted: frozenset[str]
    may_withdraw: bool
    withdrawal_asked: bool
    proof: str
    fingerprint: str
    as_of: datetime


def read_matter(context: CaseContext, proofs: LedgerProofs, session: Session, number: str) -> CitizenMatter:
    """The page of a matter registered here.

    Raises:
        Problem: `case-unknown`.
    """
    case = find_case(session, number)
    status = Status(case.status)
    plain = plain_for_citizen(context, session, case)
    truths = truths_of(context, session, case)
    over = status in TERMINAL and case.decided_at is None
    ended = (_capital(STATUS_WORDS[status]), case.closed_at or case.as_of) if over else None
    here = case.custodian == context.code and case.custody_state == Custody.HERE
    holder = holder_of(context, session, case, offers_of(session, case.id), changes_of(session, case.id))
    return CitizenMatter(
        plain=plain,
        headline=_headline(status, truths.words),
        status=_capital(STATUS_WORDS[status]),
        shape=_shape(status),
        next=next_words(context, session, case),
        truths=truth_lines(truths, case.registered_at, context.name_of(session, case.home), ended),
        picture=picture_of(context, session, case),
        holder=holder,
        serving=[one for one in serving_today(session, local_date(context.now())) if one.holder]
        if here
        else [],
        clocks=[line for line in clock_lines(context, session, case) if line.clock.state != "stopped"],
        wanted=_wanted(plain["materials"], status, here=here, home=case.home == context.code),
        may_withdraw=status in BEFORE_DECISION and case.withdrawal_asked_at is None,
        withdrawal_asked=case.withdrawal_asked_at is not None and status in BEFORE_DECISION,
        proof=proof_state(proofs, session, case.registered_fact),
        fingerprint=leaf_of(session, case.registered_fact).hex(),
        as_of=case.as_of,
    )


def _headline(status: Status, truth: Words) -> Words:
    if status in TERMINAL or status in DONE or status is WAITS_FOR_CITIZEN:
        return _capital(STATUS_WORDS[status])
    return truth


def _shape(status: Status) -> str:
    if status is WAITS_FOR_CITIZEN:
        return "soon"
    if status in BAD:
        return "bad"
    if status in TERMINAL:
        return "off"
    return "open" if status in BEFORE_DECISION or status is Status.NEG_PENDING else "done"


def _capital(words: Words) -> Words:
    return words[0], words[1][:1].upper() + words[1][1:]


def _wanted(
    materials: Sequence[Mapping[str, Any]], status: Status, *, here: bool, home: bool
) -> frozenset[str]:
    """In a correction what the notice asked for; before acceptance whatever is
    not there yet and no department shares."""
    absent = [one for one in materials if not one["present"]]
    if status is Status.CORRECTION and home:
        return frozenset(one["id"] for one in absent if one["asked_in"])
    if status is Status.RECEIVED and here:
        return frozenset(one["id"] for one in absent if not one["shared"])
    return frozenset()


def proof_state(proofs: LedgerProofs, session: Session, fact_id: str) -> str:
    """`witnessed`, `promised`, or `waiting` while the registration is not in the ledger yet."""
    try:
        proof = proofs.of_fact(session, fact_id)
    except Problem:
        return "waiting"
    return "witnessed" if proof.is_witnessed else "promised"
