"""Who may do what, at the instant it is done."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from node.people.authority import Denial, Matter, may, role_book
from node.people.rules import Actor, Grant, Holding, Power

NOW = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)  # 9:30 in Nantong
TODAY = date(2026, 11, 24)
PROMISED = Matter("900131008000", "promised")
IMMEDIATE = Matter("901091002000", "immediate")


def holding(level: str, role_id: str, post_id: str = "p1", **changes: object) -> Holding:
    """A posting of a shipped role since the beginning of the year."""
    role = role_book().role(level, role_id)
    assert role is not None
    made = Holding(post_id, role.zh, role_id, role.letters, role.acts, date(2026, 1, 1))
    return replace(made, **changes)  # type: ignore[arg-type]


def grant(post_id: str = "p1", **changes: object) -> Grant:
    """A live authorization of a post for all items with the first two powers."""
    powers = frozenset({Power.DIRECT_APPROVE, Power.PRE_DISPOSE, Power.JOINT_COUNTERSIGN})
    made = Grant("a1", "o1", post_id, None, frozenset({"*"}), powers, date(2026, 1, 1), date(2026, 12, 31))
    return replace(made, **changes)  # type: ignore[arg-type]


def actor(level: str, *holdings: Holding, grants: tuple[Grant, ...] = (grant(),)) -> Actor:
    """An actor at a level."""
    return Actor("person-1", "李芳", "li.fang", level, "320612000000", holdings, grants)


@pytest.mark.parametrize(
    ("level", "role", "act", "allowed"),
    [
        ("village", "agent", "submit", True),
        ("village", "agent", "grant", True),
        ("village", "agent", "confirm_refusal", False),
        ("village", "bureau", "confirm_refusal", True),
        ("village", "operator", "accept", False),
        ("township", "clerk", "accept", True),
        ("township", "clerk", "accept_conditional", False),
        ("township", "window_head", "accept_conditional", True),
        ("township", "section", "grant", True),
        ("township", "bureau", "confirm_non_acceptance", True),
        ("county", "clerk", "accept", True),
        ("county", "clerk", "grant", False),
        ("county", "window_head", "grant", True),
        ("county", "section", "begin_special", True),
        ("county", "section", "confirm_refusal", False),
        ("county", "bureau", "confirm_refusal", True),
        ("county", "cashier", "grant", False),
        ("city", "supervisor", "accept", False),
        ("city", "auditor", "grant", False),
    ],
)
def test_posts_do_what_the_role_book_says(level: str, role: str, act: str, allowed: bool) -> None:
    decision = may(actor(level, holding(level, role)), act, PROMISED, NOW)
    assert decision.allowed is allowed
    assert decision.reason == ("" if allowed else Denial.NO_POST)


def test_allowed_act_names_its_post_and_authorization() -> None:
    decision = may(actor("county", holding("county", "section")), "grant", PROMISED, NOW)
    assert (decision.post_id, decision.post_name, decision.authorization_id) == ("p1", "审批科室负责人", "a1")


def test_act_of_the_post_alone_rests_on_no_authorization() -> None:
    decision = may(actor("county", holding("county", "clerk"), grants=()), "deliver", PROMISED, NOW)
    assert decision.allowed
    assert decision.authorization_id == ""


def test_refusal_says_who_can() -> None:
    decision = may(actor("township", holding("township", "clerk")), "confirm_refusal", PROMISED, NOW)
    assert "中心主任" in decision.zh
    assert "Centre director" in decision.en


def test_without_an_authorization_the_post_decides_nothing() -> None:
    decision = may(actor("county", holding("county", "section"), grants=()), "grant", PROMISED, NOW)
    assert decision.reason == Denial.NO_AUTHORIZATION


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"to_on": TODAY - timedelta(days=1)}, Denial.AUTHORIZATION_EXPIRED),
        ({"from_on": TODAY + timedelta(days=1)}, Denial.AUTHORIZATION_EXPIRED),
        ({"revoked_at": NOW - timedelta(seconds=1)}, Denial.AUTHORIZATION_REVOKED),
        ({"revoked_at": NOW}, Denial.AUTHORIZATION_REVOKED),
        ({"items": frozenset({"900000000000"})}, Denial.NO_AUTHORIZATION),
        ({"powers": frozenset({Power.FEE_EXECUTE})}, Denial.NO_AUTHORIZATION),
        ({"post_id": "p2"}, Denial.NO_AUTHORIZATION),
        ({"post_id": None, "person_id": "person-2"}, Denial.NO_AUTHORIZATION),
    ],
)
def test_dead_or_foreign_authorization_stops_the_act(changes: dict[str, object], reason: Denial) -> None:
    decision = may(
        actor("county", holding("county", "section"), grants=(grant(**changes),)), "grant", PROMISED, NOW
    )
    assert not decision.allowed
    assert decision.reason == reason
    assert decision.holding is None


@pytest.mark.parametrize(
    "changes",
    [
        {"to_on": TODAY},
        {"from_on": TODAY},
        {"revoked_at": NOW + timedelta(seconds=1)},
        {"items": frozenset({PROMISED.item_code})},
        {"post_id": None, "person_id": "person-1"},
    ],
)
def test_live_authorization_of_the_day_carries_the_act(changes: dict[str, object]) -> None:
    assert may(
        actor("county", holding("county", "section"), grants=(grant(**changes),)), "grant", PROMISED, NOW
    ).allowed


def test_one_live_authorization_beside_dead_ones_is_enough() -> None:
    grants = (grant(authorization_id="old", to_on=date(2026, 6, 30)), grant(authorization_id="new"))
    decision = may(actor("county", holding("county", "section"), grants=grants), "grant", PROMISED, NOW)
    assert decision.authorization_id == "new"


def test_authorization_counts_by_the_local_day_not_the_utc_day() -> None:
    last_day = grant(to_on=date(2026, 11, 24))
    worker = actor("county", holding("county", "section"), grants=(last_day,))
    assert may(worker, "grant", PROMISED, datetime(2026, 11, 24, 15, 59, tzinfo=UTC)).allowed
    assert not may(worker, "grant", PROMISED, datetime(2026, 11, 24, 16, 0, tzinfo=UTC)).allowed


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({"to_on": TODAY}, True),
        ({"to_on": TODAY - timedelta(days=1)}, False),
        ({"from_on": TODAY}, True),
        ({"from_on": TODAY + timedelta(days=1)}, False),
        ({"backup": True}, True),
    ],
)
def test_posting_counts_on_the_days_it_is_held(changes: dict[str, object], allowed: bool) -> None:
    assert (
        may(actor("county", holding("county", "clerk", **changes)), "accept", PROMISED, NOW).allowed
        is allowed
    )


def test_window_head_needs_direct_approval_even_for_promised_items() -> None:
    only_second = grant(powers=frozenset({Power.PRE_DISPOSE}))
    head = actor("county", holding("county", "window_head"), grants=(only_second,))
    assert may(head, "grant", PROMISED, NOW).reason == Denial.NO_AUTHORIZATION
    section = actor("county", holding("county", "section"), grants=(only_second,))
    assert may(section, "grant", PROMISED, NOW).allowed


def test_sensitive_item_is_decided_by_the_bureau_only() -> None:
    sensitive = replace(PROMISED, sensitive=True)
    section = actor("county", holding("county", "section"))
    assert may(section, "grant", sensitive, NOW).reason == Denial.SENSITIVE_BUREAU
    assert may(section, "start_review", sensitive, NOW).allowed
    assert may(actor("county", holding("county", "bureau")), "grant", sensitive, NOW).allowed


@pytest.mark.parametrize("act", ["accept", "start_review", "grant", "confirm_refusal", "pre_review"])
def test_agent_of_a_matter_does_not_decide_on_it(act: str) -> None:
    own = replace(PROMISED, proxied_by="person-1")
    role = "bureau" if act == "confirm_refusal" else "window_head"
    worker = actor("county", holding("county", role))
    assert may(worker, act, own, NOW).reason == Denial.OWN_PROXY
    assert may(worker, act, replace(own, proxied_by="person-2"), NOW).allowed


def test_agent_may_deliver_what_she_carried() -> None:
    agent = actor("village", holding("village", "agent"))
    assert may(agent, "deliver", replace(PROMISED, proxied_by="person-1"), NOW).allowed


def test_act_beside_cases_needs_a_post_that_has_it() -> None:
    operator = actor("county", holding("county", "operator"), grants=())
    assert may(operator, "staff.add", None, NOW).allowed
    assert may(operator, "network", None, NOW).allowed
    refused = may(actor("county", holding("county", "clerk")), "staff.add", None, NOW)
    assert refused.reason == Denial.NO_POST
    assert "系统管理员" in refused.zh


def test_act_nobody_has_is_refused() -> None:
    assert not may(actor("county", holding("county", "bureau")), "coup", None, NOW).allowed
    assert not may(actor("county", holding("county", "bureau")), "coup", PROMISED, NOW).allowed


def test_person_without_a_post_may_nothing() -> None:
    assert not may(actor("county"), "accept", PROMISED, NOW).allowed
    assert not may(actor("county"), "desk", None, NOW).allowed


def test_second_post_serves_when_the_first_does_not() -> None:
    both = actor("village", holding("village", "operator", "p2"), holding("village", "agent", "p1"))
    decision = may(both, "accept", IMMEDIATE, NOW)
    assert decision.post_id == "p1"
    assert both.roles == {"operator", "agent"}
    assert both.main is not None
    assert both.main.post_id == "p2"
    assert both.post_ids == ("p2", "p1")
