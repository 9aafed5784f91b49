"""The papers of 代办: an entrustment beside a proxied case; pure.

ENTRUSTED → COLLECTED → OFFERED → RESULT_IN → HANDED_OVER → CLOSED, with suspension, resumption and termination by
the client (the four forms of requirements.md §2.10). Withdrawal ends the flow of personal data at once.
Source: requirements.md §2.10, §4.3 (E5).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Entrustment(StrEnum):
    """State of the entrustment at the node that acts for the applicant."""

    ENTRUSTED = "ENTRUSTED"
    COLLECTED = "COLLECTED"
    OFFERED = "OFFERED"
    RESULT_IN = "RESULT_IN"
    HANDED_OVER = "HANDED_OVER"
    CLOSED = "CLOSED"
    SUSPENDED_BY_CLIENT = "SUSPENDED_BY_CLIENT"
    TERMINATED = "TERMINATED"


class EntrustmentAct(StrEnum):
    """What moves an entrustment."""

    COLLECT = "collect"
    OFFER = "offer"
    SENT_BACK = "sent_back"
    RESULT = "result"
    HAND_OVER = "hand_over"
    CLOSE = "close"
    SUSPEND = "suspend"
    RESUME = "resume"
    TERMINATE = "terminate"


_E, _A = Entrustment, EntrustmentAct
ENTRUSTMENT_TABLE: Mapping[tuple[EntrustmentAct, Entrustment], Entrustment] = {
    (_A.COLLECT, _E.ENTRUSTED): _E.COLLECTED,
    (_A.OFFER, _E.COLLECTED): _E.OFFERED,
    (_A.SENT_BACK, _E.OFFERED): _E.COLLECTED,
    (_A.RESULT, _E.OFFERED): _E.RESULT_IN,
    (_A.HAND_OVER, _E.RESULT_IN): _E.HANDED_OVER,
    (_A.CLOSE, _E.HANDED_OVER): _E.CLOSED,
    (_A.SUSPEND, _E.COLLECTED): _E.SUSPENDED_BY_CLIENT,
    (_A.RESUME, _E.SUSPENDED_BY_CLIENT): _E.COLLECTED,
    (_A.TERMINATE, _E.ENTRUSTED): _E.TERMINATED,
    (_A.TERMINATE, _E.COLLECTED): _E.TERMINATED,
    (_A.TERMINATE, _E.OFFERED): _E.TERMINATED,
    (_A.TERMINATE, _E.SUSPENDED_BY_CLIENT): _E.TERMINATED,
}


class IllegalEntrustmentError(ValueError):
    """The act is not declared for the entrustment's state."""


def next_entrustment(act: EntrustmentAct, state: Entrustment) -> Entrustment:
    """The state after an act.

    Raises:
        IllegalEntrustmentError: the table has no such row.
    """
    try:
        return ENTRUSTMENT_TABLE[act, state]
    except KeyError:
        raise IllegalEntrustmentError(f"{act} while {state}") from None


def after_act(state: str, act: str) -> str:
    """The entrustment's state after an act on the case; unchanged where the papers do not follow it.

    Args:
        state: "" where nobody was entrusted.
        act: `deliver`, `close` or `withdraw`; others change nothing.
    """
    follows = {
        "deliver": EntrustmentAct.HAND_OVER,
        "close": EntrustmentAct.CLOSE,
        "withdraw": EntrustmentAct.TERMINATE,
    }
    if state == "" or act not in follows:
        return state
    return ENTRUSTMENT_TABLE.get((follows[act], Entrustment(state)), Entrustment(state)).value
