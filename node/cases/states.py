"""The states of a case and the declared table of transitions: the only way a status changes.

Pure. A `Transition` names the act, where it leads, which posts may do it (as the actor letters of
requirements.md §4.1; `config/roles.toml` says per level who holds a letter), the clocks it starts, stops and
pauses, and the paper it makes. Nothing else in the program writes a status: `cases.change` looks the act up here.

Source: requirements.md §4.1 (B10, D1–D8, E1–E5).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """State of a case at its custodian (a mirror repeats the custodian's)."""

    DRAFT = "DRAFT"
    RECEIVED = "RECEIVED"
    CORRECTION = "CORRECTION"
    LAPSED = "LAPSED"
    ACCEPTED = "ACCEPTED"
    NEG_PENDING = "NEG_PENDING"
    NOT_ACCEPTED = "NOT_ACCEPTED"
    RETURNED = "RETURNED"
    IN_REVIEW = "IN_REVIEW"
    SUSPENDED = "SUSPENDED"
    GRANTED = "GRANTED"
    REFUSED = "REFUSED"
    ISSUED = "ISSUED"
    DELIVERED = "DELIVERED"
    CLOSED = "CLOSED"
    ARCHIVED = "ARCHIVED"
    WITHDRAWN = "WITHDRAWN"
    TERMINATED = "TERMINATED"
    REVOKED = "REVOKED"
    CANCELLED = "CANCELLED"


TERMINAL = frozenset(
    {
        Status.LAPSED,
        Status.NOT_ACCEPTED,
        Status.RETURNED,
        Status.ARCHIVED,
        Status.WITHDRAWN,
        Status.TERMINATED,
        Status.REVOKED,
        Status.CANCELLED,
    }
)
"""No transition leads out of these."""

BEFORE_DECISION = frozenset(
    {Status.RECEIVED, Status.CORRECTION, Status.ACCEPTED, Status.IN_REVIEW, Status.SUSPENDED}
)
"""From here an applicant may withdraw (行政许可法 gives no deadline before the decision)."""


class Letter(StrEnum):
    """Who may act, as the letters of requirements.md §4.1."""

    AP = "AP"  # applicant
    PX = "PX"  # proxy agent
    CL = "CL"  # clerk
    WH = "WH"  # window head
    SC = "SC"  # section chief
    BL = "BL"  # bureau leader
    SY = "SY"  # scheduler
    UP = "UP"  # another node, by a signed message


class Act(StrEnum):
    """What can be done to a case; each has one row or more in the table."""

    SUBMIT = "submit"
    GIVE_NOTICE = "give_notice"
    RESUPPLY = "resupply"
    LAPSE = "lapse"
    ACCEPT = "accept"
    ACCEPT_CONDITIONAL = "accept_conditional"
    DEEM_ACCEPTED = "deem_accepted"
    PROPOSE_NON_ACCEPTANCE = "propose_non_acceptance"
    CONFIRM_NON_ACCEPTANCE = "confirm_non_acceptance"
    DROP_NON_ACCEPTANCE = "drop_non_acceptance"
    SEND_BACK = "send_back"
    START_REVIEW = "start_review"
    BEGIN_SPECIAL = "begin_special"
    END_SPECIAL = "end_special"
    EXTEND = "extend"
    GRANT = "grant"
    PROPOSE_REFUSAL = "propose_refusal"
    CONFIRM_REFUSAL = "confirm_refusal"
    DROP_REFUSAL = "drop_refusal"
    ISSUE = "issue"
    DELIVER = "deliver"
    CLOSE = "close"
    ARCHIVE = "archive"
    WITHDRAW = "withdraw"
    EXPIRE_CONDITION = "expire_condition"
    CONFIRM_TERMINATION = "confirm_termination"
    REVOKE = "revoke"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Transition:
    """One legal change of status.

    Attributes:
        starts, stops, pauses, resumes: clock ids of requirements.md §4.2 (T1, T1b, T2, T2p, T6 …).
        paper: kind of paper made, "" when none.
        pending: the negative end a NEG_PENDING case was proposed for; it tells the three confirmations apart.
    """

    act: Act
    source: Status
    target: Status
    by: frozenset[Letter]
    starts: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    pauses: tuple[str, ...] = ()
    resumes: tuple[str, ...] = ()
    paper: str = ""
    pending: str = ""


def _row(act: Act, source: Status, target: Status, by: str, **rest: object) -> Transition:
    letters = frozenset(Letter(letter) for letter in by.split("|"))
    return Transition(act, source, target, letters, **rest)  # type: ignore[arg-type]


_S = Status
_DECISION_CLOCKS = ("T2", "T2p")

TABLE: tuple[Transition, ...] = (
    _row(Act.SUBMIT, _S.DRAFT, _S.RECEIVED, "AP|PX|CL", starts=("T1",), paper="slip"),
    _row(
        Act.GIVE_NOTICE,
        _S.RECEIVED,
        _S.CORRECTION,
        "CL|WH|UP",
        stops=("T1",),
        starts=("T1b",),
        paper="one_time_notice",
    ),
    _row(Act.RESUPPLY, _S.CORRECTION, _S.RECEIVED, "AP|PX|CL|UP", stops=("T1b",), starts=("T1",)),
    _row(Act.LAPSE, _S.CORRECTION, _S.LAPSED, "SY", stops=("T1b",), paper="lapse"),
    _row(
        Act.ACCEPT,
        _S.RECEIVED,
        _S.ACCEPTED,
        "CL|WH",
        stops=("T1",),
        starts=_DECISION_CLOCKS,
        paper="acceptance",
    ),
    _row(
        Act.ACCEPT_CONDITIONAL,
        _S.RECEIVED,
        _S.ACCEPTED,
        "WH",
        stops=("T1",),
        starts=(*_DECISION_CLOCKS, "T9"),
        paper="conditional_acceptance",
    ),
    _row(
        Act.DEEM_ACCEPTED,
        _S.RECEIVED,
        _S.ACCEPTED,
        "SY",
        stops=("T1",),
        starts=_DECISION_CLOCKS,
        paper="deemed_acceptance",
    ),
    _row(Act.PROPOSE_NON_ACCEPTANCE, _S.RECEIVED, _S.NEG_PENDING, "CL|WH", pending="non_acceptance"),
    _row(
        Act.CONFIRM_NON_ACCEPTANCE,
        _S.NEG_PENDING,
        _S.NOT_ACCEPTED,
        "BL",
        stops=("T1",),
        paper="non_acceptance",
        pending="non_acceptance",
    ),
    _row(Act.DROP_NON_ACCEPTANCE, _S.NEG_PENDING, _S.RECEIVED, "BL", pending="non_acceptance"),
    _row(Act.SEND_BACK, _S.RECEIVED, _S.RETURNED, "CL|WH", stops=("T1",), paper="return_slip"),
    _row(Act.START_REVIEW, _S.ACCEPTED, _S.IN_REVIEW, "SC|CL|WH"),
    _row(
        Act.BEGIN_SPECIAL,
        _S.IN_REVIEW,
        _S.SUSPENDED,
        "SC",
        pauses=_DECISION_CLOCKS,
        starts=("T5",),
        paper="special_procedure",
    ),
    _row(Act.END_SPECIAL, _S.SUSPENDED, _S.IN_REVIEW, "SC|SY", stops=("T5",), resumes=_DECISION_CLOCKS),
    _row(Act.EXTEND, _S.IN_REVIEW, _S.IN_REVIEW, "BL", paper="extension"),
    _row(
        Act.GRANT,
        _S.IN_REVIEW,
        _S.GRANTED,
        "WH|SC|BL",
        stops=_DECISION_CLOCKS,
        starts=("T6",),
        paper="decision",
    ),
    _row(Act.PROPOSE_REFUSAL, _S.IN_REVIEW, _S.NEG_PENDING, "WH|SC|CL", pending="refusal"),
    _row(
        Act.CONFIRM_REFUSAL,
        _S.NEG_PENDING,
        _S.REFUSED,
        "BL",
        stops=_DECISION_CLOCKS,
        starts=("T6",),
        paper="refusal",
        pending="refusal",
    ),
    _row(Act.DROP_REFUSAL, _S.NEG_PENDING, _S.IN_REVIEW, "BL", pending="refusal"),
    _row(Act.ISSUE, _S.GRANTED, _S.ISSUED, "CL|WH|SC", paper="result"),
    _row(Act.DELIVER, _S.ISSUED, _S.DELIVERED, "CL|WH|PX", stops=("T6", "T7"), paper="delivery"),
    _row(Act.DELIVER, _S.REFUSED, _S.DELIVERED, "CL|WH|PX", stops=("T6", "T7"), paper="delivery"),
    _row(Act.CLOSE, _S.DELIVERED, _S.CLOSED, "CL|WH|PX", starts=("T8",)),
    _row(Act.ARCHIVE, _S.CLOSED, _S.ARCHIVED, "CL|SY", stops=("T8",)),
    *(
        _row(
            Act.WITHDRAW,
            source,
            _S.WITHDRAWN,
            "AP|PX|CL|UP",
            stops=("T1", "T1b", *_DECISION_CLOCKS, "T5", "T7", "T9"),
            paper="withdrawal",
        )
        for source in sorted(BEFORE_DECISION)
    ),
    *(
        _row(Act.EXPIRE_CONDITION, source, _S.NEG_PENDING, "SY", pending="termination")
        for source in (_S.ACCEPTED, _S.IN_REVIEW)
    ),
    _row(
        Act.CONFIRM_TERMINATION,
        _S.NEG_PENDING,
        _S.TERMINATED,
        "BL",
        stops=(*_DECISION_CLOCKS, "T9"),
        paper="termination",
        pending="termination",
    ),
    *(
        _row(Act.REVOKE, source, _S.REVOKED, "BL", paper="revocation")
        for source in (_S.GRANTED, _S.ISSUED, _S.CLOSED)
    ),
    *(
        _row(Act.CANCEL, source, _S.CANCELLED, "BL", paper="cancellation")
        for source in (_S.GRANTED, _S.ISSUED, _S.CLOSED)
    ),
)

NEGATIVE_ACTS = frozenset(
    {
        Act.PROPOSE_NON_ACCEPTANCE,
        Act.CONFIRM_NON_ACCEPTANCE,
        Act.PROPOSE_REFUSAL,
        Act.CONFIRM_REFUSAL,
        Act.CONFIRM_TERMINATION,
    }
)
"""Need the bureau (B10); a negative report comes before the effect (D6)."""

_BY_KEY: dict[tuple[Act, Status, str], Transition] = {}
for _transition in TABLE:
    _key = (
        _transition.act,
        _transition.source,
        _transition.pending if _transition.source is _S.NEG_PENDING else "",
    )
    if _key in _BY_KEY:
        raise AssertionError(f"two transitions for {_key}")
    if _transition.source in TERMINAL:
        raise AssertionError(f"{_transition.source} is terminal")
    _BY_KEY[_key] = _transition


class IllegalTransitionError(ValueError):
    """The act is not declared for the status the case is in."""

    def __init__(self, act: Act, status: Status) -> None:
        super().__init__(f"{act} is not declared in status {status}")
        self.act = act
        self.status = status


def find_transition(act: Act, status: Status, pending: str = "") -> Transition:
    """The declared transition of an act in a status.

    Args:
        pending: what a NEG_PENDING case was proposed for; ignored elsewhere.

    Raises:
        IllegalTransitionError: the table has no such row.
    """
    found = _BY_KEY.get((act, status, pending if status is Status.NEG_PENDING else ""))
    if found is None:
        raise IllegalTransitionError(act, status)
    return found


def possible_acts(status: Status, letters: Iterable[Letter], pending: str = "") -> list[Act]:
    """The acts those letters may do now, in the table's order."""
    held = frozenset(letters)
    return [
        row.act
        for row in TABLE
        if row.source is status
        and row.by & held
        and (status is not Status.NEG_PENDING or row.pending == pending)
    ]


_REACHABLE: dict[Status, frozenset[Status]] = {
    status: frozenset(row.target for row in TABLE if row.source is status) for status in Status
}


def is_legal_step(source: Status, target: Status) -> bool:
    """Whether some transition leads from source to target: how a mirror judges a custodian's event."""
    return target in _REACHABLE[source]
