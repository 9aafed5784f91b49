"""The declared table of case states (requirements.md §4.1)."""

from __future__ import annotations

import pytest

from node.cases.states import (
    BEFORE_DECISION,
    NEGATIVE_ACTS,
    TABLE,
    TERMINAL,
    Act,
    IllegalTransitionError,
    Letter,
    Status,
    find_transition,
    is_legal_step,
    possible_acts,
)


def test_every_status_but_draft_is_reached_by_some_transition() -> None:
    assert {row.target for row in TABLE} == set(Status) - {Status.DRAFT}


def test_every_living_status_has_a_way_out_and_no_terminal_one_has() -> None:
    sources = {row.source for row in TABLE}
    assert sources == set(Status) - TERMINAL


def test_every_status_leads_to_an_end() -> None:
    for status in Status:
        seen, frontier = {status}, {status}
        while frontier:
            frontier = {row.target for row in TABLE if row.source in frontier} - seen
            seen |= frontier
        assert seen & TERMINAL, status


@pytest.mark.parametrize("status", sorted(BEFORE_DECISION))
def test_an_applicant_may_withdraw_before_the_decision(status: Status) -> None:
    assert find_transition(Act.WITHDRAW, status).target is Status.WITHDRAWN
    assert Act.WITHDRAW in possible_acts(status, [Letter.AP])


@pytest.mark.parametrize("status", [Status.GRANTED, Status.REFUSED, Status.CLOSED, Status.DRAFT])
def test_nobody_withdraws_after_the_decision(status: Status) -> None:
    with pytest.raises(IllegalTransitionError, match="withdraw"):
        find_transition(Act.WITHDRAW, status)


def test_only_a_bureau_leader_makes_a_negative_end_effective() -> None:
    negative_ends = {Status.NOT_ACCEPTED, Status.REFUSED, Status.TERMINATED}
    rows = [row for row in TABLE if row.target in negative_ends]
    assert {row.target for row in rows} == negative_ends
    assert all(row.by == {Letter.BL} and row.act in NEGATIVE_ACTS for row in rows)


def test_a_pending_negative_is_confirmed_only_as_what_it_was_proposed_for() -> None:
    assert find_transition(Act.CONFIRM_REFUSAL, Status.NEG_PENDING, "refusal").target is Status.REFUSED
    with pytest.raises(IllegalTransitionError):
        find_transition(Act.CONFIRM_REFUSAL, Status.NEG_PENDING, "non_acceptance")
    assert possible_acts(Status.NEG_PENDING, [Letter.BL], "non_acceptance") == [
        Act.CONFIRM_NON_ACCEPTANCE,
        Act.DROP_NON_ACCEPTANCE,
    ]


def test_every_pause_of_the_decision_clock_is_resumed_by_the_way_back() -> None:
    paused = find_transition(Act.BEGIN_SPECIAL, Status.IN_REVIEW)
    assert find_transition(Act.END_SPECIAL, paused.target).resumes == paused.pauses


def test_a_mirror_accepts_only_steps_the_table_knows() -> None:
    assert is_legal_step(Status.RECEIVED, Status.ACCEPTED)
    assert not is_legal_step(Status.RECEIVED, Status.GRANTED)
    assert not is_legal_step(Status.WITHDRAWN, Status.RECEIVED)
