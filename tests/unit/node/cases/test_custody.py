"""Custody by offer and taking (federation.md §8)."""

from __future__ import annotations

import itertools

import pytest

from node.cases.custody import (
    CUSTODY_TABLE,
    Custody,
    CustodyAct,
    IllegalCustodyError,
    Reason,
    RequiredMaterial,
    judge_number,
    judge_offer,
    missing_materials,
    next_custody,
)
from node.cases.entrustment import (
    ENTRUSTMENT_TABLE,
    Entrustment,
    EntrustmentAct,
    IllegalEntrustmentError,
    next_entrustment,
)

LIST = (
    RequiredMaterial("m1", required=True, deferrable=False),
    RequiredMaterial("m2", required=False, deferrable=False),
    RequiredMaterial("m3", required=True, deferrable=True),
)


def judge(**changes: object):
    arguments = {
        "level": "county",
        "deciding_level": "county",
        "review_level": "township",
        "needed": LIST,
        "present": {"m1", "m3"},
        "version_known": True,
    }
    return judge_offer(**(arguments | changes))


def test_a_complete_offer_to_the_deciding_level_is_taken_by_the_machine() -> None:
    assert judge().by_machine


def test_the_level_of_the_first_review_takes_too() -> None:
    assert judge(level="township").by_machine


@pytest.mark.parametrize(
    ("changes", "doubt", "missing"),
    [
        ({"level": "city"}, Reason.NOT_COMPETENT, ()),
        ({"present": {"m1"}}, Reason.MISSING, ("m3",)),
        ({"present": set()}, Reason.MISSING, ("m1", "m3")),
        ({"version_known": False}, Reason.NOT_IN_FORCE, ()),
    ],
)
def test_doubt_goes_to_a_person(changes: dict[str, object], doubt: Reason, missing: tuple[str, ...]) -> None:
    taking = judge(**changes)
    assert (taking.by_machine, taking.doubt, taking.missing) == (False, doubt, missing)


def test_an_optional_material_is_never_missing() -> None:
    assert missing_materials(LIST, {"m1", "m3"}) == ()


@pytest.mark.parametrize(
    ("act", "state"), sorted(set(itertools.product(CustodyAct, Custody)) - set(CUSTODY_TABLE))
)
def test_custody_moves_only_as_declared(act: CustodyAct, state: Custody) -> None:
    with pytest.raises(IllegalCustodyError):
        next_custody(act, state)


def test_an_offer_that_comes_back_leaves_custody_where_it_was() -> None:
    offered = next_custody(CustodyAct.OFFER, Custody.HERE)
    assert next_custody(CustodyAct.DECLINED_BY_OTHER, offered) is Custody.HERE


@pytest.mark.parametrize(
    ("known", "stated", "verdict"), [(2, 2, "current"), (2, 1, "older"), (2, 3, "newer")]
)
def test_custody_numbers_order_what_two_custodians_say(known: int, stated: int, verdict: str) -> None:
    assert judge_number(known, stated) == verdict


@pytest.mark.parametrize(
    ("act", "state"), sorted(set(itertools.product(EntrustmentAct, Entrustment)) - set(ENTRUSTMENT_TABLE))
)
def test_entrustments_move_only_as_declared(act: EntrustmentAct, state: Entrustment) -> None:
    with pytest.raises(IllegalEntrustmentError):
        next_entrustment(act, state)


def test_the_usual_way_of_an_entrustment() -> None:
    state = Entrustment.ENTRUSTED
    acts = (EntrustmentAct.COLLECT, EntrustmentAct.OFFER, EntrustmentAct.RESULT, EntrustmentAct.HAND_OVER)
    for act in (*acts, EntrustmentAct.CLOSE):
        state = next_entrustment(act, state)
    assert state is Entrustment.CLOSED
